"""Frames below each other, column by column, so that no type changes on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["stacked"]


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of frames of the same columns, one frame below the other.

    Parameters
    ----------
    frames : sequence of DataFrame
        At least one. Empty ones are left out; where all are, the first is returned.

    Returns
    -------
    DataFrame
        Columns of the first. Numbers and dates keep their type; categories and texts
        become objects, also where a column is empty in one of the frames.

    Examples
    --------
    >>> one = pd.DataFrame({"a": [1], "b": [None]}, dtype=object).astype({"a": "int64"})
    >>> stacked([one, one.iloc[:0], one.assign(b="x")]).dtypes.astype(str).tolist()
    ['int64', 'object']
    """
    full = [frame for frame in frames if len(frame)]
    if len(full) < 2:
        return (full or list(frames))[0].reset_index(drop=True)
    columns = {}
    for name in full[0].columns:
        parts = [frame[name] for frame in full]
        kinds = {part.dtype.kind for part in parts}
        plain = kinds <= set("iu") or kinds == {"M"}
        arrays = [part.to_numpy() if plain else part.to_numpy(dtype=object) for part in parts]
        columns[name] = np.concatenate(arrays)
    return pd.DataFrame(columns)
