"""Credits cut at the edges of tiers: what of each lies where, and what it changes below."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.rate_tables import above_end
from salesops_lib.compensation.trace import LEG_KINDS
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan_settings import PlanSettings
    from salesops_lib.compensation.rate_tables import RateTable
    from salesops_lib.compensation.ratios import Ints

__all__ = ["KIND", "ONE_SUM", "CountedRows", "Split", "tier_split"]

KIND = {kind: number for number, kind in enumerate(LEG_KINDS)}
"""Number of each kind of leg."""

ONE_SUM = 100
"""Base of a sum that is paid once: 1.00."""

_MOST = 2**62


@dataclass(frozen=True)
class CountedRows:
    """Credits that a component counts, in the order in which they go through its tiers.

    Parameters
    ----------
    row : array
        Row in the credit book.
    rep : array
        Number of the person.
    before, after : array
        Position of the measure before and after the credit, hundredths.
    mirrored : bool
        Whether a result below zero takes back what the same above zero pays.
    """

    row: Ints
    rep: Ints
    before: Ints
    after: Ints
    mirrored: bool


@dataclass(frozen=True)
class Split:
    """Pieces of credits, by tier.

    Parameters
    ----------
    index : array
        Place in the counted rows.
    tier : array
        Tier whose rate it has.
    kind : array
        Number of the kind of leg.
    base : array
        Amount in whole hundredths; the pieces of a credit add up to it.
    exact : array
        The same in parts of a hundredth.
    from_tier : array
        Tier whose rate or sum is taken off: that which it had before.
    """

    index: Ints
    tier: Ints
    kind: Ints
    base: Ints
    exact: Ints
    from_tier: Ints


def _tiers_at(positions: Ints, cuts: Ints, rep: Ints, *, higher: bool) -> Ints:
    """Tier of each position, which is in parts of a hundredth."""
    reached = np.zeros(len(positions), dtype=np.int64)
    for number in range(1, cuts.shape[1]):
        cut = cuts[rep, number]
        reached += positions >= cut if higher else positions > cut
    return reached


def tier_split(rows: CountedRows, table: RateTable, quotas: Ints, settings: PlanSettings) -> Split:
    """Pieces of credits by the tiers that they lie in, and what each one changes below.

    Parameters
    ----------
    rows : CountedRows
        Credits with the position before and after each.
    table : RateTable
        The tiers.
    quotas : array of int64
        Quota of each person.
    settings : PlanSettings
        Settings of the component.

    Returns
    -------
    Split

    Raises
    ------
    InputError
        A result lies above the end of a closed table.
    """
    parts = table.parts
    bound = max((int(np.abs(side).max(initial=0)) for side in (rows.before, rows.after)), default=0)
    if bound * parts >= _MOST:
        raise InputError("the amounts are too large for the tiers of the plan")
    different, place = np.unique(np.maximum(quotas, 0), return_inverse=True)
    of_each = np.array([table.cuts(int(quota)) for quota in different], dtype=np.int64)
    cuts = of_each.reshape(len(different), len(table.starts))[place]
    before, after = rows.before * parts, rows.after * parts
    size = np.abs if rows.mirrored else np.positive
    reached = _tiers_at(size(after), cuts, rows.rep, higher=table.higher)
    left = _tiers_at(size(before), cuts, rows.rep, higher=table.higher)
    _check_end(rows, table, quotas, size(after))
    if table.unsplit:
        tier = reached if settings.crossing_credit == "reached" else left
        index = np.arange(len(rows.row))
        none = np.zeros(len(index), dtype=np.int64)
        return Split(index, tier, none, rows.after - rows.before, after - before, tier)
    pieces = [_own(rows, table, cuts, reached)]
    if any(table.retroactive):
        pieces.append(_re_rated(rows, table, cuts, reached, left))
    if any(table.sums):
        pieces.append(_reached(rows, table, reached, left))
    return _joined(pieces)


def _joined(pieces: list[Split]) -> Split:
    if len(pieces) == 1:
        return pieces[0]
    names = pieces[0].__dict__
    joined = Split(**{n: np.concatenate([getattr(p, n) for p in pieces]) for n in names})
    order = np.lexsort((joined.kind, joined.index))
    return Split(**{name: values[order] for name, values in joined.__dict__.items()})


def _check_end(rows: CountedRows, table: RateTable, quotas: Ints, after: Ints) -> None:
    if table.end is None or not len(after):
        return
    ends = [table.end * (int(quota) if table.in_quota else 1) for quota in quotas]
    limits = np.array([int(end * table.parts) for end in ends], dtype=np.int64)
    beyond = after > limits[rows.rep]
    if beyond.any():
        place = int(np.argmax(beyond))
        result = Fraction(int(after[place]), table.parts)
        raise InputError(above_end(result, ends[int(rows.rep[place])]))


def _inside(
    positions: Ints, table: RateTable, edges: Ints, rep: Ints, tier: int, *, mirrored: bool
) -> tuple[Ints, Ints]:
    """What of each position lies in a tier: exactly, and in whole hundredths."""
    size = np.abs(positions) if mirrored else positions
    parts, first = table.parts, tier == 0
    low = np.int64(0) if first else edges[rep, tier]
    if not first:
        size = np.maximum(size, low)
    if tier + 1 < edges.shape[1]:
        size = np.minimum(size, edges[rep, tier + 1])
    exact = size - low
    whole = exact if parts == 1 else size // parts - low // parts
    if not mirrored:
        return exact, whole
    sign = np.sign(positions)
    return sign * exact, sign * whole


def _own(rows: CountedRows, table: RateTable, cuts: Ints, reached: Ints) -> Split:
    """Each credit's own amount, by the tiers that it lies in."""
    count, parts, tiers = len(rows.row), table.parts, len(table.starts)
    if tiers == 1:
        amount = rows.after - rows.before
        none = np.zeros(count, dtype=np.int64)
        return Split(np.arange(count), none, none, amount, amount * parts, none)
    exact = np.zeros((count, tiers), dtype=np.int64)
    base = exact if parts == 1 else np.zeros((count, tiers), dtype=np.int64)
    back, everyone = np.array(table.back)[reached], np.arange(count)
    before, after = rows.before * parts, rows.after * parts
    for tier in range(tiers):
        new, new_whole = _inside(after, table, cuts, rows.rep, tier, mirrored=rows.mirrored)
        old, old_whole = _inside(before, table, cuts, rows.rep, tier, mirrored=rows.mirrored)
        at = np.maximum(tier, back)
        exact[everyone, at] += new - old
        if parts > 1:
            base[everyone, at] += new_whole - old_whole
    lies_in = exact != 0
    # A credit of nothing still has its line, at the tier where it stands.
    idle = ~lies_in.any(axis=1)
    lies_in[idle, reached[idle]] = True
    index, tier_of = np.nonzero(lies_in)
    kind = np.full(len(index), KIND["credit"], dtype=np.int64)
    return Split(index, tier_of, kind, base[index, tier_of], exact[index, tier_of], tier_of)


