"""The result of comparing reps fairly: estimates with intervals, ranks with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["CERTAIN", "FairComparison"]

CERTAIN = 0.95
"""How likely a rep must be the first, or the last, of all to be named so."""

SHOWN = 12
"""Reps drawn; the table behind the chart holds them all."""


@dataclass(frozen=True)
class FairComparison:
    """Reps beside each other by one measure, as far as chance lets them be told apart.

    Parameters
    ----------
    measure : str
        ``win_rate`` or ``attainment``.
    frame : DataFrame
        One row a rep, highest first: `rep_id`, `rep`, `n` (cases), `value` (as
        measured), `expected` (of the same mix of deals; NaN where there is no mix),
        `fair` (mix taken out and drawn towards the team), `low`, `high` (95 %
        interval), `weight` (how much of the own figure is left), all shares of 1;
        `rank_low`, `rank_high` (95 % interval; 1 is the highest), `first`, `last`
        (how likely the rep is the highest, the lowest). What is not computable is NaN.
    team : float
        Figure of all of them together.
    view : View
        What was looked at.
    days : str
        The periods that are compared, as people read them.
    reason : str
        Why nobody is compared; empty where they are.
    thin : int
        Deals in regions and segments where others closed fewer than ten.
    """

    measure: Literal["win_rate", "attainment"]
    frame: pd.DataFrame
    team: float
    view: View
    days: str
    reason: str = ""
    thin: int = 0

    @property
    def best(self) -> str | None:
        """Id of the rep who may be called the first; None where no one may."""
        return self._certain("first")

    @property
    def worst(self) -> str | None:
        """Id of the rep who may be called the last; None where no one may."""
        return self._certain("last")

    def _certain(self, column: str) -> str | None:
        sure = self.frame[self.frame[column] >= CERTAIN]
        return None if self.reason or sure.empty else str(sure["rep_id"].iloc[0])

    @property
    def shown(self) -> pd.DataFrame:
        """The rows that are drawn: the first and the last ones where there are many."""
        if len(self.frame) <= SHOWN:
            return self.frame
        return pd.concat([self.frame.head(SHOWN - SHOWN // 2), self.frame.tail(SHOWN // 2)])

    @property
    def name(self) -> str:
        """Name of the measure."""
        return DEFINITIONS[self.measure].said(self.view.show).name

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where reps are compared."""
        return self.headline if self.reason else ""

    @property
    def headline(self) -> str:
        """One sentence: who can be told from all others, and who cannot."""
        show = self.view.show
        if self.reason and len(self.frame) == 1:
            row = next(rows_of(self.frame))
            return show.counted(
                row.n,
                "{measure}, {period}: {value} in {count} deal; {reason}.",
                "{measure}, {period}: {value} in {count} deals; {reason}.",
                measure=self.name,
                period=self.days,
                value=show.value(row.value, "share"),
                reason=self.reason,
            )
        if self.reason:
            return show.say(
                "{measure}: reps are not compared: {reason}.",
                measure=self.name,
                reason=self.reason,
            )
        words = {"measure": self.name, "reps": show.count(len(self.frame))}
        names = dict(zip(self.frame["rep_id"], self.frame["rep"], strict=True))
        if self.best and self.worst:
            return show.say(
                "{measure}: of {reps} reps, {best} is the first and {worst} the last, beyond "
                "what chance explains.",
                best=names[self.best],
                worst=names[self.worst],
                **words,
            )
        if self.best:
            return show.say(
                "{measure}: of {reps} reps, {best} is the first, beyond what chance explains; "
                "nobody can be called the last.",
                best=names[self.best],
                **words,
            )
        if self.worst:
            return show.say(
                "{measure}: of {reps} reps, {worst} is the last, beyond what chance explains; "
                "nobody can be called the first.",
                worst=names[self.worst],
                **words,
            )
        return show.say(
            "{measure}: of {reps} reps, nobody can be called the first or the last; the "
            "differences leave their ranks open.",
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.view.show
        words = {
            "measure": self.name,
            "scope": self.view.scope_phrase,
            "period": self.days,
        }
        if self.reason:
            return show.say(
                "Chart of {measure} of the reps of {scope}, {period}, without a comparison: "
                "{reason}.",
                reason=self.reason,
                **words,
            )
        first, last = list(rows_of(self.frame.iloc[[0, -1]]))
        return show.say(
            "Dots with 95% intervals: {measure} of {reps} reps of {scope}, {period}, drawn "
            "towards the team. Highest: {first} with {most}, rank {ranks}; lowest: {last} with "
            "{least}, rank {last_ranks}; all together: {team}.",
            reps=show.count(len(self.frame)),
            first=first.rep,
            most=show.share(first.fair, 0),
            ranks=self.rank_text(first),
            last=last.rep,
            least=show.share(last.fair, 0),
            last_ranks=self.rank_text(last),
            team=show.share(self.team, 0),
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        return Drawn("%", "none: the periods are taken together", "interval")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        words = {
            "measure": self.name,
            "period": self.days,
            "snapshot": self.view.snapshot.id,
        }
        if len(self.frame) <= SHOWN:
            return show.say(
                "{measure} of each rep, {period}. Filled: drawn towards the team, with 95% "
                "intervals and ranks; hollow: as measured. Source: snapshot {snapshot}.",
                **words,
            )
        return show.say(
            "{measure} of each rep, {period}. Filled: drawn towards the team, with 95% "
            "intervals and ranks; hollow: as measured. The {first} highest and {last} lowest of "
            "{all}. Source: snapshot {snapshot}.",
            first=show.count(SHOWN - SHOWN // 2),
            last=show.count(SHOWN // 2),
            all=show.count(len(self.frame)),
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        mixed = bool(self.frame["expected"].notna().any())
        headers = [(say("Rep"), "text"), (say("Cases"), "number"), (self.name, "number")]
        if mixed:
            headers += [(say("Expected of the mix"), "number"), (say("Won ÷ expected"), "number")]
        headers += [
            (say("Drawn to the team"), "number"),
            (say("95% interval"), "number"),
            (say("Rank"), "number"),
        ]
        rows = []
        for row in rows_of(self.frame):
            small = "*" if row.n < SMALL_SAMPLE else ""
            cells = [
                Cell(row.rep, "head"),
                Cell(show.count(row.n) + small),
                Cell(show.value(row.value, "share"), number=row.value),
            ]
            if mixed:
                known = not pd.isna(row.expected) and row.expected > 0
                against = show.decimal(row.value / row.expected, 2) if known else ""
                cells += [Cell(show.value(row.expected, "share")), Cell(against)]
            cells += [
                Cell(show.value(row.fair, "share"), title=self.reason, number=row.fair),
                Cell(show.interval(row.low, row.high, "share", rough=True)),
                Cell(self.rank_text(row)),
            ]
            rows.append(tuple(cells))
        caption = say(
            "{measure} compared fairly, {scope}, {period}",
            measure=self.name,
            scope=self.view.scope_phrase,
            period=self.days,
        )
        linked = {self.name: self.measure, say("Drawn to the team"): f"fair_{self.measure}"}
        note = self._note(mixed)
        return Grid(caption, tuple(headers), tuple(rows), note, linked, show=show, folded=False)

    def _note(self, mixed: bool) -> str:
        show, say = self.view.show, self.view.show.say
        notes = [
            say("* fewer than {limit} cases: read with care.", limit=show.count(SMALL_SAMPLE)),
            self.reason and say("Not compared: {reason}.", reason=self.reason),
        ]
        if not self.reason:
            notes.append(
                say(
                    "Drawn to the team: the fewer cases, the more of a figure is chance, and the "
                    "nearer it is taken to what all have in common (empirical Bayes). Rank: 95% "
                    "interval; 1 is the highest. A rep is called the first or the last only where "
                    "that is {sure} sure.",
                    sure=show.share(CERTAIN, 0),
                )
            )
        if mixed:
            notes.append(
                say(
                    "Expected of the mix: what the other reps win of deals in the same regions "
                    "and segments; it is taken out of the figure drawn to the team."
                )
            )
            if self.thin:
                notes.append(
                    show.counted(
                        self.thin,
                        "For {count} deal the others closed fewer than {limit} there; what is "
                        "expected of it leans on the segment everywhere.",
                        "For {count} deals the others closed fewer than {limit} there; what is "
                        "expected of them leans on the segment everywhere.",
                        limit=show.count(SMALL_SAMPLE),
                    )
                )
        elif self.measure == "win_rate" and not self.reason:
            notes.append(say("The deals do not differ in region or segment: no mix to take out."))
        return " ".join(filter(None, notes))

    def rank_text(self, row: Any) -> str:
        """Rank of a row of the frame as people read it; a dash where there is none."""
        show = self.view.show
        if pd.isna(row.rank_low):
            return show.value(None, "count")
        low, high = show.count(row.rank_low), show.count(row.rank_high)
        return low if low == high else show.say("{low} to {high}", low=low, high=high)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "fair_comparison",
            "measure": self.measure,
            "headline": self.headline,
            "team": json_number(self.team),
            "best": self.best,
            "worst": self.worst,
            "reason": self.reason,
            "thin": self.thin,
            **compact_rows(self.frame),
        }
