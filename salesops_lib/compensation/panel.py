"""A plan's panel: what turning its numbers does, and the grid that stands for it on paper.

No widget and no browser: `notebook.plan_panel` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.monte_carlo import span_label
from salesops_lib.compensation.plan_curves import PlanCurves, curves_for
from salesops_lib.compensation.plan_knobs import turned
from salesops_lib.compensation.trade_off import PlanOutcome, plan_outcome
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.attainment_paths import ResultPaths
    from salesops_lib.compensation.plan_knobs import PlanKnob
    from salesops_lib.formats import Formatter

    Floats = NDArray[np.float64]

__all__ = ["PlanPanelState", "PlanScenarios", "TurnedPlan"]

_HIGHEST = 2.0
_STEPS = 80
_COLUMNS = ["knob", "value", "cost_cents", "change_cents", "gap", "at_target", "losers", "p_over"]


@dataclass(frozen=True, eq=False)
class TurnedPlan:
    """A plan with some numbers turned, beside the plan as it is.

    Parameters
    ----------
    settings : dict
        What each knob says, as the plan's file has it.
    curve : DataFrame
        `attainment`, `before` and `after` (variable pay ÷ target, of the person shown).
    outcome, before : PlanOutcome
        What the two come to on the same results.
    role : str
        Role of the person whose curve is shown: of those with a target the one in the
        middle by quota.
    periods : str
        When, for readers.
    show : Formatter
        Formats of the report.
    """

    settings: dict[str, str]
    curve: pd.DataFrame
    outcome: PlanOutcome
    before: PlanOutcome
    role: str
    periods: str
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: cost and fairness, and what they were."""
        show = self.show
        return show.say(
            "The plan costs {cost} ({change}); pay is {gap} off proportional to results, {was} "
            "as it is.",
            cost=show.money(self.outcome.cost_cents / 100, compact=True),
            change=show.money((self.outcome.cost_cents - self.before.cost_cents) / 100,
                              compact=True, signed=True),
            gap="–" if self.outcome.gap is None else show.points(self.outcome.gap, signed=False),
            was="–" if self.before.gap is None else show.points(self.before.gap, signed=False),
        )  # fmt: skip

    @property
    def alt(self) -> str:
        """The chart in words."""
        show, say = self.show, self.show.say
        points = self.curve[np.isclose(self.curve["attainment"] % 0.5, 0)]
        told = [
            say(
                "{pay} at {attainment}, {was} as it is",
                pay=show.share(row.after, 0),
                attainment=show.share(row.attainment, 0),
                was=show.share(row.before, 0),
            )
            for row in rows_of(points)
        ]
        return say("Payout curve, variable pay ÷ target: {points}.", points=show.listed(told))

    @property
    def caption(self) -> str:
        """What is drawn."""
        return self.show.say(
            "{role} with the median quota; all measures reach the same attainment.",
            role=self.role,
        )

    @property
    def drawn(self) -> Drawn:
        """Unit and uncertainty of the chart."""
        return Drawn("%", self.show.say("the plan as it is"), "exact")

    @property
    def grid(self) -> Grid:
        """Figures of the plan as it is and as it was turned."""
        show, say = self.show, self.show.say
        headers = (
            (say("Figure"), "text"),
            (say("As it is"), "number"),
            (say("Adjusted"), "number"),
        )
        rows = []
        for name, key, kind in (
            (say("Mean cost"), "cost_cents", "money"),
            (say("Cost of sales"), "cost_of_sales", "share"),
            (say("Pay from proportion to results"), "gap", "points"),
            (say("Reps at target"), "at_target", "share"),
            (say("Reps who earn less"), "losers", "share"),
            (say("Chance of more than the budget"), "p_over", "share"),
        ):
            pair = [getattr(one, key) for one in (self.before, self.outcome)]
            if pair[1] is not None:
                rows.append((Cell(name, "head"), *(_figure_cell(show, n, kind) for n in pair)))
        caption = say("The plan as it is and adjusted, {periods}", periods=self.periods)
        return Grid(caption, headers, tuple(rows), show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "turned_plan",
            "headline": self.headline,
            "settings": self.settings,
            "outcome": {key: json_number(value) for key, value in self.outcome.row().items()},
            "before": {key: json_number(value) for key, value in self.before.row().items()},
            "curve": compact_rows(self.curve),
        }


