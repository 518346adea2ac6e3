"""Judgements of a plan, on teams small enough to be worked by hand."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from salesops_lib.compensation.attainment_distribution import (
    TargetDistribution,
    attainment_distribution,
    share_above_quota,
    share_at_quota,
)
from salesops_lib.compensation.differentiation import differentiation
from salesops_lib.compensation.marginal_cost import cost_per_point
from salesops_lib.compensation.pay_fairness import pay_fairness
from salesops_lib.compensation.pay_performance import pay_performance
from salesops_lib.compensation.payout_table import payout_table
from salesops_lib.compensation.plan_cost import compensation_cost, p90_leverage, pay_mix
from salesops_lib.compensation.plots_judgement import (
    plot_attainment_distribution,
    plot_cost_per_point,
    plot_differentiation,
    plot_pay_fairness,
    plot_pay_performance,
)
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter

mpl.use("Agg")
QUOTA, OTE, TARGET = 100_000_00, 20_000_00, 10_000_00


def rows(attainments, pay=None, period="2026-Q3", **more):
    """A rep for each attainment; pay follows attainment one to one unless given."""
    paid = attainments if pay is None else pay
    frame = pd.DataFrame(
        {
            "rep_id": [f"R{n:03d}" for n in range(len(attainments))],
            "role": "AE",
            "team": ["North" if n % 2 else "South" for n in range(len(attainments))],
            "region": "EMEA",
            "period": period,
            "ote_cents": OTE,
            "target_variable_cents": TARGET,
            "quota_cents": QUOTA,
            "credited_cents": [round(a * QUOTA) for a in attainments],
            "payout_cents": [round(p * TARGET) for p in paid],
        }
    )
    return frame.assign(**more)


def table(frame, prior=()):
    return payout_table(frame, Formatter(), ("2026-Q3",), prior, scope="the company")


def test_cost_and_mix_are_sums_over_sums():
    own = table(rows([0.5, 1.0, 1.5], [0.2, 1.0, 2.4]))
    cost = compensation_cost(own).value()
    # 36,000 paid on 300,000 credited.
    assert cost.number == pytest.approx(0.12)
    assert cost.low is None  # three people say nothing of chance
    assert pay_mix(own).value().number == 0.5
    assert compensation_cost(own, revenue={"current": 240_000_00}).value().number == 0.15
    assert compensation_cost(own, "team").value(group="North").number == pytest.approx(0.1)
    assert "12.0%" in compensation_cost(own).headline


def test_nothing_credited_is_not_computable():
    value = compensation_cost(table(rows([0.0, 0.0]))).value()
    assert value.number is None
    assert value.reason == "nothing was credited"


def test_exactly_quota_is_at_quota():
    own = table(rows([0.9, 1.0, 1.2, 1.3]))
    assert share_at_quota(own).value().number == 0.75
    assert share_above_quota(own).value().number == 0.5
    # Wilson for 3 of 4.
    assert share_at_quota(own).value().low == pytest.approx(0.3006, abs=1e-4)


def test_the_distance_is_how_far_everybody_would_have_to_move():
    target = TargetDistribution((0.0, 1.0, 2.0), (0.5, 0.5))
    even = (np.arange(100) + 0.5) / 50
    own = attainment_distribution(table(rows(list(even))), target)
    assert own.distance.number == pytest.approx(0.0, abs=0.006)
    assert not own.is_off
    moved = attainment_distribution(table(rows(list(even + 0.3))), target)
    assert moved.distance.number == pytest.approx(0.3, abs=0.006)
    assert moved.is_off
    assert moved.distance.low < 0.3 < moved.distance.high
    assert list(own.frame["reps"]) == [50, 50]


def test_a_target_must_add_up():
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        TargetDistribution((0.0, 1.0, 2.0), (0.5, 0.4))


def test_leverage_needs_twenty_people():
    pay = [n / 10 for n in range(21)]
    assert p90_leverage(table(rows(pay))).value().number == pytest.approx(1.8)
    assert p90_leverage(table(rows(pay[:19]))).value().number is None


def test_differentiation_goes_by_attainment_and_not_by_pay():
    pay = [0.5, 0.5, 0.5] + [1.0] * 6 + [2.0, 2.0, 2.0]
    attained = [n / 10 for n in range(12)]
    found = differentiation(table(rows(attained, pay)))
    assert found.row("top_quarter").times == 2.0
    assert found.row("bottom_quarter").times == 0.5
    turned = differentiation(table(rows(attained[::-1], pay)))
    assert turned.row("top_quarter").times == 0.5
    assert not differentiation(table(rows(attained[:11], pay[:11]))).is_computable


def test_pay_that_rises_by_rank_need_not_rise_in_a_line():
    attained = [n / 10 for n in range(1, 21)]
    found = pay_performance(table(rows(attained, [a**4 for a in attained])))
    assert found.rank.number == pytest.approx(1.0)
    assert 0.8 < found.linear.number < 0.95
    flat = pay_performance(table(rows(attained, [1.0] * 20)))
    assert flat.rank.number is None
    assert flat.rank.reason == "all reps have the same pay or the same attainment"


def test_the_interval_of_a_correlation_is_fishers():
    rng = np.random.default_rng(1)
    x = rng.normal(1, 0.2, 50)
    found = pay_performance(table(rows(list(x), list(np.clip(x + rng.normal(0, 0.2, 50), 0, 9)))))
    r = found.linear.number
    assert np.arctanh(found.linear.high) - np.arctanh(r) == pytest.approx(1.96 / 47**0.5, abs=1e-3)


def fairness(seed, *, territory=0.0, history=0.0, pay=0.0):
    rng = np.random.default_rng(seed)
    potential, before = rng.lognormal(0, 0.5, 120), rng.normal(1, 0.25, 120)
    log = np.log(potential)
    attained = 1 + territory * log + history * (before - 1) + rng.normal(0, 0.2, 120)
    paid = np.clip(attained + pay * log + rng.normal(0, 0.1, 120), 0, None)
    frame = pd.concat(
        [rows(list(np.clip(attained, 0.05, None)), list(paid)),
         rows(list(before), period="2026-Q2")],
        ignore_index=True,
    )  # fmt: skip
    series = pd.Series(potential * 1e6, index=[f"R{n:03d}" for n in range(120)])
    return pay_fairness(table(frame, ("2026-Q2",)), series)


def test_what_is_unfair_is_found_and_what_is_not_is_left():
    assert fairness(1).found == []
    assert fairness(2, territory=0.3).found == [("attainment", "territory")]
    assert fairness(3, history=0.6).found == [("attainment", "history")]
    assert fairness(4, pay=0.2).found == [("pay", "territory")]
    row = fairness(2, territory=0.3).frame.iloc[0]
    # 0.3 a unit of log potential, of which one standard deviation is about 0.5.
    assert row["low"] < 0.15 < row["high"]


def test_fair_teams_are_rarely_called_unfair():
    assert sum(bool(fairness(seed).found) for seed in range(100, 115)) <= 3


def test_a_point_costs_what_the_rate_says():
    attained = [0.5 + n / 100 for n in range(100)]
    # One to one below quota, two for one above it; 100 people with 10,000 at target each.
    paid = [a if a < 1 else 1 + 2 * (a - 1) for a in attained]
    found = cost_per_point(table(rows(attained, paid)))
    assert found.frame["cost"].to_list() == pytest.approx([10_000, 20_000])
    # A point of everybody's quota is 100 x 1,000.
    assert found.frame["rate"].to_list() == pytest.approx([0.1, 0.2])
    assert "€10K at 50% to 100%" in found.headline


def test_bad_payouts_are_told():
    with pytest.raises(InputError, match="no column `quota_cents`"):
        table(rows([1.0]).drop(columns="quota_cents"))
    with pytest.raises(InputError, match="whole cents"):
        table(rows([1.0]).astype({"payout_cents": float}))
    with pytest.raises(InputError, match="two rows"):
        table(pd.concat([rows([1.0]), rows([1.0])]))
    with pytest.raises(InputError, match="no payouts of `2026-Q3`"):
        table(rows([1.0], period="2026-Q2"))


def test_results_show_no_names_and_charts_can_be_drawn():
    attained = [0.4 + n / 60 for n in range(60)]
    own = table(rows(attained))
    results = [
        (plot_attainment_distribution, attainment_distribution(own)),
        (plot_differentiation, differentiation(own)),
        (plot_pay_performance, pay_performance(own)),
        (plot_cost_per_point, cost_per_point(own)),
        (plot_pay_fairness, fairness(2, territory=0.3)),
    ]
    for plot, result in results:
        bundle = result._repr_mimebundle_()
        assert "R0" not in bundle["text/html"]
        assert bundle["text/plain"] == result.headline
        assert plot(result).has_data()
    mpl.pyplot.close("all")
