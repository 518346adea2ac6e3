"""Legs of components that pay credit by credit: which part of a credit earned what rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.quota_book import NO_QUOTA
from salesops_lib.compensation.rate_tables import rate_table
from salesops_lib.compensation.ratios import running
from salesops_lib.compensation.tier_splits import KIND, ONE_SUM, CountedRows, tier_split
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan_components import Measured
    from salesops_lib.compensation.plan_settings import PlanSettings
    from salesops_lib.compensation.rate_tables import RateTable
    from salesops_lib.compensation.ratios import Ints, Marks
    from salesops_lib.compensation.standings import Standings
    from salesops_lib.compensation.tier_splits import Split
    from salesops_lib.compensation.windows import Window

__all__ = ["Legs", "credit_legs", "whole_numbers"]

_MOST = 2**62


@dataclass(frozen=True)
class Legs:
    """Lines of one component's trace before they are rounded, one array a column.

    Parameters
    ----------
    rep : array
        Number of the person.
    row : array
        Row of the credit in the book; -1: none.
    kind, tier : array
        Number of the kind; tier from 0, -1: none.
    before, after : array
        Position of the measure, hundredths.
    quota : array
        Quota; -1: none.
    base : array
        What the rate is applied to, whole hundredths.
    exact : array
        The same in 1 ÷ `parts` hundredths.
    rate_num, rate_den, factor_num, factor_den : array
        Rate, and multiple of gates and multipliers. A person's legs share denominators.
    parts : int
        In how many parts a hundredth is cut.
    """

    rep: Ints
    row: Ints
    kind: Ints
    tier: Ints
    before: Ints
    after: Ints
    quota: Ints
    base: Ints
    exact: Ints
    rate_num: Ints
    rate_den: Ints
    factor_num: Ints
    factor_den: Ints
    parts: int = 1

    def __len__(self) -> int:
        return len(self.rep)


def credit_legs(component: Measured, standings: Standings) -> Legs:
    """Legs of one component in one pay period, by person and credit.

    Parameters
    ----------
    component : Measured
        The component.
    standings : Standings
        The people, credits and quotas.

    Returns
    -------
    Legs

    Raises
    ------
    InputError
        A quota or a pay at target that it needs is missing, or a result lies above the
        end of a closed table.
    """
    settings = standings.plan.settings.overridden(component.settings)
    table = rate_table(component, settings)
    window = standings.window(component)
    rows = _rows(component, standings, settings, window)
    involved = np.zeros(len(standings.people), dtype=bool)
    involved[rows.rep] = True
    if table.needs_quota:
        quotas = standings.needed_quotas(component.measure, window, involved)
    else:
        quotas = standings.quotas.of(component.measure, window)
    targets = standings.targets(component, window)
    _check_targets(component, standings, table, targets, involved)
    split = tier_split(rows, table, quotas, settings)
    legs = _priced(split, rows, table, _rates(table, quotas, targets), quotas)
    return _factored(legs, component, standings)


def whole_numbers(values: list[int]) -> Ints:
    """Whole numbers as a column; an error where one is too large for exact pay."""
    if any(abs(value) >= _MOST for value in values):
        raise InputError(
            "the plan's rates, quotas and targets together are too fine to be paid exactly: "
            "round rates to fewer decimals"
        )
    return np.array(values, dtype=np.int64)


def _rows(
    component: Measured, standings: Standings, settings: PlanSettings, window: Window
) -> CountedRows:
    """Credits that a component counts, with the position before and after each."""
    book = standings.book
    chosen, values = book.counted(component.measure, standings.plan.measures[component.measure])
    start = max(window.start, component.from_ or window.start)
    end = min(window.end, component.to or window.end)
    chosen = chosen & book.within(start, end) & standings.paid_here(component)[book.rep]
    row = np.flatnonzero(chosen)
    rep = book.rep[row]
    if settings.applied == "grouped":
        group = book.groups(settings.group_by)[row]
        order = np.lexsort((row, group, rep))
        row, rep, group = row[order], rep[order], group[order]
        starts = (np.diff(rep, prepend=-1) != 0) | (np.diff(group, prepend=0) != 0)
    elif settings.applied == "per_transaction":
        starts = np.ones(len(row), dtype=bool)
    else:
        starts = np.diff(rep, prepend=-1) != 0
    before, after = running(values[row], starts)
    return CountedRows(row, rep, before, after, mirrored=settings.applied != "running")


def _check_targets(
    component: Measured,
    standings: Standings,
    table: RateTable,
    targets: list[Fraction],
    involved: Marks,
) -> None:
    if not table.needs_target:
        return
    for number in np.flatnonzero(involved):
        if targets[number] <= 0:
            rep = standings.people["rep_id"].iloc[number]
            raise InputError(
                f"`{component.name}` pays a part of the pay at target, but `{rep}` has none: "
                "give `ote` and `pay_mix`"
            )


@dataclass(frozen=True)
class _Rates:
    """Numerators of each person's rates and sums, by tier, over one denominator each."""

    rates: Ints
    sums: Ints
    denominator: Ints


