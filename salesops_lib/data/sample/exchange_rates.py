"""Exchange rates of the simulated company: one a quarter, near real levels, invented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.data.sample.company import CURRENCIES
from salesops_lib.data.sample.timeline import quarter_of

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Floats, Ints

__all__ = ["QUARTERS", "RATES", "eur_cents", "rounded_amounts"]

QUARTERS = 20
"""2022-Q1 to 2026-Q4."""

# Units of each currency for one euro at the start of 2022, 2023, ... 2027.
_UNITS = {
    "EUR": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "USD": (1.13, 1.07, 1.10, 1.04, 1.12, 1.14),
    "GBP": (0.84, 0.885, 0.867, 0.83, 0.86, 0.87),
    "TRY": (15.1, 20.0, 32.7, 36.8, 46.5, 55.0),
    "CHF": (1.035, 0.985, 0.93, 0.94, 0.935, 0.93),
    "PLN": (4.59, 4.68, 4.34, 4.27, 4.25, 4.27),
    "CAD": (1.44, 1.45, 1.46, 1.50, 1.56, 1.58),
    "BRL": (6.31, 5.64, 5.36, 6.43, 6.40, 6.55),
    "MXN": (23.1, 20.8, 18.7, 21.5, 21.9, 22.3),
    "JPY": (130.0, 140.0, 156.0, 163.0, 168.0, 165.0),
    "AUD": (1.56, 1.57, 1.62, 1.68, 1.72, 1.74),
    "AED": (4.16, 3.93, 4.05, 3.82, 4.11, 4.19),
}


def _rates() -> Floats:
    years = np.arange(QUARTERS) / 4
    table = [
        np.exp(-np.interp(years, np.arange(6), np.log(_UNITS[currency]))) for currency in CURRENCIES
    ]
    return np.array([[float(f"{rate:.6g}") for rate in row] for row in table])


RATES: Floats = _rates()
"""Euro for one unit: a row a currency, a column a quarter."""

# Amounts are quoted in round numbers: in steps of so many units.
_STEP = np.array([50, 50, 50, 1_000, 50, 200, 50, 200, 1_000, 10_000, 50, 200], dtype=np.float64)


def rounded_amounts(eur: Floats, currency: Ints, quarter: Ints, odd: Floats) -> Ints:
    """Amounts in their own currency, in cents, rounded the way people quote.

    Parameters
    ----------
    eur : array
        Amounts in EUR.
    currency, quarter : array
        Currency numbers, and the quarters whose rate counts.
    odd : array
        Uniform numbers; one amount in twelve is left with its cents (whole units in JPY).

    Returns
    -------
    array
    """
    local = eur / RATES[currency, np.minimum(quarter, QUARTERS - 1)]
    step = np.where(odd < 1 / 12, 0.01, _STEP[currency])
    step = np.where((odd < 1 / 12) & (currency == CURRENCIES.index("JPY")), 1.0, step)
    units = np.maximum(np.round(local / step), 1.0) * step
    return np.round(units * 100).astype(np.int64)


def eur_cents(cents: Ints, currency: Ints, day: Ints) -> Ints:
    """Amounts in EUR cents at the rate in force on a day, rounded half up.

    Parameters
    ----------
    cents : array
        Amounts in cents of their own currency.
    currency, day : array
        Currency numbers and day numbers.

    Returns
    -------
    array
    """
    quarter = np.clip(quarter_of(day), 0, QUARTERS - 1)
    # The small term undoes the binary error of a product that is half a cent exactly.
    return np.floor(cents * RATES[currency, quarter] + 0.5 + 1e-7).astype(np.int64)
