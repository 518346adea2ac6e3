"""Settings that say who is credited for a deal, when, and with how much."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from salesops_lib.compensation.exact import Share
from salesops_lib.yamlfile import Strict

__all__ = ["CreditingTerms", "Leave", "ProrationTerms"]


class ProrationTerms(Strict):
    """How a target or quota is cut where somebody has it for part of a period.

    Parameters
    ----------
    day_count : str
        ``actual``: days there ÷ days of the period. ``working``: the same of working
        days. ``30/360``: each month counts 30 days. ``months``: whole months only; a
        month counts where the person is there on its first day.
    first_day_counts : bool
        Whether the first day itself is counted: from 1 June to the end of a year
        are 214 days with it, and 213 without.
    last_day_counts : bool
        The same of a leaver's last day.
    digits : int, optional
        Decimals that the factor is rounded to (half up) before it is applied. Empty:
        the exact ratio, and only the amount is rounded to the cent.
    """

    day_count: Literal["actual", "working", "30/360", "months"] = "actual"
    first_day_counts: bool = True
    last_day_counts: bool = True
    digits: int | None = Field(default=None, ge=1, le=12)


class Leave(Strict):
    """Days on which somebody is away and keeps the job.

    Parameters
    ----------
    rep_id : str
        Who.
    first_day, last_day : date
        Both inside.
    reduces_quota : bool
        The quota is cut by these days, as if the person had not been there.
    reduces_target : bool
        So is the target pay.
    credits : str
        ``credited``: what closes meanwhile counts. ``withheld``: it is set aside,
        with this as its reason.
    """

    rep_id: str
    first_day: dt.date
    last_day: dt.date
    reduces_quota: bool = True
    reduces_target: bool = False
    credits: Literal["credited", "withheld"] = "credited"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Leave:
        if self.last_day < self.first_day:
            raise ValueError(f"the leave ends on {self.last_day}, before {self.first_day}")
        return self


class CreditingTerms(Strict):
    """Who is credited for what; each setting with what it changes.

    Parameters
    ----------
    splits : str
        ``shared``: a deal with splits is credited by its revenue shares. ``owner``:
        the owner has all of it, whatever the splits say.
    remainder : str
        Who has the cents that shares leave over. ``largest_remainder``: those whose
        share was cut most; of equals the owner first, then the larger share, then the
        lower id. ``owner``: the owner; without one of them among the shares, the first.
        ``running_total``: share k is the rounded total to k less that to k-1, by id.
    share_tolerance : Decimal
        How far revenue shares may miss 1 before the deal stops the run; shares within
        it are taken in proportion, so that 3 × 0.3333 pays the whole deal.
    overlays : str
        ``credited``: overlay shares come on top of the deal. ``none``: they count
        nothing.
    roll_ups : str
        ``chain``: all managers above those who are credited have the credit too.
        ``manager``: the direct one only. ``none``: nobody.
    roll_up_overlays : bool
        Whether overlay credit rolls up as well: a deal then counts more than once above.
    transfers : str
        Whose team, region and managers count after a move within a period.
        ``deal_date``: those of the day of the deal. ``period_end``: those of the
        period's last day.
    owner : str
        ``at_close``: who owned the deal at the end of its close date, by the field
        history. ``current``: who owns it in the snapshot, so a territory handed over
        takes its past credit along.
    after_leaving : str
        ``withheld``: deals that close after somebody's last day give that person no
        credit; they are set aside with the reason. ``credited``: they count.
    negative_deals : str
        ``credited``: a deal of a negative amount (a return) is credited as such on its
        own close date. ``withheld``: it is set aside, for a clawback to deal with.
    exchange_rate : str
        ``deal_date``: a foreign amount counts at the rate of its close date.
        ``pay_date``: at that of the day of payment. ``constant``: at that of
        `constant_rate_day` all the time.
    constant_rate_day : date, optional
        Day whose rates are the constant ones.
    proration : ProrationTerms
        How quotas and targets are cut to part of a period.
    ramp : tuple of Decimal
        Shares of a full quota in the months since hire (``[0.3, 0.3, 0.3, 0.7]``); full
        after the last. Empty: quotas stand as the CRM has them, ramp included.
    leaves : tuple of Leave
        Who is away when, and what that changes.
    """

    splits: Literal["shared", "owner"] = "shared"
    remainder: Literal["largest_remainder", "owner", "running_total"] = "largest_remainder"
    share_tolerance: Share = Decimal("0.0001")
    overlays: Literal["credited", "none"] = "credited"
    roll_ups: Literal["chain", "manager", "none"] = "chain"
    roll_up_overlays: bool = False
    transfers: Literal["deal_date", "period_end"] = "deal_date"
    owner: Literal["at_close", "current"] = "at_close"
    after_leaving: Literal["withheld", "credited"] = "withheld"
    negative_deals: Literal["credited", "withheld"] = "credited"
    exchange_rate: Literal["deal_date", "pay_date", "constant"] = "deal_date"
    constant_rate_day: dt.date | None = None
    proration: ProrationTerms = ProrationTerms()
    ramp: tuple[Share, ...] = Field(default=(), strict=False)
    leaves: tuple[Leave, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _fits_together(self) -> CreditingTerms:
        if (self.exchange_rate == "constant") != (self.constant_rate_day is not None):
            raise ValueError("`exchange_rate: constant` and `constant_rate_day` need each other")
        by_person = sorted(self.leaves, key=lambda leave: (leave.rep_id, leave.first_day))
        for one, other in itertools.pairwise(by_person):
            if one.rep_id == other.rep_id and other.first_day <= one.last_day:
                raise ValueError(f"two leaves of `{one.rep_id}` overlap on {other.first_day}")
        return self
