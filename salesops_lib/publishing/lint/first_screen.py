"""The first screen: points 6 to 11."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS"]

_FEWEST, _MOST = 3, 7
_DIGIT = re.compile(r"\d")
# A share, a signed change, a multiple, a period, or the words for it.
_COMPARISON = re.compile(
    r"%|×|\bpp\b|[+\N{MINUS SIGN}▲▼]\s?\S?\d|\d{4}-\w|\bFY\d{4}|\b(?:vs|than|above|below|against)\b"
)
_ARROWS = re.compile(r"[▲▼■+\N{MINUS SIGN}=]")
_COVERAGE = ("data-as-of", "data-period", "data-rows", "data-excluded")


def title_says_what(subject: Subject) -> Iterator[Flaw]:
    """Point 6: a title and one main heading, with subject, period and scope."""
    document, report = subject.document, subject.report
    title = document.first("title")
    headings = document.all("h1")
    if len(headings) != 1:
        yield Flaw(
            f"the page has {len(headings)} main headings, not one",
            headings[1] if headings else None,
        )
    elif not headings[0].text:
        yield Flaw("the main heading is empty", headings[0])
    if title is None or not title.text:
        yield Flaw("the page has no title", title)
        return
    for part in ("title", "scope_label", "period_label"):
        wanted = " ".join(str(report.get(part, "")).split())
        if wanted not in title.text:
            yield Flaw(f"the title does not name “{wanted}”", title)
    if subject.path is not None and title.text in {subject.path.name, subject.path.stem}:
        yield Flaw("the title is the file's name", title)


def summary_comes_first(subject: Subject) -> Iterator[Flaw]:
    """Point 7: the first section holds three to seven findings, each with number and comparison."""
    findings = subject.findings
    if not findings or not subject.sections:
        yield Flaw("there is no list of findings (class so-findings)")
        return
    if subject.sections[0] not in findings[0].parents:
        yield Flaw("the findings do not stand in the first section", findings[0].parent)
    if not _FEWEST <= len(findings) <= _MOST:
        yield Flaw(f"there are {len(findings)} findings, 3 to 7 are wanted", findings[0].parent)
    for finding in findings:
        said = finding.first("strong") or finding
        if not _DIGIT.search(said.text):
            yield Flaw("the finding has no number", said)
        elif not _COMPARISON.search(said.text):
            yield Flaw("the finding compares with nothing", said)


def findings_say_what_to_do(subject: Subject) -> Iterator[Flaw]:
    """Point 8: each finding says what it means or what to do."""
    for finding in subject.findings:
        action = finding.first(class_name="so-action")
        if action is None or not action.text:
            yield Flaw("the finding does not say what to do (class so-action)", finding)


def key_figures_are_whole(subject: Subject) -> Iterator[Flaw]:
    """Point 9: value, unit, change on the prior period and against plan, signs as text."""
    if not subject.cards:
        yield Flaw("there is no strip of key figures (data-measure)")
    for card in subject.cards:
        name = card.get("data-measure")
        value = card.first(class_name="so-value")
        if not card.get("data-unit"):
            yield Flaw(f"the key figure `{name}` names no unit (data-unit)", card)
        if value is None:
            if card.first(class_name="so-missing") is None:
                yield Flaw(f"the key figure `{name}` shows neither a value nor why not", card)
            continue
        yield from _comparisons(card, name)


def _comparisons(card: Element, name: str) -> Iterator[Flaw]:
    for wanted, meaning in (("data-prior", "the period before"), ("data-plan", "the plan")):
        if wanted not in card.attributes:
            yield Flaw(f"`{name}` does not say how it stands to {meaning} ({wanted})", card)
    compared = [card.get("data-prior"), card.get("data-plan")]
    changes = card.all(class_name="so-change")
    if any(compared) and not changes:
        yield Flaw(f"`{name}` has something to compare with, but shows no change", card)
    for change in changes:
        if not _ARROWS.search(change.text) or not _DIGIT.search(change.text):
            yield Flaw("the change has no sign or number as text", change)


def freshness_is_shown(subject: Subject) -> Iterator[Flaw]:
    """Point 10: as-of date, period, rows and the share left out, above the first section."""
    found = subject.element("coverage")
    if found is None or not found.text:
        yield Flaw("nothing says how fresh and complete the data are (id coverage)", found)
        return
    for name in _COVERAGE:
        if not found.get(name):
            yield Flaw(f"freshness and coverage lack {name}", found)
    main = subject.document.first("main")
    if main is not None and found.place > main.place:
        yield Flaw("freshness and coverage do not stand at the top", found)
    if subject.report.get("as_of") != found.get("data-as-of"):
        yield Flaw("the as-of date is not that of the values", found)


def warnings_come_first(subject: Subject) -> Iterator[Flaw]:
    """Point 11: what is wrong with the data is said in the first section."""
    document = subject.document
    notes = document.of_class("so-notes")
    quality = [
        values
        for values in subject.data.get("others", [])
        if isinstance(values, dict) and values.get("kind") == "quality" and values.get("notes")
    ]
    if quality and not notes:
        yield Flaw("the data have faults that the page does not tell (class so-notes)")
    for note in notes:
        if not subject.sections or subject.sections[0] not in note.parents:
            yield Flaw("the warnings do not stand in the first section", note)


CHECKS: dict[int, Check] = {
    6: title_says_what,
    7: summary_comes_first,
    8: findings_say_what_to_do,
    9: key_figures_are_whole,
    10: freshness_is_shown,
    11: warnings_come_first,
}
