"""Properties that pay has whatever the plan: by random plans and credits."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.compensation.plan_components import Tiered
from salesops_lib.compensation.plan_settings import PlanSettings
from salesops_lib.compensation.rate_tables import rate_table
from salesops_lib.compensation.ratios import multiplied, shared_out, whole_cents
from salesops_lib.compensation.trace import exact_earned

FEW = settings(max_examples=40, deadline=None)
MANY = settings(max_examples=200, deadline=None)
QUOTA = 100_000
METHODS = ("marginal", "retroactive", "unsplit")

percents = st.integers(0, 3000).map(lambda tenths: f"{tenths / 10:g}%")
rates = st.integers(0, 3000).map(lambda parts: f"{parts / 100:g}%")


@st.composite
def tier_lists(draw, rising=False):
    """Tiers in percent of quota or in amounts, with rates."""
    count = draw(st.integers(1, 5))
    starts = draw(st.lists(st.integers(0, 2500), min_size=count, max_size=count, unique=True))
    paid = draw(st.lists(st.integers(0, 2500), min_size=count, max_size=count))
    of_quota = draw(st.booleans())
    places = [f"{start / 10:g}%" if of_quota else start for start in sorted(starts)]
    if rising:
        paid = sorted(paid)
    return [{"from": place, "rate": f"{p / 100:g}%"} for place, p in zip(places, paid, strict=True)]


@st.composite
def components(draw, methods=METHODS):
    method = draw(st.sampled_from(methods))
    tiers = draw(tier_lists())
    if method != "unsplit":
        tiers = [tier | {"retroactive": draw(st.booleans())} for tier in tiers]
    return {"kind": "tiered", "measure": "bookings", "method": method, "tiers": tiers}


def table_of(method, tiers):
    model = {"name": "t", "kind": "tiered", "measure": "m", "method": method, "tiers": tiers}
    return rate_table(Tiered.model_validate(model), PlanSettings())


days = st.integers(0, 89).map(lambda n: pd.Timestamp("2026-01-01") + pd.Timedelta(days=n))
amounts = st.integers(-60_000, 90_000)
deals = st.lists(st.tuples(st.sampled_from("AB"), days, amounts), min_size=1, max_size=12)
ways = st.fixed_dictionaries(
    {
        "boundary": st.sampled_from(("higher", "lower")),
        "applied": st.sampled_from(("running", "per_transaction", "grouped")),
        "gate_judged": st.sampled_from(("period_end", "before", "after")),
        "round_at": st.sampled_from(("component", "credit", "leg")),
        "rounding": st.sampled_from(("half_up", "half_even", "down", "up")),
    }
)


@MANY
@given(tiers=tier_lists(), low=st.integers(0, 300_000), step=st.integers(0, 50_000))
def test_marginal_pay_never_falls_and_never_jumps(tiers, low, step):
    table = table_of("marginal", tiers)
    below, above = table.earned(low, QUOTA), table.earned(low + step, QUOTA)
    assert 0 <= above - below <= step * max(table.rates)


@MANY
@given(tiers=tier_lists())
def test_retroactive_pay_jumps_only_at_its_tiers_by_what_lies_below(tiers):
    table = table_of("retroactive", tiers)
    scale = QUOTA if table.in_quota else 1
    tiny = Fraction(1, 10**9)
    for number in range(1, len(table.starts)):
        place = table.starts[number] * scale
        jump = table.earned(place, QUOTA) - table.earned(place - tiny, QUOTA)
        rise = table.rates[number] - table.rates[number - 1]
        # Less the tiny step itself, at the rate below.
        assert jump == rise * place + table.rates[number - 1] * tiny
        between = place - tiny
        inside = table.earned(between, QUOTA) - table.earned(between - tiny, QUOTA)
        assert inside == table.rates[number - 1] * tiny or table.tier(between - tiny, QUOTA) != (
            number - 1
        )


@FEW
@given(component=components(("marginal", "retroactive")), rows=deals)
def test_running_pay_is_that_of_the_total(small, component, rows):
    """Credit by credit, or the total at once: the same, for results that stay above zero."""
    rows = [(rep, day, abs(cents)) for rep, day, cents in rows]
    plan = small.make_plan(component)
    table = rate_table(plan.components[0], plan.settings)
    found = small.pay(plan, small.make_credits(*rows)).totals
    for rep, total in found.items():
        result = sum(cents for name, _, cents in rows if name == rep)
        exact = table.earned(result, QUOTA)
        whole, rest = divmod(exact.numerator, exact.denominator)
        assert total == whole_cents(whole, rest, exact.denominator, "half_up")


@FEW
@given(component=components(("marginal", "retroactive")), rows=deals, random=st.randoms())
def test_the_order_within_a_day_changes_no_total(small, component, rows, random):
    rows = [(rep, "2026-01-10", cents) for rep, _, cents in rows]
    mixed = random.sample(rows, len(rows))
    plan = small.make_plan(component)
    one, other = (small.pay(plan, small.make_credits(*order)).totals for order in (rows, mixed))
    assert one.to_dict() == other.to_dict()


@FEW
@given(component=components(("marginal", "retroactive")), rows=deals)
def test_year_to_date_less_paid_adds_up_to_the_year(small, component, rows):
    spread = [
        (rep, day + pd.DateOffset(months=3 * (n % 4)), cents)
        for n, (rep, day, cents) in enumerate(rows)
    ]
    spread = [(rep, min(day, pd.Timestamp("2026-12-31")), cents) for rep, day, cents in spread]
    spread_out = small.make_credits(*spread)
    by_quarter = small.make_plan(component, settings={"measured_over": "year"})
    by_year = small.make_plan(component, pay_period="year")
    paid = pd.DataFrame(columns=["rep_id", "component", "period", "payout_cents"])
    total = 0
    for number in range(1, 5):
        label = f"2026-Q{number}"
        found = small.pay(by_quarter, spread_out, label, paid=paid)
        rows_paid = found.payouts.assign(period=label)
        paid = rows_paid if paid.empty else pd.concat([paid, rows_paid], ignore_index=True)
        total = found.totals if number == 1 else total + found.totals
    assert total.to_dict() == small.pay(by_year, spread_out, "FY2026").totals.to_dict()


@FEW
@given(component=components(), rows=deals, how=ways, cap=st.integers(0, 200), gate=percents)
def test_a_trace_always_re_adds(small, component, rows, how, cap, gate):
    part = component | {"cap": cap, "gates": [{"at_least": gate, "otherwise": 0.5}]}
    rows = small.make_credits(*rows)
    found = small.pay(small.make_plan(part, settings=how), rows)
    legs = found.legs
    assert legs["payout_cents"].sum() == found.totals.sum()
    assert (found.totals <= cap * 100).all()
    own = legs[legs["kind"] == "credit"]
    by_credit = own.groupby("credit_id", observed=True)["base_cents"].sum()
    assert by_credit.to_dict() == dict(zip(rows["credit_id"], rows["amount_cents"], strict=True))
    earned = legs[legs["kind"].isin(["credit", "re-rated"])]
    for _, cell in earned.groupby("rep_id", observed=True):
        exact = sum(exact_earned(leg) for leg in cell.itertuples())
        slack = 1 if how["round_at"] == "component" else len(cell)
        assert abs(exact - int(cell["payout_cents"].sum())) <= slack


@FEW
@given(component=components(), how=ways)
def test_without_credit_there_is_no_pay_but_guarantees(small, component, how):
    people = small.make_people("A", "B")
    alone = small.make_plan(component, settings=how)
    assert small.pay(alone, small.make_credits(), people=people).totals.to_dict() == {
        "A": 0,
        "B": 0,
    }
    lifted = small.make_plan(component, {"kind": "guarantee", "pays_at_least": 7}, settings=how)
    found = small.pay(lifted, small.make_credits(), people=people)
    assert found.totals.to_dict() == {"A": 700, "B": 700}


@MANY
@given(
    parts=st.lists(
        st.tuples(st.integers(-(10**13), 10**13), st.integers(-(10**12), 10**12)), min_size=1
    ),
    per=st.integers(1, 10**14),
    how=st.sampled_from(("half_up", "half_even", "down", "up")),
)
def test_columns_of_ratios_are_exact(parts, per, how):
    """Against Python's own fractions, beyond int64 on the way."""
    import numpy as np

    base, numerator = (np.array(side, dtype=np.int64) for side in zip(*parts, strict=True))
    parts = [pair for pair in parts if abs(pair[0] * pair[1]) // per < 2**61 // len(parts)]
    if not parts:
        return
    base, numerator = (np.array(side, dtype=np.int64) for side in zip(*parts, strict=True))
    under = np.full(len(base), per)
    whole, rest = multiplied(base, numerator, under)
    exact = [Fraction(b * n, per) for b, n in parts]
    assert [
        Fraction(int(w)) + Fraction(int(r), per) for w, r in zip(whole, rest, strict=True)
    ] == exact
    starts = np.zeros(len(base), dtype=bool)
    starts[0] = True
    paid = shared_out(whole, rest, under, starts, how)
    total = sum(exact)
    cents, left = divmod(total.numerator, total.denominator)
    assert int(paid.sum()) == int(whole_cents(cents, left, total.denominator, how))
