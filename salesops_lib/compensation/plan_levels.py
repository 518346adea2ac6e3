"""Levels and rates of a plan: `80%` of something, or an amount.

People write a tier as ``from: 80%`` (of the quota) or ``from: 100000``, and a
payout as ``pays: 50%`` (of the target) or ``pays: 5000``. Both are exact.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_serializer, model_validator

from salesops_lib.compensation.exact import cents_of, exact_decimal
from salesops_lib.yamlfile import Strict

__all__ = ["Level", "PayMix", "Rate", "Times"]


class Level(Strict):
    """An amount, or a percentage of something.

    Parameters
    ----------
    number : Decimal
        The amount; for a percentage its share, 0.8 for 80 %.
    is_percent : bool
        Whether it was written with ``%``.

    Examples
    --------
    >>> str(Level.model_validate("80%")), str(Level.model_validate(100000))
    ('80%', '100000')
    """

    number: Decimal
    is_percent: bool = False

    @model_validator(mode="before")
    @classmethod
    def _parsed(cls, found: Any) -> Any:
        if isinstance(found, dict | Level):
            return found
        number = exact_decimal(found)
        is_percent = isinstance(found, str) and found.strip().endswith("%")
        if number < 0:
            raise ValueError(f"{found} must not be below zero")
        if not is_percent:
            cents_of(number)
        return {"number": number, "is_percent": is_percent}

    @model_serializer
    def _written(self) -> str:
        return str(self)

    @property
    def exact(self) -> Fraction:
        """Its number as an exact ratio."""
        return Fraction(self.number)

    @property
    def hundredths(self) -> Fraction:
        """An amount in hundredths of its unit, such as cents."""
        return Fraction(self.number) * 100

    def __str__(self) -> str:
        if self.is_percent:
            return f"{(self.number * 100).normalize():f}%"
        return f"{self.number:f}"


def _times(found: Any) -> Decimal:
    """Multiple such as 1.4, ``1.4x`` or ``140%``."""
    if isinstance(found, str):
        found = re.sub(r"\s*[x×]$", "", found.strip())
    return exact_decimal(found)


def _is_rate(rate: Decimal) -> Decimal:
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate of {rate} would pay {rate * 100:f} %; write 6% or 0.06")
    return rate


def _is_mix(found: Any) -> str:
    parts = re.fullmatch(r"([0-9.]+)\s*/\s*([0-9.]+)", str(found).strip())
    if not parts or sum(Decimal(part) for part in parts.groups()) != 100:
        raise ValueError(f"{found} must be base/variable that make 100, such as 60/40")
    return str(found)


Rate = Annotated[Decimal, BeforeValidator(exact_decimal), AfterValidator(_is_rate)]
"""Share of what was sold, from 0 to 1: ``6%`` or ``0.06``."""

Times = Annotated[Decimal, BeforeValidator(_times), Field(ge=0, le=1000)]
"""A multiple: ``1.4``, ``1.4x`` or ``140%``."""

PayMix = Annotated[str, BeforeValidator(_is_mix)]
"""Base and variable pay in percent: ``60/40``."""
