"""Figures: a chart as inline SVG with its message, alt text, caption and numbers."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import matplotlib as mpl
import matplotlib.pyplot as plt
from markupsafe import Markup, escape

from salesops_lib.errors import SalesOpsError
from salesops_lib.fragments import fragment, grid_html
from salesops_lib.results import MIME
from salesops_lib.theme import RC, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

    from salesops_lib.fragments import Grid

__all__ = ["Charted", "Figure", "figure"]

_SHORTEST_ALT = 20


class Charted(Protocol):
    """A result that can be drawn: everything a figure says comes from it."""

    @property
    def headline(self) -> str:
        """The message, used as the figure's title."""

    @property
    def alt(self) -> str:
        """The chart in words, for those who cannot see it."""

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""

    def records(self) -> dict[str, Any]:
        """Values for machines."""


@dataclass(frozen=True)
class Figure:
    """A drawn chart with all that belongs to it.

    Parameters
    ----------
    svg : str
        Inline SVG with real text.
    result : Charted
        What was drawn.
    """

    svg: str
    result: Charted

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        result = self.result
        html = fragment(
            "figure",
            title=result.headline.rstrip("."),
            drawing=Markup(self.svg),  # noqa: S704 (made below; all text in it is escaped)
            caption=result.caption,
            table=Markup(grid_html(result.grid)),  # noqa: S704 (a template's output)
        )
        return {"text/plain": result.alt, "text/html": html, MIME: result.records()}


def figure(plot: Callable[[Any], Axes], result: Charted) -> Figure:
    """Chart of a result, ready for screen, paper and screen reader.

    Parameters
    ----------
    plot : callable
        A ``plot_`` function: the result in, Axes out.
    result : Charted
        What to draw.

    Returns
    -------
    Figure

    Raises
    ------
    SalesOpsError
        The result has no usable alternative text.
    """
    if len(result.alt) < _SHORTEST_ALT:
        raise SalesOpsError(f"{plot.__name__}: the result has no alternative text")
    with mpl.rc_context(RC), warnings.catch_warnings():
        # The page's fonts draw every script; the one that measures here knows fewer.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn = plot(result).get_figure(root=True)
        try:
            svg = _inline_svg(drawn, result, plot.__name__)
        finally:
            plt.close(drawn)
    return Figure(svg, result)


def _inline_svg(drawn: MplFigure | Any, result: Charted, name: str) -> str:
    identity = f"fig-{hashlib.sha256(f'{name}|{result.alt}'.encode()).hexdigest()[:8]}"
    buffer = io.StringIO()
    # The salt makes the ids inside one page differ from figure to figure.
    with mpl.rc_context({"svg.hashsalt": identity, "svg.fonttype": "none"}):
        drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    svg = _with_unique_ids(svg, identity)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", svg)
    view_box = re.search(r'viewBox="([^"]+)"', svg)
    opening = (
        f'<svg role="img" aria-labelledby="{identity}-alt" viewBox="'
        f'{view_box.group(1) if view_box else "0 0 100 100"}" xmlns="http://www.w3.org/2000/svg"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{identity}-alt">{escape(result.alt)}</title>'
    )
    return opening + svg[svg.index(">") + 1 :]


def _with_unique_ids(svg: str, identity: str) -> str:
    """Groups lose ids that nothing refers to; the others are made unique on a page."""
    referred = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))

    def rewritten(match: re.Match[str]) -> str:
        return f' id="{identity}-{match[1]}"' if match[1] in referred else ""

    svg = re.sub(r' id="([^"]+)"', rewritten, svg)
    return re.sub(r'(url\(#|href="#)([^)"]+)', rf"\1{identity}-\2", svg)
