"""Cumulative forecasts: which forecast categories each roll-up adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORECAST_ROLLUPS", "forecast_rollup"]

FORECAST_ROLLUPS: dict[str, tuple[str, ...]] = {
    "closed": ("closed",),
    "commit_forecast": ("commit", "closed"),
    "most_likely_forecast": ("most_likely", "commit", "closed"),
    "best_case_forecast": ("best_case", "most_likely", "commit", "closed"),
    "open_pipeline": ("pipeline", "best_case", "most_likely", "commit"),
}
"""Forecast categories that each cumulative roll-up adds up; omitted deals are in none."""

_CATEGORIES = ("pipeline", "best_case", "most_likely", "commit", "closed", "omitted")


def forecast_rollup(amounts: Mapping[str, float]) -> dict[str, float]:
    """Cumulative forecasts of the amounts by forecast category.

    Parameters
    ----------
    amounts : mapping
        Amount by category: ``pipeline``, ``best_case``, ``most_likely``,
        ``commit``, ``closed``, ``omitted``. A category that is not there is 0.

    Returns
    -------
    dict
        Amount by the keys of `FORECAST_ROLLUPS`.

    Raises
    ------
    InputError
        There is no such category.

    Examples
    --------
    >>> forecast_rollup({"closed": 50, "commit": 30, "pipeline": 20})["commit_forecast"]
    80
    """
    for category in amounts:
        if category not in _CATEGORIES:
            raise InputError(
                f"`{category}` is no forecast category", found=category, allowed=_CATEGORIES
            )
    return {
        name: sum(amounts.get(category, 0) for category in parts)
        for name, parts in FORECAST_ROLLUPS.items()
    }
