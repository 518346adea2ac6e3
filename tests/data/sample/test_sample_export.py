"""The export folder: same bytes, whole or not at all, never over somebody's files."""

from __future__ import annotations

import hashlib
import json
import os

import pandas as pd
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from salesops_lib.data.sample import export as sample_export
from salesops_lib.data.sample import write_sample
from salesops_lib.errors import InputError

FILES = {
    "Account",
    "Event",
    "Opportunity",
    "OpportunityFieldHistory",
    "OpportunitySplit",
    "OpportunityStage",
    "Product2",
    "Task",
    "User",
    "assignments",
    "forecast_submissions",
    "fx",
    "holidays",
    "people",
    "quotas",
    "tools",
    "training",
}


def hashes(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, file_format):
    for name in ("one", "two"):
        write_sample(tmp_path / name, seed=3, scale=0.05, file_format=file_format)
    one, two = hashes(tmp_path / "one"), hashes(tmp_path / "two")
    assert one == two
    assert set(one) == {f"{name}.{file_format}" for name in FILES} | {"truth.json"}


def test_another_seed_gives_another_company(tmp_path, small):
    write_sample(tmp_path / "other", seed=6, scale=0.05)
    other, one = hashes(tmp_path / "other"), hashes(small)
    assert [name for name in one if one[name] == other[name]] == [
        "OpportunityStage.csv",
        "Product2.csv",
        "fx.csv",
        "holidays.csv",
    ]


def test_both_formats_hold_the_same_rows(tmp_path, small):
    write_sample(tmp_path / "parquet", seed=5, scale=0.05, file_format="parquet")
    for name in FILES - {"Opportunity"}:
        text = pcsv.read_csv(small / f"{name}.csv").to_pandas()
        typed = pq.read_table(tmp_path / "parquet" / f"{name}.parquet").to_pandas()
        assert list(text.columns) == list(typed.columns), name
        assert len(text) == len(typed), name
    deals = pcsv.read_csv(
        small / "Opportunity.csv", parse_options=pcsv.ParseOptions(newlines_in_values=True)
    )
    assert "string" in str(deals.schema.field("Amount").type)
    typed = pq.read_schema(tmp_path / "parquet" / "Opportunity.parquet")
    assert str(typed.field("Amount").type) == "decimal128(18, 2)"


def test_summary_and_truth_count_the_rows(tmp_path):
    seen = []
    summary = write_sample(
        tmp_path / "s", seed=5, scale=0.05, progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(1, 1)]
    assert summary.bytes == sum(p.stat().st_size for p in (tmp_path / "s").iterdir())
    truth = json.loads((tmp_path / "s" / "truth.json").read_text(encoding="utf-8"))
    assert truth["rows"] == summary.rows
    for name, rows in summary.rows.items():
        assert len(pd.read_csv(tmp_path / "s" / name, dtype=str)) == rows, name


def test_a_larger_company_has_divisions_with_ids_of_their_own(tmp_path):
    write_sample(tmp_path / "large", scale=2, file_format="parquet")
    deals = pq.read_table(tmp_path / "large" / "Opportunity.parquet", columns=["Id"]).to_pandas()
    truth = json.loads((tmp_path / "large" / "truth.json").read_text(encoding="utf-8"))
    repeated = deals["Id"].value_counts()
    twice = truth["defects"]["identical_duplicate"], truth["defects"]["differing_duplicate"]
    assert (repeated > 1).sum() == sum(kind["count"] for kind in twice)
    assert deals["Id"].nunique() == pytest.approx(31_000, rel=0.1)
    users = pq.read_table(tmp_path / "large" / "User.parquet").to_pandas()
    assert users["Id"].is_unique
    assert users["Email"].is_unique
    assert users["ManagerId"].isna().sum() == 1
    teams = pq.read_table(tmp_path / "large" / "assignments.parquet").to_pandas()["team"]
    assert {"US East", "US East 2"} <= set(teams)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_parts_of_any_size_fit_together(tmp_path, monkeypatch, file_format):
    monkeypatch.setattr(sample_export, "_SLICE", 61)
    summary = write_sample(tmp_path / "s", seed=5, scale=0.05, file_format=file_format)
    truth = json.loads((tmp_path / "s" / "truth.json").read_text(encoding="utf-8"))
    extra = sum(
        truth["defects"][name]["count"]
        for name in ("test_deal", "deleted_row", "identical_duplicate", "differing_duplicate")
    )
    deals = truth["realised"]["closed_deals"] + sum(row["deals"] for row in truth["open_pipeline"])
    assert summary.rows[f"Opportunity.{file_format}"] == deals + extra


def test_an_earlier_sample_is_replaced(tmp_path):
    folder = tmp_path / "sample"
    write_sample(folder, seed=1, scale=0.05)
    (folder / "left_over.csv").write_text("x")
    write_sample(folder, seed=2, scale=0.05)
    assert not (folder / "left_over.csv").exists()
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8"))["seed"] == 2
    assert os.listdir(tmp_path) == ["sample"]  # noqa: PTH208 (hidden files count)


def test_an_empty_folder_is_filled(tmp_path):
    folder = tmp_path / "deep" / "sample"
    folder.mkdir(parents=True)
    assert write_sample(folder, scale=0.05).folder == folder
    assert (folder / "Opportunity.csv").is_file()


@pytest.mark.parametrize("name", ["notes.txt", "truth.json"])
def test_a_foreign_folder_is_refused_and_stays(tmp_path, name):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).write_text('{"kind": "my own file"}')
    with pytest.raises(InputError, match="not empty and no sample export"):
        write_sample(folder, scale=0.05)
    assert [path.name for path in folder.iterdir()] == [name]
    assert os.listdir(tmp_path) == ["mine"]  # noqa: PTH208 (hidden files count)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"scale": 0.0}, "the scale is 0, but must lie between 0.01 and 5000"),
        ({"scale": float("nan")}, "the scale is nan"),
        ({"seed": -1}, "the seed is -1, but must be 0 or more"),
        ({"file_format": "cvs"}, "did you mean `csv`"),
    ],
)
def test_parameters_out_of_range_are_refused(tmp_path, arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        write_sample(tmp_path / "sample", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "sample").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        write_sample(tmp_path / "sample")
    assert (tmp_path / "sample").read_text() == "mine"


def test_a_failure_leaves_the_old_sample_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "sample"
    write_sample(folder, seed=1, scale=0.05)
    before = hashes(folder)

    def broken(*_arguments):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(sample_export, "tool_table", broken)
    with pytest.raises(RuntimeError, match="disk on fire"):
        write_sample(folder, seed=2, scale=0.05)
    assert hashes(folder) == before
    assert os.listdir(tmp_path) == ["sample"]  # noqa: PTH208 (hidden files count)
