"""Defects of dates: periods that the plan or a quota leaves out, and parts that never hold."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.measures_followed import quota_measures
from salesops_lib.compensation.plan_components import (
    Bonus,
    Curve,
    Flat,
    GoalMatrix,
    Tiered,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component

__all__ = ["dead_components", "period_defects", "revision_gaps"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAY = dt.timedelta(days=1)


def period_defects(plan: Plan, calendar: FiscalCalendar) -> Iterator[Found]:
    """Edges within a pay period, windows that are too short, quotas with holes.

    Parameters
    ----------
    plan : Plan
        The plan.
    calendar : FiscalCalendar
        Whose periods count.

    Yields
    ------
    Found
    """
    for key, day, is_first in (("from", plan.from_, True), ("to", plan.to, False)):
        if day is None:
            continue
        period = calendar.period_of(day, plan.pay_period)
        edge = period.start if is_first else period.end
        if day != edge:
            yield Found(
                "period_uncovered", (key,),
                f"the plan {'begins' if is_first else 'ends'} on {day}, within the pay period "
                f"{period}",
                f"write {edge}, or the edge of another {plan.pay_period}",
            )  # fmt: skip
    yield from _short_windows(plan)
    yield from _misfit_quotas(plan)
    yield from _holes(plan)


def _short_windows(plan: Plan) -> Iterator[Found]:
    months = _MONTHS[plan.pay_period]
    spans: list[tuple[tuple[str | int, ...], str, str]] = [
        (("settings", "measured_over"), plan.settings.measured_over, "the plan")
    ]
    for number, component in enumerate(plan.components):
        at = ("components", number)
        if component.settings is not None:
            own = component.settings.measured_over
            spans.append(((*at, "settings", "measured_over"), own, f"`{component.name}`"))
        for k, gate in enumerate(component.gates):
            if gate.measured_over:
                own_key = (*at, "gates", k, "measured_over")
                spans.append((own_key, gate.measured_over, f"a gate of `{component.name}`"))
    for where, span, what in spans:
        if _MONTHS.get(span, months) < months:
            yield Found(
                "window_too_short", where,
                f"{what} measures over a {span}, but pays by the {plan.pay_period}",
                f"write {plan.pay_period}, or `pay_period: {span}`",
            )  # fmt: skip


def _misfit_quotas(plan: Plan) -> Iterator[Found]:
    """Quotas for a longer span than results are measured over."""
    months = _MONTHS[plan.pay_period]
    for number, quota in enumerate(plan.quotas):
        if quota.every is None:
            continue
        for component in plan.components:
            if quota.measure not in {name for _, name in quota_measures(plan, component)}:
                continue
            window = plan.settings_of(component).measured_over
            if _MONTHS[quota.every] > max(_MONTHS.get(window, months), months):
                yield Found(
                    "quota_off_period", ("quotas", number, "every"),
                    f"the quota of `{quota.measure}` is for a {quota.every}, and `{component.name}`"
                    f" is measured over a {plan.pay_period if window == 'period' else window}",
                    f"give a quota for each {plan.pay_period}, or set `measured_over: "
                    f"{quota.every}`",
                )  # fmt: skip
                break


def _holes(plan: Plan) -> Iterator[Found]:
    """Days of the plan that quotas with dates leave out."""
    groups: dict[tuple[object, ...], list[tuple[dt.date, dt.date, int]]] = {}
    for number, quota in enumerate(plan.quotas):
        if quota.from_ and quota.to:
            key = (quota.measure, tuple(quota.roles), tuple(quota.rep_ids))
            groups.setdefault(key, []).append((quota.from_, quota.to, number))
    for (measure, *_), spans in groups.items():
        spans.sort()
        edges = [(None, plan.from_ - _DAY, spans[0][2]), *spans]
        if plan.to:
            edges.append((plan.to + _DAY, plan.to, spans[-1][2]))
        for (_, last, before), (first, _, after) in pairwise(edges):
            if first is not None and first > last + _DAY:
                yield Found(
                    "period_uncovered", ("quotas", min(before, after) if plan.to else after),
                    f"from {last + _DAY} to {first - _DAY} there is no quota of `{measure}`",
                    "add one for these days, or use `every`",
                )  # fmt: skip


def revision_gaps(plan: Plan, others: Iterable[Plan]) -> Iterator[Found]:
    """Days between the end of a plan and its next revision.

    Parameters
    ----------
    plan : Plan
        The plan.
    others : iterable of Plan
        Its other revisions.

    Yields
    ------
    Found
    """
    if plan.to is None:
        return
    following = plan.to + _DAY
    known = list(others)
    later = [other for other in known if other.from_ > following]
    if later and not any(other.holds_on(following) for other in known):
        first = min(later, key=lambda other: other.from_)
        yield Found(
            "period_uncovered", ("to",),
            f"from {following} to {first.from_ - _DAY} no revision of `{plan.id}` holds: "
            f"revision {first.revision} begins on {first.from_}",
            f"write {first.from_ - _DAY}, or let the next revision begin on {following}",
        )  # fmt: skip


def dead_components(plan: Plan) -> Iterator[Found]:
    """Components that are never in force, for nobody, or worth nothing.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    roles = {group.role for group in plan.people}
    for number, component in enumerate(plan.components):
        at = ("components", number)
        if component.to and component.to < plan.from_:
            yield Found(
                "dead_component", (*at, "to"),
                f"`{component.name}` ends on {component.to}, before the plan begins",
                f"write days from {plan.from_} on, or take it away",
            )  # fmt: skip
        if component.from_ and plan.to and component.from_ > plan.to:
            yield Found(
                "dead_component", (*at, "from"),
                f"`{component.name}` begins on {component.from_}, after the plan has ended",
                f"write days up to {plan.to}, or take it away",
            )  # fmt: skip
        if component.roles and None not in roles and not roles & set(component.roles):
            known = ", ".join(sorted(role for role in roles if role))
            yield Found(
                "dead_component", (*at, "roles"),
                f"`{component.name}` pays {', '.join(component.roles)}, whom the plan does not "
                "have",
                f"write one of: {known}",
            )  # fmt: skip
        if (key := _worth_nothing(component)) is not None:
            yield Found(
                "dead_component", (*at, key),
                f"`{component.name}` pays 0 whatever is reached",
                "write what it pays, or take it away",
            )  # fmt: skip


def _worth_nothing(component: Component) -> str | None:
    """The key that makes a component pay nothing; None where it pays something."""
    if component.weight == 0:
        return "weight"
    if component.cap is not None and component.cap.number == 0:
        return "cap"
    match component:
        case Flat():
            return None if component.rate or component.times else "rate"
        case Tiered():
            paid = any(
                tier.rate or tier.times or (tier.pays and tier.pays.number)
                for tier in component.tiers
            )
            return None if paid else "tiers"
        case Curve():
            return None if any(point.pays.number for point in component.points) else "points"
        case Bonus():
            return None if component.pays.number else "pays"
        case GoalMatrix():
            return None if any(cell.number for line in component.pays for cell in line) else "pays"
    return None
