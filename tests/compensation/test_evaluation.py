"""A plan's evaluation on small companies worked by hand: figures, refusals, what is missing."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib import compensation
from salesops_lib.compensation.plan_frames import known_periods
from salesops_lib.compensation.unjudged import Unjudged
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.notebook import figure, plan_panel, statement
from salesops_lib.results import MIME

PLAN = """\
version: 1
id: small
name: Small plan
from: 2026-01-01
currency: EUR
pay_period: quarter
people:
  - {role: rep, ote: 96000, pay_mix: 50/50}
measures:
  bookings: {}
components:
  - name: commission
    kind: flat
    measure: bookings
    rate: RATE
"""
HIRED = dt.date(2020, 1, 1)


@pytest.fixture
def plans(tmp_path):
    """The plan at 10 %, and one at 20 %."""
    files = []
    for number, rate in enumerate(("10%", "20%")):
        file = tmp_path / f"plan{number}.yaml"
        text = PLAN.replace("RATE", rate).replace("id: small", f"id: small{number}")
        file.write_text(text.replace("Small plan", f"Plan {number}"), encoding="utf-8")
        files.append(file)
    return files


@pytest.fixture
def company(make_snapshot, deal):
    """Two reps of two regions: 3,000 and 500 won in the third quarter, 1,000 and 0 before."""

    def build(*, quotas=True, first=dt.date(2026, 4, 7), as_of=dt.date(2026, 9, 30)):
        wins = [
            (1, first, 1000, "A"),
            (2, dt.date(2026, 8, 4), 2000, "A"),
            (3, dt.date(2026, 9, 4), 1000, "A"),
            (4, dt.date(2026, 9, 7), 500, "B"),
        ]
        tables = {
            "opportunities": [
                deal(n, dt.date(2026, 4, 1), day, amount, won=True, owner=rep, currency="EUR")
                for n, day, amount, rep in wins
            ],
            "reps": [{"rep_id": r, "name": f"<b>{r}</b>", "hire_date": HIRED} for r in "AB"],
            "rep_assignments": [
                {"rep_id": r, "team": f"T{r}", "region": region, "role": "rep",
                 "effective_from": HIRED}
                for r, region in (("A", "North"), ("B", "South"))
            ],
        }  # fmt: skip
        if quotas:
            tables["quotas"] = [
                {"rep_id": r, "period_start": start, "period_end": end, "measure": "bookings",
                 "amount": 2000, "currency": "EUR"}
                for r in "AB"
                for start, end in (
                    (dt.date(2026, 4, 1), dt.date(2026, 6, 30)),
                    (dt.date(2026, 7, 1), dt.date(2026, 9, 30)),
                )
            ]  # fmt: skip
        return make_snapshot(as_of, **tables).path

    return build


def view_of(path, period="2026-Q3", **more):
    return open_view(path, period=period, **more)


def test_the_figures_are_those_worked_by_hand(company, plans):
    found = compensation.plan_evaluation(view_of(company()), *plans)
    people = found.table.people()
    # 10 % of 3,000 and 500; a quarter of 48,000 at target; quota 2,000.
    assert people["payout_cents"].tolist() == [30_000, 5_000]
    assert people["target_variable_cents"].tolist() == [1_200_000, 1_200_000]
    assert people["ote_cents"].tolist() == [2_400_000, 2_400_000]
    assert people["attainment"].tolist() == [1.5, 0.25]
    assert found.rounded["compensation_cost"] == 0.1
    assert found.rounded["share_at_quota"] == 0.5
    assert found.rounded["p90_leverage"] is None
    assert found.findings.headline == "The plan pays the company €350 for 2026-Q3, 10.0% of sales"


def test_a_region_has_its_own_people_only(company, plans):
    view = view_of(company(), scope="region:South")
    found = compensation.plan_evaluation(view, *plans)
    assert found.table.people()["rep_id"].tolist() == ["B"]
    assert found.change.frame["rep_id"].tolist() == ["B"]


def test_the_other_plan_has_winners_and_the_budget_s_change_to_the_cent(company, plans):
    change = compensation.plan_evaluation(view_of(company()), *plans).change
    # Twice as much for 4,500 sold since the second quarter.
    assert (change.before_cents, change.change_cents) == (45_000, 45_000)
    assert change.count("winner") == 2


def test_every_part_can_be_shown_and_no_name_becomes_markup(company, plans):
    found = compensation.plan_evaluation(view_of(company()), *plans)
    shown = [
        found.findings, found.cards, found.lint, found.explanation, found.cost,
        plan_panel(found.panel), statement(found.fairness), statement(found.differentiation),
        statement(found.shift), statement(found.held_back),
        *(
            figure(compensation.plot_judged, chart)
            for chart in (
                found.curve_chart, found.distribution_chart, found.performance_chart,
                found.bunching_chart, found.comparison_chart, found.change_chart,
            )
        ),
    ]  # fmt: skip
    for part in shown:
        bundle = part._repr_mimebundle_()
        assert bundle[MIME]["kind"]
        assert "<b>A" not in bundle["text/html"]


def test_without_quotas_it_says_what_is_missing_and_still_explains_the_plan(company, plans):
    text = PLAN.replace("kind: flat", "kind: tiered").replace(
        "rate: RATE", "tiers: [{from: 0%, times: 1x}, {from: 100%, times: 2x}]"
    )
    plans[0].write_text(text, encoding="utf-8")
    found = compensation.plan_evaluation(view_of(company(quotas=False)), plans[0])
    assert isinstance(found.table, Unjudged)
    assert "quota" in found.table.undrawn
    assert found.findings.findings[0].text == found.table.undrawn
    assert found.rounded == {}
    assert found.curve_chart.undrawn == ""
    for part in (found.cost, found.fairness, found.bunching_chart, found.panel):
        assert part is found.table or isinstance(part, Unjudged)
    assert found.change.undrawn == "No plan to compare with is named."


def test_a_period_that_is_not_over_is_not_judged(company, plans):
    view = view_of(company(as_of=dt.date(2026, 9, 15)))
    found = compensation.plan_evaluation(view, *plans)
    assert found.table.undrawn.startswith("No pay period of 2026-Q3 is over on 15 September 2026")


def test_a_period_shorter_than_a_pay_period_says_so(company, plans):
    found = compensation.plan_evaluation(view_of(company(), "2026-08"), plans[0])
    assert "a month has no quarters inside it" in found.table.undrawn


def test_pay_is_private(company, plans):
    path = company()
    with pytest.raises(InputError, match="pay is private: a plan is judged for leadership only"):
        compensation.plan_evaluation(
            view_of(path, scope="region:North", audience="manager"), *plans
        )
    with pytest.raises(InputError, match="a plan is judged on many people"):
        compensation.plan_evaluation(view_of(path, scope="rep:A", audience="leadership"), *plans)
    with pytest.raises(InputError, match="name the file of a plan"):
        compensation.plan_evaluation(view_of(path), None)


def test_a_period_whose_first_weeks_are_not_known_is_left_out(company):
    known = []
    for first in (dt.date(2026, 4, 14), dt.date(2026, 4, 15)):
        view = view_of(company(first=first))
        known.append([str(period) for period in known_periods(view, view.period)])
    assert known == [["2026-Q2", "2026-Q3"], ["2026-Q3"]]


def test_what_does_not_exist_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'plot_nothing'"):
        _ = compensation.plot_nothing
