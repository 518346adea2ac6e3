"""From a cohort's rows to a measure: every group in every period compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.data.view import ROLES
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.results import Measure, MeasureRow, Value, rows_of

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
    "compared",
    "extract_reason",
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
    for group, label in sorted(labels.items(), key=lambda pair: (pair[1], pair[0])):
        for role in ROLES:
            reason = extract_reason(view, role) if closed else ""
            if reason.startswith("the extract begins"):
                value = Value(None, reason=reason)
            else:
                value = value_of(cells.get((group, role)), role)
                if reason and value.number is not None:
                    value = Value(value.number, value.n, value.low, value.high, reason)
            rows.append(MeasureRow(group, label, role, value))
    return Measure.of_rows(
        DEFINITIONS[measure], rows, period_labels(view), by, view.scope.phrase, view.show
    )


def amounts_missing(view: View, deals: int, valued: int, which: str) -> str:
    """Why a sum of amounts says nothing; empty where it does.

    Parameters
    ----------
    view : View
        Supplies the formats.
    deals, valued : int
        How many deals there are, and how many of them have an amount above 0.
    which : str
        Which deals, such as ``lost`` or ``created``.

    Returns
    -------
    str
    """
    if deals == 0 or (deals - valued) / deals <= MISSING_AMOUNTS_LIMIT:
        return ""
    return f"{view.show.share((deals - valued) / deals, 0)} of the {which} deals have no amount"


def period_labels(view: View) -> dict[str, str]:
    """Label of each role's period; a running one says how far it has come."""
    labels: dict[str, str] = {}
    for role, window in view.windows.items():
        until = "" if window.complete else f" to {view.show.day_month(window.end)}"
        labels[role] = window.label + until
    return labels


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
    first = view.starts_on
    window = view.windows[role]
    if first is None:
        return "the extract begins before any deal has closed"
    if first > window.end:
        return f"the extract begins later: its first closed deal is of {view.show.date(first)}"
    if is_truncated(view, window.start):
        return f"truncated: the extract's first closed deal is of {view.show.date(first)}"
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
    first = view.starts_on
    return first is not None and view.calendar.working_days(start, first) > _WORKING_WEEK + 1
