"""Whom a plan pays, at what target, against which quotas."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from salesops_lib.compensation.exact import Cents
from salesops_lib.compensation.plan_levels import PayMix
from salesops_lib.yamlfile import Strict

__all__ = ["PlanGroup", "PlanQuota"]


class PlanGroup(Strict):
    """People of one kind; a person belongs to the first group that fits.

    Parameters
    ----------
    role, team, region : str, optional
        As the organisation has it; what is left out fits everyone.
    rep_ids : list of str
        Only these people. Empty: all who fit.
    ote : Decimal, optional
        On-target earnings a year, base and variable, in the plan's currency.
    pay_mix : str, optional
        Base and variable pay in percent, ``60/40``.
    """

    role: str | None = None
    team: str | None = None
    region: str | None = None
    rep_ids: list[str] = Field(default=[])
    ote: Cents | None = Field(default=None, gt=0)
    pay_mix: PayMix | None = None

    @model_validator(mode="after")
    def _target_is_whole(self) -> PlanGroup:
        if (self.ote is None) != (self.pay_mix is None):
            raise ValueError("`ote` and `pay_mix` need each other")
        return self

    @property
    def variable_cents(self) -> int:
        """Variable pay of a year at target, in cents, half a cent rounded up."""
        if self.ote is None or self.pay_mix is None:
            return 0
        variable = Fraction(self.ote) * Fraction(Decimal(self.pay_mix.split("/")[1]))
        return int(variable + Fraction(1, 2))


class PlanQuota(Strict):
    """A quota that stands in the plan, in place of one of the quotas table.

    Parameters
    ----------
    measure : str
        Measure that it is for.
    amount : Decimal
        The quota, in the measure's unit.
    every : str, optional
        ``month``, ``quarter`` or ``year``: the same in each of them.
    from_, to : date, optional
        ``from`` and ``to`` in the file, in place of `every`: its first and last day.
    roles, rep_ids : list of str
        Whose it is. Empty: everybody's. A person's own comes before a role's, and a
        role's before everybody's.
    """

    measure: str
    amount: Cents = Field(gt=0)
    every: Literal["month", "quarter", "year"] | None = None
    from_: dt.date | None = Field(default=None, alias="from")
    to: dt.date | None = None
    roles: list[str] = Field(default=[])
    rep_ids: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _has_its_days(self) -> PlanQuota:
        dated = self.from_ is not None and self.to is not None
        if dated == (self.every is not None) or (self.from_ is None) != (self.to is None):
            raise ValueError("a quota needs either `every`, or `from` and `to`")
        if dated and self.to < self.from_:  # type: ignore[operator]
            raise ValueError(f"the quota ends on {self.to}, before {self.from_}")
        return self
