"""The mapping, among those at hand, that fits an export as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.data.ingest.fitting import column_names, fitted
from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.data.ingest.readers import Layout, tidy_name
from salesops_lib.data.ingest.sources import Export
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

if TYPE_CHECKING:
    from salesops_lib.data.ingest.mapping import Block

__all__ = ["KnownMapping", "known_mapping"]

_STEM = r"([A-Za-z]\w*)\.\*"


@dataclass(frozen=True)
class KnownMapping:
    """A mapping that fits an export.

    Parameters
    ----------
    path : Path
        Mapping file.
    text : str
        Its text, with the names that this export gives its files.
    columns : int
        Columns of the export that it reads.
    left_out : tuple of str
        What it holds for optional and the export lacks.
    """

    path: Path
    text: str
    columns: int
    left_out: tuple[str, ...]


def known_mapping(folder: Path, work: Path, mappings: Path) -> KnownMapping | None:
    """Mapping that reads most of an export; None when none fits.

    A mapping fits when the export has every file and column that it names,
    other than the optional ones. Only names are compared, no cell. The files may
    have a prefix and a suffix in common, such as ``sf_opportunity_data.csv`` and
    ``sf_user_data.csv`` for ``opportunity.*`` and ``user.*``.

    Parameters
    ----------
    folder : Path
        Exported files; they are only read.
    work : Path
        Temporary folder.
    mappings : Path
        Folder of mapping files. One that is not valid is passed over.

    Returns
    -------
    KnownMapping or None
    """
    found: list[KnownMapping] = []
    names = [Path(name).stem for name in Export(folder, work).names if "/" not in name]
    for path in sorted(mappings.glob("*.y*ml")):
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        for renamed in dict.fromkeys([text, *_renamed(text, names)]):
            passing = work / f"known_{len(list(work.iterdir()))}"
            passing.mkdir()
            copy = passing / path.name
            copy.write_text(renamed, encoding="utf-8")
            try:
                mapping = read_yaml(copy, Mapping)
                export = Export(folder, passing, mapping.encoding)
                cut, left_out = fitted(mapping, export, path.name)
                read = _columns_read(cut, export, path.name)
            except InputError:
                continue
            found.append(KnownMapping(path, renamed, len(read), left_out))
    return max(found, key=lambda one: one.columns, default=None)


def _renamed(text: str, names: list[str]) -> list[str]:
    """Text of a mapping with each prefix and suffix that the files may have in common."""
    deals = re.search(rf"opportunities:\s+file: {_STEM}", text)
    if deals is None:
        return []
    # Other names stay out: a file's name is hostile text, and this becomes YAML.
    plain = re.compile(rf"([A-Za-z0-9_-]*){re.escape(deals[1])}([A-Za-z0-9_-]*)")
    around = [match.groups() for name in sorted(names) if (match := plain.fullmatch(name))]
    return [
        re.sub(rf"(file|unless): {_STEM}", rf"\g<1>: {prefix}\g<2>{suffix}.*", text)
        for prefix, suffix in around
    ]


def _columns_read(mapping: Mapping, export: Export, name: str) -> set[tuple[Path, str]]:
    """Columns that a mapping reads, by file; InputError when one is not there."""
    read: set[tuple[Path, str]] = set()
    for table in mapping.table_names:
        for block in mapping.blocks(table):
            where = f"{name}: tables.{table}"
            layout = Layout(block.sheet, block.separator, block.encoding, block.header)
            for path in export.files(block.file or [], where):
                read |= {(path, one) for one in _found(block, export, path, layout)}
            rules = [*block.rules.values(), *block.state_rules.values()]
            for second in [one for rule in rules for one in rule.lookup]:
                export.files([second.file], where)
    return read


def _found(block: Block, export: Export, path: Path, layout: Layout) -> set[str]:
    names = column_names(export, path, layout, sorted(block.source_columns))
    wanted = {tidy_name(one) for one in block.source_columns}
    if wanted - names:
        raise InputError(f"no column `{min(wanted - names)}`", where=export.name(path))
    return wanted
