"""Splits that serve the plan and not the sale: lifting, coming back, made at the last moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.gaming import Case, GamingTest, gaming_test
from salesops_lib.compensation.gaming_definitions import GAMING
from salesops_lib.compensation.gaming_frames import ATTAINMENTS, SPLITS, checked
from salesops_lib.formats import Formatter
from salesops_lib.stats import share_difference_interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from salesops_lib.definition import Definition

__all__ = ["LATE_DAYS", "split_lateness", "split_lifting", "split_returning"]

LATE_DAYS = 7
"""A split made in the last days before the deal was won, or after it, is late."""

_FEWEST = {"all": 30, "team": 20, "rep": 12}
_DRAWS = 9_999
_BATCH = 500
_SEED = 20191


def split_lifting(
    splits: pd.DataFrame,
    attainments: pd.DataFrame,
    *,
    threshold: float = 1.0,
    show: Formatter | None = None,
    scope: str = "",
) -> GamingTest:
    """Whether splits go to whom they lift over a threshold more often than by lot.

    Parameters
    ----------
    splits : DataFrame
        Columns as `gaming_frames.SPLITS`.
    attainments : DataFrame
        Columns as `gaming_frames.ATTAINMENTS`, the splits' credit included.
    threshold : float
        Attainment at which pay changes.
    show : Formatter, optional
        Formats of the report. Default: English.
    scope : str
        Label of the scope.

    Returns
    -------
    GamingTest
        `effect` is the share of the splits that lift less that by lot; a person is the
        receiver. Not computable below 30 splits; teams from 20, people from 12.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    A split lifts where its receiver is below the threshold without it and not below with
    it. By lot, each colleague of the receiver's team with a quota in the period, except
    the giver, is as likely to receive. All splits are drawn together, 9,999 times, so that
    what one receives of several counts as it does in the data.
    """
    shown = show or Formatter()
    definition = GAMING["split_lifting"].said(shown)
    rows = _pooled(splits, attainments)
    lifts = _Lifts(rows, attainments, threshold)
    own_lifts = lifts(lifts.codes(rows["receiver_id"])[None, :])[0]
    groups = _groups(rows, scope, attainments)
    counts = np.empty((_DRAWS, len(groups)))
    # A person's own rows change with each draw: who is judged is whoever receives.
    for begin, drawn in _drawn(rows, lifts.people):
        found = lifts(drawn)
        for place, (level, key, _label, own) in enumerate(groups):
            counted = found[:, own.index] if level != "rep" else found & (drawn == lifts.code(key))
            counts[begin : begin + len(drawn), place] = counted.sum(axis=1)
    cases = [
        _counted(level, key, label, int(own_lifts[own.index].sum()), len(own), counts[:, place])
        for place, (level, key, label, own) in enumerate(groups)
    ]
    return _tested(cases, definition, shown, scope)


def split_returning(
    splits: pd.DataFrame,
    attainments: pd.DataFrame,
    *,
    show: Formatter | None = None,
    scope: str = "",
) -> GamingTest:
    """Whether splits come back to their givers more often than by lot.

    Parameters
    ----------
    splits, attainments, show, scope
        As for `split_lifting`.

    Returns
    -------
    GamingTest
        `effect` is the share of the splits whose receiver gave the giver one too, less
        that by lot. No person is judged: two who share a market help each other, and what
        is told of a pair would name both. Not computable below 30 splits; teams from 20.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    By lot, each colleague of the receiver's team in the period, except the giver, is as
    likely to receive; 9,999 draws of all splits together.
    """
    shown = show or Formatter()
    definition = GAMING["split_returning"].said(shown)
    rows = _pooled(splits, attainments)
    people = _people(rows)
    codes = {rep: number for number, rep in enumerate(people)}
    givers = np.asarray(rows["giver_id"].map(codes), dtype=np.int64)
    receivers = np.asarray(rows["receiver_id"].map(codes), dtype=np.int64)
    own_returns = _returns(givers, receivers[None, :], len(codes))[0]
    groups = [group for group in _groups(rows, scope, attainments) if group[0] != "rep"]
    counts = np.empty((_DRAWS, len(groups)))
    for begin, drawn in _drawn(rows, people):
        found = _returns(givers, drawn, len(codes))
        for place, (_level, _key, _label, own) in enumerate(groups):
            counts[begin : begin + len(drawn), place] = found[:, own.index].sum(axis=1)
    cases = [
        _counted(level, key, label, int(own_returns[own.index].sum()), len(own), counts[:, place])
        for place, (level, key, label, own) in enumerate(groups)
    ]
    return _tested(cases, definition, shown, scope)


def split_lateness(
    splits: pd.DataFrame,
    attainments: pd.DataFrame,
    *,
    threshold: float = 1.0,
    show: Formatter | None = None,
    scope: str = "",
) -> GamingTest:
    """Whether splits that lift over a threshold are made later than others.

    Parameters
    ----------
    splits : DataFrame
        Columns as `gaming_frames.SPLITS`, and `made_on`, the day on which each was made.
    attainments, threshold, show, scope
        As for `split_lifting`.

    Returns
    -------
    GamingTest
        `effect` is the share made in the week before the deal was won, or after it, of
        those that lift, less that of the others. Not computable without `made_on`, below
        30 splits, or where none or all lift; teams from 20. No person is judged.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    Fisher's exact test, one-sided; Newcombe's interval.
    """
    from scipy.stats import fisher_exact

    shown = show or Formatter()
    definition = GAMING["split_lateness"].said(shown)
    if "made_on" not in splits:
        frame, tested = gaming_test([])
        reason = shown.say("the CRM does not say when a split was made")
        return GamingTest(definition, frame, tested, "", scope, shown, reason)
    rows = _pooled(splits, attainments)
    lifts_ = _Lifts(rows, attainments, threshold)
    rows = rows.assign(lifts=lifts_(lifts_.codes(rows["receiver_id"])[None, :])[0])
    made = pd.to_datetime(rows["made_on"])
    rows = rows[made.notna()].assign(
        late=(rows["close_date"] - made).dt.days[made.notna()] < LATE_DAYS
    )
    cases = []
    for level, key, label, own in _groups(rows, scope, attainments):
        if level == "rep":
            continue
        lifts, late = own["lifts"].to_numpy(bool), own["late"].to_numpy(bool)
        table = [int((lifts & late).sum()), int(lifts.sum())]
        table += [int((~lifts & late).sum()), int((~lifts).sum())]
        if not table[1] or not table[3]:
            cases.append(Case(level, key, label, len(own), None, None, None, 1.0))
            continue
        low, high = share_difference_interval(*table) or (None, None)
        effect = table[0] / table[1] - table[2] / table[3]
        p = fisher_exact(
            [[table[0], table[1] - table[0]], [table[2], table[3] - table[2]]], "greater"
        ).pvalue
        cases.append(Case(level, key, label, len(own), effect, low, high, float(p)))
    return _tested(cases, definition, shown, scope)


def _pooled(splits: pd.DataFrame, attainments: pd.DataFrame) -> pd.DataFrame:
    """Splits with the `team` of the receiver and those who could have received it."""
    goals = checked(attainments, ATTAINMENTS, "attainments")
    goals = goals[goals["quota_cents"] > 0]
    rows = checked(splits, SPLITS, "splits")
    rows = rows[(rows["giver_id"] != rows["receiver_id"]) & (rows["credit_cents"] > 0)]
    teams = goals.set_index(["rep_id", "period"])["team"].to_dict()
    pools: dict[tuple[str, str], list[str]] = {}
    for rep, team, period in zip(goals["rep_id"], goals["team"], goals["period"], strict=True):
        pools.setdefault((team, period), []).append(rep)
    kept = []
    for number, (giver, receiver, period) in enumerate(
        zip(rows["giver_id"], rows["receiver_id"], rows["period"], strict=True)
    ):
        team = teams.get((receiver, period))
        pool = [rep for rep in pools.get((team or "", period), []) if rep != giver]
        # With nobody else to choose, there is no lot to draw.
        if team is not None and len(pool) > 1:
            kept.append((number, team, pool))
    found = rows.iloc[[number for number, _team, _pool in kept]].reset_index(drop=True)
    found["team"] = [team for _number, team, _pool in kept]
    found["pool"] = pd.Series([pool for _number, _team, pool in kept], dtype=object)
    return found


class _Lifts:
    """Which splits lift their receiver over the threshold, for any choice of receivers."""

    def __init__(self, rows: pd.DataFrame, attainments: pd.DataFrame, threshold: float) -> None:
        self.people = _people(rows)
        self._codes = {rep: number for number, rep in enumerate(self.people)}
        periods = {period: number for number, period in enumerate(sorted(set(rows["period"])))}
        size = (len(self.people), max(1, len(periods)))
        self._without = np.zeros(size, dtype=np.int64)
        self._needed = np.full(size, np.inf)
        for rep, period, quota, credit in zip(
            *(attainments[name] for name in ("rep_id", "period", "quota_cents", "credited_cents")),
            strict=True,
        ):
            if rep in self._codes and period in periods and quota > 0:
                place = self._codes[rep], periods[period]
                self._without[place] = credit
                self._needed[place] = threshold * quota
        self._period = np.asarray(rows["period"].map(periods), dtype=np.int64)
        self._cents = np.asarray(rows["credit_cents"], dtype=np.int64)
        np.subtract.at(self._without, (self.codes(rows["receiver_id"]), self._period), self._cents)

    def code(self, rep: str) -> int:
        """Number of a person."""
        return self._codes[rep]

    def codes(self, reps: pd.Series[Any]) -> NDArray[np.int64]:
        """Numbers of people."""
        return np.asarray(reps.map(self._codes), dtype=np.int64)

    def __call__(self, receivers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """One row a choice, one column a split."""
        draws, periods = len(receivers), self._without.shape[1]
        place = receivers * periods + self._period
        keys = (np.arange(draws)[:, None] * self._without.size + place).ravel()
        split = np.bincount(
            keys, np.tile(self._cents.astype(float), draws), minlength=draws * self._without.size
        ).reshape(draws, -1)
        total = np.take_along_axis(split + self._without.ravel(), place, axis=1)
        needed = self._needed.ravel()[place]
        lifts: NDArray[np.bool_] = (total >= needed) & (total - self._cents < needed)
        return lifts


def _people(rows: pd.DataFrame) -> list[str]:
    return sorted(set().union(*rows["pool"], rows["giver_id"]))


def _drawn(rows: pd.DataFrame, people: list[str]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Receivers of all splits by lot, some draws at a time, with the number of the first."""
    codes = {rep: number for number, rep in enumerate(people)}
    widest = max((len(pool) for pool in rows["pool"]), default=1)
    pools = np.zeros((len(rows), widest), dtype=np.int64)
    for place, pool in enumerate(rows["pool"]):
        pools[place, : len(pool)] = [codes[rep] for rep in pool]
    sizes = np.array([len(pool) for pool in rows["pool"]], dtype=np.int64)
    rng = np.random.default_rng(_SEED)
    for begin in range(0, _DRAWS, _BATCH):
        lots = rng.random((min(_BATCH, _DRAWS - begin), len(rows)))
        yield begin, pools[np.arange(len(rows)), (lots * sizes).astype(np.int64)]


