"""Deals as the pipeline weighted by stage sees them on a day: a forecast deal by deal."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.forecasting.booked import whole_view
from salesops_lib.forecasting.change_steps import DEAL_COLUMNS
from salesops_lib.forecasting.deal_states import deal_outcomes, deal_states
from salesops_lib.forecasting.stage_conversion import stage_conversion

if TYPE_CHECKING:
    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View

__all__ = ["weighted_deals"]


def weighted_deals(view: View, day: dt.date, known_on: dt.date | None = None) -> pd.DataFrame:
    """Deals of a view's scope and period as the pipeline weighted by stage saw them on a day.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    day : date
        Not later than the as-of date.
    known_on : date, optional
        Day of an earlier forecast, whose shares give `probability_old_model`.

    Returns
    -------
    DataFrame
        As `forecast_changes` wants them.

    Raises
    ------
    InputError
        The day lies after the as-of date.
    """
    whole = whole_view(view)
    days = sorted({day, *([known_on] if known_on else [])})
    start, end = pd.Timestamp(view.period.start), pd.Timestamp(view.period.end)
    learnt = [d for p in view.calendar.trailing(view.period, 9) for d in _monthly(p, days[0])]
    history = deal_states(whole, sorted({*learnt, *days}))
    outcomes = deal_outcomes(whole)
    shares = stage_conversion(history, outcomes, days, {})
    states = history[history["day"] == pd.Timestamp(day)].assign(status="open")
    by_day = {d: shares[shares["day"] == pd.Timestamp(d)].set_index("stage")["share"] for d in days}
    states["probability"] = states["stage"].map(by_day[day]).fillna(0.0)
    old = by_day[known_on or day]
    states["probability_old_model"] = states["stage"].map(old).fillna(0.0)
    closed = outcomes[
        (outcomes["outcome"] != "open") & (outcomes["close_date"] <= pd.Timestamp(day))
    ]
    closed = closed[~closed["opportunity_id"].isin(states["opportunity_id"])]
    closed = closed.assign(status=closed["outcome"], probability=0.0, probability_old_model=0.0)
    kind, key = view.scope.kind, view.scope.key
    rows = pd.concat([states, closed], ignore_index=True)
    if kind != "company":
        rows = rows[rows["owner_id" if kind == "rep" else kind] == key]
    named = view.all_deals.select("opportunity_id", "name").to_pandas()
    rows = rows.drop(columns="name", errors="ignore").merge(named, on="opportunity_id", how="left")
    rows["is_due"] = rows["close_date"].between(start, end)
    return rows[[*DEAL_COLUMNS, "probability_old_model"]].reset_index(drop=True)


def _monthly(period: Period, before: dt.date) -> list[dt.date]:
    """First days of a period's thirds that lie before a day."""
    step = max(period.days // 3, 1)
    days = [period.start + dt.timedelta(days=n * step) for n in range(3)]
    return [day for day in days if day < before]
