"""Provenance: what a report was made of, and how to make it again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib import __version__

if TYPE_CHECKING:
    import datetime as dt

    from salesops_lib.data.snapshot import Manifest
    from salesops_lib.publishing.jobs import Job

__all__ = ["command_of", "commit_of", "file_record", "provenance_of", "snapshot_record"]

_PACKAGES = (
    "duckdb",
    "ibis-framework",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "seaborn",
)


def provenance_of(job: Job, notebook: Path) -> dict[str, Any]:
    """What a report was made of.

    Parameters
    ----------
    job : Job
        The job.
    notebook : Path
        The notebook file that is executed.

    Returns
    -------
    dict
        What the job knows already, and ``report_id``, ``notebook``,
        ``parameters_sha256``, ``library``, ``python`` and ``packages``. The same
        for the same inputs.
    """
    parameters = _digest(_canonical(job.parameters))
    made_of = {
        **job.provenance,
        "notebook": {"name": f"{job.report}.ipynb", "sha256": _digest(notebook.read_bytes())},
        "parameters_sha256": parameters,
        "library": __version__,
        "python": platform.python_version(),
        "packages": {name: installed for name in _PACKAGES if (installed := _installed(name))},
    }
    identity = _digest(_canonical({**made_of, "id": job.id, "period": job.period}))
    return {"report_id": identity[:12], **made_of}


def file_record(path: Path, shown_as: str) -> dict[str, str]:
    """Name and hash of an input file."""
    return {"name": shown_as, "sha256": _digest(path.read_bytes())}


def snapshot_record(
    manifest: Manifest, as_of: dt.date | None = None, wanted: dt.date | None = None
) -> dict[str, Any]:
    """Id, source files and row counts of a snapshot.

    Parameters
    ----------
    manifest : Manifest
        The snapshot's own.
    as_of : date, optional
        Day that it is seen at. An earlier one than its own is ``rebuilt_as_of``.
    wanted : date, optional
        Day that was asked for. Another one than `as_of` is ``in_place_of``.

    Returns
    -------
    dict
    """
    seen = {}
    if as_of and as_of != manifest.as_of:
        seen["rebuilt_as_of"] = as_of.isoformat()
    if as_of and wanted and wanted != as_of:
        seen["in_place_of"] = wanted.isoformat()
    return {
        "id": manifest.id,
        "as_of": manifest.as_of.isoformat(),
        **seen,
        "sources": [
            {"name": source.name, "rows": source.rows, "sha256": source.sha256}
            for source in manifest.sources
        ],
        "tables": [
            {
                "name": name,
                "rows": table.kept,
                "quarantined": sum(table.quarantined.values()),
            }
            for name, table in sorted(manifest.tables.items())
        ],
    }


def command_of(parameters_file: str, job_id: str) -> str:
    """Command that makes a report again, quoted for a shell.

    Examples
    --------
    >>> command_of("parameters/2026-Q3.yaml", "performance_review/region:EMEA")
    'salesops report parameters/2026-Q3.yaml --only performance_review/region:EMEA'
    >>> command_of("parameters/q.yaml", "performance_review/team:A; rm *")
    "salesops report parameters/q.yaml --only 'performance_review/team:A; rm *'"
    """
    return shlex.join(["salesops", "report", parameters_file, "--only", job_id])


def commit_of(root: Path) -> dict[str, Any] | None:
    """Git commit of a folder and whether files differ from it; None outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    commit = _git(git, root, "rev-parse", "HEAD")
    if not commit:
        return None
    return {"id": commit, "dirty": bool(_git(git, root, "status", "--porcelain"))}


def _git(git: str, root: Path, *arguments: str) -> str | None:
    # No locks: a report must not disturb a commit that is being made.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 (our own arguments)
            [git, "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _canonical(values: Any) -> bytes:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=dict).encode(
        "utf-8", "surrogatepass"
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
