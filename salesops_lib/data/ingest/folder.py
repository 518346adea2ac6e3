"""An export folder, ingested: read, checked, and written as a snapshot."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib import __version__
from salesops_lib.data.ingest.fitting import fitted
from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.data.ingest.notes import noted
from salesops_lib.data.ingest.quarantine import check_limit, write_quarantine
from salesops_lib.data.ingest.session import Session
from salesops_lib.data.ingest.sources import Export
from salesops_lib.data.ingest.summary import IngestResult
from salesops_lib.data.ingest.tables import Ingested, ingested_table
from salesops_lib.data.ingest.writer import name_latest, publish, snapshot_there, write_table
from salesops_lib.data.schema import SCHEMA_VERSION, TABLES
from salesops_lib.data.snapshot import MANIFEST, QUARANTINE, Manifest, SourceFile, TableRecord
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

if TYPE_CHECKING:
    from salesops_lib.data.ingest.rule import Scalar

__all__ = ["RULES_VERSION", "ingest_folder"]

RULES_VERSION = 2
"""Raised when the same export and mapping would give other rows; part of every id."""


def ingest_folder(folder: Path, mapping_file: Path, as_of: dt.date, store: Path) -> IngestResult:
    """Ingest a folder of exported files into a store of snapshots.

    Every row of the export ends in the tables, in the quarantine with a reason,
    or among the rows that the mapping leaves out; they are counted and add up.
    The same files, mapping and date give the same snapshot, byte for byte.

    Parameters
    ----------
    folder : Path
        Exported files; they are only read.
    mapping_file : Path
        Mapping, YAML.
    as_of : date
        The day that the data shows.
    store : Path
        Folder of snapshots. ``<as_of>-<hash>/`` is added to it, and
        ``<as_of>.json`` names it.

    Returns
    -------
    IngestResult

    Raises
    ------
    InputError
        The mapping has a mistake, a file or column is missing, a file is
        damaged, or too many rows cannot be used. The store is then unchanged.
    """
    whole = read_yaml(mapping_file, Mapping)
    with tempfile.TemporaryDirectory(prefix="salesops-") as work:
        export = Export(folder, Path(work), whole.encoding)
        mapping, left_out = fitted(whole, export, mapping_file.name)
        _fingerprint_all(export, mapping, mapping_file.name)
        identity = _identity(export, whole, as_of)
        target = store / identity
        manifest = snapshot_there(target)
        is_new = manifest is None
        if manifest is None:
            session = Session(mapping, mapping_file.name, export, as_of)
            try:
                manifest = _written(session, identity, store, whole)
            finally:
                session.backend.disconnect()
    name_latest(store, as_of, identity)
    return IngestResult.of(manifest, target, is_new=is_new, left_out=left_out)


def _fingerprint_all(export: Export, mapping: Mapping, name: str) -> None:
    for table in mapping.table_names:
        for place, block in enumerate(mapping.blocks(table)):
            where = f"{name}: tables.{table}"
            if len(mapping.blocks(table)) > 1:
                where += f".{place}"
            names = [*(block.file or [])]
            rules = [*block.rules.values(), *block.state_rules.values()]
            names += [second.file for rule in rules for second in rule.lookup]
            names += [second.file for second in block.not_in.values()]
            for path in export.files(names, where):
                export.fingerprint(path)


def _identity(export: Export, mapping: Mapping, as_of: dt.date) -> str:
    content = {
        "sources": {name: mark.sha256 for name, mark in export.fingerprints.items()},
        "mapping": mapping.normal_form,
        "as_of": as_of.isoformat(),
        "schema": SCHEMA_VERSION,
        "rules": RULES_VERSION,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return f"{as_of.isoformat()}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _written(session: Session, identity: str, store: Path, mapping: Mapping) -> Manifest:
    results = _results(session)
    kept = {name: result.kept for name, result in results.items()}
    notes = {
        name: noted(TABLES[name], kept, result.columns, session.as_of)
        for name, result in results.items()
    }
    session.export.check_unchanged()
    manifests: list[Manifest] = []

    def fill(making: Path) -> None:
        records = {
            name: TableRecord(
                read=result.read,
                kept=result.kept_count,
                skipped=result.skipped,
                columns=result.columns,
                repaired=result.repaired,
                noted=notes[name],
                quarantined=result.quarantined,
                sha256=write_table(
                    session.backend, result.kept, TABLES[name], making / f"{name}.parquet"
                ),
            )
            for name, result in results.items()
        }
        write_quarantine(session, results, making / QUARANTINE)
        manifest = _manifest(session, identity, records, mapping)
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
        (making / MANIFEST).write_text(text + "\n", encoding="utf-8")
        manifests.append(manifest)

    publish(store, identity, fill)
    return manifests[0]


def _results(session: Session) -> dict[str, Ingested]:
    """Tables by name, in the schema's order; the stages are read first."""
    names = session.mapping.table_names
    results: dict[str, Ingested] = {}
    stages: dict[str, dict[str, Scalar | None]] = {}
    for name in sorted(names, key=lambda one: one != "stages"):
        result = ingested_table(session, TABLES[name], stages)
        if name == "opportunities":
            _check_as_of(session, result)
        check_limit(session, name, result)
        if name == "stages":
            stages = {row["stage"]: row for row in _rows(result)}
        results[name] = result
    if not results["opportunities"].kept_count:
        raise InputError(
            "the export holds no deals; nothing was written",
            where=f"{session.mapping_name}: tables.opportunities",
        )
    return {name: results[name] for name in names}


def _rows(result: Ingested) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = result.kept.order_by("stage").to_pyarrow().to_pylist()
    return rows


def _check_as_of(session: Session, result: Ingested) -> None:
    if result.earliest is not None and result.earliest > session.as_of:
        raise InputError(
            f"the as-of date {session.as_of} lies before all data: the first deal was created "
            f"on {result.earliest}; nothing was written",
            where=session.mapping_name,
        )


def _manifest(
    session: Session, identity: str, records: dict[str, TableRecord], mapping: Mapping
) -> Manifest:
    export = session.export
    rows = {export.name(path): count for path, count in session.rows_of.items()}
    return Manifest(
        id=identity,
        name=session.mapping.name,
        as_of=session.as_of,
        schema_version=SCHEMA_VERSION,
        library_version=__version__,
        sources=tuple(
            SourceFile(name=name, sha256=mark.sha256, bytes=mark.bytes, rows=rows.get(name, 0))
            for name, mark in export.fingerprints.items()
        ),
        tables=records,
        mapping=mapping.normal_form,
    )
