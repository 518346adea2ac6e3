"""Room for the texts around a chart, measured once.

matplotlib's own layouts measure every artist twice or four times, which is half
of the time that a small chart takes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import LayoutEngine
from matplotlib.textpath import text_to_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["Margins", "text_size"]

_POINTS = 72
_LINE = 1.25


class Margins(LayoutEngine):
    """Layout of a figure whose tick labels stand at its left and below.

    Titles, legends and what else stands above get a fixed height.

    Parameters
    ----------
    top, right : float
        Points above and beside the axes.
    pad : float
        Points between labels and axes, and around all.
    """

    _adjust_compatible = True
    _colorbar_gridspec = False

    def __init__(self, top: float = 24.0, right: float = 7.0, pad: float = 5.0) -> None:
        super().__init__()
        self._params = {"top": top, "right": right, "pad": pad}

    def set(self, **given: float) -> None:
        """Change the parameters of the class."""
        self._params.update(given)

    def execute(self, fig: Figure) -> None:
        """Place the axes inside the figure.

        Parameters
        ----------
        fig : Figure
            Usually with one pair of axes.
        """
        pad = self._params["pad"]
        width, height = (_POINTS * inches for inches in fig.get_size_inches())
        beside = (_size(label)[0] for ax in fig.axes for label in ax.get_yticklabels())
        below = (_size(label)[1] for ax in fig.axes for label in ax.get_xticklabels())
        left, bottom = 2 * pad + max(beside, default=0.0), 2 * pad + max(below, default=0.0)
        fig.subplots_adjust(
            # However long a label is, the chart keeps a third.
            left=min(left / width, 2 / 3),
            bottom=min(bottom / height, 2 / 3),
            right=1 - self._params["right"] / width,
            top=1 - self._params["top"] / height,
        )


def _size(label: Text) -> tuple[float, float]:
    return text_size(label.get_text(), float(label.get_fontsize()))


@lru_cache(maxsize=4096)
def text_size(text: str, points: float) -> tuple[float, float]:
    """Width and height of a text in the chart's font.

    Parameters
    ----------
    text : str
        One or more lines.
    points : float
        Font size.

    Returns
    -------
    tuple of float
        Points. Wide letters, such as Chinese ones, count as wide as they are high:
        the font that measures lacks them, the page's fonts do not.

    Examples
    --------
    >>> text_size("EMEA", 9)[0] < text_size("EMEA and APAC", 9)[0]
    True
    >>> text_size("高梨翔", 10)[0] == 30
    True
    """
    lines = text.split("\n")
    return max(_line_width(line, points) for line in lines), len(lines) * points * _LINE


def _line_width(line: str, points: float) -> float:
    wide = sum(east_asian_width(letter) in "WF" for letter in line)
    narrow = "".join(letter for letter in line if east_asian_width(letter) not in "WF")
    if not narrow.strip():
        return wide * points
    measured: Any = text_to_path.get_text_width_height_descent(
        narrow, FontProperties(family="DejaVu Sans", size=points), False
    )
    return wide * points + float(measured[0])
