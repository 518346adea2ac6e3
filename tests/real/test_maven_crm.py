"""The published figures of a real CRM export, to the digit.

Published: Maven Analytics' "CRM Sales Opportunities" as it stood on 2017-09-30;
won, closed, revenue and win rate by quarter and by regional office.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_lib import performance
from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.view import open_view

MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "maven_crm.yaml"
AS_OF = dt.date(2017, 9, 30)

PUBLISHED = {
    "2017-Q1": (647, 531, 1_134_672, "82.07"),
    "2017-Q2": (2032, 1254, 3_086_111, "61.71"),
    "2017-Q3": (2047, 1257, 2_982_255, "61.41"),
}
BY_OFFICE = {
    "2017-Q1": {"Central": 347_988, "East": 329_151, "West": 457_533},
    "2017-Q2": {"Central": 957_321, "East": 1_016_823, "West": 1_111_967},
    "2017-Q3": {"Central": 1_053_202, "East": 919_767, "West": 1_009_286},
}


@pytest.fixture(scope="module")
def store(shared_data, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    ingest_folder(shared_data / "maven_crm", MAPPING, AS_OF, store)
    return store


def quarter(store, period):
    return open_view(store, period=period, currency=CurrencySettings(reporting="USD"))


@pytest.mark.parametrize("period", PUBLISHED)
def test_closed_won_revenue_and_win_rate(store, period):
    closed, won, revenue, rate = PUBLISHED[period]
    view = quarter(store, period)
    bookings, win_rate = performance.bookings(view).value(), performance.win_rate(view).value()
    assert bookings.number == Decimal(revenue)
    assert bookings.n == won
    assert win_rate.n == closed
    assert f"{win_rate.number * 100:.2f}" == rate


@pytest.mark.parametrize("period", BY_OFFICE)
def test_revenue_by_regional_office(store, period):
    measure = performance.bookings(quarter(store, period), "region")
    found = {key: measure.value(group=key).number for key, _ in measure.groups}
    assert found == BY_OFFICE[period]


def test_changes_on_the_prior_quarter(store):
    measure = performance.bookings(quarter(store, "2017-Q3"), "region")
    changes = {key: measure.change("prior", key) for key, _ in measure.groups}
    assert round(changes["Central"] * 100, 2) == 10.02  # published as 10.01, cut not rounded
    assert round(changes["East"] * 100, 1) == -9.5
    assert round(changes["West"] * 100, 1) == -9.2
    whole = performance.bookings(quarter(store, "2017-Q3")).change()
    assert round(whole * 100) == -3


def test_what_the_export_lacks_is_said(store):
    view = quarter(store, "2017-Q3")
    notes = " ".join(f"{n.what} {n.consequence}" for n in performance.data_quality(view).notes)
    assert "This export has no quotas." in notes
    assert "790 of 790 lost deals have no amount (100%)." in notes
    assert "2,409 of 2,409 open deals have no amount." in notes
    assert "1,205 rows of opportunities were repaired" in notes
    for name in ("attainment", "win_rate_value", "coverage", "pipeline_created"):
        assert performance.scorecard(view)[name].value().number is None, name


def test_the_first_quarter_is_marked_as_truncated(store):
    notes = [note.what for note in performance.data_quality(quarter(store, "2017-Q2")).notes]
    assert any("2017-Q1 is truncated" in note and "1 March 2017" in note for note in notes)
    assert "truncated" in performance.win_rate(quarter(store, "2017-Q1")).value().reason
    findings = performance.findings(quarter(store, "2017-Q2")).findings
    rate = next(finding for finding in findings if "closed deals were won" in finding.text)
    assert "Do not read the change" in rate.action


def test_the_win_rates_are_told_apart(store):
    result = performance.win_rates(quarter(store, "2017-Q3"))
    closed, by_value, created, in_time = result.measures
    assert closed.definition.formula == "won ÷ (won + lost), by count"
    assert by_value.value().reason == "100% of the lost deals have no amount"
    assert created.value().number < closed.value().number
    # Deals that closed before March 2017 are not in the data.
    assert "created before 1 March 2017" in in_time.value().reason
    assert created.value().number < in_time.value().number < closed.value().number


def test_agents_without_deals_are_listed(store):
    people = performance.people(quarter(store, "2017-Q3")).frame
    assert len(people) == 35
    assert (people["closed"] == 0).sum() == 5
