from __future__ import annotations

import datetime as dt
import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.calendar import EARLIEST, LATEST, CalendarSettings, FiscalCalendar, Period
from salesops_lib.errors import InputError
from salesops_lib.period import KINDS

DAY = dt.timedelta(days=1)
CALENDAR = FiscalCalendar()
RETAIL = FiscalCalendar(CalendarSettings(year_starts=2, year_named="by_start", weeks="4-5-4"))

named = {"year_starts": st.integers(1, 12), "year_named": st.sampled_from(["by_end", "by_start"])}
all_settings = st.one_of(
    st.builds(CalendarSettings, **named),
    st.builds(
        CalendarSettings,
        **named,
        weeks=st.sampled_from(["4-4-5", "4-5-4", "5-4-4"]),
        year_ends_on=st.sampled_from(
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        ),
        year_end_rule=st.sampled_from(["nearest", "last"]),
    ),
)
calendars = all_settings.map(FiscalCalendar)
kinds = st.sampled_from(KINDS)
# Two years inside the range, so that neighbours exist.
years = st.integers(EARLIEST + 2, LATEST - 2)


@st.composite
def days_near_edges(draw: st.DrawFn) -> dt.date:
    """Any day, but half of the time one around the turn of a month."""
    first = dt.date(draw(years), draw(st.integers(1, 12)), 1)
    return first + draw(st.one_of(st.integers(-8, 8), st.integers(0, 365))) * DAY


holidays = st.dictionaries(
    st.integers(0, 400).map(lambda days: dt.date(2025, 12, 20) + days * DAY),
    st.booleans(),
    max_size=60,
)


@given(calendars, years)
@settings(deadline=None)
def test_periods_of_each_kind_make_up_the_year(calendar: FiscalCalendar, year: int) -> None:
    whole = calendar.year(year)
    assert whole.end + DAY == calendar.year(year + 1).start
    for kind in KINDS:
        parts = calendar.within(whole, kind)
        assert parts[0].start == whole.start
        assert parts[-1].end == whole.end
        assert all(one.end + DAY == other.start for one, other in pairwise(parts))
        assert [part.number for part in parts] == list(range(1, len(parts) + 1))
        assert {(part.kind, part.fiscal_year) for part in parts} == {(kind, year)}
    assert len(calendar.within(whole, "month")) == 12
    assert len(calendar.within(whole, "quarter")) == 4


@given(calendars, years)
@settings(deadline=None)
def test_weeks_are_whole_or_break_at_mondays(calendar: FiscalCalendar, year: int) -> None:
    weeks = calendar.within(calendar.year(year), "week")
    if calendar.settings.weeks == "months":
        assert all(week.start.weekday() == 0 for week in weeks[1:])
        assert all(week.end.weekday() == 6 for week in weeks[:-1])
    else:
        assert {week.days for week in weeks} == {7}
        assert len(weeks) in {52, 53}
        assert calendar.year(year).end.strftime("%A").lower() == calendar.settings.year_ends_on


@given(calendars, days_near_edges(), kinds)
@settings(deadline=None)
def test_a_day_lies_in_its_period(calendar: FiscalCalendar, day: dt.date, kind: str) -> None:
    period = calendar.period_of(day, kind)
    assert period.kind == kind
    assert period.contains(day)
    assert calendar.period_of(period.start, kind) == period == calendar.period_of(period.end, kind)


@given(calendars, days_near_edges(), kinds)
@settings(deadline=None)
def test_a_label_names_its_period(calendar: FiscalCalendar, day: dt.date, kind: str) -> None:
    period = calendar.period_of(day, kind)
    assert calendar.period(str(period)) == period
    assert period.label == str(period)


@given(calendars, years, st.integers(1, 12))
@settings(deadline=None)
def test_month_labels_follow_the_calendar(calendar: FiscalCalendar, year: int, place: int) -> None:
    label = str(calendar.month(year, place))
    month = (calendar.settings.year_starts + place - 2) % 12 + 1
    assert label.endswith(f"-{month:02}")
    # Fiscal years named by their start carry it in the first month's label.
    if calendar.settings.year_named == "by_start" and place == 1:
        assert label.startswith(f"{year}-")
    if calendar.settings.year_named == "by_end" and place == 12:
        assert label.startswith(f"{year}-")


