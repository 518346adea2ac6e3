"""One forecast: this quarter and the next four, of a scope and its parts, as a distribution."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.data.quotas import quota_parts
from salesops_lib.errors import InputError
from salesops_lib.forecasting.booked import booked, whole_view, won_deals
from salesops_lib.forecasting.company_forecast import company_forecast
from salesops_lib.forecasting.series_part import past_quarters
from salesops_lib.forecasting.sufficiency import Sufficiency, sufficiency
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.data.view import View

    Floats = NDArray[np.float64]

__all__ = ["BookingForecast", "booking_forecast"]

_PAST = 8
_BELOW = {"company": ("region", "team", "rep"), "region": ("team", "rep"), "team": ("rep",),
          "rep": ()}  # fmt: skip
_ENDS = {"lo-80": "low", "hi-80": "high", "lo-95": "low_95", "hi-95": "high_95"}
_COLUMN = {"region": "region", "team": "team", "rep": "owner_id"}


@dataclass(frozen=True)
class BookingForecast:
    """What a scope will book in the quarter that runs and in the next four.

    Parameters
    ----------
    frame : DataFrame
        One row a scope (the view's own first, then its parts) and quarter: `kind`, `key`,
        `label`, `period`, `step` (1: the first), `forecast` (mean), `low`, `high` (80 %
        interval), `low_95`, `high_95`; `booked` (won by the day), `open` and `created` (means
        of what the simulation of deals says), `beside` (what commit and series change: these
        four add up to `forecast`); `deals`, `commit`, `series` (forecasts of the parts); `goal`
        (quotas; NaN without), `chance` (of reaching it) and `shortfall` (mean amount missing,
        0 where it is reached). Amounts in the reporting currency.
    past : DataFrame
        `period` and `amount` of the scope's last eight quarters.
    units : DataFrame
        Draws of the view's owners: `step`, `period`, `owner_id`, `team`, `region`, `cents`.
    method : Sufficiency
        How it was made.
    as_of : date
        The day.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    past: pd.DataFrame
    units: pd.DataFrame
    method: Sufficiency
    as_of: dt.date
    view: View

    @cached_property
    def own(self) -> pd.DataFrame:
        """Rows of the view's own scope, one a quarter."""
        scope = self.view.scope
        rows = self.frame[(self.frame["kind"] == scope.kind) & (self.frame["key"] == scope.key)]
        return rows.reset_index(drop=True)

    def draws(self, step: int = 1, kind: str | None = None, key: str | None = None) -> Floats:
        """Draws of a scope's bookings in one quarter, in the reporting currency.

        Parameters
        ----------
        step : int
            Quarter, from 1.
        kind, key : str, optional
            A scope within the view's. Default: the view's own.

        Returns
        -------
        array of float
            One a path. Those of parts add up to those of their whole, path by path, to
            the cent.

        Raises
        ------
        InputError
            The view holds no such scope.
        """
        kind = kind or self.view.scope.kind
        key = self.view.scope.key if key is None else key
        rows = self.units[self.units["step"] == step]
        if kind != "company":
            rows = rows[rows[_COLUMN[kind]] == key]
        elif self.view.scope.kind != "company":
            rows = rows.iloc[:0]
        if rows.empty:
            raise InputError(f"the forecast holds no {kind} `{key}`", found=key)
        found: Floats = np.stack(rows["cents"].to_list()).sum(axis=0) / 100
        return found

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is one."""
        return self.headline if self.own.empty else ""

    @property
    def period(self) -> str:
        """Label of the first quarter forecast."""
        day = self.as_of + dt.timedelta(days=1)
        return self.view.calendar.period_of(day, "quarter").label

    @property
    def headline(self) -> str:
        """One sentence: the first quarter, its interval, and the chance of the goal."""
        show = self.view.show
        words = {"scope": _scope_start(self.view), "period": show.period(self.period)}
        if self.own.empty:
            return show.say(
                "{scope}: not computable for {period}: nothing is open and nothing was ever won.",
                **words,
            )
        row = next(rows_of(self.own))
        words |= {
            "amount": show.money(row.forecast, compact=True),
            "interval": show.interval(row.low, row.high, "money"),
        }
        if row.goal != row.goal:
            return show.say("{scope} will book {amount} in {period} (80% interval {interval}).",
                            **words)  # fmt: skip
        return show.say(
            "{scope} will book {amount} in {period} (80% interval {interval}): the goal of {goal} "
            "is reached with a chance of {chance}.",
            goal=show.money(row.goal, compact=True),
            chance=show.share(row.chance, 0),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        parts = [
            show.say(
                "{period} {amount}, {low} to {high}",
                period=show.period(row.period),
                amount=show.money(row.forecast, compact=True),
                low=show.money(row.low, compact=True),
                high=show.money(row.high, compact=True),
            )
            for row in rows_of(self.own)
        ]
        return show.say(
            "Bookings of {scope} by quarter, past ones as bars, the forecast as a fan: {quarters}.",
            scope=self.view.scope_phrase,
            quarters=show.listed(parts),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        return show.say(
            "Bars: booked up to {prior}. Dots: mean of the forecast as of {day}; thick 80%, thin"
            " 95% intervals. Dashes: goal. Source: snapshot {snapshot}.",
            prior=show.period(self.past["period"].iloc[-1]) if len(self.past) else "–",
            day=show.date(self.as_of),
            snapshot=self.view.snapshot.id,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the periods before, and how uncertain its numbers are."""
        show = self.view.show
        last = self.past["period"].iloc[-1] if len(self.past) else ""
        prior = show.period(last) if last else show.say("none: the extract begins later")
        return Drawn(show.say("Bookings, {currency}", currency=show.currency), prior, "interval")

    @property
    def grid(self) -> Grid:
        """Own scope and parts by quarter, as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Scope"), "text"),
            (say("Quarter"), "text"),
            (say("Forecast, {currency}", currency=show.currency), "number"),
            (say("80% from"), "number"),
            (say("80% to"), "number"),
            (say("95% from"), "number"),
            (say("95% to"), "number"),
            (say("Goal, {currency}", currency=show.currency), "number"),
            (say("Chance of the goal"), "number"),
            (say("Expected shortfall, {currency}", currency=show.currency), "number"),
        )
        frame = self.frame[(self.frame["kind"] != "rep") | (self.view.scope.kind != "company")]
        rows = tuple(
            (
                Cell(row.label, "head"),
                Cell(show.period(row.period), "text"),
                Cell(show.amount(row.forecast, 0), number=row.forecast),
                Cell(show.amount(row.low, 0)),
                Cell(show.amount(row.high, 0)),
                Cell(show.amount(row.low_95, 0)),
                Cell(show.amount(row.high_95, 0)),
                Cell(show.amount(row.goal, 0), number=json_number(row.goal)),
                Cell(show.value(json_number(row.chance), "share"), number=json_number(row.chance)),
                Cell(show.amount(row.shortfall, 0), number=json_number(row.shortfall)),
            )
            for row in rows_of(frame)
        )
        links = {say("Chance of the goal"): "goal_chance",
                 say("80% from"): "forecast_coverage"}  # fmt: skip
        caption = say("Forecast of {scope} and its parts", scope=self.view.scope_phrase)
        return Grid(caption, headers, rows, "", links, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "booking_forecast",
            "headline": self.headline,
            "as_of": self.as_of.isoformat(),
            "method": self.method.records(),
            "forecast": compact_rows(self.frame),
            "past": compact_rows(self.past),
        }

    @property
    def rounded(self) -> pd.DataFrame:
        """Own scope by quarter in thousands, for a stored notebook."""
        columns = ["forecast", "low", "high"]
        rows = self.own.set_index("period")[columns]
        found: pd.DataFrame = (rows / 1000).round(0).astype("int64")
        return found

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        html = grid_html(self.grid)
        return {"text/plain": self.headline, "text/html": html, MIME: self.records()}


@lru_cache(maxsize=16)
def booking_forecast(view: View, day: dt.date | None = None) -> BookingForecast:
    """What the view's scope will book in the quarter that runs and in the next four.

    Parameters
    ----------
    view : View
        Scope, calendar, currency and audience.
    day : date, optional
        Default: the as-of date. Of an earlier day only what was known then is used. On the last
        day of a quarter the next one comes first.

    Returns
    -------
    BookingForecast
        Of the view's scope and what it holds: the company's leadership gets all scopes, a
        region its teams and reps, a team its reps, a rep nobody else.

    Raises
    ------
    InputError
        The day lies after the as-of date, or a currency has no rate.

    Notes
    -----
    Deals (booked, open, not created yet), the commit without its biases, and the series of
    quarters are stacked by their errors in past quarters (`stacking_weights`), made to add
    up (`coherent_means`), and drawn with the shape of the deals' simulation, as wide as past
    errors ask for (`Experience.factor`, `shaped_draws`). Everything is made once for the company
    and kept beside the snapshot; see docs/forecasting.md.
    """
    made = company_forecast(view, day)
    units = _own_units(view, made.draws)
    rows = made.scopes.rename(columns=_ENDS)
    rows["beside"] = rows["forecast"] - rows["booked"] - rows["open"] - rows["created"]
    rows = _own_rows(view, rows, units)
    rows = rows.assign(label=_labels(view, rows))
    rows = _with_goals(view, rows, units)
    columns = ["kind", "key", "label", "period", "step", "forecast", *_ENDS.values(), "booked",
               "open", "created", "beside", "deals", "commit", "series", "goal", "chance",
               "shortfall"]  # fmt: skip
    return BookingForecast(
        rows[columns].reset_index(drop=True), _past(view), units, sufficiency(view, made),
        day or view.as_of, view,
    )  # fmt: skip


def _own_units(view: View, draws: pd.DataFrame) -> pd.DataFrame:
    """Draws of the scope's owners."""
    kind, key = view.scope.kind, view.scope.key
    rows = draws if kind == "company" else draws[draws[_COLUMN[kind]] == key]
    return rows.reset_index(drop=True)


def _own_rows(view: View, rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Rows of the scope and its parts, the scope first."""
    scope = view.scope
    own = (rows["kind"] == scope.kind) & (rows["key"] == scope.key)
    parts = [rows[own]]
    for kind in _BELOW[scope.kind]:
        keys = set(units[_COLUMN[kind]].dropna())
        inside = rows[(rows["kind"] == kind) & rows["key"].isin(keys)]
        parts.append(inside.sort_values(["key", "step"], kind="stable"))
    return pd.concat(parts, ignore_index=True)


def _labels(view: View, rows: pd.DataFrame) -> pd.Series:
    people = view.snapshot.table("reps").select("rep_id", "name").to_pandas()
    names = dict(zip(people["rep_id"], people["name"], strict=True))
    named = rows["key"].map(names).fillna(rows["key"])
    label = rows["key"].where(rows["kind"] != "rep", named)
    return label.where(rows["kind"] != "company", view.show.say("Company"))


def _with_goals(view: View, rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Rows with quotas, the chance of reaching them, and what is missing on average."""
    goals: dict[tuple[str, str, str], float] = {}
    if view.snapshot.has("quotas"):
        for label in rows["period"].unique():
            period = view.calendar.period(label)
            parts = quota_parts(view.quotas, period.start, period.end)
            if parts.empty:
                continue
            goals[view.scope.kind, view.scope.key, label] = float(parts["amount"].sum())
            for kind in _BELOW[view.scope.kind]:
                column = "rep_id" if kind == "rep" else kind
                for key, amounts in parts.dropna(subset=[column]).groupby(column)["amount"]:
                    goals[kind, str(key), label] = float(amounts.sum())
    found = []
    for row in rows_of(rows[["kind", "key", "period", "step"]]):
        goal = goals.get((row.kind, row.key, row.period), 0.0)
        if not goal > 0:
            found.append((np.nan, np.nan, np.nan))
            continue
        own = units[units["step"] == row.step]
        if row.kind != "company":
            own = own[own[_COLUMN[row.kind]] == row.key]
        draws = np.stack(own["cents"].to_list()).sum(axis=0) / 100
        missing = np.maximum(goal - draws, 0.0)
        found.append((goal, float((draws >= goal).mean()), float(missing.mean())))
    goal_frame = pd.DataFrame(found, columns=["goal", "chance", "shortfall"], index=rows.index)
    return pd.concat([rows, goal_frame], axis=1)


def _past(view: View) -> pd.DataFrame:
    """Bookings of the scope's last quarters."""
    day = view.as_of + dt.timedelta(days=1)
    quarters = past_quarters(view, view.calendar.period_of(day, "quarter"))[-_PAST:]
    sums = booked(won_deals(whole_view(view)), quarters)
    own = (sums["kind"] == view.scope.kind) & (sums["key"] == view.scope.key)
    amounts = sums[own].set_index("period")["amount"]
    labels = [one.label for one in quarters]
    return pd.DataFrame(
        {"period": labels, "amount": amounts.reindex(labels).fillna(0.0).to_numpy(dtype=float)}
    )


def _scope_start(view: View) -> str:
    """Name of the scope as a sentence begins with it."""
    return view.show.say("The company") if view.scope.kind == "company" else view.scope.label
