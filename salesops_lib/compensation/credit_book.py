"""Credits in the order in which they count, and what each measure counts of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.plan_measures import Measure
    from salesops_lib.compensation.ratios import Ints, Marks

__all__ = ["CREDIT_COLUMNS", "CreditBook"]

CREDIT_COLUMNS = (
    "credit_id",
    "opportunity_id",
    "rep_id",
    "credited_on",
    "amount_cents",
    "currency",
    "kind",
)
"""Columns that credits must have; filters and groups of a plan may need more."""

_ONE = 100


class CreditBook:
    """Credits sorted by person, day and id: the order in which they go through tiers.

    Parameters
    ----------
    credits : DataFrame
        `CREDIT_COLUMNS`, and the attributes that the plan's measures choose by.
    rep_ids : Index
        Everybody whom the plan pays, in order.
    currency : str
        Of the plan.

    Raises
    ------
    InputError
        A column is missing or empty, money is no whole number of cents, a credit is
        listed twice, is somebody's whom the plan does not pay, or is in another currency.
    """

    def __init__(self, credits: pd.DataFrame, rep_ids: pd.Index, currency: str) -> None:  # noqa: A002 (the word of the field)
        _check(credits, currency)
        codes = rep_ids.get_indexer(pd.Index(credits["rep_id"]))
        if (codes < 0).any():
            stranger = credits["rep_id"].iloc[int(np.argmin(codes))]
            raise InputError(
                f"`{stranger}` has credits, but is not among the people whom the plan pays"
            )
        days = credits["credited_on"].to_numpy("datetime64[D]")
        order = np.lexsort((_ranks(credits["credit_id"]), days, codes))
        self.frame = credits.iloc[order]
        self.rep: Ints = codes[order].astype(np.int64)
        self.days = days[order]
        self.cents: Ints = credits["amount_cents"].to_numpy(np.int64)[order]
        self.people = len(rep_ids)
        self._counted: dict[str, tuple[Marks, Ints]] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def within(self, start: dt.date, end: dt.date) -> Marks:
        """Which credits lie between two days, both inside."""
        marks: Marks = (self.days >= np.datetime64(start)) & (self.days <= np.datetime64(end))
        return marks

    def counted(self, name: str, measure: Measure) -> tuple[Marks, Ints]:
        """Which credits a measure counts, and each one's value.

        Parameters
        ----------
        name : str
            Name of the measure in the plan.
        measure : Measure
            The measure.

        Returns
        -------
        (array of bool, array of int64)
            Values are hundredths of the measure's unit, 0 for what it does not count.
        """
        if name not in self._counted:
            chosen = self._chosen(name, measure)
            self._counted[name] = chosen, np.where(chosen, self._values(measure), 0)
        return self._counted[name]

    def _values(self, measure: Measure) -> Ints:
        if measure.of == "deals":
            adjusts = (self.frame["kind"] == "adjustment").to_numpy()
            return np.where(adjusts, 0, np.sign(self.cents) * _ONE)
        if measure.largest_credit is None:
            return self.cents
        most = int(measure.largest_credit * _ONE)
        return np.clip(self.cents, -most, most)

    def _chosen(self, name: str, measure: Measure) -> Marks:
        chosen = self.frame["kind"].isin(measure.credits).to_numpy(bool)
        conditions = [(key, values, True) for key, values in measure.where.items()]
        conditions += [(key, values, False) for key, values in measure.except_where.items()]
        for key, values, wanted in conditions:
            if key not in self.frame.columns:
                raise InputError(
                    f"the measure `{name}` chooses by `{key}`, which the credits do not have",
                    found=key,
                    allowed=self.frame.columns,
                )
            chosen &= self.frame[key].isin(values).to_numpy(bool) == wanted
        return chosen

    def groups(self, column: str) -> NDArray[np.int64]:
        """Number of each credit's group; what has none stands alone."""
        if column == "credited_on":
            return self.days.astype(np.int64)
        if column not in self.frame.columns:
            raise InputError(
                f"credits cannot be grouped by `{column}`, which they do not have",
                found=column,
                allowed=self.frame.columns,
            )
        codes = pd.factorize(self.frame[column])[0].astype(np.int64)
        alone = codes < 0
        codes[alone] = codes.max(initial=0) + 1 + np.arange(int(alone.sum()))
        return codes


def _check(credits: pd.DataFrame, currency: str) -> None:  # noqa: A002
    missing = next((name for name in CREDIT_COLUMNS if name not in credits.columns), None)
    if missing:
        raise InputError(f"the credits have no column `{missing}`", allowed=CREDIT_COLUMNS)
    if credits["amount_cents"].dtype != np.int64:
        raise InputError("`amount_cents` of the credits must be whole cents (int64)")
    for name in ("credit_id", "rep_id", "credited_on", "kind"):
        empty = credits[name].isna()
        if empty.any():
            row = int(np.argmax(empty.to_numpy()))
            raise InputError(f"`{name}` of credit {credits['credit_id'].iloc[row]} is empty")
    twice = credits["credit_id"].duplicated()
    if twice.any():
        raise InputError(f"the credit `{credits['credit_id'][twice].iloc[0]}` is listed twice")
    foreign = credits["currency"] != currency
    if foreign.any():
        first = credits[foreign].iloc[0]
        raise InputError(
            f"the credit `{first['credit_id']}` is in {first['currency']}, but the plan pays in "
            f"{currency}: convert credits first"
        )


def _ranks(ids: pd.Series) -> NDArray[np.int64]:
    """Place of each id in the order of ids."""
    if ids.is_monotonic_increasing:
        return np.arange(len(ids))
    return pd.factorize(ids, sort=True)[0].astype(np.int64)
