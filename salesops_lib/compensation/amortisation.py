"""Costs to obtain contracts (ASC 340-40): capitalised, amortised, impaired."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.balances import checked_cents
from salesops_lib.compensation.shares import (
    largest_remainder,
    product_cents,
    running_shares,
    shared_cents,
)
from salesops_lib.errors import InputError
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.accounting_terms import AccountingTerms

__all__ = ["COLUMNS", "Amortisation", "amortisation"]

_STEPS = ("capitalised_cents", "amortised_cents", "impaired_cents")
COLUMNS = ("cost_id", "month", "opening_cents", *_STEPS, "closing_cents")
"""Columns of `Amortisation.frame`."""


@dataclass(frozen=True)
class Amortisation:
    """Schedule of capitalised costs.

    Parameters
    ----------
    frame : DataFrame
        One row a cost and month (first day, datetime64), int64 cents: `opening_cents`,
        `capitalised_cents`, `amortised_cents`, `impaired_cents`, `closing_cents`.
        Closing = opening + capitalised − amortised − impaired, and is the next opening.
    expensed : DataFrame
        What was not capitalised: `cost_id`, `month`, `expensed_cents`, `reason`.
    """

    frame: pd.DataFrame
    expensed: pd.DataFrame

    @cached_property
    def by_month(self) -> pd.DataFrame:
        """All costs together.

        Returns
        -------
        DataFrame
            A row a month without a gap: `month`, `opening_cents`, `capitalised_cents`,
            `amortised_cents`, `impaired_cents`, `closing_cents` (the asset) and
            `current_cents` (of it, what is amortised within the next 12 months).
        """
        frame = self.frame.assign(current_cents=_current(self.frame))
        sums = frame.groupby("month")[[*_STEPS, "current_cents"]].sum()
        if len(sums):
            months = pd.date_range(sums.index[0], sums.index[-1], freq="MS", name="month")
            sums = sums.reindex(months, fill_value=0)
        change = sums["capitalised_cents"] - sums["amortised_cents"] - sums["impaired_cents"]
        closing = change.cumsum()
        found = sums.assign(opening_cents=closing - change, closing_cents=closing)
        return found.reset_index()[[*COLUMNS[1:], "current_cents"]]


def _current(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Of each cost's closing, what is amortised within the next 12 months.

    Cost by cost: what costs that begin later add in these months is not there yet.
    """
    if not len(frame):
        return np.zeros(0, dtype="int64")
    cost = pd.factorize(frame["cost_id"])[0]
    # The months of a cost stand together, without a gap.
    last = np.append(np.flatnonzero(np.diff(cost)), len(cost) - 1)
    ahead = np.minimum(np.arange(len(cost)) + 12, last[cost])
    total = frame["amortised_cents"].cumsum().to_numpy("int64")
    due = total[ahead] - total
    return np.asarray(np.minimum(due, frame["closing_cents"].to_numpy("int64")))


