"""Each of the project's notebooks gives the same bytes on a warm kernel and on a normal one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from salesops_lib.kernel.exits import recorded_exits
from salesops_lib.kernel.provisioner import KERNEL_NAME
from salesops_lib.kernel.recipe import kernel_environment

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = [
    pytest.mark.usefixtures("only_linux"),
    # papermill reads the clock in a way that Python 3.12 has deprecated.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]


def outputs(notebook: Path, out: Path, kernel: str) -> dict[str, list[Any]]:
    """Outputs of each code cell, by the cell's name."""
    papermill.execute_notebook(
        notebook, out, kernel_name=kernel, language="python", progress_bar=False, cwd=ROOT
    )
    cells = nbformat.read(out, as_version=4).cells
    return {cell.id: cell.outputs for cell in cells if cell.cell_type == "code"}


@pytest.mark.skipif(
    not any((ROOT / "snapshots" / "sample").glob("*.json")),
    reason="the notebooks' snapshot is not there: make test writes it",
)
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_gives_the_same_bytes_from_both(notebook, tmp_path, monkeypatch):
    # What the warm kernel has besides, a normal one is given: the order of sets, one thread.
    environment = kernel_environment({**os.environ, "PYTHONHASHSEED": "0"})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with recorded_exits() as exits:
        warm = outputs(notebook, tmp_path / "warm.ipynb", KERNEL_NAME)
        normal = outputs(notebook, tmp_path / "normal.ipynb", "python3")
    # A normal kernel is none of ours, and is not among those recorded.
    assert [end.warm for end in exits] == [True]
    assert list(warm) == list(normal)
    for cell, found in warm.items():
        assert json.dumps(found) == json.dumps(normal[cell]), f"{notebook.name}, cell {cell}"
    kinds = {kind for found in warm.values() for output in found for kind in output.get("data", {})}
    assert kinds, "the notebook shows nothing"
    drawn = sum("<svg" in json.dumps(found) for found in warm.values())
    assert drawn or "plot" not in notebook.read_text(encoding="utf-8"), "its pictures are missing"


def test_there_are_notebooks():
    assert NOTEBOOKS
