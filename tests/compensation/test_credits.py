"""Credits of small companies, worked by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.compensation.crediting_terms import CreditingTerms
from salesops_lib.compensation.credits import COLUMNS, deal_credits
from salesops_lib.errors import InputError
from salesops_lib.period import Period
from salesops_lib.yamlfile import validated

DAY = dt.date
Q1 = Period("quarter", 2026, 1, DAY(2026, 1, 1), DAY(2026, 3, 31))
Q2 = Period("quarter", 2026, 2, DAY(2026, 4, 1), DAY(2026, 6, 30))
CLOSE = DAY(2026, 2, 10)
AS_OF = DAY(2026, 7, 1)


def terms(**settings):
    return validated(settings, CreditingTerms, "plan.yaml")


def deal(number, owner, amount, close=CLOSE, **more):
    return {
        "opportunity_id": number,
        "owner_id": owner,
        "amount": amount,
        "currency": "EUR",
        "created_date": DAY(2025, 11, 1),
        "close_date": close,
        "stage": "Won",
        "is_closed": True,
        "is_won": True,
        **more,
    }


def place(rep, manager, team, since=None, until=None, role="rep"):
    return {
        "rep_id": rep,
        "manager_id": manager,
        "team": team,
        "region": "EMEA",
        "role": role,
        "effective_from": since,
        "effective_to": until,
    }


def split(number, rep, share, kind="revenue"):
    return {"opportunity_id": number, "rep_id": rep, "share": share, "kind": kind}


PEOPLE = [{"rep_id": rep, "name": rep.title()} for rep in ("ann", "bob", "cy", "max", "top", "ov")]
PLACES = [
    place("ann", "max", "North"),
    place("bob", "max", "North"),
    place("cy", "top", "South"),
    place("max", "top", "North", role="manager"),
    place("top", "top", "Lead", role="leader"),
    place("ov", "max", "North", role="overlay"),
]


@pytest.fixture
def company(make_snapshot):
    def made(deals, splits=(), places=PLACES, people=PEOPLE, **more):
        tables = {"opportunities": deals, "reps": people, "rep_assignments": places, **more}
        if splits:
            tables["opportunity_splits"] = list(splits)
        return make_snapshot(AS_OF, **tables)

    return made


def paid(found):
    return {
        (row.opportunity_id, row.kind, row.rep_id): row.amount_cents
        for row in found.frame.itertuples()
    }


def test_an_owner_has_the_deal_and_managers_above_have_it_too(company):
    found = deal_credits(company([deal("d1", "ann", "1000.00")]), terms(), Q1)
    assert paid(found) == {
        ("d1", "owner", "ann"): 100000,
        ("d1", "rollup", "max"): 100000,
        ("d1", "rollup", "top"): 100000,
    }
    row = found.frame.iloc[0]
    assert tuple(found.frame.columns) == COLUMNS
    assert (row.period, row.team, row.region, row.currency) == ("2026-Q1", "North", "EMEA", "EUR")
    assert row.share == Decimal(1)
    assert row.amount_cents.dtype == "int64"
    assert found.frame["credit_id"].is_unique


def test_shares_of_a_third_pay_the_whole_deal_and_the_owner_has_the_cent(company):
    splits = [split("d1", rep, 1 / 3) for rep in ("ann", "bob", "cy")]
    found = deal_credits(company([deal("d1", "cy", "100.00")], splits), terms(roll_ups="none"), Q1)
    assert paid(found) == {
        ("d1", "split", "cy"): 3334,
        ("d1", "split", "ann"): 3333,
        ("d1", "split", "bob"): 3333,
    }


@pytest.mark.parametrize(
    ("remainder", "expected"),
    # 0.05 at 50/30/20: 2.5, 1.5 and 1 cents; 2+1+1 leave one over, both halves tie.
    [
        ("largest_remainder", {"ann": 3, "bob": 1, "cy": 1}),
        ("owner", {"ann": 2, "bob": 1, "cy": 2}),
        ("running_total", {"ann": 3, "bob": 1, "cy": 1}),
    ],
)
def test_the_setting_says_who_has_the_cents_left_over(company, remainder, expected):
    splits = [split("d1", "ann", 0.5), split("d1", "bob", 0.3), split("d1", "cy", 0.2)]
    snapshot = company([deal("d1", "cy", "0.05")], splits)
    found = deal_credits(snapshot, terms(remainder=remainder, roll_ups="none"), Q1)
    assert {rep: cents for (_, _, rep), cents in paid(found).items()} == expected


def test_a_return_takes_from_each_what_the_sale_gave(company):
    splits = [split(d, rep, 1 / 3) for d in ("d1", "d2") for rep in ("ann", "bob", "cy")]
    deals = [deal("d1", "ann", "100.01"), deal("d2", "ann", "-100.01", DAY(2026, 3, 1))]
    found = deal_credits(company(deals, splits), terms(roll_ups="none"), Q1).frame
    assert found.groupby("rep_id")["amount_cents"].sum().tolist() == [0, 0, 0]
    aside = deal_credits(company(deals, splits), terms(negative_deals="withheld"), Q1).withheld
    assert aside[["opportunity_id", "reason"]].values.tolist() == [["d2", "has a negative amount"]]


def test_overlays_come_on_top_and_do_not_roll_up_unless_asked(company):
    snapshot = company([deal("d1", "ann", "1000.00")], [split("d1", "ov", 0.25, "overlay")])
    found = paid(deal_credits(snapshot, terms(roll_ups="manager"), Q1))
    assert found[("d1", "overlay", "ov")] == 25000
    assert found[("d1", "rollup", "max")] == 100000
    both = paid(deal_credits(snapshot, terms(roll_ups="manager", roll_up_overlays=True), Q1))
    assert both[("d1", "rollup", "max")] == 125000
    assert ("d1", "overlay", "ov") not in paid(deal_credits(snapshot, terms(overlays="none"), Q1))


def test_a_deal_shared_within_a_team_counts_once_for_its_manager(company):
    splits = [split("d1", "ann", 0.5), split("d1", "bob", 0.25), split("d1", "cy", 0.25)]
    found = deal_credits(company([deal("d1", "ann", "1000.00")], splits), terms(), Q1)
    assert paid(found)[("d1", "rollup", "max")] == 75000
    assert paid(found)[("d1", "rollup", "top")] == 100000
    shares = found.frame.set_index(["kind", "rep_id"])["share"]
    assert shares[("rollup", "max")] == Decimal("0.75")


def test_a_manager_with_a_share_of_her_own_has_that_and_what_rolls_up(company):
    splits = [split("d1", "ann", 0.5), split("d1", "max", 0.5)]
    found = paid(deal_credits(company([deal("d1", "ann", "1000.00")], splits), terms(), Q1))
    assert found[("d1", "split", "max")] == 50000
    assert found[("d1", "rollup", "max")] == 50000
    assert found[("d1", "rollup", "top")] == 100000


def test_a_transfer_in_mid_quarter_moves_deals_by_their_date_or_all(company):
    places = [
        *PLACES[1:],
        place("ann", "max", "North", DAY(2025, 1, 1), DAY(2026, 2, 14)),
        place("ann", "top", "South", DAY(2026, 2, 15)),
    ]
    deals = [deal("d1", "ann", "10.00"), deal("d2", "ann", "20.00", DAY(2026, 3, 1))]
    snapshot = company(deals, places=places)
    by_day = deal_credits(snapshot, terms(), Q1)
    assert [k for k in paid(by_day) if k[2] == "max"] == [("d1", "rollup", "max")]
    owner = by_day.frame[by_day.frame["kind"] == "owner"]
    assert owner["team"].tolist() == ["North", "South"]
    by_end = deal_credits(snapshot, terms(transfers="period_end"), Q1)
    assert [k for k in paid(by_end) if k[2] == "max"] == []
    assert set(by_end.frame.loc[by_end.frame["rep_id"] == "ann", "team"]) == {"South"}


def test_the_owner_is_the_one_at_the_close_or_todays(company):
    history = [
        {
            "opportunity_id": "d1",
            "changed_at": dt.datetime(2026, 5, 1, 9, 0),  # noqa: DTZ001 (UTC, as stored)
            "field": "owner",
            "old_value": "ann",
            "new_value": "bob",
            "provenance": "exact",
        }
    ]
    snapshot = company([deal("d1", "bob", "10.00")], opportunity_history=history)
    assert ("d1", "owner", "ann") in paid(deal_credits(snapshot, terms(), Q1))
    assert ("d1", "owner", "bob") in paid(deal_credits(snapshot, terms(owner="current"), Q1))


def test_a_leaver_gets_nothing_after_the_last_day_but_the_team_does(company):
    people = [
        {**person, "leave_date": DAY(2026, 2, 9) if person["rep_id"] == "ann" else None}
        for person in PEOPLE
    ]
    snapshot = company([deal("d1", "ann", "10.00")], people=people)
    found = deal_credits(snapshot, terms(), Q1)
    assert set(paid(found)) == {("d1", "rollup", "max"), ("d1", "rollup", "top")}
    assert found.withheld["reason"].tolist() == ["closed after the person's last day"]
    kept = deal_credits(snapshot, terms(after_leaving="credited"), Q1)
    assert ("d1", "owner", "ann") in paid(kept)


def test_credit_during_a_leave_is_set_aside_where_the_terms_say_so(company):
    leave = {"rep_id": "ann", "first_day": DAY(2026, 2, 1), "last_day": DAY(2026, 2, 28)}
    snapshot = company([deal("d1", "ann", "10.00"), deal("d2", "ann", "5.00", DAY(2026, 3, 1))])
    found = deal_credits(
        snapshot, terms(roll_ups="none", leaves=[{**leave, "credits": "withheld"}]), Q1
    )
    assert set(paid(found)) == {("d2", "owner", "ann")}
    assert found.withheld["opportunity_id"].tolist() == ["d1"]
    assert len(deal_credits(snapshot, terms(roll_ups="none", leaves=[leave]), Q1).frame) == 2


def test_what_cannot_be_credited_is_set_aside_with_its_reason(company):
    deals = [
        deal("d1", "ann", None),
        deal("d2", None, "5.00"),
        deal("d3", "ann", "5.00", None),
        deal("d4", "ann", "5.00", is_won=False),
        deal("d5", "ann", "5.00", DAY(2026, 4, 1)),
    ]
    found = deal_credits(company(deals), terms(), Q1)
    assert len(found.frame) == 0
    assert dict(zip(found.withheld["opportunity_id"], found.withheld["reason"], strict=True)) == {
        "d1": "has no amount",
        "d2": "has no owner",
        "d3": "has no close date",
    }


def test_several_periods_are_credited_at_once_each_under_its_label(company):
    deals = [deal("d1", "ann", "1.00"), deal("d2", "ann", "2.00", DAY(2026, 4, 1))]
    found = deal_credits(company(deals), terms(roll_ups="none"), [Q2, Q1])
    assert found.frame["period"].tolist() == ["2026-Q1", "2026-Q2"]
    assert found.totals["amount_cents"].tolist() == [100, 200]
    with pytest.raises(InputError, match="overlap"):
        deal_credits(company(deals), terms(), [Q1, Q1])


RATES = [
    {"date": DAY(2026, 1, 1), "from_currency": "USD", "to_currency": "EUR", "rate": 0.9},
    {"date": DAY(2026, 4, 1), "from_currency": "USD", "to_currency": "EUR", "rate": 0.8},
    {"date": DAY(2026, 4, 20), "from_currency": "USD", "to_currency": "EUR", "rate": 0.7},
]


@pytest.mark.parametrize(
    ("settings", "pay_day", "cents"),
    [
        ({}, None, 90000),
        ({"exchange_rate": "pay_date"}, DAY(2026, 4, 25), 70000),
        ({"exchange_rate": "constant", "constant_rate_day": DAY(2026, 4, 2)}, None, 80000),
    ],
)
def test_the_exchange_rate_is_that_of_the_deal_of_payment_or_constant(
    company, settings, pay_day, cents
):
    snapshot = company([deal("d1", "cy", "1000.00", currency="USD")], fx_rates=RATES)
    found = deal_credits(snapshot, terms(roll_ups="none", **settings), Q1, pay_day=pay_day)
    assert found.frame["amount_cents"].tolist() == [cents]


def test_a_missing_rate_or_day_of_payment_stops(company):
    snapshot = company([deal("d1", "cy", "1000.00", currency="USD")])
    with pytest.raises(InputError, match="no rate from USD to EUR"):
        deal_credits(snapshot, terms(), Q1)
    with pytest.raises(InputError, match="needs the day of payment"):
        deal_credits(snapshot, terms(exchange_rate="pay_date"), Q1)


def test_shares_that_miss_the_whole_stop_the_run(company):
    splits = [split("d1", "ann", 0.5), split("d1", "bob", 0.4)]
    snapshot = company([deal("d1", "ann", "1000.00")], splits)
    with pytest.raises(InputError, match=r"deal `d1` sum to 90.0000%, not to 100 %"):
        deal_credits(snapshot, terms(), Q1)
    found = deal_credits(snapshot, terms(share_tolerance="10%", roll_ups="none"), Q1)
    # 1,000.00 x 5/9 = 555.55 and 5/9 of a cent; x 4/9 = 444.44 and 4/9.
    assert sorted(paid(found).values()) == [44444, 55556]


def test_a_deal_twice_in_the_splits_stops_the_run(company):
    splits = [split("d1", "ann", 0.5), split("d1", "ann", 0.5)]
    with pytest.raises(InputError, match="`d1` is credited twice: `ann` has two revenue shares"):
        deal_credits(company([deal("d1", "ann", "1.00")], splits), terms(), Q1)


def test_people_who_lead_each_other_stop_the_run_but_only_on_the_same_day(company):
    before, after = DAY(2025, 12, 31), DAY(2026, 1, 1)
    swap = [
        place("ann", "bob", "N", DAY(2025, 1, 1), before),
        place("ann", None, "N", after),
        place("bob", None, "N", DAY(2025, 1, 1), before),
        place("bob", "ann", "N", after),
    ]
    snapshot = company([deal("d1", "bob", "1.00")], places=swap)
    assert ("d1", "rollup", "ann") in paid(deal_credits(snapshot, terms(), Q1))
    circle = [place("ann", "bob", "N"), place("bob", "ann", "N")]
    with pytest.raises(InputError, match="led by"):
        deal_credits(company([deal("d1", "bob", "1.00")], places=circle), terms(), Q1)


def test_hostile_ids_stay_ids(company):
    deals = [
        deal("a/owner", "ann", "1.00"),
        deal("a", "ann", "2.00"),
        deal("=cmd()", "ann", "3.00"),
    ]
    found = deal_credits(company(deals), terms(roll_ups="none"), Q1).frame
    assert found["credit_id"].is_unique
    assert set(found["opportunity_id"]) == {"a/owner", "a", "=cmd()"}


def test_amounts_beyond_the_digits_of_a_float_are_exact(company):
    deals = [deal("d1", "ann", "90071992547409.93"), deal("d2", "ann", None)]
    found = deal_credits(company(deals), terms(roll_ups="none"), Q1)
    assert found.frame["amount_cents"].tolist() == [9007199254740993]
