"""Broken input: one clear sentence, and the store is as it was."""

from __future__ import annotations

import datetime as dt
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.errors import InputError

HEADER = "Id,Amount,Created,Close,Stage\n"
ROW = "D1,100.00,2026-01-05,2026-03-31,Won\n"


def test_the_sentence_of_every_broken_input_and_an_unchanged_store(company):
    company.ingest()
    before = company.stored()

    def refused(text=None, as_of=dt.date(2026, 9, 30), **mapping):
        if text is not None:
            company.write("deals.csv", text)
        company.map(**mapping)
        with pytest.raises(InputError) as caught:
            company.ingest(as_of)
        assert company.stored() == before
        assert caught.value.exit_code == 2
        return str(caught.value)

    limit = (
        "mapping.yaml: 1 of 1 rows (100.0%) of the table opportunities cannot be used, "
        "the limit is 1.0%; nothing was written. Reasons: "
    )
    assert refused(columns="name: Nmae") == (
        "mapping.yaml: tables.opportunities.columns.name: deals.csv has no column `Nmae`. "
        "Allowed: Amount, Close, Created, Id, Stage."
    )
    assert refused(columns="name: Stagee") == (
        "mapping.yaml: tables.opportunities.columns.name: deals.csv has no column `Stagee`; "
        "did you mean `Stage`? Allowed: Amount, Close, Created, Id, Stage."
    )
    assert refused(block="where: {Stagge: Won}").startswith(
        "mapping.yaml: tables.opportunities.where: deals.csv has no column `Stagge`; did you mean"
    )
    assert refused(file="deal.csv") == (
        "mapping.yaml: tables.opportunities: no such file `deal.csv` in export; "
        "did you mean `deals.csv`? Allowed: deals.csv."
    )
    assert refused(file='"x*.csv"').startswith(
        "mapping.yaml: tables.opportunities: no such file `x*.csv` in export"
    )
    assert refused("") == "deals.csv: the file is empty."
    assert refused(" \n\n") == "deals.csv: the file is empty."
    assert refused("\n" + HEADER + ROW) == (
        "deals.csv: line 1 holds no column names; name their line with `header`."
    )
    assert refused(HEADER) == (
        "mapping.yaml: tables.opportunities: the export holds no deals; nothing was written."
    )
    assert refused(HEADER + ROW + "D1,7,2026-01-05,2026-03-31,Won\n").endswith(
        "Reasons: several rows of one key that contradict each other (2 rows, such as "
        'deals.csv row 1: opportunity_id "D1" stands on 2 rows that differ in amount).'
    )
    assert refused(HEADER + ROW.replace("2026-03-31", "2207-03-31")) == limit + (
        "close_date: a year that cannot be meant (1 rows, such as deals.csv row 1: "
        'close_date "2207-03-31" lies outside the years 1980 to 2036).'
    )
    assert refused(HEADER + ROW.replace("100.00", '"1.234,56"')) == limit + (
        "amount: not a number in the format that the mapping declares (1 rows, such as "
        'deals.csv row 1: amount "1.234,56" is not a number written like 12345.67).'
    )
    assert refused(HEADER + ROW.replace("2026-03-31", "")) == limit + (
        "closed, but without the day it closed (1 rows, such as deals.csv row 1: "
        "is_closed is true, close_date is empty)."
    )
    assert refused(HEADER + ROW.replace("Won", "Gone")) == limit + (
        "is_closed: a value that the mapping does not list (1 rows, such as deals.csv row 1: "
        'is_closed "Gone" is none of Won, Lost, Open; is_won "Gone" is none of Won, Lost, Open).'
    )
    assert refused(HEADER + ROW, as_of=dt.date(2025, 12, 31)) == (
        "mapping.yaml: the as-of date 2025-12-31 lies before all data: the first deal was "
        "created on 2026-01-05; nothing was written."
    )
    assert "unknown key `tables.opportunities.columns.nmae`; did you mean `name`?" in refused(
        HEADER + ROW, columns="nmae: Id"
    )
    assert refused(HEADER.replace("Close", "Id") + ROW) == (
        "mapping.yaml: tables.opportunities.columns.opportunity_id: "
        "the column `Id` stands twice in deals.csv."
    )
    lookup = "owner_id: {from: Id, lookup: {file: reps.csv, key: K, value: V}}"
    assert "no such file `reps.csv` in export" in refused(HEADER + ROW, columns=lookup)


def test_a_truncated_parquet_file(company):
    table = pa.table({"Id": [f"D{n}" for n in range(5000)], "Amount": [1.0] * 5000})
    pq.write_table(table, company.folder / "deals.parquet")
    whole = (company.folder / "deals.parquet").read_bytes()
    company.map(file="deals.parquet")
    for content in (whole[:-30], whole[: len(whole) // 2], b"PAR1"):
        company.write("deals.parquet", content)
        with pytest.raises(InputError) as caught:
            company.ingest()
        assert str(caught.value) == "deals.parquet: not a whole Parquet file; export it again."
    assert not company.store.exists()


def test_a_parquet_file_that_is_damaged_inside(company):
    content = "\n".join(f"D{n},5,2026-01-05,2026-03-31,Won" for n in range(20000))
    company.write("deals.csv", HEADER + content + "\n")
    frame = {name: [] for name in HEADER.strip().split(",")}
    for n in range(20000):
        for name, value in zip(frame, (f"{n * 7919}", "5", "2026-01-05", "", "Open"), strict=True):
            frame[name].append(value)
    path = company.folder / "deals.parquet"
    pq.write_table(pa.table(frame), path, compression="zstd")
    whole = bytearray(path.read_bytes())
    whole[200:20000] = bytes(19800)
    path.write_bytes(whole)
    company.map(file="deals.parquet")
    with pytest.raises(InputError, match=r"^deals\.parquet: the file is damaged; export it again"):
        company.ingest()
    assert not company.store.exists()


def test_a_missing_folder_and_an_unreadable_kind(company, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        ingest_folder(tmp_path / "nowhere", company.mapping_file, dt.date(2026, 1, 1), tmp_path)
    company.write("deals.pdf", "x")
    company.map(file="deals.pdf")
    with pytest.raises(InputError, match=r"deals\.pdf is of a kind that cannot be read"):
        company.ingest()


def test_a_store_that_cannot_be_written_to(company):
    company.store.write_text("a file stands where the store should be")
    with pytest.raises(InputError, match=r"^store: the store cannot be written to: "):
        company.ingest()


def test_a_file_that_changes_while_it_is_read(company, monkeypatch):
    from salesops_lib.data.ingest import folder

    whole = folder.noted

    def meddling(*arguments):
        (company.folder / "deals.csv").write_text(HEADER + ROW)
        return whole(*arguments)

    monkeypatch.setattr(folder, "noted", meddling)
    with pytest.raises(InputError, match=r"deals\.csv: the file was changed while it was being"):
        company.ingest()
    assert not company.store.exists()


def test_nothing_is_left_in_the_temporary_folders(company, monkeypatch, tmp_path):
    import tempfile

    aside = tmp_path / "tmp"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    company.ingest()
    company.map(file="missing.csv")
    with pytest.raises(InputError):
        company.ingest()
    assert list(aside.iterdir()) == []
    assert [path.name for path in company.store.iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(company.store)
