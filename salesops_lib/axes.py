"""Axes of the charts: what they all share, so that they look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesops_lib.layout import Margins, text_size
from salesops_lib.theme import INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from salesops_lib.formats import Formatter

__all__ = [
    "LABEL",
    "TALL",
    "beside",
    "legend_above",
    "money_ticks",
    "named_rows",
    "new_axes",
    "period_ticks",
    "room_beside",
    "rows_axes",
    "share_ticks",
    "text_width",
    "unit_above",
]

TALL = 2.45
"""Inches: height of a chart whose bars stand."""

LABEL = 8.5
"""Points: size of the texts beside marks."""

_WIDTH = 4.5
"""Inches. Small, so that the text can still be read where a phone makes it smaller."""

_NARROWEST = 100.0


def new_axes(height: float) -> Axes:
    """Axes of a new figure of the usual width, its height in inches."""
    figure, ax = plt.subplots(figsize=(_WIDTH, height))
    figure.set_layout_engine(Margins())
    return ax


def rows_axes(rows: int, each: float = 0.3) -> Axes:
    """Axes of a new figure with a row for each name, `each` inches high."""
    return new_axes(0.85 + each * max(3, rows))


def period_ticks(periods: Iterable[str], show: Formatter) -> list[str]:
    """Labels of periods in two lines: the year above, its part below."""
    return [show.period(period).replace("-", "\n", 1) for period in periods]


def named_rows(ax: Axes, names: Sequence[str], unit: str) -> None:
    """One row a name, the first above; over them what is drawn."""
    ax.set_yticks(np.arange(len(names)), names)
    ax.set_ylim(max(len(names), 3) - 0.4, -0.6)
    ax.set(xlabel="", ylabel="")
    unit_above(ax, unit)
    ax.grid(visible=False, axis="y")


def room_beside(ax: Axes, ends: Sequence[tuple[float, float]], ticks: int = 3) -> None:
    """Limits of the axis, with room for what stands beside each: its end, and points."""
    names = (text_size(label.get_text(), label.get_fontsize())[0] for label in ax.get_yticklabels())
    width = max(72 * _WIDTH - max(names, default=0.0) - 2 * LABEL, _NARROWEST)
    # A bar that ends at x, with w points beside it, fits if x <= limit x (1 - w / width).
    limits = [end / max(1 - (points + LABEL) / width, 0.2) for end, points in ends]
    left = float(ax.dataLim.intervalx[0])
    # A group whose reversals are larger than its sales has a bar to the left.
    ax.set_xlim(min(left * 1.1, 0) if np.isfinite(left) else 0, max([*limits, 0]) or 1)
    ax.xaxis.set_major_locator(MaxNLocator(ticks))


def beside(ax: Axes, y: float, text: str, colour: str = INK) -> None:
    """Text of a row at the plot's right end."""
    ax.annotate(
        text, (1, y), xycoords=("axes fraction", "data"), va="center", ha="right", color=colour,
        fontsize=LABEL,
    )  # fmt: skip


def text_width(text: str) -> float:
    """Points that a text beside a mark takes."""
    return text_size(text, LABEL)[0]


def unit_above(ax: Axes, text: str) -> None:
    """What the axis measures and in which unit, where reading begins."""
    # The title only keeps the room; the text begins at the figure's edge, so that a
    # legend fits beside it.
    ax.set_title(" ", fontsize=LABEL, pad=7)
    said = ax.annotate(
        text, (0, 1), (1, 7), xycoords=("figure fraction", "axes fraction"),
        textcoords="offset points", color=MUTED, fontsize=LABEL,
    )  # fmt: skip
    said.set_in_layout(False)


def legend_above(ax: Axes) -> None:
    """Legend over the plot's right end, where no mark can lie under it."""
    handles, _labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=4, borderaxespad=0.1,
            handlelength=1.4, columnspacing=1.0, handletextpad=0.4,
        )  # fmt: skip


def money_ticks(show: Formatter) -> FuncFormatter:
    """Ticks in the reporting currency, short."""

    def label(amount: float, _at: Any) -> str:
        return show.money(amount, compact=True)

    return FuncFormatter(label)


def share_ticks(show: Formatter) -> FuncFormatter:
    """Ticks in whole percents."""

    def label(share: float, _at: Any) -> str:
        return show.share(share, 0)

    return FuncFormatter(label)
