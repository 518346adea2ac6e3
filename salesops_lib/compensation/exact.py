"""Exact numbers of plan files: money, rates and shares as decimals.

A YAML reader hands over ``0.07`` as a float. Its shortest text is what was
written, as long as that has at most 15 digits, so the decimal is made from the
text, and a longer number is refused rather than bent.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

__all__ = ["Cents", "Exact", "Share", "cents_of", "exact_decimal"]

_MOST_DIGITS = 15
_MOST_CENTS = 10**15


def exact_decimal(value: Any) -> Decimal:
    """Decimal that was written, from what a reader made of it.

    Parameters
    ----------
    value : int, float, str or Decimal
        A number of a file; in quotes it is taken as it stands, with ``%`` as hundredths.

    Returns
    -------
    Decimal

    Raises
    ------
    ValueError
        It is no finite number, or an unquoted one with more than 15 digits.

    Examples
    --------
    >>> exact_decimal(0.07), exact_decimal("7 %"), exact_decimal("33.34")
    (Decimal('0.07'), Decimal('0.07'), Decimal('33.34'))
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number (written without thousands separators)")  # noqa: TRY004 (pydantic reads ValueError)
    text = repr(value) if isinstance(value, float) else str(value).strip()
    divisor = 100 if text.endswith("%") else 1
    try:
        number = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError(
            f"{value!r} must be a number (written without thousands separators)"
        ) from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    if isinstance(value, float) and len(number.as_tuple().digits) > _MOST_DIGITS:
        raise ValueError(f"{text} has more than {_MOST_DIGITS} digits: put it in quotes")
    return number / divisor


def cents_of(amount: Decimal) -> int:
    """Minor units of an amount of money, exactly.

    Parameters
    ----------
    amount : Decimal
        Money with at most two decimals.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        It has parts of a cent, or is beyond 10 trillion.

    Examples
    --------
    >>> cents_of(Decimal("416.67"))
    41667
    """
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} has parts of a cent")
    if abs(cents) > _MOST_CENTS:
        raise ValueError(f"{amount} is beyond what an amount can be")
    return int(cents)


def _is_money(amount: Decimal) -> Decimal:
    cents_of(amount)
    return amount


def _is_share(share: Decimal) -> Decimal:
    if not 0 <= share <= 1:
        raise ValueError(f"{share} must be a share from 0 to 1")
    return share


Exact = Annotated[Decimal, BeforeValidator(exact_decimal)]
"""Any exact number: a rate, a multiplier."""

Cents = Annotated[Exact, AfterValidator(_is_money)]
"""An amount of money, exact to the cent."""

Share = Annotated[Exact, AfterValidator(_is_share)]
"""A share from 0 to 1, also written as ``30%``."""
