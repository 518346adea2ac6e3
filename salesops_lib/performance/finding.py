"""A finding: one sentence and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.results import Measure

__all__ = ["Finding", "distance"]


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


def distance(measure: Measure, role: str) -> str:
    """How far the figure is from that of another period."""
    show, change = measure.show, measure.change(role) or 0.0
    words = {"change": show.share(abs(change)), "period": measure.period(role)}
    if round(abs(change), 3) == 0:
        return show.say("level with {period}", **words)
    if change > 0:
        return show.say("{change} above {period}", **words)
    return show.say("{change} below {period}", **words)
