"""A database in place of an export folder: the tables that a mapping reads, copied as files."""

from __future__ import annotations

import os
import re
import tempfile
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as types

from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.data.ingest.wanted import Wanted, wanted_files
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

if TYPE_CHECKING:
    from ibis.expr.types import Table as IbisTable

__all__ = ["database_tables", "is_database"]

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_BY_NAME = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_FILES = frozenset({"duckdb", "sqlite"})


def is_database(source: str) -> bool:
    """Whether a source of an ingest is a database rather than a folder.

    Examples
    --------
    >>> is_database("duckdb:///data/crm.ddb"), is_database("env:WAREHOUSE")
    (True, True)
    >>> is_database("exports/2026-Q3")
    False
    """
    return bool(_URL.match(source) or _BY_NAME.fullmatch(source))


@contextmanager
def database_tables(source: str, mapping_file: Path, schema: str | None = None) -> Iterator[Path]:
    """Folder, for as long as the block lasts, with the tables that a mapping reads.

    A table stands for the file of its name: ``opportunity`` for ``opportunity.*``.
    Capitals make no difference, in the names of tables and of columns. Only the
    columns that the mapping reads are fetched, and the rows are put in order, so
    that the same tables give the same snapshot.

    Parameters
    ----------
    source : str
        Address that `ibis.connect` knows, such as ``duckdb:///data/crm.ddb``, or
        ``env:NAME`` for the environment variable that holds it. An address with a
        password must come from the environment, and is never shown.
    mapping_file : Path
        Mapping.
    schema : str, optional
        Schema of the tables, with a dot behind its catalog if need be. Default: the
        one that the connection begins in.

    Yields
    ------
    Path
        Temporary folder of Parquet files.

    Raises
    ------
    InputError
        The database cannot be reached, or lacks a table that the mapping needs.
    """
    wanted, _ = wanted_files(read_yaml(mapping_file, Mapping))
    with tempfile.TemporaryDirectory(prefix="salesops-") as work, _connected(source) as held:
        backend, title = held
        folder = Path(work) / title
        folder.mkdir()
        for one in wanted.values():
            _copy(backend, one, schema, folder, title)
        yield folder


@contextmanager
def _connected(source: str) -> Iterator[tuple[Any, str]]:
    """Connection, and what messages call it."""
    url, title = _address(source)
    scheme = url.partition(":")[0].lower()
    options: dict[str, Any] = {}
    if scheme in _FILES:
        parsed = urllib.parse.urlparse(url)
        path = Path(urllib.parse.unquote(parsed.netloc + parsed.path))
        if not path.is_file():
            raise InputError(f"no such file: {path.name}", where=title)
        # Connecting must neither make a file nor change one.
        options = {"read_only": True} if scheme == "duckdb" else {}
    try:
        backend = ibis.connect(url, **options)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the package {error.name} is missing that talks to {scheme}; install it with"
            f" pip install 'ibis-framework[{scheme}]'",
            where=title,
        ) from None
    except Exception as error:  # noqa: BLE001 (each driver has errors of its own)
        raise InputError(
            f"no connection ({type(error).__name__}); check the address and the credentials",
            where=title,
        ) from None
    try:
        yield backend, title
    finally:
        backend.disconnect()


def _address(source: str) -> tuple[str, str]:
    by_name = _BY_NAME.fullmatch(source)
    if by_name is not None:
        url = os.environ.get(by_name[1], "").strip()
        if not _URL.match(url):
            state = "holds no address of a database" if url else "is not set"
            raise InputError(f"the environment variable {by_name[1]} {state}")
        return url, by_name[1]
    found = _URL.match(source)
    scheme = found[1].lower() if found else ""
    try:
        secret = urllib.parse.urlparse(source).password
    except ValueError:
        secret = "?"  # noqa: S105 (an address that cannot be read may hold one)
    if secret or re.search(r"(password|pwd|token|secret)=", source, re.IGNORECASE):
        raise InputError(
            "an address with a password would stay in the shell's history; put it into an"
            " environment variable, say WAREHOUSE_URL, and write env:WAREHOUSE_URL"
        )
    return source, scheme


def _copy(backend: Any, one: Wanted, schema: str | None, folder: Path, title: str) -> None:
    table = _table(backend, one.name, schema)
    if table is None:
        if one.is_required:
            place = f"{title}, schema {schema}" if schema else title
            raise InputError(f"no table `{one.name}`", where=place)
        return
    names = _in_place(one, table.columns)
    columns = {wanted: _plain(table[there]) for wanted, there in names.items()}
    if not columns:
        return
    rows = table.select(**columns)
    try:
        rows.order_by(rows.columns).to_parquet(folder / f"{one.name}.parquet")
    except Exception as error:  # noqa: BLE001 (each driver has errors of its own)
        raise InputError(
            f"the table {one.name} cannot be read ({type(error).__name__})", where=title
        ) from None


def _table(backend: Any, name: str, schema: str | None) -> IbisTable | None:
    """Table of a name in the spelling that the database gives it; None when there is none."""
    place = tuple(schema.split(".")) if schema and "." in schema else schema
    for spelling in dict.fromkeys((name, name.lower(), name.upper())):
        try:
            table: IbisTable = backend.table(spelling, database=place)
        except Exception:  # noqa: BLE001, S112 (each driver has errors of its own)
            continue
        return table
    return None


def _in_place(one: Wanted, there: Sequence[str]) -> dict[str, str]:
    """Columns that the mapping reads: its own spelling, and the table's."""
    exact = set(there)
    folded = {name.casefold(): name for name in reversed(there)}
    found = {
        name: name if name in exact else folded[name.casefold()]
        for name in one.columns
        if name in exact or name.casefold() in folded
    }
    # What is missing and needed is told here, by the table's name.
    one.columns_of({*found, *(name for name in there if name not in found.values())})
    return found


def _plain(column: Any) -> Any:
    """Column of a kind that ingest reads: text for what is neither number, day nor flag."""
    kind = column.type()
    known = (
        types.String, types.Numeric, types.Boolean, types.Date, types.Timestamp,
    )  # fmt: skip
    return column if isinstance(kind, known) else column.cast("string")
