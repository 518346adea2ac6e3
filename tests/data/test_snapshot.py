"""Snapshots: found by day, opened whole, and refused with a reason otherwise."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path

import duckdb
import pytest

from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import MANIFEST, Snapshot, connection, find_snapshot
from salesops_lib.errors import InputError

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def snapshot(make_snapshot, deal):
    return make_snapshot(
        AS_OF, opportunities=[deal(1, "2026-07-01", "2026-07-08", "10.00", won=True)]
    )


def test_absent_tables_are_empty_with_all_columns(snapshot):
    for name, table in TABLES.items():
        opened = snapshot.table(name)
        assert opened.columns == table.column_names
        assert opened.count().to_pandas() == (1 if name == "opportunities" else 0)


def test_it_knows_what_the_export_supplied(snapshot):
    assert snapshot.has("opportunities", "amount", "owner_id")
    assert not snapshot.has("opportunities", "currency")
    assert not snapshot.has("quotas")


def test_a_store_is_searched_by_day(snapshot):
    store = snapshot.path.parent
    (store / "2026-09-30.json").write_text(json.dumps({"id": snapshot.id}), encoding="utf-8")
    assert find_snapshot(store, AS_OF) == snapshot.path
    assert find_snapshot(store) == snapshot.path
    assert find_snapshot(snapshot.path) == snapshot.path
    with pytest.raises(InputError, match=r"no snapshot as of 2026-06-30.*Allowed: 2026-09-30"):
        find_snapshot(store, dt.date(2026, 6, 30))


def test_an_empty_place_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="run `salesops ingest`"):
        find_snapshot(tmp_path / "nowhere")


def test_a_missing_table_file_is_named(snapshot):
    (snapshot.path / "opportunities.parquet").unlink()
    with pytest.raises(InputError, match="the snapshot lacks opportunities"):
        Snapshot.open(snapshot.path)


def test_a_broken_manifest_is_named(snapshot):
    file = snapshot.path / MANIFEST
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, "as_of": "soon"}), encoding="utf-8")
    with pytest.raises(InputError, match="does not fit at `as_of`"):
        Snapshot.open(snapshot.path)
    file.write_text(json.dumps({**content, "schema_version": 0}), encoding="utf-8")
    with pytest.raises(InputError, match="canonical tables version 0"):
        Snapshot.open(snapshot.path)


def test_a_folder_that_is_no_snapshot_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a snapshot"):
        Snapshot.open(tmp_path)


def test_a_connection_leaves_memory_to_others_and_spills_outside_the_project():
    own = (
        connection()
        .con.execute("SELECT current_setting('memory_limit'), current_setting('temp_directory')")
        .fetchone()
    )
    usual = duckdb.connect().execute("SELECT current_setting('memory_limit')").fetchone()
    sizes = {"KiB": 1, "MiB": 2**10, "GiB": 2**20, "TiB": 2**30}
    mine, its = (float(text.split()[0]) * sizes[text.split()[1]] for text in (own[0], usual[0]))
    # A fifth of the memory, where DuckDB's own default is four fifths.
    assert mine / its == pytest.approx(1 / 4, rel=0.1)
    assert Path(own[1]).parent == Path(tempfile.gettempdir())
