"""Leverage points of a plan: attainments at which what the next deal pays changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from salesops_lib.compensation.lint_tiers import start_keys, table_of, written_level
from salesops_lib.compensation.measures_followed import components_of, judged_measure, roles_of
from salesops_lib.compensation.plan_components import GoalMatrix, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component
    from salesops_lib.compensation.plan_levels import Level
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.compensation.rate_tables import RateTable

__all__ = ["Change", "LeveragePoint", "leverage_points"]

Change = Literal["threshold", "step", "accelerator", "decelerator", "cap", "top", "quota"]
"""What changes at a point: pay begins; a sum is reached; the next deal pays more, or less; a cap
takes the rest; nothing more is paid; the quota itself."""

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_Location = tuple[str | int, ...]


@dataclass(frozen=True)
class LeveragePoint:
    """One attainment at which pay changes.

    Parameters
    ----------
    attainment : Fraction
        Share of the quota.
    change : str
        What changes there.
    component : str
        Name of the component; empty for the quota.
    at : tuple
        Keys of the plan that say so.
    written : str
        The level as the file has it: ``80%``, or an amount.
    """

    attainment: Fraction
    change: Change
    component: str
    at: _Location
    written: str

    @property
    def by_quota(self) -> bool:
        """Whether it moves with the quota, as a percentage does."""
        return self.written.endswith("%")


def leverage_points(
    plan: Plan, group: PlanGroup, quotas: Mapping[str, int], months: int
) -> list[LeveragePoint]:
    """Leverage points of one group's pay, by attainment.

    Parameters
    ----------
    plan : Plan
        The plan.
    group : PlanGroup
        Which of its people.
    quotas : dict of int
        Quota of each measure that counts, in hundredths, for some months.
    months : int
        How many months they are for.

    Returns
    -------
    list of LeveragePoint
        The quota, and what lies above zero.
    """
    found = [LeveragePoint(Fraction(1), "quota", "", (), "100%")]
    for number, component in components_of(plan, roles_of(plan, group)[0]):
        settings = plan.settings_of(component)
        span = settings.measured_over
        window = _MONTHS[plan.pay_period if span == "period" else span]
        shares = {name: Fraction(quota * window, months) for name, quota in quotas.items()}
        target = Fraction(group.variable_cents * window, 12) * Fraction(component.weight)
        at: _Location = ("components", number)
        found += _of_rates(plan, component, shares, target, at)
        found += _of_conditions(component, shares, at)
    above = {(p.attainment, p.change, p.component): p for p in found if p.attainment > 0}
    return sorted(above.values(), key=lambda point: (point.attainment, point.change))


def _of_rates(
    plan: Plan,
    component: Component,
    quotas: Mapping[str, Fraction],
    target: Fraction,
    at: _Location,
) -> Iterator[LeveragePoint]:
    if not isinstance(component, Measured) or not (quota := quotas.get(component.measure)):
        return
    table = table_of(plan, component)
    if table is None:
        return
    scale = Fraction(1) if table.in_quota else quota
    keys = start_keys(component, table)
    for place in range(1, len(table.starts)):
        change = _change(table, place)
        if change is not None:
            where = table.starts[place] / scale
            written = written_level(table, table.starts[place])
            yield LeveragePoint(where, change, component.name, (*at, *keys[place]), written)
    if component.cap is not None:
        cap = component.cap.exact * target if component.cap.is_percent else component.cap.hundredths
        reached = _reaches(table, cap, quota, target)
        if reached is not None:
            where, written = reached / quota, str(component.cap)
            yield LeveragePoint(where, "cap", component.name, (*at, "cap"), written)


def _change(table: RateTable, place: int) -> Change | None:
    """What changes where a tier of a table begins."""
    start, before, after = table.starts[place], table.rates[place - 1], table.rates[place]
    sums = table.sums or (Fraction(0),) * len(table.starts)
    nothing_below = not any(table.rates[:place]) and not any(sums[:place])
    jumps = sums[place] != sums[place - 1] or (
        bool(table.retroactive) and table.retroactive[place] and start > 0 and before != after
    )
    if nothing_below and (jumps or after):
        return "threshold"
    if jumps:
        return "step"
    if after == before:
        return None
    if after == 0:
        return "top"
    return "accelerator" if after > before else "decelerator"


def _reaches(table: RateTable, cap: Fraction, quota: Fraction, target: Fraction) -> Fraction | None:
    """Least result, in hundredths, that earns an amount; None where none does."""
    open_table = replace(table, end=None, higher=True)
    scale = quota if table.in_quota else Fraction(1)
    whole = int(quota)
    for place, start in enumerate(table.starts):
        low = start * scale
        here = open_table.earned(low, whole, target)
        if here >= cap:
            return low
        last = place == len(table.starts) - 1
        high = low + quota * 100 if last else table.starts[place + 1] * scale
        top = replace(open_table, higher=False).earned(high, whole, target)
        if top >= cap:
            return low + (high - low) * (cap - here) / (top - here)
    return None


def _of_conditions(
    component: Component, quotas: Mapping[str, Fraction], at: _Location
) -> Iterator[LeveragePoint]:
    """Points of gates, multipliers and goal matrices, where they judge what has a quota."""
    for measure, level, change, keys in _conditions(component):
        if measure in quotas:
            where = level.exact if level.is_percent else level.hundredths / quotas[measure]
            yield LeveragePoint(where, change, component.name, (*at, *keys), str(level))


def _conditions(component: Component) -> Iterator[tuple[str, Level, Change, _Location]]:
    """Measure, level, what changes there, and the keys below the component."""
    for k, gate in enumerate(component.gates):
        yield judged_measure(component, gate), gate.at_least, "threshold", ("gates", k)
    for k, multiplier in enumerate(component.multipliers):
        for j, tier in enumerate(multiplier.tiers):
            for level in (tier.from_, tier.to):
                if level is not None:
                    yield multiplier.measure, level, "step", ("multipliers", k, "tiers", j)
    if isinstance(component, GoalMatrix):
        for key, measure in (("row_levels", component.rows), ("column_levels", component.columns)):
            for j, level in enumerate(getattr(component, key)):
                yield measure, level, "step" if j else "threshold", (key, j)
