"""Fiscal years against what companies and standards published about theirs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from salesops_lib.calendar import CalendarSettings, FiscalCalendar
from salesops_lib.errors import InputError
from salesops_lib.fiscal_year import fiscal_month
from salesops_lib.yamlfile import Strict, read_yaml

WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

RETAIL = FiscalCalendar(CalendarSettings(year_starts=2, year_named="by_start", weeks="4-5-4"))
APPLE = FiscalCalendar(CalendarSettings(year_starts=10, weeks="4-4-5", year_end_rule="last"))
CISCO = FiscalCalendar(CalendarSettings(year_starts=8, weeks="4-4-5", year_end_rule="last"))
INTEL = FiscalCalendar(CalendarSettings(year_starts=1, weeks="4-4-5", year_end_rule="last"))
NVIDIA = FiscalCalendar(
    CalendarSettings(year_starts=2, weeks="4-4-5", year_ends_on="sunday", year_end_rule="last")
)
HOME_DEPOT = FiscalCalendar(
    CalendarSettings(year_starts=2, year_named="by_start", weeks="4-5-4", year_ends_on="sunday")
)
KELLOGG = FiscalCalendar(CalendarSettings(year_starts=1, weeks="4-4-5"))


def days(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("year", "start", "end", "weeks"),
    [
        (2012, "2012-01-29", "2013-02-02", 53),
        (2017, "2017-01-29", "2018-02-03", 53),
        (2018, "2018-02-04", "2019-02-02", 52),
        (2023, "2023-01-29", "2024-02-03", 53),
        (2024, "2024-02-04", "2025-02-01", 52),
    ],
)
def test_nrf_retail_years(year: int, start: str, end: str, weeks: int) -> None:
    period = RETAIL.year(year)
    assert [period.start, period.end] == days(start, end)
    assert len(RETAIL.within(period, "week")) == weeks == period.days / 7


def test_nrf_years_of_53_weeks() -> None:
    # The federation lists these and no others since 2000.
    found = {year for year in range(2000, 2024) if RETAIL.year(year).days == 371}
    assert found == {2000, 2006, 2012, 2017, 2023}


def test_nrf_months_of_2023() -> None:
    months = RETAIL.within(RETAIL.year(2023), "month")
    assert [month.start for month in months] == days(
        "2023-01-29", "2023-02-26", "2023-04-02", "2023-04-30", "2023-05-28", "2023-07-02",
        "2023-07-30", "2023-08-27", "2023-10-01", "2023-10-29", "2023-11-26", "2023-12-31",
    )  # fmt: skip
    assert [str(month) for month in months][::11] == ["2023-02", "2024-01"]
    # The 53rd week makes January a month of five.
    assert [month.days // 7 for month in months] == [4, 5, 4] * 3 + [4, 5, 5]


@pytest.mark.parametrize(
    ("calendar", "year", "ends"),
    [
        (APPLE, 2022, "2022-09-24"),
        (APPLE, 2023, "2023-09-30"),
        (APPLE, 2024, "2024-09-28"),
        (CISCO, 2013, "2013-07-27"),
        (CISCO, 2016, "2016-07-30"),
        (CISCO, 2019, "2019-07-27"),
        (INTEL, 2020, "2020-12-26"),
        (INTEL, 2021, "2021-12-25"),
        (INTEL, 2022, "2022-12-31"),
        (NVIDIA, 2016, "2016-01-31"),
        (NVIDIA, 2017, "2017-01-29"),
        (HOME_DEPOT, 2023, "2024-01-28"),
        (HOME_DEPOT, 2024, "2025-02-02"),
        # Nearest to 31 December may lie in January: it is still fiscal 2014.
        (KELLOGG, 2014, "2015-01-03"),
    ],
)
def test_published_year_ends(calendar: FiscalCalendar, year: int, ends: str) -> None:
    assert calendar.year(year).end == dt.date.fromisoformat(ends)


@pytest.mark.parametrize(
    ("calendar", "year", "weeks"),
    [
        (APPLE, 2022, 52),
        (APPLE, 2023, 53),
        (INTEL, 2021, 52),
        (INTEL, 2022, 53),
        (HOME_DEPOT, 2024, 53),
        (KELLOGG, 2014, 53),
    ],
)
def test_published_numbers_of_weeks(calendar: FiscalCalendar, year: int, weeks: int) -> None:
    assert len(calendar.within(calendar.year(year), "week")) == weeks


def test_quarters_of_apples_fiscal_2024() -> None:
    quarters = APPLE.within(APPLE.year(2024), "quarter")
    assert [quarter.end for quarter in quarters] == days(
        "2023-12-30", "2024-03-30", "2024-06-29", "2024-09-28"
    )


def test_the_fourteenth_week_falls_to_the_fourth_quarter() -> None:
    # Home Depot's fourth quarter of fiscal 2024 had 14 weeks, of 2023 had 13.
    assert HOME_DEPOT.quarter(2024, 4).days == 14 * 7
    assert HOME_DEPOT.quarter(2023, 4).days == 13 * 7


@pytest.mark.parametrize(
    ("weeks", "usual", "with_53"),
    [
        ("4-4-5", [4, 4, 5], [4, 4, 6]),
        ("4-5-4", [4, 5, 4], [4, 5, 5]),
        ("5-4-4", [5, 4, 4], [5, 4, 5]),
    ],
)
def test_patterns_of_weeks(weeks: str, usual: list[int], with_53: list[int]) -> None:
    calendar = FiscalCalendar(CalendarSettings.model_validate({"weeks": weeks}))
    lengths = [month.days / 7 for month in calendar.within(calendar.year(2014), "month")]
    assert lengths == usual * 3 + with_53
    lengths = [month.days / 7 for month in calendar.within(calendar.year(2015), "month")]
    assert lengths == usual * 4


@pytest.mark.parametrize(
    ("settings", "label", "start", "end"),
    [
        (CalendarSettings(), "2026-Q3", "2026-07-01", "2026-09-30"),
        # Microsoft: fiscal 2024 began in July 2023.
        (CalendarSettings(year_starts=7), "FY2024", "2023-07-01", "2024-06-30"),
        (CalendarSettings(year_starts=7), "2024-Q1", "2023-07-01", "2023-09-30"),
        # The United States' government: October to September, named by its end.
        (CalendarSettings(year_starts=10), "FY2024", "2023-10-01", "2024-09-30"),
        (CalendarSettings(year_starts=10), "2024-Q2", "2024-01-01", "2024-03-31"),
        # Japan's: April to March, named by its start.
        (CalendarSettings(year_starts=4, year_named="by_start"), "FY2024", "2024-04-01",
         "2025-03-31"),
        (CalendarSettings(year_starts=12), "FY2024", "2023-12-01", "2024-11-30"),
        (CalendarSettings(year_starts=3), "2024-Q4", "2023-12-01", "2024-02-29"),
    ],
)  # fmt: skip
def test_years_of_calendar_months(
    settings: CalendarSettings, label: str, start: str, end: str
) -> None:
    period = FiscalCalendar(settings).period(label)
    assert [period.start, period.end] == days(start, end)


@pytest.mark.parametrize("year_named", ["by_end", "by_start"])
def test_a_year_that_starts_in_january_has_one_name(year_named: str) -> None:
    calendar = FiscalCalendar(CalendarSettings.model_validate({"year_named": year_named}))
    assert calendar.year(2026).start == dt.date(2026, 1, 1)


def test_months_by_name_need_no_knowledge_of_the_fiscal_year() -> None:
    by_end, by_start = (
        CalendarSettings(year_starts=10),
        CalendarSettings(year_starts=10, year_named="by_start"),
    )
    assert fiscal_month(by_end, 2025, 10) == (2026, 1)
    assert fiscal_month(by_end, 2026, 9) == (2026, 12)
    assert fiscal_month(by_start, 2025, 10) == (2025, 1)
    assert fiscal_month(by_start, 2026, 9) == (2025, 12)
    for cut in (by_end, by_start):
        assert FiscalCalendar(cut).period("2026-09").end == dt.date(2026, 9, 30)


@given(
    ends_in=st.integers(1, 12),
    weekday=st.integers(0, 6),
    rule=st.sampled_from(["nearest", "last"]),
    year=st.integers(1980, 2200),
)
@settings(deadline=None, max_examples=150)
def test_week_based_years_and_quarters_agree_with_pandas(
    ends_in: int, weekday: int, rule: str, year: int
) -> None:
    calendar = FiscalCalendar(
        CalendarSettings.model_validate(
            {
                "year_starts": ends_in % 12 + 1,
                "weeks": "4-4-5",
                "year_ends_on": WEEKDAYS[weekday],
                "year_end_rule": rule,
            }
        )
    )
    offset = pd.offsets.FY5253Quarter(
        weekday=weekday, startingMonth=ends_in, qtr_with_extra_week=4, variation=rule
    )
    period = calendar.year(year)
    eve = pd.Timestamp(period.start) - pd.Timedelta(days=1)
    assert eve == pd.offsets.FY5253(
        weekday=weekday, startingMonth=ends_in, variation=rule
    ).rollback(eve)
    for quarter in calendar.within(period, "quarter"):
        eve = eve + offset
        assert quarter.end == eve.date()


def test_settings_without_effect_are_refused() -> None:
    with pytest.raises(ValidationError, match="`sunday` has no effect while `weeks` is `months`"):
        CalendarSettings(year_ends_on="sunday")
    with pytest.raises(ValidationError, match="`last` has no effect"):
        CalendarSettings(year_end_rule="last")


def test_dumped_settings_can_be_read_back() -> None:
    for cut in (CalendarSettings(year_starts=7), APPLE.settings, NVIDIA.settings):
        assert CalendarSettings.model_validate(cut.model_dump()) == cut
        assert CalendarSettings.model_validate_json(cut.model_dump_json()) == cut


class _Parameters(Strict):
    calendar: CalendarSettings


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("year_starts: 13", "`calendar.year_starts` is `13`"),
        ("year_starts: May", "`calendar.year_starts` is the text 'May', but must be a whole"),
        ("weeks: 4-5-5", "`calendar.weeks` is the text '4-5-5'; did you mean `4-"),
        ("year_ends_on: sunday", "`calendar.year_ends_on`: `sunday` has no effect"),
        ("year_start: 2", "unknown key `calendar.year_start`; did you mean `year_starts`?"),
    ],
)
def test_slips_in_a_parameter_file_are_told_with_their_line(
    tmp_path: Path, line: str, sentence: str
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"calendar:\n  {line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_yaml(file, _Parameters, "p.yaml")
    assert str(caught.value).startswith(f"p.yaml:2: {sentence}")


def test_a_parameter_file_gives_a_calendar(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "calendar:\n  year_starts: 2\n  year_named: by_start\n  weeks: 4-5-4\n", encoding="utf-8"
    )
    assert FiscalCalendar(read_yaml(file, _Parameters).calendar) == RETAIL
