"""A database in place of an export folder."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from salesops_lib.cli import main
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.ingest.databases import database_tables, is_database
from salesops_lib.errors import InputError

MAPPING = """\
version: 1
name: warehouse
tables:
  opportunities:
    file: deal.*
    optional_columns: [note]
    columns:
      opportunity_id: id
      name: name
      amount: amount
      currency: {constant: USD}
      created_date: created
      close_date: closed
      next_step: note
      is_closed: is_closed
      is_won: is_won
  reps:
    file: person.*
    optional: true
    columns: {rep_id: id, name: name}
"""

ROWS = [
    ("D2", "Zoë; -- DROP TABLE deal", 0.1, "2026-02-05", "2026-12-31", False, False),
    ("D1", "=1+1", 1234.56, "2026-01-05", "2026-03-31", True, True),
]
KINDS = {
    "duckdb": "id VARCHAR, name VARCHAR, amount DECIMAL(12, 2), created TIMESTAMP, closed DATE, "
    "is_closed BOOLEAN, is_won BOOLEAN, unread BLOB",
    "sqlite": "ID text, NAME text, amount numeric, created text, closed date, is_closed boolean, "
    "is_won boolean, unread blob",
}


@pytest.fixture
def mapping(tmp_path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def filled(kind: str, path: Path, rows=ROWS, schema: str = "") -> str:
    """Address of a database with the table of deals."""
    made = duckdb.connect(path) if kind == "duckdb" else sqlite3.connect(path)
    table = f"{schema}.deal" if schema else "deal"
    if schema:
        made.execute(f"CREATE SCHEMA {schema}")
    made.execute(f"CREATE TABLE {table} ({KINDS[kind]})")
    made.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", rows)  # noqa: S608
    made.commit()
    made.close()
    return f"{kind}://{path}"


def ingested(source: str, mapping: Path, schema: str | None = None):
    with database_tables(source, mapping, schema) as folder:
        return ingest_folder(folder, mapping, dt.date(2026, 9, 30), mapping.parent / "store")


def deals(result) -> list[tuple]:
    columns = ["opportunity_id", "name", "amount", "created_date", "close_date", "is_won"]
    read = pq.read_table(result.path / "opportunities.parquet", columns=columns)
    return [tuple(map(str, row.values())) for row in read.to_pylist()]


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_deals_of_a_database(kind, mapping, tmp_path):
    result = ingested(filled(kind, tmp_path / "crm.db"), mapping)
    assert deals(result) == [
        ("D1", "=1+1", "1234.56", "2026-01-05", "2026-03-31", "True"),
        ("D2", "Zoë; -- DROP TABLE deal", "0.10", "2026-02-05", "2026-12-31", "False"),
    ]
    assert set(result.left_out) == {"note in deal.parquet", "person.*"}


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_the_order_of_the_rows_makes_no_difference(kind, mapping, tmp_path):
    first = ingested(filled(kind, tmp_path / "one.db"), mapping)
    second = ingested(filled(kind, tmp_path / "two.db", ROWS[::-1]), mapping)
    assert first.snapshot_id == second.snapshot_id


def test_a_schema(mapping, tmp_path):
    source = filled("duckdb", tmp_path / "crm.ddb", schema="raw")
    assert len(deals(ingested(source, mapping, "raw"))) == 2
    assert len(deals(ingested(source, mapping, "crm.raw"))) == 2
    with pytest.raises(InputError, match="duckdb, schema landed: no table `deal`"):
        ingested(source, mapping, "landed")


def test_the_database_stays_as_it_is(mapping, tmp_path):
    source = filled("duckdb", tmp_path / "crm.ddb")
    before = (tmp_path / "crm.ddb").read_bytes()
    ingested(source, mapping)
    assert (tmp_path / "crm.ddb").read_bytes() == before
    assert not list(tmp_path.glob("crm.ddb.*"))


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_file_that_is_not_there_is_not_made(kind, mapping, tmp_path):
    with pytest.raises(InputError, match=r"no such file: no\.db"):
        ingested(f"{kind}://{tmp_path}/no.db", mapping)
    assert not (tmp_path / "no.db").exists()


def test_a_column_that_the_mapping_needs(mapping, tmp_path):
    mapping.write_text(MAPPING.replace("is_won: is_won", "is_won: is_wonn"), encoding="utf-8")
    with pytest.raises(InputError, match=r"deal has no `is_wonn`.*did you mean `is_won`"):
        ingested(filled("duckdb", tmp_path / "crm.ddb"), mapping)


def test_an_address_in_the_environment(mapping, tmp_path, monkeypatch):
    monkeypatch.setenv("WAREHOUSE", filled("duckdb", tmp_path / "crm.ddb"))
    assert len(deals(ingested("env:WAREHOUSE", mapping))) == 2
    with pytest.raises(InputError, match="WAREHOUSE_2 is not set"):
        ingested("env:WAREHOUSE_2", mapping)


@pytest.mark.parametrize(
    "source",
    [
        "postgres://ann:s3cret-word@db/crm",
        "snowflake://ann@acct/db?password=s3cret-word",
        "postgres://[ann:s3cret-word",
    ],
)
def test_a_password_on_the_command_line(source, mapping):
    with pytest.raises(InputError, match="write env:WAREHOUSE_URL") as told:
        ingested(source, mapping)
    assert "s3cret" not in str(told.value)


def test_a_connection_that_fails_shows_no_password(mapping, monkeypatch, tmp_path):
    (tmp_path / "text.ddb").write_text("no database")
    monkeypatch.setenv("W", f"duckdb://{tmp_path}/text.ddb?password=s3cret-word")
    with pytest.raises(InputError, match="W: no connection") as told:
        ingested("env:W", mapping)
    assert "s3cret" not in str(told.value)
    assert told.value.__cause__ is None
    monkeypatch.setenv("W", "nosuch://ann:s3cret-word@db/crm")
    with pytest.raises(InputError) as told:
        ingested("env:W", mapping)
    assert "s3cret" not in str(told.value)


def test_a_windows_path_is_a_folder():
    assert not is_database(r"C:\exports\2026")
    assert not is_database("exports/2026-Q3")


def test_the_command(mapping, tmp_path, monkeypatch, capsys):
    source = filled("duckdb", tmp_path / "crm.ddb", schema="raw")
    options = ["--mapping", str(mapping), "--as-of", "2026-09-30", "--store", str(tmp_path / "s")]
    monkeypatch.setattr(sys, "argv", ["salesops", "ingest", source, "--schema", "raw", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, capsys.readouterr()
    assert len(list((tmp_path / "s").glob("*/opportunities.parquet"))) == 1
    monkeypatch.setattr(sys, "argv", ["salesops", "ingest", "x", "--schema", "raw", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "a folder has no schemas" in capsys.readouterr().err
