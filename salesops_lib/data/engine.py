"""Snapshots whose queries another engine runs than DuckDB in this process.

The measures are Ibis expressions. On Spark the same ones run on as many machines as
there are; what comes back to pandas is one row a group and period either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from salesops_lib.data.snapshot import Snapshot
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from typing import Any

    from ibis.expr.types import Table as IbisTable

__all__ = ["EngineSnapshot", "held", "snapshot_on"]


@dataclass(frozen=True)
class EngineSnapshot(Snapshot):
    """A snapshot on another connection of Ibis's; use `snapshot_on`.

    Parameters
    ----------
    path, manifest
        As of the snapshot itself. The engine must be able to read the folder.
    engine : ibis.BaseBackend
        Connection that the tables live in.
    """

    engine: Any

    @property
    def backend(self) -> Any:
        """Connection that the tables live in."""
        return self.engine

    @property
    def keeps_derived(self) -> bool:
        """False: what is derived stays with the engine."""
        return False


def snapshot_on(snapshot: Snapshot, engine: Any) -> Snapshot:
    """Snapshot whose queries an engine runs.

    Parameters
    ----------
    snapshot : Snapshot
        As it was ingested.
    engine : ibis.BaseBackend or None
        A connection that reads Parquet, such as ``ibis.pyspark.connect(session)``. Its
        time zone must be UTC. None: DuckDB in this process, as ever.

    Returns
    -------
    Snapshot
        The same tables. Nothing is written beside the snapshot.

    Raises
    ------
    InputError
        The snapshot has been taken back in time.
    """
    if engine is None:
        return snapshot
    if snapshot.origin is not snapshot:
        raise InputError(
            f"on another engine a snapshot shows its own day only, {snapshot.origin.as_of}",
            where=snapshot.id,
        )
    return EngineSnapshot(snapshot.path, snapshot.manifest, engine)


def held(snapshot: Snapshot, rows: IbisTable) -> IbisTable:
    """Rows that stay where they are made, as long as they are in use.

    Parameters
    ----------
    snapshot : Snapshot
        What they are derived from.
    rows : ibis.Table
        Rows that nothing keeps beside the snapshot.

    Returns
    -------
    ibis.Table
        In the memory of this process; on another engine, in that engine's.
    """
    if snapshot.keeps_derived:
        return ibis.memtable(rows.to_pyarrow())
    # Ibis cannot drop what it has cached in the current DuckDB.
    return rows if snapshot.backend.name == "duckdb" else rows.cache()
