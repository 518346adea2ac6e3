"""The export folder: written beside its place, then put there whole."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from salesops_lib.data.sample.accounts import HOSTILE_ACCOUNT
from salesops_lib.data.sample.activities import activities_of, event_table, task_table
from salesops_lib.data.sample.arrays import Ints, generator
from salesops_lib.data.sample.company import REGIONS, TEAMS
from salesops_lib.data.sample.defects import Defects, hostile_deals, let_go_stale
from salesops_lib.data.sample.directory import Directory
from salesops_lib.data.sample.history import history_table
from salesops_lib.data.sample.identifiers import record_ids
from salesops_lib.data.sample.lifelines import lifeline_of
from salesops_lib.data.sample.opportunities import opportunity_columns, split_table
from salesops_lib.data.sample.organisation import size_of
from salesops_lib.data.sample.planted import Behaviour
from salesops_lib.data.sample.reference_tables import (
    fx_table,
    holiday_table,
    product_table,
    stage_table,
    tool_table,
)
from salesops_lib.data.sample.simulation import Division, simulated
from salesops_lib.data.sample.submissions import submission_table
from salesops_lib.data.sample.targets import Targets
from salesops_lib.data.sample.timeline import month_start
from salesops_lib.data.sample.truth import KIND, Truth
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TRUTH_FILE", "SampleSummary", "write_sample"]

TRUTH_FILE = "truth.json"
_SLICE = 25_000
_MOST = 5_000.0


@dataclass(frozen=True)
class SampleSummary:
    """What was written.

    Parameters
    ----------
    folder : Path
        The export.
    rows : dict of str to int
        Data rows by file.
    bytes : int
        Size of all files together.
    """

    folder: Path
    rows: dict[str, int]
    bytes: int

    def __str__(self) -> str:
        """One line for people."""
        rows = sum(self.rows.values())
        return f"{self.folder}: {len(self.rows)} files, {rows:,} rows, {self.bytes / 1e6:,.0f} MB"


def write_sample(
    folder: Path,
    *,
    seed: int = 2026,
    scale: float = 1.0,
    file_format: Literal["csv", "parquet"] = "csv",
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Write the simulated company's CRM export, and the truth behind it.

    The same seed, scale and format give the same bytes. The folder appears
    whole or not at all; an earlier sample in its place is replaced.

    Parameters
    ----------
    folder : Path
        Where the export goes. It must not exist, be empty, or hold a sample.
    seed : int
        Another seed is another company with the same habits.
    scale : float
        1 is about 15,000 deals and 85 reps at a time. From 58 on only the deals
        and accounts grow.
    file_format : str
        ``csv`` or ``parquet``.
    progress : callable, optional
        Called with the number of divisions done, and of all.

    Returns
    -------
    SampleSummary

    Raises
    ------
    InputError
        The folder holds something else, or a parameter is out of range.
    """
    _check(folder, seed, scale, file_format)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        rows = _Export(work, seed, scale, file_format).written(progress)
        size = sum(path.stat().st_size for path in work.iterdir())
        work.chmod(0o755)
        _put_in_place(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return SampleSummary(folder, rows, size)


def _check(folder: Path, seed: int, scale: float, file_format: str) -> None:
    if file_format not in {"csv", "parquet"}:
        raise InputError(
            f"unknown format `{file_format}`", found=file_format, allowed=["csv", "parquet"]
        )
    if seed < 0:
        raise InputError(f"the seed is {seed}, but must be 0 or more")
    if not (math.isfinite(scale) and 0.01 <= scale <= _MOST):
        raise InputError(f"the scale is {scale:g}, but must lie between 0.01 and {_MOST:g}")
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file, but the sample needs a folder", where=folder.name)
    if folder.is_dir() and any(folder.iterdir()) and not _is_sample(folder):
        raise InputError(
            f"the folder is not empty and no sample export (it has no {TRUTH_FILE} of one); "
            "name another folder, or remove it yourself",
            where=folder.name,
        )


def _is_sample(folder: Path) -> bool:
    try:
        with (folder / TRUTH_FILE).open(encoding="utf-8") as file:
            return KIND in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False


def _put_in_place(work: Path, folder: Path) -> None:
    """Rename the finished folder to its place; an earlier sample is moved aside first."""
    if not folder.exists():
        work.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old-", dir=folder.parent))
    os.replace(folder, aside)  # noqa: PTH105 (onto an empty folder, in one step)
    work.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


class _Export:
    """Files of one export, written division by division in bounded memory."""

    def __init__(self, work: Path, seed: int, scale: float, file_format: str) -> None:
        self._seed = seed
        self._size = size_of(scale)
        self._behaviour = Behaviour()
        self._truth = Truth(seed, scale, self._behaviour)
        self._is_text = file_format == "csv"
        self._defects = Defects(seed, as_text=self._is_text)
        self._targets = Targets()
        self._files = _Files(work, is_text=self._is_text)
        self._work = work
        self._people = self._deals = 0
        self._head = -1
        self._sellers = np.zeros(len(_MONTHS), dtype=np.int64)

    def written(self, progress: Callable[[int, int], None] | None) -> dict[str, int]:
        """Write everything; rows by file."""
        for name, table in (
            ("OpportunityStage", stage_table()),
            ("Product2", product_table()),
            ("fx", fx_table()),
            ("holidays", holiday_table()),
        ):
            self._files.write(name, table)
        for number in range(self._size.divisions):
            self._write_division(number)
            if progress is not None:
                progress(number + 1, self._size.divisions)
        self._files.write("quotas", self._targets.head_rows())
        self._files.write("tools", tool_table([int(n) for n in self._sellers]))
        rows = self._files.closed()
        with (self._work / TRUTH_FILE).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self._truth.text(self._defects, rows))
        return rows

    def _write_division(self, number: int) -> None:
        files = self._files
        division = simulated(
            self._size, self._behaviour, self._seed, number, files.rows.get("Account", 0)
        )
        directory = Directory(division, self._people, self._head)
        self._head = directory.head
        self._people += len(division.careers.people.all)
        self._truth.add(division, directory)
        names = hostile_deals(division.deals) if number == 0 else {}
        if len(names) > 1:
            # The second of the large deals is with the company that calls itself a formula.
            account = int(division.deals.account[list(names)[1]])
            division.accounts.renamed[account] = HOSTILE_ACCOUNT
        self._write_deals(division, directory, names)
        for start in range(0, len(division.accounts), _SLICE):
            stop = min(start + _SLICE, len(division.accounts))
            files.write("Account", division.accounts.table(start, stop))
        files.write("User", directory.users())
        files.write("people", directory.people())
        files.write("assignments", directory.assignments())
        files.write("training", directory.trainings())
        files.write("quotas", self._targets.rows_of(division, directory))
        files.write("forecast_submissions", submission_table(division, directory, self._seed))
        for month, day in enumerate(_MONTHS):
            self._sellers[month] += sum(
                division.positions[stint.position].role == "rep"
                for stint in division.roster.current(int(day))
            )

    def _write_deals(self, division: Division, directory: Directory, names: dict[int, str]) -> None:
        deals, number = division.deals, division.number
        stale = let_go_stale(deals, generator(self._seed, "stale", number))
        exported = np.flatnonzero(deals.exported)
        ids = record_ids("006", self._deals + np.arange(len(exported)))
        place = np.searchsorted(exported, stale)
        self._defects.found["stale_close_date"].add(ids.take(pa.array(place)).to_pylist())
        self._defects.begin(number, np.concatenate([stale, np.array(list(names), dtype=np.int64)]))
        rngs = [generator(self._seed, f"slices {name}", number) for name in ("life", "act", "text")]
        for start in range(0, len(exported), _SLICE):
            rows = exported[start : start + _SLICE]
            self._write_slice(division, directory, names, rows, ids[start : start + _SLICE], rngs)
        self._deals += len(exported)

    def _write_slice(
        self,
        division: Division,
        directory: Directory,
        names: dict[int, str],
        rows: Ints,
        ids: pa.Array,
        rngs: list[np.random.Generator],
    ) -> None:
        deals, careers, files = division.deals, division.careers, self._files
        lifeline = lifeline_of(deals, rows, rngs[0])
        managers = np.array([careers.manager_position(team) for team in range(len(TEAMS))])
        activities = activities_of(
            deals, rows, lifeline, careers.people.capture(), managers, division.roster, rngs[1]
        )
        columns = opportunity_columns(
            deals,
            rows,
            lifeline,
            activities.last_days(len(rows)),
            ids,
            directory.ids,
            division.accounts,
            rngs[2],
        )
        files.write("Opportunity", self._defects.spoilt(columns, deals, rows, names))
        files.write(
            "OpportunityFieldHistory",
            history_table(
                lifeline, ids, directory.ids, directory.names, files.rows["OpportunityFieldHistory"]
            ),
        )
        overlay = np.array([careers.overlay_position(region) for region in range(len(REGIONS))])
        files.write(
            "OpportunitySplit",
            split_table(
                deals,
                rows,
                ids,
                directory.ids,
                overlay,
                division.roster,
                self._behaviour,
                files.rows["OpportunitySplit"],
            ),
        )
        files.write("Task", task_table(activities, ids, directory.ids, files.rows["Task"]))
        files.write("Event", event_table(activities, ids, directory.ids, files.rows["Event"]))


