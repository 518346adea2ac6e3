"""A long frame of series, checked: what is wrong is refused or filled by a named rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas.tseries.offsets import BaseOffset

__all__ = ["Gaps", "Series", "checked_series"]

Gaps = Literal["refuse", "zero", "interpolate"]

_COLUMNS = ("unique_id", "ds", "y")
_FREQUENCIES = ("W", "MS", "ME", "QS", "QE", "YS", "YE", "D", "B")
_GAPS = ("refuse", "zero", "interpolate")


@dataclass(frozen=True)
class Series:
    """One series without gaps.

    Parameters
    ----------
    unique_id : str
        Its name.
    y : array of float
        Its values, in time order.
    future : tuple
        The dates, or whole numbers, that are forecast.
    filled : int
        Values that the rule for gaps put in.
    """

    unique_id: str
    y: NDArray[np.float64]
    future: tuple[Any, ...]
    filled: int = 0


def checked_series(
    frame: pd.DataFrame, horizon: int, freq: str | int, gaps: Gaps = "refuse"
) -> list[Series]:
    """Series of a long frame, in the order of their names.

    Parameters
    ----------
    frame : DataFrame
        Columns `unique_id`, `ds` and `y`, in any order of rows.
    horizon : int
        Steps to name after each series' last one.
    freq : str or int
        Step between two values: an alias of pandas such as ``MS``, ``QS``, ``W-MON``;
        a whole number where `ds` holds whole numbers.
    gaps : str
        What a missing step or value becomes: ``refuse`` (an error), ``zero`` (nothing
        happened, right for sums such as bookings) or ``interpolate`` (on the line between
        its neighbours, right for levels such as a headcount).

    Returns
    -------
    list of Series

    Raises
    ------
    InputError
        For a missing column, a name or date that is missing, dates off the grid of `freq`,
        two values for one step, values that are no finite numbers, and gaps that the rule
        does not fill.

    Examples
    --------
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 4], "y": [5, 6, 8]})
    >>> [series.y.tolist() for series in checked_series(frame, 1, 1, "interpolate")]
    [[5.0, 6.0, 7.0, 8.0]]
    """
    if gaps not in _GAPS:
        raise InputError(f"unknown rule for gaps `{gaps}`", found=str(gaps), allowed=_GAPS)
    for column in _COLUMNS:
        if column not in frame.columns:
            raise InputError(
                f"the frame has no column `{column}`",
                found=_nearest_column(column, frame),
                allowed=_COLUMNS,
            )
    if not len(frame):
        raise InputError("the frame of series has no rows")
    codes, grid = _grid(frame["ds"], horizon, freq)
    rows = pd.DataFrame(
        {"unique_id": frame["unique_id"].to_numpy(), "step": codes, "y": _numbers(frame)}
    )
    if rows["unique_id"].isna().any():
        raise InputError("a row has no name of its series", where="column `unique_id`")
    rows["unique_id"] = rows["unique_id"].astype(str)
    twice = rows.duplicated(["unique_id", "step"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise InputError(
            f"series `{row['unique_id']}` has two values for {_shown(grid[row['step']])}; "
            "add them up or drop one",
            where="column `ds`",
        )
    rows = rows.sort_values(["unique_id", "step"], kind="stable")
    return [
        _series(str(name), part["step"].to_numpy(), part["y"].to_numpy(), grid, horizon, gaps)
        for name, part in rows.groupby("unique_id", sort=True)
    ]


def _series(
    name: str,
    steps: NDArray[np.int64],
    values: NDArray[np.float64],
    grid: pd.Index,
    horizon: int,
    gaps: Gaps,
) -> Series:
    """One series on its part of the grid, its gaps filled by the rule."""
    y = np.full(steps[-1] - steps[0] + 1, np.nan)
    y[steps - steps[0]] = values
    future = tuple(grid[steps[-1] + 1 : steps[-1] + 1 + horizon])
    missing = np.isnan(y)
    if not missing.any():
        return Series(name, y, future)
    first = _shown(grid[steps[0] + int(missing.argmax())])
    count = int(missing.sum())
    if gaps == "refuse":
        raise InputError(
            f"series `{name}` lacks {count} of {len(y)} values, the first for {first}; "
            "fill them, or name a rule: gaps='zero' or gaps='interpolate'",
            where="column `y`",
        )
    if gaps == "zero":
        return Series(name, np.nan_to_num(y), future, count)
    if missing[0] or missing[-1]:
        raise InputError(
            f"series `{name}` begins or ends with a missing value, which lies between no two "
            "others; drop it, or name the rule gaps='zero'",
            where="column `y`",
        )
    places = np.arange(len(y))
    return Series(name, np.interp(places, places[~missing], y[~missing]), future, count)


def _nearest_column(column: str, frame: pd.DataFrame) -> str:
    folded = {str(name).casefold(): str(name) for name in frame.columns}
    return folded.get(column.casefold(), column)


def _numbers(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Values as floats; decimals count, texts do not."""
    if frame["y"].map(lambda value: isinstance(value, str)).any():
        raise InputError("values must be numbers, not texts", where="column `y`")
    try:
        y = pd.to_numeric(frame["y"]).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError("values must be numbers", where="column `y`") from error
    if np.isinf(y).any():
        name = frame["unique_id"].to_numpy()[np.isinf(y)][0]
        raise InputError(f"series `{name}` has an infinite value", where="column `y`")
    return y


