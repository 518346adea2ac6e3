"""People and quotas of a pay run, from the snapshot: who was there when, and what that cuts."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from ibis import _

from salesops_lib.compensation.plan_members import plan_members
from salesops_lib.compensation.proration import prorated_cents, quota_factor, ramp_factor
from salesops_lib.compensation.quota_book import QUOTA_COLUMNS
from salesops_lib.compensation.shares import largest_remainder
from salesops_lib.compensation.windows import Window, window_of
from salesops_lib.data.exchange import converted
from salesops_lib.data.organisation import EVER, NEVER
from salesops_lib.errors import InputError
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_people import PlanGroup
    from salesops_lib.data.snapshot import Snapshot
    from salesops_lib.period import Period

__all__ = ["longest_window", "pay_people", "pay_quotas", "snapshot_assignments"]

_Span = tuple[dt.date, dt.date]


def snapshot_assignments(snapshot: Snapshot) -> pd.DataFrame:
    """Everybody's places in the organisation, for `plan_members`.

    Parameters
    ----------
    snapshot : Snapshot
        Source.

    Returns
    -------
    DataFrame
        `rep_id`, `role`, `team`, `region`, `effective_from`, `effective_to`, `name`,
        `hire_date` and `leave_date`, by person and time.

    Raises
    ------
    InputError
        The snapshot does not say who is where.
    """
    if not snapshot.has("rep_assignments"):
        raise InputError(
            "the snapshot has no rep_assignments: without roles nobody is in a plan",
            where=snapshot.id,
        )
    people = snapshot.table("reps").select("rep_id", "name", "hire_date", "leave_date")
    places = snapshot.table("rep_assignments").select(
        "rep_id", "role", "team", "region", "effective_from", "effective_to"
    )
    joined = places.left_join(people, "rep_id").drop("rep_id_right")
    frame: pd.DataFrame = joined.order_by("rep_id", "effective_from").to_pandas()
    return frame.assign(name=frame["name"].fillna(frame["rep_id"]))


def longest_window(plan: Plan, period: Period, calendar: FiscalCalendar) -> Window:
    """Longest window that a component of a plan is measured over in a pay period.

    Parameters
    ----------
    plan : Plan
        The plan.
    period : Period
        The pay period.
    calendar : FiscalCalendar
        Whose quarters and years count.

    Returns
    -------
    Window
    """
    found = _windows(plan, period, calendar)
    return max(found, key=lambda window: (window.quota_end - window.start, window.end))


def pay_people(
    plan: Plan, assignments: pd.DataFrame, period: Period, calendar: FiscalCalendar
) -> pd.DataFrame:
    """People whom a plan pays in a period, with the part of the target that is theirs.

    The part is cut by days before hire or a move into the plan, after leaving, and by
    leaves that reduce the target, as the plan's `crediting.proration` counts days.

    Parameters
    ----------
    plan : Plan
        The plan.
    assignments : DataFrame
        As `snapshot_assignments` gives them.
    period : Period
        The pay period.
    calendar : FiscalCalendar
        Whose quarters and years count.

    Returns
    -------
    DataFrame
        One row a person, by `rep_id`: what `assignments` hold of the last place,
        `variable_cents`, `first_day` and `last_day` (dates that the person is in the plan
        between), and `days_counted` ÷ `days_in_period` (exact share of the pay at target).
        Who had left before the period is not in it.

    Raises
    ------
    InputError
        Components are measured over windows of different length, and somebody was there
        for different parts of these: no one share would be right.
    """
    members = plan_members(plan, assignments, period)
    left = pd.to_datetime(members["leave_date"]).to_numpy("datetime64[D]")
    members = members[~(left < np.datetime64(period.start))].reset_index(drop=True)
    stretches = _stretches(plan, assignments, period)
    spans = [stretches[rep] for rep in members["rep_id"]]
    shares = [
        _target_share(plan, rep, span, _windows(plan, period, calendar))
        for rep, span in zip(members["rep_id"], spans, strict=True)
    ]
    return members.assign(
        first_day=pd.Series([first for first, _last in spans], dtype=object),
        last_day=pd.Series([last for _first, last in spans], dtype=object),
        days_counted=np.array([share.numerator for share in shares], dtype=np.int64),
        days_in_period=np.array([share.denominator for share in shares], dtype=np.int64),
    )


def pay_quotas(
    plan: Plan,
    snapshot: Snapshot,
    people: pd.DataFrame,
    period: Period,
    calendar: FiscalCalendar,
) -> pd.DataFrame:
    """Quotas of the snapshot as the engine takes them.

    Of several versions the highest one in force on the period's last day counts. A
    quota of somebody hired within its days is for the days from then on; it is cut for
    days before a move into the plan, after leaving, and of leaves. With `crediting.ramp`
    the full quota (amount ÷ its ramp percent) counts by the months since hire. A quota
    of several pay periods is spread over them by days, to the cent.

    Parameters
    ----------
    plan : Plan
        Measures that count roll-ups only are held against roll-up quotas, others
        against a person's own; where there are none of a kind, against the other.
    snapshot : Snapshot
        Source; foreign quotas are converted at the rate of their first day.
    people : DataFrame
        As `pay_people` gives them.
    period : Period
        The pay period.
    calendar : FiscalCalendar
        Whose quarters and years count.

    Returns
    -------
    DataFrame
        `QUOTA_COLUMNS`: `rep_id`, `measure`, `period_start`, `period_end`, `amount_cents`.

    Raises
    ------
    InputError
        A currency has no rate, or a ramp is to be replaced where it was 0 %.
    """
    window = longest_window(plan, period, calendar)
    rows = _quota_rows(plan, snapshot, people, window, period.end)
    by_person = {row.rep_id: row for row in rows_of(people)}
    found = [
        (row.rep_id, row.measure, *span, cents)
        for row in rows_of(_of_kind(rows, plan))
        for span, cents in _parts(row, by_person[row.rep_id], plan, calendar)
    ]
    frame = pd.DataFrame(found, columns=list(QUOTA_COLUMNS))
    return frame.assign(
        period_start=pd.to_datetime(frame["period_start"]),
        period_end=pd.to_datetime(frame["period_end"]),
        amount_cents=frame["amount_cents"].astype(np.int64),
    )


def _windows(plan: Plan, period: Period, calendar: FiscalCalendar) -> list[Window]:
    settings = [plan.settings_of(component) for component in plan.components]
    kinds = {(one.measured_over, one.quota == "full") for one in settings}
    return [
        window_of(plan, period, calendar, span, full_quota=full) for span, full in sorted(kinds)
    ]


def _target_share(plan: Plan, rep: str, span: _Span, windows: list[Window]) -> Fraction:
    shares = {
        quota_factor(
            *span, (window.start, window.quota_end), plan.crediting, rep_id=rep, of="target"
        )
        for window in windows
    }
    if len(shares) > 1:
        raise InputError(
            f"`{rep}` was there for different parts of the windows that the plan `{plan.id}` is "
            "measured over, so no one share of the target is right: put components of different "
            "`measured_over` into plans of their own"
        )
    return shares.pop()


def _stretches(plan: Plan, assignments: pd.DataFrame, period: Period) -> dict[str, _Span]:
    """Days that each person is in the plan without a break, up to the period's last place."""
    found = {}
    for rep, rows in assignments.groupby("rep_id", sort=False):
        places = [
            row for row in rows_of(rows) if _day(row.effective_from, EVER) <= period.end
        ]  # by time
        fits = [any(_fits(group, row) for group in plan.people) for row in places]
        at = len(places) - 1
        while at > 0 and fits[at - 1]:
            at -= 1
        if not places:
            continue
        hired = _day(places[-1].hire_date, EVER)
        begins = _day(places[at].effective_from, EVER)
        # The first place holds from hire on, whenever it was written down.
        first = hired if at == 0 and hired > EVER else max(begins, hired)
        last = min(_day(places[-1].effective_to, NEVER), _day(places[-1].leave_date, NEVER))
        found[str(rep)] = first, last
    return found


