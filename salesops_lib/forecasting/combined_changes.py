"""What changed since the last forecast: deal by deal, and what lies beyond the deals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.change_steps import DEAL_COLUMNS, cents_of, checked_deals
from salesops_lib.forecasting.company_forecast import company_forecast, quarterly_view
from salesops_lib.forecasting.create_and_close import outcomes_at
from salesops_lib.forecasting.deal_states import deal_outcomes
from salesops_lib.forecasting.forecast_changes import forecast_changes

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.forecast_changes import ForecastChanges

__all__ = ["SINCE_DAYS", "combined_changes"]

SINCE_DAYS = 28
"""Days between the two forecasts, unless another day is named."""


def combined_changes(view: View, since: dt.date | None = None) -> ForecastChanges:
    """What led from an earlier forecast of the first quarter to that of today.

    Parameters
    ----------
    view : View
        Scope.
    since : date, optional
        Day of the earlier forecast. Default: 28 days before the as-of date.

    Returns
    -------
    ForecastChanges
        From one forecast (its mean) to the other, to the cent: each deal with what the deal
        models say of it; what is not in the pipeline yet, and what the commit and the series
        change, is one step (``beyond``).

    Raises
    ------
    InputError
        The day is not before the as-of date, or so early that the forecast of then did not
        reach the quarter.
    """
    start = since or view.as_of - dt.timedelta(days=SINCE_DAYS)
    if start >= view.as_of:
        raise InputError(f"the forecast of {start} is no earlier one than that of {view.as_of}")
    target = view.calendar.period_of(view.as_of + dt.timedelta(days=1), "quarter")
    frames, beyond = [], []
    for day in (start, view.as_of):
        made = company_forecast(view, day)
        steps = made.draws.loc[made.draws["period"] == target.label, "step"]
        if steps.empty:
            raise InputError(f"a forecast of {day} does not reach {target.label}")
        step = int(steps.iloc[0])
        rows = _deals(view, day, step, made.deals)
        rows["is_due"] = rows["is_due"] | rows["close_date"].between(
            pd.Timestamp(target.start), pd.Timestamp(target.end)
        )
        frames.append(rows[list(DEAL_COLUMNS)].reset_index(drop=True))
        total = _forecast_cents(view, made.draws, step)
        beyond.append(Decimal(total - _deal_cents(frames[-1])).scaleb(-2))
    return forecast_changes(
        frames[0], frames[1], start, view.as_of, view.show,
        beyond=(beyond[0], beyond[1]), source=view.snapshot.id,
    )  # fmt: skip


def _deals(view: View, day: dt.date, step: int, open_: pd.DataFrame) -> pd.DataFrame:
    """The scope's deals as a day's forecast saw them."""
    whole = quarterly_view(view)
    closed = outcomes_at(deal_outcomes(whole), day)
    closed = closed[closed["outcome"] != "open"]
    closed = closed[~closed["opportunity_id"].isin(open_["opportunity_id"])]
    closed = closed.assign(status=closed["outcome"], is_due=False, probability=0.0)
    rows = open_.assign(
        status="open", is_due=True, probability=open_[f"won_{step}"], amount=open_["value"]
    )
    columns = ["opportunity_id", "owner_id", "team", "region", "status", "is_due", "created_date",
               "close_date", "amount", "probability"]  # fmt: skip
    both = pd.concat([rows[columns], closed[columns]], ignore_index=True)
    kind, key = view.scope.kind, view.scope.key
    if kind != "company":
        both = both[both["owner_id" if kind == "rep" else kind] == key]
    named = view.all_deals.select("opportunity_id", "name").to_pandas()
    both = both.merge(named, on="opportunity_id", how="left")
    return both.assign(name=both["name"].fillna(both["opportunity_id"]))


def _forecast_cents(view: View, draws: pd.DataFrame, step: int) -> int:
    """Mean of the scope's draws, in whole cents."""
    rows = draws[draws["step"] == step]
    kind, key = view.scope.kind, view.scope.key
    if kind != "company":
        rows = rows[rows["owner_id" if kind == "rep" else kind] == key]
    if rows.empty:
        return 0
    return round(float(np.stack(rows["cents"].to_list()).sum(axis=0).mean()))


def _deal_cents(rows: pd.DataFrame) -> int:
    """What the deals of a forecast add to it."""
    both = checked_deals(rows, "of the day").add_suffix("_0")
    return int(cents_of(both, 0, "probability").sum())
