"""Rows of frames as plain Python values, for templates, charts and JSON."""

from __future__ import annotations

import math
from collections import namedtuple
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["compact_rows", "json_number", "rows_of"]


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows of a frame as named tuples of plain Python values.

    As ``frame.itertuples(index=False)``, but the tuple's class is made once for
    each set of columns, not anew for each frame.
    """
    columns = [frame[name].tolist() for name in frame.columns]
    return map(_row_class(tuple(frame.columns))._make, zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _row_class(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)  # noqa: PYI024 (the columns are known only here)


def compact_rows(frame: pd.DataFrame) -> dict[str, Any]:
    """A long table as JSON can hold it, its names said once, its numbers to eight digits.

    Parameters
    ----------
    frame : DataFrame
        Numbers and texts.

    Returns
    -------
    dict
        ``columns``, the names; ``rows``, a list of cells a row.

    Examples
    --------
    >>> import pandas as pd
    >>> compact_rows(pd.DataFrame({"rep": ["Ana"], "rate": [1 / 3], "n": [5]}))
    {'columns': ['rep', 'rate', 'n'], 'rows': [['Ana', 0.33333333, 5]]}
    """
    rows = [[_plain(cell) for cell in row] for row in rows_of(frame)]
    return {"columns": list(frame.columns), "rows": rows}


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell
    number = json_number(cell)
    return float(f"{number:.8g}") if isinstance(number, float) else number


def json_number(number: Any) -> float | int | None:
    """Number as JSON can hold it: None for missing, NaN and infinity.

    Examples
    --------
    >>> json_number(Decimal("2982255.00")), json_number(float("nan"))
    (2982255.0, None)
    """
    import pandas as pd

    if number is None or number is pd.NA or number != number:
        return None
    if isinstance(number, int):
        return number
    # Twelve digits: more are noise of the floating point, and of the file's size.
    plain = float(f"{float(number):.12g}") if not isinstance(number, Decimal) else float(number)
    return plain if math.isfinite(plain) else None
