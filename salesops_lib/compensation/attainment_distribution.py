"""How attainment is spread, against the spread that the plan was made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.compensation.payout_table import judged
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Value
from salesops_lib.rows import json_number, rows_of
from salesops_lib.stats import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Definition, Measure

__all__ = [
    "USUAL_TARGET",
    "AttainmentDistribution",
    "TargetDistribution",
    "attainment_distribution",
    "share_above_quota",
    "share_at_quota",
]

EXCELLENCE = 1.2
_FEWEST = 10
_DRAWS = 499
_POINTS = 1000
_SEED = 20031


@dataclass(frozen=True)
class TargetDistribution:
    """Shares of reps that a plan is made for, by bands of attainment; even within a band.

    Parameters
    ----------
    edges : tuple of float
        Ends of the bands, rising, such as 0, 0.5, 1, 1.2 and 2.
    shares : tuple of float
        Share of the reps in each band; together 1.

    Raises
    ------
    InputError
        The edges do not rise, or the shares do not add up to 1.

    Examples
    --------
    >>> TargetDistribution((0.0, 1.0, 2.0), (0.4, 0.6)).at([0.2, 0.4, 1.0]).tolist()
    [0.5, 1.0, 2.0]
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.shares) + 1 or (np.diff(self.edges) <= 0).any():
            raise InputError("the edges of a target distribution must rise, one more than shares")
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-9:
            raise InputError(f"the shares of a target distribution add up to {sum(self.shares):g}, "
                             "and must to 1")  # fmt: skip

    def at(self, chances: Any) -> NDArray[np.float64]:
        """Attainments that these shares of the reps stay below."""
        steps = np.concatenate([[0.0], np.cumsum(self.shares)])
        steps[-1] = 1.0
        below: NDArray[np.float64] = np.interp(np.asarray(chances, dtype=float), steps, self.edges)
        return below


USUAL_TARGET = TargetDistribution((0.0, 0.5, 1.0, 1.2, 1.8), (0.1, 0.3, 0.45, 0.15))
"""Nine in ten reach the threshold, six in ten their quota, 15 % excellence: a rule of
thumb of plan designers, to be replaced by what the company's own plan was made for."""


