"""The measures against what the simulated company's truth says happened."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib import performance
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import open_view

AS_OF = dt.date(2026, 9, 30)
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Store and truth of a small company with all of its defects."""
    folder = tmp_path_factory.mktemp("company")
    write_sample(folder / "export", seed=7, scale=0.2)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    truth = json.loads((folder / "export" / "truth.json").read_text(encoding="utf-8"))
    return folder / "store", truth


@pytest.fixture(scope="module")
def totals(company):
    return pd.DataFrame(company[1]["totals"])


@pytest.mark.parametrize("quarter", ["2024-Q2", "2025-Q4", "2026-Q3"])
@pytest.mark.parametrize("by", [None, "region", "team"])
def test_bookings_and_wins_are_the_true_ones_in_one_currency(company, totals, quarter, by):
    measure = performance.bookings(open_view(company[0], period=quarter), by)
    found = {key: measure.value(group=key) for key, _ in measure.groups}
    found = {key: value for key, value in found.items() if value.n}
    true = totals[totals["quarter"] == quarter].assign(all="all")
    true = true.groupby(by or "all")[["won_amount_eur", "won_deals"]].sum()
    true = true[true["won_deals"] > 0]
    assert {key: value.n for key, value in found.items()} == true["won_deals"].to_dict()
    for key, value in found.items():
        assert float(value.number) == pytest.approx(true.loc[key, "won_amount_eur"], abs=0.005)


def test_credited_reps_are_the_true_ones(company):
    store, truth = company
    view = open_view(store, period="2026-Q2")
    true = pd.DataFrame(truth["rep_quarters"]).query("quarter == '2026-Q2'").set_index("rep_id")
    credit = performance.attainment(view, "rep")
    checked = 0
    for key, _ in credit.groups:
        value = credit.value(group=key)
        if value.number is not None and key in true.index:
            quota, credited = true.loc[key, ["first_quota_eur", "credited_eur"]]
            assert value.number == pytest.approx(credited / quota, rel=1e-3), key
            checked += 1
    assert checked >= 10


def test_teams_and_regions_add_up_to_the_company(company):
    view = open_view(company[0], period="2026-Q3")
    whole = performance.bookings(view).value().number
    for kind in ("region", "team", "rep"):
        parts = [
            performance.bookings(open_view(company[0], period="2026-Q3", scope=str(scope)))
            for scope in scopes(view.snapshot, kind, view.period, AS_OF)[:60]
        ]
        unplaced = performance.bookings(view, kind).value(group="").number or 0
        assert sum(part.value().number for part in parts) + unplaced == whole, kind


def test_the_planted_defects_are_told(company):
    view = open_view(company[0], period="2026-Q3")
    notes = " ".join(note.what for note in performance.data_quality(view).notes)
    future = company[1]["defects"]["future_dated_won"]["count"]
    many = "deal is" if future == 1 else "deals are"
    assert f"{future} {many} won with a date after 30 September 2026." in notes
    assert "rows of opportunities are quarantined." in notes
    assert "rows of opportunities were repaired." in notes
