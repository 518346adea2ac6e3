"""What the open deals will bring: probability and amount of each, and paths of their sums."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.create_and_close import checked_horizons, outcomes_at
from salesops_lib.forecasting.deal_paths import BookingPaths, simulated_wins
from salesops_lib.forecasting.deal_states import company_view, deal_outcomes, deal_states
from salesops_lib.forecasting.features import (
    FEATURES,
    deal_features,
    known_features,
    landmarks,
    training_rows,
)
from salesops_lib.forecasting.time_to_close import TimeToClose
from salesops_lib.forecasting.win_model import WinModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from salesops_lib.data.view import View
    from salesops_lib.forecasting.win_report import WinReport
    from salesops_lib.period import Period

    Floats = NDArray[np.float64]

__all__ = [
    "DealForecast",
    "deal_forecast",
    "dealt_chances",
    "past_marks",
    "shared_spread",
    "win_fit",
]

_PERIODS = 14
_WEEKS = {"week": (1,), "month": (1, 3), "quarter": (1, 5, 9, 13), "year": (1, 14, 27, 40)}
_NOT_AHEAD = {"days_left", "close_date_after_end", "due"}
_FEW_WINS = 10
_RATIOS = np.ones(1)


@dataclass(frozen=True)
class DealForecast:
    """What the open deals of a day will bring.

    Parameters
    ----------
    frame : DataFrame
        One row an open deal of the view's scope: `opportunity_id`, `owner_id`, `team`,
        `region`, `stage`, `close_date`, `value` (amount of the day, reporting currency),
        `value_is_estimate` (usual amount of a deal that has none), `probability` (won in
        the first horizon), `expected` (value × usual change of amounts × probability), and for
        each horizon ``won LABEL``, the probability of being won in it.
    paths : BookingPaths
        The simulation of the whole company's open deals, by owner.
    report : WinReport or None
        How well the win model foretold past periods; None where there was none.
    method : str
        ``win model``, or ``stage probability`` where too few deals had ended.
    reasons : tuple of str
        Why the method, and what could not be known, in sentences.
    without : dict of str to str
        Features that could not be used, and why.
    as_of : date
        The day.
    view : View
        What was looked at.
    model : WinModel or None
        For explanations.
    """

    frame: pd.DataFrame
    paths: BookingPaths
    report: WinReport | None
    method: str
    reasons: tuple[str, ...]
    without: dict[str, str]
    as_of: dt.date
    view: View
    model: WinModel | None
    _features: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """Mean and intervals of each scope and horizon; see `BookingPaths.summary`."""
        return self.paths.summary()

    def explained(self, deals: Sequence[str], top: int = 3) -> pd.DataFrame:
        """Why some deals are likelier or less likely to be won than a usual one.

        Parameters
        ----------
        deals : sequence of str
            Ids of open deals.
        top : int
            Reasons a deal.

        Returns
        -------
        DataFrame
            As `WinModel.explain`, with `opportunity_id` in place of `row`, and `label`, the
            feature for readers. Empty where there is no win model.
        """
        columns = ["opportunity_id", "place", "feature", "value", "usual", "effect", "label"]
        if self.model is None:
            return pd.DataFrame(columns=columns)
        rows = self._features.set_index("opportunity_id")
        found = self.model.explain(rows.loc[rows.index.isin(deals)], top)
        labels = {one.name: self.view.show.say(one.label) for one in FEATURES}
        found = found.rename(columns={"row": "opportunity_id"})
        return found.assign(label=found["feature"].map(labels))

    @property
    def headline(self) -> str:
        """One sentence: what the scope's open deals bring in the first horizon."""
        show, scope = self.view.show, self.view.scope
        total = np.sort(self.paths.total(scope.kind, scope.key)[0]) / 100
        low, high = np.quantile(total, [0.1, 0.9], method="inverted_cdf")
        return show.counted(
            len(self.frame),
            "The {count} open deal of {scope} brings {amount} in {period} (80% interval {low} to "
            "{high}).",
            "The {count} open deals of {scope} bring {amount} in {period} (80% interval {low} to "
            "{high}).",
            scope=self.view.scope_phrase,
            amount=show.value(float(total.mean()), "money", compact=True),
            period=self.paths.horizons[0],
            low=show.value(float(low), "money", compact=True),
            high=show.value(float(high), "money", compact=True),
        )


