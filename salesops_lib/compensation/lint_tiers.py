"""Defects of tiers, curves, matrices and levels: what results pay, and what none says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.measures_followed import judged_measure
from salesops_lib.compensation.plan_components import (
    Curve,
    Flat,
    GoalMatrix,
    Measured,
    Spiff,
    Tiered,
)
from salesops_lib.compensation.plan_levels import Level
from salesops_lib.compensation.rate_tables import RateTable, rate_table, tier_gaps, tier_overlaps
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component

__all__ = ["level_defects", "start_keys", "table_of", "tier_defects", "written_level"]

_LEAST_AMOUNT = 10
"""Money below it is no level: it is a percentage whose sign was left out."""

_SUMS = {"step", "retroactive"}
_Location = tuple[str | int, ...]


def tier_defects(plan: Plan) -> Iterator[Found]:
    """Gaps, overlaps, closed ends, falling pay and tiers that never pay.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    for number, component in enumerate(plan.components):
        at: _Location = ("components", number)
        if isinstance(component, Tiered):
            yield from _joints(component, at)
        if isinstance(component, Flat | Tiered | Curve | Spiff):
            yield from _falling(plan, component, at)
        if isinstance(component, GoalMatrix):
            yield from _falling_matrix(component, at)
        if isinstance(component, Tiered):
            yield from _below_gate(component, at)
            yield from _above_cap(plan, component, at)


def _joints(component: Tiered, at: _Location) -> Iterator[Found]:
    tiers = component.tiers
    for low, high in tier_gaps(tiers):
        yield Found(
            "tier_gap", (*at, "tiers", tiers.index(low), "to"),
            f"between {low.to} and {high.from_} `{component.name}` has no tier",
            f"end the tier at {high.from_}, or leave its `to` out",
        )  # fmt: skip
    for low, high in tier_overlaps(tiers):
        yield Found(
            "tier_overlap", (*at, "tiers", tiers.index(low), "to"),
            f"from {high.from_} to {low.to} two tiers of `{component.name}` hold",
            f"end the tier at {high.from_}, or leave its `to` out",
        )  # fmt: skip
    last = tiers[-1]
    if last.to is not None and component.method != "interpolated":
        yield Found(
            "closed_top", (*at, "tiers", len(tiers) - 1, "to"),
            f"the last tier of `{component.name}` ends at {last.to}",
            "leave its `to` out; a `cap` is the way to limit pay",
        )  # fmt: skip


def table_of(plan: Plan, component: Component) -> RateTable | None:
    """Rate table of a component; None where its tiers fit no table."""
    if not isinstance(component, Measured):
        return None
    try:
        return rate_table(component, plan.settings_of(component))
    except InputError:
        return None


def _falling(
    plan: Plan, component: Flat | Tiered | Curve | Spiff, at: _Location
) -> Iterator[Found]:
    table = table_of(plan, component)
    if table is None:
        return
    keys = start_keys(component, table)
    # Credits that are paid whole keep their rate, so no later one takes from them.
    table = replace(table, end=None, unsplit=False)
    for place, start in enumerate(table.starts):
        if place and (fall := _jump(table, start)) < 0:
            level = written_level(table, start)
            yield Found(
                "falling_pay", (*at, *keys[place]),
                f"at {level} the pay of `{component.name}` falls{_by(fall, table)}",
                "raise what the tier from there on pays, or make the tiers marginal",
            )  # fmt: skip
        if table.rates[place] < 0:
            level = written_level(table, start)
            yield Found(
                "falling_pay", (*at, *keys[place]),
                f"from {level} on each further deal lowers the pay of `{component.name}`",
                "let `pays` of the next point be no less than here",
            )  # fmt: skip


def _jump(table: RateTable, start: Fraction) -> Fraction:
    """What reaching a level pays at once: cents, or a share of the target."""
    return _earned(replace(table, higher=True), start) - _earned(
        replace(table, higher=False), start
    )


def _earned(table: RateTable, start: Fraction) -> Fraction:
    # With a quota of 1 and a target of 1 levels and pay are shares of them.
    return table.earned(start, quota=1, target=1)


def _by(fall: Fraction, table: RateTable) -> str:
    relative = table.of_target or (table.sums_of_target and any(table.sums))
    if relative and (table.in_quota or not table.per_quota):
        return f" by {float(-fall):.1%} of its pay at target"
    return ""


def start_keys(component: Measured, table: RateTable) -> list[_Location]:
    """Keys of the file that each start of a table comes from."""
    if isinstance(component, Tiered | Curve):
        name, count = (
            ("tiers", len(component.tiers))
            if isinstance(component, Tiered)
            else ("points", len(component.points))
        )
        # A table may begin with a tier of nothing, and end with one.
        lead = int((_first(component).number) > 0)
        return [(name, min(max(k - lead, 0), count - 1)) for k in range(len(table.starts))]
    return [()] * len(table.starts)


def _first(component: Tiered | Curve) -> Level:
    return component.tiers[0].from_ if isinstance(component, Tiered) else component.points[0].at


def written_level(table: RateTable, start: Fraction) -> str:
    """A start of a table as files write it: ``80%``, or an amount."""
    return f"{float(start) * 100:.6g}%" if table.in_quota else f"{float(start) / 100:,.15g}"


