"""Published cases of draws, proration, splits, clawbacks and amortisation, to the cent.

Each file of ``payments/`` is one case: its source, the settings, what is given and
what must come out. ``kind`` names the function below that runs it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesops_lib.compensation.accounting_terms import AccountingTerms
from salesops_lib.compensation.amortisation import amortisation
from salesops_lib.compensation.clawbacks import clawbacks
from salesops_lib.compensation.crediting_terms import ProrationTerms
from salesops_lib.compensation.exact import cents_of, exact_decimal
from salesops_lib.compensation.margins import profit_share
from salesops_lib.compensation.payment_terms import ClawbackTerms, PaymentTerms
from salesops_lib.compensation.payments import payments
from salesops_lib.compensation.proration import (
    day_factor,
    prorated_cents,
    spread_cents,
    spread_within,
)
from salesops_lib.compensation.shares import largest_remainder, product_cents
from salesops_lib.yamlfile import Strict, read_yaml, validated

FILES = sorted((Path(__file__).parent / "payments").glob("*.yaml"))


class Case(Strict):
    """One case of a file."""

    id: str
    status: str
    source: str
    rule: str
    kind: str
    terms: dict[str, Any]
    given: dict[str, Any]
    expected: dict[str, Any]
    note: str = ""


def cents(text: str) -> int:
    return cents_of(exact_decimal(text))


def money(amount: int) -> str:
    return str(Decimal(int(amount)).scaleb(-2).quantize(Decimal("0.01")))


def paid(case: Case) -> dict[str, Any]:
    amounts = [cents(text) for text in case.given["earned"]]
    labels = [f"2026-{month:02}" for month in range(1, len(amounts) + 1)]
    earned = pd.DataFrame({"rep_id": "ann", "period": labels, "payout_cents": amounts})
    found = payments(earned, validated(case.terms, PaymentTerms, case.id)).frame
    names = {"paid": "paid_cents", "owed": "owed_closing_cents"}
    return {name: [money(part) for part in found[column]] for name, column in names.items()}


def prorated(case: Case) -> dict[str, Any]:
    given, terms = case.given, validated(case.terms, ProrationTerms, case.id)
    factor = day_factor(given["first"], given["last"], tuple(given["period"]), terms)
    amounts = [money(prorated_cents(cents(text), factor)) for text in given["amounts"]]
    return {
        "factor": str(round(Decimal(prorated_cents(10**4, factor)) / 10**4, 4)),
        "amounts": amounts,
    }


def spread(case: Case) -> dict[str, Any]:
    given, by = case.given, case.terms["by"]
    months = [
        (
            dt.date(given["year"], m, 1),
            dt.date(given["year"], m, calendar.monthrange(given["year"], m)[1]),
        )
        for m in range(1, 13)
    ]
    quarters = [months[at : at + 3] for at in range(0, 12, 3)]
    if "annual" in given:
        spans = [(quarter[0][0], quarter[-1][1]) for quarter in quarters]
        parts = spread_cents(cents(given["annual"]), spans, by=by)
        shares = np.cumsum(parts) * 100 // sum(parts)
        return {"parts": [money(p) for p in parts], "cumulative_pct": [str(s) for s in shares]}
    parts = spread_within([cents(text) for text in given["amounts"]], quarters, by=by)
    sums = [sum(parts[at : at + 3]) for at in range(0, 12, 3)]
    return {"parts": [money(p) for p in parts], "sums": [money(s) for s in sums]}


def split(case: Case) -> dict[str, Any]:
    num, den = exact_decimal(case.given["rate"]).as_integer_ratio()
    base, *ratio = (np.array([part]) for part in (cents(case.given["base"]), num, den))
    pool = int(product_cents(base, *ratio)[0])
    return {"parts": [money(part) for part in largest_remainder(pool, case.given["weights"])]}


def clawed_back(case: Case) -> dict[str, Any]:
    given = case.given
    leg = {"rep_id": "ann", "component": "base", "leg": 0, "credit_id": "d1/owner/ann"}
    leg |= {"opportunity_id": "d1", "period": "2026-Q1", "payout_cents": cents(given["payout"])}
    num, den = given["share"]
    lost = {"opportunity_id": "d1", "lost_on": given.get("lost_on", dt.date(2026, 5, 1))}
    lost |= {"share_num": num, "share_den": den}
    lost |= {name: given[name] for name in ("begins", "ends") if name in given}
    terms = validated(case.terms, ClawbackTerms, case.id)
    found = clawbacks(pd.DataFrame([leg]), pd.DataFrame([lost]), terms, "2026-Q3")
    return {"clawback": money(found["payout_cents"].sum())}


def by_margin(case: Case) -> dict[str, Any]:
    cost, price = cents(case.given["cost"]), cents(case.given["price"])
    tier, rate = (exact_decimal(case.given[name]) for name in ("tier_from", "rate"))
    found = {}
    for basis in ("margin", "markup"):
        share = profit_share(cost, price, basis)
        found[basis] = str(round(float(share), 4))
        pay = (price - cost) * rate if share >= tier else 0
        found[f"payout_by_{basis}"] = money(pay)
    return found


def capacity(case: Case) -> dict[str, Any]:
    quota = cents(case.given["quota"])
    parts = [
        prorated_cents(heads * quota, Fraction(exact_decimal(share)))
        for heads, share in case.given["people"]
    ]
    return {"capacity": money(sum(parts))}


def amortised(case: Case) -> dict[str, Any]:
    given = case.given
    costs = pd.DataFrame(
        {
            "cost_id": ["c"],
            "cost_cents": [cents(given["cost"])],
            "starts_at": pd.to_datetime([given["starts"]]),
            "ends_at": pd.to_datetime([given.get("ends")]),
        }
    )
    found = amortisation(costs, validated(case.terms, AccountingTerms, case.id))
    parts = [money(part) for part in found.frame["amortised_cents"]]
    return {
        "by_month": parts,
        "first_month": parts[0] if parts else None,
        "last_month": parts[-1] if parts else None,
        "months": len(parts),
        "total": money(found.frame["amortised_cents"].sum()),
        "expensed": money(found.expensed["expensed_cents"].sum()),
    }


RUN = {
    "payments": paid,
    "proration": prorated,
    "spread": spread,
    "split": split,
    "clawback": clawed_back,
    "margin": by_margin,
    "capacity": capacity,
    "amortisation": amortised,
}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_published_case(file):
    case = read_yaml(file, Case, file.name)
    found = RUN[case.kind](case)
    assert {name: found[name] for name in case.expected} == case.expected


def test_every_published_case_is_there():
    wanted = {"C19", "C20", "C21r", "C22", "C24", "C26", "C27", "C28", "C30", "C33", "C39"}
    wanted |= {"C41", "C44", "C46", "C47"}
    assert {file.stem.split("_")[0] for file in FILES} == wanted
