"""The life of each deal in the CRM: every change of a field, and what stands there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from salesops_lib.data.sample.arrays import Flags, Floats, Ints, chosen
from salesops_lib.data.sample.company import STAGES
from salesops_lib.data.sample.deals import MOST_CHANGES, MOST_PUSHES, Deals
from salesops_lib.data.sample.timeline import (
    AS_OF,
    EXPORT_SECOND,
    working_moment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CATEGORIES", "Changes", "Lifeline", "lifeline_of"]

CATEGORIES = ("Pipeline", "Best Case", "Most Likely", "Commit", "Closed", "Omitted")

_QUALIFICATION, _PROPOSAL, _NEGOTIATION, _WON, _LOST, _GONE = range(1, 7)
_LAST_STAGE_OF_LOST = np.array([0.30, 0.30, 0.24, 0.16])
_LAST_STAGE_OF_GONE = np.array([0.5, 0.5])
_SKIPS, _STEPS_BACK = 0.08, 0.05


@dataclass(frozen=True)
class Changes:
    """Changes of one field: row of the deal, moment (seconds), value before and after."""

    row: Ints
    second: Ints
    old: Ints
    new: Ints


@dataclass(frozen=True)
class Lifeline:
    """Deals as the CRM shows them, with every change that led there.

    One array element a deal: `stage` and `category` are numbers, `cents` the
    amount, `close_day` the close date shown, `push_count` the moves to a later
    month, `created` and `stage_since` moments, `ends` the day on which activity
    ends. `last_open_stage` is the stage that the deal reaches before it closes.
    """

    stage: Ints
    category: Ints
    cents: Ints
    close_day: Ints
    push_count: Ints
    created: Ints
    stage_since: Ints
    ends: Ints
    closed: Flags
    won: Flags
    last_open_stage: Ints
    stages: Changes
    categories: Changes
    amounts: Changes
    close_dates: Changes
    owners: Changes


def lifeline_of(deals: Deals, rows: Ints, rng: np.random.Generator) -> Lifeline:
    """Lives of some deals.

    Parameters
    ----------
    deals : Deals
        Deals of a division.
    rows : array
        Which of them.
    rng : numpy Generator
        Source of randomness.

    Returns
    -------
    Lifeline
    """
    n = len(rows)
    created = working_moment(deals.created_day[rows], deals.created_share[rows])
    begin = deals.created_day[rows] + deals.created_share[rows]
    closing_share = rng.random(n)
    end = deals.close_day[rows] + closing_share
    closing = working_moment(deals.close_day[rows], closing_share)
    won, gone = deals.won[rows], deals.disqualified[rows]
    closed = closing <= EXPORT_SECOND
    last = np.where(won, _NEGOTIATION, chosen(rng.random(n), _LAST_STAGE_OF_LOST))
    last = np.where(gone, chosen(rng.random(n), _LAST_STAGE_OF_GONE), last)
    outcome = np.where(won, _WON, np.where(gone, _GONE, _LOST))

    def moment(share: Floats) -> Ints:
        """Moment at a share of the deal's life, in working hours."""
        when = begin + share * (end - begin)
        day = np.floor(when)
        return working_moment(day.astype(np.int64), when - day)

    path = _stage_path(last, outcome, closing, moment, rng)
    stages, stage = _followed(np.zeros(n, dtype=np.int64), path)
    leanings = rng.random((n, 2))
    categories, category = _followed(
        np.zeros(n, dtype=np.int64),
        [(there, second, _category(new, leanings)) for there, second, new in path],
    )
    amounts, cents = _followed(
        deals.amounts[rows, 0], _amount_path(deals, rows, closing, moment, rng)
    )
    pushes = _push_path(deals, rows, rng)
    expected = deals.expected[rows, MOST_PUSHES]
    close_dates, close_day = _followed(
        deals.expected[rows, 0],
        [*pushes, (expected != deals.close_day[rows], closing, deals.close_day[rows])],
    )
    since = created.copy()
    np.maximum.at(since, stages.row, stages.second)
    return Lifeline(
        stage=stage,
        category=category,
        cents=cents,
        close_day=close_day,
        push_count=np.sum(
            [there & (second <= EXPORT_SECOND) for there, second, _ in pushes], axis=0
        ).astype(np.int64),
        created=created,
        stage_since=since,
        ends=np.minimum(deals.close_day[rows], AS_OF),
        closed=closed,
        won=closed & won,
        last_open_stage=last,
        stages=stages,
        categories=categories,
        amounts=amounts,
        close_dates=close_dates,
        owners=_owner_changes(deals, rows),
    )


