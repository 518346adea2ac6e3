"""Fixtures shared by all tests."""

from __future__ import annotations

import datetime as dt
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.snapshot import Snapshot

ROOT = Path(__file__).parents[1]

# Building queries makes many short-lived objects: a fifth of the suite's time went into
# collections that look at them.
gc.set_threshold(200_000, 20, 100)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real data that is not part of the project."""
    place = Path(os.environ.get("SALESOPS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip("the real data sets are not on this machine (SALESOPS_SHARED_DATA)")
    return place


@pytest.fixture
def make_snapshot(tmp_path: Path) -> Callable[..., Snapshot]:
    """Builds a snapshot straight from rows, so that a case can be worked by hand.

    ``make_snapshot(as_of, opportunities=[{...}, ...], reps=[...])``: each table is
    a list of dicts; columns that no row has count as not supplied by the export.
    """
    from salesops_lib.data.schema import SCHEMA_VERSION, TABLES
    from salesops_lib.data.snapshot import (
        MANIFEST,
        Manifest,
        Snapshot,
        TableRecord,
        connection,
        ibis_schema,
    )

    count = iter(range(1000))

    def build(as_of: dt.date, **tables: list[dict[str, Any]]) -> Snapshot:
        import ibis

        identity = f"{as_of}-{next(count):010d}"
        folder = tmp_path / "store" / identity
        folder.mkdir(parents=True)
        records = {}
        for name, rows in tables.items():
            schema = ibis_schema(TABLES[name])
            columns = sorted({key for row in rows for key in row})
            assert set(columns) <= set(schema.names), f"{name}: {columns}"
            frame = pd.DataFrame(rows, columns=list(schema.names), dtype=object)
            for number in ("amount", "list_price", "cost"):
                if number in frame:
                    frame[number] = frame[number].map(lambda x: None if x is None else str(x))
            frame = frame.where(frame.notna(), None)
            text = ibis.memtable(
                frame.map(lambda x: None if x is None else str(x)),
                schema=dict.fromkeys(schema.names, "string"),
            )
            connection().to_parquet(text.cast(schema), folder / f"{name}.parquet")
            records[name] = TableRecord(
                read=len(rows), kept=len(rows), columns=tuple(columns), sha256=""
            )
        manifest = Manifest(
            id=identity,
            name="by hand",
            as_of=as_of,
            schema_version=SCHEMA_VERSION,
            library_version="0",
            sources=(),
            tables=records,
            mapping={},
        )
        (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
        return Snapshot.open(folder)

    return build


@pytest.fixture(scope="session")
def deal() -> Callable[..., dict[str, Any]]:
    """Builds one deal's row; `won` is None while the deal is open."""

    def row(number, created, closed, amount, *, won=None, owner="R1", **more):
        return {
            "opportunity_id": f"D{number}",
            "created_date": created,
            "close_date": closed,
            "amount": amount,
            "is_closed": won is not None,
            "is_won": bool(won),
            "owner_id": owner,
            **more,
        }

    return row
