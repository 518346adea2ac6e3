"""What is true of the simulated company, for measures to be checked against."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.data.sample.company import COMPANY, REGIONS, SEGMENTS, SOURCES, TEAMS
from salesops_lib.data.sample.directory import Directory, team_name
from salesops_lib.data.sample.exchange_rates import eur_cents
from salesops_lib.data.sample.timeline import (
    AS_OF,
    CRM_START,
    FAR,
    FIRST_QUARTER,
    LAST_QUARTER,
    date_of,
    fiscal_label,
    quarter_of,
    quarter_start,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.data.sample.arrays import Flags, Ints
    from salesops_lib.data.sample.deals import Deals
    from salesops_lib.data.sample.defects import Defects
    from salesops_lib.data.sample.people import Person
    from salesops_lib.data.sample.planted import Behaviour
    from salesops_lib.data.sample.simulation import Division

__all__ = ["KIND", "Truth"]

KIND = "simulated sales data, with its truth"
"""What marks a folder as an export that may be replaced."""


class _Rows:
    """Rows of a list, kept as JSON text: small, and a line each in the file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def append(self, row: dict[str, Any]) -> None:
        self.lines.append(json.dumps(row, ensure_ascii=False))

    def __str__(self) -> str:
        return "[\n" + ",\n".join(self.lines) + "\n]"


@dataclass
class Truth:
    """Everything that goes into ``truth.json``, gathered division by division."""

    seed: int
    scale: float
    behaviour: Behaviour
    totals: _Rows = field(default_factory=_Rows)
    pipeline: _Rows = field(default_factory=_Rows)
    people: _Rows = field(default_factory=_Rows)
    rep_quarters: _Rows = field(default_factory=_Rows)
    realised: dict[str, int] = field(default_factory=dict)

    def add(self, division: Division, directory: Directory) -> None:
        """Add a division, before any defect is planted in it.

        Parameters
        ----------
        division : Division
            Simulated division.
        directory : Directory
            Its people.
        """
        deals = division.deals
        eur = eur_cents(deals.final, deals.currency, np.minimum(deals.close_day, AS_OF))
        self._add_totals(division, eur)
        self._add_pipeline(division)
        ids = directory.ids.to_pylist()
        for person in division.careers.people.all:
            self.people.append(self._person(division, person, ids))
        self._add_rep_quarters(division, eur, ids)
        self._count(division)

    def text(self, defects: Defects, rows: dict[str, int]) -> Iterator[str]:
        """Text of ``truth.json``, part by part.

        Parameters
        ----------
        defects : Defects
            Defects planted.
        rows : dict of str to int
            Rows by file.

        Yields
        ------
        str
        """
        parts: dict[str, Any] = {
            "kind": KIND,
            "company": COMPANY,
            "seed": self.seed,
            "scale": self.scale,
            "as_of": date_of(AS_OF).isoformat(),
            "currency": "EUR",
            "crm_since": date_of(CRM_START).isoformat(),
            "rows": rows,
            "planted": _planted(self.behaviour),
            "realised": self.realised,
            "defects": defects.document(),
            "totals": self.totals,
            "open_pipeline": self.pipeline,
            "people": self.people,
            "rep_quarters": self.rep_quarters,
        }
        mark = "{"
        for name, part in parts.items():
            is_rows = isinstance(part, _Rows)
            body = str(part) if is_rows else json.dumps(part, ensure_ascii=False, indent=1)
            yield f'{mark}\n"{name}": {body}'
            mark = ","
        yield "\n}\n"

    def _add_totals(self, division: Division, eur: Ints) -> None:
        deals = division.deals
        closed = np.flatnonzero(deals.closed & deals.exported)
        quarter = quarter_of(deals.close_day[closed])
        for number in range(FIRST_QUARTER, LAST_QUARTER + 1):
            for team in range(len(TEAMS)):
                here = closed[(quarter == number) & (deals.team[closed] == team)]
                won, gone = deals.won[here], deals.disqualified[here]
                self.totals.append(
                    {
                        "quarter": fiscal_label(number),
                        "region": TEAMS[team].region,
                        "team": team_name(team, division.number),
                        "won_deals": int(won.sum()),
                        "won_amount_eur": int(eur[here][won].sum()) / 100,
                        "lost_deals": int((~won & ~gone).sum()),
                        "disqualified_deals": int(gone.sum()),
                    }
                )

    def _add_pipeline(self, division: Division) -> None:
        deals = division.deals
        rows = np.flatnonzero(deals.exported & (deals.close_day > AS_OF))
        shown = deals.expected[rows, (deals.pushed_on[rows] <= AS_OF).sum(axis=1)]
        # Which changes of the amount had been made by now is settled when the
        # history is written; the truth counts the amount at creation.
        eur = eur_cents(deals.amounts[rows, 0], deals.currency[rows], np.full(len(rows), AS_OF))
        due, ends = quarter_of(shown), quarter_of(deals.close_day[rows])
        for number in range(LAST_QUARTER, int(due.max(initial=LAST_QUARTER)) + 1):
            for region in range(len(REGIONS)):
                here = (due == number) & (deals.region[rows] == region)
                later = (ends == number) & (deals.region[rows] == region) & deals.won[rows]
                self.pipeline.append(
                    {
                        "due_quarter": fiscal_label(number),
                        "region": REGIONS[region],
                        "division": division.number + 1,
                        "deals": int(here.sum()),
                        "amount_eur": int(eur[here].sum()) / 100,
                        "will_be_won_in_quarter": int(later.sum()),
                        "will_be_won_amount_eur": int(eur[later].sum()) / 100,
                    }
                )

    def _person(self, division: Division, person: Person, ids: list[str]) -> dict[str, Any]:
        last = division.positions[person.stints[-1].position]
        return {
            "rep_id": ids[person.number],
            "name": person.name.full,
            "role": last.role,
            "team": team_name(last.team, division.number) if last.team >= 0 else None,
            "hired": date_of(person.hired).isoformat(),
            "left": date_of(person.left).isoformat() if person.left < FAR else None,
            "leave_reason": person.reason or None,
            "trait": person.trait.trait if person.trait else None,
            "lands_above_quota": person.threshold,
            "skill_log_odds": round(person.skill, 4),
            "consistency": round(person.consistency, 4),
            "capture": round(person.capture, 4),
            "forecast_bias": round(person.bias, 4),
            "trained": {
                programme: date_of(day).isoformat()
                for programme, day in sorted(person.trained.items())
            },
        }

    def _add_rep_quarters(self, division: Division, eur: Ints, ids: list[str]) -> None:
        plan, deals = division.plan, division.deals
        won = np.flatnonzero(deals.closed & deals.won & deals.exported)
        quarter, owner = quarter_of(deals.close_day[won]), deals.owner[won]
        count = np.zeros_like(plan.quotas.local)
        owned = np.zeros_like(plan.quotas.local)
        np.add.at(count, (owner, quarter), 1)
        np.add.at(owned, (owner, quarter), eur[won])
        any_ = (count > 0) | (plan.quotas.local > 0) | (plan.credited > 0)
        for person, number in zip(*np.nonzero(any_), strict=True):
            if not FIRST_QUARTER <= number <= LAST_QUARTER:
                continue
            quota = float(plan.quotas.amount[person, number])
            self.rep_quarters.append(
                {
                    "rep_id": ids[person],
                    "quarter": fiscal_label(int(number)),
                    "won_deals": int(count[person, number]),
                    "won_amount_eur": int(owned[person, number]) / 100,
                    "credited_eur": round(float(plan.credited[person, number]), 2),
                    "first_quota_eur": round(quota, 2) or None,
                    "ramp": float(plan.quotas.ramp[person, number]) or None,
                }
            )

    def _count(self, division: Division) -> None:
        deals, people = division.deals, division.careers.people
        closed = deals.closed & deals.exported
        usual = np.array([not (p.trait and p.trait.pull_forward) for p in people.all])
        ahead = _could_be_pulled(deals) & usual[np.maximum(deals.owner, 0)]
        due = deals.pushes[closed & ~deals.disqualified]
        left = [p for p in people.all if p.left < FAR]
        counts = {
            "closed_deals": closed.sum(),
            "won_deals": (closed & deals.won).sum(),
            "disqualified_deals": (closed & deals.disqualified).sum(),
            "due_dates_of_closed_deals": due.sum() + len(due),
            "pushes_of_closed_deals": due.sum(),
            "won_due_early_in_a_quarter": ahead.sum(),
            "won_pulled_forward": (ahead & deals.pulled).sum(),
            "held_back": (closed & deals.held_back).sum(),
            "large_deals": (deals.exported & deals.is_large).sum(),
            "split_deals": (deals.exported & (deals.partner >= 0)).sum(),
            "left_voluntarily": sum(p.reason == "voluntary" for p in left),
            "left_otherwise": sum(p.reason != "voluntary" for p in left),
        }
        for name, number in counts.items():
            self.realised[name] = self.realised.get(name, 0) + int(number)


