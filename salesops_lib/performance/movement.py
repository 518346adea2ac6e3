"""Where bookings moved: each part of the scope against the prior period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.outcomes import bookings
from salesops_lib.results import Drawn
from salesops_lib.words import grouping_head, grouping_word

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.results import Measure

__all__ = ["Movement", "bookings_movement"]

SHOWN = 15
"""Groups drawn; the table behind the chart holds them all."""


@dataclass(frozen=True)
class Movement:
    """Bookings of each group in this period and the prior one.

    Parameters
    ----------
    measure : Measure
        Bookings, split.
    frame : DataFrame
        One row a group, largest first: `label`, `current`, `prior` (reporting
        currency), `text` and `change` as people read them.
    source : str
        Id of the snapshot.
    """

    measure: Measure
    frame: pd.DataFrame
    source: str

    @property
    def shown(self) -> pd.DataFrame:
        """The groups that are drawn."""
        return self.frame.head(SHOWN)

    @property
    def headline(self) -> str:
        """One sentence: who gained and who lost the most."""
        show = self.measure.show
        if len(self.frame) < 2 or self.frame["prior"].isna().all():
            return show.say("Bookings by {by}", by=self._by)
        moved = (self.frame["current"] - self.frame["prior"].fillna(0)).to_list()
        labels = self.frame["label"].to_list()
        most, least = max(moved), min(moved)
        winner, loser = labels[moved.index(most)], labels[moved.index(least)]
        return show.say(
            "{winner} moved {gain} on {period}, {loser} {loss}",
            winner=str(winner),
            gain=show.money(most, compact=True, signed=True),
            period=self.measure.period("prior"),
            loser=str(loser),
            loss=show.money(least, compact=True, signed=True),
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        prior = self.measure.period("prior") or "none: there is no period to compare with"
        return Drawn(self.measure.show.currency, prior, "exact")

    @property
    def _by(self) -> str:
        return grouping_word(self.measure.by or "", self.measure.show)

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.measure.alt

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.measure.show
        words = {
            "by": self._by,
            "period": self.measure.period(),
            "prior": self.measure.period("prior"),
            "snapshot": self.source,
        }
        if len(self.frame) <= SHOWN:
            return show.say(
                "Closed-won amount by {by}, {period}; thin bars: {prior}. "
                "Source: snapshot {snapshot}.",
                **words,
            )
        return show.say(
            "Closed-won amount by {by}, {period}; thin bars: {prior}. "
            "The {shown} largest of {all}. Source: snapshot {snapshot}.",
            shown=show.count(SHOWN),
            all=show.count(len(self.frame)),
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.measure.show, self.measure.show.say
        headers = (
            (grouping_head(self.measure.by, show), "text"),
            (self.measure.period(), "number"),
            (self.measure.period("prior"), "number"),
            (say("Change"), "number"),
        )
        now, before = show.cents(self.frame["current"]), show.cents(self.frame["prior"])
        rows = tuple(
            (
                Cell(str(row["label"]), "head"),
                Cell(show.amount(row["current"], now)),
                Cell(show.amount(row["prior"], before)),
                Cell(str(row["change"])),
            )
            for row in self.frame.to_dict(orient="records")
        )
        caption = say("Bookings by {by}, {currency}", by=self._by, currency=show.currency)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return self.measure.records()


def bookings_movement(view: View, by: str) -> Movement:
    """Bookings of each group against the prior period.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str
        region, team, rep, product, segment and others.

    Returns
    -------
    Movement
    """
    measure = bookings(view, by)
    rows = [
        (
            label,
            float(measure.value("current", key).number or 0),
            _float(measure.value("prior", key).number),
            measure.text(group=key),
            measure.change_text("prior", key),
        )
        for key, label in measure.groups
    ]
    frame = pd.DataFrame(rows, columns=["label", "current", "prior", "text", "change"])
    frame = frame.sort_values(["current", "label"], ascending=[False, True], ignore_index=True)
    return Movement(measure, frame, view.snapshot.id)


def _float(number: Any) -> float:
    return float("nan") if number is None else float(number)
