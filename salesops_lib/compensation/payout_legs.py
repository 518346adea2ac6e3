"""Legs rounded to whole cents: payouts, caps, what was paid before, and their frame."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.credit_legs import Legs, credit_legs
from salesops_lib.compensation.plan_components import Measured
from salesops_lib.compensation.quota_book import NO_QUOTA
from salesops_lib.compensation.ratios import group_sums, multiplied, running, shared_out
from salesops_lib.compensation.sum_legs import level_cents, sum_legs
from salesops_lib.compensation.tier_splits import KIND
from salesops_lib.compensation.trace import LEG_KINDS
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan_components import Paying
    from salesops_lib.compensation.plan_settings import PlanSettings
    from salesops_lib.compensation.ratios import Ints, Marks
    from salesops_lib.compensation.standings import Standings

__all__ = ["PaidLegs", "one_line_each", "paid_legs", "trace_frame"]

_MOST = 2**62


@dataclass(frozen=True)
class PaidLegs:
    """Lines of one component with what each one pays.

    Parameters
    ----------
    component : str
        Its name.
    legs : Legs
        The lines, by person.
    payout : array
        Whole cents of each line.
    pays : array of bool
        Whom the component is for.
    """

    component: str
    legs: Legs
    payout: Ints
    pays: Marks

    def totals(self, people: int) -> Ints:
        """Payout of each person in cents."""
        return group_sums(self.payout, self.legs.rep, people)


def paid_legs(component: Paying, standings: Standings, paid_before: Ints) -> PaidLegs:
    """Lines of a component, rounded, capped, and less what was paid before.

    Parameters
    ----------
    component : Paying
        Any but a guarantee.
    standings : Standings
        The people, credits and quotas.
    paid_before : array
        What earlier periods of its window have paid each person, in cents.

    Returns
    -------
    PaidLegs

    Raises
    ------
    InputError
        Something that it needs is missing.
    """
    settings = standings.plan.settings.overridden(component.settings)
    if isinstance(component, Measured):
        legs = credit_legs(component, standings)
    else:
        legs = sum_legs(component, standings)
    payout = _rounded(legs, settings)
    if component.cap is not None:
        legs, payout = _capped(legs, payout, component, standings)
    who = np.flatnonzero(paid_before)
    if len(who):
        extra = one_line_each(who, -paid_before[who], "paid before")
        legs, payout = _with_lines(legs, payout, extra, -paid_before[who])
    return PaidLegs(component.name, legs, payout, standings.paid_here(component))


def one_line_each(rep: Ints, cents: Ints, kind: str) -> Legs:
    """Lines of whole cents that no credit earned, one a person."""
    count = len(rep)
    none, zero = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    one = np.ones(count, dtype=np.int64)
    return Legs(
        rep=rep.astype(np.int64),
        row=none,
        kind=np.full(count, KIND[kind], dtype=np.int64),
        tier=none,
        before=zero,
        after=zero,
        quota=np.full(count, NO_QUOTA, dtype=np.int64),
        base=cents,
        exact=cents,
        rate_num=one,
        rate_den=one,
        factor_num=one,
        factor_den=one,
    )


def trace_frame(parts: list[PaidLegs], standings: Standings) -> pd.DataFrame:
    """All lines as the frame that `Earnings.legs` describes.

    Parameters
    ----------
    parts : list of PaidLegs
        One a component.
    standings : Standings
        Names of the people, and the credits.

    Returns
    -------
    DataFrame
    """
    names = [part.component for part in parts]
    sizes = [len(part.legs) for part in parts]
    row = _column(parts, "row")
    numbers = {
        "position_before_cents": _column(parts, "before"),
        "position_after_cents": _column(parts, "after"),
        "quota_cents": _column(parts, "quota"),
        "tier": _column(parts, "tier").astype(np.int16),
        "base_cents": _column(parts, "base"),
        "base_num": _column(parts, "exact"),
        "base_den": np.repeat([part.legs.parts for part in parts], sizes).astype(np.int64),
        "rate_num": _column(parts, "rate_num"),
        "rate_den": _column(parts, "rate_den"),
        "factor_num": _column(parts, "factor_num"),
        "factor_den": _column(parts, "factor_den"),
        "payout_cents": _joined([part.payout for part in parts]),
    }
    people = pd.Index(standings.people["rep_id"])
    credits_of = standings.book.frame
    labels = {
        "rep_id": pd.Categorical.from_codes(_column(parts, "rep"), people),
        "component": pd.Categorical.from_codes(
            np.repeat(np.arange(len(parts)), sizes), pd.Index(names, dtype=object)
        ),
        "kind": pd.Categorical.from_codes(_column(parts, "kind"), pd.Index(LEG_KINDS)),
        "credit_id": pd.Categorical.from_codes(row, pd.Index(credits_of["credit_id"])),
        "opportunity_id": _of_credit(credits_of["opportunity_id"], row),
    }
    return pd.DataFrame({**labels, **numbers}, copy=False)


def _of_credit(values: pd.Series, row: Ints) -> pd.Categorical:
    codes, names = pd.factorize(values)
    return pd.Categorical.from_codes(np.append(codes, -1)[row], pd.Index(names))


def _column(parts: list[PaidLegs], name: str) -> Ints:
    return _joined([getattr(part.legs, name) for part in parts])


def _joined(columns: list[Ints]) -> Ints:
    return np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)


def _rounded(legs: Legs, settings: PlanSettings) -> Ints:
    """Whole cents of each line, rounded where the settings say."""
    most_rate, most_factor = (
        int(np.abs(n).max(initial=0)) for n in (legs.rate_num, legs.factor_num)
    )
    per = [int(column.max(initial=1)) for column in (legs.rate_den, legs.factor_den)]
    if most_rate * most_factor >= _MOST or per[0] * per[1] * legs.parts >= _MOST:
        raise InputError(
            "the plan's rates, quotas and targets together are too fine to be paid exactly: "
            "round rates to fewer decimals"
        )
    numerator = legs.rate_num * legs.factor_num
    denominator = legs.rate_den * legs.factor_den * legs.parts
    whole, rest = multiplied(legs.exact, numerator, denominator)
    starts = np.diff(legs.rep, prepend=-1) != 0
    if settings.round_at == "credit":
        starts = starts | (np.diff(legs.row, prepend=-2) != 0)
    elif settings.round_at == "leg":
        starts = np.ones(len(legs), dtype=bool)
    return shared_out(whole, rest, denominator, starts, settings.rounding)


def _capped(legs: Legs, payout: Ints, component: Paying, standings: Standings) -> tuple[Legs, Ints]:
    """Lines that take away what is above a cap, after the credit that is above it."""
    if component.cap is None:
        return legs, payout
    window = standings.window(component)
    caps = level_cents(component.cap, component, standings, window)
    most = np.array([floor(cap) for cap in caps], dtype=np.int64)[legs.rep]
    before, after = running(payout, np.diff(legs.rep, prepend=-1) != 0)
    beyond = np.maximum(after - most, 0) - np.maximum(before - most, 0)
    hit = np.flatnonzero(beyond)
    if not len(hit):
        return legs, payout
    taken = -beyond[hit]
    lines = one_line_each(legs.rep[hit], taken, "cap")
    columns = {field.name: getattr(lines, field.name) for field in fields(Legs)}
    columns |= {name: getattr(legs, name)[hit] for name in ("row", "before", "after", "quota")}
    return _with_lines(legs, payout, Legs(**columns), taken)


def _with_lines(legs: Legs, payout: Ints, lines: Legs, cents: Ints) -> tuple[Legs, Ints]:
    """Legs with more lines, each after those of its person and credit."""
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(legs, field.name), getattr(lines, field.name)])
        for field in fields(Legs)
        if field.name != "parts"
    }
    columns["exact"][len(legs) :] *= legs.parts
    paid = np.concatenate([payout, cents])
    order = np.argsort(columns["rep"], kind="stable")
    ordered = {name: values[order] for name, values in columns.items()}
    return Legs(**ordered, parts=legs.parts), paid[order]
