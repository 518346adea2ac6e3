"""Quarantine: the source rows that are not in the tables, each with its reason."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from salesops_lib.data.ingest.readers import FURTHER
from salesops_lib.data.ingest.reasons import reason_sentence
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from salesops_lib.data.ingest.session import Session, Source
    from salesops_lib.data.ingest.tables import Ingested

__all__ = ["QUARANTINE_SCHEMA", "check_limit", "write_quarantine"]

QUARANTINE_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("source_file", pa.string()),
        ("source_row", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("row", pa.string()),
    ]
)
"""Columns of ``quarantine.parquet``. `source_row` counts data rows from 1."""

_REASONS_SHOWN = 3
_DETAIL_SHOWN = 160


def check_limit(session: Session, table: str, result: Ingested) -> None:
    """Refuse a table of which too many rows cannot be used.

    Raises
    ------
    InputError
        The share of quarantined rows is above the mapping's limit; the sentence
        names the commonest reasons with an example each.
    """
    bad, rows = sum(result.quarantined.values()), result.read - result.skipped
    limit = session.mapping.limits.of(table)
    if bad <= limit * rows:
        return
    common = sorted(result.quarantined.items(), key=lambda item: (-item[1], item[0]))
    told = [
        f"{reason_sentence(code)} ({count:,} rows, such as {_example(session, result, code)})"
        for code, count in common[:_REASONS_SHOWN]
    ]
    more = len(common) - _REASONS_SHOWN
    tail = f"; and {more} more reasons" if more > 0 else ""
    raise InputError(
        f"{bad:,} of {rows:,} rows ({bad / rows:.1%}) of the table {table} cannot be used, "
        f"the limit is {limit:.1%}; nothing was written. Reasons: {'; '.join(told)}{tail}",
        where=session.mapping_name,
    )


def _example(session: Session, result: Ingested, code: str) -> str:
    of_code = result.bad.filter(result.bad["_reason"] == code)
    row = of_code.order_by("_file", "_row").limit(1).to_pyarrow().to_pylist()[0]
    name = session.sources[row["_file"]].name
    return f"{name} row {row['_row']}: {shown(row['_detail'])}"


def shown(text: str) -> str:
    """Text from an export made fit for one line of a terminal."""
    plain = "".join(
        " " if unicodedata.category(character).startswith(("C", "Z")) else character
        for character in text
    )
    return plain if len(plain) <= _DETAIL_SHOWN else plain[: _DETAIL_SHOWN - 1] + "…"


def write_quarantine(session: Session, results: Mapping[str, Ingested], path: Path) -> None:
    """Write all quarantined rows, in the order of tables, files and rows.

    Parameters
    ----------
    session : Session
        The run, which still has the source files open.
    results : mapping of str to Ingested
        Results by table.
    path : Path
        Parquet file to write, with `QUARANTINE_SCHEMA`.
    """
    with pq.ParquetWriter(path, QUARANTINE_SCHEMA, compression="zstd") as writer:
        for table, result in results.items():
            places = result.bad.select("_file").distinct().order_by("_file").to_pyarrow()
            for place in places["_file"].to_pylist():
                source = session.sources[place]
                found = [
                    {"table": table, "source_file": source.name, **row}
                    for row in _rows(session, table, source, place, result)
                ]
                writer.write_table(pa.Table.from_pylist(found, schema=QUARANTINE_SCHEMA))


def _rows(
    session: Session, table: str, source: Source, place: int, result: Ingested
) -> list[dict[str, Any]]:
    bad = result.bad.filter(result.bad["_file"] == place)
    if source.raw is None:
        inline = [row for block in session.mapping.blocks(table) for row in block.inline]
        return [
            {**_told(row), "row": json.dumps(inline[row["_row"] - 1], default=str)}
            for row in bad.order_by("_row").to_pyarrow().to_pylist()
        ]
    raw = source.raw.numbered()
    names = list(raw.cells)
    texts = {f"x{place}": raw.cells[name].text for place, name in enumerate(names)}
    cells = raw.rows.select("_row", **texts)
    wanted = bad.select(_place=bad["_row"], _reason="_reason", _detail="_detail")
    joined = cells.inner_join(wanted, cells["_row"] == wanted["_place"])
    return [
        {**_told(row), "row": _json(names, row)}
        for row in joined.order_by(ibis._["_row"]).to_pyarrow().to_pylist()
    ]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {"source_row": row["_row"], "reason": row["_reason"], "detail": row["_detail"]}


def _json(names: list[str], row: dict[str, Any]) -> str:
    values = {name: row[f"x{place}"] for place, name in enumerate(names)}
    if values.get(FURTHER, "") is None:
        del values[FURTHER]
    return json.dumps(values, ensure_ascii=False)
