"""What the data lack, and which figures suffer for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis import _

from salesops_lib.data.ingest.reasons import reason_sentence
from salesops_lib.data.view import ROLES
from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.performance.comparison import MISSING_AMOUNTS_LIMIT, extract_reason
from salesops_lib.results import MIME, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.data.view import View

__all__ = ["DataQuality", "IngestRecord", "Note", "data_quality", "ingest_record"]


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
    """

    notes: tuple[Note, ...]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [vars(note) for note in self.notes]
        return {
            "text/plain": "\n".join(f"{n.what} {n.consequence}" for n in self.notes) or "No notes",
            "text/html": fragment("notes", notes=self.notes, heading="Read this first"),
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
    """

    frame: pd.DataFrame

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        rows = tuple(
            (
                Cell(row.table, "head"),
                Cell(row.status, "text"),
                Cell(reason_sentence(row.reason) if row.reason else "", "text"),
                Cell(f"{row.rows:,}"),
            )
            for row in rows_of(self.frame)
        )
        headers = (("Table", "text"), ("Status", "text"), ("Reason", "text"), ("Rows", "number"))
        records = self.frame.to_dict(orient="records")
        return {
            "text/plain": self.frame.to_string(index=False),
            "text/html": grid_html(Grid("What ingest did with the rows it read", headers, rows)),
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
    notes = [*_absent(view), *_extract(view), *_amounts(view), *_dates(view), *_ingest(view)]
    order = {"missing": 0, "care": 1, "repaired": 2}
    return DataQuality(tuple(sorted(notes, key=lambda note: order[note.severity])))


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
            rows.append((table, "skipped", "filtered by the mapping", record.skipped))
        for status in ("repaired", "noted", "quarantined"):
            reasons: dict[str, int] = getattr(record, status)
            rows.extend((table, status, reason, n) for reason, n in sorted(reasons.items()))
    return IngestRecord(pd.DataFrame(rows, columns=["table", "status", "reason", "rows"]))


def _absent(view: View) -> Iterator[Note]:
    has = view.snapshot.has
    if not has("quotas"):
        yield Note(
            "missing",
            "This export has no quotas.",
            "Attainment, reps at quota and coverage are not computable.",
        )
    if not has("rep_assignments"):
        yield Note("missing", "This export has no teams.", "Nothing is split by team or region.")
    if not has("opportunities", "currency"):
        yield Note(
            "care",
            "This export has no currencies.",
            f"All amounts are taken to be in {view.currency.reporting}.",
        )


def _extract(view: View) -> Iterator[Note]:
    for role in ROLES:
        reason = extract_reason(view, role)
        label = view.periods[role].label
        if reason.startswith("truncated"):
            yield Note(
                "care",
                f"{label} is {reason}.",
                "Its win rate and cycle are those of the deals that closed early: "
                "an artefact of where the extract starts.",
            )
        elif reason:
            yield Note("missing", f"{label}: {reason}.", f"Nothing is compared with {label}.")


def _amounts(view: View) -> Iterator[Note]:
    window = view.windows["current"]
    closed = view.deals.filter(_.is_closed, _.close_date.between(window.start, window.end))
    valued = _.amount > 0
    counts = closed.agg(
        lost=_.count(where=~_.is_won),
        lost_valued=_.count(where=~_.is_won & valued),
        won=_.count(where=_.is_won),
        won_valued=_.count(where=_.is_won & valued),
        negative=_.count(where=_.is_won & (_.amount < 0)),
    ).to_pandas()
    row = counts.iloc[0]
    show = view.show
    unvalued = view.deals.filter(~_.is_closed).agg(deals=_.count(), valued=_.count(where=valued))
    deals, with_amount = unvalued.to_pandas().iloc[0]
    if deals and (deals - with_amount) / deals > MISSING_AMOUNTS_LIMIT:
        yield Note(
            "missing",
            f"{show.count(deals - with_amount)} of {show.count(deals)} open deals have no amount.",
            "The pipeline is counted in deals; what it is worth is not computable.",
        )
    if row.lost and (row.lost - row.lost_valued) / row.lost > MISSING_AMOUNTS_LIMIT:
        missing = row.lost - row.lost_valued
        yield Note(
            "missing",
            f"{show.count(missing)} of {show.count(row.lost)} lost deals have no amount "
            f"({show.share(missing / row.lost, 0)}).",
            "The win rate by value is not computable; the one shown counts deals.",
        )
    if row.won > row.won_valued:
        without = show.count(row.won - row.won_valued - row.negative)
        yield Note(
            "care",
            f"{without} won deals have no amount, {show.count(row.negative)} a negative one.",
            "The first add nothing to bookings and averages; the second lower bookings.",
        )


def _dates(view: View) -> Iterator[Note]:
    deals, show = view.deals, view.show
    counts = deals.agg(
        future=_.count(where=_.is_won & (_.close_date > view.as_of)),
        backwards=_.count(where=_.is_won & (_.age_days < 0)),
        owned=_.owner_id.count(),
        deals=_.count(),
    ).to_pandas()
    row = counts.iloc[0]
    if row.future:
        yield Note(
            "care",
            f"{show.count(row.future)} deals are won with a date after {show.date(view.as_of)}.",
            "They are in no figure of this report.",
        )
    if row.backwards:
        yield Note(
            "care",
            f"{show.count(row.backwards)} won deals were created after they closed.",
            "They are left out of the sales cycle.",
        )
    if row.owned < row.deals:
        unowned = show.count(row.deals - row.owned)
        yield Note("care", f"{unowned} deals have no owner.", "They count for no rep and no team.")


def _ingest(view: View) -> Iterator[Note]:
    show = view.show
    for table, record in view.snapshot.manifest.tables.items():
        name = table.replace("_", " ")
        quarantined = sum(record.quarantined.values())
        if quarantined:
            yield Note(
                "care",
                f"{show.count(quarantined)} of {show.count(record.read)} rows of {name} are "
                "quarantined.",
                f"They are in no figure: {_reasons(record.quarantined)}.",
            )
        if table == "opportunities" and record.repaired:
            total = sum(record.repaired.values())
            yield Note(
                "repaired",
                f"{show.count(total)} rows of {name} were repaired.",
                f"They count as repaired: {_reasons(record.repaired)}.",
            )


def _reasons(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = "; ".join(f"{reason_sentence(reason)} ({count:,})" for reason, count in ordered[:3])
    return shown + ("; and others" if len(ordered) > 3 else "")
