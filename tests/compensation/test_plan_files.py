"""Plan files: what they say, and the sentence for each slip."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.engine import earnings
from salesops_lib.compensation.plan import Plan, plan_in_force, read_plan, read_plans
from salesops_lib.compensation.plan_levels import Level
from salesops_lib.compensation.plan_members import plan_members, without_plan
from salesops_lib.errors import InputError

PLANS = Path(__file__).parents[2] / "parameters" / "plans"
GOOD = """\
version: 1
id: ae
name: Account executives
from: 2026-01-01
currency: EUR
people:
  - {role: rep, ote: 120000, pay_mix: 50/50}
measures:
  bookings: {where: {type: [New Business]}}
  margin: {of: result}
components:
  - name: commission
    kind: tiered
    measure: bookings
    tiers:
      - {from: 0%, times: 1}
      - {from: 100%, times: 1.4x}
  - name: goals
    kind: mbo
    objectives: [{measure: margin, weight: 100%}]
"""


def write(tmp_path, text, name="p.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_says_what_was_written(tmp_path):
    plan = read_plan(write(tmp_path, GOOD))
    assert plan.people[0].variable_cents == 6_000_000
    accelerator = plan.components[0].tiers[1]
    assert accelerator.times == Decimal("1.4")
    assert accelerator.from_ == Level(number=Decimal(1), is_percent=True)
    assert plan.components[1].objectives[0].weight == 1
    assert plan.settings.boundary == "higher"


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ("kind: tiered", "kind: teired", "p.yaml:12: `components.0.kind` is the text 'teired'"),
        ("    kind: tiered\n", "", "the key `components.0.kind` is missing"),
        ("tiers:", "tirs:", "p.yaml:15: unknown key `components.0.tirs`; did you mean `tiers`?"),
        ("{from: 0%, t", "{form: 0%, t", "p.yaml:16: unknown key `components.0.tiers.0.form`; did"),
        ("times: 1}", "rate: 6}", "a rate of 6 would pay 600 %; write 6% or 0.06"),
        ("times: 1}", "rate: 6%}", "all tiers need `rate`, or all of them `times`"),
        ("times: 1}", "times: 1, rate: 1%}", "needs exactly one of `rate`, `times`, `pays`"),
        ("100%, times", "100, times", "the tiers of `commission` mix percent and amounts"),
        ("from: 100%,", "from: 0%,", "the tiers of `commission` must rise"),
        ("e: bookings", "e: boking", "p.yaml:14: `components.0.measure`: there is no measure `bo"),
        ("e: bookings", "e: margin", "`commission` pays by credits, but `margin` has none"),
        ("e: margin, w", "e: bookings, w", "`goals`: `bookings` is no handed-in result"),
        ("50/50", "50/60", "p.yaml:7: `people.0.pay_mix`: 50/60 must be base/variable that make"),
        (", pay_mix: 50/50", "", "`ote` and `pay_mix` need each other"),
        ("{type:", "{produkt:", "`measures.bookings.where.produkt` is the text 'produkt'; did you"),
        ("[New Business]", "[]", "`type` lists nothing; leave it out to count all"),
        ("ote: 120000", "ote: 120000.005", "has parts of a cent"),
        ("ote: 120000", 'ote: "120,000"', "must be a number (written without thousands"),
        ("from: 2026-01-01", "from: 2026-02-30", "p.yaml:4: `2026-02-30` is no date of the"),
        ("from: 2026", "to: 2025-12-31\nfrom: 2026", "the plan ends on 2025-12-31, before 2026"),
        ("id: ae", "id: ../ae", "`id` is the text '../ae'"),
        ("name: goals", "name: commission", "two components are called `commission`"),
        ("currency: EUR", "currency: eur", "`currency` is the text 'eur'"),
    ],
)  # fmt: skip
def test_each_slip_has_its_sentence(tmp_path, good, bad, sentence):
    assert good in GOOD
    with pytest.raises(InputError) as error:
        read_plan(write(tmp_path, GOOD.replace(good, bad, 1)), "p.yaml")
    assert sentence in str(error.value)


def test_of_several_revisions_the_highest_in_force_holds(tmp_path):
    write(tmp_path, GOOD, "a.yaml")
    later = GOOD.replace("from: 2026-01-01", "from: 2026-07-01\nrevision: 2")
    write(tmp_path, later, "b.yaml")
    plans = read_plans(tmp_path)
    assert plan_in_force(plans, "ae", dt.date(2026, 6, 30)).revision == 1
    assert plan_in_force(plans, "ae", dt.date(2026, 7, 1)).revision == 2
    with pytest.raises(InputError, match="no revision of the plan `ae` holds on 2025-12-31"):
        plan_in_force(plans, "ae", dt.date(2025, 12, 31))
    with pytest.raises(InputError, match="no plan `a-e`; did you mean `ae`"):
        plan_in_force(plans, "a-e", dt.date(2026, 7, 1))
    write(tmp_path, GOOD, "c.yaml")
    with pytest.raises(InputError, match=r"c.yaml: `ae` revision 1 is also a.yaml"):
        read_plans(tmp_path)


def test_members_are_those_of_the_groups_by_their_last_place():
    rows = [
        ("A", "rep", "North", "2020-01-01", "2026-02-10"),
        ("A", "rep", "South", "2026-02-11", None),
        ("B", "manager", "North", None, None),
        ("C", "rep", "South", "2020-01-01", "2025-12-31"),
        ("D", "rep", "North", "2026-03-31", None),
    ]
    columns = ["rep_id", "role", "team", "effective_from", "effective_to"]
    places = pd.DataFrame(rows, columns=columns)
    plan = Plan.model_validate(
        {
            "version": 1, "id": "x", "name": "x", "from": dt.date(2026, 1, 1), "currency": "EUR",
            "people": [
                {"team": "South", "ote": 100000, "pay_mix": "40/60"},
                {"role": "rep", "ote": 80000, "pay_mix": "50/50"},
            ],
            "measures": {"m": {}},
            "components": [{"name": "c", "kind": "flat", "measure": "m", "rate": 0.1}],
        }
    )  # fmt: skip
    members = plan_members(plan, places, FiscalCalendar().period("2026-Q1"))
    paid = dict(zip(members["rep_id"], members["variable_cents"], strict=True))
    assert paid == {"A": 6_000_000, "D": 4_000_000}
    credits_of = pd.DataFrame({"rep_id": ["A", "B"]})
    assert without_plan([members], credits_of) == ["B"]
    with pytest.raises(InputError, match="two plans pay `A`"):
        without_plan([members, members], credits_of)


def test_every_plan_of_the_project_can_be_read():
    assert {plan.id for plan in read_plans(PLANS)} == {file.stem for file in PLANS.glob("*.yaml")}


def quarter_of(rows, quota):
    frame = pd.DataFrame(rows, columns=["type", "amount_cents"])
    frame["credit_id"] = frame["opportunity_id"] = [f"c{n}" for n in range(len(frame))]
    frame["credited_on"] = pd.Timestamp("2026-05-05")
    frame = frame.assign(rep_id="A", currency="EUR", kind="owner")
    quotas = pd.DataFrame({"rep_id": ["A"], "measure": "bookings"})
    quotas["period_start"], quotas["period_end"] = dt.date(2026, 4, 1), dt.date(2026, 6, 30)
    return frame, quotas.assign(amount_cents=np.array([quota]))


def test_the_plan_of_the_sample_companys_reps_pays_as_it_reads():
    """Target 96,000 x 45 % / 4 = 10,800, quota 100,000, sold 120,000, 20,000 of it expansion.

    Commission 85 % of it, 9,180: all at the quota, and 20 % more at 1.6 is 2,937.60; expansion
    0.75 % of 20,000 is 150; the good quarter 15 %, 1,620.
    """
    plan = read_plan(PLANS / "halvorsund_reps.yaml")
    people = pd.DataFrame({"rep_id": ["A"], "role": "rep"})
    people["variable_cents"] = plan.people[0].variable_cents
    rows, quotas = quarter_of([("New Business", 10_000_000), ("Expansion", 2_000_000)], 10_000_000)
    found = earnings(plan, rows, people, quotas, FiscalCalendar().period("2026-Q2"))
    parts = dict(zip(found.payouts["component"], found.payouts["payout_cents"], strict=True))
    assert parts == {
        "commission": 918_000 + 293_760,
        "expansion": 15_000,
        "good quarter": 162_000,
    }
