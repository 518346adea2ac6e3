"""The path of one quarter's forecasts, week by week, up to what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError
from salesops_lib.forecasting.definitions import method_name
from salesops_lib.forecasting.record import methods_of
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.data.view import View
    from salesops_lib.forecasting.record import ForecastRecord

__all__ = ["ForecastPath", "forecast_path"]


@dataclass(frozen=True)
class ForecastPath:
    """What each method forecast for one quarter of one scope, by week.

    Parameters
    ----------
    frame : DataFrame
        `method`, `week`, `day`, `forecast`, `low`, `high` (80 % interval); methods in
        shown order, weeks ascending; only rows with a forecast.
    actual : float or None
        What was booked; None while the quarter runs.
    period : str
        Label of the quarter.
    label : str
        Name of the scope.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    actual: float | None
    period: str
    label: str
    view: View

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is one."""
        return self.headline if self.frame.empty else ""

    @property
    def headline(self) -> str:
        """One sentence: the first method's first and last forecast, and what came."""
        show = self.view.show
        words = {"scope": self.label, "period": show.period(self.period)}
        if self.frame.empty:
            return show.say("Nothing was forecast for {scope} in {period}.", **words)
        method = self.frame["method"].iloc[0]
        rows = self.frame[self.frame["method"] == method]
        words |= {
            "method": method_name(method, show),
            "first": show.money(float(rows["forecast"].iloc[0]), compact=True),
            "last": show.money(float(rows["forecast"].iloc[-1]), compact=True),
            "start": show.count(int(rows["week"].iloc[0])),
            "end": show.count(int(rows["week"].iloc[-1])),
        }
        if self.actual is None:
            return show.say(
                "{method} for {scope} in {period}: {first} in week {start}, {last} in week {end}.",
                **words,
            )
        return show.say(
            "{method} for {scope} in {period}: {first} in week {start}, {last} in week {end}; "
            "actual {actual}.",
            actual=show.money(self.actual, compact=True),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        parts = [
            show.say(
                "{method} week {week} {amount}",
                method=method_name(row.method, show),
                week=show.count(row.week),
                amount=show.money(row.forecast, compact=True),
            )
            for row in rows_of(self.frame)
        ]
        return show.say(
            "Line chart of the forecasts of {scope} for {period} by week: {forecasts}.",
            scope=self.label,
            period=show.period(self.period),
            forecasts=show.listed(parts),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.view.show.say(
            "Forecasts of the whole quarter as of the first day of each week; bars: 80% intervals, "
            "where a method has one; dashed: actual. Source: snapshot {snapshot}.",
            snapshot=self.view.snapshot.id,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        show = self.view.show
        prior = show.say("none: one quarter's path")
        return Drawn(show.say("Forecast, {currency}", currency=show.currency), prior, "interval")

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Method"), "text"),
            (say("Week"), "number"),
            (say("Forecast, {currency}", currency=show.currency), "number"),
            (say("80% interval"), "number"),
        )
        rows = tuple(
            (
                Cell(method_name(row.method, show), "head"),
                Cell(show.count(row.week)),
                Cell(show.amount(row.forecast, 0), number=row.forecast),
                Cell(
                    show.interval(row.low, row.high, "money") if row.low == row.low else "",
                ),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Forecasts of {period} by week", period=show.period(self.period))
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "forecast_path",
            "headline": self.headline,
            "period": self.period,
            "actual": json_number(self.actual),
            "rows": compact_rows(self.frame.assign(day=self.frame["day"].astype(str))),
        }


def forecast_path(
    record: ForecastRecord, period: str, methods: tuple[str, ...] | None = None
) -> ForecastPath:
    """Forecasts of one quarter of the view's scope, week by week.

    Parameters
    ----------
    record : ForecastRecord
        Where they stand.
    period : str
        Label of a quarter in the record.
    methods : tuple of str, optional
        Methods shown. Default: the first three of the record.

    Returns
    -------
    ForecastPath

    Raises
    ------
    InputError
        The record holds no such quarter or method.
    """
    view, frame = record.view, record.frame
    periods = sorted(set(frame["period"]))
    if period not in periods:
        raise InputError(f"the record holds no {period}", found=period, allowed=periods)
    there = methods_of(frame)
    for method in methods or ():
        if method not in there:
            raise InputError(f"the record holds no `{method}`", found=method, allowed=there)
    own = (frame["kind"] == view.scope.kind) & (frame["key"] == view.scope.key)
    rows = frame[own & (frame["period"] == period) & frame["forecast"].notna()]
    shown = list(methods or methods_of(rows)[:3])
    rows = rows[rows["method"].isin(shown)]
    rows = rows.assign(rank=rows["method"].map({name: n for n, name in enumerate(shown)}))
    rows = rows.sort_values(["rank", "week"], kind="stable", ignore_index=True)
    actual = rows["actual"].dropna()
    columns = ["method", "week", "day", "forecast", "low", "high"]
    return ForecastPath(
        rows[columns], float(actual.iloc[0]) if len(actual) else None, period,
        view.scope_phrase, view,
    )  # fmt: skip