def _could_be_pulled(deals: Deals) -> Flags:
    """Won deals that were due early in a quarter, whether or not they were pulled."""
    quarter = quarter_of(deals.natural_day)
    starts = np.array([quarter_start(q) for q in range(max(int(quarter.max()), 0) + 1)])
    before = starts[np.maximum(quarter - 1, 0)]
    return (
        deals.kept
        & deals.won
        & deals.can_be_pulled
        & ~deals.held_back
        & (before >= CRM_START)
        & (deals.natural_day <= AS_OF)
        & ~((deals.handed_day >= before) & (deals.handed_day < starts[quarter]))
    )


def _planted(behaviour: Behaviour) -> dict[str, Any]:
    planted = dataclasses.asdict(behaviour)
    for name in ("thin_from", "revised_from"):
        planted[name] = date_of(planted[name]).isoformat()
    planted["region_shifts"] = [
        {"region": region, "from": date_of(day).isoformat(), "log_odds": effect}
        for region, day, effect in behaviour.region_shifts
    ]
    planted["manager_exits"] = [
        {"team": exit_.team, "day": date_of(exit_.day).isoformat()}
        for exit_ in behaviour.manager_exits
    ]
    planted["programmes"] = [
        {
            **dataclasses.asdict(programme),
            "sessions": [date_of(day).isoformat() for day in programme.sessions],
        }
        for programme in behaviour.programmes
    ]
    planted["source_log_odds"] = {source.name: source.log_odds for source in SOURCES}
    planted["segment_log_odds"] = {segment.name: segment.log_odds for segment in SEGMENTS}
    planted["segment_cycle_days"] = {segment.name: segment.cycle for segment in SEGMENTS}
    return planted
