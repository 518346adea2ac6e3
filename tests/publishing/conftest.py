"""Small notebooks and projects, built for the test that needs them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from salesops_lib.data.scope import COMPANY
from salesops_lib.publishing.jobs import Job, Place
from salesops_lib.publishing.names import scope_names

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD_CELL = """\
snapshot: str = "snapshots"  # snapshot folder
as_of: "date" = ""  # day the figures stand at
period: str = "2026-Q3"  # fiscal period
scope: str = "company"  # part of the company
calendar: dict = {"year_starts": 1}  # fiscal calendar
currency: dict = {"reporting": "EUR"}  # reporting currency
language: str = "en"  # language of the report
audience: "Literal['leadership', 'manager', 'rep']" = "leadership"  # who reads it
"""


@pytest.fixture(scope="session")
def standard_cell() -> str:
    """Source of a parameters cell with the standard parameters."""
    return STANDARD_CELL


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """An empty project."""
    monkeypatch.delenv("SALESOPS_ROOT", raising=False)
    root = tmp_path / "the {project}"
    for folder in ("notebooks", "parameters"):
        (root / folder).mkdir(parents=True)
    return root


@pytest.fixture
def write_notebook(project) -> Callable[..., Path]:
    """Writes a notebook: strings that start with ``#`` are markdown, others are code."""

    def write(name: str, *cells: str, parameters: str = STANDARD_CELL, tags=()) -> Path:
        v4 = nbformat.v4
        made = [v4.new_markdown_cell(f"# {name}\n\nWhat it is for.")]
        made.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        for cell in cells:
            if cell.startswith("#"):
                made.append(v4.new_markdown_cell(cell))
            else:
                made.append(v4.new_code_cell(cell, metadata={"tags": list(tags)}))
        path = project / "notebooks" / f"{name}.ipynb"
        nbformat.write(v4.new_notebook(cells=made), path)
        return path

    return write


@pytest.fixture
def job_of(project) -> Callable[..., Job]:
    """A job for a notebook, as planning would make it."""

    def make(notebook: Path, scope=COMPANY, *, time_limit=120.0, **parameters) -> Job:
        place = Place(project / "reports", "2026-Q3", notebook.stem, scope_names([scope])[scope])
        known = {"scope": str(scope), "language": "en", **parameters}
        return Job(notebook, scope, "2026-Q3", known, place, project, time_limit=time_limit)

    return make


@pytest.fixture
def write_parameters(project) -> Callable[..., Path]:
    """Writes a parameter file for a snapshot; `replaced` swaps pieces of its text."""

    def write(snapshot: Path, *replaced: tuple[str, str], reports: str = "") -> Path:
        text = f"""\
version: 1
snapshot: {snapshot.as_posix()}
as_of: 2026-09-30
period: 2026-Q3
calendar: {{year_starts: 1}}
currency: {{reporting: EUR, rates: close_date}}
language: en
reports:
{reports or "  - notebook: review"}
"""
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new)
        path = project / "parameters" / "q3.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def snapshot_of(make_snapshot, deal) -> Callable[..., Path]:
    """A snapshot with one rep, who won one deal, in each of some regions."""

    def build(*regions: str) -> Path:
        day = dt.date(2026, 8, 3)
        names = regions or ("EMEA", "AMER")
        return make_snapshot(
            dt.date(2026, 9, 30),
            opportunities=[
                deal(i, dt.date(2026, 5, 1), day, 100 * i, won=True, owner=f"R{i}", currency="EUR")
                for i, _ in enumerate(names, start=1)
            ],
            reps=[
                {"rep_id": f"R{i}", "name": f"Rep {i}", "hire_date": dt.date(2020, 1, 1)}
                for i, _ in enumerate(names, start=1)
            ],
            rep_assignments=[
                {
                    "rep_id": f"R{i}",
                    "team": f"Team {i}",
                    "region": region,
                    "role": "rep",
                    "effective_from": dt.date(2020, 1, 1),
                }
                for i, region in enumerate(names, start=1)
            ],
        ).path

    return build
