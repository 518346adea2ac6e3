"""Parts of a snapshot's deals hold each deal once, and add up to the same tables."""

from __future__ import annotations

import datetime as dt
from itertools import chain, pairwise

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.data.facts import CurrencySettings, credit_facts, deal_facts
from salesops_lib.data.history import deals_as_of
from salesops_lib.data.parts import WHOLE, Part, deal_parts, files_of, write_parts
from salesops_lib.data.snapshot import Manifest, Snapshot, TableRecord


def written(folder, groups):
    """Snapshot whose file of deals has these groups of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = pa.schema({"opportunity_id": pa.string()})
    with pq.ParquetWriter(folder / "opportunities.parquet", schema) as file:
        for ids in groups:
            file.write_table(pa.table({"opportunity_id": ids}, schema))
    rows = sum(map(len, groups))
    record = TableRecord(read=rows, kept=rows, columns=("opportunity_id",), sha256="")
    manifest = Manifest(
        id="2026-09-30-0", name="made up", as_of=dt.date(2026, 9, 30), schema_version=1,
        library_version="0", sources=(), tables={"opportunities": record}, mapping={},
    )  # fmt: skip
    return Snapshot(folder, manifest)


def edges(snapshot, most):
    return [(part.first, part.before) for part in deal_parts(snapshot, most)]


def test_few_deals_are_one_part(tmp_path):
    assert edges(written(tmp_path, [["a", "b"], ["c"]]), 3) == [(None, None)]


def test_no_deals_are_one_part(tmp_path):
    assert edges(written(tmp_path, []), 3) == [(None, None)]


def test_parts_are_cut_between_groups_of_rows(tmp_path):
    snapshot = written(tmp_path, [["a", "b"], ["c", "d"], ["e"], ["f", "g"]])
    assert edges(snapshot, 3) == [(None, "c"), ("c", "f"), ("f", None)]


def test_a_group_that_is_not_in_order_is_no_place_to_cut(tmp_path):
    snapshot = written(tmp_path, [["a", "x"], ["c", "d"], ["y", "z"]])
    assert edges(snapshot, 2) == [(None, "y"), ("y", None)]


def test_a_file_that_does_not_say_what_is_in_it_is_one_part(tmp_path):
    snapshot = written(tmp_path, [[None], ["a"], ["b"]])
    assert deal_parts(snapshot, 1) == (WHOLE,)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(st.text("abzé𝄞", max_size=3), min_size=1, max_size=4), max_size=6),
    st.integers(1, 6),
)
def test_each_deal_lies_in_one_part_and_the_parts_are_in_order(tmp_path_factory, groups, most):
    snapshot = written(tmp_path_factory.mktemp("parts"), groups)
    parts = deal_parts(snapshot, most)
    rows = snapshot.table("opportunities")
    found = [part.of(rows).to_pyarrow()["opportunity_id"].to_pylist() for part in parts]
    assert sorted(chain(*found)) == sorted(chain(*groups))
    for one, following in pairwise(found):
        if one and following:
            assert max(one) < min(following)


def change(number, at, field, old, new):
    return {
        "opportunity_id": f"D{number}", "changed_at": f"{at} 12:00:00", "field": field,
        "old_value": old, "new_value": new, "provenance": "exact",
    }  # fmt: skip


def test_states_and_facts_of_parts_are_those_of_all(make_snapshot, deal, tmp_path):
    number_of_deals, day = 6, dt.date(2026, 6, 30)
    company = make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=[
            deal(n, "2026-03-02", f"2026-0{n + 3}-10", "90.00", won=True, owner="R1", stage="Won")
            for n in range(1, number_of_deals + 1)
        ],
        opportunity_history=[
            change(n, f"2026-0{n + 3}-10", "stage", "Proposal", "Won")
            for n in range(1, number_of_deals + 1)
        ],
        opportunity_splits=[
            {"opportunity_id": "D4", "rep_id": rep, "share": share, "kind": "revenue"}
            for rep, share in (("R1", "0.7"), ("R2", "0.3"))
        ],
    )
    parts = (Part(None, "D2"), Part("D2", "D5"), Part("D5", None))
    euro = CurrencySettings()
    deals = deal_facts(company, euro, company.as_of)
    tables = {
        "states": lambda part: deals_as_of(company, day, part),
        "deals": lambda part: deal_facts(company, euro, company.as_of, part),
        "credits": lambda part: credit_facts(company, deals, company.as_of, part),
    }
    for name, make in tables.items():
        files = write_parts(parts, tmp_path, name, make)
        assert files == str(tmp_path / files_of(name))
        assert len(list(tmp_path.glob(files_of(name)))) == len(parts)
        found = company.backend.read_parquet(files).to_pyarrow()
        assert found.to_pylist() == make(WHOLE).to_pyarrow().to_pylist()
        assert found.num_rows >= number_of_deals
