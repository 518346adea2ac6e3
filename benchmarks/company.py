"""A made-up company of any size, as a snapshot; for the benchmark of the measures.

Every value is drawn by hashing the deal's number and a seed, so a company of ten
million deals is a few queries, and the same on every run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from salesops_lib.data.schema import SCHEMA_VERSION, TABLES
from salesops_lib.data.snapshot import (
    MANIFEST,
    Manifest,
    TableRecord,
    connection,
    ibis_schema,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AS_OF", "HISTORY_ROWS", "write_company"]

AS_OF = dt.date(2026, 9, 30)
HISTORY_ROWS = 4
"""Changes that each deal has in the history."""

_FIRST = dt.date(2021, 1, 1)
_DRAWS = 1 << 24
_DEALS_A_REP, _REPS_A_TEAM, _TEAMS_A_REGION = 5000, 8, 5
_PRODUCTS = ("Basic", "Plus", "Pro", "Suite", "Support", "Training")
_SEGMENTS = ("SMB", "Mid-Market", "Enterprise")
_RATES = {"USD": 0.91371, "GBP": 1.16233}
_STAGES = (
    # stage, is_closed, is_won, probability in percent, forecast category
    ("Prospecting", False, False, 10, "pipeline"),
    ("Qualification", False, False, 25, "best_case"),
    ("Proposal", False, False, 50, "commit"),
    ("Closed Won", True, True, 100, "closed"),
    ("Closed Lost", True, False, 0, "omitted"),
)


def write_company(folder: Path, deals: int, seed: int = 7) -> None:
    """Write a snapshot of so many deals, with `HISTORY_ROWS` changes each."""
    folder.mkdir(parents=True)
    backend = connection()
    reps = max(2 * _REPS_A_TEAM, deals // _DEALS_A_REP)
    lives = _lives(deals, reps, seed)
    tables = {
        "opportunities": _opportunities(lives, max(1, deals // 20)),
        "opportunity_history": _history(lives),
        "opportunity_splits": _splits(lives, reps),
        "accounts": _accounts(max(1, deals // 20)),
        "quotas": _quotas(reps),
        **_organisation(reps),
        **_settings(),
    }
    records = {}
    for name, rows in tables.items():
        schema = ibis_schema(TABLES[name])
        given = [column for column in schema.names if column in rows.columns]
        empty = {
            column: ibis.null(schema[column]) for column in schema.names if column not in given
        }
        file = folder / f"{name}.parquet"
        backend.to_parquet(rows.mutate(**empty).select(schema.names).cast(schema), file)
        count = int(backend.execute(backend.read_parquet(str(file)).count()))
        records[name] = TableRecord(read=count, kept=count, columns=tuple(given), sha256="")
    mark = hashlib.sha256(f"{deals} {seed}".encode()).hexdigest()[:10]
    manifest = Manifest(
        id=f"{AS_OF}-{mark}",
        name="made up",
        as_of=AS_OF,
        schema_version=SCHEMA_VERSION,
        library_version="0",
        sources=(),
        tables=records,
        mapping={},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")


def _lives(deals: int, reps: int, seed: int) -> Any:
    """A deal's number, days and outcome; all else follows."""
    rows = ibis.range(deals).unnest().name("n").as_table()

    def draw(salt: int) -> Any:
        number = (rows.n * 64 + (seed * 1_000_003 + salt)).hash() & (_DRAWS - 1)
        return number.cast("float64") / _DRAWS

    age = (AS_OF - _FIRST).days
    rows = rows.mutate(
        chance=draw(1),
        owner=(draw(2) * reps).floor().cast("int64"),
        product_at=(draw(3) * len(_PRODUCTS)).floor().cast("int64"),
        born=(draw(4) * age).floor().cast("int64"),
        # Most deals are small and quick, a few neither.
        cycle=(5 + 200 * draw(5) * draw(6)).floor().cast("int64"),
        cents=(100_000 * (5 * draw(7)).exp()).floor().cast("int64"),
        currency_at=draw(8),
        split=draw(9),
        hour=(draw(10) * 86_400).floor().cast("int64"),
    )
    rows = rows.mutate(
        opportunity_id=_id("006", rows.n),
        is_closed=rows.born + rows.cycle <= age,
        is_won=(rows.born + rows.cycle <= age) & (rows.chance < 0.3),
        ends=ibis.least(rows.born + rows.cycle, age),
    )
    return rows.mutate(
        stage=ibis.cases((_.is_won, "Closed Won"), (_.is_closed, "Closed Lost"), else_="Proposal")
    )


def _opportunities(lives: Any, accounts: int) -> Any:
    return lives.select(
        "opportunity_id",
        name="Deal, number " + _.n.cast("string"),
        account_id=_id("001", _.n % accounts),
        owner_id=_id("005", _.owner),
        product=_one_of(_.product_at, _PRODUCTS),
        amount=_money(_.cents),
        currency=ibis.cases(
            (_.currency_at < 0.2, "USD"), (_.currency_at < 0.3, "GBP"), else_="EUR"
        ),
        created_date=_day(_.born),
        close_date=_day(_.born + _.cycle),
        stage=_.stage,
        is_closed=_.is_closed,
        is_won=_.is_won,
        forecast_category=_of_stage(_.stage, 4),
        probability=_of_stage(_.stage, 3).cast("float64") / 100,
        type=ibis.ifelse(_.chance < 0.5, "New Business", "Expansion"),
        push_count=ibis.literal(1),
    ).order_by("opportunity_id")


