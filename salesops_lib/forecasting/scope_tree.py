"""Company, regions, teams and owners as one tree over the units of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Members = NDArray[np.int64]

__all__ = ["ScopeTree"]


@dataclass(frozen=True, eq=False)
class ScopeTree:
    """Which units each scope holds.

    Parameters
    ----------
    units : DataFrame
        `owner_id`, `team`, `region`, as of `BookingPaths.units`; empty where there is none.
    """

    units: pd.DataFrame

    @cached_property
    def wholes(self) -> tuple[tuple[str, str], ...]:
        """Kind and key of the company, the regions and the teams, in this order."""
        found = [("company", "")]
        for kind in ("region", "team"):
            found += [(kind, str(key)) for key in sorted(self.units[kind].dropna().unique())]
        return tuple(found)

    @cached_property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """Kind and key of all scopes, owners last."""
        owners = sorted(self.units["owner_id"].dropna().unique())
        return (*self.wholes, *(("rep", str(key)) for key in owners))

    @cached_property
    def member(self) -> dict[tuple[str, str], Members]:
        """Places of the units of each scope."""
        found = {("company", ""): np.arange(len(self.units))}
        for kind, column in (("region", "region"), ("team", "team"), ("rep", "owner_id")):
            places = self.units.groupby(column, sort=True).indices
            found |= {(kind, str(key)): np.sort(rows) for key, rows in places.items()}
        return found

    @cached_property
    def sums(self) -> Floats:
        """Matrix of 0 and 1 that adds units up to `wholes`."""
        found = np.zeros((len(self.wholes), len(self.units)))
        for row, scope in enumerate(self.wholes):
            found[row, self.member[scope]] = 1.0
        return found

    @cached_property
    def branches(self) -> tuple[tuple[str, Members], ...]:
        """Levels below the company: kind, and for each unit the number of its branch.

        Each branch lies within one branch of the level above, so that a team which
        stands in two regions is two branches. Units are the last level.
        """
        columns = self.units[["region", "team"]].astype(object)
        columns = columns.where(columns.notna(), "")
        regions = columns.groupby("region", sort=True).ngroup().to_numpy(dtype=np.int64)
        teams = columns.groupby(["region", "team"], sort=True).ngroup().to_numpy(dtype=np.int64)
        owners = np.arange(len(self.units), dtype=np.int64)
        found: tuple[tuple[str, Any], ...] = (
            ("region", regions),
            ("team", teams),
            ("rep", owners),
        )
        return found

    def totals(self, values: NDArray[Any]) -> Floats:
        """Sums of units (rows) for each of `scopes`."""
        return np.stack([values[self.member[scope]].sum(axis=0) for scope in self.scopes])
