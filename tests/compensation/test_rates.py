"""Rate tables by hand: what a result as a whole earns."""

from __future__ import annotations

from fractions import Fraction

import pytest

from salesops_lib.compensation.plan_components import Tiered
from salesops_lib.compensation.plan_settings import PlanSettings
from salesops_lib.compensation.rate_tables import rate_table, tier_gaps, tier_overlaps
from salesops_lib.errors import InputError


def tiers_of(*tiers, **more):
    model = {"name": "t", "kind": "tiered", "measure": "m", "tiers": list(tiers), **more}
    return Tiered.model_validate(model)


LOW, HIGH = {"from": 0, "rate": "5%"}, {"from": 1000, "rate": "8%"}


@pytest.mark.parametrize(
    ("method", "at_999", "at_1000", "at_1500"),
    [
        ("marginal", 4_995, 5_000, 9_000),
        ("retroactive", 4_995, 8_000, 12_000),
        ("unsplit", 4_995, 8_000, 12_000),
    ],
)
def test_each_method_at_and_around_a_boundary(method, at_999, at_1000, at_1500):
    table = rate_table(tiers_of(LOW, HIGH, method=method), PlanSettings())
    earned = [table.earned(units * 100) for units in (999, 1000, 1500)]
    assert earned == [at_999, at_1000, at_1500]


def test_the_lower_tier_owns_its_boundary_where_the_plan_says():
    component = tiers_of(LOW, HIGH, method="retroactive")
    table = rate_table(component, PlanSettings(boundary="lower"))
    assert table.earned(100_000) == 5_000
    assert table.earned(100_001) == Fraction(100_001 * 8, 100)


def test_below_the_first_tier_nothing_is_paid():
    table = rate_table(tiers_of({"from": "50%", "rate": "5%"}), PlanSettings())
    assert [table.earned(cents, quota=100_000) for cents in (49_999, 50_000, 60_000)] == [0, 0, 500]


def test_a_multiple_pays_the_target_at_the_quota():
    table = rate_table(tiers_of({"from": "0%", "times": 1}), PlanSettings())
    assert table.earned(70_000, quota=70_000, target=Fraction(1, 3)) == Fraction(1, 3)


def test_thresholds_within_a_cent_are_cut_exactly():
    table = rate_table(
        tiers_of({"from": "0%", "rate": "0%"}, {"from": "33.3%", "rate": "100%"}), PlanSettings()
    )
    assert table.parts == 1000
    assert table.cuts(101) == [0, 333 * 101]
    assert table.earned(101, quota=101) == 101 - Fraction(333 * 101, 1000)


def test_gaps_and_overlaps_are_found_and_refused():
    gap = tiers_of({"from": 0, "to": 100, "rate": "5%"}, {"from": 101, "rate": "8%"})
    assert [(low.to.number, high.from_.number) for low, high in tier_gaps(gap.tiers)] == [
        (100, 101)
    ]
    overlap = tiers_of({"from": 0, "to": 100, "rate": "5%"}, {"from": 99, "rate": "8%"})
    assert len(tier_overlaps(overlap.tiers)) == 1
    assert tier_overlaps(gap.tiers) == tier_gaps(overlap.tiers) == []
    with pytest.raises(InputError, match="the tiers of `t` have an overlap between 100 and 99"):
        rate_table(overlap, PlanSettings())
