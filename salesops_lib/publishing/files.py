"""Files that appear whole or not at all, and what tells one content from another."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

__all__ = [
    "digest",
    "json_object",
    "json_text",
    "values_digest",
    "write_atomically",
    "write_together",
]

_TRIES = 20


def digest(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def values_digest(values: Any) -> str:
    """SHA-256 of JSON values; the order of keys does not matter.

    Examples
    --------
    >>> values_digest({"a": 1, "b": 2}) == values_digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(values, sort_keys=True, default=dict, separators=(",", ":"))
    return digest(text.encode("ascii"))


def json_text(values: Any, indent: int | None = 1) -> str:
    """Values as JSON: keys sorted, no NaN; one line a value, or all on one."""
    return json.dumps(
        values,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=None if indent else (",", ":"),
    )


def json_object(path: Path) -> dict[str, Any]:
    """JSON object in a file; empty where it is missing or cannot be read."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that readers see the old one or the new one, never a part.

    Parameters
    ----------
    path : Path
        The file. Missing folders above it are made.
    text : str
        Its content; written as UTF-8.
    """
    write_together({path: text})


def write_together(texts: Mapping[Path, str | bytes], stale: Iterable[Path] = ()) -> None:
    """Write files, each as by `write_atomically`; on a full disk all stay as they were.

    Parameters
    ----------
    texts : mapping of Path to str or bytes
        Content of each file, a text as UTF-8, in the order in which they appear.
    stale : iterable of Path
        Files that are removed once all new ones are on the disk, before they appear.
    """
    # Beside the target, because only there is a rename one step; hidden from the index.
    drafts = {path: path.with_name(f".{secrets.token_hex(8)}.tmp") for path in texts}
    try:
        for path, text in texts.items():
            with _opened(drafts[path]) as file:
                # A broken surrogate, which UTF-8 cannot hold, must not cost the report.
                file.write(text.encode("utf-8", "replace") if isinstance(text, str) else text)
                file.flush()
                os.fsync(file.fileno())
        for path in stale:
            path.unlink(missing_ok=True)
        for path, draft in drafts.items():
            draft.replace(path)
    except BaseException:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink()
        raise


def _opened(draft: Path) -> BinaryIO:
    for _ in range(_TRIES):
        draft.parent.mkdir(parents=True, exist_ok=True)
        # Another job may tidy an empty folder away before the file is in it.
        with contextlib.suppress(FileNotFoundError):
            return draft.open("xb")
    return draft.open("xb")
