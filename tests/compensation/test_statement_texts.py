"""What a statement says of a line: whole sentences, in the language of the reader."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

from types import SimpleNamespace

import pytest

from salesops_lib.compensation.plan_components import Bonus, Tiered
from salesops_lib.compensation.statement_lines import line_of
from salesops_lib.compensation.withheld_reasons import WITHHELD, withheld_text
from salesops_lib.formats import Formatter

ENGLISH, TURKISH = Formatter(), Formatter("tr")
PLAN = SimpleNamespace(measures={"bookings": SimpleNamespace(of="amount")})
TIERS = [{"from": "0%", "rate": "5%"}, {"from": "100%", "rate": "8%"}]


def component(tiers):
    return Tiered.model_validate(
        {"name": "commission", "kind": "tiered", "measure": "bookings", "tiers": tiers}
    )


def how(part, show, *, kind="credit", factor=(1, 1)):
    """How a line is paid; without its credit, which only the other columns show."""
    leg = SimpleNamespace(
        credit_id="c1", kind=kind, opportunity_id=None, payout_cents=0, tier=1,
        base_cents=100_000, rate_num=2, rate_den=25, base_num=500, base_den=1,
        factor_num=factor[0], factor_den=factor[1], quota_cents=0,
        position_before_cents=0, position_after_cents=0,
    )  # fmt: skip
    return line_of(leg, part, PLAN, {}, "", show).how


@pytest.mark.parametrize(
    ("factor", "tiers", "expected"),
    [
        ((1, 1), TIERS, "tier 2, from 100%: 1,000.00 at 8%"),
        ((1, 2), TIERS, "tier 2, from 100%: 1,000.00 at 8% × 50% by conditions"),
        ((0, 1), TIERS, "tier 2, from 100%: 1,000.00 at 8%; a condition is not met, so nothing"),
        ((1, 1), TIERS[:1], "1,000.00 at 8%"),
        ((1, 2), TIERS[:1], "1,000.00 at 8% × 50% by conditions"),
        ((0, 1), TIERS[:1], "1,000.00 at 8%; a condition is not met, so nothing"),
    ],
)
def test_a_credit_at_its_rate(factor, tiers, expected):
    assert how(component(tiers), ENGLISH, factor=factor) == expected


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        # 500 cents at 8 % are 0.40.
        ((1, 1), "0.40"),
        ((1, 2), "0.40 × 50% by conditions"),
        ((0, 1), "0.40; a condition is not met, so nothing"),
    ],
)
def test_a_sum_for_the_whole_result(factor, expected):
    bonus = Bonus.model_construct(name="goal")
    assert how(bonus, ENGLISH, kind="target", factor=factor) == expected


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ((1, 1), ""),
        ((1, 2), "50% by conditions"),
        ((0, 1), "a condition is not met, so nothing"),
    ],
)
def test_a_line_that_has_no_rate(factor, expected):
    bonus = Bonus.model_construct(name="goal")
    assert how(bonus, ENGLISH, kind="cap", factor=factor) == expected


def test_a_translated_line_is_one_sentence():
    told = how(component(TIERS), TURKISH, factor=(1, 2))
    assert told == "2. kademe, %100 ve üzeri: 1.000,00, oran %8 × %50, koşullara göre"


def test_every_reason_why_a_deal_gives_no_credit_is_translated():
    plain = [reason for name, reason in WITHHELD.items() if name != "leave"]
    assert [reason for reason in plain if withheld_text(reason, TURKISH) == reason] == []
    assert [withheld_text(reason, ENGLISH) for reason in plain] == plain


def test_the_days_of_a_leave_are_written_as_readers_write_them():
    reason = "closed during a leave from 2026-02-01 to 2026-02-28"
    expected = "closed during a leave from 1 February 2026 to 28 February 2026"
    assert withheld_text(reason, ENGLISH) == expected
    assert withheld_text(reason, TURKISH) == (
        "izin sırasında kapandı (1 Şubat 2026 – 28 Şubat 2026)"
    )


def test_a_reason_that_nobody_declared_stays_as_it_is():
    assert withheld_text("{odd} reason", TURKISH) == "{odd} reason"
