"""Files that appear whole or not at all, and what tells one content from another."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

__all__ = ["digest", "json_object", "json_text", "values_digest", "write_atomically"]


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
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, because only there is a rename one step; hidden from the index.
    draft = path.with_name(f".{secrets.token_hex(8)}.tmp")
    # A broken surrogate, which UTF-8 cannot hold, must not cost the report.
    content = text.encode("utf-8", "replace")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
