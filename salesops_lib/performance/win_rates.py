"""The win rates beside each other, so that none passes for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.outcomes import win_rate, win_rate_created, win_rate_value
from salesops_lib.performance.win_curve import HORIZON_DAYS, win_curve, win_rate_in_time
from salesops_lib.results import MIME, Measure
from salesops_lib.rows import json_number
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.performance.win_curve import WinCurve

__all__ = ["WinRates", "win_rates"]


@dataclass(frozen=True)
class WinRates:
    """The win rates, and what each of them says.

    Parameters
    ----------
    measures : tuple of Measure
        Closed by count, closed by value, created, and by a given age.
    curve : WinCurve
        What the last one rests on in the report's own period.
    """

    measures: tuple[Measure, ...]
    curve: WinCurve

    @property
    def verdicts(self) -> tuple[str, ...]:
        """One sentence a rate: what it answers, or why it answers nothing."""
        return tuple(self._verdict(measure) for measure in self.measures)

    def _verdict(self, measure: Measure) -> str:
        say, value = measure.show.say, measure.value()
        if value.number is None:
            return say("Not computable: {reason}.", reason=value.reason)
        if value.reason:
            return say("Read with care: {reason}.", reason=value.reason)
        if measure.definition.id == "win_rate_in_time":
            return self._in_time(measure)
        if value.number == 1 and value.low is not None:
            return say(
                "Nothing is lost yet: read the lower end of the interval, {low}.",
                low=measure.show.share(value.low),
            )
        verdicts = {
            "win_rate": say("How decisions fall; it says nothing of the deals that stay open."),
            "win_rate_value": say("How much of the decided money was won; large deals decide it."),
            "win_rate_created": say("What new deals have brought so far; it rises as they age."),
        }
        return verdicts[measure.definition.id]

    def _in_time(self, measure: Measure) -> str:
        show, (won, lost, still) = measure.show, self.curve.shares
        return show.say(
            "What becomes of a new deal in {days} days: {won} won, {lost} lost, {open} open.",
            days=show.count(self.curve.days),
            won=show.share(won),
            lost=show.share(lost),
            open=show.share(still),
        )

    @property
    def grid(self) -> Grid:
        """The rates as a table."""
        first, say = self.measures[0], self.measures[0].show.say
        headers = (
            (say("Win rate"), "text"),
            (say("Formula"), "text"),
            (first.period(), "number"),
            (say("Cases"), "number"),
            (first.period("prior"), "number"),
            (first.period("last_year"), "number"),
        )
        rows = tuple(
            self._row(measure, verdict)
            for measure, verdict in zip(self.measures, self.verdicts, strict=True)
        )
        caption = say("Which win rate is which, {scope}", scope=first.scope)
        note = say(
            "Second line: what it answers, its 95% interval, or the change of this period on "
            "that one."
        )
        return Grid(caption, headers, rows, note, show=first.show)

    def _row(self, measure: Measure, verdict: str) -> tuple[Cell, ...]:
        show, value = measure.show, measure.value()
        few = value.n is not None and 0 < value.n < SMALL_SAMPLE
        return (
            Cell(measure.definition.name, "head"),
            Cell(measure.definition.formula, "text", below=verdict),
            Cell(
                measure.text(),
                below=show.interval(value.low, value.high, "share"),
                title=value.reason,
            ),
            Cell(
                "" if value.n is None else show.count(value.n),
                below=show.say("small sample") if few else "",
            ),
            *(
                Cell(
                    measure.text(role),
                    below=measure.change_text(role),
                    title=measure.value(role).reason,
                )
                for role in ("prior", "last_year")
            ),
        )

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        won, lost, still = (json_number(share) for share in self.curve.shares)
        return {
            "kind": "win_rates",
            "measures": [measure.records() for measure in self.measures],
            "verdicts": list(self.verdicts),
            "in_time": {"days": self.curve.days, "won": won, "lost": lost, "open": still},
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": "\n".join(measure.headline for measure in self.measures),
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def win_rates(view: View, days: int = HORIZON_DAYS) -> WinRates:
    """The four win rates that are most often mistaken for each other.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    days : int
        Age of the deals at which the last of them judges.

    Returns
    -------
    WinRates
    """
    measures = (
        win_rate(view),
        win_rate_value(view),
        win_rate_created(view),
        win_rate_in_time(view, days=days),
    )
    return WinRates(measures, win_curve(view, days))
