"""Defects of people, targets and quotas, as far as the plan alone shows them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.measures_followed import (
    components_of,
    measures_of,
    quota_measures,
    roles_of,
)
from salesops_lib.compensation.plan_components import (
    MBO,
    Curve,
    Flat,
    Guarantee,
    Paying,
    Tiered,
)
from salesops_lib.compensation.plan_levels import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component
    from salesops_lib.compensation.plan_people import PlanGroup

__all__ = ["group_name", "paid_by_target", "people_defects", "quota_defects", "share_defects"]

_PLACES = ("role", "team", "region")


def group_name(group: PlanGroup) -> str:
    """A group of people in a few words: ``rep, EMEA``; empty where all fit it."""
    return ", ".join(str(value) for name in _PLACES if (value := getattr(group, name)))


def paid_by_target(component: Component) -> bool:
    """Whether a component pays a part of the pay at target."""
    match component:
        case Flat():
            return component.times is not None
        case Tiered():
            tier = component.tiers[0]
            return tier.times is not None or (tier.pays is not None and tier.pays.is_percent)
        case Curve():
            return component.points[0].pays.is_percent
        case MBO():
            return True
    pays = getattr(component, "pays", getattr(component, "pays_at_least", None))
    if isinstance(pays, Level):
        return pays.is_percent
    return isinstance(pays, list) and pays[0][0].is_percent


def people_defects(plan: Plan) -> Iterator[Found]:
    """Groups that nobody reaches, missing targets, roles that no group has.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    for number, group in enumerate(plan.people):
        above = next((k for k in range(number) if _holds_all(plan.people[k], group)), None)
        if above is not None:
            yield Found(
                "group_never_reached", ("people", number),
                f"everybody of group {number + 1} ({group_name(group) or 'everyone'}) belongs to "
                f"group {above + 1} ({group_name(plan.people[above]) or 'everyone'}) already",
                "put the narrower group first",
            )  # fmt: skip
        needs = next(
            (
                component
                for role in roles_of(plan, group)
                for _, component in components_of(plan, role)
                if paid_by_target(component)
            ),
            None,
        )
        if needs is not None and group.variable_cents == 0:
            yield Found(
                "target_missing", ("people", number),
                f"`{needs.name}` pays a part of the pay at target, which group {number + 1} "
                f"({group_name(group) or 'everyone'}) does not have",
                "give `ote` and a `pay_mix` with variable pay, or write amounts and rates",
            )  # fmt: skip
    known = _roles(plan)
    for number, component in enumerate(plan.components):
        lost = [role for role in component.roles if known is not None and role not in known]
        if lost and len(lost) < len(component.roles):
            yield _role_lost(("components", number, "roles"), component.name, lost[0], known)


def _role_lost(at: tuple[str | int, ...], name: str, role: str, known: set[str] | None) -> Found:
    return Found(
        "dead_component", at,
        f"`{name}` pays the role `{role}`, which no group of the plan has",
        f"write one of: {', '.join(sorted(known or ()))}",
    )  # fmt: skip


def _holds_all(wide: PlanGroup, narrow: PlanGroup) -> bool:
    """Whether everybody of one group fits another one."""
    places = all(getattr(wide, name) in {None, getattr(narrow, name)} for name in _PLACES)
    people = not wide.rep_ids or (bool(narrow.rep_ids) and set(narrow.rep_ids) <= set(wide.rep_ids))
    return places and people


def _roles(plan: Plan) -> set[str] | None:
    """Roles that the plan pays; None where a group takes any."""
    roles = {group.role for group in plan.people}
    return None if None in roles else {role for role in roles if role}


def quota_defects(plan: Plan) -> Iterator[Found]:
    """Quotas without people, people without quotas, and quotas that nothing uses.

    Parameters
    ----------
    plan : Plan
        The plan. A measure of which it has no quota at all has those of the quotas
        table, which only a snapshot shows.

    Yields
    ------
    Found
    """
    roles, ids = _roles(plan), {rep for group in plan.people for rep in group.rep_ids}
    only_ids = all(group.rep_ids for group in plan.people)
    used = {name for part in plan.components for _, name in quota_measures(plan, part)}
    for number, quota in enumerate(plan.quotas):
        lost = [f"role `{role}`" for role in quota.roles if roles is not None and role not in roles]
        lost += [f"`{rep}`" for rep in quota.rep_ids if only_ids and rep not in ids]
        key = "roles" if quota.roles else "rep_ids"
        if lost:
            yield Found(
                "quota_without_people", ("quotas", number, key),
                f"the quota of `{quota.measure}` is for {lost[0]}, whom the plan does not pay",
                "take it away, or add the people",
            )  # fmt: skip
        if quota.measure not in used:
            yield Found(
                "unused_quota", ("quotas", number),
                f"nothing is held against the quota of `{quota.measure}`",
                "take it away, or use `times`, or levels in percent",
            )  # fmt: skip
    yield from _without_quota(plan)
    yield from _unused(plan)


