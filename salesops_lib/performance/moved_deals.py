"""The deals behind the bars of the pipeline waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.performance.pipeline_moves import MOVES
from salesops_lib.performance.waterfall import Waterfall, pipeline_waterfall
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.data.view import View

__all__ = ["MovedDeals", "moved_deals"]

MOST_DEALS = 300
"""Deals that the file holds."""

_OF_EACH = 3


@dataclass(frozen=True)
class MovedDeals:
    """Deals that came into the pipeline of a period, left it, or changed in it.

    Parameters
    ----------
    frame : DataFrame
        One row a move, by step and largest first: the columns of
        `pipeline_moves.COLUMNS`. At most 300, the largest of all.
    count : int
        All moves.
    waterfall : Waterfall
        What they are behind.
    """

    frame: pd.DataFrame
    count: int
    waterfall: Waterfall

    @property
    def headline(self) -> str:
        """One sentence: how many deals moved the pipeline."""
        show = self.waterfall.view.show
        return show.counted(
            self.count,
            "{count} deal moved the pipeline for {target}",
            "{count} deals moved the pipeline for {target}",
            target=show.period(self.waterfall.target.label),
        )

    @property
    def grid(self) -> Grid:
        """All rows, as the file has them."""
        return self._grid(self.frame)

    @property
    def largest(self) -> Grid:
        """The largest rows of each step, as the page has them."""
        return self._grid(self.frame.groupby("move", sort=False).head(_OF_EACH))

    def _grid(self, frame: pd.DataFrame) -> Grid:
        show, say = self.waterfall.view.show, self.waterfall.view.show.say
        headers = (
            (say("Deal"), "text"),
            (say("Step"), "text"),
            (say("Adds, {currency}", currency=show.currency), "number"),
            (say("Id"), "text"),
        )
        digits = show.cents(frame["change"])
        rows = tuple(
            (
                Cell(_text(row.name) or str(row.opportunity_id), "head"),
                Cell(self.waterfall.label(row.move), "text"),
                Cell(show.amount(row.change, digits), number=row.change),
                Cell(str(row.opportunity_id), "text"),
            )
            for row in rows_of(frame)
        )
        note = show.counted(
            _OF_EACH,
            "The largest deal of each step.",
            "The {count} largest deals of each step.",
        )
        if self.count > len(self.frame):
            some = say(
                "The file holds the {shown} largest of {all}.",
                shown=show.count(len(self.frame)),
                all=show.count(self.count),
            )
            note = f"{note} {some}"
        return Grid(self.headline, headers, rows, note, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines; the deals themselves are in the table's file."""
        return {
            "kind": "moved_deals",
            "deals": self.count,
            "amount": json_number(sum(self.frame["change"], 0)),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        show = self.waterfall.view.show
        html = fragment(
            "folded",
            summary=show.say("Show the deals behind the waterfall"),
            body=Markup(grid_html(self.largest, whole=self.grid)),  # noqa: S704 (a template's)
        )
        return {"text/plain": self.headline, "text/html": html, MIME: self.records()}


def moved_deals(view: View) -> MovedDeals | None:
    """Deals behind each bar of the period's waterfall.

    Parameters
    ----------
    view : View
        Scope, period and currency.

    Returns
    -------
    MovedDeals or None
        None, which a cell does not show, where nothing moved.
    """
    waterfall = pipeline_waterfall(view)
    moved = waterfall.moves[waterfall.moves["move"].isin(MOVES)]
    if moved.empty:
        return None
    order = {move: place for place, move in enumerate(MOVES)}
    sized = moved.assign(size=moved["change"].map(abs), step=moved["move"].map(order))
    kept = sized.sort_values(["size", "opportunity_id", "day"], ascending=[False, True, True])
    kept = kept.head(MOST_DEALS).sort_values(
        ["step", "size", "opportunity_id", "day"], ascending=[True, False, True, True]
    )
    frame = kept.drop(columns=["size", "step"]).reset_index(drop=True)
    return MovedDeals(frame, len(moved), waterfall)


def _text(text: Any) -> str:
    return "" if text is None or text != text else str(text)
