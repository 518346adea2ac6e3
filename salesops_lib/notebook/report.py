"""The report that a notebook opens: validated parameters, and the view they name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.calendar import CalendarSettings
from salesops_lib.data.audience import Audience
from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.past import past_of
from salesops_lib.data.view import View, open_view
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.notebook.project import project_root
from salesops_lib.results import MIME
from salesops_lib.yamlfile import Strict, validated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.data.scope import Scope

__all__ = ["Report", "ReportParameters", "open_report", "parts_of"]


_PARTS = {"company": "region", "region": "team", "team": "rep"}


def parts_of(scope: Scope) -> str:
    """What a scope is made of: regions, teams or reps; products for one rep.

    Examples
    --------
    >>> from salesops_lib.data.scope import Scope
    >>> parts_of(Scope.parse("team:Iberia")), parts_of(Scope.parse("rep:R042"))
    ('rep', 'product')
    """
    return _PARTS.get(scope.kind, "product")


class ReportParameters(Strict):
    """Parameters that every notebook declares.

    Parameters
    ----------
    snapshot : str
        Folder of a snapshot, or the store that holds it, from the project root.
    as_of : str
        ISO date, any from the extract's first day; empty for the snapshot's own.
    period : str
        Fiscal period.
    scope : str
        ``company``, ``region:NAME``, ``team:NAME`` or ``rep:ID``.
    calendar : CalendarSettings
        Fiscal calendar.
    currency : CurrencySettings
        Reporting currency and rate rule.
    language : str
        Language of the report.
    audience : str, optional
        ``leadership``, ``manager`` or ``rep``. Default: the rep for a rep's report,
        leadership for all others.
    """

    snapshot: str
    as_of: str = ""
    period: str
    scope: str = "company"
    calendar: CalendarSettings = CalendarSettings()
    currency: CurrencySettings = CurrencySettings()
    language: str = "en"
    audience: Audience | None = None

    @property
    def day(self) -> dt.date | None:
        """The as-of date; None for the snapshot's own."""
        if not self.as_of:
            return None
        try:
            return dt.date.fromisoformat(self.as_of)
        except ValueError:
            raise InputError(
                f"`as_of` is {self.as_of!r}, but must be a date such as 2026-09-30",
                where="parameters",
            ) from None


@dataclass(frozen=True)
class Report:
    """An opened report.

    Parameters
    ----------
    name, title : str
        Name in code, and for readers.
    parameters : ReportParameters
        As validated.
    view : View
        The data, as this report sees them.
    """

    name: str
    title: str
    parameters: ReportParameters
    view: View

    def file(self, name: str) -> Path | None:
        """File of the project that a parameter names; None where it names none.

        Parameters
        ----------
        name : str
            Path from the project folder, or empty.
        """
        if not name:
            return None
        return Path(name) if Path(name).is_absolute() else project_root(Path.cwd()) / name

    @property
    def parts(self) -> str:
        """What the scope is made of: regions, teams or reps; products for one rep."""
        return parts_of(self.view.scope)

    @property
    def meta(self) -> list[str]:
        """What a reader must know before the first number."""
        view = self.view
        manifest = view.snapshot.manifest
        show, say = view.show, view.show.say
        currency = view.currency.reporting
        rates = say("{currency} at rates of the close dates", currency=currency)
        if view.currency.rates == "as_of":
            day = show.date(view.as_of)
            rates = say("{currency} at rates of {day}", currency=currency, day=day)
        compared = [show.period(view.periods[role].label) for role in ("prior", "last_year")]
        return [
            rates,
            say("snapshot {snapshot}", snapshot=view.snapshot.id),
            show.counted(view.deal_count, "{count} deal", "{count} deals"),
            say(
                "{quarantined} of {rows} rows quarantined",
                quarantined=show.count(manifest.quarantined),
                rows=show.count(sum(table.read for table in manifest.tables.values())),
            ),
            self._reader,
            say("compared with {periods}", periods=show.listed(list(dict.fromkeys(compared)))),
        ]

    @property
    def _standing(self) -> str:
        """The day that the figures stand at, and whether its state was rebuilt."""
        show, past = self.view.show, past_of(self.view.snapshot)
        day = show.date(self.view.as_of)
        if past is not None:
            return show.say(
                "as of {day}, rebuilt from the snapshot of {later}",
                day=day,
                later=show.date(past.origin.as_of),
            )
        if self.parameters.day not in {None, self.view.as_of}:
            return show.say(
                "as of {day}, the snapshot in place of that of {wanted}",
                day=day,
                wanted=show.date(self.parameters.day),
            )
        return show.say("as of {day}", day=day)

    @property
    def _reader(self) -> str:
        say = self.view.show.say
        readers: dict[Audience, str] = {
            "leadership": say("for leadership"),
            "manager": say("for the manager"),
            "rep": say("for this rep only"),
        }
        return readers[self.view.audience]

    def records(self) -> dict[str, Any]:
        """Values for machines, and for the page's head."""
        view, show = self.view, self.view.show
        kicker = [
            self.title,
            view.scope_label,
            show.span(view.period.start, view.period.end),
            self._standing,
        ]
        return {
            "kind": "report",
            "name": self.name,
            "title": self.title,
            "kicker": " · ".join(kicker),
            "scope": str(view.scope),
            "scope_label": view.scope_label,
            "period": view.period.label,
            "period_label": show.span(view.period.start, view.period.end),
            "as_of": view.as_of.isoformat(),
            "language": view.language,
            "audience": view.audience,
            "currency": view.currency.reporting,
            "snapshot": view.snapshot.id,
            "source": view.snapshot.manifest.name,
            "meta": self.meta,
            "parameters": self.parameters.model_dump(mode="json"),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = self.records()
        rows = tuple(
            (Cell(name, "head"), Cell(str(value), "text"))
            for name, value in values["parameters"].items()
        )
        say = self.view.show.say
        headers = ((say("Parameter"), "text"), (say("Value"), "text"))
        grid = Grid(values["kicker"], headers, rows, show=self.view.show)
        return {"text/plain": values["kicker"], "text/html": grid_html(grid), MIME: values}


def open_report(cell: Mapping[str, Any], *, name: str, title: str) -> Report:
    """Report that a notebook's parameters describe.

    Parameters
    ----------
    cell : mapping
        ``globals()`` of the notebook, after its parameters cell has run.
    name, title : str
        Name of the report in code, and for readers.

    Returns
    -------
    Report
        Shown as a table of its parameters.

    Raises
    ------
    InputError
        A parameter is missing, has another type, or names what does not exist.

    Examples
    --------
    In a notebook: ``report = open_report(globals(), name="performance_review",
    title="Performance review")``, then ``report.view`` for every measure.
    """
    values = {key: cell[key] for key in ReportParameters.model_fields if key in cell}
    parameters = validated(values, ReportParameters, "the parameters cell")
    place = Path(parameters.snapshot)
    if not place.is_absolute():
        place = project_root(Path.cwd()) / place
    view = open_view(
        place,
        as_of=parameters.day,
        period=parameters.period,
        scope=parameters.scope,
        calendar=parameters.calendar,
        currency=parameters.currency,
        language=parameters.language,
        audience=parameters.audience,
    )
    return Report(name, view.show.say(title), parameters, view)
