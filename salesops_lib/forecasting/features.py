"""What is known of an open deal on a day, as features; each says since when it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from salesops_lib.forecasting.deal_states import company_view, deal_states, logged_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.data.view import View
    from salesops_lib.period import Period

__all__ = [
    "FEATURES",
    "WEEKS",
    "Feature",
    "deal_features",
    "known_features",
    "landmarks",
    "owner_records",
    "training_rows",
]

WEEKS = (1, 5, 9, 13)
"""Weeks of a period on whose first day the deals are looked at."""

Known = Literal["creation", "history", "log", "calendar"]

_RECORD_DAYS = 365
_RECORD_WEIGHT = 20
_FAR = 400


@dataclass(frozen=True)
class Feature:
    """One feature of an open deal, and since when its value is known.

    Parameters
    ----------
    name : str
        Column of `deal_features`.
    label : str
        How readers call it.
    known : str
        ``creation`` (set when the deal is created, and kept), ``history`` (as it stood on
        the day, by the log of changes), ``log`` (counted from dated records up to the
        day), ``calendar`` (known of any day).
    field : str
        Field of the history that it needs; empty: none.
    """

    name: str
    label: str
    known: Known
    field: str = ""


FEATURES = (
    Feature("stage", "Stage", "history", "stage"),
    Feature("days_in_stage", "Days in the stage", "history", "stage"),
    Feature("stage_moves", "Changes of stage so far", "history", "stage"),
    Feature("forecast_category", "Forecast category", "history", "forecast_category"),
    Feature("crm_probability", "Probability in the CRM", "history", "probability"),
    Feature("amount", "Amount", "history", "amount"),
    Feature("amount_in_segment", "Amount beside its segment's median", "history", "amount"),
    Feature("days_to_close_date", "Days to the close date", "history", "close_date"),
    Feature("close_date_after_end", "Close date after the period's end", "history", "close_date"),
    Feature("due", "When it is due", "history", "close_date"),
    Feature("pushes", "Pushes of the close date", "history", "close_date"),
    Feature("age_days", "Age", "creation"),
    Feature("days_left", "Days left in the period", "calendar"),
    Feature("days_since_activity", "Days since the last activity", "log"),
    Feature("owner_record", "Win rate of the owner so far", "log"),
    Feature("product", "Product", "creation"),
    Feature("segment", "Segment", "creation"),
    Feature("source", "Source", "creation"),
    Feature("type", "Type", "creation"),
    Feature("region", "Region", "log"),
)
"""Features of an open deal. None is known only after the outcome."""


def known_features(view: View) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """Features that a snapshot can rebuild for past days, and why the others cannot be.

    Parameters
    ----------
    view : View
        Snapshot.

    Returns
    -------
    tuple
        The features; a sentence for each name of the others.
    """
    show, logged = view.show, logged_fields(view)
    kept, without = [], {}
    has_activity = view.snapshot.whole.has("activities", "opportunity_id", "at")
    for feature in FEATURES:
        if feature.field and feature.field not in logged:
            without[feature.name] = show.say(
                "the history does not hold {field}: its value of today may have been written "
                "when the deal ended",
                field=feature.field,
            )
        elif feature.name == "days_since_activity" and not has_activity:
            without[feature.name] = show.say(
                "there are no activities of deals: only today's value of the last activity date "
                "is known"
            )
        else:
            kept.append(feature)
    return tuple(kept), without


def landmarks(
    calendar: FiscalCalendar, periods: Iterable[Period], weeks: Sequence[int] = WEEKS
) -> pd.DataFrame:
    """Days on which the deals of past periods are looked at.

    Parameters
    ----------
    calendar : FiscalCalendar
        The company's calendar; it names the period that a day belongs to.
    periods : iterable of Period
        Past periods.
    weeks : sequence of int
        Weeks of a period, from 1; the first day of each counts. A period that is
        shorter has fewer.

    Returns
    -------
    DataFrame
        `day`, `week`, `period` (label), `start` and `end` of the period.

    Examples
    --------
    >>> from salesops_lib.calendar import FiscalCalendar
    >>> calendar = FiscalCalendar()
    >>> marks = landmarks(calendar, [calendar.period("2026-Q3")], (1, 13))
    >>> [f"{day:%Y-%m-%d}" for day in marks["day"]]
    ['2026-07-01', '2026-09-23']
    """
    rows = [
        (period.start + pd.Timedelta(weeks=week - 1), week, calendar.period_of(period.start,
         period.kind).label, period.start, period.end)
        for period in periods
        for week in weeks
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["day", "week", "period", "start", "end"])
    for name in ("day", "start", "end"):
        frame[name] = pd.to_datetime(frame[name])
    return frame[frame["day"] < frame["end"]].reset_index(drop=True)


def training_rows(view: View, marks: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Open deals of past days with their features, and what became of them.

    Parameters
    ----------
    view : View
        Snapshot; of any scope: all deals of the company are in it.
    marks : DataFrame
        As `landmarks` gives them.
    outcomes : DataFrame
        As `deal_states.deal_outcomes` gives them.

    Returns
    -------
    DataFrame
        One row a landmark and deal, by period, day and deal: the columns of
        `deal_features` and `marks`, `won` (closed and won within the period), `ended`
        (``won``, ``lost`` or ``open``, as of the view), `days_to_end` (from the day to
        the close, or to the view's as-of date) and `final_amount` (of won deals, in the
        reporting currency). Deals without a created date are not in it.
    """
    whole = company_view(view)
    states = deal_states(whole, [day.date() for day in marks["day"]])
    rows = states[states["created_date"].notna()].merge(marks, on="day", how="inner")
    rows = deal_features(rows, outcomes)
    known = outcomes[["opportunity_id", "outcome", "close_date", "amount"]].rename(
        columns={"outcome": "ended", "close_date": "closed_on", "amount": "final_amount"}
    )
    rows = rows.merge(known, on="opportunity_id", how="left")
    rows["ended"] = rows["ended"].fillna("open")
    rows["won"] = (
        (rows["ended"] == "won") & rows["closed_on"].between(rows["start"], rows["end"])
    ).astype(float)
    until = rows["closed_on"].where(rows["ended"] != "open", pd.Timestamp(view.as_of))
    # A close that was dated back lies before the day on which the deal was still open.
    rows["days_to_end"] = (until - rows["day"]).dt.days.clip(lower=0).astype(float)
    rows["final_amount"] = rows["final_amount"].where(rows["ended"] == "won")
    return rows.sort_values(["start", "day", "opportunity_id"]).reset_index(drop=True)