def _offset(freq: str | int) -> BaseOffset:
    base = str(freq).split("-", maxsplit=1)[0]
    if base not in _FREQUENCIES:
        raise InputError(f"unknown frequency `{freq}`", found=str(freq), allowed=_FREQUENCIES)
    try:
        return to_offset(str(freq))
    except ValueError as error:
        raise InputError(
            f"unknown frequency `{freq}`", found=str(freq), allowed=_FREQUENCIES
        ) from error


def _grid(ds: pd.Series, horizon: int, freq: str | int) -> tuple[NDArray[np.int64], pd.Index]:
    """Each date as a place on the grid of all steps, and that grid, `horizon` steps longer."""
    if ds.isna().any():
        raise InputError("a row has no date", where="column `ds`")
    if isinstance(freq, int):
        return _whole_grid(ds, horizon, freq)
    offset = _offset(freq)
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(ds, format="ISO8601"))
    except (TypeError, ValueError) as error:
        raise InputError("values must be dates", where="column `ds`") from error
    if dates.tz is not None:
        raise InputError("dates must be without a time zone", where="column `ds`")
    grid = pd.date_range(dates.min().normalize(), dates.max(), freq=offset)
    unlike = dates[~dates.isin(grid)]
    if len(unlike):
        raise InputError(
            f"{_shown(unlike.min())} is no date of the frequency {freq}; "
            "sum the values up to one a step first",
            where="column `ds`",
        )
    codes = grid.get_indexer(dates).astype(np.int64)
    return codes, grid.append(pd.date_range(grid[-1], periods=horizon + 1, freq=offset)[1:])


def _whole_grid(ds: pd.Series, horizon: int, freq: int) -> tuple[NDArray[np.int64], pd.Index]:
    if freq < 1 or not pd.api.types.is_integer_dtype(ds):
        raise InputError(
            "with a whole number as frequency, at least 1, dates must be whole numbers too",
            where="column `ds`",
        )
    start, end = int(ds.min()), int(ds.max())
    if ((ds - start) % freq).any():
        raise InputError(f"dates are not always a multiple of {freq} apart", where="column `ds`")
    codes = ((ds - start) // freq).to_numpy(dtype=np.int64)
    return codes, pd.RangeIndex(start, end + freq * horizon + 1, freq)


def _shown(step: Any) -> str:
    return f"{step:%Y-%m-%d}" if isinstance(step, pd.Timestamp) else str(step)
