"""Charts of the performance review: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesops_lib.results import rows_of
from salesops_lib.theme import ACCENT, INK, MUTED, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.formats import Formatter
    from salesops_lib.performance.movement import Movement
    from salesops_lib.performance.pipeline import OpenPipeline
    from salesops_lib.performance.trend import BookingsTrend, WinRateTrend

__all__ = [
    "plot_bookings_movement",
    "plot_bookings_trend",
    "plot_open_pipeline",
    "plot_win_rate_trend",
]

_WIDTH = 5.6


def plot_bookings_trend(result: BookingsTrend, ax: Axes | None = None) -> Axes:
    """Bars of bookings by period, the quota as a dashed step.

    Parameters
    ----------
    result : BookingsTrend
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or _new_axes(2.8)
    frame, show = result.trend.covered, result.trend.view.show
    positions = np.arange(len(frame))
    colours = [SOFT] * (len(frame) - 1) + [ACCENT]
    sns.barplot(
        x=positions, y=frame["bookings"], hue=positions, palette=colours, legend=False,
        ax=ax, saturation=1, width=0.66,
    )  # fmt: skip
    for x, amount, goal in zip(positions, frame["bookings"], frame["quota"], strict=True):
        if amount == amount:
            label = show.money(amount, compact=True)
            # A quota just above the bar would strike its label through.
            top = goal if amount < goal < 1.15 * amount else amount
            ax.annotate(label, (x, top), (0, 3), textcoords="offset points", ha="center",
                        color=INK, fontsize=8.5)  # fmt: skip
    quota = frame["quota"]
    if quota.notna().any():
        for x, amount in zip(positions, quota, strict=True):
            ax.plot([x - 0.45, x + 0.45], [amount, amount], color=PLAN, linestyle="--", lw=1.6)
        ax.plot([], [], color=PLAN, linestyle="--", lw=1.6, label="quota")
        _legend_above(ax)
    ax.set_xticks(positions, [period.replace("-", "\n", 1) for period in frame["period"]])
    ax.set(xlabel="", ylabel=f"Bookings, {show.currency}")
    ax.yaxis.set_major_formatter(_money(show))
    ax.grid(visible=False, axis="x")
    ax.margins(y=0.12)
    return ax


def plot_win_rate_trend(result: WinRateTrend, ax: Axes | None = None) -> Axes:
    """Line of the closed win rate by period with its intervals.

    Parameters
    ----------
    result : WinRateTrend
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or _new_axes(2.8)
    frame, show = result.trend.covered, result.trend.view.show
    positions = np.arange(len(frame))
    rate = frame["win_rate"]
    ax.vlines(positions, frame["low"], frame["high"], color=SOFT, lw=5, alpha=0.55)
    sns.lineplot(x=positions, y=rate, color=ACCENT, marker="o", ax=ax, errorbar=None)
    for x, share, top in zip(positions, rate, frame["high"], strict=True):
        if share == share:
            ax.annotate(show.share(share), (x, top), (0, 4), textcoords="offset points",
                        ha="center", color=INK, fontsize=8.5)  # fmt: skip
    ax.set_xticks(positions, [period.replace("-", "\n", 1) for period in frame["period"]])
    ax.set(xlabel="", ylabel="Win rate, % of closed deals")
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _at: show.share(share, 0)))
    ax.grid(visible=False, axis="x")
    ax.margins(x=0.06, y=0.12)
    return ax


def plot_open_pipeline(result: OpenPipeline, ax: Axes | None = None) -> Axes:
    """Bars of open pipeline by stage, what is past its close date hatched.

    Parameters
    ----------
    result : OpenPipeline
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    frame, show = result.frame, result.view.show
    ax = ax or _new_axes(0.9 + 0.38 * max(3, len(frame)))
    positions = np.arange(len(frame))
    whole, part = ("deals", "stale") if result.unvalued else ("amount", "stale_amount")
    ax.barh(positions, frame[whole], color=SOFT, height=0.6, label="open")
    ax.barh(
        positions, frame[part], color="none", edgecolor=PLAN, hatch="////",
        height=0.6, lw=0, label="past its close date",
    )  # fmt: skip
    for y, row in zip(positions, rows_of(frame), strict=True):
        amount = "" if result.unvalued else f"{show.money(row.amount, compact=True)} in "
        ax.annotate(f"{amount}{show.count(row.deals)} deals", (frame[whole].iloc[y], y), (4, 0),
                    textcoords="offset points", va="center", color=INK, fontsize=8.5)  # fmt: skip
    ax.set_yticks(positions, frame["stage"])
    ax.set_ylim(max(len(frame), 3) - 0.4, -0.6)
    ax.set(xlabel="Open deals" if result.unvalued else f"Open amount, {show.currency}", ylabel="")
    if not result.unvalued:
        ax.xaxis.set_major_formatter(_money(show))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.28)
    if (frame[part] > 0).any():
        _legend_above(ax)
    return ax


def plot_bookings_movement(result: Movement, ax: Axes | None = None) -> Axes:
    """Bars of bookings by group, the prior period as a mark on each.

    Parameters
    ----------
    result : Movement
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    frame, show = result.shown, result.measure.show
    ax = ax or _new_axes(0.9 + 0.34 * max(3, len(frame)))
    positions = np.arange(len(frame))
    ax.barh(positions, frame["current"], color=SOFT, height=0.6, label=result.measure.period())
    ax.plot(
        frame["prior"], positions, marker="D", linestyle="none", color=PLAN, markersize=5,
        label=result.measure.period("prior"),
    )  # fmt: skip
    for y, row in zip(positions, rows_of(frame), strict=True):
        edge = np.nanmax([row.current, row.prior])
        ax.annotate(f"{row.text}  {row.change}", (edge, y), (8, 0), textcoords="offset points",
                    va="center", color=MUTED, fontsize=8.5)  # fmt: skip
    ax.set_yticks(positions, frame["label"])
    ax.set_ylim(max(len(frame), 3) - 0.4, -0.6)
    ax.set(xlabel=f"Bookings, {show.currency}", ylabel="")
    ax.xaxis.set_major_formatter(_money(show))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.26)
    ax.set_xlim(left=0)
    _legend_above(ax)
    return ax


def _new_axes(height: float) -> Axes:
    _figure, ax = plt.subplots(figsize=(_WIDTH, height), layout="constrained")
    return ax


def _legend_above(ax: Axes) -> None:
    """Legend over the plot's right end, where no mark can lie under it."""
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2)


def _money(show: Formatter) -> FuncFormatter:
    def label(amount: float, _at: Any) -> str:
        return show.money(amount, compact=True)

    return FuncFormatter(label)
