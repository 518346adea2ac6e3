"""Guarantees: what a period pays at least, whatever was sold."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.payout_legs import PaidLegs, one_line_each
from salesops_lib.compensation.sum_legs import level_cents
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.compensation.plan_components import Guarantee
    from salesops_lib.compensation.ratios import Ints, Marks
    from salesops_lib.compensation.standings import Standings

__all__ = ["guarantee_legs"]


def guarantee_legs(component: Guarantee, standings: Standings, earned: Ints) -> PaidLegs:
    """Lines that lift each person's pay of a period to the guarantee.

    Parameters
    ----------
    component : Guarantee
        The guarantee; parts of a cent are rounded up.
    standings : Standings
        The people; `hire_date` where it is for the first months only.
    earned : array
        Pay of all other components, in cents.

    Returns
    -------
    PaidLegs

    Raises
    ------
    InputError
        A hire date or a pay at target that it needs is missing.
    """
    window = standings.window(component, "period")
    least = level_cents(component.pays_at_least, component, standings, window)
    entitled = standings.paid_here(component) & _early_enough(component, standings)
    missing = np.array([ceil(cents) for cents in least], dtype=np.int64) - earned
    who = np.flatnonzero(entitled & (missing > 0))
    lines = one_line_each(who, missing[who], "guarantee")
    return PaidLegs(component.name, lines, missing[who], standings.paid_here(component))


def _early_enough(component: Guarantee, standings: Standings) -> Marks:
    people, months = standings.people, component.first_months
    if months is None:
        return np.ones(len(people), dtype=bool)
    if "hire_date" not in people.columns or people["hire_date"].isna().any():
        raise InputError(
            f"`{component.name}` is for the first months after hire, but a hire date is missing"
        )
    hired = pd.to_datetime(people["hire_date"])
    until = hired + pd.DateOffset(months=months)
    return (until > pd.Timestamp(standings.period.start)).to_numpy(bool)
