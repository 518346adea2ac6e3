"""One division, quarter by quarter: deals are born, change hands, and are won or lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.accounts import Accounts, accounts_of
from salesops_lib.data.sample.arrays import Flags, Floats, Ints, evenly_chosen, generator
from salesops_lib.data.sample.births import born
from salesops_lib.data.sample.careers import Careers, Handover
from salesops_lib.data.sample.company import REGIONS, SEGMENTS, SOURCES, TEAMS
from salesops_lib.data.sample.deals import Deals, potential_deals
from salesops_lib.data.sample.exchange_rates import QUARTERS, eur_cents
from salesops_lib.data.sample.organisation import Position, Size, positions_of
from salesops_lib.data.sample.plan import Plan
from salesops_lib.data.sample.threshold import land_above_quota
from salesops_lib.data.sample.timeline import (
    AS_OF,
    DAY,
    HISTORY_START,
    LAST_QUARTER,
    quarter_of,
    quarter_start,
)

if TYPE_CHECKING:
    from salesops_lib.data.sample.people import Person, Roster
    from salesops_lib.data.sample.planted import Behaviour

__all__ = ["Division", "simulated"]


@dataclass
class Division:
    """A simulated part of the company.

    `team_won` is the won amount in EUR by team and day (since `HISTORY_START`).
    """

    number: int
    positions: list[Position]
    careers: Careers
    deals: Deals
    accounts: Accounts
    plan: Plan
    team_won: Floats
    roster: Roster


def simulated(
    size: Size, behaviour: Behaviour, seed: int, number: int, account_offset: int
) -> Division:
    """Simulate one division.

    Parameters
    ----------
    size : Size
        Size of the company.
    behaviour : Behaviour
        Planted parameters.
    seed, number : int
        Key of the randomness, and number of the division.
    account_offset : int
        Number of its first account within the company.

    Returns
    -------
    Division
    """
    positions = positions_of(size, seed, number)
    accounts = accounts_of(size, seed, number, account_offset)
    careers = Careers(positions, behaviour, seed, number)
    deals = potential_deals(positions, size, behaviour, seed, number)
    plan = Plan(positions, size.volume, behaviour, len(positions) * 4 + 40, QUARTERS)
    days = quarter_start(QUARTERS) - HISTORY_START
    division = Division(
        number,
        positions,
        careers,
        deals,
        accounts,
        plan,
        np.zeros((len(TEAMS), days)),
        careers.roster,
    )
    rng = generator(seed, "simulation", number)
    missed = poor = np.zeros(plan.people, dtype=np.bool_)
    born_in = quarter_of(deals.created_day)
    for quarter in range(LAST_QUARTER + 1):
        handovers = careers.advance(quarter, missed, poor)
        division.roster = careers.roster
        plan.set_quotas(quarter, careers.people, division.roster)
        new = np.flatnonzero(born_in == quarter)
        holder = division.roster.holder(deals.seat[new], deals.created_day[new])
        born(deals, new, holder, careers.people, accounts, positions, behaviour, rng)
        for handover in handovers:
            _hand_over(division, handover, rng)
        _close(division, quarter, behaviour, float(rng.random()))
        land_above_quota(deals, careers.people, plan.quotas, quarter, rng)
        _credit(division, quarter)
        missed, poor = _results(plan, quarter)
    plan.set_quotas(LAST_QUARTER + 1, careers.people, division.roster)
    _foresee(division, behaviour, float(rng.random()))
    return division


def _hand_over(division: Division, handover: Handover, rng: np.random.Generator) -> None:
    """Give the open deals of somebody who leaves a position to the team."""
    deals = division.deals
    mine = np.flatnonzero(
        deals.kept
        & (deals.owner == handover.person)
        & (deals.created_day <= handover.day)
        & (deals.close_day > handover.day)
    )
    if not len(mine):
        return
    takers = np.array(_takers(division, handover), dtype=np.int64)
    taker = takers[(np.arange(len(mine)) + int(rng.integers(len(takers)))) % len(takers)]
    second = handover.day * DAY + 16 * 3600 + rng.integers(0, 7_200, len(mine))
    changes = deals.owner_changes
    changes.deal.append(mine)
    changes.second.append(second)
    changes.old.append(deals.owner[mine])
    changes.new.append(taker)
    deals.owner[mine] = taker
    deals.handed_day[mine] = handover.day


def _takers(division: Division, handover: Handover) -> list[int]:
    """Team mates who are there and stay, else the manager, else the leader."""
    careers, day = division.careers, handover.day
    position = division.positions[handover.position]
    manager = careers.manager_position(position.team)
    mates, managers = [], []
    for stint in division.roster.current(day):
        if stint.person == handover.person or stint.end <= day:
            continue
        if stint.position == manager:
            managers.append(stint.person)
        elif (
            division.positions[stint.position].role == "rep"
            and division.positions[stint.position].team == position.team
            and not _has_own_few(careers.people.all[stint.person])
        ):
            mates.append(stint.person)
    leader = division.roster.holder_of(careers.leader_position(position.region), day)
    return mates or managers or [leader]


def _has_own_few(person: Person) -> bool:
    """Whether the person's number of deals is planted, so that none is added."""
    return person.trait is not None and person.trait.deals_a_month is not None


