"""Search over a plan's numbers: the plan that meets a target, and what else was to be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.monte_carlo import span_label
from salesops_lib.compensation.plan_curves import curves_for
from salesops_lib.compensation.plan_knobs import turned
from salesops_lib.compensation.trade_off import PlanOutcome, pareto_frame, plan_outcome
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.compensation.attainment_paths import ResultPaths
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_curves import PlanCurves
    from salesops_lib.compensation.plan_knobs import PlanKnob
    from salesops_lib.formats import Formatter

__all__ = ["GOALS", "PlanSearch", "plan_search"]

GOALS = ("cost_cents", "gap")
"""Goals of the trade-off, lower being better: cost, and distance from pay in proportion."""

_TOLERANCE = 0.005
_REFUSED = 1e9
_PER_KNOB = 8
_POINTS = 5
_FEWEST_ROUNDS = 3


@dataclass
class _Trials:
    """Plans that were tried, each once."""

    curves: PlanCurves
    paths: ResultPaths
    knobs: tuple[PlanKnob, ...]
    known: dict[tuple[int, ...], PlanOutcome | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.compared = self.curves.pay(self.paths.results)

    def plan(self, notches: tuple[int, ...]) -> Plan:
        pairs = zip(self.knobs, notches, strict=True)
        return turned(self.curves.plan, {knob: knob.at(notch) for knob, notch in pairs})

    def outcome(self, notches: tuple[int, ...]) -> PlanOutcome | None:
        """What these notches come to; None where they make no plan."""
        if notches not in self.known:
            try:
                curves = curves_for(self.plan(notches), self.curves)
                found = plan_outcome(curves, self.paths, compared=self.compared)
            except InputError:
                found = None
            self.known[notches] = found
        return self.known[notches]

    def frame(self) -> pd.DataFrame:
        """All plans that were tried, by their notches."""
        rows = [
            {
                **{k.name: k.text(k.at(n)) for k, n in zip(self.knobs, notches, strict=True)},
                **found.row(),
            }
            for notches, found in sorted(self.known.items())
            if found is not None
        ]
        names = [knob.name for knob in self.knobs]
        columns = [*names, *PlanOutcome.__dataclass_fields__]
        return pd.DataFrame(rows, columns=columns).drop(columns="p_over")


@dataclass(frozen=True, eq=False)
class PlanSearch:
    """The plan that meets a target best, and the trade-off about it.

    Parameters
    ----------
    plan : Plan
        The plan found.
    settings : dict
        What each knob says, as the plan's file has it.
    outcome, before : PlanOutcome
        What it comes to, and what the plan as it is comes to.
    is_met : bool
        Whether the target is met (a cost within 0.5 %).
    trade_off : DataFrame
        Plans that no other beats in both cost and gap: a column a knob, then the figures
        of `PlanOutcome`, by cost.
    tried : DataFrame
        All plans that were tried, the same columns.
    refused : int
        Settings that make no plan, such as tiers that do not rise.
    target_cents, target_gap : int or None, float or None
        What was asked for.
    seed : int
        Of the search.
    periods : str
        When, for readers.
    show : Formatter
        Formats of the report.
    """

    plan: Plan
    settings: dict[str, str]
    outcome: PlanOutcome
    before: PlanOutcome
    is_met: bool
    trade_off: pd.DataFrame
    tried: pd.DataFrame
    refused: int
    target_cents: int | None
    target_gap: float | None
    seed: int
    periods: str
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: the plan found, and what it comes to."""
        show = self.show
        words = {
            "settings": show.listed([f"{name} {text}" for name, text in self.settings.items()]),
            "cost": self._money(self.outcome.cost_cents),
            "change": self._money(self.outcome.cost_cents - self.before.cost_cents, signed=True),
            "gap": show.points(self.outcome.gap or 0.0, signed=False),
            "was": show.points(self.before.gap or 0.0, signed=False),
        }
        if self.is_met:
            return show.say(
                "With {settings} the plan costs {cost} ({change}), and pay is {gap} off "
                "proportional to results, {was} as it is.",
                **words,
            )
        return show.say(
            "No setting of these numbers meets the target; nearest is {settings} at {cost} "
            "({change}), {gap} off proportional, {was} as it is.",
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.show.say(
            "Cost against distance from proportional pay of {tried} plans; {best} of them are "
            "beaten by none. {headline}",
            tried=self.show.count(len(self.tried)),
            best=self.show.count(len(self.trade_off)),
            headline=self.headline,
        )

    @property
    def caption(self) -> str:
        """What is drawn."""
        return self.show.say(
            "Each point is a plan that was tried, on the same results; the line joins those that "
            "no other beats in both. Behaviour is assumed unchanged."
        )

    @property
    def drawn(self) -> Drawn:
        """Unit and uncertainty of the chart."""
        return Drawn(self.show.currency, self.show.say("none: a search"), "exact")

    @property
    def grid(self) -> Grid:
        """The trade-off as a table."""
        show, say = self.show, self.show.say
        headers = (
            *((name, "number") for name in self.settings),
            (say("Cost"), "number"),
            (say("From proportion"), "number"),
            (say("At target"), "number"),
            (say("Reps who lose"), "number"),
        )
        rows = tuple(
            (
                *(Cell(str(text)) for text in row[: len(self.settings)]),
                Cell(self._money(row.cost_cents), number=row.cost_cents / 100),
                Cell(show.points(row.gap, signed=False), number=row.gap),
                Cell(show.value(row.at_target, "share"), number=row.at_target),
                Cell(show.value(row.losers, "share"), number=row.losers),
            )
            for row in rows_of(_plainly_named(self.trade_off, len(self.settings)))
        )
        return Grid(say("Plans that no other beats, {periods}", periods=self.periods), headers,
                    rows, show=show)  # fmt: skip

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "plan_search",
            "headline": self.headline,
            "settings": self.settings,
            "is_met": self.is_met,
            "seed": self.seed,
            "tried": len(self.tried),
            "refused": self.refused,
            "target_cents": self.target_cents,
            "target_gap": json_number(self.target_gap),
            "outcome": {key: json_number(value) for key, value in self.outcome.row().items()},
            "before": {key: json_number(value) for key, value in self.before.row().items()},
            "trade_off": {
                **compact_rows(_plainly_named(self.trade_off, len(self.settings))),
                "columns": list(self.trade_off.columns),
            },
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }

    def _money(self, cents: float, *, signed: bool = False) -> str:
        return self.show.money(cents / 100, compact=True, signed=signed)


