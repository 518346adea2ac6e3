"""Charts that compare people: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.axes import (
    beside,
    legend_above,
    money_ticks,
    named_rows,
    room_beside,
    rows_axes,
    share_ticks,
    text_width,
)
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, LINE, MUTED, PAPER, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.performance.consistency import Consistency
    from salesops_lib.performance.fair_comparison import FairComparison
    from salesops_lib.performance.team_goal import TeamGoal

__all__ = ["plot_consistency", "plot_fair_comparison", "plot_team_goal"]

_TICKS = 4


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
    ax = ax or rows_axes(len(frame))
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
        beside(ax, y, result.rank_text(row))
    if result.team == result.team:
        ax.axvline(result.team, color=PLAN, linestyle="--", lw=1.4, label=show.say("all together"))
    named_rows(ax, list(frame["rep"]), show.say("{measure}, and rank", measure=result.name))
    ax.xaxis.set_major_formatter(share_ticks(show))
    room_beside(ax, ends, _TICKS)
    if max((end for end, _ in ends), default=0.0) <= 1:
        # The room for ranks lies beyond what a rate can be.
        ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1])
    legend_above(ax)
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
    ax = ax or rows_axes(len(frame))
    ends = []
    for y, row in enumerate(rows_of(frame)):
        dots = result.points.loc[result.points["rep_id"] == row.rep_id, "attainment"]
        low = max(row.attainment - row.chance, 0.0)
        ax.barh(y, row.attainment + row.chance - low, left=low, height=0.56, color=LINE)
        ax.plot(dots, np.full(len(dots), y), color=ACCENT, marker="o", ls="", markersize=3.2,
                markeredgewidth=0, clip_on=False)  # fmt: skip
        ax.plot([row.attainment] * 2, [y - 0.34, y + 0.34], color=INK, lw=1.6)
        text = {"uneven": "▲ ", "even": "= "}.get(row.verdict, "") + show.ratio(row.ratio)
        ends.append((float(np.nanmax([*dots, row.attainment + row.chance])), _width(text)))
        beside(ax, y, text, PLAN if row.verdict == "uneven" else INK)
    unit = show.say("Attainment by period, and variance ÷ chance")
    named_rows(ax, list(frame["rep"]), unit)
    ax.xaxis.set_major_formatter(share_ticks(show))
    room_beside(ax, ends, _TICKS)
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
    ax = ax or rows_axes(len(frame))
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
        beside(ax, y, texts[y])
    named_rows(ax, list(frame["rep"]), show.currency)
    ax.xaxis.set_major_formatter(money_ticks(show))
    room_beside(ax, ends, _TICKS)
    legend_above(ax)
    return ax


def _width(text: str) -> float:
    return text_width(text) + 6
