"""The goal of a team, and what each of its people brought towards it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.attainment import credited
from salesops_lib.performance.cohorts import NO_GROUP
from salesops_lib.performance.comparison import extract_reason, extract_state
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    from salesops_lib.data.view import Role, View

__all__ = ["TeamGoal", "team_goal"]

SHOWN = 12
"""Rows drawn; those past them stand together in the last one."""


@dataclass(frozen=True)
class TeamGoal:
    """What was credited to each rep, on the way to the goal of all.

    Parameters
    ----------
    frame : DataFrame
        One row a rep, largest credit first: `rep_id` (empty: of nobody), `rep`,
        `credit`, `quota` (NaN without), `prior` (credit of the period before), all in
        the reporting currency; `attainment`, `part` (credit ÷ goal) and `goal_part`
        (quota ÷ goal), shares of 1, NaN where not computable.
    goal : float
        Quotas of all together, while the period runs those of the days gone; NaN
        where there are none.
    prior : float
        Credit of all in the period before; NaN where the extract does not hold it.
    view : View
        What was looked at.
    reason : str
        Why there is nothing to show; empty where there is.
    """

    frame: pd.DataFrame
    goal: float
    prior: float
    view: View
    reason: str = ""

    @property
    def credit(self) -> float:
        """What was credited to all together, in the reporting currency."""
        return float(self.frame["credit"].sum())

    @property
    def shown(self) -> pd.DataFrame:
        """Rows that are drawn: `rep`, `credit`, `quota` and `start`, where its bar begins."""
        rows = self.frame[["rep", "credit", "quota"]]
        if len(rows) > SHOWN:
            rest = rows.iloc[SHOWN - 1 :]
            label = self.view.show.counted(len(rest), "{count} other", "{count} others")
            together = {
                "rep": label,
                "credit": rest["credit"].sum(),
                "quota": rest["quota"].sum(min_count=1),
            }
            rows = pd.concat([rows.head(SHOWN - 1), pd.DataFrame([together])], ignore_index=True)
        return rows.assign(start=rows["credit"].cumsum() - rows["credit"])

    @property
    def half(self) -> int:
        """Smallest number of reps who together have at least half of the credit."""
        running = self.frame["credit"].cumsum().to_numpy(float)
        return int(np.argmax(running >= self.credit / 2)) + 1 if self.credit > 0 else 0

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where parts of a goal can be drawn."""
        return self.headline if self.reason or self.view.scope.kind == "rep" else ""

    @property
    def headline(self) -> str:
        """One sentence: how far the goal was reached, and by how many."""
        show = self.view.show
        if self.reason:
            return show.say("The goal is not shown: {reason}.", reason=self.reason)
        words = {
            "scope": self.view.scope_label,
            "credit": show.money(self.credit, compact=True),
            "reps": show.count(int((self.frame["rep_id"] != NO_GROUP).sum())),
            "half": show.count(self.half),
        }
        if math.isnan(self.goal):
            return show.counted(
                len(self.frame),
                "{scope}: {credit} credited, without a quota to hold it against.",
                "{scope}: {credit} credited to {reps} reps, half of it to {half} of them; there is "
                "no quota to hold it against.",
                **words,
            )
        return show.counted(
            len(self.frame),
            "{scope}: {share} of the goal of {goal} is reached.",
            "{scope}: {share} of the goal of {goal} is reached; {half} of {reps} reps brought half "
            "of it.",
            share=show.share(self.credit / self.goal),
            goal=show.money(self.goal, compact=True),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        words = {
            "scope": self.view.scope_phrase,
            "period": show.period(self.view.period.label),
            "credit": show.money(self.credit, compact=True),
            "goal": show.value(self.goal, "money", compact=True),
        }
        if self.frame.empty:
            return show.say(
                "Bar chart of credit of {scope} by rep, {period}: nobody has credit or quota.",
                **words,
            )
        first = next(rows_of(self.frame))
        return show.say(
            "Bars of credit of {scope} by rep, {period}, one after the other up to {credit}; goal: "
            "{goal}. Largest: {first} with {most}.",
            first=first.rep,
            most=show.money(first.credit, compact=True),
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        prior = self.view.show.period(self.view.periods["prior"].label)
        known = "none: the extract begins later" if math.isnan(self.prior) else prior
        return Drawn(self.view.show.currency, known, "exact")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        return show.say(
            "Credit by rep, {period}, one after the other; thin bars: own quota; dashed line: "
            "goal, the sum of the quotas; dotted line: credit of {prior}. Source: snapshot "
            "{snapshot}.",
            period=show.period(self.view.period.label),
            prior=show.period(self.view.periods["prior"].label),
            snapshot=self.view.snapshot.id,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say, frame = self.view.show, self.view.show.say, self.frame
        prior = show.period(self.view.periods["prior"].label)
        attained = say("Attainment")
        headers = (
            (say("Rep"), "text"),
            (say("Credit, {currency}", currency=show.currency), "number"),
            (say("Part of the goal"), "number"),
            (say("Quota, {currency}", currency=show.currency), "number"),
            (say("Quota ÷ goal"), "number"),
            (attained, "number"),
            (say("Credit of {period}", period=prior), "number"),
        )
        money = ("credit", "quota", "prior")
        digits = {name: show.cents(frame[name]) for name in money}
        rows = tuple(
            (
                Cell(row.rep, "head"),
                Cell(show.amount(row.credit, digits["credit"])),
                Cell(show.value(row.part, "share"), number=row.part),
                Cell(show.amount(row.quota, digits["quota"])),
                Cell(show.value(row.goal_part, "share"), number=row.goal_part),
                Cell(show.value(row.attainment, "share"), number=row.attainment),
                Cell(show.amount(row.prior, digits["prior"])),
            )
            for row in rows_of(frame)
        )
        caption = say(
            "The goal of {scope} and the parts in it, {period}",
            scope=self.view.scope_phrase,
            period=show.period(self.view.period.label),
        )
        note = say(
            "Credit follows revenue splits, so it may differ from bookings; overlay credit is "
            "left out. While the period runs, quotas are those of the days gone."
        )
        return Grid(caption, headers, rows, note, {attained: "attainment"}, show=show, folded=False)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "team_goal",
            "headline": self.headline,
            "goal": json_number(self.goal),
            "credit": json_number(self.credit),
            "prior": json_number(self.prior),
            "reason": self.reason,
            **compact_rows(self.frame),
        }


@lru_cache(maxsize=16)
def team_goal(view: View) -> TeamGoal:
    """Goal of the scope, and the credit of each rep towards it.

    Parameters
    ----------
    view : View
        Scope, period and currency.

    Returns
    -------
    TeamGoal
        A rep's own report holds that rep's part only, against the own quota.
    """
    rows = credited(view, "rep")
    blank = extract_state(view, "current") in {"empty", "later"}
    now = _of_role(rows, "current")
    if blank:
        now = now.iloc[:0]
    labels = dict(zip(rows["group"], rows["label"], strict=True))
    prior = _of_role(rows, "prior")["credit"]
    known = extract_state(view, "prior") not in {"empty", "later"}
    whole = _of_role(credited(view), "current")["quota"]
    goal = float(whole.iloc[0]) if len(whole) and whole.iloc[0] > 0 else float("nan")
    nobody = nameless_group("rep", view.show)
    frame = pd.DataFrame(
        {
            "rep_id": now.index.to_numpy(),
            "rep": [nobody if rep == NO_GROUP else labels[rep] for rep in now.index],
            "credit": now["credit"].to_numpy(float),
            "quota": now["quota"].to_numpy(float),
            "prior": prior.reindex(now.index).fillna(0.0 if known else np.nan).to_numpy(float),
        }
    )
    frame["quota"] = frame["quota"].where(frame["quota"] > 0)
    frame["attainment"] = frame["credit"] / frame["quota"]
    frame["part"], frame["goal_part"] = frame["credit"] / goal, frame["quota"] / goal
    frame = frame[(frame["credit"] != 0) | frame["quota"].notna()].sort_values(
        ["credit", "rep", "rep_id"], ascending=[False, True, True], ignore_index=True
    )
    reason = extract_reason(view, "current") if blank else ""
    if not reason and frame.empty:
        reason = view.show.say("nobody has credit or quota")
    total = float(prior.sum()) if known else float("nan")
    return TeamGoal(frame, goal, total, view, reason)


def _of_role(rows: pd.DataFrame, role: Role) -> pd.DataFrame:
    return rows[rows["role"] == role].set_index("group")
