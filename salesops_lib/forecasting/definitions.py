"""What the figures of the forecast's record mean, and the names of its methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.definition import Definition
from salesops_lib.forecasting import accuracy, calibration
from salesops_lib.forecasting.features import FEATURES
from salesops_lib.forecasting.series import SERIES_FORECAST
from salesops_lib.forecasting.series_reconciliation import RECONCILED_FORECAST

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter

__all__ = [
    "DEFINITIONS",
    "FEATURE_LABELS",
    "METHODS",
    "NO_PAST",
    "REASONS",
    "SERIES_DEFINITIONS",
    "method_name",
]

METHODS: dict[str, str] = {
    "combined": "Combined forecast",
    "deals": "Deal model",
    "series": "Time series",
    "commit": "Commit",
    "commit_corrected": "Commit, no bias",
    "category_commit": "Deals in commit",
    "stage_weighted": "Weighted by stage",
    "crm_probability": "Weighted by the CRM",
    "seasonal_naive": "Same quarter last year",
}
"""Names of the methods that a record compares, as readers see them."""

REASONS: dict[str, str] = {
    "nothing_to_score": accuracy.NOTHING_TO_SCORE,
    "nothing_happened": accuracy.NOTHING_HAPPENED,
    "zero_actual": accuracy.ZERO_ACTUAL,
    "constant": accuracy.CONSTANT,
    "perfect_reference": accuracy.PERFECT_REFERENCE,
    "one_outcome": calibration.ONE_OUTCOME,
}
"""Why a measure of accuracy is not computable."""

NO_PAST: dict[str, str] = {"no_past": "no past quarter can be foretold from earlier ones"}
"""Why parts weigh alike where no other reason was found."""

FEATURE_LABELS: dict[str, str] = {feature.name: feature.label for feature in FEATURES}
"""How readers call the features of an open deal."""

_ALL = (
    Definition(
        "booking_forecast",
        "Forecast",
        "money",
        "mean of draws: booked + open deals + deals not created yet, stacked with the commit "
        "without its biases and the series of quarters by their past errors",
        "bookings of the quarter that runs and of the next four",
        "close date of the deals",
        "Regions, teams and reps add up to the company in every draw. Where a part has no data "
        "it is left out, and the report says so.",
        short="Forecast",
    ),
    Definition(
        "goal_chance",
        "Chance of the goal",
        "share",
        "draws at or above the goal ÷ all draws",
        "draws of the forecast; the goal is the sum of the quotas of the quarter",
        "end of the quarter",
        "Not computable without quotas of the quarter.",
        short="Chance",
    ),
    Definition(
        "expected_shortfall",
        "Expected shortfall",
        "money",
        "mean over draws of max(goal − draw, 0)",
        "as for the chance of the goal",
        "end of the quarter",
        "Draws that reach the goal count as 0.",
        better="lower",
        short="Shortfall",
    ),
    Definition(
        "forecast_wape",
        "Forecast error",
        "share",
        "Σ|actual − forecast| ÷ Σ actual (WAPE)",
        "forecasts of finished quarters, all made on the same day of the quarter",
        "first day of week 1, 5, 9 or 13; bookings by close date",
        "Quarters that a method could not forecast are left out, and counted. Not computable "
        "where nothing was booked.",
        better="lower",
        short="WAPE",
    ),
    Definition(
        "forecast_bias",
        "Forecast bias",
        "share",
        "Σ(forecast − actual) ÷ Σ actual",
        "as for the forecast error",
        "as for the forecast error",
        "Errors to both sides cancel: a bias of 0 may hide a large error.",
        better="neither",
        short="Bias",
    ),
    Definition(
        "forecast_coverage",
        "Coverage of the intervals",
        "share",
        "actuals within their interval ÷ all actuals",
        "forecasts that carry an interval, of finished quarters",
        "as for the forecast error",
        "An 80% interval is right where about 80% lie inside; more is as wrong as less.",
        better="neither",
        short="In 80% interval",
    ),
    Definition(
        "forecaster_bias",
        "Bias of a forecaster",
        "share",
        "Σ(commit − closed by then) ÷ Σ(actual − closed by then) − 1, over the weeks of a quarter",
        "finished quarters with at least three commits of the forecaster",
        "day of the commit",
        "Mean of the quarters' logarithms, drawn towards the company's (empirical Bayes), with "
        "a 95% interval. A quarter in which nothing was left to book has no ratio.",
        better="neither",
        short="Bias",
    ),
    Definition(
        "forecast_value_added",
        "Forecast value added",
        "share",
        "error of the baseline − error of the step (WAPE, points)",
        "the same scopes, quarters and days for both",
        "as for the forecast error",
        "Interval by resampling whole quarters. Not computable for fewer than four.",
        short="Value added",
    ),
)

DEFINITIONS: dict[str, Definition] = {definition.id: definition for definition in _ALL}
"""All definitions of the record by id."""

SERIES_DEFINITIONS: dict[str, Definition] = {
    definition.id: definition for definition in (SERIES_FORECAST, RECONCILED_FORECAST)
}
"""Definitions of the forecasts of series by id."""


def method_name(method: str, show: Formatter) -> str:
    """Name of a method for readers; of an unknown one, its own name.

    Examples
    --------
    >>> from salesops_lib.formats import Formatter
    >>> method_name("commit", Formatter()), method_name("my_model", Formatter())
    ('Commit', 'my model')
    """
    if method in METHODS:
        return show.say(METHODS[method])
    return method.replace("_", " ")
