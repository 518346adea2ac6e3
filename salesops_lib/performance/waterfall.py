"""The pipeline waterfall: from the pipeline of one day to that of another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.comparison import amounts_missing
from salesops_lib.performance.pipeline_moves import (
    CLOSING,
    COLUMNS,
    MOVES,
    OPENING,
    Method,
    pipeline_moves,
    refuse_unknown,
)
from salesops_lib.performance.waterfall_steps import WATERFALL, step_labels, waterfall_steps
from salesops_lib.results import Drawn
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View
    from salesops_lib.definition import Definition

__all__ = ["Waterfall", "pipeline_waterfall"]

_NONE = Decimal("0.00")
_ALWAYS = ("new", "amount_up", "amount_down", "pulled_in", "pushed_out", "lost", "won")
_TOLD = 3


@dataclass(frozen=True)
class Waterfall:
    """What moved the pipeline due in a period between two days.

    Parameters
    ----------
    frame : DataFrame
        One row a step, in shown order: `step` (``opening``, the moves of
        `pipeline_moves.MOVES`, ``closing``), `deals` (how many moved so),
        `net_deals` (what that adds to their number), `amount` (Decimal, reporting
        currency; of a move what it adds), `before` and `after` (Decimal, the pipeline
        on both sides of the step). Empty where there is a `reason`.
    moves : DataFrame
        The deals behind each bar: as `pipeline_moves` returns them.
    view : View
        What was looked at.
    start, end : date
        Days at whose ends the pipeline is compared.
    target : Period
        Close dates looked at.
    method : str
        ``endpoints`` or ``events``.
    reason : str
        Why there is no waterfall; empty where there is one.
    """

    frame: pd.DataFrame
    moves: pd.DataFrame
    view: View
    start: dt.date
    end: dt.date
    target: Period
    method: Method
    reason: str = ""
    definition: Definition = field(default=WATERFALL)

    def amount(self, step: str) -> Decimal:
        """What a step adds to the pipeline; of opening and closing their level."""
        found = self.frame.loc[self.frame["step"] == step, "amount"]
        return Decimal(found.iloc[0]) if len(found) else _NONE

    def deals(self, step: str) -> pd.DataFrame:
        """The deals behind a step, largest first.

        Parameters
        ----------
        step : str
            ``opening``, a move, or ``closing``.

        Returns
        -------
        DataFrame
            Rows and columns as in `moves`.
        """
        found = self.moves[self.moves["move"] == step]
        size = found["change"].map(abs)
        order = found.assign(size=size).sort_values(
            ["size", "opportunity_id", "day"], ascending=[False, True, True]
        )
        return order.drop(columns="size").reset_index(drop=True)

    @property
    def residual(self) -> Decimal:
        """Opening and all moves, less closing: 0.00, or the waterfall is wrong."""
        moved = sum((self.amount(move) for move in MOVES), self.amount(OPENING))
        return moved - self.amount(CLOSING)

    @property
    def bookings(self) -> Decimal:
        """Amount of the deals behind `won`, as they were won."""
        won = self.moves.loc[self.moves["move"] == "won", "amount_after"]
        return sum((amount for amount in won if amount is not None), _NONE)

    @property
    def unsure(self) -> int:
        """Number of moves that rest on an inferred value."""
        return int((~self._moved["is_sure"].astype(bool)).sum())

    @cached_property
    def unvalued(self) -> str:
        """Why the amounts say nothing; empty where they do."""
        levels = self.moves[self.moves["move"].isin([OPENING, CLOSING])]
        valued = int((levels["change"] > 0).sum()) if len(levels) else 0
        return amounts_missing(self.view, len(levels), valued, "open")

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The steps that are drawn: those that every waterfall has, and those with a deal."""
        always = self.frame["step"].isin([OPENING, *_ALWAYS, CLOSING])
        return self.frame[always | (self.frame["deals"] > 0)]

    @property
    def bars(self) -> pd.DataFrame:
        """What is drawn, a row a bar.

        `label`, `text` (what stands beside it), `is_level` (opening or closing),
        `before` and `after` (from where to where it reaches): amounts, or numbers of
        deals where the amounts say nothing.
        """
        rows, level = [], 0
        for row in rows_of(self.shown):
            is_level = row.step in {OPENING, CLOSING}
            before, after = row.before, row.after
            if self.unvalued:
                before = 0 if is_level else level
                after = level = before + row.net_deals
            rows.append((self.label(row.step), self._number_text(row), is_level, before, after))
        return pd.DataFrame(rows, columns=["label", "text", "is_level", "before", "after"])

    def label(self, step: str) -> str:
        """Name of a step, in the language of the report."""
        return step_labels(self.view.show, self.start, self.end)[step]

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is a pipeline to draw."""
        return self.headline if self.moves.empty else ""

    @property
    def headline(self) -> str:
        """One sentence: from where to where, and what moved it most."""
        show = self.view.show
        words = {"target": show.period(self.target.label)}
        if self.reason:
            return show.say(
                "Pipeline waterfall for {target}: not computable: {reason}.",
                reason=self.reason,
                **words,
            )
        words |= {"start": self._start_text, "end": self._end_text}
        counts = dict(zip(self.frame["step"], self.frame["deals"], strict=True))
        if self.unvalued:
            return show.counted(
                counts[CLOSING],
                "{count} deal is in the pipeline for {target} on {end}, {before} on {start}; "
                "{reason}.",
                "{count} deals are in the pipeline for {target} on {end}, {before} on {start}; "
                "{reason}.",
                before=show.count(counts[OPENING]),
                reason=self.unvalued,
                **words,
            )
        words |= {
            "opening": show.money(self.amount(OPENING), compact=True),
            "closing": show.money(self.amount(CLOSING), compact=True),
        }
        if not (largest := self._largest()):
            return show.say(
                "The pipeline for {target} was {opening} on {start} and {closing} on {end}: "
                "nothing moved it.",
                **words,
            )
        return show.say(
            "The pipeline for {target} went from {opening} on {start} to {closing} on {end}. "
            "Largest moves: {moves}.",
            moves=show.listed(largest),
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the day before, and how uncertain its numbers are."""
        show = self.view.show
        return Drawn(
            show.say("Open deals") if self.unvalued else show.currency, self._start_text, "exact"
        )

    @cached_property
    def alt(self) -> str:
        """The chart in words: every step with its amount."""
        show = self.view.show
        words = {"scope": self.view.scope_phrase, "target": show.period(self.target.label)}
        if self.reason:
            return show.say(
                "Waterfall chart of the pipeline of {scope} for {target}, without any step.",
                **words,
            )
        return show.say(
            "Waterfall chart of the pipeline of {scope} for {target}: {steps}.",
            steps=show.listed([self._step_text(row) for row in rows_of(self.shown)]),
            **words,
        )

    @property
    def caption(self) -> str:
        """What is drawn, how it was found, and from which data."""
        show = self.view.show
        words = {
            "target": show.period(self.target.label),
            "start": self._start_text,
            "end": self._end_text,
            "unsure": show.count(self.unsure),
            "all": show.count(len(self._moved)),
            "snapshot": self.view.snapshot.id,
        }
        if self.method == "events":
            return show.say(
                "Open deals due in {target}, every change from {start} to {end}. "
                "Moves that rest on inferred values: {unsure} of {all}. "
                "Source: history of changes in snapshot {snapshot}.",
                **words,
            )
        return show.say(
            "Open deals due in {target}, {end} compared with {start}. "
            "Moves that rest on inferred values: {unsure} of {all}. "
            "Source: history of changes in snapshot {snapshot}.",
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Step"), "text"),
            (say("Deals"), "number"),
            (say("Amount, {currency}", currency=show.currency), "number"),
            (say("Pipeline after it, {currency}", currency=show.currency), "number"),
        )
        cents = show.cents([*self.frame["amount"], *self.frame["after"]])
        rows = tuple(
            (
                Cell(self.label(row.step), "head"),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.amount, cents), number=row.amount),
                Cell(show.amount(row.after, cents), number=row.after),
            )
            for row in rows_of(self.shown)
        )
        caption = say(
            "Pipeline waterfall for {target}, {start} to {end}",
            target=show.period(self.target.label),
            start=self._start_text,
            end=self._end_text,
        )
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        columns = ("step", "deals", "net_deals", "amount", "after")
        rows = self.frame[list(columns)].to_dict(orient="records")
        for row in rows:
            row |= {name: json_number(row[name]) for name in columns[1:]}
        return {
            "kind": "waterfall",
            "definition": self.definition.id,
            "headline": self.headline,
            "target": self.target.label,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "method": self.method,
            "reason": self.reason,
            "bookings": json_number(self.bookings),
            "residual": json_number(self.residual),
            "unsure": self.unsure,
            "rows": rows,
        }

    @property
    def _moved(self) -> pd.DataFrame:
        return self.moves[self.moves["move"].isin(MOVES)]

    @property
    def _start_text(self) -> str:
        return self.view.show.date(self.start)

    @property
    def _end_text(self) -> str:
        return self.view.show.date(self.end)

    def _largest(self) -> list[str]:
        """The moves that count most, largest first, as people read them."""
        rows = [row for row in rows_of(self.frame) if row.step in MOVES and row.amount]
        rows.sort(key=lambda row: -abs(row.amount))
        return [self._step_text(row) for row in rows[:_TOLD]]

    def _step_text(self, row: Any) -> str:
        return self.view.show.say(
            "{step} {amount}", step=self.label(row.step), amount=self._number_text(row)
        )

    def _number_text(self, row: Any) -> str:
        show, is_move = self.view.show, row.step in MOVES
        if self.unvalued:
            return show.count(row.net_deals, signed=is_move)
        return show.money(row.amount, compact=True, signed=is_move)


