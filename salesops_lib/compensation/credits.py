"""Credits: who is credited for which deal with how much, from the canonical tables."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.compensation.credited_deals import (
    ATTRIBUTES,
    WHOLE_SHARE,
    deal_shares,
    won_deals,
)
from salesops_lib.compensation.credited_people import KINDS, PersonRows, direct_rows, rolled_up
from salesops_lib.compensation.hierarchy import Hierarchy, hierarchy
from salesops_lib.compensation.withheld_reasons import WITHHELD, leave_reason
from salesops_lib.data.view import View
from salesops_lib.errors import InputError
from salesops_lib.period import Period

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.compensation.crediting_terms import CreditingTerms
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["COLUMNS", "Credits", "deal_credits"]

_PLACE = ("team", "region", "role")
COLUMNS = (
    "credit_id",
    "opportunity_id",
    "rep_id",
    "credited_on",
    "period",
    "kind",
    "share",
    "amount_cents",
    "currency",
    "reason",
    *_PLACE,
    *ATTRIBUTES,
)
"""Columns of `Credits.frame`."""

_REASONS = {
    "owner": "owns the deal",
    "split": "revenue share of the deal",
    "overlay": "overlay share of the deal",
    "rollup": "leads those who are credited",
}


@dataclass(frozen=True)
class Credits:
    """Credits of some periods.

    Parameters
    ----------
    frame : DataFrame
        One row a deal, person and kind, by day and deal: `credit_id` (unique),
        `opportunity_id`, `rep_id`, `credited_on` (datetime64), `period` (label), `kind`
        (owner, split, overlay, rollup, adjustment), `share` (Decimal, of the deal; for a
        rollup the sum of the shares below), `amount_cents` (int64), `currency`,
        `reason`, the person's `team`, `region` and `role` on the day that the terms
        name, and the deal's `ATTRIBUTES`. Texts that repeat are categories (all but the
        ids of credit, deal and person).
    withheld : DataFrame
        The same columns: what gives no credit, with the reason why.
    currency : str
        Currency of all amounts.
    periods : tuple of Period
        Periods that the credits are of.
    """

    frame: pd.DataFrame
    withheld: pd.DataFrame
    currency: str
    periods: tuple[Period, ...]

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Credit of each person: `rep_id`, `period`, `kind`, `credits` (n), `amount_cents`."""
        keys = ["rep_id", "period", "kind"]
        groups = self.frame.groupby(keys, sort=True, observed=True)["amount_cents"]
        return groups.agg(credits="size", amount_cents="sum").reset_index()


def deal_credits(
    source: Snapshot | View,
    terms: CreditingTerms,
    period: Period | Sequence[Period],
    *,
    currency: str | None = None,
    pay_day: dt.date | None = None,
) -> Credits:
    """Credits of all won deals of one period or several.

    A deal is credited on its close date to its owner, or to those who share it;
    overlays have theirs on top, and managers what the people below them are credited
    for. Revenue shares of a deal sum to its amount to the cent.

    Parameters
    ----------
    source : Snapshot or View
        The data. Of a view, the credits of its scope only, in its currency.
    terms : CreditingTerms
        The plan's rules.
    period : Period or sequence of Period
        What to credit; several must not overlap.
    currency : str, optional
        Currency of the plan. Default: the view's, or EUR.
    pay_day : date, optional
        Needed where amounts count at the rate of the day of payment.

    Returns
    -------
    Credits
        Deals without an amount, close date or person to credit are in `withheld`, and
        so is what the terms set aside. What a leaver, or somebody on leave, is not
        credited for still rolls up: the team has closed it.

    Raises
    ------
    InputError
        Revenue shares of a deal miss 1, a deal would be credited twice, a rate is
        missing, people lead each other in a circle, or periods overlap.
    """
    snapshot = source.snapshot.whole if isinstance(source, View) else source
    chosen = currency or (source.currency.reporting if isinstance(source, View) else "EUR")
    periods = _ordered(period)
    deals = won_deals(snapshot, terms, periods[0].start, periods[-1].end, chosen, pay_day)
    deals = deals[deals["close_date"].isna() | (_period_at(deals, periods) >= 0)]
    deals = deals.reset_index(drop=True)
    frame = _Frame(deals, periods, chosen, terms, hierarchy(snapshot))
    shares = deal_shares(snapshot, deals)
    why_not = _reasons_of_deals(deals, shares, terms)
    is_counted = why_not == ""
    direct = direct_rows(deals, shares[is_counted[shares["deal"].to_numpy("int64")]], terms)
    direct = direct.taken(is_counted[direct.deal])
    rows = PersonRows.joined([direct, rolled_up(direct, frame.days(direct), frame.where, terms)])
    why = _reasons_of_people(snapshot, rows, frame.credited_on(rows), terms)
    lost = np.flatnonzero(~is_counted)
    unpaid = PersonRows(
        lost,
        deals["owner_id"].to_numpy(dtype=object)[lost],
        np.zeros(len(lost), dtype="int64"),
        np.full(len(lost), WHOLE_SHARE),
        deals["amount_cents"].to_numpy("int64")[lost],
    )
    told = np.array([_REASONS.get(kind, "") for kind in KINDS], dtype=object)[rows.kind]
    paid = why == ""
    withheld = PersonRows.joined([rows.taken(~paid), unpaid])
    reasons = np.concatenate([why[~paid], why_not[lost]])
    return Credits(
        _of_scope(frame.made(rows.taken(paid), told[paid]), source),
        _of_scope(frame.made(withheld, reasons), source),
        chosen,
        periods,
    )


