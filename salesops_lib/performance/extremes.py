"""Each figure with its highest and its lowest part: a panel's choices, on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.formats import MISSING
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.performance.deals import COUNTED
from salesops_lib.results import MIME
from salesops_lib.stats import SMALL_SAMPLE
from salesops_lib.words import grouping_word

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.results import Measure

__all__ = ["Extremes", "extremes"]

_SUMS = frozenset({"bookings", "deals_won", "pipeline_created", "deals_created", "open_pipeline"})
"""Sums and counts: few cases do not make them uncertain."""


@dataclass(frozen=True)
class Extremes:
    """Figures of a scope, and which of its parts has the highest and the lowest.

    Parameters
    ----------
    by : str
        What the parts are.
    measures : tuple of (Measure, Measure)
        Each figure of the whole scope, and split.
    view : View
        What was looked at.
    """

    by: str
    measures: tuple[tuple[Measure, Measure], ...]
    view: View

    def ends(self, measure: str) -> tuple[str, str] | None:
        """Keys of the parts with the highest and the lowest value of a measure.

        Returns
        -------
        tuple of str, or None
            None where fewer than two parts have a value that can be compared: a rate,
            a mean or a median needs `SMALL_SAMPLE` cases.
        """
        split = next(split for _whole, split in self.measures if split.definition.id == measure)
        known = [
            (float(value.number), group)
            for group, _label in split.groups
            if (value := split.value(group=group)).number is not None
            and (measure in _SUMS or (value.n or 0) >= SMALL_SAMPLE)
        ]
        if len(known) < 2:
            return None
        # Of equals, the first shown.
        return max(known, key=lambda pair: pair[0])[1], min(known, key=lambda pair: pair[0])[1]

    @property
    def grid(self) -> Grid:
        """One row a figure."""
        show, say = self.view.show, self.view.show.say
        first = self.measures[0][0]
        headers = (
            (say("Figure"), "text"),
            (self.view.scope_label, "text"),
            (say("Highest"), "text"),
            (say("Lowest"), "text"),
        )
        caption = say(
            "Highest and lowest {by} of each figure, {period}",
            by=grouping_word(self.by, show),
            period=first.period(),
        )
        note = say(
            "Rates, means and medians: only where there are {limit} cases or more.",
            limit=show.count(SMALL_SAMPLE),
        )
        rows = tuple(self._row(whole, split) for whole, split in self.measures)
        return Grid(caption, headers, rows, note, show=show)

    def _row(self, whole: Measure, split: Measure) -> tuple[Cell, ...]:
        say, value = whole.show.say, whole.value()
        ends = self.ends(whole.definition.id)
        labels = dict(split.groups)
        none = Cell(MISSING, "text", title=say("fewer than two with enough cases"))
        shown = [none, none]
        if ends is not None:
            shown = [Cell(labels[key], "text", below=_with_interval(split, key)) for key in ends]
        return (
            Cell(whole.definition.name, "head"),
            Cell(whole.text(), "text", title=value.reason),
            *shown,
        )

    def records(self) -> dict[str, Any]:
        """Values for machines: of each figure, keys of its highest and lowest part."""
        rows = []
        for whole, _split in self.measures:
            ends = self.ends(whole.definition.id) or (None, None)
            rows.append({"measure": whole.definition.id, "highest": ends[0], "lowest": ends[1]})
        return {"kind": "extremes", "by": self.by, "rows": rows}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.grid.caption,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def _with_interval(measure: Measure, group: str) -> str:
    """Value of a group, and below it how sure it is."""
    value = measure.value(group=group)
    ends = measure.show.interval(value.low, value.high, measure.definition.unit, rough=True)
    return "\n".join(part for part in (measure.text(group=group), ends) if part)


def extremes(view: View, by: str) -> Extremes:
    """Highest and lowest part of each figure whose deals can be listed.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str
        region, team, rep, product, segment and others.

    Returns
    -------
    Extremes
    """
    measures = tuple(
        (counted.measure(view, None), counted.measure(view, by)) for counted in COUNTED.values()
    )
    return Extremes(by, measures, view)
