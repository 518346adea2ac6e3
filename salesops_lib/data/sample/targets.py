"""Rows of the quota sheet: reps' quarters, a revision, and the roll-ups above them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from salesops_lib.data.sample.company import CURRENCIES, TEAMS
from salesops_lib.data.sample.identifiers import dates, money
from salesops_lib.data.sample.timeline import (
    FIRST_QUARTER,
    LAST_QUARTER,
    day_of,
    quarter_start,
)

if TYPE_CHECKING:
    from salesops_lib.data.sample.directory import Directory
    from salesops_lib.data.sample.simulation import Division

__all__ = ["Targets"]

_EUR = CURRENCIES.index("EUR")


@dataclass
class _Rows:
    employee: list[str] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    cents: list[int] = field(default_factory=list)
    currency: list[int] = field(default_factory=list)
    is_rollup: list[bool] = field(default_factory=list)
    ramp: list[int] = field(default_factory=list)
    issued: list[int] = field(default_factory=list)
    version: list[int] = field(default_factory=list)

    def add(
        self,
        employee: str,
        start: int,
        end: int,
        cents: int,
        issued: int,
        *,
        currency: int = _EUR,
        is_rollup: bool = False,
        ramp: int = 100,
        version: int = 1,
    ) -> None:
        self.employee.append(employee)
        self.start.append(start)
        self.end.append(end)
        self.cents.append(cents)
        self.currency.append(currency)
        self.is_rollup.append(is_rollup)
        self.ramp.append(ramp)
        self.issued.append(issued)
        self.version.append(version)

    def table(self) -> pa.Table:
        return pa.table(
            {
                "employee_number": pa.array(self.employee, pa.string()),
                "measure": pa.array(["bookings"] * len(self.employee), pa.string()),
                "period_start": dates(np.array(self.start, dtype=np.int64)),
                "period_end": dates(np.array(self.end, dtype=np.int64)),
                "quota": money(np.array(self.cents, dtype=np.int64)),
                "currency": pa.array([CURRENCIES[c] for c in self.currency], pa.string()),
                "is_rollup": pa.array(self.is_rollup, pa.bool_()),
                "ramp_pct": pa.array(self.ramp, pa.int64()),
                "effective_from": dates(np.array(self.issued, dtype=np.int64)),
                "version": pa.array(self.version, pa.int64()),
            }
        )


class Targets:
    """Quotas of the whole company, division by division.

    Managers and leaders carry yearly roll-ups of their reps' quarters, in EUR;
    they are marked, because adding them to the reps' quotas would count the
    same money twice.
    """

    def __init__(self) -> None:
        self._company: dict[int, float] = {}
        self._head = ""

    def rows_of(self, division: Division, directory: Directory) -> pa.Table:
        """Rows of one division's people.

        Parameters
        ----------
        division : Division
            Simulated division.
        directory : Directory
            Its people.

        Returns
        -------
        pyarrow Table
        """
        rows = _Rows()
        quotas = division.plan.quotas
        for person, quarter in zip(*np.nonzero(quotas.local), strict=True):
            if quarter < FIRST_QUARTER:
                continue
            rows.add(
                directory.employee(int(person)),
                quarter_start(int(quarter)),
                quarter_start(int(quarter) + 1) - 1,
                int(quotas.local[person, quarter]),
                int(quotas.issued[person, quarter]),
                currency=int(quotas.currency[person, quarter]),
                ramp=round(quotas.ramp[person, quarter] * 100),
            )
        self._revise(division, directory, rows)
        self._roll_up(division, directory, rows)
        return rows.table()

    def head_rows(self) -> pa.Table:
        """Rows of the head of sales: the sum of all quotas of each year."""
        rows = _Rows()
        for year, total in sorted(self._company.items()):
            _add_year(rows, self._head, year, total)
        return rows.table()

    @staticmethod
    def _revise(division: Division, directory: Directory, rows: _Rows) -> None:
        """One team's quotas of the last quarter are lowered while it runs."""
        planned, quotas = division.plan.behaviour, division.plan.quotas
        if division.number != 0:
            return
        for person in division.plan.holders(planned.revised_team, LAST_QUARTER):
            first = int(quotas.local[person, LAST_QUARTER])
            lowered = round(first * planned.revised_factor / 10_000) * 10_000
            rows.add(
                directory.employee(person),
                quarter_start(LAST_QUARTER),
                quarter_start(LAST_QUARTER + 1) - 1,
                lowered,
                planned.revised_from,
                currency=int(quotas.currency[person, LAST_QUARTER]),
                ramp=round(quotas.ramp[person, LAST_QUARTER] * 100),
                version=2,
            )

    def _roll_up(self, division: Division, directory: Directory, rows: _Rows) -> None:
        plan, careers = division.plan, division.careers
        for year in range(2023, 2027):
            first = (year - 2022) * 4
            start = quarter_start(first)
            by_region: dict[int, float] = {}
            for team in range(len(TEAMS)):
                here = plan.team[:, first : first + 4] == team
                total = float(plan.quotas.amount[:, first : first + 4][here].sum())
                region = division.positions[careers.manager_position(team)].region
                by_region[region] = by_region.get(region, 0.0) + total
                manager = division.roster.holder_of(careers.manager_position(team), start)
                if manager >= 0:
                    _add_year(rows, directory.employee(manager), year, total)
            for region, total in by_region.items():
                leader = division.roster.holder_of(careers.leader_position(region), start)
                _add_year(rows, directory.employee(leader), year, total)
            self._company[year] = self._company.get(year, 0.0) + sum(by_region.values())
        if division.number == 0:
            head = next(p.number for p in division.positions if p.role == "head")
            self._head = directory.employee(division.roster.holder_of(head, day_of(2023, 1, 1)))


def _add_year(rows: _Rows, employee: str, year: int, total: float) -> None:
    cents = round(total / 1_000) * 100_000
    start, end = day_of(year, 1, 1), day_of(year, 12, 31)
    rows.add(employee, start, end, cents, start - 14, is_rollup=True)
