"""Monte Carlo over results: what a plan may cost, and the chance of more than a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.attainment_paths import past_paths
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.attainment_paths import ResultPaths
    from salesops_lib.compensation.plan_curves import PlanCurves
    from salesops_lib.compensation.ratios import Ints
    from salesops_lib.compensation.replay import Replay
    from salesops_lib.formats import Formatter

__all__ = ["BudgetSimulation", "CurveError", "budget_simulation", "curve_error"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of the cost that are told."""

_TARGETS = ("variable_cents", "days_counted", "days_in_period")


@dataclass(frozen=True, eq=False)
class BudgetSimulation:
    """Cost of a plan on many paths of results.

    Parameters
    ----------
    frame : DataFrame
        One row a figure: `figure` (``mean``, or a quantile such as ``q95``), `cost_cents`,
        `sales_cents` (of the measure that was drawn) and `cost_of_sales` (cost ÷ sales).
        Quantiles are of each column by itself.
    by_role : DataFrame
        One row a role: `role`, `reps`, `mean_cents`, `q05_cents`, `q95_cents`.
    costs : array of int64
        Cost of each path in cents.
    budget_cents : int or None
        What was planned.
    p_over : float or None
        Share of the paths that cost more than the budget.
    p_low, p_high : float or None
        Its 95 % interval for the number of paths (Wilson); the model may err by more.
    origin, seed, reps : str, int or None, int
        Where the paths come from, their seed, and how many people are paid.
    approximations : tuple of str
        Where the engine may pay otherwise.
    scope, periods : str
        Who, and when, for readers.
    show : Formatter
        Formats of the report.
    """

    frame: pd.DataFrame
    by_role: pd.DataFrame
    costs: Ints
    budget_cents: int | None
    p_over: float | None
    p_low: float | None
    p_high: float | None
    origin: str
    seed: int | None
    reps: int
    approximations: tuple[str, ...]
    scope: str
    periods: str
    show: Formatter

    def cost_cents(self, figure: str = "mean") -> int:
        """Cost of one figure, such as ``q95``."""
        costs = dict(zip(self.frame["figure"], self.frame["cost_cents"].tolist(), strict=True))
        return int(costs[figure])

    @property
    def headline(self) -> str:
        """One sentence: the likely cost, its range, and the chance of more than the budget."""
        show = self.show
        words = {
            "scope": self.scope,
            "periods": self.periods,
            "middle": self._money(self.cost_cents("q50")),
            "low": self._money(self.cost_cents("q05")),
            "high": self._money(self.cost_cents("q95")),
        }
        if self.budget_cents is None or self.p_over is None:
            return show.say(
                "Variable pay of {scope} in {periods} is {middle} on the middle path, and "
                "between {low} and {high} on nine of ten.",
                **words,
            )
        return show.say(
            "Variable pay of {scope} in {periods} is {middle} on the middle path, and between "
            "{low} and {high} on nine of ten; it exceeds the budget of {budget} on {share}.",
            budget=self._money(self.budget_cents),
            share=show.share(self.p_over),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.show.say(
            "Histogram of the cost of {paths} paths. {headline}",
            paths=self.show.count(len(self.costs)),
            headline=self.headline,
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from what."""
        show = self.show
        origins = {
            "history": show.say("drawn from how attainment varied in past periods"),
            "forecast": show.say("paths of the forecast"),
            "past": show.say("what was reached"),
        }
        return show.say(
            "{paths} paths of {reps} reps, {origin}; seed {seed}.",
            paths=show.count(len(self.costs)),
            reps=show.count(self.reps),
            origin=origins[self.origin],
            seed="–" if self.seed is None else str(self.seed),
        )

    @property
    def drawn(self) -> Drawn:
        """Unit and uncertainty of the chart."""
        return Drawn(self.show.currency, self.show.say("none: a look ahead"), "interval")

    @property
    def grid(self) -> Grid:
        """The quantiles as a table."""
        show, say = self.show, self.show.say
        headers = (
            (say("Paths"), "text"),
            (say("Variable pay"), "number"),
            (say("Sales"), "number"),
            (say("Cost of sales"), "number"),
        )
        rows = tuple(
            (
                Cell(self._name(row.figure), "head"),
                Cell(self._money(row.cost_cents), number=row.cost_cents / 100),
                Cell(self._money(row.sales_cents), number=row.sales_cents / 100),
                Cell(show.value(row.cost_of_sales, "share"), number=row.cost_of_sales),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Variable pay of {scope}, {periods}", scope=self.scope, periods=self.periods)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines; nobody by name."""
        return {
            "kind": "budget_simulation",
            "headline": self.headline,
            "paths": len(self.costs),
            "seed": self.seed,
            "origin": self.origin,
            "budget_cents": self.budget_cents,
            "p_over": json_number(self.p_over),
            "p_low": json_number(self.p_low),
            "p_high": json_number(self.p_high),
            "approximations": list(self.approximations),
            "figures": compact_rows(self.frame),
            "roles": compact_rows(self.by_role),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }

    def _money(self, cents: float) -> str:
        return self.show.money(cents / 100, compact=True)

    def _name(self, figure: str) -> str:
        if figure == "mean":
            return self.show.say("Mean")
        share = self.show.share(int(figure[1:]) / 100, 0)
        return self.show.say("{share} of paths at most", share=share)


def budget_simulation(
    curves: PlanCurves,
    paths: ResultPaths,
    show: Formatter,
    *,
    budget_cents: int | None = None,
    scope: str,
) -> BudgetSimulation:
    """Cost of a plan on many paths of results.

    Parameters
    ----------
    curves : PlanCurves
        The plan, its people and periods.
    paths : ResultPaths
        Results of the same people and periods.
    show : Formatter
        Formats of the report; its currency must be the plan's.
    budget_cents : int, optional
        What was planned for variable pay in all of the periods.
    scope : str
        Label of the scope.

    Returns
    -------
    BudgetSimulation
        The same paths and plan give the same bytes.

    Raises
    ------
    InputError
        The report is in another currency, or the budget is not above zero.
    """
    if show.currency != curves.plan.currency:
        raise InputError(
            f"the plan pays in {curves.plan.currency}, but the report is in {show.currency}"
        )
    if budget_cents is not None and budget_cents <= 0:
        raise InputError(f"a budget of {budget_cents / 100:,.2f} must be above zero")
    pay = curves.pay(paths.results)
    costs = np.rint(pay.sum(axis=0)).astype(np.int64)
    sales = paths.results[paths.measure].sum(axis=(0, 1))
    has_sales = sales > 0
    ratio = costs[has_sales] / sales[has_sales] if has_sales.any() else np.array([np.nan])
    columns = costs, sales, ratio
    rows = [("mean", *(float(one.mean()) for one in columns))]
    for share in QUANTILES:
        ends = (float(np.quantile(one, share)) for one in columns)
        rows.append((f"q{share * 100:02.0f}", *ends))
    frame = pd.DataFrame(rows, columns=["figure", "cost_cents", "sales_cents", "cost_of_sales"])
    whole = {name: frame[name].round().astype("int64") for name in ("cost_cents", "sales_cents")}
    over, low, high = None, None, None
    if budget_cents is not None:
        above = int((costs > budget_cents).sum())
        over = above / len(costs)
        low, high = wilson_interval(above, len(costs)) or (None, None)
    return BudgetSimulation(
        frame.assign(**whole),
        _by_role(curves, pay),
        costs,
        budget_cents,
        over,
        low,
        high,
        paths.origin,
        paths.seed,
        len(curves.people),
        curves.approximations,
        scope,
        span_label(curves, show),
        show,
    )


def span_label(curves: PlanCurves, show: Formatter) -> str:
    """Periods of some curves, for readers."""
    first, last = (show.period(curves.periods[end].label) for end in (0, -1))
    return first if first == last else show.say("{low} to {high}", low=first, high=last)


def _by_role(curves: PlanCurves, pay: Any) -> pd.DataFrame:
    roles = curves.people["role"].astype(str)
    rows = []
    for role in sorted(set(roles)):
        own = pay[(roles == role).to_numpy()].sum(axis=0)
        low, high = np.quantile(own, [0.05, 0.95])
        count = int((roles == role).sum())
        rows.append((role, count, *(round(float(x)) for x in (own.mean(), low, high))))
    return pd.DataFrame(rows, columns=["role", "reps", "mean_cents", "q05_cents", "q95_cents"])


@dataclass(frozen=True, eq=False)
class CurveError:
    """How far the curves are from the engine, on results that were.

    Parameters
    ----------
    frame : DataFrame
        One row a rep: `rep_id`, `engine_cents`, `curve_cents` (float) and `error_cents`.
    approximations : tuple of str
        Where the two may differ by more than rounding.
    """

    frame: pd.DataFrame
    approximations: tuple[str, ...]

    @property
    def largest_cents(self) -> float:
        """Largest error of a rep, in cents."""
        return float(self.frame["error_cents"].abs().max()) if len(self.frame) else 0.0

    @property
    def total_share(self) -> float:
        """Error of the total ÷ the engine's total; 0 where nothing was paid."""
        engine = float(self.frame["engine_cents"].sum())
        return float(self.frame["error_cents"].sum()) / engine if engine else 0.0


def curve_error(
    past: Replay, measure: str, *, calendar: FiscalCalendar | None = None
) -> CurveError:
    """How far the curves are from the engine for what was reached in past periods.

    Where `PlanCurves.approximations` is empty, the difference is that of rounding: half a
    cent a rep, component and period at most.

    Parameters
    ----------
    past : Replay
        Past periods.
    measure : str
        Measure that attainment is of.
    calendar : FiscalCalendar, optional
        Default: the calendar year.

    Returns
    -------
    CurveError
        Of people who were there in each of the periods, with the same role and target.
    """
    last = past.history[-1].people
    keys = [name for name in ("rep_id", "role", *_TARGETS) if name in last]
    people = last
    for one in past.history:
        people = people.merge(one.people[keys], on=keys)
    curves = plan_curves(
        past.plan,
        people,
        _latest(past, "quotas", ["rep_id", "measure", "period_start", "period_end"]),
        past.periods,
        calendar=calendar,
        results=_latest(past, "results", ["rep_id", "measure", "period"]),
    )
    pay = curves.pay(past_paths(past, curves, measure).results)[:, 0]
    engine = past.frame.groupby("rep_id")["payout_cents"].sum()
    reps = curves.people["rep_id"]
    frame = pd.DataFrame({"rep_id": reps, "engine_cents": reps.map(engine), "curve_cents": pay})
    frame["error_cents"] = frame["curve_cents"] - frame["engine_cents"]
    return CurveError(frame, curves.approximations)


def _latest(past: Replay, name: str, keys: list[str]) -> pd.DataFrame | None:
    """Quotas or results of all periods; where two tell of one thing, the later."""
    given = [frame for one in past.history if (frame := getattr(one, name)) is not None]
    if not given:
        return None
    found: pd.DataFrame = pd.concat(given, ignore_index=True).drop_duplicates(keys, keep="last")
    return found
