"""Formulas of accuracy and calibration: published examples, worked cases, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import (
    bias,
    crps,
    interval_coverage,
    mape,
    mase,
    pinball,
    skill,
    smape,
    wape,
)
from salesops_lib.forecasting.calibration import (
    brier,
    brier_parts,
    brier_skill,
    expected_calibration_error,
    reliability_bins,
    reliability_slope,
)

AMOUNTS = st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0.01, 1e6)), min_size=1, max_size=30)


def test_errors_worked_by_hand():
    """|100-110| + |120-100| + |80-90| = 40 of 300; percentages 10, 16.667 and 12.5."""
    actual, forecast = [100, 120, 80], [110, 100, 90]
    assert wape(actual, forecast).number == pytest.approx(40 / 300)
    assert bias(actual, forecast).number == 0
    assert mape(actual, forecast).number == pytest.approx((0.1 + 1 / 6 + 0.125) / 3)
    # 20/210, 40/220, 20/170.
    assert smape(actual, forecast).number == pytest.approx((20 / 210 + 40 / 220 + 20 / 170) / 3)


def test_mase_scales_by_the_season_of_the_history():
    """Seasonal moves of [10, 20, 14, 22] at length 2 are 4 and 2: a scale of 3."""
    assert mase([16], [10], [10, 20, 14, 22], 2).number == pytest.approx(2)
    assert mase([16], [10], [5, 5, 5], 1).number is None
    assert "constant" in mase([16], [10], [5, 5, 5], 1).reason
    assert mase([16], [10], [5], 1).number is None


def test_nothing_is_no_zero():
    for measure in (wape, bias, mape, smape):
        empty = measure([], [])
        assert empty.number is None
        assert empty.n == 0
        assert empty.reason
    assert wape([0, 0], [0, 0]).number is None
    assert mape([0, 10], [1, 10]).number is None
    assert smape([0], [0]).number == 0
    assert skill(0.1, 0.0).number is None
    assert skill(None, 0.3).number is None
    assert pinball([], [], 0.5).number is None
    assert interval_coverage([1.0], [np.nan], [np.nan]).number is None


def test_missing_pairs_are_left_out_and_counted_out():
    found = wape([100, np.nan, 50], [90, 10, np.nan])
    assert found.number == pytest.approx(0.1)
    assert found.n == 1


@pytest.mark.parametrize("quantile", [0, 1, -0.2, 1.5])
def test_a_quantile_lies_between_0_and_1(quantile):
    with pytest.raises(InputError, match="between 0 and 1"):
        pinball([1], [1], quantile)


def test_unpaired_columns_are_refused():
    with pytest.raises(InputError, match="pair up"):
        wape([1, 2], [1])
    with pytest.raises(InputError, match="pair up"):
        brier([1, 0], [0.5])


@given(AMOUNTS)
def test_errors_are_never_smaller_than_the_bias(pairs):
    actual, forecast = map(list, zip(*pairs, strict=True))
    error, lean = wape(actual, forecast).number, bias(actual, forecast).number
    assert error >= abs(lean) - 1e-9
    assert 0 <= smape(actual, forecast).number <= 2 + 1e-12


@given(AMOUNTS, st.floats(0.001, 1000))
def test_relative_errors_know_no_unit(pairs, factor):
    actual, forecast = (np.array(side) for side in zip(*pairs, strict=True))
    for measure in (wape, bias, mape, smape):
        once, scaled = measure(actual, forecast), measure(actual * factor, forecast * factor)
        assert scaled.number == pytest.approx(once.number, rel=1e-6, abs=1e-9)


def test_pinball_at_one_half_is_half_the_mean_error():
    assert pinball([10, 20], [13, 15], 0.5).number == pytest.approx((3 + 5) / 4)


def test_pinball_is_least_at_the_true_quantile():
    rng = np.random.default_rng(3)
    drawn = rng.normal(100, 10, 20_000)
    losses = {q: pinball(drawn, np.full(20_000, q), 0.9).number for q in (105, 112.8, 120)}
    assert min(losses, key=losses.get) == 112.8


def test_crps_of_a_normal_forecast_is_the_published_one():
    """Gneiting and Raftery 2007, eq. 21: at the mean it is (√2 − 1) ÷ √π deviations."""
    draws = np.random.default_rng(4).standard_normal((1, 200_000))
    assert crps([0.0], draws).number == pytest.approx((2**0.5 - 1) / np.pi**0.5, abs=0.003)


SIZES = st.floats(-100, 100)


@given(arrays(float, (3, 4), elements=SIZES), st.lists(SIZES, min_size=3, max_size=3))
def test_crps_by_all_pairs(draws, actual):
    expected = []
    for row, y in zip(draws, actual, strict=True):
        pairs = [abs(a - b) for n, a in enumerate(row) for m, b in enumerate(row) if n != m]
        expected.append(np.abs(row - y).mean() - np.mean(pairs) / 2)
    assert crps(actual, draws).number == pytest.approx(np.mean(expected), abs=1e-9)


def test_coverage_counts_the_ends():
    found = interval_coverage([1, 2, 3, 4], [1, 0, 0, 5], [5, 2, 2, 9])
    assert found.number == 0.5
    assert found.low < 0.5 < found.high


def test_brier_worked_by_hand():
    """0.2² + 0.3² + 0.4² = 0.29 over three."""
    assert brier([1, 0, 1], [0.8, 0.3, 0.6]).number == pytest.approx(0.29 / 3)
    assert brier([True, None, False], [0.5, 0.5, 0.5]).n == 2


def test_chances_and_outcomes_are_looked_at():
    with pytest.raises(InputError, match="1\\.2"):
        brier([1], [1.2])
    with pytest.raises(InputError, match="0, 1 or missing"):
        brier([2], [0.5])


def test_skill_against_named_references():
    found = brier_skill([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1],
                        {"base rate": 0.5, "stage": [0.6, 0.6, 0.4, 0.4]})  # fmt: skip
    assert found["base rate"].number == pytest.approx(1 - 0.025 / 0.25)
    assert found["stage"].number == pytest.approx(1 - 0.025 / 0.16)


FEW = st.tuples(st.booleans(), st.sampled_from([0.1, 0.3, 0.5, 0.8]))


@given(st.lists(FEW, min_size=1, max_size=60))
def test_the_parts_of_brier_add_up(cases):
    """With predictions of few values no group mixes two: the parts are exact."""
    outcome, chance = map(list, zip(*cases, strict=True))
    parts = brier_parts(outcome, chance, bins=60)
    assert parts.score == pytest.approx(brier(outcome, chance).number, abs=1e-9)
    assert parts.reliability >= 0
    assert parts.resolution >= -1e-12


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=80),
       st.integers(1, 12))  # fmt: skip
def test_bins_hold_every_case_once_and_part_no_ties(cases, bins):
    outcome, chance = map(list, zip(*cases, strict=True))
    frame = reliability_bins(outcome, chance, bins)
    assert frame["n"].sum() == len(cases)
    assert (frame["n"] * frame["observed"]).sum() == pytest.approx(sum(outcome))
    assert (frame["n"] * frame["predicted"]).sum() == pytest.approx(sum(chance))
    assert len(frame) <= bins
    assert frame["predicted"].is_monotonic_increasing


def test_ece_of_known_gaps():
    """Half the cases were promised 0.9 and came at 1, half 0.2 and came at 0."""
    found = expected_calibration_error([1, 1, 0, 0], [0.9, 0.9, 0.2, 0.2], bins=2)
    assert found.number == pytest.approx(0.15)
    assert expected_calibration_error([], []).number is None


@pytest.mark.parametrize(("stretch", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_the_slope_tells_chances_that_are_too_extreme(stretch, slope):
    rng = np.random.default_rng(8)
    logit = rng.normal(-0.5, 1, 40_000)
    outcome = rng.random(40_000) < 1 / (1 + np.exp(-logit))
    found = reliability_slope(outcome, 1 / (1 + np.exp(-stretch * logit)))
    assert found.number == pytest.approx(slope, rel=0.05)
    assert found.low < slope < found.high


def test_a_slope_needs_two_outcomes():
    assert reliability_slope([1, 1], [0.4, 0.6]).number is None
    assert reliability_slope([], []).number is None
