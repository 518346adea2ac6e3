"""Forecast value added: what a step of the forecast's making adds to a simpler one.

Source: Gilliland (2010), The Business Forecasting Deal; Künsch (1989), Annals of
Statistics 17 (resampling of whole blocks).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import wape
from salesops_lib.stats import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LEAST_QUARTERS", "step_values", "value_added"]

LEAST_QUARTERS = 4
"""With fewer quarters there is nothing to resample."""

_ROUNDS = 2000
_SEED = 20_100_501


def step_values(errors: Mapping[str, float]) -> dict[str, float]:
    """What each step adds to the one before it, and all of them to the first.

    Parameters
    ----------
    errors : mapping
        Error by step, in the order in which the forecast is made; the first one is the
        baseline.

    Returns
    -------
    dict
        By step but the first, the error before it − its own; and ``net``, the first
        error − the last. Above 0 is better.

    Raises
    ------
    InputError
        There are no two steps, or one is called ``net``.

    Examples
    --------
    >>> found = step_values({"naive": 14.6, "statistical": 12.3, "analyst": 13.6})
    >>> {step: round(value, 1) for step, value in found.items()}
    {'statistical': 2.3, 'analyst': -1.3, 'net': 1.0}
    """
    steps = list(errors)
    if len(steps) < 2 or "net" in errors:
        raise InputError("a value added needs a baseline and at least one step, none called `net`")
    found = {step: errors[before] - errors[step] for before, step in pairwise(steps)}
    return found | {"net": errors[steps[0]] - errors[steps[-1]]}


def value_added(
    backtests: pd.DataFrame,
    step: str,
    baseline: str,
    by: Sequence[str] = ("kind", "week"),
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """What one method's forecasts add to another's, with its uncertainty.

    Parameters
    ----------
    backtests : DataFrame
        `method`, `kind`, `key`, `period`, `week`, `forecast`, `actual`.
    step, baseline : str
        Methods compared.
    by : sequence of str
        Columns of which each combination has a row of its own.
    confidence : float
        That of the intervals.

    Returns
    -------
    DataFrame
        The columns of `by`, `step`, `baseline`, `error` and `baseline_error` (WAPE of
        the same items), `added` (their difference, a share), `low`, `high`,
        `quarters` and `items` (numbers), `reason` (why there is no number).

    Raises
    ------
    InputError
        There is no such method.

    Notes
    -----
    Items are the scopes and quarters that both methods forecast. The interval holds the
    middle of 2,000 differences over quarters drawn with replacement: scopes of one
    quarter share its luck, and stay together.
    """
    methods = sorted(set(backtests["method"]))
    for method in (step, baseline):
        if method not in methods:
            raise InputError(f"no method `{method}`", found=method, allowed=methods)
    scored = backtests[backtests["actual"].notna() & backtests["forecast"].notna()]
    keys = ["kind", "key", "period", "week"]
    ours = scored.loc[scored["method"] == step, [*keys, "forecast", "actual"]]
    theirs = scored.loc[scored["method"] == baseline, [*keys, "forecast"]]
    both = ours.merge(theirs, on=keys, suffixes=("", "_baseline"))
    rows = [
        {**dict(zip(by, values, strict=True)), "step": step, "baseline": baseline,
         **_added(part, confidence)}
        for values, part in both.groupby(list(by), sort=True)
    ]  # fmt: skip
    columns = [
        *by, "step", "baseline", "error", "baseline_error", "added", "low", "high", "quarters",
        "items", "reason",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _added(part: pd.DataFrame, confidence: float) -> dict[str, Any]:
    ours = wape(part["actual"], part["forecast"])
    theirs = wape(part["actual"], part["forecast_baseline"])
    quarters = part["period"].nunique()
    found: dict[str, Any] = {
        "error": ours.number, "baseline_error": theirs.number, "added": None, "low": None,
        "high": None, "quarters": quarters, "items": len(part), "reason": ours.reason,
    }  # fmt: skip
    if ours.number is None or theirs.number is None:
        return found
    found["added"] = float(theirs.number) - float(ours.number)
    if quarters < LEAST_QUARTERS:
        return found | {"reason": "fewer than four quarters: no interval"}
    sums = part.assign(
        saved=(part["forecast_baseline"] - part["actual"]).abs()
        - (part["forecast"] - part["actual"]).abs(),
        size=part["actual"].abs(),
    )
    blocks = sums.groupby("period", sort=True)[["saved", "size"]].sum().to_numpy()
    rng = np.random.default_rng(_SEED)
    chosen = rng.integers(0, quarters, (_ROUNDS, quarters))
    saved, size = blocks[chosen].sum(axis=1).T
    known = size > 0
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(saved[known] / size[known], ends)
    return found | {"low": float(low), "high": float(high)}
