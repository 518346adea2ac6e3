from __future__ import annotations

import pytest

from salesops_lib.errors import InputError
from salesops_lib.notebook.project import notebook_file, project_root


@pytest.fixture(autouse=True)
def _no_root(monkeypatch):
    monkeypatch.delenv("SALESOPS_ROOT", raising=False)


def test_root_is_the_nearest_folder_with_notebooks_and_parameters(tmp_path):
    for folder in ("notebooks", "parameters/plans", "inner/notebooks", "inner/parameters"):
        (tmp_path / folder).mkdir(parents=True)
    assert project_root(tmp_path / "parameters" / "plans" / "x.yaml") == tmp_path
    assert project_root(tmp_path / "inner" / "notebooks") == tmp_path / "inner"


def test_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("SALESOPS_ROOT", str(tmp_path))
    assert project_root(tmp_path / "a" / "b") == tmp_path
    monkeypatch.setenv("SALESOPS_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="SALESOPS_ROOT: names no folder"):
        project_root(tmp_path)


def test_outside_a_project_is_said(tmp_path):
    (tmp_path / "notebooks").mkdir()
    with pytest.raises(InputError, match="not inside a project"):
        project_root(tmp_path / "notebooks")


def test_a_notebook_is_found_by_its_name_alone(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "performance_review.ipynb").touch()
    found = notebook_file(tmp_path, "performance_review")
    assert found == tmp_path / "notebooks" / "performance_review.ipynb"
    for wrong in ("perfomance_review", "../notebooks/performance_review"):
        with pytest.raises(InputError, match="did you mean `performance_review`"):
            notebook_file(tmp_path, wrong, "q3.yaml:9")
