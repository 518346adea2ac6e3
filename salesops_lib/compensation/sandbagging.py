"""Sandbagging: deals held back into the next period once the threshold is reached."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.gaming import Case, GamingTest, gaming_test
from salesops_lib.compensation.gaming_definitions import GAMING
from salesops_lib.compensation.gaming_frames import ATTAINMENTS, DEALS, checked
from salesops_lib.formats import Formatter
from salesops_lib.period_edges import AFTER
from salesops_lib.stats import share_difference_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.period import Period

__all__ = ["LAST_DAYS", "sandbagging"]

LAST_DAYS = 42
"""Days before a period's end at which it is seen who has reached the threshold."""

_FEWEST = {"all": 60, "team": 40, "rep": 30}
_FEWEST_PERIODS = 4
_ROUGH, _FINE, _WHOLE = 999, 39_999, 4_999
_LOOK_CLOSER = 0.1
_SEED = 20181
_BATCH = 2_000


def sandbagging(
    deals: pd.DataFrame,
    attainments: pd.DataFrame,
    periods: Sequence[Period],
    as_of: dt.date,
    *,
    threshold: float = 1.0,
    show: Formatter | None = None,
    scope: str = "",
) -> GamingTest:
    """Whether those who have reached a threshold win more just after the period's end.

    Parameters
    ----------
    deals : DataFrame
        Columns as `gaming_frames.DEALS`.
    attainments : DataFrame
        Columns as `gaming_frames.ATTAINMENTS`; `period` holds labels of `periods`.
    periods : sequence of Period
        Periods that pay is counted in. Those whose end is not 30 days past are left out.
    as_of : date
        Last day that is known.
    threshold : float
        Attainment from which a further deal pays less, or counts for more later: quota,
        or a cap.
    show : Formatter, optional
        Formats of the report. Default: English.
    scope : str
        Label of the scope.

    Returns
    -------
    GamingTest
        `effect` is the share won in the 30 days after the end, of those and the last six
        weeks, of who had reached the threshold six weeks before the end, less that of who
        had not. Not computable below 60 such deals; teams are judged from 40 on, people
        from 30, with four periods, and with both kinds of periods.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    Who has reached the threshold is seen six weeks before the end, from deals won until
    then, which tells nothing of how the deals after that day fall about the end. Held
    against the share of each period, so that seasons do not count; then it is drawn by
    lot which of a person's own periods are those with the threshold reached, so that
    habits of a person that have nothing to do with it do not count either. One-sided.
    """
    shown = show or Formatter()
    definition = GAMING["sandbagging"].said(shown)
    goals = checked(attainments, ATTAINMENTS, "attainments")
    rows = checked(deals, DEALS, "deals")
    ended = [period for period in periods if (as_of - period.end).days >= AFTER]
    cells = _cells(rows, goals[goals["quota_cents"] > 0], ended, threshold)
    cases = []
    for level, column in (("all", ""), ("team", "team"), ("rep", "rep_id")):
        groups = [("all", cells)] if not column else list(cells.groupby(column, sort=True))
        cases += [_case(level, str(key), own, scope) for key, own in groups if key != ""]
    frame, tested = gaming_test(cases, _FEWEST)
    reason = ""
    if not tested["all"]:
        reason = shown.say(
            "too few deals about period ends of people who had, and who had not, reached the "
            "threshold"
        )
    return GamingTest(definition, frame, tested, _sentence(frame, shown), scope, shown, reason)


