"""A small export folder that tests fill, ingest and look into."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from salesops_lib.data.ingest import IngestResult, ingest_folder

AS_OF = dt.date(2026, 9, 30)

DEALS = """\
Id,Amount,Created,Close,Stage
D1,100.00,2026-01-05,2026-03-31,Won
D2,200.50,2026-02-05,2026-04-30,Lost
D3,300.25,2026-03-05,2026-12-31,Open
"""

MAPPING = """\
version: 1
name: test
{head}
tables:
  opportunities:
    file: {file}
    {block}
    columns:
      opportunity_id: Id
      amount: Amount
      currency: {{constant: USD}}
      created_date: Created
      close_date: Close
      stage: Stage
      is_closed: {{from: Stage, values: {{Won: true, Lost: true, Open: false}}}}
      is_won: {{from: Stage, values: {{Won: true, Lost: false, Open: false}}}}
      {columns}
{tables}
"""


@dataclass
class Company:
    """An export folder, a mapping and a store under one temporary folder."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "export"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def mapping_file(self) -> Path:
        return self.root / "mapping.yaml"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def map(
        self,
        *,
        file: str = "deals.csv",
        head: str = "",
        block: str = "",
        columns: str = "",
        tables: str = "",
    ) -> None:
        text = MAPPING.format(file=file, head=head, block=block, columns=columns, tables=tables)
        self.mapping_file.write_text(text, encoding="utf-8")

    def map_as(self, text: str) -> None:
        self.mapping_file.write_text(text, encoding="utf-8")

    def ingest(self, as_of: dt.date = AS_OF) -> IngestResult:
        return ingest_folder(self.folder, self.mapping_file, as_of, self.store)

    def deals(self, text: str, **mapping: str) -> IngestResult:
        """Ingest a text file of deals."""
        self.write("deals.csv", text)
        self.map(**mapping)
        return self.ingest()

    def stored(self) -> dict[str, str]:
        """Everything in the store, by path and hash."""
        return {
            path.relative_to(self.store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.store.rglob("*"))
            if path.is_file()
        }


def rows_of(result: IngestResult, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table of the snapshot, as tuples."""
    read = pq.read_table(result.path / f"{table}.parquet", columns=list(columns) or None)
    return [tuple(row.values()) for row in read.to_pylist()]


def quarantine_of(result: IngestResult, *columns: str) -> list[tuple[Any, ...]]:
    """Quarantined rows, as tuples."""
    read = pq.read_table(result.path / "quarantine.parquet", columns=list(columns) or None)
    return [tuple(row.values()) for row in read.to_pylist()]


def counts_of(result: IngestResult, status: str, table: str = "opportunities") -> dict[str, int]:
    """Rows by reason of one status."""
    frame = result.reasons
    chosen = frame[(frame["table"] == table) & (frame["status"] == status)]
    return dict(zip(chosen["reason"], chosen["rows"], strict=True))


class Looking:
    """Ways to look into a result, handed to tests as a fixture."""

    rows = staticmethod(rows_of)
    quarantine = staticmethod(quarantine_of)
    counts = staticmethod(counts_of)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = Company(tmp_path)
    made.write("deals.csv", DEALS)
    made.map()
    return made


@pytest.fixture(scope="session")
def look() -> type[Looking]:
    return Looking
