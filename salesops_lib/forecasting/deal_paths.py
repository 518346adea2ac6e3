"""Simulated bookings by owner: one simulation, from which every scope is a sum.

Amounts are whole cents, so regions add up to the company on every path, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ibis import _
from scipy import special

from salesops_lib.data.organisation import places
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from salesops_lib.data.snapshot import Snapshot

    Floats = NDArray[np.float64]
    Cents = NDArray[np.int64]

__all__ = ["LEVELS", "BookingPaths", "owners_at", "simulated_wins", "summed_paths", "unit_codes"]

LEVELS = (0.80, 0.95)
"""Levels of the intervals."""

_CHUNK = 2000
_UNIT = ("owner_id", "team", "region")


@dataclass(frozen=True)
class BookingPaths:
    """Bookings of each owner in each horizon, on many simulated paths.

    Parameters
    ----------
    horizons : tuple of str
        Labels of the periods.
    units : DataFrame
        `owner_id`, `team`, `region`, one row a unit; empty where nobody owns, or no place is known.
    cents : array of int
        Amounts in cents of the reporting currency: horizon × unit × path.
    """

    horizons: tuple[str, ...]
    units: pd.DataFrame
    cents: Cents

    def total(self, kind: str = "company", key: str = "") -> Cents:
        """Cents of a scope: horizon × path.

        Parameters
        ----------
        kind, key : str
            As those of a `Scope`.

        Returns
        -------
        array of int
        """
        if kind == "company":
            found: Cents = self.cents.sum(axis=1)
            return found
        column = self.units["owner_id" if kind == "rep" else kind]
        part: Cents = self.cents[:, (column == key).to_numpy()].sum(axis=1)
        return part

    def keys(self, kind: str) -> list[str]:
        """Keys of all scopes of a kind, sorted; the company's is empty."""
        if kind == "company":
            return [""]
        column = self.units["owner_id" if kind == "rep" else kind]
        return sorted(column.dropna().unique())

    def __add__(self, other: BookingPaths) -> BookingPaths:
        """Paths of both together, path by path; what is in one alone stays as it is."""
        same = self.cents.shape[2] == other.cents.shape[2]
        if self.horizons != other.horizons or not same:
            raise InputError("paths of other periods, or of another number, cannot be added")
        code, units = unit_codes(pd.concat([self.units, other.units], ignore_index=True))
        shape = (len(self.horizons), len(units), self.cents.shape[2])
        cents = np.zeros(shape, dtype=np.int64)
        cents[:, code[: len(self.units)]] += self.cents
        cents[:, code[len(self.units) :]] += other.cents
        return BookingPaths(self.horizons, units, cents)

    def summary(self, *kinds: str) -> pd.DataFrame:
        """Mean and intervals of each scope and period.

        Parameters
        ----------
        *kinds : str
            Kinds of scope. Default: company, region, team and rep.

        Returns
        -------
        DataFrame
            `kind`, `key`, `period`, `mean`, `lo-80`, `hi-80`, `lo-95`, `hi-95`: in the
            reporting currency.
        """
        rows = []
        ends = [(1 + side * level) / 2 for level in LEVELS for side in (-1, 1)]
        for kind in kinds or ("company", "region", "team", "rep"):
            for key in self.keys(kind):
                total = self.total(kind, key)
                found = np.quantile(total, ends, axis=1, method="inverted_cdf") / 100
                rows += [
                    (kind, key, label, float(total[at].mean()) / 100, *found[:, at].tolist())
                    for at, label in enumerate(self.horizons)
                ]
        names = [f"{side}-{level:.0%}".rstrip("%") for level in LEVELS for side in ("lo", "hi")]
        return pd.DataFrame(rows, columns=["kind", "key", "period", "mean", *names])


