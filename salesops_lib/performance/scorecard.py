"""The key figures together: as a strip of cards, and as one table a grouping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.formats import MISSING
from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.performance.attainment import attainment, quota_share
from salesops_lib.performance.outcomes import (
    average_deal,
    bookings,
    cycle_days,
    deals_created,
    deals_won,
    median_deal,
    pipeline_created,
    win_rate,
    win_rate_created,
    win_rate_value,
)
from salesops_lib.performance.pipeline import coverage, velocity
from salesops_lib.performance.trend import Trend, trend
from salesops_lib.results import MIME, Measure, json_number
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.view import View

__all__ = ["Breakdown", "Scorecard", "breakdown", "scorecard"]

_CARDS: tuple[Callable[[View], Measure], ...] = (
    bookings,
    attainment,
    win_rate,
    win_rate_created,
    average_deal,
    median_deal,
    cycle_days,
    velocity,
    coverage,
    pipeline_created,
)

_COUNTS: tuple[Callable[[View], Measure], ...] = (
    quota_share,
    win_rate_value,
    deals_won,
    deals_created,
)
"""In the values, without a card of their own."""

_COLUMNS: tuple[Callable[[View, str], Measure], ...] = (
    bookings,
    attainment,
    win_rate,
    win_rate_created,
    average_deal,
    median_deal,
    cycle_days,
    velocity,
    coverage,
    pipeline_created,
)

_COMPARED = ("prior", "last_year")

_COUNTED = frozenset({"bookings", "attainment", "coverage", "pipeline_created"})
"""Sums, not samples: few cases do not make them uncertain."""

_ROWS_SHOWN = 12
"""A breakdown is for looking up: its first rows say who matters most."""


@dataclass(frozen=True)
class Scorecard:
    """The key figures of a scope.

    Parameters
    ----------
    measures : dict of str to Measure
        By id, in shown order.
    trend : Trend
        Past quarters, for the small lines.
    view : View
        What was looked at.
    """

    measures: dict[str, Measure]
    trend: Trend
    view: View

    def __getitem__(self, measure: str) -> Measure:
        """Measure by its id."""
        return self.measures[measure]

    @property
    def rounded(self) -> dict[str, float | None]:
        """Each figure to three significant digits, None where not computable."""
        numbers = {
            key: json_number(measure.value().number) for key, measure in self.measures.items()
        }
        return {key: None if n is None else float(f"{n:.3g}") for key, n in numbers.items()}

    def _card(self, measure: Measure) -> dict[str, Any]:
        value = measure.value()
        notes = []
        if measure.definition.unit in {"share", "days"} and value.low is not None:
            ends = measure.show.interval(value.low, value.high, measure.definition.unit, rough=True)
            notes.append(f"95% interval {ends}")
        if value.n is not None and measure.definition.unit != "count":
            notes.append(f"n\N{NO-BREAK SPACE}{measure.show.count(value.n)}")
        if value.number is not None and value.reason:
            notes.append(value.reason)
        if value.n is not None and 0 < value.n < SMALL_SAMPLE:
            notes.append("small sample")
        name, text = measure.definition.name, measure.text()
        if measure.definition.id == "coverage":
            name = f"{name} of {measure.period()}"
        if measure.definition.unit == "money_per_day" and value.number is not None:
            name, text = f"{name} a day", measure.show.money(value.number, compact=True)
        return {
            "id": measure.definition.id,
            "name": name,
            "value": "" if value.number is None else text,
            "reason": value.reason,
            "notes": notes,
            "changes": [
                {"text": text, "tone": measure.tone(role)}
                for role in _COMPARED
                if (text := _change_sentence(measure, role))
            ],
            "spark": _sparkline(self.trend.series(measure.definition.id)),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        text = "\n".join(measure.headline for measure in self.measures.values())
        values = {key: measure.records() for key, measure in self.measures.items()}
        cards = [self._card(m) for m in list(self.measures.values())[: len(_CARDS)]]
        return {
            "text/plain": text,
            "text/html": fragment("kpis", cards=cards),
            MIME: {"kind": "kpis", "measures": values},
        }


@dataclass(frozen=True)
class Breakdown:
    """The key figures split by team, rep, product or segment.

    Parameters
    ----------
    by : str
        What they are split by.
    measures : tuple of Measure
        One a column.
    """

    by: str
    measures: tuple[Measure, ...]

    @property
    def grid(self) -> Grid:
        """The figures as a table, the largest bookings first."""
        shown = [m for m in self.measures if m.frame["value"].notna().any()]
        labels: dict[str, str] = {}
        for measure in shown:
            labels.update(measure.groups)
        first = self.measures[0]
        order = sorted(
            labels, key=lambda key: (-float(first.value(group=key).number or 0), labels[key])
        )
        headers = ((self.by.capitalize(), "text"), *((_head(m), "number") for m in shown))
        rows = tuple(
            (Cell(labels[key], "head"), *(_cell(measure, key) for measure in shown))
            for key in order
        )
        prior, year = first.period("prior"), first.period("last_year")
        return Grid(
            f"Key figures by {self.by}, {first.period()}",
            headers,
            rows,
            f"Below each figure: change on {prior}, then on {year}. "
            f"* fewer than {SMALL_SAMPLE} cases. {first.show.value(None, 'money')} not computable.",
            {_head(measure): measure.definition.id for measure in shown},
        )

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [measure.records() for measure in self.measures]
        return {
            "text/plain": f"Key figures by {self.by}: {len(self.grid.rows)} rows",
            "text/html": grid_html(self.grid, _ROWS_SHOWN),
            MIME: {"kind": "breakdown", "by": self.by, "measures": values},
        }


def scorecard(view: View) -> Scorecard:
    """All key figures of the scope, each with what it is compared with.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Scorecard
    """
    measures = [measure(view) for measure in (*_CARDS, *_COUNTS)]
    return Scorecard({m.definition.id: m for m in measures}, trend(view), view)


def breakdown(view: View, by: str) -> Breakdown:
    """All key figures split by one grouping.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.
    by : str
        region, team, rep, product, segment and others.

    Returns
    -------
    Breakdown

    Raises
    ------
    InputError
        There is no such grouping.
    """
    return Breakdown(by, tuple(measure(view, by) for measure in _COLUMNS))


def _head(measure: Measure) -> str:
    """Name of a column, with the currency that its cells leave out."""
    name = measure.definition.short or measure.definition.name
    money = measure.definition.unit in {"money", "money_per_day"}
    return f"{name}, {measure.show.currency}" if money else name


def _cell(measure: Measure, group: str) -> Cell:
    value = measure.value(group=group)
    text = measure.text(group=group)
    if measure.definition.unit in {"money", "money_per_day"}:
        text = measure.show.amount(value.number)
    small = (
        measure.definition.id not in _COUNTED
        and value.number is not None
        and value.n is not None
        and value.n < SMALL_SAMPLE
    )
    changes = [measure.change_text(role, group) or MISSING for role in _COMPARED]
    if changes == [MISSING, MISSING]:
        changes = []
    return Cell(
        text + ("*" if small else ""),
        below="\n".join(changes),
        tone=measure.tone("prior", group),
        title=value.reason,
    )


def _change_sentence(measure: Measure, role: str) -> str:
    change = measure.change(role)
    if change is None:
        return ""
    sign = "▲" if change > 0 else "▼" if change < 0 else "■"
    amount = measure.change_text(role).lstrip("+\N{MINUS SIGN}")
    return f"{sign} {amount} on {measure.period(role)}"


def _sparkline(series: list[float | None]) -> Markup:
    """Small line of past values, drawn for the eye; the trend table holds the numbers."""
    points = [(i, y) for i, y in enumerate(series) if y is not None]
    if len(points) < 3:
        return Markup("")
    low, high = min(y for _, y in points), max(y for _, y in points)
    height = (high - low) or 1.0
    placed = [(100 * i / (len(series) - 1), 27 - 24 * (y - low) / height) for i, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    # Numbers only: nothing here comes from the data's text.
    return Markup(  # noqa: S704
        '<svg class="so-spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{line}"/></svg>'
    )
