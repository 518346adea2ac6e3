"""What simpler methods would have forecast: the bar that every forecast has to pass.

Each is computed as of its day: from deals as they stood then, and from what earlier
deals had come to by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from ibis import _

from salesops_lib.data.changes import field_starts
from salesops_lib.forecasting.booked import booked, booked_by, scope_sums, whole_view, won_deals
from salesops_lib.forecasting.commits import commits
from salesops_lib.forecasting.deal_states import (
    deal_outcomes,
    deal_states,
    logged_fields,
)
from salesops_lib.forecasting.horizons import PERIODS, WEEKS, past_horizons
from salesops_lib.forecasting.stage_conversion import stage_conversion
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from salesops_lib.data.view import View
    from salesops_lib.forecasting.horizons import Horizon

__all__ = ["BACKTEST_COLUMNS", "baselines", "scoped", "with_actuals"]

BACKTEST_COLUMNS = (
    "method", "kind", "key", "label", "period", "week", "day", "forecast", "low", "high",
    "actual", "reason",
)  # fmt: skip
"""Columns of a backtest: one row a method, scope, period and week."""

_LEARNT_FROM = 8
_AT = ["kind", "key", "period", "week"]
_WEIGHTED = ("stage_weighted", "crm_probability", "category_commit")


def baselines(view: View, periods: int = PERIODS, weeks: Sequence[int] = WEEKS) -> pd.DataFrame:
    """Forecasts of past quarters by the simpler methods, as of each week's first day.

    Parameters
    ----------
    view : View
        Snapshot, calendar, currency and scope. The company's leadership gets company,
        regions, teams and reps; any other view its own scope alone.
    periods : int
        How many finished quarters.
    weeks : sequence of int
        Weeks of the quarter.

    Returns
    -------
    DataFrame
        `BACKTEST_COLUMNS`. `method` is one of:

        - ``seasonal_naive``: bookings of the same quarter a year before;
        - ``stage_weighted``: closed by then + Σ amount × share of deals of its stage that
          had been won (`stage_conversion`), of open deals due in the quarter;
        - ``crm_probability``: the same with the chance that the CRM had then;
        - ``category_commit``: closed by then + open deals in the category commit;
        - ``commit``: what people handed in (`commits.commits`).

        `forecast` and `actual` are in the reporting currency; where there is no
        forecast it is NaN and `reason` says why. `actual` is NaN while the quarter runs.
        A deal is due by its close date of then; it belongs to the place its owner was in
        on that day, and once closed to that of the close date. `low` and `high` are NaN:
        none of these methods says how sure it is.

    Raises
    ------
    InputError
        A currency has no rate.
    """
    horizons = past_horizons(view, periods, weeks)
    whole = whole_view(view)
    won = won_deals(whole)
    parts = [
        _seasonal(view, won, horizons),
        _from_pipeline(whole, won, horizons),
        commits(view, horizons),
    ]
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return scoped(view, with_actuals(view, frame))


def with_actuals(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Forecasts with what was booked in the end, and the scopes' names.

    Parameters
    ----------
    view : View
        Snapshot, calendar and as-of date.
    frame : DataFrame
        `method`, `kind`, `key`, `period`, `week`, `day`, `forecast`, and where there
        are any `low`, `high` and `reason`.

    Returns
    -------
    DataFrame
        `BACKTEST_COLUMNS`, in the order of method, kind, key, period and week.
    """
    over = [
        period
        for label in sorted(set(frame["period"]))
        if (period := view.calendar.period(label)).end <= view.as_of
    ]
    whole = whole_view(view)
    sums = booked(won_deals(whole), over).rename(columns={"amount": "actual"})
    rows = frame.drop(columns=["actual", "label"], errors="ignore")
    rows = rows.merge(sums, on=["kind", "key", "period"], how="left")
    finished = rows["period"].isin({period.label for period in over})
    rows["actual"] = rows["actual"].fillna(0.0).where(finished)
    for name, empty in (("low", np.nan), ("high", np.nan), ("reason", "")):
        rows[name] = rows.get(name, empty)
    rows["reason"] = rows["reason"].fillna("")
    rows["label"] = _labels(whole, rows)
    order = ["method", "kind", "key", "period", "week"]
    rows = rows.sort_values(order, kind="stable", ignore_index=True)
    return rows[list(BACKTEST_COLUMNS)].astype({"week": "int64"})


