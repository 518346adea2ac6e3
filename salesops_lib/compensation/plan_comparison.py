"""Two plans side by side: what differs in their files, and what each pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.compensation.lint_people import group_name
from salesops_lib.compensation.payout_curve import assumptions, plan_formatter
from salesops_lib.compensation.payout_examples import PayExamples, pay_examples
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.formats import Formatter

__all__ = ["EXAMPLE_LEVELS", "PlanComparison", "plan_comparison", "plan_differences"]

EXAMPLE_LEVELS = tuple(Fraction(percent, 100) for percent in (50, 80, 100, 120, 150))
"""Attainments of the worked examples."""

_ABSENT = ""


@dataclass(frozen=True, eq=False)
class PlanComparison:
    """What differs between two plans.

    Parameters
    ----------
    names : tuple of str
        Names of the plans, told apart by their revision where they are the same.
    differences : DataFrame
        `key`, `a`, `b`: each value that is not the same; empty where one has none.
    frame : DataFrame
        `group`, `attainment`, `pay_a`, `pay_b`, `change` (of a year, the plans'
        currency), for groups of people that both have.
    note : str
        What the pay rests on.
    show : Formatter
        Formats, in the plans' currency.
    """

    names: tuple[str, str]
    differences: pd.DataFrame
    frame: pd.DataFrame
    note: str
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: how much differs, and what that does at quota."""
        show, names = self.show, {"a": self.names[0], "b": self.names[1]}
        if self.differences.empty:
            return show.say("{a} and {b} say the same.", **names)
        differing = show.counted(len(self.differences), "{count} value", "{count} values")
        at_quota = self.frame[self.frame["attainment"] == 1.0]
        if at_quota.empty:
            return show.say(
                "{a} and {b} differ in {values}, and share no group to compare at quota.",
                values=differing,
                **names,
            )
        first = next(rows_of(at_quota))
        if not first.change:
            return show.say(
                "{a} and {b} differ in {values}; at quota they pay {group} the same.",
                values=differing,
                group=first.group,
                **names,
            )
        return show.say(
            "{a} and {b} differ in {values}; at quota {group} is paid {change} a year.",
            values=differing,
            group=first.group,
            change=show.money(first.change, signed=True),
            **names,
        )

    @property
    def undrawn(self) -> str:
        """Why there is no chart; empty where there is one."""
        return self.headline if self.frame.empty else ""

    @property
    def alt(self) -> str:
        """The chart in words."""
        first = next(rows_of(self.frame))
        last = list(rows_of(self.frame[self.frame["group"] == first.group]))[-1]
        show = self.show
        return show.say(
            "Line chart. Variable pay of a year by attainment, {group}: at {level} {a} pays "
            "{pay_a} and {b} {pay_b}.",
            group=first.group,
            level=show.share(last.attainment, 0),
            a=self.names[0],
            b=self.names[1],
            pay_a=show.money(last.pay_a, compact=True),
            pay_b=show.money(last.pay_b, compact=True),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and what it rests on."""
        return self.note

    @property
    def drawn(self) -> Drawn:
        """What the chart shows, for machines that check it."""
        return Drawn(self.show.currency, self.show.say("none: a plan has no period"), "exact")

    @property
    def grid(self) -> Grid:
        """Pay of both plans as a table."""
        show, say = self.show, self.show.say
        headers = (
            (say("People"), "text"),
            (say("Attainment"), "number"),
            (self.names[0], "number"),
            (self.names[1], "number"),
            (say("Change"), "number"),
        )
        rows = tuple(
            (
                Cell(row.group, "head"),
                Cell(show.share(row.attainment, 0), number=row.attainment),
                Cell(show.amount(row.pay_a, 0), number=row.pay_a),
                Cell(show.amount(row.pay_b, 0), number=row.pay_b),
                Cell(show.money(row.change, signed=True), number=row.change),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Variable pay of a year, {currency}", currency=show.currency)
        return Grid(caption, headers, rows, self.note, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        numbers = ("attainment", "pay_a", "pay_b", "change")
        return {
            "kind": "plan_comparison",
            "id": "plan_comparison",
            "headline": self.headline,
            "names": list(self.names),
            "differences": self.differences.to_dict(orient="records"),
            "rows": [
                {str(k): json_number(v) if k in numbers else v for k, v in row.items()}
                for row in self.frame.to_dict(orient="records")
            ],
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def plan_comparison(
    one: Plan,
    other: Plan,
    attainments: Sequence[Fraction] = EXAMPLE_LEVELS,
    *,
    quota: Decimal | None = None,
    calendar: FiscalCalendar | None = None,
    show: Formatter | None = None,
) -> PlanComparison:
    """What differs between two plans, and what each pays the same people.

    Parameters
    ----------
    one, other : Plan
        Two plans, or two revisions of one, in the same currency.
    attainments : sequence of Fraction
        At which pay is compared.
    quota : Decimal, optional
        Quota of a pay period of the first plan where it has none; the second one's
        people have the same quota a year.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    show : Formatter, optional
        Language of the report. Default: English.

    Returns
    -------
    PlanComparison

    Raises
    ------
    InputError
        The plans pay in two currencies, or the engine refuses one of them.
    """
    if one.currency != other.currency:
        raise InputError(
            f"`{one.id}` pays in {one.currency} and `{other.id}` in {other.currency}: their pay "
            "cannot be compared"
        )
    formats, rows, notes = plan_formatter(one, show), [], []
    theirs = {group_name(group): group for group in reversed(other.people)}
    for group in one.people:
        name = group_name(group)
        if name in theirs:
            first = pay_examples(one, group, attainments, quota=quota, calendar=calendar)
            second = _second(other, theirs.pop(name), attainments, first, calendar)
            shown = name or formats.say("everyone")
            pairs = zip(attainments, first.totals, second.totals, strict=True)
            rows += [(shown, float(at), a / 100, b / 100, (b - a) / 100) for at, a, b in pairs]
            notes += [assumptions(first, formats), assumptions(second, formats)]
    frame = pd.DataFrame(rows, columns=["group", "attainment", "pay_a", "pay_b", "change"])
    return PlanComparison(
        names=_names(one, other),
        differences=plan_differences(one, other),
        frame=frame,
        note=" ".join(dict.fromkeys(notes)),
        show=formats,
    )


def _second(
    plan: Plan,
    group: PlanGroup,
    attainments: Sequence[Fraction],
    first: PayExamples,
    calendar: FiscalCalendar | None,
) -> PayExamples:
    """Examples of the second plan, with the first one's quota where it has none."""
    found = pay_examples(plan, group, attainments, calendar=calendar)
    if not found.assumed or not first.quotas:
        return found
    # Both years have the same quota, whatever their pay periods are.
    cents = next(iter(first.quotas.values()))
    quota = Decimal(cents // len(found.periods)) / 100
    return pay_examples(plan, group, attainments, quota=quota, calendar=calendar)


def _names(one: Plan, other: Plan) -> tuple[str, str]:
    if one.name != other.name:
        return one.name, other.name
    if one.revision != other.revision:
        return f"{one.name} ({one.revision})", f"{other.name} ({other.revision})"
    return f"{one.name} (a)", f"{other.name} (b)"


def plan_differences(one: Plan, other: Plan) -> pd.DataFrame:
    """Values in which two plans differ, by key.

    Parameters
    ----------
    one, other : Plan
        Components are matched by name, people by role, team and region, measures by
        name; a setting that a file leaves out has its default.

    Returns
    -------
    DataFrame
        `key`, `a`, `b`.
    """
    trees = _matched(one), _matched(other)
    for tree, counterpart in (trees, trees[::-1]):
        _shorten(tree, counterpart)
    first, second = (_flat("", tree) for tree in trees)
    keys = list(dict.fromkeys([*first, *second]))
    rows = [
        (key, first.get(key, _ABSENT), second.get(key, _ABSENT))
        for key in keys
        if first.get(key, _ABSENT) != second.get(key, _ABSENT)
    ]
    return pd.DataFrame(rows, columns=["key", "a", "b"])


def _matched(plan: Plan) -> dict[str, Any]:
    found = plan.model_dump(mode="json", by_alias=True, exclude={"version"})
    groups = zip(plan.people, found["people"], strict=True)
    found["people"] = {group_name(group) or "everyone": value for group, value in groups}
    for component, part in zip(plan.components, found["components"], strict=True):
        if component.settings is not None:
            # Only what it sets itself: the rest is the plan's.
            part["settings"] = component.settings.model_dump(exclude_unset=True)
    found["components"] = {part["name"]: part for part in found["components"]}
    return found


def _shorten(tree: dict[str, Any], other: dict[str, Any]) -> None:
    """What only one plan has, as one value: all its keys would differ from nothing."""
    for part in ("people", "measures", "components"):
        for name, value in tree[part].items():
            if name not in other[part]:
                tree[part][name] = value.get("kind") or value.get("of") or value.get("ote") or "…"


def _flat(key: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        parts = {str(place): each for place, each in enumerate(value)}.items()
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        return {} if text is None or text == "" else {key: str(text)}
    flat: dict[str, str] = {}
    for name, part in parts:
        flat |= _flat(f"{key}.{name}" if key else str(name), part)
    return flat
