"""Static and answering cases side by side, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.attainment_paths import ResultPaths
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.compensation.plots_what_if import plot_plan_response
from salesops_lib.compensation.response import PIECE_RATES, ResponseBand, plan_response
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.notebook import figure

Q1 = FiscalCalendar().period("2026-Q1")
SHOW = Formatter()
BAND = ResponseBand(0.0, 0.25, 0.5, "made up")


@pytest.fixture
def of_rate(small):
    def of_rate(rate, **more):
        component = {"kind": "flat", "measure": "bookings", "rate": rate, **more}
        return plan_curves(small.make_plan(component), small.make_people("A"), None, [Q1])

    return of_rate


def paths(*cents):
    return ResultPaths(
        {"bookings": np.array([[cents]], dtype=np.int64)},
        "bookings",
        np.array([[100_000]]),
        "past",
    )


def test_a_rate_three_times_as_high_by_hand(of_rate):
    found = plan_response(of_rate("2%"), of_rate("6%"), paths(100_000), SHOW, band=BAND)
    rows = found.frame.set_index("case")
    # x = (6 - 2) / (6 + 2) = 1/2: results x (1 + e/2) / (1 - e/2).
    assert rows["sales_cents"].to_dict() == {
        "before": 100_000, "static": 100_000, "low": 100_000,
        "middle": round(100_000 * 1.125 / 0.875), "high": round(100_000 * 1.25 / 0.75),
    }  # fmt: skip
    assert rows["cost_cents"].to_dict() == {
        "before": 2_000, "static": 6_000, "low": 6_000, "middle": 7_714, "high": 10_000,
    }  # fmt: skip
    assert found.change_cents("static") == 4_000
    assert rows.loc["static", "winners"] == 1.0


def test_a_lower_rate_costs_sales_and_a_rate_of_nothing_a_bounded_part(of_rate):
    nothing = of_rate("2%", gates=[{"at_least": 10**9}])
    rows = plan_response(of_rate("2%"), nothing, paths(90_000), SHOW, band=BAND).frame
    assert rows["sales_cents"].tolist() == [90_000, 90_000, 90_000, 54_000, 30_000]
    assert rows["losers"].tolist()[1:] == [1.0] * 4


def test_the_same_plan_changes_nothing(of_rate):
    found = plan_response(of_rate("2%"), of_rate("2%"), paths(0, 90_000), SHOW)
    assert found.frame["cost_cents"].nunique() == 1
    assert found.frame["losers"].dropna().max() == 0
    assert found.after.endswith(", changed")


def test_a_threshold_within_reach_counts_and_one_beyond_does_not(of_rate):
    bonus = of_rate("2%", gates=[{"at_least": 1_000}])
    plain = of_rate("2%")
    rows = {}
    for cents in (50_000, 90_000):
        frame = plan_response(plain, bonus, paths(cents), SHOW, band=BAND).frame
        rows[cents] = frame.set_index("case")["sales_cents"]["middle"]
    # At 500 the threshold of 1,000 is out of reach, and what is sold pays nothing.
    assert rows[50_000] < 50_000
    # At 900 it lies within 20 %: the 21.60 of 1,080 hang on the last 360.
    assert rows[90_000] > 90_000


def test_assumptions_are_named_and_drawn(of_rate):
    found = plan_response(of_rate("2%"), of_rate("6%"), paths(100_000), SHOW)
    assert "Paarsch and Shearer" in found.caption
    assert found.band is PIECE_RATES
    assert found.headline.startswith("With Test, changed the cost changes by +€40.00 if behaviour")
    assert "<svg" in figure(plot_plan_response, found)._repr_mimebundle_()["text/html"]
    assert found.records()["source"] == PIECE_RATES.source


def test_bands_and_plans_that_do_not_fit_are_refused(of_rate, small):
    with pytest.raises(InputError, match="rise, from 0"):
        ResponseBand(0.3, 0.2, 0.4, "x")
    with pytest.raises(InputError, match="needs its source"):
        ResponseBand(0.1, 0.2, 0.4, " ")
    with pytest.raises(InputError, match="between 0 and 1"):
        plan_response(of_rate("2%"), of_rate("6%"), paths(1), SHOW, reach=1.0)
    plan = small.make_plan({"kind": "flat", "measure": "bookings", "rate": "1%"})
    others = plan_curves(plan, small.make_people("B"), None, [Q1])
    with pytest.raises(InputError, match="other people or periods"):
        plan_response(of_rate("2%"), others, paths(1), SHOW)
