"""Defects of gates and multipliers: what one measure does to the pay of another."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.measures_followed import judged_measure
from salesops_lib.compensation.plan_components import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_measures import Multiplier

__all__ = ["gate_defects"]

_Location = tuple[str | int, ...]


def gate_defects(plan: Plan) -> Iterator[Found]:
    """Gates that wait on each other or reward a miss, multipliers out of order or falling.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    yield from _waiting(plan)
    for number, component in enumerate(plan.components):
        at: _Location = ("components", number)
        for k, gate in enumerate(component.gates):
            if gate.otherwise > 1:
                yield Found(
                    "falling_pay", (*at, "gates", k, "otherwise"),
                    f"`{component.name}` pays {gate.otherwise} times as much where its gate at "
                    f"{gate.at_least} is missed",
                    "write 1x or less; reward reaching it by a multiplier",
                )  # fmt: skip
        for k, multiplier in enumerate(component.multipliers):
            here = (*at, "multipliers", k)
            yield from _out_of_order(component.name, multiplier, here)
            yield from _falling(component.name, multiplier, here)


def _waiting(plan: Plan) -> Iterator[Found]:
    """Components whose gates ask for each other's measures, in a circle."""
    asks: dict[str, dict[str, _Location]] = {}
    for number, component in enumerate(plan.components):
        if not isinstance(component, Measured):
            continue
        for k, gate in enumerate(component.gates):
            measure = judged_measure(component, gate)
            if gate.otherwise == 0 and measure != component.measure:
                own = asks.setdefault(component.measure, {})
                own.setdefault(measure, ("components", number, "gates", k))
    # What is paid without a gate somewhere waits on nothing.
    free = {
        component.measure
        for component in plan.components
        if isinstance(component, Measured)
        and all(gate.otherwise or judged_measure(component, gate) == component.measure
                for gate in component.gates)
    }  # fmt: skip
    graph = {name: set(needed) for name, needed in asks.items() if name not in free}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        # Each of the circle stands before the one that asks for it.
        waits, on = circle[1], circle[0]
        names = " and ".join(f"`{name}`" for name in sorted(set(circle)))
        yield Found(
            "waiting_gates", asks[waits][on],
            f"the gates of what is paid on {names} wait on each other",
            "take one of the gates away, or let it pay a part: `otherwise: 0.5x`",
        )  # fmt: skip


def _out_of_order(name: str, multiplier: Multiplier, at: _Location) -> Iterator[Found]:
    for k, (low, high) in enumerate(pairwise(multiplier.tiers)):
        place = (*at, "tiers", k + 1, "from")
        if low.from_.is_percent != high.from_.is_percent:
            yield Found(
                "multiplier_tiers", place,
                f"the multiplier of `{name}` by `{multiplier.measure}` mixes percent and amounts",
                f"write {high.from_} as {low.from_} is written",
            )  # fmt: skip
        elif high.from_.number <= low.from_.number:
            yield Found(
                "multiplier_tiers", place,
                f"in the multiplier of `{name}` by `{multiplier.measure}` {high.from_} comes "
                f"after {low.from_}",
                "put the tiers in order, from low to high",
            )  # fmt: skip
        elif low.to and low.to.number > high.from_.number:
            yield Found(
                "tier_overlap", (*at, "tiers", k, "to"),
                f"from {high.from_} to {low.to} two tiers of the multiplier of `{name}` by "
                f"`{multiplier.measure}` hold",
                f"end the tier at {high.from_}, or leave its `to` out",
            )  # fmt: skip


def _falling(name: str, multiplier: Multiplier, at: _Location) -> Iterator[Found]:
    """Factors that fall, the 1 below, between and above the tiers included."""
    tiers = multiplier.tiers
    factors: list[tuple[object, object, int]] = []
    before = 1 if tiers[0].from_.number > 0 else None
    for k, tier in enumerate(tiers):
        if before is not None and tier.times < before:
            factors.append((tier.from_, tier.times, k))
        before = tier.times  # type: ignore[assignment]
        following = tiers[k + 1] if k + 1 < len(tiers) else None
        if tier.to and (following is None or tier.to.number < following.from_.number):
            if tier.times > 1:
                factors.append((tier.to, 1, k))
            before = 1
    for level, factor, k in factors:
        yield Found(
            "falling_pay", (*at, "tiers", k),
            f"at {level} of `{multiplier.measure}` the factor of `{name}` falls to {factor}",
            "let factors rise with the result; a last tier without `to` holds on",
        )  # fmt: skip
