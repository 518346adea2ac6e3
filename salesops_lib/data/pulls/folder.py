"""The folder that a pull writes, whole or not at all: a Parquet file an object, a manifest."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.data.snapshot import connection
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "MANIFEST",
    "PullFolder",
    "PullResult",
    "PulledObject",
    "Sheet",
    "new_folder",
    "plain_number",
]

MANIFEST = "pull.json"
_BATCH = 20_000
_MEMORY = "512MB"
_EXPONENT = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d{1,2}")


@dataclass(frozen=True)
class PulledObject:
    """One object that was pulled, or could not be.

    Parameters
    ----------
    file : str
        File in the folder; empty when there is none.
    name : str
        Name of the object.
    rows : int
        Rows in the file.
    columns : tuple of str
        Columns of the file.
    lacking : tuple of str
        Columns that the mapping reads and the object does not have for this user.
    remark : str
        What else is to be known.
    """

    file: str
    name: str
    rows: int
    columns: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class PullResult:
    """A pull that is done.

    Parameters
    ----------
    folder : Path
        The export folder.
    source : str
        ``salesforce`` or ``hubspot``.
    api_version : str
        Version of the API that was asked.
    pulled_at : datetime
        When it began, UTC.
    since : date, optional
        First day of what was asked for.
    mapping : str
        Name of the mapping that said what to fetch.
    objects : tuple of PulledObject
        Object by object.
    """

    folder: Path
    source: str
    api_version: str
    pulled_at: dt.datetime
    since: dt.date | None
    mapping: str
    objects: tuple[PulledObject, ...] = field(default=())

    @property
    def remarks(self) -> list[str]:
        """Sentences on what is missing."""
        told = []
        for one in self.objects:
            if one.remark:
                told.append(f"{one.name}: {one.remark}")
            if one.lacking and one.file:
                told.append(f"{one.name}: not there for this user: {', '.join(one.lacking)}")
        return told

    @property
    def manifest(self) -> str:
        """Contents of `pull.json`."""
        values = {
            "source": self.source,
            "api_version": self.api_version,
            "pulled_at": self.pulled_at.isoformat(timespec="seconds"),
            "since": self.since.isoformat() if self.since else None,
            "mapping": self.mapping,
            "objects": [asdict(one) for one in self.objects],
        }
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


class Sheet:
    """One file in the making: all cells as text, so that the mapping reads them.

    Parameters
    ----------
    path : Path
        File to write.
    columns : sequence of str
        Its columns.
    numbers : iterable of str
        Those that hold numbers: ``1.39E8`` is written there as ``139000000``.
    order : sequence of str
        Columns that its rows are put in order by.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        numbers: Iterable[str] = (),
        order: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.columns = tuple(columns)
        self.rows = 0
        self._numbers = [self.columns.index(name) for name in numbers if name in self.columns]
        self._order = [name for name in order if name in self.columns]
        self._held: list[Sequence[str | None]] = []
        self._raw = path.with_name(f".{path.name}.raw")
        self._schema = pa.schema([(f"c{n}", pa.string()) for n in range(len(self.columns))])
        self._writer = pq.ParquetWriter(self._raw, self._schema)

    def add(self, row: Sequence[str | None]) -> None:
        """Add a row."""
        cells = [_clean(cell) for cell in row]
        for place in self._numbers:
            cells[place] = plain_number(cells[place])
        self._held.append(cells)
        self.rows += 1
        if len(self._held) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            cells = zip(*self._held, strict=True)
            arrays = [pa.array(column, pa.string()) for column in cells]
            self._writer.write_table(pa.table(arrays, schema=self._schema))
            self._held = []

    def close(self) -> None:
        """Put the rows in order, so that the same rows give the same file."""
        self._flush()
        self._writer.close()
        backend = connection()
        try:
            backend.con.execute("SET memory_limit = ?", [_MEMORY])
            backend.con.execute("SET temp_directory = ?", [str(self.path.parent / ".spill")])
            rows = backend.read_parquet(str(self._raw))
            order = [f"c{self.columns.index(name)}" for name in self._order]
            rows = rows.order_by(order) if order else rows
            named = rows.select(**{name: f"c{n}" for n, name in enumerate(self.columns)})
            backend.to_parquet(named, self.path, compression="zstd")
        finally:
            backend.disconnect()
            self.discard()

    def discard(self) -> None:
        """Remove what is not the finished file."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._raw.unlink(missing_ok=True)
        shutil.rmtree(self.path.parent / ".spill", ignore_errors=True)


def _clean(cell: str | None) -> str | None:
    if cell is None or cell == "":
        return None
    # Half a surrogate pair and a zero byte are in no text that a file can hold.
    return cell.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def plain_number(cell: str | None) -> str | None:
    """Number as it is written without an exponent; any other text as it is.

    Examples
    --------
    >>> plain_number("1.39E8"), plain_number("-1.5e-1"), plain_number("1,5E3 EUR")
    ('139000000', '-0.15', '1,5E3 EUR')
    """
    if cell is None or not _EXPONENT.fullmatch(cell):
        return cell
    try:
        return format(Decimal(cell), "f")
    except InvalidOperation:
        return cell


class PullFolder:
    """A pull's folder in the making.

    Parameters
    ----------
    work : Path
        Temporary folder beside the place where it will be.
    """

    def __init__(self, work: Path) -> None:
        self.work = work

    @contextlib.contextmanager
    def sheet(
        self, name: str, columns: Sequence[str], numbers: Iterable[str] = (),
        order: Sequence[str] = (),
    ) -> Iterator[Sheet]:  # fmt: skip
        """File of one object, to be filled; gone again where that fails."""
        made = Sheet(self.work / f"{name}.parquet", columns, numbers, order)
        try:
            yield made
        except BaseException:
            made.discard()
            raise
        made.close()


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[PullFolder]:
    """Folder that appears whole when the block ends, and not at all when it fails.

    Parameters
    ----------
    folder : Path
        Where it will be. It may be there already as long as it is empty.

    Raises
    ------
    InputError
        Something is there already, or the place cannot be written to.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(
            "is there already, and a pull never writes over anything; name another folder",
            where=str(folder),
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(folder)) from None
    try:
        yield PullFolder(work)
        work.chmod(0o755)
        work.rename(folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"cannot be written: {why}", where=str(folder)) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
