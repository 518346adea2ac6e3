"""Marginal cost: what one more point of attainment costs, below quota and above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Definition

__all__ = ["BANDS", "MarginalCost", "cost_per_point"]

BANDS = ((0.5, 1.0), (1.0, 1.5))
"""Attainment below quota and above it: where most plans have one rate each."""

_FEWEST = 10
_COLUMNS = ["low_edge", "high_edge", "reps", "slope", "cost", "low", "high", "rate"]


@dataclass(frozen=True)
class MarginalCost:
    """Cost of one more point of attainment of everybody, by bands of attainment.

    Parameters
    ----------
    frame : DataFrame
        One row a band: `low_edge`, `high_edge` (attainment), `reps`, `slope` (variable pay
        ÷ target for 1 of attainment), `cost` (one more point of all reps of the table, in
        the currency) with `low` and `high` (95 %), `rate` (cost ÷ credit of that point).
        NaN below 10 reps, or where all of a band have one attainment.
    table : PayoutTable
        Whose payouts.
    """

    frame: pd.DataFrame
    table: PayoutTable

    @property
    def definition(self) -> Definition:
        """What it means."""
        return JUDGEMENTS["cost_per_point"].said(self.table.show)

    @property
    def is_computable(self) -> bool:
        """Whether any band has a cost."""
        return bool(self.frame["cost"].notna().any())

    def band(self, row: Any) -> str:
        """Name of a band, for readers."""
        show = self.table.show
        return show.say(
            "{low} to {high}", low=show.share(row.low_edge, 0), high=show.share(row.high_edge, 0)
        )

    @property
    def headline(self) -> str:
        """One sentence: what one more point costs in each band that has enough reps."""
        show = self.table.show
        if not self.is_computable:
            return show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=show.say(
                    "fewer than {needed} reps in each band", needed=show.count(_FEWEST)
                ),
            )
        parts = [
            show.say(
                "{cost} at {band}", cost=show.money(row.cost, compact=True), band=self.band(row)
            )
            for row in rows_of(self.frame[self.frame["cost"].notna()])
        ]
        return show.say(
            "One more point of attainment of everybody costs {parts}.", parts=show.listed(parts)
        )

    @property
    def grid(self) -> Grid:
        """The bands as a table."""
        show, say = self.table.show, self.table.show.say
        headers = (
            (say("Attainment"), "text"),
            (say("Reps"), "number"),
            (say("Cost of one point"), "number"),
            (say("95% interval"), "number"),
            (say("Share of its credit"), "number"),
        )
        rows = tuple(
            (
                Cell(self.band(row), "head"),
                Cell(show.count(row.reps), number=row.reps),
                Cell(show.value(row.cost, "money"), number=row.cost),
                Cell(show.interval(row.low, row.high, "money")),
                Cell(show.value(row.rate, "share"), number=row.rate),
            )
            for row in rows_of(self.frame)
        )
        caption = say("{measure}, {scope}", measure=self.definition.name, scope=self.table.scope)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {key: json_number(value) for key, value in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]
        return {"kind": "cost_per_point", "headline": self.headline, "rows": rows}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def cost_per_point(
    table: PayoutTable, bands: Sequence[tuple[float, float]] = BANDS
) -> MarginalCost:
    """Cost of one more point of attainment of everybody, by bands of attainment.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts; the current periods together.
    bands : sequence of (float, float)
        Attainment from, and below.

    Returns
    -------
    MarginalCost

    Notes
    -----
    The slope of variable pay ÷ target over attainment is the median of those of all pairs
    of reps of the band (Theil 1950; Sen 1968, Journal of the American Statistical
    Association 63; `scipy.stats.theilslopes`), which single bonuses do not move. Times
    one point, times the variable pay at target of all.
    """
    from scipy.stats import theilslopes

    people = table.people().dropna(subset=["attainment", "pay_ratio"])
    target = int(people["target_variable_cents"].sum()) / 100
    credit = int(people["quota_cents"].sum()) / 100 * 0.01
    rows: list[dict[str, float]] = []
    for low, high in bands:
        own = people[(people["attainment"] >= low) & (people["attainment"] < high)]
        row = {"low_edge": low, "high_edge": high, "reps": len(own)}
        if len(own) >= _FEWEST and np.ptp(own["attainment"]) > 0:
            found = theilslopes(own["pay_ratio"], own["attainment"])
            slopes = np.array([found.slope, found.low_slope, found.high_slope])
            cost = slopes * target * 0.01
            row |= {"slope": slopes[0], "cost": cost[0], "low": cost[1], "high": cost[2]}
            row |= {"rate": cost[0] / credit if credit > 0 else np.nan}
        rows.append(row)
    return MarginalCost(pd.DataFrame(rows, columns=_COLUMNS).astype({"reps": int}), table)
