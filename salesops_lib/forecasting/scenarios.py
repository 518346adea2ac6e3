"""What if: other win rates, slippage, new pipeline and people, and what the quarters come to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.combined import booking_forecast
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.data.view import View
    from salesops_lib.forecasting.combined import BookingForecast

    Floats = NDArray[np.float64]

__all__ = ["RAMP", "Levers", "Scenarios", "scenario_draws", "scenarios"]

RAMP = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Share of a colleague's bookings that somebody hired now brings in each quarter."""


@dataclass(frozen=True)
class Levers:
    """What is changed.

    Parameters
    ----------
    win_rate : float
        Change of the chances of open deals, a share: 0.1 for a tenth more.
    slippage : float
        Share of what open deals bring in a quarter that moves to the next one.
    new_pipeline : float
        Change of what deals not created yet bring, a share.
    hires : int
        People hired on the day.
    """

    win_rate: float = 0.0
    slippage: float = 0.0
    new_pipeline: float = 0.0
    hires: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("win_rate", "new_pipeline"):
            if not -1 <= getattr(self, name) <= 2:
                raise InputError(f"`{name}` lies between -1 and 2, not {getattr(self, name)}")
        if not 0 <= self.slippage <= 1:
            raise InputError(f"`slippage` lies between 0 and 1, not {self.slippage}")
        if not 0 <= self.hires <= 10_000:
            raise InputError(f"`hires` lies between 0 and 10000, not {self.hires}")


USUAL: tuple[tuple[str, Levers], ...] = (
    ("as_it_is", Levers()),
    ("win_rate_up", Levers(win_rate=0.1)),
    ("win_rate_down", Levers(win_rate=-0.1)),
    ("slips", Levers(slippage=0.2)),
    ("pipeline_up", Levers(new_pipeline=0.2)),
    ("pipeline_down", Levers(new_pipeline=-0.2)),
    ("hires", Levers(hires=2)),
    ("both_down", Levers(win_rate=-0.1, slippage=0.2, new_pipeline=-0.2)),
)
"""Scenarios of a report's grid."""


