"""Charts of when deals close: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    TALL,
    legend_above,
    money_ticks,
    new_axes,
    period_ticks,
    share_ticks,
    unit_above,
)
from salesops_lib.performance.comparison import period_labels
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, MUTED, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.performance.linearity import Linearity
    from salesops_lib.performance.pacing import Pacing

__all__ = ["plot_linearity", "plot_pacing"]

_SMALL = 7.7


def plot_linearity(result: Linearity, ax: Axes | None = None) -> Axes:
    """Bars of the share of bookings by part, an even pace as a dashed step.

    The period before stands as a thin bar beside each.

    Parameters
    ----------
    result : Linearity
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show, periods = result.view.show, period_labels(result.view)
    now, before = result.of(), result.of("prior")
    positions = np.arange(len(now))
    ax.bar(positions - 0.1, now["share"], color=ACCENT, width=0.5, label=periods["current"])
    if before["share"].notna().any():
        places = before["part"].to_numpy() - 1
        ax.bar(places + 0.29, before["share"], color=SOFT, width=0.2, label=periods["prior"])
    for x, row in zip(positions, rows_of(now), strict=True):
        ax.plot([x - 0.1] * 2, [row.low, row.high], color=MUTED, lw=1.2)
        ax.plot([x - 0.42, x + 0.42], [row.even] * 2, color=PLAN, linestyle="--", lw=1.6,
                label=show.say("even pace") if x == 0 else None)  # fmt: skip
        top = np.nanmax([row.share, row.high, row.even])
        ax.annotate(show.share(row.share, 0), (x - 0.1, top), (0, 3), textcoords="offset points",
                    ha="center", color=INK, fontsize=_SMALL)  # fmt: skip
    ax.set_xticks(positions, period_ticks(now["label"], show))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Share of bookings"))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(share_ticks(show))
    ax.grid(visible=False, axis="x")
    ax.margins(y=0.12)
    legend_above(ax)
    return ax


def plot_pacing(result: Pacing, ax: Axes | None = None) -> Axes:
    """Bars of past periods, dark what was booked by the same day; the landing as a dot.

    Parameters
    ----------
    result : Pacing
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    frame, show, landed = result.frame, result.view.show, result.landing.value()
    last = len(frame)
    ax.bar(np.arange(last), frame["total"], color=SOFT, width=0.68)
    ax.bar(np.arange(last + 1), [*frame["to_date"], result.booked], color=ACCENT, width=0.68,
           label=show.say("by this day"))  # fmt: skip
    top = number = float(landed.number or 0)
    if landed.low is not None and landed.high is not None:
        ax.plot([last, last], [landed.low, landed.high], color=PLAN, lw=1.6, marker="_",
                markersize=7)  # fmt: skip
        top = landed.high
    ax.plot([last], [number], color=PLAN, marker="o", ls="", markersize=5.5,
            label=show.say("landing"))  # fmt: skip
    if result.quota:
        ax.plot([last - 0.45, last + 0.45], [result.quota] * 2, color=INK, linestyle="--", lw=1.4,
                label=show.say("quota"))  # fmt: skip
        top = max(top, result.quota)
    ax.annotate(show.money(number, compact=True), (last, top), (0, 4), ha="center",
                textcoords="offset points", color=INK, fontsize=_SMALL, weight="bold")  # fmt: skip
    labels = [*frame["period"], result.view.period.label]
    ax.set_xticks(np.arange(last + 1), _years_once(period_ticks(labels, show)))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Bookings, {currency}", currency=show.currency))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.grid(visible=False, axis="x")
    ax.margins(y=0.14)
    legend_above(ax)
    return ax


def _years_once(labels: list[str]) -> list[str]:
    """Labels in two lines, the upper one only where it changes: of many, years overlap."""
    heads = [label.partition("\n")[0] if "\n" in label else "" for label in labels]
    before = ["", *heads]
    return [
        "\n" + label.partition("\n")[2] if head and head == last else label
        for label, head, last in zip(labels, heads, before, strict=False)
    ]
