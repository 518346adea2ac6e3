"""Attainment: what was credited against what was asked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.quotas import full_quota_reps
from salesops_lib.data.view import ROLES
from salesops_lib.performance.cohorts import NO_GROUP, PLACES, grouped, in_order, in_windows
from salesops_lib.performance.comparison import compared
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.results import Measure, Value
from salesops_lib.stats import sum_interval
from salesops_lib.words import grouping_word

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import Role, View

__all__ = ["attainment", "credited", "quota_share", "quota_share_ramped"]


@lru_cache(maxsize=64)
def credited(view: View, by: str | None = None) -> pd.DataFrame:
    """Credit and quota of each group in each window.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        None, region, team or rep.

    Returns
    -------
    DataFrame
        One row a group and role: `group`, `label`, `role`, `credit`, `squares`
        (sum of squared credits), `deals` and `quota` (NaN where there is none),
        in the reporting currency.
    """
    credit = _credit(view)
    credit = credit[credit["by"] == (by or "")].drop(columns="by")
    labels = dict(zip(credit["group"], credit["label"], strict=True))
    quotas = []
    for role in ROLES:
        window = view.windows[role]
        of_role = quota_by(view, window.start, window.end, by)
        quotas.append(
            pd.DataFrame({"group": list(of_role), "role": role, "quota": list(of_role.values())})
        )
    # Of no rows pandas takes keys for numbers.
    goals = pd.concat(quotas).astype({"group": object})
    credit = credit.astype({"group": object, "role": object})
    frame = credit.merge(goals, on=["group", "role"], how="outer")
    frame["label"] = frame["group"].map(_labels(view, by, labels))
    filled = frame.fillna({"credit": 0.0, "squares": 0.0, "deals": 0})
    return filled.sort_values(["label", "group"])


@lru_cache(maxsize=32)
def _credit(view: View) -> pd.DataFrame:
    amount = _.amount.cast("float64")

    def query(credits_: IbisTable) -> IbisTable:
        rows = credits_.filter(_.is_won).rename(owner_id="rep_id", owner_name="rep_name")
        sums = grouped(in_windows(view, rows, "close_date"), PLACES, "role").agg(
            label=_.label.min(),
            credit=_.amount.sum().cast("float64"),
            squares=(amount * amount).sum(),
            deals=_.count(),
        )
        return in_order(sums)

    return view.tally("credit", "credits", query)


@lru_cache(maxsize=64)
def attainment(view: View, by: str | None = None) -> Measure:
    """Credited amount ÷ quota.

    While the period runs, the quota is that of the days gone (pace). Credits
    follow revenue splits; roll-ups of other people's quotas are left out. Who was
    hired in the period has the quota for the days from then on; what a leaver leaves
    of one is nobody's, and still the team's.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str, optional
        None, region, team or rep.

    Returns
    -------
    Measure
        A share; `n` is the number of credited deals. The interval takes number
        and size of the deals as a matter of chance.
    """
    say = view.show.say
    lacking = "" if view.snapshot.has("quotas") else say("this export has no quotas")
    if by is not None and by not in PLACES:
        lacking = say("quotas are not set by {by}", by=grouping_word(by, view.show))
    if lacking:
        empty = pd.DataFrame({"group": [], "label": [], "role": []})
        return compared(
            view, "attainment", empty, by, lambda _row, _role: Value(None, reason=lacking)
        )

    def value(row: Any, _role: Role) -> Value:
        if row is None or not row.quota > 0:
            return Value(None, reason=say("no quota in this period"))
        interval = sum_interval(row.credit, row.squares)
        low, high = (end / row.quota for end in interval) if interval else (None, None)
        return Value(row.credit / row.quota, int(row.deals), low, high)

    return compared(view, "attainment", credited(view, by), by, value)


def quota_share(view: View) -> Measure:
    """Share of the reps with a quota who reached it.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Measure
        A share; `n` is the number of reps with a quota.
    """
    return _reached(view, "quota_share")


def quota_share_ramped(view: View) -> Measure:
    """Share of the reps with a full quota for the whole period who reached it.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Measure
        A share; `n` is the number of these reps. New, ramping, absent and leaving
        ones are in `quota_share` only.
    """
    return _reached(view, "quota_share_ramped", whole=True)


def _reached(view: View, measure: str, *, whole: bool = False) -> Measure:
    by_rep = attainment(view, "rep").frame
    # Credit of nobody, and quotas of those who have left, are no rep's.
    rated = by_rep[by_rep["value"].notna() & (by_rep["group"] != NO_GROUP)]
    if whole and len(rated):
        full = _ramped(view)
        kept = [
            group in full[role] for group, role in zip(rated["group"], rated["role"], strict=True)
        ]
        rated = rated[kept]
    frame = (
        rated.assign(reached=rated["value"].astype(float) >= 1)
        .groupby("role", as_index=False)
        .agg(reps=("reached", "size"), reached=("reached", "sum"))
        .assign(group="all", label="All")
    )
    reason = view.show.say("no quota in this period")
    if whole:
        reason = view.show.say("no rep had a full quota for the whole period")
    if not view.snapshot.has("quotas"):
        reason = view.show.say("this export has no quotas")

    def value(row: Any, _role: Role) -> Value:
        if row is None:
            return Value(None, 0, reason=reason)
        return Value(row.reached / row.reps, int(row.reps))

    return compared(view, measure, frame, None, value)


@lru_cache(maxsize=32)
def _ramped(view: View) -> dict[Role, set[str]]:
    """Reps with a full quota, in each window."""
    return {
        role: full_quota_reps(view.quotas, window.start, window.end)
        for role, window in view.windows.items()
    }


def _labels(view: View, by: str | None, known: dict[str, str]) -> dict[str, str]:
    """Labels of all groups, also of those that have a quota and no credit."""
    if by != "rep":
        return _SelfLabelled(known) if by else {"all": "All"}
    own = view.quotas.dropna(subset=["rep_id"])
    names = dict(zip(own["rep_id"], own["rep_name"], strict=True))
    return {NO_GROUP: "No rep", **names, **known}


class _SelfLabelled(dict[str, str]):
    """Labels of teams and regions are their keys."""

    def __missing__(self, key: str) -> str:
        return key
