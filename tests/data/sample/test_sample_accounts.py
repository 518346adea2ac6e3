"""Accounts, names and amounts as a company would have them."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.data.sample.company import CURRENCIES
from salesops_lib.data.sample.exchange_rates import RATES, eur_cents, rounded_amounts
from salesops_lib.data.sample.names import account_stems, person_name
from salesops_lib.data.sample.timeline import day_of

JPY, TRY, EUR = (CURRENCIES.index(code) for code in ("JPY", "TRY", "EUR"))


def test_accounts_fit_their_segment_and_country(export):
    accounts = export.frame("Account")
    assert len(accounts) == pytest.approx(3_000, rel=0.05)
    limits = {"SMB": (8, 180), "Mid-market": (180, 1_500), "Enterprise": (1_500, 60_000)}
    for segment, (low, high) in limits.items():
        staff = accounts.loc[accounts["Segment__c"] == segment, "NumberOfEmployees"].dropna()
        assert staff.between(low, high).all()
        assert len(staff) > 200
    by_country = accounts.groupby("BillingCountry")["CurrencyIsoCode"].agg(["nunique", "first"])
    assert (by_country["nunique"] == 1).all()
    assert by_country.loc["Türkiye", "first"] == "TRY"
    assert by_country.loc["Poland", "first"] == "PLN"


def test_parents_are_enterprises_and_nobody_is_the_own_parent(export):
    accounts = export.frame("Account").set_index("Id")
    children = accounts.dropna(subset=["ParentId"])
    assert 100 < len(children) < 300
    assert (accounts.loc[children["ParentId"], "Segment__c"] == "Enterprise").all()
    assert (children["Segment__c"] != "Enterprise").all()


def test_deals_are_in_the_currency_of_their_account(export):
    accounts = export.frame("Account").set_index("Id")["CurrencyIsoCode"]
    deals = export.deals
    assert (deals["AccountId"].map(accounts) == deals["CurrencyIsoCode"]).all()
    assert deals["CurrencyIsoCode"].nunique() == len(CURRENCIES)


def test_company_names_do_not_repeat_until_all_are_used():
    names = account_stems(np.arange(7_296)).to_pylist()
    assert len(set(names)) == len(names)
    assert account_stems(np.array([7_296])).to_pylist() == [f"{names[0]} 2"]


def test_people_have_names_from_their_culture():
    rng = np.random.default_rng(1)
    native = [person_name("japanese", rng) for _ in range(60)]
    assert 0.4 < np.mean([not name.full.isascii() for name in native]) < 0.9
    for culture in ("turkish", "polish", "arabic", "irish", "vietnamese", "japanese"):
        for _ in range(20):
            mailbox = person_name(culture, rng).mailbox
            assert mailbox.isascii()
            assert mailbox == mailbox.lower()
            assert " " not in mailbox


def test_amounts_are_quoted_in_round_numbers_of_their_currency():
    eur, quarter = np.array([20_000.0]), np.array([16])
    for currency in range(len(CURRENCIES)):
        quoted = rounded_amounts(eur, np.array([currency]), quarter, np.array([0.9]))[0]
        assert quoted % 5_000 == 0
        back = eur_cents(np.array([quoted]), np.array([currency]), np.array([day_of(2026, 2, 1)]))
        assert back[0] == pytest.approx(2_000_000, rel=0.02)
    assert rounded_amounts(eur, np.array([JPY]), quarter, np.array([0.0]))[0] % 100 == 0


def test_euros_are_rounded_half_up_to_the_cent():
    day = np.array([day_of(2026, 9, 30)])
    rate = RATES[TRY, 18]
    cents = np.array([123_456_789])
    assert eur_cents(cents, np.array([TRY]), day)[0] == int(123_456_789 * rate + 0.5)
    assert eur_cents(cents, np.array([EUR]), day)[0] == 123_456_789


def test_the_lira_loses_value_as_it_did():
    units = 1 / RATES[TRY]
    assert units[0] == pytest.approx(15.1, abs=0.1)
    assert units[-1] > 50
    assert (np.diff(units) > 0).all()
