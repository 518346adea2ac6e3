"""Snapshots: immutable, dated copies of a company's sales data.

A snapshot is a folder of Parquet files, one per canonical table, with a
``manifest.json`` that says where every row came from. It is opened through
Ibis on DuckDB, by any number of processes at once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from salesops_lib.data.schema import SCHEMA_VERSION, TABLES, ColumnType, Table
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table as IbisTable

__all__ = [
    "MANIFEST",
    "QUARANTINE",
    "Manifest",
    "Snapshot",
    "SourceFile",
    "TableRecord",
    "connection",
    "find_snapshot",
    "ibis_schema",
    "stored_days",
]

MANIFEST = "manifest.json"
QUARANTINE = "quarantine.parquet"

_MEMORY = "20%"
"""Share of the machine's memory that one connection may use."""

_IBIS_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "date": "date",
    "timestamp": "timestamp(6)",
    "money": "decimal(18, 2)",
    "number": "float64",
    "integer": "int64",
    "boolean": "boolean",
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFile(_Record):
    """One file that was read.

    Parameters
    ----------
    name : str
        Path inside the export folder.
    sha256 : str
        Hash of its bytes.
    bytes : int
        Size.
    rows : int
        Data rows in it.
    """

    name: str
    sha256: str
    bytes: int
    rows: int


class TableRecord(_Record):
    """What happened to one canonical table on its way in.

    Parameters
    ----------
    read, kept, skipped : int
        Source rows read, rows in the snapshot, rows left out by the mapping's filter.
    columns : tuple of str
        Canonical columns that the export supplies; the others are empty.
    repaired, noted, quarantined : dict of str to int
        Number of rows by reason. Repaired and noted rows are kept.
    sha256 : str
        Hash of the Parquet file.
    """

    read: int
    kept: int
    skipped: int = 0
    columns: tuple[str, ...]
    repaired: dict[str, int] = {}
    noted: dict[str, int] = {}
    quarantined: dict[str, int] = {}
    sha256: str


class Manifest(_Record):
    """Contents of ``manifest.json``.

    Parameters
    ----------
    id : str
        As-of date and content hash, such as ``2026-09-30-3f2a9c01d4``.
    name : str
        Name that the mapping gives the company or source.
    as_of : date
        The day the data shows.
    schema_version : int
        Version of the canonical tables.
    library_version : str
        Version of the library that wrote it.
    sources : tuple of SourceFile
        Files read.
    tables : dict of str to TableRecord
        Tables present.
    mapping : dict
        The mapping used, in full.
    """

    id: str
    name: str
    as_of: dt.date
    schema_version: int
    library_version: str
    sources: tuple[SourceFile, ...]
    tables: dict[str, TableRecord]
    mapping: dict[str, Any]

    @property
    def quarantined(self) -> int:
        """Quarantined rows of all tables."""
        return sum(sum(record.quarantined.values()) for record in self.tables.values())


def ibis_schema(table: Table) -> ibis.Schema:
    """Ibis schema of a canonical table.

    Examples
    --------
    >>> from salesops_lib.data.schema import TABLES
    >>> ibis_schema(TABLES["fx_rates"]).names
    ('date', 'from_currency', 'to_currency', 'rate')
    """
    return ibis.schema({column.name: _IBIS_TYPES[column.type] for column in table.columns})


def connection() -> Backend:
    """Private in-memory DuckDB connection: UTC, and the same row order on every run."""
    backend = ibis.duckdb.connect()
    backend.con.execute("SET TimeZone = 'UTC'")
    backend.con.execute("SET enable_progress_bar = false")
    # Nothing is ever fetched from the network, whatever a file's name says.
    backend.con.execute("SET autoinstall_known_extensions = false")
    # Several kernels share a machine. What does not fit goes to a folder of its own in
    # the system's place for such things, not, as by default, into the working folder.
    backend.con.execute(f"SET memory_limit = '{_MEMORY}'")
    spill = Path(tempfile.gettempdir()) / f"salesops-spill-{uuid.uuid4().hex}"
    backend.con.execute("SET temp_directory = ?", [str(spill)])
    return backend


