"""What people hand in for a pay run as CSV: credits by hand, results of measures."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.exact import cents_of, exact_decimal
from salesops_lib.compensation.stacked_frames import stacked
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from salesops_lib.calendar import FiscalCalendar

__all__ = ["ADJUSTMENTS", "RESULTS", "added", "read_adjustments", "read_results"]

ADJUSTMENTS = ("adjustment_id", "rep_id", "credited_on", "amount", "reason")
"""Columns of a file of adjustments."""

RESULTS = ("rep_id", "measure", "period", "value")
"""Columns of a file of results."""

_LONGEST = 500


def read_adjustments(path: Path, kind: str, calendar: FiscalCalendar) -> pd.DataFrame:
    """Credits by hand that a CSV file holds.

    Parameters
    ----------
    path : Path
        UTF-8, with the columns `ADJUSTMENTS`: `credited_on` as 2026-09-30, `amount` in
        the plan's currency with a decimal point, and why.
    kind : str
        Pay period of the plan.
    calendar : FiscalCalendar
        Says in which pay period a day lies.

    Returns
    -------
    DataFrame
        `adjustment_id`, `rep_id`, `credited_on`, `period`, `amount_cents`, `reason`.

    Raises
    ------
    InputError
        The file cannot be read, or a row does not fit; the sentence names its line.
    """
    rows = []
    seen: dict[str, int] = {}
    for line, cells in _rows(path, ADJUSTMENTS):
        where = f"{path}:{line}"
        name, rep, day_text, amount_text, reason = cells
        if name in seen:
            raise InputError(f"adjustment `{name}` stands on line {seen[name]} too", where=where)
        seen[name] = line
        try:
            day = dt.date.fromisoformat(day_text)
        except ValueError:
            raise InputError(
                f"`credited_on` is {day_text!r}; write it as 2026-09-30", where=where
            ) from None
        try:
            cents = cents_of(exact_decimal(amount_text))
        except ValueError as error:
            raise InputError(f"`amount`: {error}", where=where) from None
        rows.append((name, rep, day, calendar.period_of(day, kind).label, cents, reason))
    names = ["adjustment_id", "rep_id", "credited_on", "period", "amount_cents", "reason"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        credited_on=pd.to_datetime(frame["credited_on"]).astype("datetime64[ns]"),
        amount_cents=frame["amount_cents"].astype(np.int64),
    )


def read_results(path: Path) -> pd.DataFrame:
    """Results of measures that a CSV file holds.

    Parameters
    ----------
    path : Path
        UTF-8, with the columns `RESULTS`; `value` such as ``85%`` or ``0.42``.

    Returns
    -------
    DataFrame
        The columns, `value` as text.

    Raises
    ------
    InputError
        The file cannot be read, or a row does not fit; the sentence names its line.
    """
    rows = []
    for line, cells in _rows(path, RESULTS):
        try:
            exact_decimal(cells[-1])
        except ValueError as error:
            raise InputError(f"`value`: {error}", where=f"{path}:{line}") from None
        rows.append(cells)
    frame = pd.DataFrame(rows, columns=list(RESULTS), dtype=object)
    twice = frame.duplicated(list(RESULTS[:-1]))
    if twice.any():
        row = frame[twice].iloc[0]
        raise InputError(
            f"`{row['rep_id']}` has two results of `{row['measure']}` for {row['period']}",
            where=str(path),
        )
    return frame


def added(
    booked: pd.DataFrame | None, new: pd.DataFrame | None, key: Sequence[str], where: str
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """What was handed in before together with what is new.

    Parameters
    ----------
    booked : DataFrame or None
        Rows of earlier runs.
    new : DataFrame or None
        Rows of this one; those that are booked already are taken for the same.
    key : sequence of str
        What tells rows apart.
    where : str
        What the rows are, for errors.

    Returns
    -------
    (DataFrame or None, DataFrame or None)
        All rows, and those that are new.

    Raises
    ------
    InputError
        A row is booked with other values: what was booked is never changed.
    """
    if new is None or booked is None:
        return (booked if new is None else new), new
    known = {tuple(row[name] for name in key): row for row in booked.to_dict("records")}
    fresh = []
    for row in new.to_dict("records"):
        name = tuple(row[part] for part in key)
        if name in known and {k: str(v) for k, v in known[name].items()} != {
            k: str(v) for k, v in row.items()
        }:
            raise InputError(
                f"{'/'.join(map(str, name))} is booked with other values; what was booked is "
                "never changed: hand in a row of its own with the difference",
                where=where,
            )
        fresh.append(name not in known)
    extra = new[np.array(fresh, dtype=bool)].reset_index(drop=True)
    if not len(extra):
        return booked, None
    return stacked([booked, extra]), extra


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells, in the order of the columns wanted, of each row."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=str(path)) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        _check_head(head, columns, path)
        at = [head.index(name) for name in columns]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{path}:{reader.line_num}"
            if len(cells) != len(head):
                raise InputError(f"{len(cells)} cells under {len(head)} columns", where=where)
            found = [cells[place].strip() for place in at]
            for name, cell in zip(columns, found, strict=True):
                if not cell or len(cell) > _LONGEST:
                    what = "is empty" if not cell else f"is longer than {_LONGEST} signs"
                    raise InputError(f"`{name}` {what}", where=where)
            yield reader.line_num, found
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}", where=f"{path}:{reader.line_num}") from None


def _check_head(head: list[str], columns: tuple[str, ...], path: Path) -> None:
    for name in head:
        if name not in columns or head.count(name) > 1:
            what = "stands twice" if name in columns else "is not known"
            raise InputError(
                f"the column `{name}` {what}", where=f"{path}:1", found=name, allowed=columns
            )
    missing = [name for name in columns if name not in head]
    if missing:
        raise InputError(
            f"the column `{missing[0]}` is missing", where=f"{path}:1", allowed=columns
        )
