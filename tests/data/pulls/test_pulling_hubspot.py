"""Pulls from HubSpot, from the access token to the snapshot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.pulls import pull_hubspot
from salesops_lib.data.pulls.hubspot_rows import linked
from salesops_lib.data.pulls.transport import PullError
from salesops_lib.errors import InputError

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "hubspot_api.yaml"
TOKEN = "pat-eu1-secret"  # noqa: S105 (made up)
ENVIRONMENT = {"HUBSPOT_ACCESS_TOKEN": TOKEN}


def stage(key: str, label: str, place: int, closed: str, chance: str) -> dict:
    told = {"isClosed": closed, "probability": chance}
    return {"id": key, "label": label, "displayOrder": place, "metadata": told}


# The default ids were given other meanings: "closedwon" is an open stage here.
PIPELINES = [
    {
        "id": "default",
        "label": "Sales",
        "stages": [
            stage("closedwon", "Proposal sent", 0, "false", "0.6"),
            stage("77", "Signed", 1, "true", "1.0"),
            stage("closedlost", "Lost", 2, "true", "0.0"),
        ],
    }
]


def version(value: str, at: str) -> dict:
    return {"value": value, "timestamp": at, "sourceType": "CRM_UI"}


def record(key: str, properties: dict, **more: object) -> dict:
    return {"id": key, "properties": properties, "archived": False, **more}


def links(name: str, *ids: str, kind: str = "x") -> dict:
    return {name: {"results": [{"id": key, "type": kind} for key in ids]}}


def deal(key: str, stage: str, close: str, amount: str | None, **more: object) -> dict:
    values = {
        "dealname": f"Deal {key}", "dealstage": stage, "closedate": close, "amount": amount,
        "createdate": "2026-01-05T09:30:00.000Z", "hubspot_owner_id": "7",
        "hs_manual_forecast_category": None, "hs_deal_stage_probability": "0.6",
    }  # fmt: skip
    return record(key, values, **more)


def objects() -> dict[str, list[dict]]:
    history = {
        "dealstage": [
            version("77", "2026-03-31T17:00:00.000Z"),
            version("closedwon", "2026-01-05T09:30:00.000Z"),
        ],
        "amount": [version("1.5E7", "2026-01-05T09:30:00.000Z")],
        "closedate": [version("1774976400000", "2026-01-05T09:30:00.000Z")],
        "hubspot_owner_id": [
            version("7", "2026-02-01T00:00:00.000Z"), version("8", "2026-01-05T09:30:00.000Z")
        ],
    }  # fmt: skip
    at = {"hs_timestamp": "2026-02-03T08:00:00Z", "hubspot_owner_id": "7"}
    primary = links("companies", "56", kind="deal_to_company_unlabeled")
    primary["companies"]["results"] += [{"id": "55", "type": "deal_to_company"}]
    return {
        "deals": [
            deal("90071992547409931", "77", "2026-03-31T17:00:00Z", "1.5E7",
                 associations=primary, propertiesWithHistory=history),
            deal("2", "closedwon", "2025-12-31T17:00:00Z", None),
            deal("3", "closedlost", "2025-11-30T17:00:00Z", "7.25"),
        ],
        "companies": [record("55", {"name": "<b>Acme</b>", "numberofemployees": "12"})],
        "calls": [record("1", {**at, "hs_call_status": "COMPLETED"},
                         associations=links("deals", "10", "2"))],
        "meetings": [record("1", {**at, "hs_meeting_outcome": "NO_SHOW"})],
        "tasks": [record("1", {**at, "hs_task_status": "COMPLETED"}),
                  record("2", {**at, "hs_task_status": "NOT_STARTED"}),
                  record("3", {"hs_timestamp": "2026-02-03T08:00:00Z", "hubspot_owner_id": None,
                               "hs_task_status": "COMPLETED"})],
        "emails": [record("1", {**at, "hs_email_direction": "EMAIL"}),
                   record("2", {**at, "hs_email_direction": "INCOMING_EMAIL"})],
    }  # fmt: skip


@dataclass
class HubSpot:
    """HubSpot as far as a pull needs it; pages hold two records."""

    answer_of: type
    objects: dict[str, list[dict]] = field(default_factory=objects)
    forbidden: tuple[str, ...] = ()

    def __call__(self, call):
        assert call.host == "api.hubapi.com"
        if call.authorization != f"Bearer {TOKEN}":
            return self.answer_of({"message": f"expired: {call.authorization}"}, 401)
        if any(name in call.path for name in self.forbidden):
            said = f"This app hasn't been granted the scopes, {TOKEN}"
            return self.answer_of({"message": said, "category": "MISSING_SCOPES"}, 403)
        _, _, kind, *rest = call.path.strip("/").split("/")
        if kind == "pipelines":
            return self.answer_of({"results": PIPELINES})
        if kind == "owners":
            return self.answer_of(self._owners(call.query))
        held = self.objects[rest[0]]
        if kind == "properties":
            names = {name for one in held for name in one["properties"]}
            numbers = {"amount", "numberofemployees", "hs_deal_stage_probability"}
            listed = [{"name": n, "type": "number" if n in numbers else "string"} for n in names]
            return self.answer_of({"results": listed})
        return self._page(call, held)

    def _owners(self, query):
        here = query["archived"] == "true"
        people = [
            {"id": "7", "email": "ann@x.org", "firstName": "Ann", "lastName": "Lee",
             "archived": False, "teams": [{"id": "1", "name": "Other", "primary": False},
                                          {"id": "2", "name": "North", "primary": True}]},
            {"id": "8", "email": "bob@x.org", "firstName": "Bob", "lastName": "",
             "archived": True},
        ]  # fmt: skip
        return {"results": [one for one in people if one["archived"] == here]}

    def _page(self, call, held):
        if "propertiesWithHistory" in call.query and int(call.query["limit"]) > 50:
            return self.answer_of({"message": "limit too large"}, 400)
        start = int(call.query.get("after", 0))
        asked = call.query["properties"].split(",")
        shown = []
        for one in held[start : start + 2]:
            cut = {name: one["properties"].get(name) for name in asked}
            shown.append({**one, "properties": cut})
        body = {"results": shown}
        if start + 2 < len(held):
            body["paging"] = {"next": {"after": str(start + 2), "link": "x"}}
        return self.answer_of(body)


@pytest.fixture
def portal(web, answers) -> HubSpot:
    web.answer = HubSpot(answers)
    return web.answer


@pytest.fixture
def pull(tmp_path, portal):
    def one(environment=ENVIRONMENT, **options):
        return pull_hubspot(MAPPING, tmp_path / "out", environment=environment, **options)

    return one


def rows(folder: Path, name: str, *columns: str) -> list[tuple]:
    read = pq.read_table(folder / f"{name}.parquet", columns=list(columns))
    return [tuple(row.values()) for row in read.to_pylist()]


def test_from_the_portal_to_the_snapshot(pull, tmp_path):
    pull()
    snapshot = ingest_folder(tmp_path / "out", MAPPING, dt.date(2026, 9, 30), tmp_path / "store")
    columns = ("opportunity_id", "amount", "stage", "is_closed", "is_won", "account_id")
    assert rows(snapshot.path, "opportunities", *columns) == [
        ("2", None, "Proposal sent", False, False, None),
        ("3", Decimal("7.25"), "Lost", True, False, None),
        ("90071992547409931", Decimal(15_000_000), "Signed", True, True, "55"),
    ]
    told = rows(snapshot.path, "opportunity_history", "field", "old_value", "new_value")
    assert set(told) == {
        ("stage", None, "Proposal sent"),
        ("stage", "Proposal sent", "Signed"),
        ("amount", None, "15000000.00"),
        ("close_date", None, "2026-03-31"),
        ("owner", None, "8"),
        ("owner", "8", "7"),
    }
    # Bob left; he still owned the deal for a month.
    assert rows(snapshot.path, "reps", "rep_id", "name") == [("7", "Ann Lee"), ("8", "Bob")]
    assert ("7", "North") in rows(snapshot.path, "rep_assignments", "rep_id", "team")
    assert rows(snapshot.path, "accounts", "name", "employees") == [("<b>Acme</b>", 12)]
    assert sorted(rows(snapshot.path, "activities", "kind", "opportunity_id")) == sorted(
        [("call", "2"), ("email", None), ("task", None)], key=str
    )
    stages = rows(snapshot.path, "stages", "stage", "order", "is_closed", "is_won")
    assert stages == [
        ("Lost", 3, True, False), ("Proposal sent", 1, False, False), ("Signed", 2, True, True)
    ]  # fmt: skip
    assert not [one for one in snapshot.frame["quarantined"] if one]


def test_pages_of_deals(pull, web):
    pull()
    asked = [call.query.get("after") for call in web.asked("objects/deals")]
    assert asked == [None, "2"]
    assert {call.query["limit"] for call in web.asked("objects/deals")} == {"50"}


def test_what_is_missing_is_told(pull):
    remarks = pull().remarks
    assert any(one.startswith("deals: not there") and "dealtype" in one for one in remarks)
    assert any("1 belong to several deals" in one for one in remarks)


def test_a_property_that_the_mapping_needs(pull, portal, tmp_path):
    for one in portal.objects["deals"]:
        one["properties"]["dealstages"] = one["properties"].pop("dealstage")
    with pytest.raises(InputError, match="deals has no `dealstage`"):
        pull()
    assert list(tmp_path.iterdir()) == []


def test_since_keeps_open_deals(pull, tmp_path):
    pull(since=dt.date(2026, 1, 1))
    # Deal 2 is late, but open.
    assert sorted(rows(tmp_path / "out", "deals", "id")) == [("2",), ("90071992547409931",)]
    assert rows(tmp_path / "out", "calls", "id") == [("1",)]
    assert len(rows(tmp_path / "out", "companies", "id")) == 1


def test_activities_of_before(pull, tmp_path):
    pull(since=dt.date(2026, 2, 4))
    assert rows(tmp_path / "out", "calls", "id") == []


def test_waiting_as_long_as_the_server_asks(pull, web, answers):
    web.fail("objects/deals", answers({}, 429, {"Retry-After": "9"}), answers({}, 500))
    assert pull().objects
    assert 9 in web.waited


def test_a_limit_that_does_not_end(pull, web, answers, tmp_path):
    web.fail("objects/deals", *[answers({"message": "DAILY limit"}, 429)] * 7)
    with pytest.raises(PullError, match="answered 429: DAILY limit"):
        pull()
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_breaks_off_is_asked_for_again(pull, web, answers, tmp_path):
    web.fail("objects/deals", answers({"results": ["x" * 500]}, cut=True))
    pull()
    assert len(rows(tmp_path / "out", "deals", "id")) == 3


def test_an_answer_that_is_none(pull, web, answers, tmp_path):
    web.fail("objects/deals", answers({"results": [{"key": 1}]}))
    with pytest.raises(PullError, match="deals: an answer that is not HubSpot's"):
        pull()
    web.fail("objects/deals", answers("<html>maintenance</html>"))
    with pytest.raises(PullError, match="HubSpot answered 200"):
        pull()
    assert list(tmp_path.iterdir()) == []


def test_an_expired_token(pull, tmp_path):
    with pytest.raises(InputError, match="has expired or is not valid") as told:
        pull({"HUBSPOT_ACCESS_TOKEN": "pat-old-secret"})
    assert "pat-old-secret" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_token(pull, web):
    with pytest.raises(InputError, match="HUBSPOT_ACCESS_TOKEN is not set"):
        pull({})
    assert web.calls == []


def test_a_scope_that_is_missing(pull, portal, tmp_path):
    portal.forbidden = ("objects/emails", "properties/meetings")
    result = pull()
    refused = [one for one in result.remarks if "may not read" in one]
    assert [one.partition(":")[0] for one in refused] == ["meetings", "emails"]
    assert TOKEN not in " ".join(result.remarks)
    assert not (tmp_path / "out" / "emails.parquet").exists()
    ingest_folder(tmp_path / "out", MAPPING, dt.date(2026, 9, 30), tmp_path / "store")


@pytest.mark.parametrize("name", ["objects/deals", "pipelines", "owners"])
def test_a_scope_that_is_needed(pull, portal, tmp_path, name):
    portal.forbidden = (name,)
    with pytest.raises(InputError, match="the token may not read") as told:
        pull()
    assert TOKEN not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_of_several_deals_the_lowest_id_counts():
    call = {"associations": links("deals", "10", "9", "10")}
    assert linked("calls", call) == ["9", "9;10"]
    assert linked("calls", {}) == [None, None]
    assert linked("companies", {}) == []
