"""People and quotas of a pay run, from snapshots worked by hand."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.pay_inputs import pay_people, pay_quotas, snapshot_assignments
from salesops_lib.compensation.plan import Plan
from salesops_lib.errors import InputError

DAY = dt.date
CALENDAR = FiscalCalendar()


def plan(**more):
    values = {
        "version": 1,
        "id": "p",
        "name": "P",
        "from": DAY(2026, 1, 1),
        "currency": "EUR",
        "people": [{"role": "rep", "ote": 80000, "pay_mix": "50/50"}],
        "measures": {"bookings": {}},
        "components": [{"name": "c", "kind": "flat", "measure": "bookings", "rate": "7%"}],
        **more,
    }
    return Plan.model_validate(values)


def quota(rep, start, end, amount, **more):
    return {
        "rep_id": rep,
        "measure": "bookings",
        "period_start": start,
        "period_end": end,
        "amount": amount,
        "currency": "EUR",
        **more,
    }


@pytest.fixture
def inputs(make_snapshot):
    """Target shares and quotas of a period, by person."""

    def made(plan_, quotas, *, hired=None, left=None, places=None, label="2026-Q1", **tables):
        person = {"rep_id": "ann", "name": "Ann", "hire_date": hired or DAY(2020, 1, 1)}
        snapshot = make_snapshot(
            DAY(2026, 12, 31),
            reps=[{**person, "leave_date": left}],
            rep_assignments=[
                {"rep_id": "ann", "team": "T", "region": "R", **place}
                for place in places or [{"role": "rep", "effective_from": DAY(2020, 1, 1)}]
            ],
            quotas=quotas,
            **tables,
        )
        period = CALENDAR.period(label)
        people = pay_people(plan_, snapshot_assignments(snapshot), period, CALENDAR)
        found = pay_quotas(plan_, snapshot, people, period, CALENDAR)
        shares = [
            Fraction(counted, whole)
            for counted, whole in zip(people["days_counted"], people["days_in_period"], strict=True)
        ]
        spans = [
            (f"{row.period_start:%m-%d}", f"{row.period_end:%m-%d}", row.amount_cents)
            for row in found.itertuples()
        ]
        return shares, spans

    return made


Q1 = DAY(2026, 1, 1), DAY(2026, 3, 31)
YEAR = DAY(2026, 1, 1), DAY(2026, 12, 31)


def test_a_whole_quarter(inputs):
    assert inputs(plan(), [quota("ann", *Q1, "900.00")]) == ([1], [("01-01", "03-31", 90_000)])


def test_a_leaver_has_the_days_until_then(inputs):
    # 31 of 90 days of January, February and March.
    found = inputs(plan(), [quota("ann", *Q1, "900.00")], left=DAY(2026, 1, 31))
    assert found == ([Fraction(31, 90)], [("01-01", "03-31", 31_000)])


def test_what_somebody_is_given_at_hire_is_not_cut_again(inputs):
    # Hired on 2 March: the target is cut to 30 of 90 days, the quota was made for them.
    found = inputs(plan(), [quota("ann", *Q1, "225.00")], hired=DAY(2026, 3, 2))
    assert found == ([Fraction(30, 90)], [("03-02", "03-31", 22_500)])


def test_a_move_into_the_plan_cuts_quota_and_target(inputs):
    places = [
        {"role": "sdr", "effective_from": DAY(2020, 1, 1), "effective_to": DAY(2026, 1, 30)},
        {"role": "rep", "effective_from": DAY(2026, 1, 31)},
    ]
    found = inputs(plan(), [quota("ann", *Q1, "900.00")], places=places)
    assert found == ([Fraction(60, 90)], [("01-01", "03-31", 60_000)])


def test_a_move_within_the_plan_cuts_nothing(inputs):
    places = [
        {"role": "rep", "effective_from": DAY(2020, 1, 1), "effective_to": DAY(2026, 1, 30)},
        {"role": "rep", "team": "U", "effective_from": DAY(2026, 1, 31)},
    ]
    found = inputs(plan(), [quota("ann", *Q1, "900.00")], places=places)
    assert found == ([1], [("01-01", "03-31", 90_000)])


def test_a_leave_cuts_what_it_is_said_to(inputs):
    leave = {"rep_id": "ann", "first_day": DAY(2026, 2, 1), "last_day": DAY(2026, 3, 2)}
    away = plan(crediting={"leaves": [leave]})
    found = inputs(away, [quota("ann", *Q1, "900.00")])
    assert found == ([1], [("01-01", "03-31", 60_000)])
    away = plan(crediting={"leaves": [{**leave, "reduces_target": True, "reduces_quota": False}]})
    found = inputs(away, [quota("ann", *Q1, "900.00")])
    assert found == ([Fraction(60, 90)], [("01-01", "03-31", 90_000)])


def test_a_quota_of_the_year_is_spread_by_days(inputs):
    by_year = plan(settings={"measured_over": "year"})
    found = inputs(by_year, [quota("ann", *YEAR, "365.01")])
    # 90, 91, 92 and 92 days; the odd cent goes where most was cut off.
    assert [cents for *_span, cents in found[1]] == [9000, 9100, 9201, 9200]
    assert found[1][1][:2] == ("04-01", "06-30")


def test_months_make_a_quarter(inputs):
    months = [
        quota("ann", DAY(2026, 1, 1), DAY(2026, 1, 31), "10.00"),
        quota("ann", DAY(2026, 2, 1), DAY(2026, 2, 28), "20.00"),
        quota("ann", DAY(2026, 3, 1), DAY(2026, 3, 31), "30.00"),
    ]
    assert [cents for *_span, cents in inputs(plan(), months)[1]] == [1000, 2000, 3000]


def test_the_highest_version_in_force_counts(inputs):
    versions = [
        quota("ann", *Q1, "900.00", version=1, effective_from=DAY(2025, 12, 1)),
        quota("ann", *Q1, "800.00", version=2, effective_from=DAY(2026, 3, 31)),
        quota("ann", *Q1, "100.00", version=3, effective_from=DAY(2026, 4, 1)),
    ]
    assert inputs(plan(), versions)[1] == [("01-01", "03-31", 80_000)]


def test_roll_ups_are_for_measures_of_roll_ups(inputs):
    both = [
        quota("ann", *Q1, "100.00", is_rollup=False),
        quota("ann", *Q1, "900.00", is_rollup=True, version=2),
    ]
    assert inputs(plan(), both)[1] == [("01-01", "03-31", 10_000)]
    of_team = plan(measures={"bookings": {"credits": ["rollup"]}})
    assert inputs(of_team, both)[1] == [("01-01", "03-31", 90_000)]
    assert inputs(of_team, both[:1])[1] == [("01-01", "03-31", 10_000)]


def test_a_ramp_of_the_plan_replaces_that_of_the_quota(inputs):
    ramp = plan(crediting={"ramp": ["0.3", "0.6"]})
    half = [quota("ann", *Q1, "450.00", ramp_percent=0.5)]
    # A full quota of 900: 30, 60 and 100 % of a month's 300.
    assert inputs(ramp, half, hired=DAY(2026, 1, 1))[1] == [("01-01", "03-31", 57_000)]
    assert inputs(ramp, half)[1] == [("01-01", "03-31", 90_000)]
    none = [quota("ann", *Q1, "0.00", ramp_percent=0.0)]
    with pytest.raises(InputError, match="a ramp of 0 %"):
        inputs(ramp, none)


def test_a_foreign_quota_counts_at_the_rate_of_its_first_day(inputs):
    rates = [
        {"date": DAY(2026, 1, 1), "from_currency": "USD", "to_currency": "EUR", "rate": 0.9},
        {"date": DAY(2026, 2, 1), "from_currency": "USD", "to_currency": "EUR", "rate": 0.5},
    ]
    dollars = [quota("ann", *Q1, "100.00", currency="USD")]
    assert inputs(plan(), dollars, fx_rates=rates)[1] == [("01-01", "03-31", 9000)]
    with pytest.raises(InputError, match="no rate from USD to EUR on 2026-01-01"):
        inputs(plan(), dollars)


def test_windows_of_different_length_need_one_share(inputs):
    parts = [
        {"name": "c", "kind": "flat", "measure": "bookings", "rate": "7%"},
        {
            "name": "y",
            "kind": "flat",
            "measure": "bookings",
            "rate": "1%",
            "settings": {"measured_over": "year"},
        },
    ]
    mixed = plan(components=parts)
    assert inputs(mixed, [quota("ann", *Q1, "900.00")])[0] == [1]
    with pytest.raises(InputError, match="different parts of the windows"):
        inputs(mixed, [quota("ann", *Q1, "900.00")], hired=DAY(2026, 3, 2))


def test_who_left_before_the_period_is_not_in_it(inputs):
    assert inputs(plan(), [quota("ann", *Q1, "9.00")], left=DAY(2025, 12, 31)) == ([], [])


def test_without_places_nobody_is_in_a_plan(make_snapshot):
    snapshot = make_snapshot(DAY(2026, 4, 1), reps=[{"rep_id": "ann", "name": "Ann"}])
    with pytest.raises(InputError, match="no rep_assignments"):
        snapshot_assignments(snapshot)
