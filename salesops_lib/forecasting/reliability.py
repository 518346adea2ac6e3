"""Reliability of chances: what they promised beside what became of the deals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.forecasting.calibration import (
    BINS,
    brier,
    brier_skill,
    expected_calibration_error,
    reliability_bins,
    reliability_slope,
)
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from salesops_lib.formats import Formatter
    from salesops_lib.results import Value

__all__ = ["Reliability", "reliability"]


@dataclass(frozen=True)
class Reliability:
    """Whether chances held what they promised.

    Parameters
    ----------
    frame : DataFrame
        Rows as from `calibration.reliability_bins`.
    brier : Value
        Brier score.
    error : Value
        Expected calibration error.
    slope : Value
        Slope of the outcomes' log-odds on the promised ones.
    skills : dict
        Brier skill by name of the reference.
    show : Formatter
        Formats of the report.
    source : str
        Id of the snapshot.
    periods : str
        First and last quarter of the deals.
    """

    frame: pd.DataFrame
    brier: Value
    error: Value
    slope: Value
    skills: dict[str, Value]
    show: Formatter
    source: str = ""
    periods: str = ""

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is one."""
        return self.headline if self.frame.empty else ""

    @property
    def headline(self) -> str:
        """One sentence: the calibration error, and of how many deals."""
        show = self.show
        if self.error.number is None:
            return show.say(
                "Calibration: not computable: {reason}.", reason=show.say(self.error.reason)
            )
        return show.say(
            "Chances are wrong by {error} on average over {n} decided deals (calibration error).",
            error=show.points(self.error.number, signed=False),
            n=show.count(self.error.n or 0),
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        show = self.show
        parts = [
            f"{show.share(row.predicted, 0)}: {show.share(row.observed, 0)}"
            for row in rows_of(self.frame)
        ]
        return show.say(
            "Chart of the share of deals won by their promised chance: {groups}.",
            groups=show.listed(parts),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        return self.show.say(
            "Groups of as many deals each, by the chance given before the outcome was known, "
            "{periods}with 95% intervals; dashed: what was promised. Source: snapshot {snapshot}.",
            periods=f"{self.periods}, " if self.periods else "",
            snapshot=self.source,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        say = self.show.say
        return Drawn(say("Share won"), say("none: all quarters are in it"), "interval")

    @property
    def grid(self) -> Grid:
        """The numbers behind the chart."""
        show, say = self.show, self.show.say
        headers = (
            (say("Promised"), "number"),
            (say("Won"), "number"),
            (say("95% interval"), "number"),
            (say("Deals"), "number"),
        )
        rows = tuple(
            (
                Cell(show.share(row.predicted), "head"),
                Cell(show.share(row.observed)),
                Cell(show.interval(row.low, row.high, "share")),
                Cell(show.count(row.n)),
            )
            for row in rows_of(self.frame)
        )
        return Grid(say("Chances and what became of them"), headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "reliability",
            "headline": self.headline,
            "brier": json_number(self.brier.number),
            "calibration_error": json_number(self.error.number),
            "slope": json_number(self.slope.number),
            "skills": {name: json_number(value.number) for name, value in self.skills.items()},
            "rows": compact_rows(self.frame),
        }


def reliability(
    outcome: ArrayLike,
    probability: ArrayLike,
    show: Formatter,
    references: Mapping[str, ArrayLike] | None = None,
    *,
    bins: int = BINS,
    source: str = "",
) -> Reliability:
    """Reliability of chances that were given before their outcomes.

    Parameters
    ----------
    outcome, probability : array-like
        As for `calibration.brier`; undecided cases are left out.
    show : Formatter
        Formats of the report.
    references : mapping, optional
        Other chances of the same cases, by name: base rate, stage, category.
    bins : int
        Number of groups.
    source : str
        Id of the snapshot.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        As for `calibration.brier`.
    """
    return Reliability(
        reliability_bins(outcome, probability, bins),
        brier(outcome, probability),
        expected_calibration_error(outcome, probability, bins),
        reliability_slope(outcome, probability),
        brier_skill(outcome, probability, references or {}),
        show,
        source,
    )
