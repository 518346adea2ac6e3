"""When open deals will be won or lost: competing risks in discrete time.

Time from the day a deal is looked at is cut into intervals. In each, a deal that is
still open ends with some probability (the hazard), and if it ends, is won with another;
both are logistic regressions on one row a deal and interval. Multiplied up they give
the share won, lost and still open by any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from salesops_lib.errors import InputError
from salesops_lib.forecasting.encoding import Encoding, as_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["EDGES", "CloseCurves", "TimeToClose"]

EDGES = (*range(7, 92, 7), 119, 147, 182, 238, 301, 364, 546)
"""Ends of the intervals, in days: weeks of the first quarter, then longer ones."""

_DUE_BINS = (-42.0, -21.0, -10.0, -3.0, 3.0, 10.0, 21.0, 42.0)
_MOST_ROWS = 120_000
_CHUNK = 20_000
_ENDS = ("won", "lost", "open")


@dataclass(frozen=True)
class CloseCurves:
    """Shares of each deal that are won and lost by the end of each interval.

    Parameters
    ----------
    edges : array of float
        Ends of the intervals, in days.
    won, lost : array of float
        One row a deal, one column an interval.
    """

    edges: Floats
    won: Floats
    lost: Floats

    def at(self, days: ArrayLike) -> tuple[Floats, Floats]:
        """Shares won and lost by some days.

        Parameters
        ----------
        days : array-like of float
            Days from the day the deals are looked at; the same for all deals. Within an
            interval deals end evenly; after the last one no more is said to end.

        Returns
        -------
        tuple of array
            Won, lost: one row a deal, one column a day. The rest is still open.
        """
        wanted = np.atleast_1d(np.asarray(days, dtype=float))
        edges = np.concatenate([[0.0], self.edges])
        place = np.clip(np.searchsorted(edges, wanted, side="left"), 1, len(self.edges))
        low, high = edges[place - 1], edges[place]
        share = np.clip((wanted - low) / (high - low), 0.0, 1.0)
        won, lost = (
            np.column_stack([np.zeros(len(self.won)), curve]) for curve in (self.won, self.lost)
        )
        return (
            won[:, place - 1] + share * (won[:, place] - won[:, place - 1]),
            lost[:, place - 1] + share * (lost[:, place] - lost[:, place - 1]),
        )


class TimeToClose:
    """Probability that an open deal is won, or lost, by any day; use `fit`.

    Parameters
    ----------
    edges : sequence of float
        Ends of the intervals, in days, ascending.
    seed : int
        Of the draw where there are more rows than are needed.

    Notes
    -----
    Discrete-time hazards by logistic regression on person-periods: Allison, P. D. (1982),
    Sociological Methodology 13; competing risks: Tutz, G. and Schmid, M. (2016), Modeling
    Discrete Time-to-Event Data; looked at again and again while open: van Houwelingen, H. C.
    (2007), Scandinavian Journal of Statistics 34 (landmarking). Without features it is the
    estimate of Aalen and Johansen at the ends of the intervals, as long as no deal drops
    out of sight within one.

    Examples
    --------
    >>> import pandas as pd
    >>> ended = pd.DataFrame({"days": [5, 5, 12, 20], "end": ["won", "lost", "won", "open"]})
    >>> model = TimeToClose(edges=(7, 14)).fit(ended, "days", "end")
    >>> won, lost = model.curves(ended.head(1)).at([14])
    >>> round(float(won[0, 0]), 3), round(float(lost[0, 0]), 3)
    (0.5, 0.25)
    """

    def __init__(self, edges: Sequence[float] = EDGES, seed: int = 0) -> None:
        self.edges = np.asarray(edges, dtype=float)
        if not len(self.edges) or (np.diff(self.edges, prepend=0.0) <= 0).any():
            raise InputError("the ends of the intervals must be above 0 and ascend")
        self.seed = seed

    def fit(
        self,
        frame: pd.DataFrame,
        days: str,
        ended: str,
        *,
        features: Sequence[str] = (),
        due: str | None = None,
    ) -> TimeToClose:
        """Learn from deals, each looked at while it was open.

        Parameters
        ----------
        frame : DataFrame
            One row a deal, or a deal and day.
        days : str
            Column of the days until it ended, or for which it was seen open.
        ended : str
            Column of how: ``won``, ``lost``, or ``open`` while it is not known.
        features : sequence of str
            Columns known on the day. Default: none; then all deals are alike.
        due : str, optional
            Column of the days to the close date that stood there: deals end around it.

        Returns
        -------
        TimeToClose
            Itself.

        Raises
        ------
        InputError
            No deal has ended, or a value is not one of those above.
        """
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        rows = frame.reset_index(drop=True)
        wrong = set(rows[ended].dropna().unique()) - set(_ENDS)
        if wrong:
            raise InputError(
                f"`{min(map(str, wrong))}` is no end", where=f"column {ended}", allowed=_ENDS
            )
        seen = as_numbers(rows[days])
        if np.isnan(seen).any() or (seen < 0).any():
            raise InputError("days must be numbers, 0 or above", where=f"column {days}")
        if rows[ended].isin(["won", "lost"]).sum() == 0:
            raise InputError("no deal has ended, so nothing can be learnt of when they do")
        rows, seen = self._sampled(rows, seen)
        self._features, self._due = tuple(features), due
        self._encoding = Encoding(self._features).fit(rows) if features else None
        row, at, end = self._periods(seen, rows[ended].to_numpy(dtype=object))
        table = self._columns(rows, row, at)
        has_ended = end != "open"
        with threadpool_limits(1):
            self._ends = self._fitted(table, has_ended.astype(float))
            self._wins = self._fitted(table[has_ended], (end[has_ended] == "won").astype(float))
        return self

    def curves(self, frame: pd.DataFrame) -> CloseCurves:
        """Shares won and lost of some open deals, by the end of each interval.

        Parameters
        ----------
        frame : DataFrame
            With the features, and the days to the close date where they were used.

        Returns
        -------
        CloseCurves
        """
        parts = [
            self._chunk(frame.iloc[start : start + _CHUNK])
            for start in range(0, max(len(frame), 1), _CHUNK)
        ]
        won, lost = (np.concatenate(side) for side in zip(*parts, strict=True))
        return CloseCurves(self.edges, np.round(won, 9), np.round(lost, 9))

    def _sampled(self, rows: pd.DataFrame, seen: Floats) -> tuple[pd.DataFrame, Floats]:
        """Rows that make no more person-periods than are needed."""
        periods = np.searchsorted(self.edges, seen, side="left") + 1
        share = _MOST_ROWS / float(periods.sum())
        if share >= 1:
            return rows, seen
        rng = np.random.default_rng(self.seed)
        kept = np.sort(rng.choice(len(rows), max(1, int(share * len(rows))), replace=False))
        return rows.iloc[kept].reset_index(drop=True), seen[kept]

    def _periods(
        self, seen: Floats, end: NDArray[Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
        """Row, interval and end of each person-period."""
        is_open = ~np.isin(end, ["won", "lost"])
        last = np.searchsorted(self.edges, seen, side="left")
        # One that is still open counts for the intervals that it was seen through.
        through = np.searchsorted(self.edges, seen, side="right")
        count = np.where(is_open, through, np.minimum(last + 1, len(self.edges)))
        row = np.repeat(np.arange(len(seen)), count)
        at = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        ends_here = ~is_open[row] & (at == last[row])
        return row, at, np.where(ends_here, end[row], "open")

    def _columns(self, rows: pd.DataFrame, row: NDArray[np.int64], at: NDArray[np.int64]) -> Floats:
        parts = [np.eye(len(self.edges))[at]]
        if self._encoding is not None:
            parts.append(self._encoding.spread(rows)[row])
        if self._due is not None:
            bins = self._due_bins(rows)[row, at]
            parts.append(np.eye(len(_DUE_BINS) + 2)[bins])
        return np.column_stack(parts)

    def _due_bins(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """Where the middle of each interval lies about the close date; the last bin: unknown."""
        due = as_numbers(rows[str(self._due)])
        middle = (self.edges + np.concatenate([[0.0], self.edges[:-1]])) / 2
        after = middle[None, :] - due[:, None]
        bins = np.digitize(after, _DUE_BINS)
        return np.where(np.isnan(after), len(_DUE_BINS) + 1, bins)

    def _fitted(self, table: Floats, target: Floats) -> tuple[Floats, float]:
        """Coefficients and shift; a constant where only one thing happens."""
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(target)) < 2:
            level = 30.0 if len(target) and target[0] == 1 else -30.0
            return np.zeros(table.shape[1]), level
        # Without features nothing is held back: the shares are those that were seen.
        strength = 1e7 if self._encoding is None and self._due is None else 2.0
        model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=100, tol=1e-9)
        model.fit(table, target)
        return model.coef_[0], float(model.intercept_[0])

    def _chunk(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        count = len(self.edges)
        static = np.zeros((len(rows), 0)) if self._encoding is None else self._encoded(rows)
        bins = None if self._due is None else self._due_bins(rows)
        chances = []
        for coefficients, shift in (self._ends, self._wins):
            odds = coefficients[None, :count] + shift
            odds = odds + (static @ coefficients[count : count + static.shape[1]])[:, None]
            if bins is not None:
                odds = odds + coefficients[count + static.shape[1] :][bins]
            chances.append(special.expit(odds))
        hazard, winning = chances
        left = np.cumprod(1 - hazard, axis=1)
        before = np.column_stack([np.ones(len(rows)), left[:, :-1]])
        ended = before * hazard
        return np.cumsum(ended * winning, axis=1), np.cumsum(ended * (1 - winning), axis=1)

    def _encoded(self, rows: pd.DataFrame) -> Floats:
        if self._encoding is None or not len(rows):
            return np.zeros((len(rows), 0))
        return self._encoding.spread(rows)
