"""Figures: a chart as inline SVG with its message, alt text, caption and numbers."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG

from salesops_lib.errors import SalesOpsError
from salesops_lib.fragments import fragment, grid_html
from salesops_lib.results import MIME
from salesops_lib.theme import RC, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

    from salesops_lib.fragments import Grid
    from salesops_lib.results import Drawn

__all__ = ["Charted", "Figure", "figure", "undrawn"]

_SHORTEST_ALT = 20
_MOST_MARKS = 1500
_COLOURS = 64
_DOTS_PER_INCH = 144
_COORDINATES = re.compile(r' (?:d|x|y|transform|width|height)="[^"]+"')
_LONG = re.compile(r"(\.\d\d)\d+")
"""A hundredth of a point is seen by nobody, and all digits are a fifth of a chart's bytes."""

_PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


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

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""

    def records(self) -> dict[str, Any]:
        """Values for machines."""


@dataclass(frozen=True)
class Figure:
    """A drawn chart with all that belongs to it.

    Parameters
    ----------
    svg : str
        Inline SVG with real text; empty where a sentence stands instead.
    result : Charted
        What was drawn.
    """

    svg: str
    result: Charted

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        result = self.result
        if text := undrawn(result):
            html = fragment("sentence", text=text)
            return {"text/plain": text, "text/html": html, MIME: result.records()}
        html = fragment(
            "figure",
            show=result.grid.show,
            drawn=result.drawn,
            title=result.headline.rstrip("."),
            drawing=Markup(self.svg),  # noqa: S704 (made below; all text in it is escaped)
            caption=result.caption,
            table=Markup(grid_html(result.grid)),  # noqa: S704 (a template's output)
        )
        return {"text/plain": result.alt, "text/html": html, MIME: result.records()}


def figure(plot: Callable[[Any], Axes], result: Charted | None) -> Figure | None:
    """Chart of a result, ready for screen, paper and screen reader.

    Parameters
    ----------
    plot : callable
        A ``plot_`` function: the result in, Axes out.
    result : Charted or None
        What to draw; None where the report has nothing of the kind.

    Returns
    -------
    Figure or None
        None, which a cell does not show, where there is nothing to draw. A result
        may have a sentence `undrawn`; where it is not empty it stands for the chart.

    Raises
    ------
    SalesOpsError
        The result has no usable alternative text.
    """
    if result is None:
        return None
    if undrawn(result):
        return Figure("", result)
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


def undrawn(result: Any) -> str:
    """Sentence that a result has instead of a chart; empty where it can be drawn."""
    return str(getattr(result, "undrawn", ""))


def _inline_svg(drawn: MplFigure | Any, result: Charted, name: str) -> str:
    marks = list(_marks(drawn))
    many = sum(count for _, count in marks) > _MOST_MARKS
    for mark, _ in marks:
        mark.set_rasterized(many)
    identity = f"fig-{hashlib.sha256(f'{name}|{result.alt}'.encode()).hexdigest()[:8]}"
    buffer = io.StringIO()
    # The salt makes the ids inside one page differ from figure to figure.
    with mpl.rc_context({"svg.hashsalt": identity, "svg.fonttype": "none"}):
        drawn.set_dpi(_DOTS_PER_INCH)
        # What `savefig` does, but for a first drawing that only measures.
        canvas = FigureCanvasSVG(drawn)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)
    svg = _with_unique_ids(svg, identity)
    svg = _COORDINATES.sub(lambda found: _LONG.sub(r"\1", found[0]), svg)
    if many:
        # A raster knows no variables: text beside it keeps its colours too.
        svg = _PICTURE.sub(_with_few_colours, svg)
    else:
        for colour, variable in VARIABLES.items():
            svg = svg.replace(colour, f"var({variable})")
    # Measured in matplotlib's own font, shown in the page's.
    svg = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", svg)
    svg = re.sub(r" font-family: [^;\"]+;", "", svg)
    view_box = re.search(r'viewBox="([^"]+)"', svg)
    opening = (
        f'<svg{" class=raster" if many else ""} role="img"'
        f' aria-labelledby="{identity}-alt" viewBox="'
        f'{view_box.group(1) if view_box else "0 0 100 100"}" xmlns="http://www.w3.org/2000/svg"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{identity}-alt">{escape(result.alt)}</title>'
    )
    return opening + svg[svg.index(">") + 1 :]


def _marks(drawn: MplFigure | Any) -> Iterator[tuple[Artist, int]]:
    """Artists that stand for data, and how many marks each of them draws."""
    for ax in drawn.axes:
        for collection in ax.collections:
            places = np.asarray(collection.get_offsets())
            yield collection, max(len(places), len(collection.get_paths()))
        for line in ax.lines:
            marked = line.get_marker() not in {"None", None, ""}
            yield line, np.size(line.get_xdata()) if marked else 1
        yield from ((patch, 1) for patch in ax.patches)


def _with_few_colours(found: re.Match[str]) -> str:
    """The same picture with a palette of 64 colours: a fraction of the bytes."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
        buffer = io.BytesIO()
        picture.convert("RGBA").quantize(_COLOURS, method=Image.Quantize.FASTOCTREE).save(
            buffer, format="PNG", optimize=True
        )
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _with_unique_ids(svg: str, identity: str) -> str:
    """Groups lose ids that nothing refers to; the others are made unique on a page."""
    referred = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))

    def rewritten(match: re.Match[str]) -> str:
        return f' id="{identity}-{match[1]}"' if match[1] in referred else ""

    svg = _without_bare_groups(re.sub(r' id="([^"]+)"', rewritten, svg))
    return re.sub(r'(url\(#|href="#)([^)"]+)', rf"\1{identity}-\2", svg)


def _without_bare_groups(svg: str) -> str:
    """Groups that say nothing go, their content stays: half of a chart's elements."""
    open_groups: list[bool] = []

    def kept(match: re.Match[str]) -> str:
        if match[0] == "</g>":
            return match[0] if open_groups.pop() else ""
        open_groups.append(match[0] != "<g>")
        return match[0] if open_groups[-1] else ""

    svg = re.sub(r"<g\b[^>]*(?<!/)>|</g>", kept, svg)
    return re.sub(r"\s*\n\s*", "\n", svg)