@dataclass(frozen=True)
class Snapshot:
    """An open snapshot.

    Use `Snapshot.open`. Tables that the export lacks are empty tables with the
    canonical columns, so a measure asks `has` before it speaks.

    Parameters
    ----------
    path : Path
        Folder.
    manifest : Manifest
        Where every row came from.
    """

    path: Path
    manifest: Manifest

    @cached_property
    def backend(self) -> Backend:
        """Connection that the tables live in."""
        return connection()

    @property
    def whole(self) -> Snapshot:
        """The snapshot with every row and person; this one, unless it is disguised."""
        return self

    @property
    def origin(self) -> Snapshot:
        """The snapshot as it was ingested; this one, unless it was taken back in time."""
        return self

    @property
    def keeps_derived(self) -> bool:
        """Whether tables derived from it are kept beside it."""
        return True

    @classmethod
    def open(cls, path: Path) -> Snapshot:
        """Snapshot in a folder.

        Parameters
        ----------
        path : Path
            Folder with a ``manifest.json``.

        Returns
        -------
        Snapshot

        Raises
        ------
        InputError
            The folder is no snapshot, a file of it is missing, or it was written
            with other canonical tables.
        """
        manifest = _manifest(path)
        for name in manifest.tables:
            if not (path / f"{name}.parquet").is_file():
                raise InputError(
                    f"the snapshot lacks {name}.parquet; ingest again", where=path.name
                )
        return cls(path, manifest)

    @property
    def id(self) -> str:
        """As-of date and content hash."""
        return self.manifest.id

    @property
    def as_of(self) -> dt.date:
        """The day the data shows."""
        return self.manifest.as_of

    def has(self, table: str, *columns: str) -> bool:
        """Whether the export supplied a table, and these columns of it.

        Parameters
        ----------
        table : str
            Canonical table.
        *columns : str
            Canonical columns.

        Returns
        -------
        bool
        """
        record = self.manifest.tables.get(table)
        return record is not None and record.kept > 0 and set(columns) <= set(record.columns)

    def table(self, name: str) -> IbisTable:
        """One canonical table; empty when the export lacks it.

        Parameters
        ----------
        name : str
            Canonical table.

        Returns
        -------
        ibis.Table
            All canonical columns, typed as the schema says.

        Raises
        ------
        KeyError
            There is no such canonical table.
        """
        schema = ibis_schema(TABLES[name])
        if name not in self.manifest.tables:
            return ibis.memtable([], schema=schema)
        return self.backend.read_parquet(str(self.path / f"{name}.parquet"))

    def rows(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of a small canonical table, in memory.

        Parameters
        ----------
        name : str
            Canonical table that the export has.
        columns : sequence of str
            Canonical columns.

        Returns
        -------
        pyarrow.Table
        """
        return pq.read_table(self.path / f"{name}.parquet", columns=list(columns))


def find_snapshot(place: Path, as_of: dt.date | None = None) -> Path:
    """Folder of the snapshot that a parameter names.

    Parameters
    ----------
    place : Path
        A snapshot's own folder, or the store that holds it.
    as_of : date, optional
        With a store: the day wanted. Default: the latest day in the store.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        There is no such folder, or no snapshot of that day in it.
    """
    if (place / MANIFEST).is_file():
        return place
    days = [day.isoformat() for day in stored_days(place)]
    if not days:
        raise InputError(
            f"no snapshot at {place.name}: run `salesops ingest` (or `make report`) first",
            where=place.as_posix() if not place.is_absolute() else place.name,
        )
    wanted = as_of.isoformat() if as_of else days[-1]
    if wanted not in days:
        raise InputError(
            f"the store {place.name} has no snapshot as of {wanted}", found=wanted, allowed=days
        )
    pointer = json.loads((place / f"{wanted}.json").read_text(encoding="utf-8"))
    return place / str(pointer["id"])


def stored_days(store: Path) -> list[dt.date]:
    """Days that a store has a snapshot of, oldest first; none where it is no store."""
    days = []
    for path in store.glob("????-??-??.json"):
        # A file of another kind that is merely named like one is none of ours.
        with contextlib.suppress(ValueError):
            days.append(dt.date.fromisoformat(path.stem))
    return sorted(days)


def _manifest(path: Path) -> Manifest:
    file = path / MANIFEST
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise InputError(f"not a snapshot: it has no {MANIFEST}", where=path.name) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise InputError(
            f"the manifest does not fit at `{key}`: {first['msg']}; ingest again",
            where=f"{path.name}/{MANIFEST}",
        ) from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"written with canonical tables version {manifest.schema_version}, this library "
            f"reads version {SCHEMA_VERSION}; ingest the export again",
            where=path.name,
        )
    return manifest