def _re_rated(rows: CountedRows, table: RateTable, cuts: Ints, reached: Ints, left: Ints) -> Split:
    """What lies below a credit that reached, or fell from, a tier that pays all below."""
    back = np.array(table.back)
    changed = np.flatnonzero(back[reached] != back[left])
    before, rep = rows.before[changed] * table.parts, rows.rep[changed]
    pieces = []
    for tier in range(len(table.starts)):
        new = np.maximum(tier, back[reached[changed]])
        old = np.maximum(tier, back[left[changed]])
        exact, base = _inside(before, table, cuts, rep, tier, mirrored=rows.mirrored)
        kept = (new != old) & (exact != 0)
        kind = np.full(int(kept.sum()), KIND["re-rated"], dtype=np.int64)
        pieces.append(Split(changed[kept], new[kept], kind, base[kept], exact[kept], old[kept]))
    return _joined(pieces)


def _reached(rows: CountedRows, table: RateTable, reached: Ints, left: Ints) -> Split:
    """Sums that are due, and those that are due no longer, for tiers reached or left."""
    due = {total: number for number, total in enumerate(dict.fromkeys(table.sums))}
    number = np.array([due[total] for total in table.sums])
    has_sum = np.array([total != 0 for total in table.sums])
    # No result, no sum: also where the first tier begins at zero.
    signs = [np.sign(side) for side in (rows.after, rows.before)]
    if not rows.mirrored:
        signs = [np.maximum(sign, 0) for sign in signs]
    moved = (number[reached] != number[left]) | (signs[0] != signs[1])
    pieces = []
    for tier, sign, way in ((reached, signs[0], 1), (left, signs[1], -1)):
        index = np.flatnonzero(moved & has_sum[tier] & (sign != 0))
        base = way * sign[index] * ONE_SUM
        kind = np.full(len(index), KIND["reached"], dtype=np.int64)
        pieces.append(Split(index, tier[index], kind, base, base * table.parts, tier[index]))
    return _joined(pieces)
