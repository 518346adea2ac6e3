"""Why a deal gives no credit: as it stands in the data, and as readers see it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter

__all__ = ["WITHHELD", "leave_reason", "withheld_text"]

WITHHELD: dict[str, str] = {
    "amount": "has no amount",
    "close_date": "has no close date",
    "owner": "has no owner",
    "negative": "has a negative amount",
    "left": "closed after the person's last day",
    "leave": "closed during a leave from {first_day} to {last_day}",
}
"""Reasons of `Credits.withheld`; that of a leave names its days."""

_DAY = r"(\d{4}-\d{2}-\d{2})"
_LEAVE = re.compile(WITHHELD["leave"].format(first_day=_DAY, last_day=_DAY))


def leave_reason(first_day: dt.date, last_day: dt.date) -> str:
    """Reason of a leave, as it stands in the data.

    Examples
    --------
    >>> leave_reason(dt.date(2026, 7, 1), dt.date(2026, 8, 31))
    'closed during a leave from 2026-07-01 to 2026-08-31'
    """
    return WITHHELD["leave"].format(first_day=first_day, last_day=last_day)


def withheld_text(reason: str, show: Formatter) -> str:
    """Reason in the language of readers.

    Parameters
    ----------
    reason : str
        As in `Credits.withheld`.
    show : Formatter
        Language, and format of days.

    Returns
    -------
    str

    Examples
    --------
    >>> from salesops_lib.formats import Formatter
    >>> withheld_text("closed during a leave from 2026-07-01 to 2026-08-31", Formatter())
    'closed during a leave from 1 July 2026 to 31 August 2026'
    """
    leave = _LEAVE.fullmatch(reason)
    if leave is None:
        return show.say(reason)
    first, last = (show.date(dt.date.fromisoformat(day)) for day in leave.groups())
    return show.say(WITHHELD["leave"], first_day=first, last_day=last)
