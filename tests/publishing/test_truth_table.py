"""What happened is what is told: one row an end that a run can have, through the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pytest

from salesops_lib.publishing.reports import wanted_reports

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="reads /proc")

# A shell ignores Ctrl-C for what it starts in the background, such as these tests.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from salesops_lib.cli import main; main()"
)
COMMAND = [sys.executable, "-c", CODE, "report"]
KILLED = """\
import os, subprocess, time
command = ["sh", "-c", f"kill -9 {os.getpid()}"]
subprocess.Popen(command, start_new_session=True)
time.sleep(600)"""
GREEDY = """\
import time
blocks = []
for _ in range(40):
    blocks.append(b"x" * (20 << 20))
    time.sleep(0.05)
time.sleep(600)"""
# cell, options of its entry, status, reason, line of the cell
ROWS = {
    "exception": ("x = 1\n1 / 0", "", "failed", "ZeroDivisionError: division by zero", 2),
    "sys_exit": ("import sys\nsys.exit(0)", "", "failed", "SystemExit: 0", None),
    "magic": ("%nosuchmagic", "", "failed", "UsageError: Line magic function `%nosuchmagic`", None),
    "os_exit": ("import os\nos._exit(137)", "", "dead", "ended by itself with exit code 137", None),
    "segfault": ("import ctypes\nctypes.string_at(0)", "", "dead", "crashed (SIGSEGV)", None),
    "killed": (KILLED, "", "dead", "killed (SIGKILL), most often because memory ran out", None),
    "memory": (GREEDY, ", memory_limit: 512 MiB", "dead", "its memory limit of 512 MiB", None),
    "endless": ("while True: pass", ", time_limit: 2 s", "timed_out", "after 2 seconds", None),
}  # fmt: skip


def processes(mark: str) -> list[str]:
    """Command lines of all processes that were started with a mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


