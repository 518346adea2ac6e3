"""Notebooks tell, the library computes; and they are stored clean."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.notebook.storage import CHECKED, stripped

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def cells(path, kind="code"):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def python(source: str) -> ast.Module:
    lines = source.splitlines()
    return ast.parse("\n".join(line for line in lines if not line.startswith("%")))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_there_is_a_notebook_for_the_performance_review():
    assert "performance_review" in [path.stem for path in NOTEBOOKS]


def test_it_is_stored_without_outputs_but_for_checked_cells(notebook):
    stored = nbformat.read(notebook, as_version=4)
    clean = stripped(nbformat.read(notebook, as_version=4))
    assert nbformat.writes(stored) == nbformat.writes(clean), (
        f"run: python -m salesops_lib.notebook.storage {notebook.name}"
    )
    checked = [cell for cell in cells(notebook) if cell.source.startswith(CHECKED)]
    assert checked, "one cell with rounded figures for nbval"
    assert all(cell.outputs for cell in checked)


def test_its_first_code_cell_declares_the_parameters_and_the_second_opens_the_report(notebook):
    first, second = cells(notebook)[:2]
    assert "parameters" in first.metadata.tags
    assert {"snapshot", "as_of", "period", "scope"} <= set(declared_parameters(notebook).names)
    assert second.source.startswith("%load_ext salesops_lib")
    assert "open_report(globals()" in second.source


def test_every_other_cell_is_one_call(notebook):
    for cell in cells(notebook)[2:]:
        body = python(cell.source).body
        assert len(body) == 1, cell.source
        assert isinstance(body[0], ast.Expr), cell.source
        for node in ast.walk(body[0]):
            assert not isinstance(node, ast.Lambda | ast.BinOp | ast.ListComp), cell.source


def test_it_defines_nothing(notebook):
    for cell in cells(notebook):
        for node in ast.walk(python(cell.source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef), cell.source


def test_it_has_one_title_and_sections(notebook):
    prose = "\n".join(cell.source for cell in cells(notebook, "markdown")).splitlines()
    assert sum(line.startswith("# ") for line in prose) == 1
    assert sum(line.startswith("## ") for line in prose) >= 3
