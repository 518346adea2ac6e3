"""Won deals of some periods, as crediting reads them: owner, amount, shares."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from ibis import _

from salesops_lib.data.changes import fields_logged, value_spans
from salesops_lib.data.facts import CurrencySettings, deal_facts, facts_folder
from salesops_lib.data.parts import files_of
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.compensation.crediting_terms import CreditingTerms
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["ATTRIBUTES", "WHOLE_SHARE", "deal_shares", "won_deals"]

ATTRIBUTES = (
    "product",
    "product_family",
    "type",
    "source",
    "account_id",
    "segment",
    "industry",
    "country",
)
"""What is known of a deal besides its amount, for measures that count only some."""

WHOLE_SHARE = 10**12
"""Shares are whole numbers of this many parts, exact to twelve decimals."""


def won_deals(
    snapshot: Snapshot,
    terms: CreditingTerms,
    first: dt.date,
    last: dt.date,
    currency: str,
    pay_day: dt.date | None = None,
) -> pd.DataFrame:
    """Won deals that close between two days, and those without a close date.

    Parameters
    ----------
    snapshot : Snapshot
        Source.
    terms : CreditingTerms
        Whose deal it is, and which exchange rate counts.
    first, last : date
        Both inside.
    currency : str
        Currency of the plan.
    pay_day : date, optional
        Day of payment, for the rate of that day.

    Returns
    -------
    DataFrame
        `opportunity_id`, `owner_id`, `close_date` (datetime64), `amount_cents` (Int64,
        the plan's currency) and `ATTRIBUTES`, by close date and id.

    Raises
    ------
    InputError
        A rate is missing, or the day of payment is needed and not given.
    """
    deals = _facts(snapshot, terms, currency, pay_day).filter(
        _.is_won, _.close_date.between(first, last) | _.close_date.isnull()
    )
    if terms.owner == "at_close" and "owner" in fields_logged(snapshot):
        deals = _owned_at_close(snapshot, deals)
    cents = (_.amount * 100).cast("int64")
    chosen = deals.select(
        "opportunity_id",
        "owner_id",
        "close_date",
        amount_cents=cents,
        **{n: _[n] for n in ATTRIBUTES},
    )
    rows = chosen.order_by("close_date", "opportunity_id").to_pyarrow()
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    # Floats hold no more than 2^53 cents, and missing amounts would make floats of all.
    amounts = rows["amount_cents"]
    frame["amount_cents"] = amounts.fill_null(0).to_numpy()
    frame["has_amount"] = amounts.is_valid().to_numpy()
    return frame


def deal_shares(snapshot: Snapshot, deals: pd.DataFrame) -> pd.DataFrame:
    """Splits of some deals.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``opportunity_splits``.
    deals : DataFrame
        Rows of `won_deals`.

    Returns
    -------
    DataFrame
        `deal` (place in `deals`), `rep_id`, `kind` (revenue or overlay) and `share`
        (int64, of `WHOLE_SHARE` parts).
    """
    import pandas as pd

    splits = snapshot.table("opportunity_splits").select(
        "opportunity_id", "rep_id", "share", "kind"
    )
    frame = splits.order_by("opportunity_id", "kind", "rep_id").to_pyarrow().to_pandas()
    at = pd.Index(deals["opportunity_id"]).get_indexer(frame["opportunity_id"])
    parts = np.rint(frame["share"].to_numpy("float64") * WHOLE_SHARE).astype("int64")
    shares = frame.assign(deal=at, share=parts).drop(columns="opportunity_id")
    found: pd.DataFrame = shares[shares["deal"] >= 0].reset_index(drop=True)
    return found


def _facts(
    snapshot: Snapshot, terms: CreditingTerms, currency: str, pay_day: dt.date | None
) -> IbisTable:
    match terms.exchange_rate:
        case "deal_date":
            settings, day = CurrencySettings(reporting=currency), snapshot.as_of
            folder = facts_folder(snapshot, settings, day)
            if folder is not None:
                return snapshot.backend.read_parquet(str(folder / files_of("deals")))
            return deal_facts(snapshot, settings, day)
        case "constant":
            rate_day: Any = terms.constant_rate_day
        case "pay_date":
            rate_day = pay_day
            if pay_day is None:
                raise InputError(
                    "`exchange_rate: pay_date` needs the day of payment", where="crediting"
                )
    return deal_facts(snapshot, CurrencySettings(reporting=currency, rates="as_of"), rate_day)


def _owned_at_close(snapshot: Snapshot, deals: IbisTable) -> IbisTable:
    """Deals with the owner that they had at the end of their close date."""
    spans = value_spans(snapshot).filter(_.field == "owner", _.is_past)
    spans = spans.select(
        _.opportunity_id.name("spanned"), "since", "until", _.value.name("held_by")
    )
    joined = deals.left_join(
        spans,
        [
            deals.opportunity_id == spans.spanned,
            deals.close_date >= spans.since,
            deals.close_date < spans.until,
        ],
    )
    return joined.mutate(owner_id=ibis.coalesce(joined.held_by, joined.owner_id))
