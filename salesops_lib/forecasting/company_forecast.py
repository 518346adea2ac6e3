"""The whole company's forecast, made once and kept beside the snapshot for all reports."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.data.derived import derived_table
from salesops_lib.errors import InputError
from salesops_lib.forecasting.backtests import STACKS, STEPS, commits_at, past_cases, won_within
from salesops_lib.forecasting.baselines import baselines
from salesops_lib.forecasting.booked import whole_view, won_deals
from salesops_lib.forecasting.create_and_close import checked_horizons, create_and_close
from salesops_lib.forecasting.deal_backtest import judged_deals
from salesops_lib.forecasting.deal_forecast import deal_forecast
from salesops_lib.forecasting.experience import Experience
from salesops_lib.forecasting.horizons import Horizon
from salesops_lib.forecasting.origins import combined_at, created_paths, origin_of
from salesops_lib.forecasting.series_part import share_ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from salesops_lib.calendar import Period
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.deal_backtest import JudgedDeals
    from salesops_lib.forecasting.deal_forecast import DealForecast
    from salesops_lib.forecasting.origins import Combined

__all__ = [
    "CompanyForecast",
    "company_forecast",
    "judged_chances",
    "past_forecasts",
    "quarterly_view",
    "simple_forecasts",
]

_PATHS = 1000
_EXPLAINED = 8
_REASONS = 3
_SEED = 0


@dataclass(frozen=True, eq=False)
class CompanyForecast:
    """What the whole company's quarters will bring, in all its scopes.

    Parameters
    ----------
    scopes : DataFrame
        One row a scope and quarter: as from `Combined.cases`.
    draws : DataFrame
        One row a unit and quarter: `step`, `period`, `owner_id`, `team`, `region`, and
        `cents`, an array of whole cents, one a path.
    deals : DataFrame
        One row an open deal: as in `DealForecast.frame`, ``won_1`` to ``won_5`` being the
        chances of the quarters, and what is known of it.
    reasons : DataFrame
        Why some deals are likelier or less likely to be won than a usual one: as from
        `WinModel.explain`, with texts in `value` and `usual`.
    notes : dict
        `deal_method`, `not_begun` (open deals without a created date), `past_quarters` (that
        were forecast again), `no_past` (why none was), `has_commit`, and `weights` by step
        and kind.
    """

    scopes: pd.DataFrame
    draws: pd.DataFrame
    deals: pd.DataFrame
    reasons: pd.DataFrame
    notes: dict[str, Any]


@lru_cache(maxsize=16)
def quarterly_view(view: View) -> View:
    """View of the whole company on the quarter that the as-of date lies in; English."""
    whole = whole_view(view)
    period = view.calendar.period_of(view.as_of, "quarter")
    if whole.period == period and whole.language == "en":
        return whole
    return replace(whole, period=period, language="en")


def past_forecasts(view: View) -> pd.DataFrame:
    """Combined forecasts of past quarters: see `backtests.past_cases`.

    Made once for the company and kept; empty where no past quarter can be forecast again.
    """
    return _past(quarterly_view(view))


def judged_chances(view: View) -> pd.DataFrame:
    """Chances of past quarters' open deals, those of the references, and what came.

    Returns
    -------
    DataFrame
        `opportunity_id`, `day`, `week`, `period`, `owner_id`, `team`, `region`, `won`,
        `probability`, `base_rate` and, where known, `stage` and `forecast_category`: shares
        won of the same stage and category, each learnt from earlier quarters.
    """
    return _chances(quarterly_view(view))


def simple_forecasts(view: View) -> pd.DataFrame:
    """Forecasts of past quarters by the simpler methods: see `baselines.baselines`."""
    return _simple(quarterly_view(view))


# Also where nothing can be kept beside the snapshot, a process makes each but once.
@lru_cache(maxsize=4)
def _past(whole: View) -> pd.DataFrame:
    def made() -> pd.DataFrame:
        judged = _judged(whole)
        if isinstance(judged, str):
            return pd.DataFrame({"kind": pd.Series(dtype=object)})
        return past_cases(whole, judged, _SEED)

    return _kept(whole, "forecast-past", made)


@lru_cache(maxsize=4)
def _chances(whole: View) -> pd.DataFrame:
    def made() -> pd.DataFrame:
        judged = _judged(whole)
        if isinstance(judged, str):
            return pd.DataFrame({"won": pd.Series(dtype=float)})
        columns = ["opportunity_id", "day", "week", "period", "owner_id", "team", "region", "won",
                   "probability"]  # fmt: skip
        report = judged.model.report.frame
        names = [name for name in report.columns if name not in {"row", "time", *columns}]
        return judged.deals[columns].assign(**{name: report[name].to_numpy() for name in names})

    return _kept(whole, "forecast-chances", made)


@lru_cache(maxsize=4)
def _simple(whole: View) -> pd.DataFrame:
    return _kept(whole, "forecast-baselines", lambda: baselines(whole))


def company_forecast(view: View, day: dt.date | None = None) -> CompanyForecast:
    """Forecast of the quarter that follows a day (or holds it), and of the next four.

    Parameters
    ----------
    view : View
        Snapshot, calendar and currency.
    day : date, optional
        Default: the as-of date. Of an earlier day only what was known then is used.

    Returns
    -------
    CompanyForecast

    Raises
    ------
    InputError
        The day lies after the as-of date.
    """
    return _forecast(quarterly_view(view), day or view.as_of)


@lru_cache(maxsize=8)
def _forecast(whole: View, at: dt.date) -> CompanyForecast:
    def made(part: str) -> Callable[[], pd.DataFrame]:
        return lambda: _made(whole, at)[part]

    names = ("scopes", "draws", "deals", "reasons", "notes")
    found = {name: _kept(whole, f"forecast-{name}", made(name), at) for name in names}
    notes = json.loads(found["notes"]["notes"].iloc[0])
    return CompanyForecast(found["scopes"], found["draws"], found["deals"], found["reasons"], notes)


def _kept(view: View, name: str, make: Callable[[], pd.DataFrame], *settings: Any) -> pd.DataFrame:
    """Frame that is made once for the snapshot."""
    import pyarrow as pa

    def made() -> pa.Table:
        return pa.Table.from_pandas(make(), preserve_index=False)

    about = [view.currency.model_dump(), view.as_of, view.calendar.settings.model_dump()]
    table = derived_table(view.snapshot.whole, name, [*about, *settings], made, __name__)
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


@lru_cache(maxsize=4)
def _judged(whole: View) -> JudgedDeals | str:
    """Judged deals of past quarters; a sentence where there are none."""
    try:
        return judged_deals(whole, _SEED)
    except InputError as error:
        return str(error.what)


@lru_cache(maxsize=4)
def _made(whole: View, day: dt.date) -> dict[str, pd.DataFrame]:
    """All tables of a day's forecast."""
    quarters = checked_horizons(whole, day, None)
    first = quarters[0]
    judged = _judged(whole) if _same_past(whole, day) else ""
    model = None if isinstance(judged, str) else judged.model
    deals = deal_forecast(whole, day, quarters, paths=_PATHS, seed=_SEED, model=model)
    new = create_and_close(whole, day, quarters, paths=_PATHS, seed=_SEED)
    created = created_paths(new, share_ahead(whole, first, day))
    week = max((day - first.start).days // 7 + 1, 1)
    given = commits_at(whole, [Horizon(first, week, day)]).get((first.label, week), {})
    cases = past_forecasts(whole)
    stacks = {
        stack: Experience(cases[cases["stack"] == stack] if len(cases) else cases).known_on(
            day + dt.timedelta(days=1)
        )
        for stack in STACKS
    }
    found: list[Combined] = []
    for step, period in enumerate(quarters[:STEPS], start=1):
        commits = given if step == 1 else {}
        stack = "all" if commits else "no_commit"
        booked = won_within(won_deals(whole), period, day)
        origin = origin_of(
            whole, first, period, step, day, deals.paths, created, booked, commits
        )  # fmt: skip
        found.append(combined_at(origin, stacks[stack], STACKS[stack]))
    experience = stacks["all" if given else "no_commit"]
    no_past = _judged(whole) if not len(cases) else ""
    notes = {
        "deal_method": deals.method,
        "deal_features": list(deals.model.features) if deals.model is not None else [],
        "without": deals.without,
        "not_begun": int(deals._features["created_date"].isna().sum()),
        "past_quarters": experience.quarters(1),
        "no_past": no_past if isinstance(no_past, str) else "",
        "has_commit": bool(given),
        "weights": {one.origin.step: one.weights for one in found},
    }
    return {
        "scopes": pd.concat([one.cases() for one in found], ignore_index=True),
        "draws": pd.concat([_draws(one) for one in found], ignore_index=True),
        "deals": _deals(deals, quarters),
        "reasons": _reasons(deals),
        "notes": pd.DataFrame({"notes": [json.dumps(notes)]}),
    }


def _same_past(whole: View, day: dt.date) -> bool:
    """Whether the same quarters had ended by a day as by the as-of date."""
    calendar = whole.calendar
    begins = [calendar.period_of(one + dt.timedelta(days=1), "quarter") for one in
              (day, whole.as_of)]  # fmt: skip
    return begins[0] == begins[1]


def _draws(found: Combined) -> pd.DataFrame:
    origin = found.origin
    frame = origin.tree.units.assign(step=origin.step, period=origin.period)
    return frame.assign(cents=list(found.cents))


def _deals(found: DealForecast, quarters: tuple[Period, ...]) -> pd.DataFrame:
    """Open deals with their chances, and what is known of them."""
    names = {f"won {one.label}": f"won_{step}" for step, one in enumerate(quarters, start=1)}
    known = ["opportunity_id", "created_date", "days_in_stage", "days_since_activity", "pushes",
             "forecast_category", "crm_probability"]  # fmt: skip
    rows = found._features.reindex(columns=known)
    return found.frame.rename(columns=names).merge(rows, on="opportunity_id", how="left")


def _reasons(found: DealForecast) -> pd.DataFrame:
    """Reasons of each owner's deals that matter most to the first quarter."""
    columns = ["opportunity_id", "place", "feature", "value", "usual", "effect"]
    frame = found.frame
    if found.model is None or frame.empty:
        return pd.DataFrame(columns=columns).astype({"place": int, "effect": float})
    chance = frame["probability"]
    weight = frame["value"].fillna(0.0) * np.sqrt(chance * (1 - chance))
    order = frame.assign(weight=weight).sort_values(
        ["weight", "opportunity_id"], ascending=[False, True], kind="stable"
    )
    chosen = order.groupby("owner_id", dropna=False, sort=False).head(_EXPLAINED)
    rows = found.explained(chosen["opportunity_id"].tolist(), _REASONS)[columns]
    texts = {name: rows[name].map(_text) for name in ("value", "usual")}
    return rows.assign(**texts)


def _text(value: Any) -> str:
    """A feature's value: numbers to four digits."""
    if isinstance(value, float | int | np.number) and not isinstance(value, bool):
        return f"{float(value):.4g}"
    return "" if value is None else str(value)
