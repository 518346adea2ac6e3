"""Numbers, money and dates as people read them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter

SHOW = Formatter("en", "EUR")


@pytest.mark.parametrize(
    ("amount", "full", "compact"),
    [
        (0, "€0", "€0"),
        (12, "€12.00", "€12.00"),
        (123.456, "€123", "€123"),
        (1234.5, "€1,234", "€1.23K"),
        (999_999, "€999,999", "€1M"),
        (12_600_000, "€12,600,000", "€12.6M"),
        (Decimal("2500000000.00"), "€2,500,000,000", "€2.5B"),
        (-1200, "−€1,200", "−€1.2K"),
    ],
)
def test_money(amount, full, compact):
    assert SHOW.money(amount) == full
    assert SHOW.money(amount, compact=True) == compact


def test_currencies_without_cents_show_none():
    assert Formatter("en", "JPY").money(12) == "JP¥12"


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.314, "share", "31.4%"),
        (-0.0004, "share", "0.0%"),
        (71.4, "days", "71\xa0days"),
        (1, "days", "1\xa0day"),
        (2.64, "ratio", "2.6×"),
        (12345, "count", "12,345"),
        (None, "money", "–"),
        (float("nan"), "share", "–"),
    ],
)
def test_values_in_their_unit(number, unit, text):
    assert SHOW.value(number, unit) == text


def test_zero_missing_and_negative_differ():
    assert len({SHOW.value(number, "money") for number in (0, None, -1, 1)}) == 4


def test_dates():
    assert SHOW.date(dt.date(2026, 9, 30)) == "30 September 2026"
    assert SHOW.span(dt.date(2026, 7, 1), dt.date(2026, 9, 30)) == "1 July to 30 September 2026"
    assert "2025 to" in SHOW.span(dt.date(2025, 12, 1), dt.date(2026, 2, 28))


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="no catalogue for language `xx`"):
        Formatter("xx", "EUR")


@given(st.decimals(-(10**15), 10**15, places=2))
def test_money_keeps_sign_and_size(amount):
    text = SHOW.money(amount)
    assert text.startswith("−") == (amount < 0 and any(d in text for d in "123456789"))
    digits = Decimal("".join(sign for sign in text if sign.isdigit() or sign == "."))
    assert abs(abs(amount) - digits) <= Decimal("0.5")
