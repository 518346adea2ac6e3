"""Features that are known only after the outcome, found by name or by test.

A model that has seen the end of a deal foretells it well, and fails on the first open
one. A column is refused by its name (a reason of loss, a date of signature), or because
its values give it away: they are written after the close, are there for ended deals
only, or tell the outcome alone, far better than all others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.encoding import as_numbers, as_words, is_numeric
from salesops_lib.formats import Formatter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["AFTER_OUTCOME", "Leak", "leaks", "single_auc"]

AFTER_OUTCOME = (
    r"(is_?)?(won|lost|closed)(_?(flag|deal))?",
    r"(closed?_?)?(lost?|loss|win|won|close|closed|disqualif\w*)_?(reason|comment|note|detail)s?",
    r"reason_?(lost|won|for_?loss|closed|of_?loss)",
    r"(closed|final|end)_?(stage|status|state|outcome|result|amount|value|price|probability)",
    r"(stage|status|amount|value|price|probability)_?(at|after|on)_?close",
    r"(actual|real)_?(close_?date|amount|value|revenue|close)",
    r"(closed|won|lost|signed|signature|contract|invoice|booking|payment|paid)_?(at|on|date|day|time)",
    r"(invoice|contract|order|purchase_order|booking)_?(number|no|id|amount|value|signed)",
    r"outcome|result|deal_?(outcome|result)|competitor_?(won|lost_?to)|lost_?to(_?\w+)?",
    r"booked_?(amount|value|revenue)|(days|time)_?to_?close|(sales_?)?cycle_?(days|length|time)",
)
"""Patterns of names that tell of the time after the outcome."""

_PATTERN = re.compile("|".join(f"(?:{one})" for one in AFTER_OUTCOME))
_ENOUGH = 30
_ALONE, _FAR_ALONE, _GAP = 0.99, 0.95, 0.12
_PURE, _PURE_SHARE, _FILLED_SHARE = 0.995, 0.5, 0.2
_MANY_VALUES = 60


@dataclass(frozen=True)
class Leak:
    """A feature that is refused.

    Parameters
    ----------
    name : str
        Column.
    rule : str
        ``name``, ``written_after``, ``ended_only``, ``one_value`` or ``too_good``.
    reason : str
        One sentence for readers.
    """

    name: str
    rule: str
    reason: str


def leaks(
    features: pd.DataFrame,
    won: Floats,
    *,
    known: Collection[str] = (),
    ended: pd.Series | None = None,
    recorded: Mapping[str, pd.Series] | None = None,
    show: Formatter | None = None,
) -> tuple[Leak, ...]:
    """Features that are known only after the outcome.

    Parameters
    ----------
    features : DataFrame
        One column a feature, one row a deal (or a deal and day).
    won : array of float
        1 won, 0 not, NaN still open; in the order of the rows.
    known : collection of str
        Features that were rebuilt as of a day before the outcome; they are not tested.
    ended : Series of datetime, optional
        Moment of the outcome of each row.
    recorded : mapping of str to Series, optional
        Moment at which the value of a feature was last written.
    show : Formatter, optional
        Language of the reasons.

    Returns
    -------
    tuple of Leak
        In the order of the columns; each with the first rule that it breaks.

    Notes
    -----
    The rules, in order: the name (`AFTER_OUTCOME`); more than 1 % of the values of ended
    deals were written after the end, or are dates that mostly lie on it or after it;
    filled for ended deals and hardly ever for open ones, or with values that open deals
    never have; one value that is nearly pure (99.5 %) and holds half the won or half the
    lost, or a filled cell that is, and holds a fifth; an area under the ROC curve, alone,
    of 0.99, or of 0.95 and 0.12 above the best of those that are not refused. Each
    needs 30 rows. A strong feature that errs now and then is none of these.
    """
    shown = show or Formatter()
    say = shown.say
    found: dict[str, Leak] = {}
    single: dict[str, float] = {}
    decided = ~np.isnan(won)
    for name in features.columns:
        column = str(name)
        if column in known:
            continue
        values = features[name]
        rule = _named(column, say) or _written_after(values, column, ended, recorded, shown)
        if rule is None and not _is_moment(values):
            rule = _ended_only(values, decided, say) or _pure(values, won, decided, shown)
        if rule is not None:
            found[column] = Leak(column, *rule)
        elif not _is_moment(values) and decided.sum() >= _ENOUGH:
            single[column] = single_auc(values[decided], won[decided])
    return tuple(
        found[str(name)]
        for name in features.columns
        if str(name) in found or _is_too_good(str(name), single, found, shown)
    )


def single_auc(values: pd.Series, won: Floats) -> float:
    """How well one feature alone parts won from lost: area under the ROC curve, 0.5 to 1.

    Parameters
    ----------
    values : Series
        Numbers, or words; a word counts by the share won among the rows of the other half
        (even against odd rows), so that rare words do not look good by themselves.
    won : array of float
        1 or 0.

    Returns
    -------
    float
        0.5 where either is missing, or nothing varies.

    Examples
    --------
    >>> single_auc(pd.Series([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    """
    from scipy.stats import rankdata

    if is_numeric(values):
        score = as_numbers(values)
        score = np.where(
            np.isnan(score), np.nanmedian(score) if (score == score).any() else 0, score
        )
    else:
        score = _word_scores(as_words(values), won)
    wins = float(won.sum())
    losses = len(won) - wins
    if not wins or not losses:
        return 0.5
    ranks = rankdata(score)
    auc = (float(ranks[won == 1].sum()) - wins * (wins + 1) / 2) / (wins * losses)
    return max(auc, 1 - auc)


def _word_scores(words: NDArray[Any], won: Floats) -> Floats:
    half = np.arange(len(words)) % 2 == 0
    score = np.full(len(words), won.mean() if len(won) else 0.0)
    for here in (half, ~half):
        rates = pd.Series(won[~here]).groupby(words[~here]).mean()
        mapped = pd.Series(words[here]).map(rates).to_numpy(dtype=float)
        score[here] = np.where(
            np.isnan(mapped), won[~here].mean() if (~here).any() else 0.0, mapped
        )
    return score


def _named(name: str, say: Any) -> tuple[str, str] | None:
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    plain = re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_").removesuffix("_c")
    if not _PATTERN.fullmatch(plain):
        return None
    return "name", say("it is written when the deal ends, as its name says")


def _is_moment(values: pd.Series) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(values))


def _written_after(
    values: pd.Series,
    name: str,
    ended: pd.Series | None,
    recorded: Mapping[str, pd.Series] | None,
    show: Formatter,
) -> tuple[str, str] | None:
    if ended is None:
        return None
    there = values.notna() & ended.notna()
    if recorded is not None and name in recorded:
        moment = recorded[name]
        there &= moment.notna()
        late = float((moment[there] >= ended[there]).mean()) if there.any() else 0.0
        if late > 0.01:
            return "written_after", show.say(
                "{share} of its values were written when the deal had ended, or later",
                share=show.share(late, 0),
            )
    elif _is_moment(values) and there.sum() >= _ENOUGH:
        late = float((values[there] >= ended[there]).mean())
        if late >= 0.5:
            return "written_after", show.say(
                "{share} of its dates are on or after the day the deal ended",
                share=show.share(late, 0),
            )
    return None


def _ended_only(values: pd.Series, decided: NDArray[np.bool_], say: Any) -> tuple[str, str] | None:
    """Whether a value tells that the deal has ended at all."""
    is_open = ~decided
    if is_open.sum() < _ENOUGH or decided.sum() < _ENOUGH:
        return None
    there = values.notna().to_numpy()
    if there[decided].mean() >= 0.2 and there[is_open].mean() <= 0.02:
        return "ended_only", say("it is filled for ended deals and empty while deals are open")
    if not there[is_open].any():
        return None
    distinct = values[there & is_open].nunique()
    shared = values[there & decided].isin(values[there & is_open].unique())
    # Values that hardly repeat, such as amounts, are new on every deal.
    repeats = distinct * 3 <= (there & is_open).sum() and distinct <= _MANY_VALUES
    if repeats and len(shared) and shared.mean() < 0.05:
        return "ended_only", say("ended deals hold values in it that no open deal has")
    return None


def _pure(
    values: pd.Series, won: Floats, decided: NDArray[np.bool_], show: Formatter
) -> tuple[str, str] | None:
    """Whether one value, or a filled cell, goes with one outcome only."""
    here, y = values[decided], won[decided]
    totals = {1.0: float((y == 1).sum()), 0.0: float((y == 0).sum())}
    if min(totals.values()) < _ENOUGH:
        return None
    there = here.notna().to_numpy()
    if not there.all():
        for side in (there, ~there):
            share = _pure_share(y[side], totals)
            if share >= (_FILLED_SHARE if side is there else _PURE_SHARE):
                return "one_value", show.say("whether it is filled goes with one outcome only")
    counts = here[there].value_counts()
    for value in counts.index[:_MANY_VALUES]:
        if counts[value] < max(_ENOUGH, 0.02 * len(y)):
            break
        share = _pure_share(y[there & (here == value).to_numpy()], totals)
        if share >= _PURE_SHARE:
            return "one_value", show.say(
                "all deals with the value `{value}` ended the same way, and they are "
                "{share} of those that did",
                value=str(value)[:40],
                share=show.share(share, 0),
            )
    return None


def _pure_share(y: Floats, totals: dict[float, float]) -> float:
    """Share of the won or lost that a nearly pure group holds; 0 where it is not pure."""
    if len(y) < _ENOUGH:
        return 0.0
    most = 1.0 if y.mean() >= 0.5 else 0.0
    count = float((y == most).sum())
    other = totals[1.0 - most] / (totals[0.0] + totals[1.0])
    # By chance a group of the size would hold some of the others too.
    chance = (1 - other) ** len(y)
    return count / totals[most] if count / len(y) >= _PURE and chance < 1e-6 else 0.0


def _is_too_good(
    name: str, single: dict[str, float], found: dict[str, Leak], show: Formatter
) -> bool:
    auc = single.get(name, 0.5)
    rest = max((a for other, a in single.items() if other != name and a < _FAR_ALONE), default=0.5)
    if auc < _ALONE and not (auc >= _FAR_ALONE and auc - rest >= _GAP):
        return False
    reason = show.say(
        "alone it parts won from lost almost without error (area under the curve {auc})",
        auc=show.decimal(auc, 3),
    )
    found[name] = Leak(name, "too_good", reason)
    return True
