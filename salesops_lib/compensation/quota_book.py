"""Quotas of a window: those that stand in the plan, then those of the quotas table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanQuota
    from salesops_lib.compensation.ratios import Ints
    from salesops_lib.compensation.windows import Window

__all__ = ["NO_QUOTA", "QUOTA_COLUMNS", "QuotaBook"]

QUOTA_COLUMNS = ("rep_id", "measure", "period_start", "period_end", "amount_cents")
"""Columns that quotas must have."""

NO_QUOTA = -1
"""Stands where somebody has no quota."""


class QuotaBook:
    """Quotas of everybody for any window.

    Parameters
    ----------
    plan : Plan
        Its own quotas come first; a person's before a role's, a role's before everybody's.
    people : DataFrame
        `rep_id` and `role`.
    quotas : DataFrame, optional
        `QUOTA_COLUMNS`: one row a person, measure and span of days, none within another.
    calendar : FiscalCalendar
        Says which months and quarters a window holds.

    Raises
    ------
    InputError
        A column is missing, or an amount is no whole number of cents.
    """

    def __init__(
        self,
        plan: Plan,
        people: pd.DataFrame,
        quotas: pd.DataFrame | None,
        calendar: FiscalCalendar,
    ) -> None:
        if quotas is None:
            quotas = pd.DataFrame({name: [] for name in QUOTA_COLUMNS})
            quotas["amount_cents"] = quotas["amount_cents"].astype(np.int64)
        missing = next((name for name in QUOTA_COLUMNS if name not in quotas.columns), None)
        if missing:
            raise InputError(f"the quotas have no column `{missing}`", allowed=QUOTA_COLUMNS)
        if quotas["amount_cents"].dtype != np.int64:
            raise InputError("`amount_cents` of the quotas must be whole cents (int64)")
        self._plan, self._people, self._calendar = plan, people, calendar
        self._table = quotas.assign(
            start=quotas["period_start"].to_numpy("datetime64[D]"),
            end=quotas["period_end"].to_numpy("datetime64[D]"),
        )
        self._known: dict[tuple[str, Window], Ints] = {}

    def of(self, measure: str, window: Window) -> Ints:
        """Quota of each person for a measure of the plan; `NO_QUOTA` for none.

        Raises
        ------
        InputError
            A quota reaches over the window's edge, or two of a person overlap.
        """
        if (measure, window) not in self._known:
            self._known[measure, window] = self._of(measure, window)
        return self._known[measure, window]

    def _of(self, measure: str, window: Window) -> Ints:
        found = self._from_table(self._plan.measures[measure].quota or measure, window)
        own = [quota for quota in self._plan.quotas if quota.measure == measure]
        if not own:
            return found
        people = zip(self._people["rep_id"], self._people["role"], strict=True)
        for number, (rep, role) in enumerate(people):
            chosen = _most_specific(own, rep, role)
            if chosen:
                found[number] = sum(self._amount(quota, window) for quota in chosen)
        return found

    def _amount(self, quota: PlanQuota, window: Window) -> int:
        """Hundredths of one quota that belong to a window."""
        amount = int(quota.amount * 100)
        start, end = window.start, window.quota_end
        if quota.every is not None:
            spans = self._spans(quota.every, start, end)
        else:
            spans = [(quota.from_ or start, quota.to or end)]
        inside = [span for span in spans if span[1] >= start and span[0] <= end]
        for first, last in inside:
            if first < start or last > end:
                raise InputError(
                    f"the plan's quota of `{quota.measure}` for {first} to {last} is only partly "
                    f"in {start} to {end}: give quotas that fit, or cut them first"
                )
        return amount * len(inside)

    def _spans(self, every: str, start: dt.date, end: dt.date) -> list[tuple[dt.date, dt.date]]:
        spans, period = [], self._calendar.period_of(start, every)
        while period.start <= end:
            spans.append((period.start, period.end))
            period = self._calendar.next(period)
        return spans

    def _from_table(self, name: str, window: Window) -> Ints:
        found = np.full(len(self._people), NO_QUOTA, dtype=np.int64)
        start, end = np.datetime64(window.start), np.datetime64(window.quota_end)
        table = self._table
        table = table[
            (table["measure"] == name) & (table["end"] >= start) & (table["start"] <= end)
        ]
        places = pd.Index(self._people["rep_id"]).get_indexer(pd.Index(table["rep_id"]))
        table, places = table[places >= 0], places[places >= 0]
        partly = (table["start"] < start) | (table["end"] > end)
        if partly.any():
            first = table[partly].iloc[0]
            raise InputError(
                f"the quota of `{first['rep_id']}` for {first['start']:%Y-%m-%d} to "
                f"{first['end']:%Y-%m-%d} is only partly in {window.start} to "
                f"{window.quota_end}: cut it first"
            )
        if table.empty:
            return found
        days = (table["end"] - table["start"]).dt.days.to_numpy() + 1
        spanned = np.bincount(places, weights=days, minlength=len(found))
        if (spanned > (end - start).astype(int) + 1).any():
            rep = self._people["rep_id"].iloc[int(np.argmax(spanned))]
            raise InputError(
                f"two quotas of `{rep}` for `{name}` overlap between {window.start} and "
                f"{window.quota_end}"
            )
        sums = np.zeros(len(found), dtype=np.int64)
        np.add.at(sums, places, table["amount_cents"].to_numpy(np.int64))
        has_one = np.bincount(places, minlength=len(found)) > 0
        found[has_one] = sums[has_one]
        return found


def _most_specific(quotas: list[PlanQuota], rep: str, role: str) -> list[PlanQuota]:
    own = [quota for quota in quotas if rep in quota.rep_ids]
    of_role = [quota for quota in quotas if role in quota.roles and not quota.rep_ids]
    of_all = [quota for quota in quotas if not quota.roles and not quota.rep_ids]
    return own or of_role or of_all
