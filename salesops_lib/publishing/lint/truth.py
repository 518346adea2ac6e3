"""Truth: points 1 to 5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.publishing.files import digest, json_object
from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

if TYPE_CHECKING:
    from salesops_lib.publishing.lint.document import Element

__all__ = ["CHECKS"]

_ERROR_MARKS = ("papermill-error-cell", "jp-OutputArea-error", "output_error")
_STDERR_MARKS = ("output_stderr", "stderr", "jp-RenderedText-stderr")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^\s*File \".*\", line \d+, in ", re.M)
_WARNING = re.compile(r"(?:^|[\s:])[A-Za-z]*Warning:(?:\s|$)")
_LEFTOVER = re.compile(
    r"(?<![\w.-])(?:[-+\N{MINUS SIGN}]?(?:NaN|nan|inf|Inf|Infinity)|NaT|<NA>|pd\.NA"
    r"|None(?! of\b)|undefined|null)(?![\w-])"
)
_SUSPICIOUS = (
    *("Traceback", "File ", "Warning:", "NaN", "nan", "inf", "Inf", "NaT", "<NA>", "pd.NA"),
    *("None", "undefined", "null"),
)
_WHOLE = frozenset({"NaN", "nan", "NaT", "<NA>", "None", "inf", "-inf", "null", "undefined"})
_GOOD = frozenset({"done", "rendered", "unchanged"})
_RUN_TEXT = re.compile(r"\d{4}-\d{2}-\d{2}[ T][^<]{0,6}\d{2}:\d{2}")


def every_cell_ran(subject: Subject) -> Iterator[Flaw]:
    """Point 1: the page is that of a good run, as it was published."""
    document = subject.document
    for mark in _ERROR_MARKS:
        for element in document.of_class(mark):
            yield Flaw("the cell ended with an error", element)
    stamp = subject.element("run-stamp")
    if stamp is None or not stamp.text:
        yield Flaw("nothing says when the run ended (id run-stamp)", stamp)
    if not subject.data:
        yield Flaw("the page carries no values (id report-data)", subject.element("report-data"))
    if subject.path is None:
        return
    manifest = json_object(subject.path.with_suffix(".manifest.json"))
    status = manifest.get("run", {}).get("status", "done")
    if status not in _GOOD:
        yield Flaw(f"the manifest says that the run is {status}")
    published = manifest.get("html")
    if published and published != digest(subject.path.read_bytes()):
        yield Flaw("the page is not the one that was published: its hash differs from the manifest")


def nothing_left_over(subject: Subject) -> Iterator[Flaw]:
    """Point 2: no traceback, warning or missing value of a program in what readers see."""
    for mark in (*_STDERR_MARKS, "papermill-error-cell"):
        for element in subject.document.of_class(mark):
            yield Flaw(f"the class {mark} marks what was not meant for readers", element)
    texts = subject.document.seen_texts
    # Plain words first: a page has thousands of texts, and hardly one of them is suspicious.
    whole = "\n".join(text for text, _ in texts)
    words = [word for word in _SUSPICIOUS if word in whole]
    for text, owner in texts:
        if any(word in text for word in words):
            yield from _leftovers(text, owner, subject)


def _leftovers(text: str, owner: Element, subject: Subject) -> Iterator[Flaw]:
    if _TRACEBACK.search(text):
        yield Flaw("a traceback is shown", owner)
    if _WARNING.search(_without_names(text, subject)):
        yield Flaw("a warning of a program is shown", owner)
    found = _LEFTOVER.search(text)
    if found is not None and _is_leftover(text, owner, subject):
        yield Flaw(f"{found[0]!r} is shown where a value should be", owner)


def _is_leftover(text: str, owner: Element, subject: Subject) -> bool:
    """Whether the word is a missing value; people, teams and stages may be called like one."""
    if text.strip() in _WHOLE and "number" in owner.classes:
        return True
    return _LEFTOVER.search(_without_names(text, subject)) is not None


def _without_names(text: str, subject: Subject) -> str:
    for name in sorted(subject.names, key=len, reverse=True):
        if name and name in text:
            text = text.replace(name, "·")
    return text


def parameters_shown(subject: Subject) -> Iterator[Flaw]:
    """Point 3: the table of parameters holds each validated value, and no other."""
    table = subject.element("parameters")
    values = subject.report.get("parameters")
    if table is None or table.tag != "table" or not isinstance(values, dict):
        yield Flaw("there is no table of the parameters (id parameters)", table)
        return
    shown: dict[str, tuple[str, Element]] = {}
    for row in table.all("tr"):
        head, cell = row.first("th"), row.first("td")
        if head is not None and cell is not None:
            shown[head.text] = (cell.text, row)
    for name in sorted(shown.keys() - values.keys()):
        yield Flaw(f"`{name}` is shown, but is no parameter of the run", shown[name][1])
    for name, value in values.items():
        if name not in shown:
            yield Flaw(f"the parameter `{name}` is not shown", table)
            continue
        text, row = shown[name]
        missing = [leaf for leaf in _leaves(value) if leaf not in text]
        if missing or not text:
            said = missing[0] if missing else "nothing"
            yield Flaw(f"the parameter `{name}` was {said}, which its row does not say", row)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def run_stands_apart(subject: Subject) -> Iterator[Flaw]:
    """Point 4: what differs between two runs stands in one element only."""
    if "run" in subject.data:
        yield Flaw("the values in the page hold the run's time", subject.element("report-data"))
    stamps = [e for e in subject.document.elements if e.id == "run-stamp"]
    if len(stamps) != 1:
        yield Flaw(f"{len(stamps)} elements are the run stamp, one is meant to be")
    for text, owner in subject.document.seen_texts:
        if "UTC" in text and owner not in stamps and _RUN_TEXT.search(text):
            yield Flaw("the time of a run stands outside of the run stamp", owner)


def figures_are_the_values(subject: Subject) -> Iterator[Flaw]:
    """Point 5: each key figure is the library's value, in the page and beside it."""
    report = subject.report
    try:
        show = Formatter(str(report.get("language")), str(report.get("currency")))
    except InputError as error:
        yield Flaw(f"the page's values name no usable language or currency: {error}")
        return
    if not subject.cards:
        yield Flaw("no element carries a key figure (data-measure)")
    for card in subject.cards:
        name = card.get("data-measure")
        shown = card.first(class_name="so-value")
        row = _current(subject.kpis.get(name, {}))
        if row is None:
            yield Flaw(f"the values hold no current figure of `{name}`", card)
            continue
        value: Any = row.get("value")
        unit: Any = subject.kpis[name].get("unit", "")
        if value is None:
            if shown is not None:
                yield Flaw(f"`{name}` shows {shown.text}, but is not computable", card)
            continue
        unit = "money" if unit == "money_per_day" else unit
        expected = show.value(value, unit, compact=True)
        if shown is None or shown.text != " ".join(expected.split()):
            found = shown.text if shown is not None else "nothing"
            yield Flaw(f"`{name}` shows {found}, its value is {expected}", shown or card)
    yield from _beside(subject)


def _beside(subject: Subject) -> Iterator[Flaw]:
    beside = subject.beside
    if beside is None:
        return
    for key in ("report", "findings", "kpis", "measures"):
        if beside.get(key) != subject.data.get(key):
            yield Flaw(f"`{key}` in the JSON beside the page differs from the page's")


def _current(measure: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rows = [row for row in measure.get("rows", []) if row.get("role") == "current"]
    return rows[0] if rows else None


CHECKS: dict[int, Check] = {
    1: every_cell_ran,
    2: nothing_left_over,
    3: parameters_shown,
    4: run_stands_apart,
    5: figures_are_the_values,
}
