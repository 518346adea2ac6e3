"""Amounts of several currencies in one, at declared rates; a missing rate is an error."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.outcomes import bookings

AS_OF = dt.date(2026, 9, 30)
RATES = [
    {"date": "2026-01-01", "from_currency": "GBP", "to_currency": "EUR", "rate": 1.2},
    {"date": "2026-08-01", "from_currency": "GBP", "to_currency": "EUR", "rate": 1.1},
    {"date": "2026-01-01", "from_currency": "EUR", "to_currency": "USD", "rate": 1.25},
]


@pytest.fixture
def snapshot(make_snapshot, deal):
    return make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-06-01", "2026-07-31", "1000.00", won=True, currency="GBP"),
            deal(2, "2026-06-01", "2026-08-01", "1000.00", won=True, currency="GBP"),
            deal(3, "2026-06-01", "2026-08-01", "100.00", won=True, currency="USD"),
            deal(4, "2026-06-01", "2026-08-01", "0.55", won=True, currency="EUR"),
            deal(5, "2026-06-01", "2026-08-01", "1.00", won=True, currency=None),
        ],
        fx_rates=RATES,
    )


def total(snapshot, **settings):
    currency = CurrencySettings(**settings)
    return bookings(open_view(snapshot.path, period="2026-Q3", currency=currency)).value().number


def test_a_closed_deal_counts_at_the_rate_of_its_close_date(snapshot):
    # 1,200 + 1,100 + 80 (quoted the other way) + 0.55 + 1.
    assert total(snapshot, reporting="EUR") == Decimal("2381.55")


def test_at_constant_currency_all_count_at_the_rate_of_the_as_of_date(snapshot):
    assert total(snapshot, reporting="EUR", rates="as_of") == Decimal("2281.55")


def test_a_missing_rate_is_an_error_that_names_currency_and_day(snapshot):
    with pytest.raises(InputError, match="fx_rates: no rate from EUR to TRY on 2026-08-01"):
        total(snapshot, reporting="TRY")


def test_a_rate_that_begins_too_late_is_missing(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[deal(1, "2025-06-01", "2025-07-31", "9.00", won=True, currency="GBP")],
        fx_rates=RATES,
    )
    with pytest.raises(InputError, match="no rate from GBP to EUR on 2025-07-31, needed by 1"):
        open_view(snapshot.path, period="2025-Q3").deals  # noqa: B018 (facts are built here)


def test_what_is_no_currency_is_refused(snapshot):
    with pytest.raises(ValueError, match="`EURO` is no currency code"):
        total(snapshot, reporting="EURO")


def test_facts_are_written_once_and_are_the_same_bytes(snapshot):
    first = total(snapshot, reporting="EUR")
    files = sorted(snapshot.path.glob("derived/facts-*/*.parquet"))
    names = [f"{name}-0000.parquet" for name in ("credits", "deals", "quotas")]
    assert [file.name for file in files] == names
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    assert total(snapshot, reporting="EUR") == first
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def test_a_snapshot_that_cannot_be_written_to_still_answers(snapshot, monkeypatch):
    monkeypatch.setattr("salesops_lib.data.view.facts_folder", lambda *_: None)
    assert total(snapshot, reporting="EUR") == Decimal("2381.55")
