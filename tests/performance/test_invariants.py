"""What must not change a figure, and parts that must add up to their whole."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

import csv
import datetime as dt
import random
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from salesops_lib import performance
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import ROLES, open_view
from salesops_lib.performance.attainment import credited
from salesops_lib.performance.cohorts import GROUPINGS, pipeline_due

AS_OF = dt.date(2026, 9, 30)
PERIOD = "2026-Q3"
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"
TABLES = (
    *("opportunities", "stages", "reps", "rep_assignments", "accounts", "products"),
    *("quotas", "opportunity_splits", "fx_rates", "calendar"),
)
MIXED = ("Opportunity", "OpportunitySplit", "quotas", "people", "assignments", "Account")
MEASURES = (
    *("bookings", "deals_won", "win_rate", "win_rate_value", "win_rate_created"),
    *("win_rate_in_time", "average_deal", "median_deal", "cycle_days", "attainment"),
    *("pipeline_created", "deals_created", "velocity", "coverage"),
)
ADDITIVE = ("bookings", "deals_won", "pipeline_created", "deals_created", "open_amount")
PARTITIONS = ("region", "team", "rep", "product", "segment", "industry", "source")
NAMES = ("Ayşe Işık", "=1+1", "<b>Bo</b>", "O'Neil, Pat", "Åsa", "李", "No rep", "A")


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A folder with an export, the mapping of the tables that figures rest on, and a store."""
    folder = tmp_path_factory.mktemp("invariants")
    write_sample(folder / "export", seed=11, scale=0.05)
    yaml = YAML()
    mapping = yaml.load(MAPPING.read_text(encoding="utf-8"))
    for table in set(mapping["tables"]) - set(TABLES):
        del mapping["tables"][table]
    # Copies of a bad row are bad rows too.
    mapping["limits"]["quarantined"] = 1
    with (folder / "mapping.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(mapping, file)
    ingest_folder(folder / "export", folder / "mapping.yaml", AS_OF, folder / "store")
    return folder


@pytest.fixture(scope="module")
def view(company):
    return open_view(company / "store", period=PERIOD)


class Figures(dict):
    """Every number with its n and interval, by measure, grouping, group and role."""

    def __repr__(self):
        return f"{len(self)} figures"


@pytest.fixture(scope="module")
def figures(view):
    return figures_of(view)


def figures_of(view):
    found = Figures()
    for name in MEASURES:
        for by in (None, "region", "team", "rep", "product"):
            for row in getattr(performance, name)(view, by).rows:
                value = row.value
                found[name, by, row.group, row.role] = (
                    value.number,
                    value.n,
                    value.low,
                    value.high,
                )
    return found


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def write(path, head, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def mixed_export(source, target, seed, copies, names):
    """The export with rows in another order, some of them twice, in two files, renamed."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    chance = random.Random(seed)  # noqa: S311 (a test's dice)
    for stem in MIXED:
        head, rows = read(target / f"{stem}.csv")
        if stem == "people":
            place = head.index("full_name")
            for number, row in enumerate(rows):
                row[place] = f"{names[number % len(names)]} {number % 5}"
        rows += chance.choices(rows, k=copies)
        chance.shuffle(rows)
        cut = chance.randint(0, len(rows))
        write(target / f"{stem}.csv", head, rows[:cut])
        write(target / f"{stem}.2.csv", head, rows[cut:])


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32),
    copies=st.integers(0, 40),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
)
def test_order_copies_files_and_names_change_no_figure(company, figures, seed, copies, names):
    export, store = company / "mixed", company / "mixed-store"
    mixed_export(company / "export", export, seed, copies, names)
    shutil.rmtree(store, ignore_errors=True)
    ingest_folder(export, company / "mapping.yaml", AS_OF, store)
    mixed = open_view(store, period=PERIOD)
    read_rows = mixed.snapshot.manifest.tables["opportunities"].read
    assert read_rows == len(read(company / "export" / "Opportunity.csv")[1]) + copies
    found = figures_of(mixed)
    assert set(found) ^ set(figures) == set()
    for key, (number, n, *interval) in figures.items():
        other, other_n, *other_interval = found[key]
        assert other_n == n, key
        if isinstance(number, Decimal):
            assert other == number, key
        # Sums of squares and of logs depend on the order in the last digits.
        for one, two in zip((number, *interval), (other, *other_interval), strict=True):
            assert (two is None) == (one is None), key
            assert one is None or float(two) == pytest.approx(float(one), rel=1e-9), key


def cents(number):
    return Decimal(str(round(float(number or 0), 2)))


@pytest.mark.parametrize("by", PARTITIONS)
@pytest.mark.parametrize("name", ADDITIVE)
def test_every_partition_adds_up_to_the_whole_to_the_cent(view, name, by):
    measure = getattr(performance, name)
    whole, parts = measure(view), measure(view, by)
    assert len(parts.groups) > 1
    for role in ROLES if name != "open_amount" else ("current",):
        values = [parts.value(role, group) for group, _ in parts.groups]
        # A part without an amount for most of its deals says so, and has none.
        known = all(value.number is not None or not value.n for value in values)
        if known and whole.value(role).number is not None:
            total = sum((cents(value.number) for value in values), Decimal())
            assert total == cents(whole.value(role).number), role
        assert sum(value.n or 0 for value in values) == (whole.value(role).n or 0), role


@pytest.mark.parametrize("by", ["region", "team", "rep"])
def test_credit_and_quota_of_the_parts_are_those_of_the_whole(view, by):
    whole, parts = credited(view), credited(view, by)
    for role in ROLES:
        of_all = whole[whole["role"] == role]
        rows = parts[parts["role"] == role]
        for column in ("credit", "quota"):
            total = sum((cents(number) for number in rows[column].fillna(0)), Decimal())
            assert total == cents(of_all[column].iloc[0]), (role, column)
        assert rows["deals"].sum() == of_all["deals"].iloc[0]


@pytest.mark.parametrize("by", PARTITIONS)
def test_pipeline_due_next_quarter_adds_up(view, by):
    target = view.calendar.next(view.period)
    whole = pipeline_due(view, target.start, target.end).iloc[0]
    parts = pipeline_due(view, target.start, target.end, by)
    assert parts["open_deals"].sum() == whole["open_deals"] > 0
    assert sum(map(cents, parts["open_amount"].fillna(0))) == cents(whole["open_amount"])


@pytest.mark.parametrize("kind", ["region", "team"])
def test_reports_of_the_parts_add_up_to_the_report_of_the_company(company, view, kind):
    """The same sums, from reports of their own."""
    places = scopes(view.snapshot, kind, view.period, AS_OF)
    views = [open_view(company / "store", period=PERIOD, scope=str(place)) for place in places]
    for name in ("bookings", "deals_created"):
        measure = getattr(performance, name)
        unplaced = measure(view, kind).value(group="").number or 0
        total = sum((cents(measure(part).value().number) for part in views), cents(unplaced))
        assert total == cents(measure(view).value().number), name
    pipelines = [performance.open_pipeline(part).total for part in views]
    unplaced = performance.open_amount(view, kind).value(group="").number or 0
    assert sum(map(cents, pipelines), cents(unplaced)) == cents(
        performance.open_pipeline(view).total
    )


row = st.tuples(
    st.sampled_from(["R1", "R2", "R3", None]),
    st.sampled_from(["A", "B", None]),
    st.sampled_from(["2026-07-01", "2026-08-15", "2026-08-16", "2026-09-30", "2026-04-02"]),
    st.sampled_from(["100.00", "33.33", "0.01", "0.00", "-5.55", "99999999.99", None]),
    st.sampled_from([True, False, None]),
    st.sampled_from([(), (1 / 3, 1 / 3, 1 / 3), (0.5, 0.5), (0.07, 0.93)]),
)


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(row, min_size=1, max_size=12))
def test_odd_amounts_splits_and_moves_add_up(make_snapshot, deal, rows):
    deals = [
        deal(number, "2026-03-01", day, amount, won=won, owner=owner, product=product)
        for number, (owner, product, day, amount, won, _shares) in enumerate(rows)
    ]
    splits = [
        {"opportunity_id": f"D{number}", "rep_id": f"R{k}", "share": share, "kind": "revenue"}
        for number, (*_, shares) in enumerate(rows)
        for k, share in enumerate(shares, start=1)
    ]
    moved = [
        ("R1", "N", None, "2026-08-15"),
        ("R1", "S", "2026-08-16", None),
        ("R2", "S", None, None),
    ]
    places = [
        dict(
            zip(("rep_id", "team", "effective_from", "effective_to"), place, strict=True),
            region="EMEA",
        )
        for place in moved
    ]
    old = deal("old", "2024-01-01", "2024-01-02", "1.00", won=True)
    snapshot = make_snapshot(
        AS_OF, opportunities=[old, *deals], opportunity_splits=splits, rep_assignments=places
    )
    view = open_view(snapshot.path, period=PERIOD)
    for role in ROLES[:2]:
        start, end = view.windows[role].start, view.windows[role].end
        days = [(start <= dt.date.fromisoformat(day) <= end, day) for _o, _p, day, *_ in rows]
        true = sum(
            Decimal(amount or 0)
            for (*_, amount, won, _s), (inside, _day) in zip(rows, days, strict=True)
            if inside and won
        )
        for by in (None, "team", "rep", "product"):
            measure = performance.bookings(view, by)
            found = [measure.value(role, group).number or 0 for group, _ in measure.groups]
            assert sum(found) == true, (role, by)
        for by in (None, "region", "team", "rep"):
            parts = credited(view, by)
            parts = parts[parts["role"] == role]
            assert sum(map(cents, parts["credit"])) == true, (role, by)


def test_the_partitions_are_all_that_there_are():
    assert set(PARTITIONS) <= set(GROUPINGS)
