"""Charts of the performance review: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesops_lib.layout import Margins, text_size
from salesops_lib.results import rows_of
from salesops_lib.theme import ACCENT, INK, MUTED, PAPER, PLAN, SOFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from salesops_lib.formats import Formatter
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

_WIDTH = 4.5
"""Inches. Small, so that the text can still be read where a phone makes it smaller."""

_TALL = 2.45
_LABEL = 8.5
_WIDE_LABEL = 7
_NARROWEST = 100.0


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
    ax = ax or _new_axes(_TALL)
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
        _legend_above(ax)
    ax.set_xticks(positions, _ticks(frame["period"], show))
    ax.set(xlabel="", ylabel="")
    _unit_above(ax, show.say("Bookings, {currency}", currency=show.currency))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(_money(show))
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
    ax = ax or _new_axes(_TALL)
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
    ax.set_xticks(positions, _ticks(frame["period"], show))
    ax.set(xlabel="", ylabel="")
    _unit_above(ax, show.say("Win rate, % of closed deals, with 95% intervals"))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _at: show.share(share, 0)))
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
    ax = ax or _new_axes(0.85 + 0.34 * max(3, len(frame)))
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
        ends.append((getattr(row, whole), text_size(label, _LABEL)[0]))
        ax.annotate(label, (ends[-1][0], y), (5, 0), textcoords="offset points",
                    va="center", color=INK, fontsize=_LABEL)  # fmt: skip
    ax.set_yticks(positions, frame["stage"])
    ax.set_ylim(max(len(frame), 3) - 0.4, -0.6)
    ax.set(xlabel="", ylabel="")
    unit = show.say("Open deals")
    if not result.unvalued:
        unit = show.say("Open amount, {currency}", currency=show.currency)
        ax.xaxis.set_major_formatter(_money(show))
    _unit_above(ax, unit)
    _bars_across(ax, ends)
    if (frame[part] > 0).any():
        _legend_above(ax)
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
    ax = ax or _new_axes(0.85 + 0.4 * max(3, len(frame)))
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
    column = max((text_size(text, _LABEL)[0] for text in frame["change"]), default=0.0)
    for y, row in zip(positions, rows_of(frame), strict=True):
        edge = np.nanmax([row.current, row.prior])
        ends.append((edge, text_size(row.text, _LABEL)[0] + 6 + column))
        ax.annotate(row.text, (edge, y), (6, 0), textcoords="offset points",
                    va="center", color=INK, fontsize=_LABEL)  # fmt: skip
        ax.annotate(row.change, (1, y), xycoords=("axes fraction", "data"), va="center",
                    ha="right", color=MUTED, fontsize=_LABEL)  # fmt: skip
    ax.set_yticks(positions, frame["label"])
    ax.set_ylim(max(len(frame), 3) - 0.4, -0.6)
    ax.set(xlabel="", ylabel="")
    _unit_above(ax, show.say("Bookings, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(_money(show))
    _bars_across(ax, ends)
    _legend_above(ax)
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
    ax = ax or _new_axes(0.85 + 0.3 * max(3, len(bars)))
    ends = []
    for y, bar in enumerate(rows_of(bars)):
        left, right = sorted((float(bar.before), float(bar.after)))
        style: dict[str, Any] = {"color": ACCENT if bar.is_level else SOFT}
        if not bar.is_level and bar.after < bar.before:
            style = {"color": PAPER, "edgecolor": PLAN, "hatch": "/////", "lw": 0.8}
        ax.barh(y, right - left, left=left, height=0.6, **style)
        if y + 1 < len(bars):
            ax.plot([bar.after] * 2, [y, y + 1], color=MUTED, lw=0.7, zorder=0.5)
        ends.append((right, text_size(bar.text, _LABEL)[0]))
        ax.annotate(bar.text, (right, y), (5, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=_LABEL, weight="bold" if bar.is_level else "normal",
                    )  # fmt: skip
    ax.set_yticks(range(len(bars)), bars["label"])
    ax.set_ylim(max(len(bars), 3) - 0.4, -0.6)
    ax.set(xlabel="", ylabel="")
    unit = show.say("Open deals")
    if not counted:
        unit = show.say("Open amount, {currency}", currency=show.currency)
        ax.xaxis.set_major_formatter(_money(show))
    _unit_above(ax, unit)
    _bars_across(ax, ends)
    return ax


def _new_axes(height: float) -> Axes:
    figure, ax = plt.subplots(figsize=(_WIDTH, height))
    figure.set_layout_engine(Margins())
    return ax


def _ticks(periods: Iterable[str], show: Formatter) -> list[str]:
    """Labels of periods in two lines: the year above, its part below."""
    return [show.period(period).replace("-", "\n", 1) for period in periods]


def _bars_across(ax: Axes, ends: Sequence[tuple[float, float]]) -> None:
    """Axes of horizontal bars, with room for what stands beside each: its end, and points."""
    names = (text_size(label.get_text(), label.get_fontsize())[0] for label in ax.get_yticklabels())
    width = max(72 * _WIDTH - max(names, default=0.0) - 2 * _LABEL, _NARROWEST)
    # A bar that ends at x, with w points beside it, fits if x <= limit x (1 - w / width).
    limits = [end / max(1 - (points + _LABEL) / width, 0.2) for end, points in ends]
    left = float(ax.dataLim.intervalx[0])
    # A group whose reversals are larger than its sales has a bar to the left.
    ax.set_xlim(min(left * 1.1, 0) if np.isfinite(left) else 0, max([*limits, 0]) or 1)
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.grid(visible=False, axis="y")


def _unit_above(ax: Axes, text: str) -> None:
    """What the axis measures and in which unit, where reading begins."""
    # The title only keeps the room; the text begins at the figure's edge, so that a
    # legend fits beside it.
    ax.set_title(" ", fontsize=_LABEL, pad=7)
    said = ax.annotate(
        text, (0, 1), (1, 7), xycoords=("figure fraction", "axes fraction"),
        textcoords="offset points", color=MUTED, fontsize=_LABEL,
    )  # fmt: skip
    said.set_in_layout(False)


def _legend_above(ax: Axes) -> None:
    """Legend over the plot's right end, where no mark can lie under it."""
    ax.legend(
        loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=3, borderaxespad=0.1,
        handlelength=1.4, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def _money(show: Formatter) -> FuncFormatter:
    def label(amount: float, _at: Any) -> str:
        return show.money(amount, compact=True)

    return FuncFormatter(label)
