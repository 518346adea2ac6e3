"""Clawbacks: what a lost deal had paid is taken back, leg by leg, to the cent."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.balances import checked_cents, period_order
from salesops_lib.compensation.ratios import whole_cents
from salesops_lib.errors import InputError
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.payment_terms import ClawbackTerms
    from salesops_lib.compensation.trace import Earnings

__all__ = ["COLUMNS", "LEG_KEY", "clawbacks", "paid_legs", "unserved_share"]

LEG_KEY = ("rep_id", "component", "leg", "credit_id", "opportunity_id", "period")
"""What tells a leg of a payout: its place in the trace of its period among them."""

COLUMNS = (*LEG_KEY, "booked_in", "kind", "lost_share", "payout_cents", "reason")
"""Columns of the lines that `clawbacks` returns."""

_LOST = ("opportunity_id", "lost_on", "share_num", "share_den")


def paid_legs(earnings: Sequence[Earnings]) -> pd.DataFrame:
    """Legs of several pay runs, each with the period that it was paid for.

    Parameters
    ----------
    earnings : sequence of Earnings
        What the engine returned, each period once.

    Returns
    -------
    DataFrame
        Columns of the legs, `period` and `leg` (place in the period's trace).

    Raises
    ------
    InputError
        A plan stands twice for one period.
    """
    seen: set[tuple[str, str]] = set()
    parts = []
    for found in earnings:
        key = (found.plan_id, found.period)
        if key in seen:
            raise InputError(f"`{found.plan_id}` is paid twice for {found.period}")
        seen.add(key)
        legs = found.legs.reset_index(drop=True)
        parts.append(legs.assign(period=found.period, leg=np.arange(len(legs))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def unserved_share(begins: dt.date, ends: dt.date, cancelled: dt.date) -> Fraction:
    """Share of a contract's term that is not served, by whole months where it has such.

    Parameters
    ----------
    begins, ends : date
        First and last day of the term.
    cancelled : date
        Last day that is served.

    Returns
    -------
    Fraction
        From 0 to 1. By months where the term and what was served of it are whole
        months; else by days.

    Raises
    ------
    InputError
        The term ends before it begins.

    Examples
    --------
    >>> unserved_share(dt.date(2026, 1, 1), dt.date(2026, 12, 31), dt.date(2026, 6, 30))
    Fraction(1, 2)
    """
    if ends < begins:
        raise InputError(f"the contract's term ends on {ends}, before {begins}")
    if cancelled < begins:
        return Fraction(1)
    if cancelled >= ends:
        return Fraction(0)
    term, served = _months(begins, ends), _months(begins, cancelled)
    if term and served:
        return 1 - Fraction(served, term)
    return 1 - Fraction((cancelled - begins).days + 1, (ends - begins).days + 1)


def clawbacks(
    legs: pd.DataFrame,
    lost: pd.DataFrame,
    terms: ClawbackTerms,
    booked_in: str,
    *,
    earlier: pd.DataFrame | None = None,
    rates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lines that take back what lost deals had paid.

    Leg by leg, what is clawed back in all is round(payout × share of the deal lost by
    then), and each line is that less what earlier clawbacks took. So parts that add up
    to the whole deal return exactly what was paid.

    Parameters
    ----------
    legs : DataFrame
        What was paid: `LEG_KEY`, `payout_cents` and `credited_on` (of the credit; needed
        where the terms set a limit of days). Rows of other deals are left alone. For
        the current rate also `base_cents`.
    lost : DataFrame
        One row a deal: `opportunity_id`, `lost_on` (date), and `share_num` ÷ `share_den`
        (share of the deal that is lost in all by now: 1 ÷ 1 for all of it). For the
        portion ``unserved`` also `begins`, `ends` of the contract's term; `lost_on` is
        the last day served.
    terms : ClawbackTerms
        The plan's rules.
    booked_in : str
        Open period that the lines are booked in.
    earlier : DataFrame, optional
        Clawbacks booked before, as returned here.
    rates : DataFrame, optional
        For the current rate: `component`, `rate_num`, `rate_den` of today.

    Returns
    -------
    DataFrame
        One line a leg, `COLUMNS`: `payout_cents` is negative where pay is taken back;
        `lost_share` (Fraction); 0 with its reason where the limit of days has passed.

    Raises
    ------
    InputError
        A lost deal was never paid, stands twice, or has no share from 0 to 1; a leg was
        not paid in an earlier period than `booked_in`; a column or rate is missing.
    """
    _check(legs, lost, terms, booked_in)
    by_deal = {row.opportunity_id: row for row in rows_of(lost)}
    taken = _taken(earlier)
    current = _rates(rates) if terms.rate == "current" else {}
    lines = []
    for leg in rows_of(legs[legs["opportunity_id"].isin(by_deal)]):
        deal = by_deal[leg.opportunity_id]
        share = _lost_share(deal, terms)
        key = tuple(getattr(leg, name) for name in LEG_KEY)
        line = dict(zip(LEG_KEY, key, strict=True))
        line |= {"booked_in": booked_in, "kind": "clawback", "lost_share": share}
        if _is_too_late(leg, deal, terms):
            cents, reason = 0, f"lost more than {terms.within_days} days after the credit"
        else:
            amount = _now_worth(leg, current) if terms.rate == "current" else leg.payout_cents
            cents = -_rounded(Fraction(amount) * share) - taken.get(key, 0)
            reason = f"{share} of the deal is lost"
        lines.append({**line, "payout_cents": cents, "reason": reason})
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    return frame.astype({"payout_cents": "int64"})


def _months(first: dt.date, last: dt.date) -> int:
    """Whole months between two days, both inside; 0 where they are not whole."""
    after = last + dt.timedelta(days=1)
    months = (after.year - first.year) * 12 + after.month - first.month
    return months if after.day == first.day else 0


def _check(legs: pd.DataFrame, lost: pd.DataFrame, terms: ClawbackTerms, booked_in: str) -> None:
    needs = [*LEG_KEY, "payout_cents"]
    needs += ["credited_on"] if terms.within_days is not None else []
    needs += ["base_cents"] if terms.rate == "current" else []
    terms_of = ["begins", "ends"] if terms.portion == "unserved" else []
    for frame, names, where in ((legs, needs, "legs"), (lost, [*_LOST, *terms_of], "lost deals")):
        missing = [name for name in names if name not in frame]
        if missing:
            raise InputError(f"the column `{missing[0]}` is missing", where=where)
    checked_cents(legs, "payout_cents", "legs")
    twice = lost["opportunity_id"][lost["opportunity_id"].duplicated()]
    if len(twice):
        raise InputError(f"deal `{twice.iloc[0]}` is lost twice", where="lost deals")
    if legs.duplicated(list(LEG_KEY)).any():
        raise InputError("a leg stands twice: it would be clawed back twice", where="legs")
    paid = legs[legs["opportunity_id"].isin(lost["opportunity_id"])]
    never = set(lost["opportunity_id"]) - set(paid["opportunity_id"])
    if never:
        raise InputError(f"deal `{min(never)}` is lost, but was never paid for", where="lost deals")
    for period in set(paid["period"]):
        if period_order(period) >= period_order(booked_in):
            raise InputError(
                f"a clawback of what {period} paid must be booked later, not in {booked_in}"
            )


def _lost_share(deal: Any, terms: ClawbackTerms) -> Fraction:
    share = Fraction(int(deal.share_num), int(deal.share_den)) if deal.share_den else Fraction(-1)
    if not 0 <= share <= 1:
        raise InputError(
            f"the lost share of deal `{deal.opportunity_id}` must be from 0 to 1",
            where="lost deals",
        )
    if terms.portion == "unserved":
        share *= unserved_share(*(_day(getattr(deal, n)) for n in ("begins", "ends", "lost_on")))
    return share


def _is_too_late(leg: Any, deal: Any, terms: ClawbackTerms) -> bool:
    if terms.within_days is None:
        return False
    return (_day(deal.lost_on) - _day(leg.credited_on)).days > terms.within_days


def _day(value: Any) -> dt.date:
    day: dt.date = value.date() if isinstance(value, dt.datetime) else value
    return day


def _now_worth(leg: Any, rates: dict[Any, Fraction]) -> Fraction:
    if leg.component not in rates:
        raise InputError(
            f"the current rate of `{leg.component}` is missing",
            where="rates",
            found=str(leg.component),
            allowed=[str(name) for name in rates],
        )
    return int(leg.base_cents) * rates[leg.component]


def _rates(rates: pd.DataFrame | None) -> dict[Any, Fraction]:
    if rates is None:
        raise InputError("`rate: current` needs the rates of today", where="clawback")
    return {row.component: Fraction(int(row.rate_num), int(row.rate_den)) for row in rows_of(rates)}


def _taken(earlier: pd.DataFrame | None) -> dict[Any, int]:
    """Cents that earlier clawbacks booked, by leg; negative where they took back."""
    taken: dict[Any, int] = {}
    if earlier is not None:
        checked_cents(earlier, "payout_cents", "earlier clawbacks")
        for row in rows_of(earlier):
            key = tuple(getattr(row, name) for name in LEG_KEY)
            taken[key] = taken.get(key, 0) + int(row.payout_cents)
    return taken


def _rounded(cents: Fraction) -> int:
    """Nearest whole cent, a half away from zero."""
    whole, rest = divmod(cents.numerator, cents.denominator)
    return int(whole_cents(whole, rest, cents.denominator, "half_up"))
