"""What the deals would have foretold in past periods, and what came."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.create_and_close import create_and_close, outcomes_at
from salesops_lib.forecasting.deal_forecast import past_marks, shared_spread, win_fit
from salesops_lib.forecasting.deal_paths import simulated_wins
from salesops_lib.forecasting.deal_states import company_view, deal_outcomes
from salesops_lib.forecasting.features import known_features, training_rows

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.win_model import WinModel
    from salesops_lib.forecasting.win_report import WinReport
    from salesops_lib.period import Period

__all__ = ["DealBacktest", "JudgedDeals", "deal_backtest", "judged_deals"]

_KINDS = ("company", "region", "team", "rep")


@dataclass(frozen=True)
class JudgedDeals:
    """Open deals of past periods, each with the chance that a model of earlier periods gave it.

    Parameters
    ----------
    model : WinModel
        Learnt from all of them, for the day of the view.
    deals : DataFrame
        One row a judged deal and day: as from `features.training_rows`, and `probability`.
    rows : DataFrame
        All rows of `features.training_rows`, judged or not.
    outcomes : DataFrame
        As from `deal_states.deal_outcomes`.
    features : tuple of str
        Features that the snapshot can rebuild.
    spread : float
        What deals of one period have in common; see `deal_forecast.shared_spread`.
    """

    model: WinModel
    deals: pd.DataFrame
    rows: pd.DataFrame
    outcomes: pd.DataFrame
    features: tuple[str, ...]
    spread: float


@dataclass(frozen=True)
class DealBacktest:
    """What the deals would have foretold in past periods, and what came.

    Parameters
    ----------
    frame : DataFrame
        One row a scope, period and week: `kind`, `key`, `period`, `week`, `day`, `booked`
        (won in the period by the day), `open` and `created` (means of what open deals and
        deals not created yet bring), `forecast` (their sum), `lo-80`, `hi-80`, `lo-95`,
        `hi-95`, and `actual`: in the reporting currency.
    deals : DataFrame
        One row a judged deal and day: `opportunity_id`, `day`, `week`, `period`, `owner_id`,
        `team`, `region`, `value`, `probability` (by a model of earlier periods), `won`.
    report : WinReport
        Of the win model.
    """

    frame: pd.DataFrame
    deals: pd.DataFrame
    report: WinReport


def deal_backtest(view: View, periods: int = 8, *, paths: int = 400, seed: int = 0) -> DealBacktest:
    """Forecasts of past periods from their open deals and what was created later.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency. All scopes of the company are in it.
    periods : int
        Past periods, the latest that have ended.
    paths : int
        Simulated paths a day.
    seed : int
        Of the models and the simulation.

    Returns
    -------
    DealBacktest

    Raises
    ------
    InputError
        No past period can be foretold from earlier ones.

    Notes
    -----
    One model a period, learnt from the periods before it; what is created and closed is
    foretold as of each day. A deal counts where its owner of the day was, bookings
    where the owner of the close date was.
    """
    found = judged_deals(view, seed)
    deals, outcomes, spread = found.deals, found.outcomes, found.spread
    last = sorted(deals["start"].unique())[-periods:]
    deals = deals[deals["start"].isin(last)].reset_index(drop=True)
    parts = [
        _day(view, period, pd.Timestamp(str(day)), group, outcomes, spread, paths, seed)
        for (day, label), group in deals.groupby(["day", "period"])
        for period in [view.calendar.period(str(label))]
    ]
    names = [
        "opportunity_id", "day", "week", "period", "owner_id", "team", "region", "value",
        "probability", "won",
    ]  # fmt: skip
    return DealBacktest(pd.concat(parts, ignore_index=True), deals[names], found.model.report)


def judged_deals(view: View, seed: int = 0) -> JudgedDeals:
    """Open deals of past periods, judged by models of earlier periods.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency. All scopes of the company are in it.
    seed : int
        Of the model.

    Returns
    -------
    JudgedDeals

    Raises
    ------
    InputError
        No past period can be foretold from earlier ones.
    """
    day = view.as_of + dt.timedelta(days=1)
    first = view.calendar.period_of(day, view.period.kind)
    outcomes = deal_outcomes(view)
    rows = training_rows(company_view(view), past_marks(view, first, view.as_of), outcomes)
    names = tuple(feature.name for feature in known_features(view)[0])
    if rows.empty or rows["won"].nunique() < 2:
        raise InputError("no past period has both won and lost deals to learn from")
    model = win_fit(rows, names, view, seed)
    judged = model.report.frame
    if judged.empty:
        raise InputError("no past period can be foretold from earlier ones")
    deals = rows.iloc[judged["row"].to_numpy()].reset_index(drop=True)
    deals["probability"] = judged["probability"].to_numpy()
    return JudgedDeals(model, deals, rows, outcomes, names, shared_spread(judged))


def _day(
    view: View,
    period: Period,
    day: pd.Timestamp,
    deals: pd.DataFrame,
    outcomes: pd.DataFrame,
    spread: float,
    paths: int,
    seed: int,
) -> pd.DataFrame:
    """One day's forecast of its period, for every scope."""
    rng = np.random.default_rng([seed, day.toordinal(), 2])
    known = deals[deals["day"] == day].reset_index(drop=True)
    chances = known["probability"].to_numpy()[:, None]
    open_ = simulated_wins(
        known, chances, np.ones(1), (period.label,), spread=spread, paths=paths, rng=rng
    )
    created = create_and_close(view, day.date(), [period], paths=paths, seed=seed).paths
    both = open_ + created
    inside = outcomes[
        (outcomes["outcome"] == "won")
        & outcomes["close_date"].between(pd.Timestamp(period.start), pd.Timestamp(period.end))
    ]
    before = outcomes_at(outcomes, day.date())
    booked = before[
        (before["outcome"] == "won") & (before["close_date"] >= pd.Timestamp(period.start))
    ]
    rows = []
    for kind in _KINDS:
        column = "owner_id" if kind == "rep" else kind
        here = [""] if kind == "company" else sorted({*both.keys(kind), *inside[column].dropna()})
        for key in here:
            done, came = (
                float((part if kind == "company" else part[part[column] == key])["amount"].sum())
                for part in (booked, inside)
            )
            total = both.total(kind, key)[0] / 100 + done
            low, high, far_low, far_high = np.quantile(
                total, [0.1, 0.9, 0.025, 0.975], method="inverted_cdf"
            )
            means = [float(one.total(kind, key)[0].mean()) / 100 for one in (open_, created)]
            rows.append((kind, key, period.label, int(known["week"].iloc[0]), day, done, *means,
                         float(total.mean()), low, high, far_low, far_high, came))  # fmt: skip
    columns = ["kind", "key", "period", "week", "day", "booked", "open", "created", "forecast",
               "lo-80", "hi-80", "lo-95", "hi-95", "actual"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
