"""What must hold before a pay run writes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.compensation.balances import checked_cents
from salesops_lib.errors import InputError, nearest_match

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["refuse_double_credit", "refuse_unplanned", "with_adjustments"]

_DIRECT = ("owner", "split")
_ADJUSTMENT = ("adjustment_id", "rep_id", "credited_on", "period", "amount_cents", "reason")


def refuse_unplanned(credited: pd.DataFrame, planned: Collection[str]) -> None:
    """Refuse credit of people whom no plan pays.

    Parameters
    ----------
    credited : DataFrame
        Rows of `Credits.frame`. Roll-ups are left out: who leads others need not be
        paid for it.
    planned : collection of str
        Ids of all people who are in a plan of the period.

    Raises
    ------
    InputError
        Somebody is credited and in no plan; the sentence names the first by id, with
        the credit, and how many more there are.
    """
    direct = credited[credited["kind"] != "rollup"]
    known = set(planned)
    lost = direct[~direct["rep_id"].isin(known)]
    if not len(lost):
        return
    totals = lost.groupby("rep_id", sort=True, observed=True)["amount_cents"].sum()
    first, cents = str(totals.index[0]), int(totals.iloc[0])
    more = f" (and {len(totals) - 1} more people)" if len(totals) > 1 else ""
    near = nearest_match(first, known)
    hint = f"; did you mean `{near}`?" if near else ""
    raise InputError(
        f"`{first}` is credited with {cents / 100:,.2f}, and no plan pays this person{more}{hint}",
        where="people",
    )


def refuse_double_credit(credited: pd.DataFrame, earlier: pd.DataFrame) -> None:
    """Refuse deals that an earlier pay run has credited in another period.

    A deal whose close date has moved from a paid period to this one would be paid twice.

    Parameters
    ----------
    credited : DataFrame
        Rows of `Credits.frame` that are to be paid.
    earlier : DataFrame
        The same of earlier pay runs: `credit_id`, `opportunity_id`, `period`, `kind` and
        `amount_cents`. Credits that were taken back since (they sum to 0) do not count.

    Raises
    ------
    InputError
        A credit stands twice, or a deal is credited in two periods.
    """
    twice = credited["credit_id"][credited["credit_id"].duplicated()]
    if len(twice):
        raise InputError(f"credit `{twice.iloc[0]}` stands twice", where="credits")
    now = credited[credited["kind"].isin(_DIRECT)]
    before = earlier[earlier["kind"].isin(_DIRECT)]
    before = before[before["opportunity_id"].isin(now["opportunity_id"])]
    sums = before.groupby(["opportunity_id", "period"], sort=True, observed=True)
    open_ = sums["amount_cents"].sum().rename("before").reset_index()
    open_ = open_[open_["before"] != 0].rename(columns={"period": "paid_in"})
    periods = now[["opportunity_id", "period"]].drop_duplicates()
    both = open_.merge(periods, on="opportunity_id")
    both = both[both["paid_in"].astype(str) != both["period"].astype(str)]
    if len(both):
        row = both.iloc[0]
        more = f" (and {len(both) - 1} more deals)" if len(both) > 1 else ""
        raise InputError(
            f"deal `{row['opportunity_id']}` is credited twice: in {row['period']}, and already "
            f"in {row['paid_in']}{more}; reopen {row['paid_in']} to take it back there",
            where="credits",
        )


def with_adjustments(credited: pd.DataFrame, adjustments: pd.DataFrame) -> pd.DataFrame:
    """Credits together with corrections made by hand.

    Parameters
    ----------
    credited : DataFrame
        Rows of `Credits.frame`.
    adjustments : DataFrame
        `adjustment_id` (unique), `rep_id`, `credited_on` (datetime64), `period`,
        `amount_cents` (int64, may be negative) and `reason`; further columns of the
        credits as far as they are known.

    Returns
    -------
    DataFrame
        The credited, then the adjustments: kind ``adjustment``, the id behind
        ``adjustment/``.

    Raises
    ------
    InputError
        A column or a reason is missing, an id stands twice, or amounts are not in cents.
    """
    for name in _ADJUSTMENT:
        if name not in adjustments:
            raise InputError(f"the column `{name}` is missing", where="adjustments")
        if (
            adjustments[name].isna().any()
            or (adjustments[name].astype(str).str.strip() == "").any()
        ):
            raise InputError(f"the column `{name}` has empty cells", where="adjustments")
    checked_cents(adjustments, "amount_cents", "adjustments")
    ids = adjustments["adjustment_id"].astype(str)
    if ids.duplicated().any():
        raise InputError(f"adjustment `{ids[ids.duplicated()].iloc[0]}` stands twice")
    unknown = [
        name for name in adjustments if name != "adjustment_id" and name not in credited.columns
    ]
    if unknown:
        raise InputError(
            f"unknown column `{unknown[0]}`",
            where="adjustments",
            found=str(unknown[0]),
            allowed=credited.columns,
        )
    rows = adjustments.drop(columns="adjustment_id").assign(
        credit_id="adjustment/" + ids, kind="adjustment"
    )
    if "currency" not in rows and len(credited):
        rows = rows.assign(currency=credited["currency"].iloc[0])
    # Rows of objects: an empty column would otherwise become one of floats.
    rest = {name: None for name in credited.columns if name not in rows}
    rows = rows.assign(**rest)[list(credited.columns)]
    if not len(rows):
        return credited
    if not len(credited):
        return rows.reset_index(drop=True)
    columns = {name: _appended(credited[name], rows[name]) for name in credited.columns}
    return pd.DataFrame(columns)


def _appended(column: pd.Series, more: pd.Series) -> pd.Series:
    """One column below another, typed as the first one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        new = more.dropna()
        known = column.cat.categories
        dtype = pd.CategoricalDtype([*known, *new[~new.isin(known)].unique()])
        return pd.concat([column.astype(dtype), more.astype(dtype)], ignore_index=True)
    return pd.concat([column, more.astype(column.dtype)], ignore_index=True)
