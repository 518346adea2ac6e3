"""Charts of the forecast's record: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    LABEL,
    TALL,
    legend_above,
    money_ticks,
    named_rows,
    new_axes,
    room_beside,
    rows_axes,
    share_ticks,
    text_width,
    unit_above,
)
from salesops_lib.forecasting.definitions import method_name
from salesops_lib.forecasting.record import methods_of
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, MUTED, PALETTE, PLAN, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from salesops_lib.forecasting.forecast_changes import ForecastChanges
    from salesops_lib.forecasting.forecast_path import ForecastPath
    from salesops_lib.forecasting.record import ForecastRecord
    from salesops_lib.forecasting.reliability import Reliability
    from salesops_lib.formats import Formatter

__all__ = [
    "plot_accuracy_record",
    "plot_forecast_changes",
    "plot_forecast_path",
    "plot_reliability",
]

_TALLER = 3.0
_MARKS = ("o", "s", "^", "D")
_LINES = ("-", "--", ":", "-.")


def plot_accuracy_record(result: ForecastRecord, ax: Axes | None = None) -> Axes:
    """Lines of each method's error by week of the quarter, its name at the line's end.

    Parameters
    ----------
    result : ForecastRecord
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(_TALLER)
    show, shown = result.view.show, result.shown
    ends = []
    for place, method in enumerate(methods_of(shown)):
        rows = shown[shown["method"] == method]
        colour, mark, line = _look(place)
        ax.plot(rows["week"], rows["wape"], color=colour, lw=1.6, marker=mark, markersize=4.5,
                linestyle=line)  # fmt: skip
        ends.append((float(rows["wape"].iloc[-1]), method_name(method, show), colour))
    ax.set_ylim(0, float(shown["wape"].max()) * 1.08)
    _week_ticks(ax, sorted(shown["week"].unique()), show)
    _names_beside(ax, ends)
    unit_above(ax, show.say("Forecast error (WAPE)"))
    ax.yaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.grid(visible=False, axis="x")
    return ax


def plot_reliability(result: Reliability, ax: Axes | None = None) -> Axes:
    """Dots of what came of each group of chances, with intervals; dashed what was promised.

    Parameters
    ----------
    result : Reliability
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(_TALLER)
    show, frame = result.show, result.frame
    ax.plot([0, 1], [0, 1], color=PLAN, linestyle="--", lw=1.2, label=show.say("promised"))
    for row in rows_of(frame):
        ax.plot([row.predicted] * 2, [row.low, row.high], color=MUTED, lw=1.2)
    ax.plot(frame["predicted"], frame["observed"], color=ACCENT, marker="o", ls="", markersize=5,
            label=show.say("won"))  # fmt: skip
    top = min(1.0, float(max(frame["high"].max(), frame["predicted"].max())) * 1.05)
    ax.set(xlim=(0, top), ylim=(0, top), xlabel="", ylabel="")
    unit_above(ax, show.say("Share won, by the chance promised"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(share_ticks(show))
        axis.set_major_locator(MaxNLocator(5))
    legend_above(ax)
    return ax


def plot_forecast_path(result: ForecastPath, ax: Axes | None = None) -> Axes:
    """Lines of the forecasts of one quarter by week, and what came as a dashed line.

    Parameters
    ----------
    result : ForecastPath
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show, frame = result.view.show, result.frame
    methods = list(dict.fromkeys(frame["method"]))
    ends = []
    for place, method in enumerate(methods):
        rows = frame[frame["method"] == method]
        colour, mark, line = _look(place)
        # Side by side, so that no interval hides another one.
        weeks = rows["week"] + (place - (len(methods) - 1) / 2) * 0.35
        for x, row in zip(weeks, rows_of(rows), strict=True):
            ax.plot([x, x], [row.low, row.high], color=colour, lw=1.4, alpha=0.7)
        ax.plot(weeks, rows["forecast"], color=colour, lw=1.6, markersize=4.5, marker=mark,
                linestyle=line)  # fmt: skip
        ends.append((float(rows["forecast"].iloc[-1]), method_name(method, show), colour))
    if result.actual is not None:
        days = [frame["week"].min() - 0.5, frame["week"].max() + 0.5]
        ax.plot(days, [result.actual] * 2, color=INK, linestyle="--", lw=1.2)
        ends.append((result.actual, show.say("actual"), INK))
    ax.margins(y=0.15)
    _week_ticks(ax, sorted(frame["week"].unique()), show)
    _names_beside(ax, ends)
    unit_above(ax, show.say("Forecast, {currency}", currency=show.currency))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.grid(visible=False, axis="x")
    return ax


def plot_forecast_changes(result: ForecastChanges, ax: Axes | None = None) -> Axes:
    """Bars from one forecast to the next, a row a reason.

    Parameters
    ----------
    result : ForecastChanges
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    bars = result.bars
    ax = ax or rows_axes(len(bars))
    ends = []
    for y, row in enumerate(rows_of(bars)):
        before, after = float(row.before), float(row.after)
        colour = ACCENT if row.is_level else SOFT if after >= before else PLAN
        ax.barh(y, after - before, left=before, color=colour, height=0.62)
        edge = max(before, after)
        ends.append((edge, text_width(row.text) + 6))
        ax.annotate(row.text, (edge, y), (5, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=LABEL)  # fmt: skip
    named_rows(ax, list(bars["label"]), result.show.currency)
    ax.xaxis.set_major_formatter(money_ticks(result.show))
    room_beside(ax, ends)
    return ax


def _look(place: int) -> tuple[str, str, str]:
    """Colour, mark and line of a method: more than there are colours can be told apart."""
    turn = place // len(PALETTE)
    return PALETTE[place % len(PALETTE)], _MARKS[place % 4], _LINES[turn % len(_LINES)]


def _week_ticks(ax: Axes, weeks: Sequence[int], show: Formatter) -> None:
    """Ticks of the weeks, with room for names to the right of the last one."""
    first, last = int(weeks[0]), int(weeks[-1])
    labels = [show.say("week {week}", week=show.count(int(week))) for week in weeks]
    ax.set_xticks([int(week) for week in weeks], labels)
    ax.set_xlim(first - 0.6, last + max(last - first, 1) * 0.7)
    ax.set(xlabel="", ylabel="")


def _names_beside(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names at the lines' ends, moved apart where lines end close together."""
    low, high = ax.get_ylim()
    gap = (high - low) * 0.085
    places: list[float] = []
    for end, _name, _colour in sorted(ends):
        places.append(end if not places else max(end, places[-1] + gap))
    # What would stand above the plot moves the whole pile down.
    over = max(places[-1] - high, 0.0) if places else 0.0
    left, right = ax.get_xlim()
    x = ax.get_xticks()[-1] + (right - left) * 0.06
    for (_end, name, colour), y in zip(sorted(ends), places, strict=True):
        # The colour stands in a mark of its own: as text it would be too faint.
        ax.plot([x], [y - over], color=colour, marker="s", ls="", markersize=4, clip_on=False)
        ax.annotate(name, (x, y - over), (6, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=LABEL - 1)  # fmt: skip
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
