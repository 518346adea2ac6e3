"""A page as its elements, in the order of the file, with what is wrong with its markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser

__all__ = ["Document", "Element"]

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track")
) | {"wbr"}
_FOREIGN = frozenset({"svg", "math"})
_UNSEEN = frozenset({"head", "script", "style", "template", "noscript"})
_BLANKS = re.compile(r"\s+")
_EXCERPT = 60


class Element:
    """One element.

    Parameters
    ----------
    document : Document
        The page.
    tag : str
        Its name, in small letters.
    attributes : dict
        Its attributes; one without a value holds an empty text.
    parent : Element or None
        The element around it.
    offset : int
        Where it begins in the file, in characters.
    place : int
        Its number in the page, from 0.
    """

    __slots__ = (
        "attributes", "document", "end", "offset", "parent", "place", "tag", "text_end",
        "text_start", "until",
    )  # fmt: skip

    def __init__(
        self,
        document: Document,
        tag: str,
        attributes: dict[str, str],
        parent: Element | None,
        offset: int,
        place: int,
    ) -> None:
        self.document = document
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.offset = offset
        self.place = place
        self.end = place + 1
        self.text_start = self.text_end = len(document.texts)
        self.until = offset

    def get(self, attribute: str) -> str:
        """Value of an attribute; empty without it."""
        return self.attributes.get(attribute, "")

    @property
    def id(self) -> str:
        """Its id; empty without one."""
        return self.get("id")

    @property
    def classes(self) -> list[str]:
        """Names of its classes."""
        return self.get("class").split()

    @property
    def raw_text(self) -> str:
        """Text in it, as it stands in the file."""
        return "".join(self.document.texts[self.text_start : self.text_end])

    @property
    def text(self) -> str:
        """Text in it, blanks folded."""
        return _BLANKS.sub(" ", self.raw_text).strip()

    @property
    def inside(self) -> list[Element]:
        """Elements in it, in order."""
        return self.document.elements[self.place + 1 : self.end]

    @property
    def children(self) -> list[Element]:
        """Elements right below it."""
        return [element for element in self.inside if element.parent is self]

    @property
    def parents(self) -> Iterator[Element]:
        """Elements around it, the nearest first."""
        around = self.parent
        while around is not None:
            yield around
            around = around.parent

    def within(self, tag: str = "", class_name: str = "") -> bool:
        """Whether an element of that tag or class is around it."""
        return any(
            (not tag or around.tag == tag) and (not class_name or class_name in around.classes)
            for around in self.parents
        )

    def all(self, tag: str = "", class_name: str = "", has: str = "") -> list[Element]:
        """Elements in it of a tag, with a class, with an attribute."""
        return list(self._found(tag, class_name, has))

    def first(self, tag: str = "", class_name: str = "", has: str = "") -> Element | None:
        """First element in it of a tag, with a class, with an attribute."""
        return next(self._found(tag, class_name, has), None)

    def _found(self, tag: str, class_name: str, has: str) -> Iterator[Element]:
        elements = self.document.elements
        for place in range(self.place + 1, self.end):
            element = elements[place]
            if tag and element.tag != tag:
                continue
            if class_name and class_name not in element.attributes.get("class", "").split():
                continue
            if not has or has in element.attributes:
                yield element

    @property
    def line(self) -> int:
        """Line of the file, from 1."""
        return self.document.source.count("\n", 0, self.offset) + 1

    @property
    def excerpt(self) -> str:
        """Beginning of its text."""
        text = self.text
        return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"

    @property
    def size(self) -> int:
        """Its length in the file, in characters."""
        return self.until - self.offset

    def __repr__(self) -> str:
        return f"<{self.tag}{f' id={self.id}' if self.id else ''}>"


class Document:
    """A parsed page.

    Parameters
    ----------
    source : str
        The page.

    Examples
    --------
    >>> page = Document("<!doctype html><html lang=en><h1>Q3 &amp; more</h1></html>")
    >>> page.first("h1").text, page.faults
    ('Q3 & more', [])
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self.owners: list[Element] = []
        self.faults: list[tuple[str, Element]] = []
        self.doctype = ""
        self.root = Element(self, "", {}, None, 0, -1)
        parser = _Parser(self)
        # All at once: what is fed in parts is counted from the part's beginning.
        parser.rawdata = source
        parser.close()
        parser.finish()

    @cached_property
    def by_tag(self) -> dict[str, list[Element]]:
        """Elements by tag."""
        found: dict[str, list[Element]] = {}
        for element in self.elements:
            found.setdefault(element.tag, []).append(element)
        return found

    @cached_property
    def by_id(self) -> dict[str, Element]:
        """Element by id, the first of each."""
        found: dict[str, Element] = {}
        for element in self.elements:
            if "id" in element.attributes:
                found.setdefault(element.attributes["id"], element)
        return found

    @cached_property
    def by_class(self) -> dict[str, list[Element]]:
        """Elements by the name of a class."""
        found: dict[str, list[Element]] = {}
        for element in self.elements:
            if "class" in element.attributes:
                for name in element.attributes["class"].split():
                    found.setdefault(name, []).append(element)
        return found

    def all(self, *tags: str) -> list[Element]:
        """Elements of some tags, in order."""
        if len(tags) == 1:
            return self.by_tag.get(tags[0], [])
        found = [element for tag in tags for element in self.by_tag.get(tag, [])]
        return sorted(found, key=lambda element: element.place)

    def first(self, tag: str) -> Element | None:
        """First element of a tag."""
        return next(iter(self.all(tag)), None)

    def of_class(self, name: str) -> list[Element]:
        """Elements of a class, in order."""
        return self.by_class.get(name, [])

    @cached_property
    def seen_texts(self) -> list[tuple[str, Element]]:
        """Each text that readers see, with its element; folded code is not among them."""
        hidden: set[int] = set()
        for element in (*self.all(*_UNSEEN), *self.of_class("code")):
            hidden.update(range(element.text_start, element.text_end))
        return [
            (text, owner)
            for number, (text, owner) in enumerate(zip(self.texts, self.owners, strict=True))
            if number not in hidden and not text.isspace()
        ]

    @cached_property
    def css(self) -> str:
        """Style sheets of the page's head."""
        return "\n".join(e.raw_text for e in self.all("style") if e.within("head"))


