"""How far the history of changes reaches, month by month, and where it has gaps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.changes import FIELDS
from salesops_lib.data.derived import derived_table
from salesops_lib.data.past import first_day, past_of
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import rows_of
from salesops_lib.words import field_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.past import PastSnapshot
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.data.view import View

__all__ = ["STATES", "HistoryCoverage", "history_coverage"]

STATES = ("whole", "part", "none")
"""How much of its history a deal has in a month."""

_DRAWN = 36
_LATE = 92
_LATE_FIELD = 183
"""Days until a log, or a field of it, counts as begun late: some change seldom."""

_DAYS_A_MONTH = 365.25 / 12
_KEPT_MONTHS = (18, 24)
"""Months that Salesforce keeps field history: in the org, and through its API."""

_TOLD = 3


@dataclass(frozen=True)
class HistoryCoverage:
    """How many of the scope's deals have their history, month by month.

    Parameters
    ----------
    frame : DataFrame
        One row a month, from the scope's first deal to the as-of date: `month`
        (such as ``2026-06``), `deals` (created by its end and not closed before it),
        and of these `whole` (each field that the log holds was being logged), `part`
        (some were) and `none` (no field was, or the deal was closed without a change
        of its stage in the log).
    starts : dict
        By field of the history the day of its first change in the whole log; None
        where the export has the field and the log never does.
    silent : tuple of str
        Months after the log's beginning, up to the snapshot's, without any change.
    unlogged : int
        Deals of the scope that were closed without a logged change of stage.
    view : View
        What was looked at.
    first : date
        First day of the extract.
    later : date
        Day of the snapshot.
    """

    frame: pd.DataFrame
    starts: dict[str, dt.date | None]
    silent: tuple[str, ...]
    unlogged: int
    view: View
    first: dt.date
    later: dt.date

    @property
    def shown(self) -> pd.DataFrame:
        """The months that are drawn: the last three years."""
        return self.frame.tail(_DRAWN)

    @property
    def gaps(self) -> tuple[str, ...]:
        """What the history lacks, one sentence each; none where it lacks nothing."""
        show, found = self.view.show, []
        known = [day for day in self.starts.values() if day is not None]
        begins = min(known, default=self.first)
        if (begins - self.first).days > _LATE:
            found.append(self._late(begins))
        for field, day in self.starts.items():
            if day is not None and (day - begins).days > _LATE_FIELD:
                found.append(
                    show.say(
                        "The log of this field begins later, on {day}: {field}.",
                        day=show.date(day),
                        field=self._named([field]),
                    )
                )
        if never := [field for field, day in self.starts.items() if day is None]:
            found.append(
                show.say("The log holds no change of: {fields}.", fields=self._named(never))
            )
        if self.silent:
            found.append(
                show.counted(
                    len(self.silent),
                    "In {count} month nothing was logged: {months}.",
                    "In {count} months nothing was logged: {months}.",
                    months=_spans(self.silent, self.view),
                )
            )
        if self.unlogged:
            found.append(
                show.counted(
                    self.unlogged,
                    "{count} closed deal has no closing in the log.",
                    "{count} closed deals have no closing in the log.",
                )
            )
        return tuple(found)

    @property
    def headline(self) -> str:
        """One sentence: in how many of the months drawn the history is whole."""
        show, shown = self.view.show, self.shown
        months, whole = len(shown), int((shown["whole"] == shown["deals"]).sum())
        if not months:
            return show.say("There is no deal whose history could be looked at.")
        words = {"whole": show.count(whole), "all": show.count(months)}
        if whole == months:
            return show.say(
                "The history of changes is whole in all of the last {all} months", **words
            )
        return show.say(
            "The history of changes is whole in {whole} of the last {all} months: in the others "
            "some values are inferred",
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the month before, and how uncertain its numbers are."""
        months = self.shown["month"].tolist()
        prior = months[-2] if len(months) > 1 else "none: the extract holds no earlier month"
        return Drawn(self.view.show.say("Deals"), prior, "exact")

    @property
    def alt(self) -> str:
        """The chart in words: from when to when, and how much is covered."""
        show, shown = self.view.show, self.shown
        if shown.empty:
            return show.say("Bar chart of deals with their history by month, without any deal.")
        sums = {state: int(shown[state].sum()) for state in ("deals", *STATES)}
        return show.say(
            "Bar chart of the deals of {scope} by month, {first} to {last}, by how much of their "
            "history is logged: all of it {whole}, a part {part}, none {none} of the bars' length.",
            scope=self.view.scope_phrase,
            first=show.period(shown["month"].iloc[0]),
            last=show.period(shown["month"].iloc[-1]),
            **{state: show.share(sums[state] / max(sums["deals"], 1)) for state in STATES},
        )

    @property
    def caption(self) -> str:
        """What is drawn, the gaps, and from which data."""
        show, months = self.view.show, self.shown["month"].tolist() or [self.view.period.label]
        about = show.say(
            "Deals that were open in each month or closed in it, {first} to {last}, by how much "
            "of their history of changes is logged. Source: snapshot {snapshot}.",
            first=show.period(months[0]),
            last=show.period(months[-1]),
            snapshot=self.view.snapshot.id,
        )
        return " ".join([about, *self.gaps])

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Month"), "text"),
            (say("Deals"), "number"),
            (say("Whole history"), "number"),
            (say("In part"), "number"),
            (say("Without history"), "number"),
        )
        rows = tuple(
            (
                Cell(show.period(row.month), "head"),
                *(Cell(show.count(getattr(row, name))) for name in ("deals", *STATES)),
            )
            for row in rows_of(self.frame)
        )
        caption = say("History of changes of {scope} by month", scope=self.view.scope_phrase)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "history_coverage",
            "starts": {field: day and day.isoformat() for field, day in self.starts.items()},
            "silent": list(self.silent),
            "unlogged": self.unlogged,
            "rows": self.frame.to_dict(orient="records"),
        }

    def _late(self, day: dt.date) -> str:
        show = self.view.show
        months = round((self.later - day).days / _DAYS_A_MONTH)
        words = {
            "day": show.date(day),
            "first": show.date(self.first),
            "months": show.count(months),
        }
        if months in _KEPT_MONTHS:
            return show.say(
                "The log begins on {day}, {months} months before the snapshot, which is how long "
                "Salesforce keeps it; the first deal is of {first}.",
                **words,
            )
        return show.say("The log begins on {day}; the first deal is of {first}.", **words)

    def _named(self, fields: Iterable[str]) -> str:
        show = self.view.show
        return show.listed([field_word(FIELDS[field], show) for field in fields])


