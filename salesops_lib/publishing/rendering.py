"""An executed notebook as one self-contained HTML page, and as values for machines."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from salesops_lib.publishing.content import Content, content_of
from salesops_lib.publishing.files import json_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.jobs import Job

__all__ = ["Page", "RunStamp", "page_of", "style", "template"]

VALUES_VERSION = 1
"""Raised when the layout of the values' JSON changes."""

_RESERVED = ("content", "making", "parameters", "provenance", "inputs", "reproduce")
_HASH_SHOWN = 12
_HYPHENED = re.compile(r"\b([0-9]{4}-[0-9A-Za-z-]{2,30})\b")


@dataclass(frozen=True)
class RunStamp:
    """What differs between two runs of the same job; it stands in one place of the page.

    Parameters
    ----------
    finished : datetime
        When the run ended, UTC.
    seconds : float
        How long it took.
    """

    finished: dt.datetime
    seconds: float

    def __str__(self) -> str:
        return f"Run on {self.finished:%Y-%m-%d at %H:%M} UTC, in {self.seconds:.1f} s"


@dataclass(frozen=True)
class Page:
    """A report, ready to be published.

    Parameters
    ----------
    html : str
        The page.
    values : dict
        Everything on it for machines; JSON values.
    """

    html: str
    values: dict[str, Any]


_BESIDE_THE_PAGE = {"breakdown", "ingest"}
"""Kinds of values that would be most of a page's bytes; the page shows them as tables."""


def page_of(
    job: Job,
    notebook: NotebookNode,
    provenance: Mapping[str, Any],
    meanings: Mapping[str, str],
    stamp: RunStamp,
) -> Page:
    """Page of an executed notebook.

    Parameters
    ----------
    job : Job
        The job.
    notebook : NotebookNode
        Notebook with its outputs.
    provenance : mapping
        What the report was made of.
    meanings : mapping of str to str
        What each parameter means.
    stamp : RunStamp
        When and how long.

    Returns
    -------
    Page
        Byte for byte the same for the same inputs, but for the element
        ``run-stamp`` and the key ``run``.

    Raises
    ------
    PageError
        The outputs cannot become a page.
    """
    content = content_of(notebook, _RESERVED)
    report = _report(job, content)
    values = {
        "version": VALUES_VERSION,
        "report": report,
        "findings": content.findings,
        "kpis": content.kpis,
        "measures": content.measures,
        "others": content.others,
        "provenance": dict(provenance),
    }
    snapshot = provenance.get("snapshot", {})
    html = template("report.html.j2").render(
        language=report["language"],
        title=" · ".join((report["title"], report["scope_label"], report["period_label"])),
        kicker=report["kicker"],
        heading=content.findings.get("headline")
        or f"{report['title']}: {report['scope_label']}, {report['period_label']}",
        meta=report["meta"],
        css=style("report.css"),
        sections=content.sections,
        about=content.about,
        setup=content.setup,
        parameters=[
            (name, _value_text(value), meanings.get(name, ""))
            for name, value in report["parameters"].items()
        ],
        provenance={"command": "", **provenance},
        made_of=_made_of(provenance),
        sources=snapshot.get("sources", []),
        tables=snapshot.get("tables", []),
        stamp=str(stamp),
        json_name=job.place.json.name,
        # In a script element only `<` could end or nest anything.
        data=Markup(json_text(_embedded(values), indent=None).replace("<", "\\u003c")),  # noqa: S704
    )
    run = {"finished": stamp.finished.isoformat(timespec="seconds"), "seconds": stamp.seconds}
    return Page(html, {**values, "run": run})


def _embedded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that the page itself carries; look-up tables are in the JSON beside it."""
    others = [other for other in values["others"] if other.get("kind") not in _BESIDE_THE_PAGE]
    return {**values, "others": others}


def style(*names: str) -> Markup:
    """Style sheets of the page: fragments, what all pages share, and these."""
    files = resources.files("salesops_lib")
    sheets = [files / "notebook" / "style" / "fragments.css"]
    sheets += [files / "publishing" / "template" / name for name in ("page.css", *names)]
    return Markup("\n".join(sheet.read_text("utf-8").strip() for sheet in sheets))  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("salesops_lib.publishing", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> Markup:
    """Text whose dates, periods and ids, such as 2026-Q3, stay on one line."""
    return Markup().join(
        Markup("<span class=nowrap>{}</span>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(_HYPHENED.split(text))
    )


def template(name: str) -> Any:
    """Template of the publishing package; it escapes every value."""
    return _environment().get_template(name)


def _report(job: Job, content: Content) -> dict[str, Any]:
    """What the notebook says of itself, completed from the job."""
    title = job.report.replace("_", " ").capitalize()
    given = {key: value for key, value in content.report.items() if key != "kind"}
    report: dict[str, Any] = {
        "name": job.report,
        "title": title,
        "scope": str(job.scope),
        "scope_label": job.scope.label,
        "period": job.period,
        "period_label": job.period,
        "as_of": job.parameters.get("as_of"),
        "language": job.parameters.get("language", "en"),
        "currency": job.parameters.get("currency", {}).get("reporting"),
        "snapshot": job.provenance.get("snapshot", {}).get("id"),
        "meta": [],
    } | given
    report.setdefault(
        "kicker", " · ".join((report["title"], report["scope_label"], report["period_label"]))
    )
    # As they were passed; a folder outside the project is named, not located.
    report["parameters"] = dict(job.parameters)
    place = report["parameters"].get("snapshot")
    if (isinstance(place, str) and place.startswith(("/", "\\"))) or ":" in str(place or ""):
        report["parameters"]["snapshot"] = report["snapshot"]
    return report


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def _made_of(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and text of each line of the provenance list."""
    snapshot, commit = provenance.get("snapshot", {}), provenance.get("commit")
    lines = [
        ("Snapshot", snapshot.get("id", "")),
        ("Notebook", _named_hash(provenance.get("notebook"))),
        ("Parameters", _named_hash(provenance.get("parameters_file"))),
        ("Parameter values", provenance.get("parameters_sha256", "")[:_HASH_SHOWN]),
        ("Library", f"salesops_lib {provenance.get('library', '')}"),
        (
            "Commit",
            commit["id"][:_HASH_SHOWN] + (" with changes" if commit["dirty"] else "")
            if commit
            else "",
        ),
        ("Python", provenance.get("python", "")),
        (
            "Packages",
            ", ".join(f"{name} {ver}" for name, ver in provenance.get("packages", {}).items()),
        ),
    ]
    return [(name, value) for name, value in lines if value]


def _named_hash(record: Mapping[str, str] | None) -> str:
    return f"{record['name']}, {record['sha256'][:_HASH_SHOWN]}" if record else ""


def _value_text(value: Any) -> str:
    """Parameter value as people read it."""
    if value is None or value in ("", [], {}):
        return "not set"
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return ", ".join(f"{key}: {_value_text(inner)}" for key, inner in value.items())
        case list():
            return ", ".join(_value_text(inner) for inner in value)
    return str(value)
