"""The engine by cases worked by hand."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from salesops_lib.compensation.trace import LEG_COLUMNS, exact_earned
from salesops_lib.errors import InputError

JAN, FEB = "2026-01-10", "2026-02-10"


def flat(rate="10%", **more):
    return {"kind": "flat", "measure": "bookings", "rate": rate, **more}


def cents(found, component=None):
    rows = found.payouts
    if component is not None:
        rows = rows[rows["component"] == component]
    return int(rows["payout_cents"].sum())


def test_a_retroactive_tier_pays_what_was_below_it_too(small):
    """5 % of 600 is 30; at 1,000 all is paid at 8 %: 400 at 8 % and 600 at 3 % more."""
    plan = small.make_plan(
        small.tiered(small.tier(0, rate="5%"), small.tier(1000, rate="8%"), method="retroactive")
    )
    found = small.pay(plan, small.make_credits(("A", JAN, 60_000), ("A", FEB, 40_000)))
    legs = found.legs
    assert legs["kind"].tolist() == ["credit", "credit", "re-rated"]
    assert legs["base_cents"].tolist() == [60_000, 40_000, 60_000]
    assert legs["payout_cents"].tolist() == [3_000, 3_200, 1_800]
    assert legs["position_after_cents"].tolist() == [60_000, 100_000, 100_000]
    assert set(LEG_COLUMNS) == set(legs.columns)


def test_a_return_takes_back_the_tier_that_it_leaves(small):
    plan = small.make_plan(
        small.tiered(small.tier(0, rate="5%"), small.tier(1000, rate="8%"), method="retroactive")
    )
    rows = small.make_credits(("A", JAN, 100_000), ("A", FEB, -40_000))
    assert small.pay(plan, rows).legs["payout_cents"].tolist() == [8_000, -2_000, -3_000]


def test_a_return_undoes_its_deal_where_each_is_paid_alone(small):
    plan = small.make_plan(
        small.tiered(small.tier(0, rate="5%"), small.tier(1000, rate="8%")),
        settings={"applied": "per_transaction"},
    )
    rows = small.make_credits(("A", JAN, 150_000), ("A", FEB, -150_000))
    found = small.pay(plan, rows)
    assert found.legs["payout_cents"].tolist() == [5_000, 4_000, -5_000, -4_000]


def test_credits_of_one_deal_can_go_through_the_tiers_together(small):
    """Two halves of 800 make 1,600 together: 50 + 48, and each alone 40."""
    component = small.tiered(small.tier(0, rate="5%"), small.tier(1000, rate="8%"))
    rows = small.make_credits(("A", JAN, 80_000), ("A", FEB, 80_000), ("A", FEB, 80_000))
    rows["opportunity_id"] = ["X", "X", "Y"]
    together = small.make_plan(component, settings={"applied": "grouped"})
    assert cents(small.pay(together, rows)) == 5_000 + 4_800 + 4_000
    alone = small.make_plan(component, settings={"applied": "per_transaction"})
    assert cents(small.pay(alone, rows)) == 3 * 4_000


@pytest.mark.parametrize(("which", "pays"), [("reached", [5_000, 8_000]), ("left", [5_000, 5_000])])
def test_a_crossing_credit_is_paid_whole_at_one_tier(small, which, pays):
    plan = small.make_plan(
        small.tiered(small.tier(0, rate="5%"), small.tier(1500, rate="8%"), method="unsplit"),
        settings={"crossing_credit": which},
    )
    rows = small.make_credits(("A", JAN, 100_000), ("A", FEB, 100_000))
    assert small.pay(plan, rows).legs["payout_cents"].tolist() == pays


def test_a_step_pays_the_sum_of_the_highest_tier_once(small):
    """500 at 80 % of 1,000, 2,000 at 100 %: the second replaces the first."""
    plan = small.make_plan(
        small.tiered(small.tier("80%", pays=500), small.tier("100%", pays=2000), method="step")
    )
    rows = small.make_credits(("A", JAN, 85_000), ("A", FEB, 15_000), ("B", JAN, 79_999))
    found = small.pay(plan, rows)
    assert found.totals.to_dict() == {"A": 200_000, "B": 0}
    sums = found.legs[found.legs["kind"] == "reached"]
    assert sums["payout_cents"].tolist() == [50_000, 200_000, -50_000]


def test_a_payout_curve_is_straight_between_its_points(small):
    """Target 12,000 a quarter; 50 % at 80 % of quota, 100 % at 100 %, 200 % at 120 %."""
    points = [
        {"at": "80%", "pays": "50%"},
        {"at": "100%", "pays": "100%"},
        {"at": "120%", "pays": "200%"},
    ]
    plan = small.make_plan({"kind": "curve", "measure": "bookings", "points": points})
    rows = small.make_credits(
        ("A", JAN, 79_999), ("B", JAN, 80_000), ("C", JAN, 90_000), ("D", JAN, 110_000),
        ("E", JAN, 500_000),
    )  # fmt: skip
    expected = {"A": 0, "B": 600_000, "C": 900_000, "D": 1_800_000, "E": 2_400_000}
    assert small.pay(plan, rows).totals.to_dict() == expected


def test_a_curve_ends_where_it_says_to_the_cent_for_any_quota(small):
    """Tiers of a quota of 333.33 begin within a cent, and the sums still come out whole."""
    plan = small.make_plan(
        {
            "kind": "curve",
            "measure": "bookings",
            "points": [{"at": "66.67%", "pays": 0}, {"at": "100%", "pays": 1000}],
        },
        quotas=[{"measure": "bookings", "every": "quarter", "amount": 333.33}],
    )
    found = small.pay(plan, small.make_credits(("A", JAN, 10_001), ("A", FEB, 90_000)))
    assert found.totals.to_dict() == {"A": 100_000}
    of_credit = found.legs.groupby("credit_id", observed=True)["base_cents"].sum()
    assert of_credit.tolist() == [10_001, 90_000]


def test_a_cap_takes_away_what_is_above_it(small):
    plan = small.make_plan(flat(cap=100))
    rows = small.make_credits(("A", JAN, 60_000), ("A", FEB, 60_000), ("A", FEB, -70_000))
    legs = small.pay(plan, rows).legs
    assert legs["payout_cents"].tolist() == [6_000, 6_000, -7_000, -2_000, 2_000]
    assert legs["kind"].tolist() == ["credit", "credit", "credit", "cap", "cap"]


def test_a_threshold_is_a_gate_on_the_own_measure(small):
    plan = small.make_plan(flat(gates=[{"at_least": "50%"}]))
    rows = small.make_credits(("A", JAN, 50_000), ("B", JAN, 49_999))
    assert small.pay(plan, rows).totals.to_dict() == {"A": 5_000, "B": 0}
    passed = small.make_plan(flat(gates=[{"at_least": "50%"}]), settings={"boundary": "lower"})
    assert small.pay(passed, rows).totals.to_dict() == {"A": 0, "B": 0}


def test_a_gate_waits_for_another_measure_and_may_pay_a_part(small):
    """Expansion pays in full only above 300 of new business, else a half."""
    plan = small.make_plan(
        {
            "kind": "flat", "measure": "expansion", "rate": "10%",
            "gates": [{"measure": "new", "at_least": 300, "otherwise": 0.5}],
        },
        measures={
            "new": {"where": {"type": ["New"]}},
            "expansion": {"except_where": {"type": ["New"]}},
        },
        quotas=[],
    )  # fmt: skip
    rows = small.make_credits(
        ("A", JAN, 10_000), ("A", FEB, 30_000), ("B", JAN, 10_000), ("B", FEB, 29_999)
    )
    rows["type"] = ["Expansion", "New"] * 2
    found = small.pay(plan, rows)
    assert found.totals.to_dict() == {"A": 1_000, "B": 500}
    assert found.uncounted["credit_id"].tolist() == ["c0001", "c0003"]


@pytest.mark.parametrize(
    ("judged", "pays"),
    [
        ("period_end", [3_000, 4_000, 5_000]),
        ("after", [0, 4_000, 5_000]),
        ("before", [0, 0, 5_000]),
    ],
)
def test_a_gate_is_judged_when_the_plan_says(small, judged, pays):
    plan = small.make_plan(flat(gates=[{"at_least": "70%"}]), settings={"gate_judged": judged})
    rows = small.make_credits(("A", JAN, 30_000), ("A", JAN, 40_000), ("A", FEB, 50_000))
    assert small.pay(plan, rows).legs["payout_cents"].tolist() == pays


def test_spiffs_pay_a_deal_and_take_back_a_return(small):
    plan = small.make_plan(
        {"kind": "spiff", "measure": "deals", "pays": 250, "most": 2},
        measures={"deals": {"of": "deals"}},
        quotas=[],
    )
    rows = small.make_credits(
        ("A", JAN, 1), ("A", JAN, 9), ("A", FEB, 5), ("B", JAN, 5), ("B", FEB, -5)
    )
    assert small.pay(plan, rows).totals.to_dict() == {"A": 50_000, "B": 0}


def test_a_spiff_holds_only_between_its_days(small):
    plan = small.make_plan(
        {
            "kind": "spiff", "measure": "deals", "pays": 100,
            "from": dt.date(2026, 2, 1), "to": dt.date(2026, 2, 28),
        },
        measures={"deals": {"of": "deals"}},
        quotas=[],
    )  # fmt: skip
    rows = small.make_credits(("A", JAN, 1), ("A", FEB, 1), ("A", "2026-03-01", 1))
    assert cents(small.pay(plan, rows)) == 10_000


def test_a_goal_matrix_pays_by_two_results(small):
    """Target 12,000 a quarter: bookings at 100 %, margin 25 % pays 110 % of it."""
    plan = small.make_plan(
        {
            "kind": "matrix", "rows": "bookings", "columns": "margin",
            "row_levels": ["80%", "100%"], "column_levels": ["0%", "20%"],
            "pays": [["40%", "60%"], ["90%", "110%"]],
        },
        measures={"bookings": {}, "margin": {"of": "result"}},
    )  # fmt: skip
    rows = small.make_credits(("A", JAN, 100_000), ("B", JAN, 99_999), ("C", JAN, 10_000))
    results = pd.DataFrame({"rep_id": ["A", "B", "C"], "measure": "margin", "period": "2026-Q1"})
    results["value"] = ["25%", "19.99%", "90%"]
    found = small.pay(plan, rows, results=results)
    assert found.totals.to_dict() == {"A": 1_320_000, "B": 480_000, "C": 0}


def test_objectives_pay_their_weighted_scores(small):
    """A quarter of 48,000 x 20 % is 2,400; 70 % x 100 % + 30 % x 50 % = 85 %: 2,040."""
    objectives = [{"measure": "training", "weight": "70%"}, {"measure": "crm", "weight": "30%"}]
    plan = small.make_plan(
        {"kind": "mbo", "weight": "20%", "objectives": objectives},
        measures={"training": {"of": "result"}, "crm": {"of": "result"}},
        quotas=[],
    )
    results = pd.DataFrame({"rep_id": "A", "measure": ["training", "crm"], "period": "2026-Q1"})
    results["value"] = ["100%", "0.5"]
    people = small.make_people("A")
    found = small.pay(plan, small.make_credits(), people=people, results=results)
    assert found.totals.to_dict() == {"A": 204_000}
    with pytest.raises(InputError, match="`A` has no result of `crm` for 2026-Q1"):
        small.pay(plan, small.make_credits(), people=people, results=results.head(1))


def test_only_whom_a_component_pays_must_have_what_it_needs(small):
    objectives = [{"measure": "score", "weight": "100%"}]
    plan = small.make_plan(
        flat(gates=[{"at_least": "1%"}], roles=["rep"]),
        {"kind": "mbo", "objectives": objectives, "roles": ["lead"]},
        measures={"bookings": {}, "score": {"of": "result"}},
        quotas=[{"measure": "bookings", "every": "quarter", "amount": 500, "roles": ["rep"]}],
    )
    people = small.make_people("A", "B").assign(role=["rep", "lead"])
    results = pd.DataFrame({"rep_id": ["B"], "measure": "score", "period": "2026-Q1"})
    rows = small.make_credits(("A", JAN, 10_000), ("B", JAN, 10_000)).astype(
        {"rep_id": "category", "kind": "category"}
    )
    found = small.pay(plan, rows, people=people, results=results.assign(value=[1]))
    assert found.payouts.to_dict("list") == {
        "rep_id": ["A", "B"],
        "component": ["part 0", "part 1"],
        "payout_cents": [1_000, 1_200_000],
    }
    assert found.uncounted["credit_id"].tolist() == ["c0001"]


def test_a_guarantee_lifts_pay_and_only_for_new_people(small):
    plan = small.make_plan(flat(), {"kind": "guarantee", "pays_at_least": 500, "first_months": 3})
    people = small.make_people("A", "B", "C")
    people["hire_date"] = pd.to_datetime(["2025-11-01", "2025-10-01", "2026-01-15"])
    rows = small.make_credits(("A", JAN, 100_000), ("B", JAN, 100_000))
    found = small.pay(plan, rows, people=people)
    assert found.totals.to_dict() == {"A": 50_000, "B": 10_000, "C": 50_000}


def test_the_year_to_date_pays_what_is_missing_and_takes_back_what_was_too_much(small):
    """Annual quota 4,000; retroactive 10 % from 2,000 on, else 5 %."""
    plan = small.make_plan(
        small.tiered(
            small.tier("0%", rate="5%"), small.tier("50%", rate="10%"), method="retroactive"
        ),
        settings={"measured_over": "year"},
    )
    rows = small.make_credits(
        ("A", JAN, 150_000), ("A", "2026-05-01", 50_000), ("A", "2026-08-01", -10_000)
    )
    paid = [cents(small.pay(plan, rows, f"2026-Q{n}")) for n in (1, 2, 3, 4)]
    assert paid == [7_500, 20_000 - 7_500, 9_500 - 20_000, 0]
    legs = small.pay(plan, rows, "2026-Q2").legs
    assert legs[legs["kind"] == "paid before"]["payout_cents"].tolist() == [-7_500]


def test_what_was_really_paid_before_counts_where_it_is_given(small):
    plan = small.make_plan(flat(), settings={"measured_over": "year"})
    rows = small.make_credits(("A", JAN, 150_000), ("A", "2026-05-01", 50_000))
    paid = pd.DataFrame({"rep_id": ["A"], "component": ["part 0"], "period": ["2026-Q1"]})
    paid["payout_cents"] = np.array([10_000])
    assert cents(small.pay(plan, rows, "2026-Q2", paid=paid)) == 10_000


@pytest.mark.parametrize(
    ("where", "pays"), [("component", [2, 1, 2]), ("credit", [2, 2, 2]), ("leg", [2, 2, 2])]
)
def test_parts_of_a_cent_are_rounded_where_the_plan_says(small, where, pays):
    """10 % of three times 0.15 is 1.5 cents each: 4.5 together, half up 5."""
    plan = small.make_plan(flat(), settings={"round_at": where})
    rows = small.make_credits(("A", JAN, 15), ("A", JAN, 15), ("A", JAN, 15))
    assert small.pay(plan, rows).legs["payout_cents"].tolist() == pays


@pytest.mark.parametrize(
    ("how", "pays"), [("half_up", 3), ("half_even", 2), ("down", 2), ("up", 3)]
)
def test_half_a_cent_goes_where_the_plan_says(small, how, pays):
    plan = small.make_plan(flat(), settings={"rounding": how})
    assert cents(small.pay(plan, small.make_credits(("A", JAN, 25)))) == pays
    assert cents(small.pay(plan, small.make_credits(("A", JAN, -25)))) == -pays


def test_a_windfall_counts_only_so_far(small):
    plan = small.make_plan(flat(), measures={"bookings": {"largest_credit": 1000}})
    assert cents(small.pay(plan, small.make_credits(("A", JAN, 900_000)))) == 10_000


def test_large_amounts_are_paid_exactly_or_refused(small):
    """Ten billion at a fine rate leaves int64 on the way: 10^12 x 0.123456789 cents."""
    plan = small.make_plan(flat("12.3456789%"))
    found = small.pay(plan, small.make_credits(("A", JAN, 10**12)))
    assert cents(found) == 123_456_789_000
    (leg,) = found.legs.itertuples()
    assert exact_earned(leg) == Fraction(123_456_789_000)
    with pytest.raises(InputError, match="too large"):
        small.pay(plan, small.make_credits(("A", JAN, 2**62), ("A", FEB, 2**62)))


def test_quotas_come_from_the_person_then_the_role_then_the_table(small):
    plan = small.make_plan(
        {"kind": "flat", "measure": "bookings", "times": 1},
        quotas=[
            {"measure": "bookings", "every": "quarter", "amount": 2000, "rep_ids": ["A"]},
            {"measure": "bookings", "every": "quarter", "amount": 1000, "roles": ["senior"]},
        ],
    )
    people = small.make_people("A", "B", "C")
    people["role"] = ["senior", "senior", "rep"]
    table = pd.DataFrame({"rep_id": ["B", "C"], "measure": "bookings"})
    table["period_start"], table["period_end"] = dt.date(2026, 1, 1), dt.date(2026, 3, 31)
    table["amount_cents"] = np.array([1, 400_000])
    rows = small.make_credits(("A", JAN, 10_000), ("B", JAN, 10_000), ("C", JAN, 10_000))
    found = small.pay(plan, rows, people=people, quotas=table)
    assert found.totals.to_dict() == {"A": 60_000, "B": 120_000, "C": 30_000}


def test_a_statement_of_one_person_names_nobody_else(small):
    found = small.pay(small.make_plan(flat()), small.make_credits(("A", JAN, 100), ("B", JAN, 7)))
    own = found.of_rep("A")
    assert own.totals.to_dict() == {"A": 10}
    assert own.legs["rep_id"].cat.categories.tolist() == ["A"]
    assert own.legs["credit_id"].cat.categories.tolist() == ["c0000"]
    assert own.legs["opportunity_id"].cat.categories.tolist() == ["D0"]


def bad_credits(small, **changed):
    return small.make_credits(("A", JAN, 100), ("A", FEB, 100)).assign(**changed)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"credit_id": ["x", "x"]}, "the credit `x` is listed twice"),
        ({"currency": ["EUR", "USD"]}, "`c0001` is in USD, but the plan pays in EUR"),
        ({"amount_cents": [1.5, 2.0]}, "must be whole cents"),
        ({"rep_id": ["A", None]}, "`rep_id` of credit c0001 is empty"),
        ({"rep_id": ["A", "Z"]}, "`Z` has credits, but is not among the people"),
    ],
)
def test_bad_credits_stop_the_run(small, changed, sentence):
    plan, people = small.make_plan(flat()), small.make_people("A")
    with pytest.raises(InputError, match=sentence):
        small.pay(plan, bad_credits(small, **changed), people=people)


def test_what_a_component_needs_and_nobody_gave_stops_the_run(small):
    by_target = {"kind": "flat", "measure": "bookings", "times": 1}
    rows = small.make_credits(("A", JAN, 100))
    with pytest.raises(InputError, match="`A` has no quota for `bookings` from 2026-01-01"):
        small.pay(small.make_plan(by_target, quotas=[]), rows)
    people = small.make_people("A").assign(variable_cents=0)
    with pytest.raises(InputError, match="`A` has none: give `ote` and `pay_mix`"):
        small.pay(small.make_plan(by_target), rows, people=people)
    with pytest.raises(InputError, match="is not in force in all of 2025-Q4"):
        small.pay(small.make_plan(flat()), rows, "2025-Q4")
    with pytest.raises(InputError, match="pays by the quarter, but 2026-01 is a month"):
        small.pay(small.make_plan(flat()), rows, "2026-01")
    chooses = small.make_plan(flat(), measures={"bookings": {"where": {"team": ["x"]}}})
    with pytest.raises(InputError, match="chooses by `team`, which the credits do not have"):
        small.pay(chooses, rows)


def test_a_closed_last_tier_pays_nobody_above_it(small):
    plan = small.make_plan(small.tiered({"from": 0, "to": 100, "rate": "5%"}))
    with pytest.raises(InputError, match=r"120\.00 lies above the last tier, which ends at 100"):
        small.pay(plan, small.make_credits(("A", JAN, 12_000)))


def test_quotas_that_overlap_or_stick_out_stop_the_run(small):
    plan = small.make_plan({"kind": "flat", "measure": "bookings", "times": 1}, quotas=[])
    rows = small.make_credits(("A", JAN, 100))
    table = pd.DataFrame({"rep_id": ["A", "A"], "measure": "bookings"})
    table["period_start"] = [dt.date(2026, 1, 1), dt.date(2026, 2, 1)]
    table["period_end"] = [dt.date(2026, 3, 31), dt.date(2026, 2, 28)]
    table["amount_cents"] = np.array([100, 100])
    with pytest.raises(InputError, match="two quotas of `A` for `bookings` overlap"):
        small.pay(plan, rows, quotas=table)
    year = table.head(1).assign(period_end=dt.date(2026, 12, 31))
    with pytest.raises(InputError, match="only partly in 2026-01-01 to 2026-03-31"):
        small.pay(plan, rows, quotas=year)
