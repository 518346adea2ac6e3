"""The key figures together: as a strip of cards, and as one table a grouping."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.formats import MISSING
from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.performance.attainment import attainment, quota_share, quota_share_ramped
from salesops_lib.performance.formulas import coverage_needed
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
from salesops_lib.results import MIME, Measure
from salesops_lib.rows import json_number
from salesops_lib.stats import SMALL_SAMPLE
from salesops_lib.words import grouping_head, grouping_word

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
    quota_share_ramped,
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
        value, say = measure.value(), measure.show.say
        notes = []
        if measure.definition.unit in {"share", "days"} and value.low is not None:
            ends = measure.show.interval(value.low, value.high, measure.definition.unit, rough=True)
            notes.append(say("95% interval {ends}", ends=ends))
        if value.n is not None and measure.definition.unit != "count":
            notes.append(f"n\N{NO-BREAK SPACE}{measure.show.count(value.n)}")
        if value.number is not None and value.reason:
            notes.append(value.reason)
        if value.n is not None and 0 < value.n < SMALL_SAMPLE:
            notes.append(say("small sample"))
        name, text = measure.definition.name, measure.text()
        if measure.definition.id == "coverage":
            name = say("{measure} of {period}", measure=name, period=measure.period())
        if measure.definition.unit == "money_per_day" and value.number is not None:
            name = say("{measure} a day", measure=name)
            text = measure.show.money(value.number, compact=True)
        return {
            "id": measure.definition.id,
            "facts": self._facts(measure),
            "name": name,
            "value": "" if value.number is None else text,
            "reason": value.reason,
            "notes": notes,
            "changes": [
                *(
                    {"text": text, "tone": _tone(measure, role)}
                    for role in _COMPARED
                    if (text := _change_sentence(measure, role))
                ),
                *self._against_plan(measure),
            ],
            "spark": _sparkline(self.trend.series(measure.definition.id)),
        }

    def _facts(self, measure: Measure) -> dict[str, str]:
        """What a card rests on, for machines: empty texts where there is nothing."""
        value, plan = measure.value(), self._against_plan(measure)
        prior = json_number(measure.value("prior").number)
        facts = {
            "unit": measure.definition.unit,
            "prior": "" if prior is None else f"{prior:g}",
            "plan": plan[0]["text"] if plan else "",
            "n": "" if value.n is None else str(value.n),
            "interval": "" if value.low is None else f"{value.low:g} {value.high:g}",
        }
        if value.n is not None and 0 < value.n < SMALL_SAMPLE:
            facts["small"] = "true"
        return facts

    def _against_plan(self, measure: Measure) -> list[dict[str, str]]:
        """Distance of a figure from what was planned, or is needed; empty without one."""
        show, number = measure.show, measure.value().number
        if number is None:
            return []
        if measure.definition.id == "bookings":
            attained = self.measures["attainment"].value().number
            gap = None if attained is None else float(attained) - 1
            text = "" if gap is None else show.share(abs(gap))
            said = show.say("{sign} {amount} on quota", sign=_sign(gap), amount=text)
        elif measure.definition.id == "coverage":
            needed = coverage_needed(self.measures["win_rate"].value().number)
            gap = None if needed is None else float(number) - needed
            text = "" if needed is None else show.ratio(needed)
            said = show.say("▲ above the {needed} that is needed", needed=text)
            if gap is not None and gap < 0:
                said = show.say("▼ below the {needed} that is needed", needed=text)
        else:
            return []
        if gap is None:
            return []
        return [{"text": said, "tone": "good" if gap >= 0 else "bad"}]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        text = "\n".join(measure.headline for measure in self.measures.values())
        values = {key: measure.records() for key, measure in self.measures.items()}
        cards = [self._card(m) for m in list(self.measures.values())[: len(_CARDS)]]
        return {
            "text/plain": text,
            "text/html": fragment("kpis", show=self.view.show, cards=cards),
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
    def title(self) -> str:
        """What it shows."""
        first = self.measures[0]
        by = grouping_word(self.by, first.show)
        return first.show.say("Key figures by {by}, {period}", by=by, period=first.period())

    @property
    def grid(self) -> Grid:
        """The figures as a table, the largest bookings first."""
        shown = [m for m in self.measures if m.is_computable]
        labels: dict[str, str] = {}
        for measure in shown:
            labels.update(measure.groups)
        first = self.measures[0]
        order = sorted(
            labels, key=lambda key: (-float(first.value(group=key).number or 0), labels[key])
        )
        head = grouping_head(self.by, first.show)
        digits = [m.show.cents(m.value(group=key).number for key in labels) for m in shown]
        headers = ((head, "text"), *((_head(m), "number") for m in shown))
        rows = tuple(
            (
                Cell(labels[key], "head"),
                *(_cell(measure, key, n) for measure, n in zip(shown, digits, strict=True)),
            )
            for key in order
        )
        note = first.show.say(
            "Below each figure: change on {prior}, then on {year}. * fewer than {limit} cases. "
            "{dash} not computable.",
            prior=first.period("prior"),
            year=first.period("last_year"),
            limit=first.show.count(SMALL_SAMPLE),
            dash=MISSING,
        )
        return Grid(
            self.title,
            headers,
            rows,
            note,
            {_head(measure): measure.definition.id for measure in shown},
            show=first.show,
        )

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [measure.records() for measure in self.measures]
        return {
            "text/plain": self.title,
            "text/html": grid_html(self.grid, _ROWS_SHOWN),
            MIME: {"kind": "breakdown", "by": self.by, "measures": values},
        }


@lru_cache(maxsize=32)
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
    """Name of a column, with the unit that its cells leave out."""
    name = measure.definition.short or measure.definition.name
    if measure.definition.unit == "days":
        return measure.show.say("{measure}, days", measure=name)
    if measure.definition.unit not in {"money", "money_per_day"}:
        return name
    return measure.show.say("{measure}, {currency}", measure=name, currency=measure.show.currency)


def _cell(measure: Measure, group: str, digits: int) -> Cell:
    value = measure.value(group=group)
    text = measure.text(group=group)
    if measure.definition.unit in {"money", "money_per_day"}:
        text = measure.show.amount(value.number, digits)
    elif measure.definition.unit == "days":
        text = measure.show.whole(value.number)
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
        title=value.reason,
        number=value.number,
    )


def _change_sentence(measure: Measure, role: str) -> str:
    change = measure.change(role)
    if change is None:
        return ""
    amount = measure.change_text(role).lstrip("+\N{MINUS SIGN}")
    return measure.show.say(
        "{sign} {amount} on {period}",
        # What rounds to nothing points nowhere.
        sign=_sign(change if any(sign in "123456789" for sign in amount) else 0.0),
        amount=amount,
        period=measure.period(role),
    )


def _sign(change: float | None) -> str:
    return "▲" if change and change > 0 else "▼" if change else "■"


def _tone(measure: Measure, role: str) -> str:
    """Tone of a change; flat where it lies within what chance explains."""
    value, then = measure.value(), measure.value(role).number
    if then is not None and value.low is not None and value.high is not None:
        unclear = value.low <= float(then) <= value.high
        return "flat" if unclear else measure.tone(role)
    return measure.tone(role)


def _sparkline(series: list[float | None]) -> Markup:
    """Small line of past values, drawn for the eye; the trend table holds the numbers."""
    points = [(i, y) for i, y in enumerate(series) if y is not None]
    if len(points) < 3:
        return Markup("")
    low, high = min(y for _, y in points), max(y for _, y in points)
    height = (high - low) or 1.0
    placed = [(100 * i / (len(series) - 1), 27 - 24 * (y - low) / height) for i, y in points]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
    x, y = placed[-1]
    # Numbers only: nothing here comes from the data's text.
    return Markup(  # noqa: S704
        '<svg class="so-spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M{line}"/><path class="now" d="M{x:.1f} {y:.1f}h0"/></svg>'
    )
