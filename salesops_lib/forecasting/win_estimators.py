"""The estimators of a win model, their calibration, and how they are compared.

Each is fitted on what lay before and judged on what came after, block by block of
time; what is chosen, and how it is calibrated, at any block rests on earlier blocks
only. So the probabilities of a block are those that would have been given then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from salesops_lib.forecasting.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "CALIBRATIONS",
    "ESTIMATORS",
    "Calibration",
    "Fitted",
    "Validation",
    "log_losses",
    "validated",
]

ESTIMATORS = ("logistic", "boosting", "average")
"""Regularised logistic regression on splines, boosted trees, and the mean of their log-odds."""

CALIBRATIONS = ("none", "platt", "isotonic")

_LEAST = 300
_LEAST_EACH = 30
_DIGITS = 9
_MOST_JUDGED = 10
_MOST_LEARNT = 15_000
"""Rows that each block is foretold from: the latest ones, so that time does not grow on."""


@dataclass(frozen=True)
class Fitted:
    """Both estimators, fitted on the same rows; use `Fitted.on`.

    Parameters
    ----------
    encoding : Encoding
        How their columns are made.
    logistic, boosting : estimator
        Of scikit-learn.
    """

    encoding: Encoding
    logistic: Any
    boosting: Any

    @classmethod
    def on(cls, rows: pd.DataFrame, won: Floats, features: Sequence[str], seed: int) -> Fitted:
        """Estimators fitted on some rows."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        # Threads that wait for each other cost more than they save, and sums of many
        # threads differ in their last digits.
        with threadpool_limits(1):
            return cls._on(rows, won, features, seed)

    @classmethod
    def _on(cls, rows: pd.DataFrame, won: Floats, features: Sequence[str], seed: int) -> Fitted:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression

        encoding = Encoding(tuple(features)).fit(rows)
        # Many more rows than columns: Newton's method needs a few steps only.
        logistic = LogisticRegression(C=0.5, solver="newton-cholesky", max_iter=60, tol=1e-6)
        logistic.fit(encoding.spread(rows), won)
        boosting = HistGradientBoostingClassifier(
            learning_rate=0.07,
            max_iter=70,
            max_leaf_nodes=12,
            min_samples_leaf=max(20, len(won) // 400),
            l2_regularization=5.0,
            max_bins=64,
            categorical_features=encoding.is_word,
            early_stopping=False,
            random_state=seed,
        ).fit(encoding.compact(rows), won)
        return cls(encoding, logistic, boosting)

    def log_odds(self, rows: pd.DataFrame) -> dict[str, Floats]:
        """Log-odds of winning of each row, by estimator; 0 rows give none."""
        from threadpoolctl import threadpool_limits

        if not len(rows):
            return {name: np.empty(0) for name in ESTIMATORS}
        with threadpool_limits(1):
            linear = np.clip(self.logistic.decision_function(self.encoding.spread(rows)), -12, 12)
            trees = np.clip(self.boosting.decision_function(self.encoding.compact(rows)), -12, 12)
        # Machines differ in the last digits of a sum.
        found = {"logistic": linear, "boosting": trees, "average": (linear + trees) / 2}
        return {name: np.round(odds, _DIGITS) for name, odds in found.items()}


@dataclass(frozen=True)
class Calibration:
    """Log-odds as they came out, brought to the shares that came true.

    Parameters
    ----------
    kind : str
        One of `CALIBRATIONS`: none, Platt's (a line in the log-odds) or isotonic.
    x, y : array of float
        Isotonic: log-odds and shares at its steps, joined by straight lines. Platt: slope
        and shift.
    """

    kind: str
    x: Floats
    y: Floats

    @classmethod
    def of(cls, kind: str, odds: Floats, won: Floats) -> Calibration | None:
        """Calibration learnt from predictions of later rows; None where they are too few."""
        empty = np.empty(0)
        if kind == "none":
            return cls(kind, empty, empty)
        if len(won) < _LEAST or min(won.sum(), len(won) - won.sum()) < _LEAST_EACH:
            return None
        if kind == "platt":
            from sklearn.linear_model import LogisticRegression

            line = LogisticRegression(C=1e3, solver="newton-cholesky", tol=1e-8)
            line.fit(odds[:, None], won)
            return cls(kind, line.coef_[0].astype(float), line.intercept_.astype(float))
        from sklearn.isotonic import IsotonicRegression

        steps = IsotonicRegression(out_of_bounds="clip").fit(odds, won)
        return cls(kind, np.asarray(steps.X_thresholds_), np.asarray(steps.y_thresholds_))

    def probability(self, odds: Floats) -> Floats:
        """Calibrated probabilities, never quite 0 or 1."""
        if self.kind == "platt":
            odds = self.x[0] * odds + self.y[0]
        found = special.expit(odds)
        if self.kind == "isotonic":
            # Between the steps the order of the deals is kept.
            found = 0.98 * np.interp(odds, self.x, self.y) + 0.02 * found
        clipped: Floats = np.round(np.clip(found, 5e-4, 1 - 5e-4), _DIGITS)
        return clipped


@dataclass(frozen=True)
class Validation:
    """Predictions of rows by models that had seen earlier rows only.

    Parameters
    ----------
    probability : array of float
        As it would have been given; NaN for rows before the first block that was judged.
    base_rate : array of float
        Share won among the earlier rows.
    references : dict of str to array
        Share won among the earlier rows of the same group, by column.
    estimator, calibration : str
        The best of all blocks.
    losses : dict
        Mean log loss of each pair of estimator and calibration, over the judged rows.
    final : Calibration
        Learnt from all judged rows.
    folds : int
        Blocks judged.
    """

    probability: Floats
    base_rate: Floats
    references: dict[str, Floats]
    estimator: str
    calibration: str
    losses: dict[tuple[str, str], float]
    final: Calibration
    folds: int


def log_losses(won: Floats, probability: Floats) -> Floats:
    """Log loss of each prediction: −log of the probability given to what happened."""
    found: Floats = -np.log(np.where(won == 1, probability, 1 - probability))
    return found


def validated(
    rows: pd.DataFrame,
    won: Floats,
    blocks: NDArray[np.int64],
    features: Sequence[str],
    *,
    groups: NDArray[Any] | None = None,
    usable: Any = None,
    references: Sequence[str] = (),
    seed: int = 0,
) -> Validation:
    """Predictions of each block by what lay before it.

    Parameters
    ----------
    rows : DataFrame
        With the features and the columns of the references.
    won : array of float
        1 or 0.
    blocks : array of int
        Block of time of each row, from 0.
    features : sequence of str
        Columns to learn from.
    groups : array, optional
        Rows of one group never stand on both sides: the earlier ones are left out.
    usable : callable, optional
        Takes a block's number, and gives the rows whose outcome was known when it began.
    references : sequence of str
        Columns whose groups' shares are to be beaten.
    seed : int
        Of the trees.

    Returns
    -------
    Validation
    """
    pairs = [(name, kind) for name in ESTIMATORS for kind in CALIBRATIONS]
    raw = {name: np.full(len(won), np.nan) for name in ESTIMATORS}
    given = {pair: np.full(len(won), np.nan) for pair in pairs}
    chosen, base = np.full(len(won), np.nan), np.full(len(won), np.nan)
    shares = {name: np.full(len(won), np.nan) for name in references}
    folds = 0
    last = int(blocks.max(initial=0))
    for block in range(max(1, last + 1 - _MOST_JUDGED), last + 1):
        here, before = blocks == block, blocks < block
        if groups is not None:
            before &= ~np.isin(groups, np.unique(groups[here]))
        if usable is not None:
            before &= usable(block)
        if not here.any() or not _suffices(won[before]):
            continue
        folds += 1
        seen = ~np.isnan(raw["average"])
        best = _best(given, won, seen)
        learnt = np.flatnonzero(before)
        learnt = learnt[np.argsort(blocks[learnt], kind="stable")][-_MOST_LEARNT:]
        fitted = Fitted.on(rows.iloc[learnt], won[learnt], features, seed)
        for name, odds in fitted.log_odds(rows[here]).items():
            for kind in CALIBRATIONS:
                found = Calibration.of(kind, raw[name][seen], won[seen])
                found = found or Calibration("none", np.empty(0), np.empty(0))
                given[name, kind][here] = found.probability(odds)
            raw[name][here] = odds
        chosen[here] = given[best][here]
        base[here] = won[before].mean()
        for name in references:
            shares[name][here] = _shares(rows[name], won, before, here)
    seen = ~np.isnan(raw["average"])
    best = _best(given, won, seen)
    final = Calibration.of(best[1], raw[best[0]][seen], won[seen])
    if final is None:
        best, final = (best[0], "none"), Calibration("none", np.empty(0), np.empty(0))
    losses = {
        pair: float(log_losses(won[seen], values[seen]).mean()) if seen.any() else np.nan
        for pair, values in given.items()
    }
    return Validation(chosen, base, shares, *best, losses, final, folds)


def _suffices(won: Floats) -> bool:
    return len(won) >= _LEAST // 3 and min(won.sum(), len(won) - won.sum()) >= _LEAST_EACH // 3


def _best(
    given: dict[tuple[str, str], Floats], won: Floats, seen: NDArray[np.bool_]
) -> tuple[str, str]:
    """Pair with the least loss so far; before any, the mean of both as it comes."""
    if not seen.any():
        return "average", "none"
    return min(given, key=lambda pair: float(log_losses(won[seen], given[pair][seen]).mean()))


def _shares(
    column: pd.Series, won: Floats, before: NDArray[np.bool_], here: NDArray[np.bool_]
) -> Floats:
    """Share won of each group before, drawn to all by the weight of 20 rows."""
    import pandas as pd

    words = column.astype(object).where(column.notna(), "").astype(str)
    past = pd.Series(won[before]).groupby(words[before].to_numpy()).agg(["sum", "count"])
    base = float(won[before].mean())
    drawn = (past["sum"] + 20 * base) / (past["count"] + 20)
    found: Floats = words[here].map(drawn).fillna(base).to_numpy(dtype=float)
    return found
