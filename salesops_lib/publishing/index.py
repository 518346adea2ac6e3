"""The page that lists every report on disk, good and failed."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.languages import SOURCE, languages
from salesops_lib.publishing.files import json_object, write_atomically
from salesops_lib.publishing.jobs import FAILED
from salesops_lib.publishing.names import anchor
from salesops_lib.publishing.templates import style, template
from salesops_lib.results import change_of
from salesops_lib.words import grouping_word

__all__ = ["Entry", "Failure", "Neighbour", "entries", "index_html", "write_index"]

_HEADLINE = "bookings"
_KINDS = ("company", "region", "team", "rep")
_YEAR = re.compile(r"[0-9]{4}")
_DIGIT = re.compile(r"[0-9]")


@dataclass(frozen=True)
class Failure:
    """A run that brought no report.

    Parameters
    ----------
    reason : str
        Why.
    where : str
        Cell and line.
    notebook : str
        Link to the notebook as far as it came; empty without one.
    when : str
        End of the run, UTC.
    """

    reason: str
    where: str = ""
    notebook: str = ""
    when: str = ""


@dataclass(frozen=True)
class Neighbour:
    """The same report of another period.

    Parameters
    ----------
    period : str
        Its period.
    href : str
        Link to it.
    """

    period: str
    href: str


@dataclass(frozen=True)
class Entry:
    """One line of the index.

    Parameters
    ----------
    period, report, name : str
        Folder, folder and file name that it was found under.
    title, label : str
        Report and scope for readers.
    scope : str
        Scope as parameters name it.
    href : str
        Link to the last good report; empty without one.
    values : str
        Link to its values.
    headline : str
        Its message.
    figure, change, tone : str
        Bookings, their change on the period before, and whether that is good news.
    as_of : str
        Day that its figures stand at.
    size : int
        Bytes of the page.
    attained : float, optional
        Share of the quota that was booked; `attained_text` as people read it.
    earlier, later : Neighbour, optional
        The same report of the nearest periods of the same kind.
    failure : Failure, optional
        What happened to a later run.
    language : str
        Language of the report.
    """

    period: str
    report: str
    name: str
    title: str
    label: str
    scope: str = ""
    href: str = ""
    values: str = ""
    headline: str = ""
    figure: str = ""
    change: str = ""
    tone: str = ""
    as_of: str = ""
    size: int = 0
    attained: float | None = None
    attained_text: str = ""
    earlier: Neighbour | None = None
    later: Neighbour | None = None
    failure: Failure | None = None
    language: str = SOURCE

    @property
    def anchor(self) -> str:
        """Id of the line, to which the report links back."""
        return anchor(self.period, self.report, self.name)

    @property
    def size_text(self) -> str:
        """Size as people read it."""
        return f"{max(1, round(self.size / 1024)):,} KB" if self.size else ""


def write_index(reports: Path) -> Path:
    """Write ``index.html`` of a reports folder, over everything found in it.

    Parameters
    ----------
    reports : Path
        Reports folder.

    Returns
    -------
    Path
        The page's file.
    """
    path = reports / "index.html"
    write_atomically(path, index_html(entries(reports)))
    return path


def entries(reports: Path) -> list[Entry]:
    """Every report and every failed run on disk, in the order of the index.

    Parameters
    ----------
    reports : Path
        Reports folder.

    Returns
    -------
    list of Entry
        Latest period first; in it by report, then company, regions, teams, reps.
    """
    found = {
        page.relative_to(reports).with_suffix("").parts: _entry(reports, page)
        for page in reports.glob("*/*/*.html")
        if not _hidden(page, reports)
    }
    failed = reports / FAILED
    for record in failed.glob("*/*/*.json"):
        if not _hidden(record, failed):
            key = record.relative_to(failed).with_suffix("").parts
            found[key] = _with_failure(found.get(key), record, key)
    # A report that has only failed so far is called what it is called elsewhere.
    titles = {entry.report: entry.title for entry in found.values() if entry.href}
    named = [replace(e, title=titles.get(e.report, e.title)) for e in found.values()]
    return sorted(_with_neighbours(named), key=_order)


def _with_neighbours(listed: list[Entry]) -> list[Entry]:
    """Entries with links to the issues before and after them; quarters follow quarters."""
    series: dict[tuple[str, ...], list[Entry]] = {}
    for entry in listed:
        if entry.href:
            kind = _DIGIT.sub("0", entry.period)
            series.setdefault((entry.report, entry.name, kind), []).append(entry)
    linked: dict[tuple[str, ...], dict[str, Neighbour]] = {}
    for issues in series.values():
        issues.sort(key=lambda entry: entry.period)
        for before, after in itertools.pairwise(issues):
            linked.setdefault(_key(before), {})["later"] = Neighbour(after.period, after.href)
            linked.setdefault(_key(after), {})["earlier"] = Neighbour(before.period, before.href)
    return [
        replace(entry, earlier=beside.get("earlier"), later=beside.get("later"))
        for entry in listed
        for beside in [linked.get(_key(entry), {})]
    ]


def _key(entry: Entry) -> tuple[str, str, str]:
    return entry.period, entry.report, entry.name


def index_html(listed: list[Entry]) -> str:
    """The index page.

    Parameters
    ----------
    listed : list of Entry
        What it lists, in order.

    Returns
    -------
    str
    """
    groups: dict[str, dict[str, list[Entry]]] = {}
    for entry in listed:
        groups.setdefault(entry.period, {}).setdefault(entry.title, []).append(entry)
    script = (resources.files("salesops_lib") / "publishing" / "template" / "index.js").read_text(
        "utf-8"
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    show = Formatter(_language(listed))
    html: str = template("index.html.j2").render(
        say=show.say,
        counted=show.counted,
        count=show.count,
        period_text=show.period,
        grouping=lambda kind: grouping_word(kind, show),
        language=show.language,
        css=style("index.css"),
        groups=groups,
        reports=sum(1 for entry in listed if entry.href),
        failures=sum(1 for entry in listed if entry.failure),
        first_failure=next((entry.anchor for entry in listed if entry.failure), ""),
        script=Markup(script),  # noqa: S704 (our own file)
        script_hash=digest,
    )
    return html


def _language(listed: list[Entry]) -> str:
    """Language of the index: the one that most reports of the latest period are in."""
    latest = [entry.language for entry in listed if entry.period == listed[0].period and entry.href]
    return max(sorted(set(latest)), key=latest.count, default=SOURCE)


def _known(language: Any) -> str:
    """Language of a report on disk; English where its catalogue is gone."""
    return language if isinstance(language, str) and language in languages() else SOURCE


def _entry(reports: Path, page: Path) -> Entry:
    period, report, name = page.relative_to(reports).with_suffix("").parts
    beside = page.with_suffix(".json")
    values = json_object(beside)
    about = values.get("report")
    about = about if isinstance(about, dict) else {}
    entry = Entry(
        period=period,
        report=report,
        name=name,
        title=_text(about.get("title")) or report.replace("_", " ").capitalize(),
        label=_text(about.get("scope_label")) or name,
        scope=_text(about.get("scope")),
        href=_link(page, reports),
        values=_link(beside, reports) if values else "",
        headline=_text((values.get("findings") or {}).get("headline")),
        as_of=_text(about.get("as_of")),
        size=page.stat().st_size,
        language=_known(about.get("language")),
    )
    figure, change, tone = _figure(values, about)
    attained, text = _attained(values, about)
    return replace(
        entry,
        figure=figure,
        change=change,
        tone=tone,
        attained=attained,
        attained_text=text,
    )


def _with_failure(entry: Entry | None, record: Path, key: tuple[str, ...]) -> Entry:
    values = json_object(record)
    notebook = record.with_suffix(".ipynb")
    parts = [
        f"cell {values['cell']}" if values.get("cell") else "",
        f"line {values['line']}" if values.get("line") else "",
    ]
    run = values.get("run")
    failure = Failure(
        reason=_text(values.get("reason")) or "the record of the run cannot be read",
        where=", ".join(part for part in parts if part),
        notebook=_link(notebook, record.parents[3]) if notebook.is_file() else "",
        when=_text(run.get("finished") if isinstance(run, dict) else None)[:16].replace("T", " "),
    )
    if entry is None:
        period, report, name = key
        entry = Entry(
            period=period,
            report=report,
            name=name,
            title=report.replace("_", " ").capitalize(),
            label=_text(values.get("scope_label")) or name,
            scope=_text(values.get("scope")),
            as_of=_text(values.get("as_of")),
        )
    return replace(entry, failure=failure)


def _figure(values: dict[str, Any], about: dict[str, Any]) -> tuple[str, str, str]:
    """Bookings, their change on the period before, and its tone; empty where there are none."""
    try:
        measure = values["kpis"]["measures"][_HEADLINE]
        rows = {row["role"]: row["value"] for row in measure["rows"]}
        show = Formatter(about["language"], about["currency"])
        figure = show.value(rows["current"], measure["unit"], compact=True)
        change = change_of(rows["current"], rows.get("prior"), measure["unit"])
    except (KeyError, TypeError, AttributeError, InputError):
        return "", "", ""
    if change is None:
        return figure, "", ""
    return (
        figure,
        show.share(change, signed=True),
        ("good" if change > 0 else "bad" if change else ""),
    )


def _attained(values: dict[str, Any], about: dict[str, Any]) -> tuple[float | None, str]:
    """Share of the quota that was booked, as a number and as text; none without a quota."""
    try:
        rows = values["kpis"]["measures"]["attainment"]["rows"]
        (share,) = (row["value"] for row in rows if row["role"] == "current")
        return float(share), Formatter(about["language"], about["currency"]).share(share, 0)
    except (KeyError, TypeError, ValueError, AttributeError, InputError):
        return None, ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _link(path: Path, reports: Path) -> str:
    return quote(path.relative_to(reports).as_posix())


def _hidden(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return parts[0] == FAILED or any(part.startswith(".") for part in parts)


def _order(entry: Entry) -> tuple[Any, ...]:
    year = _YEAR.search(entry.period)
    kind = entry.scope.partition(":")[0]
    return (
        # Latest year first, and within it the latest label.
        -int(year[0]) if year else 0,
        [-ord(sign) for sign in entry.period],
        entry.title,
        _KINDS.index(kind) if kind in _KINDS else len(_KINDS),
        entry.label.casefold(),
        entry.name,
    )
