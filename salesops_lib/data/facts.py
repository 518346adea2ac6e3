"""Deals and credits ready to be measured: attributed to people, in one currency.

Facts are derived from a snapshot once per currency rule, written beside it as
Parquet, and shared by every kernel that opens the snapshot.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ibis
from ibis import _
from pydantic import field_validator

from salesops_lib.data import organisation
from salesops_lib.data.derived import derived_folder
from salesops_lib.data.exchange import converted
from salesops_lib.data.parts import WHOLE, deal_parts, write_parts
from salesops_lib.data.quotas import quota_facts
from salesops_lib.errors import InputError
from salesops_lib.formats import checked_currency
from salesops_lib.yamlfile import Strict

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.parts import Part
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["CurrencySettings", "credit_facts", "deal_facts", "facts_folder"]


class CurrencySettings(Strict):
    """The one currency of a report, and the day whose rates count.

    Parameters
    ----------
    reporting : str
        ISO 4217 code.
    rates : str
        ``close_date``: a closed deal counts at the rate of its close date, an
        open one at the rate of the as-of date. ``as_of``: everything counts at
        the rate of the as-of date (constant currency).
    """

    reporting: str = "EUR"
    rates: Literal["close_date", "as_of"] = "close_date"

    @field_validator("reporting")
    @classmethod
    def _is_currency(cls, code: str) -> str:
        try:
            return checked_currency(code)
        except InputError as error:
            raise ValueError(error.what) from None


def deal_facts(
    snapshot: Snapshot, currency: CurrencySettings, as_of: dt.date, part: Part = WHOLE
) -> IbisTable:
    """Every deal with its owner's place in the organisation and its reporting amount.

    The owner's team, region and manager are those in force on the close date of
    a closed deal, and on the as-of date for an open one.

    Parameters
    ----------
    snapshot : Snapshot
        Source.
    currency : CurrencySettings
        Reporting currency and rate rule.
    as_of : date
        Day that open deals are attributed and converted at.
    part : Part
        Only these deals.

    Returns
    -------
    ibis.Table
        The columns of ``opportunities`` (`amount` in the reporting currency,
        `amount_original` and `currency` as exported), and `owner_name`, `team`,
        `region`, `manager_id`, `account_name`, `segment`, `industry`,
        `country`, `product_family`, `stage_order` and `age_days` (created to
        close, or to the as-of date while open).

    Raises
    ------
    InputError
        A currency has no rate into the reporting currency.
    """
    deals = part.of(snapshot.table("opportunities")).mutate(
        anchor=ibis.ifelse(_.is_closed, ibis.coalesce(_.close_date, as_of), ibis.literal(as_of))
    )
    # Rates first: they are looked up more than once, and places are not.
    deals = converted(snapshot, deals, currency.reporting, _rate_day(currency, as_of))
    deals = organisation.placed(snapshot, deals, "owner_id", "anchor")
    deals = _described(snapshot, deals)
    age = ibis.ifelse(_.is_closed, _.close_date, ibis.literal(as_of)).delta(
        _.created_date, unit="day"
    )
    return deals.mutate(age_days=age).drop("anchor").order_by("opportunity_id")


def credit_facts(
    snapshot: Snapshot, deals: IbisTable, as_of: dt.date, part: Part = WHOLE
) -> IbisTable:
    """Credit of each deal to the people who earn it.

    A deal without splits is its owner's. Revenue shares are cut so that they
    add up to the deal to the cent: share k gets round(amount x cumulative share
    to k) less what went before. Overlay credit comes on top and is marked.

    Parameters
    ----------
    snapshot : Snapshot
        Source of the splits.
    deals : ibis.Table
        Result of `deal_facts`.
    as_of : date
        Day that open deals are attributed at.
    part : Part
        Only the credit of these deals.

    Returns
    -------
    ibis.Table
        One row a deal and person: `opportunity_id`, `rep_id`, `rep_name`,
        `kind` (revenue or overlay), `share`, `amount` (reporting currency),
        `is_closed`, `is_won`, `close_date`, `team`, `region`.
    """
    core = part.of(deals).select(
        "opportunity_id", "amount", "is_closed", "is_won", "close_date", "owner_id"
    )
    splits = part.of(snapshot.table("opportunity_splits"))
    shared = splits.filter(_.kind == "revenue").select("opportunity_id").distinct()
    own = core.anti_join(shared, "opportunity_id").select(
        "opportunity_id",
        _.owner_id.name("rep_id"),
        ibis.literal("revenue").name("kind"),
        ibis.literal(1.0).name("share"),
        "amount",
        "is_closed",
        "is_won",
        "close_date",
    )
    before = ibis.cumulative_window(group_by=["opportunity_id", "kind"], order_by="rep_id")
    # Twelve digits: a third has no end, and six would lose money of a large deal.
    running = splits.mutate(
        running=_.share.cast("decimal(38, 12)").sum().over(before).cast("decimal(38, 12)"),
        share_exact=_.share.cast("decimal(38, 12)"),
    )
    earned = (_.amount * _.running).round(2) - (_.amount * (_.running - _.share_exact)).round(2)
    cut = (
        core.drop("owner_id")
        .inner_join(running, "opportunity_id")
        .mutate(amount=earned.cast("decimal(18, 2)"))
        .select(
            "opportunity_id",
            "rep_id",
            "kind",
            "share",
            "amount",
            "is_closed",
            "is_won",
            "close_date",
        )
    )
    credits_ = own.union(cut).mutate(
        anchor=ibis.ifelse(_.is_closed, ibis.coalesce(_.close_date, as_of), ibis.literal(as_of))
    )
    placed = organisation.placed(snapshot, credits_, "rep_id", "anchor")
    return (
        placed.rename(rep_name="owner_name")
        .drop("anchor", "manager_id")
        .order_by("opportunity_id", "kind", "rep_id")
    )


def facts_folder(snapshot: Snapshot, currency: CurrencySettings, as_of: dt.date) -> Path | None:
    """Folder beside the snapshot that holds its facts; written by the first caller.

    Parameters
    ----------
    snapshot : Snapshot
        Source.
    currency : CurrencySettings
        Reporting currency and rate rule.
    as_of : date
        Day that open deals are attributed and converted at.

    Returns
    -------
    Path or None
        Folder with ``deals-*.parquet``, ``credits-*.parquet`` and
        ``quotas-*.parquet``, each read in the order of the names; None where
        nothing is kept beside the snapshot, or its folder cannot be written to.
    """
    if not snapshot.keeps_derived:
        return None

    def write(work: Path) -> None:
        parts = deal_parts(snapshot)
        files = write_parts(
            parts, work, "deals", lambda part: deal_facts(snapshot, currency, as_of, part)
        )
        deals = snapshot.backend.read_parquet(files)
        write_parts(parts, work, "credits", lambda part: credit_facts(snapshot, deals, as_of, part))
        write_parts(
            (WHOLE,), work, "quotas", lambda _part: quota_facts(snapshot, currency.reporting, as_of)
        )

    return derived_folder(snapshot.path / "derived" / _facts_key(currency, as_of), write)


def _rate_day(currency: CurrencySettings, as_of: dt.date) -> Any:
    if currency.rates == "as_of":
        return ibis.literal(as_of)
    return ibis.ifelse(_.is_closed, ibis.coalesce(_.close_date, as_of), ibis.literal(as_of))


def _described(snapshot: Snapshot, deals: IbisTable) -> IbisTable:
    """Deals with what accounts, products and stages say of them."""
    accounts = snapshot.table("accounts").select(
        "account_id", _.name.name("account_name"), "segment", "industry", "country"
    )
    products = snapshot.table("products").select("product", _.family.name("product_family"))
    stages = snapshot.table("stages").select("stage", _.order.name("stage_order"))
    for table, key in ((accounts, "account_id"), (products, "product"), (stages, "stage")):
        deals = deals.left_join(table, key).drop(f"{key}_right")
    return deals


def _facts_key(currency: CurrencySettings, as_of: dt.date) -> str:
    """Names the facts by their settings and by the code that makes them."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for name in ("facts", "organisation", "exchange", "parts", "quotas", "schema"):
        digest.update((here / f"{name}.py").read_bytes())
    settings = {"currency": currency.model_dump(), "as_of": as_of.isoformat()}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return f"facts-{digest.hexdigest()[:12]}"
