"""The file: points 34 to 38, 40 and 41."""

from __future__ import annotations

import contextlib
import getpass
import re
import socket
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS", "asks_outside"]

FIXED_LIMIT, TYPICAL_LIMIT, HARD_LIMIT = 40_000, 500_000, 2_000_000
ELEMENTS_LIMIT = 5_000
_PIECES = 5

_FETCHING = frozenset(
    {"src", "srcset", "href", "xlink:href", "data", "poster", "background", "manifest"}
    | {"action", "formaction", "ping", "code", "codebase", "archive", "cite", "imagesrcset"}
)
_LINKS = frozenset({"a", "area"})
_FOLLOWED = re.compile(
    r"(?!//)(?:#|data:(?:text/csv|application)|https?:|mailto:|[^:/?#]*(?:[/?#]|$))"
)
_OWN = re.compile(r"#|data:|$")
_LOADING = frozenset({"iframe", "frame", "object", "embed", "applet", "base", "portal"})
_CSS_URL = re.compile(r"url\(\s*['\"]?\s*(?!#|data:)([^)'\"]{0,60})", re.I)
_CSS_LOADS = re.compile(r"@import|image-set\(|expression\(|-moz-binding", re.I)
_DATA_TYPES = frozenset({"application/json", "application/ld+json", "text/plain"})
_UNUSED_CITE = frozenset({"blockquote", "q", "ins", "del"})

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "details", "div", "dl", "figure", "footer"}
    | {"form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p"}
    | {"pre", "section", "table", "ul"}
)
_FOLDERS = (
    *("home", "Users", "root", "tmp", "var", "private", "mnt", "opt", "srv", "etc"),
    *("work", "data", "usr"),
)
_PATHS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *((f"/{name}/", re.compile(rf"(?<![\w.~-])/{name}/[\w.-]+")) for name in _FOLDERS),
    (":\\", re.compile(r"\b[A-Za-z]:\\+(?:Users|Documents|Windows|Program|temp)\b")),
    ("file:///", re.compile("file:///")),
    ("\\\\", re.compile(r"\\\\[\w.-]+\\+[\w$]+")),
)
_KEYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("AKIA", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("_", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}")),
    ("xox", re.compile(r"\bxox[abprs]-[\w-]{10,}")),
    ("PRIVATE KEY", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    (".eyJ", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.")),
    ("sk-", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("://", re.compile(r"://[^\s/:@\"<]+:[^\s/@\"<]+@")),
)
"""What must stand in the file for a pattern to be looked for, and the pattern."""

_NAMED = ("password", "passwd", "api_key", "api-key", "apikey", "secret", "token")
_ASSIGNED = re.compile(
    rf"\b(?:{'|'.join(_NAMED)})\s*[=:]\s*['\"]?[^\s'\"<&;,.]{{6,}}", re.IGNORECASE
)
_SHARED_NAMES = frozenset({"root", "user", "admin", "localhost", "ubuntu", "runner", "jovyan"})
_SHORTEST_NAME = 5


def asks_nothing(subject: Subject) -> Iterator[Flaw]:
    """Point 34: the page asks for nothing but itself."""
    yield from asks_outside(subject)
    policies = [
        meta.get("content")
        for meta in subject.document.all("meta")
        if meta.get("http-equiv").lower() == "content-security-policy"
    ]
    if not any("default-src 'none'" in policy for policy in policies):
        yield Flaw("no content security policy forbids requests", subject.document.first("head"))


def asks_outside(subject: Subject) -> Iterator[Flaw]:
    """What would make a browser ask for something else than the file.

    Parameters
    ----------
    subject : Subject
        The page.

    Yields
    ------
    Flaw
    """
    for element in subject.document.elements:
        if element.tag in _LOADING:
            yield Flaw(f"<{element.tag}> loads or redirects", element)
        for name, value in element.attributes.items():
            if name in _FETCHING:
                allowed = _FOLLOWED if element.tag in _LINKS and name == "href" else _OWN
                text = "".join(value.split())
                if not allowed.match(text) and element.tag not in _UNUSED_CITE:
                    yield Flaw(f"{name} asks for {value[:60]}", element)
            elif name == "style" or "url(" in value:
                yield from _css_flaws(value, element)
            elif name.startswith("on"):
                yield Flaw(f"{name} runs a script", element)
    for sheet in subject.document.all("style"):
        yield from _css_flaws(sheet.raw_text, sheet)


def _css_flaws(css: str, element: Element) -> Iterator[Flaw]:
    for found in _CSS_URL.finditer(css):
        yield Flaw(f"the style asks for {found[1]}", element)
    loads = _CSS_LOADS.search(css)
    if loads is not None:
        yield Flaw(f"the style loads something ({loads[0]})", element)


def nothing_needs_a_script(subject: Subject) -> Iterator[Flaw]:
    """Point 35: all can be read without scripts."""
    for script in subject.document.all("script"):
        if script.get("type") not in _DATA_TYPES:
            yield Flaw("the report runs a script", script)
    for element in subject.document.elements:
        if "hidden" in element.attributes:
            yield Flaw("only a script could show this (hidden)", element)


def size_is_small(subject: Subject) -> Iterator[Flaw]:
    """Point 36: fixed part at most 40 KB, a report at most 500 KB, never above 2 MB."""
    document = subject.document
    size = len(subject.source.encode("utf-8", "replace"))
    varying = [document.first("main"), *map(subject.element, ("report-data", "inputs"))]
    fixed = size - sum(_bytes(element) for element in varying if element is not None)
    if fixed > FIXED_LIMIT:
        yield Flaw(f"the fixed part has {fixed:,} bytes, {FIXED_LIMIT:,} are the limit")
    for limit, what in ((HARD_LIMIT, "the hard limit"), (TYPICAL_LIMIT, "the limit")):
        if size > limit:
            pieces = ", ".join(f"{_bytes(e):,} in {e!r}" for e in _largest(subject))
            yield Flaw(f"the page has {size:,} bytes, {what} is {limit:,}; largest: {pieces}")
            return


def _bytes(element: Element) -> int:
    source = element.document.source
    return len(source[element.offset : element.until].encode("utf-8", "replace"))


def _largest(subject: Subject) -> list[Element]:
    pieces = subject.document.all("svg", "img", "table", "script", "style", "pre", "a")
    return sorted(pieces, key=lambda piece: -piece.size)[:_PIECES]


def elements_are_few(subject: Subject) -> Iterator[Flaw]:
    """Point 37: at most 5,000 elements."""
    found = subject.document.elements
    if len(found) > ELEMENTS_LIMIT:
        tables = subject.document.all("table")
        largest = max(tables, key=lambda table: len(table.inside), default=None)
        yield Flaw(
            f"the page has {len(found):,} elements, {ELEMENTS_LIMIT:,} are the limit; most are in",
            largest,
        )


def paper_is_thought_of(subject: Subject) -> Iterator[Flaw]:
    """Point 38: a style for paper: page size and number, table heads, nothing cut, no contents."""
    css = subject.document.css
    wanted = {
        r"@media print": "has no rules for paper (@media print)",
        r"@page\s*\{": "sets no page (@page)",
        r"counter\(page\)": "prints no page numbers (counter(page))",
        r"thead\s*\{[^}]*table-header-group": "does not repeat the heads of tables",
        r"break-inside:\s*avoid": "does not keep tables and charts whole (break-inside)",
        r"(?:^|[,}\s])nav\b[^{}]*\{[^}]*display:\s*none": "does not hide the contents on paper",
    }
    for pattern, flaw in wanted.items():
        if not re.search(pattern, css):
            yield Flaw(f"the style sheet {flaw}", subject.document.first("style"))


def markup_is_valid(subject: Subject) -> Iterator[Flaw]:
    """Point 40: tags are closed and nested, ids are there once."""
    document = subject.document
    if document.doctype.lower() != "doctype html":
        yield Flaw("the page does not begin with <!doctype html>")
    for message, element in document.faults:
        yield Flaw(f"the element {message}", element if element.tag else None)
    ids = Counter(e.attributes["id"] for e in document.elements if "id" in e.attributes)
    for element in document.elements:
        id_ = element.attributes.get("id")
        if id_ is not None and (ids[id_] > 1 or not id_ or id_.split() != [id_]):
            why = "stands more than once" if ids[id_] > 1 else "is empty or has blanks"
            yield Flaw(f"the id “{id_}” {why}", element)
        if element.tag in _BLOCKS and element.parent is not None and element.parent.tag == "p":
            yield Flaw(f"<{element.tag}> cannot stand in a paragraph", element)


def nothing_of_the_machine(subject: Subject) -> Iterator[Flaw]:
    """Point 41: no path, user, host, token or secret in the file."""
    source = subject.source
    for mark, pattern in _PATHS:
        for found in pattern.finditer(source) if mark in source else ():
            around = _element_at(subject, found.start())
            yield Flaw(f"a path of a machine stands in the file: {found[0]}", around)
    folded = source.casefold()
    keys = [pattern for mark, pattern in _KEYS if mark in source]
    keys += [_ASSIGNED] if any(name in folded for name in _NAMED) else []
    for pattern in keys:
        for found in pattern.finditer(source):
            around = _element_at(subject, found.start())
            yield Flaw(f"a secret stands in the file: {found[0][:6]}…", around)
    for name in _machine_names():
        named = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        found_name = re.search(named, source) if name in source else None
        if found_name is not None:
            yield Flaw(
                "the name of this machine, its user or folder stands in the file",
                _element_at(subject, found_name.start()),
            )


@cache
def _machine_names() -> tuple[str, ...]:
    """Names that only this machine would put into a page."""
    found = {socket.gethostname(), str(Path.home())}
    with contextlib.suppress(OSError, KeyError):
        found.add(getpass.getuser())
    return tuple(
        sorted(n for n in found if len(n) >= _SHORTEST_NAME and n.lower() not in _SHARED_NAMES)
    )


def _element_at(subject: Subject, place: int) -> Element | None:
    """Innermost element around a place of the file."""
    found = None
    for element in subject.document.elements:
        if element.offset > place:
            break
        if place < element.until:
            found = element
    return found


CHECKS: dict[int, Check] = {
    34: asks_nothing,
    35: nothing_needs_a_script,
    36: size_is_small,
    37: elements_are_few,
    38: paper_is_thought_of,
    40: markup_is_valid,
    41: nothing_of_the_machine,
}