def history_coverage(view: View) -> HistoryCoverage | None:
    """How far the history of changes reaches, where a report rests on it.

    Parameters
    ----------
    view : View
        Scope and as-of date.

    Returns
    -------
    HistoryCoverage or None
        None where the report stands at its snapshot's own day.
    """
    past = past_of(view.snapshot)
    first = None if past is None else first_day(past.origin)
    if past is None or first is None:
        return None
    starts, logged = _log(past.origin)
    for field, column in FIELDS.items():
        if field not in starts and past.has("opportunities", column):
            starts[field] = None
    days = [day for day in starts.values() if day is not None]
    # A month that has not ended yet may still be logged.
    ended = (past.origin.as_of + dt.timedelta(days=1)).replace(day=1) - dt.timedelta(days=1)
    whole = _months(min(days), ended) if days else []
    silent = tuple(month for month in whole if month not in logged)
    frame, unlogged = _lived(view, past, first, days)
    ordered = {field: starts[field] for field in FIELDS if field in starts}
    return HistoryCoverage(frame, ordered, silent, unlogged, view, first, past.origin.as_of)


def _log(snapshot: Snapshot) -> tuple[dict[str, dt.date | None], set[str]]:
    """First day of each field in the log, and the months that hold any change."""

    def made() -> pa.Table:
        history = snapshot.table("opportunity_history").filter(_.field.isin(list(FIELDS)))
        months = history.group_by("field", month=_.changed_at.truncate("M").date())
        return months.agg(first=_.changed_at.min().date()).order_by("field", "month").to_pyarrow()

    rows = derived_table(snapshot, "log-months", [], made, __name__).to_pylist()
    starts: dict[str, dt.date | None] = {}
    for row in rows:
        starts.setdefault(row["field"], row["first"])
    return starts, {f"{row['month']:%Y-%m}" for row in rows}


