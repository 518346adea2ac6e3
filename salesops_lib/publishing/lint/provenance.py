"""Provenance: points 42 to 45."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

__all__ = ["CHECKS"]

_MADE_OF = (
    *("snapshot", "notebook", "parameters-file", "parameters"),
    *("library", "python", "packages"),
)
_HASH = 12


def made_of_is_shown(subject: Subject) -> Iterator[Flaw]:
    """Point 42: what the report was made of, each part with its hash."""
    provenance = subject.data.get("provenance")
    known = provenance if isinstance(provenance, dict) else {}
    footer = subject.document.first("footer")
    wanted = ["report-id", "run-stamp", *(f"made-of-{name}" for name in _MADE_OF)]
    if known.get("commit"):
        wanted.append("made-of-commit")
    for id_ in wanted:
        element = subject.element(id_)
        if element is None or not element.text:
            yield Flaw(f"the page does not say what it was made of (id {id_})", element or footer)
    for part in ("notebook", "parameters-file"):
        element, record = subject.element(f"made-of-{part}"), known.get(part.replace("-", "_"))
        sha256 = str(record.get("sha256", "")) if isinstance(record, dict) else ""
        if element is not None and sha256[:_HASH] not in element.text:
            yield Flaw("the hash shown is not that of the values", element)
    yield from _inputs(subject, known)


def _inputs(subject: Subject, known: dict[str, object]) -> Iterator[Flaw]:
    snapshot = known.get("snapshot")
    sources = snapshot.get("sources", []) if isinstance(snapshot, dict) else []
    shown = subject.element("inputs")
    if sources and shown is None:
        yield Flaw("the input files are not listed (id inputs)", subject.document.first("footer"))
    elif shown is not None:
        for source in sources:
            name, rows = " ".join(str(source.get("name")).split()), f"{source.get('rows', 0):,}"
            if name not in shown.text or rows not in shown.text.replace(".", ","):
                yield Flaw(f"the input file {name} is not listed with its {rows} rows", shown)


def command_is_shown(subject: Subject) -> Iterator[Flaw]:
    """Point 43: the command that makes the report again, whole."""
    commands = subject.document.of_class("command")
    wanted = str((subject.data.get("provenance") or {}).get("command", ""))
    if not commands or not commands[0].text:
        yield Flaw("no command makes the report again (class command)", None)
        return
    shown = commands[0].raw_text.strip()
    if shown != wanted.strip():
        yield Flaw("the command shown is not that of the values", commands[0])
    try:
        words = shlex.split(shown)
    except ValueError:
        words = []
    if words[:2] != ["salesops", "report"] or "--only" not in words:
        yield Flaw("the command does not make this one report", commands[0])


def measures_are_defined(subject: Subject) -> Iterator[Flaw]:
    """Point 44: each measure links to its definition: formula, what it counts, who keeps it."""
    for card in subject.cards:
        name = card.get("data-measure")
        link = card.first("a")
        if link is None or link.get("href") != f"#def-{name}":
            yield Flaw(f"`{name}` does not link to its definition", link or card)
    used = [subject.data.get("kpis", {}).get("measures", {}).get(k, {}) for k in subject.kpis]
    used += [m for m in subject.data.get("measures", []) if isinstance(m, dict)]
    for name in dict.fromkeys(str(m.get("definition", "")) for m in used):
        definition = subject.element(f"def-{name}")
        if definition is None:
            yield Flaw(f"`{name}` is used, but not defined (id def-{name})")
            continue
        formula, told = definition.first("b"), definition.first("dd")
        if formula is None or not formula.text:
            yield Flaw(f"the definition of `{name}` has no formula", definition)
        elif told is None or len(told.text) <= len(formula.text):
            yield Flaw(f"the definition of `{name}` does not say what it counts", definition)
        if not any(e.get("data-owner") for e in (definition, *definition.parents)):
            yield Flaw(f"the definition of `{name}` names no owner (data-owner)", definition)


def changes_are_told(subject: Subject) -> Iterator[Flaw]:
    """Point 45: what changed since the last issue."""
    changes = subject.element("changes")
    if changes is None or changes.first("h2") is None:
        yield Flaw("no section says what changed since the last issue (id changes)", changes)
    elif not any(e.text for e in changes.all() if e.tag in {"p", "li", "td"}):
        yield Flaw("the section on what changed since the last issue is empty", changes)


CHECKS: dict[int, Check] = {
    42: made_of_is_shown,
    43: command_is_shown,
    44: measures_are_defined,
    45: changes_are_told,
}
