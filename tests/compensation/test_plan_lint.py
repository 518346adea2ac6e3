"""The linter of plans: a sound plan, one edit a class of defect, and where each is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib.compensation.lint import lint_plan
from salesops_lib.compensation.lint_checks import LINT_CHECKS

PLANS = sorted((Path(__file__).parents[2] / "parameters" / "plans").glob("*.yaml"))

SOUND = """\
version: 1
id: sound
name: Sound
from: 2026-01-01
to: 2026-12-31
currency: EUR
pay_period: quarter
people:
  - {role: rep, region: EMEA, ote: 100000, pay_mix: 60/40}
  - {role: rep, ote: 80000, pay_mix: 50/50}
  - {role: manager, ote: 130000, pay_mix: 70/30}
measures:
  bookings: {}
  services: {where: {type: [Services]}}
  margin: {of: result}
  plan_done: {of: result}
quotas:
  - {measure: bookings, every: quarter, amount: 100000}
  - {measure: services, every: quarter, amount: 20000}
components:
  - name: commission
    kind: tiered
    measure: bookings
    weight: 70%
    tiers:
      - {from: 0%, to: 100%, times: 1x}
      - {from: 100%, to: 150%, times: 1.5x}
      - {from: 150%, times: 2x}
    cap: 400%
    multipliers:
      - {measure: margin, tiers: [{from: 0%, to: 40%, times: 0.9x}, {from: 60%, times: 1.1x}]}
  - name: services
    kind: curve
    measure: services
    weight: 20%
    points:
      - {at: 50%, pays: 25%}
      - {at: 100%, pays: 100%}
      - {at: 150%, pays: 200%}
  - name: goals
    kind: mbo
    weight: 10%
    objectives:
      - {measure: plan_done, weight: 100%}
  - name: opening
    kind: flat
    measure: bookings
    rate: 0.1%
    gates: [{measure: services, at_least: 10%}]
payments:
  draw: {amount: 1000}
"""
"""Commission, a curve, objectives: 70 + 20 + 10; the small flat rate is within the 2 %."""

MATRIX = """\
  - name: matrix
    kind: matrix
    weight: 0.1%
    rows: bookings
    row_levels: [0%, 100%]
    columns: margin
    column_levels: [0%, 60%]
    pays: [[10%, 20%], [30%, 15%]]
