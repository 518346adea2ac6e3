"""Reasons why a row was quarantined, repaired or noted: stable codes and their sentences."""

from __future__ import annotations

__all__ = ["REASONS", "reason", "reason_sentence"]

REASONS: dict[str, str] = {
    # Quarantined: the row is not in the tables.
    "malformed_row": "the row has more or fewer cells than the header",
    "missing_value": "a value that every row needs is empty",
    "unreadable_number": "not a number in the format that the mapping declares",
    "unreadable_date": "not a date in a format that the mapping declares",
    "unreadable_boolean": "neither true nor false",
    "unmapped_value": "a value that the mapping does not list",
    "not_found": "a key that the second file does not hold",
    "unknown_stage": "a stage that the stages table does not hold",
    "too_large": "more digits than an amount of money can have",
    "out_of_range": "outside the smallest and largest value that make sense",
    "not_allowed": "a word that the column does not know",
    "unknown_currency": "not an ISO 4217 currency code",
    "impossible_date": "a year that cannot be meant",
    "after_as_of": "dated after the as-of date",
    "closed_without_close_date": "closed, but without the day it closed",
    "won_but_open": "won, but not closed",
    "ends_before_start": "ends before it starts",
    "conflicting_rows": "several rows of one key that contradict each other",
    "incomplete_group": "belongs together with a row that cannot be used",
    "overlapping_assignment": "begins before an earlier assignment of the person ends",
    "shares_not_one": "the revenue shares of the deal do not add up to 1",
    # Repaired: the row is kept, changed by a declared rule.
    "trimmed": "blanks at the ends were cut off",
    "alias": "replaced by the spelling that the mapping declares",
    "rounded": "rounded to two decimals, an exact half to the even neighbour",
    "identical_row": "a second copy of a row was left out",
    "grouped_row": "put together with the other rows of its key",
    "disagreement": "emptied, because the rows put together disagree",
    "unchanged": "a state that is the same as the one before was left out",
    "end_set": "ends the day before the person's next assignment begins",
    # Noted: the row is kept as it is, with a warning.
    "unknown_reference": "names something that the table referred to does not hold",
    "future_dated_won": "won, but with a close date after the as-of date",
    "future_dated_lost": "lost, but with a close date after the as-of date",
    "closed_before_created": "closed before it was created",
    "stage_contradicts_flags": "the stage says otherwise than closed and won do",
    "chance_contradicts_flags": "open with a chance of 0 or 1, or closed with another one",
    "mixed_stage": "in a stage that holds open and closed deals",
    "negative_amount": "an amount below zero",
    "missing_currency": "an amount without a currency",
    "later_than_as_of": "dated after the as-of date",
}
"""Sentence of each code. A code about one column is followed by a colon and its name."""


def reason(code: str, column: str | None = None) -> str:
    """Reason as it is stored: a code, and the column that it is about.

    Raises
    ------
    KeyError
        There is no such code.

    Examples
    --------
    >>> reason("alias", "product")
    'alias:product'
    """
    if code not in REASONS:
        raise KeyError(code)
    return f"{code}:{column}" if column else code


def reason_sentence(stored: str) -> str:
    """Reason as people read it.

    Examples
    --------
    >>> reason_sentence("alias:product")
    'product: replaced by the spelling that the mapping declares'
    >>> reason_sentence("won_but_open")
    'won, but not closed'
    """
    code, _, column = stored.partition(":")
    sentence = REASONS.get(code, code)
    return f"{column}: {sentence}" if column else sentence
