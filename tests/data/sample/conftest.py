from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from salesops_lib.data.sample import write_sample

# Defects that change a cell of the deal's own row (spelling is undone below).
_TOUCHED = (
    "missing_close_date",
    "year_typed_wrong",
    "negative_amount",
    "orphan_owner",
    "future_dated_won",
    "stage_contradicts_flags",
    "blank_amount",
    "differing_duplicate",
    "stage_spelling",
    "product_spelling",
)


@dataclass(frozen=True)
class Export:
    """A written sample, its files as frames."""

    folder: Path

    @cached_property
    def truth(self) -> dict[str, Any]:
        return json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))

    def frame(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.folder / f"{name}.parquet").to_pandas(date_as_object=False)

    def defective(self, *kinds: str) -> set[str]:
        return {i for kind in kinds for i in self.truth["defects"][kind]["ids"]}

    @cached_property
    def deals(self) -> pd.DataFrame:
        """Every deal once, without those whose own cells were spoilt."""
        deals = self.frame("Opportunity")
        extra = self.defective("test_deal", "deleted_row", *_TOUCHED)
        return deals[~deals["Id"].isin(extra)].drop_duplicates("Id").set_index("Id")

    @cached_property
    def history(self) -> pd.DataFrame:
        history = self.frame("OpportunityFieldHistory")
        return history[history["DataType"] != "Text"]

    @cached_property
    def users(self) -> pd.DataFrame:
        return self.frame("User")

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """HR's assignments, with the CRM's ids of the people."""
        rows = self.frame("assignments")
        ids = self.users.set_index("EmployeeNumber")["Id"]
        return rows.assign(
            rep_id=rows["employee_number"].map(ids),
            manager_id=rows["manager_number"].map(ids),
            effective_to=rows["effective_to"].fillna(pd.Timestamp("2099-12-31")),
        )


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("sample") / "full"
    write_sample(folder, file_format="parquet")
    return Export(folder)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "small"
    write_sample(folder, seed=5, scale=0.05)
    return folder
