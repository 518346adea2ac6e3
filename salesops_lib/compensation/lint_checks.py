"""What the linter of plans looks for: each class of defect, its grade, and why it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LINT_CHECKS", "Found", "Grade", "LintCheck"]

Grade = Literal["error", "warning"]
"""``error``: somebody is paid wrongly, not at all, or the pay run stops. ``warning``: it can
be paid as it stands, and seldom does what it was made for."""


@dataclass(frozen=True)
class LintCheck:
    """One class of defect.

    Parameters
    ----------
    id : str
        Name in output and tests.
    grade : str
        ``error`` or ``warning``.
    title : str
        What it is called.
    why : str
        Why it matters.
    needs_snapshot : bool
        Whether only data can show it.
    """

    id: str
    grade: Grade
    title: str
    why: str
    needs_snapshot: bool = False


@dataclass(frozen=True)
class Found:
    """A defect at one place of a plan.

    Parameters
    ----------
    check : str
        Class of defect, a key of `LINT_CHECKS`.
    keys : tuple
        Keys and places in lists that lead there.
    what : str
        What is wrong, with its numbers.
    repair : str
        What to do.
    grade : str, optional
        Where it differs from that of the class.
    """

    check: str
    keys: tuple[str | int, ...]
    what: str
    repair: str
    grade: Grade | None = None


_ALL = (
    LintCheck(
        "tier_gap", "error", "gap between tiers",
        "No tier says what a result between the two pays, so the pay run stops at the first one.",
    ),
    LintCheck(
        "tier_overlap", "error", "tiers overlap",
        "Two tiers claim the same result, and nobody can say which of them pays it.",
    ),
    LintCheck(
        "multiplier_tiers", "error", "tiers of a multiplier out of order",
        "They are read from low to high; out of order, people get the factor of another tier.",
    ),
    LintCheck(
        "bare_level", "error", "amount where a percentage was meant",
        "Without `%` a level is an amount of money, and one that small is reached by the first "
        "deal, or caps pay at a few cents.",
    ),
    LintCheck(
        "falling_pay", "error", "pay falls as results rise",
        "Somebody who sells more is paid less, so the next deal is better held back.",
    ),
    LintCheck(
        "cliff", "warning", "cliff",
        "So much pay hangs on one deal at one level that deals are pulled forward to reach it, "
        "and who sees that it is out of reach gives up.",
    ),
    LintCheck(
        "cap_below_excellence", "warning", "cap below excellence",
        "The best stop being paid for what they sell, and push deals into the next period.",
    ),
    LintCheck(
        "closed_top", "warning", "last tier is closed",
        "A result above its end stops the pay run: the plan does not say what it pays.",
    ),
    LintCheck(
        "unreachable_tier", "warning", "tier that never pays",
        "People are promised something that another rule of the plan takes away.",
    ),
    LintCheck(
        "waiting_gates", "error", "gates wait on each other",
        "Each of them is paid only when the other one is met, so the first deal of either pays "
        "nothing, and people cannot tell where to begin.",
    ),
    LintCheck(
        "dead_component", "error", "component that never pays",
        "It stands in the plan, and pays nobody.",
    ),
    LintCheck(
        "objective_weights", "error", "objectives that miss 100 %",
        "Who meets all of them is not paid the target; the pay run stops.",
    ),
    LintCheck(
        "component_weights", "error", "weights that miss 100 %",
        "Reaching every target pays more or less than the variable pay that people were promised.",
    ),
    LintCheck(
        "off_target", "warning", "quota does not pay the target",
        "Whoever reaches exactly the quota expects the variable pay of the OTE.",
    ),
    LintCheck(
        "target_missing", "error", "no pay at target",
        "The plan pays parts of a target that these people do not have; the pay run stops.",
    ),
    LintCheck(
        "group_never_reached", "error", "group that nobody belongs to",
        "The first group that fits a person holds, and one above it fits all of these.",
    ),
    LintCheck(
        "quota_without_people", "error", "quota without people",
        "It is nobody's: the plan pays nobody of that role or id.",
    ),
    LintCheck(
        "person_without_quota", "error", "people without a quota",
        "The plan holds them against a quota that they do not have; the pay run stops.",
    ),
    LintCheck(
        "quota_off_period", "error", "quota that fits no window",
        "Results are measured over another span than the quota is for; the pay run stops.",
    ),
    LintCheck(
        "window_too_short", "error", "window shorter than the pay period",
        "Pay that is worked out once a period cannot be measured over a part of it.",
    ),
    LintCheck(
        "period_uncovered", "error", "period not covered",
        "In some days of a pay period the plan, or a quota of it, does not hold; the pay run of "
        "that period stops.",
    ),
    LintCheck(
        "unused_measure", "warning", "measure that nothing uses",
        "It looks as if it were paid for. Mostly a component names another one by mistake.",
    ),
    LintCheck(
        "unused_quota", "warning", "quota that nothing uses",
        "People are given a number that no component, gate or multiplier looks at.",
    ),
    LintCheck(
        "draw_above_target", "warning", "draw above the target",
        "Somebody who reaches the quota cannot earn it back, so the debt grows for ever.",
    ),
    LintCheck(
        "unpayable", "error", "the engine refuses the plan",
        "The pay run stops with this sentence.",
    ),
    LintCheck(
        "currency_without_rate", "error", "currency without a rate",
        "Deals of this currency cannot be credited; the pay run stops.",
        needs_snapshot=True,
    ),
    LintCheck(
        "value_without_deals", "warning", "value that no deal has",
        "Nothing is counted for it, so whoever sells it is not paid.",
        needs_snapshot=True,
    ),
    LintCheck(
        "group_without_people", "warning", "group without people",
        "Nobody of the organisation fits it: mostly a role, team or region is spelled otherwise.",
        needs_snapshot=True,
    ),
)  # fmt: skip

LINT_CHECKS = {check.id: check for check in _ALL}
"""Each class of defect by its id, in the order in which plans are read."""
