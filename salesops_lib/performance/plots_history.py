"""Chart of what a rebuilt state rests on: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesops_lib.axes import TALL, legend_above, new_axes, period_ticks, unit_above
from salesops_lib.theme import PAPER, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.performance.history_coverage import HistoryCoverage

__all__ = ["plot_history_coverage"]

_TICKS = 7


def plot_history_coverage(result: HistoryCoverage, ax: Axes | None = None) -> Axes:
    """Bars of deals by month, in parts by how much of their history is logged.

    Parameters
    ----------
    result : HistoryCoverage
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    frame, show = result.shown, result.view.show
    positions, bottom = np.arange(len(frame)), np.zeros(len(frame))
    looks: dict[str, tuple[str, dict[str, Any]]] = {
        "whole": (show.say("whole"), {"color": SOFT}),
        "part": (
            show.say("in part"),
            {"color": PAPER, "edgecolor": SOFT, "hatch": "/////", "lw": 0.8},
        ),
        "none": (show.say("without history"), {"color": PLAN}),
    }
    for state, (label, look) in looks.items():
        counts = frame[state].to_numpy()
        if counts.any():
            ax.bar(positions, counts, bottom=bottom, width=0.72, label=label, **look)
        bottom = bottom + counts
    # Counted from the last month, which is the one that the report stands at.
    ticked = positions[::-1][:: max(1, -(-len(frame) // _TICKS))][::-1]
    ax.set_xticks(ticked, period_ticks(frame["month"].iloc[ticked], show))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Deals"))
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda number, _at: show.count(number)))
    ax.grid(visible=False, axis="x")
    legend_above(ax)
    return ax
