"""Calls, mails, meetings and tasks: more of them on deals that are won, some never logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from salesops_lib.data.sample.arrays import Flags, Floats, Ints, chosen
from salesops_lib.data.sample.identifiers import dates, moments, record_ids, words
from salesops_lib.data.sample.timeline import DAY, working_moment

if TYPE_CHECKING:
    from salesops_lib.data.sample.deals import Deals
    from salesops_lib.data.sample.lifelines import Lifeline
    from salesops_lib.data.sample.people import Roster

__all__ = ["KINDS", "Activities", "activities_of", "event_table", "task_table"]

KINDS = ("Call", "Email", "Task", "Event")

# Activities a deal by segment before logging, and the factor on deals that will be won.
_MEAN = np.array([3.6, 5.5, 8.5])
_WON_FACTOR = 1.5
_KIND_WEIGHTS = np.array([0.26, 0.50, 0.06, 0.18])
_OPEN_TASKS = 0.05
_INVITED = 0.35
_WITHOUT_DEAL = 0.02

_SUBJECTS = (
    ("Call", "Follow-up call", "Discovery call"),
    ("Email: proposal", "Email: next steps", "Email: introduction"),
    ("Prepare quote", "Update account plan"),
    ("Demo", "Review meeting", "Workshop", "Negotiation"),
)
_ALL_SUBJECTS = tuple(subject for kind in _SUBJECTS for subject in kind)


@dataclass(frozen=True)
class Activities:
    """Logged activities of some deals, by deal and moment.

    `row` is the deal, `person` who did it, `kind` a number in `KINDS`, `second`
    the moment, `subject` a number. `done` is false for tasks still to do;
    `linked` is false where nobody said which deal it was about. `boss` is the
    invited manager of a meeting, or -1.
    """

    row: Ints
    person: Ints
    kind: Ints
    second: Ints
    subject: Ints
    done: Flags
    linked: Flags
    boss: Ints

    def last_days(self, deals: int) -> Ints:
        """Day of the last completed activity of each deal; -1 without one."""
        last = np.full(deals, -1, dtype=np.int64)
        counts = self.done & self.linked
        np.maximum.at(last, self.row[counts], self.second[counts] // DAY)
        return last


def activities_of(
    deals: Deals,
    rows: Ints,
    lifeline: Lifeline,
    capture: Floats,
    managers: Ints,
    roster: Roster,
    rng: np.random.Generator,
) -> Activities:
    """Activities on some deals.

    Parameters
    ----------
    deals : Deals
        Deals of a division.
    rows : array
        Which of them.
    lifeline : Lifeline
        Their lives.
    capture : array
        Share of activities that each person logs.
    managers : array
        Position of the manager of each team.
    roster : Roster
        Who holds which position.
    rng : numpy Generator
        Source of randomness.

    Returns
    -------
    Activities
    """
    n = len(rows)
    lived = lifeline.ends - deals.created_day[rows] + 1
    whole = deals.close_day[rows] - deals.created_day[rows] + 1
    mean = _MEAN[deals.segment[rows]] * np.where(deals.won[rows], _WON_FACTOR, 1.0)
    count = rng.poisson(mean * np.minimum(lived / whole, 1.0))
    row = np.repeat(np.arange(n), count)
    where = rng.random(len(row))
    order = np.lexsort((where, row))
    row, where = row[order], where[order]
    begin = lifeline.created[row] // DAY + 1
    days = np.maximum(lifeline.ends[row] - begin + 1, 1)
    day = np.minimum(begin + np.floor(where * days).astype(np.int64), lifeline.ends[row])
    second = working_moment(day, rng.random(len(row)))
    second = np.maximum(second, lifeline.created[row])
    person = _owner_at(deals, rows, lifeline, row, second)
    kind = chosen(rng.random(len(row)), _KIND_WEIGHTS)
    logged = rng.random(len(row)) < capture[person]
    is_event = kind == KINDS.index("Event")
    invited = is_event & (rng.random(len(row)) < _INVITED)
    boss = roster.holder(managers[deals.team[rows[row]]], second // DAY)
    sizes = np.array([len(subjects) for subjects in _SUBJECTS])
    first = np.cumsum(sizes) - sizes
    subject = first[kind] + np.floor(rng.random(len(row)) * sizes[kind]).astype(np.int64)
    open_deal = ~lifeline.closed[row]
    still_to_do = ~is_event & open_deal & (rng.random(len(row)) < _OPEN_TASKS)
    linked = rng.random(len(row)) >= _WITHOUT_DEAL
    keep = logged
    return Activities(
        row=row[keep],
        person=person[keep],
        kind=kind[keep],
        second=second[keep],
        subject=subject[keep],
        done=~still_to_do[keep],
        linked=linked[keep],
        boss=np.where(invited & (boss != person), boss, -1)[keep],
    )


def _owner_at(deals: Deals, rows: Ints, lifeline: Lifeline, row: Ints, second: Ints) -> Ints:
    """Owner of a deal at a moment."""
    owner = deals.creator[rows]
    changes = lifeline.owners
    at = owner[row]
    # The n-th changes of all deals together, then the next ones.
    nth = np.arange(len(changes.row)) - np.searchsorted(changes.row, changes.row)
    for turn in range(int(nth.max(initial=-1)) + 1):
        when = np.full(len(rows), np.iinfo(np.int64).max)
        who = owner.copy()
        here = nth == turn
        when[changes.row[here]] = changes.second[here]
        who[changes.row[here]] = changes.new[here]
        at = np.where(second >= when[row], who[row], at)
    return at


def task_table(
    activities: Activities, deal_ids: pa.Array, people_ids: pa.Array, start: int
) -> pa.Table:
    """Rows of the CRM's Task file: calls, mails and tasks.

    Parameters
    ----------
    activities : Activities
        All activities.
    deal_ids, people_ids : pyarrow array
        Ids by deal and by person.
    start : int
        Number of the first row within the file.

    Returns
    -------
    pyarrow Table
    """
    here = np.flatnonzero(activities.kind != KINDS.index("Event"))
    second, done = activities.second[here], activities.done[here]
    return pa.table(
        {
            "Id": record_ids("00T", start + np.arange(len(here))),
            "WhatId": _what(activities, here, deal_ids),
            "OwnerId": people_ids.take(pa.array(activities.person[here])),
            "Subject": words(_ALL_SUBJECTS, activities.subject[here]),
            "TaskSubtype": words(KINDS, activities.kind[here]),
            "Status": words(["Completed", "Not Started"], 1 - done),
            "IsClosed": pa.array(done),
            "ActivityDate": dates(second // DAY),
            "CompletedDateTime": pa.array(second, mask=~done, type=pa.int64()).cast(
                pa.timestamp("s", tz="UTC")
            ),
        }
    )


def event_table(
    activities: Activities, deal_ids: pa.Array, people_ids: pa.Array, start: int
) -> pa.Table:
    """Rows of the CRM's Event file: meetings, and their copies for invited managers.

    Parameters
    ----------
    activities : Activities
        All activities.
    deal_ids, people_ids : pyarrow array
        Ids by deal and by person.
    start : int
        Number of the first row within the file.

    Returns
    -------
    pyarrow Table
    """
    meetings = np.flatnonzero(activities.kind == KINDS.index("Event"))
    copied = meetings[activities.boss[meetings] >= 0]
    here = np.concatenate([meetings, copied])
    is_child = np.arange(len(here)) >= len(meetings)
    owner = np.where(is_child, activities.boss[here], activities.person[here])
    order = np.lexsort((is_child, activities.second[here], activities.row[here]))
    here, is_child, owner = here[order], is_child[order], owner[order]
    return pa.table(
        {
            "Id": record_ids("00U", start + np.arange(len(here))),
            "WhatId": _what(activities, here, deal_ids),
            "OwnerId": people_ids.take(pa.array(owner)),
            "Subject": words(_ALL_SUBJECTS, activities.subject[here]),
            "EventSubtype": words(["Event"], np.zeros(len(here), dtype=np.int64)),
            "StartDateTime": moments(activities.second[here]),
            "DurationInMinutes": pa.array(30 + 15 * (activities.second[here] % 3)),
            "IsChild": pa.array(is_child),
        }
    )


def _what(activities: Activities, here: Ints, deal_ids: pa.Array) -> pa.Array:
    return deal_ids.take(pa.array(activities.row[here], mask=~activities.linked[here]))