def owners_at(snapshot: Snapshot, day: dt.date) -> pd.DataFrame:
    """Where each person is on a day, and whether they sell then.

    Parameters
    ----------
    snapshot : Snapshot
        Source of people and places.
    day : date
        The day.

    Returns
    -------
    DataFrame
        `owner_id`, `team`, `region`, `is_active` (employed, and neither manager nor leader).
    """
    there = places(snapshot).filter(_.place_from <= day, _.place_to >= day)
    people = snapshot.table("reps").select(person="rep_id", left="leave_date", hired="hire_date")
    rows = there.left_join(people, there.rep_id == people.person).to_pandas()
    moment = pd.Timestamp(day)
    left, hired = pd.to_datetime(rows["left"]), pd.to_datetime(rows["hired"])
    sells = ~rows["role"].fillna("").str.casefold().isin(["manager", "leader", "overlay"])
    rows["is_active"] = sells & ~(left <= moment) & ~(hired > moment)
    found = rows.rename(columns={"rep_id": "owner_id"})
    kept: pd.DataFrame = found[[*_UNIT, "is_active"]].sort_values("owner_id", ignore_index=True)
    return kept


def unit_codes(frame: pd.DataFrame) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Number of each row's unit, and the units themselves."""
    columns = frame[list(_UNIT)].astype(object)
    columns = columns.where(columns.notna(), "")
    units = columns.drop_duplicates().sort_values(list(_UNIT), ignore_index=True)
    numbers = units.reset_index(names="unit")
    code = columns.merge(numbers, on=list(_UNIT), how="left")["unit"].to_numpy(dtype=np.int64)
    return code, units.where(units != "", None)


def summed_paths(rows: pd.DataFrame, horizons: tuple[str, ...], paths: int) -> BookingPaths:
    """Paths of single wins.

    Parameters
    ----------
    rows : DataFrame
        One row a win: `horizon` (its place), `path`, `owner_id`, `team`, `region`, `cents`.
    horizons : tuple of str
        Labels of the horizons.
    paths : int
        Number of paths.

    Returns
    -------
    BookingPaths
    """
    code, units = unit_codes(rows)
    cents = np.zeros(len(horizons) * len(units) * paths, dtype=np.int64)
    place = (rows["horizon"].to_numpy(dtype=np.int64) * len(units) + code) * paths
    np.add.at(cents, place + rows["path"].to_numpy(dtype=np.int64), rows["cents"].to_numpy())
    return BookingPaths(horizons, units, cents.reshape(len(horizons), len(units), paths))


def simulated_wins(
    deals: pd.DataFrame,
    chances: Floats,
    ratios: Floats,
    horizons: tuple[str, ...],
    *,
    spread: float,
    paths: int,
    rng: np.random.Generator,
) -> BookingPaths:
    """Wins of open deals, each at most once, in one of the horizons or in none.

    Parameters
    ----------
    deals : DataFrame
        `owner_id`, `team`, `region` and `value`, in the reporting currency.
    chances : array of float
        Probability that each deal is won in each horizon: deal × horizon.
    ratios : array of float
        Amounts at closing ÷ amounts before, of past wins; one is drawn for each win.
    horizons : tuple of str
        Labels of the horizons.
    spread : float
        Standard deviation of what all deals of a path have in common, in log-odds.
    paths : int
        Number of paths.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    BookingPaths
    """
    code, units = unit_codes(deals)
    size = (len(horizons), len(units), paths)
    cents = np.zeros(int(np.prod(size)), dtype=np.int64)
    shift = spread * rng.standard_normal(paths)
    reach = np.minimum(np.cumsum(chances, axis=1), 1.0)
    value = np.nan_to_num(deals["value"].to_numpy(dtype=float)) * 100
    for start in range(0, len(deals), _CHUNK):
        part = slice(start, start + _CHUNK)
        drawn = rng.random((len(code[part]), paths))
        if spread > 0:
            # One shift of the log-odds a path, the same for all of its deals.
            drawn = special.expit(special.logit(drawn) - shift)
        deal, path = np.nonzero(drawn < reach[part, -1:])
        horizon = (drawn[deal, path][:, None] >= reach[part][deal]).sum(axis=1)
        amount = np.rint(value[part][deal] * rng.choice(ratios, len(deal))).astype(np.int64)
        place = (horizon * size[1] + code[part][deal]) * paths + path
        np.add.at(cents, place, amount)
    return BookingPaths(horizons, units, cents.reshape(size))