def _fits(group: PlanGroup, row: Any) -> bool:
    wanted = ((group.role, row.role), (group.team, row.team), (group.region, row.region))
    is_named = not group.rep_ids or row.rep_id in group.rep_ids
    return is_named and all(value is None or value == found for value, found in wanted)


def _quota_rows(
    plan: Plan, snapshot: Snapshot, people: pd.DataFrame, window: Window, day: dt.date
) -> pd.DataFrame:
    """Quotas of the people that overlap a window, in the plan's currency."""
    names = sorted({measure.quota or name for name, measure in plan.measures.items()})
    rows = snapshot.table("quotas").filter(
        _.effective_from.isnull() | (_.effective_from <= day),
        _.period_start <= window.quota_end,
        _.period_end >= window.start,
        _.measure.isin(names),
    )
    rows = rows.mutate(
        is_rollup=ibis.coalesce(_.is_rollup, ibis.literal(value=False)),
        version=ibis.coalesce(_.version, 0),
    )
    of_one = ibis.window(group_by=["rep_id", "measure", "period_start", "is_rollup"])
    rows = rows.mutate(latest=_.version.max().over(of_one)).filter(_.version == _.latest)
    terms = plan.crediting
    rate_day: Any = _.period_start
    if terms.constant_rate_day is not None:
        rate_day = ibis.literal(terms.constant_rate_day)
    wanted = ibis.memtable({"member": people["rep_id"].tolist()}, schema={"member": "string"})
    rows = rows.semi_join(wanted, rows.rep_id == wanted.member)
    money = converted(snapshot, rows, plan.currency, rate_day)
    frame: pd.DataFrame = money.order_by("rep_id", "measure", "period_start").to_pandas()
    return frame


