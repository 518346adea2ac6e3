"""Replay: what a plan would have earned people in periods that are over, to the cent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.credit_book import CreditBook
from salesops_lib.compensation.credit_checks import refuse_unplanned
from salesops_lib.compensation.engine import PAID_COLUMNS, earnings
from salesops_lib.compensation.plan_curves import credit_measures, period_quotas
from salesops_lib.compensation.quota_book import QuotaBook
from salesops_lib.compensation.ratios import group_sums
from salesops_lib.compensation.standings import Standings
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.trace import Earnings
    from salesops_lib.period import Period

__all__ = ["REPLAYED", "PastPeriod", "Replay", "redated", "replay"]

REPLAYED = ("rep_id", "role", "period", "payout_cents")
"""Columns that two replays are compared by; more may follow."""


@dataclass(frozen=True, eq=False)
class PastPeriod:
    """What was known of one pay period when it was over.

    Parameters
    ----------
    period : Period
        The pay period, of the plan's kind.
    people : DataFrame
        Whom the plan pays, as `earnings` takes them.
    credits : DataFrame
        Credits of the period. Those of people whom the plan does not pay are left out
        where they are roll-ups, and refused otherwise.
    quotas : DataFrame, optional
        Quotas of the period and of the windows that end with it, as `earnings` takes them.
    results : DataFrame, optional
        What was handed in.
    """

    period: Period
    people: pd.DataFrame
    credits: pd.DataFrame
    quotas: pd.DataFrame | None = None
    results: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Replay:
    """What a plan would have earned people, period by period.

    Parameters
    ----------
    frame : DataFrame
        One row a rep and period: `rep_id`, `role`, `period` (label), `payout_cents`, and
        for each measure that is counted from credits ``result_<measure>`` (hundredths) and
        ``quota_<measure>`` (the same; -1: none).
    earnings : tuple of Earnings
        The engine's own, with each trace; one a period.
    history : tuple of PastPeriod
        What it was made from.
    plan : Plan
        As replayed: in force in all of the periods.
    """

    frame: pd.DataFrame
    earnings: tuple[Earnings, ...]
    history: tuple[PastPeriod, ...]
    plan: Plan

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods, oldest first."""
        return tuple(past.period for past in self.history)

    def attainments(self, measure: str) -> pd.DataFrame:
        """What was reached of one measure, for `attainment_model`.

        Parameters
        ----------
        measure : str
            Measure of the plan that is counted from credits.

        Returns
        -------
        DataFrame
            `rep_id`, `role`, `period`, `quota_cents` (0: none) and `credited_cents`.

        Raises
        ------
        InputError
            The plan counts no such measure.
        """
        known = credit_measures(self.plan)
        if measure not in known:
            raise InputError(f"the plan counts no `{measure}`", found=measure, allowed=known)
        return self.frame[["rep_id", "role", "period"]].assign(
            quota_cents=self.frame[f"quota_{measure}"].clip(lower=0),
            credited_cents=self.frame[f"result_{measure}"],
        )

    @property
    def total_cents(self) -> int:
        """Pay of everybody in all periods."""
        return int(self.frame["payout_cents"].sum())


def redated(plan: Plan, periods: Sequence[Period]) -> Plan:
    """A plan as if it had been in force in other periods.

    Days of single components, and of quotas that the plan names by days, stay as they
    are: what was for one summer is for that summer.

    Parameters
    ----------
    plan : Plan
        Any.
    periods : sequence of Period
        Where it is to hold.

    Returns
    -------
    Plan
        From the first day of the first period on, to the last day of the last one.

    Raises
    ------
    InputError
        There is no period.
    """
    if not periods:
        raise InputError("there is no period to replay the plan in")
    ordered = sorted(periods)
    return plan.model_copy(update={"from_": ordered[0].start, "to": ordered[-1].end})


def replay(
    plan: Plan, history: Sequence[PastPeriod], *, calendar: FiscalCalendar | None = None
) -> Replay:
    """What a plan would have earned people in past periods, by the engine.

    What people did is taken as it was: a plan that pays otherwise makes them work
    otherwise, which `plan_response` is about. Draws, minimums and deferrals only move
    pay in time and are left out.

    Parameters
    ----------
    plan : Plan
        Any plan; its own days are set aside, see `redated`.
    history : sequence of PastPeriod
        Periods in a row. Where the plan measures over a year, they begin with it, or the
        year begins with them.
    calendar : FiscalCalendar, optional
        Default: the calendar year.

    Returns
    -------
    Replay

    Raises
    ------
    InputError
        Anything that stops a pay run; or a period is given twice, or left out.
    """
    calendar = calendar or FiscalCalendar()
    ordered = tuple(sorted(history, key=lambda past: past.period))
    then = redated(plan, [past.period for past in ordered])
    for one, other in itertools.pairwise(ordered):
        if calendar.next(one.period) != other.period:
            raise InputError(
                f"the periods {one.period} and {other.period} do not follow each other"
            )
    credits_of = pd.concat([_own_credits(past) for past in ordered], ignore_index=True)
    paid = pd.DataFrame({name: [] for name in PAID_COLUMNS}).astype({"payout_cents": "int64"})
    frames, earned = [], []
    for past in ordered:
        # Who has left by then has credits in earlier periods only.
        known = credits_of[credits_of["rep_id"].isin(past.people["rep_id"])]
        found = earnings(
            then,
            known,
            past.people,
            past.quotas,
            past.period,
            calendar=calendar,
            results=past.results,
            paid=paid,
        )
        earned.append(found)
        frames.append(_of_period(then, past, found, calendar))
        paid = pd.concat([paid, found.payouts.assign(period=past.period.label)], ignore_index=True)
    frame = pd.concat(frames, ignore_index=True)
    return Replay(frame, tuple(earned), ordered, then)


def _own_credits(past: PastPeriod) -> pd.DataFrame:
    """Credits of the people whom the plan pays."""
    known = set(past.people["rep_id"])
    refuse_unplanned(past.credits, known)
    days = past.credits["credited_on"]
    inside = (days >= pd.Timestamp(past.period.start)) & (days <= pd.Timestamp(past.period.end))
    if not inside.all():
        lost = past.credits[~inside].iloc[0]
        raise InputError(
            f"the credit `{lost['credit_id']}` of {lost['credited_on']:%Y-%m-%d} is not of "
            f"{past.period}",
            where="credits",
        )
    return past.credits[past.credits["rep_id"].isin(known)]


def _of_period(
    plan: Plan, past: PastPeriod, found: Earnings, calendar: FiscalCalendar
) -> pd.DataFrame:
    people = past.people.sort_values("rep_id", ignore_index=True)
    frame = pd.DataFrame(
        {
            "rep_id": people["rep_id"],
            "role": people["role"].astype(object),
            "period": past.period.label,
            "payout_cents": people["rep_id"].map(found.totals).fillna(0).astype("int64"),
        }
    )
    book = CreditBook(_own_credits(past), pd.Index(people["rep_id"]), plan.currency)
    quotas = QuotaBook(plan, people, past.quotas, calendar)
    standing = Standings(plan, past.period, calendar, people, book, quotas)
    for name in credit_measures(plan):
        _, values = book.counted(name, plan.measures[name])
        frame[f"result_{name}"] = group_sums(values, book.rep, len(people))
        frame[f"quota_{name}"] = period_quotas(standing, name, needed=False)
    return frame
