"""Replay over past periods: to the cent, with winners and losers."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.replay import PastPeriod, redated, replay
from salesops_lib.compensation.replay_change import replay_change
from salesops_lib.compensation.replay_history import past_periods
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter

CALENDAR = FiscalCalendar()
SHOW = Formatter()
FLAT = {"kind": "flat", "measure": "bookings"}
Q3, Q4 = (CALENDAR.period(f"2025-Q{n}") for n in (3, 4))


def past(small, period, *rows, reps=("A", "B", "C")):
    credits_of = small.make_credits(*rows)
    credits_of["credit_id"] = [f"{period}-{n}" for n in range(len(credits_of))]
    return PastPeriod(period, small.make_people(*reps), credits_of)


@pytest.fixture
def halves(small):
    return [
        past(small, Q3, ("A", "2025-07-01", 1_001), ("B", "2025-09-30", 30_000)),
        past(small, Q4, ("A", "2025-10-01", 999), ("C", "2025-12-31", 100)),
    ]


def test_each_period_is_paid_by_itself_before_the_plan_began(small, halves):
    found = replay(small.make_plan({**FLAT, "rate": "5%"}), halves)
    rows = found.frame.set_index(["period", "rep_id"])
    # 5 % of 10.01 is 50.05 cents.
    assert rows["payout_cents"].to_dict() == {
        ("2025-Q3", "A"): 50, ("2025-Q3", "B"): 1_500, ("2025-Q3", "C"): 0,
        ("2025-Q4", "A"): 50, ("2025-Q4", "B"): 0, ("2025-Q4", "C"): 5,
    }  # fmt: skip
    assert rows.loc[("2025-Q4", "A"), "result_bookings"] == 999
    assert found.total_cents == 1_605


def test_what_is_measured_over_a_year_goes_on_from_period_to_period(small, halves):
    tiers = small.tiered(small.tier(0, rate="1%"), small.tier(15, rate="10%"))
    plan = small.make_plan(tiers, settings={"measured_over": "year"})
    found = replay(plan, halves).frame.set_index(["period", "rep_id"])["payout_cents"]
    # A: 1 % of 10.01; then 20.00 in all: 1 % of 15 and 10 % of 5, less what was paid.
    assert found[("2025-Q3", "A")] == 10
    assert found[("2025-Q4", "A")] == 65 - 10


def test_winners_losers_and_the_budget_to_the_cent(small, halves):
    before = replay(small.make_plan({**FLAT, "rate": "5%"}), halves)
    # Nothing below 15.00 in a period, twice as much above.
    after = replay(small.make_plan({**FLAT, "rate": "10%", "gates": [{"at_least": 15}]}), halves)
    change = replay_change(before, after, SHOW, names={"A": "Ann"}, labels=("old", "new"))
    assert change.frame[["rep", "change_cents", "side"]].to_numpy().tolist() == [
        ["Ann", -100, "loser"], ["C", -5, "loser"], ["B", 1_500, "winner"],
    ]  # fmt: skip
    assert (change.before_cents, change.after_cents, change.change_cents) == (1_605, 3_000, 1_395)
    assert change.headline == (
        "Over 2025-Q3 to 2025-Q4, new would have cost €30.00, +€13.95 on old: of 3 reps 1 win "
        "and 2 lose."
    )
    assert change.records()["change_cents"] == 1_395


def test_who_is_in_one_plan_only_is_neither_winner_nor_loser(small, halves):
    after = replay(small.make_plan({**FLAT, "rate": "5%"}), halves)
    fact = pd.DataFrame(
        {"rep_id": ["A", "A", "Z"], "role": "rep", "period": ["2025-Q3", "2025-Q4", "2025-Q4"],
         "payout_cents": [50, 51, 7]}
    )  # fmt: skip
    change = replay_change(fact, after, SHOW)
    assert dict(zip(change.frame["rep_id"], change.frame["side"], strict=True)) == {
        "A": "loser", "B": "added", "C": "added", "Z": "dropped",
    }  # fmt: skip
    assert change.change_cents == 1_605 - 108
    assert change.grid.rows[-1][2].text in {"–", "0.07"}


def test_no_name_becomes_markup(small, halves):
    before = replay(small.make_plan({**FLAT, "rate": "5%"}), halves)
    shown = replay_change(before, before, SHOW, names={"A": "<img src=x>"})._repr_mimebundle_()
    assert "<img" not in shown["text/html"]


def test_other_periods_or_currencies_are_not_compared(small, halves):
    before = replay(small.make_plan({**FLAT, "rate": "5%"}), halves)
    with pytest.raises(InputError, match="different periods: 2025-Q3, 2025-Q4 and 2025-Q3"):
        replay_change(before, replay(before.plan, halves[:1]), SHOW)
    with pytest.raises(InputError, match="cannot be compared in USD"):
        replay_change(before, before, Formatter("en", "USD"))


def test_a_stranger_a_gap_or_a_credit_of_another_period_stops_it(small, halves):
    plan = small.make_plan({**FLAT, "rate": "5%"})
    stranger = past(small, Q4, ("Z", "2025-10-01", 5))
    with pytest.raises(InputError, match="no plan pays this person"):
        replay(plan, [halves[0], stranger])
    later = past(small, CALENDAR.period("2026-Q1"), ("A", "2026-01-01", 5))
    with pytest.raises(InputError, match="do not follow each other"):
        replay(plan, [halves[0], later])
    wrong = past(small, Q4, ("A", "2025-09-30", 5))
    with pytest.raises(InputError, match="is not of 2025-Q4"):
        replay(plan, [halves[0], wrong])
    with pytest.raises(InputError, match="no period"):
        redated(plan, [])


def test_roll_ups_of_people_outside_the_plan_are_left_out(small):
    one = past(small, Q3, ("A", "2025-07-01", 1_000), ("Boss", "2025-07-01", 1_000))
    one.credits.loc[one.credits["rep_id"] == "Boss", "kind"] = "rollup"
    assert replay(small.make_plan({**FLAT, "rate": "5%"}), [one]).total_cents == 50


def test_people_credits_and_quotas_come_from_the_snapshot(small, make_snapshot, deal):
    euro = {"currency": "EUR"}
    snapshot = make_snapshot(
        dt.date(2026, 1, 10),
        opportunities=[
            deal(1, "2025-05-01", "2025-07-01", "600.00", won=True, **euro),
            deal(2, "2025-05-01", "2025-11-01", "500.00", won=True, owner="R2", **euro),
            deal(3, "2025-05-01", "2025-11-02", "500.00", won=False, **euro),
        ],
        reps=[{"rep_id": rep, "hire_date": dt.date(2020, 1, 1)} for rep in ("R1", "R2")],
        rep_assignments=[
            {"rep_id": rep, "team": "T", "region": "N", "role": "rep",
             "effective_from": dt.date(2020, 1, 1)} for rep in ("R1", "R2")
        ],
        quotas=[
            {"rep_id": rep, "period_start": period.start, "period_end": period.end,
             "measure": "bookings", "amount": "1000.00", **euro}
            for rep in ("R1", "R2") for period in (Q3, Q4)
        ],
    )  # fmt: skip
    plan = small.make_plan(
        small.tiered(small.tier("50%", times=1)), quotas=[], crediting={"roll_ups": "none"}
    )
    found = replay(plan, past_periods(plan, snapshot, [Q4, Q3], others=[]))
    rows = found.frame.set_index(["period", "rep_id"])["payout_cents"]
    # Above half of the quota each 1 pays 12: the target of 12,000 ÷ 1,000.
    assert rows[("2025-Q3", "R1")] == 100 * 12 * 100
    assert rows[("2025-Q4", "R2")] == 0
    reached = found.attainments("bookings")
    assert reached["quota_cents"].tolist() == [100_000] * 4
    assert reached["credited_cents"].tolist() == [60_000, 0, 0, 50_000]
    with pytest.raises(InputError, match="counts no `margin`"):
        found.attainments("margin")
    nobody = plan.model_copy(update={"people": small.make_plan(FLAT | {"rate": "1%"}, people=[
        {"rep_ids": ["R1"]}]).people})  # fmt: skip
    with pytest.raises(InputError, match=r"`R2` is credited with 500\.00, and no plan"):
        past_periods(nobody, snapshot, [Q3, Q4], others=[])
    assert len(past_periods(nobody, snapshot, [Q3, Q4])[1].credits) == 0