@dataclass(frozen=True, eq=False)
class _Frame:
    """What turns rows of people into a frame of credits."""

    deals: pd.DataFrame
    periods: tuple[Period, ...]
    currency: str
    terms: CreditingTerms
    where: Hierarchy

    def credited_on(self, rows: PersonRows) -> NDArray[Any]:
        closed = self.deals["close_date"].to_numpy("datetime64[D]")
        return np.asarray(closed[rows.deal])

    def days(self, rows: PersonRows) -> NDArray[Any]:
        """Day of each row whose place in the organisation counts."""
        if self.terms.transfers == "deal_date":
            return self.credited_on(rows)
        ends = np.array([period.end for period in self.periods], dtype="datetime64[D]")
        return np.asarray(ends[_period_at(self.deals, self.periods)[rows.deal]])

    def made(self, rows: PersonRows, reason: NDArray[Any]) -> pd.DataFrame:
        names = pd.factorize(rows.rep_id, sort=True)[0]
        order = np.lexsort((names, rows.kind, rows.deal))
        rows, reason = rows.taken(order), reason[order]
        deals = self.deals
        columns: dict[str, Any] = {
            "opportunity_id": deals["opportunity_id"].to_numpy(dtype=object)[rows.deal],
            "rep_id": rows.rep_id,
            "credited_on": deals["close_date"].to_numpy("datetime64[ns]")[rows.deal],
            "period": pd.Categorical.from_codes(
                _period_at(deals, self.periods)[rows.deal],
                categories=pd.Index([period.label for period in self.periods]),
            ),
            "kind": pd.Categorical.from_codes(rows.kind, categories=pd.Index(KINDS)),
            "share": _decimal_shares(rows.share),
            "amount_cents": rows.cents,
            "currency": pd.Categorical.from_codes(
                np.zeros(len(order), "int8"), pd.Index([self.currency])
            ),
            "reason": pd.Categorical(reason),
        }
        columns["credit_id"] = _credit_ids(columns, rows.kind)
        # Credit without a close date has no day, and so nobody a place.
        days = self.days(rows)
        dated = np.flatnonzero(~np.isnat(days))
        located = self.where.located(rows.rep_id[dated], days[dated])
        for name in _PLACE:
            codes = np.full(len(order), -1, dtype="int64")
            codes[dated] = located[name].cat.codes
            columns[name] = pd.Categorical.from_codes(codes, located[name].cat.categories)
        for name in ATTRIBUTES:
            codes, values = pd.factorize(deals[name], sort=True)
            columns[name] = pd.Categorical.from_codes(
                codes[rows.deal], pd.Index(values, dtype=object)
            )
        return pd.DataFrame(columns, columns=list(COLUMNS), copy=False)


def _ordered(period: Period | Sequence[Period]) -> tuple[Period, ...]:
    periods = tuple(sorted([period] if isinstance(period, Period) else period))
    if not periods:
        raise InputError("no period to credit")
    for one, other in itertools.pairwise(periods):
        if other.start <= one.end:
            raise InputError(
                f"the periods {one} and {other} overlap: deals of both would be credited twice"
            )
    return periods


