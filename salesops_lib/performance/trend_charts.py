"""Charts of the trend: what each draws, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from salesops_lib.formats import MISSING
from salesops_lib.performance.trend import Trend, trend
from salesops_lib.results import Drawn, change_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.formats import Formatter
    from salesops_lib.fragments import Grid

__all__ = ["BookingsTrend", "WinRateTrend", "bookings_trend", "win_rate_trend"]


@dataclass(frozen=True)
class _TrendChart:
    """What the charts of a trend share; each says what it draws."""

    trend: Trend

    chart: ClassVar[str]
    columns: ClassVar[tuple[int, ...]]

    @property
    def _source(self) -> dict[str, str]:
        """First and last period drawn, and the snapshot."""
        show, periods = self.trend.view.show, self.trend.covered["period"]
        return {
            "first": show.period(str(periods.iloc[0])),
            "last": show.period(str(periods.iloc[-1])),
            "snapshot": self.trend.view.snapshot.id,
        }

    def _prior(self, column: str) -> str:
        """Period before the last one drawn; why there is none."""
        known = self.trend.known(column)
        if len(known) < 2:
            return "none: the extract holds no earlier period"
        return self.trend.view.show.period(known[-2].period)

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        return self.trend.grid.columns(*self.columns)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"chart": self.chart, **self.trend.records()}


@dataclass(frozen=True)
class BookingsTrend(_TrendChart):
    """Bookings and quota by period.

    Parameters
    ----------
    trend : Trend
        The periods.
    """

    chart = "bookings_trend"
    columns = (0, 1, 2, 8, 9)

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        return Drawn(self.trend.view.show.currency, self._prior("bookings"), "exact")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.trend.view.show.say(
            "Closed-won amount by close date, with the quota of the period, {first} to {last}. "
            "Source: snapshot {snapshot}.",
            **self._source,
        )

    @property
    def headline(self) -> str:
        """One sentence: where the current period stands in the row."""
        show, known = self.trend.view.show, self.trend.known("bookings")
        if len(known) < 2:
            return show.say("There is no earlier period to compare with.")
        now = known[-1]
        rank = sum(row.bookings > now.bookings for row in known) + 1
        words = {
            "period": show.period(now.period),
            "amount": show.money(now.bookings, compact=True),
            "periods": show.count(len(known)),
        }
        if rank == 1:
            return show.say("{period} booked {amount}, the highest of {periods} periods", **words)
        if rank == len(known):
            return show.say("{period} booked {amount}, the lowest of {periods} periods", **words)
        return show.say(
            "{period} booked {amount}, the {rank} highest of {periods} periods",
            rank=_ordinal(rank, show),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words: what, from when to when, highest, lowest, latest."""
        show, known = self.trend.view.show, self.trend.known("bookings")
        if not known:
            return show.say("Bar chart of bookings by period, without any closed deal.")
        best = max(known, key=lambda row: row.bookings)
        worst = min(known, key=lambda row: row.bookings)
        change = change_of(known[-1].bookings, known[-2].bookings, "money") if known[1:] else None
        return show.say(
            "Bar chart of bookings of {scope} by period, {first} to {last}. Highest: {best} with "
            "{most}; lowest: {worst} with {least}; latest: {now}, change on the one before: "
            "{change}.",
            change=MISSING if change is None else show.share(change, signed=True),
            scope=self.trend.view.scope_phrase,
            first=show.period(known[0].period),
            last=show.period(known[-1].period),
            best=show.period(best.period),
            most=show.money(best.bookings, compact=True),
            worst=show.period(worst.period),
            least=show.money(worst.bookings, compact=True),
            now=show.money(known[-1].bookings, compact=True),
        )


@dataclass(frozen=True)
class WinRateTrend(_TrendChart):
    """The closed win rate by period, with intervals.

    Parameters
    ----------
    trend : Trend
        The periods.
    """

    chart = "win_rate_trend"
    columns = (0, 3, 4, 5, 6, 7, 9)

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        return Drawn("%", self._prior("win_rate"), "interval")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.trend.view.show.say(
            "Won ÷ (won + lost) by close date, with 95% Wilson intervals, {first} to {last}. "
            "Source: snapshot {snapshot}.",
            **self._source,
        )

    @property
    def headline(self) -> str:
        """One sentence on the win rate of the last period against the one before."""
        show, known = self.trend.view.show, self.trend.known("win_rate")
        if len(known) < 2:
            return show.say("There is no earlier win rate to compare with.")
        before, now = known[-2:]
        apart = now.low > before.high or now.high < before.low
        words = {
            "rate": show.share(now.win_rate),
            "change": show.points(now.win_rate - before.win_rate),
            "period": show.period(before.period),
        }
        if apart:
            return show.say(
                "The closed win rate is {rate}, {change} on {period}: more than chance explains",
                **words,
            )
        return show.say(
            "The closed win rate is {rate}, {change} on {period}: within what chance explains",
            **words,
        )

    @property
    def alt(self) -> str:
        """The win rate chart in words."""
        show, known = self.trend.view.show, self.trend.known("win_rate")
        if not known:
            return show.say("Line chart of the closed win rate by period, without any closed deal.")
        best = max(known, key=lambda row: row.win_rate)
        worst = min(known, key=lambda row: row.win_rate)
        return show.counted(
            known[-1].won + known[-1].lost,
            "Line chart of the closed win rate of {scope}, {first} to {last}, with 95% intervals. "
            "Highest: {best} with {most}; lowest: {worst} with {least}; latest: {now} of {count} "
            "closed deal, change on the one before: {change}.",
            "Line chart of the closed win rate of {scope}, {first} to {last}, with 95% intervals. "
            "Highest: {best} with {most}; lowest: {worst} with {least}; latest: {now} of {count} "
            "closed deals, change on the one before: {change}.",
            first=show.period(known[0].period),
            last=show.period(known[-1].period),
            change=show.points(known[-1].win_rate - known[-2].win_rate) if known[1:] else MISSING,
            scope=self.trend.view.scope_phrase,
            best=show.period(best.period),
            most=show.share(best.win_rate),
            worst=show.period(worst.period),
            least=show.share(worst.win_rate),
            now=show.share(known[-1].win_rate),
        )


def bookings_trend(view: View) -> BookingsTrend:
    """Bookings and quota of the last eight periods.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    BookingsTrend
    """
    return BookingsTrend(trend(view))


def win_rate_trend(view: View) -> WinRateTrend:
    """Closed win rate of the last eight periods.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    WinRateTrend
    """
    return WinRateTrend(trend(view))


def _ordinal(rank: int, show: Formatter) -> str:
    say = show.say
    words = {
        2: say("second"),
        3: say("third"),
        4: say("fourth"),
        5: say("fifth"),
        6: say("sixth"),
        7: say("seventh"),
    }
    return words.get(rank) or say("{rank}th", rank=show.count(rank))
