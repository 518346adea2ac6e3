"""What a component pays, in plain sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from salesops_lib.compensation.plan_components import (
    MBO,
    Bonus,
    Curve,
    Flat,
    GoalMatrix,
    Guarantee,
    Measured,
    Spiff,
    Tiered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component, Tier
    from salesops_lib.compensation.plan_levels import Level
    from salesops_lib.compensation.plan_measures import MultiplierTier
    from salesops_lib.formats import Formatter

__all__ = ["component_sentences"]


def component_sentences(plan: Plan, component: Component, show: Formatter) -> Iterator[str]:
    """Sentences on one component: what it pays, for whom, when, and up to where.

    Parameters
    ----------
    plan : Plan
        The plan that it is part of.
    component : Component
        The component.
    show : Formatter
        Language and currency.

    Yields
    ------
    str
    """
    say = show.say
    yield from _pays(plan, component, show)
    if component.weight != 1:
        yield say("At target it is {share} of the variable pay.",
                  share=show.share(component.weight, _digits(component.weight)))  # fmt: skip
    if component.roles:
        yield say("It is for: {roles}.", roles=show.listed(component.roles))
    if component.from_ and component.to:
        yield say("It holds from {span}.", span=show.span(component.from_, component.to))
    elif component.from_:
        yield say("It holds from {day} on.", day=show.date(component.from_))
    elif component.to:
        yield say("It holds up to {day}.", day=show.date(component.to))
    yield from _conditions(plan, component, show)
    if component.cap is not None:
        yield say("It pays {most} at most.", most=_paid(component.cap, show))
    yield from _windows(plan, component, show)


def _pays(plan: Plan, component: Component, show: Formatter) -> Iterator[str]:
    match component:
        case Flat():
            yield from _flat(component, show)
        case Tiered():
            yield from _tiered(component, show, plan.measures[component.measure].of)
        case Curve():
            yield from _curve(component, show, plan.measures[component.measure].of)
        case Spiff():
            yield from _spiff(component, show)
        case _:
            yield from _by_results(plan, component, show)


def _flat(component: Flat, show: Formatter) -> Iterator[str]:
    if component.rate is not None:
        yield show.say(
            "Pays {rate} of {measure}, from the first deal on.",
            rate=show.share(component.rate, _digits(component.rate)),
            measure=component.measure,
        )
        return
    yield show.say(
        "Pays {measure} in proportion to the quota: reaching it pays {times} the target.",
        measure=component.measure,
        times=_times(component.times, show),
    )


def _tiered(component: Tiered, show: Formatter, of: str) -> Iterator[str]:
    say, tiers = show.say, component.tiers
    told = "; ".join(
        _tier(tier, tiers[k + 1].from_ if k + 1 < len(tiers) else tier.to, show, of)
        for k, tier in enumerate(tiers)
    )
    if tiers[0].from_.is_percent:
        yield say("Pays on {measure} by share of its quota: {tiers}.",
                  measure=component.measure, tiers=told)  # fmt: skip
    else:
        yield say("Pays on {measure} by tiers: {tiers}.", measure=component.measure, tiers=told)
    yield {
        "marginal": say("Each part of the result is paid at the rate of its own tier."),
        "retroactive": say("Reaching a tier pays everything from the first deal on at its rate."),
        "unsplit": say("Each deal is paid whole at one tier's rate; earlier deals keep theirs."),
        "step": say("The sum of the tier reached is paid once, in place of those before it."),
        "interpolated": say("Each tier's sum is paid in proportion to how far it is filled."),
    }[component.method]
    if component.method == "marginal" and any(tier.retroactive for tier in tiers):
        yield say(
            "Reaching {level} pays everything from the first deal on at that rate.",
            level=show.listed([_level(tier.from_, show, of) for tier in tiers if tier.retroactive]),
        )
    if any(tier.times is not None for tier in tiers):
        yield say("The target rate is the one at which the quota pays exactly the target.")


def _tier(tier: Tier, end: Level | None, show: Formatter, of: str) -> str:
    words = {"low": _level(tier.from_, show, of)}
    if tier.rate is not None:
        words["pays"] = show.share(tier.rate, _digits(tier.rate))
    elif tier.times is not None:
        words["pays"] = show.say("{times} the target rate", times=_times(tier.times, show))
    elif tier.pays is not None:
        words["pays"] = _paid(tier.pays, show)
    if end is None:
        return show.say("from {low} on {pays}", **words)
    return show.say("from {low} to {high} {pays}", high=_level(end, show, of), **words)


def _curve(component: Curve, show: Formatter, of: str) -> Iterator[str]:
    points = [
        show.say("{level} pays {pays}", level=_level(p.at, show, of), pays=_paid(p.pays, show))
        for p in component.points
    ]
    words = {"measure": component.measure, "points": "; ".join(points)}
    if component.points[0].at.is_percent:
        yield show.say("Pays on {measure} by share of its quota, along a curve: {points}.", **words)
    else:
        yield show.say("Pays on {measure} along a curve: {points}.", **words)
    yield show.say("Between two points pay rises evenly; above the last one it stays.")


def _spiff(component: Spiff, show: Formatter) -> Iterator[str]:
    yield show.say(
        "Pays {amount} for each deal of {measure}.",
        amount=show.money(component.pays),
        measure=component.measure,
    )
    if component.most is not None:
        yield show.counted(
            component.most, "It counts {count} deal at most.", "It counts {count} deals at most."
        )


def _by_results(plan: Plan, component: Component, show: Formatter) -> Iterator[str]:
    say = show.say
    match component:
        case Bonus():
            yield say("Pays {amount} when its conditions are met.",
                      amount=_paid(component.pays, show))  # fmt: skip
        case GoalMatrix():
            cells = [cell for line in component.pays for cell in line]
            low, high = (choice(cells, key=lambda c: c.number) for choice in (min, max))
            yield say(
                "Pays by two results at once, {rows} and {columns}: from {low} to {high}.",
                rows=component.rows, columns=component.columns,
                low=_paid(low, show), high=_paid(high, show),
            )  # fmt: skip
            yield say(
                "Below {first} in {rows} or {second} in {columns} it pays nothing.",
                rows=component.rows, columns=component.columns,
                first=_reached(plan, component.rows, component.row_levels[0], show),
                second=_reached(plan, component.columns, component.column_levels[0], show),
            )  # fmt: skip
        case MBO():
            goals = [
                say("{measure} {value}", measure=o.measure, value=show.share(o.weight, 0))
                for o in component.objectives
            ]
            yield say("Pays the target times the scores of objectives, weighted: {objectives}.",
                      objectives=show.listed(goals))  # fmt: skip
        case Guarantee():
            yield say("All parts together pay at least {amount} a pay period.",
                      amount=_paid(component.pays_at_least, show))  # fmt: skip
            if component.first_months is not None:
                yield show.counted(
                    component.first_months,
                    "It ends {count} month after the first day of work.",
                    "It ends {count} months after the first day of work.",
                )


def _conditions(plan: Plan, component: Component, show: Formatter) -> Iterator[str]:
    say = show.say
    for gate in component.gates:
        measure = gate.measure or (component.measure if isinstance(component, Measured) else "")
        words = {"measure": measure, "level": _reached(plan, measure, gate.at_least, show)}
        if gate.otherwise == 0:
            yield say("It pays only where {measure} reaches {level}.", **words)
        else:
            yield say("Where {measure} does not reach {level}, its pay is multiplied by "
                      "{times}.", times=_times(gate.otherwise, show), **words)  # fmt: skip
    for multiplier in component.multipliers:
        of = plan.measures[multiplier.measure].of
        tiers = "; ".join(_factor(tier, show, of) for tier in multiplier.tiers)
        yield say("The pay is multiplied by how {measure} did: {tiers}; otherwise 1×.",
                  measure=multiplier.measure, tiers=tiers)  # fmt: skip


def _factor(tier: MultiplierTier, show: Formatter, of: str) -> str:
    words = {"low": _level(tier.from_, show, of), "pays": _times(tier.times, show)}
    if tier.to is None:
        return show.say("from {low} on {pays}", **words)
    return show.say("from {low} to {high} {pays}", high=_level(tier.to, show, of), **words)


def _windows(plan: Plan, component: Component, show: Formatter) -> Iterator[str]:
    settings = plan.settings_of(component)
    if settings.measured_over == "quarter" and plan.pay_period != "quarter":
        yield show.say("All of the quarter counts again each time, less what was paid.")
    if settings.measured_over == "year" and plan.pay_period != "year":
        yield show.say("All of the year counts again each time, less what was paid.")
    if settings.applied == "per_transaction":
        yield show.say("Each deal is calculated separately.")


def _reached(plan: Plan, measure: str, level: Level, show: Formatter) -> str:
    """A level that a measure reaches; a share of its quota, unless it is handed in."""
    of = plan.measures[measure].of
    told = _level(level, show, of)
    is_quota = level.is_percent and of != "result"
    return show.say("{share} of its quota", share=told) if is_quota else told


def _level(level: Level, show: Formatter, of: str) -> str:
    if level.is_percent:
        return show.share(level.number, _digits(level.number))
    if of == "amount":
        return show.money(level.number)
    return show.decimal(level.number, 0 if level.number == int(level.number) else 2)


def _paid(level: Level, show: Formatter) -> str:
    if level.is_percent:
        share = show.share(level.number, _digits(level.number))
        return show.say("{share} of its target", share=share)
    return show.money(level.number)


def _times(number: Decimal | None, show: Formatter) -> str:
    exact = number if number is not None else Decimal(1)
    return show.decimal(exact, max(0, -int(exact.normalize().as_tuple().exponent))) + "×"


def _digits(share: Decimal) -> int:
    """Decimals of a percentage that say all of it."""
    return max(0, -int((share * 100).normalize().as_tuple().exponent))