@given(calendars, days_near_edges(), kinds, st.integers(-60, 60))
@settings(deadline=None)
def test_prior_and_next_are_inverse(
    calendar: FiscalCalendar, day: dt.date, kind: str, steps: int
) -> None:
    period = calendar.period_of(day, kind)
    assert calendar.next(calendar.prior(period)) == period == calendar.prior(calendar.next(period))
    assert calendar.prior(period).end + DAY == period.start
    try:
        earlier = calendar.prior(period, steps)
    except InputError:
        reached = (
            period.fiscal_year - steps / {"year": 1, "quarter": 4, "month": 12, "week": 52}[kind]
        )
        assert reached < EARLIEST + 1 or reached > LATEST
    else:
        assert calendar.prior(earlier, -steps) == period
        assert (earlier < period) == (steps > 0)


@given(calendars, days_near_edges(), kinds, kinds)
@settings(deadline=None)
def test_parts_nest_exactly(calendar: FiscalCalendar, day: dt.date, outer: str, inner: str) -> None:
    period = calendar.period_of(day, outer)
    if KINDS.index(inner) > KINDS.index(outer):
        with pytest.raises(InputError, match=f"a {outer} has no {inner}s"):
            calendar.within(period, inner)
        return
    parts = calendar.within(period, inner)
    assert parts[0].start == period.start
    assert parts[-1].end == period.end
    assert all(one.end + DAY == other.start for one, other in pairwise(parts))
    assert all(part.kind == inner and part.start <= part.end for part in parts)
    if inner != "week" or calendar.settings.weeks != "months":
        assert all(calendar.period(str(part)) == part for part in parts)


@given(calendars, days_near_edges(), kinds)
@settings(deadline=None)
def test_the_year_before_has_the_same_number(
    calendar: FiscalCalendar, day: dt.date, kind: str
) -> None:
    period = calendar.period_of(day, kind)
    before = calendar.same_last_year(period)
    assert before.kind == kind
    assert before.fiscal_year == period.fiscal_year - 1
    if kind == "week":
        # 52 weeks apart, one more after a long year, a few days less at a short week.
        assert 364 - 6 <= (period.start - before.start).days <= 364 + 7
        assert period.number - before.number in {0, 1}
    else:
        assert before.number == period.number


@given(all_settings, holidays, st.integers(0, 360), st.integers(-3, 200))
@settings(deadline=None)
def test_working_days_agree_with_a_walk_over_the_days(
    cut: CalendarSettings, worked: dict[dt.date, bool], offset: int, length: int
) -> None:
    start = dt.date(2026, 1, 1) + offset * DAY
    walked = [start + day * DAY for day in range(length + 1)]
    expected = sum(worked.get(day, day.isoweekday() <= 5) for day in walked)
    assert FiscalCalendar(cut, worked).working_days(start, start + length * DAY) == expected


@given(all_settings, holidays, kinds, st.integers(0, 360))
@settings(deadline=None)
def test_elapsed_share_climbs_from_zero_to_one(
    cut: CalendarSettings, worked: dict[dt.date, bool], kind: str, offset: int
) -> None:
    calendar = FiscalCalendar(cut, worked)
    period = calendar.period_of(dt.date(2026, 1, 1) + offset * DAY, kind)
    walk = [period.start + day * DAY for day in range(-2, period.days + 2)]
    shares = [calendar.elapsed_share(period, day) for day in walk]
    assert shares[:2] == [0, 0]
    assert shares[-3:] == [1, 1, 1]
    assert shares == sorted(shares)
    assert calendar.elapsed_share(period, period.end) == 1


def test_trailing_ends_with_the_period() -> None:
    quarters = CALENDAR.trailing(CALENDAR.period("2026-Q2"), 5)
    assert [str(quarter) for quarter in quarters] == [
        "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2",
    ]  # fmt: skip
    year = CALENDAR.year(2026)
    assert CALENDAR.trailing(year, 1) == (year,)
    with pytest.raises(InputError, match="0 periods were asked for"):
        CALENDAR.trailing(year, 0)


def test_weeks_of_a_calendar_year_break_at_mondays() -> None:
    # 1 January 2026 is a Thursday.
    assert CALENDAR.week(2026, 1) == Period(
        "week", 2026, 1, dt.date(2026, 1, 1), dt.date(2026, 1, 4)
    )
    assert CALENDAR.week(2026, 2).start == dt.date(2026, 1, 5)
    assert CALENDAR.period_of(dt.date(2026, 12, 31), "week").label == "2026-W53"
    # 2012 began on a Sunday and ended on a Monday: 54 weeks, two of one day.
    assert CALENDAR.week(2012, 1).days == CALENDAR.week(2012, 54).days == 1


