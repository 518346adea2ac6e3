"""Search over a plan's numbers: cases whose answer is known."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.attainment_paths import ResultPaths
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.compensation.plan_knobs import plan_knob, turned, usual_knobs
from salesops_lib.compensation.plan_search import plan_search
from salesops_lib.compensation.plots_what_if import plot_plan_search
from salesops_lib.compensation.trade_off import pareto_frame, plan_outcome
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.notebook import figure

Q1 = FiscalCalendar().period("2026-Q1")
SHOW = Formatter()


@pytest.fixture
def stepped(small):
    """1x up to the quota of 1,000 and 3x above it, target 12,000; capped at 300 %."""
    plan = small.make_plan(
        small.tiered(
            {"from": "0%", "to": "100%", "times": 1}, small.tier("100%", times="3x"), cap="300%"
        )
    )
    return plan_curves(plan, small.make_people("A", "B", "C"), None, [Q1])


@pytest.fixture
def reached():
    """50, 100 and 150 % of the quota."""
    cents = np.array([[[50_000], [100_000], [150_000]]], dtype=np.int64)
    return ResultPaths({"bookings": cents}, "bookings", np.full((1, 3), 100_000), "past")


def test_an_outcome_by_hand(stepped, reached):
    found = plan_outcome(stepped, reached, compared=stepped.pay(reached.results) + 1,
                         budget_cents=4_799_999)  # fmt: skip
    # 6,000 + 12,000 + 30,000; only the third is off proportion, by 100 points.
    assert found.cost_cents == 4_800_000
    assert found.gap == pytest.approx(1 / 3)
    assert found.cost_of_sales == pytest.approx(4_800_000 / 300_000)
    assert (found.at_target, found.losers, found.p_over) == (pytest.approx(2 / 3), 1.0, 1.0)


def test_knobs_are_numbers_of_the_plan(stepped):
    plan = stepped.plan
    knob = plan_knob(plan, "part 0.tiers.1.from", "80%", "120%", "5%")
    assert (knob.now, knob.notches, knob.text(knob.at(3))) == (Decimal(1), 9, "95%")
    moved = turned(plan, {knob: Decimal("0.9")}).components[0]
    # The end of the tier below moves along.
    assert [str(tier.from_) for tier in moved.tiers] == ["0%", "90%"]
    assert str(moved.tiers[0].to) == "90%"
    assert turned(plan, {k: k.now for k in usual_knobs(plan)}) == plan
    names = [k.name for k in usual_knobs(plan)]
    assert names == ["part 0.cap", "part 0.tiers.0.times", "part 0.tiers.1.from",
                     "part 0.tiers.1.times"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "ends", "words"),
    [
        ("part 0.tier.1.from", ("80%", "120%", "5%"), "no `part 0.tier.1.from`.*did you mean"),
        ("part 0.tiers.7.from", ("80%", "120%", "5%"), "no `part 0.tiers.7.from`"),
        ("other.cap", ("80%", "120%", "5%"), "begins with no component"),
        ("part 0.name", (1, 2, 1), "no number that can be turned"),
        ("part 0.cap", (80, 120, 5), "must be given in percent"),
        ("part 0.cap", ("120%", "80%", "5%"), "must rise"),
        ("part 0.cap", ("a lot", "80%", "5%"), "must be a number"),
    ],
)
def test_what_is_no_knob_is_told(stepped, name, ends, words):
    with pytest.raises(InputError, match=words):
        plan_knob(stepped.plan, name, *ends)


def test_tiers_that_would_not_rise_make_no_plan(stepped, small):
    plan = small.make_plan(
        small.tiered(small.tier("50%", times=1), small.tier("100%", times=3)),
    )
    knob = plan_knob(plan, "part 0.tiers.0.from", "50%", "150%", "50%")
    with pytest.raises(InputError, match="is none: the tiers of `part 0` must rise"):
        turned(plan, {knob: Decimal("1.5")})
    curves = plan_curves(plan, small.make_people("A"), None, [Q1])
    paths = ResultPaths({"bookings": np.array([[[80_000]]])}, "bookings",
                        np.array([[100_000]]), "past")  # fmt: skip
    found = plan_search(curves, paths, [knob], SHOW, cost_cents=360_000)
    assert found.refused == 2
    assert found.is_met


def test_the_cost_that_is_wanted_is_found(stepped, reached):
    # 6,000 and 12,000 and 12,000, and 6,000 x times above the quota.
    knob = plan_knob(stepped.plan, "part 0.tiers.1.times", 0, 6, 0.1)
    found = plan_search(stepped, reached, [knob], SHOW, cost_cents=3_300_000)
    assert found.settings == {"part 0.tiers.1.times": "0.5x"}
    assert found.outcome.cost_cents == 3_300_000
    assert found.is_met
    assert found.before.cost_cents == 4_800_000


def test_the_cheapest_fair_plan_is_found(stepped, reached):
    knobs = [
        plan_knob(stepped.plan, "part 0.tiers.0.times", 0.5, 1.5, 0.1),
        plan_knob(stepped.plan, "part 0.tiers.1.times", 0, 4, 0.25),
    ]
    found = plan_search(stepped, reached, knobs, SHOW, gap=0.0, seed=2)
    assert found.settings == {"part 0.tiers.0.times": "1x", "part 0.tiers.1.times": "1x"}
    assert found.outcome.gap == 0
    assert found.trade_off["gap"].is_monotonic_decreasing
    assert found.trade_off["cost_cents"].is_monotonic_increasing


def test_a_target_out_of_reach_is_said_to_be(stepped, reached):
    knob = plan_knob(stepped.plan, "part 0.tiers.1.times", 1, 2, 0.5)
    found = plan_search(stepped, reached, [knob], SHOW, cost_cents=10_000_000)
    assert not found.is_met
    assert found.settings == {"part 0.tiers.1.times": "2x"}
    assert found.headline.startswith("No setting of these numbers meets the target")


def test_the_same_seed_gives_the_same_search(stepped, reached):
    knobs = usual_knobs(stepped.plan)
    once, again = (
        plan_search(stepped, reached, knobs, SHOW, cost_cents=4_000_000, rounds=4, seed=7)
        for _ in range(2)
    )
    assert once.records() == again.records()
    pd.testing.assert_frame_equal(once.tried, again.tried)
    drawn = figure(plot_plan_search, once)._repr_mimebundle_()["text/html"]
    assert "<svg" in drawn
    assert len(once.grid.rows) == len(once.trade_off)


def test_a_search_needs_one_target_and_knobs(stepped, reached):
    knob = plan_knob(stepped.plan, "part 0.cap", "100%", "300%", "50%")
    with pytest.raises(InputError, match="one target"):
        plan_search(stepped, reached, [knob], SHOW)
    with pytest.raises(InputError, match="one target"):
        plan_search(stepped, reached, [knob], SHOW, cost_cents=1, gap=0.1)
    with pytest.raises(InputError, match="knobs, each once"):
        plan_search(stepped, reached, [knob, knob], SHOW, gap=0.1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_the_frontier_is_what_no_other_beats(points):
    tried = pd.DataFrame(points, columns=["cost", "gap"])
    front = set(map(tuple, pareto_frame(tried, ("cost", "gap")).to_numpy().tolist()))
    for cost, gap in points:
        beaten = any(c <= cost and g <= gap and (c, g) != (cost, gap) for c, g in points)
        assert ((cost, gap) in front) == (not beaten)


def test_an_unknown_goal_is_told():
    with pytest.raises(InputError, match="no such goal"):
        pareto_frame(pd.DataFrame({"cost": [1]}), ("fairness",))
