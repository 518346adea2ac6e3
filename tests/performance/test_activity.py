"""Activities and whether their log can be believed, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.activity import activity_capture, activity_rate

AS_OF = dt.date(2026, 9, 30)
START = "2026-07-01"  # the quarter has 66 working days


def done(rep, day, deal=None, **more):
    return {
        "rep_id": rep,
        "opportunity_id": None if deal is None else f"D{deal}",
        "kind": "call",
        "at": f"{day} 10:00:00",
        "is_invitee_copy": False,
        **more,
    }


REPS = [
    {"rep_id": "R1", "name": "Ayşe Demir", "hire_date": "2020-01-01"},
    {"rep_id": "R2", "name": "Tom Becker", "hire_date": "2026-09-01"},
    {"rep_id": "M1", "name": "Mia Boss"},
]
PLACES = [
    {"rep_id": "R1", "team": "A", "region": "EMEA", "role": "rep"},
    {"rep_id": "R2", "team": "B", "region": "EMEA", "role": "rep"},
    {"rep_id": "M1", "team": "A", "region": "EMEA", "role": "manager"},
]
LONG_AGO = done("R1", "2024-01-03", 0)


@pytest.fixture
def view_of(make_snapshot, deal):
    def view(activities, deals=None, scope="company", **tables):
        old = deal(0, "2024-01-01", "2024-01-20", "1.00", won=True)
        of_quarter = deals or [
            deal(1, "2026-06-01", "2026-07-20", "10.00", won=True),
            deal(2, "2026-06-01", "2026-10-20", "10.00", owner="R2"),
        ]
        snapshot = make_snapshot(
            AS_OF,
            opportunities=[old, *of_quarter],
            activities=[LONG_AGO, *activities],
            **({"reps": REPS, "rep_assignments": PLACES} | tables),
        )
        return open_view(snapshot.path, period="2026-Q3", scope=scope)

    return view


LOG = [
    *[done("R1", "2026-07-06", 1)] * 33,
    done("R1", "2026-07-04", 1),  # a Saturday
    *[done("R2", "2026-09-07", 2)] * 11,
    done("R1", "2026-07-07", 1, is_invitee_copy=True),
    done("M1", "2026-07-07", 1),
    done("R2", "2026-08-31", 2),  # the day before the first one
    done("R1", "2026-06-30", 1),
]


def test_activities_per_rep_in_four_weeks(view_of):
    measure = activity_rate(view_of(LOG), "rep")
    assert measure.groups == [("R1", "Ayşe Demir"), ("R2", "Tom Becker")]
    first, second = (measure.value(group=rep) for rep in ("R1", "R2"))
    assert (first.number, first.n) == (pytest.approx(20 * 34 / 66), 34)
    # September has 22 working days.
    assert (second.number, second.n) == (pytest.approx(20 * 11 / 22), 11)
    whole = activity_rate(view_of(LOG)).value()
    assert (whole.number, whole.n) == (pytest.approx(20 * 45 / 88), 45)


def test_activities_of_a_team_are_those_of_its_people(view_of):
    value = activity_rate(view_of(LOG, scope="team:B")).value()
    assert value.number == pytest.approx(20 * 11 / 22)
    by_team = activity_rate(view_of(LOG), "team")
    assert by_team.value(group="B").number == value.number


def test_a_rep_who_has_left_has_fewer_days(view_of):
    reps = [REPS[0] | {"leave_date": "2026-07-31"}]
    value = activity_rate(view_of(LOG, reps=reps), "rep").value(group="R1")
    assert value.number == pytest.approx(20 * 34 / 23)


def test_holidays_are_no_working_days(view_of):
    off = [{"date": "2026-07-01", "is_working_day": False, "name": "Holiday"}]
    value = activity_rate(view_of(LOG, calendar=off), "rep").value(group="R1")
    assert value.number == pytest.approx(20 * 34 / 65)


def test_capture_counts_deals_with_any_activity_by_the_end(view_of, deal):
    deals = [
        deal(1, "2026-06-01", "2026-07-20", "1.00", won=True),
        deal(2, "2026-06-01", "2026-10-20", "1.00"),
        deal(3, "2026-06-01", "2026-07-20", "1.00", won=False),
        deal(4, "2026-06-01", "2026-06-20", "1.00", won=False),  # closed before
        deal(5, "2026-06-01", "2026-12-20", "1.00", won=True),  # a day to come
    ]
    log = [done("R1", "2026-06-02", 1), done("R1", "2026-09-30", 2), done("R1", "2026-07-01")]
    value = activity_capture(view_of(log, deals)).value()
    assert (value.number, value.n) == (pytest.approx(2 / 3), 3)
    prior = activity_capture(view_of(log, deals)).value("prior")
    # Deals 1 to 4 were open or closed in Q2; only deal 1 had an activity by its end.
    assert (prior.number, prior.n) == (0.25, 4)


def test_where_capture_is_low_activity_is_not_computable(view_of, deal):
    deals = [deal(n, "2026-06-01", "2026-10-20", "1.00") for n in range(1, 4)]
    view = view_of([done("R1", "2026-07-06", 1)] * 5, deals)
    value = activity_rate(view).value()
    assert (value.number, value.n) == (None, 5)
    assert value.reason == "only 33% of the deals have any activity"


def test_half_is_enough(view_of, deal):
    deals = [deal(n, "2026-06-01", "2026-10-20", "1.00") for n in (1, 2)]
    assert activity_rate(view_of([done("R1", "2026-07-06", 1)], deals)).value().number is not None


def test_who_has_no_deal_is_judged_by_the_whole(view_of, deal):
    deals = [deal(1, "2026-06-01", "2026-10-20", "1.00")]
    log = [done("R1", "2026-07-06", 1), done("R2", "2026-09-07")]
    value = activity_rate(view_of(log, deals), "rep").value(group="R2")
    assert value.number == pytest.approx(20 / 22)


def test_what_is_missing_is_told(make_snapshot, view_of, deal):
    deals = [deal(1, "2026-06-01", "2026-10-20", "1.00")]
    bare = open_view(make_snapshot(AS_OF, opportunities=deals).path, period="2026-Q3")
    assert activity_capture(bare).value().reason == "this export has no activities"
    assert activity_rate(bare).value().reason == "this export has no list of reps"
    loose = {key: value for key, value in LONG_AGO.items() if key != "opportunity_id"}
    snapshot = make_snapshot(AS_OF, opportunities=deals, activities=[loose], reps=REPS)
    view = open_view(snapshot.path, period="2026-Q3")
    assert activity_rate(view).value().reason == (
        "the activities do not say which deal they belong to"
    )
    by_product = activity_rate(view_of(LOG), "product")
    assert not by_product.is_computable


def test_a_log_that_begins_later_says_nothing_of_before(make_snapshot, deal):
    deals = [deal(1, "2026-01-01", "2026-10-20", "1.00")]
    log = [done("R1", "2026-06-30", 1)]
    snapshot = make_snapshot(AS_OF, opportunities=deals, activities=log, reps=REPS)
    measure = activity_rate(open_view(snapshot.path, period="2026-Q3"))
    assert measure.value().number is not None
    assert measure.value("prior").reason == "the activities begin on 30 June 2026"