@dataclass(frozen=True, eq=False)
class PlanScenarios:
    """Each number of a plan at its ends, one at a time.

    Parameters
    ----------
    frame : DataFrame
        One row a scenario, the first the plan as it is: `knob`, `value` (as the file has
        it), `cost_cents`, `change_cents`, `gap`, `at_target`, `losers` and `p_over`; no
        numbers where the value makes no plan.
    periods : str
        When, for readers.
    show : Formatter
        Formats of the report.
    """

    frame: pd.DataFrame
    periods: str
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: which number moves the cost most."""
        show = self.show
        moved = [
            row for row in rows_of(self.frame.iloc[1:]) if row.change_cents == row.change_cents
        ]
        if not moved:
            return show.say("No number of the plan can be adjusted.")
        most = max(moved, key=lambda row: abs(row.change_cents))
        return show.say(
            "Of the numbers tried, {knob} at {value} moves the cost most: {change}.",
            knob=str(most.knob),
            value=str(most.value),
            change=show.money(most.change_cents / 100, compact=True, signed=True),
        )

    @property
    def grid(self) -> Grid:
        """The scenarios as a table."""
        show, say = self.show, self.show.say
        headers = (
            (say("Number of the plan"), "text"),
            (say("Value"), "text"),
            (say("Mean cost, {currency}", currency=show.currency), "number"),
            (say("Change, {currency}", currency=show.currency), "number"),
            (say("From proportion, pp"), "number"),
            (say("At target"), "number"),
            (say("Earn less"), "number"),
        )
        kinds = {"cost_cents": "money", "change_cents": "signed", "gap": "points",
                 "at_target": "share", "losers": "share"}  # fmt: skip
        rows = tuple(
            (
                Cell(str(row.knob) or say("as it is"), "head"),
                Cell(str(row.value) or say("as it is"), "text"),
                *(_column_cell(show, getattr(row, name), kind) for name, kind in kinds.items()),
            )
            for row in rows_of(self.frame.astype(object).where(self.frame.notna(), None))
        )
        note = say(
            "From proportion: mean distance of variable pay ÷ target from attainment. A dash: "
            "the value makes no plan."
        )
        caption = say("One number adjusted at a time, {periods}", periods=self.periods)
        return Grid(caption, headers, rows, note, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        plain = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "plan_scenarios",
            "headline": self.headline,
            "rows": plain.to_dict(orient="records"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


@dataclass(eq=False)
class PlanPanelState:
    """What a panel over a plan knows.

    Parameters
    ----------
    curves : PlanCurves
        The plan as it is.
    paths : ResultPaths
        Results to judge plans on; a few hundred paths answer at once.
    knobs : tuple of PlanKnob
        What may be turned.
    show : Formatter
        Formats of the report.
    budget_cents : int, optional
        What was planned for all of the periods.
    """

    curves: PlanCurves
    paths: ResultPaths
    knobs: tuple[PlanKnob, ...]
    show: Formatter
    budget_cents: int | None = None

    @property
    def start(self) -> dict[str, int]:
        """Notch of each knob that is nearest to the plan as it is."""
        return {knob.name: knob.nearest(knob.now) for knob in self.knobs}

    def values(self, notches: Mapping[str, int]) -> dict[PlanKnob, Decimal]:
        """Value of each knob; where it stands as at the start, what the plan says."""
        start = self.start
        return {
            knob: knob.now
            if notches[knob.name] == start[knob.name]
            else knob.at(notches[knob.name])
            for knob in self.knobs
        }

    def turned(self, notches: Mapping[str, int]) -> TurnedPlan:
        """The plan with its knobs at some notches.

        Raises
        ------
        InputError
            They make no plan.
        """
        values = self.values(notches)
        curves = curves_for(turned(self.curves.plan, values), self.curves)
        attained, shown, role = self._shown
        pay = [one.pay(attained)[shown] for one in (self.curves, curves)]
        target = self.curves.targets[shown] or np.nan
        curve = pd.DataFrame(
            {
                "attainment": np.linspace(0, _HIGHEST, _STEPS + 1),
                "before": pay[0] / target,
                "after": pay[1] / target,
            }
        )
        return TurnedPlan(
            settings={knob.name: knob.text(value) for knob, value in values.items()},
            curve=curve,
            outcome=self._outcome(curves),
            before=self.before,
            role=role,
            periods=span_label(self.curves, self.show),
            show=self.show,
        )

    def scenarios(self) -> PlanScenarios:
        """Each knob at its ends, one at a time: what a report shows in the panel's place."""
        rows = [_scenario("", "", self.before, self.before)]
        for knob in self.knobs:
            for value in (knob.low, knob.high):
                try:
                    plan = turned(self.curves.plan, {knob: value})
                    found = self._outcome(curves_for(plan, self.curves))
                except InputError:
                    found = None
                rows.append(_scenario(knob.name, knob.text(value), found, self.before))
        frame = pd.DataFrame(rows, columns=_COLUMNS)
        return PlanScenarios(frame, span_label(self.curves, self.show), self.show)

    @cached_property
    def before(self) -> PlanOutcome:
        """What the plan as it is comes to."""
        return self._outcome(self.curves)

    @cached_property
    def _compared(self) -> Floats:
        return self.curves.pay(self.paths.results)

    @cached_property
    def _shown(self) -> tuple[dict[str, Any], int, str]:
        """Results at each attainment, the person shown, and the role."""
        quotas = self.paths.quotas
        total = quotas.sum(axis=0)
        rated = np.flatnonzero(self.curves.targets > 0)
        place = rated if len(rated) else np.arange(len(total))
        shown = int(place[np.argsort(total[place], kind="stable")[len(place) // 2]])
        levels = np.linspace(0, _HIGHEST, _STEPS + 1)
        main = self.paths.results[self.paths.measure]
        sold = float(main.sum()) or 1.0
        attained = {}
        for name, values in self.paths.results.items():
            share = 1.0 if name == self.paths.measure else float(values.sum()) / sold
            unit = 100 if self.curves.plan.measures[name].of == "deals" else 1
            cents = quotas[:, :, None] * levels * (share / unit)
            attained[name] = np.rint(cents).astype(np.int64) * unit
        return attained, shown, str(self.curves.people["role"].iloc[shown])

    def _outcome(self, curves: PlanCurves) -> PlanOutcome:
        return plan_outcome(
            curves, self.paths, compared=self._compared, budget_cents=self.budget_cents
        )


def _scenario(
    knob: str, value: str, found: PlanOutcome | None, before: PlanOutcome
) -> dict[str, Any]:
    if found is None:
        return {"knob": knob, "value": value}
    change = found.cost_cents - before.cost_cents
    return {"knob": knob, "value": value, "change_cents": change, **found.row()}


def _column_cell(show: Formatter, number: Any, kind: str) -> Cell:
    """Cell of a column whose head names the unit."""
    if number is None:
        return Cell("–")
    match kind:
        case "money":
            return Cell(show.amount(number / 100, 0), number=number / 100)
        case "signed":
            text = show.decimal(round(number / 100), 0, signed=True)
            return Cell(text, number=number / 100)
        case "points":
            return Cell(show.decimal(number * 100, 1), number=number)
        case _:
            return _figure_cell(show, number, kind)


def _figure_cell(show: Formatter, number: Any, kind: str) -> Cell:
    if number is None:
        return Cell("–")
    match kind:
        case "money":
            return Cell(show.money(number / 100, compact=True), number=number / 100)
        case "signed":
            text = show.money(number / 100, compact=True, signed=True) if number else ""
            return Cell(text, number=number / 100)
        case "points":
            return Cell(show.points(number, signed=False), number=number)
        case _:
            return Cell(show.value(number, "share"), number=number)
