"""What came of an ingest, told from the snapshot's manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.data.ingest.reasons import reason_sentence

if TYPE_CHECKING:
    from salesops_lib.data.snapshot import Manifest

__all__ = ["IngestResult", "reason_frame", "table_frame"]

MERGED = ("identical_row", "grouped_row", "unchanged")
"""Reasons of rows that went into another row: neither kept for themselves nor quarantined."""


@dataclass(frozen=True, eq=False)
class IngestResult:
    """What came of an ingest.

    Parameters
    ----------
    snapshot_id : str
        As-of date and content hash.
    path : Path
        Folder of the snapshot.
    is_new : bool
        False when the same snapshot was there already.
    frame : pandas.DataFrame
        One row per table; see `table_frame`.
    reasons : pandas.DataFrame
        One row per table and reason; see `reason_frame`.
    left_out : tuple of str
        What the mapping holds for optional and the export lacks.
    """

    snapshot_id: str
    path: Path
    is_new: bool
    frame: pd.DataFrame
    reasons: pd.DataFrame
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, manifest: Manifest, path: Path, *, is_new: bool, left_out: tuple[str, ...] = ()
    ) -> IngestResult:
        """Result told from a manifest."""
        tables, reasons = table_frame(manifest), reason_frame(manifest)
        return cls(manifest.id, path, is_new, tables, reasons, left_out)

    @property
    def headline(self) -> str:
        """One sentence."""
        kept, bad = int(self.frame["kept"].sum()), int(self.frame["quarantined"].sum())
        state = "written" if self.is_new else "there already"
        return (
            f"Snapshot {self.snapshot_id} {state}: {kept:,} rows in {len(self.frame)} tables, "
            f"{bad:,} quarantined."
            + (f" The export lacks: {'; '.join(self.left_out)}." if self.left_out else "")
        )


def table_frame(manifest: Manifest) -> pd.DataFrame:
    """Rows by table.

    Returns
    -------
    pandas.DataFrame
        `table`; and in rows: `read`, `skipped` (left out by a filter, or blank),
        `merged` (put into another row of the same key), `kept`, `quarantined`;
        and `repaired` and `noted`, the number of repairs and warnings on kept
        rows. read = skipped + merged + kept + quarantined.
    """
    rows = [
        {
            "table": name,
            "read": record.read,
            "skipped": record.skipped,
            "merged": sum(record.repaired.get(code, 0) for code in MERGED),
            "kept": record.kept,
            "repaired": sum(n for code, n in record.repaired.items() if code not in MERGED),
            "noted": sum(record.noted.values()),
            "quarantined": sum(record.quarantined.values()),
        }
        for name, record in manifest.tables.items()
    ]
    columns = ["table", "read", "skipped", "merged", "kept", "repaired", "noted", "quarantined"]
    return pd.DataFrame(rows, columns=columns)


def reason_frame(manifest: Manifest) -> pd.DataFrame:
    """Rows by table, status and reason.

    Returns
    -------
    pandas.DataFrame
        `table`, `status` (repaired, noted or quarantined), `reason` (stable
        code), `sentence`, `rows`.
    """
    rows = [
        {
            "table": name,
            "status": status,
            "reason": code,
            "sentence": reason_sentence(code),
            "rows": count,
        }
        for name, record in manifest.tables.items()
        for status in ("repaired", "noted", "quarantined")
        for code, count in getattr(record, status).items()
    ]
    return pd.DataFrame(rows, columns=["table", "status", "reason", "sentence", "rows"])
