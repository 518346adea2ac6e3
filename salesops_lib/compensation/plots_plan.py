"""Charts of plans: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    LABEL,
    TALL,
    legend_above,
    money_ticks,
    new_axes,
    share_ticks,
    unit_above,
)
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, LINE, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.compensation.payout_curve import PayoutCurve
    from salesops_lib.compensation.plan_comparison import PlanComparison

__all__ = ["plot_payout_curve", "plot_plan_comparison"]

_MARKS = {
    "threshold": "^",
    "step": "s",
    "accelerator": "^",
    "decelerator": "v",
    "cap": "X",
    "top": "X",
    "quota": "D",
}
_CLOSE = 0.07


def plot_payout_curve(result: PayoutCurve, ax: Axes | None = None) -> Axes:
    """Pay by attainment as a line, a mark at each leverage point, the target as a cross.

    Parameters
    ----------
    result : PayoutCurve
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show, last = result.show, -1.0
    ax.plot(result.frame["attainment"], result.frame["pay"], color=ACCENT, lw=1.8,
            label=show.say("pay"))  # fmt: skip
    for row in rows_of(result.points):
        ax.plot(row.attainment, row.pay, color=ACCENT, marker=_MARKS[row.change], ls="",
                markersize=5.5)  # fmt: skip
        if row.attainment - last > _CLOSE:
            # Points close to each other share the first one's label.
            ax.annotate(
                show.share(row.attainment, 0), (row.attainment, row.pay), (0, 7),
                textcoords="offset points", ha="right", color=INK, fontsize=LABEL,
            )  # fmt: skip
            last = row.attainment
    if result.target:
        ax.axhline(result.target, color=LINE, lw=1.0, zorder=0)
        ax.plot([1], [result.target], color=PLAN, marker="+", ls="", markersize=11,
                markeredgewidth=1.6, label=show.say("target"))  # fmt: skip
    ax.set(xlabel=show.say("Attainment"), ylabel="")
    unit_above(ax, show.say("Variable pay of a year, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.set_xlim(left=0)
    # Room above the highest mark for its label.
    ax.set_ylim(0, max(float(result.frame["pay"].max()), result.target) * 1.15 or 1)
    legend_above(ax)
    return ax


def plot_plan_comparison(result: PlanComparison, ax: Axes | None = None) -> Axes:
    """Pay of two plans by attainment: two lines, the second one dashed.

    Parameters
    ----------
    result : PlanComparison
        What to draw; its first group of people that both plans have.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(TALL)
    show = result.show
    frame = result.frame[result.frame["group"] == result.frame["group"].iloc[0]]
    ax.plot(frame["attainment"], frame["pay_a"], color=SOFT, lw=1.8, marker="o", markersize=4,
            label=result.names[0])  # fmt: skip
    ax.plot(frame["attainment"], frame["pay_b"], color=ACCENT, lw=1.8, marker="o", markersize=4,
            ls="--", label=result.names[1])  # fmt: skip
    ax.set(xlabel=show.say("Attainment"), ylabel="")
    unit_above(ax, show.say("Variable pay of a year, {currency}", currency=show.currency))
    ax.xaxis.set_major_formatter(share_ticks(show))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left", frameon=False)
    return ax
