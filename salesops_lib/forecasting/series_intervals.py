"""Intervals of series by conformal calibration: what past forecasts have missed by.

Errors of past origins are divided by what is usual for that step ahead and that series,
so that those of all series of one method can be read together; their quantiles, times what
is usual for the series, are its interval. (Vovk, Gammerman and Shafer 2005, Algorithmic
Learning in a Random World, chapter 2; Lei and others 2018, Journal of the American
Statistical Association 113, for errors that are scaled.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Calibration", "calibration", "growth_of_errors"]

_PRIOR_PROFILE = 10.0
"""Weight of the square root of the step in the profile, in past origins."""

_PRIOR_SCALE = 2.0
"""Weight of what series of one kind have in common, in origins of the series' own."""

_PRIOR_POOL = 10.0
"""Weight of Student's t in the quantiles, in past origins."""

_FREEDOM = 6.0
"""Degrees of freedom of that t: errors that are scaled by few others have long tails."""

_WINSOR = 10.0
"""Errors beyond so many usual ones count as that many in the profile."""

_MOST_GROWTH = 3.0
"""A level that changed by more than this says no more of the size of errors."""


@dataclass(frozen=True)
class Calibration:
    """How far the series of one method have missed.

    Parameters
    ----------
    profile : array of float
        Usual error at each step ahead, relative to the mean of all steps.
    scales : array of float
        Usual error of each series, in its own unit; NaN where nothing tells.
    pool : array of float
        Past errors in units of profile and scale, sorted.
    windows : int
        Past origins that they come from.
    """

    profile: Floats
    scales: Floats
    pool: Floats
    windows: int

    def spread(self, shares: Floats) -> Floats:
        """Half width that holds a share of the errors, in units of profile and scale.

        The quantile of the pool at (n + 1) ÷ n times the share, n the past origins, drawn
        to Student's t where the origins are few.

        Parameters
        ----------
        shares : array of float
            From 0 to below 1.

        Returns
        -------
        array of float
        """
        usual = _student(shares)
        if not self.windows:
            return usual
        held = np.minimum(shares * (self.windows + 1) / self.windows, 1.0)
        seen = np.quantile(self.pool, held)
        total = self.windows + _PRIOR_POOL
        return np.asarray((self.windows * seen + _PRIOR_POOL * usual) / total, dtype=np.float64)

    def half_widths(self, share: float) -> Floats:
        """Half widths of the interval of each series at each step ahead.

        Parameters
        ----------
        share : float
            Share of the outcomes that it shall hold, such as 0.8.

        Returns
        -------
        array, series x horizon
            In the unit of the series; NaN where nothing tells.
        """
        radii: Floats = self.spread(np.array([share]))[0] * np.outer(self.scales, self.profile)
        return radii


def _student(shares: Floats) -> Floats:
    """Quantiles of the size of a Student's t whose mean size is 1."""
    from scipy import stats

    t = stats.t(_FREEDOM)
    return np.asarray(t.ppf((1 + shares) / 2) / t.expect(np.abs), dtype=np.float64)


def growth_of_errors(y: Floats, origins: tuple[int, ...], season_length: int) -> Floats:
    """How much larger errors are at the end of a series than at its past origins.

    √(level at the end ÷ level at the origin), a level being the mean of the last season, or
    of four steps: the spread of a sum of deals grows with the root of their number. The
    ratio is held between 1/3 and 3, and is 1 where a series has negative values.

    Parameters
    ----------
    y : array of float
        The series.
    origins : tuple of int
        Steps before the end.
    season_length : int
        Steps in a season.

    Returns
    -------
    array of float
        One for each origin.

    Examples
    --------
    >>> growth_of_errors(np.repeat([10.0, 22.5], 4), (4,), 4)
    array([1.5])
    """
    if not len(origins) or y.min() < 0:
        return np.ones(len(origins))
    last = max(season_length, 4)
    levels = np.array([y[: len(y) - back][-last:].mean() for back in origins])
    ratios = np.where(levels > 0, y[-last:].mean() / np.where(levels > 0, levels, 1.0), 1.0)
    growth: Floats = np.sqrt(np.clip(ratios, 1 / _MOST_GROWTH, _MOST_GROWTH))
    return growth


