"""Weekly forecasts of the managers, each with a known bias."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from salesops_lib.data.sample.arrays import generator
from salesops_lib.data.sample.company import TEAMS
from salesops_lib.data.sample.identifiers import dates, money, words
from salesops_lib.data.sample.timeline import (
    AS_OF,
    FIRST_QUARTER,
    HISTORY_START,
    LAST_QUARTER,
    quarter_start,
)

if TYPE_CHECKING:
    from salesops_lib.data.sample.directory import Directory
    from salesops_lib.data.sample.simulation import Division

__all__ = ["submission_table"]

_CATEGORIES = ("Closed", "Commit", "Best Case")
_UPSIDE = 0.3


def submission_table(division: Division, directory: Directory, seed: int) -> pa.Table:
    """Rows of the forecast sheet: every Monday, every team, for the running quarter.

    closed    = won so far in the quarter
    commit    = closed + (what is still to come, in truth) x (1 + bias) x noise
    best case = commit + 30 % of what is still to come x noise

    The noise is lognormal with mean one. The bias belongs to the manager; where
    a team has none on that day, the region's leader forecasts.

    Parameters
    ----------
    division : Division
        Simulated division.
    directory : Directory
        Its people.
    seed : int
        Key of the randomness.

    Returns
    -------
    pyarrow Table
    """
    rng = generator(seed, "submissions", division.number)
    careers, planned = division.careers, division.plan.behaviour
    mondays = np.arange(quarter_start(FIRST_QUARTER), AS_OF + 1)
    mondays = mondays[(mondays + 3) % 7 == 0]
    quarter = np.array([_quarter(day) for day in mondays])
    first = np.array([quarter_start(q) for q in range(LAST_QUARTER + 2)])
    running = np.concatenate(
        [np.zeros((len(TEAMS), 1)), np.cumsum(division.team_won, axis=1)], axis=1
    )
    # running[:, d] holds what was won before day d.
    begin, end = first[quarter] - HISTORY_START, first[quarter + 1] - HISTORY_START
    final = running[:, end] - running[:, begin]
    closed = running[:, mondays - HISTORY_START] - running[:, begin]
    to_come = final - closed
    bias = np.array([person.bias for person in careers.people.all])
    teams = range(len(TEAMS))
    manager = np.array([careers.manager_position(team) for team in teams])
    region = [division.positions[place].region for place in manager]
    leader = np.array([careers.leader_position(r) for r in region])
    shape = to_come.shape
    days = np.broadcast_to(mondays, shape)
    who = division.roster.holder(np.broadcast_to(manager[:, None], shape), days)
    above = division.roster.holder(np.broadcast_to(leader[:, None], shape), days)
    who = np.where(who >= 0, who, above)
    sigma = planned.forecast_noise_sigma
    noise = np.exp(rng.normal(-(sigma**2) / 2, sigma, (2, *shape)))
    commit = closed + to_come * (1 + bias[who]) * noise[0]
    best = commit + _UPSIDE * to_come * noise[1]
    amounts = np.stack([closed, np.round(commit, -2), np.round(best, -2)])
    # Monday by Monday, team by team, category by category.
    order = (2, 1, 0)
    cents = np.round(amounts * 100).astype(np.int64).transpose(order).ravel()
    full = (len(_CATEGORIES), *shape)
    kind = np.broadcast_to(np.arange(len(_CATEGORIES))[:, None, None], full)
    spread = {
        name: np.broadcast_to(values, full).transpose(order).ravel()
        for name, values in {
            "who": who,
            "day": mondays,
            "start": first[quarter],
            "end": first[quarter + 1] - 1,
            "kind": kind,
        }.items()
    }
    who, day, start, end = (spread[n] for n in ("who", "day", "start", "end"))
    return pa.table(
        {
            "forecaster": pa.array(directory.mails).take(pa.array(who)),
            "submitted": dates(day),
            "period_start": dates(start),
            "period_end": dates(end),
            "category": words(_CATEGORIES, spread["kind"]),
            "amount": money(cents),
            "currency": words(["EUR"], np.zeros(len(cents), dtype=np.int64)),
        }
    )


def _quarter(day: int) -> int:
    quarters = [quarter_start(q) for q in range(LAST_QUARTER + 2)]
    return int(np.searchsorted(quarters, day, side="right")) - 1
