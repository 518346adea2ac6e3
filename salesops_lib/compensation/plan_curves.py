"""A plan as curves: what it pays for many results of many people at once.

The engine pays deals, one credit after the other; here a whole period's result goes
through the same tables at once. Where a plan pays by the result as a whole the two agree
but for the rounding of cents; where it looks at single deals, `approximations` says so.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.credit_book import CREDIT_COLUMNS, CreditBook
from salesops_lib.compensation.curve_stages import CurveStage, curve_stage
from salesops_lib.compensation.guarantees import guarantee_legs
from salesops_lib.compensation.plan_components import Guarantee, Measured, Tiered
from salesops_lib.compensation.quota_book import QuotaBook
from salesops_lib.compensation.standings import Standings
from salesops_lib.compensation.windows import window_of
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component
    from salesops_lib.compensation.ratios import Ints
    from salesops_lib.compensation.windows import Span
    from salesops_lib.period import Period

    Floats = NDArray[np.float64]

__all__ = [
    "CREDIT_MEASURES",
    "PlanCurves",
    "credit_measures",
    "curves_for",
    "period_quotas",
    "plan_curves",
]

CREDIT_MEASURES = ("amount", "deals")
"""Kinds of measure that results are simulated for; others are handed in."""

_CELLS = 200_000
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SPANS: tuple[Span, ...] = ("period", "quarter", "year")


@dataclass(frozen=True, eq=False)
class PlanCurves:
    """Pay of a plan's people by their results.

    Parameters
    ----------
    plan : Plan
        The plan.
    people : DataFrame
        As given, by `rep_id`.
    periods : tuple of Period
        Pay periods, one after the other.
    stages : tuple
        For each period, each component's curve there.
    guarantees : array
        Period × person: least pay of the period in cents; 0: none.
    targets : array of float
        Variable pay at target of each person over all periods, in cents.
    approximations : tuple of str
        Where the engine may pay otherwise, and why; empty where it does not.
    standings : tuple of Standings
        For each period, what the curves were made from.
    """

    plan: Plan
    people: pd.DataFrame
    periods: tuple[Period, ...]
    stages: tuple[tuple[CurveStage, ...], ...]
    guarantees: Ints
    targets: Floats
    approximations: tuple[str, ...]
    standings: tuple[Standings, ...]

    def quotas(self, measure: str) -> Ints:
        """Quota of each period and person for a measure of the plan, hundredths.

        A quota of a quarter or year that is paid by shorter periods is cut evenly.

        Raises
        ------
        InputError
            Somebody has none.
        """
        return np.array([period_quotas(s, measure) for s in self.standings], dtype=np.int64)

    def pay(self, results: Mapping[str, Ints]) -> Floats:
        """Pay of all periods together.

        Parameters
        ----------
        results : mapping
            For each measure of credits: period × person × case, hundredths of its unit.

        Returns
        -------
        array of float
            Person × case, in cents, not rounded.

        Raises
        ------
        InputError
            A measure that the plan pays on is missing, or of another shape; a result lies
            above the last tier of a closed table.
        """
        cases = self._checked(results)
        paid = np.empty((len(self.people), cases))
        step = max(1, _CELLS // max(cases, 1))
        for start in range(0, len(self.people), step):
            who = slice(start, start + step)
            own = {name: values[:, who] for name, values in results.items()}
            paid[who] = self._pay_of(own, who)
        return paid

    def _pay_of(self, results: Mapping[str, Ints], who: slice) -> Floats:
        """Pay of some of the people; few enough for the processor's cache."""
        first = next(iter(results.values()))
        total = np.zeros(first.shape[1:])
        has_guarantee = bool(self.guarantees.any())
        before: dict[str, Floats] = {}
        for place, stages in enumerate(self.stages):
            period_pay = np.zeros(first.shape[1:])
            for stage in stages:
                # What is measured over more than one period pays the sum so far, less
                # what was paid: only its last period counts, but for guarantees.
                if not (stage.is_last or has_guarantee):
                    continue
                so_far = stage.pay(results, who)
                period_pay += so_far - before.get(stage.key, 0.0) if has_guarantee else so_far
                before[stage.key] = so_far
                if stage.is_last:
                    del before[stage.key]
            if has_guarantee:
                np.maximum(period_pay, self.guarantees[place, who, None], out=period_pay)
            total += period_pay
        return total

    def _checked(self, results: Mapping[str, Ints]) -> int:
        needed = {name for stages in self.stages for stage in stages for name in stage.measures}
        for name in sorted(needed):
            if name not in results:
                raise InputError(f"the results have no measure `{name}`, which the plan pays on")
        if not results:
            raise InputError("there are no results to pay on")
        shapes = {values.shape for values in results.values()}
        wanted = len(self.periods), len(self.people)
        if len(shapes) > 1 or next(iter(shapes))[:2] != wanted:
            raise InputError(
                f"results must be of {wanted[0]} periods and {wanted[1]} people, and all alike"
            )
        cases = int(next(iter(shapes))[2])
        if not cases:
            raise InputError("there is no path of results to pay")
        return cases


