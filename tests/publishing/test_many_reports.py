"""Many reports in parallel: nothing is mixed, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from salesops_lib.publishing.batch import run_batch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts handles as Linux does")

_FILE = Path(__file__).parents[2] / "benchmarks" / "soak_reports.py"
_EARLY, _SCOPES, _AGAIN, _WORKERS = 10, 40, 8, 4


@pytest.fixture(scope="module")
def soak():
    """The benchmark, of which this is a smaller run."""
    spec = importlib.util.spec_from_file_location("soak_reports", _FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def twice(soak, tmp_path_factory):
    """Forty scopes in parallel, and eight of them once more."""
    project = tmp_path_factory.mktemp("soak")
    jobs, said = soak.light_jobs(project, _SCOPES)
    outside, found, wrong = soak.processes(), [], []
    census = soak.Census(project, _EARLY, _SCOPES)
    for some, watcher in ((jobs, census), (jobs[:_AGAIN], soak.Census(project))):
        run_batch(some, _WORKERS, watcher)
        found.append(soak.fingerprints(some))
        wrong.append(soak.mixed(some, said))
    counts = (outside, *census.counts, soak.processes())
    return SimpleNamespace(jobs=jobs, said=said, found=found, wrong=wrong, counts=counts)


def test_each_report_holds_only_its_own_scope_and_total(twice):
    assert twice.wrong == [[], []]
    assert twice.found[0][:_AGAIN] == twice.found[1]
    assert len(set(twice.found[0])) == len(twice.jobs) == _SCOPES


def test_two_pages_that_have_changed_places_would_be_seen(twice, soak):
    one, other = twice.jobs[:2]
    pages = [job.place.html.read_text() for job in (one, other)]
    one.place.html.write_text(pages[1])
    try:
        wrong = soak.mixed([one], twice.said)
    finally:
        one.place.html.write_text(pages[0])
    assert wrong == [
        f"{one.id}: the manifest is not of these two files",
        f"{one.id}: not its own",
        f"{one.id}: also {other.scope}",
    ]


def test_handles_processes_and_memory_at_the_end_are_as_near_the_start(twice, soak):
    outside, early, late, afterwards = twice.counts
    roles = [process.role for process in early]
    assert roles.count("worker") == _WORKERS
    assert "server" in roles
    assert soak.left_behind(early, late) == []
    # Python keeps one process, which tracks shared memory, and the pipe to it.
    (before, *_), (after, *_) = outside, afterwards
    assert after.children <= before.children + 1
    assert after.handles <= before.handles + 1
    # Thirty more reports: had each left its page and notebook in memory, some 0.5 MiB,
    # or a kernel's connection, it would be more. Python's allocator moves by a few MiB.
    for one, other in zip(early, late, strict=True):
        assert other.memory - one.memory < 15, (one, other)
