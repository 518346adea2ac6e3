"""`salesops pay` as a person runs it: exit codes, sentences, what lies in the folder."""

from __future__ import annotations

import datetime as dt
import json
import sys

import pytest

from salesops_lib.cli import main

DAY = dt.date
PLAN = """\
version: 1
id: sales
name: Sales
from: 2026-01-01
currency: EUR
people: [{role: rep}]
measures: {bookings: {}}
components:
  - {name: commission, kind: flat, measure: bookings, rate: 10%}
"""


@pytest.fixture
def project(tmp_path, make_snapshot, monkeypatch):
    deal = {
        "opportunity_id": "d1",
        "owner_id": "ann",
        "amount": "1000.00",
        "currency": "EUR",
        "created_date": DAY(2025, 11, 1),
        "close_date": DAY(2026, 1, 20),
        "is_closed": True,
        "is_won": True,
    }
    snapshot = make_snapshot(
        DAY(2026, 9, 30),
        opportunities=[deal],
        reps=[{"rep_id": "ann", "name": "Ann Lee"}],
        rep_assignments=[{"rep_id": "ann", "role": "rep", "effective_from": DAY(2020, 1, 1)}],
    )
    (tmp_path / "sales.yaml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return snapshot


@pytest.fixture
def salesops(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["salesops", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


def test_a_period_is_paid(project, salesops, tmp_path):
    options = ("--period", "2026-Q1", "--out", "book", "--snapshot", project.path)
    code, out, err = salesops("pay", "sales.yaml", *options)
    assert (code, err) == (0, "")
    assert "100.00" in out
    assert "Written: book/sales/2026-Q1" in out
    folder = tmp_path / "book/sales/2026-Q1"
    assert {path.name for path in folder.iterdir()} == {
        "accrual.csv",
        "asc340_40.csv",
        "asc340_40_costs.csv",
        "balances.csv",
        "book",
        "payroll.csv",
        "register.json",
        "statements",
        "trace.csv",
        "trace.parquet",
    }
    page = (folder / "statements/ann.html").read_text("utf-8")
    assert "Ann Lee: pay for" in page
    register = json.loads((folder / "register.json").read_text("utf-8"))
    assert register["snapshot"]["id"] == project.id
    assert str(tmp_path) not in json.dumps(register)
    code, out, _err = salesops("pay", "sales.yaml", *options)
    assert code == 0
    assert "nothing is written" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nowhere.yaml", "--period", "2026-Q1"), "nowhere.yaml"),
        (("sales.yaml", "--period", "Q1 2026"), "did you mean `2026-Q1`?"),
        (("sales.yaml", "--period", "2026-Q4"), "a period is paid when it is over"),
        (("sales.yaml", "--period", "2026-Q1", "--pay-day", "x"), "--pay-day: 'x' is no date"),
        (("sales.yaml", "--period", "2026-Q1", "--reopened", "2025-Q4"), "say why a period"),
        (
            ("sales.yaml", "--period", "2026-Q1", "--reopened", "2025-Q4", "--reason", "x"),
            "2025-Q4 cannot be reopened here",
        ),
        (("sales.yaml", "--period", "2026-Q1", "--manual", "no.csv"), "no.csv: cannot be read"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    project, salesops, tmp_path, words, sentence
):
    code, _out, err = salesops("pay", *words, "--out", "book", "--snapshot", project.path)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not (tmp_path / "book").exists()


def test_without_a_snapshot_it_says_what_to_do(project, salesops):
    code, _out, err = salesops("pay", "sales.yaml", "--period", "2026-Q1", "--out", "book")
    assert code == 2
    assert "run `salesops ingest` first" in err
