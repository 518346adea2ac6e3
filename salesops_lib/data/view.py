"""A snapshot as one report sees it: one scope, period, calendar and currency."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import ibis
from ibis import _

from salesops_lib.calendar import CalendarSettings, FiscalCalendar, Period
from salesops_lib.data.activity import employment_facts
from salesops_lib.data.audience import (
    Audience,
    DisguisedSnapshot,
    audience_of,
    disguised_snapshot,
)
from salesops_lib.data.derived import derived_table
from salesops_lib.data.engine import held, snapshot_on
from salesops_lib.data.facts import CurrencySettings, credit_facts, deal_facts, facts_folder
from salesops_lib.data.parts import files_of
from salesops_lib.data.past import snapshot_at
from salesops_lib.data.quotas import quota_facts
from salesops_lib.data.scope import COMPANY, Scope
from salesops_lib.data.scopes import scopes
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    import pyarrow as pa
    from ibis.expr.types import Table as IbisTable

    from salesops_lib.data.snapshot import Snapshot

__all__ = [
    "ROLES",
    "Role",
    "View",
    "Window",
    "non_working_days",
    "open_view",
    "prepare",
]

Role = Literal["current", "prior", "last_year"]
ROLES: tuple[Role, ...] = ("current", "prior", "last_year")
"""The period of a report, the one before it, and the same one a year ago."""


@dataclass(frozen=True)
class Window:
    """Days of a period that are compared.

    Parameters
    ----------
    label : str
        Label of the period, such as ``2026-Q2``.
    start, end : date
        First and last day, inclusive. The end is cut where the report's own
        period is still running, so that like is compared with like.
    complete : bool
        Whether the window reaches the period's last day.
    """

    label: str
    start: dt.date
    end: dt.date
    complete: bool


# Identity, not contents, tells views apart: results are cached by view.
@dataclass(frozen=True, eq=False)
class View:
    """A snapshot as one report sees it.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    as_of : date
        Day the figures stand at.
    period : Period
        Period of the report.
    calendar : FiscalCalendar
        The company's calendar.
    scope : Scope
        Part of the company.
    currency : CurrencySettings
        Reporting currency and rate rule.
    language : str
        Language of labels and formats.
    audience : str
        Whom the report is for; tables of the view name no one else to them.
    """

    snapshot: Snapshot
    as_of: dt.date
    period: Period
    calendar: FiscalCalendar
    scope: Scope = COMPANY
    currency: CurrencySettings = field(default_factory=CurrencySettings)
    language: str = "en"
    audience: Audience = "leadership"

    @cached_property
    def show(self) -> Formatter:
        """Formats of this report."""
        return Formatter(self.language, self.currency.reporting)

    @cached_property
    def scope_label(self) -> str:
        """Name of the scope, as a title has it."""
        return self.show.say("Company") if self.scope.kind == "company" else self.scope.label

    @cached_property
    def scope_phrase(self) -> str:
        """Name of the scope, as a sentence has it."""
        return self.show.say("the company") if self.scope.kind == "company" else self.scope.label

    @cached_property
    def periods(self) -> dict[Role, Period]:
        """The report's period and those it is compared with."""
        return {
            "current": self.period,
            "prior": self.calendar.prior(self.period),
            "last_year": self.calendar.same_last_year(self.period),
        }

    @cached_property
    def windows(self) -> dict[Role, Window]:
        """Days compared: up to the same share of working days in each period."""
        share = self.calendar.elapsed_share(self.period, self.as_of)
        found: dict[Role, Window] = {}
        for role, period in self.periods.items():
            end = min(period.end, self.as_of)
            if role != "current" and share < 1:
                end = self.day_at(period, share)
            found[role] = Window(period.label, period.start, end, end == period.end)
        return found

    @cached_property
    def all_deals(self) -> IbisTable:
        """Deals of the whole company; columns as in `facts.deal_facts`.

        A rep's view holds that rep's own; a manager's names no owner outside the scope.
        """
        if isinstance(self.snapshot, DisguisedSnapshot):
            return self.snapshot.facts(self._deals)
        return self._deals

    @cached_property
    def _deals(self) -> IbisTable:
        return self._facts("deals")

    @cached_property
    def deals(self) -> IbisTable:
        """Deals of the scope, by their owner's place; columns as in `facts.deal_facts`."""
        deals = self.all_deals
        match self.scope.kind:
            case "company":
                return deals
            case "rep":
                return deals.filter(_.owner_id == self.scope.key)
            case kind:
                return deals.filter(_[kind] == self.scope.key)

    @cached_property
    def credits(self) -> IbisTable:
        """Revenue credit of the scope; columns as in `facts.credit_facts`."""
        revenue = self._revenue
        if isinstance(self.snapshot, DisguisedSnapshot):
            revenue = self.snapshot.facts(revenue)
        match self.scope.kind:
            case "company":
                return revenue
            case "rep":
                return revenue.filter(_.rep_id == self.scope.key)
            case kind:
                return revenue.filter(_[kind] == self.scope.key)

    @cached_property
    def _revenue(self) -> IbisTable:
        return self._facts("credits").filter(_.kind == "revenue")

    @cached_property
    def quotas(self) -> pd.DataFrame:
        """Quotas of the scope; rows as in `quotas.quota_facts`."""

        def made() -> pa.Table:
            return _by_scope(self._facts("quotas"), self.scope.kind, "rep_id").to_pyarrow()

        rows = self._derived("quotas", [self.scope.kind], made, __name__, self.scope.key)
        return cast("pd.DataFrame", rows.drop_columns("scope").to_pandas(date_as_object=False))

    @cached_property
    def starts_on(self) -> dt.date | None:
        """First close date in the whole extract; None where nothing has closed."""

        def made() -> pa.Table:
            closed = self._deals.filter(_.is_closed)
            return closed.agg(first=_.close_date.min()).to_pyarrow()

        first: dt.date | None = self._derived("starts", [], made, __name__)["first"][0].as_py()
        return first

    @cached_property
    def deal_count(self) -> int:
        """Number of the scope's deals."""
        counts = self.tally(
            "deals", "deals", lambda deals: deals.group_by("scope").agg(n=_.count())
        )
        return int(counts["n"].sum())

    def tally(
        self,
        name: str,
        of: Literal["deals", "credits", "employment"],
        query: Callable[[IbisTable], IbisTable],
        *settings: Any,
    ) -> pd.DataFrame:
        """What a query counts in the scope; it is run for all scopes of the kind at once.

        Parameters
        ----------
        name : str
            What is counted.
        of : str
            ``deals``, as in `facts.deal_facts`, ``credits`` (revenue only), as in
            `facts.credit_facts`, or ``employment``, as in `activity.employment_facts`.
        query : callable
            Takes all rows with a column `scope`, and returns few, grouped by
            `scope` and whatever else. Nothing but the view, its periods and
            `settings` may make a difference to it.
        *settings : object
            What else it depends on; `str` must tell it apart.

        Returns
        -------
        DataFrame
            The rows of this scope, in the order of the query.
        """
        kind = self.scope.kind

        def made() -> pa.Table:
            rows = self._revenue if of == "credits" else self._deals
            if of == "employment":
                rows = employment_facts(self.snapshot.whole)
            person = "rep_id" if of == "credits" else "owner_id"
            return query(_by_scope(rows, kind, person)).to_pyarrow()

        windows = [(w.start, w.end) for w in self.windows.values()]
        about = (kind, *windows, *settings)
        rows = self._derived(name, about, made, query.__module__, self.scope.key)
        return cast("pd.DataFrame", rows.drop_columns("scope").to_pandas())

    def _derived(
        self,
        name: str,
        settings: Sequence[Any],
        make: Callable[[], pa.Table],
        module: str,
        scope: str | None = None,
    ) -> pa.Table:
        about = [self.currency.model_dump(), self.as_of]
        # Counted for everyone, whoever is first; each report then gets its scope's rows.
        return derived_table(self.snapshot.whole, name, [*about, *settings], make, module, scope)

    def day_at(self, period: Period, share: float) -> dt.date:
        """First day of a period by whose end a share of its working days is over."""
        day = period.start
        while day < period.end and self.calendar.elapsed_share(period, day) < share:
            day += dt.timedelta(days=1)
        return day

    def _facts(self, name: Literal["deals", "credits", "quotas"]) -> IbisTable:
        snapshot = self.snapshot.whole
        folder = facts_folder(snapshot, self.currency, self.as_of)
        if folder is not None:
            return snapshot.backend.read_parquet(str(folder / files_of(name)))
        if name == "quotas":
            return quota_facts(snapshot, self.currency.reporting, self.as_of)
        if name == "deals":
            return held(snapshot, deal_facts(snapshot, self.currency, self.as_of))
        return held(snapshot, credit_facts(snapshot, self._deals, self.as_of))