_Path: TypeAlias = list[tuple[Flags, Ints, Ints]]
_Moment: TypeAlias = "Callable[[Floats], Ints]"


def _followed(start: Ints, path: _Path) -> tuple[Changes, Ints]:
    """Changes along a path up to the day of the export, and the value they end at."""
    now = start.copy()
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for there, second, new in path:
        happens = np.flatnonzero(there & (second <= EXPORT_SECOND) & (new != now))
        parts.append((happens, second[happens], now[happens], new[happens]))
        now[happens] = new[happens]
    row, second, old, new = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Changes(row, second, old, new), now


def _stage_path(
    last: Ints, outcome: Ints, closing: Ints, moment: _Moment, rng: np.random.Generator
) -> _Path:
    """Stages one after the other: some skip Qualification, some step back once."""
    n = len(last)
    skips = (rng.random(n) < _SKIPS) & (last > _QUALIFICATION)
    back = (rng.random(n) < _STEPS_BACK) & (last == _NEGOTIATION)
    path: _Path = []
    share = np.zeros(n)
    for stage in (_QUALIFICATION, _PROPOSAL, _NEGOTIATION):
        share = (stage + rng.uniform(-0.35, 0.35, n)) / (last + 1)
        there = (last >= stage) & ~(skips if stage == _QUALIFICATION else np.zeros(n, np.bool_))
        path.append((there, moment(np.minimum(share, 1.0)), np.full(n, stage)))
    share = np.minimum(share, 1.0)
    path.append((back, moment(share + (1 - share) * 0.35), np.full(n, _PROPOSAL)))
    path.append((back, moment(share + (1 - share) * 0.7), np.full(n, _NEGOTIATION)))
    path.append((np.ones(n, np.bool_), closing, outcome))
    return path


def _category(stage: Ints, leanings: Floats) -> Ints:
    """Forecast category of a stage, as cautious and hopeful people set it."""
    default = np.array([CATEGORIES.index(one.category) for one in STAGES])[stage]
    hopeful, cautious = leanings[:, 0], leanings[:, 1]
    proposal = np.where(hopeful < 0.10, 0, np.where(hopeful < 0.15, 3, default))
    negotiation = np.where(cautious < 0.20, 1, np.where(cautious < 0.26, 2, default))
    return np.where(
        stage == _PROPOSAL, proposal, np.where(stage == _NEGOTIATION, negotiation, default)
    )


def _amount_path(
    deals: Deals, rows: Ints, closing: Ints, moment: _Moment, rng: np.random.Generator
) -> _Path:
    n = len(rows)
    path: _Path = [
        (
            deals.changes[rows] >= change,
            moment((change - 1 + rng.uniform(0.2, 0.95, n)) / MOST_CHANGES),
            deals.amounts[rows, change],
        )
        for change in range(1, MOST_CHANGES + 1)
    ]
    return [*path, (np.ones(n, np.bool_), closing, deals.final[rows])]


def _push_path(deals: Deals, rows: Ints, rng: np.random.Generator) -> _Path:
    return [
        (
            deals.pushes[rows] > push,
            working_moment(deals.pushed_on[rows, push], rng.random(len(rows))),
            deals.expected[rows, push + 1],
        )
        for push in range(MOST_PUSHES)
    ]


def _owner_changes(deals: Deals, rows: Ints) -> Changes:
    deal, second, old, new = deals.owner_changes.columns()
    place = np.full(len(deals), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    here = place[deal] >= 0
    return Changes(place[deal[here]], second[here], old[here], new[here])
