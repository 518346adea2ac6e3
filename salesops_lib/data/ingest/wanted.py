"""What a mapping reads: the files by name, and the columns of each."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesops_lib.data.ingest.mapping import Block, Mapping

__all__ = ["Wanted", "wanted_files"]

_STEM = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Wanted:
    """One file that a mapping reads.

    Parameters
    ----------
    name : str
        Name without its ending, such as ``Opportunity``.
    pattern : str
        How the mapping calls it, such as ``Opportunity.*``.
    needed, optional : frozenset of str
        Columns that it must have, and those that it may have besides.
    tables : frozenset of str
        Canonical tables that are made from it.
    is_required : bool
        The mapping cannot do without it.
    """

    name: str
    pattern: str
    needed: frozenset[str]
    optional: frozenset[str]
    tables: frozenset[str]
    is_required: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order of their names."""
        return tuple(sorted(self.needed | self.optional))

    def columns_of(self, there: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns that a source has, and those that it lacks.

        Raises
        ------
        InputError
            A file that is required lacks a column that it must have.
        """
        names = set(there)
        lacking = tuple(name for name in self.columns if name not in names)
        for name in lacking:
            if self.is_required and name in self.needed:
                raise InputError(
                    f"{self.name} has no `{name}` that may be read here, but the mapping needs it",
                    found=name,
                    allowed=names,
                )
        return tuple(name for name in self.columns if name in names), lacking


def wanted_files(mapping: Mapping) -> tuple[dict[str, Wanted], tuple[str, ...]]:
    """Files that a mapping reads, by name, where a name tells which table of a source it is.

    Parameters
    ----------
    mapping : Mapping
        The mapping.

    Returns
    -------
    tuple of dict and tuple of str
        Files whose pattern fits ``NAME.parquet``, and the patterns of all others.
    """
    found: dict[str, Wanted] = {}
    others: dict[str, None] = {}
    for table in mapping.table_names:
        for block in mapping.blocks(table):
            for one in _of_block(table, block):
                stem = _STEM.match(one.pattern)
                if stem is None or not fnmatch.fnmatchcase(f"{stem[0]}.parquet", one.pattern):
                    others[one.pattern] = None
                    continue
                found[stem[0]] = _both(found.get(stem[0]), one, stem[0])
    return found, tuple(others)


def _of_block(table: str, block: Block) -> list[Wanted]:
    tables = frozenset({table})
    optional = frozenset(block.optional_columns)
    needed = frozenset(block.source_columns) - optional
    listed = [
        Wanted("", pattern, needed, optional, tables, not block.optional)
        for pattern in block.file or []
    ]
    seconds = [
        (second.file, {second.key, second.value}, second.optional)
        for rule in [*block.rules.values(), *block.state_rules.values()]
        for second in rule.lookup
    ]
    seconds += [(one.file, {one.key}, one.optional) for one in block.not_in.values()]
    for pattern, columns, is_optional in seconds:
        required = not (is_optional or block.optional)
        listed.append(Wanted("", pattern, frozenset(columns), frozenset(), tables, required))
    return listed


def _both(one: Wanted | None, other: Wanted, name: str) -> Wanted:
    """One file as two places of a mapping read it."""
    if one is None:
        return Wanted(
            name, other.pattern, other.needed, other.optional, other.tables, other.is_required
        )
    # What only an optional block needs, a file that must be there may lack.
    required = [w for w in (one, other) if w.is_required] or [one, other]
    needed = frozenset().union(*(w.needed for w in required))
    every = one.needed | one.optional | other.needed | other.optional
    return Wanted(
        name, one.pattern, needed, every - needed, one.tables | other.tables,
        one.is_required or other.is_required,
    )  # fmt: skip
