"""Snapshots put into a store: whole, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from pydantic import ValidationError

from salesops_lib.data.snapshot import MANIFEST, Manifest, ibis_schema
from salesops_lib.errors import InputError, SalesOpsError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.schema import Table

__all__ = ["name_latest", "publish", "snapshot_there", "write_table"]

_ROW_GROUP = 122_880
_PREFIX = ".ingest-"
_ABANDONED = 24 * 60 * 60


def write_table(backend: Backend, rows: IbisTable, table: Table, path: Path) -> str:
    """Write a canonical table in the order of its key, and give the file's hash.

    A table without a key is ordered by all its columns, so that the same rows
    give the same bytes in whatever order they came.
    """
    order = list(table.key or table.column_names)
    backend.to_parquet(rows.order_by(order), path, compression="zstd", row_group_size=_ROW_GROUP)
    wanted = ibis_schema(table).to_pyarrow()
    found = pq.read_schema(path)
    if any(found.field(name).type != wanted.field(name).type for name in wanted.names):
        raise SalesOpsError(f"{table.name} was written with other types than declared: {found}")
    return _sha256(path)


def snapshot_there(path: Path) -> Manifest | None:
    """Manifest of a whole snapshot in a folder; None when there is none or it is damaged."""
    try:
        manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
        hashes = {name: _sha256(path / f"{name}.parquet") for name in manifest.tables}
    except (OSError, ValidationError):
        return None
    whole = all(hashes[name] == record.sha256 for name, record in manifest.tables.items())
    return manifest if whole else None


def publish(store: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Folder in a store, filled beside its place and put there by one rename.

    Several processes may do so at once: the first one wins, and the others find
    the same content there.

    Parameters
    ----------
    store : Path
        Folder of snapshots; made when it is missing.
    name : str
        Name of the folder to publish.
    fill : callable
        Writes the content into an empty folder.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        The store cannot be written to.
    """
    target = store / name
    try:
        store.mkdir(parents=True, exist_ok=True)
        _clear_old(store)
        making = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=store))
        try:
            fill(making)
            making.chmod(0o755)
            for path in [*making.iterdir(), making]:
                _flush(path)
            _put(making, target)
            _flush(store)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"the store cannot be written to: {error.strerror}", where=store.name
        ) from None
    return target


def _clear_old(store: Path) -> None:
    """Remove what a run that was killed left behind; one that still writes is younger."""
    for path in store.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def _put(making: Path, target: Path) -> None:
    for _ in range(3):
        try:
            making.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            if snapshot_there(target) is not None:
                return
            # A damaged folder of that name steps aside for the whole one.
            aside = tempfile.mkdtemp(prefix=_PREFIX, dir=target.parent)
            target.rename(Path(aside) / target.name)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            return


def name_latest(store: Path, as_of: dt.date, snapshot_id: str) -> None:
    """Name the snapshot that holds for a day, by replacing ``<as_of>.json`` at once."""
    number, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".json", dir=store)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(json.dumps({"id": snapshot_id}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(store / f"{as_of.isoformat()}.json")
    finally:
        Path(name).unlink(missing_ok=True)
    _flush(store)


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
