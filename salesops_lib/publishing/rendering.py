"""An executed notebook as one self-contained HTML page, and as values for machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from salesops_lib.formats import Formatter
from salesops_lib.languages import SOURCE
from salesops_lib.publishing.content import Content, PageError, content_of
from salesops_lib.publishing.files import json_text
from salesops_lib.publishing.issues import last_issue, other_settings, restated
from salesops_lib.publishing.names import anchor
from salesops_lib.publishing.templates import style, template
from salesops_lib.words import table_word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.publishing.jobs import Job

__all__ = ["Page", "RunStamp", "page_of"]

VALUES_VERSION = 1
"""Raised when the layout of the values' JSON changes."""

_RESERVED = (
    *("content", "making", "parameters", "provenance", "inputs", "reproduce"),
    *("data-notes", "run-stamp", "report-id", "report-data", "coverage", "changes"),
)
_HASH_SHOWN = 12

MOST_BYTES = 2_000_000
"""Size above which a page is not made: browsers and mail servers begin to refuse it."""

_LARGEST = 5


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

    def text(self, show: Formatter) -> str:
        """When and how long, as people read it."""
        return show.say(
            "Run on {day} at {time} UTC, in {seconds} s",
            day=f"{self.finished:%Y-%m-%d}",
            time=f"{self.finished:%H:%M}",
            seconds=show.decimal(self.seconds, 1),
        )


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
        The outputs cannot become a page, or it would be larger than 2 MB.
    """
    show = _words(job)
    content = content_of(notebook, _RESERVED, show)
    report = _report(job, content, show)
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
        say=show.say,
        counted=show.counted,
        count=show.count,
        language=show.language,
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
            (name, _value_text(value, show), show.say(meanings.get(name, "")))
            for name, value in report["parameters"].items()
        ],
        provenance={"command": "", **provenance},
        made_of=_made_of(provenance, show),
        sources=snapshot.get("sources", []),
        tables=[
            {**table, "name": table_word(table["name"], show)}
            for table in snapshot.get("tables", [])
        ],
        cautions=_cautions(content),
        coverage=_coverage(provenance, report),
        issue=_issue(job, content, report, show),
        index=f"../../index.html#{anchor(job.place.period, job.place.report, job.place.name)}",
        stamp=stamp.text(show),
        json_name=job.place.json.name,
        # In a script element only `<` could end or nest anything.
        data=Markup(json_text(_embedded(values), indent=None).replace("<", "\\u003c")),  # noqa: S704
    )
    _check_size(html, content)
    run = {"finished": stamp.finished.isoformat(timespec="seconds"), "seconds": stamp.seconds}
    return Page(html, {**values, "run": run})


def _check_size(html: str, content: Content) -> None:
    """Raise where the page is too large to be sent and opened, naming what makes it so."""
    size = len(html.encode())
    if size <= MOST_BYTES:
        return
    pieces = [
        (len(block.body.encode()), section.title, (block.code or "prose").splitlines()[0])
        for section in content.sections
        for block in section.blocks
    ]
    pieces.sort(key=lambda piece: -piece[0])
    named = "; ".join(
        f"`{code[:60]}` in {title or 'the part before the first heading'} ({part / 1e6:.2f} MB)"
        for part, title, code in pieces[:_LARGEST]
    )
    raise PageError(
        f"the page would be {size / 1e6:.2f} MB, and may be {MOST_BYTES / 1e6:.0f} MB;"
        f" its largest pieces: {named}"
    )


def _cautions(content: Content) -> int:
    """How many notes on the data say that a figure is missing or to be read with care."""
    notes = [
        note
        for other in content.others
        if other.get("kind") == "quality"
        for note in other.get("notes", [])
    ]
    return sum(note.get("severity") != "repaired" for note in notes)


def _coverage(provenance: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """How fresh and how complete the data are, for machines."""
    tables = provenance.get("snapshot", {}).get("tables", [])
    kept = sum(table["rows"] for table in tables)
    excluded = sum(table["quarantined"] for table in tables)
    return {
        "as-of": report["as_of"],
        "period": report["period"],
        "rows": kept + excluded,
        "excluded": f"{excluded / (kept + excluded):.6f}" if kept + excluded else "",
    }


def _issue(
    job: Job, content: Content, report: Mapping[str, Any], show: Formatter
) -> dict[str, Any] | None:
    """What changed since the report of the period before; None where there is none."""
    issue = last_issue(job.place, job.prior)
    if issue is None:
        return None
    currency, named = report["currency"], job.place.of_period(job.prior)
    formats = Formatter(show.language, currency) if currency else show
    names = {
        definition["id"]: definition["name"]
        for other in content.others
        if other.get("kind") == "definitions"
        for definition in other.get("definitions", [])
    }
    return {
        "period": show.period(issue.period),
        "href": quote(f"../../{named.period}/{named.report}/{named.name}.html"),
        "as_of": str(issue.report.get("as_of") or ""),
        "snapshot": str(issue.report.get("snapshot") or ""),
        "settings": [
            (name, _value_text(then, show), _value_text(now, show))
            for name, then, now in other_settings(issue, report["parameters"])
        ],
        "compares": issue.report.get("currency") == currency,
        "restated": [
            (names.get(figure.id, figure.id.replace("_", " ")), figure.then, figure.now)
            for figure in restated(issue, content.kpis, formats)
        ],
    }


def _embedded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that the page itself carries; look-up tables are in the JSON beside it."""
    others = [other for other in values["others"] if other.get("kind") not in _BESIDE_THE_PAGE]
    return {**values, "others": others}


