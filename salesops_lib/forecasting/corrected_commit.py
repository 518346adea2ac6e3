"""The commit without its forecasters' biases, and how far it can be trusted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.booked import whole_view
from salesops_lib.forecasting.commit_errors import quarterly_commits, with_open_part
from salesops_lib.forecasting.commits import added_up, commit_rows, sellers_on
from salesops_lib.forecasting.forecasters import bias_draws
from salesops_lib.forecasting.horizons import Horizon
from salesops_lib.forecasting.submissions import submissions
from salesops_lib.rows import json_number, rows_of
from salesops_lib.shrinkage import DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.data.view import View

    Floats = NDArray[np.float64]

__all__ = ["LEVEL", "METHOD", "CorrectedCommit", "corrected_commit", "corrected_commits"]

LEVEL = 0.8
"""Confidence of the intervals in a record."""

METHOD = "commit_corrected"
_COLUMNS = (
    "method", "kind", "key", "period", "week", "day", "forecast", "low", "high", "reason",
)  # fmt: skip
_SEED = 20_170_331
_LEAST_ERRORS = 20
_FARTHEST = 3.0


@dataclass(frozen=True)
class _Errors:
    """What is left of the errors of commits once the biases are taken off, by week."""

    total: dict[int, float]
    everywhere: float
    common: float
    shift: float

    def parts(self, week: int) -> tuple[float, float]:
        """Standard deviations of what all share in a quarter, and of what is each one's own."""
        size = self.total.get(week, self.everywhere)
        common = min(self.common, size)
        return common, float(np.sqrt(size**2 - common**2))


@dataclass(frozen=True)
class CorrectedCommit:
    """What a scope's commit comes to once its forecasters' biases are taken off.

    Parameters
    ----------
    commit : float or None
        As handed in, or summed; reporting currency.
    forecast, low, high : float or None
        Without the biases, with its 80 % interval.
    view : View
        What was looked at.
    reason : str
        Why there is none; empty where there is one.
    """

    commit: float | None
    forecast: float | None
    low: float | None
    high: float | None
    view: View
    reason: str = ""

    @property
    def headline(self) -> str:
        """One sentence: the commit, and what it comes to."""
        show, period = self.view.show, self.view.show.period(self.view.period.label)
        if self.forecast is None or self.commit is None:
            return show.say(
                "Commit of {scope} for {period} without its bias: not computable: {reason}.",
                scope=self.view.scope_phrase,
                period=period,
                reason=self.reason,
            )
        return show.say(
            "The commit of {scope} for {period} is {commit}; without the bias of its forecasters "
            "it is {forecast} (80% interval {interval}).",
            scope=self.view.scope_phrase,
            period=period,
            commit=show.money(self.commit, compact=True),
            forecast=show.money(self.forecast, compact=True),
            interval=show.interval(self.low, self.high, "money"),
        )

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "corrected_commit",
            "headline": self.headline,
            "commit": json_number(self.commit),
            "forecast": json_number(self.forecast),
            "low": json_number(self.low),
            "high": json_number(self.high),
            "reason": self.reason,
        }


def corrected_commit(view: View) -> CorrectedCommit:
    """The commit of the view's scope for its period, without the forecasters' biases.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    CorrectedCommit
        As of the as-of date, or the period's last day where that is over.
    """
    from salesops_lib.forecasting.commits import commits

    day = min(view.as_of, view.period.end)
    week = (day - view.period.start).days // 7 + 1
    at = [Horizon(view.period, week, day)]
    found = []
    for frame in (commits(view, at), corrected_commits(view, at)):
        own = (frame["kind"] == view.scope.kind) & (frame["key"] == view.scope.key)
        found.append(next(rows_of(frame[own]), None))
    plain, corrected = found
    reason = view.show.say("no forecast of it has been handed in")
    if plain is None or corrected is None or pd.isna(corrected.forecast):
        why = next((row.reason for row in (corrected, plain) if row is not None), reason)
        return CorrectedCommit(None, None, None, None, view, why or reason)
    return CorrectedCommit(plain.forecast, corrected.forecast, corrected.low, corrected.high, view)