def plan_curves(
    plan: Plan,
    people: pd.DataFrame,
    quotas: pd.DataFrame | QuotaBook | None,
    periods: Sequence[Period],
    *,
    calendar: FiscalCalendar | None = None,
    results: pd.DataFrame | None = None,
) -> PlanCurves:
    """Curves of a plan for its people in some pay periods.

    Parameters
    ----------
    plan : Plan
        In force in all of the periods.
    people : DataFrame
        As `earnings` takes them.
    quotas : DataFrame or QuotaBook, optional
        As `earnings` takes them, for all of the periods.
    periods : sequence of Period
        Pay periods in a row. Where something is measured over a quarter or year, from its
        beginning on: what is known already is a result like any other, the same in all cases.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    results : DataFrame, optional
        What is handed in (a margin, the score of an objective), as `earnings` takes it.

    Returns
    -------
    PlanCurves

    Raises
    ------
    InputError
        The periods are not the plan's, leave one out, or begin within a window; a quota,
        a pay at target or a result is missing.
    """
    calendar = calendar or FiscalCalendar()
    chosen = tuple(sorted(periods))
    _check(plan, chosen, calendar)
    people = people.sort_values("rep_id", ignore_index=True)
    book = quotas if isinstance(quotas, QuotaBook) else QuotaBook(plan, people, quotas, calendar)
    empty = CreditBook(_no_credits(), pd.Index(people["rep_id"]), plan.currency)
    standings = tuple(
        Standings(plan, period, calendar, people, empty, book, results) for period in chosen
    )
    notes: list[str] = []
    stages: list[tuple[CurveStage, ...]] = []
    least = np.zeros((len(chosen), len(people)), dtype=np.int64)
    zero = np.zeros(len(people), dtype=np.int64)
    for place, standing in enumerate(standings):
        made = []
        for component in plan.components:
            if not _counts_in(component, standing.period):
                continue
            if isinstance(component, Guarantee):
                least[place] = np.maximum(
                    least[place], guarantee_legs(component, standing, zero).totals(len(people))
                )
                continue
            made.append(curve_stage(component, standings, place))
            notes += _notes(component, standing)
        stages.append(tuple(made))
    return PlanCurves(
        plan,
        people,
        chosen,
        _with_last(stages),
        least,
        _targets(standings),
        tuple(dict.fromkeys(notes)),
        standings,
    )


def curves_for(plan: Plan, like: PlanCurves) -> PlanCurves:
    """Curves of another plan for the same people, quotas and periods.

    Parameters
    ----------
    plan : Plan
        With the same measures, quotas and days; its components and settings may differ.
    like : PlanCurves
        Of the first plan.

    Returns
    -------
    PlanCurves

    Raises
    ------
    InputError
        Measures or quotas differ, or the plan cannot be made curves of.
    """
    if (plan.measures, plan.quotas) != (like.plan.measures, like.plan.quotas):
        raise InputError(f"the measures or quotas of `{plan.id}` are others: make its own curves")
    first = like.standings[0]
    return plan_curves(
        plan,
        like.people,
        first.quotas,
        like.periods,
        calendar=first.calendar,
        results=first.results,
    )


def credit_measures(plan: Plan) -> list[str]:
    """Measures of a plan that are counted from credits, in the order of the file."""
    return [name for name, measure in plan.measures.items() if measure.of in CREDIT_MEASURES]


