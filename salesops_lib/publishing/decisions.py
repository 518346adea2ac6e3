"""What is to be done for each report, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from salesops_lib.publishing.executions import kept_run
from salesops_lib.publishing.files import json_object
from salesops_lib.publishing.manifests import Change, changes, read_manifest

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Job
    from salesops_lib.publishing.keys import Workshop

__all__ = ["Action", "Decision", "decisions", "explanation"]

Action = Literal["unchanged", "render", "run"]

_ENDS = {
    "cancelled": "its last run was cancelled",
    "refused": "its last run was refused",
}
_TOLD = {"unchanged": "nothing to do", "render": "would be rendered", "run": "would run"}


@dataclass(frozen=True)
class Decision:
    """What is to be done for one report.

    Parameters
    ----------
    job : Job
        The job.
    action : str
        ``unchanged``: nothing; ``render``: a page from the outputs of an earlier
        run; ``run``: the notebook.
    reason : str
        Why, where no change of its parts says so.
    changes : tuple of Change
        What differs from what the published report was made of.
    """

    job: Job
    action: Action
    reason: str = ""
    changes: tuple[Change, ...] = ()


def decisions(
    jobs: Sequence[Job], workshop: Workshop, *, force: bool = False
) -> tuple[Decision, ...]:
    """What is to be done for each job.

    A report stands as it is if both of its keys are those of its manifest, its
    two files are still the ones that were written, and no later run of it has
    failed.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs.
    workshop : Workshop
        Where files are read.
    force : bool
        Run all of them.

    Returns
    -------
    tuple of Decision
        In the order of the jobs.
    """
    found = tuple(_decision(job, workshop, force) for job in jobs)
    workshop.keep()
    return found


def _decision(job: Job, workshop: Workshop, force: bool) -> Decision:
    try:
        keys = workshop.keys(job)
    except OSError as error:
        # The run itself tells what is missing.
        return Decision(job, "run", f"a file cannot be read: {error.strerror}")
    manifest = read_manifest(job.place)
    differing = changes(manifest, keys) if manifest is not None else ()
    reason = ""
    if manifest is None:
        reason = "its manifest is missing" if job.place.html.is_file() else "never made before"
    elif job.place.failed_record.is_file():
        status = str(json_object(job.place.failed_record).get("status", "failed"))
        reason = _ENDS.get(status, "its last run failed")
    elif not manifest.is_true_of(job.place):
        reason = "its published files are missing or were changed"
    if force:
        return Decision(job, "run", "forced", differing)
    if not reason and not differing:
        return Decision(job, "unchanged")
    if kept_run(job.root, keys.execute.key) is not None:
        return Decision(job, "render", reason, differing)
    if not reason and not any(change.part in keys.execute.parts for change in differing):
        reason = "its earlier run is no longer kept"
    return Decision(job, "run", reason, differing)


def explanation(found: Sequence[Decision]) -> list[str]:
    """What would be done for each report, and which parts have changed.

    Parameters
    ----------
    found : sequence of Decision
        The decisions.

    Returns
    -------
    list of str
        Lines: one for each report, and indented below it one for each part.
    """
    lines = []
    for decision in found:
        told = f"{decision.job.id}: {_TOLD[decision.action]}"
        lines.append(f"{told}, {decision.reason}" if decision.reason else told)
        lines += [f"  {change}" for change in decision.changes]
    counts = [
        f"{sum(1 for decision in found if decision.action == action)} {text}"
        for action, text in (("run", "to run"), ("render", "to render"), ("unchanged", "unchanged"))
    ]
    return [*lines, f"{', '.join(counts)}."]
