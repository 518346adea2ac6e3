"""Which method a series gets, and what the models of one series do with hard input."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.forecasting.series_backtest import backtest, combined, member_weights, origins
from salesops_lib.forecasting.series_models import MODELS, Plan, model_forecast, plan_of
from salesops_lib.forecasting.series_seasons import is_seasonal, seasonal_indices

RISING = np.arange(1.0, 41.0)


@pytest.mark.parametrize(
    ("y", "season", "method", "reason"),
    [
        (np.zeros(24), 12, "zero", "every value is 0"),
        ([7.0], 12, "naive", "1 value: it is repeated"),
        ([5.0] * 30, 12, "naive", "every value is the same"),
        ([-5.0] * 3, 12, "naive", "every value is the same"),
        ([5.0, 7.0, 6.0], 12, "short", "3 values: too few to fit a model"),
        ([0, 0, 9.0, 0] * 6, 12, "intermittent", "75% of the values are 0"),
        ([0, 0, 9.0, -1] * 6, 12, "short", "50% of the values are 0 and some are negative"),
        (RISING[:12], 12, "ensemble", "12 values: too few to know a season of 12"),
        (RISING - 20, 4, "ensemble", "values of 0 or below: no model that takes logs or ratios"),
        (RISING, 4, "ensemble", ""),
    ],
)
def test_a_series_gets_the_method_its_numbers_allow(y, season, method, reason):
    plan = plan_of(np.array(y, dtype=float), season)
    assert (plan.method, plan.reason) == (method, reason)


def test_no_model_of_logs_sees_a_value_of_zero_or_below():
    plan = plan_of(RISING - 20, 4)
    assert not any("logs" in name for name in plan.members)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_forecasts_as_many_steps_as_asked(name):
    y = 50 + 10 * np.tile([1.0, -1.0, 0.5, 2.0], 8) + np.arange(32)
    assert model_forecast(name, y, 4, 5).shape == (5,)


def test_a_model_that_fails_or_runs_away_has_no_forecast(monkeypatch):
    def failing(*_):
        raise RuntimeError

    monkeypatch.setitem(MODELS, "fails", failing)
    monkeypatch.setitem(MODELS, "explodes", lambda y, _s, h: np.full(h, 11 * np.abs(y).max()))
    monkeypatch.setitem(MODELS, "lost", lambda _y, _s, h: np.full(h, np.nan))
    assert all(model_forecast(name, RISING, 4, 2) is None for name in ("fails", "explodes", "lost"))


def test_naive2_by_hand():
    # Seasonal factors 0.5 and 1.5 about a level of 10; the last value stands at the second.
    y = np.tile([5.0, 15.0], 10)
    assert model_forecast("Naive2", y, 2, 3) == pytest.approx([5, 15, 5])
    # With negative values the season is added: -5 and +5 about 0.
    assert model_forecast("Naive2", y - 10, 2, 3) == pytest.approx([-5, 5, -5])


def test_indices_of_a_season_on_a_line_are_its_planted_differences():
    # A line is its own moving average, so that the season stands apart exactly.
    season = np.array([3.0, -1.0, -4.0, 2.0])
    y = 10 + 2 * np.arange(24) + np.tile(season, 6)
    assert seasonal_indices(y, 4, ratios=False) == pytest.approx(season)


def test_noise_has_no_season_and_a_planted_one_is_found():
    noise = np.random.default_rng(3).normal(size=120)
    assert not is_seasonal(noise, 12)
    assert is_seasonal(noise + 3 * np.tile(np.sin(np.arange(12)), 10), 12)
    assert not is_seasonal(np.tile([1.0, 9.0], 2), 2)  # two seasons are too few


def test_origins_leave_two_seasons_and_half_of_the_series():
    plan = plan_of(RISING, 4)
    assert origins(40, 8, plan) == (16, 12, 8)
    assert origins(20, 8, plan) == (8, 4)  # 10 values, then 12 and 16, would come before
    assert origins(10, 5, Plan("ensemble", "", ("naive",), 4)) == (1,)


def test_a_backtest_sees_nothing_after_its_origin():
    y = np.random.default_rng(1).uniform(50, 60, 6)
    test = backtest(y, 2, 4)
    assert test.origins == (4, 3, 2)
    naive = test.past[test.plan.members.index("naive")]
    average = test.past[test.plan.members.index("historic average")]
    assert naive[:, 0].tolist() == [y[1], y[2], y[3]]
    assert average[0, 0] == pytest.approx((y[0] + y[1]) / 2)
    assert test.actual.tolist() == [[y[2], y[3]], [y[3], y[4]], [y[4], y[5]]]


def test_what_comes_later_changes_no_past_forecast():
    y = np.random.default_rng(5).uniform(50, 60, 24)
    changed = np.concatenate([y[:-2], [900.0, 1.0]])
    before, after = backtest(y, 2, 4), backtest(changed, 2, 4)
    # From the last origin, two steps before the end, the same models saw the same values.
    assert before.origins == after.origins
    assert before.past[:, -1].tolist() == after.past[:, -1].tolist()
    assert before.future.tolist() != after.future.tolist()


def test_weights_by_hand():
    # Naive errs by 1 and 1, the average by 3 and 3: relative 0.5 and 1.5, also pooled.
    plan = Plan("short", "", ("naive", "historic average"), 1)
    test = backtest(np.array([1.0, 2.0, 3.0]), 1, 4)
    actual = np.array([[4.0], [5.0]])
    past = np.array([[[3.0], [4.0]], [[1.0], [2.0]]])
    test = type(test)(plan, (2, 1), past, actual, np.array([[5.0], [3.0]]), 1.0)
    (weights,) = member_weights([test])
    assert weights == pytest.approx([0.75, 0.25])


def test_a_model_without_a_forecast_has_no_weight():
    plan = Plan("short", "", ("naive", "historic average"), 1)
    future = np.array([[5.0], [np.nan]])
    test = type(backtest(np.array([1.0, 2.0]), 1, 4))(
        plan, (1,), np.array([[[3.0]], [[1.0]]]), np.array([[4.0]]), future, 1.0
    )
    (weights,) = member_weights([test])
    assert weights.tolist() == [1.0, 0.0]
    assert combined(future, weights).tolist() == [5.0]


def test_of_four_models_the_extremes_are_left_out_at_each_step():
    forecasts = np.array([[1.0, 9.0], [2.0, 2.0], [3.0, 3.0], [9.0, 1.0]])
    weights = np.array([0.1, 0.2, 0.6, 0.1])
    assert combined(forecasts, weights) == pytest.approx([(0.4 + 1.8) / 0.8] * 2)
    assert combined(forecasts[:3], np.full(3, 1 / 3)) == pytest.approx([2.0, 14 / 3])
