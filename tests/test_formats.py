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


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.1234, "share", "%12,3"),
        (-0.0004, "share", "%0,0"),
        (71.4, "days", "71\xa0gün"),
        (1, "days", "1\xa0gün"),
        (2.64, "ratio", "2,6×"),
        (12345, "count", "12.345"),
        (12_600_000, "money", "€12.600.000"),
        (None, "money", "–"),
    ],
)
def test_turkish_values_in_their_unit(number, unit, text):
    assert Formatter("tr", "EUR").value(number, unit) == text


def test_turkish_signs_stand_before_the_percent_sign():
    show = Formatter("tr", "EUR")
    assert show.share(0.012, signed=True) == "+%1,2"
    assert show.share(-0.012, signed=True) == "−%1,2"
    assert show.points(-0.012) == "−1,2\xa0puan"
    assert show.interval(0.1, 0.2, "share", rough=True) == "%10 – %20"


def test_turkish_dates_and_periods():
    show = Formatter("tr", "TRY")
    assert show.date(dt.date(2026, 9, 30)) == "30 Eylül 2026"
    assert show.span(dt.date(2026, 7, 1), dt.date(2026, 9, 30)) == "1 Temmuz – 30 Eylül 2026"
    labels = ["2026-Q3", "2026-09", "FY2026", "2026-W07", "no label"]
    shown = ["2026-Ç3", "2026-09", "MY2026", "2026-H07", "no label"]
    assert [show.period(label) for label in labels] == shown
    assert [Formatter("en").period(label) for label in labels] == labels


def test_turkish_lists_and_compact_money():
    show = Formatter("tr", "TRY")
    assert show.listed(["A", "B", "C"]) == "A, B ve C"
    assert show.money(12_600_000, compact=True) == "12,6\xa0Mn\xa0₺"


@given(st.decimals(-(10**6), 10**6, places=4), st.sampled_from(["en", "tr"]))
def test_a_share_keeps_sign_and_size(share, language):
    text = Formatter(language).share(share)
    assert text.startswith("−") == (round(share * 100, 1) < 0)
    assert text.count("%") == 1
    digits = Decimal("".join(sign for sign in text if sign.isdigit())) / 10
    assert abs(abs(share) * 100 - digits) <= Decimal("0.05")
