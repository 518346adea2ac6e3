"""Plans that are kept: the jobs of a parameter file, while nothing it needs has changed.

Planning opens the snapshot, and takes seconds to import what it opens it with.
A batch that has nothing to do must not pay for that.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from salesops_lib.data.scope import Scope
from salesops_lib.errors import InputError
from salesops_lib.notebook.project import project_root
from salesops_lib.publishing.files import digest, json_object, values_digest, write_atomically
from salesops_lib.publishing.jobs import Job, Place, chosen_jobs
from salesops_lib.publishing.keys import Workshop
from salesops_lib.publishing.provenance import commit_of

__all__ = ["plan", "with_commit"]

_VERSION = 1
_PLANNING = ("salesops_lib.publishing.planning", "salesops_lib.publishing.plans")
_KEPT = 50


def plan(
    parameters_file: Path,
    reports: Path | None = None,
    only: Sequence[str] = (),
    workshop: Workshop | None = None,
) -> tuple[Job, ...]:
    """Jobs that a parameter file asks for, planned only if something has changed.

    A plan is kept in ``.cache/plans/`` under the hash of the parameter file and
    of the code that plans; it holds while notebooks and snapshot are the same.
    A damaged one is made again.

    Parameters
    ----------
    parameters_file, reports, only
        As for `planning.planned_jobs`.
    workshop : Workshop, optional
        Where files are read. Default: a new one.

    Returns
    -------
    tuple of Job
        Those of a kept plan carry no git commit: see `with_commit`.

    Raises
    ------
    InputError
        Anything does not fit; nothing has run.
    """
    root = project_root(parameters_file)
    workshop = workshop or Workshop(root)
    folder = (reports or root / "reports").absolute()
    file = _file(parameters_file, root, workshop)
    jobs = _kept(file, root, folder, workshop) if file is not None else None
    if jobs is None:
        from salesops_lib.publishing.planning import planned_jobs

        jobs = planned_jobs(parameters_file, folder)
        if file is not None:
            # Without a place to keep it, it is made again next time.
            with contextlib.suppress(OSError):
                _keep(file, parameters_file, root, jobs, workshop)
    return chosen_jobs(jobs, only)


def with_commit(jobs: Sequence[Job]) -> list[Job]:
    """Jobs with the git commit that their reports are made at.

    Parameters
    ----------
    jobs : sequence of Job
        Jobs of one project.

    Returns
    -------
    list of Job
    """
    if not jobs:
        return []
    commit = commit_of(jobs[0].root)
    return [replace(job, provenance={**job.provenance, "commit": commit}) for job in jobs]


def _file(parameters_file: Path, root: Path, workshop: Workshop) -> Path | None:
    """Where the plan of a parameter file is kept; None where it cannot be read."""
    try:
        content = digest(parameters_file.read_bytes())
    except OSError:
        return None
    code = workshop.sources.closure(_PLANNING)
    made_of = [
        str(parameters_file.absolute()), content, code,
        workshop.inputs.lock, workshop.inputs.environment,
    ]  # fmt: skip
    return root / ".cache" / "plans" / f"{values_digest([_VERSION, *made_of])}.json"


def _kept(file: Path, root: Path, reports: Path, workshop: Workshop) -> tuple[Job, ...] | None:
    values = json_object(file)
    try:
        if values["content"] != values_digest(values["plan"]):
            return None
        kept = values["plan"]
        notebooks = [str(name) for name in kept["notebooks"]]
        found = _needs(root, notebooks, str(kept["place"]), str(kept["folder"]), workshop)
        if found != kept["needs"]:
            return None
        return tuple(_job(job, root, reports) for job in kept["jobs"])
    except (KeyError, TypeError, ValueError, AttributeError, OSError, InputError):
        return None


def _keep(
    file: Path, parameters_file: Path, root: Path, jobs: Sequence[Job], workshop: Workshop
) -> None:
    from salesops_lib.publishing.parameters import read_parameters

    notebooks = sorted({_name(job.notebook, root) for job in jobs})
    place = read_parameters(parameters_file).snapshot
    folder = str(jobs[0].parameters["snapshot"])
    kept = {
        "notebooks": notebooks,
        "place": place,
        "folder": folder,
        "needs": _needs(root, notebooks, place, folder, workshop),
        "jobs": [_values(job, root) for job in jobs],
    }
    # Texts that differ only in how JSON holds them must not tell two plans apart.
    text = json.dumps({"plan": kept, "content": values_digest(json.loads(json.dumps(kept)))})
    write_atomically(file, text)
    aged = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for old in aged[:-_KEPT]:
        old.unlink(missing_ok=True)


def _needs(
    root: Path, notebooks: Sequence[str], place: str, folder: str, workshop: Workshop
) -> dict[str, str]:
    """Hashes of what a plan was made from besides the parameter file."""
    found = {name: digest((root / name).read_bytes()) for name in notebooks}
    # A store may gain a day, and the parameter file may ask for the latest, or for one
    # that a named snapshot cannot be taken back to.
    stores = (root / place, (root / place).parent)
    pointers = sorted(path for store in stores for path in store.glob("????-??-??.json"))
    store = [[path.name, digest(path.read_bytes())] for path in pointers]
    return found | {
        "store": values_digest(store),
        "folder": workshop.inputs.snapshot(root / folder),
    }


def _name(notebook: Path, root: Path) -> str:
    return notebook.relative_to(root).as_posix() if notebook.is_relative_to(root) else str(notebook)


def _values(job: Job, root: Path) -> dict[str, Any]:
    known = {name: value for name, value in job.provenance.items() if name != "commit"}
    return {
        "notebook": _name(job.notebook, root),
        "scope": [job.scope.kind, job.scope.key, job.scope.label],
        "period": job.period,
        "parameters": dict(job.parameters),
        "report": job.place.report,
        "name": job.place.name,
        "kernel": job.kernel,
        "time_limit": job.time_limit,
        "memory_limit": job.memory_limit,
        "secrets": list(job.secrets),
        "prior": job.prior,
        "provenance": known,
    }


def _job(values: Mapping[str, Any], root: Path, reports: Path) -> Job:
    kind, key, label = values["scope"]
    return Job(
        notebook=root / values["notebook"],
        scope=Scope(cast("Any", kind), key, label),
        period=values["period"],
        parameters=dict(values["parameters"]),
        place=Place(reports, values["period"], values["report"], values["name"]),
        root=root,
        provenance=dict(values["provenance"]),
        kernel=values["kernel"],
        time_limit=values["time_limit"],
        memory_limit=values["memory_limit"],
        secrets=tuple(values["secrets"]),
        prior=values["prior"],
    )
