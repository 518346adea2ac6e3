"""Each planted defect is in the file as often as the truth says, in the rows that it names."""

from __future__ import annotations

import csv
import json

import pytest

from salesops_lib.data.sample.accounts import HOSTILE_ACCOUNT
from salesops_lib.data.sample.company import PRODUCTS, STAGES
from salesops_lib.data.sample.defects import HOSTILE_NAMES
from salesops_lib.data.sample.export import write_sample

STAGE_NAMES = {stage.name for stage in STAGES}
PRODUCT_NAMES = {product.name for product in PRODUCTS}
OPEN_STAGES = {"Prospecting", "Qualification", "Proposal", "Negotiation"}
CLOSED_TOO_LATE = "2026-10-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("defects") / "sample"
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    with (folder / "Opportunity.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


def is_open(row):
    return row["IsClosed"] == "false"


def is_lost(row):
    return row["IsClosed"] == "true" and row["IsWon"] == "false"


def test_every_defect_is_found_where_the_truth_says(rows, truth, folder):
    with (folder / "User.csv").open(encoding="utf-8", newline="") as file:
        users = {user["Id"] for user in csv.DictReader(file)}
    rules = {
        "missing_close_date": lambda r: not r["CloseDate"],
        "year_typed_wrong": lambda r: r["CloseDate"].startswith("2207"),
        "decimal_comma": lambda r: "," in r["Amount"],
        "negative_amount": lambda r: r["Amount"].startswith("-"),
        "orphan_owner": lambda r: r["OwnerId"] not in users,
        "future_dated_won": lambda r: r["IsWon"] == "true" and r["CloseDate"] >= CLOSED_TOO_LATE,
        "stage_contradicts_flags": lambda r: (
            r["IsClosed"] == "true" and r["StageName"] in OPEN_STAGES
        ),
        "blank_amount": lambda r: not r["Amount"],
        "blank_next_step": lambda r: is_open(r) and not r["NextStep"],
        "blank_lost_reason": lambda r: is_lost(r) and not r["Loss_Reason__c"],
        "stage_spelling": lambda r: r["StageName"] not in STAGE_NAMES,
        "product_spelling": lambda r: r["Product__c"] not in PRODUCT_NAMES,
        "test_deal": lambda r: r["Name"] == "TEST do not use",
        "deleted_row": lambda r: r["IsDeleted"] == "true",
        "stale_close_date": lambda r: is_open(r) and r["CloseDate"] < CLOSED_TOO_LATE,
    }
    extra = set(truth["defects"]["test_deal"]["ids"] + truth["defects"]["deleted_row"]["ids"])
    for name, rule in rules.items():
        among = rows if name in {"test_deal", "deleted_row"} else real(rows, extra)
        found = {row["Id"] for row in among if rule(row)}
        planted = truth["defects"][name]
        assert found == set(planted["ids"]), name
        assert planted["count"] == len(found) > 0, name


def real(rows, extra):
    return [row for row in rows if row["Id"] not in extra]


def test_duplicates_are_identical_or_differ_as_planted(rows, truth):
    by_id = {}
    for row in rows:
        by_id.setdefault(row["Id"], []).append(row)
    twice = {deal: copies for deal, copies in by_id.items() if len(copies) > 1}
    same = {deal for deal, (one, two) in twice.items() if one == two}
    assert same == set(truth["defects"]["identical_duplicate"]["ids"])
    assert set(twice) - same == set(truth["defects"]["differing_duplicate"]["ids"])


def test_a_deal_has_one_defect_at_most(truth):
    planted = [
        deal
        for name, kind in truth["defects"].items()
        if name not in {"test_deal", "deleted_row"}
        for deal in kind["ids"]
    ]
    assert len(planted) == len(set(planted))


def test_few_rows_have_to_be_quarantined(rows, truth):
    count = {name: kind["count"] for name, kind in truth["defects"].items()}
    unreadable = count["missing_close_date"] + count["year_typed_wrong"] + count["decimal_comma"]
    assert 0 < unreadable + 2 * count["differing_duplicate"] < 0.002 * len(rows)


def test_shares_are_as_planted(rows, truth):
    clean = [row for row in rows if row["IsDeleted"] == "false"]
    among = {
        "all": len(clean),
        "open": sum(map(is_open, clean)),
        "lost": sum(map(is_lost, clean)),
    }
    for name, kind in truth["defects"].items():
        expected = kind["share"] * among[kind["of"]]
        assert kind["count"] == pytest.approx(expected, abs=1.5 + 0.02 * expected), name


def test_hostile_texts_are_where_a_report_shows_them(rows, folder):
    by_name = {row["Name"]: row for row in rows}
    assert set(HOSTILE_NAMES) <= set(by_name)
    script = by_name["<script>alert(1)</script>"]
    assert script["IsWon"] == "true"
    assert "2026-07-01" <= script["CloseDate"] <= "2026-09-30"
    with (folder / "Account.csv").open(encoding="utf-8", newline="") as file:
        assert HOSTILE_ACCOUNT in {row["Name"] for row in csv.DictReader(file)}
    assert any(name.startswith(HOSTILE_ACCOUNT) for name in by_name)