@dataclass(frozen=True)
class AttainmentDistribution:
    """Attainment of the reps, against a target distribution.

    Parameters
    ----------
    frame : DataFrame
        One row a band: `low_edge`, `high_edge` (attainment; the last is open), `reps`,
        `share` with `low` and `high` (Wilson 95 %), and `target` (share).
    attainments : tuple of float
        Attainment of each rep, rising; without names.
    distance : Value
        Wasserstein distance, in points of attainment ÷ 100; `n` reps. Its interval draws
        people anew.
    by_chance : float or None
        Distance that as many reps drawn from the target are off on average.
    p : float or None
        Chance of as large a distance for as many reps drawn from the target.
    target : TargetDistribution
        What was aimed at.
    table : PayoutTable
        Whose payouts.
    """

    frame: pd.DataFrame
    attainments: tuple[float, ...]
    distance: Value
    by_chance: float | None
    p: float | None
    target: TargetDistribution
    table: PayoutTable

    @property
    def definition(self) -> Definition:
        """What the distance means."""
        return JUDGEMENTS["attainment_distance"].said(self.table.show)

    @property
    def is_off(self) -> bool:
        """Whether chance does not explain the distance."""
        return self.p is not None and self.p < 0.05

    @property
    def headline(self) -> str:
        """One sentence: how far off, and whether chance explains it."""
        show = self.table.show
        if self.distance.number is None or self.by_chance is None:
            return show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=self.distance.reason,
            )
        words = {
            "scope": self.table.scope,
            "period": self.table.label(),
            "points": show.points(float(self.distance.number), signed=False),
            "chance": show.points(self.by_chance, signed=False),
        }
        if self.is_off:
            return show.say(
                "Attainment of {scope} in {period} is not spread as the plan was made for: it is "
                "{points} off on average, where chance explains {chance}.",
                **words,
            )
        return show.say(
            "Attainment of {scope} in {period} is spread as the plan was made for, as far as "
            "{reps} reps can tell: it is {points} off on average, where chance explains {chance}.",
            reps=show.count(self.distance.n or 0),
            **words,
        )

    @property
    def grid(self) -> Grid:
        """The bands as a table."""
        show, say = self.table.show, self.table.show.say
        headers = (
            (say("Attainment"), "text"),
            (say("Reps"), "number"),
            (say("Share"), "number"),
            (say("95% interval"), "number"),
            (say("Target"), "number"),
        )
        last = len(self.frame) - 1
        rows = tuple(
            (
                Cell(self.band(row.low_edge, None if place == last else row.high_edge), "head"),
                Cell(show.count(row.reps), number=row.reps),
                Cell(show.value(row.share, "share"), number=row.share),
                Cell(show.interval(row.low, row.high, "share")),
                Cell(show.share(row.target), number=row.target),
            )
            for place, row in enumerate(rows_of(self.frame))
        )
        caption = say(
            "Attainment of {scope} in {period}", scope=self.table.scope, period=self.table.label()
        )
        return Grid(caption, headers, rows, show=show)

    def band(self, low: float, high: float | None) -> str:
        """Name of a band; open above without a `high`."""
        show = self.table.show
        if high is None:
            return show.say("{low} or more", low=show.share(low, 0))
        return show.say("{low} to {high}", low=show.share(low, 0), high=show.share(high, 0))

    def records(self) -> dict[str, Any]:
        """Values for machines; attainments of people stay out."""
        plain = self.frame.astype(object).where(self.frame.notna(), None)
        return {
            "kind": "attainment_distribution",
            "id": self.definition.id,
            "headline": self.headline,
            "distance": json_number(self.distance.number),
            "low": json_number(self.distance.low),
            "high": json_number(self.distance.high),
            "by_chance": json_number(self.by_chance),
            "p": json_number(self.p),
            "rows": plain.to_dict(orient="records"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def attainment_distribution(
    table: PayoutTable, target: TargetDistribution = USUAL_TARGET
) -> AttainmentDistribution:
    """Attainment of the reps, against a target distribution.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts; the current periods together.
    target : TargetDistribution
        What was aimed at. Default: `USUAL_TARGET`.

    Returns
    -------
    AttainmentDistribution
        The distance is not computable below 10 reps.

    Notes
    -----
    The Wasserstein distance is the area between the two distribution functions
    (`scipy.stats.wasserstein_distance`). It never is 0 for a sample, so what chance alone
    gives is simulated: 499 samples of as many reps from the target.
    """
    from scipy.stats import wasserstein_distance

    people = table.people().dropna(subset=["attainment"])
    values = np.sort(people["attainment"].to_numpy(float))
    n = len(values)
    bands = np.clip(np.searchsorted(target.edges, values, side="right") - 1, 0, None)
    bands = np.minimum(bands, len(target.shares) - 1)
    counts = np.bincount(bands, minlength=len(target.shares))
    ends = [wilson_interval(int(count), n) or (np.nan, np.nan) for count in counts]
    frame = pd.DataFrame(
        {
            "low_edge": target.edges[:-1],
            "high_edge": target.edges[1:],
            "reps": counts,
            "share": counts / n if n else np.nan,
            "low": [low for low, _high in ends],
            "high": [high for _low, high in ends],
            "target": target.shares,
        }
    )
    if n < _FEWEST:
        reason = table.show.say(
            "{found} reps have a quota, and {needed} are needed",
            found=table.show.count(n),
            needed=table.show.count(_FEWEST),
        )
        missing = Value(None, n, reason=reason)
        return AttainmentDistribution(frame, tuple(values), missing, None, None, target, table)
    aimed = target.at((np.arange(_POINTS) + 0.5) / _POINTS)
    rng = np.random.default_rng(_SEED)

    def distance(sample: NDArray[np.float64]) -> float:
        return float(wasserstein_distance(sample, aimed))

    own = distance(values)
    anew = [distance(rng.choice(values, n)) for _draw in range(_DRAWS)]
    chance = np.array([distance(target.at(rng.random(n))) for _draw in range(_DRAWS)])
    low, high = np.quantile(anew, [0.025, 0.975])
    p = (1 + int((chance >= own).sum())) / (1 + _DRAWS)
    found = Value(own, n, float(low), float(high))
    return AttainmentDistribution(
        frame, tuple(values), found, float(chance.mean()), p, target, table
    )


def share_at_quota(table: PayoutTable, by: str | None = None) -> Measure:
    """Reps with an attainment of at least 100 % ÷ reps with a quota.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    by : str, optional
        ``role``, ``team`` or ``region``.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of reps.
    """
    return _share(table, "share_at_quota", by, 1.0)


def share_above_quota(
    table: PayoutTable, by: str | None = None, excellence: float = EXCELLENCE
) -> Measure:
    """Reps with an attainment of at least excellence ÷ reps with a quota.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    by : str, optional
        ``role``, ``team`` or ``region``.
    excellence : float
        Attainment that counts as excellence.

    Returns
    -------
    Measure
        A share with its Wilson interval; `n` is the number of reps.
    """
    return _share(table, "share_above_quota", by, excellence)


def _share(table: PayoutTable, measure: str, by: str | None, level: float) -> Measure:
    def value(people: pd.DataFrame) -> Value:
        rated = people[people["quota_cents"] > 0]
        if not len(rated):
            return Value(None, 0, reason=table.show.say("no quota in this period"))
        # Credit against quota in cents: exactly 100 % must not fall below it as a float.
        reached = int((rated["credited_cents"] >= level * rated["quota_cents"]).sum())
        low, high = wilson_interval(reached, len(rated)) or (None, None)
        return Value(reached / len(rated), len(rated), low, high)

    return judged(table, JUDGEMENTS[measure].said(table.show), by, value)
