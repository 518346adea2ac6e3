"""Who is credited for a deal: owner, those who share it, overlays, and managers above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.credited_deals import WHOLE_SHARE
from salesops_lib.compensation.shares import (
    first_rest_shares,
    product_cents,
    running_shares,
    shared_cents,
)
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.compensation.crediting_terms import CreditingTerms
    from salesops_lib.compensation.hierarchy import Hierarchy

__all__ = ["KINDS", "PersonRows", "direct_rows", "rolled_up"]

KINDS = ("owner", "split", "overlay", "rollup", "adjustment")
"""Kinds of credit, in the order in which they stand below a deal."""

_OWNER, _SPLIT, _OVERLAY, _ROLLUP = range(4)


@dataclass(frozen=True, eq=False)
class PersonRows:
    """Credit of deals to people, as columns.

    Parameters
    ----------
    deal : array of int64
        Place of the deal.
    rep_id : array of str
        Who is credited.
    kind : array of int64
        Place in `KINDS`.
    share : array of int64
        Share of the deal, of `WHOLE_SHARE` parts.
    cents : array of int64
        Amount.
    """

    deal: NDArray[np.int64]
    rep_id: NDArray[Any]
    kind: NDArray[np.int64]
    share: NDArray[np.int64]
    cents: NDArray[np.int64]

    def taken(self, rows: NDArray[Any]) -> PersonRows:
        """Some of the rows: by place, or those that are true."""
        return PersonRows(*(column[rows] for column in self._columns))

    @classmethod
    def joined(cls, parts: Sequence[PersonRows]) -> PersonRows:
        """All rows of several, one after the other."""
        columns = zip(*(part._columns for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.deal, self.rep_id, self.kind, self.share, self.cents


def direct_rows(deals: pd.DataFrame, shares: pd.DataFrame, terms: CreditingTerms) -> PersonRows:
    """Credit of each deal to its owner or those who share it, and to overlays.

    Parameters
    ----------
    deals : DataFrame
        Rows of `credited_deals.won_deals`.
    shares : DataFrame
        Rows of `credited_deals.deal_shares`.
    terms : CreditingTerms
        What counts, and who has the cents left over.

    Returns
    -------
    PersonRows
        Kinds owner, split and overlay. Owner and split sum to the deal's amount.

    Raises
    ------
    InputError
        Revenue shares of a deal miss 1 by more than the terms allow, or somebody has
        two shares of one kind in a deal.
    """
    _refuse_twice(deals, shares)
    revenue = shares[shares["kind"] == "revenue"] if terms.splits == "shared" else shares[:0]
    _refuse_missed(deals, revenue, terms)
    is_shared = np.zeros(len(deals), dtype=bool)
    is_shared[revenue["deal"].to_numpy("int64")] = True
    owned = np.flatnonzero(~is_shared & deals["owner_id"].notna().to_numpy())
    cents = deals["amount_cents"].to_numpy("int64")
    parts = [
        PersonRows(
            owned,
            deals["owner_id"].to_numpy(dtype=object)[owned],
            np.full(len(owned), _OWNER),
            np.full(len(owned), WHOLE_SHARE),
            cents[owned],
        ),
        _split_rows(deals, revenue, cents, terms),
    ]
    if terms.overlays == "credited":
        parts.append(_overlay_rows(shares[shares["kind"] == "overlay"], cents))
    return PersonRows.joined(parts)


def rolled_up(
    rows: PersonRows, days: NDArray[Any], where: Hierarchy, terms: CreditingTerms
) -> PersonRows:
    """Credit of those who lead the people credited.

    Parameters
    ----------
    rows : PersonRows
        Direct credit.
    days : array of datetime64
        Day of each row on which the hierarchy counts.
    where : Hierarchy
        The dated organisation.
    terms : CreditingTerms
        How far credit rolls up.

    Returns
    -------
    PersonRows
        One row a deal and manager: amounts and shares of the people below, summed, so
        that a deal shared by two people of one team counts once for its manager.
    """
    kinds = (_OWNER, _SPLIT, _OVERLAY) if terms.roll_up_overlays else (_OWNER, _SPLIT)
    source = np.flatnonzero(np.isin(rows.kind, kinds))
    if terms.roll_ups == "none" or not len(source):
        return rows.taken(source[:0])
    below = rows.taken(source)
    levels = 1 if terms.roll_ups == "manager" else None
    at, managers = where.managers(below.rep_id, days[source], levels)
    if not len(at):
        return rows.taken(source[:0])
    code, names = pd.factorize(managers, sort=True)
    deal = below.deal[at]
    order = np.lexsort((code, deal))
    deal, code, at = deal[order], code[order], at[order]
    starts = np.flatnonzero(np.r_[True, (deal[1:] != deal[:-1]) | (code[1:] != code[:-1])])
    return PersonRows(
        deal[starts],
        np.asarray(names, dtype=object)[code[starts]],
        np.full(len(starts), _ROLLUP),
        np.add.reduceat(below.share[at], starts),
        np.add.reduceat(below.cents[at], starts),
    )


def _split_rows(
    deals: pd.DataFrame, revenue: pd.DataFrame, cents: NDArray[np.int64], terms: CreditingTerms
) -> PersonRows:
    deal = revenue["deal"].to_numpy("int64")
    reps = revenue["rep_id"].to_numpy(dtype=object)
    share = revenue["share"].to_numpy("int64")
    names = pd.factorize(reps, sort=True)[0]
    if terms.remainder == "running_total":
        order = np.lexsort((names, deal))
        cut = running_shares
    else:
        others = reps != deals["owner_id"].to_numpy(dtype=object)[deal]
        order = np.lexsort((names, -share, others, deal))
        cut = first_rest_shares if terms.remainder == "owner" else shared_cents
    deal, share = deal[order], share[order]
    return PersonRows(deal, reps[order], np.full(len(deal), _SPLIT), share, cut(cents, share, deal))


def _overlay_rows(overlay: pd.DataFrame, cents: NDArray[np.int64]) -> PersonRows:
    deal = overlay["deal"].to_numpy("int64")
    share = overlay["share"].to_numpy("int64")
    whole = np.full(len(deal), WHOLE_SHARE)
    return PersonRows(
        deal,
        overlay["rep_id"].to_numpy(dtype=object),
        np.full(len(deal), _OVERLAY),
        share,
        product_cents(cents[deal], share, whole),
    )


def _refuse_twice(deals: pd.DataFrame, shares: pd.DataFrame) -> None:
    """No deal stands twice, and nobody has two shares of one kind in it."""
    twice = deals["opportunity_id"][deals["opportunity_id"].duplicated()]
    if len(twice):
        raise InputError(
            f"deal `{twice.iloc[0]}` is credited twice: it stands twice among the deals",
            where="opportunities",
        )
    again = shares[shares.duplicated(["deal", "rep_id", "kind"])]
    if len(again):
        row = again.iloc[0]
        raise InputError(
            f"deal `{deals['opportunity_id'].iloc[row['deal']]}` is credited twice: "
            f"`{row['rep_id']}` has two {row['kind']} shares of it",
            where="opportunity_splits",
        )


def _refuse_missed(deals: pd.DataFrame, revenue: pd.DataFrame, terms: CreditingTerms) -> None:
    """Revenue shares sum to 1, or miss it by no more than the tolerance."""
    sums = revenue.groupby("deal", sort=True)["share"].sum()
    allowed = int(terms.share_tolerance * WHOLE_SHARE)
    missed = sums[(sums - WHOLE_SHARE).abs() > allowed]
    if len(missed):
        deal = deals["opportunity_id"].iloc[missed.index[0]]
        more = f" (and {len(missed) - 1} more deals)" if len(missed) > 1 else ""
        found = f"{missed.iloc[0] / WHOLE_SHARE:.4%}"
        raise InputError(
            f"revenue shares of deal `{deal}` sum to {found}, not to 100 %{more}; "
            f"correct them, or allow more by `share_tolerance`",
            where="opportunity_splits",
        )
