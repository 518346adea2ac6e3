"""Charts that compare people: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesops_lib.layout import Margins, text_size
from salesops_lib.results import rows_of
from salesops_lib.theme import ACCENT, INK, LINE, MUTED, PAPER, PLAN, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from salesops_lib.formats import Formatter
    from salesops_lib.performance.consistency import Consistency
    from salesops_lib.performance.fair_comparison import FairComparison
    from salesops_lib.performance.team_goal import TeamGoal

__all__ = ["plot_consistency", "plot_fair_comparison", "plot_team_goal"]

_WIDTH = 4.5
"""Inches. Small, so that the text can still be read where a phone makes it smaller."""

_LABEL = 8.5
_NARROWEST = 100.0


def plot_fair_comparison(result: FairComparison, ax: Axes | None = None) -> Axes:
    """Dots with intervals, drawn towards the team, and as measured; the team as a line.

    Parameters
    ----------
    result : FairComparison
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    frame, show = result.shown, result.view.show
    ax = ax or _rows_axes(len(frame))
    ends = []
    for y, row in enumerate(rows_of(frame)):
        ax.plot([row.low, row.high], [y, y], color=SOFT, lw=2.2, solid_capstyle="butt")
        ax.plot(
            row.value, y, color=MUTED, marker="o", ls="", markersize=5, markerfacecolor=PAPER,
            clip_on=False,
            label=show.say("as measured") if y == 0 else None,
        )  # fmt: skip
        ax.plot(row.fair, y, color=ACCENT, marker="o", ls="", markersize=5.5)
        ends.append((np.nanmax([row.value, row.high, 0.0]), _width(result.rank_text(row))))
        _beside(ax, y, result.rank_text(row))
    if result.team == result.team:
        ax.axvline(result.team, color=PLAN, linestyle="--", lw=1.4, label=show.say("all together"))
    _named_rows(ax, list(frame["rep"]), show.say("{measure}, and rank", measure=result.name))
    _share_axis(ax, show)
    _room_beside(ax, ends)
    _legend_above(ax)
    return ax


def plot_consistency(result: Consistency, ax: Axes | None = None) -> Axes:
    """Attainment of each period as dots, on a bar that shows what chance alone does.

    Parameters
    ----------
    result : Consistency
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    frame, show = result.shown, result.view.show
    ax = ax or _rows_axes(len(frame))
    ends = []
    for y, row in enumerate(rows_of(frame)):
        dots = result.points.loc[result.points["rep_id"] == row.rep_id, "attainment"]
        low = max(row.attainment - row.chance, 0.0)
        ax.barh(y, row.attainment + row.chance - low, left=low, height=0.56, color=LINE)
        ax.plot(dots, np.full(len(dots), y), color=ACCENT, marker="o", ls="", markersize=3.6,
                alpha=0.75, clip_on=False)  # fmt: skip
        ax.plot([row.attainment] * 2, [y - 0.34, y + 0.34], color=INK, lw=1.6)
        text = {"uneven": "▲ ", "even": "= "}.get(row.verdict, "") + show.ratio(row.ratio)
        ends.append((float(np.nanmax([*dots, row.attainment + row.chance])), _width(text)))
        _beside(ax, y, text, PLAN if row.verdict == "uneven" else INK)
    unit = show.say("Attainment by period, and variance ÷ chance")
    _named_rows(ax, list(frame["rep"]), unit)
    _share_axis(ax, show)
    _room_beside(ax, ends)
    return ax


def plot_team_goal(result: TeamGoal, ax: Axes | None = None) -> Axes:
    """Bars of credit one after the other, up to the goal of all.

    Parameters
    ----------
    result : TeamGoal
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    frame, show = result.shown, result.view.show
    ax = ax or _rows_axes(len(frame))
    positions = np.arange(len(frame))
    ax.barh(
        positions - 0.1, frame["credit"], left=frame["start"], color=ACCENT, height=0.44,
        label=show.say("credit"),
    )  # fmt: skip
    ax.barh(
        positions + 0.24, frame["quota"], left=frame["start"], color=SOFT, height=0.16,
        label=show.say("quota"),
    )  # fmt: skip
    for total, style, label in (
        (result.goal, "--", show.say("goal")),
        (result.prior, ":", show.period(result.view.periods["prior"].label)),
    ):
        if total == total:
            colour = PLAN if style == "--" else MUTED
            ax.axvline(total, color=colour, linestyle=style, lw=1.5, label=label)
    texts = [show.money(amount, compact=True) for amount in frame["credit"]]
    lines = max((total for total in (result.goal, result.prior) if total == total), default=0.0)
    ends = [(lines, max(map(_width, texts), default=0.0))]
    for y, row in enumerate(rows_of(frame)):
        edge = np.nanmax([row.start, row.start + row.credit, row.start + row.quota])
        ends.append((edge, _width(texts[y])))
        _beside(ax, y, texts[y])
    _named_rows(ax, list(frame["rep"]), show.currency)
    ax.xaxis.set_major_formatter(_money(show))
    _room_beside(ax, ends)
    _legend_above(ax)
    return ax


def _rows_axes(rows: int) -> Axes:
    figure, ax = plt.subplots(figsize=(_WIDTH, 0.85 + 0.3 * max(3, rows)))
    figure.set_layout_engine(Margins())
    return ax


def _named_rows(ax: Axes, names: Sequence[str], unit: str) -> None:
    """One row a name, the first above; over them what is drawn, from the figure's edge on."""
    ax.set_yticks(np.arange(len(names)), names)
    ax.set_ylim(max(len(names), 3) - 0.4, -0.6)
    ax.set(xlabel="", ylabel="")
    ax.set_title(" ", fontsize=_LABEL, pad=7)
    said = ax.annotate(
        unit, (0, 1), (1, 7), xycoords=("figure fraction", "axes fraction"),
        textcoords="offset points", color=MUTED, fontsize=_LABEL,
    )  # fmt: skip
    said.set_in_layout(False)
    ax.grid(visible=False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _share_axis(ax: Axes, show: Formatter) -> None:
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _at: show.share(share, 0)))


def _beside(ax: Axes, y: float, text: str, colour: str = INK) -> None:
    """Text of a row at the plot's right end."""
    ax.annotate(
        text, (1, y), xycoords=("axes fraction", "data"), va="center", ha="right", color=colour,
        fontsize=_LABEL,
    )  # fmt: skip


def _room_beside(ax: Axes, ends: Sequence[tuple[float, float]]) -> None:
    """Limits of the axis, with room for what stands beside each: its end, and points."""
    names = (text_size(label.get_text(), label.get_fontsize())[0] for label in ax.get_yticklabels())
    width = max(72 * _WIDTH - max(names, default=0.0) - 2 * _LABEL, _NARROWEST)
    limits = [end / max(1 - (points + _LABEL) / width, 0.2) for end, points in ends]
    left = float(ax.dataLim.intervalx[0])
    ax.set_xlim(min(left * 1.1, 0) if np.isfinite(left) else 0, max([*limits, 0]) or 1)


def _legend_above(ax: Axes) -> None:
    """Legend over the plot's right end, where no mark can lie under it."""
    handles, _labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=4, borderaxespad=0.1,
            handlelength=1.4, columnspacing=1.0, handletextpad=0.4,
        )  # fmt: skip


def _width(text: str) -> float:
    return text_size(text, _LABEL)[0] + 6


def _money(show: Formatter) -> FuncFormatter:
    def label(amount: float, _at: Any) -> str:
        return show.money(amount, compact=True)

    return FuncFormatter(label)