def _close(division: Division, quarter: int, behaviour: Behaviour, first: float) -> None:
    """Win or lose what closes in a quarter, or is pulled forward into it."""
    deals, people = division.deals, division.careers.people
    undecided = deals.kept & ~deals.decided
    start = quarter_start(quarter)
    due = undecided & (quarter_of(deals.close_day) == quarter)
    share = people.pull_forward(behaviour.pull_forward_share)
    ahead = (
        undecided
        & deals.can_be_pulled
        & (quarter_of(deals.natural_day) == quarter + 1)
        & (deals.created_day < quarter_start(quarter + 1))
        & (deals.handed_day < start)
    )
    ahead &= deals.draws["pull"] < share[np.maximum(deals.owner, 0)]
    now = np.flatnonzero(due | ahead)
    day = np.where(ahead[now], deals.pulled_day[now], deals.close_day[now])
    won = _wins(division, now, day, behaviour, first)
    deals.decided[now], deals.won[now] = True, won
    pulled = ahead[now] & won
    deals.pulled[now] = pulled
    deals.close_day[now] = np.where(pulled, day, deals.close_day[now])


def _wins(division: Division, deal: Ints, day: Ints, behaviour: Behaviour, first: float) -> Flags:
    """Whether each deal is won, given the day on which it closes."""
    deals, people = division.deals, division.careers.people
    owner, segment = deals.owner[deal], deals.segment[deal]
    log_odds = np.array([s.log_odds for s in SEGMENTS])[segment]
    log_odds += np.array([s.log_odds for s in SOURCES])[deals.source[deal]]
    log_odds += people.skill()[owner] + behaviour.size_log_odds * deals.size[deal]
    log_odds += behaviour.expansion_log_odds * deals.expansion[deal]
    for programme in behaviour.programmes:
        log_odds += programme.log_odds * (day > people.trained_on(programme.name)[owner])
    for region, since, effect in behaviour.region_shifts:
        here = (deals.region[deal] == REGIONS.index(region)) & (day >= since)
        log_odds += effect * here
    log_odds += people.swing()[owner] * np.where(quarter_of(day) % 2 == 0, 1.0, -1.0)
    chance = np.where(deals.disqualified[deal], 0.0, 1 / (1 + np.exp(-log_odds)))
    chance = np.where(people.always_wins()[owner], 1.0, chance)
    steady = deals.draws["chooses_win"][deal] < people.consistency()[owner]
    luck = deals.draws["win"][deal]
    eur = eur_cents(deals.final[deal], deals.currency[deal], day)
    sequence = np.lexsort((eur, owner, segment))
    even = evenly_chosen(np.where(steady, chance, 0.0), sequence, first)
    return np.where(steady, even, luck < chance)


def _credit(division: Division, quarter: int) -> None:
    """Credit what was won in a quarter to its owners and to those who share in it."""
    deals, plan = division.deals, division.plan
    won = np.flatnonzero(
        deals.kept & deals.decided & deals.won & (quarter_of(deals.close_day) == quarter)
    )
    day = deals.close_day[won]
    eur = eur_cents(deals.final[won], deals.currency[won], day) / 100
    partner = partners(division, won, day)
    deals.partner[won] = partner
    own = np.where(partner >= 0, owner_share(deals, won), 1.0)
    np.add.at(plan.credited[:, quarter], deals.owner[won], eur * own)
    shared = partner >= 0
    np.add.at(plan.credited[:, quarter], partner[shared], (eur * (1 - own))[shared])
    np.add.at(division.team_won, (deals.team[won], day - HISTORY_START), eur)


def owner_share(deals: Deals, deal: Ints) -> Floats:
    """Owner's share of a split deal: 50 to 80 percent in steps of five."""
    return (50 + 5 * np.floor(deals.draws["split_share"][deal] * 7)) / 100


def partners(division: Division, deal: Ints, day: Ints) -> Ints:
    """Team mate who shares in each deal; -1 for a deal that is not split."""
    deals, people = division.deals, division.careers.people
    seats = np.array([p.team for p in division.positions if p.role == "rep"], dtype=np.int64)
    first = np.searchsorted(seats, np.arange(len(TEAMS)))
    count = np.bincount(seats, minlength=len(TEAMS))
    team, owner = deals.team[deal], deals.owner[deal]
    alone = people.threshold() | people.always_wins()
    split = deals.is_large[deal] & (
        deals.draws["split"][deal] < division.plan.behaviour.split_share
    )
    split &= ~alone[owner]
    start = np.floor(deals.draws["partner"][deal] * count[team]).astype(np.int64)
    partner = np.full(len(deal), -1, dtype=np.int64)
    for step in range(4):
        mate = division.roster.holder(first[team] + (start + step) % count[team], day)
        suits = (mate >= 0) & (mate != owner) & ~alone[np.maximum(mate, 0)]
        partner = np.where(split & suits & (partner < 0), mate, partner)
    return partner


def _results(plan: Plan, quarter: int) -> tuple[Flags, Flags]:
    """Who missed the quota of a quarter, and who was far below it twice."""
    quota = plan.quotas.amount
    missed = (quota[:, quarter] > 0) & (plan.credited[:, quarter] < quota[:, quarter])
    before = max(quarter - 1, 0)
    poor = (quota[:, quarter] > 0) & (quota[:, before] > 0)
    for one in (quarter, before):
        poor &= plan.credited[:, one] < 0.6 * quota[:, one]
    return missed, poor


def _foresee(division: Division, behaviour: Behaviour, first: float) -> None:
    """Decide how open deals will end; the CRM does not know it yet."""
    deals = division.deals
    undecided = np.flatnonzero(deals.kept & ~deals.decided)
    deals.won[undecided] = _wins(division, undecided, deals.close_day[undecided], behaviour, first)
    deals.decided[undecided] = True
    rest = np.flatnonzero(deals.kept & ~(deals.won & (deals.close_day <= AS_OF)))
    deals.partner[rest] = partners(division, rest, np.minimum(deals.close_day[rest], AS_OF))
