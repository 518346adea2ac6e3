"""The linter against the engine, over random tiers: it reports what the engine does."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.compensation.lint import plan_defects
from salesops_lib.compensation.payout_examples import pay_examples
from salesops_lib.compensation.plan import Plan

EDGES = st.lists(st.integers(1, 200), min_size=1, max_size=3, unique=True).map(sorted)


def plan_of(make, method, edges, pays):
    key = "pays" if method == "step" else "times"
    shown = [f"{pay}%" if method == "step" else pay / 100 for pay in pays]
    starts = [0, *edges]
    tiers = [{"from": f"{at}%", key: pay} for at, pay in zip(starts, shown, strict=False)]
    return make({"kind": "tiered", "measure": "bookings", "method": method, "tiers": tiers})


@settings(max_examples=20, deadline=None)
@given(
    method=st.sampled_from(["marginal", "retroactive", "step"]),
    edges=EDGES,
    pays=st.lists(st.integers(10, 200), min_size=4, max_size=4),
)
def test_falling_pay_is_found_if_and_only_if_the_engine_pays_less(small, method, edges, pays):
    plan = plan_of(small.make_plan, method, edges, pays)
    assert isinstance(plan, Plan)
    levels = [Fraction(edge, 100) for edge in edges]
    reached = pay_examples(plan, plan.people[0], levels).totals
    missed = pay_examples(plan, plan.people[0], levels, short=True).totals
    # A quota of 1,000 a quarter: a cent of result is worth less than 25 cents a year.
    falls = any(there < below - 25 for there, below in zip(reached, missed, strict=True))
    found = {one.check for one in plan_defects(plan)}
    assert ("falling_pay" in found) == falls


@settings(max_examples=10, deadline=None)
@given(edges=EDGES, pays=st.lists(st.integers(10, 200), min_size=4, max_size=4))
def test_marginal_tiers_have_no_cliff_and_never_fall(small, edges, pays):
    plan = plan_of(small.make_plan, "marginal", edges, pays)
    assert not {one.check for one in plan_defects(plan)} & {"cliff", "falling_pay"}
