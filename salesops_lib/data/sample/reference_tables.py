"""Small tables that do not depend on chance: stages, products, rates, holidays, tools."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from salesops_lib.data.sample.company import CURRENCIES, PRODUCTS, STAGES
from salesops_lib.data.sample.exchange_rates import QUARTERS, RATES
from salesops_lib.data.sample.identifiers import dates, money, record_ids
from salesops_lib.data.sample.timeline import day_of, month_start, quarter_start

__all__ = ["fx_table", "holiday_table", "product_table", "stage_table", "tool_table"]


def stage_table() -> pa.Table:
    """Rows of OpportunityStage."""
    return pa.table(
        {
            "Id": record_ids("01J", np.arange(len(STAGES))),
            "MasterLabel": pa.array([s.name for s in STAGES]),
            "ApiName": pa.array([s.name for s in STAGES]),
            "IsActive": pa.array([True] * len(STAGES)),
            "IsClosed": pa.array([s.is_closed for s in STAGES]),
            "IsWon": pa.array([s.is_won for s in STAGES]),
            "DefaultProbability": pa.array([s.probability for s in STAGES]),
            "ForecastCategoryName": pa.array([s.category for s in STAGES]),
            "SortOrder": pa.array(range(1, len(STAGES) + 1)),
        }
    )


def product_table() -> pa.Table:
    """Rows of Product2; the list price is in EUR."""
    return pa.table(
        {
            "Id": record_ids("01t", np.arange(len(PRODUCTS))),
            "Name": pa.array([p.name for p in PRODUCTS]),
            "ProductCode": pa.array([p.code for p in PRODUCTS]),
            "Family": pa.array([p.family for p in PRODUCTS]),
            "ListPrice__c": money(np.array([round(p.list_price * 100) for p in PRODUCTS])),
            "IsActive": pa.array([True] * len(PRODUCTS)),
        }
    )


def fx_table() -> pa.Table:
    """Rows of the rate sheet: quarterly rates into EUR."""
    rows = [
        (quarter_start(quarter), currency, float(RATES[number, quarter]))
        for quarter in range(QUARTERS)
        for number, currency in enumerate(CURRENCIES)
        if currency != "EUR"
    ]
    return pa.table(
        {
            "date": dates(np.array([day for day, *_ in rows])),
            "from": pa.array([currency for _, currency, _ in rows]),
            "to": pa.array(["EUR"] * len(rows)),
            "rate": pa.array([rate for *_, rate in rows]),
        }
    )


# Easter Sundays by year.
_EASTER = {2022: (4, 17), 2023: (4, 9), 2024: (3, 31), 2025: (4, 20), 2026: (4, 5), 2027: (3, 28)}


def holiday_table() -> pa.Table:
    """Rows of the company's holidays, 2022 to 2027."""
    rows: list[tuple[int, str, bool]] = []
    for year, (month, day) in _EASTER.items():
        easter = day_of(year, month, day)
        rows += [
            (day_of(year, 1, 1), "New Year's Day", False),
            (easter - 2, "Good Friday", False),
            (easter + 1, "Easter Monday", False),
            (day_of(year, 5, 1), "Labour Day", False),
            (day_of(year, 12, 24), "Christmas Eve", False),
            (day_of(year, 12, 25), "Christmas Day", False),
            (day_of(year, 12, 26), "Second Day of Christmas", False),
        ]
    # A Saturday that was worked for the move to the new office.
    rows.append((day_of(2025, 3, 15), "Moving day", True))
    rows.sort()
    return pa.table(
        {
            "date": dates(np.array([day for day, *_ in rows])),
            "name": pa.array([name for _, name, _ in rows]),
            "is_working_day": pa.array([worked for *_, worked in rows]),
        }
    )


# Tool, seats for each seller, monthly cost of a seat in EUR, share of seats in
# weekly use at first and at last.
_TOOLS = (
    ("CRM", 1.25, 95.0, 0.92, 0.95),
    ("Call recording", 1.0, 60.0, 0.35, 0.78),
    ("Sales engagement", 1.0, 80.0, 0.55, 0.60),
    ("Contact data", 0.6, 110.0, 0.50, 0.42),
    ("Proposal builder", 0.8, 35.0, 0.45, 0.12),
)


def tool_table(sellers: list[int]) -> pa.Table:
    """Rows of the sheet of sales tools, month by month from January 2023.

    Parameters
    ----------
    sellers : list of int
        Number of sellers at the start of each month.

    Returns
    -------
    pyarrow Table
    """
    months = month_start(np.arange(12, 12 + len(sellers)))
    rows = []
    for name, per_seller, cost, first, last in _TOOLS:
        for step, (month, number) in enumerate(zip(months, sellers, strict=True)):
            # Seats are bought in packs of ten and never given back.
            seats = int(np.ceil(max(sellers[: step + 1]) * per_seller / 10)) * 10
            used = first + (last - first) * step / max(len(sellers) - 1, 1)
            active = round(min(seats, number * min(per_seller, 1.0) * used), 1)
            rows.append((name, int(month), seats, round(seats * cost * 100), active))
    return pa.table(
        {
            "tool": pa.array([row[0] for row in rows]),
            "month": dates(np.array([row[1] for row in rows])),
            "seats": pa.array([row[2] for row in rows]),
            "cost": money(np.array([row[3] for row in rows])),
            "currency": pa.array(["EUR"] * len(rows)),
            "weekly_active": pa.array([row[4] for row in rows]),
        }
    )
