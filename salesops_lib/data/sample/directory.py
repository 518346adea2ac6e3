"""Users, the HR department's people and assignments, trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.data.sample.company import REGIONS, TEAMS
from salesops_lib.data.sample.identifiers import dates, record_ids
from salesops_lib.data.sample.timeline import AS_OF, FAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.data.sample.organisation import Position
    from salesops_lib.data.sample.people import Person, Stint
    from salesops_lib.data.sample.simulation import Division

__all__ = ["Directory", "team_name"]

_TITLES = {
    "rep": "Account Executive",
    "manager": "Sales Manager",
    "leader": "Regional Vice President",
    "overlay": "Solution Specialist",
    "head": "Chief Revenue Officer",
}


def team_name(team: int, division: int) -> str:
    """Name of a team; those of further divisions carry a number."""
    name = TEAMS[team].name
    return name if division == 0 else f"{name} {division + 1}"


_Assignment: TypeAlias = tuple[int, int, str, str, str, str, int, int]


class Directory:
    """Everybody of one division, ready to be written.

    Parameters
    ----------
    division : Division
        Simulated division.
    offset : int
        Number of its first person within the company.
    head : int
        Number of the head of sales within the company; -1 where it is in this division.
    """

    def __init__(self, division: Division, offset: int, head: int = -1) -> None:
        self._division = division
        self._people = division.careers.people.all
        self._offset = offset
        own = [p for p in self._people if _role(division, p.stints[-1]) == "head"]
        self.head = offset + own[0].number if own else head
        numbers = np.arange(len(self._people), dtype=np.int64) + offset
        self.ids: pa.Array = record_ids("005", numbers)
        self.names: pa.Array = pa.array([person.name.full for person in self._people])
        self.mails = list(self._addresses())

    def users(self) -> pa.Table:
        """Rows of the CRM's User file: everybody who ever had a login."""
        people = self._people
        last = [self._division.positions[p.stints[-1].position] for p in people]
        bosses = [self._boss(p.stints[-1], min(p.left, AS_OF)) for p in people]
        return pa.table(
            {
                "Id": self.ids,
                "FirstName": pa.array([p.name.first for p in people]),
                "LastName": pa.array([p.name.last for p in people]),
                "Name": self.names,
                "Email": pa.array(self.mails),
                "EmployeeNumber": pa.array([self.employee(p.number) for p in people]),
                "Title": pa.array([_TITLES[position.role] for position in last]),
                "IsActive": pa.array([p.left > AS_OF for p in people]),
                "ManagerId": _ids(bosses),
            }
        )

    def people(self) -> pa.Table:
        """Rows of HR's list of people, with HR's own numbers."""
        people = self._people
        left = np.array([p.left for p in people])
        return pa.table(
            {
                "employee_number": pa.array([self.employee(p.number) for p in people]),
                "full_name": self.names,
                "email": pa.array(self.mails),
                "hire_date": dates(np.array([p.hired for p in people])),
                "leave_date": dates(left, left == FAR),
                "leave_reason": pa.array([p.reason or None for p in people], pa.string()),
            }
        )

    def assignments(self) -> pa.Table:
        """Rows of HR's list of assignments: a new one with each change of place or manager."""
        rows = [row for person in self._people for row in self._assignments(person)]
        start = np.array([row[6] for row in rows])
        end = np.array([row[7] for row in rows])
        numbers, managers, *texts = zip(*(row[:6] for row in rows), strict=True)
        return pa.table(
            {
                "employee_number": pa.array([self.employee(n) for n in numbers]),
                "manager_number": pa.array(
                    [self._employee(m) if m >= 0 else None for m in managers], pa.string()
                ),
                "team": pa.array([text or None for text in texts[0]], pa.string()),
                "region": pa.array([text or None for text in texts[1]], pa.string()),
                "role": pa.array(texts[2], pa.string()),
                "ramp": pa.array(texts[3], pa.string()),
                "effective_from": dates(start),
                "effective_to": dates(end, end == FAR),
            }
        )

    def trainings(self) -> pa.Table:
        """Rows of the list of attended trainings."""
        rows = [
            (session, programme, person)
            for person in self._people
            for programme, session in person.trained.items()
        ]
        rows.sort(key=lambda row: (row[0], row[1], row[2].number))
        return pa.table(
            {
                "employee_number": pa.array(
                    [self.employee(person.number) for *_, person in rows], pa.string()
                ),
                "programme": pa.array([programme for _, programme, _ in rows], pa.string()),
                "session_date": dates(np.array([day for day, *_ in rows], dtype=np.int64)),
            }
        )

    def employee(self, person: int) -> str:
        """HR's number of a person of this division."""
        return self._employee(person + self._offset)

    @staticmethod
    def _employee(number: int) -> str:
        return f"HS-{number + 1001:05d}"

    def _addresses(self) -> Iterator[str]:
        used: dict[str, int] = {}
        for person in self._people:
            mailbox = person.name.mailbox
            used[mailbox] = used.get(mailbox, 0) + 1
            again = "" if used[mailbox] == 1 else str(used[mailbox])
            part = f".{self._division.number + 1}" if self._division.number else ""
            yield f"{mailbox}{again}{part}@example.com"

    def _assignments(self, person: Person) -> Iterator[_Assignment]:
        for stint in person.stints:
            position = self._division.positions[stint.position]
            team = team_name(position.team, self._division.number) if position.team >= 0 else ""
            region = REGIONS[position.region] if position.region >= 0 else ""
            role = "leader" if position.role == "head" else position.role
            cuts = self._cuts(stint, person, position)
            for start, after in zip(cuts, [*cuts[1:], FAR + 1], strict=True):
                end = min(after - 1, stint.end)
                ramp = "ramping" if role == "rep" and start < person.ramped_from else "ramped"
                boss = self._boss(stint, start)
                yield person.number, boss, team, region, role, ramp, start, end

    def _cuts(self, stint: Stint, person: Person, position: Position) -> list[int]:
        """First days of the parts of a stint: a new manager, or the end of the ramp."""
        careers = self._division.careers
        above = (
            [careers.manager_position(position.team), careers.leader_position(position.region)]
            if position.role == "rep"
            else [careers.leader_position(position.region)]
            if position.region >= 0 and position.role != "leader"
            else []
        )
        days = {stint.start}
        if position.role == "rep":
            days.add(person.ramped_from)
        for other in careers.stints:
            if other.position in above:
                days |= {other.start, other.end + 1}
        return sorted(d for d in days if stint.start <= d <= min(stint.end, AS_OF))

    def _boss(self, stint: Stint, day: int) -> int:
        """Number within the company of who leads a position on a day; -1 for nobody."""
        division, careers = self._division, self._division.careers
        position = division.positions[stint.position]
        chain: list[int] = []
        if position.role == "rep":
            chain.append(careers.manager_position(position.team))
        if position.role in {"rep", "manager", "overlay"}:
            chain.append(careers.leader_position(position.region))
        for place in chain:
            holder = division.roster.holder_of(place, day)
            if holder >= 0:
                return holder + self._offset
        return -1 if position.role == "head" else self.head


def _role(division: Division, stint: Stint) -> str:
    return division.positions[stint.position].role


def _ids(numbers: list[int]) -> pa.Array:
    known = np.array(numbers, dtype=np.int64)
    ids = record_ids("005", np.maximum(known, 0))
    return pc.if_else(pa.array(known >= 0), ids, pa.scalar(None, pa.string()))
