"""What the data lack, and which figures suffer for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.ingest.reasons import REASONS
from salesops_lib.data.view import ROLES
from salesops_lib.formats import Formatter
from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.performance.comparison import (
    MISSING_AMOUNTS_LIMIT,
    extract_reason,
    extract_state,
)
from salesops_lib.performance.history_coverage import history_coverage
from salesops_lib.performance.rebuilt_state import rebuilt_state
from salesops_lib.results import MIME
from salesops_lib.rows import rows_of
from salesops_lib.words import status_word, table_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.view import View

__all__ = ["DataQuality", "IngestRecord", "Note", "data_quality", "ingest_record"]

_FILTERED = "filtered by the mapping"


@dataclass(frozen=True)
class Note:
    """One thing that the data lack.

    Parameters
    ----------
    severity : str
        ``missing`` (a figure cannot be computed), ``care`` (read it with care)
        or ``repaired``.
    what : str
        What was found, with its number.
    consequence : str
        Which figures suffer, and how.
    """

    severity: str
    what: str
    consequence: str


@dataclass(frozen=True)
class DataQuality:
    """Notes on the data behind a report, the gravest first.

    Parameters
    ----------
    notes : tuple of Note
        Empty when nothing is wrong.
    show : Formatter
        Language of the report.
    """

    notes: tuple[Note, ...]
    show: Formatter = field(default_factory=Formatter)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [vars(note) for note in self.notes]
        return {
            "text/plain": "\n".join(f"{n.what} {n.consequence}" for n in self.notes)
            or self.show.say("No notes"),
            "text/html": fragment(
                "notes",
                show=self.show,
                notes=self.notes,
                heading=self.show.say("Read this first"),
            ),
            MIME: {"kind": "quality", "notes": values},
        }


@dataclass(frozen=True)
class IngestRecord:
    """What ingest did to the rows of each table.

    Parameters
    ----------
    frame : DataFrame
        One row a table and reason: `table`, `status` (read, kept, repaired,
        noted, quarantined, skipped), `reason`, `rows`.
    show : Formatter
        Language of the report.
    """

    frame: pd.DataFrame
    show: Formatter = field(default_factory=Formatter)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        show, say = self.show, self.show.say
        rows = tuple(
            (
                Cell(table_word(row.table, show), "head"),
                Cell(status_word(row.status, show), "text"),
                Cell(_reason(row.reason, show), "text"),
                Cell(show.count(row.rows)),
            )
            for row in rows_of(self.frame)
        )
        headers = (
            (say("Table"), "text"),
            (say("Status"), "text"),
            (say("Reason"), "text"),
            (say("Rows"), "number"),
        )
        grid = Grid(say("What ingest did with the rows it read"), headers, rows, show=show)
        records = self.frame.to_dict(orient="records")
        return {
            "text/plain": self.frame.to_string(index=False),
            "text/html": grid_html(grid),
            MIME: {"kind": "ingest", "rows": records},
        }


def data_quality(view: View) -> DataQuality:
    """What the data behind a report lack, and which figures suffer.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    DataQuality
    """
    parts = (_rebuilt, _absent, _extract, _amounts, _dates, _ingest)
    notes = [note for part in parts for note in part(view)]
    order = {"missing": 0, "care": 1, "repaired": 2}
    return DataQuality(tuple(sorted(notes, key=lambda note: order[note.severity])), view.show)


def ingest_record(view: View) -> IngestRecord:
    """What ingest did to the rows of each table of the snapshot.

    Parameters
    ----------
    view : View
        Supplies the snapshot.

    Returns
    -------
    IngestRecord
    """
    rows = []
    for table, record in view.snapshot.manifest.tables.items():
        rows.append((table, "read", "", record.read))
        rows.append((table, "kept", "", record.kept))
        if record.skipped:
            rows.append((table, "skipped", _FILTERED, record.skipped))
        for status in ("repaired", "noted", "quarantined"):
            reasons: dict[str, int] = getattr(record, status)
            rows.extend((table, status, reason, n) for reason, n in sorted(reasons.items()))
    frame = pd.DataFrame(rows, columns=["table", "status", "reason", "rows"])
    return IngestRecord(frame, view.show)


def _rebuilt(view: View) -> Iterator[Note]:
    """What a reader must know of a state that was rebuilt from the history."""
    state, coverage, say = rebuilt_state(view), history_coverage(view), view.show.say
    if state is not None:
        gone = say("Deals deleted since are not in it.")
        yield Note("care", state.headline, f"{state.counts} {gone}")
    if coverage is not None and coverage.gaps:
        yield Note(
            "care",
            " ".join(coverage.gaps),
            say("What changed there unseen is shown as it became later, and counts as inferred."),
        )


def _absent(view: View) -> Iterator[Note]:
    has, say = view.snapshot.has, view.show.say
    if not has("quotas"):
        yield Note(
            "missing",
            say("This export has no quotas."),
            say("Attainment, reps at quota and coverage are not computable."),
        )
    if not has("rep_assignments"):
        yield Note(
            "missing",
            say("This export has no teams."),
            say("Nothing is split by team or region."),
        )
    if not has("opportunities", "currency"):
        yield Note(
            "care",
            say("This export has no currencies."),
            say("All amounts are taken to be in {currency}.", currency=view.currency.reporting),
        )


def _extract(view: View) -> Iterator[Note]:
    say = view.show.say
    for role in ROLES:
        state = extract_state(view, role)
        if state == "whole":
            continue
        period = view.show.period(view.periods[role].label)
        if state == "truncated" and view.starts_on is not None:
            yield Note(
                "care",
                say(
                    "{period} is truncated: the extract's first closed deal is of {day}.",
                    period=period,
                    day=view.show.date(view.starts_on),
                ),
                say(
                    "Its win rate and cycle are those of the deals that closed early: "
                    "an artefact of where the extract starts."
                ),
            )
        else:
            what = say("{period}: {reason}.", period=period, reason=extract_reason(view, role))
            yield Note("missing", what, say("Nothing is compared with {period}.", period=period))


@lru_cache(maxsize=32)
def _counts(view: View) -> Any:
    """How many deals of the scope lack what: one row of counts."""
    window = view.windows["current"]
    valued, within = _.amount > 0, _.close_date.between(window.start, window.end)
    lost, won = _.is_closed & within & ~_.is_won, _.is_closed & within & _.is_won

    def query(deals: IbisTable) -> IbisTable:
        return deals.group_by("scope").agg(
            lost=_.count(where=lost),
            lost_valued=_.count(where=lost & valued),
            won=_.count(where=won),
            won_valued=_.count(where=won & valued),
            negative=_.count(where=won & (_.amount < 0)),
            open=_.count(where=~_.is_closed),
            open_valued=_.count(where=~_.is_closed & valued),
            future=_.count(where=_.is_won & (_.close_date > view.as_of)),
            backwards=_.count(where=_.is_won & (_.age_days < 0)),
            owned=_.owner_id.count(),
            deals=_.count(),
        )

    frame = view.tally("quality", "deals", query)
    if frame.empty:
        frame = pd.DataFrame([dict.fromkeys(frame.columns, 0)])
    return next(rows_of(frame))


def _amounts(view: View) -> Iterator[Note]:
    row, show, say = _counts(view), view.show, view.show.say
    deals, with_amount = row.open, row.open_valued
    if deals and (deals - with_amount) / deals > MISSING_AMOUNTS_LIMIT:
        yield Note(
            "missing",
            say(
                "{missing} of {all} open deals have no amount.",
                missing=show.count(deals - with_amount),
                all=show.count(deals),
            ),
            say("The pipeline is counted in deals; what it is worth is not computable."),
        )
    if row.lost and (row.lost - row.lost_valued) / row.lost > MISSING_AMOUNTS_LIMIT:
        missing = row.lost - row.lost_valued
        yield Note(
            "missing",
            say(
                "{missing} of {all} lost deals have no amount ({share}).",
                missing=show.count(missing),
                all=show.count(row.lost),
                share=show.share(missing / row.lost, 0),
            ),
            say("The win rate by value is not computable; the one shown counts deals."),
        )
    if row.won > row.won_valued:
        yield Note(
            "care",
            say(
                "Won deals without an amount: {missing}; with a negative one: {negative}.",
                missing=show.count(row.won - row.won_valued - row.negative),
                negative=show.count(row.negative),
            ),
            say("The first add nothing to bookings and averages; the second lower bookings."),
        )


def _dates(view: View) -> Iterator[Note]:
    row, show, say = _counts(view), view.show, view.show.say
    if row.future:
        yield Note(
            "care",
            show.counted(
                row.future,
                "{count} deal is won with a date after {day}.",
                "{count} deals are won with a date after {day}.",
                day=show.date(view.as_of),
            ),
            say("They are in no figure of this report."),
        )
    if row.backwards:
        yield Note(
            "care",
            show.counted(
                row.backwards,
                "{count} won deal was created after it closed.",
                "{count} won deals were created after they closed.",
            ),
            say("They are left out of the sales cycle."),
        )
    if row.owned < row.deals:
        yield Note(
            "care",
            show.counted(
                row.deals - row.owned,
                "{count} deal has no owner.",
                "{count} deals have no owner.",
            ),
            say("They count for no rep and no team."),
        )


def _ingest(view: View) -> Iterator[Note]:
    show, say = view.show, view.show.say
    for table, record in view.snapshot.manifest.tables.items():
        name = table_word(table, show)
        quarantined = sum(record.quarantined.values())
        if quarantined:
            yield Note(
                "care",
                say(
                    "{quarantined} of {read} rows of {table} are quarantined.",
                    quarantined=show.count(quarantined),
                    read=show.count(record.read),
                    table=name,
                ),
                say(
                    "They are in no figure: {reasons}.",
                    reasons=_reasons(record.quarantined, show),
                ),
            )
        if table == "opportunities" and record.repaired:
            total = sum(record.repaired.values())
            yield Note(
                "repaired",
                show.counted(
                    total,
                    "{count} row of {table} was repaired.",
                    "{count} rows of {table} were repaired.",
                    table=name,
                ),
                say(
                    "They count as repaired: {reasons}.",
                    reasons=_reasons(record.repaired, show),
                ),
            )


def _reasons(counts: dict[str, int], show: Formatter) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [f"{_reason(reason, show)} ({show.count(count)})" for reason, count in ordered[:3]]
    return "; ".join([*shown, *([show.say("and others")] if len(ordered) > 3 else [])])


def _reason(stored: str, show: Formatter) -> str:
    """Reason of ingest as readers see it."""
    code, _, column = stored.partition(":")
    if code == _FILTERED:
        return show.say("filtered by the mapping")
    sentence = show.say(REASONS.get(code, code))
    return f"{column}: {sentence}" if column else sentence
