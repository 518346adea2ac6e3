"""Members of a plan: who of the organisation it pays in a period, at what target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.period import Period

__all__ = ["plan_members", "without_plan"]

_PLACE = ("role", "team", "region")


def plan_members(plan: Plan, assignments: pd.DataFrame, period: Period) -> pd.DataFrame:
    """People whom a plan pays in a period, by their last place in it.

    Parameters
    ----------
    plan : Plan
        The first of its groups that fits a person decides the target.
    assignments : DataFrame
        `rep_id`, `role`, `team`, `region`, `effective_from` and `effective_to` (empty:
        since ever, until further notice); further columns, such as `hire_date`, are kept.
    period : Period
        Everybody who was somewhere in it for a day or more.

    Returns
    -------
    DataFrame
        The columns of `assignments`, by `rep_id`, with `variable_cents` (variable pay of
        a year at target).

    Raises
    ------
    InputError
        A person of the plan's `rep_ids` is not in the organisation then.
    """
    start, end = np.datetime64(period.start), np.datetime64(period.end)
    since = pd.to_datetime(assignments["effective_from"]).fillna(pd.Timestamp.min)
    until = pd.to_datetime(assignments["effective_to"]).fillna(pd.Timestamp.max)
    there = assignments[(since <= end) & (until >= start)]
    there = there.assign(_since=since).sort_values(["rep_id", "_since"], kind="stable")
    last = there.drop_duplicates("rep_id", keep="last").drop(columns="_since")
    last = last.reset_index(drop=True)
    group = np.full(len(last), -1)
    for number, wanted in enumerate(plan.people):
        fits = np.ones(len(last), dtype=bool)
        for column in _PLACE:
            value = getattr(wanted, column)
            if value is not None:
                fits &= (last[column] == value).to_numpy(bool)
        if wanted.rep_ids:
            _check_known(plan, wanted.rep_ids, last["rep_id"], period)
            fits &= last["rep_id"].isin(wanted.rep_ids).to_numpy(bool)
        group[fits & (group < 0)] = number
    variable = np.array([part.variable_cents for part in plan.people], dtype=np.int64)
    paid = last[group >= 0].assign(variable_cents=variable[group[group >= 0]])
    return paid.reset_index(drop=True)


def without_plan(members: Iterable[pd.DataFrame], credits: pd.DataFrame) -> list[str]:  # noqa: A002 (the word of the field)
    """People who are credited and whom no plan pays.

    Parameters
    ----------
    members : iterable of DataFrame
        Members of each plan.
    credits : DataFrame
        Credits, with `rep_id`.

    Returns
    -------
    list of str
        Their ids, in order.

    Raises
    ------
    InputError
        Two plans pay one person.
    """
    seen: set[str] = set()
    for frame in members:
        for rep in frame["rep_id"]:
            if rep in seen:
                raise InputError(f"two plans pay `{rep}`")
            seen.add(rep)
    return sorted(set(credits["rep_id"]) - seen)


def _check_known(plan: Plan, wanted: list[str], there: pd.Series, period: Period) -> None:
    known = set(there)
    for rep in wanted:
        if rep not in known:
            raise InputError(
                f"the plan `{plan.id}` pays `{rep}`, who is nowhere in the organisation in "
                f"{period}",
                found=rep,
                allowed=known or None,
            )
