"""From a cohort's rows to a measure: every group in every period compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.data.view import ROLES
from salesops_lib.performance.cohorts import NO_GROUP
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.results import Measure, MeasureRow, Value
from salesops_lib.rows import rows_of
from salesops_lib.words import nameless_group

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import pandas as pd

    from salesops_lib.data.view import Role, View

MISSING_AMOUNTS_LIMIT = 0.20
"""Share of deals without an amount (empty or 0) above which their sum says nothing."""

_WORKING_WEEK = 5

__all__ = [
    "MISSING_AMOUNTS_LIMIT",
    "amounts_missing",
    "begins_late",
    "compared",
    "extract_reason",
    "extract_state",
    "period_labels",
]


def compared(
    view: View,
    measure: str,
    frame: pd.DataFrame,
    by: str | None,
    value_of: Callable[[Any, Role], Value],
    *,
    closed: bool = True,
) -> Measure:
    """Measure with one row a group and role.

    Parameters
    ----------
    view : View
        What was looked at.
    measure : str
        Id of its definition.
    frame : DataFrame
        A cohort's rows: `group`, `label`, `role` and what `value_of` reads.
    by : str or None
        What the groups are.
    value_of : callable
        Value of a row (a named tuple; None where the group has no case in the
        period) in a role.
    closed : bool
        Whether the measure rests on closed deals, and so says nothing of a
        period before the extract's first one.

    Returns
    -------
    Measure
    """
    cells = {(row.group, row.role): row for row in rows_of(frame)}
    labels = dict(zip(frame["group"], frame["label"], strict=True))
    if by is None:
        labels = labels or {"all": "All"}
    rows = []
    for group, stored in sorted(labels.items(), key=lambda pair: (pair[1], pair[0])):
        # After sorting, so that groups stand in the same order in all languages.
        label = nameless_group(by, view.show) if by and group == NO_GROUP else stored
        for role in ROLES:
            reason = extract_reason(view, role) if closed else ""
            if closed and extract_state(view, role) in {"empty", "later"}:
                value = Value(None, reason=reason)
            else:
                value = value_of(cells.get((group, role)), role)
                if reason and value.number is not None:
                    value = Value(value.number, value.n, value.low, value.high, reason)
            rows.append(MeasureRow(group, label, role, value))
    return Measure(
        DEFINITIONS[measure].said(view.show),
        tuple(rows),
        period_labels(view),
        by,
        view.scope_phrase,
        view.show,
    )


def amounts_missing(
    view: View, deals: int, valued: int, which: Literal["lost", "created", "open"]
) -> str:
    """Why a sum of amounts says nothing; empty where it does.

    Parameters
    ----------
    view : View
        Supplies the formats.
    deals, valued : int
        How many deals there are, and how many of them have an amount above 0.
    which : str
        Which deals: ``lost``, ``created`` or ``open``.

    Returns
    -------
    str
    """
    if deals == 0 or (deals - valued) / deals <= MISSING_AMOUNTS_LIMIT:
        return ""
    say, share = view.show.say, view.show.share((deals - valued) / deals, 0)
    sentences = {
        "lost": say("{share} of the lost deals have no amount", share=share),
        "created": say("{share} of the created deals have no amount", share=share),
        "open": say("{share} of the open deals have no amount", share=share),
    }
    return sentences[which]


def period_labels(view: View) -> dict[str, str]:
    """Label of each role's period; a running one says how far it has come."""
    labels: dict[str, str] = {}
    for role, window in view.windows.items():
        labels[role] = view.show.period(window.label)
        if not window.complete:
            labels[role] = view.show.say(
                "{period} to {day}", period=labels[role], day=view.show.day_month(window.end)
            )
    return labels


def extract_state(view: View, role: Role) -> Literal["whole", "empty", "later", "truncated"]:
    """How the extract covers a period.

    Parameters
    ----------
    view : View
        What is looked at.
    role : str
        ``current``, ``prior`` or ``last_year``.

    Returns
    -------
    str
        ``empty``: no deal has closed in it; ``later``: it begins after the period;
        ``truncated``: noticeably after the period's start; ``whole`` otherwise.
    """
    first, window = view.starts_on, view.windows[role]
    if first is None:
        return "empty"
    if first > window.end:
        return "later"
    return "truncated" if is_truncated(view, window.start) else "whole"


def extract_reason(view: View, role: Role) -> str:
    """Why a period's closed deals say nothing, or must be read with care.

    Parameters
    ----------
    view : View
        What is looked at.
    role : str
        ``current``, ``prior`` or ``last_year``.

    Returns
    -------
    str
        Empty when the extract covers the whole period.
    """
    say = view.show.say
    day = view.show.date(view.starts_on) if view.starts_on else ""
    match extract_state(view, role):
        case "empty":
            return say("the extract begins before any deal has closed")
        case "later":
            return say("the extract begins later: its first closed deal is of {day}", day=day)
        case "truncated":
            return say("truncated: the extract's first closed deal is of {day}", day=day)
        case "whole":
            return ""


def is_truncated(view: View, start: dt.date) -> bool:
    """Whether the extract begins noticeably after a period does.

    A company need not close a deal on the first days of a period; more than a
    working week without any is taken as the edge of the extract.

    Parameters
    ----------
    view : View
        Supplies the extract's first closed deal and the calendar.
    start : date
        First day of the period.

    Returns
    -------
    bool
    """
    return begins_late(view, start, view.starts_on)


def begins_late(view: View, start: dt.date, first: dt.date | None) -> bool:
    """Whether a kind of rows begins noticeably after a period does.

    Parameters
    ----------
    view : View
        Supplies the calendar.
    start : date
        First day of the period.
    first : date or None
        Day of the first row; None where there is none, which is not late.

    Returns
    -------
    bool
        More than a working week passes before the first row.
    """
    return first is not None and view.calendar.working_days(start, first) > _WORKING_WEEK + 1
