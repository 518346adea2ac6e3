"""The reps beside each other, with the uncertainty of each figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from salesops_lib.data.scopes import members, scopes
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.activity import activity_capture, activity_rate
from salesops_lib.performance.attainment import attainment
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.outcomes import bookings, win_rate
from salesops_lib.performance.peers import Peers, peers
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of
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
        `win_rate_low`, `win_rate_high`, `activities` (in four weeks),
        `with_activity` (share of the deals) and `active_of` (deals that it is a share
        of), `bookings_prior`; money in the reporting currency, NaN where not
        computable. Highest attainment first, then bookings.
    view : View
        What was looked at.
    team : Peers, optional
        The rep beside the team, in a rep's own report.
    """

    frame: pd.DataFrame
    view: View
    team: Peers | None = None

    @property
    def headline(self) -> str:
        """One sentence: how many reps, how many reached quota."""
        rated = self.frame.dropna(subset=["attainment"])
        show = self.view.show
        if rated.empty:
            return show.counted(
                len(self.frame),
                "{count} rep; attainment is not computable without quotas.",
                "{count} reps; attainment is not computable without quotas.",
            )
        reached = int((rated["attainment"] >= 1).sum())
        clear = int((rated["attainment_low"] >= 1).sum())
        return show.say(
            "{reached} of {rated} reps reached quota; for {clear} of them the whole 95% interval "
            "lies above it.",
            reached=show.count(reached),
            rated=show.count(len(rated)),
            clear=show.count(clear),
        )

    @property
    def grid(self) -> Grid:
        """The reps as a table."""
        show, say = self.view.show, self.view.show.say
        rated = bool(self.frame["attainment"].notna().any())
        logged = bool(self.frame["with_activity"].notna().any())
        booked = say("Bookings, {currency}", currency=show.currency)
        attained, interval = say("Attainment"), say("95% interval")
        done, active = (_head(measure, show) for measure in ("activity_rate", "activity_capture"))
        names, kinds = [say("Rep"), booked, say("Deals won")], ["text", "number", "number"]
        if logged:
            names += [done, active]
            kinds += ["number", "number"]
        if rated:
            names[1:1] = [attained, interval, say("Against quota")]
            kinds[1:1] = ["number", "number", "text"]
        rows, digits = [], show.cents(self.frame["bookings"])
        for row in rows_of(self.frame):
            change = row.bookings - row.bookings_prior
            unrated = say("no quota in this period") if pd.isna(row.attainment) else ""
            cells = [
                Cell(row.rep, "head"),
                Cell(
                    show.amount(row.bookings, digits),
                    below=f"{show.money(change, compact=True, signed=True)}",
                ),
                Cell(show.count(row.won)),
            ]
            if logged:
                few = "*" if row.active_of < SMALL_SAMPLE else ""
                cells += [
                    Cell(show.whole(row.activities), title=self.unlogged, number=row.activities),
                    Cell(_rounded(show, row.with_activity) + few, number=row.with_activity),
                ]
            if rated:
                cells[1:1] = [
                    Cell(_rounded(show, row.attainment), title=unrated, number=row.attainment),
                    Cell(
                        show.interval(row.attainment_low, row.attainment_high, "share", rough=True)
                    ),
                    Cell("", "text", drawing=_dots(row)),
                ]
            rows.append(tuple(cells))
        prior = show.period(self.view.periods["prior"].label)
        notes = [say("Below bookings: change on {prior}.", prior=prior), self._log]
        if rated:
            notes.append(say("Against quota: attainment from 0 to 200%, dashed line at 100%."))
        caption = say(
            "Reps of {scope}, {period}",
            scope=self.view.scope_phrase,
            period=show.period(self.view.period.label),
        )
        linked = {
            attained: "attainment",
            booked: "bookings",
            done: "activity_rate",
            active: "activity_capture",
        }
        headers = tuple(zip(names, kinds, strict=True))
        note = " ".join(filter(None, notes))
        return Grid(caption, headers, tuple(rows), note, linked, show=show, folded=False)

    @cached_property
    def unlogged(self) -> str:
        """Why activities of the scope are not counted; empty where they are."""
        return activity_rate(self.view).value().reason

    @property
    def _log(self) -> str:
        """What is to be known of the columns of activities, or why there are none."""
        show = self.view.show
        if self.unlogged:
            return show.say("Activities are not counted: {reason}.", reason=self.unlogged)
        return show.say(
            "Activities: a rep in four weeks; with activity: share of the deals with any, * of "
            "fewer than {limit} deals.",
            limit=show.count(SMALL_SAMPLE),
        )

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        rows = [
            {key: cell if isinstance(cell, str) else json_number(cell) for key, cell in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]
        values: dict[str, Any] = {"kind": "people", "headline": self.headline, "rows": rows}
        body = grid_html(self.grid)
        if self.team is not None:
            values["team"] = self.team.records()
            body += grid_html(self.team.grid)
        return {"text/plain": self.headline, "text/html": body, MIME: values}


def people(view: View) -> People:
    """Every rep of the scope, with n and intervals.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    People
        Reps in force in the period or with deals or quota in it. A rep reads about no
        one else, but about the median of the team.
    """
    team = peers(view, _figures) if view.audience == "rep" else None
    return People(_figures(view), view, team)


def _figures(view: View) -> pd.DataFrame:
    """Rows of `People.frame`."""
    measures = {
        "bookings": bookings(view, "rep"),
        "attainment": attainment(view, "rep"),
        "win_rate": win_rate(view, "rep"),
    }
    labels = _labels(view)
    for measure in measures.values():
        labels.update(
            (row.group, row.label)
            for row in measure.rows
            if row.role == "current" and (row.value.n or 0) > 0
        )
    # Whoever has only open deals from another time is not one of them.
    measures |= {
        "activities": activity_rate(view, "rep"),
        "with_activity": activity_capture(view, "rep"),
    }
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
                "activities": values["activities"].number,
                "with_activity": values["with_activity"].number,
                "active_of": values["with_activity"].n or 0,
                "bookings_prior": measures["bookings"].value("prior", rep_id).number or 0,
            }
        )
    named = ["rep_id", "rep", "bookings", "attainment", "with_activity"]
    columns = list(rows[0]) if rows else named
    frame = pd.DataFrame(rows, columns=columns)
    kept = {"rep_id", "rep", "won", "closed", "active_of"}
    numbers = [name for name in columns if name not in kept]
    frame[numbers] = frame[numbers].astype(float)
    return frame.sort_values(
        ["attainment", "bookings", "rep"], ascending=[False, False, True], ignore_index=True
    )


def _labels(view: View) -> dict[str, str]:
    """Reps in force in the scope, so that one without any deal is seen too."""
    if view.scope.kind == "rep":
        return {view.scope.key: view.scope.label}
    everyone = scopes(view.snapshot, "rep", view.period, view.as_of)
    if view.scope.kind == "company":
        return {scope.key: scope.label for scope in everyone}
    ids = members(view.snapshot, view.scope, view.period, view.as_of)
    return {scope.key: scope.label for scope in everyone if scope.key in ids}


def _head(measure: str, show: Formatter) -> str:
    definition = DEFINITIONS[measure].said(show)
    return definition.short or definition.name


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
        return f"{94 * min(max(share, 0.0), _AXIS) / _AXIS + 3:.0f}"

    ends = ""
    if not pd.isna(row.attainment_low):
        ends = f"--l:{x(row.attainment_low)};--h:{x(row.attainment_high)};"
    # One element a row, drawn by the style sheet; numbers only, no text from the data.
    return Markup(f'<i class="so-dots" style="{ends}--v:{x(row.attainment)}"></i>')  # noqa: S704
