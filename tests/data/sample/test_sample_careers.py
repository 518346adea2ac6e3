"""Hazards of leaving, counted over many simulated companies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from salesops_lib.data.sample.organisation import size_of
from salesops_lib.data.sample.planted import Behaviour
from salesops_lib.data.sample.simulation import simulated
from salesops_lib.data.sample.timeline import LAST_QUARTER, quarter_start

PLANTED = Behaviour()


def quarters_lived(seeds):
    """Whether a rep left voluntarily, was in the first year, and had missed, by quarter."""
    rows = []
    for seed in seeds:
        division = simulated(size_of(1.0), PLANTED, seed, 0, 0)
        quota, credited = division.plan.quotas.amount, division.plan.credited
        for quarter in range(1, LAST_QUARTER + 1):
            start, after = quarter_start(quarter), quarter_start(quarter + 1)
            for stint in division.roster.current(start):
                person = division.careers.people.all[stint.person]
                position = division.positions[stint.position]
                if position.role != "rep" or person.protected or person.hired >= start:
                    continue
                before = (person.number, quarter - 1)
                leaves = person.left < after and person.reason == "voluntary"
                missed = quota[before] > 0 and credited[before] < quota[before]
                rows.append((leaves, start - person.hired < 365, missed))
    return np.array(rows)


def test_voluntary_leaving_follows_the_planted_hazards():
    leaves, first_year, missed = quarters_lived(range(8)).T
    base, later, after = (
        PLANTED.voluntary_monthly,
        PLANTED.first_year_factor,
        PLANTED.after_miss_factor,
    )
    for new, below, factor in ((0, 0, 1.0), (0, 1, after), (1, 1, later * after)):
        here = (first_year == new) & (missed == below)
        n = int(here.sum())
        # Of three months at risk; other reasons to leave are rare enough to neglect.
        expected = 1 - (1 - base * factor) ** 3
        error = np.sqrt(expected * (1 - expected) / n)
        assert n > 300
        assert leaves[here].mean() == pytest.approx(expected, abs=3 * error)


def test_nobody_comes_back_and_planted_people_stay():
    division = simulated(size_of(1.0), PLANTED, 11, 0, 0)
    for person in division.careers.people.all:
        days = [(stint.start, stint.end) for stint in person.stints]
        assert days == sorted(days)
        assert all(end < start for (_, end), (start, _) in pairwise(days))
        assert days[-1][1] == person.left
        assert not (person.protected and person.reason)


def test_managers_are_followed_by_reps_of_their_team():
    division = simulated(size_of(1.0), PLANTED, 2026, 0, 0)
    promoted = [
        person
        for person in division.careers.people.all
        if [division.positions[s.position].role for s in person.stints][-2:] == ["rep", "manager"]
    ]
    assert len(promoted) >= 2
    for person in promoted:
        teams = [division.positions[stint.position].team for stint in person.stints]
        assert teams[-1] == teams[-2]
