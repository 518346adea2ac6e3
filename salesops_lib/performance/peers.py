"""A rep beside the team: medians of the colleagues, never one of their figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.audience import SMALL_GROUP
from salesops_lib.data.organisation import places
from salesops_lib.data.scope import Scope
from salesops_lib.fragments import Cell, Grid
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.view import View
    from salesops_lib.formats import Unit

__all__ = ["Peers", "peers"]

_COMPARED: dict[str, Unit] = {"bookings": "money", "attainment": "share", "win_rate": "share"}
_CUT = 1e-9
"""What a float may lack of the percent that it stands for."""

_DIGITS = 2
"""Digits of a median that are told: of an odd number of people it is the figure of one."""


@dataclass(frozen=True)
class Peers:
    """One rep beside the median of the team's other reps.

    Parameters
    ----------
    frame : DataFrame
        One row a measure: `measure`, `own` (as in the rep's other tables), `median`
        (of the others, to two digits; NaN where withheld) and `people` (how many
        others have the figure); money in the reporting currency.
    view : View
        The rep's view.
    """

    frame: pd.DataFrame
    view: View

    @property
    def withheld(self) -> str:
        """Why medians are missing; empty where none is."""
        show = self.view.show
        limit = show.count(SMALL_GROUP)
        if self.frame["median"].isna().all():
            return show.say(
                "The team is not shown: fewer than {limit} colleagues have figures, and a "
                "figure about so few would tell theirs.",
                limit=limit,
            )
        if self.frame["median"].isna().any():
            return show.say(
                "A median of fewer than {limit} colleagues is not shown: it would tell theirs.",
                limit=limit,
            )
        return ""

    @property
    def grid(self) -> Grid:
        """The comparison as a table."""
        show, say = self.view.show, self.view.show.say
        names = {
            "bookings": say("Bookings, {currency}", currency=show.currency),
            "attainment": say("Attainment"),
            "win_rate": say("Win rate"),
        }
        rows = tuple(
            (
                Cell(names[row.measure], "head"),
                Cell(self._text(row.own, row.measure)),
                Cell(self._text(row.median, row.measure)),
                Cell(self._place(row), "text"),
                Cell(show.value(None if pd.isna(row.median) else row.people, "count")),
            )
            for row in rows_of(self.frame)
        )
        headers = (
            (say("Measure"), "text"),
            (self.view.scope_label, "number"),
            (say("Median of colleagues"), "number"),
            (say("Place"), "text"),
            (say("Colleagues"), "number"),
        )
        note = say(
            "Medians of the team's other reps, to two digits. Names and figures of colleagues "
            "are not part of this report."
        )
        return Grid(
            say(
                "Beside the team, {period}",
                period=show.period(self.view.period.label),
            ),
            headers,
            rows,
            " ".join(filter(None, (note, self.withheld))),
            show=show,
        )

    def _text(self, number: float, measure: str) -> str:
        if _COMPARED[measure] == "money":
            return self.view.show.amount(number)
        # Without decimals: it stands in one column with money, and never says 100% too early.
        show = self.view.show
        if number != number:
            return show.value(None, "share")
        return show.share(math.floor(number * 100 + _CUT) / 100, 0)

    def _place(self, row: Any) -> str:
        say = self.view.show.say
        if pd.isna(row.median):
            return say("not shown")
        if pd.isna(row.own):
            return say("not computable")
        own = _rounded(row.own, _COMPARED[row.measure])
        if own == row.median:
            return say("at the median")
        return say("above the median") if own > row.median else say("below the median")

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {
                "measure": row.measure,
                "own": json_number(row.own),
                "median": json_number(row.median),
                "people": None if pd.isna(row.median) else int(row.people),
            }
            for row in rows_of(self.frame)
        ]
        return {"rows": rows, "withheld": self.withheld}


def peers(view: View, of_team: Callable[[View], pd.DataFrame]) -> Peers:
    """A rep beside the median of the team's other reps.

    A median counts the others only, and is withheld where fewer than five of them
    have the figure: what is left of the team without the reader is never a small
    group.

    Parameters
    ----------
    view : View
        A rep's view.
    of_team : callable
        Figures of all reps of a team's view: `rep_id`, `bookings`, `attainment`
        and `win_rate`. Only medians leave this function.

    Returns
    -------
    Peers
    """
    rep = view.scope.key
    own = of_team(view).set_index("rep_id")
    team = _team(view)
    others = own.iloc[:0]
    if team is not None:
        whole = replace(view, snapshot=view.snapshot.whole, scope=team, audience="leadership")
        figures = of_team(whole)
        others = figures[figures["rep_id"] != rep]
    rows = []
    for measure, unit in _COMPARED.items():
        known = others[measure].dropna().astype(float)
        median = _rounded(known.median(), unit) if len(known) >= SMALL_GROUP else float("nan")
        mine = float(own[measure].get(rep, float("nan")))
        rows.append((measure, mine, median, len(known)))
    return Peers(pd.DataFrame(rows, columns=["measure", "own", "median", "people"]), view)


def _team(view: View) -> Scope | None:
    """Team of a rep on the last day that the report looks at."""
    day = min(view.period.end, view.as_of)
    there = places(view.snapshot).filter(
        _.rep_id == view.scope.key, _.place_from <= day, _.place_to >= day
    )
    teams = [team for team in there.team.to_pandas().tolist() if isinstance(team, str)]
    return Scope("team", teams[0], teams[0]) if teams else None


def _rounded(number: float, unit: Unit) -> float:
    return round(number, _DIGITS) if unit == "share" else float(f"{number:.{_DIGITS}g}")
