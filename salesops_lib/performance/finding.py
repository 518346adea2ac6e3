"""A finding: one sentence and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.findings import Finding

if TYPE_CHECKING:
    from salesops_lib.results import Measure

__all__ = ["Finding", "distance"]


def distance(measure: Measure, role: str) -> str:
    """How far the figure is from that of another period."""
    show, change = measure.show, measure.change(role) or 0.0
    words = {"change": show.share(abs(change)), "period": measure.period(role)}
    if round(abs(change), 3) == 0:
        return show.say("level with {period}", **words)
    if change > 0:
        return show.say("{change} above {period}", **words)
    return show.say("{change} below {period}", **words)
