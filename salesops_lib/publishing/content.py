"""What a notebook has to say: its sections, and the values behind them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bleach  # type: ignore[import-untyped]
from markupsafe import Markup, escape
from papermill.exceptions import strip_color

from salesops_lib.errors import SalesOpsError
from salesops_lib.formats import Formatter
from salesops_lib.publishing.execution import INJECTED
from salesops_lib.publishing.names import safe_name
from salesops_lib.publishing.prose import Passage, passages, prose_html
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Block", "Content", "PageError", "Section", "content_of"]

_IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
_NO_PROSE = re.compile(r"<(style|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_EMPTY_HEAD = re.compile(r"<th[^>]*>\s*</th>")
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_ANY_TEXT = re.compile(r"(?:^|>)[^<]*[^<\s]")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "div"}
    | {"dl", "dt", "em", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "small"}
    | {"span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
    | {"u", "ul"}
)
_ATTRIBUTES = {"a": ["href", "title"], "*": ["colspan", "rowspan", "scope", "title"]}


_UNSEEN = {"parameters", "check"}
"""Tags of cells that are no part of the page: it shows parameters as a table of its
own, and the cells that tests compare are for those who change the notebook."""


class PageError(SalesOpsError):
    """A notebook ran, but its outputs cannot become a report."""


@dataclass(frozen=True)
class Block:
    """Part of a section: prose, or the outputs of one cell with its code.

    Parameters
    ----------
    body : Markup
        What the reader sees.
    code : str
        Code that made it; empty for prose.
    is_figure : bool
        It is one chart, and may stand beside another.
    """

    body: Markup
    code: str = ""
    is_figure: bool = False


@dataclass(eq=False)
class Section:
    """Part of a report under one heading.

    Parameters
    ----------
    id : str
        Target of links.
    title : str
        Heading; empty before the first one.
    blocks : list of Block
        What stands under it.
    """

    id: str
    title: str
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Content:
    """What a notebook has to say.

    Parameters
    ----------
    sections : list of Section
        In the order of the notebook.
    about : list of Markup
        Prose before the first heading: what the notebook is for.
    setup : list of str
        Code of the cells that show nothing before the first heading.
    report, findings, kpis : dict
        Values of that kind; empty where no cell gives them.
    measures, others : list of dict
        Values of measures, and of all other kinds.
    """

    sections: list[Section] = field(default_factory=list)
    about: list[Markup] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, Any] = field(default_factory=dict)
    kpis: dict[str, Any] = field(default_factory=dict)
    measures: list[dict[str, Any]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)


def content_of(
    notebook: NotebookNode, reserved: Iterable[str] = (), show: Formatter | None = None
) -> Content:
    """Sections and values of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Notebook with outputs, all of its cells run.
    reserved : iterable of str
        Ids that the page itself uses.
    show : Formatter, optional
        Language of the page; prose is looked up by the whole text of its cell.
        Default: English.

    Returns
    -------
    Content

    Raises
    ------
    PageError
        A picture has no alt text, or a cell holds an error.
    """
    content, show = Content(), show or Formatter()
    used = set(reserved)
    section = Section("", "")
    # Cells are numbered as in the stored notebook, which lacks papermill's own cell.
    stored = [cell for cell in notebook.cells if INJECTED not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(stored, start=1):
        if cell.cell_type == "markdown":
            for name, passage in _said_passages(cell.source, show):
                if passage.title is not None:
                    section = Section(_unique(name, used), passage.title)
                    content.sections.append(section)
                if passage.body and section.title:
                    section.blocks.append(Block(passage.body))
                elif passage.body:
                    content.about.append(passage.body)
        elif cell.cell_type == "code" and not _UNSEEN & set(cell.metadata.get("tags", [])):
            block = _cell_block(cell, number, content, show)
            if block.body or section.title:
                _add(content, section, block)
            elif block.code:
                content.setup.append(block.code)
    return content


def _said_passages(source: str, show: Formatter) -> list[tuple[str, Passage]]:
    """Passages of a cell in the language of the page, each with the name of its section.

    A section is named after the heading in the notebook, so that a link to it holds
    in all languages.
    """
    stored, said = passages(source), passages(show.say(source))
    named = stored if len(stored) == len(said) else said
    return [(name.title or "", shown) for name, shown in zip(named, said, strict=True)]


def _add(content: Content, section: Section, block: Block) -> None:
    """Put a block into a section; one without a heading is listed once it says something."""
    if section not in content.sections:
        content.sections.append(section)
    section.blocks.append(block)


def _cell_block(cell: NotebookNode, number: int, content: Content, show: Formatter) -> Block:
    parts: list[Markup] = []
    for place, output in enumerate(cell.outputs, start=1):
        label = show.say(
            "Output {place} of cell {cell}", place=show.count(place), cell=show.count(number)
        )
        if output.output_type == "error":
            raise PageError(f"cell {number} ended with {output.ename}")
        if output.output_type == "stream":
            # What goes to the error stream is for the analyst, not for the reader.
            parts.append(_text(output.text, label) if output.name == "stdout" else Markup())
            continue
        _collect(output.data, content)
        parts.append(_shown(output, label, show))
    body = Markup("\n").join(part for part in parts if part)
    return Block(body, cell.source.strip(), body.count("<figure") == 1 == len(parts))


def _collect(data: Any, content: Content) -> None:
    """File the machine-readable values of an output under their kind."""
    if MIME not in data:
        return
    # A copy of plain types, with null for what is no finite number.
    values = json.loads(json.dumps(data[MIME]), parse_constant=lambda _name: None)
    kind = values.get("kind")
    if kind == "measure":
        content.measures.append(values)
    elif kind in {"report", "findings", "kpis"} and not getattr(content, kind):
        setattr(content, kind, values)
    else:
        content.others.append(values)


def _shown(output: NotebookNode, label: str, show: Formatter) -> Markup:
    """HTML of one rich output, the best form that it comes in."""
    data = output.data
    if MIME in data:
        if data[MIME].get("kind") == "report":
            return Markup()
        if "text/html" in data:
            # Our own fragment: its template has escaped whatever came from data.
            return Markup(data["text/html"])  # noqa: S704
    if "text/html" in data:
        return _foreign(data["text/html"], label)
    for kind in _IMAGES:
        if kind in data:
            return _image(output, kind, label)
    if "text/markdown" in data:
        return prose_html(data["text/markdown"])
    if _WIDGET in data:
        panel = show.say("An interactive panel stands here in the notebook.")
        return Markup('<p class="muted">{}</p>').format(panel)
    return _text(data.get("text/plain", ""), label)


def _foreign(source: str, label: str) -> Markup:
    """HTML that another library made: tables and plain marks stay, all else goes."""
    clean = bleach.clean(
        _NO_PROSE.sub("", source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        protocols={"https", "http"},
        strip=True,
    )
    if not _ANY_TEXT.search(clean):
        return Markup()
    # The head of an index without a name says nothing to a screen reader.
    tables = _EMPTY_HEAD.sub("<td></td>", _ROW.sub(_scoped, clean))
    tables = tables.replace("<table>", f'<table aria-label="{escape(label)}">')
    return _region("div", Markup(tables), label)  # noqa: S704 (bleach has cleaned it)


def _scoped(row: re.Match[str]) -> str:
    """Row of a table whose heads say what they are of: of their column, or of the row."""
    scope = "row" if "<td" in row[0] else "col"
    return row[0].replace("<th>", f'<th scope="{scope}">')


def _image(output: NotebookNode, kind: str, label: str) -> Markup:
    metadata = output.get("metadata", {})
    alt = metadata.get("alt") or metadata.get(kind, {}).get("alt")
    if not alt:
        raise PageError(
            f"{label} is a picture without alt text; show it as a figure of salesops_lib,"
            " or put `alt` into the metadata of its output"
        )
    content = output.data[kind]
    if kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    # As an image, a drawing can neither run a script nor fetch anything.
    source = f"data:{kind};base64,{''.join(content.split())}"
    return Markup('<figure class="so-figure"><img src="{}" alt="{}"></figure>').format(source, alt)


def _text(text: str, label: str) -> Markup:
    plain = strip_color(text).rstrip()
    return _region("pre", escape(plain), label) if plain.strip() else Markup()


def _region(tag: str, body: Markup, label: str) -> Markup:
    """Part that scrolls by itself where it is too wide; reachable with the keyboard."""
    opening = Markup('<{} class="foreign so-scroll" role="region" tabindex="0" aria-label="{}">')
    return opening.format(tag, label) + body + Markup("</{}>").format(tag)


def _unique(title: str, used: set[str]) -> str:
    base = safe_name(title)
    name, count = base, 1
    while name in used:
        count += 1
        name = f"{base}-{count}"
    used.add(name)
    return name
