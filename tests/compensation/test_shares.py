"""Shares of money: always the whole, whatever the weights."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.compensation.shares import (
    first_rest_shares,
    largest_remainder,
    product_cents,
    running_shares,
    shared_cents,
)

GROUPS = st.lists(
    st.tuples(
        st.integers(-(10**13), 10**13),
        st.lists(st.integers(0, 10**12), min_size=1, max_size=6).filter(any),
    ),
    min_size=1,
    max_size=5,
)


def columns(groups):
    pools = np.array([pool for pool, _ in groups], dtype="int64")
    weights = np.array([w for _, ws in groups for w in ws], dtype="int64")
    group = np.repeat(np.arange(len(groups)), [len(ws) for _, ws in groups])
    return pools, weights, group


@pytest.mark.parametrize("cut", [shared_cents, running_shares, first_rest_shares])
@given(GROUPS)
def test_shares_sum_to_their_pool_and_a_return_mirrors_the_sale(cut, groups):
    pools, weights, group = columns(groups)
    cents = cut(pools, weights, group)
    assert np.add.reduceat(cents, np.unique(group, return_index=True)[1]).tolist() == pools.tolist()
    assert (cut(-pools, weights, group) == -cents).all()


@given(GROUPS)
def test_no_share_is_a_cent_away_from_its_exact_part(groups):
    pools, weights, group = columns(groups)
    cents = shared_cents(pools, weights, group)
    totals = [sum(ws) for _, ws in groups]
    for amount, weight, at in zip(cents.tolist(), weights.tolist(), group.tolist(), strict=True):
        exact = Fraction(int(pools[at]) * weight, totals[at])
        assert abs(amount - exact) < 1


@given(st.integers(-(10**14), 10**14), st.integers(0, 10**12), st.integers(1, 10**12))
def test_products_are_rounded_half_away_from_zero(cents, num, den):
    exact = Fraction(abs(cents) * num, den)
    if exact >= 2**62:
        return
    nearest = int(exact + Fraction(1, 2))
    found = product_cents(np.array([cents]), np.array([num]), np.array([den]))
    assert int(found[0]) == (nearest if cents > 0 else -nearest)


def test_cents_left_over_go_to_the_largest_remainders_then_to_the_first():
    assert largest_remainder(10, [5, 3, 2]) == [5, 3, 2]
    assert largest_remainder(5, [50, 30, 20]) == [3, 1, 1]
    assert largest_remainder(-5, [50, 30, 20]) == [-3, -1, -1]
    assert largest_remainder(2, [1, 1, 1, 0]) == [1, 1, 0, 0]
    with pytest.raises(ValueError, match="not be negative"):
        largest_remainder(5, [0, 0])