def amortisation(
    costs: pd.DataFrame,
    terms: AccountingTerms,
    impairments: pd.DataFrame | None = None,
) -> Amortisation:
    """Schedule of what contracts cost, from the first month to the last.

    Parameters
    ----------
    costs : DataFrame
        One row a cost: `cost_id`, `cost_cents` (int64, positive), `starts_at` (datetime64)
        and, where it has an end of its own, `ends_at` (datetime64, the first moment after;
        empty: `months` of the terms later).
    terms : AccountingTerms
        What is capitalised and how it is amortised.
    impairments : DataFrame, optional
        `cost_id`, `impaired_on` (datetime64) and `share_num` ÷ `share_den` (of what is
        left after that month's amortisation: 1 ÷ 1 where the contract is lost). What
        stays is amortised over the months that are left.

    Returns
    -------
    Amortisation

    Raises
    ------
    InputError
        A cost stands twice, is not positive, ends before it starts, or is not in whole
        cents; an impairment is of no cost, or of a month when nothing is left.

    Examples
    --------
    >>> from salesops_lib.compensation.accounting_terms import AccountingTerms
    >>> cost = pd.DataFrame({"cost_id": ["c1"], "cost_cents": [1_500_000],
    ...                      "starts_at": pd.to_datetime(["2026-01-01"])})
    >>> found = amortisation(cost, AccountingTerms(months=36)).frame
    >>> int(found["amortised_cents"].iloc[0]), int(found["closing_cents"].iloc[-1])
    (41667, 0)
    """
    rows = _checked(costs, terms)
    months = _months_begun(rows["starts_at"], rows["ends_at"])
    share = terms.capitalised_share.as_integer_ratio()
    capital = product_cents(
        rows["cost_cents"].to_numpy(), *(np.full(len(rows), part, "int64") for part in share)
    )
    is_short = months <= terms.expensed_up_to_months
    capital = np.where(is_short, 0, capital)
    expensed = _expensed(rows, capital, is_short, terms)
    kept = capital > 0
    frame = _schedule(rows[kept].reset_index(drop=True), capital[kept], terms)
    if impairments is not None and len(impairments):
        frame = _impaired(frame, impairments)
    change = frame["capitalised_cents"] - frame["amortised_cents"] - frame["impaired_cents"]
    closing = change.groupby(frame["cost_id"], sort=False).cumsum()
    frame = frame.assign(opening_cents=closing - change, closing_cents=closing)
    return Amortisation(frame[list(COLUMNS)], expensed)


def _checked(costs: pd.DataFrame, terms: AccountingTerms) -> pd.DataFrame:
    for name in ("cost_id", "cost_cents", "starts_at"):
        if name not in costs:
            raise InputError(f"the column `{name}` is missing", where="costs")
        if costs[name].isna().any():
            raise InputError(f"the column `{name}` has empty cells", where="costs")
    checked_cents(costs, "cost_cents", "costs")
    rows = costs.reset_index(drop=True)
    if "ends_at" not in rows:
        rows = rows.assign(ends_at=np.datetime64("NaT", "ns"))
    later = rows["starts_at"] + pd.DateOffset(months=terms.months)
    rows = rows.assign(ends_at=pd.to_datetime(rows["ends_at"]).fillna(later))
    wrong = {
        "stands twice": rows["cost_id"].duplicated(),
        "is not positive; a clawback of it is an impairment": rows["cost_cents"] <= 0,
        "ends before it starts": rows["ends_at"] <= rows["starts_at"],
    }
    for what, holds in wrong.items():
        if holds.any():
            raise InputError(f"cost `{rows.loc[holds, 'cost_id'].iloc[0]}` {what}", where="costs")
    return rows


def _months_begun(starts: pd.Series, ends: pd.Series) -> NDArray[np.int64]:
    """Months begun between two moments, counted from the first: 15 June to 13 October are 4."""
    whole = (ends.dt.year - starts.dt.year) * 12 + ends.dt.month - starts.dt.month
    # Of a start on the 31st, a month that has no such day is over with its last one.
    anniversary = np.minimum(starts.dt.day, ends.dt.days_in_month)
    is_later = (ends - ends.dt.normalize()) > (starts - starts.dt.normalize())
    begun = (ends.dt.day > anniversary) | ((ends.dt.day == anniversary) & is_later)
    return np.asarray(np.maximum((whole + begun).to_numpy("int64"), 1), dtype="int64")


def _expensed(
    rows: pd.DataFrame, capital: NDArray[np.int64], is_short: Any, terms: AccountingTerms
) -> pd.DataFrame:
    short = f"practical expedient: at most {terms.expensed_up_to_months} months"
    frame = pd.DataFrame(
        {
            "cost_id": rows["cost_id"],
            "month": _month(rows["starts_at"]),
            "expensed_cents": rows["cost_cents"].to_numpy() - capital,
            "reason": np.where(is_short, short, "not incremental to the contract"),
        }
    )
    return frame[frame["expensed_cents"] > 0].reset_index(drop=True)


