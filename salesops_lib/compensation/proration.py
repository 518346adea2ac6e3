"""Quotas and targets for part of a period: by days, by ramp, spread over a year."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING

from salesops_lib.compensation.shares import largest_remainder
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal

    from salesops_lib.compensation.crediting_terms import CreditingTerms, Leave, ProrationTerms

__all__ = [
    "day_factor",
    "prorated_cents",
    "quota_factor",
    "ramp_factor",
    "spread_cents",
    "spread_within",
]

_SATURDAY = 5
_LAST_COUNTED = 30

_Span = tuple[dt.date, dt.date]


def day_factor(
    first: dt.date,
    last: dt.date,
    period: _Span,
    terms: ProrationTerms,
    is_working_day: Callable[[dt.date], bool] | None = None,
) -> Fraction:
    """Share of a period that lies between two days.

    Parameters
    ----------
    first, last : date
        First and last day that the person has the quota or target.
    period : tuple of date
        First and last day of the period, both inside.
    terms : ProrationTerms
        How days are counted. Whether the first or last day counts matters only where it
        lies within the period and cuts it.
    is_working_day : callable, optional
        Says whether a day is worked. Default: Monday to Friday.

    Returns
    -------
    Fraction
        From 0 to 1, exact, or rounded to the digits of the terms.

    Raises
    ------
    InputError
        The period has no day that counts.

    Examples
    --------
    >>> from salesops_lib.compensation.crediting_terms import ProrationTerms
    >>> year = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    >>> day_factor(dt.date(2026, 6, 1), dt.date(2026, 12, 31), year, ProrationTerms())
    Fraction(214, 365)
    """
    start, end = period
    opens = max(first + _days(not terms.first_day_counts and first > start), start)
    closes = min(last - _days(not terms.last_day_counts and last < end), end)
    whole = _counted(start, end, terms, is_working_day)
    if whole == 0:
        raise InputError(f"from {start} to {end} no day counts by `{terms.day_count}`")
    part = _counted(opens, closes, terms, is_working_day) if opens <= closes else 0
    factor = Fraction(part, whole)
    return factor if terms.digits is None else _rounded(factor, terms.digits)


def quota_factor(
    first: dt.date,
    last: dt.date,
    period: _Span,
    terms: CreditingTerms,
    *,
    rep_id: str = "",
    of: str = "quota",
    is_working_day: Callable[[dt.date], bool] | None = None,
) -> Fraction:
    """Share of a period's quota or target that a person has, less leaves.

    Parameters
    ----------
    first, last : date
        Days between which the person has it: from hire, transfer or the period's start,
        to leaving, transfer or its end.
    period : tuple of date
        First and last day of the period.
    terms : CreditingTerms
        Proration and leaves.
    rep_id : str
        Whose leaves are taken off.
    of : str
        ``quota`` or ``target``: which of the two the leaves may reduce.
    is_working_day : callable, optional
        As for `day_factor`.

    Returns
    -------
    Fraction
    """
    exact = terms.proration.model_copy(
        update={"digits": None, "first_day_counts": True, "last_day_counts": True}
    )
    begins = first + _days(not terms.proration.first_day_counts and first > period[0])
    ends = last - _days(not terms.proration.last_day_counts and last < period[1])
    factor = day_factor(begins, ends, period, exact, is_working_day)
    for leave in terms.leaves:
        if leave.rep_id == rep_id and _reduces(leave, of):
            away = (max(begins, leave.first_day), min(ends, leave.last_day))
            if away[0] <= away[1]:
                factor -= day_factor(*away, period, exact, is_working_day)
    digits = terms.proration.digits
    return factor if digits is None else _rounded(factor, digits)


def ramp_factor(hire: dt.date, month: dt.date, ramp: Sequence[Decimal]) -> Fraction:
    """Share of a full quota in a month, by the months since hire.

    Parameters
    ----------
    hire : date
        First day of work; its month is the first of the ramp.
    month : date
        Any day of the month.
    ramp : sequence of Decimal
        Share of each month; full after the last.

    Returns
    -------
    Fraction
        0 before the month of hire.

    Examples
    --------
    >>> from decimal import Decimal
    >>> ramp_factor(dt.date(2026, 3, 16), dt.date(2026, 4, 1), [Decimal("0.3"), Decimal("0.7")])
    Fraction(7, 10)
    """
    at = (month.year - hire.year) * 12 + month.month - hire.month
    if at < 0:
        return Fraction(0)
    return Fraction(ramp[at]) if at < len(ramp) else Fraction(1)


def prorated_cents(amount_cents: int, factor: Fraction) -> int:
    """Amount times a factor, to the cent, an exact half away from zero.

    Examples
    --------
    >>> prorated_cents(80000000, Fraction(214, 365))
    46904110
    """
    magnitude = 2 * abs(amount_cents) * factor.numerator + factor.denominator
    cents = magnitude // (2 * factor.denominator)
    return -cents if amount_cents < 0 else cents


def spread_cents(amount_cents: int, spans: Sequence[_Span], *, by: str = "even") -> list[int]:
    """Annual amount spread over periods; the parts sum to it.

    Parameters
    ----------
    amount_cents : int
        Amount of all periods together.
    spans : sequence of tuple of date
        First and last day of each period.
    by : str
        ``even``: each the same. ``days``: by its days.

    Returns
    -------
    list of int
        Cents left over by rounding go where most was cut off; of equals to the earlier.

    Examples
    --------
    >>> quarters = [(dt.date(2026, month, 1), dt.date(2026, month + 2, 28)) for month in (1, 4)]
    >>> spread_cents(100001, quarters)
    [50001, 50000]
    """
    weights = [1 if by == "even" else (last - first).days + 1 for first, last in spans]
    return largest_remainder(amount_cents, weights)


def spread_within(
    amounts_cents: Iterable[int], groups: Iterable[Sequence[_Span]], *, by: str = "days"
) -> list[int]:
    """Amounts of longer periods, each spread over the shorter ones inside it.

    Parameters
    ----------
    amounts_cents : iterable of int
        Amount of each longer period, such as a quarter.
    groups : iterable of sequence of tuple of date
        The shorter periods of each.
    by : str
        As for `spread_cents`.

    Returns
    -------
    list of int
        Parts of all, in order; those of each longer period sum to its amount.
    """
    parts = zip(amounts_cents, groups, strict=True)
    return [cents for amount, spans in parts for cents in spread_cents(amount, spans, by=by)]


def _days(one: bool) -> dt.timedelta:
    return dt.timedelta(days=int(one))


def _reduces(leave: Leave, of: str) -> bool:
    return leave.reduces_quota if of == "quota" else leave.reduces_target


def _rounded(factor: Fraction, digits: int) -> Fraction:
    scale = 10**digits
    return Fraction(
        (2 * factor.numerator * scale + factor.denominator) // (2 * factor.denominator), scale
    )


def _counted(
    first: dt.date,
    last: dt.date,
    terms: ProrationTerms,
    is_working_day: Callable[[dt.date], bool] | None,
) -> int:
    """Days (or months) between two days, both inside, as the terms count them."""
    match terms.day_count:
        case "actual":
            return (last - first).days + 1
        case "working":
            worked = is_working_day or _is_weekday
            days = (last - first).days + 1
            return sum(worked(first + dt.timedelta(days=at)) for at in range(days))
        case "30/360":
            # The day after the last, so that a month has 30 days whatever its length.
            return _days_360(last + dt.timedelta(days=1)) - _days_360(first)
        case "months":
            return _month_firsts(last) - _month_firsts(first - dt.timedelta(days=1))


def _is_weekday(day: dt.date) -> bool:
    return day.weekday() < _SATURDAY


def _days_360(day: dt.date) -> int:
    return 360 * day.year + 30 * day.month + min(day.day, _LAST_COUNTED)


def _month_firsts(day: dt.date) -> int:
    """Number of first days of a month up to a day."""
    return 12 * day.year + day.month
