"""Pay for performance: whether pay follows attainment, by rank and in proportion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Value
from salesops_lib.rows import json_number

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Definition

__all__ = ["PayPerformance", "pay_performance"]

_FEWEST = 10
_Z = 1.959963984540054


@dataclass(frozen=True)
class PayPerformance:
    """Correlation of variable pay ÷ target with attainment.

    Parameters
    ----------
    frame : DataFrame
        One row a rep, without names: `attainment` and `pay_ratio`, by attainment.
    rank, linear : Value
        Spearman's and Pearson's correlation with 95 % interval; `n` reps.
    table : PayoutTable
        Whose payouts.
    """

    frame: pd.DataFrame
    rank: Value
    linear: Value
    table: PayoutTable

    @property
    def definition(self) -> Definition:
        """What it means."""
        return JUDGEMENTS["pay_performance"].said(self.table.show)

    @property
    def is_computable(self) -> bool:
        """Whether there is a correlation."""
        return self.rank.number is not None

    @property
    def headline(self) -> str:
        """One sentence: how closely pay follows attainment."""
        show = self.table.show
        if self.rank.number is None or self.linear.number is None:
            return show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=self.rank.reason,
            )
        words = {
            "rank": show.decimal(float(self.rank.number), 2),
            "low": show.decimal(self.rank.low or 0.0, 2),
            "high": show.decimal(self.rank.high or 0.0, 2),
            "linear": show.decimal(float(self.linear.number), 2),
        }
        if self.rank.low is not None and self.rank.low <= 0:
            return show.say(
                "It cannot be shown that pay follows attainment: rank correlation {rank} ({low} "
                "to {high}), linear {linear}.",
                **words,
            )
        return show.say(
            "Pay follows attainment with a rank correlation of {rank} ({low} to {high}), linear "
            "{linear}.",
            **words,
        )

    @property
    def grid(self) -> Grid:
        """Both correlations as a table."""
        show, say = self.table.show, self.table.show.say
        headers = (
            (say("Correlation"), "text"),
            (say("Value"), "number"),
            (say("95% interval"), "number"),
            (say("Reps"), "number"),
        )
        rows = tuple(
            (
                Cell(name, "head"),
                Cell(
                    show.value(None, "ratio")
                    if value.number is None
                    else show.decimal(float(value.number), 2),
                    title=value.reason,
                    number=value.number,
                ),
                Cell(
                    ""
                    if value.low is None or value.high is None
                    else say(
                        "{low} to {high}",
                        low=show.decimal(value.low, 2),
                        high=show.decimal(value.high, 2),
                    )
                ),
                Cell(show.count(value.n or 0)),
            )
            for name, value in (
                (say("By rank (Spearman)"), self.rank),
                (say("Linear (Pearson)"), self.linear),
            )
        )
        caption = say("{measure}, {scope}", measure=self.definition.name, scope=self.table.scope)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines; those of people stay out."""
        return {
            "kind": "pay_performance",
            "headline": self.headline,
            **{
                name: {
                    "value": json_number(value.number),
                    "low": json_number(value.low),
                    "high": json_number(value.high),
                    "n": value.n,
                }
                for name, value in (("rank", self.rank), ("linear", self.linear))
            },
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def pay_performance(table: PayoutTable) -> PayPerformance:
    """Correlation of variable pay ÷ target with attainment, of the reps.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts; the current periods together.

    Returns
    -------
    PayPerformance
        Not computable below 10 reps, or where all have the same pay or attainment.

    Notes
    -----
    Intervals by Fisher's z; for ranks with the variance (1 + ρ²/2) ÷ (n - 3) of Bonett
    and Wright (2000), Psychometrika 65.
    """
    from scipy.stats import pearsonr, spearmanr

    show = table.show
    people = table.people().dropna(subset=["attainment", "pay_ratio"])
    frame = people[["attainment", "pay_ratio"]].sort_values(
        ["attainment", "pay_ratio"], ignore_index=True
    )
    n, reason = len(frame), ""
    if n < _FEWEST:
        reason = show.say(
            "{found} reps have a quota and a variable pay at target, and {needed} are needed",
            found=show.count(n),
            needed=show.count(_FEWEST),
        )
    elif frame["pay_ratio"].nunique() < 2 or frame["attainment"].nunique() < 2:
        reason = show.say("all reps have the same pay or the same attainment")
    if reason:
        missing = Value(None, n, reason=reason)
        return PayPerformance(frame, missing, missing, table)
    rank = float(spearmanr(frame["attainment"], frame["pay_ratio"]).statistic)
    linear = float(pearsonr(frame["attainment"], frame["pay_ratio"]).statistic)
    return PayPerformance(
        frame, _value(rank, n, 1 + rank * rank / 2), _value(linear, n, 1.0), table
    )


def _value(correlation: float, n: int, variance: float) -> Value:
    held = max(-1.0, min(1.0, correlation))
    if abs(held) > 1 - 1e-12:
        return Value(held, n, held, held)
    half = _Z * math.sqrt(variance / (n - 3))
    centre = math.atanh(held)
    return Value(held, n, math.tanh(centre - half), math.tanh(centre + half))
