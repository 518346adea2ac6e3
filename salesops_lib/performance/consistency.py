"""Consistency of reps over time, against what chance alone makes results vary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.fragments import Cell, Grid
from salesops_lib.performance.rep_periods import covered_periods, rep_closed, rep_credit
from salesops_lib.performance.variation import ENOUGH_OTHERS, ERRORS, FEWEST, variation
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, rows_of
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["Consistency", "consistency"]

PERIODS = 12
"""Periods that are looked at."""

SHOWN = 12
"""Reps drawn; the table behind the chart holds them all."""


@dataclass(frozen=True)
class Consistency:
    """How evenly reps reached their quotas and won their deals from period to period.

    Parameters
    ----------
    frame : DataFrame
        One row a rep, uneven ones first, then by `ratio`: `rep_id`, `rep`, `periods` (with a
        quota), `deals` (credited in them), `attainment` (of all of them), `deviation`
        (standard deviation of the attainment about what the whole scope's period makes
        one expect) and `chance` (that which chance explains), shares of 1; `ratio`
        (their squares divided: 1 is chance alone), `closed` (deals), `win_ratio` (the
        same ratio of the win rates), `above` and `below` (how often chance varies as
        much or more, as little or less; corrected for the number of reps) and `verdict`
        (``uneven``, ``even``, ``chance``, or ``few``: not judged). What is not
        computable is NaN.
    points : DataFrame
        One row a rep and period with a quota: `rep_id`, `period`, `attainment`.
    view : View
        What was looked at.
    first : str
        Label of the first period.
    of_all : bool
        Whether it is taken out how good the periods were for the whole scope.
    """

    frame: pd.DataFrame
    points: pd.DataFrame
    view: View
    first: str
    of_all: bool

    @property
    def judged(self) -> pd.DataFrame:
        """Rows of the reps with enough periods and deals."""
        return self.frame[self.frame["verdict"] != "few"]

    @property
    def shown(self) -> pd.DataFrame:
        """Rows that are drawn: the most uneven and the most even where there are many."""
        rated = self.judged.dropna(subset=["ratio"])
        if len(rated) <= SHOWN:
            return rated
        return pd.concat([rated.head(SHOWN // 2), rated.tail(SHOWN // 2)])

    @property
    def days(self) -> str:
        """First and last period, as people read them."""
        show = self.view.show
        last = show.period(self.view.period.label)
        return show.say("{low} to {high}", low=show.period(self.first), high=last)

    def named(self, verdict: str) -> list[str]:
        """Ids of the reps with a verdict: ``uneven``, ``even``, ``chance`` or ``few``."""
        return [str(rep) for rep in self.frame.loc[self.frame["verdict"] == verdict, "rep_id"]]

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where somebody can be judged."""
        return self.headline if self.shown.empty else ""

    @property
    def headline(self) -> str:
        """One sentence: how many vary more than chance, how many less."""
        show = self.view.show
        words = {"days": self.days, "judged": show.count(len(self.judged))}
        if self.judged.empty:
            return show.say(
                "Consistency is not computable: nobody has {periods} periods and {deals} deals.",
                periods=show.count(FEWEST),
                deals=show.count(SMALL_SAMPLE),
            )
        if len(self.judged) == 1:
            return self._alone(next(rows_of(self.judged)))
        uneven, even = len(self.named("uneven")), len(self.named("even"))
        if not uneven and not even:
            return show.say(
                "{days}: for none of {judged} reps do results vary more, or less, than chance "
                "explains.",
                **words,
            )
        return show.say(
            "{days}: results vary more than chance explains for {uneven} of {judged} reps, and "
            "less for {even}.",
            uneven=show.count(uneven),
            even=show.count(even),
            **words,
        )

    def _alone(self, row: Any) -> str:
        """The headline where one rep only is judged."""
        say, words = self.view.show.say, {"days": self.days, "rep": row.rep}
        sentences = {
            "uneven": say("{days}: the results of {rep} vary more than chance explains.", **words),
            "even": say("{days}: the results of {rep} vary less than chance makes them.", **words),
            "chance": say("{days}: the results of {rep} vary as chance has it.", **words),
        }
        return sentences[row.verdict]

    @property
    def alt(self) -> str:
        """The chart in words."""
        show, rows = self.view.show, list(rows_of(self.shown))
        words = {"scope": self.view.scope_phrase, "days": self.days}
        if not rows:
            return show.say(
                "Dots of attainment by period of the reps of {scope}, {days}: nobody has enough "
                "periods.",
                **words,
            )
        first, last = rows[0], rows[-1]
        return show.counted(
            len(rows),
            "Dots of attainment by period of {first}, {days}: variance {most} times that of "
            "chance.",
            "Dots of attainment by period of {count} reps of {scope}, {days}, most uneven first. "
            "First: {first}, variance {most} times that of chance; last: {last}, {least} times.",
            first=first.rep,
            most=show.decimal(first.ratio, 1),
            last=last.rep,
            least=show.decimal(last.ratio, 1),
            **words,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        return Drawn("%", "none: each period is a dot of its own", "n")

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        words = {"days": self.days, "snapshot": self.view.snapshot.id}
        if len(self.shown) == len(self.judged):
            return show.say(
                "Attainment of each rep by period, {days}; the bar: where chance alone puts two "
                "of three; ▲: more than chance, =: less. Source: snapshot {snapshot}.",
                **words,
            )
        return show.say(
            "Attainment of each rep by period, {days}; the bar: where chance alone puts two of "
            "three; ▲: more than chance, =: less. The {half} most uneven and the {half} most even "
            "of {all}. Source: snapshot {snapshot}.",
            half=show.count(SHOWN // 2),
            all=show.count(len(self.judged)),
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.view.show, self.view.show.say
        attained = say("Attainment")
        headers = (
            (say("Rep"), "text"),
            (say("Periods"), "number"),
            (say("Credited deals"), "number"),
            (attained, "number"),
            (say("Varies by, pp"), "number"),
            (say("Chance alone, pp"), "number"),
            (say("Variance ÷ chance"), "number"),
            (say("The same of win rates"), "number"),
            (say("Result"), "text"),
        )
        rows = tuple(
            (
                Cell(row.rep, "head"),
                Cell(show.count(row.periods)),
                Cell(show.count(row.deals)),
                Cell(show.value(row.attainment, "share"), number=row.attainment),
                Cell(self._points(row.deviation), number=row.deviation),
                Cell(self._points(row.chance), number=row.chance),
                Cell(self._ratio(row.ratio), number=row.ratio),
                Cell(self._ratio(row.win_ratio), number=row.win_ratio),
                Cell(self.verdict_text(row.verdict), "text"),
            )
            for row in rows_of(self.frame)
        )
        note = say(
            "Chance alone: which deals are won when, and how large they are, with the rep's own "
            "average and the periods as good or bad as for all. Of the reps who are said to vary "
            "more or less than chance, fewer than {errors} are expected to be so by chance; "
            "judged from {periods} periods and {deals} deals on.",
            errors=show.share(ERRORS, 0),
            periods=show.count(FEWEST),
            deals=show.count(SMALL_SAMPLE),
        )
        if not self.of_all:
            few = say(
                "Of fewer than {limit} reps, how good the periods were for all of them cannot be "
                "told, and is not taken out.",
                limit=show.count(ENOUGH_OTHERS),
            )
            note = f"{note} {few}"
        linked = {attained: "attainment", say("Variance ÷ chance"): "consistency"}
        caption = say("Consistency of reps, {scope}, {days}", scope=self.view.scope_phrase,
                      days=self.days)  # fmt: skip
        return Grid(caption, headers, rows, note, linked, show=show, folded=False)

    def _points(self, share: float) -> str:
        show = self.view.show
        return show.value(None, "share") if pd.isna(share) else show.decimal(100 * share, 0)

    def _ratio(self, ratio: float) -> str:
        show = self.view.show
        return show.value(None, "count") if pd.isna(ratio) else show.decimal(ratio, 2)

    def verdict_text(self, verdict: str) -> str:
        """Verdict as people read it."""
        say = self.view.show.say
        words = {
            "uneven": say("varies more than chance"),
            "even": say("varies less than chance"),
            "chance": say("as chance has it"),
            "few": say("too few cases"),
        }
        return words[verdict]

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"kind": "consistency", "headline": self.headline, **compact_rows(self.frame)}


@lru_cache(maxsize=16)
def consistency(view: View, periods: int = PERIODS) -> Consistency:
    """Variation of each rep's attainment and win rate over the last periods.

    Parameters
    ----------
    view : View
        Scope, period and currency.
    periods : int
        How many, the report's own included; those that the extract does not cover from
        their start are left out.

    Returns
    -------
    Consistency
        In a rep's own report from that rep's rows only.
    """
    spans = covered_periods(view, periods)
    credit = rep_credit(view, periods) if view.snapshot.has("quotas") else None
    closed = rep_closed(view, periods)
    of_all = closed["rep_id"].nunique() >= ENOUGH_OTHERS
    frame = variation(credit, closed, of_all=of_all)
    first = (spans or (view.period,))[0].label
    return Consistency(frame, _points(credit), view, first, of_all)


def _points(credit: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of `Consistency.points`."""
    if credit is None:
        return pd.DataFrame(columns=["rep_id", "period", "attainment"])
    shares = credit["credit"] / credit["quota"]
    return credit[["rep_id", "period"]].assign(attainment=shares)
