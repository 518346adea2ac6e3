"""Pacing: where a running period is heading, and how often that was right before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.attainment import attainment
from salesops_lib.performance.backtest import backtest
from salesops_lib.performance.landing import booked_by, history_of, landing, pace, past_periods
from salesops_lib.performance.pipeline import quota_by
from salesops_lib.results import Drawn, Measure
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["Pacing", "pacing"]


@dataclass(frozen=True)
class Pacing:
    """Where a running period is heading, and how often that was right before.

    Parameters
    ----------
    frame : DataFrame
        One row a past period that counts, oldest first: `period`, `day` (at which the
        same share of working days was over), `to_date`, `total` (reporting currency),
        `share`, `foretold` (NaN for the first ones) and `error` (foretold ÷ total − 1).
    landing, pace : Measure
        The estimate, and bookings to date against the quota's share by now.
    elapsed : float
        Share of the period's working days that are over.
    booked : float
        Bookings of the report's own period to date, in the reporting currency.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    landing: Measure
    pace: Measure
    elapsed: float
    booked: float
    view: View

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty while the period runs."""
        running = self.elapsed < 1 and self.landing.value().number is not None
        return "" if running else self.headline

    @property
    def headline(self) -> str:
        """One sentence: where the period lands, and how sure that is."""
        show, value = self.view.show, self.landing.value()
        period = self.landing.period()
        if value.number is None:
            return self.landing.headline
        words = {
            "period": period,
            "gone": show.share(self.elapsed, 0),
            "amount": show.money(value.number, compact=True),
        }
        attained = attainment(self.view)
        if self.elapsed >= 1 and attained.value().number is not None:
            return show.say(
                "{period} has ended; it landed at {amount}, with an attainment of {attained}.",
                attained=attained.text(),
                **words,
            )
        if self.elapsed >= 1:
            return show.say("{period} has ended; it landed at {amount}.", **words)
        ends = show.interval(value.low, value.high, "money")
        if not ends:
            return show.say(
                "At the pace of past periods {period} lands at {amount}; {gone} of its working "
                "days are over.",
                **words,
            )
        return show.say(
            "At the pace of past periods {period} lands at {amount}, 95% interval {ends}; {gone} "
            "of its working days are over.",
            ends=ends,
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        if self.undrawn:
            return self.headline
        return show.say(
            "Bar chart of bookings of {scope} in {count} past periods, and of them what was booked "
            "by the same day. {period}: {booked} booked, lands at {amount}.",
            scope=self.view.scope_phrase,
            count=show.count(len(self.frame)),
            period=self.landing.period(),
            booked=show.money(self.booked, compact=True),
            amount=self.landing.text(),
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        show, last = self.view.show, self.frame["period"].tail(1).tolist()
        known = show.period(last[0]) if last else "none: the extract holds no earlier period"
        return Drawn(show.currency, known, "interval")

    @property
    def caption(self) -> str:
        """What is drawn, how wrong it was before, and from which data."""
        show, errors = self.view.show, self.frame["error"].dropna().abs()
        about = show.say(
            "Bookings by period, {first} to {last}; dark: booked by the same working day; dot: "
            "landing with its 95% interval; dashed: quota. Source: snapshot {snapshot}.",
            first=show.period(self.frame["period"].iloc[0]),
            last=show.period(self.view.period.label),
            snapshot=self.view.snapshot.id,
        )
        if errors.empty:
            return about
        tried = show.counted(
            len(errors),
            "The same rule was wrong by {mean} in {count} past period.",
            "The same rule was wrong by {mean} on average in {count} past periods, at most {most}.",
            mean=show.share(float(errors.mean()), 0),
            most=show.share(float(errors.max()), 0),
        )
        return f"{tried} {about}"

    @property
    def quota(self) -> float | None:
        """Quota of the whole period; None without one."""
        return quota_by(self.view, self.view.period.start, self.view.period.end).get("all")

    @property
    def grid(self) -> Grid:
        """The past periods, what would have been foretold of them, and the period itself."""
        show, say, money = self.view.show, self.view.show.say, self.view.show.currency
        headers = (
            (say("Period"), "text"),
            (say("Day"), "text"),
            (say("Booked by then, {currency}", currency=money), "number"),
            (say("Bookings, {currency}", currency=money), "number"),
            (say("Share by then"), "number"),
            (say("Foretold, {currency}", currency=money), "number"),
            (say("Error"), "number"),
        )
        digits = show.cents(self.frame["total"])
        rows = tuple(
            (
                Cell(show.period(row.period), "head"),
                Cell(show.day_month(row.day), "text"),
                Cell(show.amount(row.to_date, digits)),
                Cell(show.amount(row.total, digits)),
                Cell(show.share(row.share)),
                Cell(show.amount(row.foretold, digits)),
                Cell("" if row.error != row.error else show.share(row.error, signed=True)),
            )
            for row in rows_of(self.frame)
        )
        running = say("the period is still running")
        now = (
            Cell(show.period(self.view.period.label), "head"),
            Cell(show.day_month(self.view.as_of), "text"),
            Cell(show.amount(self.booked, digits)),
            *(Cell("", title=running) for _ in range(2)),
            Cell(show.amount(self.landing.value().number, digits)),
            Cell("", title=running),
        )
        return Grid(say("Past periods by the same day"), headers, (*rows, now), show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        frame = self.frame.assign(day=self.frame["day"].map(str))
        plain = frame.astype(object).where(frame.notna(), None)
        return {
            "kind": "pacing",
            "headline": self.headline,
            "elapsed": self.elapsed,
            "booked": self.booked,
            "measures": [self.landing.records(), self.pace.records()],
            "rows": plain.to_dict(orient="records"),
        }


def pacing(view: View) -> Pacing:
    """Where the period is heading, with the backtest behind it.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Pacing
    """
    days = {span.label: day for span, day in past_periods(view)}
    booked = booked_by(view, None)
    own = booked.get("all", {})
    past = history_of(own, list(days))
    errors = backtest([part for _, part, _ in past], [total for _, _, total in past])
    rows = [
        (
            label,
            days[label],
            part,
            total,
            part / total,
            *_foretold(error, total),
        )
        for (label, part, total), error in zip(past, errors, strict=True)
    ]
    columns = ["period", "day", "to_date", "total", "share", "foretold", "error"]
    frame = pd.DataFrame(rows, columns=columns)
    elapsed = view.calendar.elapsed_share(view.period, view.as_of)
    now = own.get(view.period.label)
    so_far = 0.0 if now is None else float(now.to_date)
    return Pacing(frame, landing(view), pace(view), elapsed, so_far, view)


def _foretold(error: float | None, total: float) -> tuple[float, float]:
    if error is None or not math.isfinite(error):
        return math.nan, math.nan
    return total * math.exp(-error), math.exp(-error) - 1
