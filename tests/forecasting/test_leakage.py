"""Planted leaks are refused by name and reason; a strong honest feature is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import InputError
from salesops_lib.forecasting.leakage import leaks, single_auc
from salesops_lib.forecasting.win_model import WinModel

N, OPEN = 1200, 150


@pytest.fixture(scope="module")
def table():
    """Deals with one strong and one weak honest feature, and six leaks."""
    rng = np.random.default_rng(11)
    strong, weak = rng.normal(size=N), rng.normal(size=N)
    won = (rng.random(N) < 1 / (1 + np.exp(-(2.6 * strong + 0.4 * weak - 0.5)))).astype(float)
    won[-OPEN:] = np.nan
    decided = ~np.isnan(won)
    seen = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(N) // 4, unit="D")
    ended = pd.Series(seen + pd.Timedelta(days=40)).where(decided)
    return pd.DataFrame(
        {
            "strong": strong,
            "weak": weak,
            "region": rng.choice(["north", "south"], N),
            "Lost Reason": np.where(won == 0, "price", None),
            "why": np.where((won == 0) & (rng.random(N) < 0.5), "price", None),
            "state": np.where(decided, np.where(won == 1, "W9", "L9"), rng.choice(["P1", "P2"], N)),
            "revenue": np.where(won == 0, 0.0, rng.lognormal(9, 1, N)),
            "score": np.where(decided, won, rng.random(N)) + rng.normal(0, 0.2, N),
            "discount": rng.normal(size=N),
            "discount_set": ended + pd.Timedelta(days=1),
            "paper": ended - pd.to_timedelta(rng.integers(-3, 2, N), unit="D"),
            "seen": seen,
            "ended": ended,
            "outcome": np.where(won == 1, "won", np.where(won == 0, "lost", "open")),
        }
    )


RULES = {
    "Lost Reason": "name",
    "why": "ended_only",
    "state": "ended_only",
    "revenue": "one_value",
    "score": "too_good",
    "discount": "written_after",
    "paper": "written_after",
}


def test_planted_leaks_are_refused_and_honest_features_kept(table):
    model = WinModel(folds=3).fit(
        table, "outcome", time="seen", ended="ended", recorded={"discount": "discount_set"}
    )
    found = {leak.name: leak.rule for leak in model.report.refused}
    assert found == RULES
    assert set(model.features) == {"strong", "weak", "region"}
    assert all(model.report.refusals[name] for name in RULES)


def test_open_deals_are_not_needed_to_find_what_is_filled_for_lost_deals_only(table):
    ended = table[table["outcome"] != "open"].reset_index(drop=True)
    won = (ended["outcome"] == "won").to_numpy(dtype=float)
    found = leaks(ended[["strong", "why", "state"]], won)
    assert {leak.name: leak.rule for leak in found} == {"why": "one_value", "state": "one_value"}


@pytest.mark.parametrize(
    "name", ["is_won", "IsClosed", "Loss_Reason__c", "closed_stage", "final amount", "Signed Date",
             "actual_close_date", "Outcome", "invoice_number", "days_to_close"]
)  # fmt: skip
def test_names_that_tell_of_the_end(name):
    frame = pd.DataFrame({name: np.arange(100.0)})
    assert [leak.rule for leak in leaks(frame, np.arange(100) % 2.0)] == ["name"]


@pytest.mark.parametrize(
    "name", ["stage", "amount", "close_date", "probability", "owner", "contract_type", "wonder"]
)
def test_names_of_honest_columns(name):
    frame = pd.DataFrame({name: np.random.default_rng(1).normal(size=100)})
    assert leaks(frame, np.arange(100) % 2.0) == ()


def test_a_very_strong_feature_that_errs_now_and_then_is_kept():
    rng = np.random.default_rng(2)
    won = rng.integers(0, 2, 2000).astype(float)
    honest = pd.DataFrame({"fit": won + rng.normal(0, 0.5, 2000)})
    assert 0.9 < single_auc(honest["fit"], won) < 0.95
    assert leaks(honest, won) == ()


def test_known_features_are_not_tested(table):
    won = (table["outcome"] == "won").to_numpy(dtype=float)
    assert leaks(table[["score"]], won, known=["score"]) == ()


def test_auc_by_hand():
    # Of the 2 x 3 pairs of won and lost, 5 stand in the right order.
    values, won = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    assert single_auc(values, won) == pytest.approx(5 / 6)
    assert single_auc(-values, won) == pytest.approx(5 / 6)


def test_words_that_are_all_different_do_not_look_good():
    won = np.random.default_rng(3).integers(0, 2, 500).astype(float)
    assert single_auc(pd.Series([f"deal {n}" for n in range(500)]), won) < 0.6


def test_nothing_left_is_an_error(table):
    with pytest.raises(InputError, match="no feature is left"):
        WinModel().fit(table[["Lost Reason", "outcome"]], "outcome")
