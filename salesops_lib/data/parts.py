"""Parts of a snapshot's deals: what is made of each deal alone is made part by part.

A table of ten million deals made at once would be sorted on disk. Parts of a
million are sorted in memory, and the files of a snapshot, in the order of the deals'
ids, are read where they hold the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["WHOLE", "Part", "deal_parts", "write_parts"]

_MOST = 1_000_000
"""Deals of a part, more or less: as many as a group of rows holds at the least."""


@dataclass(frozen=True)
class Part:
    """Deals whose ids lie in a range.

    Parameters
    ----------
    first : str, optional
        Least id. None: no limit.
    before : str, optional
        Least id that is no more in it. None: no limit.
    """

    first: str | None = None
    before: str | None = None

    def of(self, rows: IbisTable) -> IbisTable:
        """Rows of a table with an `opportunity_id` that belong to the part."""
        if self.first is not None:
            rows = rows.filter(rows.opportunity_id >= self.first)
        if self.before is not None:
            rows = rows.filter(rows.opportunity_id < self.before)
        return rows


WHOLE = Part()
"""All deals."""


def deal_parts(snapshot: Snapshot, most: int = _MOST) -> tuple[Part, ...]:
    """Parts that hold each deal once, in the order of their ids.

    Parameters
    ----------
    snapshot : Snapshot
        As it was ingested.
    most : int
        Deals of a part. A file whose groups of rows are larger, or not in order,
        gives larger parts.

    Returns
    -------
    tuple of Part
        One part where there are few deals.
    """
    file = pq.ParquetFile(snapshot.origin.path / "opportunities.parquet")
    at = file.schema_arrow.get_field_index("opportunity_id")
    cuts: list[str] = []
    rows, last = 0, None
    for group in range(file.metadata.num_row_groups):
        of_group = file.metadata.row_group(group)
        known = of_group.column(at).statistics
        if known is None or not known.has_min_max:
            return (WHOLE,)
        # What is not in order has no place to cut at.
        if rows + of_group.num_rows > most and rows and (last is None or known.min > last):
            cuts.append(known.min)
            rows = 0
        rows += of_group.num_rows
        last = known.max if last is None else max(last, known.max)
    return tuple(Part(first, before) for first, before in pairwise([None, *cuts, None]))


def write_parts(
    parts: tuple[Part, ...], folder: Path, name: str, make: Callable[[Part], IbisTable]
) -> str:
    """Write a table part by part.

    Parameters
    ----------
    parts : tuple of Part
        See `deal_parts`.
    folder : Path
        Where to.
    name : str
        What the table's files are called; a number follows.
    make : callable
        Makes a part's rows, in their order.

    Returns
    -------
    str
        Pattern that reads the files back in order.
    """
    for number, part in enumerate(parts):
        make(part).to_parquet(folder / f"{name}-{number:04}.parquet")
    return str(folder / files_of(name))


def files_of(name: str) -> str:
    """Pattern of the files that `write_parts` has written, within their folder."""
    return f"{name}-*.parquet"
