"""Published pay calculations, each a plan with inputs and expected cents; docs/conformance.md."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.engine import earnings
from salesops_lib.compensation.exact import Cents, Exact, cents_of, exact_decimal
from salesops_lib.compensation.plan import Plan
from salesops_lib.compensation.plan_settings import PlanSettings
from salesops_lib.compensation.ratios import whole_cents
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import Strict, read_yaml

FOLDER = Path(__file__).parent / "compensation"
FILES = sorted(FOLDER.glob("*.yaml"))
REP = "A"
FIRST_PERIOD = {"month": "2026-01", "quarter": "2026-Q1", "year": "FY2026"}


class Credit(Strict):
    on: dt.date
    amount: Cents


class Exchanged(Strict):
    rate: Exact
    total: Cents


class Case(Strict):
    credits: list[Any]
    period: str | None = None
    settings: PlanSettings = PlanSettings()
    results: dict[str, str] = {}
    total: Cents | None = None
    by_credit: list[Cents] | None = None
    legs: list[Cents] | None = None
    positions: list[Cents] | None = None
    exchanged: Exchanged | None = None
    error: list[str] | None = None


class Vector(Strict):
    id: str
    source: str
    status: Literal["published", "derived", "corrected", "ambiguous"]
    rule: str
    note: str = ""
    plan: Plan
    cases: list[Case]


def credit_frame(case, currency):
    """One row a credit; bare amounts fall on the days from 5 January on."""
    rows = []
    for number, given in enumerate(case.credits):
        if isinstance(given, dict):
            credit = Credit.model_validate(given)
            day, amount = credit.on, credit.amount
        else:
            day, amount = dt.date(2026, 1, 5) + dt.timedelta(number), exact_decimal(given)
        rows.append((f"c{number:03}", f"D{number}", REP, day, cents_of(amount), currency, "owner"))
    columns = [
        "credit_id", "opportunity_id", "rep_id", "credited_on", "amount_cents", "currency", "kind",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(credited_on=pd.to_datetime(frame["credited_on"]))


def paid(vector, case):
    settings = vector.plan.settings.overridden(case.settings)
    plan = vector.plan.model_copy(update={"settings": settings})
    label = case.period or FIRST_PERIOD[plan.pay_period]
    group = plan.people[0]
    people = pd.DataFrame({"rep_id": [REP], "role": ["rep"]})
    people["variable_cents"] = group.variable_cents
    results = pd.DataFrame(
        [(REP, name, label, value) for name, value in case.results.items()],
        columns=["rep_id", "measure", "period", "value"],
    )
    return earnings(
        plan, credit_frame(case, plan.currency), people, None, FiscalCalendar().period(label),
        results=results,
    )  # fmt: skip


def money(series):
    return [Decimal(int(cents)) / 100 for cents in series]


CASES = [
    pytest.param(vector, case, id=f"{vector.id}-{number}")
    for vector in (read_yaml(file, Vector) for file in FILES)
    for number, case in enumerate(vector.cases, start=1)
]


@pytest.mark.parametrize(("vector", "case"), CASES)
def test_published_pay(vector, case):
    if case.error is not None:
        with pytest.raises(InputError) as error:
            paid(vector, case)
        assert [part for part in case.error if part not in str(error.value)] == []
        return
    found = paid(vector, case)
    assert money(found.totals) == [case.total]
    legs = found.legs
    if case.legs is not None:
        assert money(legs["payout_cents"]) == case.legs
    if case.by_credit is not None:
        assert money(legs.groupby("credit_id", observed=True)["payout_cents"].sum()) == (
            case.by_credit
        )
    if case.positions is not None:
        assert money(legs["position_after_cents"]) == case.positions
    if case.exchanged is not None:
        worth = Fraction(case.exchanged.rate) * cents_of(case.total)
        whole, rest = divmod(worth.numerator, worth.denominator)
        cents = int(whole_cents(whole, rest, worth.denominator, "half_up"))
        assert Decimal(cents) / 100 == case.exchanged.total


def test_every_vector_is_named_as_its_file():
    assert [read_yaml(file, Vector).id for file in FILES] == [file.stem for file in FILES]
    assert len(FILES) >= 20
