"""DuckDB functions that Ibis has no method for, and the trimming of text."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, cast

import ibis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ibis.expr.types import BooleanValue, DecimalValue, StringValue, TimestampValue, Value

__all__ = [
    "EPOCH",
    "ISO",
    "ISO_SHAPE",
    "SPACES",
    "among",
    "moment_read",
    "rounded_half_even",
    "salesforce_id",
    "trimmed",
]

SPACES = (
    " \t\n\r\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""Characters cut off at both ends of every text: blanks of all kinds, marks that do not show."""

ISO = "iso"
"""Name for the usual spellings of ISO 8601 among the formats of a date."""

EPOCH = "epoch_ms"
"""Name for milliseconds since 1970 among the formats of a date."""

ISO_SHAPE = (
    r"^\d{4}-\d{2}-\d{2}([T ]([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?"
    r" ?(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
)
"""What those spellings look like: a day, perhaps with a time, perhaps with an offset."""

_ASCII_SPACES = " \t\n\r\v\f"
_FIRST_VISIBLE = "!"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def _builtin(name: str, arguments: tuple[str, ...], returns: str) -> Callable[..., Value]:
    """Function of the engine's own, by its name and types."""

    def one(first: object) -> None: ...
    def two(first: object, second: object) -> None: ...

    shape = one if len(arguments) == 1 else two
    declared = ibis.udf.scalar.builtin(shape, name=name, signature=(arguments, returns))
    return cast("Callable[..., Value]", declared)


_trim = _builtin("trim", ("string", "string"), "string")
_strlen = _builtin("strlen", ("string",), "int64")
_try_strptime = _builtin("try_strptime", ("string", "string"), "timestamp('UTC')")
_round_even = _builtin("round_even", ("decimal(38, 8)", "int8"), "decimal(38, 2)")


def trimmed(text: StringValue) -> StringValue:
    """Text without blanks at its ends; empty where nothing is left.

    Most cells need no trimming, and looking at both ends is cheaper than
    trimming; so is the short list of blanks where a text is plain ASCII.
    """
    ends = (text < _FIRST_VISIBLE) | (text.reverse() < _FIRST_VISIBLE)
    cut = ibis.cases(
        (_strlen(text) != text.length(), _trim(text, SPACES)),
        (ends, _trim(text, _ASCII_SPACES)),
        else_=text,
    )
    return cast("StringValue", cut.nullif(""))


def moment_read(text: StringValue, formats: list[str]) -> TimestampValue:
    """Moment that a text tells in the first format that fits; empty when none does.

    Parameters
    ----------
    text : string expression
        Trimmed text.
    formats : list of str
        Formats as the C function ``strptime`` knows them, `ISO` or `EPOCH`. A time with
        an offset gives the moment in UTC; a time without one is taken as UTC.

    Returns
    -------
    timestamp expression
    """
    # One format at a time: given a list, DuckDB 2.0 lets the zone of one row
    # shift the next one and takes 29 February of any year for 1 March.
    reads = [
        _READERS[one](text) if one in _READERS else _try_strptime(text, one) for one in formats
    ]
    return cast("TimestampValue", ibis.coalesce(*[read.cast("timestamp(6)") for read in reads]))


def _iso(text: StringValue) -> Value:
    # Most are plain days, which need neither the pattern nor a zone.
    day = _try_strptime(text, "%Y-%m-%d").cast("timestamp(6)")
    fits = ibis.ifelse(text.re_search(ISO_SHAPE), text, ibis.null("string"))
    return ibis.coalesce(day, fits.try_cast("timestamp('UTC')").cast("timestamp(6)"))


def _epoch(text: StringValue) -> Value:
    fits = ibis.ifelse(text.re_search(r"^-?\d{12,13}$"), text, ibis.null("string"))
    return fits.try_cast("int64").as_timestamp("ms")


_READERS = {ISO: _iso, EPOCH: _epoch}


def among(text: StringValue, words: Iterable[str]) -> BooleanValue:
    """Whether a text is one of a few words, without the join that an IN would cost."""
    return reduce(lambda one, other: one | other, [text == word for word in words])


def salesforce_id(text: StringValue) -> StringValue:
    """Id of 18 characters; what is no id of 15 stays as it is.

    Each of the three further characters tells which of five letters are
    capitals: the first one counts 1, the next 2, 4, 8 and 16.
    """
    marks = []
    for start in (0, 5, 10):
        parts = [
            text.substr(start + place, 1).between("A", "Z").cast("int64") * 2**place
            for place in range(5)
        ]
        marks.append(ibis.literal(_CAPITALS).substr(reduce(lambda a, b: a + b, parts), 1))
    made = reduce(lambda one, other: one + other, marks, text)
    return cast("StringValue", ibis.ifelse(text.re_search("^[0-9A-Za-z]{15}$"), made, text))


def rounded_half_even(number: Value) -> DecimalValue:
    """Number with two decimals; an exact half goes to the even neighbour."""
    return cast("DecimalValue", _round_even(number, 2))
