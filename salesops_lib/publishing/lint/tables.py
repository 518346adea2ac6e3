"""Tables and their numbers: points 19 to 22, 27 and 28."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from babel.core import UnknownLocaleError
from babel.numbers import get_decimal_symbol

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS"]

_MOST_ROWS = 25
_MARK = "*"
_DASHES = frozenset({"-", "–", "—", "\N{MINUS SIGN}"})
_UNSEPARATED = re.compile(r"(?<![\d.,])\d{5,}")
_HYPHEN = re.compile(r"(?<!\w)-\d")
_UNIT_WORD = re.compile(r"\d\s*[^\W\d_]{2,}\.?\W?$")
_CURRENCY = re.compile(r"\b[A-Z]{3}\b")
_SIGNS = re.compile(r"[$€£¥₺₹₩₽]")


def small_samples_are_marked(subject: Subject) -> Iterator[Flaw]:
    """Point 19: figures of few cases are marked, and the mark is explained."""
    for card in subject.cards:
        measure = subject.kpis.get(card.get("data-measure"), {})
        if _is_small(measure, 0) and "data-small" not in card.attributes:
            name = card.get("data-measure")
            yield Flaw(f"`{name}` rests on fewer than {SMALL_SAMPLE} cases, unmarked", card)
    marked = [cell for cell in _numbers(subject) if _own_text(cell).endswith(_MARK)]
    noted = [note.parent for note in subject.document.of_class("so-note") if _MARK in note.text]
    for cell in marked:
        if not any(around in noted for around in cell.parents):
            yield Flaw("the mark * is not explained under the table", cell)
    if not marked and any(map(_has_small_rows, _breakdowns(subject))):
        tables = subject.document.all("table")
        yield Flaw("groups of few cases are marked in no table", tables[0] if tables else None)


def long_tables_are_folded(subject: Subject) -> Iterator[Flaw]:
    """Point 20: at most 25 rows of a table stand open."""
    for table in subject.document.all("table"):
        if table.within("details"):
            continue
        rows = sum(1 for row in table.all("tr") if not row.within("thead"))
        if rows > _MOST_ROWS:
            yield Flaw(f"{rows} rows stand open, {_MOST_ROWS} are the limit", table)


def numbers_are_aligned(subject: Subject) -> Iterator[Flaw]:
    """Point 21: separated thousands, equal decimals, right aligned, units once."""
    css = subject.document.css
    if not re.search(r"\.number\s*\{[^}]*text-align:\s*right", css):
        yield Flaw("the style sheet does not align numbers at the right (.number)")
    if "tabular-nums" not in css:
        yield Flaw("the style sheet does not ask for figures of one width (tabular-nums)")
    decimal = _decimal_symbol(str(subject.report.get("language", "en")))
    for table in subject.document.all("table"):
        for head, cells in _columns(table):
            yield from _column_flaws(head, cells, decimal)


def _column_flaws(head: Element | None, cells: list[Element], decimal: str) -> Iterator[Flaw]:
    texts = [(cell, _own_text(cell)) for cell in cells]
    for cell, text in texts:
        if _UNSEPARATED.search(text):
            yield Flaw("the number has no thousands separator", cell)
    with_unit = [cell for cell, text in texts if _UNIT_WORD.search(text)]
    if len(with_unit) > 1:
        yield Flaw("the column repeats its unit in each row; its head is to name it", with_unit[1])
    in_head = head is not None and _CURRENCY.search(head.text)
    signed = [cell for cell, text in texts if _SIGNS.search(text)]
    if in_head and signed:
        yield Flaw("the column's head names the currency, and the cell again", signed[0])
    counted = [(cell, d) for cell, text in texts if (d := _decimals(text, decimal)) is not None]
    for cell, decimals in counted[1:]:
        if decimals != counted[0][1]:
            yield Flaw(f"{decimals} decimals in a column of {counted[0][1]}", cell)
            return


def missing_is_not_zero(subject: Subject) -> Iterator[Flaw]:
    """Point 22: a missing number is a dash that says why; negative ones have a minus sign."""
    for cell in _numbers(subject):
        text = _own_text(cell)
        if not text:
            yield Flaw("the cell is empty: missing or zero?", cell)
        elif text in _DASHES and not cell.get("title"):
            yield Flaw("the dash does not say why there is no number (title)", cell)
        if _HYPHEN.search(cell.text):
            yield Flaw("a negative number has a hyphen for its minus sign", cell)


def charts_have_numbers(subject: Subject) -> Iterator[Flaw]:
    """Point 27: the numbers of each chart stand below it, as a table."""
    for figure in subject.document.all("figure"):
        if figure.first("svg") is not None and figure.first("td") is None:
            yield Flaw("the figure has no table of its numbers", figure)


def tables_are_named(subject: Subject) -> Iterator[Flaw]:
    """Point 28: tables have a name, their heads a scope and a text."""
    for table in subject.document.all("table"):
        caption = table.first("caption")
        named = subject.element(table.get("aria-labelledby")) if caption is None else caption
        if not (table.get("aria-label") or (named is not None and named.text)):
            yield Flaw("the table has no caption", table)
        for head in table.all("th"):
            if head.get("scope") not in {"col", "row", "colgroup", "rowgroup"}:
                yield Flaw("the head of a table has no scope", head)
            if not head.text:
                yield Flaw("the head of a table is empty", head)


def _numbers(subject: Subject) -> list[Element]:
    return [cell for cell in subject.document.all("td") if "number" in cell.classes]


def _own_text(cell: Element) -> str:
    """Text of a cell without the smaller lines under it."""
    small = cell.first("small")
    texts = cell.document.texts[cell.text_start : small.text_start if small else cell.text_end]
    return " ".join("".join(texts).split())


def _columns(table: Element) -> Iterator[tuple[Element | None, list[Element]]]:
    """Head and cells of each column of numbers, but the last rows' totals are cells too."""
    rows = [row.children for row in table.all("tr")]
    heads = rows[0] if rows and all(cell.tag == "th" for cell in rows[0]) else []
    columns: dict[int, list[Element]] = {}
    for row in rows:
        for place, cell in enumerate(row):
            if cell.tag == "td" and "number" in cell.classes:
                columns.setdefault(place, []).append(cell)
    for place, cells in columns.items():
        yield heads[place] if place < len(heads) else None, cells


