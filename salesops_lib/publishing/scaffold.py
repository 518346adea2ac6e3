"""New notebooks in the house's form: they run, and are published, as they begin."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError
from salesops_lib.publishing.files import write_atomically
from salesops_lib.publishing.names import safe_name
from salesops_lib.publishing.parameters import ParameterFile, read_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NewNotebook", "new_notebook"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CALENDAR = {"year_starts": 1}
_CURRENCY = {"reporting": "EUR", "rates": "close_date"}


@dataclass(frozen=True)
class NewNotebook:
    """A notebook that has just been written.

    Parameters
    ----------
    path : Path
        The notebook.
    parameters : str
        Parameter file that may ask for it, from the project folder.
    """

    path: Path
    parameters: str

    @property
    def entry(self) -> str:
        """What a parameter file's ``reports`` needs to hold for it."""
        return f"  - notebook: {self.path.stem}\n    for_each: [company]"

    @property
    def next_steps(self) -> list[str]:
        """Lines that say how it becomes a report."""
        report = f"salesops report {self.parameters} --only {self.path.stem}"
        return [f"Add to `reports` in {self.parameters}:", "", *self.entry.splitlines(), "", report]


def new_notebook(root: Path, name: str) -> NewNotebook:
    """Notebook of the house's form, written into the project.

    It takes snapshot, day, period, calendar, currency and language from the last
    parameter file by name; without one, those of the sample company.

    Parameters
    ----------
    root : Path
        Project folder.
    name : str
        Name without extension: a small letter, then small letters, digits and ``_``.

    Returns
    -------
    NewNotebook

    Raises
    ------
    InputError
        The name cannot be one, there is such a notebook, the last parameter file
        does not fit, or the folder cannot be written to. Nothing is written.
    """
    # A name that files cannot have on some system would be changed by `safe_name`.
    if not _NAME.fullmatch(name) or safe_name(name) != name:
        raise InputError(
            f"{name!r} cannot name a notebook: begin with a small letter (a to z), go on with"
            " small letters, digits and _, at most 60 in all, such as regional_push"
        )
    files = sorted((root / "parameters").glob("*.yaml"))
    shown = f"parameters/{files[-1].name}" if files else "parameters/2026-Q3.yaml"
    settings = read_parameters(files[-1], shown) if files else None
    path = root / "notebooks" / f"{name}.ipynb"
    _write_new(path, _notebook_text(name, settings))
    return NewNotebook(path, shown)


def _write_new(path: Path, text: str) -> None:
    """Write a notebook that is not there yet."""
    # A link that leads nowhere is something, too.
    if os.path.lexists(path):
        raise InputError(f"notebooks/{path.name} is there already; choose another name")
    try:
        write_atomically(path, text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"notebooks/{path.name} cannot be written: {reason}") from None


def _notebook_text(name: str, settings: ParameterFile | None) -> str:
    title = " ".join(name.replace("_", " ").split()).capitalize()
    notebook = {
        "cells": list(_cells(name, title, settings)),
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
            "title": title,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _cells(name: str, title: str, settings: ParameterFile | None) -> Iterator[dict[str, Any]]:
    # All but the first cell have the words of other notebooks, so they are translated.
    yield _prose("title", f"# {title}\n\nWhat was booked in the period, by whom, and against what.")
    yield _code("parameters", _parameters_source(settings), "parameters")
    yield _code(
        "setup",
        "%load_ext salesops_lib\n"
        "from salesops_lib import performance\n"
        "from salesops_lib.notebook import figure, glossary, open_report, statement\n"
        "\n"
        f'report = open_report(globals(), name="{name}", title="{title}")\n'
        "report",
    )
    yield _prose("summary", "## Summary")
    yield _code("findings", "performance.findings(report.view)")
    yield _code("scorecard", "performance.scorecard(report.view)")
    yield _code("data-quality", "performance.data_quality(report.view)")
    yield _code(
        "check-figures",
        "# NBVAL_CHECK_OUTPUT\nperformance.scorecard(report.view).rounded",
        "check",
    )
    yield _prose(
        "bookings",
        "## Bookings\n\nWhat was won, by the day it closed: over the last eight periods, by who"
        " and what it came from, and how evenly over the period.",
    )
    yield _code(
        "bookings-trend",
        "figure(performance.plot_bookings_trend, performance.bookings_trend(report.view))",
    )
    yield _code("by-part", "performance.breakdown(report.view, report.parts)")
    yield _code("linearity", "statement(performance.linearity(report.view))")
    yield _prose("data", "## Data\n\nEvery row that ingest read, and what became of it.")
    yield _code("ingest-record", "performance.ingest_record(report.view)")
    yield _prose("definitions", "## Definitions")
    yield _code("glossary", "glossary(performance.DEFINITIONS, report.view)")


def _parameters_source(settings: ParameterFile | None) -> str:
    """The parameters cell; comments are those of the house, so that they are translated."""
    snapshot, as_of, period, language = "snapshots/sample", "2026-09-30", "2026-Q3", "en"
    calendar: dict[str, Any] = _CALENDAR
    currency: dict[str, Any] = _CURRENCY
    if settings is not None:
        snapshot, period, language = settings.snapshot, settings.period, settings.language
        as_of = settings.as_of.isoformat() if settings.as_of else ""
        calendar = settings.calendar.model_dump(mode="json", exclude_unset=True) or _CALENDAR
        currency = settings.currency.model_dump(mode="json")
    lines = (
        ("snapshot: str", snapshot, "snapshot, or the store that holds it"),
        ('as_of: "date"', as_of, "day the figures stand at; empty: the snapshot's own day"),
        ("period: str", period, "fiscal period: 2026-Q3, 2026-09, FY2026, 2026-W39"),
        ("scope: str", "company", "company, region:NAME, team:NAME or rep:ID"),
        ("calendar: dict", calendar, "fiscal calendar; see docs/calendar.md"),
        ("currency: dict", currency, "rates: close_date or as_of"),
        ("language: str", language, "language of the report"),
        (
            "audience: \"Literal['leadership', 'manager', 'rep']\"",
            "leadership",
            "who reads it",
        ),
    )
    return "\n".join(
        # Values of settings are texts and whole numbers, which JSON writes as Python does.
        f"{declared} = {json.dumps(value, ensure_ascii=False)}  # {comment}"
        for declared, value, comment in lines
    )


def _prose(cell: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell, "metadata": {}, "source": _lines(source)}


def _code(cell: str, source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "source": _lines(source),
    }


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)
