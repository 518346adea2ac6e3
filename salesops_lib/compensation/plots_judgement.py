"""Charts of the judgements of a plan: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

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

    from salesops_lib.compensation.attainment_distribution import AttainmentDistribution
    from salesops_lib.compensation.differentiation import Differentiation
    from salesops_lib.compensation.marginal_cost import MarginalCost
    from salesops_lib.compensation.pay_fairness import PayFairness
    from salesops_lib.compensation.pay_performance import PayPerformance

__all__ = [
    "plot_attainment_distribution",
    "plot_cost_per_point",
    "plot_differentiation",
    "plot_pay_fairness",
    "plot_pay_performance",
]


def plot_attainment_distribution(result: AttainmentDistribution, ax: Axes | None = None) -> Axes:
    """Bars of the share of reps by band with intervals, the target as a dashed step.

    Parameters
    ----------
    result : AttainmentDistribution
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show, last = result.table.show, len(result.frame) - 1
    names = []
    for x, row in enumerate(rows_of(result.frame)):
        ax.bar(x, row.share, color=ACCENT, width=0.6, label=show.say("reps") if x == 0 else None)
        ax.plot([x, x], [row.low, row.high], color=MUTED, lw=1.2)
        ax.plot([x - 0.42, x + 0.42], [row.target] * 2, color=PLAN, linestyle="--", lw=1.6,
                label=show.say("target") if x == 0 else None)  # fmt: skip
        names.append(result.band(row.low_edge, None if x == last else row.high_edge))
    ax.set_xticks(np.arange(last + 1), names)
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Share of reps, by attainment"))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(share_ticks(show))
    ax.grid(visible=False, axis="x")
    legend_above(ax)
    return ax


def plot_differentiation(result: Differentiation, ax: Axes | None = None) -> Axes:
    """Bars of pay as multiples of the median rep's, with intervals.

    Parameters
    ----------
    result : Differentiation
        What to draw; one that is computable.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show = result.table.show
    ax = ax or rows_axes(len(result.frame), 0.4)
    ends, names = [], []
    for y, row in enumerate(rows_of(result.frame)):
        ax.barh(y, row.times, color=ACCENT if row.band != "median" else SOFT, height=0.5)
        ax.plot([row.low, row.high], [y, y], color=MUTED, lw=1.2)
        text = show.decimal(row.times, 2) + "×"
        ends.append((float(np.nanmax([row.times, row.high])), text_width(text) + 6))
        beside(ax, y, text)
        names.append(result.name(row.band))
    ax.axvline(1, color=PLAN, linestyle="--", lw=1.4)
    named_rows(ax, names, show.say("Variable pay ÷ target, times that of the median rep"))
    room_beside(ax, ends)
    return ax


def plot_pay_performance(result: PayPerformance, ax: Axes | None = None) -> Axes:
    """A dot a rep, without names: attainment across, variable pay ÷ target upwards.

    Parameters
    ----------
    result : PayPerformance
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show = result.table.show
    ax.plot(result.frame["attainment"], result.frame["pay_ratio"], color=ACCENT, marker="o", ls="",
            markersize=4, alpha=0.7, label=show.say("reps"))  # fmt: skip
    ax.plot([1], [1], color=PLAN, marker="+", ls="", markersize=11, markeredgewidth=1.6,
            label=show.say("target"))  # fmt: skip
    ax.set(xlabel=show.say("Attainment"), ylabel="")
    unit_above(ax, show.say("Variable pay ÷ target"))
    ax.xaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_formatter(share_ticks(show))
    legend_above(ax)
    return ax


def plot_pay_fairness(result: PayFairness, ax: Axes | None = None) -> Axes:
    """Dots with intervals: what one standard deviation of each cause goes with.

    Parameters
    ----------
    result : PayFairness
        What to draw; one that is computable.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show, found = result.table.show, set(result.found)
    ax = ax or rows_axes(len(result.frame), 0.4)
    ends, names = [], []
    for y, row in enumerate(rows_of(result.frame)):
        is_found = (row.outcome, row.cause) in found
        ax.plot([row.low, row.high], [y, y], color=SOFT, lw=2.2, solid_capstyle="butt")
        ax.plot(row.effect, y, color=ACCENT, marker="D" if is_found else "o", ls="", markersize=5.5)
        text = ("▲ " if is_found else "") + show.points(row.effect)
        ends.append((float(max(row.high, row.effect, 0.0)), text_width(text) + 6))
        beside(ax, y, text, PLAN if is_found else INK)
        names.append(result.name(row))
    ax.axvline(0, color=LINE, lw=1.2)
    named_rows(ax, names, show.say("With one standard deviation more; beyond chance: ▲"))
    ax.xaxis.set_major_formatter(share_ticks(show))
    room_beside(ax, ends)
    return ax


def plot_cost_per_point(result: MarginalCost, ax: Axes | None = None) -> Axes:
    """Bars of the cost of one more point of attainment, by bands, with intervals.

    Parameters
    ----------
    result : MarginalCost
        What to draw; one that is computable.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show = result.table.show
    frame = result.frame[result.frame["cost"].notna()]
    ax = ax or rows_axes(len(frame), 0.4)
    ends, names = [], []
    for y, row in enumerate(rows_of(frame)):
        ax.barh(y, row.cost, color=ACCENT, height=0.5)
        ax.plot([row.low, row.high], [y, y], color=MUTED, lw=1.2)
        text = show.money(row.cost, compact=True)
        ends.append((float(max(row.cost, row.high)), text_width(text) + 6))
        beside(ax, y, text)
        names.append(result.band(row))
    named_rows(ax, names, show.say("Cost of one point of attainment, {currency}",
                                   currency=show.currency))  # fmt: skip
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda amount, _at: show.money(amount, compact=True))
    )
    room_beside(ax, ends)
    return ax
