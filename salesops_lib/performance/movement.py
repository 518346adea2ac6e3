"""Where bookings moved: each part of the scope against the prior period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.outcomes import bookings

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
            return f"Bookings by {self.measure.by}"
        moved = (self.frame["current"] - self.frame["prior"].fillna(0)).to_list()
        labels = self.frame["label"].to_list()
        most, least = max(moved), min(moved)
        winner, loser = labels[moved.index(most)], labels[moved.index(least)]
        gain = f"{winner} moved {show.money(most, compact=True, signed=True)}"
        loss = f"{loser} {show.money(least, compact=True, signed=True)}"
        return f"{gain} on {self.measure.period('prior')}, {loss}"

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.measure.alt

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        more = f" The {SHOWN} largest of {len(self.frame)}." if len(self.frame) > SHOWN else ""
        prior = self.measure.period("prior")
        return (
            f"Closed-won amount by {self.measure.by}, {self.measure.period()}; diamonds: {prior}."
            f"{more} Source: snapshot {self.source}."
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, by = self.measure.show, (self.measure.by or "scope").capitalize()
        headers = (
            (by, "text"),
            (self.measure.period(), "number"),
            (self.measure.period("prior"), "number"),
            ("Change", "number"),
        )
        rows = tuple(
            (
                Cell(str(row["label"]), "head"),
                Cell(show.amount(row["current"])),
                Cell(show.amount(row["prior"])),
                Cell(str(row["change"])),
            )
            for row in self.frame.to_dict(orient="records")
        )
        return Grid(f"Bookings by {self.measure.by}, {show.currency}", headers, rows)

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
