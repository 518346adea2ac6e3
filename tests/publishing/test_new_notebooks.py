"""`salesops new`: a notebook that is in the house's form, runs and publishes as it is."""

from __future__ import annotations

import json
import sys

import nbformat
import pytest

from salesops_lib.cli import main
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.notebook.storage import CHECKED, stripped
from salesops_lib.publishing.lint.gates import gate_problems
from salesops_lib.publishing.parameters import read_parameters
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.run import run_one
from salesops_lib.publishing.scaffold import new_notebook


@pytest.fixture
def salesops(monkeypatch, capsys, project):
    """Runs the command line in the project; gives exit code, output and errors."""
    monkeypatch.chdir(project)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["salesops", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def files(project):
    return sorted(path.name for path in project.rglob("*") if path.is_file())


def test_what_it_prints_and_writes_becomes_a_report_that_passes_the_gates(
    salesops, project, snapshot_of, write_parameters
):
    write_parameters(snapshot_of("EMEA", "AMER"))
    code, out, err = salesops("new", "regional_push")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Written: notebooks/regional_push.ipynb"
    assert lines[-1] == "salesops report parameters/q3.yaml --only regional_push"
    entry = [line for line in lines if line.startswith("  ")]
    # Exactly what is printed goes into the file.
    file = write_parameters(snapshot_of("EMEA", "AMER"), reports="\n".join(entry))
    (job,) = planned_jobs(file, only=["regional_push"])
    result = run_one(job)
    assert (result.status, result.error) == ("done", None)
    html = job.place.html.read_text(encoding="utf-8")
    assert gate_problems(html) == ()
    values = json.loads(job.place.json.read_text(encoding="utf-8"))
    assert values["report"]["title"] == "Regional push"
    assert values["findings"]["findings"]
    assert html.count("<figure") == 1
    assert 'id="def-bookings"' in html


def test_it_is_stored_as_notebooks_of_the_house_are(project):
    path = new_notebook(project, "regional_push").path
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    clean = stripped(nbformat.read(path, as_version=4))
    assert nbformat.writes(stored) == nbformat.writes(clean)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert code[0].metadata.tags == ["parameters"]
    assert code[1].source.startswith("%load_ext salesops_lib\n")
    assert sum(cell.source.startswith(CHECKED) for cell in code) == 1


def test_without_a_parameter_file_it_is_about_the_sample_company(project):
    declared = declared_parameters(new_notebook(project, "a1").path)
    values = {parameter.name: parameter.default for parameter in declared}
    assert values == {
        "snapshot": "snapshots/sample",
        "as_of": "2026-09-30",
        "period": "2026-Q3",
        "scope": "company",
        "calendar": {"year_starts": 1},
        "currency": {"reporting": "EUR", "rates": "close_date"},
        "language": "en",
        "audience": "leadership",
    }


def test_it_begins_with_what_the_last_parameter_file_says(project):
    (project / "parameters" / "2025.yaml").write_text("not: [read", encoding="utf-8")
    (project / "parameters" / "2026.yaml").write_text(
        "version: 1\nsnapshot: 'my \"own\" # \\ store'\nperiod: FY2026\n"
        'calendar: {year_starts: 2, weeks: "4-4-5"}\ncurrency: {reporting: TRY}\n'
        "language: tr\nreports:\n  - notebook: x\n",
        encoding="utf-8",
    )
    made = new_notebook(project, "pano")
    values = {p.name: p.default for p in declared_parameters(made.path)}
    assert values["snapshot"] == 'my "own" # \\ store'
    assert values["as_of"] == ""
    assert values["period"] == "FY2026"
    assert values["calendar"] == {"year_starts": 2, "weeks": "4-4-5"}
    assert values["currency"] == {"reporting": "TRY", "rates": "close_date"}
    assert values["language"] == "tr"
    assert made.next_steps[0] == "Add to `reports` in parameters/2026.yaml:"
    assert read_parameters(project / "parameters" / "2026.yaml").period == values["period"]


@pytest.mark.parametrize(
    "name",
    ["", "Push", "regional push", "../x", "a/b", "9lives", "_x", "a.ipynb", "con", "nul", "com1",
     "bölge", "a" * 61, "x\n", '"; import os', "-f"],
)  # fmt: skip
def test_a_name_that_is_none_is_refused(project, name):
    with pytest.raises(InputError, match="cannot name a notebook: begin with a small letter"):
        new_notebook(project, name)
    assert files(project) == []


def test_a_refusal_is_one_sentence_and_code_2_and_changes_nothing(salesops, project):
    assert salesops("new", "push")[0] == 0
    path = project / "notebooks" / "push.ipynb"
    path.write_text("my own work", encoding="utf-8")
    code, out, err = salesops("new", "push")
    assert (code, out) == (2, "")
    assert err == ("salesops: notebooks/push.ipynb is there already; choose another name.\n")
    assert salesops("new", "Push it")[0] == 2
    assert path.read_text(encoding="utf-8") == "my own work"
    assert files(project) == ["push.ipynb"]


def test_a_link_that_leads_nowhere_is_not_written_through(project, tmp_path):
    (project / "notebooks" / "push.ipynb").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is there already"):
        new_notebook(project, "push")
    assert not (tmp_path / "elsewhere").exists()


def test_a_parameter_file_that_does_not_fit_is_told_before_anything_is_written(project):
    (project / "parameters" / "q3.yaml").write_text("version: 1\nperiode: x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"parameters/q3\.yaml"):
        new_notebook(project, "push")
    assert files(project) == ["q3.yaml"]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(project, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("salesops_lib.publishing.scaffold.write_atomically", full)
    with pytest.raises(InputError, match=r"push\.ipynb cannot be written: No space left on device"):
        new_notebook(project, "push")


def test_all_but_its_own_first_words_are_in_turkish(project):
    path = new_notebook(project, "push").path
    say = Formatter("tr").say
    prose = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type != "code"]
    comments = [parameter.comment for parameter in declared_parameters(path)]
    assert [text for text in [*prose[1:], *comments] if say(text) == text] == []
