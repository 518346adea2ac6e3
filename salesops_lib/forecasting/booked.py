"""What was booked, by scope: of whole periods, and up to a day within them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.data.scope import COMPANY
from salesops_lib.forecasting.deal_states import company_view, deal_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.horizons import Horizon

__all__ = ["KEYS", "SCOPE_KINDS", "booked", "booked_by", "scope_sums", "whole_view", "won_deals"]

SCOPE_KINDS = ("company", "region", "team", "rep")
KEYS = {"region": "region", "team": "team", "rep": "owner_id"}
"""Column of a deal that holds the key of each kind of scope but the company."""


@lru_cache(maxsize=32)
def whole_view(view: View) -> View:
    """The same view of the whole company, one and the same each time it is asked for."""
    is_whole = view.scope == COMPANY and view.audience == "leadership"
    return view if is_whole and view.snapshot.whole is view.snapshot else company_view(view)


@lru_cache(maxsize=8)
def won_deals(view: View) -> pd.DataFrame:
    """Won deals of the whole company, by close date.

    Parameters
    ----------
    view : View
        Snapshot, currency and as-of date.

    Returns
    -------
    DataFrame
        `opportunity_id`, `owner_id`, `team`, `region` (places of the close date),
        `amount` (reporting currency; 0 where there is none) and `close_date`, up to the
        as-of date.
    """
    deals = deal_outcomes(view)
    won = deals[(deals["outcome"] == "won") & (deals["close_date"] <= pd.Timestamp(view.as_of))]
    columns = ["opportunity_id", "owner_id", "team", "region", "amount", "close_date"]
    return (
        won[columns]
        .fillna({"amount": 0.0})
        .sort_values(["close_date", "opportunity_id"], ignore_index=True)
    )


def scope_sums(rows: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Sums of each scope, of all four kinds.

    Parameters
    ----------
    rows : DataFrame
        With `team`, `region`, `owner_id`, and the columns named.
    by : sequence of str
        What else to group by.
    values : sequence of str
        Columns to add up.

    Returns
    -------
    DataFrame
        `kind`, `key` (empty for the company), the columns of `by` and of `values`.
        Rows without a team are in no team, but in the company.
    """
    parts = []
    for kind in SCOPE_KINDS:
        keyed = rows.assign(kind=kind, key="" if kind == "company" else rows[KEYS[kind]])
        keyed = keyed[keyed["key"].notna()]
        sums = keyed.groupby(["kind", "key", *by], sort=True)[list(values)].sum()
        parts.append(sums.reset_index())
    return pd.concat(parts, ignore_index=True)


def booked(won: pd.DataFrame, periods: Iterable[Period]) -> pd.DataFrame:
    """Bookings of whole periods by scope.

    Parameters
    ----------
    won : DataFrame
        As from `won_deals`.
    periods : iterable of Period
        None twice; they do not overlap.

    Returns
    -------
    DataFrame
        `kind`, `key`, `period` (label), `amount`; only scopes with a won deal.
    """
    labels = pd.Series(index=won.index, dtype=object)
    for period in periods:
        inside = won["close_date"].between(pd.Timestamp(period.start), pd.Timestamp(period.end))
        labels[inside] = period.label
    rows = won.assign(period=labels)
    return scope_sums(rows[rows["period"].notna()], ["period"], ["amount"])


def booked_by(won: pd.DataFrame, horizons: Iterable[Horizon]) -> pd.DataFrame:
    """Bookings from the first day of each forecast's period up to the forecast's day.

    Parameters
    ----------
    won : DataFrame
        As from `won_deals`.
    horizons : iterable of Horizon
        The forecasts.

    Returns
    -------
    DataFrame
        `kind`, `key`, `period`, `week`, `closed`; only scopes with a won deal.
    """
    parts = []
    for horizon in horizons:
        inside = won["close_date"].between(
            pd.Timestamp(horizon.period.start), pd.Timestamp(horizon.day)
        )
        parts.append(won[inside].assign(period=horizon.period.label, week=horizon.week))
    if not parts:
        return pd.DataFrame(columns=["kind", "key", "period", "week", "closed"])
    rows = pd.concat(parts, ignore_index=True)
    return scope_sums(rows.rename(columns={"amount": "closed"}), ["period", "week"], ["closed"])
