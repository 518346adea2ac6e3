"""Numbers, money and dates as people read them, by locale.

All text that a reader sees goes through one `Formatter`, so that a page never
mixes two conventions. Babel supplies the locale data.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    get_currency_precision,
    is_currency,
)

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LANGUAGES", "MISSING", "Formatter", "Number", "Unit", "checked_currency"]

Number = float | Decimal
Unit = Literal["money", "share", "count", "days", "ratio", "money_per_day"]

LANGUAGES = {"en": "en_GB"}
"""Languages a report can be in, and the locale whose formats it uses."""

MISSING = "\N{EN DASH}"
"""What stands where there is no number; never confused with zero."""

_NBSP = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


def checked_currency(code: str) -> str:
    """Currency code, if it is one.

    Raises
    ------
    InputError
        It is no ISO 4217 code.

    Examples
    --------
    >>> checked_currency("EUR")
    'EUR'
    """
    if not is_currency(code):
        raise InputError(f"`{code}` is no currency code (ISO 4217, such as EUR)", found=code)
    return code


@dataclass(frozen=True)
class Formatter:
    """Formats of one report.

    Parameters
    ----------
    language : str
        A key of `LANGUAGES`.
    currency : str
        ISO 4217 code of the reporting currency.

    Examples
    --------
    >>> show = Formatter("en", "EUR")
    >>> show.money(12_600_000, compact=True)
    '€12.6M'
    >>> show.share(0.314), show.share(-0.012), show.ratio(2.6)
    ('31.4%', '−1.2%', '2.6×')
    >>> show.value(None, "money")
    '–'
    """

    language: str = "en"
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise InputError(
                f"no catalogue for language `{self.language}`",
                found=self.language,
                allowed=LANGUAGES,
            )
        checked_currency(self.currency)

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(LANGUAGES[self.language])

    def money(self, amount: Number, *, compact: bool = False, signed: bool = False) -> str:
        """Amount in the reporting currency, in full without cents, or compact (€12.6M)."""
        exact = Decimal(str(amount))
        if compact and abs(exact) >= 1000:
            # Three significant digits, rounded first so that 999,999 is 1M, not 1000K.
            text = format_compact_currency(
                Decimal(f"{exact:.3g}"), self.currency, locale=self._locale, fraction_digits=2
            )
        else:
            # Cents only where the whole amount is small enough for them to matter.
            digits = get_currency_precision(self.currency) if 0 < abs(exact) < 100 else 0
            text = format_currency(
                round(exact, digits),
                self.currency,
                locale=self._locale,
                format=_currency_pattern(self._locale, digits),
                currency_digits=False,
            )
        return _signed(text, amount, signed)

    def amount(self, number: Number | None) -> str:
        """Amount without its currency, for columns whose head names it; a dash where none."""
        if number is None or (isinstance(number, float) and math.isnan(number)):
            return MISSING
        exact = Decimal(str(number))
        return self.decimal(exact, 2 if 0 < abs(exact) < 100 else 0)

    def count(self, number: Number, *, signed: bool = False) -> str:
        """Whole number with thousands separators."""
        return self.decimal(number, 0, signed=signed)

    def decimal(self, number: Number, digits: int = 1, *, signed: bool = False) -> str:
        """Number with a fixed count of decimals."""
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        # Adding zero turns a rounded −0 into 0.
        exact = round(Decimal(str(number)), digits) + 0
        text = format_decimal(exact, format=pattern, locale=self._locale)
        return _signed(text, exact, signed)

    def share(self, number: Number, digits: int = 1, *, signed: bool = False) -> str:
        """Share of 1 as a percentage."""
        return self.decimal(Decimal(str(number)) * 100, digits, signed=signed) + "%"

    def points(self, number: Number, digits: int = 1) -> str:
        """Difference of two shares in percentage points, signed."""
        return self.decimal(Decimal(str(number)) * 100, digits, signed=True) + f"{_NBSP}pp"

    def days(self, number: Number, *, signed: bool = False) -> str:
        """Number of days."""
        whole = Decimal(str(number)).quantize(Decimal(1))
        unit = "day" if abs(whole) == 1 else "days"
        return f"{self.decimal(whole, 0, signed=signed)}{_NBSP}{unit}"

    def ratio(self, number: Number, *, signed: bool = False) -> str:
        """A multiple, such as pipeline coverage."""
        return self.decimal(number, 1, signed=signed) + "×"

    def value(
        self, number: Number | None, unit: Unit, *, compact: bool = False, signed: bool = False
    ) -> str:
        """Number in its unit; a dash where there is none.

        Parameters
        ----------
        number : int, float, Decimal or None
            None and NaN show as a dash.
        unit : str
            ``money``, ``share``, ``count``, ``days``, ``ratio`` or ``money_per_day``.
        compact, signed : bool
            Short money (€12.6M); a sign also for positive numbers.

        Returns
        -------
        str
        """
        if number is None or (isinstance(number, float) and math.isnan(number)):
            return MISSING
        match unit:
            case "money":
                return self.money(number, compact=compact, signed=signed)
            case "money_per_day":
                return f"{self.money(number, compact=compact, signed=signed)} a day"
            case "share":
                return self.points(number) if signed else self.share(number)
            case "days":
                return self.days(number, signed=signed)
            case "ratio":
                return self.ratio(number, signed=signed)
            case "count":
                return self.count(number, signed=signed)

    def interval(
        self, low: Number | None, high: Number | None, unit: Unit, *, rough: bool = False
    ) -> str:
        """Interval from low to high, rough without decimals; empty where there is none."""
        if low is None or high is None or math.isnan(low) or math.isnan(high):
            return ""
        if rough and unit == "share":
            return f"{self.share(low, 0)} to {self.share(high, 0)}"
        if unit == "days":
            return f"{self.decimal(low, 0)} to {self.days(high)}"
        return f"{self.value(low, unit, compact=True)} to {self.value(high, unit, compact=True)}"

    def date(self, day: dt.date, *, short: bool = False) -> str:
        """Day, such as 30 September 2026."""
        return format_date(day, "d MMM y" if short else "d MMMM y", locale=self._locale)

    def day_month(self, day: dt.date) -> str:
        """Day without its year, such as 1 May."""
        return format_date(day, "d MMM", locale=self._locale)

    def span(self, start: dt.date, end: dt.date) -> str:
        """First and last day, such as 1 July to 30 September 2026."""
        pattern = "d MMMM" if start.year == end.year else "d MMMM y"
        return f"{format_date(start, pattern, locale=self._locale)} to {self.date(end)}"

    def listed(self, words: Sequence[str]) -> str:
        """Words as a list in a sentence: A, B and C."""
        return format_list(list(words), locale=self._locale)


def _currency_pattern(locale: Locale, digits: int) -> str:
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern.replace(".00", "." + "0" * digits if digits else "")


def _signed(text: str, number: Number, signed: bool) -> str:
    text = text.replace("-", _MINUS)
    return f"+{text}" if signed and number > 0 else text
