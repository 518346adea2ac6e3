"""A snapshot as it stood on an earlier day, and which snapshot shows a day.

The deals are rebuilt from their history, once, and kept beside the snapshot. Of
the other tables only what was there on the day is seen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.derived import code_digest, derived_folder
from salesops_lib.data.history import MARKED, deals_as_of
from salesops_lib.data.organisation import EVER
from salesops_lib.data.parts import deal_parts, files_of, write_parts
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import MANIFEST, Snapshot, find_snapshot, stored_days
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.parts import Part

__all__ = ["STAND_IN_DAYS", "PastSnapshot", "first_day", "past_of", "past_snapshot", "snapshot_at"]

STAND_IN_DAYS = 7
"""A snapshot at most so many days older stands in for a day that cannot be rebuilt."""

_STATES = "opportunities"
_HISTORY = "opportunity_history"
_UNKNOWN = {"next_step", "last_activity_date"}
_DATED = {
    _HISTORY: "changed_at",
    "activities": "at",
    "forecast_submissions": "submitted_date",
    "fx_rates": "date",
    "quotas": "effective_from",
    "tools": "month",
    "trainings": "session_date",
}
"""Column that says since when a row has been there; where it is empty, since ever."""

_MAKERS = ("past", "history", "changes", "field_texts", "parts", "organisation", "schema")
"""Modules that say how a past state is made."""

_PEOPLE = ("quotas", "rep_assignments", "reps")


@dataclass(frozen=True)
class PastSnapshot(Snapshot):
    """A snapshot as it stood at the end of an earlier day (UTC).

    Use `past_snapshot`. Deals are as `history.deals_as_of` rebuilds them. Changes,
    activities, forecasts, rates, trainings, tools and versions of quotas that came
    later are not there, nor people hired later, unless they own a deal; who left
    later is still employed, and who moved later is still where they were. Splits,
    accounts, products, stages and the calendar are those of the snapshot.

    Parameters
    ----------
    path : Path
        Folder of what is derived from it, below the snapshot's own.
    manifest : Manifest
        The snapshot's own, with the earlier day, and without the columns that
        cannot be known of it.
    source : Snapshot
        The snapshot itself.
    """

    source: Snapshot

    @property
    def origin(self) -> Snapshot:
        """The snapshot that this one was rebuilt from."""
        return self.source

    @property
    def backend(self) -> Backend:
        """Connection that the tables live in."""
        return self.source.backend

    @cached_property
    def states(self) -> IbisTable:
        """Deals with their marks; columns as in `history.deals_as_of`."""
        folder = derived_folder(self.path / "deals", self._write)
        if folder is not None:
            return self.backend.read_parquet(str(folder / files_of(_STATES)))
        # The snapshot's folder cannot be written to: the deals live in memory.
        return ibis.memtable(deals_as_of(self.source, self.as_of).to_pyarrow())

    @property
    def marks(self) -> IbisTable:
        """How each value is known: `opportunity_id`, and ``COLUMN_mark`` of `MARKED`."""
        return self.states.select("opportunity_id", *(f"{column}_mark" for column in MARKED))

    def table(self, name: str) -> IbisTable:
        """One canonical table as it stood on the day; columns as in the snapshot itself."""
        if name == "opportunities":
            return self.states.select(*TABLES[name].column_names)
        rows = self.source.table(name)
        if name in _PEOPLE:
            rows = rows.anti_join(self._newcomers, "rep_id")
        if name == "reps":
            left = ibis.coalesce(rows.leave_date <= self.as_of, False)
            gone = {
                column: ibis.ifelse(left, rows[column], ibis.null())
                for column in ("leave_date", "leave_reason")
            }
            return rows.mutate(**gone)
        if name == "rep_assignments":
            return self._assignments(rows)
        if name not in _DATED:
            return rows
        since = rows[_DATED[name]]
        return rows.filter(since.isnull() | (since.cast("date") <= self.as_of))

    def rows(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of a small canonical table as it stood on the day."""
        return self.table(name).select(*columns).to_pyarrow()

    @property
    def _newcomers(self) -> IbisTable:
        """Ids of people hired later; not those who own a deal, whatever their dates say."""
        later = self.source.table("reps").filter(_.hire_date > self.as_of).select("rep_id")
        owners = self.states.select(rep_id=_.owner_id).filter(_.rep_id.notnull())
        return later.anti_join(owners, "rep_id")

    def _assignments(self, rows: IbisTable) -> IbisTable:
        # The first place holds before its own start too: see `organisation.places`.
        order = ibis.window(
            group_by="rep_id", order_by=[ibis.coalesce(rows.effective_from, EVER), rows.team]
        )
        numbered = rows.mutate(place=ibis.row_number().over(order))
        begun = ibis.coalesce(numbered.effective_from, EVER) <= self.as_of
        ended = ibis.ifelse(
            numbered.effective_to <= self.as_of, numbered.effective_to, ibis.null("date")
        )
        return (
            numbered.filter(begun | (numbered.place == 0)).mutate(effective_to=ended).drop("place")
        )

    def _write(self, folder: Path) -> None:
        def made(part: Part) -> IbisTable:
            return deals_as_of(self.source, self.as_of, part)

        write_parts(deal_parts(self.source), folder, _STATES, made)


