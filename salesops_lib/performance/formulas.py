"""The plain formulas behind the measures, on numbers alone.

A measure counts its cases and calls one of these; a published worked example
calls the same one, so what is checked is what is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.rollups import FORECAST_ROLLUPS, forecast_rollup

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "FORECAST_ROLLUPS",
    "coverage_needed",
    "coverage_ratio",
    "forecast_rollup",
    "share_of",
    "velocity_per_day",
]


def share_of(part: float, whole: float) -> float | None:
    """Part ÷ whole; None where the whole is not above 0.

    Examples
    --------
    >>> share_of(3, 10), share_of(3, 0)
    (0.3, None)
    """
    return part / whole if whole > 0 else None


def velocity_per_day(deals: float, win_rate: float, average: float, cycle: float) -> float | None:
    """Deals x win rate x average won deal ÷ cycle.

    Parameters
    ----------
    deals : float
        Number of deals.
    win_rate : float
        Share of 1.
    average : float
        Amount of a won deal.
    cycle : float
        Days from creation to close.

    Returns
    -------
    float or None
        Amount a day; None where the cycle is not above 0.

    Examples
    --------
    >>> velocity_per_day(60, 0.2, 30_000, 45)
    8000.0
    """
    return deals * win_rate * average / cycle if cycle > 0 else None


def coverage_ratio(pipeline: float, quota: float, won: float = 0.0) -> float | None:
    """Open pipeline ÷ what of the quota is still to be won.

    Parameters
    ----------
    pipeline, quota, won : float
        Amounts in one currency.

    Returns
    -------
    float or None
        A multiple; None where the quota is already met.

    Examples
    --------
    >>> coverage_ratio(300, 200, 50), coverage_ratio(300, 200, 200)
    (2.0, None)
    """
    return pipeline / (quota - won) if quota > won else None


def coverage_needed(win_rate: float | Decimal | None) -> float | None:
    """Coverage with which the quota is just met: 1 ÷ win rate; None without a win.

    Examples
    --------
    >>> coverage_needed(0.25), coverage_needed(0)
    (4.0, None)
    """
    return 1 / float(win_rate) if win_rate else None
