"""Forecasting: what will be booked, how sure that is, and how right it was before.

Libraries that take a second to load (scikit-learn, statsforecast) are imported by the
functions that need them, so that asking for one part does not wait for the others.
"""

from __future__ import annotations

from salesops_lib.forecasting.baselines import baselines, with_actuals
from salesops_lib.forecasting.categories import CategoryRollup, category_rollup
from salesops_lib.forecasting.combined import BookingForecast, booking_forecast
from salesops_lib.forecasting.combined_changes import combined_changes
from salesops_lib.forecasting.combined_record import (
    chance_record,
    combined_record,
    later_quarters,
)
from salesops_lib.forecasting.corrected_commit import (
    CorrectedCommit,
    corrected_commit,
    corrected_commits,
)
from salesops_lib.forecasting.create_and_close import CreateAndClose, create_and_close
from salesops_lib.forecasting.deal_backtest import DealBacktest, deal_backtest
from salesops_lib.forecasting.deal_forecast import DealForecast, deal_forecast
from salesops_lib.forecasting.deal_paths import BookingPaths
from salesops_lib.forecasting.deal_states import deal_states
from salesops_lib.forecasting.deciding_deals import deciding_deals, forecast_risks
from salesops_lib.forecasting.definitions import DEFINITIONS
from salesops_lib.forecasting.forecast_changes import ForecastChanges, forecast_changes
from salesops_lib.forecasting.forecast_findings import forecast_findings
from salesops_lib.forecasting.forecast_parts import forecast_parts
from salesops_lib.forecasting.forecast_path import ForecastPath, forecast_path
from salesops_lib.forecasting.forecasters import ForecasterBias, forecaster_bias
from salesops_lib.forecasting.horizons import Horizon, past_horizons
from salesops_lib.forecasting.plots_combined import plot_booking_forecast, plot_forecast_parts
from salesops_lib.forecasting.plots_record import (
    plot_accuracy_record,
    plot_forecast_changes,
    plot_forecast_path,
    plot_reliability,
)
from salesops_lib.forecasting.record import ForecastRecord, record
from salesops_lib.forecasting.reliability import Reliability, reliability
from salesops_lib.forecasting.scenarios import Levers, Scenarios, scenarios
from salesops_lib.forecasting.series import SeriesForecast, forecast
from salesops_lib.forecasting.series_reconciliation import ReconciledForecast, reconciled
from salesops_lib.forecasting.submissions import SubmissionPaths, submission_paths, submissions
from salesops_lib.forecasting.sufficiency import Sufficiency
from salesops_lib.forecasting.time_to_close import CloseCurves, TimeToClose
from salesops_lib.forecasting.value_added import value_added
from salesops_lib.forecasting.weighted_deals import weighted_deals
from salesops_lib.forecasting.win_model import WinModel
from salesops_lib.forecasting.win_report import WinReport

__all__ = [
    "DEFINITIONS",
    "BookingForecast",
    "BookingPaths",
    "CategoryRollup",
    "CloseCurves",
    "CorrectedCommit",
    "CreateAndClose",
    "DealBacktest",
    "DealForecast",
    "ForecastChanges",
    "ForecastPath",
    "ForecastRecord",
    "ForecasterBias",
    "Horizon",
    "Levers",
    "ReconciledForecast",
    "Reliability",
    "Scenarios",
    "SeriesForecast",
    "SubmissionPaths",
    "Sufficiency",
    "TimeToClose",
    "WinModel",
    "WinReport",
    "baselines",
    "booking_forecast",
    "category_rollup",
    "chance_record",
    "combined_changes",
    "combined_record",
    "corrected_commit",
    "corrected_commits",
    "create_and_close",
    "deal_backtest",
    "deal_forecast",
    "deal_states",
    "deciding_deals",
    "forecast",
    "forecast_changes",
    "forecast_findings",
    "forecast_parts",
    "forecast_path",
    "forecast_risks",
    "forecaster_bias",
    "later_quarters",
    "past_horizons",
    "plot_accuracy_record",
    "plot_booking_forecast",
    "plot_forecast_changes",
    "plot_forecast_parts",
    "plot_forecast_path",
    "plot_reliability",
    "reconciled",
    "record",
    "reliability",
    "scenarios",
    "submission_paths",
    "submissions",
    "value_added",
    "weighted_deals",
    "with_actuals",
]
