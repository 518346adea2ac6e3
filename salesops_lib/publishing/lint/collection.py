"""The set of reports: points 46 to 49, over the index and the files around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from salesops_lib.publishing.files import json_object
from salesops_lib.publishing.jobs import FAILED
from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["INDEX_CHECKS", "PAGE_CHECKS", "page_paths"]

INDEX = "index.html"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_HASHED = re.compile(r"script-src 'sha256-")


def page_paths(reports: Path) -> list[Path]:
    """Pages of a reports folder, those of failed runs and hidden ones left out.

    Parameters
    ----------
    reports : Path
        Reports folder.

    Returns
    -------
    list of Path
        ``<period>/<report>/<scope>.html``, sorted.
    """
    found = (path for path in reports.glob("*/*/*.html"))
    return sorted(
        path
        for path in found
        if path.relative_to(reports).parts[0] != FAILED
        and not any(part.startswith(".") for part in path.relative_to(reports).parts)
    )


def index_lists_all(index: Subject) -> Iterator[Flaw]:
    """Point 46: every report, with figure, change, date and size; each failed run and why."""
    if index.path is None:
        return
    reports, items = index.path.parent, _items(index)
    by_target = {_target(link): item for item in items for link in item.all("a")}
    for page in page_paths(reports):
        item = by_target.get(page.relative_to(reports).as_posix())
        if item is None:
            yield Flaw(f"the index does not list {page.relative_to(reports).as_posix()}")
            continue
        yield from _entry_flaws(item, json_object(page.with_suffix(".json")))
    for record in sorted((reports / FAILED).glob("*/*/*.json")):
        yield from _failure_flaws(index, record, reports)
    yield from _neighbours(items, reports)


def _entry_flaws(item: Element, values: dict[str, object]) -> Iterator[Flaw]:
    figure, facts = item.first(class_name="figure"), item.first(class_name="facts")
    if _has_figure(values) and (figure is None or not re.search(r"\d", figure.text)):
        yield Flaw("the report is listed without its headline figure", item)
    report = values.get("report")
    as_of = str(report.get("as_of") or "") if isinstance(report, dict) else ""
    years = re.findall(r"\d{4}", as_of)[:1]
    # The line of the date alone: the links below it name periods, and with them years.
    dated = (facts.first("p") or facts).text if facts is not None else ""
    if not all(year in dated for year in years):
        yield Flaw("the report is listed without its date", item)
    if facts is None or not re.search(r"\d\s*[KMk]i?B", facts.text):
        yield Flaw("the report is listed without its size", item)


def _has_figure(values: dict[str, object]) -> bool:
    try:
        rows = values["kpis"]["measures"]["bookings"]["rows"]  # type: ignore[index]
        return any(row["role"] == "current" and row["value"] is not None for row in rows)
    except (KeyError, TypeError):
        return False


def _failure_flaws(index: Subject, record: Path, reports: Path) -> Iterator[Flaw]:
    reason = " ".join(str(json_object(record).get("reason", "")).split())
    told = [e for e in index.document.of_class("failure") if reason in e.text]
    name = record.relative_to(reports).as_posix()
    if not told:
        yield Flaw(f"the index does not give the reason of the failed run {name}")
        return
    notebook = record.with_suffix(".ipynb").relative_to(reports).as_posix()
    linked = {_target(link) for element in told for link in element.all("a")}
    if (reports / notebook).is_file() and notebook not in linked:
        yield Flaw(f"the failure does not link to {notebook}", told[0])


def _neighbours(items: Iterable[Element], reports: Path) -> Iterator[Flaw]:
    """Reports of the same scope in other periods are linked from one to the next."""
    periods: dict[tuple[str, str, str], list[str]] = {}
    for page in page_paths(reports):
        period, report, name = page.relative_to(reports).parts
        # Quarters follow quarters, and months months.
        periods.setdefault((report, name, re.sub(r"\d", "0", period)), []).append(period)
    for item in items:
        hrefs = {_target(link) for link in item.all("a")}
        for (report, name, _), found in periods.items():
            linked = [period for period in found if f"{period}/{report}/{name}" in hrefs]
            if len(found) > 1 and len(linked) == 1:
                yield Flaw("the report does not link to that of the period before or after", item)


def index_works_from_a_file(index: Subject) -> Iterator[Flaw]:
    """Point 47: complete without a script, with a filter where there is one."""
    document = index.document
    fields = [e for e in document.all("input") if e.get("type") == "search"]
    if not fields:
        yield Flaw("the index has no filter")
    for script in document.all("script"):
        if "src" in script.attributes:
            yield Flaw("the index asks for a script", script)
    policy = " ".join(meta.get("content") for meta in document.all("meta"))
    if document.all("script") and not _HASHED.search(policy):
        yield Flaw("the index lets any script run", document.first("head"))
    for item in _items(index):
        if "hidden" in item.attributes:
            yield Flaw("only a script could show this report", item)


def names_are_stable(page: Subject) -> Iterator[Flaw]:
    """Point 48: folders and file have plain names: period, report, scope."""
    if page.path is None:
        return
    parts = page.path.absolute().parts[-3:]
    for part in parts:
        if not _FILE_NAME.fullmatch(part):
            yield Flaw(f"the name `{part}` is not plain ASCII without blanks")
    period = page.report.get("period")
    if period and len(parts) == 3 and parts[0] != period:
        yield Flaw(f"the page of {period} lies in the folder {parts[0]}")


def links_resolve(page: Subject) -> Iterator[Flaw]:
    """Point 49: a link back to the index and one to the period before; all files are there."""
    links = page.document.all("a")
    targets = [_target(link) for link in links]
    if page.report:
        if not any(target.endswith(INDEX) for target in targets):
            yield Flaw("the page does not link back to the index", page.document.first("header"))
        changes = page.element("changes")
        is_first = changes is not None and changes.attributes.get("data-last-issue") == ""
        if not is_first and not any(link.get("rel") == "prev" for link in links):
            yield Flaw("the page does not link to the period before", page.document.first("header"))
    if page.path is None:
        return
    for link, target in zip(links, targets, strict=True):
        if target and not (page.path.parent / target).exists():
            yield Flaw(f"the link leads to no file: {target}", link)


def index_links_resolve(index: Subject) -> Iterator[Flaw]:
    """Point 49, for the index: every link leads to a file."""
    yield from links_resolve(index)


def _items(index: Subject) -> list[Element]:
    return [
        item
        for item in index.document.all("li")
        if item.parent is not None and "reports" in item.parent.classes
    ]


def _target(link: Element) -> str:
    """File that a link names, from the page's folder; empty for another kind of link."""
    href = link.get("href")
    if not href or href.startswith("#") or _SCHEME.match(href):
        return ""
    return unquote(href.partition("#")[0].partition("?")[0])


IndexCheck = Callable[[Subject], Iterable[Flaw]]

INDEX_CHECKS: dict[int, IndexCheck] = {
    46: index_lists_all,
    47: index_works_from_a_file,
    49: index_links_resolve,
}
PAGE_CHECKS: dict[int, Check] = {48: names_are_stable, 49: links_resolve}
