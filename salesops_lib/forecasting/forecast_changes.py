"""What changed since the last forecast, deal by deal, adding up to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.change_steps import (
    DEAL_COLUMNS,
    STEPS,
    cents_of,
    change_steps,
    checked_deals,
    money_of,
)
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    import datetime as dt

    from salesops_lib.formats import Formatter

__all__ = ["DEAL_COLUMNS", "STEPS", "ForecastChanges", "forecast_changes"]

_TOLD = 3


@dataclass(frozen=True)
class ForecastChanges:
    """What led from one forecast of a period to the next one.

    Parameters
    ----------
    frame : DataFrame
        One row a step that moved anything: `step` (of `STEPS`), `deals` (number),
        `amount` (Decimal, reporting currency).
    moves : DataFrame
        One row a deal and step: `opportunity_id`, `name`, `step`, `amount` (Decimal),
        `amount_before`, `amount_after` (of the deal), `probability_before`,
        `probability_after`; largest first.
    before, after : Decimal
        The two forecasts.
    start, end : date
        Their days.
    show : Formatter
        Formats of the report.
    source : str
        Id of the snapshot.
    """

    frame: pd.DataFrame
    moves: pd.DataFrame
    before: Decimal
    after: Decimal
    start: dt.date
    end: dt.date
    show: Formatter
    source: str = field(default="")

    @property
    def residual(self) -> Decimal:
        """The forecast before and all steps, less the one after: 0.00, or a step is wrong."""
        return self.before + sum(self.frame["amount"], Decimal("0.00")) - self.after

    def deals(self, step: str) -> pd.DataFrame:
        """The deals behind a step, largest first; columns as in `moves`."""
        return self.moves[self.moves["step"] == step].reset_index(drop=True)

    @property
    def bars(self) -> pd.DataFrame:
        """What is drawn: `label`, `text`, `is_level`, `before`, `after` (amounts)."""
        show, level = self.show, self.before
        zero = Decimal("0.00")
        rows = [(show.date(self.start), show.money(level, compact=True), True, zero, level)]
        for row in rows_of(self.frame):
            text = show.money(row.amount, compact=True, signed=True)
            rows.append((step_label(row.step, show), text, False, level, level + row.amount))
            level += row.amount
        rows.append((show.date(self.end), show.money(self.after, compact=True), True, zero, level))
        return pd.DataFrame(rows, columns=["label", "text", "is_level", "before", "after"])

    @property
    def headline(self) -> str:
        """One sentence: from where to where, and what moved it most."""
        show = self.show
        words = {
            "before": show.money(self.before, compact=True),
            "after": show.money(self.after, compact=True),
            "start": show.date(self.start),
            "end": show.date(self.end),
        }
        largest = sorted(rows_of(self.frame), key=lambda row: -abs(row.amount))[:_TOLD]
        if not largest:
            return show.say("The forecast is {after} on {end}, as it was on {start}.", **words)
        steps = [
            show.say(
                "{step} {amount}",
                step=step_label(row.step, show),
                amount=show.money(row.amount, compact=True, signed=True),
            )
            for row in largest
        ]
        return show.say(
            "The forecast went from {before} on {start} to {after} on {end}. Largest reasons: "
            "{steps}.",
            steps=show.listed(steps),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        steps = [f"{row.label} {row.text}" for row in rows_of(self.bars)]
        return self.show.say(
            "Waterfall chart of the forecast from one day to the next: {steps}.",
            steps=self.show.listed(steps),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.show.say(
            "What moved the forecast between {start} and {end}, deal by deal; it adds up to the "
            "cent. Source: snapshot {snapshot}.",
            start=self.show.date(self.start),
            end=self.show.date(self.end),
            snapshot=self.source,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the forecast before, and how uncertain its numbers are."""
        return Drawn(self.show.currency, self.show.date(self.start), "exact")

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.show, self.show.say
        headers = (
            (say("Reason"), "text"),
            (say("Deals"), "number"),
            (say("Amount, {currency}", currency=show.currency), "number"),
        )
        rows = tuple(
            (
                Cell(step_label(row.step, show), "head"),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.amount), number=row.amount),
            )
            for row in rows_of(self.frame)
        )
        return Grid(say("What changed since the last forecast"), headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {"step": row.step, "deals": row.deals, "amount": json_number(row.amount)}
            for row in rows_of(self.frame)
        ]
        return {
            "kind": "forecast_changes",
            "headline": self.headline,
            "before": json_number(self.before),
            "after": json_number(self.after),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "residual": json_number(self.residual),
            "rows": rows,
        }


