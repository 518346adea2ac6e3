"""Markdown cells as HTML: the project's own prose, with raw HTML switched off."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

__all__ = ["Passage", "passages", "prose_html"]

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HEADING = re.compile(r"^ {0,3}(#{1,2})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Passage:
    """Prose under one heading of a markdown cell.

    Parameters
    ----------
    title : str or None
        Text of the ``##`` heading; None for prose that goes on where it stands.
    body : Markup
        The prose.
    """

    title: str | None
    body: Markup


def passages(source: str) -> list[Passage]:
    r"""Markdown cell, cut at its ``##`` headings.

    A ``#`` heading is the notebook's title in JupyterLab. A report has its own,
    so the line is left out.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    list of Passage

    Examples
    --------
    >>> cut = passages("Why. \n## Bookings")
    >>> [(passage.title, str(passage.body)) for passage in cut]
    [(None, '<p>Why.</p>\n'), ('Bookings', '')]
    """
    found: list[tuple[str | None, list[str]]] = [(None, [])]
    fence = ""
    for line in source.splitlines():
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened[1]
        elif opened and opened[1].startswith(fence):
            fence = ""
        heading = None if fence or opened else _HEADING.match(line)
        if heading is None:
            found[-1][1].append(line)
        elif heading[1] == "##":
            found.append((_plain(heading[2]), []))
    return [
        Passage(title, prose_html("\n".join(lines)))
        for title, lines in found
        if title is not None or "".join(lines).strip()
    ]


def prose_html(source: str) -> Markup:
    """HTML of a piece of markdown; raw HTML in it is shown, never obeyed.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    Markup

    Examples
    --------
    >>> prose_html("<b>bold</b>").strip()
    Markup('<p>&lt;b&gt;bold&lt;/b&gt;</p>')
    """
    return Markup(_markdown().render(source))  # noqa: S704 (the renderer escapes)


class _Renderer(IPythonRenderer):
    """nbconvert's renderer without raw HTML, remote images or headings above ``###``."""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return str(super().heading(text, max(level, 3), **attrs))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("data:image/"):
            return str(super().image(text, url, title))
        return str(escape(Markup(text).striptags()))  # noqa: S704 (stripped, then escaped)


@cache
def _markdown() -> MarkdownWithMath:
    return MarkdownWithMath(renderer=_Renderer(escape=True, exclude_anchor_links=True))


def _plain(markdown: str) -> str:
    """Text of a heading without its marks."""
    return html.unescape(_TAG.sub("", str(prose_html(markdown)))).strip()
