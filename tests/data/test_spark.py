"""The same measures on Spark: another engine, the same figures."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pytest

from salesops_lib import performance
from salesops_lib.data.engine import EngineSnapshot, snapshot_on
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.past import past_snapshot
from salesops_lib.data.sample import write_sample
from salesops_lib.data.snapshot import Snapshot
from salesops_lib.data.view import View, open_view
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
AS_OF = dt.date(2026, 9, 30)

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="needs the extra `spark` (make spark) and Java",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spark")
    write_sample(folder / "export", seed=7, scale=0.05)
    mapping = ROOT / "parameters" / "mappings" / "sample.yaml"
    return ingest_folder(folder / "export", mapping, AS_OF, folder / "store").path


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    # What Spark and Ibis's backend for it warn of is not ours to mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        builder = SparkSession.builder.master("local[2]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield ibis.pyspark.connect(session)
        session.stop()


@pytest.fixture(scope="module")
def views(company: Path, spark: Any) -> tuple[View, View]:
    return (
        open_view(company, period="2026-Q3"),
        open_view(company, period="2026-Q3", engine=spark),
    )


MEASURES = (
    "bookings", "deals_won", "win_rate", "win_rate_value", "win_rate_created", "average_deal",
    "median_deal", "cycle_days", "pipeline_created", "deals_created", "open_amount", "attainment",
    "coverage", "velocity",
)  # fmt: skip


def shown(result: Any) -> str:
    """All that a result shows and tells machines."""
    bundle = result.records() if hasattr(result, "records") else result._repr_mimebundle_()
    return json.dumps(bundle, default=str, sort_keys=True)


@needs_spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("by", [None, "team"])
@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_the_same_on_spark(views, name, by):
    here, there = (getattr(performance, name)(view, by).records() for view in views)
    assert there == here


@needs_spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["trend", "findings", "scorecard", "people", "data_quality"])
def test_a_part_of_the_review_is_the_same_on_spark(views, name):
    here, there = (shown(getattr(performance, name)(view)) for view in views)
    assert there == here


@needs_spark
@pytest.mark.filterwarnings("ignore")
def test_spark_writes_nothing_beside_the_snapshot(views, company):
    shutil.rmtree(company / "derived", ignore_errors=True)
    performance.bookings(
        open_view(company, period="2026-Q3", engine=views[1].snapshot.backend), "team"
    )
    assert not (company / "derived").exists()


def test_another_engine_reads_the_same_rows(company):
    view = open_view(company, period="2026-Q3", engine=ibis.duckdb.connect())
    assert isinstance(view.snapshot, EngineSnapshot)
    here = open_view(company, period="2026-Q3")
    assert performance.bookings(view).records() == performance.bookings(here).records()


def test_an_engine_shows_the_snapshots_own_day_only(company):
    past = past_snapshot(Snapshot.open(company), dt.date(2026, 6, 30))
    with pytest.raises(InputError, match="its own day only, 2026-09-30"):
        snapshot_on(past, ibis.duckdb.connect())
