"""Margin and markup: two shares of the same profit that are often taken for each other."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from salesops_lib.errors import InputError

__all__ = ["profit_share"]


def profit_share(
    cost_cents: int, price_cents: int, basis: Literal["margin", "markup"] = "margin"
) -> Fraction:
    """Profit of a sale as a share of its price, or of its cost.

    Parameters
    ----------
    cost_cents, price_cents : int
        What it costs and what it is sold for.
    basis : str
        ``margin``: profit ÷ price. ``markup``: profit ÷ cost.

    Returns
    -------
    Fraction

    Raises
    ------
    InputError
        The price (or the cost) is not positive, so there is no such share.

    Examples
    --------
    >>> profit_share(10_000, 15_000), profit_share(10_000, 15_000, "markup")
    (Fraction(1, 3), Fraction(1, 2))
    """
    base = price_cents if basis == "margin" else cost_cents
    if base <= 0:
        word = "price" if basis == "margin" else "cost"
        raise InputError(f"there is no {basis} of a sale whose {word} is not positive")
    return Fraction(price_cents - cost_cents, base)
