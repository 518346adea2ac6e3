"""The engine: a plan, credits and quotas to earnings, each cent with its trace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.credit_book import CreditBook
from salesops_lib.compensation.guarantees import guarantee_legs
from salesops_lib.compensation.payout_legs import PaidLegs, paid_legs, trace_frame
from salesops_lib.compensation.plan_components import Guarantee
from salesops_lib.compensation.quota_book import QuotaBook
from salesops_lib.compensation.standings import Standings
from salesops_lib.compensation.trace import Earnings
from salesops_lib.compensation.windows import earlier_periods
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component
    from salesops_lib.period import Period

__all__ = ["PAID_COLUMNS", "PEOPLE_COLUMNS", "earnings", "refuse_period"]

PEOPLE_COLUMNS = ("rep_id", "role")
"""Columns that people must have."""

PAID_COLUMNS = ("rep_id", "component", "period", "payout_cents")
"""Columns of what earlier periods have paid."""


def earnings(
    plan: Plan,
    credits: pd.DataFrame,  # noqa: A002 (the word of the field)
    people: pd.DataFrame,
    quotas: pd.DataFrame | None,
    period: Period,
    *,
    calendar: FiscalCalendar | None = None,
    results: pd.DataFrame | None = None,
    paid: pd.DataFrame | None = None,
) -> Earnings:
    """What a plan earns its people in one pay period, each cent with its trace.

    Each credit moves its person's result from a position before to one after it; what
    lies between is cut at the edges of the tiers and priced exactly, as ratios of whole
    numbers. Parts of a cent are rounded where the plan says, by running totals, so that
    the lines of a cell add up to its payout.

    Parameters
    ----------
    plan : Plan
        It must be in force in the whole period.
    credits : DataFrame
        Everything credited since the plan's longest window began; what lies outside the
        windows is left alone. `CREDIT_COLUMNS`: `credit_id`, `opportunity_id`, `rep_id`,
        `credited_on`, `amount_cents` (int64), `currency`, `kind`; and what the measures
        choose by.
    people : DataFrame
        `rep_id`, `role`; where the plan refers to pay at target `variable_cents` (a
        year); optionally `days_counted` and `days_in_period`, and `hire_date`.
    quotas : DataFrame, optional
        `rep_id`, `measure`, `period_start`, `period_end`, `amount_cents` (int64;
        hundredths of the measure's unit). The plan's own quotas come first.
    period : Period
        The pay period, of the plan's kind.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    results : DataFrame, optional
        What is handed in: `rep_id`, `measure`, `period` (label), `value`.
    paid : DataFrame, optional
        What earlier periods of a longer window have paid: `rep_id`, `component`,
        `period` (label), `payout_cents`. Default: they are worked out here, one after
        the other, from the same credits.

    Returns
    -------
    Earnings

    Raises
    ------
    InputError
        Anything that would make a figure wrong: a credit listed twice or of somebody
        whom the plan does not pay, a currency without a rate, a missing quota, result
        or pay at target, tiers with a gap, a plan that is not in force.

    Examples
    --------
    >>> from salesops_lib.compensation.plan import Plan
    >>> import datetime as dt
    >>> plan = Plan.model_validate({
    ...     "version": 1, "id": "simple", "name": "Simple", "from": dt.date(2026, 1, 1),
    ...     "currency": "EUR", "people": [{"role": "rep"}], "measures": {"bookings": {}},
    ...     "components": [{"name": "commission", "kind": "flat", "measure": "bookings",
    ...                     "rate": "6%"}]})
    >>> credits = pd.DataFrame({
    ...     "credit_id": ["c1"], "opportunity_id": ["D1"], "rep_id": ["A"],
    ...     "credited_on": pd.to_datetime(["2026-02-01"]), "amount_cents": [100_000],
    ...     "currency": ["EUR"], "kind": ["owner"]})
    >>> people = pd.DataFrame({"rep_id": ["A"], "role": ["rep"]})
    >>> quarter = FiscalCalendar().period("2026-Q1")
    >>> earnings(plan, credits, people, None, quarter).totals.to_dict()
    {'A': 6000}
    """
    calendar = calendar or FiscalCalendar()
    _check(plan, people, period)
    people = people.sort_values("rep_id", ignore_index=True)
    book = CreditBook(credits, pd.Index(people["rep_id"]), plan.currency)
    standings = Standings(
        plan, period, calendar, people, book, QuotaBook(plan, people, quotas, calendar), results
    )
    needed = _periods_before(standings)
    if paid is None and needed:
        paid = _worked_out(standings, needed)
    parts: list[PaidLegs] = []
    for component in _in_force(plan, period):
        if isinstance(component, Guarantee):
            continue
        before = _paid_before(component, standings, paid)
        parts.append(paid_legs(component, standings, before))
    sums = sum((part.totals(len(people)) for part in parts), np.zeros(len(people), dtype=np.int64))
    for component in _in_force(plan, period):
        if isinstance(component, Guarantee):
            lifted = guarantee_legs(component, standings, sums)
            sums = sums + lifted.totals(len(people))
            parts.append(lifted)
    legs = trace_frame(parts, standings)
    return Earnings(
        plan_id=plan.id,
        revision=plan.revision,
        period=period.label,
        currency=plan.currency,
        legs=legs,
        payouts=_payouts(parts, people),
        uncounted=_uncounted(parts, standings),
    ).checked()


def refuse_period(plan: Plan, period: Period) -> None:
    """Refuse a period that a plan does not pay.

    Parameters
    ----------
    plan : Plan
        The plan.
    period : Period
        The period to be paid.

    Raises
    ------
    InputError
        It is of another kind than the plan's pay periods, or the plan is not in
        force in all of it.
    """
    if period.kind != plan.pay_period:
        raise InputError(
            f"the plan `{plan.id}` pays by the {plan.pay_period}, but {period} is a {period.kind}"
        )
    if not (plan.holds_on(period.start) and plan.holds_on(period.end)):
        until = f" to {plan.to}" if plan.to else ""
        raise InputError(
            f"the plan `{plan.id}` (from {plan.from_}{until}) is not in force in all of {period}"
        )


def _check(plan: Plan, people: pd.DataFrame, period: Period) -> None:
    refuse_period(plan, period)
    missing = next((name for name in PEOPLE_COLUMNS if name not in people.columns), None)
    if missing:
        raise InputError(f"the people have no column `{missing}`", allowed=PEOPLE_COLUMNS)
    twice = people["rep_id"].duplicated()
    if twice.any():
        raise InputError(f"`{people['rep_id'][twice].iloc[0]}` is listed twice among the people")


def _in_force(plan: Plan, period: Period) -> list[Component]:
    return [
        component
        for component in plan.components
        if (component.from_ is None or component.from_ <= period.end)
        and (component.to is None or component.to >= period.start)
    ]


def _periods_before(standings: Standings) -> list[Period]:
    """Earlier pay periods of the longest window."""
    found: list[Period] = []
    for component in _in_force(standings.plan, standings.period):
        window = standings.window(component)
        earlier = earlier_periods(window, standings.period, standings.calendar)
        found = max(found, earlier, key=len)
    return found


def _worked_out(standings: Standings, periods: list[Period]) -> pd.DataFrame:
    """What the earlier periods paid, each one after those before it."""
    paid = pd.DataFrame(
        {
            "rep_id": pd.Series(dtype=object),
            "component": pd.Series(dtype=object),
            "period": pd.Series(dtype=object),
            "payout_cents": pd.Series(dtype=np.int64),
        }
    )
    for period in periods:
        then = replace(standings, period=period)
        for component in _in_force(standings.plan, period):
            if isinstance(component, Guarantee):
                continue
            settings = standings.plan.settings.overridden(component.settings)
            if settings.measured_over == "period":
                continue
            legs = paid_legs(component, then, _paid_before(component, then, paid))
            rows = pd.DataFrame(
                {
                    "rep_id": standings.people["rep_id"],
                    "component": component.name,
                    "period": period.label,
                    "payout_cents": legs.totals(len(standings.people)),
                }
            )
            paid = rows if paid.empty else pd.concat([paid, rows], ignore_index=True)
    return paid


def _paid_before(
    component: Component, standings: Standings, paid: pd.DataFrame | None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """What earlier periods of a component's window have paid each person."""
    count = len(standings.people)
    sums = np.zeros(count, dtype=np.int64)
    if paid is None:
        return sums
    earlier = earlier_periods(standings.window(component), standings.period, standings.calendar)
    labels = [period.label for period in earlier]
    rows = paid[(paid["component"] == component.name) & paid["period"].isin(labels)]
    places = pd.Index(standings.people["rep_id"]).get_indexer(pd.Index(rows["rep_id"]))
    inside = places >= 0
    np.add.at(sums, places[inside], rows["payout_cents"].to_numpy(np.int64)[inside])
    return sums


def _payouts(parts: list[PaidLegs], people: pd.DataFrame) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "rep_id": people["rep_id"],
                "component": part.component,
                "payout_cents": part.totals(len(people)),
            }
        )[part.pays]
        for part in parts
    ]
    if not frames:
        return pd.DataFrame({"rep_id": [], "component": [], "payout_cents": []}).astype(
            {"rep_id": object, "component": object, "payout_cents": np.int64}
        )
    return pd.concat(frames, ignore_index=True)


def _uncounted(parts: list[PaidLegs], standings: Standings) -> pd.DataFrame:
    """Credits of the pay period that no component counts."""
    book, period = standings.book, standings.period
    counted = np.zeros(len(book), dtype=bool)
    for part in parts:
        counted[part.legs.row[part.legs.row >= 0]] = True
    rows = book.frame[book.within(period.start, period.end) & ~counted]
    frame = rows[["credit_id", "rep_id", "amount_cents"]].reset_index(drop=True)
    return frame.assign(reason="no component of the plan counts it")