def deal_forecast(
    view: View,
    as_of: dt.date | None = None,
    horizons: Sequence[Period] | None = None,
    *,
    paths: int = 1000,
    seed: int = 0,
    model: WinModel | None = None,
) -> DealForecast:
    """What the deals that are open on a day will bring in the periods that follow.

    Parameters
    ----------
    view : View
        Snapshot, calendar, currency and scope. Models learn from the whole company.
    as_of : date, optional
        The day. Default: the view's. Of a past day only what was known then is used.
    horizons : sequence of Period, optional
        Periods that follow each other. Default: that of the day after, and four more.
    paths : int
        Number of simulated paths.
    seed : int
        Of the simulation and the models.
    model : WinModel, optional
        One that `deal_backtest` has learnt from the same past; it is not learnt again.

    Returns
    -------
    DealForecast

    Raises
    ------
    InputError
        The horizons do not follow each other, or the day lies after the view's.

    Notes
    -----
    The first horizon's probability is that of a `WinModel` on the open deals of past
    periods' weeks 1, 5, 9 and 13 (won within the period or not). What it leaves is
    dealt to later horizons as `TimeToClose` has it: (1 − p) × (F(j) − F(j − 1)) ÷
    (1 − F(0)), with F the share won by the end of each horizon. Deals without a created
    date have not begun: they are in `create_and_close`, and count 0 here.
    """
    day = as_of or view.as_of
    chosen = checked_horizons(view, day, horizons)
    whole = company_view(view)
    known, without = known_features(view)
    names = tuple(feature.name for feature in known)
    outcomes = outcomes_at(deal_outcomes(view), day)
    marks = past_marks(view, chosen[0], day)
    rows = training_rows(whole, marks, outcomes)
    rows = _as_known(rows, day)
    states = deal_states(whole, [day]).assign(end=pd.Timestamp(chosen[0].end))
    now = deal_features(states, outcomes)
    begun = now["created_date"].notna().to_numpy()
    reasons = [without[name] for name in ("stage", "amount") if name in without]
    if not begun.all():
        reasons.append(
            view.show.counted(
                int((~begun).sum()),
                "{count} open deal has no created date and counts as not begun",
                "{count} open deals have no created date and count as not begun",
            )
        )
    if len(rows) and min(rows["won"].sum(), (1 - rows["won"]).sum()) >= _FEW_WINS:
        model = model or win_fit(rows, names, view, seed)
        first = model.predict_proba(now)[:, 1] if len(now) else np.zeros(0)
        chances = dealt_chances(first, rows, now, names, day, chosen, seed)
    else:
        model = None
        reasons.append(view.show.say("too few deals have ended for a win model"))
        chances = _by_stage(now, outcomes, chosen)
    chances = chances * begun[:, None]
    value, estimated = _values(now, outcomes)
    ratios = _ratios(rows) if "amount" in names else _RATIOS
    now = now.assign(value=value, value_is_estimate=estimated)
    frame = _deal_frame(now, chances, float(ratios.mean()), chosen)
    spread = shared_spread(model.report.frame) if model is not None else 0.15
    rng = np.random.default_rng([seed, day.toordinal(), 1])
    labels = tuple(one.label for one in chosen)
    drawn = simulated_wins(now, chances, ratios, labels, spread=spread, paths=paths, rng=rng)
    return DealForecast(
        _of_scope(frame, view),
        drawn,
        model.report if model is not None else None,
        "win model" if model is not None else "stage probability",
        tuple(reasons),
        without,
        day,
        view,
        model,
        _of_scope(now, view),
    )


def past_marks(view: View, first: Period, day: dt.date) -> pd.DataFrame:
    """Landmarks of the past periods that a day can learn from; see `features.landmarks`.

    Parameters
    ----------
    view : View
        Calendar, and the day on which the extract begins.
    first : Period
        First horizon; periods of its kind are taken.
    day : date
        Periods that had ended by then count.

    Returns
    -------
    DataFrame
    """
    periods: list[Period] = []
    period = view.calendar.prior(first)
    while len(periods) < _PERIODS and view.starts_on is not None and period.end >= view.starts_on:
        if period.end <= day:
            periods.append(period)
        period = view.calendar.prior(period)
    marks = landmarks(view.calendar, reversed(periods), _WEEKS[first.kind])
    begins = pd.Timestamp(view.starts_on) if view.starts_on else pd.Timestamp(day)
    return marks[marks["day"] >= begins].reset_index(drop=True)


def win_fit(rows: pd.DataFrame, features: Sequence[str], view: View, seed: int = 0) -> WinModel:
    """Win model of landmark rows: each period foretold from those before it.

    Parameters
    ----------
    rows : DataFrame
        As `features.training_rows` gives them.
    features : sequence of str
        Features that the snapshot can rebuild.
    view : View
        Language.
    seed : int
        Of the model.

    Returns
    -------
    WinModel
    """
    # A deal that stays open is another case in the next period: its past is known by then.
    rows = rows.assign(case=rows["opportunity_id"] + " " + rows["period"])
    model = WinModel(folds=_PERIODS, seed=seed, show=view.show)
    references = [name for name in ("stage", "forecast_category") if name in features]
    return model.fit(
        rows, "won", time="start", groups="case", features=features, known=features,
        ended="end", references=references,
    )  # fmt: skip


