"""Shrunk figures: published ones, bounds, coverage, and no false first or last."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.shrinkage import DRAWS, shrunk_means, shrunk_rates

# Efron and Morris (1975), JASA 70, table 1: hits of the first 45 at bats of 18 players in
# 1970, and the averages of the rest of the season.
HITS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
REST = [.346, .298, .276, .222, .273, .270, .263, .210, .269, .230, .264, .256, .303, .264,
        .226, .286, .316, .200]  # fmt: skip
# The same authors (1977), Scientific American 236: James-Stein estimates.
JAMES_STEIN = [.294, .289, .285, .280, .275, .275, .270, .266, .261, .261, .256, .256, .256,
               .256, .256, .252, .247, .242]  # fmt: skip


@pytest.mark.parametrize("kind", ["rates", "means"])
def test_batting_averages_are_the_published_ones(kind):
    shares = np.array(HITS) / 45
    common = shares.mean()
    found = (
        shrunk_rates(HITS, [45] * 18)
        if kind == "rates"
        else shrunk_means(shares, [common * (1 - common) / 45] * 18)
    )
    assert found.mean == pytest.approx(JAMES_STEIN, abs=0.006)
    # Published: the total squared error falls from .077 to .022.
    assert ((shares - REST) ** 2).sum() == pytest.approx(0.077, abs=0.002)
    assert ((found.mean - REST) ** 2).sum() == pytest.approx(0.022, abs=0.001)


@pytest.mark.parametrize("people", [3, 6, 12])
def test_in_a_team_of_equals_hardly_anyone_is_the_first_or_the_last(people):
    rng = np.random.default_rng(20 + people)
    named, runs = np.zeros(2), 120
    for _ in range(runs):
        n = rng.integers(3, 40, people)
        quota = rng.uniform(0.5, 2.0, people)
        noise = rng.standard_normal(people) / np.sqrt(10 * quota)
        for place, found in enumerate(
            (shrunk_rates(rng.binomial(n, 0.3), n), shrunk_means(1 + noise, 1 / (10 * quota)))
        ):
            ranks = found.ranks
            named[place] += max(ranks.first.max(), ranks.last.max()) >= 0.95
    assert (named <= 0.05 * runs).all(), named / runs


def test_who_is_far_better_is_the_first():
    found = shrunk_rates([80, 30, 31, 29, 28], [100] * 5)
    assert found.ranks.first[0] > 0.99
    assert (found.ranks.low[0], found.ranks.high[0]) == (1, 1)
    assert found.ranks.high[1:].max() == 5
    assert found.ranks.low[1:].min() == 2


def test_who_wins_the_one_deal_is_not_the_best():
    found = shrunk_rates([1, 60, 30, 28, 33], [1, 100, 100, 100, 100])
    assert found.mean[0] < found.mean[1]
    assert found.weight[0] < 0.1 < found.weight[1]
    assert found.ranks.high[0] - found.ranks.low[0] >= 3


def test_what_the_mix_makes_one_expect_is_no_merit():
    """Twice as many wins of deals that are won twice as often: the same."""
    found = shrunk_rates([40, 20, 40, 20], [100] * 4, [0.4, 0.2, 0.4, 0.2])
    assert found.mean.max() - found.mean.min() < 0.02
    assert found.ranks.first.max() < 0.6
    plain = shrunk_rates([40, 20, 40, 20], [100] * 4)
    assert plain.mean.max() - plain.mean.min() > 0.1


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(8)
    hits, cases = np.zeros(2), 0
    for _ in range(150):
        true = rng.beta(12, 28, 8)
        n = rng.integers(5, 60, 8)
        rates = shrunk_rates(rng.binomial(n, true), n)
        hits[0] += ((rates.low <= true) & (true <= rates.high)).sum()
        level = rng.normal(1.0, 0.3, 8)
        variance = rng.uniform(0.02, 0.3, 8)
        means = shrunk_means(level + rng.standard_normal(8) * np.sqrt(variance), variance)
        hits[1] += ((means.low <= level) & (level <= means.high)).sum()
        cases += 8
    assert ((hits / cases >= 0.93) & (hits / cases <= 0.99)).all(), hits / cases


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: sum(pair) > 0),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=40, deadline=None)
def test_rates_stay_shares_and_the_same_counts_give_the_same_bytes(counts):
    won = [first for first, _ in counts]
    n = [first + second for first, second in counts]
    found, again = shrunk_rates(won, n), shrunk_rates(won, n)
    assert found.draws.tobytes() == again.draws.tobytes()
    assert found.draws.shape == (DRAWS, len(n))
    assert ((found.low >= 0) & (found.low <= found.mean) & (found.mean <= found.high)).all()
    assert (found.high <= 1).all()
    ranks = found.ranks
    assert ((ranks.low >= 1) & (ranks.low <= ranks.high) & (ranks.high <= len(n))).all()
    assert ranks.first.sum() == pytest.approx(1)
    assert ranks.last.sum() == pytest.approx(1)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.001, 5)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_means_lie_between_the_figures(figures):
    values = [value for value, _ in figures]
    found = shrunk_means(values, [variance for _, variance in figures])
    assert found.mean.min() >= min(values) - 1e-9
    assert found.mean.max() <= max(values) + 1e-9
    assert ((found.weight >= 0) & (found.weight <= 1)).all()


def test_nobody_is_no_error():
    for found in (shrunk_rates([], []), shrunk_means([], [])):
        assert found.mean.size == 0
        assert found.ranks.low.size == 0
