"""How much of a rebuilt state is known, and how: exact, inferred or missing, by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.history import MARKED
from salesops_lib.data.past import past_of
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import rows_of
from salesops_lib.words import field_word

if TYPE_CHECKING:
    import datetime as dt

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["MARKS", "RebuiltState", "rebuilt_state"]

MARKS = ("exact", "inferred", "missing")
"""How a value of a past day is known; see `data.history.deals_as_of`."""

# Whether a deal was won follows from its stage, as whether it was closed does.
_SHOWN = tuple(column for column in MARKED if column != "is_won")


@dataclass(frozen=True)
class RebuiltState:
    """How the values of the scope's deals on a past day are known.

    Parameters
    ----------
    frame : DataFrame
        One row a field that the export has: `field` (column of ``opportunities``),
        `exact`, `inferred` and `missing`: numbers of deals.
    deals : int
        Number of deals that were there.
    view : View
        What was looked at.
    later : date
        Day of the snapshot that the state was rebuilt from.
    """

    frame: pd.DataFrame
    deals: int
    view: View
    later: dt.date

    @property
    def headline(self) -> str:
        """One sentence: how many deals, of which day, rebuilt from what."""
        show = self.view.show
        return show.counted(
            self.deals,
            "{count} deal is shown as it stood on {day}, rebuilt from the history of changes in "
            "the snapshot of {later}.",
            "{count} deals are shown as they stood on {day}, rebuilt from the history of changes "
            "in the snapshot of {later}.",
            day=show.date(self.view.as_of),
            later=show.date(self.later),
        )

    @property
    def counts(self) -> str:
        """One sentence: exact, inferred and missing values of each field."""
        show = self.view.show
        fields = [
            show.say(
                "{field} {exact} / {inferred} / {missing}",
                field=field_word(row.field, show),
                **{mark: show.count(getattr(row, mark)) for mark in MARKS},
            )
            for row in rows_of(self.frame)
        ]
        return show.say("Exact / inferred / missing: {fields}.", fields=show.listed(fields))

    @property
    def grid(self) -> Grid:
        """The counts as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Field"), "text"),
            (say("Exact"), "number"),
            (say("Inferred"), "number"),
            (say("Missing"), "number"),
        )
        rows = tuple(
            (
                Cell(field_word(row.field, show), "head"),
                *(Cell(show.count(getattr(row, mark))) for mark in MARKS),
            )
            for row in rows_of(self.frame)
        )
        caption = say("How the values of {day} are known, in deals", day=show.date(self.view.as_of))
        note = say(
            "Exact: the log vouches for it. Inferred: derived from other values, from a log that "
            "contradicts itself, or of a day before the log begins. Missing: empty then, or not "
            "to be rebuilt."
        )
        return Grid(caption, headers, rows, note, show=show)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        records = {
            "kind": "rebuilt",
            "as_of": self.view.as_of.isoformat(),
            "from": self.later.isoformat(),
            "deals": self.deals,
            "rows": self.frame.to_dict(orient="records"),
        }
        return {"text/plain": self.headline, "text/html": grid_html(self.grid), MIME: records}


def rebuilt_state(view: View) -> RebuiltState | None:
    """How the values of the scope's deals are known on the day of a report.

    Parameters
    ----------
    view : View
        Scope and as-of date.

    Returns
    -------
    RebuiltState or None
        None where the report stands at its snapshot's own day: nothing was rebuilt.
    """
    past = past_of(view.snapshot)
    if past is None:
        return None

    def query(deals: IbisTable) -> IbisTable:
        known = deals.select("opportunity_id", "scope").inner_join(past.marks, "opportunity_id")
        counts = {
            f"{column}_{mark}": _.count(where=known[f"{column}_mark"] == mark)
            for column in _SHOWN
            for mark in MARKS
        }
        return known.group_by("scope").agg(deals=_.count(), **counts)

    found = view.tally("rebuilt", "deals", query)
    counts = {name: int(found[name].sum()) for name in found.columns}
    rows = [
        (column, *(counts[f"{column}_{mark}"] for mark in MARKS))
        for column in _SHOWN
        if past.has("opportunities", column)
    ]
    frame = pd.DataFrame(rows, columns=["field", *MARKS])
    return RebuiltState(frame, counts["deals"], view, past.origin.as_of)
