"""The commit of each scope on a day: handed in for it, or added up from its parts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from salesops_lib.data.activity import employment_facts
from salesops_lib.forecasting.booked import whole_view
from salesops_lib.forecasting.submissions import submissions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from salesops_lib.data.view import View
    from salesops_lib.forecasting.horizons import Horizon

__all__ = ["added_up", "commit_rows", "commits", "sellers_on"]

_COLUMNS = ("method", "kind", "key", "period", "week", "day", "forecast", "reason")
_FIRST_WEEK = 6


def commits(view: View, horizons: Sequence[Horizon], category: str = "commit") -> pd.DataFrame:
    """What people had committed to by each day, for every scope that can be added up.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency.
    horizons : sequence of Horizon
        The forecasts.
    category : str
        Category handed in.

    Returns
    -------
    DataFrame
        `method` (the category), `kind`, `key`, `period`, `week`, `day`, `forecast`
        (reporting currency) and `reason`.

    Notes
    -----
    Of each scope the last one handed in up to the day counts, whoever did. In week 1
    one of the six days after counts where there is none yet: people forecast once a
    week, on a day of their own. A region or the company takes the number handed in for
    it, the judgement of who leads it; without one, the sum of its teams, and a team that
    of its reps. Where one of them with a seller employed on the day has none, the sum
    would be too low, and is not computable.
    """
    whole = whole_view(view)
    given = submissions(whole)
    given = given[given["category"] == category]
    latest = commit_rows(given, horizons)
    if latest.empty:
        why = view.show.say("nobody has handed in a forecast")
        rows = [
            (category, "company", "", at.period.label, at.week, pd.Timestamp(at.day), np.nan, why)
            for at in horizons
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))
    reason = view.show.say("no forecast of a part of it has been handed in")
    found = []
    for at in horizons:
        here = latest[(latest["period"] == at.period.label) & (latest["week"] == at.week)]
        handed = {
            str(kind): dict(zip(part["key"], part["amount"], strict=True))
            for kind, part in here.groupby("kind")
        }
        for kind, key, amount in added_up(handed, sellers_on(whole, at.day)):
            number, why = (np.nan, reason) if amount is None else (float(amount), "")
            found.append((category, kind, key, at.period.label, at.week, pd.Timestamp(at.day),
                          number, why))  # fmt: skip
    return pd.DataFrame(found, columns=list(_COLUMNS))


def commit_rows(given: pd.DataFrame, horizons: Sequence[Horizon]) -> pd.DataFrame:
    """The last number handed in for each scope by each day.

    Parameters
    ----------
    given : DataFrame
        Rows of `submissions` of one category.
    horizons : sequence of Horizon
        The forecasts.

    Returns
    -------
    DataFrame
        The rows that count, `week` being that of the forecast and `handed_in` the day
        of the submission; `day` is that of the forecast.
    """
    parts = []
    for at in horizons:
        rows = given[given["period"] == at.period.label]
        day = pd.Timestamp(at.day)
        known = rows[rows["day"] <= day]
        if at.week == 1:
            soon = rows[(rows["day"] > day) & (rows["day"] <= day + pd.Timedelta(days=_FIRST_WEEK))]
            soon = soon.sort_values("day", kind="stable").drop_duplicates(["kind", "key"])
            # Behind them, so that what was there by the day itself comes first.
            known = pd.concat([soon.assign(late=1), known.assign(late=0)])
            known = known.sort_values(["late", "day"], ascending=[False, True], kind="stable")
        last = known.sort_values("day", kind="stable") if at.week > 1 else known
        last = last.drop_duplicates(["kind", "key"], keep="last")
        parts.append(last.assign(week=at.week, handed_in=last["day"], day=day))
    if not parts:
        return given.assign(handed_in=given["day"]).iloc[:0]
    return pd.concat(parts, ignore_index=True)


def added_up(
    given: Mapping[str, Mapping[str, Any]], there: pd.DataFrame
) -> list[tuple[str, str, Any]]:
    """Numbers of all scopes from those handed in: judged where there are any, else summed.

    Parameters
    ----------
    given : mapping
        By kind (``rep``, ``team``, ``teams``, ``region``, ``company``) and key: a
        number, or an array of draws.
    there : DataFrame
        Who sells on the day: `owner_id`, `team`, `region`.

    Returns
    -------
    list of tuple
        Kind, key and number; None where a part of it is missing.
    """
    reps, own = given.get("rep", {}), given.get("team", {})
    teams = dict(own)
    for name, people in there.dropna(subset=["team"]).groupby("team")["owner_id"]:
        if name not in teams and all(person in reps for person in people):
            teams[str(name)] = sum(reps[person] for person in sorted(people))
    shown = dict(teams)
    for joined, amount in sorted(given.get("teams", {}).items()):
        # One number for several teams: it counts once, in sums alone.
        names = joined.split(" + ")
        if not any(name in teams for name in names):
            teams |= {names[0]: amount, **dict.fromkeys(names[1:], 0.0)}
    regions = dict(given.get("region", {}))
    for region, inside in there.dropna(subset=["team", "region"]).groupby("region")["team"]:
        if region not in regions:
            regions[str(region)] = _sum_of([teams.get(name) for name in sorted(set(inside))])
    company = given.get("company", {}).get("")
    if company is None:
        placed = set(there.dropna(subset=["team", "region"])["team"])
        homeless = sorted(set(there["team"].dropna()) - placed)
        parts = [regions[name] for name in sorted(regions)]
        company = _sum_of([*parts, *(teams.get(name) for name in homeless)] or [None])
    found: list[tuple[str, str, Any]] = [("company", "", company)]
    for kind, numbers in (("region", regions), ("team", shown), ("rep", reps)):
        found += [(kind, key, numbers[key]) for key in sorted(numbers)]
    return found


def sellers_on(view: View, day: dt.date) -> pd.DataFrame:
    """Who sells on a day: `owner_id`, `team`, `region`; managers and overlays are left out."""
    sellers = _sellers(view)
    today = day.toordinal()
    return sellers[(sellers["first_day"] <= today) & (sellers["last_day"] >= today)]


def _sum_of(parts: list[Any]) -> Any:
    return None if any(part is None for part in parts) else sum(parts)


@lru_cache(maxsize=8)
def _sellers(view: View) -> pd.DataFrame:
    """Who sells, where, and from when to when as ordinals of days.

    "Until further notice" lies beyond the last day that a timestamp can hold.
    """
    facts = employment_facts(view.snapshot)
    places = view.snapshot.table("rep_assignments")
    overlays = places.filter(ibis.coalesce(places.role.lower(), "rep") == "overlay")
    people = facts.anti_join(overlays, facts.owner_id == overlays.rep_id)
    rows = people.select("owner_id", "team", "region", "first_day", "last_day")
    frame: pd.DataFrame = rows.order_by("owner_id", "first_day").to_pyarrow().to_pandas()
    for name in ("first_day", "last_day"):
        frame[name] = [day.toordinal() for day in frame[name]]
    return frame
