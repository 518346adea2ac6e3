"""Charts of the performance review: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    LABEL,
    TALL,
    legend_above,
    money_ticks,
    named_rows,
    new_axes,
    period_ticks,
    room_beside,
    rows_axes,
    share_ticks,
    text_width,
    unit_above,
)
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, MUTED, PAPER, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.performance.movement import Movement
    from salesops_lib.performance.pipeline import OpenPipeline
    from salesops_lib.performance.trend_charts import BookingsTrend, WinRateTrend
    from salesops_lib.performance.waterfall import Waterfall

__all__ = [
    "plot_bookings_movement",
    "plot_bookings_trend",
    "plot_open_pipeline",
    "plot_pipeline_waterfall",
    "plot_win_rate_trend",
]

_WIDE_LABEL = 7


def plot_bookings_trend(result: BookingsTrend, ax: Axes | None = None) -> Axes:
    """Bars of bookings by period, the current one dark, the quota as a dashed step.

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
    ax = ax or new_axes(TALL)
    frame, show = result.trend.covered, result.trend.view.show
    positions = np.arange(len(frame))
    colours = [SOFT] * (len(frame) - 1) + [ACCENT]
    ax.bar(positions, frame["bookings"], color=colours, width=0.68)
    last = len(frame) - 1
    labels = ["" if n != n else show.money(n, compact=True) for n in frame["bookings"]]
    # Some languages write 10,4 Mn €: wider than a bar, so it takes two lines.
    if len(labels) > 4 and max(map(len, labels)) > _WIDE_LABEL:
        labels = ["\n".join(label.split(maxsplit=1)) for label in labels]
    for x, amount, goal, label in zip(
        positions, frame["bookings"], frame["quota"], labels, strict=True
    ):
        if label:
            # A quota just above the bar would strike its label through.
            top = goal if amount < goal < 1.15 * amount else amount
            ax.annotate(label, (x, top), (0, 3), textcoords="offset points", ha="center",
                        color=INK, fontsize=7.7, weight="bold" if x == last else "normal",
                        )  # fmt: skip
    quota = frame["quota"]
    if quota.notna().any():
        for x, amount in zip(positions, quota, strict=True):
            ax.plot([x - 0.45, x + 0.45], [amount, amount], color=PLAN, linestyle="--", lw=1.6)
        ax.plot([], [], color=PLAN, linestyle="--", lw=1.6, label=show.say("quota"))
        legend_above(ax)
    ax.set_xticks(positions, period_ticks(frame["period"], show))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Bookings, {currency}", currency=show.currency))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.grid(visible=False, axis="x")
    ax.margins(y=0.22 if any("\n" in label for label in labels) else 0.12)
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
    ax = ax or new_axes(TALL)
    frame, show = result.trend.covered, result.trend.view.show
    positions = np.arange(len(frame))
    rate = frame["win_rate"]
    last = len(frame) - 1
    for x, low, high in zip(positions, frame["low"], frame["high"], strict=True):
        ax.plot([x, x], [low, high], color=SOFT, lw=1.6, marker="_", markersize=7)
    ax.plot(positions, rate, color=ACCENT, marker="o", markersize=5.5, markeredgecolor=PAPER)
    for x, share, top in zip(positions, rate, frame["high"], strict=True):
        if share == share:
            ax.annotate(show.share(share), (x, top), (0, 4), textcoords="offset points",
                        ha="center", color=INK, fontsize=7.7,
                        weight="bold" if x == last else "normal")  # fmt: skip
    ax.set_xticks(positions, period_ticks(frame["period"], show))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Win rate, % of closed deals, with 95% intervals"))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(share_ticks(show))
    ax.grid(visible=False, axis="x")
    ax.margins(x=0.06, y=0.14)
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
    ax = ax or rows_axes(len(frame), 0.34)
    positions = np.arange(len(frame))
    whole, part = ("deals", "stale") if result.unvalued else ("amount", "stale_amount")
    ax.barh(positions, frame[whole], color=SOFT, height=0.6, label=show.say("open"))
    ax.barh(
        positions, frame[part], color=PAPER, edgecolor=PLAN, hatch="/////",
        height=0.6, lw=0.8, label=show.say("past its close date"),
    )  # fmt: skip
    ends = []
    for y, row in zip(positions, rows_of(frame), strict=True):
        label = show.counted(row.deals, "{count} deal", "{count} deals")
        if not result.unvalued:
            label = show.counted(
                row.deals, "{amount} in {count} deal", "{amount} in {count} deals",
                amount=show.money(row.amount, compact=True),
            )  # fmt: skip
        ends.append((getattr(row, whole), text_width(label)))
        ax.annotate(label, (ends[-1][0], y), (5, 0), textcoords="offset points",
                    va="center", color=INK, fontsize=LABEL)  # fmt: skip
    unit = show.say("Open deals")
    if not result.unvalued:
        unit = show.say("Open amount, {currency}", currency=show.currency)
        ax.xaxis.set_major_formatter(money_ticks(show))
    named_rows(ax, list(frame["stage"]), unit)
    room_beside(ax, ends)
    if (frame[part] > 0).any():
        legend_above(ax)
    return ax


