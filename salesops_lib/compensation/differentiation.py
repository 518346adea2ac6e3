"""Differentiation: what the best are paid, against the median and the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.compensation.payout_table import bootstrap_interval
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Definition

__all__ = ["Differentiation", "differentiation"]

_FEWEST = 12
_TENTH_FROM = 50


@dataclass(frozen=True)
class Differentiation:
    """Pay of the reps with the highest and lowest attainment, against the median.

    Parameters
    ----------
    frame : DataFrame
        One row a band (top_tenth from 50 reps on, top_quarter, median, bottom_quarter):
        `reps`, `attainment` (mean), `pay` (mean of variable pay ÷ target; the median of all
        in its row), and `times` (pay ÷ that of the median row) with `low` and `high`
        (95 %, people drawn anew).
    table : PayoutTable
        Whose payouts.
    reason : str
        Why there is none; empty where there is.
    """

    frame: pd.DataFrame
    table: PayoutTable
    reason: str = ""

    @property
    def definition(self) -> Definition:
        """What it means."""
        return JUDGEMENTS["differentiation"].said(self.table.show)

    @property
    def is_computable(self) -> bool:
        """Whether there are bands."""
        return not self.reason

    def row(self, band: str) -> Any:
        """One row of the frame."""
        return next(row for row in rows_of(self.frame) if row.band == band)

    def name(self, band: str) -> str:
        """Name of a band, for readers."""
        say = self.table.show.say
        return {
            "top_tenth": say("Top tenth by attainment"),
            "top_quarter": say("Top quarter by attainment"),
            "median": say("Median rep"),
            "bottom_quarter": say("Bottom quarter by attainment"),
        }[band]

    @property
    def headline(self) -> str:
        """One sentence: how many times the median the best and the last are paid."""
        show = self.table.show
        if self.reason:
            return show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=self.reason,
            )
        return show.say(
            "Relative to target, the top quartile of attainment is paid {top} the median rep, "
            "the lowest {bottom}.",
            top=show.decimal(self.row("top_quarter").times, 2) + "×",
            bottom=show.decimal(self.row("bottom_quarter").times, 2) + "×",
        )

    @property
    def grid(self) -> Grid:
        """The bands as a table."""
        show, say = self.table.show, self.table.show.say
        headers = (
            (say("Reps"), "text"),
            (say("Number"), "number"),
            (say("Attainment"), "number"),
            (say("Variable pay ÷ target"), "number"),
            (say("Times the median"), "number"),
            (say("95% interval"), "number"),
        )
        rows = tuple(
            (
                Cell(self.name(row.band), "head"),
                Cell(show.count(row.reps), number=row.reps),
                Cell(show.value(row.attainment, "share"), number=row.attainment),
                Cell(show.value(row.pay, "share"), number=row.pay),
                Cell(show.decimal(row.times, 2), number=row.times),
                Cell(
                    ""
                    if row.low != row.low
                    else say(
                        "{low} to {high}",
                        low=show.decimal(row.low, 2),
                        high=show.decimal(row.high, 2),
                    )
                ),
            )
            for row in rows_of(self.frame)
        )
        caption = say("{measure}, {scope}", measure=self.definition.name, scope=self.table.scope)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {key: value if key == "band" else json_number(value) for key, value in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]
        return {"kind": "differentiation", "headline": self.headline, "rows": rows}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def differentiation(table: PayoutTable) -> Differentiation:
    """Pay of the reps with the highest and lowest attainment, against the median.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts; the current periods together.

    Returns
    -------
    Differentiation
        Not computable below 12 reps, or where the median rep is paid nothing.

    Notes
    -----
    Who is in which quarter is found by attainment, not by pay: a plan that pays the wrong
    people most is not well differentiated. Equal attainments are told apart by pay, the
    lower one first.
    """
    show = table.show
    columns = ["band", "reps", "attainment", "pay", "times", "low", "high"]
    people = table.people().dropna(subset=["attainment", "pay_ratio"])
    people = people.sort_values(["attainment", "pay_ratio", "rep_id"], ignore_index=True)
    n, reason = len(people), ""
    median = float(people["pay_ratio"].median()) if n else 0.0
    if n < _FEWEST:
        reason = show.say(
            "{found} reps have a quota and a variable pay at target, and {needed} are needed",
            found=show.count(n),
            needed=show.count(_FEWEST),
        )
    elif median <= 0:
        reason = show.say("the median rep is paid nothing")
    if reason:
        return Differentiation(pd.DataFrame([], columns=columns), table, reason)
    quarter, tenth = max(1, n // 4), max(1, n // 10)
    places = {
        "top_tenth": slice(n - tenth, n),
        "top_quarter": slice(n - quarter, n),
        "median": slice(0, n),
        "bottom_quarter": slice(0, quarter),
    }
    if n < _TENTH_FROM:
        del places["top_tenth"]
    rows = []
    for band, place in places.items():
        own = people.iloc[place]
        if band == "median":
            attained = float(people["attainment"].median())
            rows.append((band, n, attained, median, 1.0, np.nan, np.nan))
            continue
        pay = float(own["pay_ratio"].mean())
        ends = bootstrap_interval(people, ("attainment", "pay_ratio"), _Times(place))
        low, high = (np.nan if end is None else end for end in ends)
        mean = float(own["attainment"].mean())
        rows.append((band, len(own), mean, pay, pay / median, low, high))
    return Differentiation(pd.DataFrame(rows, columns=columns), table)


@dataclass(frozen=True)
class _Times:
    """Mean pay of a part of the people, by attainment, ÷ the median pay of all."""

    place: slice

    def __call__(
        self, attainment: NDArray[np.float64], pay: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        ordered = np.take_along_axis(pay, np.argsort(attainment, axis=-1, kind="stable"), axis=-1)
        median = np.median(pay, axis=-1)
        mean = ordered[..., self.place].mean(axis=-1)
        found: NDArray[np.float64] = np.divide(
            mean, median, out=np.full_like(mean, np.nan), where=median > 0
        )
        return found
