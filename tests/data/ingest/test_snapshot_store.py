"""The store: the same export gives the same snapshot, byte for byte, and it is whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import os
import shutil
import time
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from salesops_lib.data.ingest import ingest_folder, writer
from salesops_lib.data.ingest.quarantine import QUARANTINE_SCHEMA
from salesops_lib.data.schema import SCHEMA_VERSION, TABLES
from salesops_lib.data.snapshot import Snapshot, find_snapshot, ibis_schema
from salesops_lib.errors import InputError

AS_OF = dt.date(2026, 9, 30)


def test_a_snapshot_opens_with_every_column_typed(company):
    result = company.ingest()
    snapshot = Snapshot.open(result.path)
    deals = snapshot.table("opportunities")
    assert deals.schema() == ibis_schema(TABLES["opportunities"])
    assert deals.amount.sum().execute() == Decimal("600.75")
    assert snapshot.has("opportunities", "amount", "currency", "stage")
    assert not snapshot.has("opportunities", "name")
    assert snapshot.table("reps").count().execute() == 0
    quarantine = pq.read_table(result.path / "quarantine.parquet")
    assert quarantine.schema == QUARANTINE_SCHEMA
    assert quarantine.num_rows == 0


def test_the_manifest_says_where_every_row_came_from(company):
    result = company.ingest()
    manifest = Snapshot.open(result.path).manifest
    content = (company.folder / "deals.csv").read_bytes()
    (source,) = manifest.sources
    assert source.name == "deals.csv"
    assert (source.bytes, source.rows) == (len(content), 3)
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert (manifest.as_of, manifest.schema_version) == (AS_OF, SCHEMA_VERSION)
    assert manifest.mapping["tables"]["opportunities"][0]["columns"]["amount"] == {"from": "Amount"}
    record = manifest.tables["opportunities"]
    assert (record.read, record.kept, record.skipped) == (3, 3, 0)
    parquet = (result.path / "opportunities.parquet").read_bytes()
    assert record.sha256 == hashlib.sha256(parquet).hexdigest()
    assert result.headline == (
        f"Snapshot {result.snapshot_id} written: 3 rows in 1 tables, 0 quarantined."
    )


def test_the_day_points_to_the_snapshot_last_ingested(company):
    first = company.ingest()
    assert find_snapshot(company.store, AS_OF) == first.path
    company.write("deals.csv", (company.folder / "deals.csv").read_text() + "D4,1,2026-01-01,,Open")
    second = company.ingest()
    assert second.snapshot_id != first.snapshot_id
    assert find_snapshot(company.store, AS_OF) == second.path
    earlier = company.ingest(dt.date(2026, 6, 30))
    assert find_snapshot(company.store) == second.path
    assert find_snapshot(company.store, dt.date(2026, 6, 30)) == earlier.path
    assert len([path for path in company.store.iterdir() if path.is_dir()]) == 3


def test_the_same_export_is_not_written_again(company):
    first = company.ingest()
    stamps = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
    second = company.ingest()
    assert (first.is_new, second.is_new) == (True, False)
    assert second.snapshot_id == first.snapshot_id
    assert second.frame.equals(first.frame)
    assert {path: path.stat().st_mtime_ns for path in second.path.iterdir()} == stamps
    assert "there already" in second.headline


def test_the_same_export_gives_the_same_bytes(company):
    text = "Id,Amount,Created,Close,Stage\n"
    rows = [f"D{n * 7919 % 5003},{n}.5,2026-01-05,2026-03-31,Won\n" for n in range(5003)]
    company.write("deals.csv", text + "".join(rows) + "X,1,2026-01-05,nonsense,Won\n")
    result = company.ingest()
    before = company.stored()
    shutil.rmtree(company.store)
    assert company.ingest().snapshot_id == result.snapshot_id
    assert company.stored() == before


def test_the_id_depends_on_date_content_name_and_mapping(company):
    ids = {company.ingest().snapshot_id, company.ingest(dt.date(2026, 9, 29)).snapshot_id}
    company.map(head="description: another")
    ids.add(company.ingest().snapshot_id)
    company.map(file="other.csv")
    (company.folder / "deals.csv").rename(company.folder / "other.csv")
    ids.add(company.ingest().snapshot_id)
    assert len(ids) == 4
    assert {one[:10] for one in ids} == {"2026-09-30", "2026-09-29"}
    # A comment and the order of keys are not the mapping's content.
    text = company.mapping_file.read_text()
    company.map_as("# a remark\n" + text.replace("version: 1\n", "") + "version: 1\n")
    assert company.ingest().snapshot_id in ids


def test_a_damaged_snapshot_is_replaced_by_a_whole_one(company):
    result = company.ingest()
    before = company.stored()
    (result.path / "opportunities.parquet").write_bytes(b"PAR1")
    again = company.ingest()
    assert (again.snapshot_id, again.is_new) == (result.snapshot_id, True)
    assert company.stored() == before


def test_a_failure_while_writing_leaves_nothing_behind(company, monkeypatch):
    company.ingest()
    before = company.stored()

    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_flush", failing)
    company.map(head="description: another")
    with pytest.raises(InputError, match="the store cannot be written to: No space left on device"):
        company.ingest()
    assert company.stored() == before
    assert len(list(company.store.iterdir())) == 2


def test_leftovers_of_a_killed_run_are_cleared_after_a_day(company):
    for name, age in ((".ingest-old", 100_000), (".ingest-young", 10)):
        folder = company.store / name
        folder.mkdir(parents=True)
        (folder / "half.parquet").write_bytes(b"PAR1")
        moment = time.time() - age
        os.utime(folder, (moment, moment))
    company.ingest()
    hidden = {path.name for path in company.store.iterdir() if path.name.startswith(".")}
    assert hidden == {".ingest-young"}


def _ingest(arguments):
    return ingest_folder(*arguments).snapshot_id


def test_many_processes_may_ingest_the_same_export_at_once(company):
    arguments = (company.folder, company.mapping_file, AS_OF, company.store)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        ids = set(pool.map(_ingest, [arguments] * 3))
    (only,) = ids
    assert {path.name for path in company.store.iterdir()} == {"2026-09-30.json", only}
    assert json.loads((company.store / "2026-09-30.json").read_text()) == {"id": only}
    assert writer.snapshot_there(company.store / only) is not None
