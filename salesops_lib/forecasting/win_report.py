"""How well a win model foretold, what it refused, and what it cannot know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.calibration import (
    brier,
    brier_skill,
    expected_calibration_error,
    reliability_bins,
)
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Value
from salesops_lib.rows import compact_rows, json_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.forecasting.leakage import Leak
    from salesops_lib.forecasting.win_estimators import Validation
    from salesops_lib.formats import Formatter

    Floats = NDArray[np.float64]

__all__ = ["WinReport"]


@dataclass(frozen=True)
class WinReport:
    """How well a win model foretold; each row judged by a model that saw earlier ones only.

    Parameters
    ----------
    frame : DataFrame
        Judged rows: `row` (position in the table learnt from), `time` (empty without one),
        `won`, `probability`, `base_rate`, and a column for each reference: shares of 1.
    features : tuple of str
        Features used.
    refused : tuple of Leak
        Features not used, each with rule and reason.
    limits : tuple of str
        What it cannot know, in sentences.
    estimator, calibration : str
        What validation chose; ``base rate`` where there was too little to learn from.
    losses : dict
        Mean log loss of each estimator and calibration that was compared.
    learnt : int
        Rows learnt from.
    folds : int
        Blocks judged.
    show : Formatter
        Formats.
    """

    frame: pd.DataFrame
    features: tuple[str, ...]
    refused: tuple[Leak, ...]
    limits: tuple[str, ...]
    estimator: str
    calibration: str
    losses: dict[tuple[str, str], float]
    learnt: int
    folds: int
    show: Formatter

    @classmethod
    def of(
        cls,
        won: Floats,
        moments: pd.Series | None,
        rows: NDArray[np.int64],
        check: Validation | None,
        features: tuple[str, ...],
        refused: tuple[Leak, ...],
        limits: tuple[str, ...],
        show: Formatter,
    ) -> WinReport:
        """Report of a validation; of none where there was too little to learn from."""
        columns: dict[str, Any] = {
            "row": rows,
            "time": moments if moments is not None else pd.Series([None] * len(won), dtype=object),
            "won": won,
            "probability": np.full(len(won), np.nan) if check is None else check.probability,
            "base_rate": np.full(len(won), np.nan) if check is None else check.base_rate,
        }
        if check is not None:
            columns |= {name.removeprefix("_"): v for name, v in check.references.items()}
        frame = pd.DataFrame(columns)
        frame = frame[frame["probability"].notna()].reset_index(drop=True)
        if check is None:
            chosen: tuple[str, str] = ("base rate", "none")
            return cls(frame, features, refused, limits, *chosen, {}, len(won), 0, show)
        return cls(
            frame, features, refused, limits, check.estimator, check.calibration,
            check.losses, len(won), check.folds, show,
        )  # fmt: skip

    @cached_property
    def brier(self) -> Value:
        """Brier score of the judged rows."""
        return brier(self.frame["won"], self.frame["probability"])

    @cached_property
    def skills(self) -> dict[str, Value]:
        """Brier skill against the base rate and each reference: 1 − Brier ÷ theirs."""
        names = list(self.frame.columns[4:])
        references = {name: self.frame[name].to_numpy() for name in names}
        return brier_skill(self.frame["won"], self.frame["probability"], references)

    @cached_property
    def calibration_error(self) -> Value:
        """Expected calibration error of the judged rows, a share of 1."""
        return expected_calibration_error(self.frame["won"], self.frame["probability"])

    @cached_property
    def reliability(self) -> pd.DataFrame:
        """Promised and true shares by group; columns as in `calibration.reliability_bins`."""
        return reliability_bins(self.frame["won"], self.frame["probability"])

    @property
    def refusals(self) -> dict[str, str]:
        """Reason of each refused feature, by name."""
        return {leak.name: leak.reason for leak in self.refused}

    @property
    def headline(self) -> str:
        """One sentence: how good, how well calibrated, on how many."""
        show = self.show
        if self.brier.number is None or not len(self.frame):
            return show.say("The win model could not be tested: {why}.",
                            why=show.listed(list(self.limits)) or "?")  # fmt: skip
        skill = self.skills["base_rate"].number
        return show.counted(
            len(self.frame),
            "Brier score {brier} on {count} row foretold from earlier ones, {skill} less than the "
            "base rate's; calibration error {error}.",
            "Brier score {brier} on {count} rows foretold from earlier ones, {skill} less than the "
            "base rate's; calibration error {error}.",
            brier=show.value(self.brier.number, "ratio"),
            skill=show.share(float(skill)) if skill is not None else "–",
            error=show.share(float(self.calibration_error.number or 0)),
        )

    @property
    def grid(self) -> Grid:
        """Refused features and their reasons as a table."""
        say = self.show.say
        rows = tuple((Cell(one.name, "head"), Cell(one.reason, "text")) for one in self.refused)
        headers = ((say("Feature"), "text"), (say("Why it is not used"), "text"))
        note = " ".join(f"{limit}." for limit in self.limits)
        return Grid(say("Features that are not used"), headers, rows, note, show=self.show)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        records = {
            "kind": "win_report",
            "estimator": self.estimator,
            "calibration": self.calibration,
            "rows": len(self.frame),
            "brier": json_number(self.brier.number),
            "skills": {name: json_number(value.number) for name, value in self.skills.items()},
            "calibration_error": json_number(self.calibration_error.number),
            "features": list(self.features),
            "refused": self.refusals,
            "limits": list(self.limits),
            "reliability": compact_rows(self.reliability),
        }
        return {"text/plain": self.headline, "text/html": grid_html(self.grid), MIME: records}
