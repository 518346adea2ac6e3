"""The bunching estimator: what stands at a threshold beyond a smooth distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Bins", "Bunching", "bunching", "bunching_p_value", "kink_elasticity"]

SEED = 20111


@dataclass(frozen=True)
class Bins:
    """How a variable is cut about a threshold.

    Parameters
    ----------
    threshold : float
        Where pay changes, in the unit of the values.
    width : float
        Width of a bin, in the same unit.
    below, above : int
        Bins on both sides of the bin that holds the threshold.
    window : tuple of int
        First and last bin of the excluded window, counted from the one that holds the
        threshold; ``(0, 0)`` is that bin alone.
    order : int
        Order of the polynomial.
    starts : bool
        Whether the threshold is the lower edge of its bin. Otherwise it is the middle.

    Raises
    ------
    InputError
        The window reaches the last bins, or too few bins are left for the polynomial.
    """

    threshold: float
    width: float
    below: int
    above: int
    window: tuple[int, int] = (0, 0)
    order: int = 4
    starts: bool = True

    def __post_init__(self) -> None:
        first, last = self.window
        if not (self.width > 0 and math.isfinite(self.threshold)):
            raise InputError("a bin's width must be above 0 and the threshold a number")
        if not -self.below < first <= last < self.above:
            raise InputError("the excluded window must lie within the bins on both sides")
        if len(self.places) - (last - first + 1) < self.order + 2:
            raise InputError(
                f"a polynomial of order {self.order} needs {self.order + 2} bins "
                "outside the excluded window"
            )

    @property
    def places(self) -> NDArray[np.int64]:
        """Number of each bin, counted from the one that holds the threshold."""
        return np.arange(-self.below, self.above + 1)

    @property
    def starts_at(self) -> NDArray[np.float64]:
        """Lower edge of each bin."""
        edges = self.threshold + self.width * (self.places - (0.0 if self.starts else 0.5))
        return np.asarray(edges, dtype=np.float64)

    @property
    def in_window(self) -> NDArray[np.bool_]:
        """Whether each bin is in the excluded window."""
        return (self.places >= self.window[0]) & (self.places <= self.window[1])

    def place(self, values: ArrayLike) -> NDArray[np.int64]:
        """Position of the bin of each value, from 0; -1 for a value outside all bins."""
        given = np.asarray(values, dtype=float)
        steps = (given - self.threshold) / self.width + (0.0 if self.starts else 0.5)
        # Attainment of exactly 100 % must not fall below it by the last bit of a float.
        places = np.floor(np.where(np.isfinite(steps), steps, np.inf) + 1e-9) + self.below
        return np.where((places >= 0) & (places < len(self.places)), places, -1).astype(np.int64)

    def counts(self, values: ArrayLike) -> NDArray[np.float64]:
        """Number of values in each bin."""
        places = self.place(values)
        return np.bincount(places[places >= 0], minlength=len(self.places)).astype(float)


@dataclass(frozen=True)
class Bunching:
    """Excess mass at a threshold.

    Parameters
    ----------
    frame : DataFrame
        One row a bin: `start` (lower edge, unit of the values), `count`, `counterfactual`
        (cases without the threshold) and `in_window`.
    excess : float
        Cases in the window beyond the counterfactual, B.
    normalised : float or None
        B ÷ mean counterfactual of a bin of the window, b: by how many bins people move.
        None where the counterfactual is not above 0.
    error : float or None
        Bootstrap standard error of `normalised`.
    low, high : float or None
        Its 95 % interval, percentiles of the bootstrap.
    bins : Bins
        How the values were cut.
    """

    frame: pd.DataFrame
    excess: float
    normalised: float | None
    error: float | None
    low: float | None
    high: float | None
    bins: Bins

    def remaining(self, first: int, last: int) -> float | None:
        """Cases ÷ counterfactual in bins `first` to `last`: what a hole leaves.

        Bins are counted from the one that holds the threshold. None where the
        counterfactual is not above 0.
        """
        places = self.bins.places
        rows = self.frame[(places >= first) & (places <= last)]
        expected = float(rows["counterfactual"].sum())
        return float(rows["count"].sum()) / expected if expected > 0 else None


def bunching(
    counts: ArrayLike,
    bins: Bins,
    *,
    rounds: int | None = None,
    draws: int = 999,
    resampled: NDArray[np.float64] | None = None,
) -> Bunching:
    """Excess mass in a window, against a polynomial through the bins outside it.

    Parameters
    ----------
    counts : array-like of float
        Cases of each bin, in order.
    bins : Bins
        How they were cut.
    rounds : int, optional
        How often the counterfactual is raised for the integration constraint; 0 leaves
        it out. Default: the fixed point.
    draws : int
        Bootstrap draws of the residuals; 0 gives no error.
    resampled : array of float, optional
        One row of counts a draw, in place of resampled residuals: for cases that belong
        together, such as the quarters of one person.

    Returns
    -------
    Bunching

    Raises
    ------
    InputError
        The counts do not fit the bins.

    Notes
    -----
    Chetty, Friedman, Olsen and Pistaferri (2011), Quarterly Journal of Economics 126;
    Kleven (2016), Annual Review of Economics 8. ``c_j (1 + B ÷ Σ_above c · [j above]) =
    polynomial(j) + dummies of the window``. Those who bunch came from above, so what lies
    above is raised by their number. The fit is linear in the counts, so the fixed point is
    ``(counts in window - h·c) ÷ (1 + h·a)``, with h the rows of the fit that add up the
    window and a the share of each bin above; round k + 1 is ``B_0 - B_k h·a``.

    Examples
    --------
    >>> counts = [20.0] * 5 + [50.0] + [20.0] * 5
    >>> found = bunching(counts, Bins(1.0, 0.1, 5, 5, order=1), rounds=0, draws=0)
    >>> round(found.excess, 6), round(found.normalised, 6)
    (30.0, 1.5)
    """
    found = np.asarray(counts, dtype=float)
    if found.shape != (len(bins.places),) or not np.isfinite(found).all() or (found < 0).any():
        raise InputError(f"{len(bins.places)} counts of at least 0 are needed, one a bin")
    fit = _fit(bins)
    excess, counterfactual = _excess(found[None, :], bins, fit, rounds)
    b = _normalised(excess, counterfactual, bins)
    drawn = np.empty(0)
    if resampled is not None or draws:
        rows = resampled if resampled is not None else _resampled(found, bins, fit, draws)
        drawn = _normalised(*_excess(rows, bins, fit, rounds), bins)
        drawn = drawn[np.isfinite(drawn)]
    ends = np.quantile(drawn, [0.025, 0.975]) if len(drawn) > 1 else (np.nan, np.nan)
    frame = pd.DataFrame(
        {
            "start": bins.starts_at,
            "count": found,
            "counterfactual": counterfactual[0],
            "in_window": bins.in_window,
        }
    )
    error = float(np.std(drawn, ddof=1)) if len(drawn) > 1 else math.nan
    low, high = (_known(float(end)) for end in ends)
    return Bunching(frame, float(excess[0]), _known(float(b[0])), _known(error), low, high, bins)


def bunching_p_value(counts: ArrayLike, bins: Bins, draws: int = 1999) -> float:
    """Chance of as much excess where the distribution is smooth.

    Parameters
    ----------
    counts : array-like of float
        Cases of each bin.
    bins : Bins
        How they were cut.
    draws : int
        Simulated samples.

    Returns
    -------
    float
        One-sided, ``(1 + draws with as much excess) ÷ (1 + draws)``; 1 without cases.

    Notes
    -----
    The same cases are thrown anew into the bins, with the chances of a log-linear
    polynomial (Poisson) through all bins, the window included; each throw is estimated
    as the data are. Where people bunch, that curve bends towards them, so the test errs
    on their side. The statistic is B ÷ √(counterfactual of the window).
    """
    found = np.asarray(counts, dtype=float)
    total = int(found.sum())
    if total == 0:
        return 1.0
    chances = _smooth(found, bins)
    simulated = np.random.default_rng(SEED).multinomial(total, chances, size=draws)
    fit = _fit(bins)
    own = _statistic(found[None, :], bins, fit)[0]
    drawn = _statistic(simulated.astype(float), bins, fit)
    return float((1 + (drawn >= own - 1e-12).sum()) / (1 + draws))


def kink_elasticity(found: Bunching, rate_below: float, rate_above: float) -> float | None:
    """Relative move of the last buncher ÷ relative change of the share that is kept.

    Parameters
    ----------
    found : Bunching
        Excess mass at a kink.
    rate_below, rate_above : float
        Share that is taken on both sides: with pay, 1 - rate.

    Returns
    -------
    float or None
        ``(b x width ÷ threshold) ÷ ((rate_above - rate_below) ÷ (1 - rate_below))``;
        None without a finite answer.
    """
    change = rate_above - rate_below
    if found.normalised is None or not change or rate_below >= 1 or not found.bins.threshold:
        return None
    moved = found.normalised * found.bins.width / found.bins.threshold
    return moved / (change / (1 - rate_below))


def _basis(bins: Bins) -> NDArray[np.float64]:
    # Scaled to at most 1, so that high powers keep their digits.
    scale = max(bins.below, bins.above)
    return np.vander(bins.places / scale, bins.order + 1, increasing=True).astype(float)


def _fit(bins: Bins) -> NDArray[np.float64]:
    """Matrix that takes counts to the polynomial; bins of the window weigh nothing."""
    basis, outside = _basis(bins), ~bins.in_window
    fit = np.zeros((len(basis), len(basis)))
    fit[:, outside] = basis @ np.linalg.pinv(basis[outside])
    return fit


def _excess(
    counts: NDArray[np.float64], bins: Bins, fit: NDArray[np.float64], rounds: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Excess of each row of counts, and its counterfactual."""
    window = bins.in_window
    above = counts * (bins.places > bins.window[1])
    total = above.sum(axis=1, keepdims=True)
    lift = np.divide(above, total, out=np.zeros_like(above), where=total > 0) @ fit.T
    plain = counts @ fit.T
    first = (counts[:, window] - plain[:, window]).sum(axis=1)
    slope = lift[:, window].sum(axis=1)
    if rounds is None:
        shift = excess = first / (1 + slope)
    else:
        shift, excess = np.zeros_like(first), first
        for _round in range(rounds):
            shift, excess = excess, first - excess * slope
    return excess, plain + shift[:, None] * lift