class _Parser(HTMLParser):
    """Builds the elements; Python's own parser tells tags, attributes and text apart."""

    def __init__(self, document: Document) -> None:
        super().__init__(convert_charrefs=True)
        self.document = document
        self.current = document.root
        self._read: list[tuple[str, list[tuple[str, str | None]]]] = []
        self._length = 0
        self.open: list[Element] = [document.root]
        self.foreign = 0
        self.seen_tags: dict[str, tuple[str, list[tuple[str, str | None]]]] = {}

    def parse_starttag(self, i: int) -> int:
        """Read a start tag; one that stands many times on a page is read once."""
        end = self.rawdata.find(">", i) + 1
        text = self.rawdata[i:end]
        if text in self.seen_tags:
            self._length = len(text)
            self.handle_starttag(*self.seen_tags[text])
            return end
        self._length = 0
        self._read.clear()
        after = super().parse_starttag(i)
        # Only a tag that ends where it seems to; after a style or script comes no markup.
        if self._read and after == end and self.cdata_elem is None:
            self.seen_tags[text] = self._read[0]
        return after

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 (the parser's own hook)
        """Keep the place only; lines are counted when something is reported."""
        self.offset = j
        return j

    def handle_decl(self, decl: str) -> None:
        self.document.doctype = decl

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._read.append((tag, attrs))
        element = self._begun(tag, attrs)
        if tag in _VOID:
            self._ended(element)
        else:
            self.open.append(element)
            self.current = element
            if tag in _FOREIGN:
                self.foreign += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.foreign or tag in _VOID or tag in _FOREIGN:
            self._ended(self._begun(tag, attrs))
        else:
            self.handle_starttag(tag, attrs)
            self._read.clear()
            self.document.faults.append(("is closed as only SVG may be", self.current))

    def handle_endtag(self, tag: str) -> None:
        if tag == self.current.tag:
            self._close()
        elif tag in _VOID:
            self.document.faults.append((f"holds an end tag </{tag}>", self.current))
        elif any(element.tag == tag for element in self.open):
            while self.current.tag != tag:
                self.document.faults.append(("is not closed", self.current))
                self._close()
            self._close()
        else:
            self.document.faults.append((f"holds an end tag </{tag}> of nothing", self.current))

    def handle_data(self, data: str) -> None:
        self.document.texts.append(data)
        self.document.owners.append(self.current)

    def handle_pi(self, data: str) -> None:
        self.document.faults.append((f"holds <?{data[:20]}", self.current))

    def unknown_decl(self, data: str) -> None:
        self.document.faults.append((f"holds <![{data[:20]}", self.current))

    def finish(self) -> None:
        """Close what the page has left open."""
        while len(self.open) > 1:
            self.document.faults.append(("is not closed", self.current))
            self._close()
        root = self.document.root
        root.end, root.text_end = len(self.document.elements), len(self.document.texts)
        root.until = len(self.document.source)

    def _begun(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        document = self.document
        attributes = {name: value or "" for name, value in attrs}
        place = len(document.elements)
        element = Element(document, tag, attributes, self.current, self.offset, place)
        document.elements.append(element)
        if len(attributes) < len(attrs):
            document.faults.append(("names an attribute twice", element))
        return element

    def _ended(self, element: Element) -> None:
        element.until = element.offset + (self._length or len(self.get_starttag_text() or ""))

    def _close(self) -> None:
        element = self.open.pop()
        if element.tag in _FOREIGN:
            self.foreign -= 1
        document = self.document
        element.end, element.text_end = len(document.elements), len(document.texts)
        element.until = self.offset
        self.current = self.open[-1]
