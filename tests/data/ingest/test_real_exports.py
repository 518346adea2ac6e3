"""Real exports: what others published about them comes out again."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import ibis
import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.snapshot import Snapshot

MAPPINGS = Path(__file__).parents[3] / "parameters" / "mappings"


@pytest.fixture(scope="module")
def maven(shared_data, tmp_path_factory):
    return ingest_folder(
        shared_data / "maven_crm",
        MAPPINGS / "maven_crm.yaml",
        dt.date(2017, 9, 30),
        tmp_path_factory.mktemp("maven"),
    )


@pytest.fixture(scope="module")
def adventureworks(shared_data, tmp_path_factory):
    return ingest_folder(
        shared_data / "adventureworks",
        MAPPINGS / "adventureworks.yaml",
        dt.date(2019, 6, 30),
        tmp_path_factory.mktemp("adventureworks"),
    )


def frame(result, table):
    return Snapshot.open(result.path).table(table).to_pandas()


def test_maven_keeps_every_deal(maven):
    deals = frame(maven, "opportunities")
    assert deals["stage"].value_counts().to_dict() == {"Won": 3042, "Engaging": 2409, "Lost": 1684}
    assert deals["is_closed"].sum() == 3042 + 1684
    assert maven.frame["quarantined"].sum() == 0
    assert (maven.reasons["status"] == "noted").sum() == 0


def test_maven_repairs_the_known_misspellings(maven):
    counts = maven.reasons.set_index(["table", "reason"])["rows"]
    assert counts["opportunities", "alias:product"] == 1205
    assert counts["accounts", "alias:industry"] == 12
    assert counts["accounts", "alias:country"] == 1
    assert set(frame(maven, "opportunities")["product"]) <= set(frame(maven, "products")["product"])


@pytest.mark.parametrize(
    ("quarter", "closed", "won", "revenue", "regions"),
    [
        ("2017Q1", 647, 531, 1_134_672, (347_988, 329_151, 457_533)),
        ("2017Q2", 2032, 1254, 3_086_111, (957_321, 1_016_823, 1_111_967)),
        ("2017Q3", 2047, 1257, 2_982_255, (1_053_202, 919_767, 1_009_286)),
    ],
)
def test_maven_quarters_are_as_published(maven, quarter, closed, won, revenue, regions):
    deals = frame(maven, "opportunities")
    team = frame(maven, "rep_assignments").set_index("rep_id")["region"]
    deals = deals[deals["is_closed"]]
    ours = deals[deals["close_date"].dt.to_period("Q").astype(str) == quarter]
    sold = ours[ours["is_won"]]
    assert (len(ours), len(sold), sold["amount"].sum()) == (closed, won, Decimal(revenue))
    by_region = sold.groupby(sold["owner_id"].map(team))["amount"].sum()
    assert tuple(by_region[["Central", "East", "West"]]) == tuple(map(Decimal, regions))


def test_maven_people_and_accounts(maven):
    people = frame(maven, "reps")
    team = frame(maven, "rep_assignments")
    assert (len(people), len(team)) == (41, 41)
    assert (team["role"] == "manager").sum() == 6
    assert set(team["manager_id"].dropna()) <= set(people["rep_id"])
    accounts = frame(maven, "accounts").set_index("account_id")
    assert len(accounts) == 85
    assert accounts.loc["Acme Corporation", "annual_revenue"] == pytest.approx(1_100_040_000)


def test_adventureworks_orders_add_up_to_the_cent(adventureworks):
    snapshot = Snapshot.open(adventureworks.path)
    deals = snapshot.table("opportunities")
    assert deals.count().to_pandas() == 1994
    assert deals.amount.sum().to_pandas() == Decimal("44408822.13")
    row = adventureworks.frame.set_index("table").loc["opportunities"]
    assert (row["read"], row["merged"], row["kept"]) == (30129, 28135, 1994)
    assert adventureworks.frame["quarantined"].sum() == 0


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("Jillian Carson", "1.83", "1.84"),
        ("Tsvi Reiter", "1.07", "1.08"),
        ("Linda Mitchell", "0.44", "0.41"),
        ("Pamela Ansman-Wolfe", "0.17", "0.06"),
    ],
)
def test_adventureworks_attainment_is_as_published(adventureworks, name, first, second):
    snapshot = Snapshot.open(adventureworks.path)
    reps, deals, quotas = (snapshot.table(n) for n in ("reps", "opportunities", "quotas"))
    (person,) = reps.filter(reps["name"] == name).rep_id.to_pandas()
    for year, wanted in ((2018, first), (2019, second)):
        start, end = dt.date(year - 1, 7, 1), dt.date(year, 6, 30)
        sold = deals.filter(deals.owner_id == person, deals.close_date.between(start, end))
        due = quotas.filter(
            quotas.rep_id == person,
            quotas.period_start >= ibis.literal(start),
            quotas.period_end <= ibis.literal(end),
        )
        assert due.count().to_pandas() >= 11
        attainment = sold.amount.sum().to_pandas() / due.amount.sum().to_pandas()
        assert round(attainment, 2) == Decimal(wanted)


def test_adventureworks_counts_no_target_and_no_sale_twice(adventureworks):
    quotas, team = frame(adventureworks, "quotas"), frame(adventureworks, "rep_assignments")
    assert quotas[quotas["is_rollup"].astype(bool)]["rep_id"].nunique() == 4
    assert quotas["period_end"].max() == dt.datetime(2020, 6, 30)  # noqa: DTZ001
    assert team["rep_id"].is_unique
    regions = team.set_index("rep_id")["region"]
    assert regions.isna().sum() == 1
    assert set(regions.dropna()) == {"North America", "Europe", "Pacific"}
