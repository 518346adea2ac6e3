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
from salesops_lib.data.facts import CurrencySettings, credit_facts, deal_facts, facts_folder
from salesops_lib.data.organisation import placed, places
from salesops_lib.data.quotas import quota_facts
from salesops_lib.data.scope import COMPANY, Scope
from salesops_lib.data.snapshot import Snapshot, find_snapshot
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table as IbisTable

__all__ = ["ROLES", "Role", "View", "Window", "non_working_days", "open_view", "prepare", "scopes"]

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
    """

    snapshot: Snapshot
    as_of: dt.date
    period: Period
    calendar: FiscalCalendar
    scope: Scope = COMPANY
    currency: CurrencySettings = field(default_factory=CurrencySettings)
    language: str = "en"

    @cached_property
    def show(self) -> Formatter:
        """Formats of this report."""
        return Formatter(self.language, self.currency.reporting)

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
                end = self._day_at(period, share)
            found[role] = Window(period.label, period.start, end, end == period.end)
        return found

    @cached_property
    def all_deals(self) -> IbisTable:
        """Deals of the whole company; columns as in `facts.deal_facts`."""
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
        revenue = self._facts("credits").filter(_.kind == "revenue")
        match self.scope.kind:
            case "company":
                return revenue
            case "rep":
                return revenue.filter(_.rep_id == self.scope.key)
            case kind:
                return revenue.filter(_[kind] == self.scope.key)

    @cached_property
    def quotas(self) -> pd.DataFrame:
        """Quotas of the scope; rows as in `quotas.quota_facts`."""
        quotas = self._facts("quotas")
        match self.scope.kind:
            case "company":
                scoped = quotas
            case "rep":
                scoped = quotas.filter(_.rep_id == self.scope.key)
            case kind:
                scoped = quotas.filter(_[kind] == self.scope.key)
        return cast("pd.DataFrame", scoped.to_pandas())

    @cached_property
    def starts_on(self) -> dt.date | None:
        """First close date in the whole extract; None where nothing has closed."""
        closed = self.all_deals.filter(_.is_closed)
        first = self.snapshot.backend.execute(closed.close_date.min())
        return None if first is None or first != first else _as_date(first)

    def _day_at(self, period: Period, share: float) -> dt.date:
        day = period.start
        while day < period.end and self.calendar.elapsed_share(period, day) < share:
            day += dt.timedelta(days=1)
        return day

    def _facts(self, name: Literal["deals", "credits", "quotas"]) -> IbisTable:
        folder = facts_folder(self.snapshot, self.currency, self.as_of)
        if folder is not None:
            return self.snapshot.backend.read_parquet(str(folder / f"{name}.parquet"))
        # The snapshot's folder cannot be written to: the facts live in memory.
        if name == "quotas":
            return quota_facts(self.snapshot, self.currency.reporting, self.as_of)
        deals = ibis.memtable(deal_facts(self.snapshot, self.currency, self.as_of).to_pyarrow())
        if name == "deals":
            return deals
        return ibis.memtable(credit_facts(self.snapshot, deals, self.as_of).to_pyarrow())


def open_view(
    snapshot: Path,
    *,
    period: str,
    as_of: dt.date | None = None,
    scope: str = "company",
    calendar: CalendarSettings | None = None,
    currency: CurrencySettings | None = None,
    language: str = "en",
) -> View:
    """View of a snapshot for one report.

    Parameters
    ----------
    snapshot : Path
        Folder of a snapshot, or the store that holds it.
    period : str
        Fiscal period, such as ``2026-Q3``.
    as_of : date, optional
        Day the figures stand at. Default: the snapshot's own.
    scope : str
        ``company``, ``region:NAME``, ``team:NAME`` or ``rep:ID``.
    calendar : CalendarSettings, optional
        Default: calendar years.
    currency : CurrencySettings, optional
        Default: EUR at the rates of the close dates.
    language : str
        Language of labels and formats.

    Returns
    -------
    View

    Raises
    ------
    InputError
        Anything named does not exist, or a currency has no rate.
    """
    opened = Snapshot.open(find_snapshot(snapshot, as_of))
    day = as_of or opened.as_of
    if day != opened.as_of:
        raise InputError(
            f"this snapshot stands at {opened.as_of}, not at {day}: ingest the export of that day, "
            "or report as of the snapshot's own day",
            where=opened.id,
        )
    fiscal = FiscalCalendar(calendar or CalendarSettings(), non_working_days(opened))
    chosen = fiscal.period(period)
    if chosen.start > day:
        raise InputError(f"the period {chosen} begins after the as-of date {day}", found=period)
    wanted = Scope.parse(scope)
    known = {place.key: place for place in scopes(opened, wanted.kind, chosen, day)}
    if wanted.key not in known:
        raise InputError(
            f"no {wanted.kind} `{wanted.key}` in {chosen}", found=wanted.key, allowed=known
        )
    return View(
        opened,
        day,
        chosen,
        fiscal,
        known[wanted.key],
        currency or CurrencySettings(),
        language,
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


def scopes(snapshot: Snapshot, kind: str, period: Period, as_of: dt.date) -> tuple[Scope, ...]:
    """Every region, team or rep that a period's reports can be made for.

    These are the places in force at any time in the period (up to the as-of
    date), and those that deals closed in the period belong to, so that the
    reports of one kind add up to the company's. Of people, those whose role is
    rep, or who own such a deal.

    Parameters
    ----------
    snapshot : Snapshot
        The data.
    kind : str
        ``company``, ``region``, ``team`` or ``rep``.
    period : Period
        Period of the reports.
    as_of : date
        Day the figures stand at.

    Returns
    -------
    tuple of Scope
        Sorted by label.
    """
    if kind == "company":
        return (Scope("company", "", "Company"),)
    closed = snapshot.table("opportunities").filter(
        _.is_closed, _.close_date.between(period.start, period.end)
    )
    owners = placed(snapshot, closed.select("owner_id", "close_date"), "owner_id", "close_date")
    in_force = places(snapshot).filter(
        _.place_from <= min(period.end, as_of), _.place_to >= period.start
    )
    if kind == "rep":
        people = snapshot.table("reps").filter(
            _.leave_date.isnull() | (_.leave_date >= period.start)
        )
        sellers = in_force.filter(ibis.coalesce(_.role, "rep") == "rep").semi_join(people, "rep_id")
        named = sellers.select("rep_id").left_join(snapshot.table("reps"), "rep_id")
        pairs = named.select(key=_.rep_id, label=ibis.coalesce(_.name, _.rep_id)).union(
            owners.select(key=_.owner_id, label=_.owner_name)
        )
    else:
        pairs = in_force.select(key=_[kind], label=_[kind]).union(
            owners.select(key=_[kind], label=_[kind])
        )
    found = pairs.filter(_.key.notnull()).distinct().order_by("label", "key").to_pandas()
    return tuple(
        Scope(kind, key, label)  # type: ignore[arg-type]
        for key, label in found.itertuples(index=False)
    )


def non_working_days(snapshot: Snapshot) -> dict[dt.date, bool]:
    """Days whose working state differs from Monday to Friday, from ``calendar``."""
    if not snapshot.has("calendar"):
        return {}
    days = snapshot.table("calendar").select("date", "is_working_day").to_pandas()
    return {_as_date(day): bool(worked) for day, worked in days.itertuples(index=False)}


def _as_date(moment: Any) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment
