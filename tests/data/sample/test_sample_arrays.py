"""Draws that are even, yet have the chances they should have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.data.sample.arrays import chosen, evenly_chosen, evenly_spread, generator
from salesops_lib.data.sample.timeline import date_of, day_of, weekday_in_month


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_any_stretch_holds_what_its_chances_add_up_to(chances, start, one, other):
    chance = np.array(chances)
    picked = evenly_chosen(chance, np.arange(len(chance)), start)
    low, high = min(one, other), max(one, other)
    assert abs(picked[low:high].sum() - chance[low:high].sum()) < 1 + 1e-9


def test_each_item_is_chosen_with_its_chance():
    chance = np.array([0.1, 0.5, 0.25, 0.9, 0.0, 1.0])
    starts = (np.arange(4_000) + 0.5) / 4_000
    sequence = np.array([3, 0, 5, 1, 4, 2])
    share = np.mean([evenly_chosen(chance, sequence, start) for start in starts], axis=0)
    assert share == pytest.approx(chance, abs=0.001)


def test_evenly_spread_numbers_are_uniform_in_every_window():
    spread = evenly_spread(np.array([0.37]), np.arange(500))
    for begin in range(0, 480, 20):
        window = spread[begin : begin + 20]
        assert abs((window < 0.3).mean() - 0.3) <= 0.1


def test_weights_decide_what_is_chosen():
    uniform = (np.arange(1_000) + 0.5) / 1_000
    assert np.bincount(chosen(uniform, np.array([1.0, 2.0, 1.0]))).tolist() == [250, 500, 250]


def test_streams_and_divisions_differ():
    draws = [
        generator(*key).random()
        for key in ((1, "a", 0), (1, "a", 1), (1, "b", 0), (2, "a", 0), (1, "a", 0))
    ]
    assert len(set(draws)) == 4
    assert draws[0] == draws[4]


@given(st.integers(day_of(2022, 1, 1), day_of(2028, 12, 31)))
def test_working_days_stay_in_their_month(day):
    moved = date_of(int(weekday_in_month(np.array([day]))[0]))
    assert moved.weekday() < 5
    assert (moved.year, moved.month) == (date_of(day).year, date_of(day).month)
    assert abs((moved - date_of(day)).days) <= 2
