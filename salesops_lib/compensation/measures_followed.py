"""What a plan's people are held to: measures against a quota, results that are handed in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from salesops_lib.compensation.plan_components import (
    MBO,
    Curve,
    Flat,
    GoalMatrix,
    Measured,
    Tiered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component, Paying
    from salesops_lib.compensation.plan_measures import Gate
    from salesops_lib.compensation.plan_people import PlanGroup

__all__ = [
    "components_of",
    "followed_measures",
    "judged_measure",
    "measures_of",
    "quota_measures",
    "roles_of",
    "usual_results",
]

_Location = tuple["str | int", ...]


def components_of(plan: Plan, role: str) -> list[tuple[int, Component]]:
    """Components that pay a role, with their places in the plan."""
    return [
        (number, component)
        for number, component in enumerate(plan.components)
        if not component.roles or role in component.roles
    ]


def roles_of(plan: Plan, group: PlanGroup) -> list[str]:
    """Roles that a group's people may have, as far as components tell them apart."""
    if group.role is not None:
        return [group.role]
    named = {role for component in plan.components for role in component.roles}
    return sorted(named - {other.role for other in plan.people}) or [""]


def judged_measure(component: Paying, gate: Gate) -> str:
    """Measure that a gate judges; empty where there is none."""
    return gate.measure or (component.measure if isinstance(component, Measured) else "")


def measures_of(component: Component) -> Iterator[tuple[_Location, str]]:
    """Measures that a component uses, with the keys below it that name them."""
    if isinstance(component, Measured):
        yield ("measure",), component.measure
    if isinstance(component, GoalMatrix):
        yield ("rows",), component.rows
        yield ("columns",), component.columns
    if isinstance(component, MBO):
        for number, objective in enumerate(component.objectives):
            yield ("objectives", number, "measure"), objective.measure
    for number, gate in enumerate(component.gates):
        if gate.measure:
            yield ("gates", number, "measure"), gate.measure
    for number, multiplier in enumerate(component.multipliers):
        yield ("multipliers", number, "measure"), multiplier.measure


def quota_measures(plan: Plan, component: Component) -> Iterator[tuple[_Location, str]]:
    """Measures that a component holds against a quota, with the keys that do so."""
    if isinstance(component, Measured) and _by_quota(component):
        yield ("measure",), component.measure
    if isinstance(component, GoalMatrix):
        for key, levels in (("rows", "row_levels"), ("columns", "column_levels")):
            if getattr(component, levels)[0].is_percent:
                yield from _credited(plan, (key,), getattr(component, key))
    for number, gate in enumerate(component.gates):
        if gate.at_least.is_percent:
            yield from _credited(plan, ("gates", number), judged_measure(component, gate))
    for number, multiplier in enumerate(component.multipliers):
        if multiplier.tiers[0].from_.is_percent:
            yield from _credited(plan, ("multipliers", number), multiplier.measure)


def _credited(plan: Plan, at: _Location, measure: str) -> Iterator[tuple[_Location, str]]:
    if plan.measures[measure].of != "result":
        yield at, measure


def _by_quota(component: Measured) -> bool:
    match component:
        case Flat():
            return component.times is not None
        case Tiered():
            tier = component.tiers[0]
            return tier.from_.is_percent or tier.times is not None
        case Curve():
            return component.points[0].at.is_percent
    return False


def followed_measures(plan: Plan, role: str) -> list[str]:
    """Measures that a role is held to a quota for, and that of its first commission.

    Parameters
    ----------
    plan : Plan
        The plan.
    role : str
        A role that it pays.

    Returns
    -------
    list of str
        In the order of the components.
    """
    found: dict[str, None] = {}
    for _, component in components_of(plan, role):
        if isinstance(component, Measured) and not found:
            found[component.measure] = None
        found |= dict.fromkeys(name for _, name in quota_measures(plan, component))
    return list(found)


def usual_results(plan: Plan, role: str) -> dict[str, Decimal]:
    """Handed-in results at which the plan pays its target, as far as it says so.

    Objectives are met; else of all values at which something changes the lowest that
    meets the gates, leaves pay as it is, and pays a goal matrix' target at quota.

    Parameters
    ----------
    plan : Plan
        The plan.
    role : str
        A role that it pays.

    Returns
    -------
    dict of Decimal
        By measure of results.
    """
    chosen: dict[str, Decimal] = {}
    for name, measure in plan.measures.items():
        if measure.of == "result":
            uses = [component for _, component in components_of(plan, role)]
            values = sorted({Decimal(0), Decimal(1), *_levels(uses, name)})
            chosen[name] = max(values, key=lambda value: (_fit(uses, name, value), -value))
    return chosen


def _levels(components: list[Component], name: str) -> Iterator[Decimal]:
    for component in components:
        if isinstance(component, GoalMatrix):
            levels = []
            levels += component.row_levels if component.rows == name else []
            levels += component.column_levels if component.columns == name else []
            yield from (level.number for level in levels)
        yield from (gate.at_least.number for gate in component.gates if gate.measure == name)
        for multiplier in component.multipliers:
            if multiplier.measure == name:
                for tier in multiplier.tiers:
                    yield from (level.number for level in (tier.from_, tier.to) if level)


def _fit(components: list[Component], name: str, value: Decimal) -> int:
    """How many of the components pay what they should at a value."""
    fits = 0
    for component in components:
        if isinstance(component, MBO):
            fits += any(o.measure == name and value == 1 for o in component.objectives)
        if isinstance(component, GoalMatrix):
            fits += _pays_target(component, name, value)
        fits += sum(g.measure == name and value >= g.at_least.number for g in component.gates)
        for multiplier in component.multipliers:
            if multiplier.measure == name:
                held = [
                    tier.times
                    for tier in multiplier.tiers
                    if tier.from_.number <= value and not (tier.to and value >= tier.to.number)
                ]
                fits += not held or held[-1] == 1
    return fits


def _pays_target(component: GoalMatrix, name: str, value: Decimal) -> bool:
    if name not in {component.rows, component.columns}:
        return False
    along = component.row_levels if name == component.rows else component.column_levels
    other = component.column_levels if name == component.rows else component.row_levels
    here = sum(level.number <= value for level in along) - 1
    at_quota = sum(level.number <= 1 for level in other) - 1
    if here < 0 or at_quota < 0:
        return False
    row, column = (here, at_quota) if name == component.rows else (at_quota, here)
    cell = component.pays[row][column]
    return cell.is_percent and Fraction(cell.number) == 1
