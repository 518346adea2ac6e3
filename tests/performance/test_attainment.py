"""Attainment of people who are not there all the time, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.attainment import attainment, quota_share, quota_share_ramped
from salesops_lib.performance.people import people
from salesops_lib.performance.pipeline import coverage, quota_by

AS_OF = dt.date(2026, 9, 30)
QUARTER = ("2026-07-01", "2026-09-30")  # 92 days: 31, 31 and 30


def quota(rep, amount, span=QUARTER, **more):
    start, end = span
    return {
        "rep_id": rep,
        "measure": "bookings",
        "period_start": start,
        "period_end": end,
        "amount": amount,
        **more,
    }


def place(rep, team, start=None, end=None, **more):
    row = {"rep_id": rep, "team": team, "region": "EMEA", "role": "rep", "ramp": "ramped"}
    return {**row, "effective_from": start, "effective_to": end, **more}


def person(rep, hired="2020-01-01", left=None):
    return {"rep_id": rep, "name": f"Name {rep}", "hire_date": hired, "leave_date": left}


@pytest.fixture
def view_of(make_snapshot, deal):
    """View of won deals given as (owner, close date, amount), and of their people."""

    def view(won, *, as_of=AS_OF, scope="company", more=(), **tables):
        deals = [deal(0, "2024-01-01", "2024-01-02", "1.00", won=True, owner="R0")]
        deals += [
            deal(number, "2026-01-01", closed, amount, won=True, owner=owner)
            for number, (owner, closed, amount) in enumerate(won, start=1)
        ]
        snapshot = make_snapshot(as_of, opportunities=[*deals, *more], **tables)
        return open_view(snapshot.path, period="2026-Q3", scope=scope)

    return view


def by(view, grouping):
    measure = attainment(view, grouping)
    found = {key: measure.value(group=key).number for key, _ in measure.groups}
    return {key: number for key, number in found.items() if number is not None}


def test_who_was_hired_in_the_period_has_the_whole_quota_for_the_days_left(view_of):
    tables = {"reps": [person("R1", "2026-08-17")], "quotas": [quota("R1", "45.00")]}
    won = [("R1", "2026-08-20", "9.00")]
    assert by(view_of(won, **tables), "rep")["R1"] == pytest.approx(9 / 45)
    # Four of the 45 days from 17 August to 30 September are gone: a quota of 4.
    running = view_of(won, as_of=dt.date(2026, 8, 20), **tables)
    assert by(running, "rep")["R1"] == pytest.approx(9 / 4)
    # On the day before there is no quota yet, and attainment is not infinite.
    early = view_of([], as_of=dt.date(2026, 8, 16), **tables)
    assert attainment(early).value().number is None
    assert attainment(early).value().reason == "no quota in this period"


def test_a_quota_with_dates_of_its_own_is_taken_as_it_stands(view_of):
    """800,000 a year from 1 June on is 469,041.10 (214 of 365 days, the first one included)."""
    year = quota("R1", "800000.00", ("2026-01-01", "2026-12-31"))
    view = view_of([], quotas=[year], reps=[person("R1")])
    assert quota_by(view, dt.date(2026, 6, 1), dt.date(2026, 12, 31))["all"] == 469041.10


def test_a_ramping_reps_quota_is_the_ramped_one(view_of):
    # A quarter of 100: the file holds the target after ramp, and it is not cut again.
    ramping = quota("R1", "25.00", ramp_percent=0.25)
    view = view_of([("R1", "2026-08-01", "20.00")], quotas=[ramping], reps=[person("R1")])
    assert by(view, "rep")["R1"] == pytest.approx(0.8)


def test_a_movers_quota_and_credit_follow_the_days_in_each_team(view_of):
    view = view_of(
        [("R1", "2026-08-16", "30.00"), ("R1", "2026-08-17", "9.00")],
        quotas=[quota("R1", "92.00")],
        reps=[person("R1")],
        rep_assignments=[
            place("R1", "North", "2020-01-01", "2026-08-16"),
            place("R1", "South", "2026-08-17"),
        ],
    )
    # 47 of the 92 days in North, 45 in South.
    assert by(view, "team") == {"North": pytest.approx(30 / 47), "South": pytest.approx(9 / 45)}
    assert by(view, "rep") == {"R1": pytest.approx(39 / 92)}
    south = view_of(
        [("R1", "2026-08-16", "30.00"), ("R1", "2026-08-17", "9.00")],
        quotas=[quota("R1", "92.00")],
        reps=[person("R1")],
        rep_assignments=[
            place("R1", "North", "2020-01-01", "2026-08-16"),
            place("R1", "South", "2026-08-17"),
        ],
        scope="team:South",
    )
    assert attainment(south).value().number == pytest.approx(9 / 45)
    assert by(south, "rep") == {"R1": pytest.approx(9 / 45)}


def test_a_leavers_quota_ends_with_the_last_day_and_stays_with_the_team(view_of):
    view = view_of(
        [("R1", "2026-07-20", "15.50"), ("R2", "2026-09-01", "92.00")],
        quotas=[quota("R1", "92.00"), quota("R2", "92.00")],
        reps=[person("R1", left="2026-07-31"), person("R2")],
        rep_assignments=[place("R1", "North", None, "2026-07-31"), place("R2", "North")],
    )
    # 31 of 92 days. The other 61 are nobody's, but the team's goal does not shrink.
    assert by(view, "rep") == {"": 0, "R1": pytest.approx(15.5 / 31), "R2": 1.0}
    assert by(view, "team") == {"North": pytest.approx(107.5 / 184)}
    assert attainment(view).value().number == pytest.approx(107.5 / 184)
    quotas = quota_by(view, view.period.start, view.period.end, "rep")
    assert quotas == {"": 61.0, "R1": 31.0, "R2": 92.0}
    # Nobody is no rep.
    assert (quota_share(view).value().number, quota_share(view).value().n) == (0.5, 2)
    assert set(people(view).frame["rep_id"]) == {"R1", "R2"}


def test_a_quota_of_somebody_long_gone_is_nobodys(view_of):
    tables = {"quotas": [quota("R1", "92.00")], "reps": [person("R1", left="2026-05-31")]}
    view = view_of([("R1", "2026-07-20", "1.00")], **tables)
    value = attainment(view, "rep").value(group="R1")
    assert (value.number, value.reason) == (None, "no quota in this period")
    assert attainment(view).value().number == pytest.approx(1 / 92)
    assert quota_share(view).value().number is None


def test_who_is_absent_has_no_quota_for_these_days(view_of):
    # On leave from 1 August to 15 September: the quota stands in two rows.
    rows = [
        quota("R1", "31.00", ("2026-07-01", "2026-07-31")),
        quota("R1", "15.00", ("2026-09-16", "2026-09-30")),
        quota("R2", "0.00"),
    ]
    tables = {"quotas": rows, "reps": [person("R1"), person("R2")]}
    won = [("R1", "2026-07-10", "23.00"), ("R2", "2026-07-10", "5.00")]
    assert by(view_of(won, **tables), "rep") == {"R1": pytest.approx(23 / 46)}
    away = view_of(won, as_of=dt.date(2026, 8, 20), **tables)
    assert by(away, "rep") == {"R1": pytest.approx(23 / 31)}
    # Absent all quarter, with a quota of 0: neither 0 % nor infinite, and not counted.
    value = attainment(away, "rep").value(group="R2")
    assert (value.number, value.reason) == (None, "no quota in this period")
    assert quota_share(away).value().n == 1


def test_an_overlays_quota_and_credit_are_in_no_total(view_of, deal):
    view = view_of(
        [("R1", "2026-08-01", "100.00")],
        quotas=[quota("R1", "100.00"), quota("SE", "500.00")],
        reps=[person("R1"), person("SE")],
        rep_assignments=[place("R1", "North"), place("SE", "North", role="Overlay")],
        opportunity_splits=[
            {"opportunity_id": "D1", "rep_id": "R1", "share": 1.0, "kind": "revenue"},
            {"opportunity_id": "D1", "rep_id": "SE", "share": 1.0, "kind": "overlay"},
        ],
    )
    assert attainment(view).value().number == 1.0
    assert by(view, "team") == {"North": 1.0}
    assert by(view, "rep") == {"R1": 1.0}
    assert quota_share(view).value().n == 1


def test_only_who_had_a_full_quota_all_the_time_is_ramped(view_of):
    tables = {
        "reps": [
            person("FULL"),
            person("MISS"),
            person("NEW", "2026-07-15"),
            person("GONE", left="2026-09-29"),
            person("RAMP"),
            person("HR"),
        ],
        "rep_assignments": [
            *(place(rep, "North") for rep in ("FULL", "MISS", "NEW", "GONE", "RAMP")),
            place("HR", "North", ramp="Ramping"),
        ],
        "quotas": [
            *(quota(rep, "92.00") for rep in ("FULL", "MISS", "NEW", "GONE", "HR")),
            quota("RAMP", "46.00", ramp_percent=0.5),
        ],
    }
    won = [(rep, "2026-09-01", "92.00") for rep in ("FULL", "NEW", "GONE", "RAMP", "HR")]
    won.append(("MISS", "2026-09-01", "91.99"))
    view = view_of(won, **tables)
    everyone, ramped = quota_share(view).value(), quota_share_ramped(view).value()
    assert (everyone.number, everyone.n) == (pytest.approx(5 / 6), 6)
    # 99.99 % is not rounded up.
    assert (ramped.number, ramped.n) == (0.5, 2)
    assert quota_share_ramped(view).value("prior").reason == (
        "no rep had a full quota for the whole period"
    )


def test_a_quota_already_met_is_told_by_coverage_for_each_team(view_of, deal):
    """Met exactly, met and exceeded, and not met."""
    open_ = [
        deal(90 + n, "2026-06-01", "2026-09-20", "30.00", owner=rep)
        for n, rep in enumerate(("R1", "R2", "R3"))
    ]
    view = view_of(
        [(rep, "2026-07-10", won) for rep, won in (("R1", "92"), ("R2", "200"), ("R3", "62"))],
        as_of=dt.date(2026, 8, 20),
        more=open_,
        quotas=[quota(rep, "92.00") for rep in ("R1", "R2", "R3")],
        reps=[person(rep) for rep in ("R1", "R2", "R3")],
        rep_assignments=[place("R1", "A"), place("R2", "B"), place("R3", "C")],
    )
    measure = coverage(view, "team")
    met = "the quota of 2026-Q3 is already met"
    assert [
        (measure.value(group=team).number, measure.value(group=team).reason) for team in "AB"
    ] == [(None, met)] * 2
    assert measure.value(group="C").number == pytest.approx(1.0)
    # What one team has too much helps the company, which has met its own.
    assert coverage(view).value().reason == met


def test_a_team_with_a_quota_and_nothing_due_has_a_coverage_of_0(view_of, deal):
    view = view_of(
        [],
        as_of=dt.date(2026, 8, 20),
        more=[deal(90, "2026-06-01", "2026-09-20", "46.00", owner="R1")],
        quotas=[quota("R1", "92.00"), quota("R2", "92.00")],
        reps=[person("R1"), person("R2")],
        rep_assignments=[place("R1", "A"), place("R2", "B")],
    )
    of_team, of_rep = coverage(view, "team"), coverage(view, "rep")
    assert of_team.groups == [("A", "A"), ("B", "B")]
    assert [of_team.value(group=team).number for team in "AB"] == [0.5, 0.0]
    assert of_rep.groups == [("R1", "Name R1"), ("R2", "Name R2")]
    assert of_rep.value(group="R2").number == 0
