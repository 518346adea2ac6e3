"""Payouts of people, checked: what every judgement of a plan is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.results import Measure, MeasureRow, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from salesops_lib.definition import Definition
    from salesops_lib.formats import Formatter

__all__ = [
    "PAYOUTS",
    "PayoutTable",
    "bootstrap_interval",
    "judged",
    "payout_table",
]

PAYOUTS = (
    "rep_id", "role", "team", "region", "period", "ote_cents", "target_variable_cents",
    "quota_cents", "credited_cents", "payout_cents",
)  # fmt: skip
"""One row a rep and period: place, pay at target and the variable part of it, quota, credit
and variable pay of the period, in cents of one currency."""

_AMOUNTS = tuple(name for name in PAYOUTS if name.endswith("_cents"))
_GROUPINGS = ("role", "team", "region")
_RESAMPLES = 999
_SEED = 20021


@dataclass(frozen=True, eq=False)
class PayoutTable:
    """Payouts of some periods, and of those that they are compared with.

    Parameters
    ----------
    frame : DataFrame
        Columns as `PAYOUTS`, one row a rep and period.
    periods : dict
        Labels of the periods that count together, by role: ``current`` and, where there
        are any, ``prior`` and ``last_year``.
    scope : str
        Label of the scope.
    show : Formatter
        Formats of the report.
    """

    frame: pd.DataFrame
    periods: Mapping[str, tuple[str, ...]]
    scope: str
    show: Formatter

    def label(self, role: str = "current") -> str:
        """Label of the periods of a role; empty where there are none."""
        periods = [self.show.period(period) for period in self.periods.get(role, ())]
        if len(periods) < 2:
            return periods[0] if periods else ""
        return self.show.say("{low} to {high}", low=periods[0], high=periods[-1])

    def people(self, role: str = "current") -> pd.DataFrame:
        """Everybody, once: periods of a role added up.

        Parameters
        ----------
        role : str
            ``current``, ``prior`` or ``last_year``.

        Returns
        -------
        DataFrame
            `rep_id`, `role`, `team`, `region` (of the last period), the amounts of
            `PAYOUTS` (cents), `attainment` (credited ÷ quota) and `pay_ratio` (payout ÷
            variable pay at target); NaN where there is no quota or no target.
        """
        return _people(self, role)


@lru_cache(maxsize=64)
def _people(table: PayoutTable, role: str) -> pd.DataFrame:
    order = {label: place for place, label in enumerate(table.periods.get(role, ()))}
    rows = table.frame[table.frame["period"].isin(order)]
    rows = rows.assign(place=rows["period"].map(order)).sort_values(["rep_id", "place"])
    grouped = rows.groupby("rep_id", sort=True)
    people = grouped[list(_GROUPINGS)].last().join(grouped[list(_AMOUNTS)].sum())
    quota = people["quota_cents"].where(people["quota_cents"] > 0)
    target = people["target_variable_cents"].where(people["target_variable_cents"] > 0)
    return people.assign(
        attainment=people["credited_cents"] / quota, pay_ratio=people["payout_cents"] / target
    ).reset_index()


def payout_table(
    frame: pd.DataFrame,
    show: Formatter,
    current: Sequence[str],
    prior: Sequence[str] = (),
    last_year: Sequence[str] = (),
    *,
    scope: str,
) -> PayoutTable:
    """Payouts, checked.

    Parameters
    ----------
    frame : DataFrame
        Columns as `PAYOUTS`; further ones stay.
    show : Formatter
        Formats of the report.
    current, prior, last_year : sequence of str
        Labels of periods, oldest first; those of one role are added up.
    scope : str
        Label of the scope.

    Returns
    -------
    PayoutTable

    Raises
    ------
    InputError
        A column is missing, money is not in whole cents, a rep has two rows in one
        period, or none of the current periods has a row.
    """
    for column in PAYOUTS:
        if column not in frame:
            raise InputError(
                f"the payouts have no column `{column}`", found=column, allowed=map(str, frame)
            )
        if column in _AMOUNTS and not pd.api.types.is_integer_dtype(frame[column]):
            raise InputError(f"`{column}` of the payouts must be whole cents, without gaps")
    twice = frame[frame.duplicated(["rep_id", "period"])]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(
            f"the rep `{row['rep_id']}` has two rows in {row['period']}", where="payouts"
        )
    known = sorted(set(map(str, frame["period"])))
    for label in current:
        if label not in known:
            raise InputError(f"there are no payouts of `{label}`", found=label, allowed=known)
    periods = {"current": tuple(current), "prior": tuple(prior), "last_year": tuple(last_year)}
    return PayoutTable(frame.reset_index(drop=True), periods, scope, show)


def judged(
    table: PayoutTable,
    definition: Definition,
    by: str | None,
    value: Callable[[pd.DataFrame], Value],
) -> Measure:
    """Measure of the people of each group, in each role's periods.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    definition : Definition
        What is measured.
    by : str or None
        ``role``, ``team`` or ``region``; None for all together.
    value : callable
        Takes people, as `PayoutTable.people`, and returns the number.

    Returns
    -------
    Measure

    Raises
    ------
    InputError
        No such grouping.
    """
    if by is not None and by not in _GROUPINGS:
        raise InputError("payouts are not grouped by that", found=by, allowed=_GROUPINGS)
    people = {role: table.people(role) for role in table.periods}
    groups = [("all", table.scope)]
    if by is not None:
        keys = people["current"][by].dropna()
        groups = [(str(key), str(key)) for key in sorted(set(keys))]
    rows = []
    for role, everyone in people.items():
        for group, label in groups:
            own = everyone if by is None else everyone[everyone[by] == group]
            number = value(own)
            if not table.periods[role]:
                number = Value(None, reason=table.show.say("no such period"))
            rows.append(MeasureRow(group, label, role, number))
    periods = {role: table.label(role) for role in people}
    return Measure(definition, tuple(rows), periods, by, table.scope, table.show)


def bootstrap_interval(
    people: pd.DataFrame, columns: Sequence[str], statistic: Callable[..., NDArray[np.float64]]
) -> tuple[float, float] | tuple[None, None]:
    """95 % interval of a figure, with people drawn anew.

    Parameters
    ----------
    people : DataFrame
        One row a person.
    columns : sequence of str
        What the statistic takes, each as an array.
    statistic : callable
        Takes the columns, people along the last axis, and reduces that.

    Returns
    -------
    tuple of float, or of None
        Percentiles of 999 draws; None with fewer than six people.

    Notes
    -----
    Efron and Tibshirani (1993), An Introduction to the Bootstrap. A person is drawn with
    all that is theirs, because one's quarters belong together.
    """
    if len(people) < 6:
        return None, None
    lots = np.random.default_rng(_SEED).integers(0, len(people), (_RESAMPLES, len(people)))
    arrays: list[Any] = [people[column].to_numpy(float)[lots] for column in columns]
    drawn = statistic(*arrays)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < _RESAMPLES // 2:
        return None, None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
