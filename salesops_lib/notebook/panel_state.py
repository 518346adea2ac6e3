"""What a panel knows: its choices, and the bars and deals that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from salesops_lib.data.scope import SCOPE_KINDS
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import View, open_view
from salesops_lib.formats import MISSING
from salesops_lib.notebook.report import parts_of
from salesops_lib.performance.deals import COUNTED, Deals, deals
from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.words import grouping_head, grouping_word

if TYPE_CHECKING:
    from salesops_lib.calendar import Period
    from salesops_lib.data.view import Role
    from salesops_lib.results import Measure

__all__ = ["Bar", "Bars", "Choice", "Comparison", "PanelState"]

Comparison = Literal["prior", "last_year", "none"]

_PERIODS = 8


@dataclass(frozen=True)
class Choice:
    """What somebody chose.

    Parameters
    ----------
    period : str
        Label of a period.
    scope : str
        Scope, such as ``region:EMEA``.
    metric : str
        Id of a measure.
    comparison : str
        ``prior``, ``last_year`` or ``none``.
    """

    period: str
    scope: str
    metric: str = "bookings"
    comparison: Comparison = "prior"


@dataclass(frozen=True)
class Bar:
    """One part of the scope.

    Parameters
    ----------
    group, label : str
        Key and name of the part.
    text : str
        Its value, as people read it.
    note : str
        Interval, cases, or why there is no value.
    change : str
        Change on the period it is compared with; empty without one.
    length, compared : float
        Lengths of its bar and of the one it is compared with, 0 to 100.
    """

    group: str
    label: str
    text: str
    note: str
    change: str
    length: float
    compared: float


@dataclass(frozen=True)
class Bars:
    """A metric by the parts of a scope.

    Parameters
    ----------
    title : str
        What is shown.
    rows : tuple of Bar
        The largest value first; those without one last.
    """

    title: str
    rows: tuple[Bar, ...]


@dataclass
class PanelState:
    """Choices of a panel about one report's data; no widget, no browser.

    Parameters
    ----------
    view : View
        The report's view. The panel shows its snapshot, calendar, currency and
        language, and what its audience may read.
    """

    view: View
    _views: dict[tuple[str, str], View] = field(default_factory=dict)

    @property
    def start(self) -> Choice:
        """What is chosen at first: the report's own period and scope."""
        return Choice(self.view.period.label, str(self.view.scope))

    @property
    def periods(self) -> list[tuple[str, str]]:
        """Name and label of each period that can be chosen, the latest first."""
        return [(self.view.show.period(span.label), span.label) for span in self._spans()]

    def scopes(self, period: str) -> list[tuple[str, str]]:
        """Name and value of each scope that can be chosen in a period.

        Leadership may choose all of the company; others the report's own scope.
        """
        say, view = self.view.show.say, self.view
        if view.audience != "leadership":
            return [(view.scope_label, str(view.scope))]
        span = next(span for span in self._spans() if span.label == period)
        named: list[tuple[str, str]] = []
        for kind in SCOPE_KINDS:
            for scope in scopes(view.snapshot.whole, kind, span, view.as_of):
                words = {"kind": grouping_head(kind, view.show), "name": scope.label}
                label = say("Company") if kind == "company" else say("{kind}: {name}", **words)
                named.append((label, str(scope)))
        return named

    @property
    def metrics(self) -> list[tuple[str, str]]:
        """Name and id of each measure that can be chosen."""
        return [(DEFINITIONS[key].said(self.view.show).name, key) for key in COUNTED]

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """Name and value of each comparison that can be chosen."""
        say = self.view.show.say
        return [
            (say("the period before"), "prior"),
            (say("the same period a year ago"), "last_year"),
            (say("nothing"), "none"),
        ]

    def fitting(self, choice: Choice) -> Choice:
        """The choice, with a scope that its period knows.

        A team that did not exist yet gives way to the report's own scope, and where
        that did not either, to the first scope of the period.
        """
        known = [value for _label, value in self.scopes(choice.period)]
        if choice.scope in known:
            return choice
        own = str(self.view.scope)
        scope = own if own in known else known[0]
        return Choice(choice.period, scope, choice.metric, choice.comparison)

    def parts(self, choice: Choice) -> str:
        """What the scope of a choice is split by."""
        return parts_of(self.seen(choice).scope)

    def seen(self, choice: Choice) -> View:
        """View of a choice; opened once."""
        key = (choice.period, choice.scope)
        if key == (self.view.period.label, str(self.view.scope)):
            return self.view
        if key not in self._views:
            view = self.view
            self._views[key] = open_view(
                view.snapshot.whole.origin.path,
                as_of=view.as_of,
                period=choice.period,
                scope=choice.scope,
                calendar=view.calendar.settings,
                currency=view.currency,
                language=view.language,
                audience=view.audience,
            )
        return self._views[key]

    def bars(self, choice: Choice) -> Bars:
        """Bars of a choice.

        Raises
        ------
        InputError
            The period or scope does not exist, or must not be read.
        """
        view, by = self.seen(choice), self.parts(choice)
        measure = COUNTED[choice.metric].measure(view, by)
        title = view.show.say(
            "{measure} of {scope} by {by}, {period}",
            measure=measure.definition.name,
            scope=view.scope_phrase,
            by=grouping_word(by, view.show),
            period=measure.period(),
        )
        role = None if choice.comparison == "none" else choice.comparison
        return Bars(title, _rows(measure, role))

    def deals(self, choice: Choice, group: str) -> Deals:
        """Deals behind one bar of a choice."""
        return deals(self.seen(choice), choice.metric, self.parts(choice), group)

    def _spans(self) -> list[Period]:
        first = self.view.starts_on
        spans = reversed(self.view.calendar.trailing(self.view.period, _PERIODS))
        return [
            span
            for span in spans
            # The report's own is always there, whatever the extract holds.
            if span == self.view.period or (first is not None and first <= span.end)
        ]


def _rows(measure: Measure, role: Role | None) -> tuple[Bar, ...]:
    numbers = {group: _number(measure, "current", group) for group, _label in measure.groups}
    before = {group: _number(measure, role, group) for group, _label in measure.groups}
    longest = max((n for n in [*numbers.values(), *before.values()] if n is not None), default=0.0)

    def length(number: float | None) -> float:
        if number is None or longest <= 0:
            return 0.0
        return round(100 * max(number, 0.0) / longest, 1)

    def rank(named: tuple[str, str]) -> tuple[bool, float, str]:
        number = numbers[named[0]]
        return number is None, -(number or 0.0), named[1]

    return tuple(
        Bar(
            group,
            label,
            measure.text(group=group) if numbers[group] is not None else MISSING,
            _note(measure, group),
            _change(measure, role, group),
            length(numbers[group]),
            length(before[group]),
        )
        for group, label in sorted(measure.groups, key=rank)
    )


def _number(measure: Measure, role: str | None, group: str) -> float | None:
    number = None if role is None else measure.value(role, group).number
    return None if number is None else float(number)


def _note(measure: Measure, group: str) -> str:
    value, show = measure.value(group=group), measure.show
    if value.number is None:
        return value.reason
    interval = show.interval(value.low, value.high, measure.definition.unit, rough=True)
    cases = ""
    if value.n is not None and measure.definition.unit != "count":
        cases = show.counted(value.n, "{count} deal", "{count} deals")
    return ", ".join(part for part in (interval, cases) if part)


def _change(measure: Measure, role: Role | None, group: str) -> str:
    if role is None:
        return ""
    text = measure.change_text(role, group)
    if not text:
        return ""
    return measure.show.say("{change} on {period}", change=text, period=measure.period(role))
