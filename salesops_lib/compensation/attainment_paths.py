"""Paths of results: what people may reach in periods to come, many times over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.plan_curves import credit_measures
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from salesops_lib.compensation.attainment_model import AttainmentModel
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_curves import PlanCurves
    from salesops_lib.compensation.ratios import Ints
    from salesops_lib.compensation.replay import Replay

    Floats = NDArray[np.float64]

__all__ = [
    "FORECAST_PATHS",
    "ResultPaths",
    "forecast_paths",
    "model_paths",
    "past_paths",
    "result_mix",
    "with_measures",
]

FORECAST_PATHS = ("scope", "draw", "amount")
"""Columns of paths that a forecast hands over; `period` where there is more than one."""

_ONE_DEAL = 100


@dataclass(frozen=True, eq=False)
class ResultPaths:
    """Results of people on many paths.

    Parameters
    ----------
    results : mapping
        For each measure of credits: period × person × path, hundredths of its unit.
    measure : str
        The one that was drawn; the others follow it.
    quotas : array of int64
        Period × person: quota of it.
    origin : str
        Where the paths come from: ``history``, ``forecast`` or ``past``.
    seed : int, optional
        Of the draws.
    """

    results: Mapping[str, Ints]
    measure: str
    quotas: Ints
    origin: str
    seed: int | None = None

    @property
    def paths(self) -> int:
        """How many there are."""
        return int(self.results[self.measure].shape[2])

    @property
    def attainment(self) -> Floats:
        """Attainment of each person over all periods: person × path."""
        total = self.results[self.measure].sum(axis=0)
        found: Floats = total / self.quotas.sum(axis=0)[:, None]
        return found

    def first(self, paths: int) -> ResultPaths:
        """The first of the paths only, for a quick look."""
        some = {name: values[:, :, :paths] for name, values in self.results.items()}
        return ResultPaths(some, self.measure, self.quotas, self.origin, self.seed)


def result_mix(past: Replay, measure: str) -> pd.DataFrame:
    """How much of each measure came with one unit of another, by rep.

    Parameters
    ----------
    past : Replay
        Past periods; its plan counts the measures.
    measure : str
        The one that the others are held against.

    Returns
    -------
    DataFrame
        One row a rep (index) and one for ``""``, everybody; a column a measure: its
        result ÷ that of `measure`. Who had no result is taken as everybody.

    Raises
    ------
    InputError
        The plan does not count the measure, or nobody had any of it.
    """
    names = credit_measures(past.plan)
    if measure not in names:
        raise InputError(f"the plan counts no `{measure}`", found=measure, allowed=names)
    columns = [f"result_{name}" for name in names]
    sums = past.frame.groupby("rep_id", sort=True)[columns].sum()
    sums.columns = pd.Index(names)
    everybody = sums.sum()
    if everybody[measure] <= 0:
        raise InputError(f"nobody had any `{measure}` in the past periods")
    mix = sums.div(sums[measure].where(sums[measure] > 0), axis=0)
    whole = everybody / everybody[measure]
    mix = mix.fillna(whole.to_dict())
    mix.loc[""] = whole
    return mix


def with_measures(
    plan: Plan, rep_ids: list[str], amounts: Ints, measure: str, mix: pd.DataFrame | None
) -> dict[str, Ints]:
    """Results of all measures of a plan, from those of one.

    Parameters
    ----------
    plan : Plan
        Whose measures.
    rep_ids : list of str
        The people, in the order of `amounts`.
    amounts : array of int64
        Period × person × path of `measure`.
    measure : str
        Which one.
    mix : DataFrame or None
        As `result_mix`; needed where the plan has further measures.

    Returns
    -------
    dict
        Deals are whole ones.

    Raises
    ------
    InputError
        A measure is not in the mix.
    """
    found = {measure: amounts}
    for name in credit_measures(plan):
        if name == measure:
            continue
        if mix is None or name not in mix.columns:
            raise InputError(
                f"the plan also counts `{name}`, and nothing says how much of it comes with "
                f"`{measure}`: give the mix of past periods"
            )
        share = np.array([mix[name].get(rep, mix.loc["", name]) for rep in rep_ids])
        unit = _ONE_DEAL if plan.measures[name].of == "deals" else 1
        found[name] = np.rint(amounts * (share[None, :, None] / unit)).astype(np.int64) * unit
    return found


def model_paths(
    model: AttainmentModel,
    curves: PlanCurves,
    measure: str,
    *,
    mix: pd.DataFrame | None = None,
    paths: int = 10_000,
    seed: int = 0,
) -> ResultPaths:
    """Paths drawn from how attainment varied in the past.

    Parameters
    ----------
    model : AttainmentModel
        Estimated from past periods.
    curves : PlanCurves
        People, periods and quotas.
    measure : str
        Measure of the plan that attainment is of.
    mix : DataFrame, optional
        As `result_mix`.
    paths, seed : int
        How many, and which.

    Returns
    -------
    ResultPaths
    """
    rep_ids = curves.people["rep_id"].tolist()
    quotas = curves.quotas(measure)
    attained = model.draws(rep_ids, len(curves.periods), paths, seed)
    attained *= quotas[:, :, None]
    amounts = np.rint(attained, out=attained).astype(np.int64)
    results = with_measures(curves.plan, rep_ids, amounts, measure, mix)
    return ResultPaths(results, measure, quotas, "history", seed)


def forecast_paths(
    frame: pd.DataFrame,
    model: AttainmentModel,
    curves: PlanCurves,
    measure: str,
    *,
    mix: pd.DataFrame | None = None,
    seed: int = 0,
) -> ResultPaths:
    """Paths of a forecast, each scope's amount shared by its people as they vary.

    Parameters
    ----------
    frame : DataFrame
        `scope` (``company``, or ``region:``, ``team:`` or ``rep:`` and the key), `draw`,
        `amount` (in the currency) and, for more than one period, `period` (label): each
        scope has the same draws. A scope of many people is cut by the model's draws, so
        that they sum to the forecast to the cent.
    model : AttainmentModel
        How people of one scope differ.
    curves : PlanCurves
        People (with `team` and `region` where scopes are such), periods and quotas.
    measure : str
        Measure of the plan that the forecast is of.
    mix : DataFrame, optional
        As `result_mix`.
    seed : int
        Of the draws within scopes.

    Returns
    -------
    ResultPaths

    Raises
    ------
    InputError
        Somebody is in no scope or in two, a scope has nobody, a draw is missing or
        stands twice, or an amount is below zero.
    """
    people = curves.people
    scope_of = _scopes(frame, people)
    table = _amounts(frame, curves)
    rep_ids = people["rep_id"].tolist()
    quotas = curves.quotas(measure)
    draws = next(iter(table.values())).shape[1]
    weights = model.draws(rep_ids, len(curves.periods), draws, seed) * quotas[:, :, None]
    amounts = np.zeros(weights.shape, dtype=np.int64)
    for scope, cents in table.items():
        who = np.flatnonzero(scope_of == scope)
        own = weights[:, who]
        # Where all of them drew nothing, the quota says who has what.
        nobody = own.sum(axis=1, keepdims=True) <= 0
        own = np.where(nobody, quotas[:, who, None], own)
        shares = np.cumsum(own, axis=1) / own.sum(axis=1, keepdims=True)
        cuts = np.rint(shares * cents[:, None, :]).astype(np.int64)
        amounts[:, who] = np.diff(cuts, axis=1, prepend=0)
    results = with_measures(curves.plan, rep_ids, amounts, measure, mix)
    return ResultPaths(results, measure, quotas, "forecast", seed)


def past_paths(past: Replay, curves: PlanCurves, measure: str) -> ResultPaths:
    """What was reached in past periods, as the one path that it was.

    Parameters
    ----------
    past : Replay
        Past periods, the same ones as those of the curves.
    curves : PlanCurves
        Of the same people.
    measure : str
        Measure of the plan that attainment is of.

    Returns
    -------
    ResultPaths
        One path; people without a row in a period have 0 there.
    """
    labels = [period.label for period in curves.periods]
    reps = curves.people["rep_id"]
    results = {}
    for name in credit_measures(curves.plan):
        wide = past.frame.pivot_table(
            index="period", columns="rep_id", values=f"result_{name}", aggfunc="sum"
        )
        wide = wide.reindex(index=labels, columns=reps).fillna(0)
        results[name] = wide.to_numpy(np.int64)[:, :, None]
    return ResultPaths(results, measure, curves.quotas(measure), "past")


def _scopes(frame: pd.DataFrame, people: pd.DataFrame) -> NDArray[np.object_]:
    """Scope of each person."""
    missing = next((name for name in FORECAST_PATHS if name not in frame), None)
    if missing:
        raise InputError(f"the paths have no column `{missing}`", allowed=FORECAST_PATHS)
    found = np.full(len(people), None, dtype=object)
    for scope in sorted(set(frame["scope"].astype(str))):
        kind, _, key = scope.partition(":")
        column = {"rep": "rep_id", "team": "team", "region": "region"}.get(kind)
        if kind == "company":
            inside = np.ones(len(people), dtype=bool)
        elif column is None or column not in people:
            raise InputError(f"`{scope}` of the paths is no scope of the people", found=scope)
        else:
            inside = (people[column] == key).to_numpy(bool)
        if not inside.any():
            raise InputError(f"nobody whom the plan pays is in `{scope}` of the paths")
        if (found[inside] != None).any():  # noqa: E711 (element by element)
            rep = people["rep_id"][inside & (found != None)].iloc[0]  # noqa: E711
            raise InputError(f"`{rep}` is in two scopes of the paths: keep one kind of scope")
        found[inside] = scope
    if (found == None).any():  # noqa: E711
        rep = people["rep_id"][found == None].iloc[0]  # noqa: E711
        raise InputError(f"`{rep}` is in no scope of the paths")
    return found


def _amounts(frame: pd.DataFrame, curves: PlanCurves) -> dict[str, Floats]:
    """Cents of each scope: period × draw."""
    labels = [period.label for period in curves.periods]
    rows = frame.assign(scope=frame["scope"].astype(str))
    if "period" not in rows:
        if len(labels) > 1:
            raise InputError("the paths have no column `period`, and there is more than one")
        rows = rows.assign(period=labels[0])
    rows = rows[rows["period"].isin(labels)]
    twice = rows.duplicated(["scope", "period", "draw"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise InputError(f"`{row['scope']}` has draw {row['draw']} of {row['period']} twice")
    cents = np.rint(rows["amount"].astype(float).to_numpy() * 100)
    if not (np.isfinite(cents).all() and (cents >= 0).all()):
        raise InputError("an amount of the paths is missing or below zero")
    wide = rows.assign(cents=cents).pivot_table(
        index=["scope", "period"], columns="draw", values="cents"
    )
    found = {}
    for scope in sorted(set(frame["scope"].astype(str))):
        own = wide.reindex([(scope, label) for label in labels]).to_numpy(float)
        if np.isnan(own).any():
            raise InputError(f"`{scope}` of the paths lacks a draw or a period")
        found[scope] = own
    return found
