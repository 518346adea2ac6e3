"""What past forecasts teach: weights of the parts, and how far draws have to lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.stacking import stacking_weights

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LEVEL", "PARTS", "Experience"]

PARTS = ("deals", "commit", "series")
"""Forecasts that are stacked, in the order in which they are shown."""

LEVEL = 0.8
"""Share of the actuals that an interval is to hold."""

_NEAR_WEEKS = 2.0
_BORROWED = 20.0
_HALF_LIFE = 365.0
_PRIOR_CASES = 4.0
_FARTHEST = 4.0
_HIGHEST = 0.95
_Z = 1.2815515655446004
_PRIOR_SCORES = np.array([0.0627, 0.1891, 0.3186, 0.4538, 0.5978, 0.7554, 0.9346, 1.1503, 1.4395,
                          1.96])  # fmt: skip
"""Middles of the tenths of |z|, the distance from the mean in standard deviations."""


@dataclass(frozen=True, eq=False)
class Experience:
    """Past forecasts beside what came.

    Parameters
    ----------
    cases : DataFrame
        One row a scope, target and day: `kind`, `step` (1: the quarter that the day
        lies in), `week` (of that quarter), `period`, `end` (last day of the target),
        `actual`, a column for each of `PARTS`, `stacked`, `sd` (of the simulation), `below`
        and `above` (from the forecast to the ends of its interval, had its factor been 1),
        `forecast` and `learnt` (number of quarters that it had learnt from).
    """

    cases: pd.DataFrame

    def known_on(self, day: dt.date) -> Experience:
        """What was known on a day: targets that had ended before it."""
        if self.cases.empty:
            return self
        return Experience(self.cases[self.cases["end"] < pd.Timestamp(day)])

    def quarters(self, step: int) -> int:
        """Number of past quarters that were forecast so many steps ahead."""
        rows = self._of(step, None)
        return int(rows["period"].nunique()) if len(rows) else 0

    def weights(self, step: int, week: int, kind: str, parts: Sequence[str]) -> Floats:
        """Weights of some parts, by their past errors: see `stacking_weights`.

        Parameters
        ----------
        step, week, kind
            Of the forecast. Cases of other weeks count by half for each two weeks, and
            those of quarters beyond the next by half for each quarter, that lie between.
        parts : sequence of str
            Those that have a forecast.

        Returns
        -------
        array of float
            One a part.
        """
        same = np.full(len(parts), 1.0 / max(len(parts), 1))
        rows = self._of(step, kind)
        if len(parts) < 2 or rows.empty:
            return same
        rows = rows[rows[list(parts)].notna().all(axis=1) & rows["actual"].notna()]
        if rows.empty:
            return same
        table = rows[list(parts)].to_numpy(dtype=float)
        errors = table - rows[["actual"]].to_numpy(dtype=float)
        level = np.abs(table).mean(axis=1)
        # Errors grow with the root of the level, as those of sums of deals do.
        usual = max(float(level.mean()), 1e-9)
        near = _nearness(rows, week, step)
        importance = near / (level / usual + 0.1)
        by_period = pd.Series(near).groupby(rows["period"].to_numpy()).max()
        return stacking_weights(errors, importance, float(by_period.sum()))

    def error_ratio(self, step: int, week: int, kind: str) -> float:
        """Usual error of the stacked forecast over the simulation's standard deviation."""
        rows = self._of(step, kind)
        rows = rows[(rows["sd"] > 0) & rows["stacked"].notna()] if len(rows) else rows
        if rows.empty:
            return 1.0
        score = ((rows["stacked"] - rows["actual"]) / rows["sd"]).clip(-_FARTHEST, _FARTHEST)
        near = _nearness(rows, week, step) * _standing(rows)
        total = float((near * score**2).sum()) + _PRIOR_CASES / 2
        return float(np.sqrt(total / (near.sum() + _PRIOR_CASES / 2)))

    def factor(self, step: int, week: int, kind: str) -> float:
        """How many times wider than the simulation an interval must be to hold its level.

        The quantile of past scores, each the distance of the actual from the forecast over
        that of the simulation's end from its mean (split conformal prediction: Lei et al.
        2018, Journal of the American Statistical Association 113), together with four
        cases of a normal distribution as wide as past errors were.
        """
        rows = self._of(step, kind)
        if len(rows):
            rows = rows[(rows["below"] > 0) | (rows["above"] > 0)]
        if rows.empty:
            return 1.0
        gap = (rows["actual"] - rows["forecast"]).to_numpy(dtype=float)
        side = np.where(gap > 0, rows["above"], rows["below"]).astype(float)
        score = np.abs(gap) / np.where(side > 0, side, np.nan)
        score = np.where(gap == 0, 0.0, np.nan_to_num(score, nan=np.inf))
        near = _nearness(rows, week, step) * _standing(rows)
        held = np.minimum(score * _Z, _FARTHEST)
        width = np.sqrt((float((near * held**2).sum()) + _PRIOR_CASES)
                        / (float(near.sum()) + _PRIOR_CASES))  # fmt: skip
        scores = np.concatenate([score, _PRIOR_SCORES * width / _Z])
        counts = np.concatenate([near, np.full(10, _PRIOR_CASES / 10)])
        # Forecasts of quarters beyond overlap: few are independent, and a quantile of few is low.
        few = 1 / max(rows["period"].nunique(), 1) if step > 1 else 0.0
        return _quantile(scores, counts, min(LEVEL * (1 + few), _HIGHEST))

    def _of(self, step: int, kind: str | None) -> pd.DataFrame:
        """Cases that teach a step: of the quarter that runs, or of those beyond it."""
        if self.cases.empty:
            return self.cases
        rows = self.cases if kind is None else self.cases[self.cases["kind"] == kind]
        beyond = rows[rows["step"] > 1]
        return beyond if step > 1 and len(beyond) else rows[rows["step"] == 1]


def _nearness(rows: pd.DataFrame, week: int, step: int) -> Floats:
    """Weight of each case: half for each two weeks, and for each quarter ahead, apart.

    Where the nearest week has many cases, those of others count the less.
    """
    if step > 1:
        # Beyond the quarter that runs, past forecasts are those of week 1 alone.
        found: Floats = 0.5 ** np.abs(rows["step"].to_numpy(dtype=float) - step)
        return found
    apart = np.abs(rows["week"].to_numpy(dtype=float) - week)
    nearest = apart == apart.min()
    borrowed = _BORROWED / (_BORROWED + int(nearest.sum()))
    shares: Floats = 0.5 ** (apart / _NEAR_WEEKS) * np.where(nearest, 1.0, borrowed)
    return shares


def _standing(rows: pd.DataFrame) -> Floats:
    """Weight of each case by its age, half for each year, and by what was known for it.

    A forecast that had learnt from few quarters says little of one that has from many.
    """
    days = (rows["end"].max() - rows["end"]).dt.days.to_numpy(dtype=float)
    learnt = rows["learnt"].to_numpy(dtype=float)
    share = learnt / (learnt + 1) if learnt.any() else np.ones(len(rows))
    found: Floats = 0.5 ** (days / _HALF_LIFE) * share
    return found


def _quantile(scores: Floats, counts: Floats, level: float) -> float:
    """Weighted quantile; the last finite score where it lies beyond all."""
    order = np.argsort(scores, kind="stable")
    reach = np.cumsum(counts[order]) / counts.sum()
    place = min(int(np.searchsorted(reach, level)), len(order) - 1)
    found = scores[order][place]
    finite = scores[np.isfinite(scores)]
    return float(found if np.isfinite(found) else finite.max())
