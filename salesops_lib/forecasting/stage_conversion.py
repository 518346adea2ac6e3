"""What deals in each stage came to, as far as it was known on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

__all__ = ["stage_conversion"]


def stage_conversion(
    states: pd.DataFrame,
    outcomes: pd.DataFrame,
    days: Sequence[dt.date],
    defaults: Mapping[str, float],
) -> pd.DataFrame:
    """Share of the deals of each stage that were won, learnt from the past of each day only.

    Parameters
    ----------
    states : DataFrame
        Open deals on past days: `day`, `opportunity_id`, `stage`.
    outcomes : DataFrame
        `opportunity_id`, `outcome` (won, lost or open) and `close_date`.
    days : sequence of date
        Days on which the shares are wanted.
    defaults : mapping
        The CRM's chance by stage, for a stage with fewer than ten decided deals. A
        stage without one takes the share of all deals.

    Returns
    -------
    DataFrame
        One row a day and stage: `day`, `stage`, `share` (NaN where nothing is known),
        `won`, `n`.

    Notes
    -----
    Won ÷ (won + lost), of the deals that were seen in the stage on any earlier day of
    `states` and were closed by the day. A deal counts once a stage, and in each stage
    that it was seen in.

    Examples
    --------
    >>> states = pd.DataFrame({
    ...     "day": pd.to_datetime(["2026-01-01"] * 2), "opportunity_id": ["A", "B"],
    ...     "stage": ["Offer", "Offer"]})
    >>> outcomes = pd.DataFrame({
    ...     "opportunity_id": ["A", "B"], "outcome": ["won", "lost"],
    ...     "close_date": pd.to_datetime(["2026-01-20", "2026-03-01"])})
    >>> import datetime as dt
    >>> days = [dt.date(2026, 2, 1), dt.date(2026, 4, 1)]
    >>> stage_conversion(states, outcomes, days, {"Offer": 0.5})["n"].tolist()
    [1, 2]
    """
    wanted = pd.to_datetime(pd.Series(sorted(set(days))))
    seen = states.groupby(["opportunity_id", "stage"], sort=True)["day"].min().reset_index()
    ended = outcomes.loc[outcomes["outcome"] != "open", ["opportunity_id", "outcome", "close_date"]]
    pairs = seen.merge(ended, on="opportunity_id").dropna(subset=["close_date"])
    times = wanted.to_numpy()
    # Known on the first day that is not before the closing, and after the deal was seen.
    known = np.maximum(
        np.searchsorted(times, pairs["close_date"].to_numpy(dtype=times.dtype), side="left"),
        np.searchsorted(times, pairs["day"].to_numpy(dtype=times.dtype), side="right"),
    )
    pairs = pairs.assign(known=known, is_won=pairs["outcome"] == "won")
    pairs = pairs[pairs["known"] < len(times)]
    stages = sorted({*states["stage"].dropna(), *defaults})
    counts = {}
    for name, rows in (("n", pairs), ("won", pairs[pairs["is_won"]])):
        table = rows.groupby(["known", "stage"]).size().unstack(fill_value=0)  # noqa: PD010
        table = table.reindex(index=range(len(times)), columns=stages, fill_value=0)
        counts[name] = table.cumsum().to_numpy(dtype=float)
    n, won = counts["n"], counts["won"]
    total, total_won = n.sum(axis=1, keepdims=True), won.sum(axis=1, keepdims=True)
    overall = np.divide(total_won, total, out=np.full(total.shape, np.nan), where=total > 0)
    told = np.array([defaults.get(stage, np.nan) for stage in stages], dtype=float)
    fallback = np.where(np.isfinite(told)[None, :], told[None, :], overall)
    share = np.divide(won, n, out=np.full(n.shape, np.nan), where=n > 0)
    share = np.where(n >= SMALL_SAMPLE, share, fallback)
    return pd.DataFrame(
        {
            "day": np.repeat(times, len(stages)),
            "stage": np.tile(np.array(stages, dtype=object), len(times)),
            "share": share.ravel(),
            "won": won.ravel().astype("int64"),
            "n": n.ravel().astype("int64"),
        }
    )
