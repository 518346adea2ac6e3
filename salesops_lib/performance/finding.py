"""A finding: one sentence and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One sentence a leader should read, and what to do about it.

    Parameters
    ----------
    text : str
        Number, direction and comparison.
    action : str
        What it means or what to do.
    tone : str
        ``good``, ``bad`` or ``flat``.
    values : dict
        The numbers in the sentence, by name.
    """

    text: str
    action: str = ""
    tone: str = "flat"
    values: Mapping[str, float | int | None] = field(default_factory=dict)
