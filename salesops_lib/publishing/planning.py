"""From a parameter file to jobs: everything is checked before a kernel starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.data.audience import audience_of
from salesops_lib.data.scopes import scopes
from salesops_lib.data.snapshot import find_snapshot
from salesops_lib.data.view import View, open_view, prepare
from salesops_lib.errors import InputError
from salesops_lib.notebook.parameters import DeclaredParameters, declared_parameters
from salesops_lib.notebook.project import notebook_file, project_root
from salesops_lib.publishing.jobs import Job, Place, chosen_jobs
from salesops_lib.publishing.names import safe_name, scope_names
from salesops_lib.publishing.parameters import (
    ParameterFile,
    ReportEntry,
    read_parameters,
    where_in,
)
from salesops_lib.publishing.provenance import command_of, commit_of, file_record, snapshot_record

if TYPE_CHECKING:
    from salesops_lib.data.scope import Scope

__all__ = ["STANDARD", "planned_jobs"]

STANDARD = ("snapshot", "as_of", "period", "scope", "calendar", "currency", "language")
"""Parameters that every report notebook declares; the parameter file gives their values."""

AUDIENCE = "audience"
"""Parameter that a notebook declares if its reports are for managers or reps too."""


@dataclass(frozen=True)
class _Source:
    """A parameter file that has been read."""

    path: Path
    root: Path
    shown_as: str
    content: ParameterFile

    def where(self, *keys: str | int) -> str:
        return where_in(self.path, self.shown_as, keys)


def planned_jobs(
    parameters_file: Path, reports: Path | None = None, only: Sequence[str] = ()
) -> tuple[Job, ...]:
    """Jobs that a parameter file asks for, all of them able to start.

    Notebooks, their parameters, period, snapshot, rates and scopes are checked,
    and the tables that all reports share are written.

    Parameters
    ----------
    parameters_file : Path
        The file.
    reports : Path, optional
        Reports folder. Default: ``reports/`` of the project.
    only : sequence of str
        Reports to keep: ``performance_review`` or
        ``performance_review/region:EMEA``. Empty: all.

    Returns
    -------
    tuple of Job
        In the order of the file.

    Raises
    ------
    InputError
        Anything does not fit; nothing has run.
    """
    root = project_root(parameters_file)
    shown_as = _below(parameters_file, root)
    source = _Source(parameters_file, root, shown_as, read_parameters(parameters_file, shown_as))
    notebooks = [_declared(source, number) for number in range(len(source.content.reports))]
    for number, (notebook, declared) in enumerate(notebooks):
        _check_audience(source, number, notebook, declared)
    view = _view(source)
    known = {
        "parameters_file": file_record(parameters_file, shown_as),
        "snapshot": snapshot_record(
            view.snapshot.origin.manifest, view.as_of, source.content.as_of
        ),
        "commit": commit_of(root),
    }
    jobs = [
        job
        for number, entry in enumerate(source.content.reports)
        for job in _jobs_of_entry(source, number, entry, notebooks[number], view, reports, known)
    ]
    _refuse_twins(jobs, source)
    chosen = chosen_jobs(jobs, only)
    prepare(view.snapshot, source.content.currency, view.as_of)
    return chosen


def _declared(source: _Source, number: int) -> tuple[Path, DeclaredParameters]:
    place = ("reports", number, "notebook")
    name = source.content.reports[number].notebook
    notebook = notebook_file(source.root, name, source.where(*place))
    declared = declared_parameters(notebook)
    missing = [wanted for wanted in STANDARD if wanted not in declared.names]
    if missing:
        raise InputError(
            f"{notebook.name} declares no parameter `{missing[0]}`; a notebook that is"
            f" rendered declares {', '.join(STANDARD)}",
            where=source.where(*place),
        )
    return notebook, declared


def _check_audience(
    source: _Source, number: int, notebook: Path, declared: DeclaredParameters
) -> None:
    """Refuse a report that its audience must not read, before any data are opened."""
    entry = source.content.reports[number]
    place = ("reports", number, AUDIENCE) if entry.audience else (AUDIENCE,)
    for kind in entry.for_each:
        try:
            audience = audience_of(entry.audience or source.content.audience, kind)
        except InputError as error:
            raise _placed(error, source.where(*place)) from None
        if audience != "leadership" and AUDIENCE not in declared.names:
            raise InputError(
                f"{notebook.name} declares no parameter `{AUDIENCE}`, so a report about a"
                f" {kind} for the audience `{audience}` cannot be made with it",
                where=source.where("reports", number, "notebook"),
            )


def _view(source: _Source) -> View:
    """The company as of the file's day, each mistake told with the line of its key."""
    content = source.content
    with_line = {"period": _period, "snapshot": _snapshot}
    for key, check in with_line.items():
        try:
            check(source)
        except InputError as error:
            raise _placed(error, source.where(key)) from None
    try:
        return open_view(
            source.root / content.snapshot,
            period=content.period,
            as_of=content.as_of,
            calendar=content.calendar,
            currency=content.currency,
            language=content.language,
        )
    except InputError as error:
        raise _placed(error, source.where("as_of")) from None