def past_snapshot(snapshot: Snapshot, day: dt.date) -> PastSnapshot:
    """Snapshot as it stood on an earlier day.

    Parameters
    ----------
    snapshot : Snapshot
        The snapshot itself, with its history of changes.
    day : date
        Earlier than the snapshot's own, and not before `first_day`.

    Returns
    -------
    PastSnapshot
        Nothing is rebuilt before its deals are asked for.

    Raises
    ------
    InputError
        The history does not reach, or there is none.
    """
    if day > snapshot.as_of:
        raise InputError(
            f"the snapshot stands at {snapshot.as_of}: there is no {day} in it yet",
            where=snapshot.id,
        )
    if not snapshot.has(_HISTORY):
        raise InputError(
            f"the snapshot stands at {snapshot.as_of} and holds no history of changes "
            f"(opportunity_history), so it cannot be taken back to {day}",
            where=snapshot.id,
        )
    first = first_day(snapshot)
    if first is None or not first <= day < snapshot.as_of:
        raise InputError(
            f"the snapshot stands at {snapshot.as_of} and its first deal is of {first}: there is "
            f"no {day} in it; possible is any day from {first} to {snapshot.as_of}",
            where=snapshot.id,
        )
    tables = dict(snapshot.manifest.tables)
    deals = tables["opportunities"]
    known = tuple(column for column in deals.columns if column not in _UNKNOWN)
    tables["opportunities"] = deals.model_copy(update={"columns": known})
    manifest = snapshot.manifest.model_copy(update={"as_of": day, "tables": tables})
    code = code_digest(*(f"{name}.py" for name in _MAKERS))
    path = snapshot.path / "derived" / f"as-of-{day.isoformat()}-{code[:12]}"
    return PastSnapshot(path, manifest, snapshot)


def past_of(snapshot: Snapshot) -> PastSnapshot | None:
    """The past snapshot behind what a report sees; None where nothing was rebuilt."""
    whole = snapshot.whole
    return whole if isinstance(whole, PastSnapshot) else None


def first_day(snapshot: Snapshot) -> dt.date | None:
    """First day of an extract: that of its first deal; None where no deal has a date.

    Parameters
    ----------
    snapshot : Snapshot
        The snapshot itself.

    Returns
    -------
    date or None
        First created date; where none is known, the day of the first change.
    """
    firsts: list[Any] = []
    for name, column in (("opportunities", "created_date"), (_HISTORY, "changed_at")):
        rows = snapshot.table(name)
        firsts.append(rows.agg(first=rows[column].min().cast("date")).to_pyarrow()["first"][0])
    return next((day for first in firsts if (day := first.as_py()) is not None), None)


def snapshot_at(place: Path, as_of: dt.date | None = None) -> Snapshot:
    """Snapshot that shows a day.

    Parameters
    ----------
    place : Path
        A snapshot's own folder, or the store that holds it.
    as_of : date, optional
        The day. Default: the snapshot's own; of a store, the latest.

    Returns
    -------
    Snapshot
        That of the day itself; otherwise the one named (of a store, the first later
        one that can be) taken back to the day. Where there is no history to do that
        with, the store's latest snapshot of the `STAND_IN_DAYS` before the day: its
        `as_of` is then earlier than the one wanted.

    Raises
    ------
    InputError
        None shows the day. The sentence says what is missing and which days there are.
    """
    is_store = not (place / MANIFEST).is_file()
    if as_of is None or (is_store and as_of in stored_days(place)):
        return Snapshot.open(find_snapshot(place, as_of))
    if is_store:
        later, refused = _later(place, as_of)
    else:
        named = Snapshot.open(place)
        if named.as_of == as_of:
            return named
        later, refused = [named], None
    for snapshot in later:
        try:
            return past_snapshot(snapshot, as_of)
        except InputError as error:
            refused = refused or error
    if not later:
        # Says that no snapshot can be read, or which days the store has.
        raise refused or _none_of(place, as_of)
    return _stand_in(place if is_store else place.parent, as_of, later[0], refused)


def _later(store: Path, day: dt.date) -> tuple[list[Snapshot], InputError | None]:
    """Snapshots of the days after one, nearest first; why one could not be opened."""
    found, refused = [], None
    for later in stored_days(store):
        if later > day:
            try:
                found.append(Snapshot.open(find_snapshot(store, later)))
            except InputError as error:
                refused = refused or error
    return found, refused


def _none_of(store: Path, day: dt.date) -> InputError:
    """That a store has no snapshot of a day, nor a later one."""
    try:
        find_snapshot(store, day)
    except InputError as error:
        return error
    return InputError(f"the store {store.name} has no snapshot as of {day}")


def _stand_in(store: Path, as_of: dt.date, wanted: Snapshot, refused: Any) -> Snapshot:
    """Latest snapshot of the same data shortly before a day."""
    if wanted.as_of < as_of:
        raise refused
    days = stored_days(store)
    oldest = as_of - dt.timedelta(days=STAND_IN_DAYS)
    for day in sorted((day for day in days if oldest <= day <= as_of), reverse=True):
        snapshot = Snapshot.open(find_snapshot(store, day))
        if snapshot.manifest.name == wanted.manifest.name:
            return snapshot
    if wanted.has(_HISTORY):
        raise refused
    possible = sorted({day.isoformat() for day in (*days, wanted.as_of)})
    raise InputError(
        f"{refused.what}, and its store has no snapshot of that day or of the "
        f"{STAND_IN_DAYS} days before it",
        where=wanted.id,
        allowed=possible,
    )
