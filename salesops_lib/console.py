"""The terminal: lines, tables and remarks, in which names from data steer nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from salesops_lib.publishing.lint.score import Score

__all__ = [
    "errors",
    "output",
    "print_frame",
    "print_json",
    "print_lines",
    "print_remark",
    "print_scores",
    "print_table",
    "shown_path",
]


def print_lines(lines: Sequence[str]) -> None:
    """Print lines, each on one line of the terminal."""
    from salesops_lib.publishing.progress import plain_text

    console = output()
    for line in lines:
        # Names come from the data: shown on one line, and steering no terminal.
        indent = line[: len(line) - len(line.lstrip(" "))]
        console.print(indent + plain_text(line), markup=False, highlight=False, soft_wrap=True)


def print_json(values: Any) -> None:
    """Print values as JSON."""
    typer.echo(json.dumps(values, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under their columns, numbers to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from salesops_lib.publishing.progress import plain_text

    shown = [[plain_text(_cell(value)) for value in row] for row in rows]
    table = Table(
        title=Text(plain_text(title)),
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        # Names and numbers stay whole whatever the terminal's width; sentences wrap.
        is_number = all(isinstance(row[place], int | float) for row in rows)
        whole = place == 0 or is_number
        width = max(len(text) for text in (column, *(row[place] for row in shown)))
        table.add_column(
            Text(plain_text(column)),
            overflow="fold",
            no_wrap=whole,
            min_width=width if whole else None,
            justify="right" if is_number else "left",
        )
    for row in shown:
        table.add_row(*map(Text, row))
    output().print(table, crop=False)


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,}" if is_number else str(value)


def print_frame(title: str, frame: Any) -> None:
    """Print a DataFrame without its index."""
    print_table(title, tuple(map(str, frame.columns)), frame.to_numpy().tolist())


def shown_path(path: Path) -> str:
    """Path from the current folder where it is in it."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def output() -> Console:
    """Standard output."""
    from rich.console import Console

    return Console(highlight=False, emoji=False)


def print_remark(text: str) -> None:
    """Print a remark that must not end in a file that the output goes to."""
    from salesops_lib.publishing.progress import plain_text

    errors().print(plain_text(text), markup=False, soft_wrap=True)


def errors() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False)


def print_scores(found: Sequence[Score]) -> None:
    """Print scores of reports: one line for a good one, its problems for another."""
    from salesops_lib.publishing.lint.points import unchecked

    for score in found:
        title = f"{score.name}: {score.met} of {len(score.checked)} points met"
        if score.is_good:
            print_lines([f"✓ {title}"])
            continue
        rows = [(str(p.point), p.message, p.element) for p in score.problems]
        print_table(f"✗ {title}", ("point", "what is wrong", "element"), rows)
    good = sum(score.is_good for score in found)
    left = unchecked({point for score in found for point in score.checked})
    told = [f"{good} of {len(found)} files meet all that was checked."]
    print_lines(told + ([f"Not checked here: {left}."] if left else []))
