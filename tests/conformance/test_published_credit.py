"""Published worked examples of credit splits and of quotas cut by days."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from salesops_lib.data.view import open_view
from salesops_lib.performance.attainment import credited
from salesops_lib.performance.pipeline import quota_by

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def shared_credit(make_snapshot, deal):
    """Credit by rep of one won deal of an amount, split by shares."""

    def credit(amount, shares, *, overlay=()):
        splits = [
            {"opportunity_id": "D1", "rep_id": rep, "share": share, "kind": kind}
            for kind, part in (("revenue", shares), ("overlay", overlay))
            for rep, share in dict(part).items()
        ]
        won = deal(1, "2026-07-01", "2026-08-01", amount, won=True)
        snapshot = make_snapshot(AS_OF, opportunities=[won], opportunity_splits=splits)
        frame = credited(open_view(snapshot.path, period="2026-Q3"), "rep")
        current = frame[frame["role"] == "current"]
        found = zip(current["group"], current["credit"], strict=True)
        return {rep: Decimal(str(round(part, 2))) for rep, part in found}

    return credit


def test_thirty_percent_of_a_commissionable_margin(shared_credit):
    """Ethotech: sale 100, cost 60, 10 % of the margin of 40 is 4.00; a 30 % split gets 1.20."""
    pool = (Decimal(100) - Decimal(60)) * Decimal("0.10")
    assert shared_credit(f"{pool:.2f}", {"A": 0.3, "B": 0.7})["A"] == Decimal("1.20")


def test_a_hundred_in_three_parts_keeps_every_cent(shared_credit):
    """100.00 by thirds is 33.34 + 33.33 + 33.33; three times 33.33 would lose a cent.

    Which of the three gets the odd cent differs between products: by the largest
    remainder the first, by running totals (here) the one at whom the total rounds up.
    """
    parts = shared_credit("100.00", dict.fromkeys("ABC", 1 / 3))
    assert sorted(parts.values()) == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
    assert parts["B"] == Decimal("33.34"), "33.33, then 66.67 - 33.33, then 100 - 66.67"


def test_overlay_credit_comes_on_top_and_in_no_total(shared_credit):
    """Salesforce, opportunity splits: revenue splits total 100 %, overlay splits any percent."""
    parts = shared_credit("1000.00", {"A": 0.6, "B": 0.4}, overlay={"SE": 0.5})
    assert parts == {"A": Decimal("600.00"), "B": Decimal("400.00")}


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(
    cents=st.integers(1, 10_000_000),
    percents=st.lists(st.integers(1, 50), min_size=1, max_size=4).filter(lambda p: sum(p) < 100),
)
def test_parts_add_up_to_the_deal(cents, percents):
    import ibis

    from salesops_lib.data.facts import credit_facts

    class Splits:
        """Only what the credit of one deal asks of a snapshot."""

        @staticmethod
        def table(name):
            from salesops_lib.data.schema import TABLES
            from salesops_lib.data.snapshot import ibis_schema

            rows = []
            if name == "opportunity_splits":
                shares = [*percents, 100 - sum(percents)]
                rows = [
                    {"opportunity_id": "D1", "rep_id": f"R{n}", "share": p / 100, "kind": "revenue"}
                    for n, p in enumerate(shares)
                ]
            return ibis.memtable(rows, schema=ibis_schema(TABLES[name]))

    amount = Decimal(cents) / 100
    deal = {
        "opportunity_id": "D1",
        "amount": amount,
        "is_closed": True,
        "is_won": True,
        "close_date": AS_OF,
        "owner_id": "R0",
    }
    kinds = dict.fromkeys(("opportunity_id", "owner_id"), "string")
    kinds |= {"amount": "decimal(18, 2)", "is_closed": "boolean", "is_won": "boolean"}
    kinds |= {"close_date": "date"}
    deals = ibis.memtable([deal], schema={name: kinds[name] for name in deal})
    parts = credit_facts(Splits(), deals, AS_OF).to_pyarrow()["amount"].to_pylist()
    assert sum(parts) == amount
    assert len(parts) == len(percents) + 1


@pytest.fixture
def quota_view(make_snapshot, deal):
    """View of quotas given as (first day, last day, amount)."""

    def view(as_of, period, *quotas):
        rows = [
            {
                "rep_id": "R1",
                "measure": "bookings",
                "period_start": start,
                "period_end": end,
                "amount": amount,
            }
            for start, end, amount in quotas
        ]
        deals = [deal(1, "2024-01-01", "2024-01-02", "1.00", won=True)]
        return open_view(make_snapshot(as_of, opportunities=deals, quotas=rows).path, period=period)

    return view


def test_a_year_by_quarters_cut_to_the_days_of_its_months(quota_view):
    """Anaplan community, day apportionment: 120 a year, 30 a quarter, in a leap year."""
    starts = [dt.date(2024, month, 1) for month in (1, 4, 7, 10)]
    ends = [dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 9, 30), dt.date(2024, 12, 31)]
    quotas = [(a, b, "30.00") for a, b in zip(starts, ends, strict=True)]
    view = quota_view(dt.date(2024, 12, 31), "FY2024", *quotas)
    months = view.calendar.within(view.period, "month")
    parts = [f"{quota_by(view, month.start, month.end)['all']:.2f}" for month in months]
    published = [
        "10.22",
        "9.56",
        "10.22",
        "9.89",
        "10.22",
        "9.89",
        "10.11",
        "10.11",
        "9.78",
        "10.11",
        "9.78",
        "10.11",
    ]
    # Running totals move a cent between neighbours, so that quarters stay whole.
    for part, exact in zip(parts, published, strict=True):
        assert abs(Decimal(part) - Decimal(str(exact))) <= Decimal("0.01"), (parts, published)
    quarters = [sum(map(Decimal, parts[n : n + 3])) for n in range(0, 12, 3)]
    assert quarters == [Decimal("30.00")] * 4


def test_a_quota_from_the_start_day_on(quota_view):
    """seanmmasters: 800,000 a year from 1 June is 214 of 365 days: 469,041.10."""
    view = quota_view(
        dt.date(2025, 12, 31), "FY2025", (dt.date(2025, 1, 1), dt.date(2025, 12, 31), "800000.00")
    )
    part = quota_by(view, dt.date(2025, 6, 1), dt.date(2025, 12, 31))["all"]
    assert f"{part:.2f}" == "469041.10"
    assert f"{part / 800_000:.4f}" == "0.5863"


def test_thirds_of_a_large_deal_lose_nothing(shared_credit):
    """Shares are numbers, and a third has no end: ten million each, to the cent."""
    parts = shared_credit("30000000.00", dict.fromkeys("ABC", 1 / 3))
    assert set(parts.values()) == {Decimal("10000000.00")}
