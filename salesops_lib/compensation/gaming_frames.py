"""Frames that the tests for gaming read, checked: attainments, won deals and splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ATTAINMENTS", "DEALS", "SPLITS", "checked"]

ATTAINMENTS = ("rep_id", "team", "period", "quota_cents", "credited_cents")
"""One row a rep and period: what was asked and credited, in cents of one currency."""

DEALS = ("opportunity_id", "rep_id", "team", "close_date", "amount_cents")
"""One row a won deal and credited rep: its close date, and the credit in cents."""

SPLITS = ("opportunity_id", "giver_id", "receiver_id", "period", "close_date", "credit_cents")
"""One row a split with another than the owner: who gives, who receives, and how much."""


def checked(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Frame with all columns that are needed, in a stable order of rows.

    Parameters
    ----------
    frame : DataFrame
        What was handed over; further columns stay.
    columns : sequence of str
        Those that are needed; a missing `team` is taken as none.
    name : str
        How an error calls the frame.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        A column is missing, or money is not in whole cents.
    """
    for column in columns:
        if column not in frame and column != "team":
            raise InputError(
                f"the {name} have no column `{column}`", found=column, allowed=map(str, frame)
            )
    kept = frame.copy()
    if "team" in columns:
        team = kept["team"] if "team" in kept else pd.Series("", index=kept.index)
        kept["team"] = team.astype(object).where(team.notna(), "")
    for column in columns:
        if column.endswith("_cents") and not pd.api.types.is_integer_dtype(kept[column]):
            raise InputError(f"`{column}` of the {name} must be whole cents, without gaps")
        if column.endswith("_date"):
            kept[column] = pd.to_datetime(kept[column])
    # What is drawn by lot must not depend on the order in which rows came.
    return kept.sort_values(list(columns), ignore_index=True, kind="stable")