def _counted(
    level: str, key: str, label: str, found: int, n: int, counts: NDArray[np.float64]
) -> Case:
    """Share found less that by lot, and the chance of as many."""
    if not n:
        return Case(level, key, label, 0, None, None, None, 1.0)
    usual = float(counts.mean()) / n
    low, high = wilson_interval(found, n) or (0.0, 0.0)
    p = (1 + int((counts >= found).sum())) / (1 + len(counts))
    return Case(level, key, label, n, found / n - usual, low - usual, high - usual, p)


def _groups(
    rows: pd.DataFrame, scope: str, attainments: pd.DataFrame
) -> list[tuple[str, str, str, pd.DataFrame]]:
    names = attainments.get("rep", attainments["rep_id"])
    labels = dict(zip(attainments["rep_id"], names, strict=True))
    found = [("all", "all", scope, rows)]
    found += [
        ("team", str(k), str(k), own) for k, own in rows.groupby("team", sort=True) if k != ""
    ]
    found += [
        ("rep", str(k), str(labels.get(k, k)), own)
        for k, own in rows.groupby("receiver_id", sort=True)
    ]
    return found


def _returns(
    givers: NDArray[np.int64], receivers: NDArray[np.int64], people: int
) -> NDArray[np.bool_]:
    """Of each draw and split: whether its receiver gave its giver one in the same draw."""
    draws = np.arange(len(receivers))[:, None] * people * people
    given = np.zeros(len(receivers) * people * people, dtype=bool)
    given[draws + givers * people + receivers] = True
    found: NDArray[np.bool_] = given[draws + receivers * people + givers]
    return found


def _tested(cases: list[Case], definition: Definition, show: Formatter, scope: str) -> GamingTest:
    frame, tested = gaming_test(cases, _FEWEST)
    reason, sentence = "", ""
    if not tested["all"]:
        reason = show.say(
            "{found} splits between colleagues can be judged, and {needed} are needed",
            found=show.count(cases[0].n),
            needed=show.count(_FEWEST["all"]),
        )
    else:
        row = frame.iloc[0]
        words = {
            "splits": show.count(int(row["n"])),
            "points": show.points(row["effect"], signed=False),
            "measure": definition.name,
        }
        is_team = (frame["level"] == "team") & (frame["verdict"] == "found")
        teams = [str(label) for label in frame[is_team]["label"]]
        if teams:
            sentence = show.say(
                "{measure}: more than chance explains, most clearly in {teams}.",
                teams=show.listed(teams),
                **words,
            )
        elif row["verdict"] == "found":
            sentence = show.say(
                "{measure}: {points} more than chance explains, of {splits} splits.", **words
            )
        elif (frame["verdict"] == "found").any():
            sentence = show.say(
                "{measure}: more than chance explains with single people, not with all.", **words
            )
        else:
            sentence = show.say("{measure}: none beyond chance, of {splits} splits.", **words)
    return GamingTest(definition, frame, tested, sentence, scope, show, reason)
