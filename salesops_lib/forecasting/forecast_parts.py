"""What the first quarter's forecast is made of, and how far it is from the goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.forecasting.combined import booking_forecast
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.combined import BookingForecast

__all__ = ["ForecastParts", "forecast_parts"]


@dataclass(frozen=True)
class ForecastParts:
    """Parts of a forecast, one after the other up to the goal.

    Parameters
    ----------
    frame : DataFrame
        One row a bar: `part` (``booked``, ``open``, ``created``, ``beside``, ``forecast``,
        ``gap``, ``goal``), `amount` (reporting currency), `before` and `after` (where its bar
        begins and ends). The first four add up to ``forecast``, which with ``gap`` is ``goal``;
        the last two are missing without a goal.
    forecast : BookingForecast
        What it is taken from.
    """

    frame: pd.DataFrame
    forecast: BookingForecast

    @property
    def view(self) -> View:
        """What was looked at."""
        return self.forecast.view

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is one."""
        return self.forecast.undrawn

    @property
    def bars(self) -> pd.DataFrame:
        """The frame with `label` and `text` for readers, and `is_level`."""
        show = self.view.show
        rows = self.frame.assign(
            label=[part_label(part, self.view) for part in self.frame["part"]],
            is_level=self.frame["part"].isin(["forecast", "goal"]),
        )
        texts = [
            show.money(row.amount, compact=True, signed=not row.is_level) for row in rows_of(rows)
        ]
        return rows.assign(text=texts)

    @property
    def headline(self) -> str:
        """One sentence: the largest part, and the gap to the goal."""
        show = self.view.show
        if self.undrawn:
            return self.undrawn
        amounts = self.frame.set_index("part")["amount"]
        words = {
            "period": show.period(self.forecast.period),
            "booked": show.money(amounts["booked"], compact=True),
            "open": show.money(amounts["open"], compact=True),
            "created": show.money(amounts["created"], compact=True),
        }
        if "gap" not in amounts:
            return show.say(
                "{period}: {booked} is booked, open deals bring {open}, and deals not created yet "
                "{created}.",
                **words,
            )
        words["gap"] = show.money(abs(amounts["gap"]), compact=True)
        if amounts["gap"] > 0:
            return show.say(
                "{period}: {booked} is booked, open deals bring {open}, and deals not created yet "
                "{created}; the goal is {gap} away.",
                **words,
            )
        return show.say(
            "{period}: {booked} is booked, open deals bring {open}, and deals not created yet "
            "{created}; that is {gap} above the goal.",
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        parts = [f"{row.label} {row.text}" for row in rows_of(self.bars)]
        return show.say(
            "Waterfall chart of what the forecast of {scope} for {period} is made of: {parts}.",
            scope=self.view.scope_phrase,
            period=show.period(self.forecast.period),
            parts=show.listed(parts),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        return show.say(
            "Means of {period} as of {day}. Commit and series: what they change on the deals' own "
            "forecast. Source: snapshot {snapshot}.",
            period=show.period(self.forecast.period),
            day=show.date(self.forecast.as_of),
            snapshot=self.view.snapshot.id,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        show = self.view.show
        return Drawn(show.currency, show.say("none: parts of one forecast"), "exact")

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Part"), "text"),
            (say("Amount, {currency}", currency=show.currency), "number"),
        )
        rows = tuple(
            (Cell(row.label, "head"), Cell(show.amount(row.amount, 0), number=row.amount))
            for row in rows_of(self.bars)
        )
        return Grid(say("What the forecast is made of"), headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "forecast_parts",
            "headline": self.headline,
            "period": self.forecast.period,
            **compact_rows(self.frame),
        }


def forecast_parts(view: View) -> ForecastParts:
    """What the forecast of the view's scope for the first quarter is made of.

    Parameters
    ----------
    view : View
        Scope.

    Returns
    -------
    ForecastParts
    """
    found = booking_forecast(view)
    rows: list[tuple[str, float, float, float]] = []
    level = 0.0
    if len(found.own):
        row = found.own.iloc[0]
        for part in ("booked", "open", "created", "beside"):
            amount = float(row[part])
            rows.append((part, amount, level, level + amount))
            level += amount
        rows.append(("forecast", level, 0.0, level))
        if row["goal"] > 0:
            goal = float(row["goal"])
            rows.append(("gap", goal - level, level, goal))
            rows.append(("goal", goal, 0.0, goal))
    frame = pd.DataFrame(rows, columns=["part", "amount", "before", "after"])
    return ForecastParts(frame, found)


def part_label(part: str, view: View) -> str:
    """Name of a part, in the language of the report."""
    say = view.show.say
    return {
        "booked": say("Booked so far"),
        "open": say("Open deals"),
        "created": say("Not created yet"),
        "beside": say("Commit and series"),
        "forecast": say("Forecast"),
        "gap": say("Gap to the goal"),
        "goal": say("Goal"),
    }[part]
