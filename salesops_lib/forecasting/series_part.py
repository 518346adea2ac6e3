"""What the series of quarterly bookings says, for every scope down to the owner."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.booked import booked, won_deals
from salesops_lib.forecasting.deal_paths import owners_at, unit_codes

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

    Floats = NDArray[np.float64]

__all__ = ["SERIES_STEPS", "owner_shares", "past_quarters", "series_totals", "share_ahead"]

SERIES_STEPS = 5
"""Quarters forecast."""

_RECENT = 4
_PACE = 8
_LONGEST = 40


def past_quarters(view: View, before: Period) -> tuple[Period, ...]:
    """Quarters before one that the extract covers from their first week on, oldest first."""
    first = view.starts_on
    if first is None:
        return ()
    found = view.calendar.trailing(view.calendar.prior(before), _LONGEST)
    # One working week without a deal is no gap.
    return tuple(one for one in found if (first - one.start).days <= 7)


@lru_cache(maxsize=64)
def series_totals(view: View, first: Period) -> dict[tuple[str, str], Floats]:
    """Forecasts of quarterly bookings of company, regions and teams, from a quarter on.

    Parameters
    ----------
    view : View
        The whole company.
    first : Period
        First quarter forecast; only those before it are known.

    Returns
    -------
    dict
        By kind and key, one amount a quarter for `SERIES_STEPS` quarters. Empty where no
        quarter is covered. Scopes that booked nothing in the last four quarters have none.
    """
    from salesops_lib.forecasting.series import forecast

    quarters = past_quarters(view, first)
    if not quarters:
        return {}
    sums = booked(won_deals(view), quarters)
    sums = sums[sums["kind"] != "rep"]
    if sums.empty:
        return {}
    table = sums.pivot_table(index=["kind", "key"], columns="period", values="amount")
    labels = [one.label for one in quarters]
    table = table.reindex(columns=labels).fillna(0.0)
    table = table[(table.iloc[:, -_RECENT:] != 0).any(axis=1)]
    if table.empty:
        return {}
    keys = list(table.index)
    # Series come back by name: names that sort as the scopes do.
    names = [f"{place:06d}" for place in range(len(keys))]
    rows = pd.DataFrame(
        {
            "unique_id": np.repeat(names, len(labels)),
            "ds": np.tile(np.arange(len(labels)), len(keys)),
            "y": table.to_numpy(dtype=float).ravel(),
        }
    )
    found = forecast(rows, SERIES_STEPS, 4, freq=1).frame
    order = found.sort_values(["unique_id", "ds"], kind="stable")
    means = order["mean"].to_numpy(dtype=float).reshape(len(keys), SERIES_STEPS)
    return {
        (str(kind), str(key)): np.maximum(means[place], 0.0)
        for place, (kind, key) in enumerate(keys)
    }


def share_ahead(view: View, period: Period, day: dt.date) -> float:
    """Part of a quarter's bookings that usually comes after a day of it.

    The median of the last eight quarters before it, at the same share of working days;
    where there are none, the working days that are left.
    """
    if day < period.start:
        return 1.0
    elapsed = view.calendar.elapsed_share(period, day)
    won = won_deals(view)
    shares = []
    for past in past_quarters(view, period)[-_PACE:]:
        inside = won["close_date"].between(pd.Timestamp(past.start), pd.Timestamp(past.end))
        total = float(won.loc[inside, "amount"].sum())
        then = pd.Timestamp(view.day_at(past, elapsed))
        if total > 0:
            done = float(won.loc[inside & (won["close_date"] <= then), "amount"].sum())
            shares.append(1 - done / total)
    return float(np.clip(np.median(shares), 0.0, 1.0)) if shares else 1.0 - elapsed


def owner_shares(view: View, first: Period, day: dt.date) -> tuple[pd.DataFrame, Floats]:
    """Share of each owner in the bookings to come of the team, by the last four quarters.

    Parameters
    ----------
    view : View
        The whole company.
    first : Period
        First quarter forecast.
    day : date
        Who sells then takes part.

    Returns
    -------
    units : DataFrame
        `owner_id`, `team`, `region`.
    shares : array of float
        Adding up to 1 within each team; those without a team add up to 1 too.

    Notes
    -----
    Each one's bookings of four quarters, and a quarter of the mean of the colleagues', so
    that somebody new is not told to book nothing. Without an organisation, whoever has booked
    takes part.
    """
    won = won_deals(view)
    quarters = past_quarters(view, first)[-_RECENT:]
    begin = pd.Timestamp(quarters[0].start) if quarters else pd.Timestamp.min
    recent = won[(won["close_date"] >= begin) & (won["close_date"] < pd.Timestamp(first.start))]
    there = owners_at(view.snapshot, day)
    there = there.loc[there["is_active"], ["owner_id", "team", "region"]]
    sums = recent.groupby("owner_id")["amount"].sum()
    if there.empty:
        latest = recent.sort_values("close_date", kind="stable")
        there = latest.drop_duplicates("owner_id", keep="last")[["owner_id", "team", "region"]]
    _codes, units = unit_codes(there)
    weight = units["owner_id"].map(sums).fillna(0.0).clip(lower=0.0)
    team = units["team"].fillna("")
    weight = weight + 0.25 * weight.groupby(team).transform("mean")
    total = weight.groupby(team).transform("sum")
    size = weight.groupby(team).transform("size")
    shares = (weight / total.where(total > 0)).fillna(1.0 / size)
    return units, shares.to_numpy(dtype=float)
