"""Content keys: what a report's run depends on, and what its page depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.publishing.files import values_digest
from salesops_lib.publishing.inputs import Inputs, NotebookSource, notebook_source
from salesops_lib.publishing.issues import issue_key
from salesops_lib.publishing.sources import Sources

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Job

__all__ = ["ENGINE_VERSION", "KeyParts", "Keys", "Workshop", "execute_key", "render_key"]

ENGINE_VERSION = 1
"""Raised when notebooks are executed in another way, so that all are executed again."""

_ENGINE = "publishing/execution.py"
_PAGE_MODULES = ("salesops_lib.publishing.rendering", "salesops_lib.publishing.provenance")
_PAGE_CODE = "salesops_lib/publishing/"
_INDEX_ONLY = f"{_PAGE_CODE}template/index."
_FRAGMENT_STYLE = "salesops_lib/notebook/style/fragments.css"
_SHOWN = 12


@dataclass(frozen=True)
class KeyParts:
    """Named parts of a key.

    Parameters
    ----------
    parts : mapping of str to str
        SHA-256 of each part, by name.
    details : mapping of str to mapping
        Of parts made of files: short hash by file name.
    """

    parts: Mapping[str, str]
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key: SHA-256 of all parts."""
        return values_digest(self.parts)


@dataclass(frozen=True)
class Keys:
    """Both keys of a report.

    Parameters
    ----------
    execute : KeyParts
        While it stays the same, a run would bring the same outputs.
    render : KeyParts
        While it stays the same too, so would the page.
    """

    execute: KeyParts
    render: KeyParts


class Workshop:
    """What the keys of a project's reports are made from, each file read once.

    Parameters
    ----------
    root : Path
        Project folder.
    package : Path, optional
        Folder of the library. Default: the one that is running.
    """

    def __init__(self, root: Path, package: Path | None = None) -> None:
        self.sources = Sources(root, package)
        self.inputs = Inputs(root)
        self._root = root
        self._notebooks: dict[Path, NotebookSource] = {}
        self._code: dict[NotebookSource, tuple[dict[str, str], dict[str, str]]] = {}

    def notebook(self, path: Path) -> NotebookSource:
        """Cells of a notebook file."""
        if path not in self._notebooks:
            self._notebooks[path] = notebook_source(path.read_bytes())
        return self._notebooks[path]

    def code_files(self, notebook: NotebookSource) -> tuple[dict[str, str], dict[str, str]]:
        """Source files that the cells need, and files that texts in them name."""
        if notebook not in self._code:
            files, texts = self.sources.of_cells([source for source, _ in notebook.code])
            if not notebook.is_readable:
                files = self.sources.library
            self._code[notebook] = files, self.inputs.named_files(texts)
        return self._code[notebook]

    def keys(self, job: Job, notebook: Path | None = None) -> Keys:
        """Both keys of a job.

        Parameters
        ----------
        job : Job
            The job.
        notebook : Path, optional
            A copy of its notebook that stands for it.

        Returns
        -------
        Keys

        Raises
        ------
        OSError
            A file cannot be read.
        """
        source = self.notebook(notebook or job.notebook)
        execute = execute_key(job, source, self)
        return Keys(execute, render_key(job, source, self, execute))

    def keep(self) -> None:
        """Keep what was learnt of unchanged files for the next time."""
        self.sources.keep()
        self.inputs.keep()


def execute_key(job: Job, notebook: NotebookSource, workshop: Workshop) -> KeyParts:
    """Parts that a run's outputs depend on.

    Code cells with their tags; validated parameters; the library's and the
    project's source that the cells import, with templates and styles; files of
    the project that parameters or texts in the cells name; the translations into
    the report's language; the snapshot; the lock file; Python and the installed
    versions; how notebooks are executed.

    Parameters
    ----------
    job : Job
        The job.
    notebook : NotebookSource
        Its notebook.
    workshop : Workshop
        Where files are read.

    Returns
    -------
    KeyParts
    """
    library, named = workshop.code_files(notebook)
    files = named | workshop.inputs.named_files(job.parameters)
    catalogues = workshop.sources.catalogues(str(job.parameters.get("language", "")))
    parts = {
        "code cells": values_digest(notebook.code if notebook.is_readable else notebook.prose),
        "parameters": values_digest(job.parameters),
        "library": values_digest(library),
        "files": values_digest(files),
        "catalogue": values_digest(catalogues),
        "snapshot": workshop.inputs.snapshot(job.root / str(job.parameters.get("snapshot", ""))),
        "lock file": workshop.inputs.lock,
        "environment": workshop.inputs.environment,
        "engine": values_digest([ENGINE_VERSION, workshop.sources.file(_ENGINE)]),
    }
    details = {"library": library, "files": files, "catalogue": catalogues}
    return KeyParts(parts, {name: _short(made_of) for name, made_of in details.items()})


def render_key(
    job: Job, notebook: NotebookSource, workshop: Workshop, execute: KeyParts
) -> KeyParts:
    """Parts that a page depends on besides its notebook's outputs, and these.

    Prose; the page's templates, styles and the modules that make it; its
    language, its title, its name and the command that makes it again. Not the
    git commit and not the hash of the parameter file: the page names those that
    it was made at.

    Parameters
    ----------
    job : Job
        The job.
    notebook : NotebookSource
        Its notebook.
    workshop : Workshop
        Where files are read.
    execute : KeyParts
        Its execute key.

    Returns
    -------
    KeyParts
    """
    sources = workshop.sources.closure(_PAGE_MODULES)
    template = {
        name: sha256
        for name, sha256 in sources.items()
        if name == _FRAGMENT_STYLE
        or (name.startswith(_PAGE_CODE) and not name.startswith(_INDEX_ONLY))
    }
    about: dict[str, Any] = {
        "language": job.parameters.get("language"),
        "report": job.report,
        "scope": [str(job.scope), job.scope.label],
        "period": job.period,
        "name": job.place.name,
        "command": job.provenance.get("command"),
        "last issue": [job.prior, issue_key(job.place, job.prior)],
    }
    if in_place_of := job.provenance.get("snapshot", {}).get("in_place_of"):
        about["in place of"] = in_place_of
    parts = {
        "outputs": execute.key,
        "prose": values_digest(notebook.prose),
        "template": values_digest(template),
        "page": values_digest(about),
    }
    return KeyParts(parts, {"template": _short(template)})


def _short(files: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256[:_SHOWN] for name, sha256 in sorted(files.items())}
