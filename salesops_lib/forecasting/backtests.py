"""The combined forecast of past quarters, each learnt from the quarters before it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.booked import booked, won_deals
from salesops_lib.forecasting.corrected_commit import corrected_commits
from salesops_lib.forecasting.create_and_close import create_and_close
from salesops_lib.forecasting.deal_forecast import dealt_chances
from salesops_lib.forecasting.deal_paths import simulated_wins
from salesops_lib.forecasting.experience import PARTS, Experience
from salesops_lib.forecasting.horizons import Horizon
from salesops_lib.forecasting.origins import combined_at, created_paths, origin_of
from salesops_lib.forecasting.series_part import past_quarters, share_ahead
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.deal_backtest import JudgedDeals
    from salesops_lib.forecasting.origins import Origin

    Floats = NDArray[np.float64]

__all__ = ["STACKS", "commits_at", "past_cases", "won_within"]

STACKS: dict[str, tuple[str, ...]] = {"all": PARTS, "no_commit": ("deals", "series")}
"""Which parts are stacked: of quarters that people have handed in a commit for, and of others."""

STEPS = 5
_PATHS = 200
_MOST_ROWS = 8_000


@dataclass(frozen=True)
class _Past:
    """A past day with its simulations."""

    period: Period
    day: dt.date
    origins: tuple[Origin, ...]


def past_cases(view: View, judged: JudgedDeals, seed: int = 0) -> pd.DataFrame:
    """Combined forecasts of past quarters, with all that they were made of, and what came.

    Parameters
    ----------
    view : View
        The whole company, by quarters.
    judged : JudgedDeals
        Open deals of past quarters with the chances of models of earlier quarters.
    seed : int
        Of the simulations.

    Returns
    -------
    DataFrame
        Rows as `Combined.cases`, for each of `STACKS` (`stack`), with `day`, `made` (the
        quarter of the day), `end` (last day of the target), `learnt` (quarters known then)
        and `actual`. Quarters beyond the one that runs are forecast in its week 1 alone.
        Somebody who won deals and was not foreseen at all has a forecast of 0.

    Notes
    -----
    At each day only quarters that had ended before it teach weights and factors.
    """
    won = won_deals(view)
    actuals = _actuals(view, won, judged)
    found: dict[str, list[pd.DataFrame]] = {stack: [] for stack in STACKS}
    known = {stack: Experience(pd.DataFrame()) for stack in STACKS}
    last = None
    for past in _pasts(view, judged, won, seed):
        if past.period != last:
            last = past.period
            for stack, frames in found.items():
                if frames:
                    known[stack] = Experience(pd.concat(frames, ignore_index=True))
        for origin in past.origins:
            period = view.calendar.period(origin.period)
            for stack, parts in STACKS.items():
                experience = known[stack].known_on(past.day)
                rows = combined_at(origin, experience, parts).cases()
                rows = _with_actuals(rows, past, period, actuals)
                learnt = experience.quarters(origin.step)
                found[stack].append(rows.assign(stack=stack, learnt=learnt))
    tables = [frame for part in found.values() for frame in part]
    return (
        pd.concat(tables, ignore_index=True)
        if tables
        else pd.DataFrame({"kind": pd.Series(dtype=object)})
    )


def commits_at(view: View, horizons: Sequence[Horizon]) -> dict[tuple[str, int], dict[Any, float]]:
    """Commits without their biases by quarter and week, then by kind and key of the scope."""
    found: dict[tuple[str, int], dict[Any, float]] = {}
    frame = corrected_commits(view, horizons)
    for row in rows_of(frame[frame["forecast"].notna()]):
        found.setdefault((row.period, int(row.week)), {})[row.kind, row.key] = float(row.forecast)
    return found


def won_within(won: pd.DataFrame, period: Period, day: dt.date) -> pd.DataFrame:
    """Deals won from the first day of a period up to a day."""
    until = pd.Timestamp(min(day, period.end))
    return won[won["close_date"].between(pd.Timestamp(period.start), until)]


def _pasts(view: View, judged: JudgedDeals, won: pd.DataFrame, seed: int) -> Iterator[_Past]:
    """Past days in order, with the simulations of the quarters from each of them."""
    groups = [
        (pd.Timestamp(str(day)).date(), view.calendar.period(str(label)), rows)
        for (day, label), rows in judged.deals.groupby(["day", "period"])
        # Before the first quarter that is covered nothing says what a quarter brings.
        if past_quarters(view, view.calendar.period(str(label)))
    ]
    horizons = [Horizon(period, int(rows["week"].iloc[0]), day) for day, period, rows in groups]
    commits = commits_at(view, horizons)
    for (day, period, rows), at in zip(groups, horizons, strict=True):
        targets = [period]
        while at.week == 1 and len(targets) < STEPS:
            following = view.calendar.next(targets[-1])
            if following.end > view.as_of:
                break
            targets.append(following)
        chances = _chances(judged, rows, day, targets, seed)
        labels = tuple(one.label for one in targets)
        rng = np.random.default_rng([seed, day.toordinal(), 3])
        open_ = simulated_wins(
            rows, chances, np.ones(1), labels, spread=judged.spread, paths=_PATHS, rng=rng
        )
        new = create_and_close(view, day, targets, paths=_PATHS, seed=seed)
        created = created_paths(new, share_ahead(view, period, day))
        given = commits.get((period.label, at.week), {})
        origins = tuple(
            origin_of(
                view, period, target, step, day, open_, created, won_within(won, target, day),
                given if step == 1 else {},
            )
            for step, target in enumerate(targets, start=1)
        )  # fmt: skip
        yield _Past(period, day, origins)


def _chances(
    judged: JudgedDeals,
    rows: pd.DataFrame,
    day: dt.date,
    targets: Sequence[Period],
    seed: int,
) -> Floats:
    """Chance of each open deal in each quarter, as it was known on the day."""
    first = rows["probability"].to_numpy(dtype=float)
    if len(targets) == 1:
        return first[:, None]
    moment = pd.Timestamp(day)
    known = judged.rows[judged.rows["day"] < moment]
    known = known.tail(_MOST_ROWS) if len(known) > _MOST_ROWS else known
    seen = (moment - known["day"]).dt.days.astype(float)
    later = known["days_to_end"] >= seen
    known = known.assign(
        ended=known["ended"].where(~later, "open"),
        days_to_end=known["days_to_end"].where(~later, seen),
    )
    if known["ended"].eq("open").all():
        return np.column_stack([first, np.zeros((len(first), len(targets) - 1))])
    return dealt_chances(first, known, rows, judged.features, day, tuple(targets), seed)


def _actuals(
    view: View, won: pd.DataFrame, judged: JudgedDeals
) -> dict[str, dict[tuple[str, str], float]]:
    """Bookings by quarter, and then by scope."""
    labels = sorted(set(judged.deals["period"]))
    if not labels:
        return {}
    period = view.calendar.period(labels[0])
    periods = []
    while period.end <= view.as_of:
        periods.append(period)
        period = view.calendar.next(period)
    found: dict[str, dict[tuple[str, str], float]] = {one.label: {} for one in periods}
    for row in rows_of(booked(won, periods)):
        found[row.period][row.kind, row.key] = float(row.amount)
    return found


def _with_actuals(
    rows: pd.DataFrame,
    past: _Past,
    period: Period,
    actuals: dict[str, dict[tuple[str, str], float]],
) -> pd.DataFrame:
    """Cases with what came, and a case of 0 for each owner who was not foreseen."""
    came = actuals[period.label]
    scopes = list(zip(rows["kind"], rows["key"], strict=True))
    rows = rows.assign(actual=[came.get(scope, 0.0) for scope in scopes])
    there = set(scopes)
    missed = [scope for scope in sorted(came) if scope[0] == "rep" and scope not in there]
    if missed:
        zeros = dict.fromkeys(["booked", "open", "created", "deals", "forecast", "lo-80", "hi-80",
                               "lo-95", "hi-95", "sd", "below", "above"], 0.0)  # fmt: skip
        extra = pd.DataFrame(missed, columns=["kind", "key"]).assign(
            period=period.label, step=rows["step"].iloc[0], week=rows["week"].iloc[0],
            actual=[came[scope] for scope in missed], **zeros,
        )  # fmt: skip
        rows = pd.concat([rows, extra], ignore_index=True)
    return rows.assign(
        made=past.period.label, day=pd.Timestamp(past.day), end=pd.Timestamp(period.end)
    )
