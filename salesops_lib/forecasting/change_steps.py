"""Steps from one forecast to the next, in whole cents of each deal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Cents = NDArray[np.int64]

__all__ = ["DEAL_COLUMNS", "STEPS", "cents_of", "change_steps", "checked_deals", "money_of"]

DEAL_COLUMNS = (
    "opportunity_id",
    "name",
    "status",
    "is_due",
    "created_date",
    "amount",
    "probability",
)
"""What a forecast knows of a deal."""

STEPS = (
    "new", "moved_in", "owner_in", "reopened", "won", "lost", "moved_out", "owner_out",
    "amount", "probability", "model", "beyond",
)  # fmt: skip
"""All reasons for a change, in the order in which they are shown."""

_STATUSES = ("open", "won", "lost")
_LARGEST = 9_000_000_000_000_000


def checked_deals(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The deals of a forecast with their whole cents, after they were looked at.

    Parameters
    ----------
    frame : DataFrame
        With `DEAL_COLUMNS`.
    name : str
        Which forecast, for errors.

    Returns
    -------
    DataFrame
        The same with `cents`, the amount in whole cents; a missing amount is 0.

    Raises
    ------
    InputError
        As for `forecast_changes.forecast_changes`.
    """
    missing = [column for column in DEAL_COLUMNS if column not in frame]
    if missing:
        raise InputError(f"the forecast {name} has no column `{missing[0]}`", found=missing[0],
                         allowed=DEAL_COLUMNS)  # fmt: skip
    twice = frame.loc[frame["opportunity_id"].duplicated(), "opportunity_id"]
    if len(twice):
        raise InputError(f"the forecast {name} holds deal `{twice.iloc[0]}` twice")
    unknown = frame.loc[~frame["status"].isin(_STATUSES), "status"]
    if len(unknown):
        what = f"the forecast {name} has a deal that is `{unknown.iloc[0]}`"
        raise InputError(what, found=str(unknown.iloc[0]), allowed=_STATUSES)
    rows = frame.copy()
    for column in ("probability", "probability_old_model"):
        if column in rows:
            chance = pd.to_numeric(rows[column]).fillna(0.0).astype(float)
            if not chance.between(0, 1).all():
                worst = chance[~chance.between(0, 1)].iloc[0]
                raise InputError(f"a chance lies between 0 and 1, and {worst:g} does not")
            rows[column] = chance
    amount = pd.to_numeric(rows["amount"].map(lambda value: value if pd.notna(value) else 0))
    cents = np.rint(amount.astype(float) * 100)
    if (np.abs(cents) > _LARGEST).any():
        raise InputError(f"the forecast {name} has an amount too large to be added up in cents")
    return rows.assign(cents=cents.astype("int64"))


def cents_of(both: pd.DataFrame, side: int, chance: str) -> Cents:
    """Cents that each deal adds to a forecast.

    Parameters
    ----------
    both : DataFrame
        The deals of two forecasts, columns of the first ending in ``_0`` and of the
        second in ``_1``.
    side : int
        Whose status and period count: 0 or 1.
    chance : str
        Column of the chances.

    Returns
    -------
    array of int
    """
    cents = both[f"cents_{side}"].fillna(0).to_numpy(dtype=float)
    due = both[f"is_due_{side}"].eq(True).to_numpy()
    status = both[f"status_{side}"]
    column = chance if chance in both else f"{chance}_{side}"
    weighted = np.rint(cents * both[column].fillna(0.0).to_numpy(dtype=float))
    value = np.where(status.eq("won"), cents, np.where(status.eq("open"), weighted, 0.0))
    whole: Cents = np.where(due, value, 0.0).astype("int64")
    return whole


def change_steps(both: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Steps of each deal from one forecast to the next; their cents add up to its change.

    Parameters
    ----------
    both : DataFrame
        As for `cents_of`, with `_merge` of pandas.
    start : Timestamp
        Day of the first forecast.

    Returns
    -------
    DataFrame
        Rows as `ForecastChanges.moves`.
    """
    then, now = cents_of(both, 0, "probability"), cents_of(both, 1, "probability")
    gone, come = both["_merge"] == "left_only", both["_merge"] == "right_only"
    was, is_ = both["status_0"], both["status_1"]
    due_0, due_1 = both["is_due_0"].eq(True), both["is_due_1"].eq(True)
    created = pd.to_datetime(both["created_date_1"])
    choices = [
        (gone, "owner_out"),
        (come & (created > start), "new"),
        (come, "owner_in"),
        (is_.eq("lost") & was.ne("lost"), "lost"),
        (was.ne("open") & is_.eq("open"), "reopened"),
        (was.eq("lost") & is_.eq("won"), "reopened"),
        (was.eq("open") & is_.eq("won") & due_1, "won"),
        (due_0 & ~due_1, "moved_out"),
        (~due_0 & due_1, "moved_in"),
        (was.eq("won"), "amount"),
    ]
    step = np.select([choice for choice, _ in choices], [name for _, name in choices], "stays")
    # A deal that stays open: amount at the old chance, then the chance, then the model.
    at_old_chance = cents_of(both, 1, "probability_0")
    at_old_model = cents_of(both, 1, "probability_old_model")
    stays = step == "stays"
    parts = [
        (np.where(stays, "amount", step), np.where(stays, at_old_chance, now) - then),
        (np.where(stays, "probability", ""), np.where(stays, at_old_model - at_old_chance, 0)),
        (np.where(stays, "model", ""), np.where(stays, now - at_old_model, 0)),
    ]
    name = both["name_1"].where(both["name_1"].notna(), both["name_0"]).fillna("")
    base = pd.DataFrame(
        {
            "opportunity_id": both["opportunity_id"],
            "name": name,
            "amount_before": both["cents_0"] / 100,
            "amount_after": both["cents_1"] / 100,
            "probability_before": both["probability_0"],
            "probability_after": both["probability_1"],
        }
    )
    rows = pd.concat(
        [base.assign(step=steps, cents=cents) for steps, cents in parts], ignore_index=True
    )
    rows = rows[rows["cents"] != 0]
    order = rows["cents"].abs().sort_values(ascending=False, kind="stable").index
    rows = rows.loc[order].reset_index(drop=True)
    amounts = pd.Series([money_of(cents) for cents in rows["cents"]], dtype=object)
    columns = ["opportunity_id", "name", "step", "amount", "amount_before", "amount_after",
               "probability_before", "probability_after"]  # fmt: skip
    return rows.assign(amount=amounts)[columns]


def money_of(cents: Any) -> Decimal:
    """Amount of whole cents."""
    return Decimal(int(cents)).scaleb(-2)
