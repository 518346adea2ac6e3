"""Variation against chance: moments worked by hand, and false alarms as often as said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from salesops_lib.stats import amount_dispersion, count_dispersion


def test_mean_and_variance_are_those_of_all_ways_to_fall():
    """Three items, two uneven periods: all eight ways, each with its probability."""
    items, chance = np.array([1.0, 2.0, 5.0]), np.array([0.3, 0.7])
    squares, fourths = (items**2).sum(), (items**4).sum()
    ratios, weights = [], []
    for places in itertools.product([0, 1], repeat=3):
        totals = [items[np.array(places) == period].sum() for period in (0, 1)]
        ratios.append(amount_dispersion(totals, chance, squares, fourths).ratio)
        weights.append(np.prod(chance[list(places)]))
    assert np.average(ratios, weights=weights) == pytest.approx(1)
    variance = np.average((np.array(ratios) - 1) ** 2, weights=weights)
    uneven = 1 / 0.3 + 1 / 0.7 - 4
    worked = (fourths * uneven + 2 * (squares**2 - fourths)) / squares**2
    assert variance == pytest.approx(worked)


def test_chance_is_taken_for_more_than_chance_as_rarely_as_said():
    rng = np.random.default_rng(11)
    amounts, counts = [], []
    for _ in range(1500):
        items = [rng.lognormal(0, 1, n) for n in rng.poisson(4, 12)]
        every = np.concatenate(items)
        amounts.append(
            amount_dispersion(
                [period.sum() for period in items],
                np.full(12, 1 / 12),
                (every**2).sum(),
                (every**4).sum(),
            )
        )
        n = rng.poisson(12, 12)
        counts.append(count_dispersion(rng.binomial(n, 0.3), n, np.full(12, 0.3)))
    for found in (amounts, counts):
        assert np.mean([d.above <= 0.05 for d in found]) <= 0.07
        assert np.mean([d.below <= 0.05 for d in found]) <= 0.07


def test_pearsons_statistic_worked_by_hand():
    """Of 10 and 30 deals 8 and 12 are won: half are expected, so 9/2.5 + 9/7.5 = 4.8."""
    found = count_dispersion([8, 12], [10, 30], [0.5, 0.5])
    assert found.ratio == pytest.approx(4.8 * 39 / 40)
    # Chi square with one degree of freedom: P(X > 4.68) = 0.0305.
    assert found.above == pytest.approx(0.0305, abs=0.0002)
    assert found.above + found.below == pytest.approx(1)


def test_bad_periods_of_everyone_are_no_ones_fault():
    found = count_dispersion([8, 2, 8, 2], [10, 10, 10, 10], [0.4, 0.1, 0.4, 0.1])
    assert found.ratio == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "found",
    [
        amount_dispersion([10], [1.0], 10, 10),
        amount_dispersion([0, 0], [0.5, 0.5], 0, 0),
        count_dispersion([1], [2], [0.5]),
        count_dispersion([0, 0], [2, 2], [0.5, 0.5]),
        count_dispersion([2, 2], [2, 2], [0.5, 0.5]),
        count_dispersion([1, 1], [2, 0], [0.5, 0.5]),
    ],
)
def test_where_nothing_can_vary_there_is_no_answer(found):
    assert found is None
