"""A simulated company taken back a quarter, against a replay of its log in plain Python."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from salesops_lib import performance
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.past import past_of
from salesops_lib.data.sample import write_sample
from salesops_lib.data.view import open_view
from salesops_lib.stats import wilson_interval

AS_OF, THEN = dt.date(2026, 9, 30), dt.date(2026, 6, 30)
START = dt.date(2026, 4, 1)
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rebuilt")
    write_sample(folder / "export", seed=11, scale=0.05)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def view(store):
    return open_view(store, as_of=THEN, period="2026-Q2")


@pytest.fixture(scope="module")
def tables(store):
    """Tables of the snapshot as lists of dicts: what the replay starts from."""
    snapshot = open_view(store, period="2026-Q3").snapshot
    names = ("opportunities", "opportunity_history", "stages", "rep_assignments", "fx_rates")
    return {name: snapshot.table(name).to_pyarrow().to_pylist() for name in names}


@pytest.fixture(scope="module")
def deals(tables):
    """Deals of the day, replayed; amounts in EUR."""
    kinds = {stage["stage"]: (stage["is_closed"], stage["is_won"]) for stage in tables["stages"]}
    log = defaultdict(list)
    for row in sorted(tables["opportunity_history"], key=lambda row: row["changed_at"]):
        log[row["opportunity_id"], row["field"]].append(row)
    found = []
    for row in tables["opportunities"]:
        if row["created_date"] and row["created_date"] > THEN:
            continue

        def then(field, column, row=row):
            changes = log[row["opportunity_id"], field]
            later = [change for change in changes if change["changed_at"].date() > THEN]
            return later[0]["old_value"] if later else row[column]

        deal = {
            "id": row["opportunity_id"],
            "created": row["created_date"],
            "stage": then("stage", "stage"),
            "owner": then("owner", "owner_id"),
            "amount": then("amount", "amount"),
            "close": then("close_date", "close_date"),
            "currency": row["currency"] or "EUR",
        }
        if isinstance(deal["close"], str):
            deal["close"] = dt.date.fromisoformat(deal["close"])
        logged = log[row["opportunity_id"], "stage"]
        has_moved = any(change["changed_at"].date() > THEN for change in logged)
        flags = row["is_closed"], row["is_won"]
        deal["closed"], deal["won"] = kinds[deal["stage"]] if has_moved else flags
        if row["is_closed"] and not any(kinds.get(c["new_value"], (0,))[0] for c in logged):
            # A closing that nobody logged: by the close date.
            deal["closed"] = row["close_date"] <= THEN
            deal["won"] = deal["closed"] and row["is_won"]
        found.append(deal)
    rates = defaultdict(list)
    for rate in sorted(tables["fx_rates"], key=lambda rate: rate["date"]):
        assert rate["to_currency"] == "EUR"
        rates[rate["from_currency"]].append(rate)
    for deal in found:
        day = deal["close"] if deal["closed"] else THEN
        if deal["amount"] is not None:
            deal["eur"] = in_eur(Decimal(deal["amount"]), deal["currency"], day, rates)
    return found


def in_eur(amount, currency, day, rates):
    if currency == "EUR":
        return amount
    rate = [rate["rate"] for rate in rates[currency] if rate["date"] <= day][-1]
    exact = amount * Decimal(str(rate)).quantize(Decimal("1e-8"))
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def in_quarter(deal):
    return deal["closed"] and deal["close"] and START <= deal["close"] <= THEN


def test_a_quarter_has_gone_by_since(deals, tables):
    """The comparison would be idle if nothing had changed."""
    now = {row["opportunity_id"]: row for row in tables["opportunities"]}
    assert len(now) > len(deals) > 500
    assert sum(not deal["closed"] and now[deal["id"]]["is_closed"] for deal in deals) > 20
    assert sum(deal["owner"] != now[deal["id"]]["owner_id"] for deal in deals) > 0


def test_bookings_are_those_of_the_replay(view, deals):
    won = [deal for deal in deals if in_quarter(deal) and deal["won"]]
    assert performance.deals_won(view).value().number == len(won) > 10
    total = sum(deal.get("eur", Decimal()) for deal in won)
    assert performance.bookings(view).value().number == total


def test_open_pipeline_is_that_of_the_replay(view, deals):
    open_ = [deal for deal in deals if not deal["closed"]]
    frame = performance.open_pipeline(view).frame.set_index("stage")
    assert frame["deals"].to_dict() == Counter(deal["stage"] for deal in open_)
    for stage, amount in frame["amount"].items():
        replayed = [deal.get("eur", Decimal()) for deal in open_ if deal["stage"] == stage]
        assert amount == pytest.approx(float(sum(replayed)), abs=0.005)


def test_win_rate_and_its_interval_are_those_of_the_replay(view, deals):
    decided = [deal["won"] for deal in deals if in_quarter(deal)]
    found = performance.win_rate(view).value()
    assert found.number == pytest.approx(sum(decided) / len(decided))
    assert (found.low, found.high) == pytest.approx(wilson_interval(sum(decided), len(decided)))


def test_teams_are_those_of_then(view, deals, tables):
    """Each win counts in the team that its owner of then was in on its close date."""
    places = defaultdict(list)
    for row in tables["rep_assignments"]:
        places[row["rep_id"]].append((row["effective_from"] or dt.date.min, row["team"]))

    def team(deal):
        known = sorted(places[deal["owner"]], key=lambda place: place[0])
        begun = [name for day, name in known if day <= deal["close"]]
        return begun[-1] if begun else known[0][1] if known else None

    wins = Counter(team(deal) for deal in deals if in_quarter(deal) and deal["won"])
    measured = performance.deals_won(view, "team")
    found = {label: measured.value(group=group).number for group, label in measured.groups}
    assert {team: n for team, n in found.items() if n} == {t: n for t, n in wins.items() if t}


def test_the_simulation_s_own_truth_agrees(view, store):
    """Wins of the quarter as the simulation made them, which knows no log."""
    truth = json.loads((store.parent / "export" / "truth.json").read_text(encoding="utf-8"))
    made = sum(row["won_deals"] for row in truth["totals"] if row["quarter"] == "2026-Q2")
    assert performance.deals_won(view).value().number == made


def test_the_waterfall_ends_at_the_pipeline_of_the_page(view, deals):
    target = view.calendar.period("2026-Q3")
    fall = performance.pipeline_waterfall(view, dt.date(2026, 3, 31), THEN, target)
    due = [d for d in deals if not d["closed"] and d["close"] and target.contains(d["close"])]
    assert fall.amount("closing") == sum(deal.get("eur", Decimal()) for deal in due)
    assert fall.residual == 0


def test_every_result_of_the_review_can_be_made(view):
    assert past_of(view.snapshot).origin.as_of == AS_OF
    for make in (
        performance.findings,
        performance.scorecard,
        performance.people,
        performance.data_quality,
        performance.ingest_record,
        performance.win_rates,
    ):
        assert make(view)._repr_mimebundle_()["text/plain"]
