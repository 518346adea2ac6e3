"""Frames of series: what is refused, and what the rules for gaps put in."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import InputError
from salesops_lib.forecasting.series_input import checked_series


def months(values, start="2026-01-01", name="North"):
    ds = pd.date_range(start, periods=len(values), freq="MS")
    return pd.DataFrame({"unique_id": name, "ds": ds, "y": values})


def refused(frame, freq="MS", gaps="refuse"):
    with pytest.raises(InputError) as caught:
        checked_series(frame, 2, freq, gaps)
    return str(caught.value)


def test_rows_may_stand_in_any_order_and_future_dates_follow_the_last():
    (found,) = checked_series(months([1, 2, 3])[::-1], 2, "MS")
    assert found.y.tolist() == [1.0, 2.0, 3.0]
    assert [str(day.date()) for day in found.future] == ["2026-04-01", "2026-05-01"]


@pytest.mark.parametrize(
    ("freq", "start", "expected"),
    [
        ("QS", "2026-01-01", ["2026-07-01", "2026-10-01"]),
        ("QS-FEB", "2026-02-01", ["2026-08-01", "2026-11-01"]),
        ("W-MON", "2026-01-05", ["2026-01-19", "2026-01-26"]),
        ("ME", "2026-01-31", ["2026-03-31", "2026-04-30"]),
    ],
)
def test_quarters_weeks_and_month_ends(freq, start, expected):
    ds = pd.date_range(start, periods=2, freq=freq)
    frame = pd.DataFrame({"unique_id": "a", "ds": ds, "y": [1.0, 2.0]})
    (found,) = checked_series(frame, 2, freq)
    assert [str(day.date()) for day in found.future] == expected


def test_each_series_goes_on_from_its_own_end():
    frame = pd.concat([months([1, 2, 3]), months([5], name="South")])
    north, south = checked_series(frame, 1, "MS")
    assert (str(north.future[0].date()), str(south.future[0].date())) == (
        "2026-04-01",
        "2026-02-01",
    )


def test_a_missing_month_is_refused_by_default_and_named():
    text = refused(months([1, 2, 3, 4]).drop(index=2))
    assert "`North` lacks 1 of 4 values, the first for 2026-03-01" in text


def test_a_missing_value_is_a_gap_too():
    assert "2026-02-01" in refused(months([1, np.nan, 3]))


def test_gaps_by_rule():
    frame = months([1, np.nan, 3, 9]).drop(index=2)
    (zero,) = checked_series(frame, 1, "MS", "zero")
    (line,) = checked_series(frame, 1, "MS", "interpolate")
    assert zero.y.tolist() == [1.0, 0.0, 0.0, 9.0]
    # From 1 to 9 in three equal steps.
    assert line.y == pytest.approx([1, 1 + 8 / 3, 1 + 16 / 3, 9])
    assert zero.filled == line.filled == 2


def test_interpolation_needs_neighbours_on_both_sides():
    assert "begins or ends" in refused(months([1, 2, np.nan]), gaps="interpolate")


def test_two_values_for_one_step_are_refused():
    text = refused(pd.concat([months([1, 2]), months([7])]))
    assert "`North` has two values for 2026-01-01" in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"y": ["1", "2", "3"]}, "not texts"),
        ({"y": [1.0, np.inf, 3.0]}, "infinite"),
        ({"ds": pd.to_datetime(["2026-01-01", "2026-01-17", "2026-03-01"])}, "2026-01-17 is no"),
        ({"ds": pd.to_datetime(["2026-01-01", None, "2026-03-01"])}, "no date"),
        ({"ds": ["soon", "later", "never"]}, "must be dates"),
        ({"unique_id": ["a", None, "a"]}, "no name"),
    ],
)
def test_values_that_no_forecast_can_use(change, says):
    assert says in refused(months([1.0, 2.0, 3.0]).assign(**change))


def test_dates_with_a_time_zone_or_a_time_of_day_are_refused():
    frame = months([1.0, 2.0])
    assert "time zone" in refused(frame.assign(ds=frame["ds"].dt.tz_localize("UTC")))
    assert "is no date of" in refused(frame.assign(ds=frame["ds"] + pd.Timedelta(hours=9)))


def test_wrong_names_are_answered_with_the_nearest():
    assert "no column `y`" in refused(months([1.0]).rename(columns={"y": "Y"}))
    assert "unknown frequency `M`" in refused(months([1.0]), freq="M")
    assert "did you mean `zero`" in refused(months([1.0]), gaps="zeros")
    assert "has no rows" in refused(months([]))


def test_decimals_and_missing_integers_are_numbers():
    (money,) = checked_series(months([Decimal("1.50"), Decimal(2)]), 1, "MS")
    assert money.y.tolist() == [1.5, 2.0]
    frame = months(pd.array([1, None, 3], dtype="Int64"))
    (whole,) = checked_series(frame, 1, "MS", "zero")
    assert whole.y.tolist() == [1.0, 0.0, 3.0]


def test_whole_numbers_as_dates():
    frame = pd.DataFrame({"unique_id": "a", "ds": [10, 12, 14], "y": [1, 2, 3]})
    (found,) = checked_series(frame, 2, 2)
    assert found.future == (16, 18)
    assert "multiple of 2" in refused(frame.assign(ds=[10, 11, 14]), freq=2)


def test_numbers_and_texts_as_names_do_not_mix_up():
    frame = pd.concat([months([1.0], name="b"), months([2.0], name="=1+1")])
    assert [one.unique_id for one in checked_series(frame, 1, "MS")] == ["=1+1", "b"]