def _history(lives: Any) -> Any:
    """Two stages, a push of the close date, and the close; of an open deal a new amount."""
    rows = lives.mutate(step=ibis.array(list(range(HISTORY_ROWS))).unnest())
    quarter = (rows.ends - rows.born) / HISTORY_ROWS
    day = rows.born + (quarter * (rows.step + 1)).floor().cast("int64")
    closes = _day(rows.born + rows.cycle)
    pushed_from = _day(rows.born + rows.cycle - 21).cast("string")
    cents = rows.cents * 9 // 10
    changes = [
        ("stage", "Prospecting", "Qualification"),
        ("stage", "Qualification", "Proposal"),
        ("close_date", pushed_from, closes.cast("string")),
        (
            ibis.ifelse(rows.is_closed, "stage", "amount"),
            ibis.ifelse(rows.is_closed, "Proposal", _money(cents).cast("string")),
            ibis.ifelse(rows.is_closed, rows.stage, _money(rows.cents).cast("string")),
        ),
    ]
    field, old, new = (
        ibis.cases(*((rows.step == step, text) for step, text in enumerate(texts)))
        for texts in zip(*changes, strict=True)
    )
    seconds = (day * 86_400 + rows.hour) + _EPOCH
    return rows.select(
        "opportunity_id",
        changed_at=seconds.as_timestamp("s"),
        field=field,
        old_value=old,
        new_value=new,
        provenance=ibis.literal("exact"),
    ).order_by("opportunity_id", "changed_at")


def _splits(lives: Any, reps: int) -> Any:
    """One deal in twenty is shared by its owner and the next rep."""
    shared = lives.filter(_.split < 0.05).mutate(place=ibis.array([0, 1]).unnest())
    return shared.select(
        "opportunity_id",
        rep_id=_id("005", (_.owner + _.place) % reps),
        share=(7 - 4 * _.place).cast("float64") / 10,
        kind=ibis.literal("revenue"),
    ).order_by("opportunity_id", "rep_id")


def _accounts(accounts: int) -> Any:
    rows = ibis.range(accounts).unnest().name("n").as_table()
    return rows.select(
        account_id=_id("001", _.n),
        name="Account " + _.n.cast("string"),
        segment=_one_of(_.n % len(_SEGMENTS), _SEGMENTS),
    )


def _organisation(reps: int) -> dict[str, Any]:
    rows = ibis.range(reps).unnest().name("n").as_table()
    people = rows.select(
        rep_id=_id("005", _.n), name="Rep " + _.n.cast("string"), hire_date=ibis.literal(_FIRST)
    )
    moved = rows.mutate(place=ibis.array([0, 1]).unnest())
    team = (moved.n // _REPS_A_TEAM + moved.place * (moved.n % 3)) % (reps // _REPS_A_TEAM)
    assignments = moved.select(
        rep_id=_id("005", _.n),
        team="Team " + team.cast("string"),
        region="Region " + (team // _TEAMS_A_REGION).cast("string"),
        role=ibis.literal("rep"),
        # Everyone has a second place, and two thirds move to another team.
        effective_from=ibis.ifelse(_.place == 0, _FIRST, dt.date(2025, 5, 15)),
    )
    return {"reps": people, "rep_assignments": assignments}


def _quotas(reps: int) -> Any:
    starts = [
        dt.date(year, month, 1) for year in range(_FIRST.year, 2027) for month in (1, 4, 7, 10)
    ]
    ends = [day - dt.timedelta(days=1) for day in [*starts[1:], dt.date(2027, 1, 1)]]
    spans = ibis.memtable({"period_start": starts, "period_end": ends})
    rows = ibis.range(reps).unnest().name("n").as_table().cross_join(spans)
    return rows.select(
        rep_id=_id("005", _.n),
        measure=ibis.literal("bookings"),
        period_start="period_start",
        period_end="period_end",
        amount=ibis.literal(1_500_000),
        currency=ibis.literal("EUR"),
    )


def _settings() -> dict[str, Any]:
    stages = [
        {
            "stage": stage,
            "order": place,
            "is_closed": is_closed,
            "is_won": is_won,
            "default_probability": percent / 100,
            "forecast_category": category,
        }
        for place, (stage, is_closed, is_won, percent, category) in enumerate(_STAGES, 1)
    ]
    rates = [
        {"date": _FIRST, "from_currency": currency, "to_currency": "EUR", "rate": rate}
        for currency, rate in _RATES.items()
    ]
    products = [{"product": product, "family": "All"} for product in _PRODUCTS]
    tables = {"stages": stages, "fx_rates": rates, "products": products}
    return {name: ibis.memtable(rows) for name, rows in tables.items()}


_EPOCH = int(dt.datetime(_FIRST.year, _FIRST.month, _FIRST.day, tzinfo=dt.UTC).timestamp())


def _id(prefix: str, number: Any) -> Any:
    return prefix + number.cast("string").lpad(12, "0")


def _day(number: Any) -> Any:
    return (number * 86_400 + _EPOCH).as_timestamp("s").date()


def _money(cents: Any) -> Any:
    return (cents.cast("decimal(18, 2)") / 100).cast("decimal(18, 2)")


def _one_of(place: Any, words: tuple[str, ...]) -> Any:
    return ibis.cases(*((place == at, word) for at, word in enumerate(words)))


def _of_stage(stage: Any, place: int) -> Any:
    cases = [(stage == row[0], row[place]) for row in _STAGES]
    return ibis.cases(*cases)