class Company:
    """A project on disk, its command, and what is there before and after."""

    def __init__(self, project: Path, write_notebook, write_parameters, snapshot: Path):
        self.project, self.write_notebook = project, write_notebook
        self.write_parameters, self.snapshot = write_parameters, snapshot
        # Short: the path of a socket has a length limit.
        self.temporary = Path(tempfile.mkdtemp(prefix="so-"))
        self.mark = f"SALESOPS_TEST_MARK={uuid.uuid4()}"
        self.file = self.asked_for(*ROWS)

    def asked_for(self, *names: str) -> Path:
        entries = [f"  - {{notebook: {name}{ROWS[name][1]}}}" for name in names]
        return self.write_parameters(self.snapshot, reports="\n".join(entries))

    def cells(self, **cells: str) -> None:
        for name, cell in cells.items():
            self.write_notebook(name, "## Bookings", cell, "print('after')")

    def begin(self, *options: str, **more) -> subprocess.Popen[str]:
        name, _, value = self.mark.partition("=")
        runtime = self.temporary / "jupyter"
        environment = os.environ | {name: value, "TMPDIR": str(self.temporary)}
        environment["JUPYTER_RUNTIME_DIR"] = str(runtime)
        return subprocess.Popen(
            [*COMMAND, str(self.file), "--workers", "2", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **more
        )  # fmt: skip

    def __call__(self, *options: str) -> tuple[int, str]:
        run = self.begin(*options)
        out, errors = run.communicate()
        return run.returncode, out + errors

    def published(self, name: str) -> dict[str, bytes]:
        folder = self.project / "reports/2026-Q3" / name
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    def record(self, name: str) -> dict:
        path = self.project / "reports/failed/2026-Q3" / name / "company.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def last_events(self) -> list[dict]:
        newest = max((self.project / ".cache/log").glob("*.jsonl"))
        return [json.loads(line) for line in newest.read_text().splitlines()]

    def refuse_remains(self) -> None:
        """Nothing of a batch runs on, and nothing but its reports and caches is on the disk."""
        for _ in range(200):
            if not processes(self.mark):
                break
            time.sleep(0.05)
        assert processes(self.mark) == []
        assert [path for path in self.temporary.rglob("*") if not path.is_dir()] == []
        assert list((self.project / ".cache/runs").iterdir()) == []
        hidden = [
            p for p in (self.project / "reports").rglob(".*") if p.suffix in {".tmp", ".lock"}
        ]
        assert hidden == []


_made: dict[str, object] = {}


@pytest.fixture
def company(project, write_notebook, write_parameters, snapshot_of) -> Company:
    """A company whose reports have all been made; one for all tests of this file."""
    if "company" not in _made:
        made = _made["company"] = Company(project, write_notebook, write_parameters, snapshot_of())
        made.cells(**dict.fromkeys(ROWS, "1 + 1"))
        _made["first"] = made()
    assert _made["first"][0] == 0, _made["first"][1]
    return _made["company"]


@pytest.fixture(scope="module", autouse=True)
def _tidy():
    yield
    if "company" in _made:
        shutil.rmtree(_made["company"].temporary)
    _made.clear()


@pytest.fixture
def broken(company) -> dict[str, object]:
    """A batch in which every run ends badly, and the one after it."""
    if "broken" not in _made:
        found: dict[str, object] = {"before": {name: company.published(name) for name in ROWS}}
        company.file = company.asked_for(*ROWS)
        company.cells(**{name: row[0] for name, row in ROWS.items()})
        found["code"], found["told"] = company()
        company.refuse_remains()
        found["events"] = company.last_events()
        found["after"] = {name: company.published(name) for name in ROWS}
        found["records"] = {name: company.record(name) for name in ROWS}
        company.cells(**dict.fromkeys(ROWS, "2 + 2"))
        found["next"] = company("--retry-failed")
        found["next records"] = {name: company.record(name) for name in ROWS}
        _made["broken"] = found
    return _made["broken"]


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_end_is_called_what_it_was(broken, name):
    cell, _, status, reason, line = ROWS[name]
    record = broken["records"][name]
    assert record["status"] == status
    assert reason in record["reason"]
    assert (record["cell"], record["section"], record["line"]) == (4, "Bookings", line)
    assert record["source"] == (cell.splitlines()[line - 1] if line else "")
    if status == "dead":
        assert "peak memory" in record["reason"]
    assert broken["code"] == 1
    assert f"{name}/company: {status.replace('_', ' ')}." in broken["told"]
    assert broken["after"][name] == broken["before"][name]
    assert broken["next"][0] == 0
    assert broken["next records"][name] == {}
    (event,) = [e for e in broken["events"] if e["event"] == status and name in e["job"]]
    assert (event["cell"], set(event["cells"])) == (4, {"2", "4"})
    if name in {"endless", "memory"}:
        assert event["slowest_cell"] == 4


def test_the_seconds_of_cells_stand_in_the_manifest_too(company):
    run = json.loads(company.published("exception")["company.manifest.json"])["run"]
    assert set(run["cells"]) == {"2", "4", "5"}
    assert run["slowest_cell"] in {2, 4, 5}
    assert all(0 <= spent < run["seconds"] for spent in run["cells"].values())


@pytest.mark.parametrize("stop", ["ctrl-c", "terminate"])
def test_a_batch_that_is_stopped(company, stop):
    company.file = company.asked_for("exception", "killed", "magic")
    waiting = company.project / f"{stop}.txt"
    mark = f"import pathlib, time\npathlib.Path({waiting.name!r}).touch()\ntime.sleep(600)"
    company.cells(exception=f"'before {stop}'", killed=mark, magic=f"'after {stop}'")
    before = {name: company.published(name) for name in ROWS}
    run = company.begin("--workers", "1", start_new_session=True)
    try:
        while not waiting.exists():
            assert run.poll() is None, run.communicate()
            time.sleep(0.05)
        if stop == "ctrl-c":
            os.killpg(run.pid, signal.SIGINT)
        else:
            run.terminate()
        out, errors = run.communicate()
    finally:
        run.kill()
    assert run.returncode == 130
    assert errors == "salesops: stopped; what was published before stays.\n"
    assert "1 of 3 reports published" in out
    assert "2 cancelled" in out
    company.refuse_remains()
    assert company.published("exception") != before["exception"]
    for name, when in (("killed", "while it ran"), ("magic", "before it began")):
        assert company.published(name) == before[name]
        record = company.record(name)
        assert record["status"] == "cancelled"
        assert record["reason"] == f"Cancelled: the batch was stopped {when}"
    ends = [(e["event"], e["job"].split("/")[0]) for e in company.last_events() if "job" in e]
    assert ends[-2:] == [("cancelled", "killed"), ("cancelled", "magic")]

    missing = wanted_reports(company.file, retry_failed=True).decisions
    assert [decision.job.report for decision in missing] == ["killed", "magic"]
    assert [decision.action for decision in missing] == ["run", "run"]
    if stop == "ctrl-c":
        company.cells(killed="'now'")
        code, told = company("--retry-failed")
        assert (code, "2 of 2 reports published" in told) == (0, True), told
        assert company.record("killed") == company.record("magic") == {}


def test_two_batches_at_once_on_the_same_folder(company):
    names = ("exception", "sys_exit", "magic")
    company.file = company.asked_for(*names)
    company.cells(**dict.fromkeys(names, "print('both')"))
    runs = [company.begin("--force") for _ in range(2)]
    told = ["".join(run.communicate()) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    company.refuse_remains()
    for name in names:
        files = company.published(name)
        stamp = json.loads(files["company.json"])["run"]
        assert json.loads(files["company.manifest.json"])["run"]["finished"] == stamp["finished"]
        assert b"both" in files["company.html"]
    assert wanted_reports(company.file).to_do == []
