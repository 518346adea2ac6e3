"""Each forecaster's bias: how far a commit can be taken at its word."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.booked import whole_view
from salesops_lib.forecasting.commit_errors import commit_errors
from salesops_lib.forecasting.definitions import DEFINITIONS
from salesops_lib.fragments import Cell, Grid
from salesops_lib.rows import json_number, rows_of
from salesops_lib.shrinkage import shrunk_means

if TYPE_CHECKING:
    import datetime as dt

    from salesops_lib.data.view import View
    from salesops_lib.definition import Definition

__all__ = ["LEAST_COMMITS", "ForecasterBias", "bias_draws", "forecaster_bias"]

LEAST_COMMITS = 3
"""A quarter with fewer commits of a forecaster says little of them."""

_LEAST_QUARTERS = 2
_COLUMNS = (
    "forecaster_id", "forecaster", "about", "quarters", "commits", "own", "bias", "low", "high",
    "kept",
)  # fmt: skip


@dataclass(frozen=True)
class ForecasterBias:
    """How much too high, or too low, each forecaster's commits were.

    Parameters
    ----------
    frame : DataFrame
        One row a forecaster, by name: `forecaster_id`, `forecaster`, `about` (the scopes
        forecast), `quarters`, `commits` (numbers), `own` (the forecaster's own bias, a
        share: 0.2 is 20 % too high), `bias`, `low`, `high` (drawn towards the others, with
        its 95 % interval) and `kept` (how much of the own one is left, 0 to 1).
    view : View
        What was looked at.
    reason : str
        Why there is no bias; empty where there is one.
    definition : Definition
        What it means.
    """

    frame: pd.DataFrame
    view: View
    reason: str = ""
    definition: Definition = field(default=DEFINITIONS["forecaster_bias"])

    @property
    def is_computable(self) -> bool:
        """Whether anyone has a bias."""
        return not self.frame.empty

    @property
    def biased(self) -> pd.DataFrame:
        """Rows of those whose interval lies on one side of 0, largest first."""
        sure = self.frame[(self.frame["low"] > 0) | (self.frame["high"] < 0)]
        order = sure["bias"].abs().sort_values(ascending=False, kind="stable").index
        return sure.loc[order]

    @property
    def headline(self) -> str:
        """One sentence: how many are biased, and who most."""
        show = self.view.show
        if not self.is_computable:
            return show.say("Bias of forecasters: not computable: {reason}.", reason=self.reason)
        sure = self.biased
        if sure.empty:
            return show.counted(
                len(self.frame),
                "No bias is to be seen in the commits of {count} forecaster.",
                "No bias is to be seen in the commits of any of {count} forecasters.",
            )
        most = next(iter(rows_of(sure)))
        return show.counted(
            len(sure),
            "{count} of {all} forecasters is biased: {name}, by {bias} against the actual.",
            "{count} of {all} forecasters are biased, most of all {name}: {bias} against the "
            "actual.",
            all=show.count(len(self.frame)),
            name=most.forecaster,
            bias=show.share(most.bias, 0, signed=True),
        )

    @property
    def grid(self) -> Grid:
        """The biases as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Forecaster"), "text"),
            (say("Forecasts for"), "text"),
            (say("Quarters"), "number"),
            (say("Own bias"), "number"),
            (say("Bias"), "number"),
            (say("95% interval"), "number"),
        )
        rows = tuple(
            (
                Cell(row.forecaster, "head"),
                Cell(row.about, "text"),
                Cell(show.count(row.quarters)),
                Cell(show.share(row.own, signed=True)),
                Cell(show.share(row.bias, signed=True)),
                Cell(show.interval(row.low, row.high, "share")),
            )
            for row in rows_of(self.frame)
        )
        note = say(
            "Above 0: more was committed than was booked. Bias: drawn towards that of the others, "
            "the more so the fewer quarters there are."
        )
        links = {say("Bias"): "forecaster_bias"}
        return Grid(say("Bias of forecasters"), headers, rows, note, links, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {name: value if isinstance(value, str) else json_number(value)
             for name, value in row.items()}
            for row in self.frame.to_dict(orient="records")
        ]  # fmt: skip
        return {
            "kind": "forecaster_bias",
            "definition": self.definition.id,
            "headline": self.headline,
            "reason": self.reason,
            "rows": rows,
        }