def period_quotas(standing: Standings, measure: str, *, needed: bool = True) -> Ints:
    """Quotas of a pay period, or its even part of those of the quarter or year.

    Parameters
    ----------
    standing : Standings
        The people, their quotas and the period.
    measure : str
        Measure of the plan.
    needed : bool
        Whether everybody must have one; without, who has none has -1.

    Returns
    -------
    array of int64
        Hundredths of the measure's unit.

    Raises
    ------
    InputError
        Quotas reach over the period and fit no quarter or year, or somebody has none.
    """
    period, calendar, refused = standing.period, standing.calendar, None
    for span in _SPANS:
        months = _MONTHS[period.kind if span == "period" else span]
        if months < _MONTHS[period.kind]:
            continue
        window = window_of(standing.plan, period, calendar, span, full_quota=True)
        try:
            found = standing.quotas.of(measure, window)
            if needed:
                found = standing.needed_quotas(measure, window)
        except InputError as error:
            refused = refused or error
            continue
        covered = max(int(window.share_of_year * 12), 1)
        return np.where(found > 0, found * _MONTHS[period.kind] // covered, found)
    raise refused or InputError(f"there is no quota of `{measure}` for {period}")


def _check(plan: Plan, periods: tuple[Period, ...], calendar: FiscalCalendar) -> None:
    if not periods:
        raise InputError("there is no pay period")
    for period in periods:
        if period.kind != plan.pay_period:
            raise InputError(
                f"the plan `{plan.id}` pays by the {plan.pay_period}, but {period} is a "
                f"{period.kind}"
            )
        if not (plan.holds_on(period.start) and plan.holds_on(period.end)):
            raise InputError(f"the plan `{plan.id}` is not in force in all of {period}")
    for one, other in itertools.pairwise(periods):
        if calendar.next(one) != other:
            raise InputError(f"there is a gap between the pay periods {one} and {other}")


def _counts_in(component: Component, period: Period) -> bool:
    begun = component.from_ is None or component.from_ <= period.end
    return begun and (component.to is None or component.to >= period.start)


def _with_last(stages: list[tuple[CurveStage, ...]]) -> tuple[tuple[CurveStage, ...], ...]:
    """Stages that know whether they are the last ones of their window."""
    seen: set[str] = set()
    found = []
    for of_period in reversed(stages):
        found.append(tuple(replace(s, is_last=s.key not in seen) for s in of_period))
        seen |= {stage.key for stage in of_period}
    return tuple(reversed(found))


def _targets(standings: Sequence[Standings]) -> Floats:
    people = standings[0].people
    if "variable_cents" not in people:
        return np.zeros(len(people))
    months = _MONTHS[standings[0].period.kind]
    year: Floats = people["variable_cents"].to_numpy(float)
    return year * (months * len(standings) / 12)


def _notes(component: Component, standing: Standings) -> list[str]:
    """Where the engine looks at single deals, or at days, and a curve cannot."""
    settings = standing.plan.settings_of(component)
    name, notes = component.name, []
    if isinstance(component, Measured):
        if settings.applied != "running":
            notes.append(f"`{name}` is paid deal by deal; the curve takes the result as a whole")
        if isinstance(component, Tiered) and component.method == "unsplit":
            notes.append(f"`{name}` does not split a deal between tiers; the curve does")
        if standing.plan.measures[component.measure].largest_credit is not None:
            notes.append(f"`{name}` counts a part of large deals; the curve knows no deals")
        if component.gates and settings.gate_judged != "period_end":
            notes.append(f"`{name}` judges its gates at each deal; the curve does so at the end")
    period = standing.period
    begins = component.from_ is not None and component.from_ > period.start
    if begins or (component.to is not None and component.to < period.end):
        notes.append(f"`{name}` counts some days of a period; the curve takes their share of it")
    return notes


def _no_credits() -> pd.DataFrame:
    empty: dict[str, object] = {name: pd.Series(dtype=object) for name in CREDIT_COLUMNS}
    empty["amount_cents"] = pd.Series(dtype=np.int64)
    empty["credited_on"] = pd.Series(dtype="datetime64[ns]")
    return pd.DataFrame(empty)
