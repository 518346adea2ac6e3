"""What of a period's earnings are costs to obtain contracts (ASC 340-40), and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.stacked_frames import stacked

if TYPE_CHECKING:
    from salesops_lib.compensation.amortisation import Amortisation
    from salesops_lib.compensation.period_pay import PeriodPay

__all__ = ["ContractCosts", "contract_costs", "cost_lines"]

_LINE = ("cost_id", "opportunity_id", "month", "cost_cents", "capitalised_cents", "expensed_cents")


@dataclass(frozen=True)
class ContractCosts:
    """Earnings of a period by contract.

    Parameters
    ----------
    frame : DataFrame
        One row a deal that was closed in the period and cost something: `cost_id`,
        `opportunity_id`, `cost_cents`, `starts_at` (its day).
    other_cents : int
        All else that the period earned: bonuses, guarantees, returns, changes of
        earlier deals, true-ups. It belongs to no contract of the period, and is expensed.
    """

    frame: pd.DataFrame
    other_cents: int


def contract_costs(pay: PeriodPay, booked_cents: int = 0) -> ContractCosts:
    """Costs of the contracts of a period.

    Parameters
    ----------
    pay : PeriodPay
        What the period comes to.
    booked_cents : int
        True-ups that are booked in it for other periods.

    Returns
    -------
    ContractCosts
        Costs and the other part sum to the period's earnings and what is booked.
    """
    legs = pay.earnings.legs
    deals = pay.credits[["opportunity_id", "credited_on"]].dropna()
    closed_on = deals.drop_duplicates("opportunity_id").set_index("opportunity_id")["credited_on"]
    here = legs[legs["opportunity_id"].isin(closed_on.index)]
    sums = here.groupby(here["opportunity_id"].astype(object), sort=True)["payout_cents"].sum()
    sums = sums[sums > 0].astype(np.int64)
    names = sums.index.to_numpy(dtype=object)
    frame = pd.DataFrame(
        {
            "cost_id": np.array([f"{name}/{pay.period}" for name in names], dtype=object),
            "opportunity_id": names,
            "cost_cents": sums.to_numpy(np.int64),
            "starts_at": closed_on.reindex(names).to_numpy("datetime64[ns]"),
        }
    )
    total = int(legs["payout_cents"].sum()) + booked_cents
    return ContractCosts(frame, total - int(sums.sum()))


def cost_lines(costs: ContractCosts, schedule: Amortisation, period: str) -> pd.DataFrame:
    """What of each cost of a period is capitalised and what expensed.

    Parameters
    ----------
    costs : ContractCosts
        Costs of the period.
    schedule : Amortisation
        Schedule that they are in.
    period : str
        Label of the period.

    Returns
    -------
    DataFrame
        `cost_id`, `opportunity_id`, `month` (that it starts in), `cost_cents`,
        `capitalised_cents`, `expensed_cents` and `reason`; the last row is what belongs to
        no contract. In each row: cost = capitalised + expensed.
    """
    expensed = schedule.expensed.set_index("cost_id")
    frame = costs.frame
    direct = expensed["expensed_cents"].reindex(frame["cost_id"]).fillna(0).to_numpy(np.int64)
    reason = expensed["reason"].reindex(frame["cost_id"]).fillna("").to_numpy(dtype=object)
    months = frame["starts_at"].dt.strftime("%Y-%m")
    rows = frame.assign(
        month=months.astype(object),
        capitalised_cents=frame["cost_cents"] - direct,
        expensed_cents=direct,
        reason=reason,
    )
    rest = pd.DataFrame(
        {
            "cost_id": [f"other/{period}"],
            "opportunity_id": [None],
            "month": [""],
            "cost_cents": [costs.other_cents],
            "capitalised_cents": [0],
            "expensed_cents": [costs.other_cents],
            "reason": ["belongs to no contract of the period"],
        }
    )
    names = [*_LINE, "reason"]
    return stacked([rows[names], rest[names]])