def _period(source: _Source) -> None:
    FiscalCalendar(source.content.calendar).period(source.content.period)


def _snapshot(source: _Source) -> None:
    """Refuse a place that is no snapshot and no store, whatever the day."""
    find_snapshot(source.root / source.content.snapshot)


def _placed(error: InputError, where: str) -> InputError:
    return InputError(error.what, where=where, found=error.found, allowed=error.allowed)


def _jobs_of_entry(
    source: _Source,
    number: int,
    entry: ReportEntry,
    notebook: tuple[Path, DeclaredParameters],
    view: View,
    reports: Path | None,
    known: dict[str, Any],
) -> Iterable[Job]:
    path, declared = notebook
    every = _scopes(source, number, entry, view)
    names = scope_names(every)
    where = source.where("reports", number, "parameters")
    for scope in _kept(source, number, entry, every):
        values = {**_standard(source, view, scope), **_further(source, number, entry)}
        if AUDIENCE in declared.names:
            values[AUDIENCE] = audience_of(entry.audience or source.content.audience, scope.kind)
        parameters = declared.validated(values, where)
        job = Job(
            notebook=path,
            scope=scope,
            period=view.period.label,
            parameters=parameters,
            place=Place(
                (reports or source.root / "reports").absolute(),
                view.period.label,
                safe_name(path.stem),
                names[scope],
            ),
            root=source.root,
            time_limit=entry.time_limit or source.content.time_limit,
            memory_limit=entry.memory_limit or source.content.memory_limit or 0,
            secrets=declared.secrets_in(parameters),
            prior=view.periods["prior"].label,
            provenance=known | {"command": command_of(source.shown_as, f"{path.stem}/{scope}")},
        )
        yield job


def _scopes(source: _Source, number: int, entry: ReportEntry, view: View) -> list[Scope]:
    found: list[Scope] = []
    for kind in dict.fromkeys(entry.for_each):
        of_kind = scopes(view.snapshot, kind, view.period, view.as_of)
        if not of_kind:
            raise InputError(
                f"the snapshot {view.snapshot.id} names no {kind} in {view.period.label}",
                where=source.where("reports", number, "for_each"),
            )
        found.extend(of_kind)
    return found


def _kept(source: _Source, number: int, entry: ReportEntry, every: Sequence[Scope]) -> list[Scope]:
    by_name = {str(scope): scope for scope in every}
    for position, wanted in enumerate(entry.only):
        if wanted not in by_name:
            raise InputError(
                f"`{wanted}` is not among the scopes that for_each names",
                where=source.where("reports", number, "only", position),
                found=wanted,
                allowed=by_name,
            )
    return [scope for name, scope in by_name.items() if not entry.only or name in entry.only]


def _standard(source: _Source, view: View, scope: Scope) -> dict[str, Any]:
    content = source.content
    return {
        # The snapshot's own folder: a store may gain another one while a batch runs.
        "snapshot": _below(view.snapshot.origin.path, source.root, outside=str),
        "as_of": view.as_of.isoformat(),
        "period": view.period.label,
        "scope": str(scope),
        "calendar": content.calendar.model_dump(mode="json"),
        "currency": content.currency.model_dump(mode="json"),
        "language": content.language,
    }


def _further(source: _Source, number: int, entry: ReportEntry) -> dict[str, Any]:
    for name in entry.parameters:
        if name == AUDIENCE:
            raise InputError(
                f"`{name}` stands beside `notebook`, or at the top of the file",
                where=source.where("reports", number, "parameters", name),
            )
        if name in STANDARD:
            raise InputError(
                f"`{name}` is set for all reports at the top of the file"
                if name != "scope"
                else "`scope` is set by for_each and only",
                where=source.where("reports", number, "parameters", name),
            )
    return dict(entry.parameters)


def _refuse_twins(jobs: Sequence[Job], source: _Source) -> None:
    seen: set[Path] = set()
    for job in jobs:
        if job.place.html in seen:
            raise InputError(
                f"{job.id} is asked for twice, and both would be one file",
                where=source.where("reports"),
            )
        seen.add(job.place.html)


def _below(path: Path, root: Path, outside: Any = lambda path: path.name) -> str:
    """Path from the project folder, with slashes; what `outside` says where it is not in it."""
    full = Path(os.path.normpath(path.absolute()))
    try:
        return full.relative_to(Path(os.path.normpath(root))).as_posix()
    except ValueError:
        return str(outside(full))
