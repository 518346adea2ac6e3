"""Accessibility: points 24 to 26 and 31, as far as the file decides them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS"]

_SHORTEST, _LONGEST = 20, 300
_FILLER = re.compile(r"no description has been provided|^(?:image|figure|png|chart|plot)$", re.I)
_DIGIT = re.compile(r"\d")
_REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "for")
_LISTS = {"ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}}
_ANYWHERE = frozenset({"script", "template"})
_ACTING = frozenset({"a", "button", "input", "select", "textarea", "summary"})
_CONTROLS = frozenset({"input", "select", "textarea"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NO_ZOOM = re.compile(r"user-scalable\s*=\s*(?:no|0)|maximum-scale\s*=\s*[01](?:\D|$)", re.I)


def rules_of_the_markup(subject: Subject) -> Iterator[Flaw]:
    """Point 24: the rules of WCAG that the markup alone decides."""
    yield from _names(subject)
    yield from _structure(subject)
    yield from _references(subject)
    yield from _viewport(subject)


def _names(subject: Subject) -> Iterator[Flaw]:
    """What acts or shows has a name that can be read out."""
    document = subject.document
    for picture in document.all("img"):
        if "alt" not in picture.attributes:
            yield Flaw("the picture has no alt text", picture)
    for drawing in document.all("svg"):
        hidden = drawing.get("aria-hidden") == "true"
        if not hidden and not (drawing.get("role") == "img" and _drawing_name(drawing)):
            yield Flaw("the drawing has no name (role img, title), and is not hidden", drawing)
    for element in document.all("a", "button", "summary"):
        if not element.text and not element.get("aria-label"):
            pictures = [e.get("alt") for e in element.all("img")]
            if not any(pictures):
                yield Flaw("there is nothing to read out", element)
    labelled = {label.get("for") for label in document.all("label")}
    for control in document.all(*_CONTROLS):
        named = control.get("aria-label") or control.get("aria-labelledby")
        if control.get("type") != "hidden" and not named and control.id not in labelled:
            yield Flaw("the control has no label", control)


def _structure(subject: Subject) -> Iterator[Flaw]:
    """Lists, headings and parts of the page are built as they say."""
    document = subject.document
    for tag, allowed in _LISTS.items():
        for found in document.all(tag):
            for child in found.children:
                if child.tag not in allowed | _ANYWHERE:
                    yield Flaw(f"<{child.tag}> stands right in <{tag}>", child)
    for item in document.all("li"):
        if item.parent is None or item.parent.tag not in {"ul", "ol", "menu"}:
            yield Flaw("the item belongs to no list", item)
    yield from _parts(subject)


def _parts(subject: Subject) -> Iterator[Flaw]:
    document = subject.document
    for heading in document.all("h1", "h2", "h3", "h4", "h5", "h6"):
        if not heading.text:
            yield Flaw("the heading is empty", heading)
    for element in document.all(*_ACTING):
        if any(around.tag in {"a", "button"} for around in element.parents):
            yield Flaw("what acts stands in something else that acts", element)
    parts = [(e.tag, _part_name(e), e) for e in document.all("nav", "aside", "section")]
    names = Counter((tag, name) for tag, name, _ in parts)
    for tag, name, element in parts:
        # A section without a name is no landmark.
        if names[tag, name] > 1 and (name or tag != "section"):
            yield Flaw("two parts of the page have one name", element)


def _part_name(element: Element) -> str:
    by_id = element.document.by_id
    named = [by_id[id_].text for id_ in element.get("aria-labelledby").split() if id_ in by_id]
    return " ".join(named) or element.get("aria-label")


def _references(subject: Subject) -> Iterator[Flaw]:
    """What names another element names one that is there."""
    ids = subject.document.by_id
    for element in subject.document.elements:
        attributes = element.attributes
        for name in _REFERENCES:
            if name in attributes:
                for wanted in attributes[name].split() or [""]:
                    if wanted not in ids:
                        yield Flaw(f"{name} names “{wanted}”, which is not there", element)


def _viewport(subject: Subject) -> Iterator[Flaw]:
    for meta in subject.document.all("meta"):
        if meta.get("name") == "viewport" and _NO_ZOOM.search(meta.get("content")):
            yield Flaw("the page forbids to zoom", meta)
        if meta.get("http-equiv").lower() == "refresh":
            yield Flaw("the page leaves by itself", meta)


def page_has_parts(subject: Subject) -> Iterator[Flaw]:
    """Point 25: language, main part, skip link, contents and footer."""
    document = subject.document
    html = document.first("html")
    if html is None or not _LANGUAGE.fullmatch(html.get("lang")):
        yield Flaw("the page names no language (lang)", html)
    for tag in ("main", "footer"):
        found = document.all(tag)
        if len(found) != 1:
            yield Flaw(f"the page has {len(found)} <{tag}>, not one", found[1] if found else None)
    if document.first("nav") is None:
        yield Flaw("the page has no <nav>")
    links = document.all("a")
    main = document.first("main")
    if main is not None and (not links or links[0].get("href") != f"#{main.id}"):
        yield Flaw("the first link does not skip to the main part", links[0] if links else main)


def pictures_are_described(subject: Subject) -> Iterator[Flaw]:
    """Point 26: each picture has its own alt text, with a number, of 20 to 300 characters."""
    seen: set[str] = set()
    for picture in subject.document.elements:
        if picture.tag == "img":
            text = " ".join(picture.get("alt").split())
        elif picture.tag == "svg" and picture.get("role") == "img":
            text = _drawing_name(picture)
        else:
            continue
        if not _SHORTEST <= len(text) <= _LONGEST:
            yield Flaw(f"the alt text has {len(text)} characters, 20 to 300 are wanted", picture)
        elif not _DIGIT.search(text):
            yield Flaw("the alt text has no number", picture)
        elif _FILLER.search(text):
            yield Flaw("the alt text says nothing of the picture", picture)
        elif text in seen:
            yield Flaw("two pictures have one alt text", picture)
        seen.add(text)


def only_what_acts_is_focused(subject: Subject) -> Iterator[Flaw]:
    """Point 31: the keyboard stops at what acts, and at what scrolls; its place is visible."""
    for element in subject.document.elements:
        attributes = element.attributes
        if "tabindex" not in attributes:
            continue
        scrolls = attributes.get("role") == "region" and attributes.get("aria-label")
        wanted = "-1" if element.tag == "main" else "0"
        if attributes["tabindex"] != wanted or not (scrolls or element.tag == "main"):
            yield Flaw("the keyboard stops where nothing acts or scrolls (tabindex)", element)
    css = subject.document.css
    if ":focus-visible" not in css or re.search(r":focus[^{}]*\{[^}]*outline:\s*(?:none|0)", css):
        yield Flaw("the style sheet does not show what is focused (:focus-visible)")


def _drawing_name(drawing: Element) -> str:
    by_id = drawing.document.by_id
    named = [by_id[id_].text for id_ in drawing.get("aria-labelledby").split() if id_ in by_id]
    title = drawing.first("title")
    text = " ".join(named) or drawing.get("aria-label") or (title.text if title else "")
    return " ".join(text.split())


CHECKS: dict[int, Check] = {
    24: rules_of_the_markup,
    25: page_has_parts,
    26: pictures_are_described,
    31: only_what_acts_is_focused,
}