def corrected_commits(
    view: View, horizons: Sequence[Horizon], level: float = LEVEL
) -> pd.DataFrame:
    """Commits of all scopes without their forecasters' biases, as of each day.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency.
    horizons : sequence of Horizon
        The forecasts.
    level : float
        Confidence of the intervals.

    Returns
    -------
    DataFrame
        As from `commits.commits`, with `low` and `high`; `method` is
        ``commit_corrected``.

    Notes
    -----
    Only quarters that had ended before the one forecast teach anything. Of a commit,
    what was closed stays, and the rest is divided by e to the forecaster's shrunk log
    bias. Its spread is that of the biases and of what past commits of the same week
    got wrong beyond them, in two normal parts: one that all forecasters of a quarter
    share, and one of each. Sums of scopes are sums of draws, so that parts and whole
    agree. A forecaster without a record takes that of another one, drawn anew each time.
    """
    whole, say = whole_view(view), view.show.say
    rows = with_open_part(whole, submissions(whole))
    latest = commit_rows(rows, horizons)
    none_yet = say("nobody has handed in a forecast")
    too_few = say("no two finished quarters have at least three commits of one forecaster")
    missing = say("no forecast of a part of it has been handed in")
    found: list[tuple[Any, ...]] = []
    learnt: dict[dt.date, _Errors] = {}
    for at in horizons:
        here = (METHOD, at.period.label, at.week, pd.Timestamp(at.day))
        given_rows = latest[(latest["period"] == at.period.label) & (latest["week"] == at.week)]
        frame, draws, _spread = bias_draws(whole, at.period.start)
        if given_rows.empty or frame.empty:
            why = none_yet if given_rows.empty else too_few
            found.append(_row(here, "company", "", None, level, why))
            continue
        if at.period.start not in learnt:
            learnt[at.period.start] = _errors(quarterly_commits(whole, at.period.start), frame)
        errors = learnt[at.period.start]
        given = _drawn(given_rows, frame, draws, errors, at)
        for kind, key, numbers in added_up(given, sellers_on(whole, at.day)):
            found.append(_row(here, kind, key, numbers, level, missing))
    return pd.DataFrame(found, columns=list(_COLUMNS))


def _row(
    here: tuple[Any, ...], kind: str, key: str, numbers: Floats | None, level: float, why: str
) -> tuple[Any, ...]:
    method, period, week, day = here
    if numbers is None:
        return (method, kind, key, period, week, day, np.nan, np.nan, np.nan, why)
    low, high = np.quantile(numbers[1:], [(1 - level) / 2, (1 + level) / 2])
    return (method, kind, key, period, week, day, float(numbers[0]), float(low), float(high), "")


def _errors(known: pd.DataFrame, frame: pd.DataFrame) -> _Errors:
    """What earlier quarters' commits got wrong beyond the biases."""
    known = known[(known["ahead"] > 0) & (known["actual_ahead"] > 0)]
    mean = dict(zip(frame["forecaster_id"], frame["mean"], strict=True))
    gap = np.log(known["ahead"] / known["actual_ahead"]) - known["forecaster_id"].map(mean)
    # Where next to nothing was left to book, a ratio says nothing.
    gaps = known.assign(gap=gap.clip(-_FARTHEST, _FARTHEST)).dropna(subset=["gap"])
    if gaps.empty:
        return _Errors({}, 0.0, 0.0, 0.0)
    # A mean of logs lies below the log of a mean, by what the weeks spread.
    shift = float(gaps["gap"].mean())
    gaps["gap"] -= shift
    square = gaps["gap"] ** 2
    by_week = square.groupby(gaps["week"]).agg(["mean", "size"])
    enough = by_week[by_week["size"] >= _LEAST_ERRORS]
    total = {
        int(week): float(np.sqrt(mean))
        for week, mean in zip(enough.index, enough["mean"], strict=True)
    }
    groups = gaps.groupby(["period", "week"])["gap"].agg(["mean", "size"])
    groups = groups[groups["size"] > 1]
    everywhere = float(square.mean())
    common = 0.0
    if len(groups):
        common = float((groups["mean"] ** 2 - everywhere / groups["size"]).mean())
    return _Errors(total, float(np.sqrt(everywhere)), float(np.sqrt(max(common, 0.0))), shift)


def _drawn(
    rows: pd.DataFrame, frame: pd.DataFrame, draws: Floats, errors: _Errors, at: Horizon
) -> dict[str, dict[str, Floats]]:
    """Each scope's number without the bias, the likeliest first and then the draws."""
    place = {person: n for n, person in enumerate(frame["forecaster_id"])}
    rng = np.random.default_rng([_SEED, at.period.start.toordinal(), at.week])
    common, own = errors.parts(at.week)
    shared = common * rng.standard_normal(DRAWS)
    given: dict[str, dict[str, Floats]] = {}
    for row in rows_of(rows.sort_values(["kind", "key"])):
        if row.forecaster_id in place:
            column = place[row.forecaster_id]
            mean, bias = float(frame["mean"].iloc[column]), draws[:, column]
        else:
            chosen = rng.integers(0, draws.shape[1], DRAWS)
            mean, bias = float(frame["mean"].mean()), draws[np.arange(DRAWS), chosen]
        log_ratio = bias + shared + own * rng.standard_normal(DRAWS)
        ahead = row.ahead / np.exp(np.concatenate([[mean], log_ratio]) + errors.shift)
        given.setdefault(row.kind, {})[row.key] = row.closed + ahead
    return given
