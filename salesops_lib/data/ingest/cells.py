"""Cells of one source column: always a text, and its type where the file knows one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import ibis

from salesops_lib.data.ingest.functions import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.expr.types import BooleanValue, StringValue, Value

__all__ = ["KINDS", "Cells"]

KINDS = ("number", "moment", "flag")
"""What a typed cell may be besides a text."""


@dataclass(frozen=True)
class Cells:
    """One source column.

    A text file gives texts only. A workbook's or a Parquet file's typed cell
    stands in `number`, `moment` or `flag` too, so that it is used as it is and
    never goes through a format.

    Parameters
    ----------
    text : string expression
        The cell as text.
    number, moment, flag : expression, optional
        The cell as number, timestamp or boolean; empty where it is none.
    """

    text: StringValue
    number: Value | None = None
    moment: Value | None = None
    flag: Value | None = None

    @property
    def typed(self) -> dict[str, Value]:
        """Typed parts that there are, by kind."""
        parts = {kind: getattr(self, kind) for kind in KINDS}
        return {kind: part for kind, part in parts.items() if part is not None}

    def cleaned(self, null_values: list[str]) -> Cells:
        """Cells with trimmed text, and empty where they hold a word for "empty"."""
        text = trimmed(self.text)
        if null_values:
            text = cast("StringValue", ibis.ifelse(text.isin(null_values), ibis.null(), text))
        return Cells(text, **self.typed).where(text.notnull())

    def where(self, condition: BooleanValue) -> Cells:
        """Cells whose typed parts are empty where the condition does not hold."""
        parts = {kind: ibis.ifelse(condition, part, None) for kind, part in self.typed.items()}
        return Cells(self.text, **parts)

    def map(self, change: Callable[[Value], Value]) -> Cells:
        """Cells with every part changed."""
        parts = {kind: change(part) for kind, part in self.typed.items()}
        return Cells(cast("StringValue", change(self.text)), **parts)
