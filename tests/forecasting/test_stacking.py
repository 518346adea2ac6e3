"""Weights, shapes and spreads of the combination, on cases that can be worked by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesops_lib.errors import InputError
from salesops_lib.forecasting.experience import Experience
from salesops_lib.forecasting.scope_tree import ScopeTree
from salesops_lib.forecasting.simulation import coherent_means, shaped_draws
from salesops_lib.forecasting.stacking import stacked, stacking_weights

FACTORS = {"company": 0.5, "region": 0.8, "team": 1.0, "rep": 1.2}


def tree(count=12):
    rows = [(f"o{n}", f"t{n // 3}", f"r{n // 6}") for n in range(count)]
    return ScopeTree(pd.DataFrame(rows, columns=["owner_id", "team", "region"]))


@given(arrays(float, (8, 3), elements=st.floats(-1e6, 1e6)))
def test_weights_are_none_negative_and_add_up_to_one(errors):
    weights = stacking_weights(errors)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_two_independent_parts_are_weighed_by_their_variances():
    errors = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]])
    # Variances 1 and 4, no ridge: weights 4/5 and 1/5.
    assert stacking_weights(errors, equal=0.0) == pytest.approx([0.8, 0.2])
    # A ridge as large as the better variance: 5/(2+5), 2/(2+5).
    assert stacking_weights(errors, equal=4.0) == pytest.approx([5 / 7, 2 / 7])


def test_what_is_wrong_in_the_same_way_as_a_better_part_gets_nothing():
    errors = np.array([[1.0, 3.0], [-1.0, -3.0], [2.0, 6.0]])
    assert stacking_weights(errors, equal=0.0 + 1e-9) == pytest.approx([1.0, 0.0])


def test_without_cases_all_weigh_the_same():
    assert stacking_weights(np.zeros((0, 4))).tolist() == [0.25] * 4
    assert stacking_weights(np.zeros((5, 2))).tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match="without gaps"):
        stacking_weights([[1.0, np.nan]])


def test_a_part_that_is_missing_leaves_its_weight_to_the_others():
    values = np.array([[10.0, 20.0, np.nan], [np.nan, np.nan, np.nan]])
    found = stacked(values, np.array([0.2, 0.2, 0.6]))
    assert found[0] == 15.0
    assert np.isnan(found[1])


@settings(max_examples=30, deadline=None)
@given(
    arrays(float, (12, 20), elements=st.floats(0, 1e7)),
    arrays(float, 12, elements=st.floats(0, 1e7)),
)
def test_draws_of_all_levels_add_up_and_none_is_negative(draws, means):
    found = shaped_draws(tree(), draws, means, FACTORS)
    assert found.shape == draws.shape
    assert (found >= 0).all()
    assert np.isfinite(found).all()


def test_draws_have_the_means_and_spreads_that_were_asked_for():
    rng = np.random.default_rng(0)
    whole = tree(48)
    draws = rng.gamma(4, 10, (48, 4000))
    means = rng.uniform(40, 60, 48)
    found = shaped_draws(whole, draws, means, FACTORS)
    got, raw = whole.totals(found), whole.totals(draws)
    kinds = np.array([kind for kind, _key in whole.scopes])
    for kind, factor in FACTORS.items():
        ratio = got[kinds == kind].std(axis=1) / raw[kinds == kind].std(axis=1)
        assert ratio.mean() == pytest.approx(factor, rel=0.1)
    assert got.mean(axis=1) == pytest.approx(whole.totals(means[:, None])[:, 0], rel=0.03)


def test_the_sure_level_decides_and_the_unsure_ones_give_way():
    two = ScopeTree(pd.DataFrame({"owner_id": ["a", "b"], "team": None, "region": None}))
    # A company sure of 120, owners equally unsure of 50 and 50: each gets half of the rest.
    found = coherent_means(
        two, np.array([120.0]), np.array([1e-6]), np.array([50.0, 50.0]), np.array([1.0, 1.0])
    )
    assert found == pytest.approx([60, 60], abs=1e-3)
    # Errors of 1 and 2: the gap of 20 is dealt by variances 1 and 4.
    found = coherent_means(
        two, np.array([120.0]), np.array([1e-6]), np.array([50.0, 50.0]), np.array([1.0, 2.0])
    )
    assert found == pytest.approx([54, 66], abs=1e-3)
    # Nobody says anything of the whole: owners stay as they are.
    found = coherent_means(
        two, np.array([np.nan]), np.array([1.0]), np.array([50.0, 30.0]), np.array([1.0, 2.0])
    )
    assert found == pytest.approx([50, 30])


def cases(count=40, score=0.5):
    """Cases of one kind whose actual lies `score` half widths above the forecast."""
    periods = [f"20{n:02d}-Q1" for n in range(count)]
    return pd.DataFrame(
        {
            "kind": "team", "step": 1, "week": 5, "period": periods,
            "end": pd.Timestamp("2020-03-31"), "actual": 100.0 + 10 * score, "deals": 100.0,
            "commit": 100.0 + 10 * score, "series": 70.0, "stacked": 100.0, "sd": 8.0,
            "below": 10.0, "above": 10.0, "forecast": 100.0, "learnt": 5,
        }
    )  # fmt: skip


def test_an_interval_is_as_wide_as_past_errors_ask_for():
    assert Experience(cases(400, 0.5)).factor(1, 5, "team") == pytest.approx(0.5, abs=0.02)
    assert Experience(cases(400, 2.0)).factor(1, 5, "team") == pytest.approx(2.0, abs=0.05)
    assert Experience(cases().iloc[:0]).factor(1, 5, "team") == 1.0
    assert Experience(pd.DataFrame()).factor(3, 5, "company") == 1.0


def test_the_part_that_was_right_gets_the_weight():
    weights = Experience(cases(40)).weights(1, 5, "team", ("deals", "commit", "series"))
    assert weights[1] > 0.95
    alone = Experience(cases(40)).weights(1, 5, "team", ("series",))
    assert alone.tolist() == [1.0]
    other = Experience(cases(40)).weights(1, 5, "company", ("deals", "series"))
    assert other.tolist() == [0.5, 0.5]


def test_only_quarters_that_had_ended_are_known():
    rows = cases(2).assign(end=[pd.Timestamp("2020-03-31"), pd.Timestamp("2020-06-30")])
    assert len(Experience(rows).known_on(dt.date(2020, 6, 30)).cases) == 1
    assert len(Experience(rows).known_on(dt.date(2020, 7, 1)).cases) == 2
    assert Experience(rows).known_on(dt.date(2020, 7, 1)).quarters(1) == 2
