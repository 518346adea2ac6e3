"""A plan in plain sentences, with what it pays at a few attainments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.compensation.component_sentences import component_sentences
from salesops_lib.compensation.lint_people import group_name
from salesops_lib.compensation.measures_followed import quota_measures
from salesops_lib.compensation.payment_sentences import payment_sentences
from salesops_lib.compensation.payout_curve import assumptions, group_of, plan_formatter
from salesops_lib.compensation.payout_examples import PayExamples, pay_examples
from salesops_lib.compensation.plan_comparison import EXAMPLE_LEVELS
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from decimal import Decimal

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.formats import Formatter

__all__ = ["PlanExplanation", "plan_explanation"]


@dataclass(frozen=True, eq=False)
class PlanExplanation:
    """A plan as the people whom it pays can read it.

    Parameters
    ----------
    plan : str
        Its name.
    sections : tuple of (str, tuple of str)
        Head and sentences: the plan, each component, payments.
    frame : DataFrame
        Worked examples: `group`, `attainment`, `pay` (variable, of a year), `of_target`
        (share; NaN without a target), `earnings` (with base pay; NaN without an OTE).
    note : str
        What the examples rest on.
    show : Formatter
        Formats, in the plan's currency.
    """

    plan: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    frame: pd.DataFrame
    note: str
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: what reaching the quota pays."""
        row = next(rows_of(self.frame[self.frame["attainment"] == 1.0]), None)
        if row is None:
            return self.show.say("{plan}, in plain words.", plan=self.plan)
        return self.show.say(
            "{plan}: reaching the quota all year pays {group} {pay}.",
            plan=self.plan,
            group=row.group,
            pay=self.show.money(row.pay),
        )

    @property
    def grid(self) -> Grid:
        """The worked examples as a table."""
        show, say = self.show, self.show.say
        headers = (
            (say("People"), "text"),
            (say("Attainment"), "number"),
            (say("Variable pay of a year"), "number"),
            (say("÷ target"), "number"),
            (say("With base pay"), "number"),
        )
        rows = tuple(
            (
                Cell(row.group, "head"),
                Cell(show.share(row.attainment, 0), number=row.attainment),
                Cell(show.amount(row.pay, 0), number=row.pay),
                Cell("–" if row.of_target != row.of_target else show.share(row.of_target, 0)),
                Cell(show.amount(row.earnings, 0), number=row.earnings),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Worked examples, {currency}", currency=show.currency)
        return Grid(caption, headers, rows, self.note, show=show)

    @property
    def sentences(self) -> Grid:
        """The sentences as a table: what they are about, and what they say."""
        say = self.show.say
        headers = ((say("Part"), "text"), (say("What it says"), "text"))
        rows = tuple(
            (Cell(head, "head"), Cell(" ".join(told), "text")) for head, told in self.sections
        )
        return Grid(say("{plan}, in plain words", plan=self.plan), headers, rows, show=self.show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        numbers = ("attainment", "pay", "of_target", "earnings")
        return {
            "kind": "plan_explanation",
            "id": "plan_explanation",
            "headline": self.headline,
            "sections": [{"head": head, "sentences": list(told)} for head, told in self.sections],
            "note": self.note,
            "rows": [
                {str(k): json_number(v) if k in numbers else v for k, v in row.items()}
                for row in self.frame.to_dict(orient="records")
            ],
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.sentences) + grid_html(self.grid),
            MIME: self.records(),
        }


def plan_explanation(
    plan: Plan,
    role: str | None = None,
    attainments: Sequence[Fraction] = EXAMPLE_LEVELS,
    *,
    quota: Decimal | None = None,
    calendar: FiscalCalendar | None = None,
    show: Formatter | None = None,
) -> PlanExplanation:
    """A plan in plain sentences, with worked examples computed by the engine.

    Parameters
    ----------
    plan : Plan
        The plan.
    role : str, optional
        Only what concerns one role. Default: everybody.
    attainments : sequence of Fraction
        Of the worked examples.
    quota : Decimal, optional
        Quota of a pay period where the plan has none. Default: 100,000.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    show : Formatter, optional
        Language of the report. Default: English.

    Returns
    -------
    PlanExplanation

    Raises
    ------
    InputError
        No such role, or the engine refuses the plan.
    """
    formats = plan_formatter(plan, show)
    groups = list(plan.people) if role is None else [group_of(plan, role)]
    rows: list[tuple[Any, ...]] = []
    notes: list[str] = []
    for group in groups:
        found = pay_examples(plan, group, attainments, quota=quota, calendar=calendar)
        rows += _example_rows(plan, group, found, formats)
        notes.append(assumptions(found, formats))
    columns = ["group", "attainment", "pay", "of_target", "earnings"]
    frame = pd.DataFrame(rows, columns=columns).astype({"of_target": float, "earnings": float})
    sections = [(plan.name, _plan_sentences(plan, groups, formats))]
    sections += [
        (component.name, tuple(component_sentences(plan, component, formats)))
        for component in plan.components
        if role is None or not component.roles or role in component.roles
    ]
    payment = tuple(payment_sentences(plan, formats))
    if payment:
        sections.append((formats.say("Payment"), payment))
    return PlanExplanation(
        plan.name, tuple(sections), frame, " ".join(dict.fromkeys(notes)), formats
    )


def _example_rows(
    plan: Plan, group: PlanGroup, found: PayExamples, show: Formatter
) -> list[tuple[Any, ...]]:
    target = found.target_cents
    months = {"month": 1, "quarter": 3, "year": 12}[plan.pay_period] * len(found.periods)
    base = None
    if group.ote is not None:
        base = (Fraction(group.ote) * 100 - group.variable_cents) * Fraction(months, 12) / 100
    name = group_name(group) or show.say("everyone")
    return [
        (
            name,
            float(level),
            cents / 100,
            float(cents / target) if target else None,
            None if base is None else float(base) + cents / 100,
        )
        for level, cents in zip(found.attainments, found.totals, strict=True)
    ]


def _plan_sentences(plan: Plan, groups: Sequence[PlanGroup], show: Formatter) -> tuple[str, ...]:
    say = show.say
    if plan.to is None:
        told = [say("It holds from {day} on, until further notice.", day=show.date(plan.from_))]
    else:
        told = [say("It holds from {span}.", span=show.span(plan.from_, plan.to))]
    told.append(
        {
            "month": say("Pay is worked out every month."),
            "quarter": say("Pay is worked out every quarter."),
            "year": say("Pay is worked out once a year."),
        }[plan.pay_period]
    )
    for group in groups:
        if group.ote is None:
            continue
        told.append(
            say(
                "On-target earnings of {group}: {ote} a year, of which {variable} is variable.",
                group=group_name(group) or say("everyone"),
                ote=show.money(group.ote),
                variable=show.money(group.variable_cents / 100),
            )
        )
    told += _quota_sentences(plan, show)
    return tuple(told)


def _quota_sentences(plan: Plan, show: Formatter) -> list[str]:
    say, told = show.say, []
    known = {quota.measure for quota in plan.quotas}
    for quota in plan.quotas:
        words = {"measure": quota.measure, "amount": _unit(plan, quota.measure, quota.amount, show)}
        if quota.every == "month":
            told.append(say("Quota of {measure}: {amount} a month.", **words))
        elif quota.every == "quarter":
            told.append(say("Quota of {measure}: {amount} a quarter.", **words))
        elif quota.every == "year":
            told.append(say("Quota of {measure}: {amount} a year.", **words))
        elif quota.from_ and quota.to:
            span = show.span(quota.from_, quota.to)
            told.append(say("Quota of {measure}, {span}: {amount}.", span=span, **words))
    needed = {name for part in plan.components for _, name in quota_measures(plan, part)}
    told += [
        say("Quota of {measure}: as it was given to each person.", measure=name)
        for name in plan.measures
        if name in needed - known
    ]
    return told


def _unit(plan: Plan, measure: str, amount: Decimal, show: Formatter) -> str:
    if plan.measures[measure].of == "amount":
        return show.money(amount)
    return show.counted(int(amount), "{count} deal", "{count} deals")