def _words(job: Job) -> Formatter:
    """Language of the page: the one that the job asks for."""
    language = job.parameters.get("language")
    return Formatter(language if isinstance(language, str) else SOURCE)


def _report(job: Job, content: Content, show: Formatter) -> dict[str, Any]:
    """What the notebook says of itself, completed from the job."""
    title = show.say(job.report.replace("_", " ").capitalize())
    given = {key: value for key, value in content.report.items() if key != "kind"}
    report: dict[str, Any] = {
        "name": job.report,
        "title": title,
        "scope": str(job.scope),
        "scope_label": (show.say("Company") if job.scope.kind == "company" else job.scope.label),
        "period": job.period,
        "period_label": show.period(job.period),
        "as_of": job.parameters.get("as_of"),
        "language": show.language,
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


def _made_of(provenance: Mapping[str, Any], show: Formatter) -> list[tuple[str, str, str]]:
    """Id, name and text of each line of the provenance list."""
    snapshot, say = provenance.get("snapshot", {}), show.say
    lines = [
        ("snapshot", say("Snapshot"), snapshot.get("id", "")),
        ("rebuilt", say("Rebuilt as of"), _day(snapshot.get("rebuilt_as_of"), show)),
        (
            "in-place-of",
            say("In place of a snapshot as of"),
            _day(snapshot.get("in_place_of"), show),
        ),
        ("notebook", say("Notebook"), _named_hash(provenance.get("notebook"))),
        ("parameters-file", say("Parameters"), _named_hash(provenance.get("parameters_file"))),
        (
            "parameters",
            say("Parameter values"),
            provenance.get("parameters_sha256", "")[:_HASH_SHOWN],
        ),
        ("library", say("Library"), f"salesops_lib {provenance.get('library', '')}"),
        ("commit", say("Git commit"), _commit_text(provenance.get("commit"), show)),
        ("python", "Python", provenance.get("python", "")),
        (
            "packages",
            say("Packages"),
            ", ".join(f"{name} {ver}" for name, ver in provenance.get("packages", {}).items()),
        ),
    ]
    return [(id_, name, value) for id_, name, value in lines if value]


def _day(stored: str | None, show: Formatter) -> str:
    return show.date(dt.date.fromisoformat(stored)) if stored else ""


def _commit_text(commit: Mapping[str, Any] | None, show: Formatter) -> str:
    if not commit:
        return ""
    short = commit["id"][:_HASH_SHOWN]
    return show.say("{commit} with changes", commit=short) if commit["dirty"] else short


def _named_hash(record: Mapping[str, str] | None) -> str:
    return f"{record['name']}, {record['sha256'][:_HASH_SHOWN]}" if record else ""


def _value_text(value: Any, show: Formatter) -> str:
    """Parameter value as people read it."""
    if value is None or value in ("", [], {}):
        return show.say("not set")
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return ", ".join(f"{key}: {_value_text(inner, show)}" for key, inner in value.items())
        case list():
            return ", ".join(_value_text(inner, show) for inner in value)
    return str(value)