def plot_bookings_movement(result: Movement, ax: Axes | None = None) -> Axes:
    """Bars of bookings by group, the prior period as a thin bar below each.

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
    ax = ax or rows_axes(len(frame), 0.4)
    positions = np.arange(len(frame))
    ax.barh(
        positions - 0.1,
        frame["current"],
        color=ACCENT,
        height=0.42,
        label=show.period(result.measure.period()),
    )
    ax.barh(
        positions + 0.22, frame["prior"], color=SOFT, height=0.18,
        label=show.period(result.measure.period("prior")),
    )  # fmt: skip
    ends = []
    column = max((text_width(text) for text in frame["change"]), default=0.0)
    for y, row in zip(positions, rows_of(frame), strict=True):
        edge = np.nanmax([row.current, row.prior])
        ends.append((edge, text_width(row.text) + 6 + column))
        ax.annotate(row.text, (edge, y), (6, 0), textcoords="offset points",
                    va="center", color=INK, fontsize=LABEL)  # fmt: skip
        ax.annotate(row.change, (1, y), xycoords=("axes fraction", "data"), va="center",
                    ha="right", color=MUTED, fontsize=LABEL)  # fmt: skip
    named_rows(ax, list(frame["label"]), show.say("Bookings, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(money_ticks(show))
    room_beside(ax, ends)
    legend_above(ax)
    return ax


def plot_pipeline_waterfall(result: Waterfall, ax: Axes | None = None) -> Axes:
    """Bars from the opening to the closing pipeline, each move from where the last one ended.

    What left is hatched; signs say it too.

    Parameters
    ----------
    result : Waterfall
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show, counted = result.view.show, bool(result.unvalued)
    bars = result.bars
    ax = ax or rows_axes(len(bars))
    ends = []
    for y, bar in enumerate(rows_of(bars)):
        left, right = sorted((float(bar.before), float(bar.after)))
        style: dict[str, Any] = {"color": ACCENT if bar.is_level else SOFT}
        if not bar.is_level and bar.after < bar.before:
            style = {"color": PAPER, "edgecolor": PLAN, "hatch": "/////", "lw": 0.8}
        ax.barh(y, right - left, left=left, height=0.6, **style)
        if y + 1 < len(bars):
            ax.plot([bar.after] * 2, [y, y + 1], color=MUTED, lw=0.7, zorder=0.5)
        ends.append((right, text_width(bar.text)))
        ax.annotate(bar.text, (right, y), (5, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=LABEL, weight="bold" if bar.is_level else "normal",
                    )  # fmt: skip
    unit = show.say("Open deals")
    if not counted:
        unit = show.say("Open amount, {currency}", currency=show.currency)
        ax.xaxis.set_major_formatter(money_ticks(show))
    named_rows(ax, list(bars["label"]), unit)
    room_beside(ax, ends)
    return ax
