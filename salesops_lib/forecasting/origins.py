"""One forecast of one quarter from one day: its parts, and what they come to together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.deal_paths import BookingPaths, unit_codes
from salesops_lib.forecasting.experience import LEVEL, PARTS
from salesops_lib.forecasting.scope_tree import ScopeTree
from salesops_lib.forecasting.series_part import owner_shares, series_totals, share_ahead
from salesops_lib.forecasting.simulation import coherent_means, shaped_draws
from salesops_lib.forecasting.stacking import stacked

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.create_and_close import CreateAndClose
    from salesops_lib.forecasting.experience import Experience

    Floats = NDArray[np.float64]

__all__ = ["Combined", "Origin", "combined_at", "created_paths", "origin_of"]

_LEAST_ERROR = 0.02
_GIVES_WAY = 100.0


@dataclass(frozen=True, eq=False)
class Origin:
    """What one forecast rests on.

    Parameters
    ----------
    period : str
        Label of the quarter forecast.
    step : int
        1 for the quarter that the day lies in (or begins), 2 for the next one …
    week : int
        Week of the first of these quarters.
    tree : ScopeTree
        Units and scopes.
    booked : array of float
        Of each unit, won in the period by the day.
    open, created : array, units × paths
        Simulated bookings to come of open deals, and of those not created yet.
    wholes : dict
        By part, its forecast of each of ``tree.wholes``; NaN where it has none.
    leaves : dict
        By part, its forecast of each unit.
    """

    period: str
    step: int
    week: int
    tree: ScopeTree
    booked: Floats
    open: Floats
    created: Floats
    wholes: dict[str, Floats]
    leaves: dict[str, Floats]

    @property
    def ahead(self) -> Floats:
        """Simulated bookings to come of each unit."""
        return self.open + self.created


@dataclass(frozen=True, eq=False)
class Combined:
    """What the parts come to together.

    Parameters
    ----------
    origin : Origin
        The forecast.
    weights : dict
        Weight of each part by kind of scope, with the parts that the kind's first scope has.
    stacked : array of float
        Of ``tree.wholes``, before scopes were made to add up.
    means : array of float
        Of each unit.
    factors : dict
        By kind of scope, how many times wider than the simulation it was to be.
    cents : array, units × paths
        Draws of each unit; whole cents.
    """

    origin: Origin
    weights: dict[str, dict[str, float]]
    stacked: Floats
    means: Floats
    factors: dict[str, float]
    cents: NDArray[np.int64]

    def cases(self) -> pd.DataFrame:
        """One row a scope: forecast, intervals, parts, and what the next forecasts learn from.

        `kind`, `key`, `period`, `step`, `week`, `booked`, `open`, `created`, `deals`, `commit`,
        `series` (forecasts of the parts), `stacked`, `sd` (of the simulation), `below`, `above`
        (from the forecast to the ends of its 80 % interval, had the factor been 1),
        `forecast`, `lo-80`, `hi-80`, `lo-95`, `hi-95`: amounts.
        """
        origin, tree = self.origin, self.origin.tree
        raw = tree.totals(origin.ahead)
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low, high = np.quantile(raw, ends, axis=1, method="inverted_cdf")
        centre = raw.mean(axis=1)
        draws = tree.totals(self.cents)
        cuts = np.quantile(draws, [*ends, 0.025, 0.975], axis=1, method="inverted_cdf") / 100
        frame = pd.DataFrame(tree.scopes, columns=["kind", "key"])
        frame = frame.assign(period=origin.period, step=origin.step, week=origin.week)
        frame["booked"] = tree.totals(origin.booked[:, None])[:, 0]
        frame["open"] = tree.totals(origin.open).mean(axis=1)
        frame["created"] = tree.totals(origin.created).mean(axis=1)
        for part in PARTS:
            frame[part] = self._of_scopes(part)
        counts = len(tree.wholes)
        rest = np.full(len(tree.scopes) - counts, np.nan)
        frame["stacked"] = np.concatenate([self.stacked, rest])
        owners = frame["kind"].eq("rep")
        means = tree.totals(self.means[:, None])[:, 0]
        frame["stacked"] = frame["stacked"].where(~owners, means)
        frame["sd"], frame["forecast"] = raw.std(axis=1), draws.mean(axis=1) / 100
        frame["lo-80"], frame["hi-80"], frame["lo-95"], frame["hi-95"] = cuts
        factor = frame["kind"].map(self.factors)
        # An end that nothing can lie below says nothing of the factor.
        is_free = frame["lo-80"] > frame["booked"] + 0.01
        below = (frame["forecast"] - frame["lo-80"]) / factor
        frame["below"] = below.where(is_free, centre - low)
        above = (frame["hi-80"] - frame["forecast"]) / factor
        frame["above"] = above.where(above > 0, high - centre)
        return frame

    def _of_scopes(self, part: str) -> Floats:
        """Forecasts of a part for all scopes; an owner's is the sum of the units."""
        origin, tree = self.origin, self.origin.tree
        owners = tree.scopes[len(tree.wholes) :]
        leaves = [origin.leaves[part][tree.member[scope]].sum() for scope in owners]
        return np.concatenate([origin.wholes[part], np.array(leaves, dtype=float)])


