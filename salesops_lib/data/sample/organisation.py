"""Positions of the company: who could sit where, from when, with how many deals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salesops_lib.data.sample.arrays import generator
from salesops_lib.data.sample.company import REGIONS, SEGMENTS, TEAMS
from salesops_lib.data.sample.planted import REP_TRAITS, THRESHOLD_TEAMS, RepTrait
from salesops_lib.data.sample.timeline import HISTORY_START, month_start

__all__ = ["MOST_DIVISIONS", "Position", "Size", "positions_of", "size_of"]

MOST_DIVISIONS = 58
"""Divisions at which the number of reps stops growing, at about 5,000."""

_SEATS = sum(team.seats for team in TEAMS)
# Focus of the seats of a team, in turn.
_FOCUS = (0, 1, 0, 2, 0, 1, 0, 1)


@dataclass(frozen=True)
class Size:
    """How large the company is at a scale.

    Parameters
    ----------
    divisions : int
        Copies of the organisation; each is simulated on its own.
    seats : float
        Factor on the seats of a team.
    volume : float
        Factor on the deals and accounts of a seat.
    """

    divisions: int
    seats: float
    volume: float

    def seats_of(self, team: int) -> int:
        """Number of reps' seats in a team: at least two."""
        return max(2, round(TEAMS[team].seats * self.seats))


def size_of(scale: float) -> Size:
    """Size of the company at a scale; 1 is about 85 reps and 15,000 deals.

    Examples
    --------
    >>> size_of(1.0)
    Size(divisions=1, seats=1.0, volume=1.0)
    >>> size_of(700).divisions
    58
    """
    divisions = int(np.clip(round(scale), 1, MOST_DIVISIONS))
    seats = min(scale / divisions, 1.5)
    planned = Size(divisions, seats, 1.0)
    there = sum(planned.seats_of(team) for team in range(len(TEAMS))) * divisions
    return Size(divisions, seats, scale * _SEATS / there)


@dataclass(frozen=True)
class Position:
    """One position: a rep's seat, or that of a manager, leader, specialist or head.

    Parameters
    ----------
    number : int
        Number within the division.
    role : str
        rep, manager, leader, overlay or head.
    team, region : int
        Numbers; -1 where there is none.
    focus : int
        Segment that a rep mostly sells to; -1 for others.
    opens : int
        First day.
    trait : RepTrait, optional
        Planted property of its person.
    threshold : bool
        Its people land just above quota.
    """

    number: int
    role: str
    team: int
    region: int
    focus: int
    opens: int
    trait: RepTrait | None = None
    threshold: bool = False

    def deals_a_month(self, volume: float) -> float:
        """Expected number of deals created a month by a ramped person."""
        if self.trait is not None and self.trait.deals_a_month is not None:
            return self.trait.deals_a_month
        if self.role != "rep":
            return 0.0
        busy = self.trait.volume if self.trait is not None else 1.0
        return SEGMENTS[self.focus].deals * volume * busy


def positions_of(size: Size, seed: int, division: int) -> list[Position]:
    """Positions of one division: reps by team, then managers, leaders, specialists, head.

    Parameters
    ----------
    size : Size
        Size of the company.
    seed, division : int
        Key of the randomness.

    Returns
    -------
    list of Position
    """
    traits = {(trait.team, trait.seat): trait for trait in REP_TRAITS} if division == 0 else {}
    rng = generator(seed, "positions", division)
    seats = [
        seat
        for team in range(len(TEAMS))
        for seat in [
            *(_seat(team, n, traits, rng) for n in range(size.seats_of(team))),
            *_movers_seats(team, traits),
        ]
    ]
    above = [("manager", team, _region(team)) for team in range(len(TEAMS))]
    above += [(role, -1, region) for role in ("leader", "overlay") for region in _REGIONS]
    above += [("head", -1, -1)] if division == 0 else []
    places = [Position(0, role, team, region, -1, HISTORY_START) for role, team, region in above]
    return [replace(place, number=number) for number, place in enumerate([*seats, *places])]


_REGIONS = range(len(REGIONS))


def _region(team: int) -> int:
    return REGIONS.index(TEAMS[team].region)


def _seat(
    team: int, seat: int, traits: dict[tuple[str, int], RepTrait], rng: np.random.Generator
) -> Position:
    """A rep's seat: most are there from the start, a quarter of them open later."""
    name = TEAMS[team].name
    trait = traits.get((name, seat))
    later, month = rng.random() < 0.24, rng.integers(14, 50)
    opens = HISTORY_START
    if trait is not None and trait.hired is not None:
        opens = trait.hired
    elif trait is None and seat >= 2 and later:
        opens = int(month_start(np.array([month]))[0])
    threshold = name in THRESHOLD_TEAMS and trait is None
    focus = _FOCUS[seat % len(_FOCUS)]
    return Position(0, "rep", team, _region(team), focus, opens, trait, threshold)


def _movers_seats(team: int, traits: dict[tuple[str, int], RepTrait]) -> list[Position]:
    """Seats that planted movers take over; nobody sits there before."""
    return [
        Position(0, "rep", team, _region(team), _FOCUS[trait.seat], trait.moves[1])
        for trait in traits.values()
        if trait.moves is not None and trait.moves[0] == TEAMS[team].name
    ]
