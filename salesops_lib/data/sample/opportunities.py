"""Rows of the CRM's Opportunity and OpportunitySplit files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.data.sample.company import (
    CURRENCIES,
    LOST_REASONS,
    NEXT_STEPS,
    PRODUCTS,
    SOURCES,
    STAGES,
)
from salesops_lib.data.sample.identifiers import dates, moments, money, record_ids, words
from salesops_lib.data.sample.lifelines import CATEGORIES, Lifeline
from salesops_lib.data.sample.simulation import owner_share
from salesops_lib.data.sample.timeline import AS_OF

if TYPE_CHECKING:
    from salesops_lib.data.sample.accounts import Accounts
    from salesops_lib.data.sample.arrays import Ints
    from salesops_lib.data.sample.deals import Deals
    from salesops_lib.data.sample.people import Roster
    from salesops_lib.data.sample.planted import Behaviour

__all__ = ["opportunity_columns", "split_table"]

_GONE_REASONS = ("Not a fit", "Duplicate enquiry")
_REASONS = LOST_REASONS + _GONE_REASONS


def opportunity_columns(
    deals: Deals,
    rows: Ints,
    lifeline: Lifeline,
    last_activity: Ints,
    deal_ids: pa.Array,
    people_ids: pa.Array,
    accounts: Accounts,
    rng: np.random.Generator,
) -> dict[str, pa.Array]:
    """Columns of the Opportunity file, before anything is spoilt.

    Parameters
    ----------
    deals : Deals
        Deals of a division.
    rows : array
        Which of them.
    lifeline : Lifeline
        Their lives.
    last_activity : array
        Day of each deal's last activity; -1 without one.
    deal_ids, people_ids : pyarrow array
        Ids by row and by person.
    accounts : Accounts
        Accounts of the division.
    rng : numpy Generator
        Source of randomness.

    Returns
    -------
    dict of str to pyarrow array
    """
    n = len(rows)
    stage, closed = lifeline.stage, lifeline.closed
    product = words([p.name for p in PRODUCTS], deals.product[rows])
    account = deals.account[rows]
    expansion = np.where(deals.expansion[rows], 1, 0)
    name = pc.binary_join_element_wise(accounts.names(account), product, " - ")
    lost = closed & ~lifeline.won
    gone = lost & deals.disqualified[rows]
    reason = np.where(
        gone,
        len(LOST_REASONS) + rng.integers(0, len(_GONE_REASONS), n),
        rng.integers(0, len(LOST_REASONS), n),
    )
    return {
        "Id": deal_ids,
        "IsDeleted": pa.array(np.zeros(n, dtype=np.bool_)),
        "AccountId": accounts.ids(account),
        "Name": pc.if_else(
            pa.array(expansion == 1),
            pc.binary_join_element_wise(name, pa.scalar("expansion"), " "),
            name,
        ),
        "StageName": words([s.name for s in STAGES], stage),
        "Amount": money(lifeline.cents),
        "CurrencyIsoCode": words(CURRENCIES, deals.currency[rows]),
        "Probability": pa.array(np.array([s.probability for s in STAGES])[stage]),
        "CloseDate": dates(lifeline.close_day),
        "Type": words(["New Business", "Expansion"], expansion),
        "LeadSource": words([s.name for s in SOURCES], deals.source[rows]),
        "NextStep": words(NEXT_STEPS, rng.integers(0, len(NEXT_STEPS), n), closed),
        "IsClosed": pa.array(closed),
        "IsWon": pa.array(lifeline.won),
        "ForecastCategoryName": words(CATEGORIES, lifeline.category),
        "OwnerId": people_ids.take(pa.array(deals.owner[rows])),
        "CreatedDate": moments(lifeline.created),
        "LastActivityDate": dates(last_activity, last_activity < 0),
        "LastStageChangeDate": moments(lifeline.stage_since),
        "PushCount": pa.array(lifeline.push_count),
        "Product__c": product,
        "Loss_Reason__c": words(_REASONS, reason, ~lost),
    }


def split_table(
    deals: Deals,
    rows: Ints,
    deal_ids: pa.Array,
    people_ids: pa.Array,
    overlay: Ints,
    roster: Roster,
    behaviour: Behaviour,
    start: int,
) -> pa.Table:
    """Rows of OpportunitySplit.

    A split deal has its owner's and its partner's revenue share; some large
    deals have a specialist's overlay share on top. A deal without rows is its
    owner's.

    Parameters
    ----------
    deals : Deals
        Deals of a division.
    rows : array
        Which of them.
    deal_ids, people_ids : pyarrow array
        Ids by row and by person.
    overlay : array
        Position of each region's specialist.
    roster : Roster
        Who holds which position.
    behaviour : Behaviour
        Planted shares.
    start : int
        Number of the first row within the file.

    Returns
    -------
    pyarrow Table
    """
    partner = deals.partner[rows]
    split = np.flatnonzero(partner >= 0)
    own = owner_share(deals, rows[split])
    day = np.minimum(deals.close_day[rows], AS_OF)
    specialist = roster.holder(overlay[deals.region[rows]], day)
    helps = deals.is_large[rows] & (deals.draws["overlay"][rows] < behaviour.overlay_share)
    helped = np.flatnonzero(helps & (specialist >= 0))
    row = np.concatenate([split, split, helped])
    person = np.concatenate([deals.owner[rows[split]], partner[split], specialist[helped]])
    share = np.concatenate([own, 1 - own, np.full(len(helped), 1.0)])
    kind = np.repeat([0, 0, 1], [len(split), len(split), len(helped)])
    part = np.repeat([0, 1, 2], [len(split), len(split), len(helped)])
    order = np.lexsort((part, row))
    row = row[order]
    return pa.table(
        {
            "Id": record_ids("18S", start + np.arange(len(row))),
            "OpportunityId": deal_ids.take(pa.array(row)),
            "SplitOwnerId": people_ids.take(pa.array(person[order])),
            "SplitPercentage": pa.array(np.round(share[order] * 100).astype(np.int64)),
            "SplitType": words(["Revenue", "Overlay"], kind[order]),
        }
    )
