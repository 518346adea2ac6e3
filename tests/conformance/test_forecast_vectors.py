"""Published and derived vectors of forecast accuracy and forecast value added."""

from __future__ import annotations

import pytest

from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import bias, mape, wape
from salesops_lib.forecasting.value_added import step_values


def test_k17_zero_bias_with_an_error_of_13_percent():
    actual, forecast = [100, 120, 80], [110, 100, 90]
    assert f"{wape(actual, forecast).number:.2%}" == "13.33%"
    assert f"{bias(actual, forecast).number:.2%}" == "0.00%"
    assert f"{mape(actual, forecast).number:.2%}" == "13.06%"


def test_k12_value_added_of_a_published_dashboard():
    """inphronesys.com: MAPE of naive 14.6, statistical 12.3, analyst 13.6, executive 15.3.

    The page prints a net of -0.6 points; its own errors make it -0.7.
    """
    errors = {"naive": 14.6, "statistical": 12.3, "analyst": 13.6, "executive": 15.3}
    found = {step: f"{value:+.1f}" for step, value in step_values(errors).items()}
    assert found == {"statistical": "+2.3", "analyst": "-1.3", "executive": "-1.7", "net": "-0.7"}


def test_a_value_added_needs_two_steps():
    with pytest.raises(InputError, match="at least one step"):
        step_values({"naive": 10.0})
