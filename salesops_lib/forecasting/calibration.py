"""Whether probabilities hold what they promise: Brier, skill, ECE, reliability.

Sources: Brier (1950), Monthly Weather Review 78; Murphy (1973), Journal of Applied
Meteorology 12 (reliability, resolution, uncertainty); Naeini, Cooper and Hauskrecht
(2015), AAAI (ECE); Bröcker and Smith (2007), Weather and Forecasting 22 (bars of
reliability); Cox (1958), Biometrika 45 (slope).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import NOTHING_TO_SCORE, skill
from salesops_lib.results import Value
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BINS",
    "ONE_OUTCOME",
    "BrierParts",
    "brier",
    "brier_parts",
    "brier_skill",
    "expected_calibration_error",
    "reliability_bins",
    "reliability_slope",
]

BINS = 10
"""Groups of equal size that predictions are put into."""

ONE_OUTCOME = "all cases ended alike, so that nothing tells them apart"
_STEPS = 50


@dataclass(frozen=True)
class BrierParts:
    """Brier score of grouped predictions, taken apart: reliability − resolution + uncertainty.

    Parameters
    ----------
    reliability : float
        Mean squared gap between what a group was promised and what it did; 0 is best.
    resolution : float
        Mean squared gap between what the groups did and the base rate; more is better.
    uncertainty : float
        Base rate × (1 − base rate): what nobody can help.
    """

    reliability: float
    resolution: float
    uncertainty: float

    @property
    def score(self) -> float:
        """The Brier score of the groups' mean predictions."""
        return self.reliability - self.resolution + self.uncertainty


def brier(outcome: ArrayLike, probability: ArrayLike) -> Value:
    """Brier score: mean of (probability − outcome)².

    Parameters
    ----------
    outcome : array-like
        1 or True where it happened, 0 or False where not; missing while undecided.
    probability : array-like of float
        0 to 1, as it was given before the outcome was known. Cases in which either
        is missing are left out: an undecided case has not lost.

    Returns
    -------
    Value
        0 is best; 0.25 is what always saying one half gets.

    Raises
    ------
    InputError
        A probability lies outside 0 to 1, an outcome is neither 0 nor 1, or they do
        not pair up.

    Examples
    --------
    >>> round(brier([1, 0, 1], [0.8, 0.3, 0.6]).number, 4)
    0.0967
    """
    y, p = _cases(outcome, probability)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    return Value(float(((p - y) ** 2).mean()), len(y))


def brier_skill(
    outcome: ArrayLike, probability: ArrayLike, references: Mapping[str, ArrayLike]
) -> dict[str, Value]:
    """Part of each reference's Brier score that the predictions save.

    Parameters
    ----------
    outcome, probability : array-like
        As for `brier`.
    references : mapping
        Probabilities of the same cases by name of the reference. A number alone is
        given to all cases: the base rate, known beforehand.

    Returns
    -------
    dict
        By name, 1 − Brier ÷ Brier of the reference, over the cases that both have.

    Examples
    --------
    >>> found = brier_skill([1, 0], [0.9, 0.1], {"base rate": 0.5})
    >>> round(found["base rate"].number, 2)
    0.96
    """
    y, p = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    found = {}
    for name, given in references.items():
        other = np.broadcast_to(np.asarray(given, dtype=float), p.shape)
        both = np.isfinite(p) & np.isfinite(other)
        found[name] = skill(brier(y[both], p[both]), brier(y[both], other[both]))
    return found


def brier_parts(outcome: ArrayLike, probability: ArrayLike, bins: int = BINS) -> BrierParts | None:
    """Brier score taken apart over groups of equal size.

    Parameters
    ----------
    outcome, probability : array-like
        As for `brier`.
    bins : int
        Number of groups, as for `reliability_bins`.

    Returns
    -------
    BrierParts or None
        None without cases.

    Examples
    --------
    >>> parts = brier_parts([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5])
    >>> parts.reliability, parts.resolution, parts.uncertainty
    (0.0, 0.0, 0.25)
    """
    frame = reliability_bins(outcome, probability, bins)
    if frame.empty:
        return None
    weight = frame["n"] / frame["n"].sum()
    rate = float((weight * frame["observed"]).sum())
    return BrierParts(
        float((weight * (frame["predicted"] - frame["observed"]) ** 2).sum()),
        float((weight * (frame["observed"] - rate) ** 2).sum()),
        rate * (1 - rate),
    )


