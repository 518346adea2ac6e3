"""Intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.stats import mean_interval, median_interval, sum_interval, wilson_interval


def test_wilson_of_a_published_example():
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    for successes, trials, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        found = wilson_interval(successes, trials)
        assert found == pytest.approx((low, high), abs=5e-5)


def test_no_trials_have_no_interval():
    assert wilson_interval(0, 0) is None
    assert median_interval([]) is None
    assert sum_interval(0, 0) is None
    assert mean_interval(1, 5.0, float("nan")) is None


def test_the_median_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(5)
    hits = sum(
        low <= 1.0 <= high
        for low, high in (median_interval(rng.lognormal(0, 1, 40)) for _ in range(2000))
    )
    assert 0.94 <= hits / 2000 <= 0.99


def test_five_values_are_too_few_for_a_median_interval():
    assert median_interval(range(5)) is None
    assert median_interval(range(1, 7)) == (1.0, 6.0)


def test_the_sum_interval_covers_a_compound_poisson_total():
    rng = np.random.default_rng(7)
    truth = 30 * 1.5  # 30 deals of mean 1.5 on average
    hits = 0
    for _ in range(2000):
        deals = rng.gamma(2.0, 0.75, rng.poisson(30))
        low, high = sum_interval(deals.sum(), (deals**2).sum())
        hits += low <= truth <= high
    assert 0.92 <= hits / 2000 <= 0.975


def test_the_mean_interval_is_students():
    """Table value t(0.975; 9) = 2.262."""
    low, high = mean_interval(10, 50.0, 10.0)
    assert high - 50 == pytest.approx(2.262 * 10 / 10**0.5, abs=0.01)
    assert 50 - low == pytest.approx(high - 50)