def _lived(
    view: View, past: PastSnapshot, first: dt.date, starts: list[dt.date]
) -> tuple[pd.DataFrame, int]:
    """Deals of each month by how much of their history is logged; those closed without it."""
    names = _months(first, view.as_of)
    firsts = [dt.date.fromisoformat(f"{name}-01") for name in names]
    lasts = [start - dt.timedelta(days=1) for start in (*firsts[1:], dt.date.max)]
    begun = [sum(f"{day:%Y-%m}" <= name for day in starts) for name in names]
    states = ["none" if not n else "whole" if n == len(starts) else "part" for n in begun]
    months = ibis.memtable(
        {"month": names, "begins": firsts, "ends": lasts, "log": states},
        schema={"month": "string", "begins": "date", "ends": "date", "log": "string"},
    )

    def query(deals: IbisTable) -> IbisTable:
        moved = past.table("opportunity_history").filter(_.field == "stage")
        moved = moved.select(moved_id="opportunity_id").distinct()
        flagged = deals.left_join(moved, deals.opportunity_id == moved.moved_id).mutate(
            is_unlogged=_.is_closed & _.moved_id.isnull(),
            gone=ibis.ifelse(_.is_closed, _.close_date, ibis.null("date")),
        )
        there = flagged.inner_join(
            months,
            [
                (flagged.created_date <= months.ends) | flagged.created_date.isnull(),
                (flagged.gone >= months.begins) | flagged.gone.isnull(),
            ],
        )
        state = ibis.ifelse(there.is_unlogged, "none", there.log)
        by_month = there.group_by("scope", "month", state=state).agg(deals=_.count())
        closed = flagged.filter(_.is_unlogged).group_by("scope").agg(deals=_.count())
        total = closed.select(
            "scope", month=ibis.literal(""), state=ibis.literal("none"), deals="deals"
        )
        return by_month.union(total).order_by("scope", "month", "state")

    found = view.tally("coverage-of-history", "deals", query)
    unlogged = int(found.loc[found["month"] == "", "deals"].sum())
    table = found[found["month"] != ""].pivot_table(
        index="month", columns="state", values="deals", aggfunc="sum", fill_value=0
    )
    table = table.reindex(index=names, columns=list(STATES), fill_value=0).astype(int)
    counts = table.assign(deals=table.sum(axis="columns"))[["deals", *STATES]]
    frame = counts.rename_axis("month").reset_index().rename_axis(columns=None)
    # Months before the scope's first deal say nothing.
    return frame[frame["deals"].cumsum() > 0].reset_index(drop=True), unlogged


def _months(first: dt.date, last: dt.date) -> list[str]:
    """Months from that of one day to that of another."""
    spans = pd.period_range(first, last, freq="M")
    return [str(span) for span in spans]


def _spans(months: tuple[str, ...], view: View) -> str:
    """Months as spans: neighbours are told as first and last."""
    show, spans = view.show, list[list[str]]()
    for month in months:
        if spans and pd.Period(spans[-1][-1], "M") + 1 == pd.Period(month, "M"):
            spans[-1] = [spans[-1][0], month]
        else:
            spans.append([month])
    texts = [" – ".join(show.period(month) for month in span) for span in spans]
    more = [show.say("and others")] if len(texts) > _TOLD else []
    return "; ".join([*texts[:_TOLD], *more])
