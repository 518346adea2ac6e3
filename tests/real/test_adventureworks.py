"""Attainment of four people of Microsoft's sample company, fiscal years July to June."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_lib import performance
from salesops_lib.calendar import CalendarSettings
from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.view import open_view

MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "adventureworks.yaml"
PUBLISHED = {
    "Jillian Carson": ("1.83", "1.84"),
    "Tsvi Reiter": ("1.07", "1.08"),
    "Linda Mitchell": ("0.44", "0.41"),
    "Pamela Ansman-Wolfe": ("0.17", "0.06"),
}


@pytest.fixture(scope="module")
def store(shared_data, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    ingest_folder(shared_data / "adventureworks", MAPPING, dt.date(2019, 6, 30), store)
    return store


def fiscal_year(store, label):
    return open_view(
        store,
        period=label,
        calendar=CalendarSettings(year_starts=7),
        currency=CurrencySettings(reporting="USD"),
    )


@pytest.mark.parametrize(("label", "which"), [("FY2018", 0), ("FY2019", 1)])
def test_attainment_of_four_people(store, label, which):
    measure = performance.attainment(fiscal_year(store, label), "rep")
    found = {name: measure.value(group=key).number for key, name in measure.groups}
    assert {name: f"{found[name]:.2f}" for name in PUBLISHED} == {
        name: figures[which] for name, figures in PUBLISHED.items()
    }


def test_no_sale_is_lost(store):
    deals = fiscal_year(store, "FY2019").all_deals
    total = deals.agg(total=deals.amount.sum()).to_pandas()["total"].iloc[0]
    assert total == Decimal("44408822.13")


def test_roll_up_targets_are_not_added(store):
    """Sales of FY2019 over the targets of the twelve representatives with one, added by hand.

    With the roll-ups of two managers and the director it would be 27.98 M ÷ 108.65 M.
    """
    view = fiscal_year(store, "FY2019")
    assert performance.bookings(view).value().number == Decimal("27979779.53")
    assert performance.attainment(view).value().number == pytest.approx(27979779.53 / 60_400_000)
