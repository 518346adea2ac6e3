"""Hierarchies of series: who adds up to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from salesops_lib.forecasting.series import SeriesForecast

    Floats = NDArray[np.float64]

__all__ = ["Tree", "checked_tree"]

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Tree:
    """Series of a hierarchy, from the whole down to those without parts.

    Parameters
    ----------
    names : tuple of str
        Parents before their parts; those without parts last.
    parts : dict
        Places of the parts of each parent, by the place of the parent.
    bottoms : int
        Series without parts.
    """

    names: tuple[str, ...]
    parts: dict[int, tuple[int, ...]]
    bottoms: int

    @property
    def summing(self) -> Floats:
        """Matrix that adds the series without parts up to all of them, in order."""
        n, first = len(self.names), len(self.names) - self.bottoms
        found = np.zeros((n, self.bottoms))
        found[first:] = np.eye(self.bottoms)
        for place in reversed(range(first)):
            found[place] = found[list(self.parts[place])].sum(axis=0)
        return found


def checked_tree(forecast: SeriesForecast, hierarchy: Mapping[str, str]) -> Tree:
    """Tree over the series of a forecast.

    Parameters
    ----------
    forecast : SeriesForecast
        Forecasts of all series of the tree, and of no other.
    hierarchy : mapping
        The series that each one is a part of, such as ``{"Ana": "North", "North": "company"}``.

    Returns
    -------
    Tree

    Raises
    ------
    InputError
        Where a series is missing, stands outside the tree, there is more or less than one
        whole, series end at different steps, or parts do not add up to the whole in the past.
    """
    known = {part.series.unique_id: part.series for part in forecast.parts}
    named = set(hierarchy) | set(hierarchy.values())
    for name in sorted(named - set(known)):
        raise InputError(
            f"the hierarchy names the series `{name}`, which has no forecast",
            found=name,
            allowed=known,
        )
    for name in sorted(set(known) - named):
        raise InputError(f"the series `{name}` has no place in the hierarchy")
    depths = {name: _depth(name, hierarchy) for name in sorted(known)}
    wholes = sorted(name for name, depth in depths.items() if depth == 0)
    if len(wholes) != 1:
        raise InputError(f"a hierarchy has one whole, not {len(wholes)}: {', '.join(wholes)}")
    parents = set(hierarchy.values())
    names = sorted(known, key=lambda name: (name not in parents, depths[name], name))
    place = {name: number for number, name in enumerate(names)}
    parts = {
        place[parent]: tuple(place[name] for name in names if hierarchy.get(name) == parent)
        for parent in names
        if parent in parents
    }
    ends = {name: known[name].future[0] for name in names}
    for name, end in ends.items():
        if end != ends[wholes[0]]:
            raise InputError(
                f"the series `{name}` ends on another step than `{wholes[0]}`; "
                "fill it with zeros up to the end, or leave it out"
            )
    for parent, held in parts.items():
        _check_sum(names[parent], [names[one] for one in held], forecast)
    return Tree(tuple(names), parts, len(names) - len(parents))


def _depth(name: str, hierarchy: Mapping[str, str]) -> int:
    seen = [name]
    while seen[-1] in hierarchy:
        seen.append(hierarchy[seen[-1]])
        if seen[-1] in seen[:-1]:
            raise InputError(f"the series `{seen[-1]}` is a part of itself")
    return len(seen) - 1


def _check_sum(parent: str, parts: list[str], forecast: SeriesForecast) -> None:
    """Refuse a whole that its parts did not add up to; nobody's past is 0 before it begins."""
    values = {part.series.unique_id: part.series.y for part in forecast.parts}
    whole = values[parent]
    longest = max(len(whole), *(len(values[name]) for name in parts))
    total = sum((_from_end(values[name], longest) for name in parts), np.zeros(longest))
    gap = np.abs(_from_end(whole, longest) - total)
    if gap.max() > _TOLERANCE * max(1.0, float(np.abs(whole).max())):
        back = longest - int(gap.argmax())
        raise InputError(
            f"the parts of `{parent}` add up to {total[-back]:.12g} and not to its "
            f"{_from_end(whole, longest)[-back]:.12g}, {back} steps from the end",
        )


def _from_end(y: Floats, length: int) -> Floats:
    return np.concatenate([np.zeros(length - len(y)), y])