def _decimals(text: str, symbol: str) -> int | None:
    """Decimals of the first number in a text; None where it holds none."""
    found = re.search(rf"\d(?:[^\w{re.escape(symbol)}]?\d)*(?:{re.escape(symbol)}(\d+))?", text)
    return None if found is None else len(found[1] or "")


def _decimal_symbol(language: str) -> str:
    try:
        return str(get_decimal_symbol(language))
    except (UnknownLocaleError, ValueError):
        return "."


def _breakdowns(subject: Subject) -> list[dict[str, Any]]:
    """Measures of the tables that look figures up; they are beside the page, not in it."""
    others = (subject.beside or {}).get("others", [])
    return [m for other in others if isinstance(other, dict) for m in other.get("measures", [])]


def _has_small_rows(measure: dict[str, Any]) -> bool:
    return any(_is_small(measure, place) for place in range(len(measure.get("rows", []))))


def _is_small(measure: Any, place: int) -> bool:
    if measure.get("unit") not in {"share", "days", "ratio"} or measure.get("id") in _COUNTED:
        return False
    rows = [row for row in measure.get("rows", []) if row.get("role") == "current"]
    row = rows[place] if place < len(rows) else {}
    return row.get("value") is not None and 0 < (row.get("n") or 0) < SMALL_SAMPLE


_COUNTED = frozenset({"attainment", "coverage"})
"""Sums, not samples: few cases do not make them uncertain."""

CHECKS: dict[int, Check] = {
    19: small_samples_are_marked,
    20: long_tables_are_folded,
    21: numbers_are_aligned,
    22: missing_is_not_zero,
    27: charts_have_numbers,
    28: tables_are_named,
}