def _rates(table: RateTable, quotas: Ints, targets: list[Fraction]) -> _Rates:
    sums = table.sums or (Fraction(0),) * len(table.rates)
    rates_of, sums_of, per = [], [], []
    known: dict[tuple[int, int, int], tuple[list[int], list[int], int]] = {}
    for quota, target in zip(quotas.tolist(), targets, strict=True):
        # Many people share quota and target; ratios are slow to make and to compare.
        key = quota, target.numerator, target.denominator
        if key not in known:
            pay = target if table.of_target else Fraction(1)
            scale = pay / quota if table.per_quota and quota > 0 else pay
            worth = (target if table.sums_of_target else Fraction(1)) / ONE_SUM
            rates = [rate * scale for rate in table.rates]
            paid = [total * worth for total in sums]
            common = lcm(*(number.denominator for number in (*rates, *paid)))
            known[key] = (
                [int(rate * common) for rate in rates],
                [int(total * common) for total in paid],
                common,
            )
        own, once, common = known[key]
        rates_of += own
        sums_of += once
        per.append(common)
    shape = (len(per), len(table.rates))
    return _Rates(
        whole_numbers(rates_of).reshape(shape),
        whole_numbers(sums_of).reshape(shape),
        whole_numbers(per),
    )


def _priced(split: Split, rows: CountedRows, table: RateTable, rates: _Rates, quotas: Ints) -> Legs:
    rep = rows.rep[split.index]
    rate = rates.rates[rep, split.tier]
    re_rated = split.kind == KIND["re-rated"]
    if re_rated.any():
        rate[re_rated] -= rates.rates[rep[re_rated], split.from_tier[re_rated]]
    reached = split.kind == KIND["reached"]
    if reached.any():
        rate[reached] = rates.sums[rep[reached], split.tier[reached]]
    one = np.ones(len(rep), dtype=np.int64)
    return Legs(
        rep=rep,
        row=rows.row[split.index],
        kind=split.kind,
        tier=split.tier,
        before=rows.before[split.index],
        after=rows.after[split.index],
        quota=np.where(quotas[rep] > 0, quotas[rep], NO_QUOTA),
        base=split.base,
        exact=split.exact,
        rate_num=rate,
        rate_den=rates.denominator[rep],
        factor_num=one,
        factor_den=one,
        parts=table.parts,
    )


def _factored(legs: Legs, component: Measured, standings: Standings) -> Legs:
    """The legs with their gates and multipliers."""
    if not component.gates and not component.multipliers:
        return legs
    of_rep = standings.factors(component)
    factors = list(dict.fromkeys(of_rep))
    place = {factor: number for number, factor in enumerate(factors)}
    codes = np.array([place[factor] for factor in of_rep])[legs.rep]
    for gate in component.gates:
        if not standings.judged_at_end(component, gate):
            met = standings.met_by_credit(component, gate)[legs.row]
            codes = codes * 2 + met
            missed = Fraction(gate.otherwise)
            factors = [part for factor in factors for part in (factor * missed, factor)]
    common = lcm(*(factor.denominator for factor in factors))
    numerators = whole_numbers([int(factor * common) for factor in factors])
    return replace(legs, factor_num=numerators[codes], factor_den=np.full(len(legs), common))
