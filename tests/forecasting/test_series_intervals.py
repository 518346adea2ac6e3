"""Conformal intervals: hand-worked parts, and coverage on simulated series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.forecasting.series_intervals import calibration, growth_of_errors


def simulated(series, freedom=None, horizon=4, seed=11):
    """Errors of three origins and of the future, each series with a size of its own."""
    rng = np.random.default_rng(seed)
    shape = (series, 4, horizon)
    draws = rng.standard_normal(shape) if freedom is None else rng.standard_t(freedom, shape)
    sizes = rng.lognormal(0, 1, series)
    errors = draws * sizes[:, None, None] * np.sqrt(np.arange(1, horizon + 1))
    # The reference tells the size only to a factor.
    references = sizes * rng.lognormal(0, 0.3, series)
    return errors[:, :3], errors[:, 3], references


@pytest.mark.parametrize("freedom", [None, 3])
@pytest.mark.parametrize("share", [0.8, 0.95])
def test_intervals_hold_what_they_promise(share, freedom):
    past, future, references = simulated(1500, freedom)
    found = calibration(list(past), [(8, 4, 0)] * 1500, references)
    held = np.abs(future) <= found.half_widths(share)
    assert held.mean() == pytest.approx(share, abs=0.015)
    assert held.mean(axis=0) == pytest.approx(share, abs=0.03)  # at each step ahead


def test_a_usual_error_grows_as_planted():
    past, _, references = simulated(1500)
    found = calibration(list(past), [(8, 4, 0)] * 1500, references)
    planted = np.sqrt([1, 2, 3, 4])
    assert found.profile == pytest.approx(planted / planted.mean(), rel=0.05)


def test_a_calm_series_gets_a_narrow_interval_and_a_wild_one_a_wide_one():
    past = [np.full((3, 2), 1.0), np.full((3, 2), 10.0)]
    found = calibration(past, [(6, 4, 2)] * 2, np.array([1.0, 1.0]))
    calm, wild = found.half_widths(0.8)[:, 0]
    assert wild / calm == pytest.approx(41 / 14, rel=1e-6)
    # Drawn to what both have in common: (3 · 1 + 2 · 5.5) ÷ 5 and (3 · 10 + 2 · 5.5) ÷ 5.
    assert found.scales[1] / found.scales[0] == pytest.approx(41 / 14, rel=1e-6)


def test_without_past_errors_the_reference_and_students_t_speak():
    found = calibration([np.empty((0, 2))], [()], np.array([3.0]))
    assert (found.windows, found.scales.tolist()) == (0, [3.0])
    # |t| with 6 degrees of freedom has mean 0.9186 (15 √6 ÷ 40) and 80 % below 1.4398.
    expected = 1.4398 / (15 * np.sqrt(6) / 40)
    assert found.spread(np.array([0.8]))[0] == pytest.approx(expected, rel=1e-4)


def test_a_series_that_never_moves_has_no_interval():
    found = calibration([np.zeros((2, 2))], [(4, 2)], np.array([0.0]))
    assert np.isnan(found.half_widths(0.8)).all()


def test_errors_grow_with_the_root_of_the_level():
    # From 4 to 36 is held at a factor of 3; from 18 to 36 is one of 2.
    y = np.repeat([4.0, 18.0, 36.0], 4)
    assert growth_of_errors(y, (8, 4), 4) == pytest.approx([3**0.5, 2**0.5])
    assert growth_of_errors(y - 20, (8, 4), 4).tolist() == [1.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.01, 100), min_size=6, max_size=6),
    st.floats(0.05, 0.9),
    st.floats(1e-3, 1e3),
)
def test_wider_shares_are_wider_and_units_do_not_matter(sizes, share, unit):
    past = [np.array(sizes).reshape(3, 2), np.array(sizes[::-1]).reshape(3, 2)]
    references = np.array([1.0, 2.0])
    found = calibration(past, [(6, 4, 2)] * 2, references)
    inner, outer = found.half_widths(share), found.half_widths(share + 0.09)
    assert (outer >= inner).all()
    assert (np.diff(inner, axis=1) >= 0).all()
    scaled = calibration([one * unit for one in past], [(6, 4, 2)] * 2, references * unit)
    assert scaled.half_widths(share) == pytest.approx(inner * unit, rel=1e-6)