def calibration(
    errors: Sequence[Floats], origins: Sequence[tuple[int, ...]], references: Floats
) -> Calibration:
    """Calibration of the series of one method.

    An error is divided by the series' scale as it would be without the origins whose
    steps overlap with its own: the future overlaps with none of them either.

    Parameters
    ----------
    errors : sequence of array, origins x horizon
        Past errors of each series; NaN where there is none.
    origins : sequence of tuple of int
        Steps before the end of each of them.
    references : array of float
        What a series moves by within itself, such as its mean absolute seasonal change;
        0 where it does not move.

    Returns
    -------
    Calibration
    """
    sizes = [np.abs(error) for error in errors]
    horizon = sizes[0].shape[1]
    profile = _profile(sizes, references)
    # One usual error an origin: its steps are one path, not so many cases.
    usual = [_row_means(size / profile) for size in sizes]
    ratio = _typical_ratio(usual, references)
    scales = np.array(
        [_scale(own, ratio * reference) for own, reference in zip(usual, references, strict=True)]
    )
    standard = [
        size[place] / profile / _scale(own[_apart(backs, place, horizon)], ratio * reference)
        for size, own, backs, reference in zip(sizes, usual, origins, references, strict=True)
        for place in range(len(own))
        if reference > 0
    ]
    pool = np.concatenate(standard) if standard else np.empty(0)
    pool = np.sort(pool[np.isfinite(pool)])
    return Calibration(profile, scales, pool, len(standard) if len(pool) else 0)


def _apart(backs: tuple[int, ...], place: int, horizon: int) -> NDArray[np.bool_]:
    """Origins none of whose steps are among those of one of them."""
    apart: NDArray[np.bool_] = np.abs(np.array(backs) - backs[place]) >= horizon
    return apart


def _row_means(sizes: Floats) -> Floats:
    """Mean of each origin's errors; NaN for one without any."""
    return np.array(
        [row[~np.isnan(row)].mean() if not np.isnan(row).all() else np.nan for row in sizes]
    )


def _profile(sizes: Sequence[Floats], references: Floats) -> Floats:
    """Usual error by step ahead: the backtests', drawn to the square root of the step."""
    root = np.sqrt(np.arange(1.0, sizes[0].shape[1] + 1))
    prior: Floats = root / root.mean()
    # By the reference, not by the origin's own mean: that would hide how far the last steps go.
    scaled = [
        size / reference for size, reference in zip(sizes, references, strict=True) if reference > 0
    ]
    every = np.concatenate(scaled) if scaled else np.empty((0, len(prior)))
    full = every[~np.isnan(every).any(axis=1)]
    if not full.any():
        return prior
    # One series far off its reference must not decide the profile of all.
    usual = np.median(full.mean(axis=1))
    full = np.minimum(full, _WINSOR * usual) if usual > 0 else full
    seen = full.mean(axis=0) / full.mean()
    mixed = (len(full) * seen + _PRIOR_PROFILE * prior) / (len(full) + _PRIOR_PROFILE)
    # A later step is never surer than an earlier one.
    return np.asarray(np.maximum.accumulate(mixed), dtype=np.float64)


def _typical_ratio(usual: Sequence[Floats], references: Floats) -> float:
    """Median of error to reference; 1 where no series has both."""
    ratios = [
        np.nanmean(own) / reference
        for own, reference in zip(usual, references, strict=True)
        if reference > 0 and not np.isnan(own).all()
    ]
    return float(np.median(ratios)) if ratios else 1.0


def _scale(own: Floats, prior: float) -> float:
    """Usual error of a series, drawn to what its reference tells."""
    if not prior > 0:
        return float("nan")
    own = own[~np.isnan(own)]
    return float((own.sum() + _PRIOR_SCALE * prior) / (len(own) + _PRIOR_SCALE))