def _normalised(
    excess: NDArray[np.float64], counterfactual: NDArray[np.float64], bins: Bins
) -> NDArray[np.float64]:
    height = counterfactual[:, bins.in_window].mean(axis=1)
    b: NDArray[np.float64] = np.divide(
        excess, height, out=np.full_like(excess, np.nan), where=height > 0
    )
    return b


def _statistic(
    counts: NDArray[np.float64], bins: Bins, fit: NDArray[np.float64]
) -> NDArray[np.float64]:
    excess, counterfactual = _excess(counts, bins, fit, None)
    expected = counterfactual[:, bins.in_window].sum(axis=1)
    statistic: NDArray[np.float64] = excess / np.sqrt(np.maximum(expected, 1.0))
    return statistic


def _resampled(
    counts: NDArray[np.float64], bins: Bins, fit: NDArray[np.float64], draws: int
) -> NDArray[np.float64]:
    """Fitted counts with residuals of the bins outside the window drawn anew."""
    outside = ~bins.in_window
    fitted = counts @ fit.T
    residuals = (counts - fitted)[outside]
    rng = np.random.default_rng(SEED)
    rows = np.tile(np.where(outside, fitted, counts), (draws, 1))
    # The window's own residual is nought by its dummies; a draw gives it one as well.
    rows += rng.choice(residuals, size=rows.shape)
    clipped: NDArray[np.float64] = np.maximum(rows, 0.0)
    return clipped


def _smooth(counts: NDArray[np.float64], bins: Bins) -> NDArray[np.float64]:
    """Chances of the bins under a log-linear polynomial, by maximum likelihood."""
    basis = _basis(bins)
    rates = np.full(len(counts), counts.mean())
    log_rates = np.log(np.maximum(counts, 0.5))
    for _step in range(50):
        weights = np.sqrt(rates)
        target = log_rates + (counts - rates) / rates if _step else log_rates
        found = np.linalg.lstsq(basis * weights[:, None], target * weights, rcond=None)[0]
        log_rates = np.clip(basis @ found, -20.0, 20.0)
        before, rates = rates, np.exp(log_rates)
        if np.allclose(before, rates, rtol=1e-10):
            break
    chances: NDArray[np.float64] = rates / rates.sum()
    return chances


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