def plan_search(
    curves: PlanCurves,
    paths: ResultPaths,
    knobs: Sequence[PlanKnob],
    show: Formatter,
    *,
    cost_cents: int | None = None,
    gap: float | None = None,
    rounds: int = 12,
    seed: int = 0,
) -> PlanSearch:
    """The plan that meets a target of cost or fairness best, and the trade-off about it.

    With `cost_cents`: of the plans that cost so much, the one whose pay is most in
    proportion to results. With `gap`: of those no further from proportion, the cheapest.

    Parameters
    ----------
    curves : PlanCurves
        The plan as it is.
    paths : ResultPaths
        Results to judge it on; a few hundred paths are enough.
    knobs : sequence of PlanKnob
        What may be turned, in whole notches.
    show : Formatter
        Formats of the report.
    cost_cents : int, optional
        Mean cost of all periods that is wanted.
    gap : float, optional
        Largest mean distance of pay ÷ target from attainment that is allowed.
    rounds : int
        Generations of each search.
    seed : int
        The same seed, plan and paths give the same result.

    Returns
    -------
    PlanSearch

    Raises
    ------
    InputError
        Neither or both targets are given, no knob, one twice, or nobody has a target.

    Notes
    -----
    Differential evolution over whole notches (`scipy.optimize.differential_evolution`;
    Storn and Price 1997). It finds good plans, and proves none to be the best. The
    trade-off is drawn by searches for further costs between the cheapest and the dearest
    plan seen; all plans that were tried count.
    """
    if (cost_cents is None) == (gap is None):
        raise InputError("a search needs one target: a cost, or a gap")
    chosen = tuple(knobs)
    if not chosen or len({knob.name for knob in chosen}) < len(chosen):
        raise InputError("a search needs knobs, each once")
    trials = _Trials(curves, paths, chosen)
    before = plan_outcome(curves, paths, compared=trials.compared)
    if before.gap is None:
        raise InputError("nobody has a pay at target, so no gap can be judged")
    best = _searched(trials, _Target(before, cost_cents, gap), rounds, seed)
    for number, cost in enumerate(_further_costs(trials)):
        _searched(
            trials, _Target(before, cost, None), max(_FEWEST_ROUNDS, rounds // 3), seed + number
        )
    tried = trials.frame()
    # Searches for the trade-off may have met the target better still.
    score = _Target(before, cost_cents, gap)
    ranked = [(score(found), notches) for notches, found in trials.known.items() if found]
    best = min([*ranked, (score(trials.outcome(best)), best)])[1]
    outcome = trials.outcome(best)
    if outcome is None:
        raise InputError("no setting of these knobs makes a plan")
    pairs = zip(chosen, best, strict=True)
    return PlanSearch(
        plan=trials.plan(best),
        settings={knob.name: knob.text(knob.at(notch)) for knob, notch in pairs},
        outcome=outcome,
        before=before,
        is_met=score.is_met(outcome),
        trade_off=pareto_frame(tried, GOALS),
        tried=tried,
        refused=sum(found is None for found in trials.known.values()),
        target_cents=cost_cents,
        target_gap=gap,
        seed=seed,
        periods=span_label(curves, show),
        show=show,
    )


@dataclass(frozen=True)
class _Target:
    """How far an outcome is from a target; lower is better."""

    before: PlanOutcome
    cost_cents: int | None
    gap: float | None

    def __call__(self, found: PlanOutcome | None) -> float:
        if found is None or found.gap is None:
            return _REFUSED
        if self.cost_cents is not None:
            off = abs(found.cost_cents / self.cost_cents - 1)
            return found.gap + 100 * max(0.0, off - _TOLERANCE)
        beyond = max(0.0, found.gap - (self.gap or 0.0))
        return found.cost_cents / max(self.before.cost_cents, 1) + 100 * beyond

    def is_met(self, found: PlanOutcome) -> bool:
        if self.cost_cents is not None:
            return abs(found.cost_cents / self.cost_cents - 1) <= _TOLERANCE
        return found.gap is not None and found.gap <= (self.gap or 0.0)


def _searched(trials: _Trials, target: _Target, rounds: int, seed: int) -> tuple[int, ...]:
    from scipy.optimize import differential_evolution

    def notches(values: NDArray[np.float64]) -> tuple[int, ...]:
        return tuple(round(value) for value in values)

    now = [float(knob.nearest(knob.now)) for knob in trials.knobs]
    found = differential_evolution(
        lambda values: target(trials.outcome(notches(values))),
        [(0, knob.notches - 1) for knob in trials.knobs],
        integrality=[True] * len(trials.knobs),
        popsize=_PER_KNOB,
        maxiter=rounds,
        x0=now,
        rng=np.random.default_rng(seed),
        polish=False,
        tol=0.0,
        atol=0.0,
    )
    return notches(found.x)


def _further_costs(trials: _Trials) -> list[int]:
    """Costs between the cheapest and the dearest plan that was seen."""
    costs = [found.cost_cents for found in trials.known.values() if found]
    if not costs or max(costs) <= 0:
        return []
    ends = np.linspace(max(min(costs), 1), max(costs), _POINTS + 2)[1:-1]
    return [round(cost) for cost in ends]


def _plainly_named(frame: pd.DataFrame, knobs: int) -> pd.DataFrame:
    """The frame with names of knobs that a named tuple can have."""
    names = [f"knob_{number}" for number in range(knobs)]
    return frame.set_axis([*names, *frame.columns[knobs:]], axis=1)
