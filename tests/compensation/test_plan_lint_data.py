"""The linter of plans with data, where only the engine sees it, and what it never reports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import ibis
import pyarrow as pa
import pytest

from salesops_lib.compensation.lint import lint_plan, plan_defects
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import ibis_schema
from salesops_lib.errors import InputError

PLAN = """\
version: 1
id: sound
name: Sound
from: 2026-01-01
to: 2026-12-31
currency: EUR
people:
  - {role: rep, ote: 100000, pay_mix: 60/40}
measures:
  bookings: {where: {type: [New Business]}}
components:
  - name: commission
    kind: tiered
    measure: bookings
    tiers: [{from: 0%, times: 1x}, {from: 100%, times: 2x}]
"""
REPS = [("A", "rep", "North"), ("B", "rep", "South"), ("M", "manager", "North")]


def snapshot_of(*, quotas=("A", "B"), rates=("USD",)):
    """As much of a snapshot as the linter asks for."""
    rows = {
        "rep_assignments": [
            {"rep_id": rep, "role": role, "team": team, "region": "EMEA"}
            for rep, role, team in REPS
        ],
        "quotas": [
            {
                "rep_id": rep, "measure": "bookings", "amount": Decimal(1000),
                "period_start": dt.date(2026, month, 1),
                "period_end": dt.date(2026, month + 2, 28),
            }
            for rep in quotas for month in (1, 4)
        ],
        "opportunities": [
            {"opportunity_id": "1", "type": "New Business", "currency": "EUR"},
            {"opportunity_id": "2", "type": "Expansion", "currency": "USD"},
        ],
        "fx_rates": [
            {"date": dt.date(2026, 1, 1), "from_currency": one, "to_currency": "EUR", "rate": 0.9}
            for one in rates
        ],
    }  # fmt: skip
    for deal in rows["opportunities"]:
        deal |= {"is_closed": True, "is_won": True, "close_date": dt.date(2026, 5, 5)}

    def table(name):
        schema = ibis_schema(TABLES[name])
        return ibis.memtable(pa.Table.from_pylist(rows.get(name, []), schema=schema.to_pyarrow()))

    return SimpleNamespace(
        table=table, has=lambda name: bool(rows.get(name)), as_of=dt.date(2026, 6, 30)
    )


def findings(tmp_path, text, snapshot=None):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return lint_plan(path, snapshot, shown_as="plan.yaml").findings


def test_data_that_fit_have_no_finding(tmp_path):
    assert findings(tmp_path, PLAN, snapshot_of()) == ()


@pytest.mark.parametrize(
    ("check", "good", "bad", "data", "line", "said"),
    [
        ("person_without_quota", "", "", {"quotas": ("A",)}, 12, "in 2026-Q1 `B` has none"),
        ("person_without_quota", "bookings: {", "bookings: {quota: arr, ", {}, 12,
         "`A`, `B` have none"),
        ("quota_without_people", "components:",
         "quotas: [{measure: bookings, every: quarter, amount: 9, rep_ids: [Z]}]\ncomponents:",
         {}, 11, "is for `Z`, who is nowhere"),
        ("quota_without_people", "{role: rep,", "{role: rep, rep_ids: [A, Q],", {}, 7, "pays `Q`"),
        ("group_without_people", "{role: rep,", "{role: sales rep,", {}, 8, "role `sales rep`"),
        ("group_without_people", "{role: rep,", "{role: manager, team: South,", {}, 8, "at once"),
        ("value_without_deals", "[New Business]", "[New Busines]", {}, 10, "is `New Busines`"),
        ("currency_without_rate", "currency: EUR", "currency: CHF", {}, 6, "no rate to CHF holds"),
        ("currency_without_rate", "", "", {"rates": ("GBP",)}, 6, "deals are in USD, and no rate"),
        ("currency_without_rate", "components:",
         "crediting: {exchange_rate: constant, constant_rate_day: 2025-12-31}\ncomponents:",
         {}, 11, "no rate to EUR holds on 2025-12-31"),
    ],
)  # fmt: skip
def test_what_only_data_show(tmp_path, check, good, bad, data, line, said):
    text = PLAN.replace(good, bad, 1) if good else PLAN
    found = [one for one in findings(tmp_path, text, snapshot_of(**data)) if one.check == check]
    assert found
    assert any(said in one.what and one.line == line for one in found), [str(x) for x in found]


def test_a_value_nearly_right_is_an_error_and_an_unknown_one_a_warning(tmp_path):
    near = findings(tmp_path, PLAN.replace("New Business", "new busines"), snapshot_of())
    assert [(one.grade, one.repair) for one in near] == [("error", "write `New Business`")]
    far = findings(tmp_path, PLAN.replace("New Business", "Renewal"), snapshot_of())
    assert [one.grade for one in far] == ["warning"]


def test_what_the_engine_refuses_is_told_once(small):
    refused = small.make_plan(
        small.tiered(small.tier("0%", pays="50%"), small.tier("100%", pays=5000), method="step")
    )
    found = plan_defects(refused)
    assert [one.check for one in found] == ["unpayable"]
    assert "mixes percent and amounts" in found[0].what


def test_a_gap_is_not_told_a_second_time_as_what_the_engine_refuses(small):
    gap = small.make_plan(
        small.tiered({"from": "0%", "to": "50%", "times": 1}, {"from": "60%", "times": 1})
    )
    assert [one.check for one in plan_defects(gap)] == ["tier_gap"]


@pytest.mark.parametrize(
    "component",
    [
        # A decelerator above quota, credits paid whole, small steps, a bonus beside: all sound.
        {"kind": "tiered", "measure": "bookings",
         "tiers": [{"from": "0%", "times": 1}, {"from": "100%", "times": 0.5}]},
        {"kind": "tiered", "measure": "bookings", "method": "unsplit",
         "tiers": [{"from": "0%", "times": 1}, {"from": "100%", "times": 1.2}]},
        {"kind": "tiered", "measure": "bookings", "method": "interpolated",
         "tiers": [{"from": "0%", "pays": "100%"}, {"from": "100%", "to": "150%", "pays": "80%"}]},
        {"kind": "flat", "measure": "bookings", "times": 1, "cap": "300%",
         "gates": [{"at_least": "20%", "otherwise": 0.5}]},
    ],
    ids=["decelerator", "unsplit", "interpolated", "soft gate"],
)  # fmt: skip
def test_sound_forms_have_no_finding(small, component):
    assert plan_defects(small.make_plan(component)) == []


def test_the_cliff_of_a_retroactive_rate_is_its_jump(small):
    """5 % to 8 % at quota: 30 of the 80 that quota pays come with the last deal."""
    rates = [{"from": "0%", "rate": "5%"}, {"from": "100%", "rate": "8%"}]
    plan = small.make_plan({
        "kind": "tiered", "measure": "bookings", "method": "retroactive", "tiers": rates,
    }, people=[{"role": "rep"}])  # fmt: skip
    found = plan_defects(plan)
    assert [one.check for one in found] == ["cliff"]
    assert (
        "at 100% of the quota one more deal pays 38% of the pay at quota at once" in found[0].what
    )
    assert found[0].keys == ("components", 0, "tiers", 1)


def test_days_between_two_revisions_are_found(tmp_path):
    later = PLAN.replace("from: 2026-01-01", "from: DAY\nrevision: 2").replace(
        "to: 2026-12-31\n", ""
    )
    (tmp_path / "broken.yaml").write_text("version: 1", encoding="utf-8")
    (tmp_path / "next.yaml").write_text(later.replace("DAY", "2027-04-01"), encoding="utf-8")
    (found,) = findings(tmp_path, PLAN)
    assert (found.check, found.line) == ("period_uncovered", 5)
    assert found.what.startswith("from 2027-01-01 to 2027-03-31 no revision of `sound` holds")
    (tmp_path / "next.yaml").write_text(later.replace("DAY", "2027-01-01"), encoding="utf-8")
    assert findings(tmp_path, PLAN) == ()


def test_levels_in_money_say_nothing_about_a_quota_that_was_assumed(small):
    """Tiers of 20,000 and 30,000 lie far below the assumed quota; nobody said that they do."""
    tiers = [{"from": 0, "rate": "5%"}, {"from": 20_000, "to": 30_000, "rate": "6%"}]
    plan = small.make_plan(small.tiered(*tiers, cap=100_000), people=[{"role": "rep"}], quotas=[])
    assert [one.check for one in plan_defects(plan)] == ["closed_top"]


@pytest.mark.parametrize(
    "changed",
    [
        {"people": [{"ote": 96000, "pay_mix": "50/50"}]},
        {"people": [{"rep_ids": ["A", "B"], "ote": 96000, "pay_mix": "50/50"}]},
        {"pay_period": "year"},
        {"pay_period": "month", "quotas": [
            {"measure": "bookings", "every": "month", "amount": 1000}]},
        {"from": dt.date(2026, 7, 1)},
        {"from": dt.date(2026, 7, 1), "to": dt.date(2026, 12, 31)},
        {"measures": {"bookings": {"of": "deals"}}, "quotas": [
            {"measure": "bookings", "every": "quarter", "amount": 3}]},
        {"quotas": [{"measure": "bookings", "every": "year", "amount": 4000}],
         "settings": {"measured_over": "year"}},
    ],
    ids=["everyone", "by id", "yearly", "monthly", "mid-year", "half a year", "deals", "to date"],
)  # fmt: skip
def test_plans_of_every_shape_have_no_finding(small, changed):
    tiers = [{"from": "0%", "times": 1}, {"from": "100%", "times": 2}]
    assert plan_defects(small.make_plan(small.tiered(*tiers), **changed)) == []


def test_weights_are_added_up_for_each_role_of_those_whom_a_group_takes_in(small):
    """One group for all: reps and managers each have 100 % of their own."""
    tiers = [{"from": "0%", "times": 1}, {"from": "100%", "times": 2}]
    parts = [small.tiered(*tiers, roles=[role]) for role in ("manager", "rep")]
    everyone = [{"ote": 96000, "pay_mix": "50/50"}]
    assert plan_defects(small.make_plan(*parts, people=everyone)) == []
    both = [*parts, small.tiered(*tiers, roles=["rep"])]
    found = plan_defects(small.make_plan(*both, people=everyone))
    assert "what rep is paid make 200 %" in found[0].what


def test_a_file_that_is_no_plan_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"plan.yaml: the file is empty"):
        findings(tmp_path, "")
    with pytest.raises(InputError, match="no such file"):
        lint_plan(Path("nowhere.yaml"))
