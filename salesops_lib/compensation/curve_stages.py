"""One component in one pay period as a curve, with its gates, multipliers and cap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.curve_tables import curve_table, least_reaching
from salesops_lib.compensation.plan_components import MBO, Bonus, GoalMatrix, Measured
from salesops_lib.compensation.quota_book import NO_QUOTA
from salesops_lib.compensation.rate_tables import rate_table
from salesops_lib.compensation.standings import level_of
from salesops_lib.compensation.sum_legs import level_cents, objective_cents
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from salesops_lib.compensation.plan_components import Paying
    from salesops_lib.compensation.plan_levels import Level
    from salesops_lib.compensation.ratios import Ints, Marks
    from salesops_lib.compensation.standings import Standings
    from salesops_lib.compensation.windows import Window

    Floats = NDArray[np.float64]

__all__ = ["CurveStage", "curve_stage"]

Results = Mapping[str, "Ints"]
"""For each measure of credits: period × person × case, hundredths."""

Days = tuple["dt.date | None", "dt.date | None"]
"""First and last day that a component counts."""

Part = Callable[[Results, slice], "Floats"]
"""Pay, or a multiple of it, of some people (results of them alone): person × case."""


@dataclass(frozen=True)
class CurveStage:
    """What a component has paid by the end of one pay period, by results.

    Parameters
    ----------
    key : str
        The component and its window; what is paid under one key is paid once.
    base : callable
        Pay before gates and multipliers.
    factors : tuple of callable
        Multiples.
    caps : array of float, optional
        Most that it pays each person.
    measures : frozenset of str
        Measures of credits that it asks for.
    is_last : bool
        Whether no later period of the window follows.
    """

    key: str
    base: Part
    factors: tuple[Part, ...]
    caps: Floats | None
    measures: frozenset[str]
    is_last: bool = True

    def pay(self, results: Results, who: slice) -> Floats:
        """Cents since the window began; the results are of those people alone."""
        paid = self.base(results, who)
        for factor in self.factors:
            paid = paid * factor(results, who)
        if self.caps is not None:
            paid = np.minimum(paid, self.caps[who, None])
        return paid


def curve_stage(component: Paying, standings: Sequence[Standings], place: int) -> CurveStage:
    """Curve of one component in one pay period.

    Parameters
    ----------
    component : Paying
        Any but a guarantee.
    standings : sequence of Standings
        One a pay period, without credits.
    place : int
        Which of them.

    Returns
    -------
    CurveStage

    Raises
    ------
    InputError
        A quota, a pay at target or a handed-in result is missing, or the periods begin
        within a window.
    """
    here = _Here(component, tuple(standings), place)
    window = here.now.window(component)
    match component:
        case Measured():
            base = _measured(component, here, window)
        case GoalMatrix():
            base = _by_matrix(component, here, window)
        case Bonus():
            base = _fixed(level_cents(component.pays, component, here.now, window), here)
        case MBO():
            base = _fixed(objective_cents(component, here.now, window, here.who), here)
        case _:
            raise TypeError(f"{type(component).__name__} has no curve")
    caps = None
    if component.cap is not None:
        most = level_cents(component.cap, component, here.now, window)
        caps = np.array([floor(cents) for cents in most], dtype=float)
    factors = [_multiplier(number, here, window) for number in range(len(component.multipliers))]
    factors += [_gate(number, here) for number in range(len(component.gates))]
    return CurveStage(
        key=f"{component.name}|{window.start}",
        base=base,
        factors=tuple(factors),
        caps=caps,
        measures=frozenset(here.asked),
    )


class _Here:
    """A component, the people, and where in the row of periods it stands."""

    def __init__(self, component: Paying, standings: tuple[Standings, ...], place: int) -> None:
        self.component, self.standings, self.place = component, standings, place
        self.now = standings[place]
        self.who = self.now.paid_here(component)
        self.settings = self.now.plan.settings.overridden(component.settings)
        self.higher = self.settings.boundary == "higher"
        self.asked: set[str] = set()

    def is_result(self, measure: str) -> bool:
        return self.now.plan.measures[measure].of == "result"

    def total(
        self, measure: str, window: Window, days: Days = (None, None)
    ) -> Callable[[Results], Ints]:
        """Result of a measure since a window began."""
        self.asked.add(measure)
        first = self._first(window)
        counted = slice(first, self.place + 1)
        if days == (None, None):
            return lambda results: _summed(results[measure][counted])
        shares = np.array([_share(s, *days) for s in self.standings[counted]])
        unit = 100 if self.now.plan.measures[measure].of == "deals" else 1

        def part(results: Results) -> Ints:
            cut = results[measure][counted] * shares[:, None, None] / unit
            found: Ints = (np.rint(cut) * unit).astype(np.int64).sum(axis=0)
            return found

        return part

    def _first(self, window: Window) -> int:
        earliest = self.standings[0].period.start
        if window.start < earliest:
            raise InputError(
                f"`{self.component.name}` is measured from {window.start} on, but the periods "
                f"begin on {earliest}: begin with the window, with what is known already"
            )
        return next(n for n, s in enumerate(self.standings) if s.period.end >= window.start)

    def reached(self, measure: str, level: Level, window: Window) -> Callable[..., Marks]:
        """Whether a level of a measure is reached, of some of the people."""
        scale = [100] * len(self.who)
        if level.is_percent:
            scale = self.now.needed_quotas(measure, window, self.who).tolist()
        exact = level.exact
        least = np.array(
            [least_reaching(exact * one, higher=self.higher) for one in scale], dtype=np.int64
        )
        total = self.total(measure, window)

        def mark(results: Results, who: slice) -> Marks:
            found: Marks = total(results) >= least[who, None]
            return found

        return mark


def _summed(values: Ints) -> Ints:
    """Periods added up; one alone is no copy."""
    total: Ints = values[0] if len(values) == 1 else values.sum(axis=0)
    return total


def _share(standing: Standings, first: dt.date | None, last: dt.date | None) -> float:
    """Share of a period's days that lies between two days."""
    period = standing.period
    start, end = max(period.start, first or period.start), min(period.end, last or period.end)
    return max(0, (end - start).days + 1) / ((period.end - period.start).days + 1)


