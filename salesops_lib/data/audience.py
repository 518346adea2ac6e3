"""Who a report is for, and which people it may name.

A report for leadership names everyone. A manager's names the people of its own
scope. A rep's names that rep, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

import ibis
from ibis import _

from salesops_lib.data.derived import derived_table
from salesops_lib.data.organisation import places
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import Snapshot
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pyarrow as pa
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.scope import Scope, ScopeKind

__all__ = [
    "AUDIENCES",
    "SMALL_GROUP",
    "Audience",
    "DisguisedSnapshot",
    "audience_of",
    "disguised_snapshot",
    "names_of_others",
]

Audience = Literal["leadership", "manager", "rep"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
"""Whom a report can be for; each may read about the scopes in `_READABLE`."""

SMALL_GROUP = 5
"""A figure about fewer people than this is not shown to a rep."""

_READABLE: dict[Audience, tuple[ScopeKind, ...]] = {
    "leadership": ("company", "region", "team", "rep"),
    "manager": ("region", "team", "rep"),
    "rep": ("rep",),
}
_PERSON = "reps.rep_id"
# Columns of the facts that say who: the id, and the name that goes with it.
_FACT_PEOPLE = {"owner_id": "owner_name", "rep_id": "rep_name", "manager_id": None}


def audience_of(chosen: Audience | None, kind: ScopeKind) -> Audience:
    """Audience of a report about a scope of some kind.

    Parameters
    ----------
    chosen : str or None
        What the parameters say; None where they say nothing.
    kind : str
        Kind of the scope.

    Returns
    -------
    str
        What was chosen. Otherwise a rep's report is for that rep, and every
        other for leadership.

    Raises
    ------
    InputError
        The audience must not read about such a scope.

    Examples
    --------
    >>> audience_of(None, "rep"), audience_of(None, "team"), audience_of("manager", "team")
    ('rep', 'leadership', 'manager')
    """
    audience: Audience = chosen or ("rep" if kind == "rep" else "leadership")
    if kind not in _READABLE[audience]:
        may = " or ".join(reader for reader in AUDIENCES if kind in _READABLE[reader])
        what = "the company" if kind == "company" else f"a {kind}"
        raise InputError(
            f"a report about {what} is not for the audience `{audience}`: it would show"
            f" figures of other people; its audience is {may}"
        )
    return audience


@dataclass(frozen=True)
class DisguisedSnapshot(Snapshot):
    """A snapshot in which only some people can be told from others.

    Parameters
    ----------
    path, manifest
        As of the snapshot itself.
    source : Snapshot
        The snapshot itself.
    named : frozenset of str
        Ids of the people who may be named.
    alone : bool
        Whether rows of other people are left out. Otherwise they stay, without
        the person.
    """

    source: Snapshot
    named: frozenset[str]
    alone: bool

    @property
    def whole(self) -> Snapshot:
        """The snapshot itself."""
        return self.source

    @property
    def backend(self) -> Backend:
        """Connection that the tables live in."""
        return self.source.backend

    def table(self, name: str) -> IbisTable:
        """One canonical table, disguised; columns as in the snapshot itself."""
        rows = self.source.table(name)
        if name == "reps":
            return rows.filter(self._is_named(rows.rep_id))
        if name == "opportunity_history":
            return self._history(rows)
        people = [column.name for column in TABLES[name].columns if column.references == _PERSON]
        if people and self.alone:
            # The first says whose row it is; others, such as the manager's, are hidden.
            rows = rows.filter(self._is_named(rows[people[0]]))
        return self._hidden(rows, people)

    def rows(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of a small canonical table, disguised."""
        return self.table(name).select(*columns).to_pyarrow()

    def facts(self, rows: IbisTable) -> IbisTable:
        """Facts, as in `facts.deal_facts` and `facts.credit_facts`, disguised."""
        people = [column for column in _FACT_PEOPLE if column in rows.columns]
        if self.alone:
            rows = rows.filter(self._is_named(rows[people[0]]))
        for person in people:
            name = _FACT_PEOPLE[person]
            if name is not None and name in rows.columns:
                rows = rows.mutate(**{name: self._if_named(rows[person], rows[name])})
        return self._hidden(rows, people)

    def _history(self, rows: IbisTable) -> IbisTable:
        """Changes of deals; a change of owner tells names too."""
        if self.alone:
            rows = rows.semi_join(self.table("opportunities"), "opportunity_id")
        return rows.mutate(
            **{
                value: ibis.ifelse(
                    (_.field == "owner") & ~self._is_named(rows[value]), ibis.null(), rows[value]
                )
                for value in ("old_value", "new_value")
            }
        )

    def _hidden(self, rows: IbisTable, people: Sequence[str]) -> IbisTable:
        shown = {person: self._if_named(rows[person], rows[person]) for person in people}
        return rows.mutate(**shown) if shown else rows

    def _if_named(self, person: ibis.Value, value: ibis.Value) -> ibis.Value:
        return ibis.ifelse(self._is_named(person), value, ibis.null())

    def _is_named(self, person: ibis.Value) -> ibis.Value:
        return person.isin(sorted(self.named))


def disguised_snapshot(
    snapshot: Snapshot, audience: Audience, scope: Scope, as_of: dt.date
) -> Snapshot:
    """Snapshot as an audience may see it.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    audience : str
        Whom the report is for.
    scope : Scope
        What it is about.
    as_of : date
        Day the figures stand at.

    Returns
    -------
    Snapshot
        The same one for leadership. A manager's names the people who were ever in
        the scope; a rep's has that rep's own rows only.
    """
    if audience == "leadership":
        return snapshot
    return DisguisedSnapshot(
        snapshot.path,
        snapshot.manifest,
        snapshot,
        _named(snapshot, scope, as_of),
        audience == "rep",
    )


def names_of_others(
    snapshot: Snapshot, audience: Audience, scope: Scope, as_of: dt.date
) -> tuple[str, ...]:
    """Names that a report must not hold.

    Parameters
    ----------
    snapshot, audience, scope, as_of
        As for `disguised_snapshot`.

    Returns
    -------
    tuple of str
        Sorted; none for leadership. A name that a person who may be named bears
        as well is not among them.
    """
    if audience == "leadership" or not snapshot.has("reps"):
        return ()
    named = _named(snapshot, scope, as_of)
    people = snapshot.rows("reps", ["rep_id", "name"]).to_pylist()
    own = {row["name"].casefold() for row in people if row["rep_id"] in named and row["name"]}
    others = {row["name"] for row in people if row["rep_id"] not in named and row["name"]}
    return tuple(sorted(name for name in others if name.casefold() not in own))


def _named(snapshot: Snapshot, scope: Scope, as_of: dt.date) -> frozenset[str]:
    if scope.kind == "rep":
        return frozenset({scope.key})

    def made() -> pa.Table:
        ever = places(snapshot).filter(_.place_from <= as_of)
        named = ever.select("rep_id", scope=_[scope.kind])
        return named.distinct().order_by("scope", "rep_id").to_pyarrow()

    found = derived_table(snapshot, "ever", [scope.kind, as_of], made, __name__, scope.key)
    return frozenset(cast("list[str]", found["rep_id"].to_pylist()))
