"""The reports of a parameter file, made anew only where something has changed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.notebook.project import project_root
from salesops_lib.publishing.cancellation import Stopped, cancelled_results, publication_stamp
from salesops_lib.publishing.decisions import Decision, decisions
from salesops_lib.publishing.eventlog import EventLog
from salesops_lib.publishing.executions import prune_runs
from salesops_lib.publishing.files import digest, json_object, values_digest, write_atomically
from salesops_lib.publishing.jobs import FAILED, RunResult
from salesops_lib.publishing.keys import Workshop
from salesops_lib.publishing.locks import locked
from salesops_lib.publishing.plans import plan, with_commit

if TYPE_CHECKING:
    from rich.console import Console

    from salesops_lib.publishing.cluster import Cluster

__all__ = ["Wanted", "kernels_begun", "made_reports", "wanted_reports", "written_index"]


@dataclass(frozen=True)
class Wanted:
    """What a command line asks for, and what is to be done for it.

    Parameters
    ----------
    root, folder : Path
        Project folder; reports folder.
    decisions : tuple of Decision
        One a report, in the order of the file.
    """

    root: Path
    folder: Path
    decisions: tuple[Decision, ...]

    @property
    def to_do(self) -> list[Decision]:
        """Reports that are not as they would be made."""
        return [decision for decision in self.decisions if decision.action != "unchanged"]


@contextmanager
def kernels_begun(
    parameters_file: Path, reports: Path | None = None, *, force: bool = False
) -> Iterator[None]:
    """Kernel server that imports its packages while reports are still being planned.

    Only where kernels are as good as certain to be needed: all are to run, or
    nothing has been published yet.

    Parameters
    ----------
    parameters_file, reports, force
        As for `wanted_reports`.
    """
    folder = reports or project_root(parameters_file) / "reports"
    if not force and any(folder.glob("*/*/*.manifest.json")):
        yield
        return
    from salesops_lib.kernel.server import shared_server
    from salesops_lib.publishing.jobs import KERNEL_ENVIRONMENT

    with shared_server(KERNEL_ENVIRONMENT):
        yield


def wanted_reports(
    parameters_file: Path,
    reports: Path | None = None,
    only: Sequence[str] = (),
    *,
    force: bool = False,
    retry_failed: bool = False,
) -> Wanted:
    """Reports that a parameter file asks for, and what is to be done for each.

    Parameters
    ----------
    parameters_file, reports, only
        As for `planning.planned_jobs`.
    force : bool
        Run all of them, whatever has changed.
    retry_failed : bool
        Keep only those whose last run failed, died, timed out, was cancelled or refused.

    Returns
    -------
    Wanted

    Raises
    ------
    InputError
        Anything does not fit; nothing has run.
    """
    root = project_root(parameters_file)
    workshop = Workshop(root)
    jobs = plan(parameters_file, reports, only, workshop)
    if retry_failed:
        jobs = tuple(job for job in jobs if job.place.failed_record.is_file())
    folder = (reports or root / "reports").absolute()
    return Wanted(root, folder, decisions(jobs, workshop, force=force))


def made_reports(
    wanted: Wanted, workers: int | None, console: Console, cluster: Cluster | None = None
) -> list[RunResult]:
    """Results of all reports wanted; only what has changed is made.

    Parameters
    ----------
    wanted : Wanted
        What is to be done.
    workers : int, optional
        Processes at once. Default: one a processor core, or all of the cluster.
    console : Console
        Where progress is shown.
    cluster : Cluster, optional
        Where they are made. Default: in processes of this machine.

    Returns
    -------
    list of RunResult
        In the order of the file.

    Raises
    ------
    Stopped
        The batch was ended from outside; it holds the results until then.
    """
    results = {
        decision.job.id: RunResult(decision.job, "unchanged", 0.0, html=decision.job.place.html)
        for decision in wanted.decisions
        if decision.action == "unchanged"
    }
    stamps = {decision.job.id: publication_stamp(decision.job) for decision in wanted.to_do}
    with EventLog(wanted.root) as log:
        log.write("planned", reports=len(wanted.decisions), unchanged=len(results))
        for result in results.values():
            log.finished(result)
        try:
            _made(wanted, workers, console, log, cluster)
        except KeyboardInterrupt:
            rest = [d.job for d in wanted.to_do if d.job.id not in log.results]
            log.telling(None)
            for result in cancelled_results(rest, log.begun, stamps):
                log.finished(result)
            raise Stopped([log.results[d.job.id] for d in wanted.decisions]) from None
        results |= log.results
    return [results[decision.job.id] for decision in wanted.decisions]


def _made(
    wanted: Wanted,
    workers: int | None,
    console: Console,
    log: EventLog,
    cluster: Cluster | None,
) -> None:
    to_do = wanted.to_do
    if not to_do:
        return
    # None of this is imported for a batch that has nothing to do.
    from salesops_lib.publishing.batch import default_workers, remake_one, run_batch
    from salesops_lib.publishing.notes import Notes
    from salesops_lib.publishing.progress import Progress

    # Pages first: they are there in moments.
    to_do.sort(key=lambda decision: decision.action != "render")
    # A worker looks for itself whether a kept run will do, unless it must not.
    work = remake_one if any(decision.action == "render" for decision in to_do) else None
    jobs = with_commit([decision.job for decision in to_do])
    with Notes(wanted.root) as notes, Progress(len(to_do), console, notes) as progress:
        watcher = log.telling(progress)
        if cluster is not None:
            cluster.run_batch(jobs, watcher, work, at_once=workers, notes=notes)
        else:
            kernels = any(decision.action == "run" for decision in to_do)
            at_once = workers or default_workers()
            run_batch(jobs, at_once, watcher, work, kernels=kernels, notes=notes)
    prune_runs(wanted.root, _used_runs(wanted.folder))


def _used_runs(folder: Path) -> set[str]:
    """Execute keys that the manifests of a reports folder name."""
    found = set()
    for path in folder.glob("*/*/*.manifest.json"):
        execute = json_object(path).get("execute")
        if isinstance(execute, dict):
            found.add(str(execute.get("key")))
    return found


def written_index(wanted: Wanted) -> Path | None:
    """Index of the reports folder; written only if it would not be the same.

    Parameters
    ----------
    wanted : Wanted
        Whose reports folder.

    Returns
    -------
    Path or None
        The index page; None where it could not be written.
    """
    try:
        # Of two batches at once, the one that comes last sees all reports of both.
        with locked(wanted.folder / ".index.lock"):
            return _written_index(wanted)
    except OSError:
        return None


def _written_index(wanted: Wanted) -> Path:
    index = wanted.folder / "index.html"
    kept = wanted.root / ".cache" / "index" / f"{digest(str(wanted.folder).encode())}.json"
    workshop = Workshop(wanted.root)
    before = _index_state(wanted.folder, workshop)
    if before is not None and json_object(kept).get("state") == before:
        return index
    from salesops_lib.publishing.index import write_index

    write_index(wanted.folder)
    after = _index_state(wanted.folder, workshop)
    workshop.keep()
    with contextlib.suppress(OSError):
        write_atomically(kept, json.dumps({"state": after}))
    return index


def _index_state(folder: Path, workshop: Workshop) -> str | None:
    """Hash of what the index is made of, and of the index; None without an index."""
    try:
        page = digest((folder / "index.html").read_bytes())
        files = [
            [path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns]
            for pattern in ("*/*/*.html", "*/*/*.json", f"{FAILED}/*/*/*")
            for path in sorted(folder.glob(pattern))
        ]
    except OSError:
        return None
    code = workshop.sources.closure(["salesops_lib.publishing.index"])
    return values_digest([page, files, code])
