"""Deals moved over the ends of periods: pulled forward into one, or pushed out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.gaming import SIZE, Case, GamingTest, gaming_test
from salesops_lib.compensation.gaming_definitions import GAMING
from salesops_lib.compensation.gaming_frames import DEALS, checked
from salesops_lib.formats import Formatter
from salesops_lib.period_edges import AFTER, BEFORE, EdgeCounts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.period import Period

__all__ = ["period_shift"]

_FEWEST = {"all": 60, "team": 40, "rep": 30}
# With fewer ended periods, lots of their months have too few outcomes.
_FEWEST_PERIODS = 4
_ROUGH, _FINE = 999, 39_999
_LOOK_CLOSER = 0.1
_SEED = 20171
_BATCH = 2_000


def period_shift(
    deals: pd.DataFrame,
    periods: Sequence[Period],
    calendar: FiscalCalendar,
    as_of: dt.date,
    *,
    show: Formatter | None = None,
    scope: str = "",
) -> GamingTest:
    """Whether deals are moved over the ends of periods, and in which direction.

    Parameters
    ----------
    deals : DataFrame
        Columns as `gaming_frames.DEALS`.
    periods : sequence of Period
        Periods that pay is counted in, one after the other. Those whose end is not
        30 days past are left out.
    calendar : FiscalCalendar
        Supplies the months of a period.
    as_of : date
        Last day that is known.
    show : Formatter, optional
        Formats of the report. Default: English.
    scope : str
        Label of the scope.

    Returns
    -------
    GamingTest
        `effect` is the share won before the ends less that at other month ends: above 0
        pulled forward, below 0 pushed out. Not computable for periods of one month, with
        fewer than four of them, or below 60 deals about their ends; teams are judged from
        40 on, people from 30.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    `period_edges.EdgeCounts`, with Newcombe's interval. The test takes the months of a
    period for interchangeable where nobody has a reason to move a deal: their order within
    each period is drawn by lot, with all that was won in a month kept together, so that
    what one month's end does to every month does not count. Two-sided. A season that
    returns in the same month of every period looks the same as a habit, and is in it.
    """
    shown = show or Formatter()
    definition = GAMING["period_shift"].said(shown)
    rows = checked(deals, DEALS, "deals")
    months = _months(periods, calendar, as_of)
    of_period = [number for number, _start, _end in months]
    reason = ""
    complete = len(set(of_period))
    if complete and len(of_period) == complete:
        reason = shown.say("the periods are months, and have no other month ends")
    elif complete < _FEWEST_PERIODS:
        reason = shown.say(
            "{found} periods have ended, and {needed} are needed",
            found=shown.count(complete),
            needed=shown.count(_FEWEST_PERIODS),
        )
    if reason:
        frame, tested = gaming_test([])
        return GamingTest(definition, frame, tested, "", scope, shown, reason)
    late, first = _by_month(rows, months)
    cases = []
    for level, keys, labels in _groupings(rows):
        for key, label in labels.items():
            own = (keys == key).to_numpy()
            cases.append(_case(level, key, label or scope, late[own], first[own], months))
    frame, tested = gaming_test(cases, _FEWEST)
    if not tested["all"]:
        reason = shown.say(
            "{found} deals were won about period ends, and {needed} are needed",
            found=shown.count(next((case.n for case in cases), 0)),
            needed=shown.count(_FEWEST["all"]),
        )
    return GamingTest(definition, frame, tested, _sentence(frame, shown), scope, shown, reason)


def _groupings(rows: pd.DataFrame) -> list[tuple[str, pd.Series[Any], dict[str, str]]]:
    everyone = pd.Series("all", index=rows.index)
    names = rows["rep"] if "rep" in rows else rows["rep_id"]
    return [
        ("all", everyone, {"all": ""}),
        ("team", rows["team"], {key: key for key in sorted(set(rows["team"]) - {""})}),
        ("rep", rows["rep_id"], dict(sorted(zip(rows["rep_id"], names, strict=True)))),
    ]


def _months(
    periods: Sequence[Period], calendar: FiscalCalendar, as_of: dt.date
) -> list[tuple[int, dt.date, dt.date]]:
    """Period, first and last day of each month of the periods that have ended."""
    found: list[tuple[int, dt.date, dt.date]] = []
    for number, period in enumerate(periods):
        if (as_of - period.end).days >= AFTER:
            found += [(number, m.start, m.end) for m in calendar.within(period, "month")]
    return found


def _by_month(
    rows: pd.DataFrame, months: Sequence[tuple[int, dt.date, dt.date]]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of each deal and month: whether it was won in its last days, and in its first 30."""
    days = rows["close_date"].to_numpy("datetime64[D]")[:, None]
    starts = np.array([start for _n, start, _end in months], dtype="datetime64[D]")
    ends = np.array([end for _n, _start, end in months], dtype="datetime64[D]")
    starts = np.append(starts, ends[-1:] + 1)
    late = (days > ends - BEFORE) & (days <= ends)
    first = (days >= starts) & (days < starts + AFTER)
    return late.astype(np.int32), first.astype(np.int32)


