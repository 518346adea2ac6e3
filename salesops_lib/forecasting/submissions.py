"""What people handed in: their forecasts, week by week, and what each is about.

A forecast says who made it, when and for which period, but not of what. That follows
from who reported to the forecaster on that day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import ibis
import pandas as pd
from ibis import _

from salesops_lib.data.derived import derived_table
from salesops_lib.data.exchange import converted
from salesops_lib.data.organisation import EVER, NEVER, places
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.data.view import View

__all__ = ["SUBMISSION_COLUMNS", "SubmissionPaths", "submission_paths", "submissions"]

SUBMISSION_COLUMNS = (
    "forecaster_id", "forecaster", "kind", "key", "team", "region", "period", "period_start",
    "period_end", "day", "week", "category", "amount",
)  # fmt: skip
"""Columns of `submissions`."""

_LEADERS = ("manager", "leader")
_KINDS = ("quarter", "month", "year")


@dataclass(frozen=True)
class SubmissionPaths:
    """The path of each forecaster's number for one period, week by week.

    Parameters
    ----------
    frame : DataFrame
        Rows of `submissions` of one period and category, by forecaster and day, with
        `change` on the forecaster's previous one (empty at the first).
    category : str
        Forecast category.
    period : str
        Label of the period.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    category: str
    period: str
    view: View

    @property
    def headline(self) -> str:
        """One sentence: how many forecasters, how many forecasts, how far they moved."""
        show = self.view.show
        if self.frame.empty:
            return show.say(
                "Forecasts handed in for {period}: none.", period=show.period(self.period)
            )
        by = self.frame.groupby("forecaster_id", sort=False)["amount"]
        return show.counted(
            int(by.ngroups),
            "{count} forecaster handed in {forecasts} forecasts for {period}: from {first} to "
            "{last}.",
            "{count} forecasters handed in {forecasts} forecasts for {period}: from {first} to "
            "{last}.",
            forecasts=show.count(len(self.frame)),
            period=show.period(self.period),
            first=show.money(float(by.first().sum()), compact=True),
            last=show.money(float(by.last().sum()), compact=True),
        )


def submissions(view: View) -> pd.DataFrame:
    """Forecasts that people handed in, each with what it is about.

    Parameters
    ----------
    view : View
        Snapshot, calendar, currency and scope. Of the company all, of a region or team
        those about it or parts of it; a rep's view holds that rep's own.

    Returns
    -------
    DataFrame
        `SUBMISSION_COLUMNS`, by day, forecaster, period and category. `kind` and `key`
        say what the amount is of: the ``team`` of the people who report straight to the
        forecaster on that day; several ``teams`` (their names joined by " + "); else,
        of someone who leads managers only, the ``region``, or the ``company`` of one
        without a region; else the ``rep``'s own. `period` is the label of the fiscal
        quarter, month or year whose days it has, otherwise empty; `week` counts in
        sevens from its first day (0 and below: before it began). `amount` is in the
        reporting currency at the rate of the day it was handed in.

    Raises
    ------
    InputError
        A currency has no rate.

    Notes
    -----
    A leader who stands in for a manager forecasts the team that reports to them then.
    One who also forecasts the whole region in that time cannot be told from it.
    """
    frame = _all_submissions(view)
    kind, key = view.scope.kind, view.scope.key
    if view.audience == "rep" or kind == "rep":
        return frame[frame["forecaster_id"] == key].reset_index(drop=True)
    if kind == "company":
        return frame.copy()
    inside = (frame["key"] == key) & (frame["kind"] == kind)
    inside |= frame["kind"].isin(["team", "teams", "rep"]) & (frame[kind] == key)
    return frame[inside].reset_index(drop=True)


def submission_paths(
    view: View, period: str | None = None, category: str = "commit"
) -> SubmissionPaths:
    """Each forecaster's number for one period as it moved from week to week.

    Parameters
    ----------
    view : View
        Scope, calendar and currency.
    period : str, optional
        Label of a period. Default: the view's.
    category : str
        Forecast category.

    Returns
    -------
    SubmissionPaths
    """
    label = period or view.period.label
    rows = submissions(view)
    rows = rows[(rows["period"] == label) & (rows["category"] == category)]
    rows = rows.sort_values(["forecaster_id", "kind", "key", "day"]).reset_index(drop=True)
    change = rows.groupby(["forecaster_id", "kind", "key"], sort=False)["amount"].diff()
    return SubmissionPaths(rows.assign(change=change), category, label, view)


