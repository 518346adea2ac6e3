"""Command that pays: `pay` a plan's period, with statements, payroll, trace and accounts."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesops_lib.console import print_lines, print_table, shown_path
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.pay_output import Paid
    from salesops_lib.compensation.pay_run import PayRun
    from salesops_lib.compensation.statements import Statement
    from salesops_lib.formats import Formatter

__all__ = ["pay", "statement_page"]

_STORE = Path("snapshots")


def pay(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="Plan file; other plans lie beside it.")
    ],
    period: Annotated[str, typer.Option(metavar="PERIOD", help="Pay period, such as 2026-Q3.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Pay book: the run becomes DIR/PLAN/PERIOD. Earlier runs are in it."
        ),
    ],
    snapshot: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Snapshot, or the store that holds it."),
    ] = None,
    reopened: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PERIOD", help="Paid period whose changes are booked as true-ups; repeatable."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it was reopened.")] = "",
    manual: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Credits by hand: adjustment_id, rep_id, credited_on, amount, reason.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Results handed in: rep_id, measure, period, value."),
    ] = None,
    accounting: Annotated[
        Path | None, typer.Option(metavar="YAML", help="How contract costs are capitalised.")
    ] = None,
    pay_day: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Day of payment, where its exchange rate counts."),
    ] = None,
    year_starts: Annotated[
        int, typer.Option(min=1, max=12, help="First month of the fiscal year.")
    ] = 1,
    language: Annotated[str, typer.Option(help="Language of the statements.")] = "en",
) -> None:
    """Pay a period of a plan: statements, payroll, trace, accruals, and a register.

    Everything is checked before anything is written, and all is written at once. A
    period that was paid is never paid again: with --reopened its changes become
    true-ups, which the next period pays.

    Ends with 0 when it is written, or a paid period has not changed, and with 2 when
    something is wrong and nothing was written.
    """
    from salesops_lib.calendar import CalendarSettings, FiscalCalendar
    from salesops_lib.compensation.pay_output import PayOrder
    from salesops_lib.compensation.pay_output import pay as paid_order
    from salesops_lib.data.past import snapshot_at
    from salesops_lib.data.view import non_working_days

    day = _day(pay_day) if pay_day else None
    opened = snapshot_at(_store(snapshot))
    options: list[tuple[str, Sequence[object]]] = [
        ("--period", [period]),
        ("--snapshot", [opened.id]),
        ("--reopened", reopened or []),
        ("--reason", [reason] if reason else []),
        ("--manual", [manual.name] if manual else []),
        ("--results", [results.name] if results else []),
        ("--accounting", [accounting.name] if accounting else []),
        ("--pay-day", [pay_day] if pay_day else []),
        ("--year-starts", [year_starts] if year_starts != 1 else []),
        ("--language", [language] if language != "en" else []),
    ]
    words = [part for name, values in options for value in values for part in (name, str(value))]
    order = PayOrder(
        plan,
        period,
        out,
        FiscalCalendar(CalendarSettings(year_starts=year_starts), non_working_days(opened)),
        tuple(reopened or ()),
        reason,
        manual,
        results,
        accounting,
        day,
        language,
        shlex.join(["salesops", "pay", plan.name, *words, "--out", "DIR"]),
    )
    _print_paid(paid_order(order, opened, statement_page), period)


def statement_page(statement: Statement, run: PayRun, show: Formatter) -> str:
    """Page of a statement: one HTML file that needs nothing else.

    Parameters
    ----------
    statement : Statement
        Whose.
    run : PayRun
        Its run.
    show : Formatter
        Language.

    Returns
    -------
    str
    """
    from markupsafe import Markup

    from salesops_lib.compensation.statements import statement_html
    from salesops_lib.publishing.templates import style, template

    period, plan = run.pay.period, run.pay.plan
    label = show.period(period.label)
    title = show.say("{name}: pay for {period}", name=statement.name, period=label)
    made_of = [
        (show.say("Plan"), f"{plan.name} ({plan.id}, {plan.revision})"),
        (show.say("Period"), show.span(period.start, period.end)),
        (show.say("Person"), statement.rep_id),
    ]
    return str(
        template("statement.html.j2").render(
            say=show.say,
            language=show.language,
            title=title,
            heading=title,
            meta=[plan.name, *statement.place, plan.currency],
            css=style("statement.css"),
            # Made by a template that escapes every value.
            body=Markup(statement_html(statement, run, show)),  # noqa: S704
            made_of=made_of,
        )
    )


def _print_paid(paid: Paid, period: str) -> None:
    run, folder = paid.run, paid.folder
    if run is None or folder is None:
        print_lines([f"{period} was paid, and nothing has changed: nothing is written."])
        return
    from salesops_lib.compensation.pay_files import amount_text

    currency = run.pay.plan.currency
    true_ups = int(run.true_ups["payout_cents"].sum())
    rows = [
        ("people", f"{len(run.pay.people):,}"),
        ("lines of the trace", f"{len(run.pay.earnings.legs):,}"),
        (f"true-ups booked in {run.booked_in}, {currency}", amount_text(true_ups)),
    ]
    if run.payments is not None:
        earned = int(run.payments.frame["earned_cents"].sum())
        rows += [
            (f"earned, {currency}", amount_text(earned)),
            (f"paid, {currency}", amount_text(int(run.payments.frame["paid_cents"].sum()))),
        ]
    print_table(f"{run.pay.plan.name}, {period}", ("what", "how much"), rows)
    print_lines([f"Written: {shown_path(folder)}"])


def _store(named: Path | None) -> Path:
    """Snapshot or store: the one named, or the only one in the usual place."""
    if named is not None:
        return named
    from salesops_lib.data.snapshot import MANIFEST, stored_days

    if (_STORE / MANIFEST).is_file() or stored_days(_STORE):
        return _STORE
    inside = [path for path in sorted(_STORE.glob("*")) if path.is_dir() and stored_days(path)]
    if len(inside) != 1:
        raise InputError(
            "name the snapshot, or the store that holds it"
            if inside
            else "there is no snapshot in snapshots/: run `salesops ingest` first, or name one",
            where="--snapshot",
            allowed=[path.as_posix() for path in inside] or None,
        )
    return inside[0]


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no date; write it as 2026-10-15", where="--pay-day"
        ) from None
