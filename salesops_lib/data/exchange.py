"""One reporting currency: amounts converted at declared rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["converted", "rates_into"]


def rates_into(snapshot: Snapshot, reporting: str) -> IbisTable:
    """Rates into one currency, from quotes in either direction.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``fx_rates``.
    reporting : str
        Currency wanted.

    Returns
    -------
    ibis.Table
        `rate_currency`, `rate_date` (first day in force) and `rate`, units of
        the reporting currency. A direct quote wins over an inverted one of the
        same day.
    """
    quotes = snapshot.table("fx_rates")
    direct = quotes.filter(_.to_currency == reporting).select(
        _.from_currency.name("rate_currency"),
        _.date.name("rate_date"),
        "rate",
        ibis.literal(0).name("order"),
    )
    inverse = quotes.filter(_.from_currency == reporting).select(
        _.to_currency.name("rate_currency"),
        _.date.name("rate_date"),
        (1 / _.rate).name("rate"),
        ibis.literal(1).name("order"),
    )
    return (
        direct.union(inverse)
        .group_by("rate_currency", "rate_date")
        .agg(rate=_.rate.argmin(_.order))
    )


def converted(snapshot: Snapshot, rows: IbisTable, reporting: str, day: Any) -> IbisTable:
    """Rows with their amount in the reporting currency.

    The rate is the last one in force on the row's day. A row without a currency
    counts as being in the reporting currency.

    Parameters
    ----------
    snapshot : Snapshot
        Source of the rates.
    rows : ibis.Table
        A table with `amount` and `currency`.
    reporting : str
        Currency wanted.
    day : ibis expression
        Day whose rate counts for the row.

    Returns
    -------
    ibis.Table
        `rows` with `amount` converted (DECIMAL(18, 2), rounded half up to the
        cent) and `amount_original` as it was.

    Raises
    ------
    InputError
        An amount is in a currency that has no rate on its day.
    """
    rows = rows.mutate(
        amount_original=_.amount,
        rate_currency=ibis.coalesce(_.currency, reporting),
        rate_day=day,
    )
    if not _foreign(rows, reporting):
        return rows.drop("rate_currency", "rate_day")
    rates = rates_into(snapshot, reporting)
    until = ibis.window(group_by="rate_currency", order_by="rate_date")
    spans = rates.mutate(rate_until=_.rate_date.lead().over(until)).rename(span="rate_currency")
    joined = rows.left_join(
        spans,
        [
            rows.rate_currency == spans.span,
            rows.rate_day >= spans.rate_date,
            (rows.rate_day < spans.rate_until) | spans.rate_until.isnull(),
        ],
    )
    joined = joined.mutate(
        rate=ibis.ifelse(_.rate_currency == reporting, ibis.literal(1.0), _.rate)
    )
    _refuse_missing_rates(joined, reporting)
    exact = (_.amount_original * _.rate.cast("decimal(18, 8)")).round(2).cast("decimal(18, 2)")
    return joined.mutate(amount=exact).drop(
        "rate_currency", "rate_day", "span", "rate_date", "rate_until", "rate"
    )


def _foreign(rows: IbisTable, reporting: str) -> bool:
    others = rows.filter(_.rate_currency != reporting).count()
    return int(rows.get_backend().execute(others)) > 0


def _refuse_missing_rates(joined: IbisTable, reporting: str) -> None:
    missing = (
        joined.filter(_.rate.isnull() & _.amount_original.notnull())
        .group_by("rate_currency")
        .agg(rows=_.count(), first=_.rate_day.min())
        .order_by("rate_currency")
        .to_pandas()
    )
    if missing.empty:
        return
    worst = missing.iloc[0]
    raise InputError(
        f"no rate from {worst.rate_currency} to {reporting} on {worst['first']:%Y-%m-%d}, "
        f"needed by {worst.rows} amounts; add it to fx_rates or choose another reporting currency",
        where="fx_rates",
    )
