"""Small plans and credits, shared by the tests of pay."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.engine import earnings
from salesops_lib.compensation.plan import Plan

CALENDAR = FiscalCalendar()
YEAR_QUOTA = {"measure": "bookings", "every": "quarter", "amount": 1000}


def make_plan(*components, **changed):
    """Plan of some components; the measure `bookings` is there, and one group of people."""
    named = [{"name": f"part {n}", **part} for n, part in enumerate(components)]
    return Plan.model_validate(
        {
            "version": 1,
            "id": "test",
            "name": "Test",
            "from": dt.date(2026, 1, 1),
            "currency": "EUR",
            "people": [{"role": "rep", "ote": 96000, "pay_mix": "50/50"}],
            "measures": {"bookings": {}},
            "quotas": [YEAR_QUOTA],
            "components": named,
            **changed,
        }
    )


def tiered(*tiers, **more):
    """Component of tiers, each a dict without `from` spelled as a keyword."""
    return {"kind": "tiered", "measure": "bookings", "tiers": list(tiers), **more}


def tier(start, **pays):
    return {"from": start, **pays}


def make_credits(*rows, **more):
    """Credits from (rep, day, cents); the id is the place, in order."""
    frame = pd.DataFrame(list(rows), columns=["rep_id", "credited_on", "amount_cents"])
    frame["credited_on"] = pd.to_datetime(frame["credited_on"])
    frame["amount_cents"] = frame["amount_cents"].astype("int64")
    frame["credit_id"] = [f"c{number:04}" for number in range(len(frame))]
    frame["opportunity_id"] = [f"D{number}" for number in range(len(frame))]
    return frame.assign(**{"currency": "EUR", "kind": "owner", **more})


def make_people(*reps, role="rep", **more):
    frame = pd.DataFrame({"rep_id": list(reps), "role": role, "variable_cents": 4_800_000})
    return frame.assign(**more)


def pay(plan, credits, label="2026-Q1", *, people=None, **more):  # noqa: A002
    """Earnings of a period, of the reps who have credits."""
    if people is None:
        people = make_people(*sorted(set(credits["rep_id"])))
    quotas = more.pop("quotas", None)
    period = CALENDAR.period(label)
    return earnings(plan, credits, people, quotas, period, calendar=CALENDAR, **more)


@pytest.fixture(scope="session")
def small():
    """The functions of this file, for tests that cannot import it."""
    return SimpleNamespace(
        make_plan=make_plan,
        tiered=tiered,
        tier=tier,
        make_credits=make_credits,
        make_people=make_people,
        pay=pay,
    )