def _measured(component: Measured, here: _Here, window: Window) -> Part:
    table = rate_table(component, here.settings)
    if table.unsplit:
        # Of many small deals each lies in one tier.
        table = replace(table, unsplit=False, retroactive=(False,) * len(table.starts))
    quotas = here.now.quotas.of(component.measure, window)
    if table.needs_quota:
        quotas = here.now.needed_quotas(component.measure, window, here.who)
    targets = here.now.targets(component, window)
    if table.needs_target:
        lacking = [number for number in np.flatnonzero(here.who) if targets[number] <= 0]
        if lacking:
            rep = here.now.people["rep_id"].iloc[lacking[0]]
            raise InputError(
                f"`{component.name}` pays a part of the pay at target, but `{rep}` has none: "
                "give `ote` and `pay_mix`"
            )
    used = np.where(quotas == NO_QUOTA, 0, quotas).tolist()
    curve = curve_table(table, used, targets, here.who.tolist())
    total = here.total(component.measure, window, (component.from_, component.to))
    return lambda results, who: curve.part(who).pay(total(results))


def _fixed(sums: list[Fraction], here: _Here) -> Part:
    cents = np.where(here.who, np.array([float(one) for one in sums]), 0.0)
    return lambda _results, who: cents[who, None]


def _by_matrix(component: GoalMatrix, here: _Here, window: Window) -> Part:
    rows = _places(component.rows, component.row_levels, here, window)
    columns = _places(component.columns, component.column_levels, here, window)
    # Place 0 is below the first row or column, where nothing is paid.
    cells = np.zeros(
        (len(here.who), len(component.row_levels) + 1, len(component.column_levels) + 1)
    )
    for row, line in enumerate(component.pays):
        for column, level in enumerate(line):
            paid = [float(c) for c in level_cents(level, component, here.now, window)]
            cells[:, row + 1, column + 1] = np.where(here.who, paid, 0.0)

    def pay(results: Results, who: slice) -> Floats:
        own = cells[who]
        found: Floats = own[np.arange(len(own))[:, None], rows(results, who), columns(results, who)]
        return found

    return pay


def _places(
    measure: str, levels: list[Level], here: _Here, window: Window
) -> Callable[[Results, slice], Ints]:
    """How many of the levels each result reaches."""
    if here.is_result(measure):
        values = here.now.handed_in(measure, here.who)
        fixed = np.array([level_of(levels, value, higher=here.higher) + 1 for value in values])
        return lambda _results, who: fixed[who, None]
    marks = [here.reached(measure, level, window) for level in levels]

    def places(results: Results, who: slice) -> Ints:
        found: Ints = sum(
            (mark(results, who).astype(np.int64) for mark in marks[1:]),
            start=marks[0](results, who).astype(np.int64),
        )
        return found

    return places


def _multiplier(number: int, here: _Here, window: Window) -> Part:
    multiplier = here.component.multipliers[number]
    steps: list[tuple[Level, float]] = []
    for tier in multiplier.tiers:
        steps.append((tier.from_, float(tier.times)))
        if tier.to is not None:
            # Above a closed tier the multiple is 1, until the next one starts.
            steps.append((tier.to, 1.0))
    return _stepped(multiplier.measure, steps, 1.0, here, window)


def _gate(number: int, here: _Here) -> Part:
    gate = here.component.gates[number]
    own = here.component.measure if isinstance(here.component, Measured) else ""
    window = here.now.window(here.component, gate.measured_over)
    steps = [(gate.at_least, 1.0)]
    return _stepped(gate.measure or own, steps, float(gate.otherwise), here, window)


def _stepped(
    measure: str, steps: list[tuple[Level, float]], below: float, here: _Here, window: Window
) -> Part:
    """A multiple that changes where levels are reached."""
    if here.is_result(measure):
        values = here.now.handed_in(measure, here.who)
        fixed = np.full(len(values), below)
        for level, times in steps:
            marks = [level_of([level], value, higher=here.higher) == 0 for value in values]
            fixed = np.where(marks, times, fixed)
        return lambda _results, who: fixed[who, None]
    reached = [(here.reached(measure, level, window), times) for level, times in steps]

    def factor(results: Results, who: slice) -> Floats:
        found: Floats | float = below
        for mark, times in reached:
            found = np.where(mark(results, who), times, found)
        return np.asarray(found)

    return factor
