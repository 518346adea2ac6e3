"""Performance: how a team, region or rep did, compared fairly.

Each function takes a `View` and returns a frozen result; a `plot_` function
draws one. Definitions are in `definitions`.
"""

from __future__ import annotations

from salesops_lib.performance.attainment import attainment, quota_share
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.findings import findings
from salesops_lib.performance.movement import bookings_movement
from salesops_lib.performance.outcomes import (
    average_deal,
    bookings,
    cycle_days,
    deals_created,
    deals_won,
    median_deal,
    pipeline_created,
    win_rate,
    win_rate_created,
    win_rate_value,
    win_rates,
)
from salesops_lib.performance.people import people
from salesops_lib.performance.pipeline import coverage, open_pipeline, velocity
from salesops_lib.performance.plots import (
    plot_bookings_movement,
    plot_bookings_trend,
    plot_open_pipeline,
    plot_win_rate_trend,
)
from salesops_lib.performance.quality import data_quality, ingest_record
from salesops_lib.performance.scorecard import breakdown, scorecard
from salesops_lib.performance.trend import trend
from salesops_lib.performance.trend_charts import bookings_trend, win_rate_trend

__all__ = [
    "DEFINITIONS",
    "attainment",
    "average_deal",
    "bookings",
    "bookings_movement",
    "bookings_trend",
    "breakdown",
    "coverage",
    "cycle_days",
    "data_quality",
    "deals_created",
    "deals_won",
    "findings",
    "ingest_record",
    "median_deal",
    "open_pipeline",
    "people",
    "pipeline_created",
    "plot_bookings_movement",
    "plot_bookings_trend",
    "plot_open_pipeline",
    "plot_win_rate_trend",
    "quota_share",
    "scorecard",
    "trend",
    "velocity",
    "win_rate",
    "win_rate_created",
    "win_rate_trend",
    "win_rate_value",
    "win_rates",
]
