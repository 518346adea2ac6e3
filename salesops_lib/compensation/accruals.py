"""Accruals: pay that was earned and is not paid yet, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.compensation.balances import checked_cents, period_order
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COLUMNS", "accruals"]

COLUMNS = (
    "period",
    "opening_cents",
    "expense_cents",
    "paid_cents",
    "closing_cents",
    "payable_cents",
    "held_cents",
    "receivable_cents",
)
"""Columns of what `accruals` returns."""

_NEEDED = ("earned_cents", "gift_cents", "forfeited_cents", "rounding_cents", "paid_cents")


def accruals(
    payments: pd.DataFrame, paid_in: Mapping[str, str] | None = None, opening_cents: int = 0
) -> pd.DataFrame:
    """Accrued pay of each period: what was expensed, what was paid, what is open.

    Expense of a period = earned + gifts of draws and minimums − forfeited + rounding.
    Closing = opening + expense − paid.

    Parameters
    ----------
    payments : DataFrame
        Rows of `Payments.frame`, all people and periods since `opening_cents`.
    paid_in : mapping, optional
        Period in which the payment for each period leaves the company, such as
        ``{"2026-Q1": "2026-Q2"}``. Default: the same period.
    opening_cents : int
        Closing of the period before the first one.

    Returns
    -------
    DataFrame
        A row a period, int64 cents: `opening_cents`, `expense_cents`, `paid_cents`,
        `closing_cents`; and of the closing `payable_cents` (approved, paid later),
        `held_cents` (deferred, or held back by the maximum or the unit) and
        `receivable_cents` (advances and debts that people owe). Without an opening:
        closing = payable + held − receivable.

    Raises
    ------
    InputError
        A column is missing, or a payment would leave before it is earned.
    """
    sides = [f"{name}_closing_cents" for name in ("owed", "debt", "carried", "deferred")]
    for name in ("rep_id", "period", *_NEEDED, *sides):
        if name not in payments:
            raise InputError(f"the column `{name}` is missing", where="payments")
        if name.endswith("cents"):
            checked_cents(payments, name, "payments")
    earned_in = sorted(set(payments["period"]), key=period_order)
    leaves = {period: (paid_in or {}).get(period, period) for period in earned_in}
    for period, out in leaves.items():
        if period_order(out) < period_order(period):
            raise InputError(f"pay of {period} cannot be paid before, in {out}")
    expense = payments.assign(
        cents=payments["earned_cents"]
        + payments["gift_cents"]
        - payments["forfeited_cents"]
        + payments["rounding_cents"]
    )
    expensed = expense.groupby("period")["cents"].sum()
    approved = payments.groupby("period")["paid_cents"].sum()
    cash = approved.groupby(leaves).sum()
    open_ = {side: _standing(payments, side, earned_in) for side in sides}
    rows, closing, waiting = [], opening_cents, 0
    periods = sorted({*earned_in, *leaves.values()}, key=period_order)
    held = receivable = 0
    for period in periods:
        if period in leaves:
            held = open_["carried_closing_cents"][period] + open_["deferred_closing_cents"][period]
            receivable = open_["owed_closing_cents"][period] + open_["debt_closing_cents"][period]
        added, out = int(expensed.get(period, 0)), int(cash.get(period, 0))
        waiting += int(approved.get(period, 0)) - out
        opening, closing = closing, closing + added - out
        rows.append((period, opening, added, out, closing, waiting, held, receivable))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _standing(payments: pd.DataFrame, column: str, periods: list[str]) -> dict[str, int]:
    """Sum of a balance after each period; people without a row keep their last one."""
    last: dict[str, int] = {}
    found = {}
    for period in periods:
        rows = payments[payments["period"] == period]
        last |= dict(zip(rows["rep_id"].tolist(), rows[column].tolist(), strict=True))
        found[period] = sum(last.values())
    return found