"""
TAIL = "payments:\n"
STEPS = "    kind: tiered\n    method: step\n"

EDITS = [
    # (class, text, its replacement, part of the line where it is found, part of what is said)
    ("tier_gap", "to: 100%, times", "to: 90%, times", "to: 90%",
     "between 90% and 100% `commission`"),
    ("tier_overlap", "to: 150%, times", "to: 160%, times", "to: 160%",
     "from 150% to 160% two tiers"),
    ("tier_overlap", "to: 40%, times: 0.9", "to: 70%, times: 0.9", "margin, tiers",
     "two tiers of the multip"),
    ("multiplier_tiers", "{from: 0%, to: 40%, times: 0.9x}, {from: 60%, times: 1.1x}",
     "{from: 60%, times: 1.1x}, {from: 0%, to: 40%, times: 0.9x}", "margin, tiers",
     "0% comes after 60%"),
    ("multiplier_tiers", "{from: 60%, times: 1.1x}", "{from: 60, times: 1.1x}", "margin, tiers",
     "mixes perc"),
    ("bare_level", "cap: 400%", "cap: 4", "cap: 4", "`cap: 4` of `commission` is 4 EUR"),
    ("bare_level", "at_least: 10%", "at_least: 0.1", "gates:", "`at_least: 0.1` of `opening`"),
    ("falling_pay", "at: 150%, pays: 200%", "at: 150%, pays: 80%", "at: 100%, pays",
     "from 100% on each furth"),
    ("falling_pay", "from: 60%, times: 1.1x", "from: 60%, times: 0.8x", "margin, tiers",
     "falls to 0.8"),
    ("falling_pay", "    gates: [{measure: services, at_least: 10%}]",
     "    gates: [{measure: services, at_least: 10%, otherwise: 2x}]", "otherwise: 2x",
     "is missed"),
    ("falling_pay", TAIL, MATRIX + TAIL, "    pays: [[10%", "pays 15% in place of 30%"),
    ("falling_pay", "from: 150%, times: 2x}", "from: 150%, times: 1x, retroactive: true}",
     "retroactive: true", "at 150% the pay of `commission` falls by 25.0% of its pay at target"),
    ("cliff", "    cap: 400%\n", "    cap: 400%\n    gates: [{at_least: 80%}]\n", "at_least: 80%",
     "at 80% of the quota one more deal pays"),
    ("cap_below_excellence", "cap: 400%", "cap: 105%", "cap: 105%",
     "the cap of `commission` holds back"),
    ("cap_below_excellence", "      - {at: 150%, pays: 200%}\n", "", "at: 100%, pays",
     "from 100% of the quota on `services` pays nothing more"),
    ("cap_below_excellence", TAIL, TAIL + "  maximum: 11000\n", "  maximum", "11000 is the most"),
    ("closed_top", "from: 150%, times", "from: 150%, to: 300%, times", "to: 300%", "ends at 300%"),
    ("unreachable_tier", "cap: 400%", "cap: 170%", "from: 150%",
     "the cap of 170% is reached already"),
    ("unreachable_tier", "    cap: 400%\n",
     "    cap: 400%\n    method: retroactive\n    gates: [{at_least: 120%}]\n",
     "from: 0%, to: 100%", "ends before its gate at 120% is met"),
    ("waiting_gates", "    rate: 0.1%\n    gates: [{measure: services, at_least: 10%}]\n",
     "    rate: 0.1%\n    gates: [{measure: services, at_least: 10%}]\n", "at_least: 5%",
     "wait on each other"),
    ("dead_component", "    rate: 0.1%", "    rate: 0", "rate: 0", "pays 0 whatever is reached"),
    ("dead_component", "    rate: 0.1%", "    rate: 0.1%\n    from: 2027-01-01", "from: 2027",
     "after the plan has ended"),
    ("dead_component", "    rate: 0.1%", "    rate: 0.1%\n    roles: [hunter]", "roles: [hunter]",
     "`opening` pays hunter, whom the plan does not have"),
    ("dead_component", "    rate: 0.1%", "    rate: 0.1%\n    roles: [rep, hunter]",
     "roles: [rep, hunter]", "pays the role `hunter`, which no group"),
    ("dead_component", "cap: 400%", "cap: 0", "cap: 0", "pays 0 whatever"),
    ("objective_weights", "plan_done, weight: 100%", "plan_done, weight: 90%", "objectives:",
     "weigh 90 %"),
    ("component_weights", "    weight: 70%\n", "    weight: 75%\n", "weight: 10%", "make 105 %"),
    ("off_target", "{at: 100%, pays: 100%}", "{at: 100%, pays: 60%}", "name: commission",
     "is paid 93.0% of the variable pay at target"),
    ("target_missing", "{role: manager, ote: 130000, pay_mix: 70/30}", "{role: manager}",
     "role: manager", "which group 3 (manager) does not have"),
    ("group_never_reached", "role: rep, region: EMEA,", "role: rep,", "ote: 80000",
     "everybody of group 2"),
    ("quota_without_people", "quarter, amount: 100000}",
     "quarter, amount: 100000}\n  - {measure: bookings, every: quarter, amount: 9, roles: [se]}",
     "roles: [se]", "is for role `se`, whom the plan does not pay"),
    ("person_without_quota", "quarter, amount: 20000}", "quarter, amount: 20000, roles: [rep]}",
     "role: manager",
     "`services` needs a quota of `services`; the plan has some, but none for manager"),
    ("quota_off_period", "bookings, every: quarter", "bookings, every: year", "every: year",
     "for a year"),
    ("window_too_short", "pay_period: quarter",
     "pay_period: year\nsettings: {measured_over: quarter}", "measured_over",
     "measures over a quarter, but pays by the year"),
    ("period_uncovered", "to: 2026-12-31", "to: 2026-11-30", "to: 2026-11-30",
     "the plan ends on 2026-11-30"),
    ("period_uncovered", "from: 2026-01-01", "from: 2026-01-15", "from: 2026-01-15",
     "begins on 2026-01-15"),
    ("period_uncovered", "{measure: services, every: quarter, amount: 20000}",
     "{measure: services, from: 2026-01-01, to: 2026-09-30, amount: 60000}", "amount: 60000",
     "from 2026-10-01 to 2026-12-31 there is no quota of `services`"),
    ("unused_measure", "  margin: {of: result}", "  margin: {of: result}\n  logos: {of: deals}",
     "logos: {", "looks at `logos`"),
    ("unused_quota", "amount: 20000}",
     "amount: 20000}\n  - {measure: logos, every: quarter, amount: 5}", "measure: logos",
     "quota of `logos`"),
    ("draw_above_target", "amount: 1000}", "amount: 11500}", "amount: 11500",
     "the draw is 11500 a quarter"),
]  # fmt: skip


def write(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(check, good, bad):
    """The sound plan with one edit; the few defects that need two have their second here."""
    assert good in SOUND
    text = SOUND.replace(good, bad, 1)
    if check == "waiting_gates":
        for row, on in (
            ("      - {at: 150%, pays: 200%}\n", "bookings"),
            ("1.1x}]}\n", "services"),
        ):
            text = text.replace(row, f"{row}    gates: [{{measure: {on}, at_least: 5%}}]\n", 1)
    if check == "unused_quota":
        text = text.replace("  margin: {of", "  logos: {of: deals}\n  margin: {of", 1)
        text = text.replace("services, at_least: 10%", "logos, at_least: 2", 1)
    return text


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plans_of_the_project_have_no_finding(path):
    found = lint_plan(path)
    assert [str(finding) for finding in found.findings] == []
    assert found.headline.endswith("no defect found.")


def test_the_sound_plan_has_no_finding(tmp_path):
    assert [str(one) for one in lint_plan(write(tmp_path, SOUND)).findings] == []


@pytest.mark.parametrize(("check", "good", "bad", "there", "said"), EDITS)
def test_each_defect_is_found_where_it_stands(tmp_path, check, good, bad, there, said):
    text = edited(check, good, bad)
    found = lint_plan(write(tmp_path, text), shown_as="plan.yaml")
    own = [finding for finding in found.findings if finding.check == check]
    assert own, [str(finding) for finding in found.findings]
    fits = [finding for finding in own if said in finding.what]
    assert fits, [finding.what for finding in own]
    assert there in text.splitlines()[fits[0].line - 1]
    for finding in own:
        assert finding.file == "plan.yaml"
        assert finding.why
        assert finding.repair


def test_every_class_is_seeded_here_or_with_data():
    with_data = {check.id for check in LINT_CHECKS.values() if check.needs_snapshot}
    # What the engine refuses and no class names has a test of its own.
    assert {check for check, *_ in EDITS} | with_data | {"unpayable"} == set(LINT_CHECKS)
    assert len(LINT_CHECKS) >= 12