def _period_at(deals: pd.DataFrame, periods: tuple[Period, ...]) -> NDArray[np.int64]:
    """Place of each deal's period; -1 where it is in none."""
    closed = deals["close_date"].to_numpy("datetime64[D]")
    starts, ends = (
        np.array([getattr(period, side) for period in periods], dtype="datetime64[D]")
        for side in ("start", "end")
    )
    at = np.searchsorted(starts, closed, side="right") - 1
    # A missing date sorts after all others, and is within none.
    return np.where((at >= 0) & (closed <= ends[at]), at, -1)


def _reasons_of_deals(
    deals: pd.DataFrame, shares: pd.DataFrame, terms: CreditingTerms
) -> NDArray[Any]:
    """Why a whole deal gives no credit; empty where it does."""
    has_people = deals["owner_id"].notna().to_numpy()
    if terms.splits == "shared":
        revenue = shares.loc[shares["kind"] == "revenue", "deal"].to_numpy("int64")
        has_people[revenue] = True
    cases = {
        WITHHELD["amount"]: ~deals["has_amount"].to_numpy(),
        WITHHELD["close_date"]: deals["close_date"].isna().to_numpy(),
        WITHHELD["owner"]: ~has_people,
    }
    if terms.negative_deals == "withheld":
        cases[WITHHELD["negative"]] = deals["amount_cents"].to_numpy() < 0
    return _first_reason(cases, len(deals))


def _reasons_of_people(
    snapshot: Snapshot, rows: PersonRows, days: NDArray[Any], terms: CreditingTerms
) -> NDArray[Any]:
    """Why a person is not credited for a deal that counts; empty where they are."""
    cases: dict[str, NDArray[np.bool_]] = {}
    if terms.after_leaving == "withheld":
        people = snapshot.table("reps").select("rep_id", "leave_date").to_pyarrow().to_pydict()
        gone = {
            rep: day
            for rep, day in zip(people["rep_id"], people["leave_date"], strict=True)
            if day is not None
        }
        code, names = pd.factorize(rows.rep_id)
        last = np.array([gone.get(rep, dt.date.max) for rep in names], dtype="datetime64[D]")
        cases[WITHHELD["left"]] = days > last[code]
    for leave in terms.leaves:
        if leave.credits == "withheld":
            key = leave_reason(leave.first_day, leave.last_day)
            away = (rows.rep_id == leave.rep_id) & (days >= np.datetime64(leave.first_day, "D"))
            away &= days <= np.datetime64(leave.last_day, "D")
            cases[key] = cases.get(key, False) | away
    return _first_reason(cases, len(days))


def _first_reason(cases: dict[str, NDArray[np.bool_]], length: int) -> NDArray[Any]:
    found = np.full(length, "", dtype=object)
    for reason, holds in cases.items():
        found[(found == "") & holds] = reason
    return found


def _decimal_shares(parts: NDArray[np.int64]) -> NDArray[Any]:
    code, values = pd.factorize(parts)
    shares = [(Decimal(int(value)) / WHOLE_SHARE).normalize() for value in values]
    return np.array([*shares, None], dtype=object)[code]


def _credit_ids(columns: dict[str, Any], kind: NDArray[np.int64]) -> NDArray[Any]:
    """Deal, kind and person in one text; slashes inside ids are doubled."""
    deal, rep = (
        pc.replace_substring(pc.fill_null(pa.array(columns[name], pa.string()), ""), "/", "//")
        for name in ("opportunity_id", "rep_id")
    )
    kinds = pa.array(KINDS, pa.string()).take(pa.array(kind))
    made = pc.binary_join_element_wise(deal, kinds, rep, "/")
    ids: NDArray[Any] = made.to_numpy(zero_copy_only=False)
    return ids


def _of_scope(frame: pd.DataFrame, source: Snapshot | View) -> pd.DataFrame:
    if not isinstance(source, View) or source.scope.kind == "company":
        return frame
    column = "rep_id" if source.scope.kind == "rep" else source.scope.kind
    return frame[frame[column] == source.scope.key].reset_index(drop=True)