def _without_quota(plan: Plan) -> Iterator[Found]:
    for number, group in enumerate(plan.people):
        if group.role is None:
            continue
        for _, component in components_of(plan, group.role):
            for _, measure in quota_measures(plan, component):
                own = [quota for quota in plan.quotas if quota.measure == measure]
                if own and not any(_is_of(quota.roles, quota.rep_ids, group) for quota in own):
                    yield Found(
                        "person_without_quota", ("people", number),
                        f"`{component.name}` needs a quota of `{measure}`; the plan has some, but "
                        f"none for {group_name(group)}",
                        f"add a quota of `{measure}` for the role `{group.role}`",
                    )  # fmt: skip
                    return


def _is_of(roles: list[str], rep_ids: list[str], group: PlanGroup) -> bool:
    if rep_ids:
        return not group.rep_ids or bool(set(rep_ids) & set(group.rep_ids))
    return not roles or group.role in roles


def _unused(plan: Plan) -> Iterator[Found]:
    used = {name for component in plan.components for _, name in measures_of(component)}
    for name in plan.measures:
        if name not in used:
            yield Found(
                "unused_measure", ("measures", name),
                f"no component, gate or multiplier looks at `{name}`",
                "take it away, or name it where it was meant",
            )  # fmt: skip


def share_defects(plan: Plan) -> Iterator[Found]:
    """Objectives and components whose shares miss 100 %, and draws above the target.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    for number, component in enumerate(plan.components):
        if isinstance(component, MBO):
            sum_ = sum((objective.weight for objective in component.objectives), Decimal(0))
            if sum_ != 1:
                yield Found(
                    "objective_weights", ("components", number, "objectives"),
                    f"the objectives of `{component.name}` weigh {_percent(sum_)} together",
                    "let their weights make 100 %",
                )  # fmt: skip
    seen: set[tuple[str, ...]] = set()
    for number, group in enumerate(plan.people):
        for role in roles_of(plan, group):
            parts = [c for _, c in components_of(plan, role) if _shares_target(c)]
            names = tuple(part.name for part in parts)
            if names not in seen:
                seen.add(names)
                yield from _weights(plan, parts, role or group_name(group) or "everyone")
        yield from _draw(plan, number)


def _weights(plan: Plan, parts: Sequence[Component], who: str) -> Iterator[Found]:
    sum_ = sum((part.weight for part in parts), Decimal(0))
    if not parts or sum_ == 1:
        return
    weights = ", ".join(f"`{part.name}` {_percent(part.weight)}" for part in parts)
    yield Found(
        "component_weights", ("components", plan.components.index(parts[-1]), "weight"),
        f"the weights of what {who} is paid make {_percent(sum_)}: {weights}",
        "let them make 100 %; pay what comes on top as an amount or a rate",
    )  # fmt: skip


def _shares_target(component: Paying) -> bool:
    return not isinstance(component, Guarantee) and paid_by_target(component)  # type: ignore[arg-type]


def _draw(plan: Plan, number: int) -> Iterator[Found]:
    group, draw = plan.people[number], plan.payments.draw
    if draw is None or not draw.recoverable or not group.variable_cents:
        return
    months = {"month": 1, "quarter": 3, "year": 12}[plan.pay_period]
    target = Fraction(group.variable_cents * months, 12)
    if draw.amount * 100 > target:
        yield Found(
            "draw_above_target", ("payments", "draw", "amount"),
            f"the draw is {draw.amount} a {plan.pay_period}, and the variable pay at target of "
            f"{group_name(group) or 'everyone'} {float(target) / 100:,.2f}",
            "lower it, or make it `recoverable: false`",
        )  # fmt: skip


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
