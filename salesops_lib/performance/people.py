"""The reps beside each other, with the uncertainty of each figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from salesops_lib.data.organisation import places
from salesops_lib.data.view import scopes
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.attainment import attainment
from salesops_lib.performance.outcomes import average_deal, bookings, cycle_days, win_rate
from salesops_lib.results import MIME, json_number, rows_of
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.formats import Formatter

__all__ = ["People", "people"]

_AXIS = 2.0
"""Attainment at the right end of the small axes."""


@dataclass(frozen=True)
class People:
    """Reps of a scope.

    Parameters
    ----------
    frame : DataFrame
        One row a rep: `rep_id`, `rep`, `bookings`, `won`, `closed`,
        `attainment`, `attainment_low`, `attainment_high`, `win_rate`,
        `win_rate_low`, `win_rate_high`, `average_deal`, `cycle_days`,
        `bookings_prior`; money in the reporting currency, NaN where not
        computable. Highest attainment first, then bookings.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    view: View

    @property
    def headline(self) -> str:
        """One sentence: how many reps, how many reached quota."""
        rated = self.frame.dropna(subset=["attainment"])
        count = self.view.show.count
        if rated.empty:
            return f"{count(len(self.frame))} reps; attainment is not computable without quotas."
        reached = int((rated["attainment"] >= 1).sum())
        clear = int((rated["attainment_low"] >= 1).sum())
        return (
            f"{count(reached)} of {count(len(rated))} reps reached quota; for {count(clear)} of "
            "them the whole 95% interval lies above it."
        )

    @property
    def grid(self) -> Grid:
        """The reps as a table."""
        show = self.view.show
        rated = bool(self.frame["attainment"].notna().any())
        names = ["Rep", f"Bookings, {show.currency}", "Win rate", "95% interval", "Closed"]
        kinds = ["text", *["number"] * 4]
        if rated:
            names[1:1] = ["Attainment", "95% interval", "Against quota"]
            kinds[1:1] = ["number", "number", "text"]
        rows = []
        for row in rows_of(self.frame):
            small = "*" if row.closed < SMALL_SAMPLE else ""
            change = row.bookings - row.bookings_prior
            unrated = "no quota in this period" if pd.isna(row.attainment) else ""
            cells = [
                Cell(row.rep, "head"),
                Cell(
                    show.amount(row.bookings),
                    below=f"{show.money(change, compact=True, signed=True)}",
                    tone="good" if change > 0 else "bad" if change < 0 else "",
                ),
                Cell(_rounded(show, row.win_rate)),
                Cell(show.interval(row.win_rate_low, row.win_rate_high, "share", rough=True)),
                Cell(show.count(row.closed) + small),
            ]
            if rated:
                cells[1:1] = [
                    Cell(_rounded(show, row.attainment), title=unrated),
                    Cell(
                        show.interval(row.attainment_low, row.attainment_high, "share", rough=True)
                    ),
                    Cell("", "text", drawing=_dots(row)),
                ]
            rows.append(tuple(cells))
        note = f"* fewer than {SMALL_SAMPLE} closed deals: read with care. Ranks are not shown: "
        note += "most intervals overlap."
        note += f" Below bookings: change on {self.view.periods['prior'].label}."
        if rated:
            note += " Against quota: attainment from 0 to 200%, dashed line at 100%."
        caption = f"Reps of {self.view.scope.phrase}, {self.view.period.label}"
        linked = {"Attainment": "attainment", names[-4]: "bookings", "Win rate": "win_rate"}
        return Grid(caption, tuple(zip(names, kinds, strict=True)), tuple(rows), note, linked)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        rows = [
            {key: cell if isinstance(cell, str) else json_number(cell) for key, cell in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: {"kind": "people", "headline": self.headline, "rows": rows},
        }


def people(view: View) -> People:
    """Every rep of the scope, with n and intervals.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    People
        Reps in force in the period or with deals or quota in it.
    """
    measures = {
        "bookings": bookings(view, "rep"),
        "attainment": attainment(view, "rep"),
        "win_rate": win_rate(view, "rep"),
        "average_deal": average_deal(view, "rep"),
        "cycle_days": cycle_days(view, "rep"),
    }
    labels = _labels(view)
    for measure in measures.values():
        now = measure.frame[(measure.frame["role"] == "current") & (measure.frame["n"] > 0)]
        labels.update(zip(now["group"], now["label"], strict=True))
    rows = []
    for rep_id, rep in sorted(labels.items(), key=lambda pair: (pair[1], pair[0])):
        values = {name: measure.value(group=rep_id) for name, measure in measures.items()}
        attained, rate = values["attainment"], values["win_rate"]
        rows.append(
            {
                "rep_id": rep_id,
                "rep": rep,
                "bookings": values["bookings"].number or 0,
                "won": values["bookings"].n or 0,
                "closed": rate.n or 0,
                "attainment": attained.number,
                "attainment_low": attained.low,
                "attainment_high": attained.high,
                "win_rate": rate.number,
                "win_rate_low": rate.low,
                "win_rate_high": rate.high,
                "average_deal": values["average_deal"].number,
                "cycle_days": values["cycle_days"].number,
                "bookings_prior": measures["bookings"].value("prior", rep_id).number or 0,
            }
        )
    columns = list(rows[0]) if rows else ["rep_id", "rep", "bookings", "attainment"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = [name for name in columns if name not in {"rep_id", "rep", "won", "closed"}]
    frame[numbers] = frame[numbers].astype(float)
    frame = frame.sort_values(
        ["attainment", "bookings", "rep"], ascending=[False, False, True], ignore_index=True
    )
    return People(frame, view)


def _labels(view: View) -> dict[str, str]:
    """Reps in force in the scope, so that one without any deal is seen too."""
    if view.scope.kind == "rep":
        return {view.scope.key: view.scope.label}
    everyone = scopes(view.snapshot, "rep", view.period, view.as_of)
    if view.scope.kind == "company":
        return {scope.key: scope.label for scope in everyone}
    there = places(view.snapshot)
    last = min(view.period.end, view.as_of)
    inside = there.filter(
        there[view.scope.kind] == view.scope.key,
        there.place_from <= last,
        there.place_to >= view.period.start,
    )
    ids = set(inside.rep_id.to_pandas())
    return {scope.key: scope.label for scope in everyone if scope.key in ids}


def _rounded(show: Formatter, share: float) -> str:
    """Share cut, never rounded up, to whole percents: 99.9% is not 100%."""
    return (
        show.value(None, "share")
        if pd.isna(share)
        else show.share(math.floor(share * 100) / 100, 0)
    )


def _dots(row: Any) -> Markup:
    """Attainment as a dot on its interval, against a dashed line at quota."""
    if pd.isna(row.attainment):
        return Markup("")

    def x(share: float) -> str:
        return f"{4 + 112 * min(max(share, 0.0), _AXIS) / _AXIS:.1f}"

    interval = ""
    if not pd.isna(row.attainment_low):
        low, high = x(row.attainment_low), x(row.attainment_high)
        interval = f'<line x1="{low}" x2="{high}" y1="7" y2="7"/>'
    # Numbers only: nothing here comes from the data's text.
    return Markup(  # noqa: S704
        '<svg class="so-dots" viewBox="0 0 120 14" aria-hidden="true">'
        f'<line class="goal" x1="{x(1)}" x2="{x(1)}" y1="0" y2="14"/>{interval}'
        f'<circle cx="{x(row.attainment)}" cy="7" r="4"/></svg>'
    )
