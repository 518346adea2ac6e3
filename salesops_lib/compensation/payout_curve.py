"""The payout curve of a plan: pay by attainment, with the points at which it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.compensation.leverage_points import LeveragePoint, leverage_points
from salesops_lib.compensation.lint_people import group_name
from salesops_lib.compensation.payout_examples import PayExamples, pay_examples
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup

__all__ = [
    "PayoutCurve",
    "assumptions",
    "change_words",
    "group_of",
    "payout_curve",
    "plan_formatter",
]

_STEP = Fraction(1, 20)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, eq=False)
class PayoutCurve:
    """Pay of a year by attainment, as the engine pays it.

    Parameters
    ----------
    plan : str
        Name of the plan.
    group : str
        Whom it pays.
    frame : DataFrame
        `attainment` (share of the quota) and `pay` (of a year, plan's currency), by
        attainment; where pay jumps, the attainment stands twice: without and with it.
    points : DataFrame
        Leverage points: `attainment`, `change`, `component`, `pay`.
    target : float
        Variable pay at target of the same periods; 0 where the plan has none.
    examples : PayExamples
        What it was computed from, and with which assumptions.
    show : Formatter
        Formats, in the plan's currency.
    """

    plan: str
    group: str
    frame: pd.DataFrame
    points: pd.DataFrame
    target: float
    examples: PayExamples
    show: Formatter

    def pay(self, attainment: float) -> float | None:
        """Pay at an attainment of the frame; with what is reached there."""
        rows = self.frame.loc[(self.frame["attainment"] - attainment).abs() < 1e-9, "pay"]
        return float(rows.iloc[-1]) if len(rows) else None

    @property
    def headline(self) -> str:
        """One sentence: what the quota pays, and where pay begins, steepens and ends."""
        show, say = self.show, self.show.say
        first = {
            str(change): show.share(float(rows["attainment"].iloc[0]), 0)
            for change, rows in self.points.groupby("change", sort=False)
        }
        told = {
            "threshold": say("pay begins at {level}", level=first.get("threshold", "")),
            "accelerator": say(
                "each deal pays more from {level}", level=first.get("accelerator", "")
            ),
            "cap": say("a cap holds from {level}", level=first.get("cap", "")),
            "top": say("nothing more is paid from {level}", level=first.get("top", "")),
        }
        words = {"plan": self.plan, "pay": show.money(self.pay(1.0) or 0.0, compact=True)}
        named = [told[change] for change in first if change in told]
        if not named:
            return say("{plan}: quota pays {pay} a year.", **words)
        return say("{plan}: quota pays {pay} a year; {points}.", points=show.listed(named), **words)

    @property
    def alt(self) -> str:
        """The chart in words."""
        show, last = self.show, self.frame.iloc[-1]
        return show.say(
            "Line chart. Variable pay of a year by attainment, {group}: {at_quota} at quota, "
            "{most} at {last}.",
            group=self.group,
            at_quota=show.money(self.pay(1.0) or 0.0, compact=True),
            most=show.money(float(last["pay"]), compact=True),
            last=show.share(float(last["attainment"]), 0),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and what it rests on."""
        text = self.show.say(
            "Variable pay of a year by attainment, {group}. Marks: where pay changes; cross: "
            "pay at target.",
            group=self.group,
        )
        return f"{text} {assumptions(self.examples, self.show)}"

    @property
    def drawn(self) -> Drawn:
        """What the chart shows, for machines that check it."""
        return Drawn(self.show.currency, self.show.say("none: a plan has no period"), "exact")

    @property
    def grid(self) -> Grid:
        """Leverage points as a table."""
        show, say = self.show, self.show.say
        headers = (
            (say("Attainment"), "number"),
            (say("What changes"), "text"),
            (say("Component"), "text"),
            (say("Pay of a year, {currency}", currency=show.currency), "number"),
        )
        words = change_words(show)
        rows = tuple(
            (
                Cell(show.share(row.attainment, 1), "head"),
                Cell(words[row.change], "text"),
                Cell(row.component, "text"),
                Cell(show.amount(row.pay, 0), number=row.pay),
            )
            for row in rows_of(self.points)
        )
        caption = say("Leverage points, {plan}, {group}", plan=self.plan, group=self.group)
        return Grid(caption, headers, rows, assumptions(self.examples, show), show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        numbers = ("attainment", "pay")

        def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
            return [
                {str(k): json_number(v) if k in numbers else v for k, v in row.items()}
                for row in frame.to_dict(orient="records")
            ]

        return {
            "kind": "payout_curve",
            "id": "payout_curve",
            "headline": self.headline,
            "target": json_number(self.target),
            "rows": plain(self.frame),
            "points": plain(self.points),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def payout_curve(
    plan: Plan,
    role: str | None = None,
    *,
    upto: Fraction = Fraction(2),
    quota: Decimal | None = None,
    calendar: FiscalCalendar | None = None,
    show: Formatter | None = None,
) -> PayoutCurve:
    """Payout curve of the people of one role, computed by the engine.

    Parameters
    ----------
    plan : Plan
        The plan.
    role : str, optional
        One of its roles. Default: its first group of people.
    upto : Fraction
        Attainment that the curve goes up to.
    quota : Decimal, optional
        Quota of a pay period where the plan has none. Default: 100,000.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    show : Formatter, optional
        Language of the report. Default: English.

    Returns
    -------
    PayoutCurve

    Raises
    ------
    InputError
        No such role, or the engine refuses the plan.
    """
    group = group_of(plan, role)
    formats = plan_formatter(plan, show)
    first = pay_examples(plan, group, [Fraction(1)], quota=quota, calendar=calendar)
    months = _MONTHS[plan.pay_period] * len(first.periods)
    points = [
        point
        for point in leverage_points(plan, group, first.quotas, months)
        if point.attainment <= upto
    ]
    count = int(upto / _STEP)
    levels = sorted({*(_STEP * k for k in range(count + 1)), *(p.attainment for p in points)})
    edges = sorted({point.attainment for point in points})
    reached = pay_examples(plan, group, levels, quota=quota, calendar=calendar)
    missed = pay_examples(plan, group, edges, quota=quota, calendar=calendar, short=True)
    # What nothing is counted for pays nothing here, and changes nothing.
    points = [p for p in points if not p.component or any(reached.of_component(p.component))]
    return PayoutCurve(
        plan=plan.name,
        group=group_name(group) or formats.say("everyone"),
        frame=_joined(reached, missed),
        points=_points(points, reached),
        target=float(reached.target_cents) / 100,
        examples=reached,
        show=formats,
    )


def group_of(plan: Plan, role: str | None) -> PlanGroup:
    """First group of a plan with a role, or its first one.

    Raises
    ------
    InputError
        No group has this role.
    """
    if role is None:
        return plan.people[0]
    for group in plan.people:
        if group.role in {role, None}:
            return group
    known = {group.role for group in plan.people if group.role}
    raise InputError(f"the plan `{plan.id}` has no role `{role}`", found=role, allowed=known)


def plan_formatter(plan: Plan, show: Formatter | None) -> Formatter:
    """Formats of a report, in the currency of a plan."""
    return replace(show or Formatter(), currency=plan.currency)


def change_words(show: Formatter) -> dict[str, str]:
    """What changes at a leverage point, in words."""
    say = show.say
    return {
        "threshold": say("pay begins"),
        "step": say("a sum is reached"),
        "accelerator": say("each deal pays more"),
        "decelerator": say("each deal pays less"),
        "cap": say("a cap holds"),
        "top": say("nothing more is paid"),
        "quota": say("quota"),
    }


def assumptions(examples: PayExamples, show: Formatter) -> str:
    """What examples rest on, in one sentence or two; names come from the plan."""
    say = show.say
    told = [say("The same attainment in each pay period of a year.")]
    if examples.assumed:
        parts = {show.amount(examples.quotas[m] / 100 / len(examples.periods), 0)
                 for m in examples.assumed}  # fmt: skip
        told.append(
            say(
                "Quota assumed: {amount} a pay period.",
                amount=show.listed(sorted(parts)),
            )
        )
    if examples.results:
        named = [
            say("{measure} {value}", measure=name, value=show.share(value, 0))
            for name, value in examples.results.items()
        ]
        told.append(say("Results assumed: {results}.", results=show.listed(named)))
    if examples.left_out:
        told.append(
            say("Nothing counted for: {measures}.", measures=show.listed(examples.left_out))
        )
    return " ".join(told)


def _joined(reached: PayExamples, missed: PayExamples) -> pd.DataFrame:
    rows = [
        (float(level), place, cents / 100)
        for place, examples in ((1, reached), (0, missed))
        for level, cents in zip(examples.attainments, examples.totals, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["attainment", "place", "pay"])
    frame = frame.sort_values(["attainment", "place"], ignore_index=True)
    # A cent short is the same point, unless something jumps there.
    above = frame["pay"].shift(-1)
    same = (frame["place"] == 0) & ((above - frame["pay"]).abs() < 1)
    return frame[~same].drop(columns="place").reset_index(drop=True)


def _points(points: Iterable[LeveragePoint], reached: PayExamples) -> pd.DataFrame:
    pay = dict(zip(reached.attainments, reached.totals, strict=True))
    rows = [(float(p.attainment), p.change, p.component, pay[p.attainment] / 100) for p in points]
    return pd.DataFrame(rows, columns=["attainment", "change", "component", "pay"])
