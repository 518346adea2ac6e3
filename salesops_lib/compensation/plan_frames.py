"""From a view and a plan to the frames that judging and the tests for gaming take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.gaming_frames import DEALS
from salesops_lib.compensation.payout_table import PAYOUTS
from salesops_lib.compensation.plan_curves import credit_measures
from salesops_lib.errors import InputError
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.compensation.replay import Replay
    from salesops_lib.data.scope import Scope
    from salesops_lib.data.view import View
    from salesops_lib.period import Period

__all__ = [
    "ended_periods",
    "in_scope",
    "judged_measure",
    "known_periods",
    "replayed_deals",
    "replayed_payouts",
]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MOST_MONTHS = 60
_FIRST_DAYS = 14
_DIRECT = ("owner", "split")


def ended_periods(view: View, plan: Plan) -> dict[str, tuple[Period, ...]]:
    """Pay periods of a report that are over, and as many of those that it compares with.

    Parameters
    ----------
    view : View
        Period and as-of date.
    plan : Plan
        Whose pay periods.

    Returns
    -------
    dict
        By role (``current``, ``prior``, ``last_year``); empty where none is over.

    Raises
    ------
    InputError
        The report's period is shorter than a pay period.
    """
    found = {
        role: view.calendar.within(period, plan.pay_period) for role, period in view.periods.items()
    }
    over = sum(period.end <= view.as_of for period in found["current"])
    return {role: periods[:over] for role, periods in found.items()}


def known_periods(view: View, last: Period) -> tuple[Period, ...]:
    """Pay periods up to one, from where the data begin, five years at most.

    Parameters
    ----------
    view : View
        Whose deals; a period whose first two weeks are not known is left out.
    last : Period
        The last one.

    Returns
    -------
    tuple of Period
        Oldest first; at least the last one.
    """
    found = [last]
    most = _MOST_MONTHS // _MONTHS[last.kind]
    begins = view.starts_on
    while begins is not None and len(found) < most:
        before = view.calendar.prior(found[0])
        if before.end < begins or (begins - before.start).days >= _FIRST_DAYS:
            break
        found.insert(0, before)
    return tuple(found)


def judged_measure(plan: Plan) -> str:
    """Measure that attainment is of: the first one that counts money.

    Raises
    ------
    InputError
        The plan counts none.
    """
    for name in credit_measures(plan):
        if plan.measures[name].of == "amount":
            return name
    raise InputError(f"the plan `{plan.id}` counts no amounts, so there is no attainment")


def replayed_payouts(past: Replay, measure: str) -> pd.DataFrame:
    """What a replay pays, with places, targets and quotas.

    Parameters
    ----------
    past : Replay
        Past periods.
    measure : str
        Measure that quota and credit are of.

    Returns
    -------
    DataFrame
        `PAYOUTS` and `rep` (name), one row a rep and period. The target is that of the
        days that count. It serves as `gaming_frames.ATTAINMENTS` too.
    """
    rows = past.frame.set_index(["rep_id", "period"])
    frames = []
    for one in past.history:
        people = one.people.sort_values("rep_id", ignore_index=True)
        keys = pd.MultiIndex.from_product([people["rep_id"], [one.period.label]])
        own = rows.loc[keys]
        months = _MONTHS[one.period.kind]
        frames.append(
            pd.DataFrame(
                {
                    "rep_id": people["rep_id"].astype(object),
                    "rep": people["name"].astype(object),
                    "role": people["role"].astype(object),
                    "team": people["team"].astype(object),
                    "region": people["region"].astype(object),
                    "period": one.period.label,
                    "ote_cents": _of_period(_target_pay(past.plan, people), people, months),
                    "target_variable_cents": _of_period(people["variable_cents"], people, months),
                    "quota_cents": own[f"quota_{measure}"].clip(lower=0).to_numpy(np.int64),
                    "credited_cents": own[f"result_{measure}"].to_numpy(np.int64),
                    "payout_cents": own["payout_cents"].to_numpy(np.int64),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)[[*PAYOUTS, "rep"]]


def replayed_deals(past: Replay) -> pd.DataFrame:
    """Won deals of a replay's people, with those who are credited for them.

    Parameters
    ----------
    past : Replay
        Past periods.

    Returns
    -------
    DataFrame
        `gaming_frames.DEALS` and `rep` (name): owners and revenue splits; overlays and
        roll-ups count deals again and are left out.
    """
    frames = []
    for one in past.history:
        rows = one.credits[one.credits["kind"].isin(_DIRECT)]
        people = one.people.set_index("rep_id")
        rows = rows[rows["rep_id"].isin(people.index)]
        frames.append(
            pd.DataFrame(
                {
                    "opportunity_id": rows["opportunity_id"].astype(object),
                    "rep_id": rows["rep_id"].astype(object),
                    "team": rows["rep_id"].map(people["team"]).astype(object),
                    "close_date": rows["credited_on"],
                    "amount_cents": rows["amount_cents"],
                    "rep": rows["rep_id"].map(people["name"]).astype(object),
                    "region": rows["rep_id"].map(people["region"]).astype(object),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)[[*DEALS, "rep", "region"]]


def in_scope(frame: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """Rows of people whose place is in a scope: the company, a region or a team.

    Parameters
    ----------
    frame : DataFrame
        With `team` and `region`.
    scope : Scope
        The scope.

    Returns
    -------
    DataFrame
    """
    if scope.kind == "company":
        return frame
    return frame[frame[scope.kind] == scope.key].reset_index(drop=True)


def _target_pay(plan: Plan, people: pd.DataFrame) -> pd.Series[int]:
    """Pay of a year at target, in cents: that of the first group that fits."""
    pay = [
        next((_ote_cents(group) for group in plan.people if _fits(group, row)), 0)
        for row in rows_of(people[["rep_id", "role", "team", "region"]])
    ]
    return pd.Series(pay, index=people.index, dtype="int64")


def _ote_cents(group: PlanGroup) -> int:
    return 0 if group.ote is None else int(group.ote * 100)


def _fits(group: PlanGroup, row: Any) -> bool:
    places = ("role", "team", "region")
    is_there = all(getattr(group, name) in {None, getattr(row, name)} for name in places)
    return is_there and (not group.rep_ids or row.rep_id in group.rep_ids)


def _of_period(year: pd.Series[int], people: pd.DataFrame, months: int) -> pd.Series[int]:
    """Part of a year's cents that is of the days that count, half a cent rounded up."""
    whole = 12 * people["days_in_period"]
    return (2 * year * months * people["days_counted"] + whole) // (2 * whole)
