"""What a seat can be expected to bring, and the quotas made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.company import CURRENCIES, PRODUCTS, REGIONS, SEGMENTS, SOURCES, TEAMS
from salesops_lib.data.sample.exchange_rates import RATES
from salesops_lib.data.sample.timeline import quarter_of, quarter_start

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Floats, Ints
    from salesops_lib.data.sample.organisation import Position
    from salesops_lib.data.sample.people import People, Roster
    from salesops_lib.data.sample.planted import Behaviour

__all__ = ["Plan", "Quotas", "expected_bookings", "quota_currency"]


def quota_currency(region: int) -> int:
    """Number of the currency that a region's quotas are in."""
    return CURRENCIES.index("USD" if REGIONS[region] == "North America" else "EUR")


def expected_bookings(segment: int, behaviour: Behaviour) -> float:
    """Expected won amount of one deal of a segment, in EUR at the start of 2023."""
    one = SEGMENTS[segment]
    size = np.linspace(-4, 4, 161)
    weight = np.exp(-(size**2) / 2)
    weight /= weight.sum()
    amount = one.median * np.exp(one.sigma * size) * sum(p.share * p.factor for p in PRODUCTS)
    won = np.zeros_like(size)
    for source in SOURCES:
        for effect, share in (
            (behaviour.expansion_log_odds, behaviour.expansion_share),
            (0.0, 1 - behaviour.expansion_share),
        ):
            log_odds = one.log_odds + source.log_odds + effect + behaviour.size_log_odds * size
            won += source.share * share / (1 + np.exp(-log_odds))
    return float((1 - behaviour.disqualified_share) * np.sum(weight * amount * won))


@dataclass
class Quotas:
    """Quotas of one division's reps.

    `full` and `amount` are in EUR by person and quarter (0: none), `ramp` is the
    share of a full quota, `local` the quota in cents of `currency`.
    """

    full: Floats
    amount: Floats
    ramp: Floats
    local: Ints
    currency: Ints
    issued: Ints


@dataclass
class Plan:
    """Quotas of one division, set quarter by quarter.

    Parameters
    ----------
    positions : list of Position
        Positions of the division.
    volume : float
        Factor on the deals of a seat.
    behaviour : Behaviour
        Planted parameters.
    people : int
        Room for so many people.
    quarters : int
        Room for so many quarters.
    """

    positions: list[Position]
    volume: float
    behaviour: Behaviour
    people: int
    quarters: int
    quotas: Quotas = field(init=False)
    credited: Floats = field(init=False)
    team: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Make room for the numbers."""
        shape = (self.people, self.quarters)
        self.quotas = Quotas(
            full=np.zeros(shape),
            amount=np.zeros(shape),
            ramp=np.zeros(shape),
            local=np.zeros(shape, dtype=np.int64),
            currency=np.zeros(shape, dtype=np.int64),
            issued=np.zeros(shape, dtype=np.int64),
        )
        self.credited = np.zeros(shape)
        self.team = np.full(shape, -1, dtype=np.int64)
        off = self.behaviour.off_focus_share
        mix = np.array([[1 - off, off, 0], [off / 2, 1 - off, off / 2], [0, off, 1 - off]])
        worth = np.array([expected_bookings(s, self.behaviour) for s in range(len(SEGMENTS))])
        rate = np.array([s.deals for s in SEGMENTS]) * self.volume
        self._seat_worth = 3 * rate * (mix @ worth)

    def set_quotas(self, quarter: int, people: People, roster: Roster) -> None:
        """Quotas of everybody who holds a rep's seat in a quarter.

        Parameters
        ----------
        quarter : int
            Quarter, counted from 2022-Q1.
        people : People
            Everybody.
        roster : Roster
            Who holds which seat.
        """
        start, end = quarter_start(quarter), quarter_start(quarter + 1) - 1
        planned = self.behaviour
        for stint in roster.between(start, end):
            position = self.positions[stint.position]
            if position.role != "rep" or self.quotas.amount[stint.person, quarter] > 0:
                continue
            person = people.all[stint.person]
            first = int(quarter_of(np.array([person.hired]))[0])
            ramp = planned.ramp_quota[min(quarter - first, len(planned.ramp_quota) - 1)]
            full = self._seat_plan(position, quarter) * self._record(stint.person, quarter, first)
            currency = quota_currency(position.region)
            rate = RATES[currency, quarter]
            step = 1_000 if self.volume > 0.5 else 100
            local = max(1, round(full * ramp / rate / step)) * step
            quotas, here = self.quotas, (stint.person, quarter)
            self.team[here] = position.team
            quotas.full[here], quotas.ramp[here] = full, ramp
            quotas.local[here], quotas.currency[here] = local * 100, currency
            quotas.amount[here] = local * rate
            quotas.issued[here] = max(start - 14, stint.start)

    def holders(self, team: str, quarter: int) -> list[int]:
        """People with a quota of a team in a quarter."""
        names = [one.name for one in TEAMS]
        return [int(p) for p in np.flatnonzero(self.team[:, quarter] == names.index(team))]

    def _seat_plan(self, position: Position, quarter: int) -> float:
        planned, years = self.behaviour, (quarter - 4) / 4
        growth = ((1 + planned.deals_growth) * (1 + planned.amount_growth)) ** years
        season = planned.quarter_factors[quarter % 4]
        own = position.trait.quota if position.trait is not None else 1.0
        return float(self._seat_worth[position.focus] * growth * season * own)

    def _record(self, person: int, quarter: int, hired: int) -> float:
        """Factor from what the person brought in the last four ramped quarters."""
        first = max(hired + 3, quarter - 4, 0)
        if quarter - first < 2:
            return 1.0
        full = self.quotas.full[person, first:quarter]
        brought = self.credited[person, first:quarter]
        ratio = float(np.clip(brought.sum() / max(full.sum(), 1.0), 0.6, 1.5))
        weight = self.behaviour.quota_history_weight
        return 1 - weight + weight * ratio
