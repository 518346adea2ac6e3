"""How attainment varies: from rep to rep, from period to period, and by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["AttainmentModel", "attainment_model"]

_FEWEST_PERIODS = 4
_FEWEST_CASES = 20
_NEEDED = ("rep_id", "period", "quota_cents", "credited_cents")


@dataclass(frozen=True)
class AttainmentModel:
    """Log-normal attainment with what all reps share in a period, and what lasts of each.

    Parameters
    ----------
    centre : float
        Mean of the logarithm.
    levels : mapping
        What lasts of each known rep, on the scale of the logarithm.
    doubts : mapping
        How uncertain each level is (standard deviation).
    sd_rep, sd_period, sd_rest : float
        Standard deviations between reps, between periods (shared by all), and of the rest.
    zero_share : float
        Share of reps and periods with no result, which has no logarithm.
    cases, periods : int
        What it was estimated from.

    Examples
    --------
    >>> model = AttainmentModel(0.0, {}, {}, 0.0, 0.3, 0.4, 0.0, 80, 8)
    >>> round(model.correlation, 2)
    0.36
    """

    centre: float
    levels: Mapping[str, float]
    doubts: Mapping[str, float]
    sd_rep: float
    sd_period: float
    sd_rest: float
    zero_share: float
    cases: int
    periods: int

    @property
    def correlation(self) -> float:
        """Correlation of two reps' log attainments within a period, their levels known."""
        together = self.sd_period**2 + self.sd_rest**2
        return self.sd_period**2 / together if together > 0 else 0.0

    def correlated(self, correlation: float) -> AttainmentModel:
        """The model with another correlation of reps within a period, each as uncertain.

        A few past periods tell little about what all share; this asks what if it were more.

        Raises
        ------
        InputError
            The correlation is below 0 or above 1.
        """
        if not 0 <= correlation <= 1:
            raise InputError(f"a correlation of {correlation} must lie between 0 and 1")
        together = self.sd_period**2 + self.sd_rest**2
        return replace(
            self,
            sd_period=float(np.sqrt(correlation * together)),
            sd_rest=float(np.sqrt((1 - correlation) * together)),
        )

    def draws(self, rep_ids: list[str], periods: int, draws: int, seed: int) -> Floats:
        """Attainments of people in periods to come: period × rep × draw.

        Parameters
        ----------
        rep_ids : list of str
            The people; who is not known is anybody of them.
        periods, draws : int
            How many.
        seed : int
            The same seed gives the same draws.

        Returns
        -------
        array of float
            Shares of the quota.

        Notes
        -----
        A period's common shock is drawn with the error of its own mean, sd × √(1 + 1/T)
        for T past periods; a rep's level is drawn once for all periods.
        """
        random = np.random.default_rng(seed)
        level = np.array([self.levels.get(rep, 0.0) for rep in rep_ids])
        doubt = np.array([self.doubts.get(rep, self.sd_rep) for rep in rep_ids])
        lasting = level[:, None] + doubt[:, None] * random.standard_normal((len(rep_ids), draws))
        shared = self.sd_period * np.sqrt(1 + 1 / max(self.periods, 1))
        common = shared * random.standard_normal((periods, 1, draws))
        found: Floats = random.standard_normal((periods, len(rep_ids), draws))
        found *= self.sd_rest
        found += common + lasting + self.centre
        np.exp(found, out=found)
        if self.zero_share > 0:
            found[random.random(found.shape) < self.zero_share] = 0.0
        return found


def attainment_model(attainments: pd.DataFrame) -> AttainmentModel:
    """Model of attainment from past periods.

    Parameters
    ----------
    attainments : DataFrame
        `rep_id`, `period`, `quota_cents`, `credited_cents`; rows without a quota are left out.

    Returns
    -------
    AttainmentModel

    Raises
    ------
    InputError
        A column is missing, or there are fewer than 4 periods or 20 cases with a result.

    Notes
    -----
    Two-way random effects of the logarithm by moments (Searle, Casella and McCulloch 1992,
    Variance Components): each effect's variance is that of its means less the part that the
    rest gives them. A rep's level is shrunk by what its cases can tell.
    """
    missing = next((name for name in _NEEDED if name not in attainments), None)
    if missing:
        raise InputError(f"the attainments have no column `{missing}`", allowed=_NEEDED)
    rated = attainments[attainments["quota_cents"] > 0]
    some = rated[rated["credited_cents"] > 0]
    count, periods = len(some), int(some["period"].nunique())
    if periods < _FEWEST_PERIODS or count < _FEWEST_CASES:
        raise InputError(
            f"attainment is known of {count} reps and periods in {periods} periods; at least "
            f"{_FEWEST_CASES} in {_FEWEST_PERIODS} are needed"
        )
    log = np.log((some["credited_cents"] / some["quota_cents"]).to_numpy(float))
    rep, reps = pd.factorize(some["rep_id"], sort=True)
    period, _ = pd.factorize(some["period"].astype(str), sort=True)
    centre, of_rep, of_period = _effects(log, rep, period)
    left = log - centre - of_rep[rep] - of_period[period]
    free = max(count - len(of_rep) - len(of_period) + 1, 1)
    rest = float((left**2).sum()) / free
    cases_rep, cases_period = np.bincount(rep), np.bincount(period)
    of_reps = max(0.0, _variance(of_rep) - rest * float(np.mean(1 / cases_rep)))
    of_periods = max(0.0, _variance(of_period) - rest * float(np.mean(1 / cases_period)))
    trust = of_reps / (of_reps + rest / cases_rep) if of_reps > 0 else np.zeros(len(reps))
    doubt = np.sqrt(of_reps * (1 - trust))
    return AttainmentModel(
        centre=centre,
        levels=dict(zip(reps.tolist(), (trust * of_rep).tolist(), strict=True)),
        doubts=dict(zip(reps.tolist(), doubt.tolist(), strict=True)),
        sd_rep=float(np.sqrt(of_reps)),
        sd_period=float(np.sqrt(of_periods)),
        sd_rest=float(np.sqrt(rest)),
        zero_share=1 - count / len(rated),
        cases=count,
        periods=periods,
    )


def _effects(
    log: Floats, rep: NDArray[np.intp], period: NDArray[np.intp]
) -> tuple[float, Floats, Floats]:
    """Centre and effects of reps and periods by turns, until they stand still."""
    centre = float(log.mean())
    of_rep, of_period = np.zeros(rep.max() + 1), np.zeros(period.max() + 1)
    for _turn in range(100):
        before = of_period
        of_rep = _means(log - centre - of_period[period], rep)
        of_rep -= of_rep.mean()
        of_period = _means(log - centre - of_rep[rep], period)
        of_period -= of_period.mean()
        centre = float((log - of_rep[rep] - of_period[period]).mean())
        if np.abs(of_period - before).max() < 1e-10:
            break
    return centre, of_rep, of_period


def _means(values: Floats, groups: NDArray[np.intp]) -> Floats:
    found: Floats = np.bincount(groups, weights=values) / np.bincount(groups)
    return found


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