def forecaster_bias(view: View, before: dt.date | None = None) -> ForecasterBias:
    """Each forecaster's bias from finished quarters, drawn towards the company's.

    Parameters
    ----------
    view : View
        Scope, calendar and currency. A rep's view holds that rep's own.
    before : date, optional
        Only quarters that had ended before this day. Default: all finished ones.

    Returns
    -------
    ForecasterBias

    Notes
    -----
    A quarter's log ratio is that of Σ(commit − closed by then) to Σ(actual − closed by
    then). A forecaster's mean of them has the variance s² ÷ quarters, with s² the
    variance between one forecaster's quarters, pooled over all. The means are drawn
    together by `shrinkage.shrunk_means`; a bias is e to the mean, less 1.

    All forecasters of the company are looked at, whatever the scope, so that a bias
    does not depend on the report it stands in.
    """
    say = view.show.say
    frame, _draws, _spread = bias_draws(whole_view(view), before)
    reason = ""
    if frame.empty:
        reason = say("no two finished quarters have at least three commits of one forecaster")
    mine = commit_errors(view, before)["forecaster_id"].unique()
    kept = frame[frame["forecaster_id"].isin(mine)].sort_values(
        ["forecaster", "forecaster_id"], ignore_index=True
    )
    if kept.empty and not reason:
        reason = say("nobody has committed to anything in a finished quarter")
    definition = DEFINITIONS["forecaster_bias"].said(view.show)
    return ForecasterBias(kept[list(_COLUMNS)], view, reason, definition)


@lru_cache(maxsize=64)
def bias_draws(
    view: View, before: dt.date | None = None
) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.float64]], float]:
    """Biases of all forecasters with their joint uncertainty.

    Parameters
    ----------
    view : View
        The whole company's.
    before : date, optional
        As for `forecaster_bias`.

    Returns
    -------
    DataFrame
        Rows as in `ForecasterBias.frame`, with `mean`, the shrunk log ratio.
    array of float
        Draws of the log ratios, one column a row.
    float
        Standard deviation between the quarters of one forecaster, on the log scale;
        NaN where the frame is empty.
    """
    errors = commit_errors(view, before)
    rows = errors[(errors["weeks"] >= LEAST_COMMITS) & errors["log_ratio"].notna()]
    by = rows.groupby("forecaster_id", sort=True)
    quarters = by.size()
    free = float((quarters - 1).sum())
    if free < 1 or quarters.max() < _LEAST_QUARTERS:
        return pd.DataFrame(columns=[*_COLUMNS, "mean"]), np.empty((0, 0)), float("nan")
    mean = by["log_ratio"].mean()
    gaps = rows["log_ratio"] - rows["forecaster_id"].map(mean)
    # Nobody repeats an error to the last digit: a spread of 0 would be an artefact.
    spread = max(float(np.sqrt((gaps**2).sum() / free)), 1e-6)
    found = shrunk_means(mean.to_numpy(), spread**2 / quarters.to_numpy())
    frame = pd.DataFrame(
        {
            "forecaster_id": mean.index,
            "forecaster": by["forecaster"].last().to_numpy(),
            "about": by["key"].agg(lambda keys: ", ".join(dict.fromkeys(keys))).to_numpy(),
            "quarters": quarters.to_numpy(),
            "commits": by["weeks"].sum().to_numpy(),
            "own": np.expm1(mean.to_numpy()),
            "bias": np.expm1(found.mean),
            "low": np.expm1(found.low),
            "high": np.expm1(found.high),
            "kept": found.weight,
            "mean": found.mean,
        }
    )
    return frame, found.draws, spread
