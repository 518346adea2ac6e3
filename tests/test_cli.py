from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import salesops_lib
from salesops_lib.cli import main
from salesops_lib.errors import InputError, SalesOpsError

ROOT = Path(__file__).parents[1]


@pytest.fixture
def salesops(monkeypatch, capsys):
    """Runs the command line in this process; gives exit code, output and errors."""
    monkeypatch.setenv("SALESOPS_ROOT", str(ROOT))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["salesops", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_help_is_light():
    """Help must not wait for data libraries or Jupyter."""
    code = (
        "import sys\nsys.argv = ['salesops', '--help']\n"
        "from salesops_lib.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'ibis', 'pandas', 'numpy', 'duckdb', 'papermill', 'nbconvert', 'nbformat',\n"
        "         'IPython', 'matplotlib', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for command in ("sample", "ingest", "report", "params"):
        assert f"\n  {command} " in done.stdout


def test_version(salesops):
    assert salesops("--version") == (0, f"salesops_lib {salesops_lib.__version__}\n", "")


def test_params_shows_what_a_notebook_declares(salesops):
    code, out, _ = salesops("params", "performance_review")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["name", "type", "default", "meaning"] in lines
    assert any(line[:3] == ["period", "str", '"2026-Q3"'] for line in lines)


def test_params_prints_schemas(salesops):
    code, out, _ = salesops("params", "--schema")
    assert code == 0
    assert "for_each" in json.loads(out)["$defs"]["ReportEntry"]["properties"]
    code, out, _ = salesops("params", "performance_review", "--schema")
    assert json.loads(out)["title"] == "performance_review"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("params",), "name a notebook"),
        (("params", "perfomance_review"), "did you mean `performance_review`?"),
        (("report", "parameters/2026-Q9.yaml"), "did you mean `2026-Q3.yaml`?"),
        (("ingest", "x"), "--mapping: name the mapping of this export"),
        (("ingest", "x", "--mapping", "m.yaml"), "--as-of: say which day the export shows"),
        (("ingest", "x", "--mapping", "m", "--as-of", "1.1.26"), "--as-of: '1.1.26' is no date"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(salesops, monkeypatch, arguments, sentence):
    monkeypatch.chdir(ROOT)
    code, out, err = salesops(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("salesops: ")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_wrong_options_are_code_2(salesops):
    assert salesops("report", "x.yaml", "--workers", "0")[0] == 2
    assert salesops("nonsense")[0] == 2


@pytest.mark.parametrize(("error", "code"), [(InputError("no [red]x"), 2), (SalesOpsError("y"), 1)])
def test_errors_of_the_library_have_no_traceback(salesops, monkeypatch, error, code):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("salesops_lib.notebook.project.notebook_file", fail)
    found, _, err = salesops("params", "performance_review")
    assert (found, err) == (code, f"salesops: {error}\n")


def test_ingest_tells_what_became_of_the_rows(salesops, monkeypatch, tmp_path):
    asked = []

    def ingest_folder(folder, mapping_file, as_of, store):
        asked.append((folder, mapping_file, as_of, store))
        return SimpleNamespace(
            headline="Snapshot 2026-09-30-x written.",
            path=tmp_path / "2026-09-30-x",
            frame=pd.DataFrame({"table": ["a_long_table_name"], "read": [1234567], "kept": [3]}),
            reasons=pd.DataFrame(
                {"table": ["t"], "reason": ["code"], "sentence": ["bad \x1b[31m"], "rows": [9]}
            ),
        )

    monkeypatch.setattr("salesops_lib.data.ingest.ingest_folder", ingest_folder)
    monkeypatch.setenv("COLUMNS", "20")
    code, out, _ = salesops("ingest", "exports", "--mapping", "m.yaml", "--as-of", "2026-09-30")
    assert code == 0
    assert asked == [(Path("exports"), Path("m.yaml"), dt.date(2026, 9, 30), Path("snapshots"))]
    # However narrow the terminal, names and numbers stay whole.
    assert "a_long_table_name" in out
    assert "1,234,567" in out
    assert "\x1b" not in out
    assert "Snapshot 2026-09-30-x written." in out


def test_report_ends_with_1_when_a_report_failed_and_writes_the_index(
    salesops, monkeypatch, tmp_path
):
    from salesops_lib.data.scope import COMPANY
    from salesops_lib.publishing import reports
    from salesops_lib.publishing.decisions import Decision
    from salesops_lib.publishing.jobs import Job, Place, RunError, RunResult

    place = Place(tmp_path / "reports", "2026-Q3", "review", "company")
    job = Job(Path("review.ipynb"), COMPANY, "2026-Q3", {}, place, tmp_path)
    results = [RunResult(job, "done", 1.0)]
    wanted = reports.Wanted(tmp_path, tmp_path / "reports", (Decision(job, "run"),))
    monkeypatch.setattr(reports, "wanted_reports", lambda *_, **__: wanted)
    monkeypatch.setattr(reports, "made_reports", lambda *_: results)
    code, out, _ = salesops("report", "parameters/2026-Q3.yaml")
    assert code == 0
    assert out.splitlines()[0] == "1 of 1 reports published."
    assert (tmp_path / "reports" / "index.html").is_file()
    results.append(RunResult(job, "failed", 1.0, RunError("KeyError", "'x'", 4)))
    code, out, _ = salesops("report", "parameters/2026-Q3.yaml")
    assert code == 1
    assert out.splitlines()[:3] == [
        "1 of 2 reports published.",
        "review/company: failed.",
        "  KeyError: 'x' (cell 4)",
    ]
