"""Words, numbers, money and dates as people read them, by language and locale.

All text that a reader sees goes through one `Formatter`, so that a page never
mixes two conventions. Babel supplies the locale data, a catalogue the words.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    get_currency_precision,
    is_currency,
)

from salesops_lib.errors import InputError
from salesops_lib.languages import SOURCE, catalogue, checked_language, locale_name
from salesops_lib.period import label_parts

if TYPE_CHECKING:
    import gettext
    from collections.abc import Iterable, Sequence

__all__ = ["MISSING", "Formatter", "Number", "Unit", "checked_currency"]

Number = float | Decimal
Unit = Literal["money", "share", "count", "days", "ratio", "money_per_day"]

MISSING = "\N{EN DASH}"
"""What stands where there is no number; never confused with zero."""

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
    """Words and formats of one report.

    It travels with the view and the results, so that reports in two languages
    can be made side by side.

    Parameters
    ----------
    language : str
        One of `languages.languages`.
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
    >>> show.say("{scope} booked {amount}", scope="EMEA", amount=show.money(2_500, compact=True))
    'EMEA booked €2.5K'
    >>> show.counted(1, "{count} deal is open", "{count} deals are open")
    '1 deal is open'
    """

    language: str = "en"
    currency: str = "EUR"

    def __post_init__(self) -> None:
        checked_language(self.language)
        checked_currency(self.currency)

    @cached_property
    def _locale(self) -> Locale:
        name = locale_name(self.language)
        try:
            return Locale.parse(name.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            raise InputError(
                f"the catalogue of language `{self.language}` names an unknown locale: {name}"
            ) from None

    @cached_property
    def _words(self) -> gettext.NullTranslations:
        return catalogue(self.language)

    def say(self, text: str, /, **values: str) -> str:
        """Text in the language of the report.

        Parameters
        ----------
        text : str
            A whole sentence or label in English, as it stands in the code, with
            named placeholders. `languages.extraction` finds it there.
        **values : str
            What stands for the placeholders, already formatted. Text from data is
            safe here: a brace in it stays a brace.

        Returns
        -------
        str
            In English where the catalogue lacks it.
        """
        said = text if self.language == SOURCE or not text else self._words.gettext(text)
        return said.format(**values) if values else said

    def counted(self, count: Number, one: str, many: str, /, **values: str) -> str:
        """Text with a number of things, in the plural form that the language has for it.

        Parameters
        ----------
        count : int
            How many; it stands for the placeholder ``{count}``.
        one, many : str
            The English text for one thing, and for any other number.
        **values : str
            As for `say`.

        Returns
        -------
        str
        """
        said = one if count == 1 else many
        if self.language != SOURCE:
            said = self._words.ngettext(one, many, int(count))
        return said.format(count=self.count(count), **values)

    def money(self, amount: Number, *, compact: bool = False, signed: bool = False) -> str:
        """Amount in the reporting currency, in full without cents, or compact (€12.6M)."""
        exact = Decimal(str(amount))
        if compact and abs(exact) >= 1000:
            # Three significant digits, rounded first so that 999,999 is 1M, not 1000K.
            text = _compact_text(Decimal(f"{exact:.3g}"), self.currency, self._locale)
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

    def amount(self, number: Number | None, digits: int | None = None) -> str:
        """Amount without its currency, for columns whose head names it; a dash where none.

        `digits` are those of the column, as `cents` gives them. Default: cents
        where the amount is below 100.
        """
        if number is None or (isinstance(number, float) and math.isnan(number)):
            return MISSING
        exact = Decimal(str(number))
        return self.decimal(exact, self.cents([exact]) if digits is None else digits)

    def cents(self, amounts: Iterable[Number | None]) -> int:
        """Decimals of a column of amounts: 2 where all are so small that cents matter."""
        known = [abs(float(n)) for n in amounts if n is not None and n == n and n != 0]
        return 2 if known and max(known) < 100 else 0

    def whole(self, number: Number | None) -> str:
        """Whole number, for columns whose head names its unit; a dash where there is none."""
        if number is None or (isinstance(number, float) and math.isnan(number)):
            return MISSING
        return self.decimal(number, 0)

    def count(self, number: Number, *, signed: bool = False) -> str:
        """Whole number with thousands separators."""
        return self.decimal(number, 0, signed=signed)

    def decimal(self, number: Number, digits: int = 1, *, signed: bool = False) -> str:
        """Number with a fixed count of decimals."""
        # Adding zero turns a rounded −0 into 0.
        exact = round(Decimal(str(number)), digits) + 0
        return _signed(_decimal_text(exact, digits, self._locale), exact, signed)

    def share(self, number: Number, digits: int = 1, *, signed: bool = False) -> str:
        """Share of 1 as a percentage."""
        exact = round(Decimal(str(number)) * 100, digits)
        pattern: str = self._locale.percent_formats[None].pattern
        # Where the locale puts its sign: 12.3%, %12,3 or 12,3 %.
        before, _digits, after = pattern.partition("#,##0")
        text = f"{before}{self.decimal(abs(exact), digits)}{after}"
        return _signed(f"-{text}" if exact < 0 else text, exact, signed)

    def points(self, number: Number, digits: int = 1, *, signed: bool = True) -> str:
        """Difference of two shares in percentage points."""
        exact = Decimal(str(number)) * 100
        text = self.decimal(exact, digits, signed=signed)
        return self.say("{number}\N{NO-BREAK SPACE}pp", number=text)

    def days(self, number: Number, *, signed: bool = False) -> str:
        """Number of days."""
        whole = Decimal(str(number)).quantize(Decimal(1))
        text = self.decimal(whole, 0, signed=signed)
        return self.counted(
            abs(whole),
            "{number}\N{NO-BREAK SPACE}day",
            "{number}\N{NO-BREAK SPACE}days",
            number=text,
        )

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
                amount = self.money(number, compact=compact, signed=signed)
                return self.say("{amount} a day", amount=amount)
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
            ends = self.share(low, 0), self.share(high, 0)
        elif unit == "days":
            ends = self.decimal(low, 0), self.days(high)
        else:
            ends = self.value(low, unit, compact=True), self.value(high, unit, compact=True)
        return self.say("{low} to {high}", low=ends[0], high=ends[1])

    def date(self, day: dt.date, *, short: bool = False) -> str:
        """Day, such as 30 September 2026."""
        return format_date(day, "medium" if short else "long", locale=self._locale)

    def day_month(self, day: dt.date) -> str:
        """Day without its year, such as 1 May."""
        return format_skeleton("MMMd", day, locale=self._locale)

    def span(self, start: dt.date, end: dt.date) -> str:
        """First and last day, such as 1 July to 30 September 2026."""
        first = self.date(start)
        if start.year == end.year:
            first = format_skeleton("MMMMd", start, locale=self._locale)
        return self.say("{start} to {end}", start=first, end=self.date(end))

    def period(self, label: str) -> str:
        """Label of a period as people read it, such as 2026-Q3 or 2026-Ç3.

        Parameters
        ----------
        label : str
            Label as `Period.label` gives it.

        Returns
        -------
        str
            The label itself in English, and where it is none.
        """
        if self.language == SOURCE:
            return label
        try:
            kind, year, number = label_parts(label)
        except InputError:
            return label
        match kind:
            case "quarter":
                quarter = self._locale.quarters["format"]["abbreviated"][number]
                return f"{year}-{quarter}"
            case "week":
                return self.say("{year}-W{number}", year=str(year), number=f"{number:02}")
            case "year":
                return self.say("FY{year}", year=str(year))
        return label

    def listed(self, words: Sequence[str]) -> str:
        """Words as a list in a sentence: A, B and C."""
        return format_list(list(words), locale=self._locale)


# A page says the same numbers often, and Babel takes long for each.
@lru_cache(maxsize=8192)
def _decimal_text(exact: Decimal, digits: int, locale: Locale) -> str:
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    text: str = format_decimal(exact, format=pattern, locale=locale)
    return text


@lru_cache(maxsize=8192)
def _compact_text(exact: Decimal, currency: str, locale: Locale) -> str:
    text: str = format_compact_currency(exact, currency, locale=locale, fraction_digits=2)
    return text


@lru_cache(maxsize=64)
def _currency_pattern(locale: Locale, digits: int) -> str:
    pattern: str = locale.currency_formats["standard"].pattern
    return pattern.replace(".00", "." + "0" * digits if digits else "")


def _signed(text: str, number: Number, signed: bool) -> str:
    text = text.replace("-", _MINUS)
    return f"+{text}" if signed and number > 0 else text
