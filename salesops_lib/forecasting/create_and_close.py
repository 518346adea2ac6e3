"""Bookings from deals that are not in the pipeline yet, with an interval of their own.

Past periods say how many deals were won that had not been created on the same day of
the period. How far that went wrong before is how far it may go wrong again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.deal_paths import BookingPaths, owners_at, summed_paths
from salesops_lib.forecasting.deal_states import deal_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.data.view import View
    from salesops_lib.period import Period

    Floats = NDArray[np.float64]

__all__ = ["CreateAndClose", "checked_horizons", "create_and_close", "outcomes_at"]

_PERIODS = 12
_HALF_LIFE = 4.0
_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.15, 2.0
_SEASON_WEIGHT = 2.0
_COLLEAGUES = 0.3
_FEW = 30
_POOL_DAYS = 730


@dataclass(frozen=True)
class CreateAndClose:
    """Bookings from deals that are created after a day.

    Parameters
    ----------
    frame : DataFrame
        One row a horizon: `period`, `deals` (expected number), `amount` (mean, reporting
        currency), `lo-80`, `hi-80`, `lo-95`, `hi-95`, `spread` (relative error of the
        number beyond chance), `past` (periods that it rests on).
    past : DataFrame
        Those periods: `period` (the horizon's), `step` (periods ago), `deals`, `amount`.
    paths : BookingPaths
        The simulation, by owner.
    reasons : tuple of str
        What it rests on where data are few, in sentences.
    """

    frame: pd.DataFrame
    past: pd.DataFrame
    paths: BookingPaths
    reasons: tuple[str, ...]


def create_and_close(
    view: View,
    as_of: dt.date | None = None,
    horizons: Sequence[Period] | None = None,
    *,
    paths: int = 1000,
    seed: int = 0,
) -> CreateAndClose:
    """Bookings in each horizon from deals created after a day.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency. The whole company is simulated; every scope
        is a sum.
    as_of : date, optional
        The day. Default: the view's. What came later is not looked at.
    horizons : sequence of Period, optional
        Periods that follow each other. Default: that of the day after, and four more.
    paths : int
        Number of simulated paths.
    seed : int
        Of the simulation.

    Returns
    -------
    CreateAndClose

    Raises
    ------
    InputError
        The horizons do not follow each other, or the day lies after the view's.

    Notes
    -----
    The number of wins is the mean of the past periods' on the same working day,
    brought to the season and weighted by age (half after four periods). A season's index is
    its share of an average period's wins, drawn to 1 by the weight of two years. Counts are
    Poisson about a level whose relative error is learnt by foretelling each past
    period from those before it, drawn to 15 % by the weight of two. Amounts and
    owners are drawn from such wins of the past; three in ten go to a colleague of the
    team, as do those of people who have left. A deal without a created date counts as not
    created yet.
    """
    day = as_of or view.as_of
    chosen = checked_horizons(view, day, horizons)
    outcomes = outcomes_at(deal_outcomes(view), day)
    won = outcomes[outcomes["outcome"] == "won"]
    past, wins = _past(view, won, day, chosen)
    season = _season(view, won, day, chosen[0].kind)
    rng = np.random.default_rng([seed, day.toordinal()])
    common = rng.standard_normal(paths)
    owners = owners_at(view.snapshot.whole, day)
    parts, levels, reasons = [], [], []
    for at, horizon in enumerate(chosen):
        here = past[past["period"] == horizon.label]
        level, spread = _level(here, season, horizon.number)
        counts = rng.poisson(level * np.exp(spread * common - spread**2 / 2))
        pool = wins[at]
        if len(pool) < _FEW:
            recent = won["close_date"] > pd.Timestamp(day) - pd.Timedelta(days=_POOL_DAYS)
            pool = won[recent] if recent.any() else won
        parts.append(_drawn(pool, owners, counts, at, rng))
        levels.append((level, spread, len(here)))
    if min(count for _mean, _spread, count in levels) < 3:
        say = view.show.say
        reasons.append(
            say(
                "fewer than three past periods show what is created and won within them, so "
                "the interval is mostly assumed"
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    found = summed_paths(rows, tuple(one.label for one in chosen), paths)
    frame = (
        found.summary("company").drop(columns=["kind", "key"]).rename(columns={"mean": "amount"})
    )
    frame.insert(1, "deals", [level for level, _spread, _count in levels])
    frame["spread"] = [spread for _mean, spread, _count in levels]
    frame["past"] = [count for _mean, _spread, count in levels]
    return CreateAndClose(frame, past, found, tuple(reasons))


def outcomes_at(outcomes: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Outcomes as far as they were known on a day; deals created later are left out.

    Parameters
    ----------
    outcomes : DataFrame
        As `deal_states.deal_outcomes` gives them.
    day : date
        The day.

    Returns
    -------
    DataFrame
        The same columns; who closed later is open, without a close date.
    """
    moment = pd.Timestamp(day)
    rows = outcomes[~(outcomes["created_date"] > moment)].copy()
    later = rows["close_date"] > moment
    rows.loc[later, "outcome"] = "open"
    rows.loc[later, "close_date"] = pd.NaT
    return rows.reset_index(drop=True)


def checked_horizons(
    view: View, day: dt.date, horizons: Sequence[Period] | None
) -> tuple[Period, ...]:
    """Horizons that follow each other from a day on; the usual five where none are given."""
    if day > view.as_of:
        raise InputError(f"the view stands at {view.as_of}: nothing is known of {day} yet")
    if horizons is None:
        first = view.calendar.period_of(day + dt.timedelta(days=1), view.period.kind)
        found = [first]
        for _step in range(4):
            found.append(view.calendar.next(found[-1]))
        return tuple(found)
    chosen = tuple(horizons)
    if not chosen:
        raise InputError("a forecast needs at least one period")
    begins = [day + dt.timedelta(days=1), *(one.end + dt.timedelta(days=1) for one in chosen[:-1])]
    for one, begin in zip(chosen, begins, strict=True):
        is_first = one is chosen[0] and one.start <= begin <= one.end
        if not is_first and one.start != begin:
            raise InputError(
                f"the period {one} must begin on {begin}: periods follow each other, the first "
                "one holds the day after the as-of date"
            )
    return chosen


def _past(
    view: View, won: pd.DataFrame, day: dt.date, horizons: tuple[Period, ...]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """What was created after the same day of past periods, and won in their horizons."""
    calendar, first = view.calendar, horizons[0]
    begins, share = view.starts_on, calendar.elapsed_share(first, day)
    rows: list[tuple[Any, ...]] = []
    wins: list[list[pd.DataFrame]] = [[] for _one in horizons]
    for step in range(1, _PERIODS + len(horizons)):
        period = calendar.prior(first, step)
        then = view.day_at(period, share) if share > 0 else period.start - (first.start - day)
        if begins is None or then < begins - dt.timedelta(days=7):
            break
        later = won[~(won["created_date"] <= pd.Timestamp(then))]
        for at, horizon in enumerate(horizons):
            here = calendar.prior(horizon, step)
            if here.end > day:
                continue
            start = pd.Timestamp(max(then + dt.timedelta(days=1), here.start))
            part = later[later["close_date"].between(start, pd.Timestamp(here.end))]
            wins[at].append(part)
            rows.append((horizon.label, step, here.number, len(part), float(part["amount"].sum())))
    past = pd.DataFrame(rows, columns=["period", "step", "number", "deals", "amount"])
    empty = won.head(0)
    return past, [pd.concat(parts) if parts else empty for parts in wins]


def _season(view: View, won: pd.DataFrame, day: dt.date, kind: str) -> dict[int, float]:
    """Index of each period of the year, by the number of wins."""
    begins = view.starts_on
    period = view.calendar.prior(view.calendar.period_of(day + dt.timedelta(days=1), kind))
    counts: list[tuple[int, int, int]] = []
    while begins is not None and period.start >= begins - dt.timedelta(days=7) and len(counts) < 24:
        here = won["close_date"].between(pd.Timestamp(period.start), pd.Timestamp(period.end))
        counts.append((period.number, period.fiscal_year, int(here.sum())))
        period = view.calendar.prior(period)
    frame = pd.DataFrame(counts, columns=["number", "year", "wins"])
    whole = frame.groupby("year")["wins"].transform("count") == frame["number"].max()
    frame = frame[whole]
    if frame.empty or not frame["wins"].sum():
        return {}
    ratio = frame["wins"] / frame.groupby("year")["wins"].transform("mean").clip(lower=1e-9)
    index = ratio.groupby(frame["number"]).agg(["mean", "count"])
    weight = index["count"] / (index["count"] + _SEASON_WEIGHT)
    found: dict[int, float] = (1 + weight * (index["mean"] - 1)).to_dict()
    return found


def _level(past: pd.DataFrame, season: dict[int, float], number: int) -> tuple[float, float]:
    """Expected number of wins, and its relative error beyond chance."""
    rows = past.sort_values("step").head(_PERIODS)
    if rows.empty:
        return 0.0, _PRIOR_SPREAD
    plain = rows["deals"].to_numpy() / rows["number"].map(season).fillna(1.0).to_numpy()
    steps = rows["step"].to_numpy(dtype=float)

    def mean(after: int) -> float:
        weight = 0.5 ** ((steps[after:] - steps[after]) / _HALF_LIFE)
        return float(np.average(plain[after:], weights=weight))

    errors = []
    for at in range(len(plain) - 2):
        foretold = max(mean(at + 1), 0.5)
        errors.append((plain[at] - foretold) ** 2 / foretold**2 - 1 / foretold)
    variance = (sum(errors) + _PRIOR_WEIGHT * _PRIOR_SPREAD**2) / (len(errors) + _PRIOR_WEIGHT)
    return mean(0) * season.get(number, 1.0), float(np.sqrt(max(variance, 0.05**2)))


def _drawn(
    pool: pd.DataFrame,
    owners: pd.DataFrame,
    counts: NDArray[np.int64],
    horizon: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Simulated wins: path, owner, place and cents of each."""
    total = int(counts.sum()) if len(pool) else 0
    path = np.repeat(np.arange(len(counts)), counts if total else 0)
    known = pool.reset_index(drop=True)
    drawn = known.iloc[rng.integers(0, max(len(known), 1), total)].reset_index(drop=True)
    now = owners.drop_duplicates("owner_id").set_index("owner_id")
    team = drawn["owner_id"].map(now["team"]).fillna(drawn["team"]).to_numpy(dtype=object)
    active = drawn["owner_id"].map(now["is_active"])
    # People of a source without an organisation are taken to be there still.
    stays = active.astype(object).where(active.notna(), other=True).to_numpy(dtype=bool)
    moves = ~stays | (rng.random(total) < _COLLEAGUES)
    owner = drawn["owner_id"].to_numpy(dtype=object)
    at_work = owners[owners["is_active"]]
    for name, people in at_work.groupby("team")["owner_id"]:
        here = np.flatnonzero(moves & (team == name))
        owner[here] = people.to_numpy(dtype=object)[rng.integers(0, len(people), len(here))]
    places_ = pd.Series(owner).map(now["region"]).fillna(drawn["region"])
    cents = np.rint(np.nan_to_num(drawn["amount"].to_numpy(dtype=float)) * 100)
    return pd.DataFrame(
        {
            "horizon": np.full(total, horizon),
            "path": path,
            "owner_id": owner,
            "team": team,
            "region": places_.to_numpy(dtype=object),
            "cents": cents.astype(np.int64),
        }
    )
