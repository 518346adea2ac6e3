"""Charts of the combined forecast: a result in, Axes out. Nothing is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from salesops_lib.axes import (
    LABEL,
    legend_above,
    money_ticks,
    named_rows,
    new_axes,
    period_ticks,
    room_beside,
    rows_axes,
    text_width,
    unit_above,
)
from salesops_lib.rows import rows_of
from salesops_lib.theme import ACCENT, INK, PLAN, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salesops_lib.forecasting.combined import BookingForecast
    from salesops_lib.forecasting.forecast_parts import ForecastParts

__all__ = ["plot_booking_forecast", "plot_forecast_parts"]

_TALLER = 2.8


def plot_booking_forecast(result: BookingForecast, ax: Axes | None = None) -> Axes:
    """Bars of past quarters, then dots of the forecast in the fan of its intervals.

    Parameters
    ----------
    result : BookingForecast
        What to draw.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
    """
    ax = ax or new_axes(_TALLER)
    show, past, own = result.view.show, result.past, result.own
    ax.bar(np.arange(len(past)), past["amount"], color=SOFT, width=0.62)
    places = np.arange(len(own)) + len(past)
    ax.vlines(places, own["low_95"], own["high_95"], color=ACCENT, lw=1.3)
    ax.vlines(places, own["low"], own["high"], color=ACCENT, lw=4.5)
    ax.plot(places, own["forecast"], color=PLAN, marker="o", ls="", markersize=4.5,
            label=show.say("forecast"))  # fmt: skip
    goals = own["goal"].notna().to_numpy()
    if goals.any():
        ax.hlines(own["goal"][goals], places[goals] - 0.4, places[goals] + 0.4, color=INK,
                  linestyle="--", lw=1.2, label=show.say("goal"))  # fmt: skip
    labels = period_ticks([*past["period"], *own["period"]], show)
    ax.set_xticks(np.arange(len(labels)), labels, fontsize=LABEL - 1.5)
    ax.set(xlabel="", ylabel="")
    ax.set_ylim(bottom=0)
    unit_above(ax, show.say("Bookings, {currency}", currency=show.currency))
    ax.yaxis.set_major_formatter(money_ticks(show))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.grid(visible=False, axis="x")
    legend_above(ax)
    return ax


def plot_forecast_parts(result: ForecastParts, ax: Axes | None = None) -> Axes:
    """Bars of the forecast's parts, one after the other, up to the goal.

    Parameters
    ----------
    result : ForecastParts
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
        colour = ACCENT if row.is_level else SOFT if row.amount >= 0 else PLAN
        ax.barh(y, row.after - row.before, left=row.before, color=colour, height=0.62)
        edge = max(row.before, row.after)
        ends.append((edge, text_width(row.text) + 6))
        ax.annotate(row.text, (edge, y), (5, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=LABEL)  # fmt: skip
    named_rows(ax, list(bars["label"]), result.view.show.currency)
    ax.xaxis.set_major_formatter(money_ticks(result.view.show))
    room_beside(ax, ends)
    return ax
