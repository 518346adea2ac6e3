"""Performance: how a team, region or rep did, compared fairly.

Each function takes a `View` and returns a frozen result; a `plot_` function
draws one. Definitions are in `definitions`.
"""

from __future__ import annotations

from salesops_lib.performance.activity import activity_capture, activity_rate
from salesops_lib.performance.attainment import attainment, quota_share, quota_share_ramped
from salesops_lib.performance.consistency import consistency
from salesops_lib.performance.deals import deals
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.due_deals import slippage
from salesops_lib.performance.extremes import extremes
from salesops_lib.performance.fairness import fair_attainment, fair_win_rates
from salesops_lib.performance.findings import findings
from salesops_lib.performance.history_coverage import history_coverage
from salesops_lib.performance.landing import landing, pace
from salesops_lib.performance.linearity import late_share, linearity
from salesops_lib.performance.moved_deals import moved_deals
from salesops_lib.performance.movement import bookings_movement
from salesops_lib.performance.open_deals import open_amount
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
)
from salesops_lib.performance.pacing import pacing
from salesops_lib.performance.people import people
from salesops_lib.performance.pipeline import coverage, open_pipeline, velocity
from salesops_lib.performance.plots import (
    plot_bookings_movement,
    plot_bookings_trend,
    plot_open_pipeline,
    plot_pipeline_waterfall,
    plot_win_rate_trend,
)
from salesops_lib.performance.plots_fairness import (
    plot_consistency,
    plot_fair_comparison,
    plot_team_goal,
)
from salesops_lib.performance.plots_history import plot_history_coverage
from salesops_lib.performance.plots_timing import plot_linearity, plot_pacing
from salesops_lib.performance.pull_forward import pull_forward
from salesops_lib.performance.quality import data_quality, ingest_record
from salesops_lib.performance.rebuilt_state import rebuilt_state
from salesops_lib.performance.scorecard import breakdown, scorecard
from salesops_lib.performance.slippage import (
    pull_in_rate,
    pushes,
    slippage_rate,
    slippage_value,
)
from salesops_lib.performance.team_goal import team_goal
from salesops_lib.performance.trend import trend
from salesops_lib.performance.trend_charts import bookings_trend, win_rate_trend
from salesops_lib.performance.waterfall import pipeline_waterfall
from salesops_lib.performance.win_curve import win_curve, win_rate_in_time
from salesops_lib.performance.win_rates import win_rates

__all__ = [
    "DEFINITIONS",
    "activity_capture",
    "activity_rate",
    "attainment",
    "average_deal",
    "bookings",
    "bookings_movement",
    "bookings_trend",
    "breakdown",
    "consistency",
    "coverage",
    "cycle_days",
    "data_quality",
    "deals",
    "deals_created",
    "deals_won",
    "extremes",
    "fair_attainment",
    "fair_win_rates",
    "findings",
    "history_coverage",
    "ingest_record",
    "landing",
    "late_share",
    "linearity",
    "median_deal",
    "moved_deals",
    "open_amount",
    "open_pipeline",
    "pace",
    "pacing",
    "people",
    "pipeline_created",
    "pipeline_waterfall",
    "plot_bookings_movement",
    "plot_bookings_trend",
    "plot_consistency",
    "plot_fair_comparison",
    "plot_history_coverage",
    "plot_linearity",
    "plot_open_pipeline",
    "plot_pacing",
    "plot_pipeline_waterfall",
    "plot_team_goal",
    "plot_win_rate_trend",
    "pull_forward",
    "pull_in_rate",
    "pushes",
    "quota_share",
    "quota_share_ramped",
    "rebuilt_state",
    "scorecard",
    "slippage",
    "slippage_rate",
    "slippage_value",
    "team_goal",
    "trend",
    "velocity",
    "win_curve",
    "win_rate",
    "win_rate_created",
    "win_rate_in_time",
    "win_rate_trend",
    "win_rate_value",
    "win_rates",
]
