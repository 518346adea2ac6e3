"""A snapshot on an earlier day: people, places, quotas and deals of then, worked by hand."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest

from salesops_lib.data import past
from salesops_lib.data.audience import disguised_snapshot
from salesops_lib.data.facts import CurrencySettings, facts_folder
from salesops_lib.data.past import PastSnapshot, first_day, past_of, past_snapshot, snapshot_at
from salesops_lib.data.scope import Scope
from salesops_lib.data.view import open_view, prepare
from salesops_lib.errors import InputError

AS_OF, THEN = dt.date(2026, 9, 30), dt.date(2026, 6, 30)
STAGES = [
    {"stage": "Proposal", "order": 1, "is_closed": False, "is_won": False},
    {"stage": "Won", "order": 2, "is_closed": True, "is_won": True},
]


def change(deal, at, field, old, new):
    return {
        "opportunity_id": f"D{deal}", "changed_at": f"{at} 12:00:00", "field": field,
        "old_value": old, "new_value": new, "provenance": "exact",
    }  # fmt: skip


def quota(rep, start, end, amount, **more):
    return {"rep_id": rep, "measure": "bookings", "period_start": start, "period_end": end,
            "amount": amount, "currency": "EUR", **more}  # fmt: skip


@pytest.fixture
def company(make_snapshot, deal):
    """R1 moved from North to South in August, R2 left in July, R3 came in August."""
    deals = [
        deal(1, "2026-03-02", "2026-05-10", "100.00", won=True, owner="R1", stage="Won"),
        # Won after the day; 80.00 on it.
        deal(2, "2026-04-01", "2026-08-20", "250.00", won=True, owner="R1", stage="Won"),
        # R2's until she left.
        deal(3, "2026-04-01", "2026-11-30", "70.00", owner="R3", stage="Proposal"),
        deal(4, "2026-07-01", "2026-12-01", "5000.00", owner="R3", stage="Proposal"),
    ]
    history = [
        change(1, "2026-03-02", "stage", "New", "Proposal"),
        change(1, "2026-05-10", "stage", "Proposal", "Won"),
        change(2, "2026-08-20", "stage", "Proposal", "Won"),
        change(2, "2026-07-05", "amount", "80", "250"),
        change(2, "2026-08-20", "close_date", "2026-07-15", "2026-08-20"),
        change(3, "2026-07-31", "owner", "R2", "R3"),
    ]
    return make_snapshot(
        AS_OF,
        opportunities=[row | {"currency": "EUR", "next_step": "call"} for row in deals],
        opportunity_history=history,
        stages=STAGES,
        reps=[
            {"rep_id": "R1", "name": "Ann", "hire_date": "2020-01-01"},
            {"rep_id": "R2", "name": "Bo", "hire_date": "2020-01-01", "leave_date": "2026-07-31",
             "leave_reason": "voluntary"},
            {"rep_id": "R3", "name": "Cy", "hire_date": "2026-08-01"},
            {"rep_id": "R4", "name": "Di", "hire_date": "2020-01-01", "leave_date": "2026-01-31",
             "leave_reason": "other"},
        ],
        rep_assignments=[
            {"rep_id": "R1", "team": "North", "region": "EMEA", "role": "rep",
             "effective_from": "2020-01-01", "effective_to": "2026-07-31"},
            {"rep_id": "R1", "team": "South", "region": "AMER", "role": "rep",
             "effective_from": "2026-08-01"},
            # Where people were is known since July only.
            {"rep_id": "R2", "team": "North", "region": "EMEA", "role": "rep",
             "effective_from": "2026-07-01"},
            {"rep_id": "R3", "team": "North", "region": "EMEA", "role": "rep",
             "effective_from": "2026-08-01"},
        ],
        quotas=[
            quota("R1", "2026-04-01", "2026-06-30", "400", version=1, effective_from="2026-03-20"),
            quota("R1", "2026-04-01", "2026-06-30", "300", version=2, effective_from="2026-07-02"),
            quota("R1", "2026-07-01", "2026-09-30", "900", effective_from="2026-06-20"),
            quota("R3", "2026-07-01", "2026-09-30", "777"),
        ],
        activities=[
            {"rep_id": "R1", "at": at, "kind": "call"}
            for at in ("2026-06-30 23:59:59", "2026-07-01 00:00:00")
        ],
    )  # fmt: skip


def rows(table, *columns):
    """Rows of a table, sorted, money and dates as Python has them."""
    found = table.select(*columns).to_pyarrow().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


def test_deals_stand_as_they_did_with_the_owner_of_then(company):
    deals = past_snapshot(company, THEN).table("opportunities")
    assert rows(deals, "opportunity_id", "amount", "is_closed", "owner_id", "next_step") == [
        ("D1", Decimal("100.00"), True, "R1", None),
        ("D2", Decimal("80.00"), False, "R1", None),
        ("D3", Decimal("70.00"), False, "R2", None),
    ]


def test_people_and_places_are_those_of_then(company):
    then = past_snapshot(company, THEN)
    assert rows(then.table("reps"), "rep_id", "leave_date", "leave_reason") == [
        ("R1", None, None), ("R2", None, None), ("R4", dt.date(2026, 1, 31), "other"),
    ]  # fmt: skip
    # R2's first place counts although it begins later: nobody falls between two teams.
    assert rows(then.table("rep_assignments"), "rep_id", "team", "effective_to") == [
        ("R1", "North", None), ("R2", "North", None),
    ]  # fmt: skip
    assert then.rows("reps", ["name"]).to_pylist() == [{"name": n} for n in ("Ann", "Bo", "Di")]


def test_what_came_later_is_not_there_yet(company):
    then = past_snapshot(company, THEN)
    ((moment,),) = rows(then.table("activities"), "at")
    assert str(moment) == "2026-06-30 23:59:59"
    assert rows(then.table("quotas"), "rep_id", "amount", "version") == [
        ("R1", Decimal("400.00"), 1), ("R1", Decimal("900.00"), None),
    ]  # fmt: skip
    logged = {row[0] for row in rows(then.table("opportunity_history"), "changed_at")}
    assert {moment.date() for moment in logged} == {dt.date(2026, 3, 2), dt.date(2026, 5, 10)}
    assert then.table("stages").count().to_pyarrow().as_py() == len(STAGES)
    assert (then.as_of, then.id, then.origin) == (THEN, company.id, company)
    assert company.has("opportunities", "next_step")
    assert not then.has("opportunities", "next_step")


def test_someone_hired_later_who_owns_a_deal_keeps_a_name(make_snapshot, deal):
    """Hired again: the date of hire is that of the second time."""
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[deal(1, "2026-01-01", "2026-12-31", "1.00", owner="R1")],
        opportunity_history=[change(1, "2026-02-01", "amount", "2", "1")],
        reps=[{"rep_id": "R1", "name": "Ann", "hire_date": "2026-08-01"}],
        rep_assignments=[{"rep_id": "R1", "team": "North", "effective_from": "2026-08-01"}],
    )
    view = open_view(snapshot.path, period="2026-Q2", as_of=THEN)
    assert rows(view.deals, "owner_name", "team") == [("Ann", "North")]


@pytest.mark.parametrize("is_kept", [True, False], ids=["on disk", "in memory"])
def test_the_moved_rep_counts_in_the_team_of_then(company, monkeypatch, is_kept):
    if not is_kept:
        monkeypatch.setattr(past, "derived_folder", lambda *_: None)
    view = open_view(company.path, period="2026-Q2", as_of=THEN)
    assert rows(view.deals, "opportunity_id", "team", "owner_name", "amount") == [
        ("D1", "North", "Ann", Decimal("100.00")),
        ("D2", "North", "Ann", Decimal("80.00")),
        ("D3", "North", "Bo", Decimal("70.00")),
    ]
    quotas = view.quotas[["rep_id", "team", "amount"]].to_numpy().tolist()
    assert quotas == [["R1", "North", Decimal("400.00")], ["R1", "North", Decimal("900.00")]]
    with pytest.raises(InputError, match="no team `South` in 2026-Q2"):
        open_view(company.path, period="2026-Q2", as_of=THEN, scope="team:South")
    today = open_view(company.path, period="2026-Q3")
    assert ("D2", "South") in rows(today.deals, "opportunity_id", "team")


def test_it_is_rebuilt_once_and_shared(company, monkeypatch):
    first = open_view(company.path, period="2026-Q2", as_of=THEN)
    prepare(first.snapshot, first.currency, first.as_of)
    monkeypatch.setattr(past, "deals_as_of", None)  # whoever builds again, fails
    for scope in ("company", "team:North", "rep:R2"):
        view = open_view(company.path, period="2026-Q2", as_of=THEN, scope=scope)
        assert view.deal_count == {"company": 3, "team:North": 3, "rep:R2": 1}[scope]
    assert not list(company.path.rglob(".work-*"))
    (folder,) = company.path.glob("derived/as-of-*")
    assert folder.name.startswith("as-of-2026-06-30-")


def test_the_snapshot_s_own_day_is_untouched(company):
    """Nothing is rebuilt: the very snapshot, and facts of the same bytes."""
    plain, asked = (open_view(company.path, period="2026-Q3", as_of=day) for day in (None, AS_OF))
    assert past_of(asked.snapshot) is None
    assert not isinstance(asked.snapshot, PastSnapshot)
    settings = CurrencySettings()
    folder = facts_folder(asked.snapshot, settings, AS_OF)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert facts_folder(plain.snapshot, settings, AS_OF) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not list(company.path.glob("derived/as-of-*"))


def test_two_processes_write_the_same_bytes(company):
    files = []
    for _ in range(2):
        states = past_snapshot(company, THEN)
        states.table("opportunities")
        (file,) = states.path.rglob("opportunities-*.parquet")
        files.append(file.read_bytes())
        file.unlink()
        file.parent.rmdir()
    assert files[0] == files[1]


def test_a_rep_sees_no_one_else_s_past(company):
    then = past_snapshot(company, THEN)
    seen = disguised_snapshot(then, "rep", Scope("rep", "R2", "Bo"), THEN)
    assert rows(seen.table("opportunities"), "opportunity_id", "owner_id") == [("D3", "R2")]
    assert past_of(seen) is then


@pytest.mark.parametrize(("day", "sentence"), [
    (dt.date(2026, 3, 1), "possible is any day from 2026-03-02 to 2026-09-30"),
    (dt.date(2026, 10, 1), "stands at 2026-09-30: there is no 2026-10-01 in it yet"),
])  # fmt: skip
def test_days_outside_the_extract_are_refused(company, day, sentence):
    assert first_day(company) == dt.date(2026, 3, 2)
    with pytest.raises(InputError, match=sentence):
        snapshot_at(company.path, day)


@pytest.fixture
def store_of(make_snapshot, deal):
    """A store of snapshots, each with or without a history."""

    def build(**kept):
        for day, is_logged in kept.items():
            as_of = dt.date.fromisoformat(day.removeprefix("_").replace("_", "-"))
            tables = {"opportunities": [deal(1, "2026-01-01", "2026-12-31", "1.00")]}
            if is_logged:
                tables["opportunity_history"] = [change(1, "2026-02-01", "amount", "2", "1")]
            snapshot = make_snapshot(as_of, **tables)
            pointer = snapshot.path.parent / f"{as_of}.json"
            pointer.write_text(json.dumps({"id": snapshot.id}), encoding="utf-8")
        return snapshot.path.parent, snapshot

    return build


def test_a_store_gives_the_day_s_own_snapshot_first(store_of):
    store, latest = store_of(_2026_06_30=False, _2026_08_31=True, _2026_09_30=True)
    assert snapshot_at(store).id == latest.id
    own = snapshot_at(store, THEN)
    assert (own.as_of, past_of(own)) == (THEN, None)


def test_a_store_takes_the_first_later_snapshot_back(store_of):
    store, _ = store_of(_2026_06_28=True, _2026_07_31=False, _2026_08_31=True, _2026_09_30=True)
    found = snapshot_at(store, THEN)
    assert (found.as_of, past_of(found).origin.as_of) == (THEN, dt.date(2026, 8, 31))


@pytest.mark.parametrize("named", [True, False], ids=["snapshot", "store"])
def test_without_a_history_the_snapshot_of_shortly_before_stands_in(store_of, named):
    store, latest = store_of(_2026_06_20=False, _2026_06_28=False, _2026_09_30=False)
    found = snapshot_at(latest.path if named else store, THEN)
    assert (found.as_of, past_of(found)) == (dt.date(2026, 6, 28), None)
    view = open_view(store, period="2026-Q2", as_of=THEN)
    assert view.as_of == dt.date(2026, 6, 28)


@pytest.mark.parametrize("named", [True, False], ids=["snapshot", "store"])
def test_without_either_the_sentence_names_the_days_there_are(store_of, named):
    store, latest = store_of(_2026_06_22=False, _2026_09_30=False)
    with pytest.raises(InputError) as error:
        snapshot_at(latest.path if named else store, THEN)
    assert error.value.exit_code == 2
    assert str(error.value) == (
        f"{latest.id}: the snapshot stands at 2026-09-30 and holds no history of changes "
        "(opportunity_history), so it cannot be taken back to 2026-06-30, and its store has no "
        "snapshot of that day or of the 7 days before it. Allowed: 2026-06-22, 2026-09-30."
    )


def test_a_day_after_all_of_a_store_names_its_days(store_of):
    store, _ = store_of(_2026_06_30=True)
    with pytest.raises(InputError, match=r"no snapshot as of 2026-07-01.*Allowed: 2026-06-30"):
        snapshot_at(store, dt.date(2026, 7, 1))


def test_a_snapshot_of_a_store_that_cannot_be_read_is_passed_over(store_of):
    store, _ = store_of(_2026_07_31=True, _2026_09_30=True)
    pointer = json.loads((store / "2026-07-31.json").read_text(encoding="utf-8"))
    (store / pointer["id"] / "manifest.json").write_text("{}", encoding="utf-8")
    assert past_of(snapshot_at(store, THEN)).origin.as_of == AS_OF


def test_a_file_that_is_merely_named_like_a_day_is_none(store_of):
    store, latest = store_of(_2026_09_30=True)
    for name in ("2026-13-41.json", "abcd-ef-gh.json"):
        (store / name).write_text("{}", encoding="utf-8")
    assert snapshot_at(store).id == latest.id
    assert past_of(snapshot_at(store, THEN)).origin.id == latest.id
