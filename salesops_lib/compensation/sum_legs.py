"""Legs of components that pay a sum by results as a whole: bonuses, matrices, objectives."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.credit_legs import Legs, whole_numbers
from salesops_lib.compensation.plan_components import MBO, Bonus, GoalMatrix
from salesops_lib.compensation.quota_book import NO_QUOTA
from salesops_lib.compensation.standings import level_of
from salesops_lib.compensation.tier_splits import KIND, ONE_SUM
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan_components import Paying
    from salesops_lib.compensation.plan_levels import Level
    from salesops_lib.compensation.ratios import Marks
    from salesops_lib.compensation.standings import Standings
    from salesops_lib.compensation.windows import Window

__all__ = ["level_cents", "objective_cents", "sum_legs"]


def sum_legs(component: Paying, standings: Standings) -> Legs:
    """One leg a person: the sum that the component pays, times its gates and multipliers.

    Parameters
    ----------
    component : Paying
        A bonus, goal matrix or MBO.
    standings : Standings
        The people and their results.

    Returns
    -------
    Legs

    Raises
    ------
    InputError
        A result, quota or pay at target that it needs is missing.
    """
    window = standings.window(component)
    who = np.flatnonzero(standings.paid_here(component))
    sums = _sums(component, standings, window)
    factors = standings.factors(component)
    exact = [(sums[number] / ONE_SUM, factors[number]) for number in who]
    count = len(who)
    none = np.full(count, -1, dtype=np.int64)
    common = lcm(*(factor.denominator for _, factor in exact))
    return Legs(
        rep=who.astype(np.int64),
        row=none,
        kind=np.full(count, KIND["target"], dtype=np.int64),
        tier=none,
        before=np.zeros(count, dtype=np.int64),
        after=np.zeros(count, dtype=np.int64),
        quota=np.full(count, NO_QUOTA, dtype=np.int64),
        base=np.full(count, ONE_SUM, dtype=np.int64),
        exact=np.full(count, ONE_SUM, dtype=np.int64),
        rate_num=whole_numbers([rate.numerator for rate, _ in exact]),
        rate_den=whole_numbers([rate.denominator for rate, _ in exact]),
        factor_num=whole_numbers([int(factor * common) for _, factor in exact]),
        factor_den=np.full(count, common, dtype=np.int64),
    )


def level_cents(
    level: Level, component: Paying, standings: Standings, window: Window
) -> list[Fraction]:
    """An amount, or a percentage of each person's pay at target, in exact cents.

    Raises
    ------
    InputError
        It is a percentage, and somebody whom the component pays has no pay at target.
    """
    if not level.is_percent:
        return [level.hundredths] * len(standings.people)
    targets = standings.targets(component, window)
    for number in np.flatnonzero(standings.paid_here(component)):
        if targets[number] <= 0:
            rep = standings.people["rep_id"].iloc[number]
            raise InputError(
                f"`{component.name}` pays a part of the pay at target, but `{rep}` has none: "
                "give `ote` and `pay_mix`"
            )
    return [level.exact * target for target in targets]


def _sums(component: Paying, standings: Standings, window: Window) -> list[Fraction]:
    match component:
        case Bonus():
            return level_cents(component.pays, component, standings, window)
        case GoalMatrix():
            return _by_matrix(component, standings, window)
        case MBO():
            return objective_cents(component, standings, window, standings.paid_here(component))
    raise TypeError(f"{type(component).__name__} pays no sum by results")


def _by_matrix(component: GoalMatrix, standings: Standings, window: Window) -> list[Fraction]:
    higher = standings.plan.settings.overridden(component.settings).boundary == "higher"
    places = []
    for measure, levels in (
        (component.rows, component.row_levels),
        (component.columns, component.column_levels),
    ):
        values = standings.attained(component, measure, window, percent=levels[0].is_percent)
        places.append([level_of(levels, value, higher=higher) for value in values])
    cells = {
        (row, column): level_cents(level, component, standings, window)
        for row, line in enumerate(component.pays)
        for column, level in enumerate(line)
    }
    # Below the first row or column nothing is paid.
    nothing = [Fraction(0)] * len(standings.people)
    where = enumerate(zip(*places, strict=True))
    return [cells.get(place, nothing)[number] for number, place in where]


def objective_cents(
    component: MBO, standings: Standings, window: Window, who: Marks
) -> list[Fraction]:
    """What the objectives of each person pay: target × Σ weight × score, in cents.

    Parameters
    ----------
    component : MBO
        The objectives.
    standings : Standings
        Whose scores were handed in.
    window : Window
        What the target is for.
    who : array of bool
        Who must have a score.

    Returns
    -------
    list of Fraction

    Raises
    ------
    InputError
        The weights are not 100 % together, or a score is missing.
    """
    weights = sum(Fraction(objective.weight) for objective in component.objectives)
    if weights != 1:
        raise InputError(
            f"the objectives of `{component.name}` weigh {float(weights):.2%} together, not 100 %"
        )
    scores = [Fraction(0)] * len(standings.people)
    for objective in component.objectives:
        values = standings.handed_in(objective.measure, who)
        weight = Fraction(objective.weight)
        scores = [score + weight * value for score, value in zip(scores, values, strict=True)]
    targets = standings.targets(component, window)
    return [target * score for target, score in zip(targets, scores, strict=True)]
