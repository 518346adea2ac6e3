"""Defects that only show when the engine pays the plan: cliffs, caps, targets, refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from salesops_lib.compensation.leverage_points import leverage_points
from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.lint_people import group_name, paid_by_target
from salesops_lib.compensation.measures_followed import components_of, roles_of
from salesops_lib.compensation.payout_examples import PayExamples, pay_examples
from salesops_lib.compensation.plan_components import Guarantee, Measured, Spiff
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.leverage_points import LeveragePoint
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup

__all__ = ["CLIFF", "EXCELLENCE", "OFF_TARGET", "pay_defects"]

CLIFF = Fraction(1, 3)
"""Share of the pay at quota that one deal at one level may decide."""

EXCELLENCE = Fraction(6, 5)
"""Attainment up to which every further deal should pay."""

OFF_TARGET = Fraction(1, 50)
"""How far pay at quota may miss the target."""

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ROUNDING = 25


def pay_defects(
    plan: Plan, calendar: FiscalCalendar, excellence: Fraction = EXCELLENCE
) -> Iterator[Found]:
    """Cliffs, falls, caps below excellence, targets missed, and what the engine refuses.

    Parameters
    ----------
    plan : Plan
        The plan.
    calendar : FiscalCalendar
        Whose years count.
    excellence : Fraction
        Attainment up to which every further deal should pay.

    Yields
    ------
    Found
    """
    seen: set[tuple[str | None, int]] = set()
    for number, group in enumerate(plan.people):
        if (group.role, group.variable_cents) in seen:
            continue
        seen.add((group.role, group.variable_cents))
        try:
            yield from _of_group(plan, group, calendar, excellence)
        except InputError as error:
            yield Found("unpayable", ("people", number), error.what, "mend what the sentence names")
            return


def _of_group(
    plan: Plan, group: PlanGroup, calendar: FiscalCalendar, excellence: Fraction
) -> Iterator[Found]:
    whole = [Fraction(1), excellence]
    at_whole = pay_examples(plan, group, whole, calendar=calendar)
    months = _MONTHS[plan.pay_period] * len(at_whole.periods)
    points = leverage_points(plan, group, at_whole.quotas, months)
    levels = sorted({point.attainment for point in points})
    reached = pay_examples(plan, group, levels, calendar=calendar)
    missed = pay_examples(plan, group, levels, calendar=calendar, short=True)
    yield from _jumps(plan, points, reached, missed, at_whole.totals[0])
    yield from _caps(plan, group, points, at_whole, excellence)
    yield from _target(plan, group, at_whole)


def _jumps(
    plan: Plan,
    points: list[LeveragePoint],
    reached: PayExamples,
    missed: PayExamples,
    at_quota: int,
) -> Iterator[Found]:
    for place, level in enumerate(reached.attainments):
        jump = reached.totals[place] - missed.totals[place]
        here = [point for point in points if point.attainment == level]
        # An amount says nothing about a quota that was only assumed.
        by_quota = not reached.assumed or any(point.by_quota for point in here)
        base = at_quota if by_quota else reached.totals[place]
        shown = f"at {_percent(level)} of the quota" if by_quota else f"at {here[0].written}"
        if base > 0 and jump > base * CLIFF:
            name, part = _largest(plan, reached, missed, place, 1)
            yield Found(
                "cliff", _place(plan, here, name),
                f"{shown} one more deal pays {jump / base:.0%} of the pay "
                f"{'at quota' if by_quota else 'there'} at once, {part / jump:.0%} of it by "
                f"`{name}`",
                "pay from the level on step by step: marginal tiers, more levels, or a gate with "
                "`otherwise`",
            )  # fmt: skip
        if jump < -_ROUNDING:
            name, part = _largest(plan, reached, missed, place, -1)
            yield Found(
                "falling_pay", _place(plan, here, name),
                f"{shown} the pay of `{name}` falls by {-part / 100:,.2f} a year",
                "raise what is paid from there on",
            )  # fmt: skip


def _percent(level: Fraction) -> str:
    return f"{float(level) * 100:.6g}%"


def _largest(
    plan: Plan, reached: PayExamples, missed: PayExamples, place: int, sign: int
) -> tuple[str, int]:
    """The component that a jump comes from most, and its part in cents."""
    parts = {
        component.name: reached.of_component(component.name)[place]
        - missed.of_component(component.name)[place]
        for component in plan.components
    }
    name = max(parts, key=lambda each: sign * parts[each])
    return name, parts[name]


def _place(plan: Plan, here: list[LeveragePoint], name: str) -> tuple[str | int, ...]:
    own = [point.at for point in here if point.component == name]
    if own:
        return own[0]
    return "components", [component.name for component in plan.components].index(name)


def _caps(
    plan: Plan,
    group: PlanGroup,
    points: list[LeveragePoint],
    paid: PayExamples,
    excellence: Fraction,
) -> Iterator[Found]:
    known = _is_known(plan, group, paid)
    shown = _percent(excellence)
    for number, component in components_of(plan, roles_of(plan, group)[0]):
        held = paid.of_component(component.name, "capped_cents")[1]
        relative = paid_by_target(component) and (component.cap is None or component.cap.is_percent)
        if held > 0 and (known or relative):
            yield Found(
                "cap_below_excellence", ("components", number, "cap"),
                f"at {shown} of the quota the cap of `{component.name}` holds back "
                f"{held / 100:,.2f} a year",
                "raise the cap, or let a decelerator follow in its place",
            )  # fmt: skip
    for point in points:
        told = point.by_quota or not paid.assumed
        if point.change == "top" and told and point.attainment < excellence:
            yield Found(
                "cap_below_excellence", point.at,
                f"from {_percent(point.attainment)} of the quota on `{point.component}` pays "
                "nothing more",
                f"go on to {shown} or beyond",
            )  # fmt: skip
    most = plan.payments.maximum
    everything = paid.totals[1] / 100 / len(paid.periods)
    if most is not None and known and everything > float(most):
        yield Found(
            "cap_below_excellence", ("payments", "maximum"),
            f"at {shown} of the quota {everything:,.2f} is earned a {plan.pay_period}, and "
            f"{most} is the most that is paid",
            "raise the maximum",
        )  # fmt: skip


def _is_known(plan: Plan, group: PlanGroup, paid: PayExamples) -> bool:
    """Whether amounts say something: no quota that they rest on was assumed."""
    parts = [c for _, c in components_of(plan, roles_of(plan, group)[0]) if isinstance(c, Measured)]
    return not paid.assumed or all(paid_by_target(part) for part in parts)


def _target(plan: Plan, group: PlanGroup, paid: PayExamples) -> Iterator[Found]:
    target, total = paid.target_cents, paid.totals[0]
    parts = [
        component
        for _, component in components_of(plan, roles_of(plan, group)[0])
        if not isinstance(component, Guarantee | Spiff)
    ]
    weights = sum(part.weight for part in parts if paid_by_target(part))
    by_target = any(paid_by_target(part) for part in parts)
    sold = all(getattr(part, "measure", "") not in paid.left_out for part in parts)
    if not target or not parts or (by_target and weights != 1):
        return
    gap = total - target
    amounts = any(not paid_by_target(part) for part in parts)
    if abs(gap) <= target * OFF_TARGET or (paid.assumed and amounts) or (gap < 0 and not sold):
        return
    number = plan.components.index(parts[0])
    yield Found(
        "off_target", ("components", number),
        f"at quota {group_name(group) or 'everyone'} is paid {float(total / target):.1%} of the "
        f"variable pay at target ({total / 100:,.2f} of {float(target) / 100:,.2f})",
        "let 100 % of the quota pay 100 %, or state the OTE that it does pay",
    )  # fmt: skip
