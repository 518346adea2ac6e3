"""What is open between two payments: advances owed, debts, amounts carried and deferred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.period import label_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.trace import Earnings

__all__ = ["NUMBERS", "Balances", "checked_cents", "checked_earnings", "period_order"]

NUMBERS = ("owed", "debt", "carried")
"""Balances of which a person has one amount each."""

_FRAME = ("rep_id", "periods_paid", "last_period", *(f"{name}_cents" for name in NUMBERS))
_DEFERRED = ("rep_id", "due_number", "cents")


@dataclass(frozen=True)
class Balances:
    """Open amounts after a payment.

    Parameters
    ----------
    frame : DataFrame
        One row a person: `rep_id`, `periods_paid` (payment periods so far),
        `last_period` (label), `owed_cents` (advances to be recovered), `debt_cents`
        (negative earnings not yet repaid) and `carried_cents` (held back by the maximum
        or below the unit).
    deferred : DataFrame
        `rep_id`, `due_number` (the person's payment period in which it is released)
        and `cents`; one row a deferral.

    Raises
    ------
    InputError
        A column is missing, a person stands twice, or an amount is not whole cents.
    """

    frame: pd.DataFrame
    deferred: pd.DataFrame

    def __post_init__(self) -> None:
        """Refuse what could lose money in silence."""
        for frame, columns in ((self.frame, _FRAME), (self.deferred, _DEFERRED)):
            missing = [name for name in columns if name not in frame]
            if missing:
                raise InputError(f"the column `{missing[0]}` is missing", where="balances")
            for name in columns:
                if name.endswith("cents"):
                    checked_cents(frame, name, "balances")
        twice = self.frame["rep_id"][self.frame["rep_id"].duplicated()]
        if len(twice):
            raise InputError(f"`{twice.iloc[0]}` has two balances", where="balances")
        strangers = set(self.deferred["rep_id"]) - set(self.frame["rep_id"])
        if strangers:
            raise InputError(
                f"`{min(strangers)}` has deferred earnings, but no balance", where="balances"
            )

    @classmethod
    def none(cls) -> Balances:
        """Nothing open."""
        texts = {"rep_id", "last_period"}
        frame, deferred = (
            pd.DataFrame({n: pd.Series(dtype=object if n in texts else "int64") for n in names})
            for names in (_FRAME, _DEFERRED)
        )
        return cls(frame, deferred)


def checked_earnings(earnings: pd.DataFrame | Sequence[Earnings]) -> pd.DataFrame:
    """Earnings as `rep_id`, `period` and `payout_cents`, one row a person and period.

    Parameters
    ----------
    earnings : DataFrame or sequence of Earnings
        Any frame with these columns, or what the engine returned.

    Returns
    -------
    DataFrame
        Sorted by period and person.

    Raises
    ------
    InputError
        A column is missing, a person or period is empty, or amounts are not whole cents.
    """
    if isinstance(earnings, pd.DataFrame):
        frame = earnings
    else:
        parts = [found.payouts.assign(period=found.period) for found in earnings]
        empty = pd.DataFrame({"rep_id": [], "period": [], "payout_cents": np.zeros(0, "int64")})
        frame = pd.concat(parts, ignore_index=True) if parts else empty
    for name in ("rep_id", "period", "payout_cents"):
        if name not in frame:
            raise InputError(f"the column `{name}` is missing", where="earnings")
        if frame[name].isna().any():
            raise InputError(f"the column `{name}` has empty cells", where="earnings")
    checked_cents(frame, "payout_cents", "earnings")
    plain = frame.assign(
        rep_id=frame["rep_id"].astype(object), period=frame["period"].astype(object)
    )
    sums = plain.groupby(["period", "rep_id"], sort=True)["payout_cents"].sum().reset_index()
    for period in set(sums["period"]):
        period_order(period)
    return sums


def checked_cents(frame: pd.DataFrame, column: str, where: str) -> None:
    """Refuse money that is not in whole cents.

    Raises
    ------
    InputError
        The column holds anything but integers.
    """
    if frame[column].dtype.kind != "i":
        raise InputError(
            f"the column `{column}` must hold whole cents (int64), not {frame[column].dtype}",
            where=where,
        )


def period_order(label: str) -> tuple[str, int, int]:
    """What period labels of one kind sort by.

    Raises
    ------
    InputError
        The label is no period.
    """
    return label_parts(label)
