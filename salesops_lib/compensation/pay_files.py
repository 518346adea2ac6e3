"""Files of a pay run: CSV that no spreadsheet runs, Parquet, and folders that appear whole."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.errors import InputError
from salesops_lib.fragments.attachments import inert

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "REGISTER",
    "amount_text",
    "csv_file",
    "file_digest",
    "parquet_file",
    "read_parquet_file",
    "write_folder",
]

REGISTER = "register.json"
"""File of a run's folder that says what it was made from, with the hash of each file."""

_CENTS = "_cents"


def amount_text(cents: int) -> str:
    """Cents as a plain decimal number.

    Examples
    --------
    >>> amount_text(-5), amount_text(123456)
    ('-0.05', '1234.56')
    """
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def csv_file(frame: pd.DataFrame) -> bytes:
    """Frame as CSV: UTF-8 with a byte-order mark, commas, lines that end in CR LF.

    Parameters
    ----------
    frame : DataFrame
        Columns that end in ``_cents`` become amounts with two decimals, and lose the
        ending. Texts are made inert, so that none is taken for a formula.

    Returns
    -------
    bytes
    """
    columns = [_texts(frame[name], is_cents=name.endswith(_CENTS)) for name in frame.columns]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([inert(name.removesuffix(_CENTS)) for name in frame.columns])
    writer.writerows(zip(*columns, strict=True))
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def parquet_file(frame: pd.DataFrame) -> bytes:
    """Frame as a Parquet file; the same frame gives the same bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def read_parquet_file(path: Path) -> pd.DataFrame:
    """Frame that `parquet_file` wrote; texts are objects again."""
    table = pq.ParquetFile(path).read()
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        values = column.to_pandas()
        columns[name] = values.astype(object) if pa.types.is_null(column.type) else values
    return pd.DataFrame(columns)


def file_digest(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_folder(
    target: Path, files: Iterable[tuple[str, bytes]], register: dict[str, Any]
) -> dict[str, str]:
    """Write a folder so that it appears whole, or not at all.

    Files and folders can be read by their owner only: pay is private.

    Parameters
    ----------
    target : Path
        Folder that does not exist yet.
    files : iterable of (str, bytes)
        Path inside the folder, and content.
    register : dict
        Becomes `REGISTER`, with `files` (SHA-256 of each by path) added.

    Returns
    -------
    dict of str to str
        SHA-256 of each file but the register.

    Raises
    ------
    InputError
        The folder exists already, or cannot be written.
    """
    made: list[Path] = []
    work: Path | None = None
    try:
        for folder in reversed([target.parent, *target.parent.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o700)
                made.append(folder)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        digests = {}
        for name, content in files:
            _write(work / name, content)
            digests[name] = file_digest(content)
        _write(work / REGISTER, json_bytes({**register, "files": dict(sorted(digests.items()))}))
        if target.exists():
            raise InputError(
                "this folder exists already, and is never written over", where=str(target)
            )
        work.rename(target)
    except OSError as error:
        raise InputError(
            f"the pay run cannot be written: {error.strerror or error}", where=str(target)
        ) from None
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
        for folder in reversed(made):
            # Only where nothing came of it.
            with contextlib.suppress(OSError):
                folder.rmdir()
    return digests


def json_bytes(values: Any) -> bytes:
    """Values as JSON: keys sorted, one value a line."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode("utf-8", "replace")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _texts(column: pd.Series, *, is_cents: bool) -> list[str]:
    if is_cents:
        return [amount_text(cents) for cents in column.tolist()]
    if column.dtype.kind in "iu":
        return [str(number) for number in column.tolist()]
    if column.dtype.kind == "M":
        days = column.dt.strftime("%Y-%m-%d")
        return list(days.where(column.notna(), ""))
    codes, values = pd.factorize(column)
    shown = [inert(str(value)) for value in values.tolist()] + [""]
    return [shown[code] for code in codes.tolist()]
