"""Statements: one person's pay of a period, from each deal to the payment, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.compensation.named_people import NamedPeople
from salesops_lib.compensation.statement_lines import (
    StatementLine,
    line_of,
    standing_text,
)
from salesops_lib.compensation.withheld_reasons import withheld_text
from salesops_lib.errors import SalesOpsError
from salesops_lib.fragments import fragment
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.compensation.pay_run import PayRun
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.formats import Formatter

__all__ = ["Statement", "StatementPart", "Statements", "statement_html"]


@dataclass(frozen=True)
class StatementPart:
    """One component on a statement.

    Parameters
    ----------
    name : str
        The component.
    standing : str
        Result and quota at the end; empty where there is none.
    lines : tuple of StatementLine
        The lines of its trace.
    cents : int
        What it pays: the sum of the lines.
    """

    name: str
    standing: str
    lines: tuple[StatementLine, ...]
    cents: int


@dataclass(frozen=True)
class Statement:
    """One person's pay of a period.

    Parameters
    ----------
    rep_id, name : str
        Whose.
    parts : tuple of StatementPart
        Components.
    steps : tuple of (str, int)
        From what was earned to what is paid, in cents; all but the last add up
        to the last.
    balances : tuple of (str, int, int)
        What is open: name, before and after, in cents.
    uncredited : tuple of (str, str, int, str)
        Deals that gave no credit or pay: name, id, cents and why.
    place : tuple of str
        Role, team and region.
    """

    rep_id: str
    name: str
    parts: tuple[StatementPart, ...]
    steps: tuple[tuple[str, int], ...]
    balances: tuple[tuple[str, int, int], ...]
    uncredited: tuple[tuple[str, str, int, str], ...]
    place: tuple[str, ...]

    @property
    def paid_cents(self) -> int:
        """What is paid."""
        return self.steps[-1][1]


class Statements:
    """Statements of all people of a run.

    Parameters
    ----------
    run : PayRun
        A run that pays.
    snapshot : Snapshot
        Source of the deals' names.
    show : Formatter
        Language of the statements.
    """

    def __init__(self, run: PayRun, snapshot: Snapshot, show: Formatter) -> None:
        self.run, self.show = run, show
        self.people = NamedPeople(run.names.values())
        self._snapshot = snapshot

    @property
    def reps(self) -> list[str]:
        """Everybody who gets one, in order."""
        return [] if self.run.payments is None else sorted(self._payments)

    def of(self, rep_id: str) -> Statement:
        """Statement of one person.

        Raises
        ------
        SalesOpsError
            It does not add up: a defect, and nothing may be paid.
        """
        name = self.run.names.get(rep_id, rep_id)
        row = self._payments[rep_id]
        steps = self._steps(row)
        parts = self._parts(rep_id, name)
        earned = sum(part.cents for part in parts)
        if earned != row.earned_cents or sum(c for _n, c in steps[:-1]) != steps[-1][1]:
            raise SalesOpsError(f"the statement of `{rep_id}` does not add up: nothing is paid")
        say = self.show.say
        kinds = (
            (say("Advances to be recovered"), "owed"),
            (say("Negative earnings to be repaid"), "debt"),
            (say("Carried to the next period"), "carried"),
            (say("Deferred"), "deferred"),
        )
        balances = tuple(
            (label, getattr(row, f"{kind}_opening_cents"), getattr(row, f"{kind}_closing_cents"))
            for label, kind in kinds
        )
        return Statement(
            rep_id,
            name,
            parts,
            steps,
            tuple(line for line in balances if line[1] or line[2]),
            self._uncredited(rep_id, name),
            # Teams are often named after those who lead them.
            tuple(
                filter(None, (self._private(part, name) for part in self._places.get(rep_id, ())))
            ),
        )

    def _parts(self, rep_id: str, name: str) -> tuple[StatementPart, ...]:
        legs = self._legs.get(rep_id, [])
        plan, show = self.run.pay.plan, self.show
        found = []
        for component in plan.components:
            if (rep_id, component.name) not in self._payouts:
                continue
            own = [leg for leg in legs if leg.component == component.name]
            lines = tuple(
                line_of(leg, component, plan, self._credits, self._title(leg, name), show)
                for leg in own
            )
            found.append(
                StatementPart(
                    component.name,
                    standing_text(own, component, plan, show),
                    lines,
                    sum(line.cents for line in lines),
                )
            )
        true_ups = self._true_ups.get(rep_id, [])
        if true_ups:
            lines = tuple(
                StatementLine(
                    f"{line.component}, {show.period(line.period)}",
                    self._private(line.reason, name),
                    "",
                    "",
                    show.say("difference to what was booked"),
                    line.payout_cents,
                )
                for line in true_ups
            )
            cents = sum(line.cents for line in lines)
            found.append(StatementPart(show.say("Earlier periods, reopened"), "", lines, cents))
        return tuple(found)

    def _steps(self, row: Any) -> tuple[tuple[str, int], ...]:
        say = self.show.say
        new_debt = row.debt_closing_cents - row.debt_opening_cents + row.debt_repaid_cents
        steps = (
            (say("Deferred to later periods"), -row.deferred_cents),
            (say("Deferred earlier, due now"), row.released_cents),
            (say("Carried from the period before"), row.carried_in_cents),
            (say("Negative earnings, to be repaid later"), new_debt),
            (say("Repaid for earlier negative earnings"), -row.debt_repaid_cents),
            (say("Repaid of earlier advances"), -row.owed_repaid_cents),
            (say("Made up to the minimum"), row.minimum_cents),
            (say("Advanced up to the draw"), row.draw_cents),
            (say("Carried to the next period"), -row.held_back_cents),
            (say("Above the maximum, forfeited"), -row.forfeited_cents),
            (say("Rounded to whole units"), row.rounding_cents),
        )
        return (
            (say("Earned"), row.earned_cents),
            *(step for step in steps if step[1]),
            (say("Paid"), row.paid_cents),
        )

    def _uncredited(self, rep_id: str, name: str) -> tuple[tuple[str, str, int, str], ...]:
        found = []
        for row in self._withheld.get(rep_id, []):
            text = self._deal(row.opportunity_id, name)
            why = withheld_text(row.reason, self.show)
            found.append((text, str(row.opportunity_id), row.amount_cents, why))
        for row in self._uncounted.get(rep_id, []):
            credit = self._credits.get(row.credit_id)
            deal = credit.opportunity_id if credit is not None else None
            found.append(
                (
                    self._deal(deal, name),
                    str(deal or ""),
                    row.amount_cents,
                    self.show.say("no component of the plan counts it"),
                )
            )
        return tuple(found)

    def _title(self, leg: Any, name: str) -> str:
        if _is_text(leg.opportunity_id):
            return self._deal(leg.opportunity_id, name)
        credit = self._credits.get(leg.credit_id) if _is_text(leg.credit_id) else None
        return self._private(credit.reason, name) if credit is not None else ""

    def _deal(self, deal: Any, name: str) -> str:
        """Name of a deal; its id where it has none, or names another person."""
        text = self._deals.get(deal) or ""
        return self._private(text, name, instead=str(deal) if _is_text(deal) else "")

    def _private(self, text: str, name: str, instead: str = "") -> str:
        return text if text and not self.people.others_in(text, name) else instead

    @cached_property
    def _payments(self) -> dict[str, Any]:
        paid = self.run.payments
        return {} if paid is None else {row.rep_id: row for row in rows_of(paid.frame)}

    @cached_property
    def _legs(self) -> dict[str, list[Any]]:
        return _by_rep(self.run.pay.earnings.legs)

    @cached_property
    def _payouts(self) -> set[tuple[str, str]]:
        lines = self.run.pay.lines
        return set(zip(lines["rep_id"], lines["component"], strict=True))

    @cached_property
    def _true_ups(self) -> dict[str, list[Any]]:
        return _by_rep(self.run.true_ups)

    @cached_property
    def _withheld(self) -> dict[str, list[Any]]:
        return _by_rep(self.run.pay.withheld)

    @cached_property
    def _uncounted(self) -> dict[str, list[Any]]:
        return _by_rep(self.run.pay.earnings.uncounted)

    @cached_property
    def _credits(self) -> dict[str, Any]:
        return {row.credit_id: row for row in rows_of(self.run.pay.window_credits)}

    @cached_property
    def _places(self) -> dict[str, tuple[str, ...]]:
        return {
            row.rep_id: tuple(str(part) for part in (row.role, row.team, row.region) if part)
            for row in rows_of(self.run.pay.people)
        }

    @cached_property
    def _deals(self) -> dict[str, str]:
        frames = (self.run.pay.window_credits, self.run.pay.withheld)
        wanted = sorted({deal for frame in frames for deal in frame["opportunity_id"].dropna()})
        if not wanted or not self._snapshot.has("opportunities", "name"):
            return {}
        chosen = ibis.memtable({"wanted": wanted}, schema={"wanted": "string"})
        deals = self._snapshot.table("opportunities").select("opportunity_id", "name")
        named = deals.semi_join(chosen, deals.opportunity_id == chosen.wanted).filter(
            _.name.notnull()
        )
        found = named.to_pyarrow().to_pydict()
        return dict(zip(found["opportunity_id"], found["name"], strict=True))


def statement_html(statement: Statement, run: PayRun, show: Formatter) -> str:
    """Body of a statement's page; every value is escaped.

    Parameters
    ----------
    statement : Statement
        Whose.
    run : PayRun
        Its run: plan, period, currency.
    show : Formatter
        Language.

    Returns
    -------
    str
    """

    def money(cents: int) -> str:
        return show.decimal(Decimal(cents) / 100, 2)

    return fragment(
        "statement",
        show=show,
        statement=statement,
        plan=run.pay.plan,
        period=show.period(run.pay.period.label),
        money=money,
    )


def _by_rep(frame: pd.DataFrame) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows_of(frame):
        found.setdefault(str(row.rep_id), []).append(row)
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