def scoped(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a backtest that the view's reader may see: see `baselines`."""
    if view.scope.kind == "company" and view.audience == "leadership":
        return frame
    own = (frame["kind"] == view.scope.kind) & (frame["key"] == view.scope.key)
    return frame[own].reset_index(drop=True)


def _labels(view: View, rows: pd.DataFrame) -> pd.Series:
    people = view.snapshot.table("reps").select("rep_id", "name").to_pandas()
    names = dict(zip(people["rep_id"], people["name"], strict=True))
    label = rows["key"].where(rows["kind"] != "company", view.show.say("Company"))
    named = rows["key"].map(names).fillna(rows["key"])
    return label.where(rows["kind"] != "rep", named)


def _seasonal(view: View, won: pd.DataFrame, horizons: Sequence[Horizon]) -> pd.DataFrame:
    """Bookings of the same quarter a year before, for each scope that is there now."""
    say, calendar = view.show.say, view.calendar
    periods = sorted({horizon.period for horizon in horizons})
    before = {period.label: calendar.same_last_year(period) for period in periods}
    sums = booked(won, before.values())
    then = {(row.kind, row.key, row.period): row.amount for row in rows_of(sums)}
    began = won["close_date"].min()
    first = _first_wins(won)
    now = booked(won, periods)
    keys = {(row.kind, row.key) for row in rows_of(now)} | {("company", "")}
    rows = []
    for horizon in horizons:
        year_ago = before[horizon.period.label]
        start, end = pd.Timestamp(year_ago.start), pd.Timestamp(year_ago.end)
        # One working week without a deal is no gap.
        covered = pd.notna(began) and began <= start + pd.Timedelta(days=7)
        for kind, key in sorted(keys):
            amount, reason = then.get((kind, key, year_ago.label), 0.0), ""
            if not covered:
                amount, reason = np.nan, say("the data does not reach back a year")
            elif first.get((kind, key), end) > end or (kind, key) not in first:
                amount, reason = np.nan, say("nothing was booked there a year before, or earlier")
            rows.append(
                ("seasonal_naive", kind, key, horizon.period.label, horizon.week,
                 pd.Timestamp(horizon.day), amount, reason)
            )  # fmt: skip
    columns = ["method", *_AT, "day", "forecast", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _first_wins(won: pd.DataFrame) -> dict[tuple[str, str], pd.Timestamp]:
    """Day of the first won deal of each scope, by kind and key."""
    found: dict[tuple[str, str], pd.Timestamp] = {}
    for kind, column in (("region", "region"), ("team", "team"), ("rep", "owner_id")):
        firsts = won.groupby(column)["close_date"].min()
        found |= {(kind, str(key)): day for key, day in firsts.items()}
    if len(won):
        found["company", ""] = won["close_date"].min()
    return found


def _from_pipeline(view: View, won: pd.DataFrame, horizons: Sequence[Horizon]) -> pd.DataFrame:
    """The methods that add up the open deals of the day."""
    say = view.show.say
    reason, starts = "", None
    if not logged_fields(view):
        reason = say("the export holds no history of changes")
    else:
        starts = _history_starts(view)
    known = [at for at in horizons if not reason and starts is not None and at.day >= starts]
    late = [at for at in horizons if at not in known]
    frame = _known_pipeline(view, won, known) if known else pd.DataFrame()
    missing = pd.DataFrame(
        [
            (method, "company", "", at.period.label, at.week, pd.Timestamp(at.day), np.nan,
             reason or say("the history of changes begins later"))
            for at in late
            for method in _WEIGHTED
        ],
        columns=["method", *_AT, "day", "forecast", "reason"],
    )  # fmt: skip
    return pd.concat([part for part in (frame, missing) if len(part)], ignore_index=True)


def _known_pipeline(view: View, won: pd.DataFrame, horizons: Sequence[Horizon]) -> pd.DataFrame:
    say = view.show.say
    days = [at.day for at in horizons]
    states = deal_states(view, _days_learnt_from(view, horizons))
    defaults = _default_chances(view)
    shares = stage_conversion(states, deal_outcomes(view), days, defaults)
    at = pd.DataFrame(
        [
            (pd.Timestamp(h.day), h.period.label, h.week, pd.Timestamp(h.period.start),
             pd.Timestamp(h.period.end))
            for h in horizons
        ],
        columns=["day", "period", "week", "start", "end"],
    )  # fmt: skip
    rows = states.assign(day=states["day"].astype(at["day"].dtype)).merge(at, on="day")
    rows = rows[rows["close_date"].between(rows["start"], rows["end"])]
    rows = rows.merge(
        shares[["day", "stage", "share"]].astype({"day": at["day"].dtype}),
        on=["day", "stage"],
        how="left",
    )
    amount = rows["amount"].fillna(0.0)
    chance = rows["probability"].fillna(rows["stage"].map(defaults))
    committed = rows["forecast_category"].eq("commit")
    rows = rows.assign(
        stage_weighted=amount * rows["share"].fillna(0.0),
        crm_probability=amount * chance.fillna(0.0),
        category_commit=amount.where(committed, 0.0),
    )
    sums = scope_sums(rows, ["period", "week"], _WEIGHTED)
    sums = sums.merge(booked_by(won, horizons), on=_AT, how="outer")
    company = at[["period", "week"]].assign(kind="company", key="")
    sums = company.merge(sums, on=_AT, how="outer")
    sums = sums.fillna(dict.fromkeys((*_WEIGHTED, "closed"), 0.0))
    told = {
        "stage_weighted": bool(shares["share"].notna().any()),
        "crm_probability": bool(chance.notna().any()) or rows.empty,
        "category_commit": bool(states["forecast_category"].notna().any()),
    }
    why = {
        "stage_weighted": say("no stage has a decided deal or a chance of its own"),
        "crm_probability": say("the export holds no probabilities"),
        "category_commit": say("the export holds no forecast categories"),
    }
    parts = []
    for method in _WEIGHTED:
        forecast = sums["closed"] + (sums[method] if told[method] else np.nan)
        reason = "" if told[method] else why[method]
        parts.append(sums[_AT].assign(method=method, forecast=forecast, reason=reason))
    return pd.concat(parts, ignore_index=True).merge(
        at[["period", "week", "day"]], on=["period", "week"]
    )


def _days_learnt_from(view: View, horizons: Sequence[Horizon]) -> list[dt.date]:
    """Days of the forecasts, and those of the quarters before, to learn the stages from."""
    weeks = sorted({at.week for at in horizons})
    quarters = len({at.period for at in horizons})
    starts = _history_starts(view)
    earlier = past_horizons(view, quarters + _LEARNT_FROM, weeks, running=False)
    days = {at.day for at in (*earlier, *horizons)}
    return sorted(day for day in days if starts is not None and day >= starts)


def _history_starts(view: View) -> dt.date | None:
    """Day from which the log tells of stages: its first change of one, or of anything."""
    found = field_starts(view.snapshot.origin).to_pyarrow().to_pylist()[0]
    days: list[dt.date] = sorted(day for day in found.values() if day is not None)
    first: dt.date | None = found["stage_starts"] or (days[0] if days else None)
    return first


def _default_chances(view: View) -> dict[str, float]:
    """The CRM's chance of each open stage that has one."""
    stages = view.snapshot.table("stages").filter(~ibis.coalesce(_.is_closed, False))
    rows = stages.select("stage", "default_probability").to_pyarrow().to_pylist()
    return {
        row["stage"]: float(row["default_probability"])
        for row in rows
        if row["default_probability"] is not None
    }