def _case(
    level: str,
    key: str,
    label: str,
    late: NDArray[np.int32],
    first: NDArray[np.int32],
    months: Sequence[tuple[int, dt.date, dt.date]],
) -> Case:
    of_period = np.array([number for number, _start, _end in months])
    # The month that ends a period is its last one.
    is_end = np.append(of_period[1:] != of_period[:-1], True)
    in_late, in_first = late.sum(axis=0), first.sum(axis=0)
    before, after = in_late[is_end].sum(), in_first[1:][is_end].sum()
    counts = EdgeCounts(
        int(before), int(after), int(in_late[~is_end].sum()), int(in_first[1:][~is_end].sum())
    )
    n = counts.late + counts.early
    if not counts.is_comparable or n < _FEWEST[level]:
        return Case(level, key, label, n, None, None, None, 1.0)
    low, high = counts.interval or (None, None)
    effect = (counts.share or 0.0) - (counts.usual or 0.0)
    # Corrected for many, a p must be small to say anything, and small ones need many draws.
    p = _p_value(in_late, in_first, of_period, is_end, _ROUGH)
    if p < _LOOK_CLOSER:
        p = _p_value(in_late, in_first, of_period, is_end, _FINE)
    return Case(level, key, label, n, effect, low, high, p)


def _p_value(
    late: NDArray[np.int64],
    first: NDArray[np.int64],
    of_period: NDArray[np.int64],
    is_end: NDArray[np.bool_],
    draws: int,
) -> float:
    """Chance of as large a shift, to either side, where months are in any order."""
    own = _shift(late[None, :], first[None, :], is_end)[0]
    rng = np.random.default_rng(_SEED + draws)
    above = below = 0
    for begin in range(0, draws, _BATCH):
        size = min(_BATCH, draws - begin)
        # Sorting by period and then by a lot shuffles the months within each period.
        order = np.argsort(of_period + rng.random((size, len(of_period))), axis=1)
        follows = np.full((size, 1), first[-1])
        drawn = _shift(late[order], np.hstack([first[:-1][order], follows]), is_end)
        above += int((drawn >= own - 1e-12).sum())
        below += int((drawn <= own + 1e-12).sum())
    return min(1.0, 2 * (1 + min(above, below)) / (1 + draws))


def _shift(
    late: NDArray[np.int64], first: NDArray[np.int64], is_end: NDArray[np.bool_]
) -> NDArray[np.float64]:
    after = first[:, 1:]
    shares = []
    for ends in (is_end, ~is_end):
        before = late[:, ends].sum(axis=1)
        both = before + after[:, ends].sum(axis=1)
        shares.append(np.divide(before, both, out=np.zeros(len(late)), where=both > 0))
    difference: NDArray[np.float64] = shares[0] - shares[1]
    return difference


def _sentence(frame: pd.DataFrame, show: Formatter) -> str:
    everyone = frame[(frame["level"] == "all") & (frame["verdict"] != "too few")]
    if not len(everyone):
        return ""
    row = everyone.iloc[0]
    words = {
        "points": show.points(abs(row["effect"]), signed=False),
        "deals": show.count(int(row["n"])),
    }
    if row["verdict"] == "found" and row["effect"] > 0:
        return show.say(
            "Deals are pulled forward over period ends: of {deals} won about them, the share "
            "before the end is {points} higher than at other month ends.",
            **words,
        )
    if row["verdict"] == "found":
        return show.say(
            "Deals are pushed out over period ends: of {deals} won about them, the share "
            "before the end is {points} lower than at other month ends.",
            **words,
        )
    if (frame["p_adjusted"] <= SIZE).any():
        return show.say(
            "Single teams or people move deals over period ends; for all {deals} deals around "
            "them, chance explains the timing.",
            **words,
        )
    return show.say(
        "No deals moved over period ends beyond chance, of {deals} won about them.", **words
    )
