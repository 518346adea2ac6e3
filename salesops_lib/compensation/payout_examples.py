"""Worked examples of a plan: what the engine pays at chosen attainments, over a year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.engine import earnings
from salesops_lib.compensation.measures_followed import (
    followed_measures,
    roles_of,
    usual_results,
)
from salesops_lib.compensation.plan_measures import Measure
from salesops_lib.compensation.plan_people import PlanQuota
from salesops_lib.compensation.quota_book import NO_QUOTA, QuotaBook
from salesops_lib.compensation.windows import Window
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.period import Period

__all__ = ["ASSUMED_QUOTA", "PayExamples", "example_periods", "pay_examples"]

ASSUMED_QUOTA = Decimal(100_000)
"""Quota of a pay period where neither the plan nor whoever asks says one."""

_DEALS_A_YEAR = 48
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LONG_SINCE = pd.Timestamp(2000, 1, 1)


@dataclass(frozen=True, eq=False)
class PayExamples:
    """What a plan pays one group of its people, by attainment.

    Parameters
    ----------
    frame : DataFrame
        One row an attainment and component: `place` (of the attainment in
        `attainments`), `component`, `payout_cents` and `capped_cents` (what a cap has
        taken), all periods together.
    attainments : tuple of Fraction
        Of every followed measure, in each period.
    periods : tuple of Period
        Pay periods that are added up.
    target_cents : Fraction
        Variable pay at target in them; 0 where the plan has none.
    quotas : dict of int
        Quota of each followed measure in them, in hundredths of its unit.
    assumed : frozenset of str
        Measures whose quota is assumed.
    results : dict of Decimal
        Handed-in results that are assumed.
    left_out : tuple of str
        Measures that nothing is counted for.
    """

    frame: pd.DataFrame
    attainments: tuple[Fraction, ...]
    periods: tuple[Period, ...]
    target_cents: Fraction
    quotas: Mapping[str, int]
    assumed: frozenset[str] = frozenset()
    results: Mapping[str, Decimal] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def totals(self) -> list[int]:
        """Pay at each attainment, in cents, in the order of `attainments`."""
        sums = self.frame.groupby("place", sort=True)["payout_cents"].sum()
        found: list[int] = sums.reindex(range(len(self.attainments)), fill_value=0).tolist()
        return found

    def of_component(self, name: str, column: str = "payout_cents") -> list[int]:
        """The same of one component."""
        rows = self.frame[self.frame["component"] == name].set_index("place")[column]
        found: list[int] = rows.reindex(range(len(self.attainments)), fill_value=0).tolist()
        return found


def example_periods(plan: Plan, calendar: FiscalCalendar) -> tuple[Period, ...]:
    """Pay periods of the first whole fiscal year of a plan, or of the part that it covers.

    Parameters
    ----------
    plan : Plan
        The plan.
    calendar : FiscalCalendar
        Whose years count.

    Returns
    -------
    tuple of Period

    Raises
    ------
    InputError
        The plan is in force in no whole pay period.
    """
    year = calendar.period_of(plan.from_, "year")
    following = calendar.next(year)
    if year.start < plan.from_ and plan.holds_on(following.start) and plan.holds_on(following.end):
        year = following
    periods = tuple(
        period
        for period in (
            (year,) if plan.pay_period == "year" else calendar.within(year, plan.pay_period)
        )
        if plan.holds_on(period.start) and plan.holds_on(period.end)
    )
    if not periods:
        raise InputError(f"the plan `{plan.id}` is in force in no whole {plan.pay_period}")
    return periods


def pay_examples(
    plan: Plan,
    group: PlanGroup,
    attainments: Sequence[Fraction],
    *,
    quota: Decimal | None = None,
    calendar: FiscalCalendar | None = None,
    results: Mapping[str, Decimal] | None = None,
    short: bool = False,
) -> PayExamples:
    """What the engine pays somebody who reaches the same attainment in each pay period.

    Every measure that the plan holds against a quota is at that attainment, each for
    itself; results that are handed in are those at which the plan pays its target, and
    what has no quota is not sold.

    Parameters
    ----------
    plan : Plan
        The plan.
    group : PlanGroup
        Which of its people.
    attainments : sequence of Fraction
        Shares of the quota.
    quota : Decimal, optional
        Quota of a pay period where the plan has none. Default: 100,000.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    results : dict of Decimal, optional
        Handed-in results, in place of the usual ones.
    short : bool
        The least below each attainment: what pays there is not reached by a cent.

    Returns
    -------
    PayExamples

    Raises
    ------
    InputError
        The plan cannot be paid: whatever the engine refuses.

    Examples
    --------
    >>> import datetime as dt
    >>> from salesops_lib.compensation.plan import Plan
    >>> plan = Plan.model_validate({
    ...     "version": 1, "id": "simple", "name": "Simple", "from": dt.date(2026, 1, 1),
    ...     "currency": "EUR", "people": [{"role": "rep", "ote": 100000, "pay_mix": "50/50"}],
    ...     "measures": {"bookings": {}}, "components": [{"name": "commission",
    ...     "kind": "tiered", "measure": "bookings", "tiers": [
    ...         {"from": "0%", "times": 1}, {"from": "100%", "times": 2}]}]})
    >>> pay_examples(plan, plan.people[0], [Fraction(1, 2), Fraction(5, 4)]).totals
    [2500000, 7500000]
    """
    calendar = calendar or FiscalCalendar()
    role = roles_of(plan, group)[0]
    followed = followed_measures(plan, role)
    periods = example_periods(plan, calendar)
    people = _people(len(attainments), role, group)
    own, assumed = _with_quotas(plan, followed, people[:1], periods, quota, calendar)
    told = {**usual_results(plan, role), **(results or {})}
    example = own.model_copy(update={"measures": _apart(plan)})
    quotas = {
        name: _quotas_by_period(example, name, people[:1], periods, calendar) for name in followed
    }
    rows = _credits(plan, quotas, attainments, periods, short=short)
    handed = _results(told, people["rep_id"].tolist(), periods)
    frame = _paid(example, rows, people, handed, periods, calendar)
    share = Fraction(_MONTHS[plan.pay_period] * len(periods), 12)
    credited = [name for name, measure in plan.measures.items() if measure.of != "result"]
    return PayExamples(
        frame=frame,
        attainments=tuple(attainments),
        periods=periods,
        target_cents=group.variable_cents * share,
        quotas={name: sum(parts) for name, parts in quotas.items()},
        assumed=frozenset(assumed),
        results=told,
        left_out=tuple(name for name in credited if name not in followed),
    )


def _people(count: int, role: str, group: PlanGroup) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": [f"{number:05}" for number in range(count)],
            "role": role,
            "variable_cents": np.full(count, group.variable_cents, dtype=np.int64),
            "hire_date": _LONG_SINCE,
        }
    )


def _apart(plan: Plan) -> dict[str, Measure]:
    """The measures, each counting nothing but the credits made for it."""
    return {
        name: measure if measure.of == "result" else Measure(where={"source": [name]})
        for name, measure in plan.measures.items()
    }


def _with_quotas(
    plan: Plan,
    followed: Sequence[str],
    person: pd.DataFrame,
    periods: Sequence[Period],
    quota: Decimal | None,
    calendar: FiscalCalendar,
) -> tuple[Plan, list[str]]:
    """The plan with a quota for each followed measure, and those that are assumed."""
    book = QuotaBook(plan, person, None, calendar)
    whole = _window(periods[0].start, periods[-1].end)
    assumed = [name for name in followed if book.of(name, whole)[0] == NO_QUOTA]
    kept = [each for each in plan.quotas if each.measure not in assumed]
    added = [
        PlanQuota(measure=name, amount=quota or ASSUMED_QUOTA, every=plan.pay_period)
        for name in assumed
    ]
    return plan.model_copy(update={"quotas": kept + added}), assumed


def _window(start: dt.date, end: dt.date) -> Window:
    return Window(start, end, end, Fraction(1))


def _quotas_by_period(
    plan: Plan,
    measure: str,
    person: pd.DataFrame,
    periods: Sequence[Period],
    calendar: FiscalCalendar,
) -> list[int]:
    """Quota of each pay period; an equal part of the whole where a quota is for longer."""
    book = QuotaBook(plan, person, None, calendar)
    whole = int(book.of(measure, _window(periods[0].start, periods[-1].end))[0])
    try:
        parts = [int(book.of(measure, _window(one.start, one.end))[0]) for one in periods]
    except InputError:
        parts = []
    if parts and min(parts) > 0 and sum(parts) == whole:
        return parts
    count = len(periods)
    return [whole * (k + 1) // count - whole * k // count for k in range(count)]


def _credits(
    plan: Plan,
    quotas: Mapping[str, Sequence[int]],
    attainments: Sequence[Fraction],
    periods: Sequence[Period],
    *,
    short: bool,
) -> pd.DataFrame:
    deals = max(1, _DEALS_A_YEAR // len(periods))
    rows: list[tuple[Any, ...]] = []
    for number, attained in enumerate(attainments):
        for name, parts in quotas.items():
            for period, part in zip(periods, parts, strict=True):
                # Each period by itself reaches the level, or by itself misses it.
                cents = max(ceil(attained * part) - int(short), 0)
                days = (period.end - period.start).days
                for k in range(deals):
                    amount = cents * (k + 1) // deals - cents * k // deals
                    if amount:
                        day = period.start + dt.timedelta(days=days * (k + 1) // (deals + 1))
                        rows.append((f"{number:05}", name, day, amount))
    frame = pd.DataFrame(rows, columns=["rep_id", "source", "credited_on", "amount_cents"])
    ids = [f"{place:07}" for place in range(len(frame))]
    return frame.assign(
        credited_on=pd.to_datetime(frame["credited_on"]),
        amount_cents=frame["amount_cents"].astype(np.int64),
        credit_id=ids,
        opportunity_id=ids,
        account_id=ids,
        product=ids,
        currency=plan.currency,
        kind="owner",
    )


def _results(
    told: Mapping[str, Decimal], reps: Sequence[str], periods: Sequence[Period]
) -> pd.DataFrame:
    rows = [
        (rep, name, period.label, value)
        for name, value in told.items()
        for period in periods
        for rep in reps
    ]
    return pd.DataFrame(rows, columns=["rep_id", "measure", "period", "value"])


def _paid(
    plan: Plan,
    rows: pd.DataFrame,
    people: pd.DataFrame,
    results: pd.DataFrame,
    periods: Sequence[Period],
    calendar: FiscalCalendar,
) -> pd.DataFrame:
    paid: pd.DataFrame | None = None
    parts = []
    for period in periods:
        found = earnings(
            plan, rows, people, None, period, calendar=calendar, results=results, paid=paid
        )
        payouts = found.payouts.assign(period=period.label)
        paid = payouts if paid is None else pd.concat([paid, payouts], ignore_index=True)
        caps = found.legs[found.legs["kind"] == "cap"]
        capped = caps.groupby(["rep_id", "component"], observed=True)["payout_cents"].sum()
        keys = pd.MultiIndex.from_frame(found.payouts[["rep_id", "component"]])
        parts.append(payouts.assign(capped_cents=-capped.reindex(keys, fill_value=0).to_numpy()))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(place=frame["rep_id"].astype(int))
    sums = frame.groupby(["place", "component"], sort=False)[["payout_cents", "capped_cents"]].sum()
    return sums.reset_index()
