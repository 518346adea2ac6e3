"""Monte Carlo over results: the law that was asked for, the same bytes, the forecast's sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.attainment_model import AttainmentModel, attainment_model
from salesops_lib.compensation.attainment_paths import (
    forecast_paths,
    model_paths,
    past_paths,
    result_mix,
)
from salesops_lib.compensation.monte_carlo import budget_simulation
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.compensation.plots_what_if import plot_budget_simulation
from salesops_lib.compensation.replay import PastPeriod, replay
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.notebook import figure

CALENDAR = FiscalCalendar()
Q1, Q2 = (CALENDAR.period(f"2026-Q{n}") for n in (1, 2))
SHOW = Formatter()
REPS = [f"R{n:02}" for n in range(20)]
FLAT = {"kind": "flat", "measure": "bookings", "rate": "10%"}


@pytest.fixture
def flat(small):
    """Ten percent of everything, of twenty people with a quota of 1,000 each."""
    people = small.make_people(*REPS, team=["A"] * 12 + ["B"] * 8)
    return plan_curves(small.make_plan(FLAT), people, None, [Q1])


def law(**changed):
    given = {
        "centre": -0.1, "levels": {}, "doubts": {}, "sd_rep": 0.0, "sd_period": 0.3,
        "sd_rest": 0.4, "zero_share": 0.0, "cases": 80, "periods": 10**9, **changed,
    }  # fmt: skip
    return AttainmentModel(**given)


def test_a_flat_plan_costs_what_the_law_says(flat):
    found = budget_simulation(
        flat, model_paths(law(), flat, "bookings", paths=20_000, seed=4), SHOW, scope="all",
        budget_cents=200_000,
    )  # fmt: skip
    # Mean of a log-normal: 20 reps x 1,000 x 10 % x exp(-0.1 + (0.09 + 0.16) / 2).
    mean = 200_000 * np.exp(-0.1 + 0.125)
    assert found.cost_cents("mean") == pytest.approx(mean, rel=0.01)
    # Given the period's shock, a rep's mean is exp(-0.1 + 0.08) times it; over by the shock.
    assert found.p_over == pytest.approx(stats.norm.sf(0.02 / 0.3), abs=0.05)
    assert found.p_low < found.p_over < found.p_high
    assert found.by_role["reps"].tolist() == [20]


def test_what_all_share_makes_the_budget_uncertain(flat):
    def spread(**changed):
        paths = model_paths(law(**changed), flat, "bookings", paths=4_000, seed=1)
        costs = budget_simulation(flat, paths, SHOW, scope="all").costs
        return costs.std() / costs.mean()

    alone = spread(sd_period=0.0, sd_rest=0.5)
    shared = spread(sd_period=0.5, sd_rest=0.0)
    # Twenty who vary alone: 1 / sqrt(20) of one; all together: that of one.
    one = np.sqrt(np.exp(0.25) - 1)
    assert alone == pytest.approx(one / np.sqrt(20), rel=0.1)
    assert shared == pytest.approx(one, rel=0.1)
    model = law(sd_period=0.3, sd_rest=0.4)
    assert model.correlation == pytest.approx(0.36)
    assert model.correlated(0.5).correlation == pytest.approx(0.5)
    assert model.correlated(1).sd_period == pytest.approx(0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        model.correlated(1.2)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(flat):
    def costs(seed):
        paths = model_paths(law(zero_share=0.1), flat, "bookings", paths=300, seed=seed)
        return budget_simulation(flat, paths, SHOW, scope="all").costs.tobytes()

    assert costs(1) == costs(1) != costs(2)


def test_the_model_finds_what_was_put_in():
    random = np.random.default_rng(5)
    reps, periods = 300, 40
    log = (
        0.1
        + 0.3 * random.standard_normal((reps, 1))
        + 0.2 * random.standard_normal((1, periods))
        + 0.4 * random.standard_normal((reps, periods))
    )
    rows = pd.DataFrame(
        [(f"R{i}", t, 10**9, round(10**9 * np.exp(log[i, t])))
         for i in range(reps) for t in range(periods)],
        columns=["rep_id", "period", "quota_cents", "credited_cents"],
    )  # fmt: skip
    rows.loc[random.random(len(rows)) < 0.05, "credited_cents"] = 0
    found = attainment_model(rows)
    assert found.sd_rep == pytest.approx(0.3, rel=0.1)
    assert found.sd_rest == pytest.approx(0.4, rel=0.03)
    assert found.sd_period == pytest.approx(0.2, rel=0.35)
    assert found.zero_share == pytest.approx(0.05, abs=0.01)
    drawn = found.draws(["R0", "nobody"], 1, 20_000, 3)
    middle = np.median(drawn[0][drawn[0] > 0].reshape(-1))
    assert middle == pytest.approx(np.exp(found.centre + found.levels["R0"] / 2), rel=0.15)
    # Who is known is less uncertain than anybody.
    spreads = [np.log(one[one > 0]).std() for one in drawn[0]]
    assert spreads[0] < spreads[1]


def test_a_short_history_is_refused():
    rows = pd.DataFrame(
        {"rep_id": list("ABC") * 10, "period": [1, 2, 3] * 10, "quota_cents": 10,
         "credited_cents": 5}
    )  # fmt: skip
    with pytest.raises(InputError, match="30 reps and periods in 3 periods"):
        attainment_model(rows)
    with pytest.raises(InputError, match="no column `period`"):
        attainment_model(rows.drop(columns="period"))


def forecast(*rows):
    return pd.DataFrame(rows, columns=["scope", "draw", "amount"])


def test_a_forecast_is_cut_among_its_people_to_the_cent(flat):
    rows = [(f"team:{team}", draw, 100.01 * (1 + draw)) for team in "AB" for draw in range(50)]
    found = forecast_paths(forecast(*rows), law(), flat, "bookings", seed=2)
    amounts = found.results["bookings"][0]
    wanted = np.round(10_001 * (1 + np.arange(50))).astype(int)
    assert (amounts[:12].sum(axis=0) == wanted).all()
    assert (amounts[12:].sum(axis=0) == wanted).all()
    assert (amounts >= 0).all()
    assert len(set(amounts[:12, 0])) > 6
    assert found.origin == "forecast"


def test_a_forecast_of_single_reps_is_taken_as_it_is(flat):
    rows = [(f"rep:{rep}", draw, 10.0 * n + draw) for n, rep in enumerate(REPS) for draw in (0, 1)]
    found = forecast_paths(forecast(*rows), law(), flat, "bookings").results["bookings"][0]
    assert found[:, 1].tolist() == [1000 * n + 100 for n in range(20)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("team:A", 0, 1.0)], "is in no scope"),
        ([("company", 0, 1.0), ("team:A", 0, 1.0)], "in two scopes"),
        ([("team:C", 0, 1.0)], "nobody whom the plan pays"),
        ([("squad:A", 0, 1.0)], "no scope of the people"),
        ([("company", 0, 1.0), ("company", 0, 2.0)], "draw 0 of 2026-Q1 twice"),
        ([("company", 0, -1.0)], "below zero"),
        ([("team:A", 0, 1.0), ("team:B", 1, 2.0)], "lacks a draw"),
    ],
)
def test_paths_that_do_not_fit_are_told(flat, rows, words):
    with pytest.raises(InputError, match=words):
        forecast_paths(forecast(*rows), law(), flat, "bookings")


def test_further_measures_follow_the_first_and_deals_are_whole(small):
    measures = {"bookings": {}, "big": {"where": {"type": ["X"]}}, "deals": {"of": "deals"}}
    plan = small.make_plan(
        FLAT, {"kind": "spiff", "measure": "deals", "pays": 5}, measures=measures
    )
    credits_of = small.make_credits(("A", "2026-01-05", 600), ("A", "2026-01-06", 200))
    credits_of["type"] = ["X", "Y"]
    past = replay(plan, [PastPeriod(Q1, small.make_people("A", "B"), credits_of)])
    mix = result_mix(past, "bookings")
    assert mix.loc["A"].tolist() == [1.0, 0.75, 0.25]
    # Who had nothing is taken as everybody.
    assert mix.loc["B"].tolist() == [1.0, 0.75, 0.25]
    curves = plan_curves(plan, small.make_people("A", "B"), None, [Q1])
    rows = forecast(("rep:A", 0, 10.0), ("rep:B", 0, 0.0))
    found = forecast_paths(rows, law(), curves, "bookings", mix=mix).results
    # 10.00 come with 2.5 deals, of which there are two (the even one).
    assert [found[name][0, 0, 0] for name in measures] == [1_000, 750, 200]
    with pytest.raises(InputError, match="also counts `big`"):
        forecast_paths(rows, law(), curves, "bookings")
    reached = past_paths(past, curves, "bookings").results
    assert reached["deals"][0, :, 0].tolist() == [200, 0]


def test_money_of_another_currency_or_an_empty_budget_is_refused(flat):
    paths = model_paths(law(), flat, "bookings", paths=10)
    with pytest.raises(InputError, match="pays in EUR, but the report is in USD"):
        budget_simulation(flat, paths, Formatter("en", "USD"), scope="all")
    with pytest.raises(InputError, match="must be above zero"):
        budget_simulation(flat, paths, SHOW, scope="all", budget_cents=0)


def test_the_result_is_told_and_drawn_and_names_nobody(flat):
    paths = model_paths(law(), flat, "bookings", paths=500, seed=9)
    found = budget_simulation(flat, paths, SHOW, scope="the company", budget_cents=190_000)
    assert found.headline.startswith("Variable pay of the company in 2026-Q1 is €")
    assert "exceeds the budget of €1.9K on " in found.headline
    shown = figure(plot_budget_simulation, found)._repr_mimebundle_()["text/html"]
    assert "<svg" in shown
    assert "R00" not in shown + str(found.records())


def test_several_periods_have_shocks_of_their_own(small):
    people = small.make_people(*REPS)
    curves = plan_curves(small.make_plan(FLAT), people, None, [Q1, Q2])
    drawn = model_paths(law(sd_rest=0.0), curves, "bookings", paths=4_000, seed=3)
    one, two = np.log(drawn.results["bookings"][:, 0])
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.06
    assert drawn.attainment.shape == (20, 4_000)


def test_paths_without_any_sale_have_no_cost_of_sales(flat):
    rows = [("company", draw, 0.0) for draw in range(3)]
    paths = forecast_paths(forecast(*rows), law(), flat, "bookings")
    found = budget_simulation(flat, paths, SHOW, scope="all", budget_cents=1)
    assert found.frame["cost_of_sales"].isna().all()
    assert found.p_over == 0
    assert found.grid.rows[0][3].text == "–"