def _of_kind(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Roll-up quotas for what counts roll-ups only, and a person's own for the rest."""
    counting: dict[str, set[str]] = {}
    for name, measure in plan.measures.items():
        if measure.of != "result":
            counting.setdefault(measure.quota or name, set()).update(measure.credits)
    of_rollups = {name for name, kinds in counting.items() if kinds == {"rollup"}}
    wanted = rows["is_rollup"].astype(bool) == rows["measure"].isin(of_rollups)
    has_wanted = wanted.groupby([rows["rep_id"], rows["measure"]]).transform("any")
    return rows[wanted | ~has_wanted.astype(bool)]


def _parts(
    row: Any, person: Any, plan: Plan, calendar: FiscalCalendar
) -> Iterator[tuple[_Span, int]]:
    """Cents of a quota by pay period, for the days on which the person has it."""
    terms = plan.crediting
    start, end = _day(row.period_start, EVER), _day(row.period_end, NEVER)
    hired = _day(person.hire_date, EVER)
    # What somebody is given at hire is for the days from then on, and not cut for those before.
    span = (hired, end) if start < hired <= end else (start, end)
    there = max(person.first_day, span[0]), min(person.last_day, end)
    if there[0] > there[1]:
        return
    factor = quota_factor(*there, span, terms, rep_id=row.rep_id)
    total = prorated_cents(_full_cents(row, hired, (start, end), plan), factor)
    segments = [
        (max(period.start, span[0]), min(period.end, end))
        for period in _periods(plan, calendar, span)
    ]
    exact = terms.model_copy(
        update={"proration": terms.proration.model_copy(update={"digits": None})}
    )
    weights = [
        quota_factor(*there, part, exact, rep_id=row.rep_id) * ((part[1] - part[0]).days + 1)
        if there[0] <= part[1] and there[1] >= part[0]
        else Fraction(0)
        for part in segments
    ]
    if not any(weights):
        return
    scale = lcm(*(weight.denominator for weight in weights))
    cents = largest_remainder(total, [int(weight * scale) for weight in weights])
    yield from zip(segments, cents, strict=True)


def _periods(plan: Plan, calendar: FiscalCalendar, span: _Span) -> Iterator[Period]:
    period = calendar.period_of(span[0], plan.pay_period)
    while period.start <= span[1]:
        yield period
        period = calendar.next(period)


def _full_cents(row: Any, hired: dt.date, span: _Span, plan: Plan) -> int:
    """Cents of a quota; with a ramp of the plan's own, the full quota by that ramp."""
    cents = int(row.amount * 100)
    ramp = plan.crediting.ramp
    if not ramp or hired == EVER:
        return cents
    share = Fraction(1)
    if row.ramp_percent is not None and row.ramp_percent == row.ramp_percent:
        # Its shortest text is what the export says.
        share = Fraction(repr(float(row.ramp_percent)))
    if share == 0:
        raise InputError(
            f"the quota of `{row.rep_id}` from {span[0]} has a ramp of 0 %, so the full quota "
            "that the plan's ramp is applied to is not known",
            where="quotas",
        )
    months = (span[1].year - span[0].year) * 12 + span[1].month - span[0].month + 1
    firsts = [
        dt.date(span[0].year + at // 12, at % 12 + 1, 1)
        for at in range(span[0].month - 1, span[0].month - 1 + months)
    ]
    ramped = sum((ramp_factor(hired, month, ramp) for month in firsts), Fraction(0)) / months
    return prorated_cents(cents, ramped / share)


def _day(value: Any, missing: dt.date) -> dt.date:
    if value is None or value != value:
        return missing
    day: dt.date = value.date() if isinstance(value, dt.datetime) else value
    return day