def _cells(
    rows: pd.DataFrame, goals: pd.DataFrame, periods: Sequence[Period], threshold: float
) -> pd.DataFrame:
    """Of each rep and period: whether reached in time, deals before and after the end."""
    labels = dict(zip(goals["rep_id"], goals.get("rep", goals["rep_id"]), strict=True))
    found = []
    days = rows["close_date"].to_numpy("datetime64[D]")
    for period in periods:
        own = goals[goals["period"] == period.label]
        seen = period.end - dt.timedelta(days=LAST_DAYS)
        start, cut, end = (np.datetime64(day) for day in (period.start, seen, period.end))
        credit = rows[(days >= start) & (days <= cut)].groupby("rep_id")["amount_cents"].sum()
        counts = [
            rows[(days > first) & (days <= last)].groupby("rep_id").size()
            for first, last in ((cut, end), (end, end + AFTER))
        ]
        cells = own[["rep_id", "team"]].assign(
            period=period.label,
            reached=(
                own["rep_id"].map(credit).fillna(0) >= threshold * own["quota_cents"]
            ).to_numpy(),
            before=own["rep_id"].map(counts[0]).fillna(0).astype(int),
            after=own["rep_id"].map(counts[1]).fillna(0).astype(int),
        )
        both = cells["before"] + cells["after"]
        usual = cells["after"].sum() / both.sum() if both.sum() else 0.0
        found.append(cells.assign(more=cells["after"] - both * usual))
    if not found:
        names = ("rep_id", "team", "period", "label", "before", "after", "more")
        none = pd.DataFrame({name: [] for name in names})
        return none.assign(reached=pd.Series(dtype=bool))
    whole = pd.concat(found, ignore_index=True)
    whole["label"] = whole["rep_id"].map(labels)
    return whole[whole["before"] + whole["after"] > 0]


def _case(level: str, key: str, own: pd.DataFrame, scope: str) -> Case:
    label = {"all": scope, "team": key}.get(level, str(own["label"].min()))
    reached = own[own["reached"]]
    others = own[~own["reached"]]
    sums = [int(part[name].sum()) for part in (reached, others) for name in ("after", "before")]
    n = sum(sums)
    few = min(sums[0] + sums[1], sums[2] + sums[3]) < _FEWEST[level] // 4
    if few or n < _FEWEST[level] or own["period"].nunique() < _FEWEST_PERIODS:
        return Case(level, key, label, n, None, None, None, 1.0)
    effect = sums[0] / (sums[0] + sums[1]) - sums[2] / (sums[2] + sums[3])
    low, high = share_difference_interval(
        sums[0], sums[0] + sums[1], sums[2], sums[2] + sums[3]
    ) or (None, None)
    return Case(level, key, label, n, effect, low, high, _p_value(own, level))


def _p_value(own: pd.DataFrame, level: str) -> float:
    codes = own["rep_id"].factorize(sort=True)[0]
    reached = own["reached"].to_numpy(bool)
    more = own["more"].to_numpy(float)
    if level == "all":
        return _by_lot(codes, reached, more, _WHOLE)
    # Corrected for many, a p must be small to say anything, and small ones need many draws.
    p = _by_lot(codes, reached, more, _ROUGH)
    return _by_lot(codes, reached, more, _FINE) if p < _LOOK_CLOSER else p


def _by_lot(
    codes: NDArray[Any], reached: NDArray[np.bool_], more: NDArray[np.float64], draws: int
) -> float:
    """Chance of as many deals after the end where a person's periods are exchanged."""
    rng = np.random.default_rng(_SEED + draws)
    # Rows in order of people: a shuffle within each is a sort by person and a lot.
    order = np.argsort(codes, kind="stable")
    codes, reached, more = codes[order], reached[order], more[order]
    own, as_much = float(more[reached].sum()), 0
    for begin in range(0, draws, _BATCH):
        size = min(_BATCH, draws - begin)
        lots = np.argsort(codes + rng.random((size, len(codes))), axis=1)
        as_much += int(((more[lots] * reached).sum(axis=1) >= own - 1e-12).sum())
    return (1 + as_much) / (1 + draws)


def _sentence(frame: pd.DataFrame, show: Formatter) -> str:
    everyone = frame[(frame["level"] == "all") & (frame["verdict"] != "too few")]
    if not len(everyone):
        return ""
    row = everyone.iloc[0]
    teams = frame[(frame["level"] == "team") & (frame["verdict"] == "found")]["label"]
    words = {"deals": show.count(int(row["n"])), "points": show.points(row["effect"], signed=False)}
    if len(teams):
        return show.say(
            "Deals are held back once the threshold is reached, most clearly in {teams}.",
            teams=show.listed([str(team) for team in teams]),
        )
    if row["verdict"] == "found":
        return show.say(
            "Deals are held back once the threshold is reached: of {deals} won about period "
            "ends, {points} more came after the end than of those who had not reached it.",
            **words,
        )
    if (frame["verdict"] == "found").any():
        return show.say(
            "Single people hold deals back once the threshold is reached; all together do not."
        )
    return show.say(
        "No deals held back behind the threshold beyond chance, of {deals} won about period ends.",
        **words,
    )
