"""Payments: what of the earnings is paid when, and what stays open between periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.balances import NUMBERS, Balances, checked_earnings, period_order
from salesops_lib.compensation.exact import cents_of
from salesops_lib.compensation.ratios import multiplied, whole_cents
from salesops_lib.compensation.shares import product_cents
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.compensation.payment_terms import Advance, PaymentTerms
    from salesops_lib.compensation.trace import Earnings

    Ints = NDArray[np.int64]

__all__ = ["COLUMNS", "Payments", "payments"]

_STEPS = (
    "earned_cents",
    "deferred_cents",
    "released_cents",
    "carried_in_cents",
    "debt_repaid_cents",
    "owed_repaid_cents",
    "minimum_cents",
    "draw_cents",
    "gift_cents",
    "held_back_cents",
    "forfeited_cents",
    "rounding_cents",
    "paid_cents",
)
_BALANCES = ("owed", "debt", "carried", "deferred")
COLUMNS = (
    "rep_id",
    "period",
    "number",
    *_STEPS,
    *(f"{name}_{side}_cents" for name in _BALANCES for side in ("opening", "closing")),
)
"""Columns of `Payments.frame`."""


@dataclass(frozen=True)
class Payments:
    """Payments of some periods, with balances that close.

    Parameters
    ----------
    frame : DataFrame
        One row a person and period, all amounts int64 cents: `rep_id`, `period`,
        `number` (the person's payment period, from 1); `earned_cents`; `deferred_cents`
        (of it, held for later); `released_cents` (deferred earlier, due now);
        `carried_in_cents` (held back earlier); `debt_repaid_cents` and
        `owed_repaid_cents` (taken out for negative earnings and advances);
        `minimum_cents` and `draw_cents` (advanced), `gift_cents` (of these two, what is
        never owed); `held_back_cents` (carried to the next period), `forfeited_cents`,
        `rounding_cents` and `paid_cents`. Balances, each ``_opening_cents`` and
        ``_closing_cents``: `owed` (advances), `debt` (negative earnings), `carried`,
        `deferred`.
    balances : Balances
        What is open after the last period; the opening of the next run.

    Notes
    -----
    In each row: paid = earned + gift − forfeited + rounding − (closing − opening) of
    carried and deferred + (closing − opening) of owed and debt.
    """

    frame: pd.DataFrame
    balances: Balances


def payments(
    earnings: pd.DataFrame | Sequence[Earnings],
    terms: PaymentTerms,
    opening: Balances | None = None,
) -> Payments:
    """What is paid of earnings, period after period.

    In each period: the deferred part is held and what is due is released; what was held
    back before is added; debts of negative earnings, then advances, are taken out of what
    exceeds the least pay; less than the least pay is made up; the rest is cut at the
    maximum and to the unit.

    Parameters
    ----------
    earnings : DataFrame or sequence of Earnings
        `rep_id`, `period` (label) and `payout_cents` (int64); several rows of a person
        and period add up. People without earnings need a row of 0 to get an advance.
    terms : PaymentTerms
        The plan's rules.
    opening : Balances, optional
        What was open before. Default: nothing.

    Returns
    -------
    Payments

    Raises
    ------
    InputError
        Amounts are not whole cents, a label is no period, or a period was already paid:
        what a reopened one changes is booked by `true_ups`.

    Examples
    --------
    >>> from salesops_lib.compensation.payment_terms import Advance, PaymentTerms
    >>> earned = pd.DataFrame({"rep_id": "ann", "period": ["2026-01", "2026-02"],
    ...                        "payout_cents": [50_000, 300_000]})
    >>> found = payments(earned, PaymentTerms(draw=Advance(amount="1500")))
    >>> found.frame["paid_cents"].tolist(), found.frame["owed_closing_cents"].tolist()
    ([150000, 200000], [100000, 0])
    """
    earned = checked_earnings(earnings)
    state = _State.opened(earned, opening or Balances.none())
    parts = []
    for period in sorted(set(earned["period"]), key=period_order):
        rows = earned[earned["period"] == period]
        parts.append(state.paid(rows, period, terms))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return Payments(frame, state.closed())


@dataclass
class _State:
    """Open amounts of all people between two periods."""

    reps: pd.Index
    numbers: Ints
    last_period: NDArray[Any]
    open_: dict[str, Ints]
    deferred: pd.DataFrame

    @classmethod
    def opened(cls, earned: pd.DataFrame, opening: Balances) -> _State:
        reps = pd.Index(sorted({*opening.frame["rep_id"], *earned["rep_id"]}), dtype=object)
        known = opening.frame.set_index("rep_id").reindex(reps)
        open_ = {name: known[f"{name}_cents"].fillna(0).to_numpy("int64") for name in NUMBERS}
        numbers = known["periods_paid"].fillna(0).to_numpy("int64")
        last = known["last_period"].to_numpy(dtype=object)
        return cls(reps, numbers, last, open_, opening.deferred.copy())

    def paid(self, rows: pd.DataFrame, period: str, terms: PaymentTerms) -> pd.DataFrame:
        """One period of the people in `rows`; what is open moves on."""
        at = self.reps.get_indexer(pd.Index(rows["rep_id"], dtype=object))
        self._refuse_paid(at, period)
        number = self.numbers[at] + 1
        earned = rows["payout_cents"].to_numpy("int64")
        opening = {name: self.open_[name][at] for name in NUMBERS}
        deferred_opening = self._deferred(at)
        held = self._held(at, earned, number, terms)
        released = self._released(at, number)
        step = _settled(earned - held + released + opening["carried"], opening, number, terms)
        columns: dict[str, Any] = {
            "rep_id": rows["rep_id"].to_numpy(dtype=object),
            "period": np.full(len(at), period, dtype=object),
            "number": number,
            "earned_cents": earned,
            "deferred_cents": held,
            "released_cents": released,
            "carried_in_cents": opening["carried"],
            **{name: step[name] for name in _STEPS if name in step},
        }
        for name in NUMBERS:
            columns[f"{name}_opening_cents"] = opening[name]
            columns[f"{name}_closing_cents"] = self.open_[name][at] = step[name]
        columns["deferred_opening_cents"] = deferred_opening
        columns["deferred_closing_cents"] = deferred_opening + held - released
        self.numbers[at] = number
        self.last_period[at] = period
        return pd.DataFrame(columns, columns=list(COLUMNS))

    def closed(self) -> Balances:
        frame = pd.DataFrame(
            {
                "rep_id": self.reps.to_numpy(dtype=object),
                "periods_paid": self.numbers,
                "last_period": self.last_period,
                **{f"{name}_cents": self.open_[name] for name in NUMBERS},
            }
        )
        return Balances(frame, self.deferred.reset_index(drop=True))

    def _refuse_paid(self, at: Ints, period: str) -> None:
        for place in at.tolist():
            last = self.last_period[place]
            if isinstance(last, str) and period_order(last) >= period_order(period):
                raise InputError(
                    f"`{self.reps[place]}` was already paid for {last}: {period} cannot be paid "
                    "again; book what has changed as true-ups of an open period",
                    where="payments",
                )

    def _deferred(self, at: Ints) -> Ints:
        totals = self.deferred.groupby("rep_id")["cents"].sum()
        return totals.reindex(self.reps[at]).fillna(0).to_numpy("int64")

    def _held(self, at: Ints, earned: Ints, number: Ints, terms: PaymentTerms) -> Ints:
        """Part of the earnings that is held; it is written down with its due period."""
        if terms.deferral is None:
            return np.zeros(len(at), dtype="int64")
        part, whole = terms.deferral.share.as_integer_ratio()
        held = product_cents(np.maximum(earned, 0), np.full(len(at), part), np.full(len(at), whole))
        new = pd.DataFrame(
            {"rep_id": self.reps[at], "due_number": number + terms.deferral.periods, "cents": held}
        )
        self.deferred = pd.concat([self.deferred, new[new["cents"] > 0]], ignore_index=True)
        return held

    def _released(self, at: Ints, number: Ints) -> Ints:
        now = pd.Series(number, index=self.reps[at])
        due = self.deferred["due_number"] <= self.deferred["rep_id"].map(now)
        totals = self.deferred[due].groupby("rep_id")["cents"].sum()
        self.deferred = self.deferred[~due]
        return totals.reindex(self.reps[at]).fillna(0).to_numpy("int64")


def _settled(
    available: Ints, opening: dict[str, Ints], number: Ints, terms: PaymentTerms
) -> dict[str, Ints]:
    """Steps from what is available to what is paid, and what stays open."""
    zero = np.zeros(len(available), dtype="int64")
    collects = terms.negative_earnings == "collected"
    base = available if collects else np.maximum(available, 0)
    debt = opening["debt"] + base - available
    minimum, draw = _least(terms.minimum, number), _least(terms.draw, number)
    excess = np.maximum(base - np.maximum(minimum, draw), 0)
    debt_repaid = np.minimum(opening["debt"], excess)
    part, whole = terms.recovery_share.as_integer_ratio()
    most = multiplied(excess - debt_repaid, np.full_like(zero, part), np.full_like(zero, whole))[0]
    recovers = number >= terms.recovery_starts
    owed_repaid = np.where(recovers, np.minimum(opening["owed"], most), 0)
    added_minimum = np.maximum(minimum - base, 0) if terms.minimum else zero
    added_draw = np.maximum(draw - np.maximum(base, minimum), 0) if terms.draw else zero
    lent = zero
    for advance, added in ((terms.minimum, added_minimum), (terms.draw, added_draw)):
        lent = lent + added if advance and advance.recoverable else lent
    payable = base - debt_repaid - owed_repaid + added_minimum + added_draw
    over = zero if terms.maximum is None else np.maximum(payable - cents_of(terms.maximum), 0)
    carries = terms.above_maximum == "carried"
    paid, below, rounding = _in_units(payable - over, terms)
    held_back = below + (over if carries else zero)
    return {
        "debt_repaid_cents": debt_repaid,
        "owed_repaid_cents": owed_repaid,
        "minimum_cents": added_minimum,
        "draw_cents": added_draw,
        "gift_cents": added_minimum + added_draw - lent,
        "held_back_cents": held_back,
        "forfeited_cents": zero if carries else over,
        "rounding_cents": rounding,
        "paid_cents": paid,
        "owed": opening["owed"] - owed_repaid + lent,
        "debt": debt - debt_repaid,
        "carried": held_back,
    }


def _least(advance: Advance | None, number: Ints) -> Ints:
    if advance is None:
        return np.zeros(len(number), dtype="int64")
    last = advance.last_period
    amount = cents_of(advance.amount)
    return np.where(number <= last, amount, 0) if last else np.full_like(number, amount)


def _in_units(payable: Ints, terms: PaymentTerms) -> tuple[Ints, Ints, Ints]:
    """Payment in whole units, what is carried, and what rounding adds."""
    unit = cents_of(terms.unit)
    zero = np.zeros_like(payable)
    whole, rest = np.divmod(payable, unit)
    # Towards zero, or to the nearer unit; an exact half as the terms say.
    units = np.asarray(whole_cents(whole, rest, unit, terms.rounding), dtype="int64")
    paid = units * unit
    gap = paid - payable
    return (paid, -gap, zero) if terms.rounding == "down" else (paid, zero, gap)