_MONTHS = month_start(np.arange(12, 57))


class _Files:
    """Open files of an export, one a table."""

    def __init__(self, work: Path, *, is_text: bool) -> None:
        self._work, self._is_text = work, is_text
        self._open: dict[str, pcsv.CSVWriter | pq.ParquetWriter] = {}
        self.rows = dict.fromkeys(
            ("OpportunityFieldHistory", "OpportunitySplit", "Task", "Event", "Account"), 0
        )

    def write(self, name: str, table: pa.Table) -> None:
        """Append rows to a file."""
        if self._is_text:
            table = _spelled(table, "%d.%m.%Y" if name in _OF_HR else None)
        if name not in self._open:
            path = self._work / f"{name}.{'csv' if self._is_text else 'parquet'}"
            self._open[name] = (
                pcsv.CSVWriter(path, table.schema)
                if self._is_text
                else pq.ParquetWriter(path, table.schema, compression="zstd")
            )
        self._open[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows

    def closed(self) -> dict[str, int]:
        """Close all files; rows by file name."""
        for writer in self._open.values():
            writer.close()
        ending = "csv" if self._is_text else "parquet"
        return {f"{name}.{ending}": self.rows[name] for name in sorted(self._open)}


_OF_HR = ("people", "assignments")


def _spelled(table: pa.Table, date_format: str | None) -> pa.Table:
    """Moments as the CRM's own text, and dates in a given format."""
    for number, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            wanted = "%Y-%m-%dT%H:%M:%S.000Z"
        elif pa.types.is_date(column.type) and date_format is not None:
            wanted = date_format
        else:
            continue
        text = pc.strftime(table.column(number), format=wanted)
        table = table.set_column(number, column.name, text)
    return table
