"""Careers: people are hired, trained, moved, promoted and leave, quarter by quarter."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.arrays import Flags, generator
from salesops_lib.data.sample.company import TEAMS
from salesops_lib.data.sample.names import PersonName, person_name
from salesops_lib.data.sample.people import People, Person, Roster, Stint
from salesops_lib.data.sample.timeline import (
    AS_OF,
    CRM_START,
    HISTORY_START,
    day_of,
    month_start,
    quarter_start,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.sample.organisation import Position
    from salesops_lib.data.sample.planted import Behaviour, RepTrait

__all__ = ["Careers", "Handover"]


@dataclass(frozen=True, order=True)
class Handover:
    """At the end of a day a person gives a position, and its open deals, out of hand."""

    day: int
    position: int
    person: int


class Careers:
    """Careers of one division.

    Parameters
    ----------
    positions : list of Position
        Positions of the division.
    behaviour : Behaviour
        Planted hazards and shares.
    seed, division : int
        Key of the randomness.
    """

    def __init__(
        self, positions: list[Position], behaviour: Behaviour, seed: int, division: int
    ) -> None:
        self.positions = positions
        self.people = People()
        self.stints: list[Stint] = []
        self._behaviour = behaviour
        self._rng = generator(seed, "careers", division)
        self._vacancies: list[tuple[int, int]] = []
        self._names: set[str] = set()
        self._movers: dict[int, int] = {}
        self._planted: set[int] = set()
        self._manager_of = {p.team: p.number for p in positions if p.role == "manager"}
        for position in positions:
            if position.opens > HISTORY_START:
                heapq.heappush(self._vacancies, (position.opens, position.number))
            else:
                self._hire(position, self._early_day(position.role))
        self._find_movers()

    @property
    def roster(self) -> Roster:
        """Who holds which position, as far as it is known."""
        return Roster(self.stints)

    def manager_position(self, team: int) -> int:
        """Position that leads a team."""
        return self._manager_of[team]

    def leader_position(self, region: int) -> int:
        """Position that leads a region."""
        return next(p.number for p in self.positions if p.role == "leader" and p.region == region)

    def overlay_position(self, region: int) -> int:
        """Position of a region's specialist."""
        return next(p.number for p in self.positions if p.role == "overlay" and p.region == region)

    def advance(self, quarter: int, missed: Flags, poor: Flags) -> list[Handover]:
        """Changes of one quarter, in the order of their days.

        Parameters
        ----------
        quarter : int
            Quarter, counted from 2022-Q1.
        missed, poor : array
            For each person: below quota last quarter; far below it twice in a row.

        Returns
        -------
        list of Handover
        """
        start, end = quarter_start(quarter), quarter_start(quarter + 1) - 1
        handovers = self._leaves(quarter, start, missed, poor)
        while self._vacancies and self._vacancies[0][0] <= min(end, AS_OF):
            day, number = heapq.heappop(self._vacancies)
            handovers += self._filled(self.positions[number], day)
        self._train(start, end)
        return sorted(handovers)

    def _early_day(self, role: str) -> int:
        """Hire day of somebody who was there when the simulation starts."""
        if role == "head":
            return day_of(2012, 3, 1)
        if role == "leader":
            return day_of(2013, 1, 7) + int(self._rng.integers(0, 300))
        if role in {"manager", "overlay"}:
            return day_of(2014, 2, 3) + int(self._rng.integers(0, 700))
        return day_of(2016, 1, 4) + int(self._rng.integers(0, 1_900))

    def _find_movers(self) -> None:
        holders = {stint.position: stint.person for stint in self.stints}
        for position in self.positions:
            trait = position.trait
            if trait is None or trait.moves is None:
                continue
            team, day = trait.moves
            target = next(
                p for p in self.positions if p.opens == day and TEAMS[p.team].name == team
            )
            self._movers[target.number] = holders[position.number]

    def _new_name(self, position: Position) -> PersonName:
        teams = [TEAMS[position.team]] if position.team >= 0 else list(TEAMS)
        cultures = [culture for team in teams for culture in team.cultures]
        for _attempt in range(20):
            culture = cultures[int(self._rng.integers(len(cultures)))]
            name = person_name(culture, self._rng)
            if name.full not in self._names:
                break
        self._names.add(name.full)
        return name

    def _hire(self, position: Position, day: int) -> None:
        planned, rng = self._behaviour, self._rng
        # Whoever follows a planted person is an ordinary one.
        trait = position.trait if position.number not in self._planted else None
        self._planted.add(position.number)
        logs_little = rng.random() < planned.low_capture_share
        capture = planned.low_capture if logs_little else float(rng.uniform(0.8, 1.0))
        skill = float(rng.normal(0, planned.skill_sigma))
        consistency = float(rng.beta(14, 2))
        bias = float(rng.normal(0, planned.forecast_bias_sigma))
        name = PersonName(trait.first, trait.last) if trait else self._new_name(position)
        person = Person(len(self.people.all), name, day, skill, consistency, capture, bias)
        person.threshold = position.threshold
        if trait is not None:
            _plant(person, trait)
        if position.role == "manager" and day < CRM_START:
            person.bias = planned.forecast_bias.get(TEAMS[position.team].name, person.bias)
        self.people.all.append(person)
        self._seat(person, position, day)

    def _seat(self, person: Person, position: Position, day: int) -> None:
        stint = Stint(person.number, position.number, day)
        person.stints.append(stint)
        self.stints.append(stint)

    def _leaves(self, quarter: int, start: int, missed: Flags, poor: Flags) -> list[Handover]:
        handovers: list[Handover] = []
        months = month_start(np.arange(quarter * 3, quarter * 3 + 4))
        planned_exits = {
            exit_.team: exit_.day
            for exit_ in self._behaviour.manager_exits
            if start <= exit_.day < months[3]
        }
        for stint in self.roster.current(start):
            person, position = self.people.all[stint.person], self.positions[stint.position]
            draws = self._rng.random((3, 2))
            if person.protected or person.hired >= start:
                continue
            if position.role not in {"rep", "manager"}:
                continue
            hazards = self._hazards(person, position, start, missed, poor)
            reasons = ("voluntary", "involuntary", "other")
            if position.role == "manager" and TEAMS[position.team].name in planned_exits:
                day, reason = planned_exits[TEAMS[position.team].name], "voluntary"
                handovers.append(self._left(person, stint, day, reason))
                continue
            for month in range(3):
                u, where = draws[month]
                if u < sum(hazards):
                    reason = reasons[int(np.searchsorted(np.cumsum(hazards), u, side="right"))]
                    days = int(months[month + 1] - months[month])
                    day = int(months[month]) + int(where * days)
                    handovers.append(self._left(person, stint, day, reason))
                    break
        return handovers

    def _hazards(
        self, person: Person, position: Position, start: int, missed: Flags, poor: Flags
    ) -> tuple[float, float, float]:
        planned = self._behaviour
        if position.role == "manager":
            return planned.manager_monthly, 0.0, 0.0
        voluntary = planned.voluntary_monthly
        if start - person.hired < 365:
            voluntary *= planned.first_year_factor
        if missed[person.number]:
            voluntary *= planned.after_miss_factor
        involuntary = planned.involuntary_monthly * (4 if poor[person.number] else 1)
        return voluntary, involuntary, planned.other_monthly

    def _left(self, person: Person, stint: Stint, day: int, reason: str) -> Handover:
        person.left, person.reason, stint.end = day, reason, day
        self._vacate(stint.position, day)
        return Handover(day, stint.position, person.number)

    def _vacate(self, position: int, day: int) -> None:
        gap = int(self._rng.integers(20, 75))
        heapq.heappush(self._vacancies, (day + gap, position))

    def _filled(self, position: Position, day: int) -> list[Handover]:
        """Fill a vacancy by a planned mover, a promotion, a transfer or a hire."""
        insider: Stint | None = None
        awaited = position.trait is not None and position.number not in self._planted
        if position.number in self._movers:
            mover = self.people.all[self._movers[position.number]]
            insider = mover.stints[-1]
        elif position.role == "manager":
            insider = self._best(day, lambda p: p.team == position.team)
        elif not awaited and self._rng.random() < self._behaviour.transfer_share:
            insider = self._best(
                day, lambda p: p.region == position.region and p.team != position.team
            )
        if insider is None:
            self._hire(position, day)
            return []
        person = self.people.all[insider.person]
        insider.end = day - 1
        person.threshold = position.threshold
        self._vacate(insider.position, day - 1)
        self._seat(person, position, day)
        return [Handover(day - 1, insider.position, person.number)]

    def _best(self, day: int, eligible: Callable[[Position], bool]) -> Stint | None:
        """Stint of the most skilled experienced rep among the eligible seats."""
        found = [
            stint
            for stint in self.stints
            if stint.start <= day - 365
            and stint.end > AS_OF
            and self.positions[stint.position].role == "rep"
            and not self.people.all[stint.person].protected
            and eligible(self.positions[stint.position])
        ]
        return max(found, key=lambda s: (self.people.all[s.person].skill, -s.person), default=None)

    def _train(self, start: int, end: int) -> None:
        for programme in self._behaviour.programmes:
            for session in programme.sessions:
                if not start <= session <= end:
                    continue
                for stint in self.roster.current(session):
                    person = self.people.all[stint.person]
                    joins = self._rng.random() < programme.cohort_share
                    is_rep = self.positions[stint.position].role == "rep"
                    if joins and is_rep and not person.protected:
                        person.trained.setdefault(programme.name, session)


def _plant(person: Person, trait: RepTrait) -> None:
    person.trait = trait
    person.skill, person.consistency, person.spread = trait.skill, trait.consistency, trait.spread
    person.capture = trait.capture if trait.capture is not None else 0.95
