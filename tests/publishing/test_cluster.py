"""Batches on a Dask cluster with worker processes of its own."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from salesops_lib import cli
from salesops_lib.data.scope import Scope
from salesops_lib.errors import InputError
from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.cluster import _BegunBeforeError, _once, cluster_at
from salesops_lib.publishing.jobs import RunError, RunResult
from salesops_lib.publishing.notes import Notes

distributed = pytest.importorskip("distributed", reason="needs the extra `dask`")


def local_cluster(workers: int, **options):
    return distributed.LocalCluster(
        n_workers=workers,
        **{"threads_per_worker": 1, "processes": True} | options,
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    )


@pytest.fixture(scope="module")
def scheduler():
    """Address of a cluster with two worker processes."""
    with local_cluster(2) as cluster:
        yield cluster.scheduler_address


class Log:
    def __init__(self):
        self.begun, self.ended = [], []

    def started(self, job):
        self.begun.append(job.id)

    def finished(self, result):
        self.ended.append((result.job.id, result.status))


def scopes(*names: str) -> list[Scope]:
    return [Scope("team", name, name) for name in names]


def marked(expression: str) -> str:
    return f"print('<<', {expression}, '>>')"


def shown(result) -> str:
    """What a cell of a report has marked."""
    return result.html.read_text().partition("&lt;&lt; ")[2].partition(" &gt;&gt;")[0]


def test_the_same_jobs_run_there_and_one_jobs_end_is_not_anothers(
    scheduler, write_notebook, job_of, tmp_path
):
    begun = tmp_path / "begun"
    cell = (
        "import os, signal\n"
        f"with open({str(begun)!r}, 'a') as file: file.write(scope + '\\n')\n"
        "if scope == 'team:fails': 1 / 0\n"
        "if scope == 'team:kills': os.kill(os.getppid(), signal.SIGKILL)"
    )
    notebook = write_notebook("review", "## Part", cell, marked("scope"))
    names = ["a", "fails", "kills", "b", "c", "d"]
    # The parent of a normal kernel is its worker; a warm one's is the kernel server.
    jobs = [replace(job_of(notebook, scope), kernel="python3") for scope in scopes(*names)]
    log = Log()
    with cluster_at(scheduler) as cluster:
        results = cluster.run_batch(jobs, log)
    assert [result.job for result in results] == jobs
    assert [r.status for r in results] == ["done", "failed", "dead", "done", "done", "done"]
    assert results[1].error.name == "ZeroDivisionError"
    assert results[2].error.name == "Worker died"
    good = [result for result in results if result.is_good]
    assert [shown(result) for result in good] == ["team:a", "team:b", "team:c", "team:d"]
    # Begun once each: what has killed one worker is not given to the next.
    assert sorted(begun.read_text().split()) == sorted(f"team:{name}" for name in names)
    assert sorted(log.begun) == sorted(job.id for job in jobs)
    assert sorted(log.ended) == sorted((r.job.id, r.status) for r in results)
    record = json.loads(jobs[2].place.failed_record.read_text())
    assert (record["status"], record["reason"][:11]) == ("dead", "Worker died")
    assert list((jobs[0].root / ".cache" / "runs").glob("notes-*")) == []


def test_a_result_that_died_with_its_worker_is_not_made_again(write_notebook, job_of, tmp_path):
    job = job_of(write_notebook("review", "## Part", "1 + 1"), Scope("team", "a", "a"))
    note, runs = tmp_path / "note.json", []

    def run(job):
        runs.append(job)
        return RunResult(job, "failed", 1.5, RunError("ZeroDivisionError", "division by zero"))

    # The scheduler hands a finished job out again where its worker took the result along.
    first = _once(run, job, note)
    again = _once(run, job, note)
    assert runs == [job]
    assert again == first
    assert not note.exists()


def test_a_job_that_a_dead_worker_had_begun_is_not_begun_again(write_notebook, job_of, tmp_path):
    job = job_of(write_notebook("review", "## Part", "1 + 1"), Scope("team", "a", "a"))
    note = tmp_path / "note.json"
    note.touch()
    with pytest.raises(_BegunBeforeError):
        _once(lambda _job: pytest.fail("begun again"), job, note)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="warm kernels need Linux")
def test_each_worker_has_one_server_of_warm_kernels_that_ends_with_it(write_notebook, job_of):
    notebook = write_notebook("review", "## Part", "import os", marked("os.getppid()"))
    jobs = [job_of(notebook, scope) for scope in scopes("a", "b", "c", "d")]
    with (
        local_cluster(1) as local,
        cluster_at(local.scheduler_address) as cluster,
    ):
        results = cluster.run_batch(jobs, Log())
        assert [result.status for result in results] == ["done"] * 4
        worker = next(iter(cluster.client.run(os.getpid).values()))
        (server,) = {int(shown(result)) for result in results}
        assert server not in {worker, os.getpid()}
        assert alive(server)
    while alive(server):
        time.sleep(0.05)


def test_what_differs_from_here_is_nothing(scheduler, write_notebook, job_of):
    """Page and values are byte-equal to those that this machine makes."""
    notebook = write_notebook("review", "## Part", marked("scope"))
    job = job_of(notebook)

    def made(results) -> tuple[str, dict]:
        assert [result.status for result in results] == ["done"]
        page = job.place.html.read_text()
        before, _, rest = page.partition('id="run-stamp"')
        values = json.loads(job.place.json.read_text())
        values.pop("run")
        return before + rest.partition("</")[2], values

    here = made(run_batch([job], 1, Log()))
    with cluster_at(scheduler) as cluster:
        assert made(cluster.run_batch([job], Log())) == here


def test_stopping_cancels_what_has_not_begun(scheduler, write_notebook, job_of):
    class Stop(Log):
        def finished(self, result):
            super().finished(result)
            raise KeyboardInterrupt

    notebook = write_notebook("review", "## Part", "import time; time.sleep(0.5)")
    jobs = [job_of(notebook, scope) for scope in scopes(*map(str, range(12)))]
    with cluster_at(scheduler) as cluster:
        with pytest.raises(KeyboardInterrupt):
            cluster.run_batch(jobs, Stop())
        # What had begun on two workers goes on, in folders of their own, and ends.
        runs = jobs[0].root / ".cache" / "runs"
        while list(runs.iterdir()) or any(cluster.client.processing().values()):
            time.sleep(0.05)
        made = [job for job in jobs if job.place.html.is_file()]
        assert 1 <= len(made) <= 4
        cluster.client.submit(os.getpid, pure=False).result()
        assert [job for job in jobs if job.place.html.is_file()] == made
        assert not jobs[0].place.failed_record.parent.exists()


def test_a_cluster_that_ends_leaves_no_job_without_a_result(write_notebook, job_of, monkeypatch):
    monkeypatch.setattr("salesops_lib.publishing.cluster._PATIENCE", 2.0)

    class End(Log):
        def finished(self, result):
            super().finished(result)
            if len(self.ended) == 1:
                local.close()

    notebook = write_notebook("review", "## Part", "1")
    jobs = [job_of(notebook, scope) for scope in scopes("a", "b", "c")]
    local = local_cluster(1)
    with cluster_at(local.scheduler_address) as cluster:
        results = cluster.run_batch(jobs, End())
    assert [result.status for result in results] == ["done", "dead", "dead"]
    assert results[1].error.name in {"Cluster lost", "Worker died"}


def test_a_worker_that_does_not_see_the_project_says_so(scheduler, write_notebook, job_of):
    job = job_of(write_notebook("review", "1"))
    elsewhere = replace(job, root=job.root / "not mounted")
    with cluster_at(scheduler) as cluster, Notes(job.root) as notes:
        (result,) = cluster.run_batch([elsewhere], Log(), notes=notes)
    assert result.status == "failed"
    assert f"does not see the project folder {elsewhere.root}" in result.error.message
    assert not elsewhere.root.exists()


@pytest.mark.parametrize(
    ("workers", "options", "said"),
    [(1, {"threads_per_worker": 2}, "more than one thread"), (0, {}, "has no workers")],
)
def test_a_cluster_that_cannot_make_reports_is_refused(workers, options, said, monkeypatch):
    monkeypatch.setattr("salesops_lib.publishing.cluster._PATIENCE", 0.5)
    with (
        local_cluster(workers, processes=False, **options) as local,
        pytest.raises(InputError, match=said),
        cluster_at(local.scheduler_address),
    ):
        pass


def exit_of(monkeypatch, capsys, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["salesops", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, capsys.readouterr().err


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_address_that_does_not_answer_is_one_sentence(
    write_notebook, snapshot_of, write_parameters, project, monkeypatch, capsys
):
    monkeypatch.setattr("salesops_lib.publishing.cluster._PATIENCE", 0.5)
    write_notebook("review", "1")
    file = write_parameters(snapshot_of())
    for address in (f"tcp://127.0.0.1:{free_port()}", "nonsense://x", "tcp://no.such.host:1"):
        code, said = exit_of(monkeypatch, capsys, "report", str(file), "--scheduler", address)
        assert code == 2
        assert said.startswith(f"salesops: --scheduler: no Dask scheduler answers at {address} (")
        assert len(said.splitlines()) == 1
    assert not (project / "reports").exists()


def test_without_the_extra_it_says_what_to_install(
    write_notebook, snapshot_of, write_parameters, project, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "distributed", None)
    write_notebook("review", "1")
    file = write_parameters(snapshot_of())
    code, said = exit_of(monkeypatch, capsys, "report", str(file), "--scheduler", "tcp://x:1")
    assert code == 2
    assert said == (
        "salesops: --scheduler: a cluster needs Dask, which is not installed:"
        " pip install 'salesops_lib[dask]'.\n"
    )
    assert not (project / "reports").exists()


def test_the_command_makes_its_reports_there(
    scheduler, write_notebook, snapshot_of, write_parameters, project, monkeypatch, capsys
):
    write_notebook("review", "## Part", marked("scope"))
    file = write_parameters(snapshot_of(), reports="  - {notebook: review, for_each: region}")
    monkeypatch.setattr(sys, "argv", ["salesops", "report", str(file), "--scheduler", scheduler])
    for told in ("2 of 2 reports published.", "2 of 2 reports published (2 unchanged)."):
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        assert told in capsys.readouterr().out
    for region in ("EMEA", "AMER"):
        page = project / "reports" / "2026-Q3" / "review" / f"region-{region.lower()}.html"
        assert f"region:{region}" in page.read_text()
    assert (project / "reports" / "index.html").is_file()