def step_label(step: str, show: Formatter) -> str:
    """Name of a step, in the language of the report."""
    say = show.say
    return {
        "new": say("New deals"),
        "moved_in": say("Moved into the quarter"),
        "owner_in": say("Came from elsewhere"),
        "reopened": say("Reopened"),
        "won": say("Won"),
        "lost": say("Lost"),
        "moved_out": say("Moved out of the quarter"),
        "owner_out": say("Went elsewhere"),
        "amount": say("Amounts"),
        "probability": say("Chances of the deals"),
        "model": say("Model"),
        "beyond": say("Beyond the pipeline"),
    }[step]


def forecast_changes(
    before: pd.DataFrame,
    after: pd.DataFrame,
    start: dt.date,
    end: dt.date,
    show: Formatter,
    *,
    beyond: tuple[Decimal | float, Decimal | float] = (Decimal(0), Decimal(0)),
    source: str = "",
) -> ForecastChanges:
    """What led from one forecast of a period to a later one of the same period.

    Parameters
    ----------
    before, after : DataFrame
        The scope's deals as each forecast saw them: `DEAL_COLUMNS`, none twice.
        `status` is ``open``, ``won`` or ``lost``; `is_due` says whether the deal counts
        in the period (an open one by its close date or its chance to close in it, a
        won one by its close date); `probability` is the chance of an open deal. `after`
        may have `probability_old_model`, the earlier model's chance of the deal as it is
        now; without it all of a chance's change is the deal's own.
    start, end : date
        Days of the forecasts.
    show : Formatter
        Formats of the report.
    beyond : tuple
        What each forecast adds for deals that are not in the pipeline yet.
    source : str
        Id of the snapshot.

    Returns
    -------
    ForecastChanges
        Its `residual` is 0.00.

    Raises
    ------
    InputError
        A column is missing, a deal is there twice, a status is unknown, a chance lies
        outside 0 to 1, or the days are not in order.

    Notes
    -----
    A deal adds its amount when it is won in the period, amount × chance to the cent
    while it is open and due, and otherwise nothing; the forecast is the sum of these
    cents. The reason for a deal's change is the first that holds of: it went to
    another scope, or came from one; it is new; lost; won; reopened; moved into the
    period or out of it. Of a deal that stays, the amount changes first (at the old
    chance), then the chance of the deal (by the old model), then the model.
    """
    if start >= end:
        raise InputError(f"the forecast of {start} is no earlier one than that of {end}")
    old, new = checked_deals(before, "before"), checked_deals(after, "after")
    old = old.drop(columns="probability_old_model", errors="ignore")
    if "probability_old_model" not in new:
        new["probability_old_model"] = new["probability"]
    both = old.merge(new, on="opportunity_id", how="outer", suffixes=("_0", "_1"), indicator=True)
    both = both.sort_values("opportunity_id", kind="stable", ignore_index=True)
    moves = change_steps(both, pd.Timestamp(start))
    outside = [round(Decimal(str(amount)), 2) for amount in beyond]
    totals = [
        money_of(cents_of(both, side, "probability").sum()) + outside[side] for side in (0, 1)
    ]
    if outside[1] != outside[0]:
        extra = {"step": "beyond", "amount": outside[1] - outside[0], "name": "",
                 "opportunity_id": ""}  # fmt: skip
        moves = pd.concat([moves, pd.DataFrame([extra])], ignore_index=True)
    rows = []
    for step in STEPS:
        part = moves[moves["step"] == step]
        if len(part):
            count = 0 if step == "beyond" else int(part["opportunity_id"].nunique())
            rows.append((step, count, sum(part["amount"], Decimal("0.00"))))
    frame = pd.DataFrame(rows, columns=["step", "deals", "amount"])
    return ForecastChanges(frame, moves, totals[0], totals[1], start, end, show, source)
