"""How a share of cases comes to an event over time, while others end another way.

Cases that are still open have been seen for a part of their time only. Counting
them as failures makes every young group look bad, leaving them out makes it look
good; here each counts for as long as it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.stats import CONFIDENCE, Interval, wilson_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Incidence", "cumulative_incidence"]


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of an event and of its competitor.

    Parameters
    ----------
    times : ndarray of float
        Times at which an event of either kind happened, ascending.
    event, competing : ndarray of float
        Share of the cases that have had the one or the other by each time.
    variance : ndarray of float
        Variance of `event`.
    """

    times: NDArray[np.float64]
    event: NDArray[np.float64]
    competing: NDArray[np.float64]
    variance: NDArray[np.float64]

    def at(self, time: float) -> tuple[float, float]:
        """Shares that have had the event, and the competing one, by a time."""
        place = self._place(time)
        return (0.0, 0.0) if place < 0 else (self.event[place].item(), self.competing[place].item())

    def deviation(self, time: float) -> float:
        """Standard error of the share that has had the event by a time."""
        place = self._place(time)
        return 0.0 if place < 0 else float(np.sqrt(self.variance[place]))

    def interval(self, time: float, known: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Interval of the share that has had the event by a time.

        Parameters
        ----------
        time : float
            Time since the start of each case.
        known : int
            Cases of which it is known what had become of them by then.
        confidence : float
            Between 0 and 1.

        Returns
        -------
        tuple of float, or None
            Low and high, shares of 1; None where nothing is known.

        Notes
        -----
        Wilson's, with as many cases as would give the same variance if none were
        open: share x (1 - share) ÷ variance. Where all or none had the event the
        variance is 0 and says nothing; there the cases are those known.
        """
        share, deviation = self.at(time)[0], self.deviation(time)
        cases = float(known)
        # Of sums of fractions a zero may come out a hair above it.
        if deviation > 1e-9 and 1e-9 < share < 1 - 1e-9:
            cases = share * (1 - share) / deviation**2
        share = min(max(share, 0.0), 1.0)
        # Shares of all and of none keep their own end.
        successes = cases if share > 1 - 1e-9 else 0.0 if share < 1e-9 else share * cases
        return wilson_interval(successes, cases, confidence)

    def _place(self, time: float) -> int:
        return int(np.searchsorted(self.times, time, side="right")) - 1


def cumulative_incidence(
    event: ArrayLike, competing: ArrayLike, open_: ArrayLike = ()
) -> Incidence:
    """Aalen-Johansen estimator of the cumulative incidence of an event.

    Parameters
    ----------
    event, competing : array-like of float
        Times of the cases that had the event, and of those that ended another way.
    open_ : array-like of float
        Times for which the cases that had neither were seen. One that was seen up to
        the time of an event was at risk of it.

    Returns
    -------
    Incidence

    Notes
    -----
    ``F(t) = Σ S(s-) d(s) ÷ n(s)`` over the times s up to t, where n cases are at risk, d
    have the event, and S is the share (Kaplan-Meier) that has had neither: Aalen, O. O.
    and Johansen, S. (1978), Scandinavian Journal of Statistics 5.

    The variance is that of Greenwood's type (Dinse, G. E. and Larson, M. G. (1986),
    Biometrika 73): with D(s) = F(t) - F(s), h of either kind,
    ``Σ D² h ÷ (n (n - h)) + Σ S² d (n - d) ÷ n³ - 2 Σ D S d ÷ n²``. Without open cases it is
    that of a share, F (1 - F) ÷ n. Allignol, A., Schumacher, M. and Beyersmann, J. (2010),
    Biometrical Journal 52, recommend it over the one of Aalen (1978), which R's cmprsk has.

    Examples
    --------
    >>> by_age = cumulative_incidence([30, 60], [45], [50])
    >>> won, lost = by_age.at(90)
    >>> round(won, 3), round(lost, 3)
    (0.75, 0.25)
    """
    kinds = [np.sort(np.asarray(kind, dtype=float)) for kind in (event, competing, open_)]
    times = np.unique(np.concatenate(kinds[:2]))
    risk = sum(len(kind) - np.searchsorted(kind, times) for kind in kinds)
    at_risk = np.asarray(risk, dtype=float)
    had, other = (
        (np.searchsorted(kind, times, "right") - np.searchsorted(kind, times)).astype(float)
        for kind in kinds[:2]
    )
    both = had + other
    before = np.concatenate([[1.0], np.cumprod(1 - both / at_risk)])[:-1]
    # A sum of fractions may come out a hair above all.
    share = np.minimum(np.cumsum(before * had / at_risk), 1.0)
    return Incidence(
        times,
        share,
        np.cumsum(before * other / at_risk),
        _variance(share, before, had, both, at_risk),
    )


def _variance(
    share: NDArray[np.float64],
    before: NDArray[np.float64],
    had: NDArray[np.float64],
    both: NDArray[np.float64],
    at_risk: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Variance of the share at each time, in one pass: D² is taken apart."""
    left = at_risk - both
    # Where nobody is left it is the last time, and D is 0.
    hazard = np.divide(both, at_risk * left, out=np.zeros_like(both), where=left > 0)
    product = before * had / at_risk**2
    plain = np.cumsum(hazard)
    once = np.cumsum(hazard * share)
    twice = np.cumsum(hazard * share**2)
    spread = share**2 * plain - 2 * share * once + twice
    own = np.cumsum(before**2 * had * (at_risk - had) / at_risk**3)
    shared = share * np.cumsum(product) - np.cumsum(share * product)
    variance: NDArray[np.float64] = np.maximum(spread + own - 2 * shared, 0.0)
    return variance