def created_paths(found: CreateAndClose, share: float) -> BookingPaths:
    """Bookings of deals not created yet, also of quarters that no past one tells of.

    Parameters
    ----------
    found : CreateAndClose
        As simulated: a horizon without past periods has nothing in any path.
    share : float
        Part of a quarter's bookings that the first horizon holds.

    Returns
    -------
    BookingPaths
        A horizon without past periods has the paths of the one before it; those of the
        first are brought to a whole quarter.
    """
    cents = found.paths.cents.copy()
    past = found.frame["past"].to_numpy()
    for at in range(1, len(past)):
        if not past[at] and past[:at].any():
            whole = 1 / max(share, 0.1) if at == 1 else 1.0
            cents[at] = np.rint(cents[at - 1] * whole).astype(np.int64)
    return BookingPaths(found.paths.horizons, found.paths.units, cents)


def origin_of(
    view: View,
    first: Period,
    period: Period,
    step: int,
    day: dt.date,
    open_: BookingPaths,
    created: BookingPaths,
    booked: pd.DataFrame,
    commits: Mapping[tuple[str, str], float],
) -> Origin:
    """The parts of a forecast, side by side for the same units.

    Parameters
    ----------
    view : View
        The whole company.
    first : Period
        Quarter that holds the day after the forecast's.
    period : Period
        Quarter forecast; it is the `step`-th, the first being 1.
    step : int
        See `period`.
    day : date
        Day of the forecast.
    open_, created : BookingPaths
        Simulations; their last horizons but ``step - 1`` are left out.
    booked : DataFrame
        Deals won in the period by the day: `owner_id`, `team`, `region`, `amount`.
    commits : mapping
        What people committed to without their biases, by kind and key; empty for
        quarters nobody has handed anything in for.

    Returns
    -------
    Origin
    """
    week = max((day - first.start).days // 7 + 1, 1)
    roster, shares = owner_shares(view, first, day)
    sums = booked.groupby(["owner_id", "team", "region"], dropna=False, sort=True)["amount"].sum()
    won = sums.reset_index()
    columns = ["owner_id", "team", "region"]
    frames = [one[columns] for one in (open_.units, created.units, won, roster)]
    code, units = unit_codes(pd.concat(frames, ignore_index=True))
    places = np.split(code, np.cumsum([len(one) for one in frames])[:-1])
    tree, count = ScopeTree(units), open_.cents.shape[2]
    draws = []
    for one, place in ((open_, places[0]), (created, places[1])):
        found = np.zeros((len(units), count))
        np.add.at(found, place, one.cents[step - 1] / 100.0)
        draws.append(found)
    done = np.zeros(len(units))
    np.add.at(done, places[2], won["amount"].to_numpy(dtype=float))
    booked_wholes = tree.sums @ done
    leaves = {"deals": done + draws[0].mean(axis=1) + draws[1].mean(axis=1)}
    wholes = {"deals": tree.sums @ leaves["deals"]}
    wholes["commit"] = np.array([commits.get(scope, np.nan) for scope in tree.wholes])
    leaves["commit"] = np.full(len(units), np.nan)
    for row, owner in enumerate(units["owner_id"]):
        # A number of a person who stands in two places belongs to neither of them.
        if ("rep", owner) in commits and len(tree.member["rep", owner]) == 1:
            leaves["commit"][row] = commits["rep", owner]
    share = share_ahead(view, period, day) if step == 1 else 1.0
    totals = {key: rows[step - 1] * share for key, rows in series_totals(view, first).items()}
    wholes["series"] = booked_wholes + np.array(
        [totals.get(scope, np.nan) for scope in tree.wholes]
    )
    weight = np.zeros(len(units))
    weight[places[3]] = shares
    company = totals.get(("company", ""), np.nan)
    team = units["team"].map(lambda name: totals.get(("team", name), 0.0) if name else company)
    leaves["series"] = done + weight * np.nan_to_num(team.to_numpy(dtype=float))
    if not totals:
        leaves["series"] = np.full(len(units), np.nan)
    return Origin(period.label, step, week, tree, done, draws[0], draws[1], wholes, leaves)


def combined_at(origin: Origin, experience: Experience, parts: Sequence[str] = PARTS) -> Combined:
    """Stack the parts, make the scopes add up, and draw.

    Parameters
    ----------
    origin : Origin
        The forecast's parts.
    experience : Experience
        What was known on its day.
    parts : sequence of str
        Parts that take part.

    Returns
    -------
    Combined
    """
    tree, step, week = origin.tree, origin.step, origin.week
    kinds = np.array([kind for kind, _key in tree.wholes])
    raw_wholes = tree.sums @ origin.ahead
    done = tree.sums @ origin.booked
    weights: dict[str, dict[str, float]] = {}
    means = np.full(len(kinds), np.nan)
    errors = np.zeros(len(kinds))
    for kind in ("company", "region", "team"):
        here = np.flatnonzero(kinds == kind)
        if not len(here):
            continue
        values = np.column_stack([origin.wholes[part][here] for part in parts])
        means[here], weights[kind] = _stacked(values, parts, experience, step, week, kind)
        ratio = experience.error_ratio(step, week, kind)
        errors[here] = ratio * raw_wholes[here].std(axis=1)
    leaves = np.column_stack([origin.leaves[part] for part in parts])
    own, weights["rep"] = _stacked(leaves, parts, experience, step, week, "rep")
    ahead = np.maximum(own - origin.booked, 0.0)
    sizes = experience.error_ratio(step, week, "rep") * origin.ahead.std(axis=1)
    # What owners' deals say is in the forecasts of their teams already: owners give way.
    sizes = _GIVES_WAY * np.maximum(sizes, _LEAST_ERROR * ahead)
    wanted = np.maximum(means - done, 0.0)
    errors = np.maximum(errors, _LEAST_ERROR / 4 * np.nan_to_num(wanted))
    centre = coherent_means(tree, wanted, errors, ahead, sizes)
    factors = {
        kind: experience.factor(step, week, kind) for kind in ("company", "region", "team", "rep")
    }
    drawn = shaped_draws(tree, origin.ahead, centre, factors)
    cents = np.rint((drawn + origin.booked[:, None]) * 100).astype(np.int64)
    return Combined(origin, weights, means, origin.booked + centre, factors, cents)


def _stacked(
    values: Floats, parts: Sequence[str], experience: Experience, step: int, week: int, kind: str
) -> tuple[Floats, dict[str, float]]:
    """Stacked forecasts of scopes of one kind, and the weights of most of them."""
    there = np.isfinite(values)
    found = np.full(len(values), np.nan)
    used: dict[str, float] = {}
    most = 0
    for pattern in np.unique(there, axis=0):
        names = [part for part, has in zip(parts, pattern, strict=True) if has]
        rows = np.flatnonzero((there == pattern).all(axis=1))
        if not names:
            continue
        weights = experience.weights(step, week, kind, names)
        found[rows] = stacked(values[np.ix_(rows, np.flatnonzero(pattern))], weights)
        if len(rows) > most:
            most, used = len(rows), dict(zip(names, weights.tolist(), strict=True))
    return found, used
