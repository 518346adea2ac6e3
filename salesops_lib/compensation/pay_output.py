"""Files of a pay run, and the run itself: all is computed and checked, then written at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.accounting_terms import AccountingTerms
from salesops_lib.compensation.contract_costs import cost_lines
from salesops_lib.compensation.manual_inputs import added, read_adjustments, read_results
from salesops_lib.compensation.pay_book import CREDITED, PayBook
from salesops_lib.compensation.pay_files import csv_file, parquet_file, write_folder
from salesops_lib.compensation.pay_register import register_values
from salesops_lib.compensation.pay_run import pay_run, true_up_run
from salesops_lib.compensation.pay_trace import (
    balance_frame,
    payroll_frame,
    trace_for_csv,
    trace_frame,
)
from salesops_lib.compensation.period_pay import PayRules, company_plans
from salesops_lib.compensation.plan import read_plan, read_plans
from salesops_lib.compensation.statements import Statements
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.yamlfile import read_yaml

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from salesops_lib.compensation.pay_run import PayRun
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.statements import Statement
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

    Page = Callable[[Statement, PayRun, Formatter], str]

__all__ = ["Paid", "PayOrder", "pay", "statement_names"]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True)
class PayOrder:
    """What a pay run is asked for.

    Parameters
    ----------
    plan_file : Path
        The plan; the company's other plans lie beside it.
    period : str
        Label of the pay period.
    out : Path
        The pay book: the run becomes ``OUT/PLAN/PERIOD/``.
    calendar : FiscalCalendar
        The company's calendar.
    reopened : tuple of str
        Paid periods that may have changed since.
    reason : str
        Why they were reopened.
    adjustments, results : Path, optional
        CSV files, see `manual_inputs`.
    accounting : Path, optional
        YAML file of `AccountingTerms`.
    pay_day : date, optional
        Needed where credits count at the rate of the day of payment.
    language : str
        Of the statements.
    command : str
        What makes it again, for the register.
    """

    plan_file: Path
    period: str
    out: Path
    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    reopened: tuple[str, ...] = ()
    reason: str = ""
    adjustments: Path | None = None
    results: Path | None = None
    accounting: Path | None = None
    pay_day: dt.date | None = None
    language: str = "en"
    command: str = ""


@dataclass(frozen=True)
class Paid:
    """What came of a pay run.

    Parameters
    ----------
    folder : Path or None
        Folder that was written; None where a paid period has not changed.
    run : PayRun or None
        What it holds.
    """

    folder: Path | None
    run: PayRun | None


def pay(order: PayOrder, snapshot: Snapshot, page: Page) -> Paid:
    """Pay a period; of a period that was paid, book what has changed as true-ups.

    Parameters
    ----------
    order : PayOrder
        What is asked for.
    snapshot : Snapshot
        The data.
    page : callable
        Makes the page of a statement.

    Returns
    -------
    Paid

    Raises
    ------
    InputError
        Anything that would make a payment wrong; nothing is written then.
    """
    plan = read_plan(order.plan_file)
    period = order.calendar.period(order.period)
    book = PayBook(order.out)
    if order.reopened and not order.reason.strip():
        raise InputError("say why a period is reopened", where="--reason")
    why = dict.fromkeys(order.reopened, order.reason)
    rules, new = _rules(order, plan, period, book)
    if period.label in {run.period for run in book.paid(plan.id)}:
        run = true_up_run(plan, snapshot, period, book, rules, reopened=why)
        if run is None:
            return Paid(None, None)
        before = sum(not one.is_pay and one.period == period.label for one in book.runs(plan.id))
        name = f"{period.label}-true-ups-{before + 1}"
        files = _true_up_files(run)
        terms = AccountingTerms()
    else:
        terms = _accounting(order, book, plan)
        run = pay_run(plan, snapshot, period, book, rules, reopened=why, accounting=terms)
        name = period.label
        statements = Statements(run, snapshot, Formatter(order.language, plan.currency))
        files = _pay_files(run, statements, page)
    handed_in = {
        path.name: path.read_bytes() for path in (order.adjustments, order.results) if path
    }
    plan_bytes = order.plan_file.read_bytes()
    register = register_values(
        run,
        snapshot,
        order.calendar,
        number=len(book.runs(plan.id)) + 1,
        follows=book.last_digest(plan.id),
        plan_bytes=plan_bytes,
        handed_in=handed_in,
        settings={
            "reopened": why,
            "pay_day": order.pay_day.isoformat() if order.pay_day else None,
            "accounting": terms.model_dump(mode="json"),
            "language": order.language,
        },
        command=order.command,
    )
    folder = order.out / plan.id / name
    write_folder(folder, _with_book(files, run, plan_bytes, new), register)
    return Paid(folder, run)


def statement_names(reps: list[str]) -> dict[str, str]:
    """File name of each person's statement, safe on every system, none twice.

    Examples
    --------
    >>> statement_names(["R1", "r2"])
    {'R1': 'R1', 'r2': 'r2'}
    >>> statement_names(["../x"])["../x"]
    'x-d6b96a97d1'
    """
    folded = [rep.casefold() for rep in reps]
    names = {}
    for rep in reps:
        name = rep
        if not _PLAIN.fullmatch(rep) or folded.count(rep.casefold()) > 1:
            plain = re.sub(r"[^A-Za-z0-9_]+", "-", rep).strip("-")[:40]
            digest = hashlib.sha256(rep.encode("utf-8", "surrogatepass")).hexdigest()[:10]
            name = f"{plain}-{digest}".strip("-")
        names[rep] = name
    return names


def _rules(
    order: PayOrder, plan: Plan, period: Period, book: PayBook
) -> tuple[PayRules, dict[str, pd.DataFrame | None]]:
    """Rules of the run, and what was handed in that is new."""
    handed_in = None
    if order.adjustments:
        handed_in = read_adjustments(order.adjustments, plan.pay_period, order.calendar)
    adjustments, new = added(
        book.adjustments(plan.id), handed_in, ["adjustment_id"], str(order.adjustments)
    )
    if new is not None:
        allowed = {period.label, *order.reopened}
        stray = new[~new["period"].isin(allowed)]
        if len(stray):
            row = stray.iloc[0]
            raise InputError(
                f"adjustment `{row['adjustment_id']}` is of {row['period']}, which is neither "
                "paid nor reopened here",
                where=str(order.adjustments),
                allowed=allowed,
            )
    given = read_results(order.results) if order.results else None
    key = ["rep_id", "measure", "period"]
    results, new_results = added(book.results(plan.id), given, key, str(order.results))
    others = company_plans(plan, read_plans(order.plan_file.parent), period)
    rules = PayRules(order.calendar, others, adjustments, results, order.pay_day)
    return rules, {"adjustments": new, "results": new_results}


def _accounting(order: PayOrder, book: PayBook, plan: Plan) -> AccountingTerms:
    paid = book.paid(plan.id)
    before = paid[-1].register.get("accounting") if paid else None
    if order.accounting is None:
        return AccountingTerms.model_validate_json(_json(before)) if before else AccountingTerms()
    terms = read_yaml(order.accounting, AccountingTerms)
    if before is not None and terms.model_dump(mode="json") != before:
        raise InputError(
            "the costs of earlier periods are amortised by other terms, and are not restated here",
            where=str(order.accounting),
        )
    return terms


def _json(values: Mapping[str, Any]) -> bytes:
    from salesops_lib.compensation.pay_files import json_bytes

    return json_bytes(values)


def _pay_files(run: PayRun, statements: Statements, page: Page) -> Iterator[tuple[str, bytes]]:
    if run.payments is None or run.costs is None or run.schedule is None or run.accruals is None:
        raise ValueError("a run that only trues up has no such files")
    names = statement_names(statements.reps)
    for rep in statements.reps:
        statement = statements.of(rep)
        made = page(statement, run, statements.show)
        if statements.people.others_on_page(made, statement.name):
            raise InputError(
                f"the statement of `{rep}` would name another person: take names of people out "
                "of the plan's texts",
                where=run.pay.plan.id,
            )
        yield f"statements/{names[rep]}.html", made.encode("utf-8", "replace")
    yield "payroll.csv", csv_file(payroll_frame(run))
    trace = trace_frame(run)
    yield "trace.parquet", parquet_file(trace)
    yield "trace.csv", csv_file(trace_for_csv(trace))
    yield "balances.csv", csv_file(balance_frame(run))
    yield "accrual.csv", csv_file(run.accruals)
    months = run.schedule.by_month
    months = months.assign(month=months["month"].dt.strftime("%Y-%m"))
    yield "asc340_40.csv", csv_file(months)
    lines = cost_lines(run.costs, run.schedule, run.pay.period.label)
    yield "asc340_40_costs.csv", csv_file(lines)
    yield "book/payments.parquet", parquet_file(run.payments.frame)
    yield "book/balances.parquet", parquet_file(run.payments.balances.frame)
    yield "book/deferred.parquet", parquet_file(run.payments.balances.deferred)
    costs = run.costs.frame[["cost_id", "cost_cents", "starts_at"]]
    yield "book/costs.parquet", parquet_file(costs)


def _true_up_files(run: PayRun) -> Iterator[tuple[str, bytes]]:
    lines = run.true_ups
    names = [run.names.get(rep, rep) for rep in lines["rep_id"]]
    yield "true_ups.csv", csv_file(lines.assign(name=names, currency=run.pay.plan.currency))


def _with_book(
    files: Iterator[tuple[str, bytes]],
    run: PayRun,
    plan_bytes: bytes,
    handed_in: Mapping[str, pd.DataFrame | None],
) -> Iterator[tuple[str, bytes]]:
    yield from files
    yield "book/plan.yaml", plan_bytes
    yield "book/lines.parquet", parquet_file(run.lines)
    yield "book/credits.parquet", parquet_file(run.credits[list(CREDITED)])
    for name, frame in handed_in.items():
        if frame is not None and len(frame):
            yield f"book/{name}.parquet", parquet_file(frame)