def open_view(
    snapshot: Path,
    *,
    period: str,
    as_of: dt.date | None = None,
    scope: str = "company",
    calendar: CalendarSettings | None = None,
    currency: CurrencySettings | None = None,
    language: str = "en",
    audience: Audience | None = None,
    engine: Any = None,
) -> View:
    """View of a snapshot for one report.

    Parameters
    ----------
    snapshot : Path
        Folder of a snapshot, or the store that holds it.
    period : str
        Fiscal period, such as ``2026-Q3``.
    as_of : date, optional
        Day the figures stand at: see `past.snapshot_at`. Default: the snapshot's own.
    scope : str
        ``company``, ``region:NAME``, ``team:NAME`` or ``rep:ID``.
    calendar : CalendarSettings, optional
        Default: calendar years.
    currency : CurrencySettings, optional
        Default: EUR at the rates of the close dates.
    language : str
        Language of labels and formats.
    audience : str, optional
        ``leadership``, ``manager`` or ``rep``. Default: the rep for a rep's report,
        leadership for all others.
    engine : ibis.BaseBackend, optional
        As for `engine.snapshot_on`. Default: DuckDB in this process.

    Returns
    -------
    View

    Raises
    ------
    InputError
        Anything named does not exist, a currency has no rate, or the audience must
        not read about the scope.
    """
    opened = snapshot_on(snapshot_at(snapshot, as_of), engine)
    day = opened.as_of
    fiscal = FiscalCalendar(calendar or CalendarSettings(), non_working_days(opened))
    chosen = fiscal.period(period)
    if chosen.start > day:
        raise InputError(f"the period {chosen} begins after the as-of date {day}", found=period)
    wanted = Scope.parse(scope)
    reader = audience_of(audience, wanted.kind)
    known = {place.key: place for place in scopes(opened, wanted.kind, chosen, day)}
    if wanted.key not in known:
        raise InputError(
            f"no {wanted.kind} `{wanted.key}` in {chosen}",
            found=wanted.key,
            allowed=known if reader == "leadership" or wanted.kind != "rep" else None,
        )
    return View(
        disguised_snapshot(opened, reader, known[wanted.key], day),
        day,
        chosen,
        fiscal,
        known[wanted.key],
        currency or CurrencySettings(),
        language,
        reader,
    )


def prepare(snapshot: Snapshot, currency: CurrencySettings, as_of: dt.date) -> None:
    """Write what all reports of a batch share, so that no kernel has to.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    currency : CurrencySettings
        Reporting currency and rate rule.
    as_of : date
        Day the figures stand at.

    Raises
    ------
    InputError
        A currency has no rate.
    """
    facts_folder(snapshot, currency, as_of)


def _by_scope(rows: IbisTable, kind: str, person: str) -> IbisTable:
    """Rows with the `scope` of a kind that each belongs to; those without are left out."""
    if kind == "company":
        return rows.mutate(scope=ibis.literal(COMPANY.key))
    return rows.mutate(scope=rows[person if kind == "rep" else kind]).filter(_.scope.notnull())


def non_working_days(snapshot: Snapshot) -> dict[dt.date, bool]:
    """Days whose working state differs from Monday to Friday, from ``calendar``."""
    if not snapshot.has("calendar"):
        return {}
    days = snapshot.rows("calendar", ["date", "is_working_day"])
    return {day["date"]: bool(day["is_working_day"]) for day in days.to_pylist()}
