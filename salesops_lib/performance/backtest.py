"""The backtest of pacing: how wrong the same rule would have been before."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from scipy import special

from salesops_lib.stats import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEAST_PERIODS", "backtest", "landing_interval"]

LEAST_PERIODS = 4
"""With fewer past periods there is no median to speak of."""

_LEAST_ERRORS = 3


def backtest(to_date: Sequence[float], totals: Sequence[float]) -> list[float | None]:
    """Errors of foretelling each period from those before it.

    Parameters
    ----------
    to_date, totals : sequence of float
        Bookings by the day looked at, and of the whole period; oldest first. Totals
        are above 0.

    Returns
    -------
    list of float or None
        For each period log(actual ÷ foretold), where foretold is its bookings by that
        day ÷ the median share of all earlier periods. None where there are fewer than
        `LEAST_PERIODS` earlier ones; infinite where nothing could be foretold.

    Examples
    --------
    >>> errors = backtest([50, 50, 50, 50, 40], [100, 100, 100, 100, 100])
    >>> [error if error is None else round(error, 4) for error in errors]
    [None, None, None, None, 0.2231]
    """
    errors: list[float | None] = []
    for place, (part, total) in enumerate(zip(to_date, totals, strict=True)):
        if place < LEAST_PERIODS:
            errors.append(None)
            continue
        share = median(to_date[n] / totals[n] for n in range(place))
        known = share > 0 and part > 0
        errors.append(math.log(total * share / part) if known else math.inf)
    return errors


def landing_interval(
    estimate: float, errors: Sequence[float | None], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Interval of an estimate from the log errors that its rule has made before.

    The estimate is multiplied by e to the power of ± t x root mean square error,
    with t of Student's distribution with as many degrees of freedom as errors. The
    errors are taken about 0, not about their mean: a biased rule is a wrong one.

    Parameters
    ----------
    estimate : float
        The estimate.
    errors : sequence of float or None
        As from `backtest`.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float, or None
        Low and high in the unit of the estimate; None with fewer than 3 errors, or
        where one of them is infinite.

    Examples
    --------
    >>> low, high = landing_interval(100.0, [0.1, -0.1, 0.1])
    >>> round(low, 1), round(high, 1)
    (72.7, 137.5)
    """
    known = [error for error in errors if error is not None]
    if len(known) < _LEAST_ERRORS or not all(map(math.isfinite, known)):
        return None
    size = math.sqrt(sum(error * error for error in known) / len(known))
    reach = float(special.stdtrit(len(known), (1 + confidence) / 2)) * size
    return estimate * math.exp(-reach), estimate * math.exp(reach)
