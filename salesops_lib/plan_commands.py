"""Commands on compensation plans: `plan lint`, `plan explain`, `plan compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesops_lib.console import print_json, print_lines, print_table, shown_path
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from decimal import Decimal

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.lint import PlanLint
    from salesops_lib.fragments import Grid

__all__ = ["plan"]

plan = typer.Typer(
    help="Check, explain and compare compensation plans.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Plan = Annotated[
    Path, typer.Argument(metavar="PLAN", help="Plan file, such as parameters/plans/ae.yaml.")
]
_Quota = Annotated[
    str | None,
    typer.Option(
        metavar="AMOUNT", help="Quota of a pay period where the plan has none. Default: 100000."
    ),
]
_YearStarts = Annotated[
    int, typer.Option(metavar="MONTH", min=1, max=12, help="First month of the fiscal year.")
]
_Language = Annotated[str, typer.Option(help="Language of the text, such as en or tr.")]
_Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@plan.command()
def lint(
    plans: Annotated[list[Path], typer.Argument(metavar="PLAN...", help="Plan files.")],
    snapshot: Annotated[
        Path | None,
        typer.Option(help="Snapshot, or folder of them: look at people, quotas and deals too."),
    ] = None,
    excellence: Annotated[
        int,
        typer.Option(
            metavar="PERCENT", min=100, help="Attainment up to which each deal should pay."
        ),
    ] = 120,
    year_starts: _YearStarts = 1,
    as_json: _Json = False,
) -> None:
    """Find what in a plan pays wrongly, stops the pay run, or makes people do odd things.

    Ends with 0 when there is no finding of the grade error, 1 when there is one, and 2
    when a file is no plan.
    """
    from fractions import Fraction

    from salesops_lib.compensation.lint import lint_plan

    data = None
    if snapshot is not None:
        from salesops_lib.data.snapshot import Snapshot, find_snapshot

        data = Snapshot.open(find_snapshot(snapshot))
    found = [
        lint_plan(
            path,
            data,
            calendar=_calendar(year_starts),
            excellence=Fraction(excellence, 100),
            shown_as=shown_path(path),
        )
        for path in plans
    ]
    if as_json:
        print_json([one.records() for one in found])
    else:
        print_lines([line for one in found for line in _lint_lines(one)])
    if any(one.errors for one in found):
        raise typer.Exit(1)


@plan.command()
def explain(
    path: _Plan,
    role: Annotated[str | None, typer.Option(help="Only what concerns one role.")] = None,
    quota: _Quota = None,
    language: _Language = "en",
    year_starts: _YearStarts = 1,
    as_json: _Json = False,
) -> None:
    """Tell a plan in plain sentences, with what it pays at 50 to 150 % of the quota."""
    amount = _amount(quota)
    from salesops_lib.compensation.plan import read_plan
    from salesops_lib.compensation.plan_explanation import plan_explanation
    from salesops_lib.formats import Formatter

    told = plan_explanation(
        read_plan(path, shown_path(path)),
        role,
        quota=amount,
        calendar=_calendar(year_starts),
        show=Formatter(language),
    )
    if as_json:
        print_json(told.records())
        return
    for head, sentences in told.sections:
        print_lines([head, *(f"  {sentence}" for sentence in sentences), ""])
    _print_grid(told.grid)


@plan.command()
def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="Plan file.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Plan file to hold against it.")],
    quota: _Quota = None,
    language: _Language = "en",
    year_starts: _YearStarts = 1,
    as_json: _Json = False,
) -> None:
    """Tell what differs between two plans, and what each pays at 50 to 150 % of the quota."""
    amount = _amount(quota)
    from salesops_lib.compensation.plan import read_plan
    from salesops_lib.compensation.plan_comparison import plan_comparison
    from salesops_lib.formats import Formatter

    compared = plan_comparison(
        read_plan(one, shown_path(one)),
        read_plan(other, shown_path(other)),
        quota=amount,
        calendar=_calendar(year_starts),
        show=Formatter(language),
    )
    if as_json:
        print_json(compared.records())
        return
    print_lines([compared.headline, ""])
    if len(compared.differences):
        rows = compared.differences.to_numpy().tolist()
        print_table("", ("key", *compared.names), rows)
    if len(compared.frame):
        _print_grid(compared.grid)


def _lint_lines(found: PlanLint) -> list[str]:
    lines = []
    for one in found.findings:
        lines += [
            str(one),
            f"    why: {one.why}",
            f"    repair: {one.repair}",
        ]
    return [*lines, found.headline]


def _print_grid(grid: Grid) -> None:
    print_table(
        grid.caption,
        [head for head, _kind in grid.headers],
        [[cell.text for cell in row] for row in grid.rows],
    )
    print_lines(["", grid.note] if grid.note else [])


def _calendar(year_starts: int) -> FiscalCalendar:
    from salesops_lib.calendar import CalendarSettings, FiscalCalendar

    return FiscalCalendar(CalendarSettings(year_starts=year_starts))


def _amount(quota: str | None) -> Decimal | None:
    if quota is None:
        return None
    from salesops_lib.compensation.exact import cents_of, exact_decimal

    try:
        amount = exact_decimal(quota)
        cents = cents_of(amount)
    except ValueError as error:
        raise InputError(str(error), where="--quota") from None
    if cents <= 0:
        raise InputError(f"{quota} must be above zero", where="--quota")
    return amount