def _schedule(
    rows: pd.DataFrame, capital: NDArray[np.int64], terms: AccountingTerms
) -> pd.DataFrame:
    """Each cost cut into its months."""
    first = _month(rows["starts_at"]).to_numpy("datetime64[M]").astype("int64")
    if terms.granularity == "even_month":
        lengths = _months_begun(rows["starts_at"], rows["ends_at"])
    else:
        end = rows["ends_at"] if terms.granularity == "second" else rows["ends_at"].dt.normalize()
        # A contract of less than a day still has that day.
        end = end.where(end > rows["starts_at"], rows["ends_at"])
        last = (end - pd.Timedelta(1, unit="ns")).to_numpy("datetime64[M]").astype("int64")
        lengths = last - first + 1
    cost = np.repeat(np.arange(len(rows)), lengths)
    begins = np.cumsum(lengths) - lengths
    month = first[cost] + np.arange(len(cost)) - np.repeat(begins, lengths)
    weights = _weights(rows, cost, month, terms)
    cut = shared_cents if terms.cents == "largest_remainder" else running_shares
    capitalised = np.zeros(len(cost), dtype="int64")
    capitalised[begins] = capital
    return pd.DataFrame(
        {
            "cost_id": rows["cost_id"].to_numpy(dtype=object)[cost],
            "month": month.astype("datetime64[M]").astype("datetime64[ns]"),
            "weight": weights,
            "capitalised_cents": capitalised,
            "amortised_cents": cut(capital, weights, cost),
            "impaired_cents": np.zeros(len(cost), dtype="int64"),
        }
    )


def _weights(
    rows: pd.DataFrame, cost: NDArray[np.int64], month: NDArray[np.int64], terms: AccountingTerms
) -> NDArray[np.int64]:
    """Days or seconds of each cost in each month; 1 where months are even."""
    if terms.granularity == "even_month":
        return np.ones(len(cost), dtype="int64")
    unit = "datetime64[D]" if terms.granularity == "day" else "datetime64[s]"
    starts = rows["starts_at"].to_numpy(unit).astype("int64")[cost]
    ends = rows["ends_at"].to_numpy(unit).astype("int64")[cost]
    ends = np.maximum(ends, starts + 1)
    opens, closes = (
        (month + step).astype("datetime64[M]").astype(unit).astype("int64") for step in (0, 1)
    )
    return np.asarray(np.minimum(ends, closes) - np.maximum(starts, opens), dtype="int64")


def _impaired(frame: pd.DataFrame, impairments: pd.DataFrame) -> pd.DataFrame:
    """Schedule with what was written off, and what stays spread over the rest."""
    rows_by_cost = frame.groupby("cost_id", sort=False).indices
    months = frame["month"].to_numpy("datetime64[M]")
    weights = frame["weight"].to_numpy("int64")
    amortised = frame["amortised_cents"].to_numpy("int64").copy()
    written_off = np.zeros(len(frame), dtype="int64")
    for loss in rows_of(impairments.sort_values(["cost_id", "impaired_on"])):
        at = rows_by_cost.get(loss.cost_id)
        if at is None:
            raise InputError(
                f"`{loss.cost_id}` is impaired, but is not capitalised", where="impairments"
            )
        here = at[months[at] == np.datetime64(loss.impaired_on, "M")]
        rest = at[months[at] > np.datetime64(loss.impaired_on, "M")]
        left = int(amortised[rest].sum())
        if not len(here) or left == 0:
            raise InputError(
                f"`{loss.cost_id}` is impaired in {loss.impaired_on:%Y-%m}, when nothing of it "
                "is left to write off",
                where="impairments",
            )
        share = int(loss.share_num), int(loss.share_den)
        if not 0 < share[0] <= share[1]:
            raise InputError(
                f"the impaired share of `{loss.cost_id}` must be above 0, at most 1",
                where="impairments",
            )
        lost = int(product_cents(*(np.array([part]) for part in (left, *share)))[0])
        written_off[here] += lost
        amortised[rest] = largest_remainder(left - lost, weights[rest].tolist())
    return frame.assign(amortised_cents=amortised, impaired_cents=written_off)


def _month(moments: pd.Series) -> pd.Series:
    return pd.Series(moments.to_numpy("datetime64[M]").astype("datetime64[ns]"), moments.index)
