"""Settings that say which costs of pay are capitalised, and how they are amortised."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from salesops_lib.compensation.exact import Share
from salesops_lib.yamlfile import Strict

__all__ = ["AccountingTerms"]


class AccountingTerms(Strict):
    """Costs to obtain a contract (ASC 340-40); each setting with what it changes.

    Parameters
    ----------
    months : int
        Benefit period, in months, of costs that do not name their own end.
    expensed_up_to_months : int
        Practical expedient: costs of at most so many months are expensed at once. 0:
        all are capitalised.
    capitalised_share : Decimal
        Share of each cost that is incremental to its contract; the rest is expensed.
    granularity : str
        ``even_month``: equal parts in each month begun, from the first on. ``day``: by
        the days in each month, the first in and the last out. ``second``: by the time
        itself, so a contract from noon has half of its first day.
    cents : str
        Where the cents go that rounding leaves over. ``largest_remainder``: to the
        months that were cut most; of equals to the earlier. ``running_total``: each
        month is the rounded total so far less that of the month before, so the first
        month is the rounded quotient.
    """

    months: int = Field(default=36, ge=1, le=600)
    expensed_up_to_months: int = Field(default=12, ge=0, le=600)
    capitalised_share: Share = Decimal(1)
    granularity: Literal["even_month", "day", "second"] = "even_month"
    cents: Literal["largest_remainder", "running_total"] = "largest_remainder"
