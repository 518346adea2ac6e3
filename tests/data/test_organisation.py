"""People move between teams; deals and quotas follow them by day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.data.quotas import quota_parts
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.attainment import attainment, quota_share
from salesops_lib.performance.outcomes import bookings

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def snapshot(make_snapshot, deal):
    """R1 moves from North to South on 16 August 2026; R2 stays and leaves on 31 July."""
    return make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-06-01", "2026-08-15", "100.00", won=True),
            deal(2, "2026-06-01", "2026-08-16", "10.00", won=True),
            deal(3, "2026-06-01", "2026-09-20", "1.00", won=True, owner="R2"),
            deal(4, "2020-01-01", "2020-02-01", "5.00", won=True),
        ],
        reps=[
            {"rep_id": "R1", "name": "Ayşe", "leave_date": None},
            {"rep_id": "R2", "name": "Tom", "leave_date": "2026-07-31"},
            {"rep_id": "M1", "name": "Boss", "leave_date": None},
        ],
        rep_assignments=[
            place("R1", "North", "EMEA", "2026-01-01", "2026-08-15"),
            place("R1", "South", "EMEA", "2026-08-16", None),
            place("R2", "South", "EMEA", "2026-01-01", "2026-07-31"),
            {**place("M1", "South", "EMEA", "2025-01-01", None), "role": "manager"},
        ],
        quotas=[
            quota("R1", "2026-07-01", "2026-09-30", "92.00"),
            quota("R2", "2026-07-01", "2026-09-30", "50.00"),
            {**quota("M1", "2026-07-01", "2026-09-30", "142.00"), "is_rollup": True},
        ],
    )


def place(rep, team, region, start, end):
    return {
        "rep_id": rep,
        "team": team,
        "region": region,
        "role": "rep",
        "effective_from": start,
        "effective_to": end,
    }


def quota(rep, start, end, amount, **more):
    return {
        "rep_id": rep,
        "measure": "bookings",
        "period_start": start,
        "period_end": end,
        "amount": amount,
        **more,
    }


def by_team(measure):
    return {key: measure.value(group=key).number for key, _ in measure.groups}


def test_a_deal_counts_for_the_team_its_owner_was_in_on_the_close_date(snapshot):
    view = open_view(snapshot.path, period="2026-Q3")
    # Deal 3 closed after its owner left: it stays with the owner's last team.
    assert by_team(bookings(view, "team")) == {"North": Decimal(100), "South": Decimal(11)}


def test_a_deal_from_before_the_first_assignment_counts_for_the_first_team(snapshot):
    view = open_view(snapshot.path, period="2020-Q1")
    assert by_team(bookings(view, "team")) == {"North": Decimal(5)}


def test_a_quota_is_cut_by_days_between_teams_and_adds_up(snapshot):
    view = open_view(snapshot.path, period="2026-Q3")
    parts = quota_parts(view.quotas, view.period.start, view.period.end)
    of_r1 = parts[parts.rep_id == "R1"].set_index("team")["amount"]
    # 46 of the quarter's 92 days in each team.
    assert of_r1.to_dict() == {"North": Decimal("46.00"), "South": Decimal("46.00")}
    assert sum(parts["amount"]) == Decimal("142.00"), "the manager's roll-up is not added"


@pytest.mark.parametrize("amount", ["100.00", "0.01", "33.33", "99999999.99"])
def test_parts_of_a_quota_add_up_to_the_cent_over_months(make_snapshot, deal, amount):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[deal(1, "2026-06-01", "2026-08-15", "1.00", won=True)],
        quotas=[quota("R1", "2026-01-01", "2026-12-31", amount)],
    )
    total = Decimal(0)
    for month in range(1, 13):
        view = open_view(snapshot.path, period="2026-Q3")
        period = view.calendar.month(2026, month)
        total += sum(quota_parts(view.quotas, period.start, period.end)["amount"])
    assert total == Decimal(amount)


def test_attainment_of_moved_and_left_reps(snapshot):
    view = open_view(snapshot.path, period="2026-Q3")
    assert attainment(view).value().number == pytest.approx(111 / 142)
    of_rep = by_team(attainment(view, "rep"))
    # R2 worked on 31 of the quota's 92 days: 16.85 of 50. The rest is the team's only.
    assert of_rep == {"": 0, "R1": pytest.approx(110 / 92), "R2": pytest.approx(1 / 16.85)}
    of_team = by_team(attainment(view, "team"))
    assert of_team == {"North": pytest.approx(100 / 46), "South": pytest.approx(11 / 96)}
    share = quota_share(view).value()
    assert (share.number, share.n) == (0.5, 2)


def test_the_highest_version_in_force_counts(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[deal(1, "2026-06-01", "2026-08-15", "50.00", won=True)],
        quotas=[
            quota("R1", "2026-07-01", "2026-09-30", "100.00", version=1),
            quota(
                "R1", "2026-07-01", "2026-09-30", "200.00", version=2, effective_from="2026-08-01"
            ),
            quota(
                "R1", "2026-07-01", "2026-09-30", "900.00", version=3, effective_from="2026-10-01"
            ),
        ],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    assert attainment(view).value().number == pytest.approx(0.25)


def test_revenue_splits_credit_and_overlays_do_not_count_twice(make_snapshot, deal):
    third = 0.333333
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[deal(1, "2026-06-01", "2026-08-15", "100.00", won=True)],
        opportunity_splits=[
            {"opportunity_id": "D1", "rep_id": rep, "share": share, "kind": kind}
            for rep, share, kind in [
                ("R1", third, "revenue"),
                ("R2", third, "revenue"),
                ("R3", 1 - 2 * third, "revenue"),
                ("O1", 1.0, "overlay"),
            ]
        ],
        quotas=[
            quota(rep, "2026-07-01", "2026-09-30", "100.00") for rep in ("R1", "R2", "R3", "O1")
        ],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    credit = view.credits.to_pandas().set_index("rep_id")["amount"].to_dict()
    assert sum(credit.values()) == Decimal("100.00")
    assert credit == {"R1": Decimal("33.33"), "R2": Decimal("33.34"), "R3": Decimal("33.33")}
    assert bookings(view).value().number == Decimal("100.00")
    assert attainment(view).value().number == pytest.approx(0.25)


def test_scopes_of_a_period(snapshot):
    view = open_view(snapshot.path, period="2026-Q3")

    def keys(kind):
        return [scope.key for scope in scopes(snapshot, kind, view.period, AS_OF)]

    assert keys("company") == [""]
    assert keys("region") == ["EMEA"]
    assert keys("team") == ["North", "South"]
    assert keys("rep") == ["R1", "R2"], "by name: Ayşe, Tom; the manager is no rep"


def test_reports_of_one_kind_add_up_to_the_company(snapshot):
    whole = bookings(open_view(snapshot.path, period="2026-Q3")).value().number
    for kind in ("region", "team", "rep"):
        view = open_view(snapshot.path, period="2026-Q3")
        parts = [
            bookings(open_view(snapshot.path, period="2026-Q3", scope=str(scope))).value().number
            for scope in scopes(snapshot, kind, view.period, AS_OF)
        ]
        assert sum(parts) == whole


def test_an_unknown_scope_is_refused_with_the_nearest(snapshot):
    with pytest.raises(InputError, match="no team `Nroth` in 2026-Q3; did you mean `North`"):
        open_view(snapshot.path, period="2026-Q3", scope="team:Nroth")
