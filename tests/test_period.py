from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import InputError
from salesops_lib.period import Period, as_day, kind_rank, label_parts


def period(kind: str, start: str, end: str, number: int = 1) -> Period:
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    return Period(kind, 2026, number, first, last)


def test_labels_are_written_in_four_forms() -> None:
    assert str(period("year", "2026-01-01", "2026-12-31")) == "FY2026"
    assert str(period("quarter", "2026-07-01", "2026-09-30", 3)) == "2026-Q3"
    assert str(period("week", "2026-01-05", "2026-01-11", 2)) == "2026-W02"
    # October is the first month of a federal fiscal 2026, and October 2025.
    assert str(period("month", "2025-10-01", "2025-10-31", 1)) == "2025-10"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2026-Q3", ("quarter", 2026, 3)),
        ("2026-09", ("month", 2026, 9)),
        ("FY2026", ("year", 2026, 1)),
        ("2026-W27", ("week", 2026, 27)),
    ],
)
def test_labels_are_read_in_four_forms(text: str, parts: tuple[str, int, int]) -> None:
    assert label_parts(text) == parts


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Q3 2026", "2026-Q3"),
        ("2026Q3", "2026-Q3"),
        ("2026-q3", "2026-Q3"),
        ("FY26-Q3", "2026-Q3"),
        ("Q3 FY2026", "2026-Q3"),
        ("Q3'26", "2026-Q3"),
        (" 2026-Q3\n", "2026-Q3"),
        ("2026", "FY2026"),
        ("FY26", "FY2026"),
        ("fy 2026", "FY2026"),
        ("2026-9", "2026-09"),
        ("2026/09", "2026-09"),
        ("09/2026", "2026-09"),
        ("2026-M09", "2026-09"),
        ("2026-W7", "2026-W07"),
        ("W27 2026", "2026-W27"),
    ],
)
def test_other_spellings_are_refused_with_the_right_one(text: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean `{meant}`\\?"):
        label_parts(text)


@pytest.mark.parametrize(
    "text",
    ["", "Q3", "26", "2026-Q5", "2026-Q0", "2026-13", "2026-00", "2026-09-30", "next quarter",
     "٢٠٢٦-Q3", "2026-Q3; DROP TABLE", "<b>2026-Q3</b>"],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_the_forms_allowed(text: str) -> None:
    with pytest.raises(InputError) as caught:
        label_parts(text)
    sentence = str(caught.value)
    assert "is not a period. A period is" in sentence
    assert all(form in sentence for form in ("2026-Q3", "2026-09", "FY2026", "2026-W27"))


def test_a_very_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InputError) as caught:
        label_parts("x" * 100_000)
    assert len(str(caught.value)) < 300


def test_periods_sort_by_time_and_the_shorter_first() -> None:
    year = period("year", "2026-01-01", "2026-12-31")
    quarters = [
        period("quarter", "2026-01-01", "2026-03-31", 1),
        period("quarter", "2026-04-01", "2026-06-30", 2),
    ]
    month = period("month", "2026-04-01", "2026-04-30", 4)
    assert sorted([quarters[1], year, month, quarters[0]]) == [
        quarters[0],
        year,
        month,
        quarters[1],
    ]
    assert quarters[0] < quarters[1]
    assert quarters[1] >= quarters[0]
    with pytest.raises(TypeError):
        _ = year < "FY2026"  # type: ignore[operator]


def test_days_count_both_ends_and_contains_does_too() -> None:
    quarter = period("quarter", "2024-01-01", "2024-03-31")
    assert quarter.days == 91  # a leap year
    assert quarter.contains(dt.date(2024, 1, 1))
    assert quarter.contains(dt.date(2024, 3, 31))
    assert not quarter.contains(dt.date(2023, 12, 31))
    assert not quarter.contains(dt.date(2024, 4, 1))


def test_moments_count_by_their_date() -> None:
    quarter = period("quarter", "2024-01-01", "2024-03-31")
    assert quarter.contains(pd.Timestamp("2024-03-31 23:59:59"))
    assert as_day(dt.datetime(2024, 3, 31, 23, 59, tzinfo=dt.UTC)) == dt.date(2024, 3, 31)
    assert type(as_day(pd.Timestamp("2024-03-31"))) is dt.date


@pytest.mark.parametrize("value", [None, pd.NaT, "2026-09-30", 20260930, np.datetime64("NaT")])
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="where a date such as 2026-09-30 is needed"):
        as_day(value)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"`quater` is not a kind .* did you mean `quarter`"):
        kind_rank("quater")
