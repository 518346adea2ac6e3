"""What a plan paid, and the trace of every cent: deal, credit, attainment, tier, payout."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from salesops_lib.errors import SalesOpsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEG_COLUMNS", "LEG_KINDS", "Earnings", "exact_earned"]

LEG_KINDS = (
    "credit",
    "re-rated",
    "reached",
    "target",
    "cap",
    "guarantee",
    "paid before",
)
"""Kinds of line of a trace.

``credit``: part of a credit at the rate of its tier. ``re-rated``: earlier results at the
difference to the rate that a credit has reached. ``reached``: a sum for a tier reached.
``target``: a sum by results as a whole (bonus, goal matrix, objectives). ``cap``: what a
cap takes away. ``guarantee``: what a guarantee adds. ``paid before``: what earlier pay
periods of the window have paid.
"""

LEG_COLUMNS = (
    "rep_id",
    "component",
    "kind",
    "credit_id",
    "opportunity_id",
    "position_before_cents",
    "position_after_cents",
    "quota_cents",
    "tier",
    "base_cents",
    "base_num",
    "base_den",
    "rate_num",
    "rate_den",
    "factor_num",
    "factor_den",
    "payout_cents",
)
"""Columns of the legs; see `Earnings`."""


@dataclass(frozen=True)
class Earnings:
    """What one plan earned its people in one pay period.

    Parameters
    ----------
    plan_id : str
        The plan, with its `revision`.
    revision : int
        Its revision.
    period : str
        Label of the pay period.
    currency : str
        Of all amounts.
    legs : DataFrame
        One line of the trace a row: `rep_id`, `component`, `kind` (see `LEG_KINDS`),
        `credit_id` and `opportunity_id` (null for lines of no single credit),
        `position_before_cents` and `position_after_cents` (result of the measure before
        and after the credit, hundredths of its unit), `quota_cents` (same unit; -1: none
        is needed), `tier` (from 0; -1: none), `base_cents` (what the rate is applied to,
        whole hundredths; the `credit` lines of a credit add up to it), `base_num` ÷
        `base_den` (the same exactly: a tier may begin within a cent), `rate_num` ÷
        `rate_den` (rate), `factor_num` ÷ `factor_den` (gates and multipliers) and
        `payout_cents` (this line's part of the payout).
    payouts : DataFrame
        One row a person and component: `rep_id`, `component`, `payout_cents`; the sum
        of the legs. People with nothing are in it with 0.
    uncounted : DataFrame
        Credits of the pay period that no component counts: `credit_id`, `rep_id`,
        `amount_cents`, `reason`.
    """

    plan_id: str
    revision: int
    period: str
    currency: str
    legs: pd.DataFrame
    payouts: pd.DataFrame
    uncounted: pd.DataFrame

    @property
    def totals(self) -> pd.Series:
        """Payout of each person in cents, by `rep_id`."""
        return self.payouts.groupby("rep_id", sort=True, observed=True)["payout_cents"].sum()

    def of_rep(self, rep_id: str) -> Earnings:
        """The same for one person only: nothing of anybody else is in it."""
        frames = (self.legs, self.payouts, self.uncounted)
        own = [frame[frame["rep_id"] == rep_id].reset_index(drop=True) for frame in frames]
        own = [_without_other_names(frame) for frame in own]
        return Earnings(self.plan_id, self.revision, self.period, self.currency, *own)

    def checked(self) -> Earnings:
        """These earnings, once each payout is seen to be the sum of its legs.

        Raises
        ------
        SalesOpsError
            A cell does not re-add: a defect of the engine, and nothing may be paid.
        """
        keys = ["rep_id", "component"]
        added = self.legs.groupby(keys, observed=True)["payout_cents"].sum()
        told = self.payouts.set_index(keys)["payout_cents"]
        gap = told.sub(added, fill_value=0)
        if (gap != 0).any():
            rep, component = gap[gap != 0].index[0]
            raise SalesOpsError(f"the trace of `{component}` of `{rep}` does not add up")
        return self


def exact_earned(leg: object) -> Fraction:
    """Exact pay of one line in cents, before it was rounded.

    Parameters
    ----------
    leg : row of `Earnings.legs`
        As ``legs.itertuples()`` gives it.

    Returns
    -------
    Fraction
        Base × rate × factor.
    """
    pairs = ("base_num", "base_den"), ("rate_num", "rate_den"), ("factor_num", "factor_den")
    exact = Fraction(1)
    for over, under in pairs:
        exact *= Fraction(int(getattr(leg, over)), int(getattr(leg, under)))
    return exact


def _without_other_names(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with no category left of rows that were cut away."""
    for name in frame.columns:
        if frame[name].dtype == "category":
            frame[name] = frame[name].cat.remove_unused_categories()
    return frame
