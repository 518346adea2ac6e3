"""The pay run: a plan, a period and a snapshot to earnings, payments, accruals and costs.

Everything is computed and checked here before anything is written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.accounting_terms import AccountingTerms
from salesops_lib.compensation.accruals import accruals
from salesops_lib.compensation.amortisation import Amortisation, amortisation
from salesops_lib.compensation.balances import Balances, period_order
from salesops_lib.compensation.contract_costs import ContractCosts, contract_costs
from salesops_lib.compensation.credit_checks import refuse_double_credit
from salesops_lib.compensation.pay_book import CREDITED, LINES, PayBook
from salesops_lib.compensation.pay_register import calendar_values
from salesops_lib.compensation.payments import Payments, payments
from salesops_lib.compensation.period_pay import PayRules, PeriodPay, period_pay
from salesops_lib.compensation.reopened_periods import (
    changed_credits,
    changed_lines,
    refuse_changed,
)
from salesops_lib.compensation.stacked_frames import stacked
from salesops_lib.compensation.trueups import earnings_with
from salesops_lib.errors import InputError, SalesOpsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from salesops_lib.compensation.pay_book import BookedRun
    from salesops_lib.compensation.payment_terms import PaymentTerms
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

__all__ = ["PayRun", "pay_run", "true_up_run"]


@dataclass(frozen=True)
class PayRun:
    """What one run books.

    Parameters
    ----------
    pay : PeriodPay
        The period: people, credits, earnings with their trace.
    booked_in : str
        Label of the period that the lines are booked in: of a pay run its own, of a
        run that only trues up a paid period the next open one.
    lines : DataFrame
        Lines that this run books, columns `LINES`.
    pending : DataFrame
        The same: true-ups that earlier runs have booked in this period.
    credits : DataFrame
        Credits that it books, columns `CREDITED`; of reopened periods the differences.
    names : dict of str to str
        Names of people by id.
    opening : Balances
        What was open before.
    payments : Payments or None
        What is paid; None where the run only trues up.
    accruals : DataFrame or None
        As `accruals` gives them, since the first period in the book.
    costs : ContractCosts or None
        Costs of contracts of the period.
    schedule : Amortisation or None
        Schedule of all costs in the book and of these.
    """

    pay: PeriodPay
    booked_in: str
    lines: pd.DataFrame
    pending: pd.DataFrame
    credits: pd.DataFrame
    names: Mapping[str, str]
    opening: Balances = field(default_factory=Balances.none)
    payments: Payments | None = None
    accruals: pd.DataFrame | None = None
    costs: ContractCosts | None = None
    schedule: Amortisation | None = None

    @property
    def true_ups(self) -> pd.DataFrame:
        """True-ups that are booked in its period, by this run and before; columns `LINES`."""
        return stacked([self.pending, self.lines[self.lines["kind"] == "true-up"]])


def pay_run(
    plan: Plan,
    snapshot: Snapshot,
    period: Period,
    book: PayBook,
    rules: PayRules,
    *,
    reopened: Mapping[str, str] | None = None,
    accounting: AccountingTerms | None = None,
) -> PayRun:
    """Pay of a period that is not in the book yet.

    Parameters
    ----------
    plan : Plan
        The plan.
    snapshot : Snapshot
        The data.
    period : Period
        The pay period; the next one after the last that was paid, if any was.
    book : PayBook
        Earlier runs.
    rules : PayRules
        Calendar, other plans, adjustments, results.
    reopened : mapping of str to str, optional
        Paid periods that may have changed since, and why; their difference is booked in
        this period as new lines.
    accounting : AccountingTerms, optional
        How costs of contracts are capitalised.

    Returns
    -------
    PayRun

    Raises
    ------
    InputError
        A paid period has changed and is not reopened, a deal is credited in two periods,
        somebody is paid by two plans, or by none and is credited; a period is left out.
        As `period_pay`.
    """
    why = dict(reopened or {})
    _check_order(plan, period, book, rules)
    _check_reopened(why, [run.period for run in book.paid(plan.id)])
    pay = period_pay(plan, snapshot, period, rules)
    payer = book.payer_of(pay.people["rep_id"].tolist(), period.label, plan.id)
    if payer:
        raise InputError(
            f"`{payer[0]}` is already paid for {period} by the plan `{payer[1]}`",
            where=str(book.folder),
        )
    before = [_recomputed(run, snapshot, rules) for run in book.paid(plan.id)]
    changes = [changed_credits(book, old) for old in before if old.period.label in why]
    refuse_double_credit(pay.credits, stacked([book.credits(period.kind), *changes]))
    true_ups = [
        changed_lines(book, old, period.label, why.get(old.period.label, "checked"))
        for old in before
    ]
    for old, lines in zip(before, true_ups, strict=True):
        if old.period.label not in why:
            refuse_changed(lines, old, period.label)
    earned = pay.lines.assign(booked_in=period.label, kind="earnings", reason="")[list(LINES)]
    all_lines = book.lines(plan.id)
    pending = all_lines[all_lines["booked_in"] == period.label].reset_index(drop=True)
    run = PayRun(
        pay,
        period.label,
        stacked([earned, *true_ups]),
        pending,
        stacked([pay.credits[list(CREDITED)], *changes]),
        _names(snapshot),
        book.opening(plan.id),
    )
    return _settled(run, book, accounting or AccountingTerms())


def true_up_run(
    plan: Plan,
    snapshot: Snapshot,
    period: Period,
    book: PayBook,
    rules: PayRules,
    *,
    reopened: Mapping[str, str] | None = None,
) -> PayRun | None:
    """What a paid period comes to now, as new lines that the next open period books.

    Parameters
    ----------
    plan, snapshot, period, book, rules
        As for `pay_run`; the period is in the book.
    reopened : mapping of str to str, optional
        The period itself and why it was reopened.

    Returns
    -------
    PayRun or None
        Only lines and credits that differ. None where nothing has changed.

    Raises
    ------
    InputError
        The period has changed and was not reopened.
    """
    why = dict(reopened or {})
    _check_reopened(why, [period.label])
    now = period_pay(plan, snapshot, period, rules)
    last = max((run.period for run in book.paid(plan.id)), key=period_order)
    following = rules.calendar.next(rules.calendar.period(last)).label
    lines = changed_lines(book, now, following, why.get(period.label, "checked"))
    if not len(lines):
        return None
    if period.label not in why:
        refuse_changed(lines, now, following)
    none = lines.iloc[:0]
    return PayRun(now, following, lines, none, changed_credits(book, now), _names(snapshot))


def _check_order(plan: Plan, period: Period, book: PayBook, rules: PayRules) -> None:
    paid = book.paid(plan.id)
    if not paid:
        return
    last = max((run.period for run in paid), key=period_order)
    following = rules.calendar.next(rules.calendar.period(last)).label
    settings = calendar_values(rules.calendar)
    if paid[-1].register["calendar"] != settings:
        raise InputError(
            f"the plan `{plan.id}` was paid by another fiscal calendar", where=str(paid[-1].folder)
        )
    if period.label != following:
        raise InputError(
            f"{last} was the last period paid by `{plan.id}`: {following} comes next, not {period}",
            where=str(book.folder),
        )


def _check_reopened(reopened: Mapping[str, str], paid: Sequence[str]) -> None:
    for label, reason in reopened.items():
        if label not in paid:
            raise InputError(
                f"{label} cannot be reopened here: it was not paid by this plan",
                where="--reopened",
                found=label,
                allowed=paid or None,
            )
        if not reason.strip():
            raise InputError(f"say why {label} is reopened", where="--reason")


def _recomputed(run: BookedRun, snapshot: Snapshot, rules: PayRules) -> PeriodPay:
    """What a paid period comes to now, by the plan that paid it."""
    day = run.register["pay_day"]
    then = replace(rules, pay_day=dt.date.fromisoformat(day) if day else None)
    period = rules.calendar.period(run.period)
    return period_pay(run.plan, snapshot, period, then, checks_people=False)


def _settled(run: PayRun, book: PayBook, terms: AccountingTerms) -> PayRun:
    """The run with payments, accruals and costs, each seen to agree with the others."""
    pay, plan = run.pay, run.pay.plan
    label = pay.period.label
    everyone = pd.DataFrame(
        {"rep_id": pay.people["rep_id"], "period": label, "payout_cents": np.int64(0)}
    )
    earned = earnings_with(stacked([everyone, pay.lines[list(everyone.columns)]]), [run.true_ups])
    is_member = earned["rep_id"].isin(pay.people["rep_id"])
    found = payments(earned[is_member], plan.payments, run.opening)
    gone = earned[~is_member]
    if len(gone):
        # Who is in the plan no longer gets what a reopened period brings, and no advance.
        more = payments(gone, _without_advances(plan.payments), found.balances)
        both = stacked([found.frame, more.frame])
        found = Payments(both.sort_values("rep_id", ignore_index=True), more.balances)
    if int(found.frame["earned_cents"].sum()) != int(earned["payout_cents"].sum()):
        raise SalesOpsError("payments and earnings do not agree: nothing is paid")
    earlier = book.payments(plan.id)
    rows = found.frame if earlier is None else stacked([earlier, found.frame])
    costs = contract_costs(pay, int(run.true_ups["payout_cents"].sum()))
    own = costs.frame[["cost_id", "cost_cents", "starts_at"]]
    schedule = amortisation(stacked([book.costs(plan.id), own]), terms)
    return replace(run, payments=found, accruals=accruals(rows), costs=costs, schedule=schedule)


def _without_advances(terms: PaymentTerms) -> PaymentTerms:
    return terms.model_copy(update={"draw": None, "minimum": None})


def _names(snapshot: Snapshot) -> dict[str, str]:
    people = snapshot.table("reps").select("rep_id", "name").order_by("rep_id").to_pyarrow()
    pairs = zip(people["rep_id"].to_pylist(), people["name"].to_pylist(), strict=True)
    return {rep: name or rep for rep, name in pairs}
