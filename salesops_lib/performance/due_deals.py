"""Slippage: what became of the deals that were due in a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.data.view import ROLES
from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.close_dates import FLOWS, Flow
from salesops_lib.performance.comparison import period_labels
from salesops_lib.performance.slippage import flows_of, history_lacks, pushes, slippage_rate
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import Role, View

__all__ = ["Slippage", "slippage"]


@dataclass(frozen=True)
class Slippage:
    """What became of the deals due in a period, and which came in from later.

    Parameters
    ----------
    frame : DataFrame
        One row a role and flow: `role`, `flow` (one of `FLOWS`), `deals`, `amount`
        (reporting currency; pulled in: at the period's end, all others: at its
        start). NaN where the history does not reach back.
    reasons : dict
        Why a role has no figures; empty where it has.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    reasons: dict[Role, str]
    view: View

    def deals(self, flow: Flow, role: Role = "current") -> float:
        """Number of deals of one flow."""
        return float(self._cell(flow, role)["deals"].iloc[0])

    def amount(self, flow: Flow, role: Role = "current") -> float:
        """Amount of one flow, in the reporting currency."""
        return float(self._cell(flow, role)["amount"].iloc[0])

    @property
    def undrawn(self) -> str:
        """Why there is no chart; empty where there is one."""
        moved = self.deals("due") + self.deals("pulled_in")
        return "" if moved > 0 else self.headline

    @property
    def _names(self) -> dict[Flow, str]:
        say = self.view.show.say
        return {
            "due": say("Due at the start"),
            "won": say("Of them won"),
            "lost": say("Of them lost"),
            "slipped": say("Of them moved out"),
            "still_due": say("Of them still open and due"),
            "pulled_in": say("Pulled in from later"),
        }

    def _cell(self, flow: Flow, role: Role) -> pd.DataFrame:
        return self.frame[(self.frame["flow"] == flow) & (self.frame["role"] == role)]

    @property
    def headline(self) -> str:
        """One sentence: how many of those due moved out, and how many came in."""
        show, reason = self.view.show, self.reasons["current"]
        period = period_labels(self.view)["current"]
        if reason:
            return show.say(
                "Slippage of {period}: not computable: {reason}.", period=period, reason=reason
            )
        if not self.deals("due") and not self.deals("pulled_in"):
            return show.say(
                "Slippage of {period}: no deal was due when it began, and none came in from later.",
                period=period,
            )
        return show.counted(
            int(self.deals("due")),
            "{count} deal was due in {period} at its start; moved out: {slipped} "
            "({slipped_amount}), pulled in from later: {pulled} ({pulled_amount}).",
            "{count} deals were due in {period} at its start; moved out: {slipped} "
            "({slipped_amount}), pulled in from later: {pulled} ({pulled_amount}).",
            period=period,
            slipped=show.count(self.deals("slipped")),
            slipped_amount=show.money(self.amount("slipped"), compact=True),
            pulled=show.count(self.deals("pulled_in")),
            pulled_amount=show.money(self.amount("pulled_in"), compact=True),
        )

    @property
    def rates(self) -> str:
        """The rates that follow from the flows, and from which data."""
        show, pushed, rate = self.view.show, pushes(self.view), slippage_rate(self.view)
        value = rate.value()
        words = {
            "rate": rate.text(),
            "ends": show.interval(value.low, value.high, "share"),
            "prior": period_labels(self.view)["prior"],
            "before": rate.text("prior"),
            "pushes": pushed.text(),
            "deals": show.count(pushed.value().n or 0),
            "snapshot": self.view.snapshot.id,
        }
        about = show.say(
            "Pushes to a later month: {pushes} in {deals} deals. Source: history of changes in "
            "snapshot {snapshot}.",
            **words,
        )
        if value.number is None:
            return about
        moved = show.say("Slippage: {rate}, 95% interval {ends}; {prior}: {before}.", **words)
        return f"{moved} {about}"

    @property
    def grid(self) -> Grid:
        """The flows as a table."""
        show, say, periods = self.view.show, self.view.show.say, period_labels(self.view)
        headers = (
            (say("Deals"), "text"),
            (periods["current"], "number"),
            (say("Amount, {currency}", currency=show.currency), "number"),
            (periods["prior"], "number"),
            (periods["last_year"], "number"),
        )
        digits = show.cents(self.frame["amount"])
        rows = tuple(
            (
                Cell(self._names[flow], "head"),
                Cell(show.value(self.deals(flow), "count")),
                Cell(show.amount(self.amount(flow), digits)),
                *(Cell(show.value(self.deals(flow, role), "count")) for role in ROLES[1:]),
            )
            for flow in FLOWS
        )
        caption = say("Deals due in {period}, and what became of them", period=periods["current"])
        linked = {say("Deals"): "slippage_rate"}
        return Grid(caption, headers, rows, self.rates, linked, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        plain = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "slippage",
            "headline": self.headline,
            "rows": plain.to_dict(orient="records"),
        }


def slippage(view: View) -> Slippage:
    """What became of the deals due in the period when it began.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Slippage
    """
    reasons = {role: history_lacks(view, role) for role in ROLES}
    cells = {row.role: row for row in rows_of(flows_of(view, None))}
    rows = []
    for role in ROLES:
        row = cells.get(role)
        for flow in FLOWS:
            deals, amount = float("nan"), float("nan")
            if not reasons[role]:
                deals = 0.0 if row is None else float(getattr(row, flow))
                amount = 0.0 if row is None else float(getattr(row, f"{flow}_amount"))
            rows.append({"role": role, "flow": flow, "deals": deals, "amount": amount})
    return Slippage(pd.DataFrame(rows), reasons, view)