def test_a_week_is_cut_at_the_edge_of_a_quarter() -> None:
    first, second = (CALENDAR.within(CALENDAR.quarter(2026, n), "week") for n in (1, 2))
    assert str(first[-1]) == str(second[0]) == "2026-W14"
    assert (first[-1].start, first[-1].end) == (dt.date(2026, 3, 30), dt.date(2026, 3, 31))
    assert (second[0].start, second[0].end) == (dt.date(2026, 4, 1), dt.date(2026, 4, 5))
    with pytest.raises(InputError, match="2026-W14 from 2026-03-30 to 2026-03-31 is not a whole"):
        CALENDAR.same_last_year(first[-1])


def test_the_53rd_week_is_compared_with_the_last() -> None:
    assert str(RETAIL.same_last_year(RETAIL.week(2023, 53))) == "2022-W52"
    assert str(RETAIL.same_last_year(RETAIL.week(2024, 1))) == "2023-W01"
    assert str(CALENDAR.same_last_year(CALENDAR.week(2012, 54))) == "2011-W53"
    assert str(RETAIL.same_last_year(RETAIL.period("2024-01"))) == "2023-01"


def test_weekdays_of_known_years() -> None:
    for year, weekdays in ((2023, 260), (2024, 262), (2026, 261)):
        whole = CALENDAR.year(year)
        assert CALENDAR.working_days(whole.start, whole.end) == weekdays


def test_bank_holidays_of_england_2024() -> None:
    off = ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"]
    england = FiscalCalendar(None, {dt.date.fromisoformat(f"2024-{day}"): False for day in off})
    assert england.working_days(dt.date(2024, 1, 1), dt.date(2024, 12, 31)) == 254


def test_worked_sundays_of_china_in_february_2024() -> None:
    # Spring festival: 10 to 17 February off, made up for on two Sundays.
    worked = {dt.date(2024, 2, day): False for day in range(10, 18)}
    worked |= {dt.date(2024, 2, 4): True, dt.date(2024, 2, 18): True}
    assert (
        FiscalCalendar(None, worked).working_days(dt.date(2024, 2, 1), dt.date(2024, 2, 29)) == 18
    )


def test_elapsed_share_by_hand() -> None:
    # July, August and September 2026 have 23, 21 and 22 weekdays.
    quarter = CALENDAR.period("2026-Q3")
    assert CALENDAR.elapsed_share(quarter, dt.date(2026, 6, 30)) == 0
    assert CALENDAR.elapsed_share(quarter, dt.date(2026, 7, 1)) == 1 / 66
    assert CALENDAR.elapsed_share(quarter, dt.date(2026, 7, 31)) == 23 / 66
    assert CALENDAR.elapsed_share(quarter, dt.date(2026, 8, 1)) == 23 / 66  # a Saturday
    assert CALENDAR.elapsed_share(quarter, dt.date(2026, 9, 30)) == 1
    assert CALENDAR.elapsed_share(quarter, dt.date(2027, 1, 1)) == 1
    bastille_day = FiscalCalendar(None, {dt.date(2026, 7, 14): False})
    assert bastille_day.elapsed_share(quarter, dt.date(2026, 7, 31)) == 22 / 65


def test_a_period_without_working_days_counts_all_days() -> None:
    # 2022 began on a Saturday: its first week is a weekend.
    weekend = CALENDAR.week(2022, 1)
    assert CALENDAR.working_days(weekend.start, weekend.end) == 0
    assert CALENDAR.elapsed_share(weekend, dt.date(2022, 1, 1)) == 0.5
    assert CALENDAR.elapsed_share(weekend, dt.date(2022, 1, 2)) == 1


def test_an_empty_range_has_no_working_days() -> None:
    assert CALENDAR.working_days(dt.date(2026, 10, 1), dt.date(2026, 9, 30)) == 0
    assert CALENDAR.working_days(dt.date(2026, 9, 30), dt.date.max) > 2_000_000


def test_equal_calendars_are_equal_and_survive_pickling() -> None:
    saturday, monday = dt.date(2026, 8, 15), dt.date(2026, 5, 25)
    one = FiscalCalendar(RETAIL.settings, {monday: False})
    # A Saturday off and a NumPy truth value say nothing new; order does not matter.
    other = FiscalCalendar(
        CalendarSettings(year_starts=2, year_named="by_start", weeks="4-5-4"),
        {saturday: False, pd.Timestamp(monday): np.bool_(False)},  # type: ignore[dict-item]
    )
    assert one == other
    assert hash(one) == hash(other)
    assert one not in {RETAIL, CALENDAR}
    assert one != "calendar"
    other.period_of(monday)
    assert pickle.dumps(other) == pickle.dumps(one)
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301 (our own bytes)
    assert copy == one
    assert copy.working_days(monday, monday) == 0
    assert "1 holidays" in repr(copy)
    assert {copy.period("2026-Q3"): 1}[one.period("2026-Q3")] == 1