@dataclass(frozen=True)
class Scenarios:
    """The quarters under some scenarios.

    Parameters
    ----------
    frame : DataFrame
        One row a scenario and quarter: `scenario`, `period`, `step`, `forecast`, `low`, `high`
        (80 % interval), `change` (on the forecast as it is), `chance` (of the goal; NaN
        without one): amounts in the reporting currency.
    forecast : BookingForecast
        As it is.
    """

    frame: pd.DataFrame
    forecast: BookingForecast

    @property
    def view(self) -> View:
        """What was looked at."""
        return self.forecast.view

    @property
    def headline(self) -> str:
        """One sentence: the scenario that moves the first quarter most."""
        show = self.view.show
        rows = self.frame[(self.frame["step"] == 1) & (self.frame["change"] != 0)]
        if rows.empty:
            return show.say("No scenario moves the forecast.")
        row = next(rows_of(rows.loc[[rows["change"].abs().idxmax()]]))
        return show.say(
            "{scenario}: {period} comes to {amount}, {change} on the forecast.",
            scenario=scenario_label(row.scenario, self.view),
            period=show.period(row.period),
            amount=show.money(row.forecast, compact=True),
            change=show.money(row.change, compact=True, signed=True),
        )

    @property
    def grid(self) -> Grid:
        """The first quarter by scenario, and the sum of all five, as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Scenario"), "text"),
            (say("{period}, {currency}", period=show.period(self.forecast.period),
                 currency=show.currency), "number"),
            (say("80% from"), "number"),
            (say("80% to"), "number"),
            (say("Change, {currency}", currency=show.currency), "number"),
            (say("Chance of the goal"), "number"),
            (say("All five quarters, {currency}", currency=show.currency), "number"),
        )  # fmt: skip
        total = self.frame.groupby("scenario")["forecast"].sum()
        rows = tuple(
            (
                Cell(scenario_label(row.scenario, self.view), "head"),
                Cell(show.amount(row.forecast, 0), number=row.forecast),
                Cell(show.amount(row.low, 0)),
                Cell(show.amount(row.high, 0)),
                Cell(show.amount(row.change, 0), number=row.change),
                Cell(show.value(json_number(row.chance), "share"), number=json_number(row.chance)),
                Cell(show.amount(total[row.scenario], 0), number=float(total[row.scenario])),
            )
            for row in rows_of(self.frame[self.frame["step"] == 1])
        )
        note = say(
            "Slipped amounts come a quarter later. Somebody hired now brings 0, 25, 50, 75 and "
            "100% of what a colleague does in the five quarters."
        )
        return Grid(say("Usual scenarios"), headers, rows, note, show=show)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = {"kind": "scenarios", "headline": self.headline, **compact_rows(self.frame)}
        html = grid_html(self.grid)
        return {"text/plain": self.headline, "text/html": html, MIME: values}


@lru_cache(maxsize=16)
def scenarios(view: View) -> Scenarios:
    """The quarters of the view's scope under the usual scenarios.

    Parameters
    ----------
    view : View
        Scope.

    Returns
    -------
    Scenarios
    """
    found = booking_forecast(view)
    rows = []
    for name, levers in USUAL:
        for place, draws in enumerate(scenario_draws(found, levers)):
            own = found.own.iloc[place]
            low, high = np.quantile(draws, [0.1, 0.9], method="inverted_cdf")
            goal = float(own["goal"])
            chance = float((draws >= goal).mean()) if goal > 0 else np.nan
            mean = float(draws.mean())
            change = round(mean - float(own["forecast"]), 2) + 0.0
            rows.append((name, own["period"], place + 1, mean, low, high, change, chance))
    columns = ["scenario", "period", "step", "forecast", "low", "high", "change", "chance"]
    return Scenarios(pd.DataFrame(rows, columns=columns), found)


def scenario_draws(found: BookingForecast, levers: Levers) -> list[Floats]:
    """Draws of each quarter under a scenario.

    Parameters
    ----------
    found : BookingForecast
        As it is.
    levers : Levers
        What is changed.

    Returns
    -------
    list of array of float
        One a quarter, in the reporting currency.

    Notes
    -----
    What open deals and deals not created yet bring is their part of the forecast beyond what
    is booked, in the proportion of the deals' simulation. Each is moved by its mean; spreads
    stay. A hire brings `RAMP` of the mean of those who sell now.
    """
    sellers = max(int(found.units["owner_id"].dropna().nunique()), 1)
    slipped, results = 0.0, []
    for place, row in enumerate(rows_of(found.own)):
        ahead = max(row.forecast - row.booked, 0.0)
        both = row.open + row.created
        open_ = ahead * (row.open / both if both > 0 else 0.0)
        won = open_ * (1 + levers.win_rate)
        leaves = won * levers.slippage
        moved = won - open_ - leaves + slipped + (ahead - open_) * levers.new_pipeline
        moved += levers.hires * RAMP[min(place, len(RAMP) - 1)] * row.forecast / sellers
        slipped = leaves
        results.append(np.maximum(found.draws(row.step) + moved, row.booked))
    return results


def scenario_label(scenario: str, view: View) -> str:
    """Name of a scenario, in the language of the report."""
    say = view.show.say
    return {
        "as_it_is": say("As it is"),
        "win_rate_up": say("Chances of open deals a tenth higher"),
        "win_rate_down": say("Chances of open deals a tenth lower"),
        "slips": say("A fifth of open deals slips a quarter"),
        "pipeline_up": say("A fifth more from new deals"),
        "pipeline_down": say("A fifth less from new deals"),
        "hires": say("Two people hired now"),
        "both_down": say("Lower chances, slippage and fewer new deals together"),
    }[scenario]
