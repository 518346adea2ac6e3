"""Files of an export, looked at to see what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from salesops_lib.data.ingest.readers import FURTHER, Layout, RawTable, raw_table
from salesops_lib.data.ingest.sources import WORKBOOK, Export
from salesops_lib.data.ingest.workbooks import sheet_names
from salesops_lib.data.snapshot import connection
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

    from salesops_lib.data.ingest.cells import Cells

__all__ = ["Sample", "export_samples"]

_ROWS = 20_000
_DISTINCT = 100


@dataclass(frozen=True, eq=False)
class Sample:
    """One file, or one sheet of a workbook.

    Parameters
    ----------
    file : str
        Name inside the export.
    sheet : str, optional
        Sheet of a workbook that has several.
    raw : RawTable
        Its cells.
    """

    file: str
    sheet: str | None
    raw: RawTable

    @property
    def label(self) -> str:
        """How people call it."""
        return f"{self.file} ({self.sheet})" if self.sheet else self.file

    @property
    def names(self) -> list[str]:
        """Column names."""
        return [name for name in self.raw.cells if name != FURTHER]

    def texts(self, column: str) -> list[str]:
        """Different texts in the first rows; none where the cells have a type of their own."""
        cells = self.raw.cells[column]
        return [] if cells.typed else self._different(cells, _ROWS)

    def all_texts(self, column: str) -> list[str]:
        """Different texts of a column, up to a hundred of them."""
        return self._different(self.raw.cells[column], None)[:_DISTINCT]

    def exceeds_one(self, column: str) -> bool:
        """Whether a column of shares or chances holds percentages."""
        found = self._different(self.raw.cells[column], _ROWS)
        return any(_number(text) > 1 for text in found)

    def _different(self, cells: Cells, rows: int | None) -> list[str]:
        clean = cells.cleaned([]).text
        column = self.raw.rows.select(text=clean)
        column = column.limit(rows) if rows is not None else column
        found = column.filter(column["text"].notnull()).distinct().order_by("text")
        return [str(text) for text in found.to_pyarrow()["text"].to_pylist()]


def _number(text: str) -> float:
    try:
        return float(text.rstrip("% ").replace(",", "."))
    except ValueError:
        return 0.0


def export_samples(folder: Path, work: Path) -> tuple[list[Sample], list[str]]:
    """All files of a folder that can be read, and sentences on those that cannot.

    Parameters
    ----------
    folder : Path
        The export.
    work : Path
        Temporary folder.

    Returns
    -------
    tuple of list of Sample and list of str

    Raises
    ------
    InputError
        There is no such folder, or nothing in it that could be read.
    """
    export, backend = Export(folder, work), connection()
    samples: list[Sample] = []
    refused: list[str] = []
    for name in export.names:
        path = folder / name
        try:
            sheets: list[str | None] = [None]
            if path.suffix.lower() in WORKBOOK:
                listed = sheet_names(path, name)
                sheets = [*listed] if len(listed) > 1 else [None]
            samples += [Sample(name, sheet, _raw(backend, export, path, sheet)) for sheet in sheets]
        except InputError as error:
            refused.append(str(error))
    if not samples:
        reason = f": {refused[0]}" if refused else ""
        raise InputError(f"no file that can be read{reason}", where=folder.name)
    return samples, refused


def _raw(backend: Backend, export: Export, path: Path, sheet: str | None) -> RawTable:
    raw = raw_table(backend, export, path, Layout(sheet=sheet), ())
    try:
        raw.rows.count().execute()
    except duckdb.Error:
        if raw.again is None:
            raise InputError("the file is damaged", where=raw.name) from None
        raw = raw.again()
    return raw