def pipeline_waterfall(
    view: View,
    start: dt.date | None = None,
    end: dt.date | None = None,
    target: Period | None = None,
    *,
    method: Method = "endpoints",
    categories: Sequence[str] | None = None,
) -> Waterfall:
    """What moved the pipeline due in a period between two days.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    start, end : date, optional
        Days at whose ends the pipeline is compared. Default: the day before the
        report's period, and its last day, or the as-of date while it runs.
    target : Period, optional
        Close dates looked at. Default: the report's period.
    method : str
        ``endpoints`` or ``events``.
    categories : sequence of str, optional
        Forecast categories looked at, such as ``["commit"]``. Default: all.

    Returns
    -------
    Waterfall
        Its `residual` is 0.00 by both methods.

    Raises
    ------
    InputError
        The days are not in order or lie after the snapshot's, a method or category
        does not exist, or a currency has no rate.

    Notes
    -----
    The won step takes a deal out at the amount it had before; `Waterfall.bookings`
    is what it was won at.
    """
    start = start or view.period.start - dt.timedelta(days=1)
    end = end or min(view.period.end, view.as_of)
    target = target or view.period
    refuse_unknown(view, start, end, method, categories)
    if view.snapshot.whole.has("opportunity_history"):
        reason = ""
        moves = pipeline_moves(view, start, end, target, method, categories)
        frame = waterfall_steps(moves)
    else:
        reason = view.show.say("the export holds no history of changes")
        moves = pd.DataFrame(columns=list(COLUMNS))
        frame = waterfall_steps(moves).iloc[:0]
    definition = WATERFALL.said(view.show)
    return Waterfall(frame, moves, view, start, end, target, method, reason, definition)
