"""Behaviour: what a plan costs where people answer to what one more sale pays them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.monte_carlo import span_label
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.attainment_paths import ResultPaths
    from salesops_lib.compensation.plan_curves import PlanCurves
    from salesops_lib.compensation.ratios import Ints
    from salesops_lib.formats import Formatter

    Floats = NDArray[np.float64]

__all__ = ["PIECE_RATES", "PlanResponse", "ResponseBand", "plan_response"]

_COLUMNS = ["case", "elasticity", "sales_cents", "cost_cents", "cost_of_sales", "winners", "losers"]


@dataclass(frozen=True)
class ResponseBand:
    """How strongly results follow what one more sale pays.

    Parameters
    ----------
    low, middle, high : float
        Elasticities: by how many percent results rise where the marginal rate rises by 1 %.
    source : str
        Where they come from.

    Raises
    ------
    InputError
        They do not rise from 0 to below 1.

    Examples
    --------
    >>> band = ResponseBand(0.1, 0.2, 0.3, "our own pilot of 2025")
    >>> round(float(band.answer(np.array(0.02), np.array(0.04), 0.3)), 4)
    1.2222
    """

    low: float
    middle: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.middle <= self.high < 1:
            raise InputError("the elasticities of a band must rise, from 0 to below 1")
        if not self.source.strip():
            raise InputError("a band of elasticities needs its source")

    def answer(self, before: Floats, after: Floats, elasticity: float) -> Floats:
        """Multiple of the results where the marginal rate changes.

        Parameters
        ----------
        before, after : array of float
            What one more sale pays, as a share of it.
        elasticity : float
            One of the band's.

        Returns
        -------
        array of float
            ``(1 + e x) ÷ (1 − e x)`` with ``x = (after − before) ÷ (after + before)``: the
            arc elasticity. A rate that falls to nothing takes away a bounded part.
        """
        low, high = np.maximum(before, 0.0), np.maximum(after, 0.0)
        both = low + high
        change = np.divide(high - low, both, out=np.zeros_like(both), where=both > 0)
        found: Floats = (1 + elasticity * change) / (1 - elasticity * change)
        return found


PIECE_RATES = ResponseBand(
    0.12,
    0.25,
    0.40,
    "Paarsch and Shearer (2009, European Economic Review 53): 0.39 for piece rates in a field "
    "experiment; Saez, Slemrod and Giertz (2012, Journal of Economic Literature 50): 0.12 to "
    "0.40 for incomes",
)
"""Default band. Neither study is of sales people: where the company has tried a change
itself, its own figures are better."""


@dataclass(frozen=True, eq=False)
class PlanResponse:
    """Two plans, and the second one with people who answer to it.

    Parameters
    ----------
    frame : DataFrame
        One row a case (before; static; low, middle and high for the band): `elasticity`
        (NaN without one), `sales_cents` and `cost_cents` (mean of the paths),
        `cost_of_sales`, and `winners` and `losers` (mean share of the reps who earn more,
        or less, than before; NaN before).
    band : ResponseBand
        What was assumed.
    reach : float
        How far about a result its marginal rate is taken.
    before, after : str
        Names of the plans.
    periods : str
        When, for readers.
    show : Formatter
        Formats of the report.
    """

    frame: pd.DataFrame
    band: ResponseBand
    reach: float
    before: str
    after: str
    periods: str
    show: Formatter

    def row(self, case: str) -> Any:
        """One row of the frame."""
        return next(row for row in rows_of(self.frame) if row.case == case)

    def change_cents(self, case: str) -> int:
        """Change of the cost on the plan before."""
        return int(self.row(case).cost_cents - self.row("before").cost_cents)

    @property
    def headline(self) -> str:
        """One sentence: the budget's change if nobody answers, and if they do."""
        show = self.show
        return show.say(
            "With {after} the cost changes by {static} if behaviour stays unchanged, and "
            "by {low} to {high} with sales {less} to {more} if people respond as assumed.",
            after=self.after,
            static=self._money(self.change_cents("static")),
            low=self._money(self.change_cents("low")),
            high=self._money(self.change_cents("high")),
            less=self._sales("low"),
            more=self._sales("high"),
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.show.say("Bar chart of the cost in each case. {headline}",
                             headline=self.headline)  # fmt: skip

    @property
    def caption(self) -> str:
        """What is assumed, and from where."""
        show = self.show
        return show.say(
            "Elasticity of results to the marginal rate: {low}, {middle} and {high} ({source}). "
            "The rate is taken over {reach} of a result to either side.",
            low=show.decimal(self.band.low, 2),
            middle=show.decimal(self.band.middle, 2),
            high=show.decimal(self.band.high, 2),
            source=self.band.source,
            reach=show.share(self.reach, 0),
        )

    @property
    def drawn(self) -> Drawn:
        """Unit and uncertainty of the chart."""
        return Drawn(self.show.currency, self.before, "interval")

    def name(self, case: str) -> str:
        """Name of a case, for readers."""
        say = self.show.say
        return {
            "before": self.before,
            "static": say("Behaviour unchanged"),
            "low": say("Low response"),
            "middle": say("Middle response"),
            "high": say("High response"),
        }[case]

    @property
    def grid(self) -> Grid:
        """The cases side by side."""
        show, say = self.show, self.show.say
        headers = (
            (say("Case"), "text"),
            (say("Elasticity"), "number"),
            (say("Sales"), "number"),
            (say("Variable pay"), "number"),
            (say("Change"), "number"),
            (say("Cost of sales"), "number"),
            (say("Reps who win"), "number"),
            (say("Reps who lose"), "number"),
        )
        rows = []
        for row in rows_of(self.frame):
            is_before = row.case == "before"
            change = self.change_cents(row.case)
            rows.append(
                (
                    Cell(self.name(row.case), "head"),
                    Cell(
                        "" if row.elasticity != row.elasticity else show.decimal(row.elasticity, 2)
                    ),
                    Cell(self._plain(row.sales_cents), number=row.sales_cents / 100),
                    Cell(self._plain(row.cost_cents), number=row.cost_cents / 100),
                    Cell("" if is_before else self._money(change), number=change / 100),
                    Cell(show.value(row.cost_of_sales, "share"), number=row.cost_of_sales),
                    Cell("" if is_before else show.share(row.winners, 0)),
                    Cell("" if is_before else show.share(row.losers, 0)),
                )
            )
        caption = say("{after} against {before}, {periods}", after=self.after,
                      before=self.before, periods=self.periods)  # fmt: skip
        return Grid(caption, headers, tuple(rows), note=self.caption, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "plan_response",
            "headline": self.headline,
            "source": self.band.source,
            "reach": self.reach,
            "rows": compact_rows(self.frame),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }

    def _money(self, cents: float) -> str:
        return self.show.money(cents / 100, compact=True, signed=True)

    def _plain(self, cents: float) -> str:
        return self.show.money(cents / 100, compact=True)

    def _sales(self, case: str) -> str:
        base = self.row("before").sales_cents
        if base <= 0:
            return "–"
        return self.show.share(self.row(case).sales_cents / base - 1, signed=True)


def plan_response(
    before: PlanCurves,
    after: PlanCurves,
    paths: ResultPaths,
    show: Formatter,
    *,
    band: ResponseBand = PIECE_RATES,
    reach: float = 0.2,
) -> PlanResponse:
    """Cost of another plan, static and with people who answer to it, side by side.

    Each rep's results on each path change by the arc elasticity of the marginal rate, the
    share of one more sale that is paid. Nobody knows where a period will end, so the rate
    is that of a change from `reach` below the result to `reach` above it: thresholds and
    caps within it count.

    Parameters
    ----------
    before, after : PlanCurves
        Two plans of the same people and periods.
    paths : ResultPaths
        Results under the first plan; a few hundred paths are enough.
    show : Formatter
        Formats of the report.
    band : ResponseBand
        What is assumed; say where it comes from.
    reach : float
        Share of a result, above 0 and below 1.

    Returns
    -------
    PlanResponse

    Raises
    ------
    InputError
        The plans are of other people or periods, or `reach` is out of range.

    Notes
    -----
    A first-order answer: people move once, by the rate where they stood. What they do at
    the expense of each other, of price or of quality is not in it.
    """
    if not 0 < reach < 1:
        raise InputError(f"the reach {reach} must lie between 0 and 1")
    same_people = before.people["rep_id"].tolist() == after.people["rep_id"].tolist()
    if not same_people or before.periods != after.periods:
        raise InputError("the two plans are of other people or periods")
    pay = before.pay(paths.results)
    rates = [_marginal(curves, paths, reach) for curves in (before, after)]
    rows = [("before", np.nan, *_figures(pay, paths.results, paths.measure), np.nan, np.nan)]
    cases = {"static": np.nan, "low": band.low, "middle": band.middle, "high": band.high}
    for case, elasticity in cases.items():
        results = dict(paths.results)
        if elasticity == elasticity:
            times = band.answer(rates[0], rates[1], elasticity)
            results = {
                name: _scaled(values, times, before, name) for name, values in results.items()
            }
        then = after.pay(results)
        sides = float((then > pay + 0.5).mean()), float((then < pay - 0.5).mean())
        rows.append((case, elasticity, *_figures(then, results, paths.measure), *sides))
    name = after.plan.name
    if name == before.plan.name:
        name = show.say("{plan}, changed", plan=name)
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    whole = {name: frame[name].round().astype("int64") for name in ("sales_cents", "cost_cents")}
    return PlanResponse(
        frame.assign(**whole),
        band,
        reach,
        before.plan.name,
        name,
        span_label(before, show),
        show,
    )


def _marginal(curves: PlanCurves, paths: ResultPaths, reach: float) -> Floats:
    """What one more unit of all results pays, about each result: person × path."""
    ends = []
    for side in (1 - reach, 1 + reach):
        moved = {
            name: _scaled(values, np.full((1, 1), side), curves, name)
            for name, values in paths.results.items()
        }
        ends.append((curves.pay(moved), moved[paths.measure].sum(axis=0)))
    (low_pay, low), (high_pay, high) = ends
    width = (high - low).astype(float)
    found: Floats = np.divide(high_pay - low_pay, width, out=np.zeros_like(width), where=width > 0)
    return found


def _scaled(values: Ints, times: Floats, curves: PlanCurves, name: str) -> Ints:
    measure = curves.plan.measures.get(name)
    unit = 100 if measure is not None and measure.of == "deals" else 1
    found: Ints = np.rint(values * times / unit).astype(np.int64) * unit
    return found


def _figures(
    pay: Floats, results: dict[str, Ints] | Any, measure: str
) -> tuple[float, float, float]:
    sales = float(results[measure].sum(axis=(0, 1)).mean())
    cost = float(pay.sum(axis=0).mean())
    return sales, cost, cost / sales if sales > 0 else np.nan
