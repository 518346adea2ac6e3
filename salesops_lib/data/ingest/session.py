"""One run of ingest: the connection, the files it reads, and what came of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb
import ibis

from salesops_lib.data.ingest.cells import Cells
from salesops_lib.data.ingest.functions import trimmed
from salesops_lib.data.ingest.readers import Layout, RawTable, raw_table, tidy_name
from salesops_lib.data.snapshot import connection
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Mapping as Mapping_

    from ibis.backends.duckdb import Backend
    from ibis.expr.types import StringValue, Value
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.ingest.mapping import Block, Mapping
    from salesops_lib.data.ingest.rule import Lookup
    from salesops_lib.data.ingest.sources import Export

__all__ = ["MEMORY_LIMIT", "Session", "Source"]

MEMORY_LIMIT = "512MB"
"""What the engine may hold in memory; beyond that it works on disk."""

_BUGS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


@dataclass(frozen=True)
class Source:
    """Where the rows of one part came from.

    Parameters
    ----------
    name : str
        File inside the export, or ``(mapping)`` for rows written in the mapping.
    raw : RawTable, optional
        Its cells.
    """

    name: str
    raw: RawTable | None = None


@dataclass
class Session:
    """State of one run.

    Parameters
    ----------
    mapping : Mapping
        What to read.
    mapping_name : str
        How error messages call it.
    export : Export
        Folder that is read.
    as_of : date
        The day that the data shows.
    """

    mapping: Mapping
    mapping_name: str
    export: Export
    as_of: dt.date
    sources: list[Source] = field(default_factory=list)
    rows_of: dict[Path, int] = field(default_factory=dict)
    backend: Backend = field(init=False)
    _seconds: dict[str, IbisTable] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        self.backend = connection()
        spill = self.export.work / "spill"
        self.backend.con.execute("SET memory_limit = ?", [MEMORY_LIMIT])
        self.backend.con.execute("SET temp_directory = ?", [str(spill)])

    def stored(self, rows: IbisTable, name: str | None = None) -> IbisTable:
        """Rows computed once, as a table of the connection."""
        self._made += 1
        # Steps stay steps: put together into one, they would work out each
        # column again wherever it is mentioned.
        fuse, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
        try:
            return self.backend.create_table(name or f"t{self._made}", rows)
        finally:
            ibis.options.sql.fuse_selects = fuse

    def read(
        self,
        path: Path,
        layout: Layout,
        needed: Mapping_[str, str],
        make: Callable[[RawTable, int], IbisTable],
    ) -> IbisTable:
        """Part made from a file; by the slow way where the file is not regular.

        Parameters
        ----------
        path : Path
            File.
        layout : Layout
            How its cells lie.
        needed : mapping of str to str
            Columns that will be asked for, and what error messages call the
            place that asks.
        make : callable
            Gives the part from the file's cells and its number among the sources.

        Returns
        -------
        ibis.Table
            Computed once.

        Raises
        ------
        InputError
            The file cannot be read, or lacks a column.
        """
        raw = raw_table(self.backend, self.export, path, layout, needed)
        for name, where in needed.items():
            raw.column(name, where)
        place = len(self.sources)
        self.sources.append(Source(raw.name, raw))
        try:
            held = self._held(raw, needed, f"held{place}")
        except _BUGS:
            raise
        except duckdb.Error:
            if raw.again is None:
                raise InputError("the file is damaged; export it again", where=raw.name) from None
            self._drop(f"held{place}")
            raw = raw.again()
            self.sources[place] = Source(raw.name, raw)
            held = self._held(raw, needed, f"held{place}")
        part = self.stored(make(held, place))
        self.rows_of[path] = int(held.rows.count().execute())
        self._drop(f"held{place}")
        return part

    def _held(self, raw: RawTable, needed: Iterable[str], title: str) -> RawTable:
        """Needed cells in a table of the connection, with `_row`, the place in the file.

        A table keeps the order of the file that it is made from; a query that
        joins does not, so rows are numbered before anything is worked out.
        """
        columns: dict[str, Value] = {}
        names = {tidy_name(name): f"x{place}" for place, name in enumerate(needed)}
        for name, short in names.items():
            cells = raw.cells[name]
            columns[short] = cells.text
            columns |= {f"{short}/{kind}": part for kind, part in cells.typed.items()}
        own = [name for name in ("_row", "_malformed") if name in raw.rows.columns]
        rows = self.stored(raw.rows.select(*own, **columns), title)
        if "_row" not in own:
            rows = rows.mutate(_row=rows.rowid() + 1)
        held = {}
        for name, short in names.items():
            kinds = {kind: rows[f"{short}/{kind}"] for kind in raw.cells[name].typed}
            held[name] = Cells(cast("StringValue", rows[short]), **kinds)
        return RawTable(raw.name, held, frozenset(), rows)

    def _drop(self, name: str) -> None:
        # Not through Ibis: what it writes for this, the engine no longer understands.
        self.backend.con.execute(f'DROP TABLE IF EXISTS "{name}"')

    def second(self, lookup: Lookup, where: str) -> IbisTable:
        """Table (`key`, `value`) of a second file.

        Raises
        ------
        InputError
            The file or a column is missing, or a key has several values.
        """
        known = lookup.model_dump_json()
        if known not in self._seconds:
            path, *others = self.export.files([lookup.file], where)
            if others:
                names = [self.export.name(one) for one in (path, *others)]
                raise InputError(
                    f"the second file `{lookup.file}` stands for several: {', '.join(names)}",
                    where=where,
                )
            layout = Layout(lookup.sheet, lookup.separator)

            def pairs(raw: RawTable, _: int) -> IbisTable:
                key, value = (raw.column(name, where) for name in (lookup.key, lookup.value))
                return raw.rows.select(key=trimmed(key.text), value=trimmed(value.text))

            read = self.read(path, layout, dict.fromkeys([lookup.key, lookup.value], where), pairs)
            found = read.filter(read["key"].notnull()).distinct()
            found = self.stored(found)
            twice = found.group_by("key").aggregate(n=found.count()).filter(ibis._["n"] > 1)
            for row in twice.order_by("key").limit(1).to_pyarrow().to_pylist():
                raise InputError(
                    f"{lookup.file} gives {row['n']} values of `{lookup.value}` "
                    f"for {lookup.key} {row['key']!r}",
                    where=where,
                )
            self._seconds[known] = found
        return self._seconds[known]

    def where(self, table: str, block: Block) -> str:
        """What error messages call a block of the mapping."""
        blocks = self.mapping.blocks(table)
        place = f".{blocks.index(block)}" if len(blocks) > 1 else ""
        return f"{self.mapping_name}: tables.{table}{place}"