def expected_calibration_error(
    outcome: ArrayLike, probability: ArrayLike, bins: int = BINS
) -> Value:
    """ECE: mean gap between promised and observed shares, weighted by cases.

    Σ nᵦ ÷ n × |mean probability − share that happened|, over groups of equal size: in
    groups of equal width most would be empty where probabilities are low.

    Parameters
    ----------
    outcome, probability : array-like
        As for `brier`.
    bins : int
        Number of groups.

    Returns
    -------
    Value
        A share; 0 is best. Chance alone adds to it, some √(p(1 − p) ÷ cases a group)
        × 0.8: a small sample never shows 0.

    Examples
    --------
    >>> expected_calibration_error([1, 1, 0, 0], [0.9, 0.9, 0.2, 0.2], bins=2).number
    0.15
    """
    frame = reliability_bins(outcome, probability, bins)
    n = int(frame["n"].sum())
    if not n:
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    gap = (frame["n"] * (frame["predicted"] - frame["observed"]).abs()).sum() / n
    return Value(round(float(gap), 12), n)


def reliability_bins(outcome: ArrayLike, probability: ArrayLike, bins: int = BINS) -> pd.DataFrame:
    """What groups of predictions were promised, and what became of them.

    Parameters
    ----------
    outcome, probability : array-like
        As for `brier`.
    bins : int
        Groups of as equal size as equal predictions allow: those are never parted.

    Returns
    -------
    DataFrame
        One row a group, lowest first: `predicted` (mean probability), `observed`
        (share that happened), `low`, `high` (95 % Wilson interval of it), `n`.

    Raises
    ------
    InputError
        As for `brier`, or there is to be no group.
    """
    if bins < 1:
        raise InputError(f"{bins} groups are none: at least 1 is needed")
    y, p = _cases(outcome, probability)
    order = np.argsort(p, kind="stable")
    y, p = y[order], p[order]
    # The group of a value is that of its first case, so that ties stay together.
    first = np.searchsorted(p, p, side="left")
    group = first * bins // max(len(p), 1)
    rows = []
    for number in np.unique(group):
        inside = group == number
        n, won = int(inside.sum()), float(y[inside].sum())
        low, high = wilson_interval(won, n) or (np.nan, np.nan)
        rows.append((float(p[inside].mean()), won / n, low, high, n))
    frame = pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])
    return frame.astype({"n": "int64"})


def reliability_slope(outcome: ArrayLike, probability: ArrayLike) -> Value:
    """Slope of the outcomes' log-odds on the predicted ones; 1 is best.

    Parameters
    ----------
    outcome, probability : array-like
        As for `brier`.

    Returns
    -------
    Value
        Below 1 the predictions are too extreme, above 1 too timid; with its 95 % Wald
        interval. Not computable where all cases ended alike.

    Notes
    -----
    Maximum likelihood of ``logit P(outcome) = a + b logit(probability)`` by Newton's
    method; predictions of 0 and 1 are drawn in by one millionth.
    """
    y, p = _cases(outcome, probability)
    if not len(y):
        return Value(None, 0, reason=NOTHING_TO_SCORE)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    x = np.log(p / (1 - p))
    if y.min() == y.max() or x.min() == x.max():
        return Value(None, len(y), reason=ONE_OUTCOME)
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.array([0.0, 1.0])
    for _step in range(_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -35, 35)))
        weight = np.maximum(fitted * (1 - fitted), 1e-12)
        information = design.T @ (design * weight[:, None])
        move = np.linalg.solve(information, design.T @ (y - fitted))
        beta = beta + move
        if np.abs(move).max() < 1e-10:
            half = 1.959964 * float(np.sqrt(np.linalg.inv(information)[1, 1]))
            slope = float(beta[1])
            return Value(slope, len(y), slope - half, slope + half)
    return Value(None, len(y), reason=ONE_OUTCOME)


def _cases(
    outcome: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outcomes and probabilities of the cases that have both."""
    y, p = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise InputError(
            f"outcomes and probabilities must pair up, and there are {y.shape} and {p.shape}"
        )
    kept = np.isfinite(y) & np.isfinite(p)
    y, p = y[kept], p[kept]
    if ((p < 0) | (p > 1)).any():
        worst = float(p[(p < 0) | (p > 1)][0])
        raise InputError(f"a probability lies between 0 and 1, and {worst:g} does not")
    if not np.isin(y, (0.0, 1.0)).all():
        worst = float(y[~np.isin(y, (0.0, 1.0))][0])
        raise InputError(f"an outcome is 0, 1 or missing, and {worst:g} is none of these")
    return y, p