@lru_cache(maxsize=8)
def _all_submissions(view: View) -> pd.DataFrame:
    snapshot = view.snapshot.whole
    if not snapshot.has("forecast_submissions"):
        return pd.DataFrame(columns=list(SUBMISSION_COLUMNS)).astype(
            {"amount": float, "day": "datetime64[ns]"}
        )

    def made() -> pa.Table:
        return _described(view, snapshot).to_pyarrow()

    settings = [view.currency.model_dump(), view.as_of]
    table = derived_table(snapshot, "submissions", settings, made, __name__)
    frame = cast("pd.DataFrame", table.to_pandas(date_as_object=False))
    frame["period"] = _labels(view, frame)
    started = (frame["day"] - frame["period_start"]).dt.days
    frame["week"] = (started // 7 + 1).astype("int64")
    return _about(frame)[list(SUBMISSION_COLUMNS)]


def _described(view: View, snapshot: Snapshot) -> IbisTable:
    """Forecasts in one currency, with the forecaster's own place and reports of the day."""
    rows = snapshot.table("forecast_submissions").rename(day="submitted_date")
    day: Any = ibis.literal(view.as_of) if view.currency.rates == "as_of" else rows.day
    rows = converted(snapshot, rows, view.currency.reporting, day)
    points = rows.select("forecaster_id", "day").distinct()
    there = places(snapshot)
    mine = there.select(
        own_id="rep_id", own_role="role", own_team="team", own_region="region",
        own_from="place_from", own_to="place_to",
    )  # fmt: skip
    own = points.left_join(
        mine,
        [
            points.forecaster_id == mine.own_id,
            points.day >= mine.own_from,
            points.day <= mine.own_to,
        ],
    )
    people = snapshot.table("reps").select(
        _.rep_id.name("person_id"),
        _.name.name("forecaster"),
        hired=ibis.coalesce(_.hire_date, EVER),
        left=ibis.coalesce(_.leave_date, NEVER),
    )
    below = there.inner_join(people.drop("forecaster"), there.rep_id == people.person_id)
    below = below.filter(_.manager_id.notnull(), _.manager_id != _.rep_id)
    reports = points.inner_join(
        below,
        [
            points.forecaster_id == below.manager_id,
            points.day >= ibis.greatest(below.place_from, below.hired),
            points.day <= ibis.least(below.place_to, below.left),
        ],
    )
    sells = ibis.coalesce(reports.role.lower(), "rep").notin((*_LEADERS, "overlay"))
    led = reports.group_by("forecaster_id", "day").agg(
        reports=reports.count(),
        teams=reports.team.collect(where=sells & reports.team.notnull(), distinct=True)
        .sort()
        .join(" + "),
        team_count=reports.team.nunique(where=sells),
        led_region=reports.region.min(where=sells),
        region_count=reports.region.nunique(where=sells),
    )
    joined = rows.left_join(own, ["forecaster_id", "day"]).drop("forecaster_id_right", "day_right")
    joined = joined.left_join(led, ["forecaster_id", "day"]).drop(
        "forecaster_id_right", "day_right"
    )
    joined = joined.left_join(people, joined.forecaster_id == people.person_id)
    return joined.select(
        "forecaster_id",
        "day",
        "period_start",
        "period_end",
        "category",
        "own_role",
        "own_team",
        "own_region",
        "teams",
        "led_region",
        forecaster=ibis.coalesce(_.forecaster, _.forecaster_id),
        amount=_.amount.cast("float64"),
        reports=ibis.coalesce(_.reports, 0),
        team_count=ibis.coalesce(_.team_count, 0),
        region_count=ibis.coalesce(_.region_count, 0),
    ).order_by("day", "forecaster_id", "period_start", "category")


def _about(frame: pd.DataFrame) -> pd.DataFrame:
    """Forecasts with `kind`, `key`, `team` and `region` of what they are about."""
    role = frame["own_role"].fillna("").str.lower()
    one = frame["team_count"] == 1
    several = frame["team_count"] > 1
    # Nobody is said to report to them: then the role tells.
    leads_team = ~one & ~several & role.eq("manager") & frame["own_team"].notna()
    leads = ~one & ~several & ~leads_team & ((frame["reports"] > 0) | role.isin(_LEADERS))
    own_region = frame["own_region"].fillna("")
    kind = pd.Series("rep", index=frame.index)
    kind[one | leads_team] = "team"
    kind[several] = "teams"
    kind[leads & (own_region != "")] = "region"
    kind[leads & (own_region == "")] = "company"
    key = frame["forecaster_id"].astype(object)
    key = key.mask(one | several, frame["teams"]).mask(leads_team, frame["own_team"])
    key = key.mask(kind == "region", own_region).mask(kind == "company", "")
    region = frame["own_region"].mask(one | several, frame["led_region"])
    region = region.mask(several & (frame["region_count"] > 1), None).mask(kind == "company", None)
    team = frame["own_team"].where(kind == "rep", key.where(kind == "team"))
    return frame.assign(kind=kind, key=key, team=team, region=region)


def _labels(view: View, frame: pd.DataFrame) -> list[str]:
    """Labels of the fiscal periods that the forecasts' own days are those of."""
    found: dict[tuple[dt.date, dt.date], str] = {}
    spans = frame[["period_start", "period_end"]].drop_duplicates()
    for row in rows_of(spans):
        start, end = row.period_start.date(), row.period_end.date()
        periods = (view.calendar.period_of(start, kind) for kind in _KINDS)
        labels = [period.label for period in periods if (period.start, period.end) == (start, end)]
        found[start, end] = labels[0] if labels else ""
    return [
        found[start.date(), end.date()]
        for start, end in zip(frame["period_start"], frame["period_end"], strict=True)
    ]