def shared_spread(judged: pd.DataFrame) -> float:
    """Standard deviation, in log-odds, of what the deals of one period have in common.

    ``σ² = mean((won − Σp)² − Σp(1 − p)) ÷ mean((Σp(1 − p))²)`` over the judged periods,
    drawn to 0.1² by the weight of two periods.

    Parameters
    ----------
    judged : DataFrame
        `time`, `won` and `probability`, as `WinReport.frame` has them.

    Returns
    -------
    float
        0 where the sums vary no more than deals by themselves do.
    """
    chance = judged["probability"] * (1 - judged["probability"])
    sums = pd.DataFrame({"gap": judged["won"] - judged["probability"], "chance": chance})
    sums = sums.groupby(judged["time"]).sum()
    if sums.empty or not (sums["chance"] > 0).any():
        return 0.1
    excess = (sums["gap"] ** 2 - sums["chance"]).to_numpy()
    scale = (sums["chance"] ** 2).to_numpy()
    found = (excess.sum() + 2 * 0.1**2 * scale.mean()) / (scale.sum() + 2 * scale.mean())
    return float(np.sqrt(np.clip(found, 0.0, 1.0)))


def _as_known(rows: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Rows with what had become of their deals by a day."""
    seen = (pd.Timestamp(day) - rows["day"]).dt.days.astype(float)
    is_open = rows["ended"] == "open"
    return rows.assign(days_to_end=rows["days_to_end"].where(~is_open, seen))


def dealt_chances(
    first: Floats,
    rows: pd.DataFrame,
    now: pd.DataFrame,
    names: Sequence[str],
    day: dt.date,
    horizons: tuple[Period, ...],
    seed: int,
) -> Floats:
    """Chance of each deal in each horizon, from its chance in the first one."""
    if len(horizons) == 1 or not len(now):
        return np.repeat(first[:, None], len(horizons), axis=1) if not len(now) else first[:, None]
    features = [name for name in names if name not in _NOT_AHEAD]
    due = "days_to_close_date" if "days_to_close_date" in names else None
    model = TimeToClose(seed=seed).fit(rows, "days_to_end", "ended", features=features, due=due)
    won, _lost = model.curves(now).at([(one.end - day).days for one in horizons])
    left = (1 - first) / np.maximum(1 - won[:, 0], 1e-6)
    return np.column_stack([first, np.diff(won, axis=1) * np.minimum(left, 1.0)[:, None]])


def _by_stage(now: pd.DataFrame, outcomes: pd.DataFrame, horizons: tuple[Period, ...]) -> Floats:
    """CRM's probability, in the horizon that the deal is due in; else the share won so far."""
    ended = outcomes["outcome"].isin(["won", "lost"])
    usual = float((outcomes.loc[ended, "outcome"] == "won").mean()) if ended.any() else 0.0
    chance = now["probability"].fillna(usual).to_numpy(dtype=float)
    ends = [pd.Timestamp(one.end) for one in horizons]
    due = now["close_date"].fillna(ends[0]).to_numpy(dtype="datetime64[ns]")
    place = np.searchsorted(np.array(ends, dtype="datetime64[ns]"), due)
    found = np.zeros((len(now), len(horizons)))
    inside = place < len(horizons)
    found[np.flatnonzero(inside), place[inside]] = chance[inside]
    return found


def _values(now: pd.DataFrame, outcomes: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Amounts, and the usual one of won deals of the product where there is none."""
    won = outcomes[(outcomes["outcome"] == "won") & (outcomes["amount"] > 0)]
    missing = ~(now["value"] > 0)
    usual = now["product"].map(won.groupby("product")["amount"].mean())
    overall = float(won["amount"].mean()) if len(won) else 0.0
    return now["value"].where(~missing, usual.fillna(overall)), missing


def _ratios(rows: pd.DataFrame) -> Floats:
    """Amount at closing ÷ amount on the day, of past wins; outliers held in."""
    there = rows[(rows["won"] == 1) & (rows["value"] > 0) & (rows["final_amount"] > 0)]
    ratio = (there["final_amount"] / there["value"]).to_numpy(dtype=float)
    if len(ratio) < _FEW_WINS:
        return _RATIOS
    low, high = np.quantile(ratio, [0.005, 0.995])
    found: Floats = np.clip(ratio, low, high)
    return found


def _deal_frame(
    now: pd.DataFrame, chances: Floats, ratio: float, horizons: tuple[Period, ...]
) -> pd.DataFrame:
    columns = [
        "opportunity_id", "owner_id", "team", "region", "stage", "close_date", "value",
        "value_is_estimate",
    ]  # fmt: skip
    frame = now[columns].assign(probability=chances[:, 0] if len(now) else np.zeros(0))
    frame["expected"] = frame["value"] * ratio * frame["probability"]
    for at, one in enumerate(horizons):
        frame[f"won {one.label}"] = chances[:, at]
    return frame


def _of_scope(frame: pd.DataFrame, view: View) -> pd.DataFrame:
    kind, key = view.scope.kind, view.scope.key
    if kind == "company":
        return frame
    return frame[frame["owner_id" if kind == "rep" else kind] == key].reset_index(drop=True)
