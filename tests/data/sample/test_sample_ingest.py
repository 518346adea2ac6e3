"""The export goes through its mapping, and what comes out agrees with the truth."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from ibis import _

from salesops_lib.data.facts import CurrencySettings, deal_facts
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import Snapshot

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "sample.yaml"
AS_OF = dt.date(2026, 9, 30)


@pytest.fixture(scope="module", params=["csv", "parquet"])
def ingested(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ingested")
    write_sample(folder / "export", seed=8, scale=0.05, file_format=request.param)
    truth = json.loads((folder / "export" / "truth.json").read_text(encoding="utf-8"))
    result = ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    return Snapshot.open(result.path), truth


def test_every_canonical_table_and_column_is_filled(ingested):
    snapshot, _truth = ingested
    for name, table in TABLES.items():
        assert snapshot.has(name, *table.column_names), name


def test_defects_are_found_as_often_as_planted(ingested):
    snapshot, truth = ingested
    planted = {name: kind["count"] for name, kind in truth["defects"].items()}
    record = snapshot.manifest.tables["opportunities"]
    quarantined = {
        "closed_without_close_date": planted["missing_close_date"],
        "impossible_date:close_date": planted["year_typed_wrong"],
        "unreadable_number:amount": planted["decimal_comma"],
        "conflicting_rows": 2 * planted["differing_duplicate"],
    }
    assert record.quarantined == {name: n for name, n in quarantined.items() if n}
    assert record.skipped == planted["deleted_row"] + planted["test_deal"]
    assert record.noted == {
        "negative_amount:amount": planted["negative_amount"],
        "future_dated_won": planted["future_dated_won"],
        "unknown_reference:owner_id": planted["orphan_owner"],
        "stage_contradicts_flags": planted["stage_contradicts_flags"],
    }
    repaired = record.repaired
    assert repaired["identical_row"] == planted["identical_duplicate"]
    for column in ("stage", "product"):
        found = repaired.get(f"alias:{column}", 0) + repaired.get(f"trimmed:{column}", 0)
        assert found == planted[f"{column}_spelling"]
    others = [t for name, t in snapshot.manifest.tables.items() if name != "opportunities"]
    assert not any(table.quarantined or table.repaired for table in others)


def test_won_amounts_of_regions_and_teams_are_those_of_the_truth(ingested):
    snapshot, truth = ingested
    deals = deal_facts(snapshot, CurrencySettings(), AS_OF).filter(
        _.is_won, _.close_date <= AS_OF, _.team.notnull()
    )
    found = (
        deals.group_by("region", "team", year=_.close_date.year(), quarter=_.close_date.quarter())
        .agg(amount=_.amount.sum(), deals=_.count())
        .to_pandas()
    )
    found = found.assign(label=found["year"].astype(str) + "-Q" + found["quarter"].astype(str))
    by_place = found.set_index(["label", "region", "team"])
    expected = {
        (row["quarter"], row["region"], row["team"]): row
        for row in truth["totals"]
        if row["won_deals"]
    }
    won = {place: row["won_deals"] for place, row in expected.items()}
    assert by_place["deals"].to_dict() == won
    amounts = {place: row["won_amount_eur"] for place, row in expected.items()}
    assert by_place["amount"].astype(float).to_dict() == pytest.approx(amounts, abs=0.001)
