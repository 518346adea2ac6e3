"""A plan's curves against the engine: by hand, and over plans and results drawn at random."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.monte_carlo import curve_error
from salesops_lib.compensation.plan_curves import curves_for, plan_curves
from salesops_lib.compensation.replay import PastPeriod, replay
from salesops_lib.errors import InputError

CALENDAR = FiscalCalendar()
QUARTERS = CALENDAR.within(CALENDAR.year(2026), "quarter")
Q1 = QUARTERS[0]

levels = st.sampled_from(["0%", "40%", "50%", "80%", "100%", "120%", "66.67%"])
days = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
cents = st.integers(-20_000, 400_000)


@st.composite
def components(draw):
    """One component that pays by the result as a whole."""
    kind = draw(st.sampled_from(["marginal", "retroactive", "step", "curve", "flat", "bonus"]))
    more = {}
    if draw(st.booleans()):
        at = draw(levels)
        over = draw(st.sampled_from([None, "year"]))
        gate = {"measure": "bookings", "at_least": at, "measured_over": over}
        more["gates"] = [{**gate, "otherwise": draw(st.sampled_from([0, 0.5]))}]
    if draw(st.booleans()):
        more["cap"] = draw(st.sampled_from(["60%", "150%", 50]))
    if draw(st.booleans()):
        tiers = [{"from": "30%", "to": "90%", "times": 0.9}, {"from": "100%", "times": 1.25}]
        more["multipliers"] = [{"measure": "bookings", "tiers": tiers}]
    if kind == "flat":
        return {"kind": "flat", "measure": "bookings", "rate": "3.3%", **more}
    if kind == "bonus":
        return {"kind": "bonus", "pays": "20%", **more,
                "gates": [{"measure": "bookings", "at_least": draw(levels)}]}  # fmt: skip
    starts = sorted(draw(st.sets(levels, min_size=2, max_size=4)), key=lambda x: float(x[:-1]))
    pays = draw(st.lists(st.sampled_from(["0%", "35%", "90%", "140%"]), min_size=4, max_size=4))
    if kind == "curve":
        points = [{"at": a, "pays": p} for a, p in zip(starts, pays, strict=False)]
        return {"kind": "curve", "measure": "bookings", "points": points, **more}
    way = "pays" if kind == "step" else "times"
    tiers = [{"from": a, way: p} for a, p in zip(starts, pays, strict=False)]
    return {"kind": "tiered", "measure": "bookings", "method": kind, "tiers": tiers, **more}


def history(small, plan, rows, **more):
    people = small.make_people("A", "B", hire_date=dt.date(2025, 1, 1))
    found = []
    for period in QUARTERS:
        inside = [row for row in rows if period.start <= row[1] <= period.end]
        credits_of = small.make_credits(*inside)
        credits_of["credit_id"] = [f"{period}-{n}" for n in range(len(credits_of))]
        found.append(PastPeriod(period, people, credits_of, **more))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    parts=st.lists(components(), min_size=1, max_size=3),
    rows=st.lists(
        st.tuples(st.sampled_from("AB"), days, cents),
        min_size=1,
        max_size=12,
    ),
    how=st.fixed_dictionaries(
        {
            "boundary": st.sampled_from(("higher", "lower")),
            "measured_over": st.sampled_from(("period", "year")),
            "quota": st.sampled_from(("full", "to_date")),
        }
    ),
    least=st.sampled_from([None, 300]),
)  # fmt: skip
def test_curves_pay_what_the_engine_pays(small, parts, rows, how, least):
    if least:
        parts = [*parts, {"kind": "guarantee", "pays_at_least": least}]
    plan = small.make_plan(*parts, settings=how)
    past = replay(plan, history(small, plan, rows))
    error = curve_error(past, "bookings")
    assert error.approximations == ()
    # Parts of a cent are rounded for each component and period.
    assert error.largest_cents <= 0.5 * len(parts) * len(QUARTERS) + 1e-6


def paid(plan, people, reached, quotas=None, **more):
    curves = plan_curves(plan, people, quotas, [Q1], **more)
    cases = {name: np.array([values], dtype=np.int64) for name, values in reached.items()}
    return curves.pay(cases)


def test_tiers_by_hand(small):
    # Quota 1,000; target 12,000 a quarter: 1x pays 12 for each 1.
    plan = small.make_plan(
        small.tiered(small.tier("0%", times=1), small.tier("100%", times=1.5)),
    )
    found = paid(plan, small.make_people("A"), {"bookings": [[0, 50_000, 100_000, 100_100]]})
    assert found.tolist() == [[0, 600_000, 1_200_000, 1_201_800]]


def test_a_jump_lies_exactly_on_its_boundary(small):
    plan = small.make_plan(
        small.tiered(small.tier("66.67%", pays=50), method="step"),
    )
    found = paid(plan, small.make_people("A"), {"bookings": [[66_669, 66_670]]})
    assert found.tolist() == [[0, 5_000]]
    lower = small.make_plan(
        small.tiered(small.tier("66.67%", pays=50), method="step"),
        settings={"boundary": "lower"},
    )
    found = paid(lower, small.make_people("A"), {"bookings": [[66_670, 66_671]]})
    assert found.tolist() == [[0, 5_000]]


def test_each_has_their_own_quota_target_and_role(small):
    plan = small.make_plan(
        small.tiered(small.tier("0%", times=1), roles=["rep"]), quotas=[], people=[{}]
    )
    people = pd.DataFrame(
        {"rep_id": ["A", "B", "C"], "role": ["rep", "rep", "other"],
         "variable_cents": [400, 800, 800]}
    )  # fmt: skip
    quotas = pd.DataFrame(
        {"rep_id": ["A", "B"], "measure": "bookings", "period_start": pd.Timestamp(Q1.start),
         "period_end": pd.Timestamp(Q1.end), "amount_cents": [1000, 2000]}
    )  # fmt: skip
    found = paid(plan, people, {"bookings": [[1000], [1000], [1000]]}, quotas)
    assert found.tolist() == [[100], [100], [0]]


def test_a_matrix_and_objectives(small):
    plan = small.make_plan(
        {"kind": "matrix", "rows": "bookings", "columns": "margin", "row_levels": ["50%", "100%"],
         "column_levels": ["0%", "60%"], "pays": [["10%", "20%"], ["50%", "100%"]]},
        {"kind": "mbo", "weight": "50%", "objectives": [{"measure": "plan", "weight": 1}]},
        measures={"bookings": {}, "margin": {"of": "result"}, "plan": {"of": "result"}},
    )  # fmt: skip
    results = pd.DataFrame(
        {"rep_id": "A", "measure": ["margin", "plan"], "period": "2026-Q1",
         "value": ["65%", "80%"]}
    )  # fmt: skip
    people = small.make_people("A")
    found = paid(plan, people, {"bookings": [[0, 50_000, 100_000]]}, results=results)
    # Target 12,000: 0, 20 and 100 % of it, and 80 % of a half of it.
    assert found.tolist() == [[480_000, 720_000, 1_680_000]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"applied": "per_transaction"}}, "deal by deal"),
        ({"measures": {"bookings": {"largest_credit": 10}}}, "large deals"),
    ],
)
def test_what_hangs_on_single_deals_is_told(small, change, words):
    plan = small.make_plan(small.tiered(small.tier("0%", times=1)), **change)
    (note,) = plan_curves(plan, small.make_people("A"), None, [Q1]).approximations
    assert words in note


def test_a_result_above_a_closed_table_is_refused(small):
    plan = small.make_plan(small.tiered({"from": 0, "to": 1000, "rate": "1%"}))
    with pytest.raises(InputError, match=r"1,000\.01 lies above the last tier"):
        paid(plan, small.make_people("A"), {"bookings": [[100_001]]})


def test_periods_must_begin_with_the_window_and_leave_none_out(small):
    plan = small.make_plan(
        small.tiered(small.tier("0%", times=1)), settings={"measured_over": "year"}
    )
    people = small.make_people("A")
    with pytest.raises(InputError, match="begin with the window"):
        plan_curves(plan, people, None, QUARTERS[1:3])
    with pytest.raises(InputError, match="a gap between the pay periods 2026-Q1 and 2026-Q3"):
        plan_curves(plan, people, None, [QUARTERS[0], QUARTERS[2]])
    with pytest.raises(InputError, match="not in force"):
        plan_curves(plan, people, None, [CALENDAR.period("2025-Q4")])


def test_a_missing_measure_or_shape_is_told(small):
    plan = small.make_plan(small.tiered(small.tier("0%", times=1)))
    curves = plan_curves(plan, small.make_people("A"), None, [Q1])
    with pytest.raises(InputError, match="no measure `bookings`"):
        curves.pay({"other": np.zeros((1, 1, 3), dtype=np.int64)})
    with pytest.raises(InputError, match="1 periods and 1 people"):
        curves.pay({"bookings": np.zeros((1, 2, 3), dtype=np.int64)})


def test_another_plan_has_the_same_people_and_quotas(small):
    plan = small.make_plan(small.tiered(small.tier("0%", times=1)))
    curves = plan_curves(plan, small.make_people("A", "B"), None, [Q1])
    double = small.make_plan(small.tiered(small.tier("0%", times=2)))
    results = {"bookings": np.array([[[100], [900]]], dtype=np.int64)}
    assert (curves_for(double, curves).pay(results) == 2 * curves.pay(results)).all()
    other = small.make_plan(small.tiered(small.tier("0%", times=1)), measures={"bookings": {
        "largest_credit": 5}})  # fmt: skip
    with pytest.raises(InputError, match="measures or quotas"):
        curves_for(other, curves)


def test_many_people_are_paid_in_parts_as_in_one(small, monkeypatch):
    plan = small.make_plan(
        small.tiered(small.tier("0%", times=1), small.tier("100%", times=2)),
        {"kind": "bonus", "pays": "10%", "gates": [{"measure": "bookings", "at_least": "90%"}]},
        {"kind": "guarantee", "pays_at_least": 3000},
    )
    people = small.make_people(*"ABCDEFG", hire_date=dt.date(2026, 1, 1))
    people["variable_cents"] = 1_000_000 * (1 + np.arange(7))
    curves = plan_curves(plan, people, None, QUARTERS[:2])
    results = {"bookings": np.random.default_rng(1).integers(0, 200_000, (2, 7, 40))}
    whole = curves.pay(results)
    monkeypatch.setattr("salesops_lib.compensation.plan_curves._CELLS", 90)
    assert (curves.pay(results) == whole).all()
    # The guarantee of each quarter holds for itself.
    assert whole.min() >= 600_000


def test_nobody_and_no_path(small):
    plan = small.make_plan(small.tiered(small.tier("0%", times=1)))
    nobody = plan_curves(plan, small.make_people("A").iloc[:0], None, [Q1])
    assert nobody.pay({"bookings": np.zeros((1, 0, 3), dtype=np.int64)}).shape == (0, 3)
    curves = plan_curves(plan, small.make_people("A"), None, [Q1])
    with pytest.raises(InputError, match="no path"):
        curves.pay({"bookings": np.zeros((1, 1, 0), dtype=np.int64)})
