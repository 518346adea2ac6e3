"""Reps who land just above quota: a planted habit that bunches attainment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.deals import MOST_PUSHES, Deals
from salesops_lib.data.sample.timeline import FAR, quarter_of, quarter_start, weekday_in_month

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Ints
    from salesops_lib.data.sample.people import People
    from salesops_lib.data.sample.plan import Quotas

__all__ = ["land_above_quota"]

_REACHABLE = 0.72
_MOST_STRETCH = 0.6
_ENOUGH = 1.06


def land_above_quota(
    deals: Deals, people: People, quotas: Quotas, quarter: int, rng: np.random.Generator
) -> None:
    """Move the results of the reps with that habit to just above quota.

    Somebody between 72 % and 100 % of quota stretches the largest won deal, by
    at most 60 %, to land at 100 to 104 %. Somebody above 106 % holds won deals
    of the last weeks back into the first weeks of the next quarter, as long as
    the quota stays met.

    Parameters
    ----------
    deals : Deals
        Changed in place.
    people : People
        Everybody.
    quotas : Quotas
        Quotas of the quarter; in the currency of the reps' deals.
    quarter : int
        Quarter, counted from 2022-Q1.
    rng : numpy Generator
        Source of randomness.
    """
    of_quarter = deals.kept & deals.decided & deals.won
    of_quarter &= quarter_of(deals.close_day) == quarter
    for number in np.flatnonzero(people.threshold()):
        quota = int(quotas.local[number, quarter])
        own = np.flatnonzero(of_quarter & (deals.owner == number))
        if quota == 0 or len(own) == 0:
            continue
        total = int(deals.final[own].sum())
        if _REACHABLE * quota <= total < quota:
            _stretch(deals, own, quota * (1 + 0.04 * float(rng.random())) - total)
        elif total > _ENOUGH * quota and people.all[number].stints[-1].end == FAR:
            _hold_back(deals, own, total - quota, quarter, rng)


def _stretch(deals: Deals, own: Ints, missing: float) -> None:
    largest = own[np.argmax(deals.final[own])]
    wanted = deals.final[largest] + missing
    if wanted <= deals.final[largest] * (1 + _MOST_STRETCH):
        deals.final[largest] = int(np.ceil(wanted / 100)) * 100


def _hold_back(
    deals: Deals, own: Ints, surplus: int, quarter: int, rng: np.random.Generator
) -> None:
    after = quarter_start(quarter + 1)
    late = own[(deals.close_day[own] >= after - 42) & ~deals.held_back[own] & ~deals.pulled[own]]
    for deal in late[np.argsort(-deals.final[late], kind="stable")]:
        pushes = int(deals.pushes[deal])
        if deals.final[deal] > surplus or pushes == MOST_PUSHES:
            continue
        surplus -= int(deals.final[deal])
        later = int(weekday_in_month(np.array([after + int(rng.integers(2, 24))]))[0])
        deals.pushed_on[deal, pushes] = deals.close_day[deal]
        deals.expected[deal, pushes + 1 :] = later
        deals.pushes[deal] = pushes + 1
        deals.close_day[deal] = deals.natural_day[deal] = later
        deals.held_back[deal] = True