def _falling_matrix(component: GoalMatrix, at: _Location) -> Iterator[Found]:
    pays = component.pays
    for row, line in enumerate(pays):
        for column, cell in enumerate(line):
            if column and cell.number < line[column - 1].number:
                yield _fallen(component, (*at, "pays", row), line[column - 1], cell,
                              component.columns, component.column_levels[column])  # fmt: skip
            if row and cell.number < pays[row - 1][column].number:
                yield _fallen(component, (*at, "pays", row), pays[row - 1][column], cell,
                              component.rows, component.row_levels[row])  # fmt: skip


def _fallen(
    component: GoalMatrix, at: _Location, before: Level, cell: Level, measure: str, level: Level
) -> Found:
    return Found(
        "falling_pay", at,
        f"where `{measure}` reaches {level}, `{component.name}` pays {cell} in place of {before}",
        f"pay {before} or more there",
    )  # fmt: skip


def _below_gate(component: Tiered, at: _Location) -> Iterator[Found]:
    """Tiers whose own sum or rate only holds where a gate is not yet met."""
    gates = [
        gate
        for gate in component.gates
        if gate.otherwise == 0 and gate.measure in {None, component.measure}
    ]
    if component.method not in _SUMS:
        return
    for place, (tier, following) in enumerate(pairwise(component.tiers)):
        for gate in gates:
            same = gate.at_least.is_percent == following.from_.is_percent
            if same and following.from_.number <= gate.at_least.number and _pays(tier):
                yield Found(
                    "unreachable_tier", (*at, "tiers", place),
                    f"the tier from {tier.from_} of `{component.name}` ends before its gate at "
                    f"{gate.at_least} is met",
                    f"lower the gate to {tier.from_}, or leave the tier out",
                )  # fmt: skip
                break


def _pays(tier: Any) -> bool:
    return any(
        (value.number if isinstance(value, Level) else value or 0) > 0
        for value in (tier.rate, tier.times, tier.pays)
    )


def _above_cap(plan: Plan, component: Tiered, at: _Location) -> Iterator[Found]:
    """Tiers that begin where a cap already holds everything back."""
    table, cap = table_of(plan, component), component.cap
    if table is None or cap is None or not cap.is_percent:
        return
    if not (table.of_target and table.in_quota) and not (table.sums_of_target and table.in_quota):
        return
    keys = start_keys(component, table)
    open_table = replace(table, end=None, higher=False)
    for place, start in enumerate(table.starts):
        if start > 0 and _earned(open_table, start) >= cap.exact:
            yield Found(
                "unreachable_tier", (*at, *keys[place]),
                f"where the tier from {written_level(table, start)} of `{component.name}` "
                f"begins, the cap of {cap} is reached already",
                f"raise the cap above {float(_earned(open_table, start)):.0%}, or leave the tier "
                "out",
            )  # fmt: skip
            return


def level_defects(plan: Plan) -> Iterator[Found]:
    """Levels written as a few units of money, where a percentage was meant.

    Parameters
    ----------
    plan : Plan
        The plan.

    Yields
    ------
    Found
    """
    for number, component in enumerate(plan.components):
        for keys, level, counts_money in _levels(plan, component):
            if counts_money and not level.is_percent and 0 < level.number < _LEAST_AMOUNT:
                shown = f"{level.number * 100:.6g}".rstrip(".")
                yield Found(
                    "bare_level", ("components", number, *keys),
                    f"`{keys[-1]}: {level}` of `{component.name}` is {level} {plan.currency}",
                    f"write {shown}%, or the amount in full",
                )  # fmt: skip


def _levels(plan: Plan, component: Component) -> Iterator[tuple[_Location, Level, bool]]:
    """Levels of a component, their keys, and whether their unit is money."""
    if component.cap is not None:
        yield ("cap",), component.cap, True
    if isinstance(component, Measured):
        money = plan.measures[component.measure].of == "amount"
        for k, tier in enumerate(getattr(component, "tiers", [])):
            yield from _parts(("tiers", k), (("from", tier.from_, money), ("to", tier.to, money),
                                             ("pays", tier.pays, True)))  # fmt: skip
        for k, point in enumerate(getattr(component, "points", [])):
            yield from _parts(("points", k), (("at", point.at, money), ("pays", point.pays, True)))
    else:
        for name in ("pays", "pays_at_least"):
            level = getattr(component, name, None)
            if isinstance(level, Level):
                yield (name,), level, True
    if isinstance(component, GoalMatrix):
        yield from _matrix_levels(plan, component)
    for k, gate in enumerate(component.gates):
        measure = judged_measure(component, gate)
        yield ("gates", k, "at_least"), gate.at_least, plan.measures[measure].of == "amount"


def _matrix_levels(plan: Plan, component: GoalMatrix) -> Iterator[tuple[_Location, Level, bool]]:
    for row, line in enumerate(component.pays):
        for cell in line:
            yield ("pays", row), cell, True
    for key, measure in (("row_levels", component.rows), ("column_levels", component.columns)):
        for k, level in enumerate(getattr(component, key)):
            yield (key, k), level, plan.measures[measure].of == "amount"


def _parts(
    at: _Location, parts: Sequence[tuple[str, Level | None, bool]]
) -> Iterator[tuple[_Location, Level, bool]]:
    for key, level, money in parts:
        if level is not None:
            yield (*at, key), level, money
