"""Reading: points 12 to 18 and 23, what stands where and says what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS"]

_HEADING = re.compile(r"h[1-6]")
_PROMPT = re.compile(r"\b(?:In|Out)\s?\[\s?\d*\s?\]")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")
_MOST_WORDS = 25
_UNIT_SIGN = re.compile(r"[%×$€£¥₺₹₩₽]|\b[A-Z]{3}\b")
_UNCERTAINTY = frozenset({"interval", "n", "exact"})
_NO_PRIOR = "none:"
_SHORTEST_REASON = 10


def contents_are_linked(subject: Subject) -> Iterator[Flaw]:
    """Point 12: a list of contents links to every section; each link inside the page resolves."""
    document = subject.document
    navigation = document.first("nav")
    if navigation is None or not navigation.get("aria-label"):
        yield Flaw("there is no list of contents (nav with aria-label)", navigation)
        return
    linked = {link.get("href") for link in navigation.all("a")}
    for heading in document.all("h2"):
        targets = [heading.id, *(around.id for around in heading.parents)]
        if not any(f"#{target}" in linked for target in targets if target):
            yield Flaw("the section is not in the list of contents", heading)
    for link in document.all("a"):
        target = link.get("href")
        if target.startswith("#") and target[1:] not in document.by_id:
            yield Flaw(f"the link {target} leads nowhere", link)


def headings_descend(subject: Subject) -> Iterator[Flaw]:
    """Point 13: no level of headings is skipped."""
    last = 0
    for element in subject.document.elements:
        if not _HEADING.fullmatch(element.tag):
            continue
        level = int(element.tag[1])
        if level > last + 1:
            above = f"h{last}" if last else "nothing"
            yield Flaw(f"h{level} follows {above}: a level is skipped", element)
        last = level


def code_is_folded(subject: Subject) -> Iterator[Flaw]:
    """Point 14: code can be reached and is folded; no prompts."""
    for block in subject.document.all("pre"):
        if block.first("code") is None or block.within(class_name="prose"):
            continue
        folds = [around for around in block.parents if around.tag == "details"]
        if not folds:
            yield Flaw("code is not folded", block)
        elif "open" in folds[0].attributes:
            yield Flaw("code stands open", folds[0])
    for section in subject.document.of_class("part"):
        if (
            section.first(class_name="cell") is not None
            and section.first("details", "code") is None
        ):
            yield Flaw("the section has no code to look at (details.code)", section)
    for text, owner in subject.document.seen_texts:
        if "[" in text and (found := _PROMPT.search(text)):
            yield Flaw(f"the prompt {found[0]!r} is shown", owner)


def figures_have_messages(subject: Subject) -> Iterator[Flaw]:
    """Point 15: the title of a figure says something, its axes carry units."""
    titles: set[str] = set()
    for figure in _figures(subject):
        title = figure.first(class_name="so-title")
        if title is None or not title.text:
            yield Flaw("the figure has no title (class so-title)", figure)
        elif title.text in titles:
            yield Flaw("two figures have one title", title)
        else:
            titles.add(title.text)
        drawing, unit = figure.first("svg"), figure.get("data-unit")
        if not unit:
            yield Flaw("the figure names no unit (data-unit)", figure)
        elif drawing is not None:
            words = " ".join(text.text for text in drawing.all("text"))
            if unit not in words and not _UNIT_SIGN.search(words):
                yield Flaw(f"no label in the figure names its unit, {unit}", drawing)


def figures_have_captions(subject: Subject) -> Iterator[Flaw]:
    """Point 16: each figure has a caption with its period and source."""
    source = str(subject.report.get("snapshot") or "")
    for figure in subject.document.all("figure"):
        caption = figure.first("figcaption")
        if caption is None or not caption.text:
            yield Flaw("the figure has no caption", figure)
            continue
        text = caption.text
        if source and source not in text:
            yield Flaw(f"the caption does not name the source, {source}", caption)
        if not re.search(r"\d{4}", text.replace(source, "")):
            yield Flaw("the caption does not name the period", caption)


def prior_period_is_drawn(subject: Subject) -> Iterator[Flaw]:
    """Point 17: each figure shows the period before, or says why there is none."""
    for figure in _figures(subject):
        prior = figure.get("data-prior")
        if not prior:
            yield Flaw("the figure does not name the period before (data-prior)", figure)
        elif prior.startswith(_NO_PRIOR):
            if len(prior) < len(_NO_PRIOR) + _SHORTEST_REASON:
                yield Flaw("the figure does not say why no period before is drawn", figure)
        elif prior not in figure.text:
            yield Flaw(f"the figure does not show {prior}", figure)


def uncertainty_is_shown(subject: Subject) -> Iterator[Flaw]:
    """Point 18: each estimate has an interval or its number of cases."""
    for figure in _figures(subject):
        kind = figure.get("data-uncertainty")
        if kind not in _UNCERTAINTY:
            allowed = ", ".join(sorted(_UNCERTAINTY))
            yield Flaw(f"the figure's data-uncertainty is none of {allowed}", figure)
        elif kind == "interval" and "95" not in _words_of(figure):
            yield Flaw("the figure does not say which interval it draws", figure)
    for card in subject.cards:
        shown = card.first(class_name="so-value")
        if shown is not None and not (card.get("data-n") or card.get("data-interval")):
            yield Flaw(
                f"`{card.get('data-measure')}` has neither number of cases nor interval"
                " (data-n, data-interval)",
                card,
            )


def sentences_are_short(subject: Subject) -> Iterator[Flaw]:
    """Point 23: sentences of the summary have at most 25 words; terms link to definitions."""
    for finding in subject.findings:
        parts = [e for e in finding.inside if e.tag == "strong" or "so-action" in e.classes]
        for part in parts or [finding]:
            for sentence in _SENTENCE_END.split(part.text):
                words = len(sentence.split())
                if words > _MOST_WORDS:
                    yield Flaw(f"a sentence has {words} words, 25 are the limit", part)
    for card in subject.cards:
        link = card.first("a")
        if link is None or not link.get("href").startswith("#"):
            yield Flaw("the term does not link to its definition", card)


def _figures(subject: Subject) -> list[Element]:
    """Charts that the library has drawn; pictures of others carry what they carry."""
    return [figure for figure in subject.document.all("figure") if figure.first("svg") is not None]


def _words_of(figure: Element) -> str:
    parts = [figure.first("figcaption"), *figure.all("title"), *figure.all("th")]
    return " ".join(part.text for part in parts if part is not None)


CHECKS: dict[int, Check] = {
    12: contents_are_linked,
    13: headings_descend,
    14: code_is_folded,
    15: figures_have_messages,
    16: figures_have_captions,
    17: prior_period_is_drawn,
    18: uncertainty_is_shown,
    23: sentences_are_short,
}
