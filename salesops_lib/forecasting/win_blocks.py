"""Blocks of time, so that rows are foretold from earlier ones only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["known_rows", "time_blocks"]


def time_blocks(
    moments: pd.Series | None, keys: Any, rows: int, folds: int, seed: int
) -> NDArray[np.int64]:
    """Block of time of each row; without a time, blocks of groups drawn by lot."""
    if moments is None:
        rng = np.random.default_rng(seed)
        if keys is None:
            return rng.integers(0, folds + 1, rows)
        _words, place = np.unique(keys.astype(str), return_inverse=True)
        drawn: NDArray[np.int64] = rng.integers(0, folds + 1, len(_words))[place]
        return drawn
    if moments.isna().any():
        raise InputError(
            f"{int(moments.isna().sum())} rows have no moment to stand at", where=str(moments.name)
        )
    order, place = np.unique(moments.to_numpy(), return_inverse=True)
    if len(order) <= folds + 1:
        return place.astype(np.int64)
    # Moments together, and blocks of about equal size.
    counts = np.bincount(place).cumsum()
    cut = np.minimum((counts - 1) * (folds + 1) // counts[-1], folds)
    found: NDArray[np.int64] = cut[place].astype(np.int64)
    return found


def known_rows(moments: pd.Series, ends: pd.Series, blocks: NDArray[np.int64]) -> Any:
    """For each block, the rows whose outcome was known when it began."""
    begins = moments.groupby(blocks).min()

    def known(block: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (ends < begins[block]).fillna(value=False).to_numpy()
        return found

    return known
