"""The record of the combined forecast: beside every simpler method, quarter by quarter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.forecasting.baselines import scoped, with_actuals
from salesops_lib.forecasting.booked import KEYS
from salesops_lib.forecasting.company_forecast import (
    judged_chances,
    past_forecasts,
    quarterly_view,
    simple_forecasts,
)
from salesops_lib.forecasting.horizons import PERIODS, past_horizons
from salesops_lib.forecasting.record import record
from salesops_lib.forecasting.reliability import reliability

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.record import ForecastRecord
    from salesops_lib.forecasting.reliability import Reliability

__all__ = ["chance_record", "combined_record", "later_quarters"]

_PARTS = {"forecast": "combined", "deals": "deals", "commit": "commit_corrected",
          "series": "series"}  # fmt: skip


def combined_record(view: View, kind: str | None = None) -> ForecastRecord:
    """Forecasts of the last eight quarters in their weeks 1, 5, 9 and 13, and what came.

    Parameters
    ----------
    view : View
        Scope and audience. The company's leadership gets all scopes, others their own.
    kind : str, optional
        Kind of scope that the record tells of. Default: that of the view.

    Returns
    -------
    ForecastRecord
        Of the combined forecast (``combined``, with its 80 % intervals), its parts
        (``deals``, ``commit_corrected``, ``series``) and the methods of `baselines`. Each
        was learnt from the quarters before the one that it forecasts.
    """
    simple = simple_forecasts(view)
    cases = past_forecasts(view)
    frames = [simple]
    if len(cases):
        periods = {one.period.label for one in past_horizons(view, PERIODS, running=False)}
        rows = cases[(cases["stack"] == "all") & (cases["step"] == 1)]
        rows = rows[rows["period"].isin(periods)]
        parts = []
        for column, method in _PARTS.items():
            own = rows[["kind", "key", "period", "week", "day"]].assign(
                method=method, forecast=rows[column]
            )
            if method == "combined":
                own = own.assign(low=rows["lo-80"], high=rows["hi-80"])
            parts.append(own if method == "combined" else own[own["forecast"].notna()])
        frames.append(with_actuals(quarterly_view(view), pd.concat(parts, ignore_index=True)))
    labelled = [_labelled(view, scoped(view, frame)) for frame in frames]
    return record(view, labelled, kind)


def chance_record(view: View) -> Reliability:
    """Whether the chances of the view's deals held what they promised.

    Parameters
    ----------
    view : View
        Scope; deals belong to the scope that their owner of the day was in.

    Returns
    -------
    Reliability
        Of the win model's chances in past quarters, each by a model of earlier quarters;
        `skills` against the base rate, and the shares won of the same stage and category.
    """
    rows = judged_chances(view)
    kind, key = view.scope.kind, view.scope.key
    if kind != "company" and len(rows):
        rows = rows[rows[KEYS[kind]] == key]
    if "probability" not in rows:
        return reliability([], [], view.show, source=view.snapshot.id)
    names = [name for name in ("base_rate", "stage", "forecast_category") if name in rows]
    references = {name: rows[name].to_numpy(dtype=float) for name in names}
    found = reliability(
        rows["won"].to_numpy(dtype=float), rows["probability"].to_numpy(dtype=float), view.show,
        references, source=view.snapshot.id,
    )  # fmt: skip
    if rows.empty:
        return found
    first, last = (view.show.period(str(end)) for end in (rows["period"].min(),
                                                           rows["period"].max()))  # fmt: skip
    return replace(found, periods=view.show.say("{first} to {last}", first=first, last=last))


def later_quarters(view: View) -> pd.DataFrame:
    """Errors of the forecasts of quarters beyond the one that ran, by how far ahead they were.

    Parameters
    ----------
    view : View
        Scope and audience, as for `combined_record`.

    Returns
    -------
    DataFrame
        `step` (2: the quarter after the one that ran), `kind`, `n`, `wape`, `bias` and `coverage`
        (share within the 80 % interval), all shares of 1.
    """
    cases = past_forecasts(view)
    columns = ["step", "kind", "n", "wape", "bias", "coverage"]
    if cases.empty:
        return pd.DataFrame(columns=columns)
    rows = scoped(view, cases[(cases["stack"] == "no_commit") & (cases["step"] > 1)])
    gap = rows["forecast"] - rows["actual"]
    inside = (rows["actual"] >= rows["lo-80"]) & (rows["actual"] <= rows["hi-80"])
    rows = rows.assign(gap=gap, size=gap.abs(), inside=inside.astype(float))
    sums = rows.groupby(["step", "kind"], as_index=False).agg(
        n=("gap", "size"), gap=("gap", "sum"), size=("size", "sum"), actual=("actual", "sum"),
        coverage=("inside", "mean"),
    )  # fmt: skip
    total = sums["actual"].where(sums["actual"] != 0)
    return sums.assign(wape=sums["size"] / total, bias=sums["gap"] / total)[columns]


def _labelled(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the company's name in the language of the report."""
    label = frame["label"].where(frame["kind"] != "company", view.show.say("Company"))
    return frame.assign(label=label)
