"""How much the results of each rep vary from period to period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from salesops_lib.rows import rows_of
from salesops_lib.stats import SMALL_SAMPLE, amount_dispersion, count_dispersion

if TYPE_CHECKING:
    from salesops_lib.stats import Dispersion

__all__ = ["ENOUGH_OTHERS", "ERRORS", "FEWEST", "variation"]

FEWEST = 4
"""Periods that a rep is judged by at least."""

ERRORS = 0.05
"""Share of false ones that is borne among the reps who are called uneven or even."""

ENOUGH_OTHERS = 5
"""Reps from which on what a period was like for all of them can be told."""

_COLUMNS = {
    "rep_id": object, "rep": object, "periods": int, "deals": int, "attainment": float,
    "deviation": float, "chance": float, "ratio": float, "closed": int, "win_ratio": float,
    "above": float, "below": float, "verdict": object,
}  # fmt: skip


_PLACES = {"uneven": 0, "chance": 1, "even": 2, "few": 3}


def variation(
    credit: pd.DataFrame | None, closed: pd.DataFrame, *, of_all: bool = True
) -> pd.DataFrame:
    """Variation of each rep's attainment and win rate from period to period.

    Parameters
    ----------
    credit : DataFrame or None
        As from `rep_periods.rep_credit`; None where there are no quotas.
    closed : DataFrame
        As from `rep_periods.rep_closed`.
    of_all : bool
        Whether to take out how good the periods were for all reps together.

    Returns
    -------
    DataFrame
        As `Consistency.frame`.

    Notes
    -----
    Chance gives each deal to a period with a probability that grows with the rep's quota
    in it and with the attainment of the whole scope in it (`stats.amount_dispersion`),
    and wins each closed deal with the rep's own rate times that of the scope in the
    period (`stats.count_dispersion`); of few reps only the quota and the own rate count.
    Of the two probabilities twice the smaller counts; over all reps and both directions
    the share of false calls is held at 5 % (Benjamini and Hochberg, 1995, Journal of the
    Royal Statistical Society B 57), so that where all are alike, 19 of 20 reports call
    nobody uneven or even.
    """
    sold, won = _of_attainment(credit, of_all=of_all), _of_wins(closed, of_all=of_all)
    names = {rep: row["rep"] for found in (won, sold) for rep, row in found.items()}
    blank = {"periods": 0, "deals": 0, "closed": 0}
    rows = [
        {**blank, **won.get(rep, {}), **sold.get(rep, {}), "rep_id": rep, "rep": name}
        for rep, name in sorted(names.items())
    ]
    tails = [_tails(row.get("of_amounts"), row.get("of_wins")) for row in rows]
    frame = pd.DataFrame(rows).reindex(columns=list(_COLUMNS)).astype({"verdict": object})
    frame[["above", "below"]] = _corrected(np.array(tails, dtype=float).reshape(-1, 2))
    frame["verdict"] = [_verdict(row.above, row.below) for row in rows_of(frame)]
    frame = frame.astype(_COLUMNS).assign(place=frame["verdict"].map(_PLACES))
    return frame.sort_values(
        ["place", "ratio", "win_ratio", "rep", "rep_id"],
        ascending=[True, False, False, True, True], ignore_index=True,
    ).drop(columns="place")  # fmt: skip


def _of_attainment(credit: pd.DataFrame | None, *, of_all: bool) -> dict[str, dict[str, Any]]:
    """Variation of the attainment of each rep with enough periods and deals, by id."""
    if credit is None or credit.empty:
        return {}
    whole = credit.groupby("period")[["credit", "quota"]].sum()
    good = (whole["credit"] / whole["quota"]).clip(lower=0)
    sums = credit[["credit", "squares", "fourths"]].sum()
    found: dict[str, dict[str, Any]] = {}
    for rep, rows in credit.groupby("rep_id"):
        quota, own = rows["quota"].to_numpy(float), rows[["credit", "squares", "fourths"]].sum()
        factor = good.loc[rows["period"]].to_numpy(float) if of_all else np.ones(len(rows))
        # A period in which nobody has credit says nothing of anyone.
        kept = factor > 0
        total, goal, count = float(own["credit"]), float(quota.sum()), int(kept.sum())
        found[str(rep)] = row = {
            "rep": rows["rep"].iloc[0],
            "periods": len(rows),
            "deals": int(rows["deals"].sum()),
            "attainment": total / goal,
        }
        if count < FEWEST or row["deals"] < SMALL_SAMPLE or sums["credit"] <= 0:
            continue
        # What the scope's periods make one expect holds the rep's own deals too.
        part = min(max(total / float(sums["credit"]), 0.0), 1.0) if of_all else 0.0
        squares, fourths = (
            (1 - part) ** power * own[name] + part**power * (sums[name] - own[name])
            for power, name in ((2, "squares"), (4, "fourths"))
        )
        weight = (quota * factor)[kept]
        dispersion = amount_dispersion(
            rows["credit"].to_numpy(float)[kept], weight / weight.sum(), squares, fourths
        )
        if dispersion is not None:
            chance = float(np.sqrt(squares * count)) / float(quota[kept].sum())
            row |= {
                "of_amounts": dispersion,
                "ratio": dispersion.ratio,
                "chance": chance,
                "deviation": chance * dispersion.ratio**0.5,
            }
    return found


def _of_wins(closed: pd.DataFrame, *, of_all: bool) -> dict[str, dict[str, Any]]:
    """Variation of the win rate of each rep with enough periods and deals, by id."""
    whole = closed.groupby("period")[["won", "closed"]].sum()
    rate = (whole["won"] + 0.5) / (whole["closed"] + 1)
    everyone = float(closed["closed"].sum())
    found: dict[str, dict[str, Any]] = {}
    for rep, rows in closed.groupby("rep_id"):
        count = int(rows["closed"].sum())
        found[str(rep)] = row = {"rep": rows["rep"].iloc[0], "closed": count}
        if len(rows) < FEWEST or count < SMALL_SAMPLE:
            continue
        expected = rate.loc[rows["period"]].to_numpy(float) if of_all else np.full(len(rows), 0.5)
        part = count / everyone if of_all else 0.0
        dispersion = count_dispersion(rows["won"], rows["closed"], expected, part)
        if dispersion is not None:
            row |= {"of_wins": dispersion, "win_ratio": dispersion.ratio}
    return found


def _tails(*found: Dispersion | None) -> tuple[float, float]:
    """Probabilities of as much and as little variation, from one test or two."""
    known = [dispersion for dispersion in found if dispersion is not None]
    if not known:
        return float("nan"), float("nan")
    above, below = min(d.above for d in known), min(d.below for d in known)
    return min(1.0, len(known) * above), min(1.0, len(known) * below)


def _corrected(tails: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Probabilities corrected for how many are looked at, over both directions."""
    known = ~np.isnan(tails)
    corrected = tails.copy()
    if known.any():
        corrected[known] = false_discovery_control(tails[known])
    return corrected


def _verdict(above: float, below: float) -> str:
    if np.isnan(above):
        return "few"
    if above <= ERRORS:
        return "uneven"
    return "even" if below <= ERRORS else "chance"
