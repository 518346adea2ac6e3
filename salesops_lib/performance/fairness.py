"""Reps compared fairly: chance and the mix of deals taken out, ranks with their uncertainty."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.performance.comparison import extract_reason, extract_state
from salesops_lib.performance.fair_comparison import FairComparison
from salesops_lib.performance.mix import expected_wins, has_mix
from salesops_lib.performance.rep_periods import covered_periods, rep_credit
from salesops_lib.shrinkage import Shrunk, shrunk_means, shrunk_rates

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["FEWEST", "PERIODS", "deal_sizes", "fair_attainment", "fair_win_rates"]

FEWEST = 4
"""Reps that a comparison takes at least: of three, what is expected of each rests on two."""

PERIODS = 4
"""Periods that are compared together: one alone says next to nothing of a person."""

_LENT = 5
"""Deals of the team's usual size that are lent to each rep, whose own sizes say little."""

_OWN = ["rep_id", "rep", "n", "value", "expected"]
_FAIR = ["fair", "low", "high", "weight", "rank_low", "rank_high", "first", "last"]


@lru_cache(maxsize=16)
def fair_win_rates(view: View, periods: int = PERIODS) -> FairComparison:
    """Closed win rates of the reps, mix of deals and chance taken out.

    Parameters
    ----------
    view : View
        Scope and period.
    periods : int
        How many of the last periods are taken together, the report's own included.

    Returns
    -------
    FairComparison
        `n` counts closed deals. One rep alone, as in a rep's own report, is compared
        with nobody, and nothing of the others is in the result.

    Notes
    -----
    What is expected of each rep is that of `mix.expected_wins`; towards it the rate is
    drawn by `shrinkage.shrunk_rates`, and both are carried to the team's usual mix.
    """
    found = expected_wins(view, periods)
    # Where deals do not differ, what the others win says nothing of the mix.
    mixed = has_mix(view, periods) and len(found) >= FEWEST
    shares = found["expected"] / found["closed"]
    own = pd.DataFrame(
        {
            "rep_id": found["rep_id"],
            "rep": found["rep"],
            "n": found["closed"],
            "value": found["won"] / found["closed"],
            "expected": shares if mixed else float("nan"),
        }
    )
    team = float(found["won"].sum() / found["closed"].sum()) if len(found) else float("nan")
    reason = _reason(view, own)
    shrunk = None
    if not reason:
        errors = found["error"] / found["closed"]
        shrunk = (
            shrunk_rates(found["won"], found["closed"], shares, errors)
            if mixed
            else shrunk_rates(found["won"], found["closed"])
        )
    frame = _ranked(own, shrunk)
    thin = int(found["thin"].sum()) if mixed and not reason else 0
    return FairComparison("win_rate", frame, team, view, _days(view, periods), reason, thin)


@lru_cache(maxsize=16)
def fair_attainment(view: View, periods: int = PERIODS) -> FairComparison:
    """Attainment of the reps, chance taken out.

    The mix of territories and segments is what quotas are set by; nothing else is
    taken out.

    Parameters
    ----------
    view : View
        Scope, period and currency.
    periods : int
        How many of the last periods are taken together, the report's own included;
        each counts for a rep where there is a quota.

    Returns
    -------
    FairComparison
        Reps with a quota in the report's own period; `n` counts credited deals. One
        rep alone is compared with nobody.

    Notes
    -----
    Number and size of the deals are taken as a matter of chance: the variance of an
    attainment is that of the team x size ÷ quota, where size is Σ amount² ÷ Σ amount of
    the rep's deals, five deals of the team's usual size added. It does not rest on what
    the rep sold, so that one who sold nothing is not thought certain to.
    `shrinkage.shrunk_means` does the rest.
    """
    say, days = view.show.say, _days(view, periods)
    if not view.snapshot.has("quotas"):
        empty, reason = pd.DataFrame(columns=_OWN), say("this export has no quotas")
        nothing = _ranked(empty, None)
        return FairComparison("attainment", nothing, float("nan"), view, days, reason)
    rows = rep_credit(view, periods)
    in_force = rows.loc[rows["period"] == view.period.label, "rep_id"]
    sums = {name: (name, "sum") for name in ("credit", "quota", "squares", "deals")}
    now = rows[rows["rep_id"].isin(in_force)].groupby("rep_id", as_index=False)
    found = now.agg(rep=("rep", "first"), **sums)
    own = found[["rep_id", "rep"]].assign(
        n=found["deals"], value=found["credit"] / found["quota"], expected=float("nan")
    )
    team = float(found["credit"].sum() / found["quota"].sum()) if len(found) else float("nan")
    reason = _reason(view, own)
    if not reason and not team > 0:
        reason = say("nobody has credit")
    shrunk = None
    if not reason:
        shrunk = shrunk_means(own["value"], team * deal_sizes(found) / found["quota"])
    frame = _ranked(own, shrunk)
    if (found["credit"] >= 0).all():
        # Ends of a normal distribution know nothing of what cannot be.
        frame["low"] = frame["low"].clip(lower=0)
    return FairComparison("attainment", frame, team, view, days, reason)


def deal_sizes(found: pd.DataFrame) -> pd.Series[float]:
    """Size of each rep's deals that chance is measured by.

    Parameters
    ----------
    found : DataFrame
        One row a rep: `credit`, `squares` (sum of the squared credits) and `deals`.

    Returns
    -------
    Series
        Σ amount² ÷ Σ amount in the reporting currency, five deals of the team's usual
        size added: a rep's own few sizes say little.
    """
    usual = found[["credit", "squares"]].sum() / max(float(found["deals"].sum()), 1.0)
    credit = found["credit"].clip(lower=0) + _LENT * usual["credit"]
    sizes: pd.Series[float] = (found["squares"] + _LENT * usual["squares"]) / credit
    return sizes


def _days(view: View, periods: int) -> str:
    """The periods taken together, as people read them."""
    show, spans = view.show, covered_periods(view, periods)
    last = show.period(view.period.label)
    if not spans or spans[0] == view.period:
        return last
    return show.say("{low} to {high}", low=show.period(spans[0].label), high=last)


def _reason(view: View, own: pd.DataFrame) -> str:
    """Why nobody is compared; empty where they are."""
    say = view.show.say
    if extract_state(view, "current") in {"empty", "later"}:
        return extract_reason(view, "current")
    if view.scope.kind == "rep":
        return say("a report about one rep compares nobody")
    if len(own) < FEWEST:
        return view.show.counted(
            len(own), "only {count} rep has figures", "only {count} reps have figures"
        )
    return ""


def _ranked(own: pd.DataFrame, shrunk: Shrunk | None) -> pd.DataFrame:
    """Rows of `FairComparison.frame`."""
    frame = own.reindex(columns=[*_OWN, *_FAIR])
    if shrunk is not None:
        ranks = shrunk.ranks
        frame[_FAIR] = np.column_stack(
            [shrunk.mean, shrunk.low, shrunk.high, shrunk.weight,
             ranks.low, ranks.high, ranks.first, ranks.last]
        )  # fmt: skip
    frame[["n", "value", "expected", *_FAIR]] = frame[["n", "value", "expected", *_FAIR]].astype(
        float
    )
    frame = frame.astype({"n": int})
    order = ["fair" if shrunk is not None else "value", "rep", "rep_id"]
    return frame.sort_values(order, ascending=[False, True, True], ignore_index=True)
