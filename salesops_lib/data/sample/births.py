"""The birth of deals: whose, with whom, how large, due when, and how often pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from salesops_lib.data.sample.arrays import chosen, evenly_spread
from salesops_lib.data.sample.company import PRODUCTS, REGIONS, SEGMENTS, SOURCES
from salesops_lib.data.sample.deals import MOST_CHANGES, MOST_PUSHES
from salesops_lib.data.sample.exchange_rates import rounded_amounts
from salesops_lib.data.sample.timeline import (
    CRM_START,
    FAR,
    HISTORY_START,
    month_of,
    month_start,
    quarter_of,
    quarter_start,
    weekday_in_month,
)

if TYPE_CHECKING:
    from salesops_lib.data.sample.accounts import Accounts
    from salesops_lib.data.sample.arrays import Flags, Floats, Ints
    from salesops_lib.data.sample.deals import Deals
    from salesops_lib.data.sample.organisation import Position
    from salesops_lib.data.sample.people import People
    from salesops_lib.data.sample.planted import Behaviour

__all__ = ["born"]


def born(
    deals: Deals,
    new: Ints,
    holder: Ints,
    people: People,
    accounts: Accounts,
    positions: list[Position],
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> None:
    """Fill in the deals that are created in a quarter.

    Parameters
    ----------
    deals : Deals
        Changed in place.
    new : array
        Deals created in the quarter.
    holder : array
        Person in the seat on the day of creation; -1 where it is vacant.
    people, accounts, positions
        Of the division.
    behaviour : Behaviour
        Planted parameters.
    rng : numpy Generator
        Source of further randomness.
    """
    filled = holder >= 0
    new, holder = new[filled], holder[filled]
    draw = {name: values[new] for name, values in deals.draws.items()}
    ramp = np.array(behaviour.ramp_deals)
    tenure = quarter_of(deals.created_day[new]) - people.hire_quarter()[holder]
    chance = ramp[np.clip(tenure, 0, len(ramp) - 1)]
    thin = (deals.region[new] == REGIONS.index(behaviour.thin_region)) & (
        deals.created_day[new] >= behaviour.thin_from
    )
    kept = (draw["ramp"] < chance) & ~(thin & (draw["thin"] >= behaviour.thin_factor))
    new, holder = new[kept], holder[kept]
    draw = {name: values[kept] for name, values in draw.items()}
    deals.kept[new] = True
    deals.creator[new] = deals.owner[new] = holder
    _customer(deals, new, draw, accounts, positions, behaviour)
    _value(deals, new, draw, people, behaviour, rng)
    _plan(deals, new, draw, people, behaviour, rng)


def _customer(
    deals: Deals,
    new: Ints,
    draw: dict[str, Floats],
    accounts: Accounts,
    positions: list[Position],
    behaviour: Behaviour,
) -> None:
    focus = np.array([position.focus for position in positions])[deals.seat[new]]
    off = draw["focus"] / behaviour.off_focus_share
    segment = np.where(off < 1, np.where(focus == 1, np.where(off < 0.5, 0, 2), 1), focus)
    deals.segment[new] = segment
    deals.account[new] = accounts.chosen_in(deals.team[new], segment, draw["account"])
    deals.currency[new] = accounts.currency[deals.account[new]]
    deals.source[new] = chosen(draw["source"], np.array([s.share for s in SOURCES]))
    deals.product[new] = chosen(draw["product"], np.array([p.share for p in PRODUCTS]))
    deals.expansion[new] = draw["expansion"] < behaviour.expansion_share


def _value(
    deals: Deals,
    new: Ints,
    draw: dict[str, Floats],
    people: People,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> None:
    creator, seat = deals.creator[new], deals.seat[new]
    steady = draw["chooses_size"] < people.consistency()[creator]
    even = evenly_spread(deals.starts[seat], deals.rank[new])
    size = ndtri(np.where(steady, even, np.clip(draw["size"], 1e-9, 1 - 1e-9)))
    deals.size[new] = size
    segment = deals.segment[new]
    sigma = np.array([s.sigma for s in SEGMENTS])[segment] * people.spread()[creator]
    median = np.array([s.median for s in SEGMENTS])[segment]
    factor = np.array([p.factor for p in PRODUCTS])[deals.product[new]]
    years = (deals.created_day[new] - CRM_START) / 365.25
    eur = median * factor * np.exp(sigma * size) * (1 + behaviour.amount_growth) ** years
    currency, quarter = deals.currency[new], quarter_of(deals.created_day[new])
    deals.is_large[new] = eur >= behaviour.split_threshold_eur
    deals.amounts[new, 0] = rounded_amounts(eur, currency, quarter, draw["odd"])
    how_often = rng.random(len(new))
    deals.changes[new] = (how_often < 0.30).astype(np.int64) + (how_often < 0.08)
    for change in range(1, MOST_CHANGES + 1):
        eur = eur * np.exp(rng.normal(-0.04, 0.18, len(new)))
        changed = deals.changes[new] >= change
        amount = rounded_amounts(eur, currency, quarter, draw["odd"])
        deals.amounts[new, change] = np.where(changed, amount, deals.amounts[new, change - 1])
    deals.final[new] = deals.amounts[new, MOST_CHANGES]


def _plan(
    deals: Deals,
    new: Ints,
    draw: dict[str, Floats],
    people: People,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> None:
    """Expected close dates, pushes, and the day on which the deal would close by itself."""
    n, segment, size = len(new), deals.segment[new], deals.size[new]
    created = deals.created_day[new]
    cycle = np.array([s.cycle for s in SEGMENTS])[segment]
    slip = np.array([s.push_days for s in SEGMENTS])[segment]
    plan = np.maximum(14, np.round(cycle * np.exp(rng.normal(0, 0.4, n)))).astype(np.int64)
    chance = 1 / (1 + np.exp(-(behaviour.push_log_odds + behaviour.push_size_log_odds * size)))
    pushes = np.floor(np.log(np.maximum(draw["push"], 1e-12)) / np.log(chance)).astype(np.int64)
    disqualified = (draw["disqualified"] < behaviour.disqualified_share) & ~people.always_wins()[
        deals.creator[new]
    ]
    pushes = np.where(disqualified, 0, np.minimum(pushes, MOST_PUSHES))
    snaps = draw["snap"] < behaviour.month_end_share
    expected = np.zeros((n, MOST_PUSHES + 1), dtype=np.int64)
    expected[:, 0] = _snapped(created + plan, snaps)
    pushed_on = np.full((n, MOST_PUSHES), FAR, dtype=np.int64)
    for push in range(MOST_PUSHES):
        days = 31 + np.round(rng.gamma(2, slip / 2)).astype(np.int64)
        due = expected[:, push]
        pushed_on[:, push] = np.where(pushes > push, due - rng.integers(0, 7, n), FAR)
        later = _snapped(due + days, snaps)
        expected[:, push + 1] = np.where(pushes > push, later, due)
    last = expected[:, MOST_PUSHES]
    early = np.where(draw["jitter"] < 0.35, 0, 1 + np.floor(draw["early"] * 9).astype(np.int64))
    natural = weekday_in_month(np.maximum(last - early, month_start(month_of(last))))
    natural = np.maximum(natural, created + 1)
    gone = created + np.maximum(4, np.round(0.4 * plan * draw["early"])).astype(np.int64)
    deals.disqualified[new] = disqualified
    deals.natural_day[new] = np.where(disqualified, weekday_in_month(gone), natural)
    deals.close_day[new] = deals.natural_day[new]
    deals.pushes[new], deals.expected[new], deals.pushed_on[new] = pushes, expected, pushed_on
    _may_be_pulled(deals, new, draw, behaviour)


def _may_be_pulled(deals: Deals, new: Ints, draw: dict[str, Floats], behaviour: Behaviour) -> None:
    """Deals due early in a quarter may be closed in the last days of the one before."""
    natural = deals.natural_day[new]
    quarter = quarter_of(natural)
    starts = np.array([quarter_start(q) for q in range(int(quarter.max(initial=0)) + 1)])[quarter]
    pushes = deals.pushes[new]
    last_push = np.where(
        pushes > 0, deals.pushed_on[new, np.maximum(pushes - 1, 0)], HISTORY_START - 400
    )
    window = starts - behaviour.pull_forward_days
    deals.can_be_pulled[new] = (
        (natural - starts < behaviour.pull_forward_reach)
        & (deals.created_day[new] < window - 7)
        & (last_push < window - 3)
        & ~deals.disqualified[new]
    )
    back = np.floor(behaviour.pull_forward_days * draw["pull_day"] ** 2).astype(np.int64)
    deals.pulled_day[new] = weekday_in_month(starts - 1 - back)


def _snapped(days: Ints, snaps: Flags) -> Ints:
    return np.where(snaps, month_start(month_of(days) + 1) - 1, days)
