"""Deals on past days: lives worked by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import ibis
import pandas as pd
import pytest

from salesops_lib.data.audience import disguised_snapshot
from salesops_lib.data.history import MARKED, deal_states, deals_as_of
from salesops_lib.data.scope import Scope
from salesops_lib.errors import InputError

AS_OF = dt.date(2026, 9, 30)
STAGES = [
    {"stage": "Prospecting", "order": 1, "is_closed": False, "is_won": False,
     "default_probability": 0.1, "forecast_category": "pipeline"},
    {"stage": "Proposal", "order": 2, "is_closed": False, "is_won": False,
     "default_probability": 0.5, "forecast_category": "best_case"},
    {"stage": "Won", "order": 3, "is_closed": True, "is_won": True,
     "default_probability": 1.0, "forecast_category": "closed"},
    {"stage": "Lost", "order": 4, "is_closed": True, "is_won": False,
     "default_probability": 0.0, "forecast_category": "omitted"},
]  # fmt: skip


def change(deal, at, field, old, new, **more):
    return {
        "opportunity_id": f"D{deal}", "changed_at": at if " " in at else f"{at} 12:00:00",
        "field": field, "old_value": old, "new_value": new, "provenance": "exact", **more,
    }  # fmt: skip


EARLY = [change(0, "2025-01-01", field, "x", "y") for field in ("stage", "owner")] + [
    change(0, "2025-01-01", "amount", "1", "2"),
    change(0, "2025-01-01", "close_date", "2025-02-01", "2025-02-02"),
    change(0, "2025-01-01", "forecast_category", "pipeline", "commit"),
    change(0, "2025-01-01", "probability", "0.1", "0.2"),
]
"""A log that has been kept since 2025 (of a deal that is not there any more)."""


@pytest.fixture
def rebuilt(make_snapshot):
    """State of each deal by id, on a day; a list of them for a list of days."""

    def states(days, deals, history, stages=STAGES, log=EARLY):
        tables = {"opportunities": deals, "stages": stages, "opportunity_history": history + log}
        snapshot = make_snapshot(AS_OF, **{name: rows for name, rows in tables.items() if rows})
        if isinstance(days, str):
            return by_id(deals_as_of(snapshot, dt.date.fromisoformat(days)).to_pandas())
        there = snapshot.table("opportunities")
        points = ibis.union(
            *(there.select("opportunity_id", day=ibis.date(day)) for day in days),
            distinct=True,
        )
        found = deal_states(snapshot, points).to_pandas()
        return [by_id(found[found["day"].astype(str) == day]) for day in days]

    def by_id(frame):
        frame = frame.astype(object).where(frame.notna(), None)
        return {row.opportunity_id: row for row in frame.itertuples()}

    return states


@pytest.fixture
def life(deal):
    """A deal that was made, repriced, pushed, handed over and won; its rows."""
    row = deal(1, "2026-01-10", "2026-08-20", "120.00", won=True, owner="R2", stage="Won",
               forecast_category="closed", probability=1.0, push_count=2, next_step="invoice",
               last_activity_date="2026-08-19")  # fmt: skip
    history = [
        change(1, "2026-08-20 15:00:00", "stage", "Proposal", "Won"),
        change(1, "2026-02-01", "stage", "Prospecting", "Proposal"),
        change(1, "2026-03-05", "amount", "100.00", "90"),
        change(1, "2026-06-05", "amount", "90.00", "120.00"),
        change(1, "2026-03-31", "close_date", "2026-03-31", "2026-06-30"),
        change(1, "2026-06-30", "close_date", "2026-06-30", "2026-09-30"),
        change(1, "2026-08-20 15:00:00", "close_date", "2026-09-30", "2026-08-20"),
        change(1, "2026-05-01", "owner", "R1", "R2"),
        change(1, "2026-08-20 15:00:00", "forecast_category", "commit", "closed"),
        change(1, "2026-08-20 15:00:00", "probability", "0.5", "1"),
    ]
    return row, history


def test_a_life_is_undone_change_by_change(rebuilt, life):
    row, history = life
    expected = {  # stage, amount, close date, owner, closed, pushes, category
        "2026-01-10": ("Prospecting", "100.00", "2026-03-31", "R1", False, 0, "commit"),
        "2026-02-01": ("Proposal", "100.00", "2026-03-31", "R1", False, 0, "commit"),
        "2026-03-31": ("Proposal", "90.00", "2026-06-30", "R1", False, 1, "commit"),
        "2026-05-01": ("Proposal", "90.00", "2026-06-30", "R2", False, 1, "commit"),
        "2026-07-01": ("Proposal", "120.00", "2026-09-30", "R2", False, 2, "commit"),
        "2026-08-20": ("Won", "120.00", "2026-08-20", "R2", True, 2, "closed"),
        "2026-09-29": ("Won", "120.00", "2026-08-20", "R2", True, 2, "closed"),
    }
    states = rebuilt(list(expected), [row], history)
    for day, found in zip(expected, states, strict=True):
        stage, amount, close, owner, closed, pushes, category = expected[day]
        state = found["D1"]
        assert (state.stage, state.owner_id, state.forecast_category) == (stage, owner, category)
        assert state.amount == Decimal(amount)
        assert pd.Timestamp(state.close_date).date() == dt.date.fromisoformat(close)
        assert (state.is_closed, state.is_won, state.push_count) == (closed, closed, pushes)
        assert {getattr(state, f"{column}_mark") for column in MARKED} == {"exact"}, day
        assert state.probability == (1.0 if closed else 0.5)


def test_what_no_history_tells_is_not_taken_from_the_future(rebuilt, life, deal):
    row, history = life
    lost = deal(2, "2026-01-01", "2026-07-15", "5.00", won=False, stage="Lost",
                lost_reason="price", last_activity_date="2026-06-01")  # fmt: skip
    history = [*history, change(2, "2026-07-15", "stage", "Proposal", "Lost")]
    before, after = rebuilt(["2026-07-14", "2026-07-15"], [row, lost], history)
    assert (before["D1"].next_step, before["D1"].last_activity_date) == (None, None)
    assert pd.Timestamp(before["D2"].last_activity_date).date() == dt.date(2026, 6, 1)
    assert (before["D2"].lost_reason, after["D2"].lost_reason) == (None, "price")


def test_deals_created_later_are_left_out(rebuilt, deal):
    deals = [
        deal(1, "2026-05-31", "2026-12-31", "1.00"),
        deal(2, "2026-06-01", "2026-12-31", "1.00"),
        deal(3, None, "2026-12-31", "1.00"),
    ]
    before, after = rebuilt(["2026-05-31", "2026-06-01"], deals, [])
    assert set(before) == {"D1", "D3"}
    assert set(after) == {"D1", "D2", "D3"}


def test_a_deal_can_be_lost_and_opened_again(rebuilt, deal):
    row = deal(1, "2026-01-01", "2026-12-31", "1.00", stage="Proposal")
    history = [
        change(1, "2026-03-01", "stage", "Prospecting", "Lost"),
        change(1, "2026-04-01", "stage", "Lost", "Proposal"),
    ]
    days = ["2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"]
    found = [states["D1"].is_closed for states in rebuilt(days, [row], history)]
    assert found == [False, True, True, False]


def test_a_closing_that_was_never_logged_follows_the_close_date(rebuilt, deal):
    deals = [
        deal(1, "2026-01-01", "2026-06-15", "1.00", won=True, stage="Won", probability=1.0,
             forecast_category="closed"),
        # Its stage is an open one although it is closed.
        deal(2, "2026-01-01", "2026-06-15", "1.00", won=False, stage="Proposal"),
        # The log ends in an open stage.
        deal(3, "2026-01-01", "2026-06-15", "1.00", won=True, stage="Won"),
        deal(4, "2026-01-01", None, "1.00", won=True, stage="Won"),
    ]  # fmt: skip
    history = [change(3, "2026-02-01", "stage", "Prospecting", "Proposal")]
    before, after = rebuilt(["2026-06-14", "2026-06-15"], deals, history)
    assert {key: state.is_closed for key, state in before.items()} == {
        "D1": False, "D2": False, "D3": False, "D4": True,
    }  # fmt: skip
    assert [before[key].stage for key in ("D1", "D2", "D3")] == [None, "Proposal", "Proposal"]
    assert [before[key].stage_mark for key in ("D1", "D3")] == ["missing", "inferred"]
    assert before["D1"].forecast_category is None
    assert before["D1"].probability is None
    assert all(state.is_closed for state in after.values())
    assert {state.is_closed_mark for state in [*before.values(), *after.values()]} == {"inferred"}
    assert [after[key].is_won for key in ("D1", "D2", "D3")] == [True, False, True]


def test_changes_of_one_moment_are_put_in_their_order(rebuilt, deal):
    row = deal(1, "2026-01-01", "2026-12-31", "4.00", stage="Proposal")
    chain = [
        change(1, "2026-05-01", "amount", old, new)
        for old, new in (("2", "3"), ("3", "4"), ("1", "2"))
    ]  # fmt: skip
    circle = [change(1, "2026-06-01", "stage", "Proposal", "Prospecting"),
              change(1, "2026-06-01", "stage", "Prospecting", "Proposal")]  # fmt: skip
    state = rebuilt("2026-04-30", [row], chain + circle)["D1"]
    assert (state.amount, state.amount_mark) == (Decimal("1.00"), "exact")
    assert (state.stage, state.stage_mark) == ("Proposal", "inferred")


def test_marks_say_how_a_value_is_known(rebuilt, deal):
    deals = [
        deal(1, "2026-01-01", "2026-12-31", "4.00", stage="Proposal"),
        deal(2, "2026-01-01", "2026-12-31", "4.00", stage="Proposal"),
        deal(3, "2026-01-01", "2026-12-31", "4.00", stage="Proposal"),
        deal(4, "2026-01-01", "2026-12-31", None, stage="Proposal"),
    ]
    history = [
        change(1, "2026-05-01", "amount", "3", "4", provenance="inferred"),
        change(2, "2026-03-01", "amount", "1", "2"),  # 2, then 3: the log contradicts itself
        change(2, "2026-05-01", "amount", "3", "4"),
        change(3, "2026-05-01", "amount", "about 3", "4"),  # nothing that an amount can hold
        change(4, "2026-03-01", "amount", "1", "7"),  # today's is empty, the log says 7
    ]
    found = rebuilt("2026-04-30", deals, history)
    assert {key: (state.amount, state.amount_mark) for key, state in found.items()} == {
        "D1": (Decimal("3.00"), "inferred"),
        "D2": (Decimal("3.00"), "inferred"),
        "D3": (None, "missing"),
        "D4": (None, "missing"),
    }
    assert {state.stage_mark for state in found.values()} == {"exact"}


def test_before_the_log_begins_nothing_is_exact(rebuilt, deal):
    row = deal(1, "2024-01-01", "2026-12-31", "4.00", stage="Proposal")
    history = [change(1, "2026-05-01", "amount", "3", "4")]
    before, after = rebuilt(["2024-12-31", "2025-01-01"], [row], history)
    assert (before["D1"].amount_mark, after["D1"].amount_mark) == ("inferred", "exact")


def test_without_a_history_nothing_but_the_close_date_tells(rebuilt, deal):
    deals = [deal(1, "2026-01-01", "2026-06-15", "1.00", won=True, stage="Won"),
             deal(2, "2026-01-01", "2026-12-15", "2.00", stage="Proposal")]  # fmt: skip
    found = rebuilt("2026-05-01", deals, [], log=[])
    assert [found[key].is_closed for key in ("D1", "D2")] == [False, False]
    assert [found[key].amount for key in ("D1", "D2")] == [Decimal("1.00"), Decimal("2.00")]
    marks = {getattr(found["D2"], f"{column}_mark") for column in MARKED}
    assert marks == {"inferred", "missing"}


def test_what_the_log_leaves_out_follows_the_stage(rebuilt, deal):
    deals = [
        deal(1, "2026-01-01", "2026-12-31", "1.00", stage="Proposal", probability=0.6,
             forecast_category="commit"),
        deal(2, "2026-01-01", "2026-12-31", "1.00", stage="Proposal", probability=0.6,
             forecast_category="commit"),
    ]  # fmt: skip
    history = [change(1, "2026-05-01", "stage", "Prospecting", "Proposal")]
    found = rebuilt("2026-04-30", deals, history, log=[])
    assert (found["D1"].forecast_category, found["D1"].probability) == ("pipeline", 0.1)
    assert (found["D2"].forecast_category, found["D2"].probability) == ("commit", 0.6)
    for state in found.values():
        assert (state.forecast_category_mark, state.probability_mark) == ("inferred", "inferred")


def test_stages_that_no_table_explains_mean_what_deals_use_them_for(rebuilt, deal):
    deals = [
        deal(1, "2026-01-01", "2026-12-31", "1.00", stage="Proposal"),
        deal(2, "2026-01-01", "2026-06-15", "1.00", won=True, stage="Won"),
        deal(3, "2026-01-01", "2026-12-31", "1.00", stage="Proposal"),
    ]
    history = [
        change(1, "2026-05-01", "stage", "Won", "Proposal"),
        change(2, "2026-06-15", "stage", "Proposal", "Won"),
        change(3, "2026-06-15", "stage", "A name of old", "Proposal"),
    ]
    found = rebuilt("2026-04-30", deals, history, stages=[])
    assert {key: (s.is_closed, s.is_won, s.is_closed_mark) for key, s in found.items()} == {
        "D1": (True, True, "inferred"),
        "D2": (False, False, "inferred"),
        "D3": (False, False, "inferred"),
    }
    assert found["D3"].stage == "A name of old"


def test_text_from_a_crm_stays_text(rebuilt, deal):
    evil = "'; DROP TABLE x; -- <b>{0}\n=1+1"
    row = deal(1, "2026-01-01", "2026-12-31", "1.00", stage="Proposal")
    history = [change(1, "2026-05-01", "stage", evil, "Proposal"),
               change(1, "2026-05-01", "amount", evil, "1")]  # fmt: skip
    state = rebuilt("2026-04-30", [row], history)["D1"]
    assert (state.stage, state.amount) == (evil, None)


def test_a_day_after_the_snapshot_is_refused(make_snapshot, deal):
    snapshot = make_snapshot(AS_OF, opportunities=[deal(1, "2026-01-01", "2026-12-31", "1.00")])
    with pytest.raises(InputError, match=r"stands at 2026-09-30: there is no 2026-10-01 in it"):
        deals_as_of(snapshot, dt.date(2026, 10, 1))


def test_the_snapshot_s_own_day_is_the_snapshot(make_snapshot, deal):
    """Changes logged after the as-of date, and a deal dated after it, included."""
    deals = [deal(1, "2026-01-01", "2026-12-31", None, stage="Proposal", next_step="call"),
             deal(2, "2026-11-01", "2026-12-31", "4.00")]  # fmt: skip
    late = [change(1, "2026-10-02", "amount", "3", None)]
    snapshot = make_snapshot(AS_OF, opportunities=deals, opportunity_history=late, stages=STAGES)
    found = deals_as_of(snapshot, AS_OF)
    stored = snapshot.table("opportunities").order_by("opportunity_id").to_pandas()
    pd.testing.assert_frame_equal(found.select(*stored.columns).to_pandas(), stored)
    assert found.amount_mark.to_pandas().tolist() == ["missing", "exact"]
    assert found.stage_mark.to_pandas().tolist() == ["exact", "missing"]


def test_a_disguised_snapshot_tells_no_owner_of_the_past(make_snapshot, life):
    row, history = life
    people = [{"rep_id": "R1", "name": "Ann"}, {"rep_id": "R2", "name": "Bo"}]
    places = [{"rep_id": rep, "team": "A"} for rep in ("R1", "R2")]
    snapshot = make_snapshot(AS_OF, opportunities=[row], opportunity_history=history + EARLY,
                             stages=STAGES, reps=people, rep_assignments=places)  # fmt: skip
    seen = disguised_snapshot(snapshot, "rep", Scope("rep", "R2", "Bo"), AS_OF)
    (state,) = deals_as_of(seen, dt.date(2026, 4, 1)).to_pandas().itertuples()
    assert (state.owner_id, state.owner_id_mark) == (None, "missing")
    assert state.amount == Decimal("90.00")
