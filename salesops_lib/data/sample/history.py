"""Rows of the CRM's field history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.data.sample.company import STAGES
from salesops_lib.data.sample.identifiers import dates, moments, money, record_ids, words
from salesops_lib.data.sample.lifelines import CATEGORIES, Changes, Lifeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.sample.arrays import Ints

__all__ = ["history_table"]

_FIELDS = (
    ("StageName", "DynamicEnum"),
    ("ForecastCategoryName", "DynamicEnum"),
    ("Amount", "Currency"),
    ("CloseDate", "DateOnly"),
    ("Owner", "EntityId"),
    ("Owner", "Text"),
)


def history_table(
    lifeline: Lifeline, deal_ids: pa.Array, people_ids: pa.Array, people_names: pa.Array, start: int
) -> pa.Table:
    """Rows of OpportunityFieldHistory, by deal and moment.

    As in the CRM itself, a change of owner is written twice: once with the ids
    and once, as text, with the names.

    Parameters
    ----------
    lifeline : Lifeline
        Changes.
    deal_ids, people_ids, people_names : pyarrow array
        Ids by row of the lifeline; ids and names by person.
    start : int
        Number of the first row within the file.

    Returns
    -------
    pyarrow Table
    """
    stages = [stage.name for stage in STAGES]
    parts = [
        _part(0, lifeline.stages, lambda value: words(stages, value)),
        _part(1, lifeline.categories, lambda value: words(CATEGORIES, value)),
        _part(2, lifeline.amounts, lambda value: pc.cast(money(value), pa.string())),
        _part(3, lifeline.close_dates, lambda value: pc.cast(dates(value), pa.string())),
        _part(4, lifeline.owners, lambda value: people_ids.take(pa.array(value))),
        _part(5, lifeline.owners, lambda value: people_names.take(pa.array(value))),
    ]
    field = np.concatenate([part[0] for part in parts])
    row = np.concatenate([part[1] for part in parts])
    second = np.concatenate([part[2] for part in parts])
    order = np.lexsort((field, second, row))
    take = pa.array(order)
    return pa.table(
        {
            "Id": record_ids("017", start + np.arange(len(order))),
            "OpportunityId": deal_ids.take(pa.array(row[order])),
            "Field": words([name for name, _ in _FIELDS], field[order]),
            "DataType": words([kind for _, kind in _FIELDS], field[order]),
            "OldValue": pa.concat_arrays([part[3] for part in parts]).take(take),
            "NewValue": pa.concat_arrays([part[4] for part in parts]).take(take),
            "CreatedDate": moments(second[order]),
        }
    )


def _part(
    field: int, changes: Changes, text: Callable[[Ints], pa.Array]
) -> tuple[Ints, Ints, Ints, pa.Array, pa.Array]:
    number = np.full(len(changes.row), field, dtype=np.int64)
    return number, changes.row, changes.second, text(changes.old), text(changes.new)
