"""Worked examples, payout curves, comparisons and sentences of plans."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import matplotlib as mpl
import pytest

from salesops_lib.compensation.payout_curve import payout_curve
from salesops_lib.compensation.payout_examples import pay_examples
from salesops_lib.compensation.plan import read_plan
from salesops_lib.compensation.plan_comparison import plan_comparison
from salesops_lib.compensation.plan_explanation import plan_explanation
from salesops_lib.compensation.plots_plan import plot_payout_curve, plot_plan_comparison
from salesops_lib.errors import InputError
from salesops_lib.notebook.figures import figure
from salesops_lib.results import MIME

mpl.use("Agg")
PLANS = Path(__file__).parents[2] / "parameters" / "plans"
PERCENTS = (50, 80, 100, 120, 150)
LEVELS = [Fraction(percent, 100) for percent in PERCENTS]
ALL_PLANS = sorted(PLANS.glob("*.yaml"))


def plan_named(name):
    return read_plan(PLANS / f"{name}.yaml")


# A year's pay at 50, 80, 100, 120 and 150 % of the quota, worked by hand:
# reps: target 43,200; commission 85 %: .3, .3 + .3 x 1.4, 1, 1 + .2 x 1.6, 1 + .48 + .2 x 2;
# bonus 15 % from the quota on. New business: target 60,000 at 1x, 1.5x above the quota.
# Curve: target 44,000 at 25, 25 + 75 x 3/5 = 70, 100, 160, 250 %.
# Growth: target 27,000: 20 % objectives, met; of 80 % at a margin of 60 % 0, 30, 100, 140 %.
WORKED = {
    "halvorsund_reps": [11_016, 26_438.40, 43_200, 54_950.40, 75_513.60],
    "archetype_new_business": [30_000, 48_000, 60_000, 78_000, 105_000],
    "archetype_payout_curve": [11_000, 30_800, 44_000, 70_400, 110_000],
    "archetype_account_growth": [5_400, 11_880, 27_000, 35_640, 35_640],
    "halvorsund_managers": [22_750, 36_400, 45_500, 63_700, 91_000],
}


@pytest.mark.parametrize("name", WORKED)
def test_the_engine_pays_what_was_worked_by_hand(name):
    plan = plan_named(name)
    found = pay_examples(plan, plan.people[0], LEVELS)
    assert [cents / 100 for cents in found.totals] == WORKED[name]


def test_a_cent_short_of_a_level_does_not_reach_it():
    """66.67 % of a quota of 150,001 lies within a cent: whole cents reach it, or miss it."""
    plan = plan_named("halvorsund_reps")
    levels = [Fraction(6667, 10_000), Fraction(1)]
    reached, missed = (
        pay_examples(plan, plan.people[0], levels, quota=Decimal(150_001), short=short)
        for short in (False, True)
    )
    assert reached.totals[0] - missed.totals[0] <= 10
    # The bonus of a good quarter: 15 % of 43,200.
    assert 648_000 <= reached.totals[1] - missed.totals[1] <= 648_010


def test_a_quota_that_is_said_counts_only_where_the_plan_has_none():
    rate = {"kind": "flat", "measure": "bookings", "rate": "10%", "name": "c"}
    reps = read_plan(PLANS / "halvorsund_reps.yaml")
    plan = reps.model_validate(
        {
            **reps.model_dump(by_alias=True, exclude={"components"}),
            "components": [rate],
            "crediting": {},
            "payments": {},
        }
    )
    found = pay_examples(plan, plan.people[0], [Fraction(1)], quota=Decimal(2000))
    assert found.totals == [4 * 20_000]
    assert found.assumed == {"bookings"}
    hunter = plan_named("archetype_new_business")
    own = pay_examples(hunter, hunter.people[0], [Fraction(1)], quota=Decimal(2000))
    assert own.assumed == frozenset()
    assert own.quotas == {"new_business": 60_000_000}


def test_the_curve_has_the_points_at_which_pay_changes():
    curve = payout_curve(plan_named("archetype_payout_curve"))
    points = list(zip(curve.points["attainment"], curve.points["change"], strict=True))
    assert points == [(0.5, "threshold"), (1.0, "accelerator"), (1.0, "quota"), (1.5, "top")]
    jump = curve.frame[curve.frame["attainment"] == 0.5]["pay"].tolist()
    assert jump == [0.0, 11_000.0]
    assert curve.pay(1.25) == 44_000 + 66_000 / 2
    assert curve.headline == (
        "Annual target, paid by quarter on the year to date: quota pays €44K a year; pay begins "
        "at 50%, each deal pays more from 100% and nothing more is paid from 150%."
    )


def test_the_cap_stands_where_it_begins_to_hold(small):
    """1x to the quota, then 2x, capped at 160 % of the target: from 130 % of the quota."""
    tiers = [{"from": "0%", "times": 1}, {"from": "100%", "times": 2}]
    plan = small.make_plan(small.tiered(*tiers, cap="160%"))
    curve = payout_curve(plan)
    caps = curve.points[curve.points["change"] == "cap"]
    assert caps["attainment"].tolist() == [1.3]
    assert curve.pay(1.3) == curve.pay(2.0) == 1.6 * 48_000


@pytest.mark.parametrize("path", ALL_PLANS, ids=lambda path: path.stem)
def test_every_plan_can_be_told_and_drawn(path):
    plan = read_plan(path)
    curve, told = payout_curve(plan), plan_explanation(plan)
    picture = figure(plot_payout_curve, curve)
    assert "Variable pay of a year" in picture.svg
    assert curve.caption in picture._repr_mimebundle_()["text/html"]
    for result in (curve, told):
        bundle = result._repr_mimebundle_()
        assert bundle["text/plain"] == result.headline
        assert bundle[MIME]["headline"] == result.headline
        assert "<table" in bundle["text/html"]
    heads = [head for head, _ in told.sections]
    assert heads[:-1] == [plan.name, *(component.name for component in plan.components)]
    assert all(sentences for _, sentences in told.sections)
    assert all("{" not in text for _, sentences in told.sections for text in sentences)
    mpl.pyplot.close("all")


def test_the_sentences_say_what_the_plan_says():
    told = dict(plan_explanation(plan_named("halvorsund_reps")).sections)
    assert told["Sales representatives"] == (
        "It holds from 1 January to 31 December 2026.",
        "Pay is worked out every quarter.",
        "On-target earnings of rep: €96,000 a year, of which €43,200 is variable.",
        "Quota of bookings: as it was given to each person.",
    )
    assert told["expansion"] == (
        "Pays 0.75% of expansion, from the first deal on.",
        "It pays only where bookings reaches 50% of its quota.",
    )
    assert "It pays 400% of its target at most." in told["commission"]
    assert told["new logos in summer"][0] == "Pays €250 for each deal of new_logos."


def test_examples_with_base_pay_and_only_one_role():
    told = plan_explanation(plan_named("halvorsund_reps"), "rep")
    row = told.frame[told.frame["attainment"] == 1.0].iloc[0]
    assert (row["pay"], row["of_target"], row["earnings"]) == (43_200, 1.0, 96_000)
    assert told.headline == "Sales representatives: reaching the quota all year pays rep €43,200."
    with pytest.raises(InputError, match="has no role `rap`; did you mean `rep`"):
        plan_explanation(plan_named("halvorsund_reps"), "rap")


def test_a_plan_and_itself_say_the_same():
    plan = plan_named("halvorsund_reps")
    same = plan_comparison(plan, plan)
    assert same.differences.empty
    assert (same.frame["change"] == 0).all()
    assert same.headline.endswith("say the same.")


def test_two_revisions_differ_in_what_was_changed_and_in_what_it_pays():
    """Twice the accelerator: 20 % above quota pay 2.6x in place of 1.6x of 36,720."""
    plan = plan_named("halvorsund_reps")
    commission = plan.components[0]
    tiers = list(commission.tiers)
    tiers[2] = tiers[2].model_copy(update={"times": Decimal("2.6")})
    changed = [commission.model_copy(update={"tiers": tiers}), *plan.components[1:]]
    other = plan.model_copy(update={"components": changed, "revision": 2})
    found = plan_comparison(plan, other)
    assert found.differences.to_numpy().tolist() == [
        ["revision", "1", "2"],
        ["components.commission.tiers.2.times", "1.6", "2.6"],
    ]
    changes = dict(zip(found.frame["attainment"], found.frame["change"], strict=True))
    assert changes[1.0] == 0
    assert changes[1.2] == pytest.approx(36_720 * 0.2)
    assert found.names == ("Sales representatives (1)", "Sales representatives (2)")
    assert "Sales representatives (2)" in figure(plot_plan_comparison, found).svg
    assert found._repr_mimebundle_()["text/plain"] == found.headline
    mpl.pyplot.close("all")


def test_plans_for_other_people_have_no_chart():
    found = plan_comparison(plan_named("halvorsund_reps"), plan_named("halvorsund_managers"))
    assert found.frame.empty
    assert figure(plot_plan_comparison, found).svg == ""
    assert found.headline.endswith("and share no group to compare at quota.")


def test_plans_in_two_currencies_are_not_compared():
    plan = plan_named("halvorsund_reps")
    with pytest.raises(InputError, match="pays in EUR and `halvorsund_reps` in USD"):
        plan_comparison(plan, plan.model_copy(update={"currency": "USD"}))
