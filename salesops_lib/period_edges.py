"""Windows about the ends of periods: what is won just before an end, and just after it."""

from __future__ import annotations

from dataclasses import dataclass

from salesops_lib.stats import share_difference_interval

__all__ = ["AFTER", "BEFORE", "EdgeCounts"]

BEFORE, AFTER = 14, 30
"""Days on both sides of an end: what is pulled is pulled into the last days, from the
whole month after them."""


@dataclass(frozen=True)
class EdgeCounts:
    """Deals won about the ends of periods, and about the other month ends.

    Parameters
    ----------
    late, early : int
        Deals of the `BEFORE` days up to the ends of periods, and of the `AFTER` days
        that follow.
    month_late, month_early : int
        The same at the other month ends: what a month's end alone does.

    Examples
    --------
    >>> counts = EdgeCounts(30, 20, 40, 60)
    >>> counts.share, counts.usual, counts.is_comparable
    (0.6, 0.4, True)
    """

    late: int
    early: int
    month_late: int
    month_early: int

    @property
    def is_comparable(self) -> bool:
        """Whether there are deals about both kinds of ends."""
        return self.late + self.early > 0 and self.month_late + self.month_early > 0

    @property
    def share(self) -> float | None:
        """Late ÷ (late + early) at the ends of periods; None without deals."""
        both = self.late + self.early
        return self.late / both if both else None

    @property
    def usual(self) -> float | None:
        """The same at the other month ends; None without deals."""
        both = self.month_late + self.month_early
        return self.month_late / both if both else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of `share` - `usual` (Newcombe); None without deals of both."""
        return share_difference_interval(
            self.late,
            self.late + self.early,
            self.month_late,
            self.month_late + self.month_early,
        )