def test_changing_the_mapping_later_changes_nothing() -> None:
    days = {dt.date(2026, 5, 25): False}
    calendar = FiscalCalendar(None, days)
    days[dt.date(2026, 5, 26)] = False
    assert calendar.working_days(dt.date(2026, 5, 25), dt.date(2026, 5, 29)) == 4


@pytest.mark.parametrize("value", ["False", "no", 0, 0.0, None, pd.NA])
def test_a_holiday_must_be_true_or_false(value: object) -> None:
    with pytest.raises(InputError, match=r"whether 2026-05-25 is worked .* must be true or false"):
        FiscalCalendar(None, {dt.date(2026, 5, 25): value})  # type: ignore[dict-item]


def test_a_holiday_must_have_a_date() -> None:
    with pytest.raises(InputError, match="where a date such as"):
        FiscalCalendar(None, {pd.NaT: False})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("FY1979", "fiscal year 1979 is outside 1980 to 2200."),
        ("2207-Q1", "fiscal year 2207 is outside 1980 to 2200."),
        ("1979-12", "fiscal year 1979 is outside 1980 to 2200."),
        ("0000-01", "fiscal year 0 is outside 1980 to 2200."),
        ("2026-W54", "fiscal year 2026 has no week 54; its weeks are numbered 1 to 53."),
        ("2026-W00", "fiscal year 2026 has no week 0; its weeks are numbered 1 to 53."),
    ],
)
def test_periods_that_do_not_exist(label: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        CALENDAR.period(label)
    assert str(caught.value) == sentence


def test_a_52_week_year_has_no_53rd_week() -> None:
    assert RETAIL.period("2023-W53").end == dt.date(2024, 2, 3)
    with pytest.raises(InputError, match=r"fiscal year 2024 has no week 53; .* 1 to 52"):
        RETAIL.period("2024-W53")


def test_numbers_beyond_the_year_are_refused() -> None:
    with pytest.raises(InputError, match="has no quarter 5; its quarters are numbered 1 to 4"):
        CALENDAR.quarter(2026, 5)
    with pytest.raises(InputError, match="has no month 0; its months are numbered 1 to 12"):
        CALENDAR.month(2026, 0)
    assert CALENDAR.year(int(np.int64(2026))) == CALENDAR.year(np.int64(2026))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        CALENDAR.year(2026.0)  # type: ignore[arg-type]


@given(calendars)
@settings(deadline=None)
def test_the_range_has_firm_edges(calendar: FiscalCalendar) -> None:
    first, last = calendar.year(EARLIEST), calendar.year(LATEST)
    for kind in KINDS:
        assert calendar.period_of(first.start, kind).start == first.start
        assert calendar.period_of(last.end, kind).end == last.end
        for beyond in (first.start - DAY, last.end + DAY):
            with pytest.raises(InputError, match="outside the fiscal years 1980 to 2200"):
                calendar.period_of(beyond, kind)
    for step in (lambda: calendar.prior(first), lambda: calendar.next(last)):
        with pytest.raises(InputError, match="outside 1980 to 2200"):
            step()


def test_a_moment_counts_by_its_date() -> None:
    assert str(CALENDAR.period_of(pd.Timestamp("2026-09-30 23:59:59"))) == "2026-Q3"


def test_a_period_of_another_calendar_is_refused() -> None:
    foreign = RETAIL.period("2026-Q3")
    for question in (
        CALENDAR.prior,
        CALENDAR.next,
        CALENDAR.same_last_year,
        lambda period: CALENDAR.within(period, "month"),
        lambda period: CALENDAR.trailing(period, 2),
    ):
        with pytest.raises(InputError, match=r"2026-Q3 from .* is not a whole period of this"):
            question(foreign)


def test_unknown_kinds_name_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean `month`"):
        CALENDAR.period_of(dt.date(2026, 9, 30), "months")
    with pytest.raises(InputError, match="is not a kind of period"):
        CALENDAR.within(CALENDAR.year(2026), "day")
