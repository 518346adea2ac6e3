"""Cache truth: what is touched decides which reports run, are rendered, or stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from rich.console import Console

import salesops_lib
from salesops_lib.publishing import batch, planning, reports, run, sources
from salesops_lib.publishing.decisions import explanation
from salesops_lib.publishing.execution import Execution
from salesops_lib.publishing.jobs import RunError
from salesops_lib.publishing.parameters import read_parameters

LIBRARY = Path(salesops_lib.__file__).parent
FILE = """\
version: 1
snapshot: snapshots/day
period: 2026-Q3
reports:
  - {notebook: review, parameters: {floor: 1, plan: parameters/plan.yaml}}
  - notebook: other
"""


class Made:
    """Two reports of one project, made without kernels.

    ``review`` imports the performance package and a module of the project, and a
    parameter of it names a file; ``other`` imports the glossary alone.
    """

    def __init__(self, project: Path, library: Path, write_notebook):
        self.project, self.library, self.write_notebook = project, library, write_notebook
        self.ends: dict[str, object] = {}
        self.ran: list[str] = []
        self.file = self.write("parameters/q3.yaml", FILE)
        self.write("parameters/plan.yaml", "rate: 0.1\n")
        self.write("helper.py", "def half(x):\n    return x / 2\n")
        self.write("snapshots/day/manifest.json", "{}")
        self.write("snapshots/day/opportunities.parquet", "deals")
        self.write("requirements.lock", "pandas==2.3.3\n")
        self.review()
        write_notebook("other", "## Part", "from salesops_lib.notebook import glossary")

    def review(self, prose: str = "## Part", code: str = "1 + 1") -> None:
        begin = "%load_ext salesops_lib\nimport helper\nfrom salesops_lib import performance"
        self.write_notebook("review", prose, begin, code)

    def write(self, name: str, text: str) -> Path:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def published(self, report: str, ending: str = ".html") -> Path:
        return self.project / f"reports/2026-Q3/{report}/company{ending}"

    def wanted(self, **options) -> reports.Wanted:
        return reports.wanted_reports(self.file, **options)

    def __call__(self, **options) -> dict[str, str]:
        results = reports.made_reports(self.wanted(**options), 1, Console(quiet=True))
        return {result.job.report: result.status for result in results}

    def executed(self, job, _work) -> Execution:
        self.ran.append(job.place.report)
        end = self.ends.get(job.place.report)
        if isinstance(end, BaseException):
            raise end
        notebook = nbformat.read(job.notebook, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [nbformat.v4.new_output("stream", text=f"{job.place.report} ran\n")]
        if isinstance(end, str):
            return Execution(notebook, end, RunError("Ended", "badly", 3))
        if callable(end):
            end()
        return Execution(notebook, "done")

    def planned(self, parameters_file, _folder) -> tuple:
        content = read_parameters(parameters_file)
        return tuple(
            self.job_of(
                self.project / "notebooks" / f"{entry.notebook}.ipynb",
                snapshot=content.snapshot,
                **entry.parameters,
            )
            for entry in content.reports
        )


@pytest.fixture(scope="module")
def imports(tmp_path_factory) -> Path:
    """Who imports whom in the library, read once for all tests of this file."""
    root = tmp_path_factory.mktemp("imports")
    known = sources.Sources(root)
    known.closure([f"salesops_lib.{name}" for name in ("performance.x", "publishing.reports")])
    known.keep()
    return root / ".cache" / "imports.json"


@pytest.fixture
def made(project, tmp_path, monkeypatch, write_notebook, job_of, imports) -> Made:
    library = tmp_path / "site" / "salesops_lib"
    shutil.copytree(LIBRARY, library, ignore=shutil.ignore_patterns("__pycache__"))
    here = Made(project, library, write_notebook)
    here.job_of = job_of
    here.write(".cache/imports.json", imports.read_text())

    def run_batch(jobs, workers, watcher, work=None, **_options):
        results = []
        for job in jobs:
            watcher.started(job)
            results.append((work or run.run_one)(job))
            watcher.finished(results[-1])
        return results

    monkeypatch.setattr(sources, "salesops_lib", SimpleNamespace(__file__=library / "__init__.py"))
    monkeypatch.setattr(planning, "planned_jobs", here.planned)
    monkeypatch.setattr(batch, "run_batch", run_batch)
    monkeypatch.setattr(run, "executed", here.executed)
    assert here() == {"review": "done", "other": "done"}
    here.ran.clear()
    return here


def library(name: str) -> Callable[[Made], object]:
    def touch(made: Made) -> None:
        path = made.library / name
        path.parent.mkdir(exist_ok=True)
        # A comment changes nothing, but whether it does is not for a hash to judge.
        before = path.read_text() if path.is_file() else ""
        path.write_text(before + ("\n# x\n" if path.suffix == ".py" else " "))

    return touch


def project(name: str, text: str) -> Callable[[Made], object]:
    return lambda made: made.write(name, text)


def in_file(old: str, new: str) -> Callable[[Made], object]:
    return lambda made: made.file.write_text(made.file.read_text().replace(old, new))


def gone(report: str, ending: str) -> Callable[[Made], object]:
    return lambda made: made.published(report, ending).unlink()


def damaged(report: str, ending: str) -> Callable[[Made], object]:
    return lambda made: made.published(report, ending).write_text("{")


def caches(pattern: str, text: str | None = None) -> Callable[[Made], object]:
    def touch(made: Made) -> None:
        found = [path for path in (made.project / ".cache").glob(pattern) if path.is_file()]
        assert found
        for path in found:
            path.unlink() if text is None else path.write_text(text)

    return touch


def resaved(made: Made) -> None:
    path = made.project / "notebooks" / "review.ipynb"
    notebook = json.loads(path.read_text())
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": "x"}
    notebook["cells"][3]["execution_count"] = 7
    path.write_text(json.dumps(notebook, indent=3))


BOTH, NONE = ("done", "done"), ("unchanged", "unchanged")
FIRST, PAGE, PAGES = ("done", "unchanged"), ("rendered", "unchanged"), ("rendered", "rendered")
TRUTH = {
    "nothing": (Made.wanted, NONE),
    # the library
    "a function that one notebook uses": (library("performance/outcomes.py"), FIRST),
    "a module that all build on": (library("errors.py"), BOTH),
    "what the extension loads": (library("notebook/extension.py"), FIRST),
    "a template of outputs": (library("fragments/definitions.html.j2"), BOTH),
    "another topic": (library("forecasting/__init__.py"), NONE),
    "another language": (library("languages/tr/LC_MESSAGES/salesops.po"), NONE),
    "the sample company": (library("data/sample/names.py"), NONE),
    "the command line": (library("cli.py"), NONE),
    "the pool of processes": (library("publishing/batch.py"), NONE),
    "how notebooks are executed": (library("publishing/execution.py"), BOTH),
    "the planning": (library("publishing/planning.py"), NONE),
    "the page's template": (library("publishing/template/report.html.j2"), PAGES),
    "the page's style": (library("publishing/template/page.css"), PAGES),
    "the page's code": (library("publishing/prose.py"), PAGES),
    "the index's style": (library("publishing/template/index.css"), NONE),
    # the project
    "a module of the project": (project("helper.py", "half = None\n"), FIRST),
    "a module nobody imports": (project("stranger.py", "x = 1\n"), NONE),
    "a file that a parameter names": (project("parameters/plan.yaml", "rate: 0.2\n"), FIRST),
    "a file that nothing names": (project("parameters/plan2.yaml", "rate: 0.2\n"), NONE),
    "a parameter": (in_file("floor: 1", "floor: 2"), FIRST),
    "a comment in the parameter file": (in_file("version: 1", "version: 1  # x"), NONE),
    "the lock": (project("requirements.lock", "pandas==2.3.4\n"), BOTH),
    "the snapshot's manifest": (project("snapshots/day/manifest.json", '{"id": 2}'), BOTH),
    "a table, same length": (project("snapshots/day/opportunities.parquet", "dealz"), BOTH),
    "what is derived": (project("snapshots/day/derived/x/deals.parquet", "x"), NONE),
    # the notebook
    "prose": (lambda made: made.review(prose="## Part\n\nNew words."), PAGE),
    "code": (lambda made: made.review(code="1 + 2"), FIRST),
    "a resaved notebook": (resaved, NONE),
    # what was published and kept
    "a page is gone": (gone("review", ".html"), PAGE),
    "values are gone": (gone("review", ".json"), PAGE),
    "a manifest is gone": (gone("review", ".manifest.json"), PAGE),
    "a page is damaged": (damaged("review", ".html"), PAGE),
    "a manifest is damaged": (damaged("review", ".manifest.json"), PAGE),
    "the kept runs are gone": (caches("executed/*"), NONE),
    "all caches are gone": (caches("**/*"), NONE),
    "all caches are damaged": (caches("**/*", "[1"), NONE),
}


@pytest.mark.parametrize("name", TRUTH)
def test_what_is_touched_decides_what_is_made(made, name):
    touch, expected = TRUTH[name]
    touch(made)
    told = {"done": "run", "rendered": "render", "unchanged": "unchanged"}
    decided = tuple(decision.action for decision in made.wanted().decisions)
    assert decided == tuple(told[status] for status in expected)
    found = made()
    assert (found["review"], found["other"]) == expected
    assert made.ran == [name for name, status in found.items() if status == "done"]
    assert made() == {"review": "unchanged", "other": "unchanged"}


@pytest.mark.parametrize("pattern", ["executed/*.ipynb", "executed/*.json"])
@pytest.mark.parametrize("text", [None, "", "{}", "[]", "{"])
def test_a_damaged_or_missing_run_is_run_again(made, pattern, text):
    caches(pattern, text)(made)
    made.review(prose="## Other words")
    assert made() == {"review": "done", "other": "unchanged"}
    assert "Other words" in made.published("review").read_text()


def test_a_page_stays_to_the_byte_and_prose_keeps_the_time_of_the_run(made):
    page, values = made.published("review"), made.published("review", ".json")
    before = page.read_bytes(), values.read_bytes(), page.stat().st_mtime_ns
    made()
    assert (page.read_bytes(), values.read_bytes(), page.stat().st_mtime_ns) == before
    made.review(prose="## Part\n\nNew words.")
    assert made()["review"] == "rendered"
    html, old = page.read_text(), before[0].decode()
    assert "<p>New words.</p>" in html
    assert html.count("review ran") == old.count("review ran") == 2

    stamps = [text.partition('id="run-stamp"')[2].partition("<")[0] for text in (html, old)]
    assert stamps[0] == stamps[1] != ""
    assert json.loads(values.read_text())["run"] == json.loads(before[1])["run"]


@pytest.mark.parametrize("end", ["failed", "dead", "timed_out"])
def test_a_run_that_is_not_good_is_never_a_hit(made, end):
    made.review(code="2 + 2")
    made.ends["review"] = end
    for _ in range(2):
        assert made() == {"review": end, "other": "unchanged"}
    assert made.ran == ["review", "review"]
    assert made.wanted().decisions[0].reason == "its last run failed"
    made.ends.clear()
    assert made() == {"review": "done", "other": "unchanged"}
    assert made() == {"review": "unchanged", "other": "unchanged"}


def test_a_failure_of_an_unchanged_report_takes_its_earlier_run_along(made):
    good = made.published("review").read_bytes()
    made.ends["review"] = "dead"
    assert made(force=True) == {"review": "dead", "other": "done"}
    assert made.published("review").read_bytes() == good
    assert made() == {"review": "dead", "other": "unchanged"}


def test_a_killed_run_leaves_the_report_and_is_no_hit(made):
    made.review(code="2 + 2")
    good = made.published("review").read_bytes()
    made.ends["review"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        made()
    assert made.published("review").read_bytes() == good
    assert list((made.project / ".cache" / "runs").iterdir()) == []
    made.ends.clear()
    assert made() == {"review": "done", "other": "unchanged"}


def test_killed_between_page_and_manifest_it_is_rendered_again(made, monkeypatch):
    made.review(code="2 + 2")
    with monkeypatch.context() as patch:
        patch.setattr(run, "write_manifest", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made()
    assert not made.published("review", ".manifest.json").exists()
    assert made() == {"review": "rendered", "other": "unchanged"}


def test_what_was_saved_while_it_ran_makes_it_run_again(made):
    made.review(code="2 + 2")
    made.ends["review"] = lambda: made.write("helper.py", "half = 1\n")
    assert made()["review"] == "done"
    made.ends.clear()
    assert made() == {"review": "done", "other": "unchanged"}
    assert made() == {"review": "unchanged", "other": "unchanged"}


def test_force_runs_everything(made):
    assert made(force=True) == {"review": "done", "other": "done"}
    assert made.ran == ["review", "other"]


def test_retry_failed_runs_only_what_failed(made):
    assert made.wanted(retry_failed=True).decisions == ()
    made.review(code="2 + 2")
    made.ends["review"] = "failed"
    made()
    library("errors.py")(made)
    made.ends.clear()
    assert made(retry_failed=True) == {"review": "done"}
    assert made.wanted(retry_failed=True).decisions == ()


def test_going_back_to_what_ran_before_needs_no_run(made):
    made.review(code="2 + 2")
    assert made()["review"] == "done"
    made.review()
    assert made()["review"] == "rendered"


def test_explain_names_parts_and_files_and_runs_nothing(made):
    assert explanation(made.wanted().decisions) == [
        "review/company: nothing to do",
        "other/company: nothing to do",
        "0 to run, 0 to render, 2 unchanged.",
    ]
    library("performance/outcomes.py")(made)
    made.review(prose="## Part\n\nNew words.")
    lines = explanation(made.wanted().decisions)
    assert lines[0] == "review/company: would run"
    assert [line.split(":")[0] for line in lines[1:3]] == ["  library", "  prose"]
    assert lines[1].endswith("(salesops_lib/performance/outcomes.py)")
    old, new = lines[1].split()[1:4:2]
    assert len(old) == len(new) == 8
    assert old != new
    assert lines[3:] == ["other/company: nothing to do", "1 to run, 0 to render, 1 unchanged."]
    assert made.ran == []


def test_manifests_and_logs_hold_no_value_and_no_folder(made):
    in_file("floor: 1", "floor: 1, token: s3cr3t-t0ken")(made)
    made()
    texts = {path: path.read_text() for path in made.project.rglob("*.manifest.json")}
    texts |= {path: path.read_text() for path in (made.project / ".cache/log").iterdir()}
    assert len(texts) == 4
    for path, text in texts.items():
        assert "s3cr3t" not in text, path
        assert str(made.project) not in text, path
        assert str(made.library) not in text, path


def test_the_log_has_one_line_an_event(made):
    made.review(prose="## New")
    made.ends["other"] = "timed_out"
    in_file("notebook: other", "{notebook: other, parameters: {floor: 3}}")(made)
    made()
    newest = max((made.project / ".cache" / "log").iterdir())
    events = [json.loads(line) for line in newest.read_text().splitlines()]
    assert [(event["event"], event.get("job")) for event in events] == [
        ("planned", None),
        ("started", "review/company"),
        ("rendered", "review/company"),
        ("started", "other/company"),
        ("timed_out", "other/company"),
    ]
    assert (events[0]["reports"], events[0]["unchanged"]) == (2, 0)
    assert (events[-1]["error"], events[-1]["cell"]) == ("Ended", 3)


def test_the_index_is_written_only_when_it_would_differ(made):
    wanted = made.wanted()
    index = reports.written_index(wanted)
    before = index.stat().st_mtime_ns
    assert "manifest" not in index.read_text()
    assert reports.written_index(wanted).stat().st_mtime_ns == before
    made.published("other").unlink()
    reports.written_index(wanted)
    assert "other/company.html" not in index.read_text()
    index.write_text("damaged")
    assert "review/company.html" in reports.written_index(wanted).read_text()
