"""Defects that only data show: people without quotas, values without deals, missing rates."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from ibis import _

from salesops_lib.compensation.lint_checks import Found
from salesops_lib.compensation.lint_people import group_name
from salesops_lib.compensation.measures_followed import components_of, quota_measures
from salesops_lib.compensation.plan_members import plan_members
from salesops_lib.data.exchange import rates_into
from salesops_lib.errors import InputError, nearest_match

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

__all__ = ["data_defects"]

_NAMED = 3

_COLUMNS = {
    "product": ("opportunities", "product"),
    "type": ("opportunities", "type"),
    "source": ("opportunities", "source"),
    "product_family": ("products", "family"),
    "segment": ("accounts", "segment"),
    "industry": ("accounts", "industry"),
    "country": ("accounts", "country"),
    "region": ("rep_assignments", "region"),
    "team": ("rep_assignments", "team"),
}


def data_defects(plan: Plan, snapshot: Snapshot, calendar: FiscalCalendar) -> Iterator[Found]:
    """What of a plan does not fit a snapshot's people, quotas, deals and rates.

    Parameters
    ----------
    plan : Plan
        The plan.
    snapshot : Snapshot
        Organisation, quotas, deals and exchange rates.
    calendar : FiscalCalendar
        Whose periods count.

    Yields
    ------
    Found
    """
    periods = _periods(plan, snapshot, calendar)
    if snapshot.has("rep_assignments"):
        yield from _people(plan, snapshot, periods)
    yield from _values(plan, snapshot)
    yield from _currencies(plan, snapshot)


def _periods(plan: Plan, snapshot: Snapshot, calendar: FiscalCalendar) -> list[Period]:
    """Pay periods that have begun by the snapshot's day; at least the plan's first one."""
    found = [calendar.period_of(plan.from_, plan.pay_period)]
    last = min(snapshot.as_of, plan.to or snapshot.as_of)
    while found[-1].end < last:
        found.append(calendar.next(found[-1]))
    return found


def _people(plan: Plan, snapshot: Snapshot, periods: list[Period]) -> Iterator[Found]:
    columns = ("rep_id", "role", "team", "region", "effective_from", "effective_to")
    places = snapshot.table("rep_assignments").select(*columns).to_pandas()
    yield from _groups(plan, places)
    yield from _owners(plan, places)
    table = snapshot.table("quotas").select("rep_id", "measure", "period_start", "period_end")
    quotas = table.to_pandas()
    lacking: dict[tuple[int, str], tuple[Period, list[str]]] = {}
    for period in periods:
        try:
            members = plan_members(plan, places, period)
        except InputError as error:
            yield Found("quota_without_people", ("people",), error.what, "write ids as the CRM has")
            return
        for number, measure, rep in _lacking(plan, members, quotas, period):
            lacking.setdefault((number, measure), (period, []))
            first, reps = lacking[number, measure]
            if first == period:
                reps.append(rep)
    for (number, measure), (period, reps) in lacking.items():
        named = ", ".join(f"`{rep}`" for rep in reps[:_NAMED])
        more = f" and {len(reps) - _NAMED} more" if len(reps) > _NAMED else ""
        yield Found(
            "person_without_quota", ("components", number),
            f"`{plan.components[number].name}` needs a quota of `{measure}`, and in {period} "
            f"{named}{more} {'has' if len(reps) == 1 else 'have'} none",
            "give quotas in the quotas table, or under `quotas` of the plan",
        )  # fmt: skip


def _lacking(
    plan: Plan, members: pd.DataFrame, quotas: pd.DataFrame, period: Period
) -> Iterator[tuple[int, str, str]]:
    """Component, measure and person where a quota is missing in a period."""
    for role, rows in members.groupby("role", sort=True):
        for number, component in components_of(plan, str(role)):
            for _at, measure in quota_measures(plan, component):
                own = [quota for quota in plan.quotas if quota.measure == measure]
                name = plan.measures[measure].quota or measure
                there = quotas[
                    (quotas["measure"] == name)
                    & (quotas["period_start"] <= np.datetime64(period.end))
                    & (quotas["period_end"] >= np.datetime64(period.start))
                ]
                known = set(there["rep_id"])
                for rep in sorted(rows["rep_id"]):
                    mine = any(
                        rep in quota.rep_ids
                        or (not quota.rep_ids and (not quota.roles or role in quota.roles))
                        for quota in own
                    )
                    if not mine and rep not in known:
                        yield number, measure, rep


def _groups(plan: Plan, places: pd.DataFrame) -> Iterator[Found]:
    for number, group in enumerate(plan.people):
        fits = places["rep_id"].notna()
        for key in ("role", "team", "region"):
            wanted = getattr(group, key)
            if wanted is None:
                continue
            fits &= places[key] == wanted
            if not (places[key] == wanted).any():
                yield Found(
                    "group_without_people", ("people", number, key),
                    f"nobody of the organisation has the {key} `{wanted}`",
                    _near(wanted, set(places[key].dropna())),
                )  # fmt: skip
                break
        else:
            if not fits.any():
                yield Found(
                    "group_without_people", ("people", number),
                    f"nobody of the organisation is {group_name(group)} at once",
                    "leave out what does not hold",
                )  # fmt: skip


def _owners(plan: Plan, places: pd.DataFrame) -> Iterator[Found]:
    for number, quota in enumerate(plan.quotas):
        for key, column in (("roles", "role"), ("rep_ids", "rep_id")):
            known = set(places[column].dropna())
            for wanted in getattr(quota, key):
                if wanted not in known:
                    yield Found(
                        "quota_without_people", ("quotas", number, key),
                        f"the quota of `{quota.measure}` is for `{wanted}`, who is nowhere in the "
                        "organisation",
                        _near(wanted, known),
                    )  # fmt: skip


def _values(plan: Plan, snapshot: Snapshot) -> Iterator[Found]:
    known: dict[str, set[Any]] = {}
    for name, measure in plan.measures.items():
        for key in ("where", "except_where"):
            for attribute, values in getattr(measure, key).items():
                table, column = _COLUMNS[attribute]
                if attribute not in known:
                    found = snapshot.table(table).select(column).distinct().to_pandas()[column]
                    known[attribute] = set(found.dropna())
                for value in values:
                    if value in known[attribute]:
                        continue
                    near = nearest_match(value, known[attribute])
                    yield Found(
                        "value_without_deals", ("measures", name, key, attribute),
                        f"no {attribute} in the data is `{value}`",
                        _near(value, known[attribute]),
                        "error" if near else None,
                    )  # fmt: skip


def _currencies(plan: Plan, snapshot: Snapshot) -> Iterator[Found]:
    won = snapshot.table("opportunities").filter(
        _.is_won, _.currency.notnull(), _.currency != plan.currency, _.close_date.notnull()
    )
    paid = won.filter(_.close_date >= plan.from_)
    if plan.to is not None:
        paid = paid.filter(_.close_date <= plan.to)
    firsts = _firsts(paid if paid.count().to_pyarrow().as_py() else won)
    rates = rates_into(snapshot, plan.currency).group_by("rate_currency")
    begins = rates.agg(first=_.rate_date.min()).to_pyarrow().to_pydict()
    since = dict(zip(begins["rate_currency"], begins["first"], strict=True))
    constant = plan.crediting.constant_rate_day
    for currency, first in sorted(firsts.items()):
        day = constant or first
        if currency not in since or since[currency] > day:
            yield Found(
                "currency_without_rate",
                ("crediting", "constant_rate_day") if constant else ("currency",),
                f"won deals are in {currency}, and no rate to {plan.currency} holds on {day}",
                "add it to fx_rates, or pay in another currency",
            )  # fmt: skip


def _firsts(won: Any) -> dict[str, dt.date]:
    """First close date of each currency."""
    rows = won.group_by("currency").agg(first=_.close_date.min()).to_pyarrow().to_pydict()
    return dict(zip(rows["currency"], rows["first"], strict=True))


def _near(found: str, known: set[Any]) -> str:
    near = nearest_match(found, known)
    if near:
        return f"write `{near}`"
    shown = ", ".join(f"`{value}`" for value in sorted(known)[:12])
    return f"write one of {shown}" if shown else "bring the data first"
