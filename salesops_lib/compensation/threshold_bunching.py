"""Bunching of attainment: more people just above a threshold than a smooth curve has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.bunching import Bins, Bunching, bunching, bunching_p_value
from salesops_lib.compensation.gaming import Case, GamingTest, gaming_test
from salesops_lib.compensation.gaming_definitions import GAMING
from salesops_lib.compensation.gaming_frames import ATTAINMENTS, checked
from salesops_lib.formats import Formatter

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["NEAR", "ThresholdBunching", "attainment_bins", "threshold_bunching"]

NEAR = 4
"""Bins on both sides that a team's or a person's own cases are compared within."""

_FEWEST = {"all": 100, "team": 20, "rep": 8}
_DRAWS = 999
_SEED = 20161


@dataclass(frozen=True)
class ThresholdBunching(GamingTest):
    """Test for bunching, with the estimate that it rests on.

    Parameters
    ----------
    estimate : Bunching or None
        Bins, counterfactual and excess; None where there are too few attainments.
    """

    estimate: Bunching | None = None


def attainment_bins(threshold: float = 1.0, width: float = 0.04) -> Bins:
    """Bins about a threshold of attainment: 60 points below it, 80 above, the first bin from it.

    Parameters
    ----------
    threshold : float
        Attainment at which pay changes, such as 1 for quota.
    width : float
        Width of a bin; people land at most this far above the threshold.

    Returns
    -------
    Bins

    Examples
    --------
    >>> attainment_bins().below, attainment_bins().above
    (15, 20)
    """
    below = max(6, min(round(0.6 / width), int(threshold / width) - 1))
    return Bins(threshold, width, below, max(8, round(0.8 / width)))


def threshold_bunching(
    attainments: pd.DataFrame,
    bins: Bins | None = None,
    *,
    show: Formatter | None = None,
    scope: str = "",
) -> ThresholdBunching:
    """Whether people land just above a threshold more often than chance has it.

    Parameters
    ----------
    attainments : DataFrame
        Columns as `gaming_frames.ATTAINMENTS`. Rows without a quota are left out.
    bins : Bins, optional
        Threshold and bins. Default: quota, in bins of 4 points.
    show : Formatter, optional
        Formats of the report. Default: English.
    scope : str
        Label of the scope.

    Returns
    -------
    ThresholdBunching
        `effect` is b, excess ÷ height of the curve. Not computable below 100
        attainments within the bins; a team is judged from 20 within four bins of the
        threshold on, a person from 8.

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    Everybody together: `bunching` with people drawn anew as a whole for its error, and
    `bunching_p_value`. Teams and people: of their cases within four bins of the
    threshold, as many as chance has in the window, where the curve of all says how many
    that is (binomial).
    """
    shown = show or Formatter()
    cut = bins or attainment_bins()
    rows = checked(attainments, ATTAINMENTS, "attainments")
    rows = rows[rows["quota_cents"] > 0]
    rows = rows.assign(place=cut.place(rows["credited_cents"] / rows["quota_cents"]))
    rows = rows[rows["place"] >= 0]
    definition = GAMING["threshold_bunching"].said(shown)
    if len(rows) < _FEWEST["all"]:
        reason = shown.say(
            "{found} attainments lie about the threshold, and {needed} are needed",
            found=shown.count(len(rows)),
            needed=shown.count(_FEWEST["all"]),
        )
        frame, tested = gaming_test([])
        return ThresholdBunching(definition, frame, tested, "", scope, shown, reason)
    counts = _counts(rows["place"].to_numpy(), cut)
    estimate = bunching(counts, cut, resampled=_people_anew(rows, cut))
    company = Case(
        "all", "all", scope, len(rows), estimate.normalised, estimate.low, estimate.high,
        bunching_p_value(counts, cut),
    )  # fmt: skip
    cases = [company, *_groups(rows, "team", estimate), *_groups(rows, "rep_id", estimate)]
    frame, tested = gaming_test(cases, _FEWEST)
    sentence = _sentence(frame, estimate, shown)
    return ThresholdBunching(definition, frame, tested, sentence, scope, shown, estimate=estimate)


def _counts(places: NDArray[np.int64], bins: Bins) -> NDArray[np.float64]:
    return np.bincount(places, minlength=len(bins.places)).astype(float)


def _people_anew(rows: pd.DataFrame, bins: Bins) -> NDArray[np.float64]:
    """Counts of samples of whole people: quarters of one person belong together."""
    codes, people = rows["rep_id"].factorize(sort=True)
    own = np.zeros((len(people), len(bins.places)))
    np.add.at(own, (codes, rows["place"].to_numpy()), 1)
    rng = np.random.default_rng(_SEED)
    weights = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), size=_DRAWS)
    drawn: NDArray[np.float64] = weights @ own
    return drawn


def _groups(rows: pd.DataFrame, column: str, estimate: Bunching) -> list[Case]:
    """Cases of each group in the window, against those within `NEAR` bins of it."""
    from scipy.stats import binomtest

    bins, height = estimate.bins, estimate.frame["counterfactual"].to_numpy()
    window = bins.in_window
    first, last = bins.window
    near = (bins.places >= first - NEAR) & (bins.places <= last + NEAR)
    expected = float(height[window].sum() / height[near].sum())
    if not 0 < expected < 1:
        return []
    inside = rows[near[rows["place"].to_numpy()]]
    found = []
    for key, own in inside.groupby(column, sort=True):
        if key == "":
            continue
        n, k = len(own), int(window[own["place"].to_numpy()].sum())
        test = binomtest(k, n, expected, alternative="greater")
        ends = binomtest(k, n).proportion_ci(method="wilson")
        # Where all are in the window the odds have no end: half a case stands for none.
        shares = (min(share, 1 - 0.5 / n) for share in (k / n, *ends))
        effect, low, high = (_excess(share, expected, bins) for share in shares)
        label = str(own[_NAMES[column]].iloc[0]) if _NAMES[column] in own else str(key)
        level = "rep" if column == "rep_id" else "team"
        found.append(Case(level, str(key), label, n, effect, low, high, float(test.pvalue)))
    return found


_NAMES = {"rep_id": "rep", "team": "team"}


def _excess(share: float, expected: float, bins: Bins) -> float:
    """Excess in the window ÷ height of a bin, of a share of the cases near it."""
    odds = share / (1 - share)
    return (odds / (expected / (1 - expected)) - 1) * int(bins.in_window.sum())


def _sentence(frame: pd.DataFrame, estimate: Bunching, show: Formatter) -> str:
    verdict = dict(zip(frame["group"], frame["verdict"], strict=True))
    teams = [
        str(label)
        for level, label, found in zip(
            frame["level"], frame["label"], frame["verdict"], strict=True
        )
        if level == "team" and found == "found"
    ]
    window = estimate.frame[estimate.frame["in_window"]]
    words = {
        "found": show.count(int(window["count"].sum())),
        "usual": show.count(max(0, round(float(window["counterfactual"].sum())))),
        "low": show.share(float(window["start"].iloc[0]), 0),
        "high": show.share(float(window["start"].iloc[-1]) + estimate.bins.width, 0),
    }
    if teams:
        return show.say(
            "Attainment bunches at the threshold: {found} lie between {low} and {high}, where a "
            "smooth curve has {usual}; most clearly in {teams}.",
            teams=show.listed(teams),
            **words,
        )
    if verdict.get("all") == "found":
        return show.say(
            "Attainment bunches at the threshold: {found} lie between {low} and {high}, where a "
            "smooth curve has {usual}.",
            **words,
        )
    if (frame["verdict"] == "found").any():
        return show.say(
            "Attainment of single people bunches at the threshold; that of all together does "
            "not: {found} lie between {low} and {high}, where a smooth curve has {usual}.",
            **words,
        )
    return show.say(
        "No bunching beyond chance: {found} attainments lie between {low} and {high}, where a "
        "smooth curve has {usual}.",
        **words,
    )
