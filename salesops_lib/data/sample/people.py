"""The people of a division, the positions they held, and who held one on a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.timeline import FAR, quarter_of, quarter_start

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Flags, Floats, Ints
    from salesops_lib.data.sample.names import PersonName
    from salesops_lib.data.sample.planted import RepTrait

__all__ = ["People", "Person", "Roster", "Stint"]


@dataclass
class Stint:
    """A person in a position, from and to (inclusive; `FAR`: until further notice)."""

    person: int
    position: int
    start: int
    end: int = FAR


@dataclass
class Person:
    """Somebody who works or worked there.

    `skill` is log-odds above the average, `consistency` the share of evenly
    spread draws, `spread` a factor on the spread of amounts, `capture` the share
    of activities that get logged, `bias` the relative error of forecasts.
    """

    number: int
    name: PersonName
    hired: int
    skill: float
    consistency: float
    capture: float
    bias: float
    spread: float = 1.0
    left: int = FAR
    reason: str = ""
    trait: RepTrait | None = None
    threshold: bool = False
    stints: list[Stint] = field(default_factory=list)
    trained: dict[str, int] = field(default_factory=dict)

    @property
    def protected(self) -> bool:
        """Planted people stay."""
        return self.trait is not None

    @property
    def ramped_from(self) -> int:
        """First day of the fourth quarter of work, counting the one of hire."""
        return quarter_start(int(quarter_of(np.array([self.hired]))[0]) + 3)


@dataclass
class People:
    """All people of a division, in the order of their numbers; each method is a column."""

    all: list[Person] = field(default_factory=list)

    def skill(self) -> Floats:
        """Skill of every person."""
        return np.array([person.skill for person in self.all])

    def consistency(self) -> Floats:
        """Consistency of every person."""
        return np.array([person.consistency for person in self.all])

    def spread(self) -> Floats:
        """Factor on the spread of amounts of every person."""
        return np.array([person.spread for person in self.all])

    def capture(self) -> Floats:
        """Share of activities that every person logs."""
        return np.array([person.capture for person in self.all])

    def swing(self) -> Floats:
        """Log-odds added in even quarters, for every person."""
        return np.array([p.trait.swing if p.trait else 0.0 for p in self.all])

    def pull_forward(self, usual: float) -> Floats:
        """Share of next quarter's closes that every person pulls forward."""
        return np.array(
            [
                p.trait.pull_forward if p.trait and p.trait.pull_forward is not None else usual
                for p in self.all
            ]
        )

    def always_wins(self) -> Flags:
        """Whether a person wins every deal."""
        return np.array([bool(p.trait and p.trait.always_wins) for p in self.all])

    def threshold(self) -> Flags:
        """Whether a person lands just above quota."""
        return np.array([p.threshold for p in self.all])

    def hire_quarter(self) -> Ints:
        """Quarter of hire of every person."""
        return quarter_of(np.array([p.hired for p in self.all], dtype=np.int64))

    def trained_on(self, programme: str) -> Ints:
        """Day of every person's session; `FAR` without one."""
        return np.array([p.trained.get(programme, FAR) for p in self.all], dtype=np.int64)


class Roster:
    """Who holds which position on which day.

    Parameters
    ----------
    stints : list of Stint
        All stints so far.
    """

    def __init__(self, stints: list[Stint]) -> None:
        by_place = sorted(stints, key=lambda stint: (stint.position, stint.start))
        self._position = np.array([s.position for s in by_place], dtype=np.int64)
        self._key = self._position * FAR + np.array([s.start for s in by_place], dtype=np.int64)
        self._end = np.array([s.end for s in by_place], dtype=np.int64)
        self._person = np.array([s.person for s in by_place], dtype=np.int64)
        self._stints = by_place

    def holder(self, position: Ints, day: Ints) -> Ints:
        """Person in each position on each day; -1 while it is vacant.

        Parameters
        ----------
        position, day : array
            Positions and day numbers.

        Returns
        -------
        array
        """
        found = np.searchsorted(self._key, position * FAR + day, side="right") - 1
        at = np.maximum(found, 0)
        there = (found >= 0) & (self._position[at] == position) & (self._end[at] >= day)
        return np.where(there, self._person[at], -1)

    def holder_of(self, position: int, day: int) -> int:
        """Person in one position on one day; -1 while it is vacant."""
        return int(self.holder(np.array([position]), np.array([day]))[0])

    def current(self, day: int) -> list[Stint]:
        """Stints that run on a day, by position."""
        return [stint for stint in self._stints if stint.start <= day <= stint.end]

    def between(self, start: int, end: int) -> list[Stint]:
        """Stints that run on any day from start to end, by position and start."""
        return [stint for stint in self._stints if stint.start <= end and stint.end >= start]
