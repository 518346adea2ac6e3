"""Who may be named, and the frames that the tests for gaming read."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.compensation.bunching import Bins, bunching
from salesops_lib.compensation.gaming import Case, gaming_test
from salesops_lib.compensation.plots_gaming import plot_gaming, plot_threshold_bunching
from salesops_lib.compensation.split_abuse import split_lateness, split_lifting
from salesops_lib.compensation.threshold_bunching import attainment_bins, threshold_bunching
from salesops_lib.errors import InputError

mpl.use("Agg")


def case(level, key, p, n=100):
    return Case(level, key, key, n, 0.1, 0.0, 0.2, p)


def test_levels_are_corrected_each_for_its_part():
    frame, tested = gaming_test(
        [case("all", "all", 0.03), case("team", "A", 0.002), case("team", "B", 0.01)]
        + [case("rep", f"R{n}", p) for n, p in enumerate([0.0001, 0.01, 0.5])]
    )
    found = frame.set_index("group")
    assert found.loc["all", "p_adjusted"] == pytest.approx(0.03 / 0.8)
    # Holm: the smallest of two counts twice, the other once; each ÷ 0.1.
    assert found.loc["A", "p_adjusted"] == pytest.approx(0.04)
    assert found.loc["B", "p_adjusted"] == pytest.approx(0.1)
    assert found.loc["R0", "p_adjusted"] == pytest.approx(0.003)
    # Who is not found has no row.
    assert set(found.index) == {"all", "A", "B", "R0"}
    assert tested == {"all": 1, "team": 2, "rep": 3}


def test_few_cases_are_never_judged_and_their_numbers_not_shown():
    frame, tested = gaming_test([case("team", "A", 1e-9, n=29), case("rep", "R1", 1e-9, n=19)])
    assert list(frame["verdict"]) == ["too few"]
    assert frame["effect"].isna().all()
    assert tested["team"] == tested["rep"] == 0


def attained(n=400, extra=0, seed=1):
    rng = np.random.default_rng(seed)
    shares = np.append(rng.normal(1, 0.3, n).clip(0), np.full(extra, 1.01))
    return pd.DataFrame(
        {
            "rep_id": [f"R{k % 50:02d}" for k in range(len(shares))],
            "team": [f"T{k % 5}" for k in range(len(shares))],
            "period": [f"P{k // 50}" for k in range(len(shares))],
            "quota_cents": 100_000,
            "credited_cents": (shares * 100_000).round().astype("int64"),
        }
    )


def test_planted_excess_is_counted_and_drawn():
    result = threshold_bunching(attained(extra=60))
    assert result.is_found
    assert result.estimate.excess == pytest.approx(60, abs=20)
    assert result.estimate.error > 0
    assert result.headline.startswith("Attainment bunches at the threshold")
    assert plot_threshold_bunching(result).has_data()
    assert plot_gaming(result).has_data()
    mpl.pyplot.close("all")


def test_small_companies_are_not_accused():
    result = threshold_bunching(attained(60, extra=20))
    assert not result.is_computable
    assert not result.is_found
    assert "100 are needed" in result.headline


def test_the_order_of_rows_makes_no_difference():
    own = attained(extra=30)
    mixed = own.sample(frac=1, random_state=3)
    assert threshold_bunching(own).frame.equals(threshold_bunching(mixed).frame)


def test_exactly_at_the_threshold_is_not_below_it():
    bins = attainment_bins()
    assert bins.place([1.0, 0.9999, 29_999_997 / 29_999_997]).tolist() == [15, 14, 15]
    assert bins.place([np.nan, np.inf, 5.0]).tolist() == [-1, -1, -1]


@given(st.lists(st.integers(0, 200), min_size=21, max_size=21))
def test_counts_outside_the_window_and_the_excess_add_up(counts):
    bins = Bins(0.0, 1.0, 10, 10, window=(-1, 1), order=2)
    found = bunching(counts, bins, draws=0)
    inside = found.frame[found.frame["in_window"]]
    assert found.excess == pytest.approx((inside["count"] - inside["counterfactual"]).sum())


@pytest.mark.parametrize(
    "more", [{"width": 0.0}, {"window": (-5, 0)}, {"order": 9}, {"window": (0, 5)}]
)
def test_bins_that_cannot_be_estimated_are_refused(more):
    with pytest.raises(InputError):
        Bins(**({"threshold": 1.0, "width": 0.1, "below": 5, "above": 5} | more))


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="no column `quota_cents`"):
        threshold_bunching(attained().drop(columns="quota_cents"))


def test_without_splits_or_their_days_there_is_no_test():
    splits = pd.DataFrame(
        {
            "opportunity_id": ["D1"],
            "giver_id": ["R00"],
            "receiver_id": ["R05"],
            "period": ["P0"],
            "close_date": ["2026-03-31"],
            "credit_cents": [5],
        }
    )
    assert "30 are needed" in split_lifting(splits, attained()).headline
    assert split_lateness(splits, attained()).reason == (
        "the CRM does not say when a split was made"
    )