def deal_features(states: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """States with their features.

    Parameters
    ----------
    states : DataFrame
        As `deal_states.deal_states` gives them, with the `end` of the period that each
        is looked at for.
    outcomes : DataFrame
        As `deal_states.deal_outcomes` gives them; only deals that had ended by the day
        of a state count for it.

    Returns
    -------
    DataFrame
        `states` with a column for each of `FEATURES`; `value` is the amount itself.
        `amount` becomes its logarithm (base 10), `amount_in_segment` the log ratio to
        the median of the segment's open deals that day; days are numbers of days; `due`
        is ``overdue``, ``in the period``, ``later`` or ``undated``; `owner_record` is a share of
        the owner's decided deals of the last 365 days, drawn to the company's with the
        weight of 20 deals.
    """
    rows = states.copy()
    day, end, close = rows["day"], rows["end"], rows["close_date"]

    def days(span: pd.Series) -> pd.Series:
        clipped: pd.Series = span.dt.days.clip(-_FAR, _FAR).astype(float)
        return clipped

    rows["value"] = rows["amount"]
    rows["amount"] = np.log10(rows["value"].where(rows["value"] > 0))
    segment = rows["segment"].fillna("")
    usual = rows["amount"].groupby([day, segment]).transform("median")
    rows["amount_in_segment"] = rows["amount"] - usual
    rows["days_in_stage"] = days(day - rows["stage_since"])
    rows["age_days"] = (day - rows["created_date"]).dt.days.clip(lower=0).astype(float)
    rows["days_to_close_date"] = days(close - day)
    rows["close_date_after_end"] = days(close - end)
    rows["days_left"] = days(end - day)
    rows["due"] = np.select(
        [close.isna(), close <= day, close <= end],
        ["undated", "overdue", "in the period"],
        default="later",
    )
    rows["pushes"] = rows["push_count"].astype(float)
    rows["stage_moves"] = rows["stage_moves"].astype(float)
    rows["crm_probability"] = rows["probability"].astype(float)
    rows["days_since_activity"] = days(day - rows["active_on"])
    records = owner_records(outcomes, sorted(day.unique()))
    rows = rows.merge(records, on=["day", "owner_id"], how="left")
    return rows.assign(owner_record=rows["owner_record"].fillna(rows["day"].map(_usual(records))))


def _usual(records: pd.DataFrame) -> dict[Any, float]:
    return records.drop_duplicates("day").set_index("day")["company"].to_dict()


def owner_records(outcomes: pd.DataFrame, days: Sequence[Any]) -> pd.DataFrame:
    """Win rate of each owner in the year up to each day, drawn to the company's.

    ``(won + 20 × company's rate) ÷ (decided + 20)``: the fewer deals, the less it says.

    Parameters
    ----------
    outcomes : DataFrame
        As `deal_states.deal_outcomes` gives them.
    days : sequence of datetime
        Deals that ended on a later day do not count.

    Returns
    -------
    DataFrame
        `day`, `owner_id`, `owner_record` and `company` (its own rate), shares of 1; a row a day
        and owner with a decided deal. Without any decided deal nothing is known, and a
        row without an owner says so.

    Examples
    --------
    >>> ended = pd.DataFrame({"owner_id": ["a"] * 4, "outcome": ["won", "lost"] * 2,
    ...                       "close_date": pd.to_datetime(["2026-01-05"] * 4)})
    >>> float(owner_records(ended, [pd.Timestamp("2026-02-01")])["owner_record"].iloc[0])
    0.5
    """
    ended = outcomes[outcomes["close_date"].notna()]
    parts = []
    for moment in days:
        day = pd.Timestamp(moment)
        recent = ended[
            (ended["close_date"] <= day)
            & (ended["close_date"] > day - pd.Timedelta(days=_RECORD_DAYS))
        ]
        won = (recent["outcome"] == "won").astype(float)
        rate = float(won.mean()) if len(recent) else np.nan
        by_owner = won.groupby(recent["owner_id"]).agg(["sum", "count"])
        drawn = (by_owner["sum"] + _RECORD_WEIGHT * rate) / (by_owner["count"] + _RECORD_WEIGHT)
        part = drawn.rename("owner_record").rename_axis("owner_id").reset_index()
        if part.empty:
            part = pd.DataFrame({"owner_id": [None], "owner_record": [np.nan]})
        parts.append(part.assign(day=day, company=rate))
    if not parts:
        return pd.DataFrame(columns=["day", "owner_id", "owner_record", "company"])
    return pd.concat(parts, ignore_index=True)[["day", "owner_id", "owner_record", "company"]]
