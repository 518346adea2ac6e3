"""Deals as columns, and the seats and days in which they could be born."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.arrays import Flags, Floats, Ints, generator
from salesops_lib.data.sample.company import REGIONS
from salesops_lib.data.sample.timeline import (
    AS_OF,
    CRM_START,
    FAR,
    month_of,
    month_start,
    weekday_in_month,
)

if TYPE_CHECKING:
    from salesops_lib.data.sample.organisation import Position, Size
    from salesops_lib.data.sample.planted import Behaviour

__all__ = ["MOST_CHANGES", "MOST_PUSHES", "Deals", "OwnerChanges", "potential_deals"]

MOST_PUSHES = 6
MOST_CHANGES = 2

_DRAWS = (
    "win",
    "size",
    "chooses_win",
    "chooses_size",
    "ramp",
    "thin",
    "focus",
    "source",
    "product",
    "account",
    "odd",
    "expansion",
    "snap",
    "push",
    "jitter",
    "early",
    "disqualified",
    "pull",
    "pull_day",
    "split",
    "split_share",
    "partner",
    "overlay",
)


@dataclass
class OwnerChanges:
    """Hand-overs of deals, in the order in which they happened."""

    deal: list[Ints] = field(default_factory=list)
    second: list[Ints] = field(default_factory=list)
    old: list[Ints] = field(default_factory=list)
    new: list[Ints] = field(default_factory=list)

    def columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Deal, moment, old and new owner of each change, by deal and moment."""
        if not self.deal:
            none = np.zeros(0, dtype=np.int64)
            return none, none, none, none
        deal, second, old, new = (
            np.concatenate(parts) for parts in (self.deal, self.second, self.old, self.new)
        )
        order = np.lexsort((second, deal))
        return deal[order], second[order], old[order], new[order]


@dataclass
class Deals:
    """Deals of one division, one array a property, sorted by seat and day of creation.

    Amounts are in cents of the deal's currency: `amounts[:, 0]` at creation and
    then after each of `changes` changes, `final` at closing. `expected[:, k]` is
    the expected close date after k pushes; `pushed_on[:, k]` the day of push k + 1.
    `close_day` is the day on which the deal closes, maybe after the as-of date.
    """

    seat: Ints
    team: Ints
    region: Ints
    created_day: Ints
    created_share: Floats
    rank: Ints
    draws: dict[str, Floats]
    starts: Floats
    kept: Flags
    creator: Ints
    owner: Ints
    handed_day: Ints
    segment: Ints
    account: Ints
    product: Ints
    source: Ints
    expansion: Flags
    currency: Ints
    size: Floats
    amounts: Ints
    changes: Ints
    final: Ints
    is_large: Flags
    pushes: Ints
    expected: Ints
    pushed_on: Ints
    disqualified: Flags
    natural_day: Ints
    close_day: Ints
    can_be_pulled: Flags
    pulled_day: Ints
    pulled: Flags
    held_back: Flags
    decided: Flags
    won: Flags
    partner: Ints
    owner_changes: OwnerChanges

    def __len__(self) -> int:
        """Return the number of deals that could be born."""
        return len(self.seat)

    @property
    def closed(self) -> Flags:
        """Closed by the as-of date."""
        return self.kept & self.decided & (self.close_day <= AS_OF)

    @property
    def exported(self) -> Flags:
        """In the CRM: born, and not closed before the CRM was introduced."""
        return self.kept & (self.close_day >= CRM_START)


def potential_deals(
    positions: list[Position], size: Size, behaviour: Behaviour, seed: int, division: int
) -> Deals:
    """Deals that would be born if every seat were filled with a ramped person.

    Parameters
    ----------
    positions : list of Position
        Positions of the division.
    size : Size
        Size of the company.
    behaviour : Behaviour
        Planted growth and seasons.
    seed, division : int
        Key of the randomness.

    Returns
    -------
    Deals
        Days of creation and random numbers; `born` fills in the rest.
    """
    rng = generator(seed, "deals", division)
    # Reps' seats have the first numbers of a division.
    seats = [position for position in positions if position.role == "rep"]
    months = np.arange(int(month_of(np.array([AS_OF]))[0]) + 1)
    years = (months - 12) / 12
    growth = (1 + behaviour.deals_growth) ** years
    season = np.array([behaviour.month_factors[region] for region in REGIONS])
    rate = np.array([seat.deals_a_month(size.volume) for seat in seats])
    region = np.array([seat.region for seat in seats])
    expected = rate[:, None] * growth[None, :] * season[region][:, months % 12]
    expected *= rng.gamma(30, 1 / 30, expected.shape)
    running = np.cumsum(expected, axis=1) + rng.random((len(seats), 1))
    whole = np.floor(np.concatenate([running[:, :1] - expected[:, :1], running], axis=1))
    count = np.diff(whole, axis=1).astype(np.int64)
    seat = np.repeat(np.arange(len(seats)), count.sum(axis=1))
    month = np.repeat(np.tile(months, len(seats)), count.ravel())
    n = len(seat)
    first, after = month_start(month), month_start(month + 1)
    day = weekday_in_month(first + np.floor(rng.random(n) * (after - first)).astype(np.int64))
    order = np.lexsort((day, seat))
    seat, day = seat[order], day[order]
    begins = np.searchsorted(seat, np.arange(len(seats)))
    return _unborn(
        seat=seat,
        team=np.array([s.team for s in seats])[seat],
        region=region[seat],
        created_day=day,
        created_share=rng.random(n) * 0.8,
        rank=np.arange(n) - begins[seat],
        draws={name: rng.random(n) for name in _DRAWS},
        starts=rng.random(len(seats)),
    )


def _unborn(
    seat: Ints,
    team: Ints,
    region: Ints,
    created_day: Ints,
    created_share: Floats,
    rank: Ints,
    draws: dict[str, Floats],
    starts: Floats,
) -> Deals:
    n = len(seat)

    def zeros() -> Ints:
        return np.zeros(n, dtype=np.int64)

    def nobody() -> Ints:
        return np.full(n, -1, dtype=np.int64)

    def never() -> Ints:
        return np.full(n, FAR, dtype=np.int64)

    def no() -> Flags:
        return np.zeros(n, dtype=np.bool_)

    return Deals(
        seat=seat,
        team=team,
        region=region,
        created_day=created_day,
        created_share=created_share,
        rank=rank,
        draws=draws,
        starts=starts,
        kept=no(),
        creator=nobody(),
        owner=nobody(),
        handed_day=nobody(),
        segment=zeros(),
        account=zeros(),
        product=zeros(),
        source=zeros(),
        expansion=no(),
        currency=zeros(),
        size=np.zeros(n),
        amounts=np.zeros((n, MOST_CHANGES + 1), dtype=np.int64),
        changes=zeros(),
        final=zeros(),
        is_large=no(),
        pushes=zeros(),
        expected=np.full((n, MOST_PUSHES + 1), FAR, dtype=np.int64),
        pushed_on=np.full((n, MOST_PUSHES), FAR, dtype=np.int64),
        disqualified=no(),
        natural_day=never(),
        close_day=never(),
        can_be_pulled=no(),
        pulled_day=zeros(),
        pulled=no(),
        held_back=no(),
        decided=no(),
        won=no(),
        partner=nobody(),
        owner_changes=OwnerChanges(),
    )
