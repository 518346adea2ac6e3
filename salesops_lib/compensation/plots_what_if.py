"""Charts of what-ifs: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    TALL,
    beside,
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
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, LINE, MUTED, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.compensation.monte_carlo import BudgetSimulation
    from salesops_lib.compensation.panel import TurnedPlan
    from salesops_lib.compensation.plan_search import PlanSearch
    from salesops_lib.compensation.replay_change import ReplayChange
    from salesops_lib.compensation.response import PlanResponse

__all__ = [
    "plot_budget_simulation",
    "plot_plan_response",
    "plot_plan_search",
    "plot_replay_change",
    "plot_turned_plan",
]

_BINS = 40
_MOST_REPS = 24
_ROOM = 0.35


def plot_budget_simulation(result: BudgetSimulation, ax: Axes | None = None) -> Axes:
    """Histogram of the cost of each path, with its middle, nine in ten, and the budget.

    Parameters
    ----------
    result : BudgetSimulation
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show = result.show
    counts, edges = np.histogram(result.costs / 100, bins=_BINS)
    ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=SOFT)
    ends = [result.cost_cents(name) / 100 for name in ("q05", "q95")]
    ax.plot(ends, [0, 0], color=ACCENT, lw=4, solid_capstyle="butt", clip_on=False,
            label=show.say("nine in ten"))  # fmt: skip
    ax.axvline(result.cost_cents("q50") / 100, color=ACCENT, lw=1.4, label=show.say("middle"))
    if result.budget_cents is not None:
        ax.axvline(result.budget_cents / 100, color=PLAN, lw=1.6, ls=(0, (4, 2)),
                   label=show.say("budget"))  # fmt: skip
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Paths"))
    ax.xaxis.set_major_formatter(money_ticks(show))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(visible=False, axis="x")
    legend_above(ax)
    return ax


def plot_replay_change(result: ReplayChange, ax: Axes | None = None) -> Axes:
    """Bars of each rep's change; of many, those who lose and win most.

    Parameters
    ----------
    result : ReplayChange
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show = result.show
    moved = result.frame[result.frame["side"].isin(["winner", "loser"])]
    if len(moved) > _MOST_REPS:
        half = _MOST_REPS // 2
        moved = moved.iloc[[*range(half), *range(len(moved) - half, len(moved))]]
    ax = ax or rows_axes(len(moved), 0.26)
    ends, names = [], []
    for y, row in enumerate(rows_of(moved)):
        amount = row.change_cents / 100
        ax.barh(y, amount, color=ACCENT if amount > 0 else PLAN, height=0.6)
        text = show.money(amount, compact=True, signed=True)
        ends.append((max(amount, 0.0), text_width(text) + 6))
        beside(ax, y, text)
        names.append(row.rep)
    ax.axvline(0, color=LINE, lw=1.2)
    named_rows(ax, names, show.say("Change of pay, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(money_ticks(show))
    room_beside(ax, ends)
    low, high = ax.get_xlim()
    # Room was made as if nothing lay left of zero.
    longest = max([end for end, _width in ends], default=0.0)
    room = (high - longest) * (1 - low / high) if high > 0 else 0.0
    # Bars of those who lose end at zero, where the amounts stand.
    ax.set_xlim(low, max(longest + room, -_ROOM * low))
    return ax


def plot_plan_response(result: PlanResponse, ax: Axes | None = None) -> Axes:
    """Bars of the cost in each case, static and answering side by side.

    Parameters
    ----------
    result : PlanResponse
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    show = result.show
    ax = ax or rows_axes(len(result.frame), 0.36)
    ends, names = [], []
    colours = {"before": MUTED, "static": SOFT}
    for y, row in enumerate(rows_of(result.frame)):
        amount = row.cost_cents / 100
        ax.barh(y, amount, color=colours.get(row.case, ACCENT), height=0.55)
        text = show.money(amount, compact=True)
        ends.append((amount, text_width(text) + 6))
        beside(ax, y, text)
        names.append(result.name(row.case))
    named_rows(ax, names, show.say("Variable pay, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(money_ticks(show))
    room_beside(ax, ends)
    return ax


def plot_plan_search(result: PlanSearch, ax: Axes | None = None) -> Axes:
    """Cost against distance from proportional pay: all plans tried, and the best line.

    Parameters
    ----------
    result : PlanSearch
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show = result.show
    line = result.trade_off
    ax.plot(result.tried["cost_cents"] / 100, result.tried["gap"], color=SOFT, marker="o", ls="",
            markersize=2.5, alpha=0.5, label=show.say("tried"))  # fmt: skip
    ax.plot(line["cost_cents"] / 100, line["gap"], color=ACCENT, marker="o", markersize=3.5,
            lw=1.4, label=show.say("best"))  # fmt: skip
    for found, marker, colour, name in (
        (result.before, "s", INK, show.say("as it is")),
        (result.outcome, "D", PLAN, show.say("found")),
    ):
        ax.plot([found.cost_cents / 100], [found.gap or 0.0], color=colour, marker=marker, ls="",
                markersize=7, label=name)  # fmt: skip
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("From proportion"))
    ax.xaxis.set_major_formatter(money_ticks(show))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(share_ticks(show))
    legend_above(ax)
    return ax


def plot_turned_plan(result: TurnedPlan, ax: Axes | None = None) -> Axes:
    """Payout curves of a plan as it is and as it was turned.

    Parameters
    ----------
    result : TurnedPlan
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show, frame = result.show, result.curve
    ax.plot(frame["attainment"], frame["before"], color=MUTED, lw=1.6, ls=(0, (4, 2)),
            label=show.say("as it is"))  # fmt: skip
    ax.plot(frame["attainment"], frame["after"], color=ACCENT, lw=2, label=show.say("adjusted"))
    ax.set(xlabel="", ylabel="")
    unit_above(ax, show.say("Variable pay ÷ target, by attainment"))
    ax.xaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_formatter(share_ticks(show))
    legend_above(ax)
    return ax
