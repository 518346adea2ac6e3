"""Settings that say what of the earnings is paid when, and what is taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from salesops_lib.compensation.exact import Cents, Share
from salesops_lib.yamlfile import Strict

__all__ = ["Advance", "ClawbackTerms", "Deferral", "PaymentTerms"]


class Advance(Strict):
    """Least pay of a period, whatever was earned: a draw, or a payment minimum.

    Parameters
    ----------
    amount : Decimal
        Least pay of one payment period, in the plan's currency.
    recoverable : bool
        True: what is paid beyond the earnings is owed, and comes out of later
        earnings above the least pay. False: it is a gift.
    last_period : int, optional
        Number of the last payment period that it is paid in, from 1. Empty: always.
    """

    amount: Cents = Field(gt=0)
    recoverable: bool = True
    last_period: int | None = Field(default=None, ge=1)


class Deferral(Strict):
    """Part of the earnings that is paid some periods later.

    Parameters
    ----------
    share : Decimal
        Share of a period's positive earnings, rounded half up to the cent.
    periods : int
        How many payment periods later it is released, in one sum.
    """

    share: Share
    periods: int = Field(default=1, ge=1)


class ClawbackTerms(Strict):
    """What is taken back of a deal that is cancelled, returned or not paid for.

    Parameters
    ----------
    rate : str
        ``original``: each leg of the payout that the deal earned, so that a full
        clawback returns exactly what was paid. ``current``: the leg's base at the rate
        that its component pays today.
    portion : str
        ``whole``: all of the share of the deal that is lost. ``unserved``: only the part
        of the contract's term that was not served (6 of 12 months: a half).
    within_days : int, optional
        Later than so many days after the credit nothing is taken back. Empty: no limit.
    """

    rate: Literal["original", "current"] = "original"
    portion: Literal["whole", "unserved"] = "whole"
    within_days: int | None = Field(default=None, ge=0)


class PaymentTerms(Strict):
    """From earnings to payments; each setting with what it changes.

    Parameters
    ----------
    draw : Advance, optional
        Paid ahead of earnings.
    minimum : Advance, optional
        Least pay. With a draw as well, the part up to the minimum is the minimum's and
        the part above it the draw's.
    recovery_starts : int
        Number of the first payment period, from 1, in which what is owed is taken out
        of earnings; before, it only grows.
    recovery_share : Decimal
        Share of the earnings above the least pay that recovery may take in a period,
        rounded down to the cent.
    maximum : Decimal, optional
        Most that is paid in a period.
    above_maximum : str
        ``carried``: what the maximum holds back is paid later. ``forfeited``: it is
        lost, and shown as such.
    negative_earnings : str
        ``carried``: where clawbacks exceed earnings, nothing is paid and later earnings
        repay the rest first. ``collected``: the payment itself is negative, for payroll
        to collect.
    deferral : Deferral, optional
        Part of the earnings that is held back for some periods.
    unit : Decimal
        Payments are whole multiples of this amount, such as 0.01, 0.05 or 1.
    rounding : str
        ``down``: what is below a unit is carried to the next period. ``half_up`` and
        ``half_even``: the payment is rounded, and the difference is shown as such.
    clawback : ClawbackTerms
        What is taken back of lost deals.
    """

    draw: Advance | None = None
    minimum: Advance | None = None
    recovery_starts: int = Field(default=1, ge=1)
    recovery_share: Share = Decimal(1)
    maximum: Cents | None = Field(default=None, gt=0)
    above_maximum: Literal["carried", "forfeited"] = "carried"
    negative_earnings: Literal["carried", "collected"] = "carried"
    deferral: Deferral | None = None
    unit: Cents = Field(default=Decimal("0.01"), gt=0)
    rounding: Literal["down", "half_up", "half_even"] = "down"
    clawback: ClawbackTerms = ClawbackTerms()

    @model_validator(mode="after")
    def _least_is_below_most(self) -> PaymentTerms:
        least = max((part.amount for part in (self.draw, self.minimum) if part), default=None)
        for name, amount in (("least pay", least), ("maximum", self.maximum)):
            if amount is not None and amount % self.unit:
                raise ValueError(f"the {name} {amount} is no multiple of the unit {self.unit}")
        if least is None:
            return self
        if self.maximum is not None and least > self.maximum:
            raise ValueError(f"the least pay {least} exceeds the maximum {self.maximum}")
        if self.negative_earnings == "collected":
            raise ValueError("`negative_earnings: collected` contradicts a draw or minimum")
        return self
