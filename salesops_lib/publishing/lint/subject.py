"""What is checked: a page, with its values and what lies beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from salesops_lib.publishing.files import json_object
from salesops_lib.publishing.lint.document import Document, Element

__all__ = ["Check", "Flaw", "Subject"]

_NAMES = frozenset({"label", "scope_label", "name", "title", "source", "stage"})


class Flaw(NamedTuple):
    """What a check finds wrong.

    Parameters
    ----------
    message : str
        What is wrong, without a full stop.
    element : Element, optional
        The element that fails.
    """

    message: str
    element: Element | None = None


class Subject:
    """A page to be checked.

    Parameters
    ----------
    source : str
        The page.
    path : Path, optional
        Its file; without it nothing on the disk is looked at.
    """

    def __init__(self, source: str, path: Path | None = None) -> None:
        self.source = source
        self.path = path
        self.document = Document(source)

    @cached_property
    def data(self) -> dict[str, Any]:
        """Values that the page carries; empty where it carries none."""
        element = self.document.by_id.get("report-data")
        try:
            values = json.loads(element.raw_text) if element is not None else {}
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    @cached_property
    def beside(self) -> dict[str, Any] | None:
        """Values in the file beside the page; None without a page on the disk."""
        return None if self.path is None else json_object(self.path.with_suffix(".json"))

    @property
    def report(self) -> Mapping[str, Any]:
        """What the page's values say of the report."""
        return _mapping(self.data.get("report"))

    @property
    def kpis(self) -> Mapping[str, Mapping[str, Any]]:
        """Measures of the key figures, by id."""
        measures = _mapping(_mapping(self.data.get("kpis")).get("measures"))
        return {key: value for key, value in measures.items() if isinstance(value, dict)}

    @cached_property
    def cards(self) -> list[Element]:
        """Cards of the key figures."""
        return [e for e in self.document.all("li") if "data-measure" in e.attributes]

    @cached_property
    def findings(self) -> list[Element]:
        """Findings of the summary."""
        lists = self.document.of_class("so-findings")
        return [item for found in lists for item in found.all("li")]

    @cached_property
    def sections(self) -> list[Element]:
        """Sections of the report that have a heading."""
        return [e for e in self.document.of_class("part") if e.first("h2") is not None]

    @cached_property
    def names(self) -> frozenset[str]:
        """Names that come from the data: of people, teams, products, stages."""
        rows = (th.text for th in self.document.all("th") if th.get("scope") == "row")
        return frozenset(_names(self.data)) | frozenset(rows)

    def element(self, id_: str) -> Element | None:
        """Element of an id."""
        return self.document.by_id.get(id_)


Check = Callable[[Subject], Iterable[Flaw]]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                if key in _NAMES:
                    yield inner
            else:
                yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
