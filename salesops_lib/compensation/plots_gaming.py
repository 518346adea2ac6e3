"""Charts of the tests for gaming: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from salesops_lib.axes import (
    TALL,
    beside,
    legend_above,
    named_rows,
    new_axes,
    room_beside,
    rows_axes,
    share_ticks,
    text_width,
    unit_above,
)
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, LINE, MUTED, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.compensation.gaming import GamingTest
    from salesops_lib.compensation.threshold_bunching import ThresholdBunching

__all__ = ["plot_gaming", "plot_threshold_bunching"]


def plot_threshold_bunching(result: ThresholdBunching, ax: Axes | None = None) -> Axes:
    """Bars of attainments by bin, the smooth curve as a line, the window in another colour.

    Parameters
    ----------
    result : ThresholdBunching
        What to draw; one that is computable.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show = result.show
    if result.estimate is None:
        return ax
    frame, width = result.estimate.frame, result.estimate.bins.width
    middle = frame["start"] + width / 2
    inside = frame["in_window"]
    ax.bar(middle[~inside], frame["count"][~inside], color=SOFT, width=width * 0.86,
           label=show.say("attainments"))  # fmt: skip
    ax.bar(middle[inside], frame["count"][inside], color=ACCENT, width=width * 0.86,
           label=show.say("at the threshold"))  # fmt: skip
    ax.plot(middle, frame["counterfactual"], color=PLAN, linestyle="--", lw=1.6,
            label=show.say("smooth curve"))  # fmt: skip
    ax.axvline(result.estimate.bins.threshold, color=MUTED, lw=1.0)
    ax.set(xlabel=show.say("Attainment"), ylabel="")
    unit_above(ax, show.say("Cases"))
    ax.xaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda number, _at: show.count(number)))
    ax.grid(visible=False, axis="x")
    ax.set_ylim(bottom=0)
    legend_above(ax)
    return ax


def plot_gaming(result: GamingTest, ax: Axes | None = None) -> Axes:
    """Dots with intervals, one a group that was judged; a filled dot is beyond chance.

    Parameters
    ----------
    result : GamingTest
        What to draw; one that is computable.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show, unit = result.show, result.definition.unit
    frame = result.frame[result.frame["verdict"] != "too few"]
    ax = ax or rows_axes(len(frame))
    ends = []
    for y, row in enumerate(rows_of(frame)):
        is_found = row.verdict == "found"
        ax.plot([row.low, row.high], [y, y], color=SOFT, lw=2.2, solid_capstyle="butt")
        ax.plot(
            row.effect, y, color=ACCENT if is_found else MUTED, marker="D" if is_found else "o",
            ls="", markersize=5.5, markerfacecolor=None if is_found else "none", clip_on=False,
        )  # fmt: skip
        text = ("▲ " if is_found else "") + show.value(row.effect, unit)
        ends.append((float(np.nanmax([row.high, row.effect, 0.0])), text_width(text) + 6))
        beside(ax, y, text, PLAN if is_found else INK)
    ax.axvline(0, color=LINE, lw=1.2)
    name = result.definition.short or result.definition.name
    named_rows(ax, list(frame["label"]), show.say("{measure}, and beyond chance: ▲", measure=name))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda number, _at: show.value(number, unit)))
    room_beside(ax, ends)
    return ax
