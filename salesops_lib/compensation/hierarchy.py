"""Who led whom on which day, and where everyone stood: the dated organisation."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.data.organisation import places
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["Hierarchy", "hierarchy"]

_DAY_BITS = 23
"""Days since 1 January of year 1, up to year 9999, fit into so many bits."""

_Chain = tuple[int, int, tuple[str, ...]]
_Place = tuple[int, int, str | None]


class Hierarchy:
    """The organisation over time, asked for many people and days at once.

    Parameters
    ----------
    places : DataFrame
        `rep_id`, `manager_id`, `team`, `region`, `role`, `place_from`, `place_to`
        (both inclusive, as dates); a person's rows neither overlap nor leave a gap.

    Raises
    ------
    InputError
        On some day people lead each other in a circle.

    Examples
    --------
    >>> rows = pd.DataFrame({"rep_id": ["ann", "bob"], "manager_id": ["bob", None],
    ...     "team": "t", "region": "r", "role": ["rep", "manager"],
    ...     "place_from": dt.date(1900, 1, 1), "place_to": dt.date(9999, 12, 31)})
    >>> at, who = Hierarchy(rows).managers(["ann", "bob"], [dt.date(2026, 1, 5)] * 2)
    >>> at.tolist(), who.tolist()
    ([0], ['bob'])
    """

    def __init__(self, places: pd.DataFrame) -> None:
        frame = places.reset_index(drop=True)
        frame = frame.assign(
            since=_ordinals(frame["place_from"]), till=_ordinals(frame["place_to"])
        )
        self._reps = pd.Index(sorted(set(frame["rep_id"])), dtype=object)
        code = self._reps.get_indexer(pd.Index(frame["rep_id"], dtype=object))
        self._frame = frame.iloc[np.lexsort((frame["since"].to_numpy(), code))]
        self._place_keys = _keys(np.sort(code), self._frame["since"].to_numpy())
        # What is not found reads the last entry, which is empty.
        self._place_codes = {
            name: (np.append(codes, -1), pd.Index(values, dtype=object))
            for name in ("team", "region", "role", "manager_id")
            for codes, values in [pd.factorize(self._frame[name], sort=True)]
        }
        chains = _chains(self._frame)
        segments = [
            (at, since, who)
            for at, rep in enumerate(self._reps)
            for since, _till, who in chains[rep]
        ]
        self._chain_keys = _keys(*_columns(segments))
        self._chain_people = [who for _at, _since, who in segments]
        self._chain_lengths = np.array([len(who) for who in self._chain_people], dtype="int64")

    def located(self, rep_ids: Sequence[Any] | NDArray[Any], days: Any) -> pd.DataFrame:
        """Place of each person on a day.

        Parameters
        ----------
        rep_ids : sequence of str
            People.
        days : sequence of date or datetime64
            Day of each.

        Returns
        -------
        DataFrame
            `team`, `region`, `role` and `manager_id` (categories), a row each; empty for
            people who are in no place.
        """
        at, known = self._found(self._place_keys, rep_ids, days)
        columns = {}
        for name in ("team", "region", "role", "manager_id"):
            codes, values = self._place_codes[name]
            found = codes[np.where(known, at, -1)]
            columns[name] = pd.Categorical.from_codes(found, categories=values)
        return pd.DataFrame(columns)

    def managers(
        self, rep_ids: Sequence[Any] | NDArray[Any], days: Any, levels: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Everyone above each person on a day, nearest first.

        Parameters
        ----------
        rep_ids : sequence of str
            People.
        days : sequence of date or datetime64
            Day of each.
        levels : int, optional
            How far up. Default: to the top.

        Returns
        -------
        rows : array of int64
            Place in `rep_ids` of the person who is led.
        manager_ids : array of str
            Who leads.
        """
        at, known = self._found(self._chain_keys, rep_ids, days)
        if not known.any():
            return np.zeros(0, dtype="int64"), np.zeros(0, dtype=object)
        lengths = np.where(known, self._chain_lengths[at], 0)
        if levels is not None:
            lengths = np.minimum(lengths, levels)
        people = self._chain_people
        flat = np.array([who for chain in people for who in chain], dtype=object)
        begins = np.cumsum([0, *map(len, people)])[:-1]
        rows = np.repeat(np.arange(len(at)), lengths)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return rows, flat[np.repeat(begins[at], lengths) + within]

    def _found(
        self, keys: NDArray[np.int64], rep_ids: Any, days: Any
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Place of each person and day in the sorted keys, and whether there is one."""
        reps = self._reps
        code = reps.get_indexer(pd.Index(rep_ids, dtype=object))
        at = np.searchsorted(keys, _keys(code, _ordinals(days)), side="right") - 1
        known = (code >= 0) & (at >= 0)
        at = np.where(known, at, 0)
        if len(keys):
            known &= (keys[at] >> _DAY_BITS) == code
        return at, known


def hierarchy(snapshot: Snapshot) -> Hierarchy:
    """The dated organisation of a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        Source of ``rep_assignments``.

    Returns
    -------
    Hierarchy

    Raises
    ------
    InputError
        On some day people lead each other in a circle.
    """
    return Hierarchy(places(snapshot).order_by("rep_id", "place_from").to_pyarrow().to_pandas())


def _chains(frame: pd.DataFrame) -> dict[str, list[_Chain]]:
    """Spans of days of each person with all who lead then, nearest first."""
    spans: dict[str, list[_Place]] = defaultdict(list)
    for rep, manager, since, till in zip(
        frame["rep_id"].tolist(),
        frame["manager_id"].tolist(),
        frame["since"].tolist(),
        frame["till"].tolist(),
        strict=True,
    ):
        # Who leads themselves, as the top of some exports does, is led by nobody.
        leads = None if manager is None or manager != manager or manager == rep else manager
        spans[rep].append((since, till, leads))
    return {rep: sorted(_climbed(rep, spans)) for rep in list(spans)}


def _climbed(rep: str, spans: dict[str, list[_Place]]) -> list[_Chain]:
    done: list[_Chain] = []
    open_: list[tuple[int, int, tuple[str, ...], str]] = [
        (since, till, (), rep) for since, till, _manager in spans[rep]
    ]
    while open_:
        since, till, chain, top = open_.pop()
        above = spans.get(top, [(since, till, None)])
        for begins, ends, manager in above:
            start, end = max(since, begins), min(till, ends)
            if start > end:
                continue
            if manager is None:
                done.append((start, end, chain))
                continue
            if manager == rep or manager in chain:
                raise InputError(
                    f"on {dt.date.fromordinal(start)} `{manager}` is led by `{top}`'s own people: "
                    f"{' → '.join((rep, *chain, manager))}; end one of these assignments",
                    where="rep_assignments",
                )
            open_.append((start, end, (*chain, manager), manager))
    return done


def _ordinals(days: Any) -> NDArray[np.int64]:
    """Days since 1 January of year 1, of dates or datetime64."""
    values = np.asarray(days)
    if values.dtype.kind != "M":
        return np.array([day.toordinal() for day in values], dtype="int64")
    return values.astype("datetime64[D]").astype("int64") + dt.date(1970, 1, 1).toordinal()


def _keys(code: NDArray[np.int64], days: NDArray[np.int64]) -> NDArray[np.int64]:
    return (np.asarray(code, dtype="int64") << _DAY_BITS) + days


def _columns(
    segments: list[tuple[int, int, tuple[str, ...]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    codes = np.array([at for at, _since, _who in segments], dtype="int64")
    return codes, np.array([since for _at, since, _who in segments], dtype="int64")
