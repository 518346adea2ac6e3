"""Pulls from Salesforce, from the login to the snapshot."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from salesops_lib.cli import main
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.pulls import pull_salesforce
from salesops_lib.data.pulls.transport import PullError
from salesops_lib.errors import InputError

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "salesforce_data_export.yaml"
TOKEN = "00Dxx!secret-access-token"  # noqa: S105 (made up)
ENVIRONMENT = {
    "SALESFORCE_INSTANCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_ACCESS_TOKEN": TOKEN,
}
ANN, BOB = "0055g00000AnnAnAAJ", "0055g00000BobBoAAJ"
DEALS = ["0065g00000AbCdEAAV", "0065g00000AbCdeAAF", "0065g00000BbCdEAAV"]


@pytest.fixture
def pull(tmp_path, crm):
    def one(environment=ENVIRONMENT, **options):
        return pull_salesforce(MAPPING, tmp_path / "out", environment=environment, **options)

    return one


def rows(folder: Path, name: str, *columns: str) -> list[tuple]:
    read = pq.read_table(folder / f"{name}.parquet", columns=list(columns))
    return [tuple(row.values()) for row in read.to_pylist()]


def nothing_left(tmp_path) -> bool:
    return list(tmp_path.iterdir()) == []


def test_from_the_crm_to_the_snapshot(pull, crm, tmp_path):
    result = pull()
    counts = {one.name: one.rows for one in result.objects if one.file}
    assert counts == {name: len(held) for name, held in crm.objects.items()}
    snapshot = ingest_folder(tmp_path / "out", MAPPING, dt.date(2026, 9, 30), tmp_path / "store")
    columns = ("opportunity_id", "name", "amount", "currency", "is_closed", "is_won", "close_date")
    assert rows(snapshot.path, "opportunities", *columns) == [
        (DEALS[0], "Müller – „Süd“", Decimal("1200.50"), "EUR", True, True, dt.date(2026, 3, 31)),
        (DEALS[1], "Deal 1", None, "EUR", False, False, dt.date(2026, 12, 31)),
        (DEALS[2], '=1+1, "quoted"\r\nsecond line', Decimal(139_000_000), "EUR", True, True,
         dt.date(2026, 3, 31)),
    ]  # fmt: skip
    told = rows(snapshot.path, "opportunity_history", "opportunity_id", "field", "new_value")
    assert (DEALS[0], "amount", "1200.50") in told
    assert (DEALS[1], "owner", ANN) in told
    assert rows(snapshot.path, "stages", "stage", "is_won", "default_probability") == [
        ("Closed Won", True, 1.0), ("Proposal", False, 0.4)
    ]  # fmt: skip
    assert len(rows(snapshot.path, "reps", "rep_id")) == 3
    assert (ANN, BOB, "North") in rows(
        snapshot.path, "rep_assignments", "rep_id", "manager_id", "team"
    )
    assert rows(snapshot.path, "accounts", "name", "employees") == [("Acme", 12)]
    assert sorted(rows(snapshot.path, "activities", "kind", "opportunity_id")) == [
        ("call", DEALS[0]), ("meeting", DEALS[1])
    ]  # fmt: skip
    # A head's quota is the sum of the others' and would count them twice.
    quotas = ("rep_id", "measure", "period_start", "period_end", "amount")
    assert rows(snapshot.path, "quotas", *quotas) == [
        (ANN, "bookings", dt.date(2026, 1, 1), dt.date(2026, 3, 31), Decimal(15_000_000))
    ]
    assert not [one for one in snapshot.frame["quarantined"] if one]


def test_pages_come_one_after_the_other(pull, web, crm):
    pull()
    results = [call for call in web.asked("/results") if call.path.split("/")[-2] == "0"]
    assert [call.query.get("locator") for call in results] == [None, "2"]
    assert [call.path for call in web.calls if re.search(r"query/\d+-2", call.path)]


def test_what_is_not_there_is_not_asked_for_but_told(pull, crm):
    remarks = pull().remarks
    assert any("Opportunity" in one and "Lost_Reason__c" in one for one in remarks)
    assert any(one.startswith("OpportunitySplit: not there") for one in remarks)
    asked = [job["query"] for job in crm.jobs] + crm.queries
    assert not any("__c" in query or "BillingAddress" in query for query in asked)


def test_a_field_that_the_mapping_needs(pull, crm, tmp_path):
    for one in crm.objects["Opportunity"]:
        one["IsWonn"] = one.pop("IsWon")
    with pytest.raises(InputError, match=r"Opportunity has no `IsWon` .* did you mean `IsWonn`"):
        pull()
    assert nothing_left(tmp_path)


def test_an_object_that_the_mapping_needs(pull, crm, tmp_path):
    del crm.objects["Opportunity"]
    with pytest.raises(InputError, match="no object Opportunity"):
        pull()
    assert nothing_left(tmp_path)


def test_since_keeps_open_deals_and_what_belongs_to_them(pull, crm):
    pull(since=dt.date(2026, 1, 1))
    conditions = {
        re.search(r"FROM (\w+)", job["query"])[1]: job["query"].partition(" WHERE ")[2]
        for job in crm.jobs
    }
    assert conditions == {
        "Opportunity": "(IsClosed = false OR CloseDate >= 2026-01-01)",
        "OpportunityHistory":
            "(Opportunity.IsClosed = false OR Opportunity.CloseDate >= 2026-01-01)",
        "OpportunityFieldHistory":
            "(Opportunity.IsClosed = false OR Opportunity.CloseDate >= 2026-01-01)",
        "Account": "",
        "Task": "IsDeleted = false AND "
                "(ActivityDate >= 2026-01-01 OR LastModifiedDate >= 2026-01-01T00:00:00Z)",
        "Event": "IsDeleted = false AND "
                 "(ActivityDate >= 2026-01-01 OR LastModifiedDate >= 2026-01-01T00:00:00Z)",
    }  # fmt: skip


def test_archived_activities_are_asked_for(pull, crm):
    pull()
    operations = {re.search(r"FROM (\w+)", job["query"])[1]: job["operation"] for job in crm.jobs}
    assert operations["Task"] == operations["Event"] == "queryAll"
    assert operations["Opportunity"] == "query"


def test_the_order_of_the_rows_makes_no_difference(pull, crm, tmp_path):
    pull()
    (tmp_path / "out").rename(tmp_path / "first")
    for held in crm.objects.values():
        held.reverse()
    pull()
    for path in (tmp_path / "first").glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def test_waiting_as_long_as_the_server_asks(pull, web, answers):
    web.fail("/describe", answers([], 429, {"Retry-After": "7"}))
    web.fail("/results", answers("x", 500), answers("x", 503))
    assert pull().objects[0].rows
    assert 7 in web.waited


def test_an_answer_that_breaks_off_is_asked_for_again(pull, web, crm, answers, tmp_path):
    header = '"Id","Name"\n' * 40
    web.fail("/results", answers(header, headers={"Sforce-NumberOfRecords": "0"}, cut=True))
    pull()
    assert len(rows(tmp_path / "out", "Opportunity", "Id")) == 3


def test_a_server_that_stays_down(pull, web, answers, tmp_path):
    web.fail("/results", *[answers("x", 503)] * 7)
    with pytest.raises(PullError, match="Salesforce answered 503") as told:
        pull()
    assert told.value.exit_code == 1
    assert nothing_left(tmp_path)


def test_rows_that_do_not_come(pull, crm, tmp_path):
    crm.announced = 1
    with pytest.raises(PullError, match=r"Opportunity\w*: \d+ rows were announced and \d+ came"):
        pull()
    assert nothing_left(tmp_path)


def test_an_expired_token(pull, crm, tmp_path):
    crm.token = "another"  # noqa: S105 (made up)
    with pytest.raises(InputError, match="has expired or is not valid") as told:
        pull()
    assert TOKEN not in str(told.value)
    assert told.value.exit_code == 2
    assert nothing_left(tmp_path)


def test_a_token_that_expires_on_the_way(pull, web, answers, tmp_path):
    expired = [{"message": TOKEN, "errorCode": "INVALID_SESSION_ID"}]
    web.fail("/results", answers(expired, 401))
    with pytest.raises(InputError, match="has expired") as told:
        pull()
    assert TOKEN not in str(told.value)
    assert nothing_left(tmp_path)


def test_a_refusal_does_not_repeat_the_token(pull, web, answers, tmp_path):
    said = [{"message": f"TotalRequests Limit, session {TOKEN}\nx", "errorCode": "REQUEST_LIMIT"}]
    web.fail("/describe", answers(said, 403))
    with pytest.raises(PullError, match=r"REQUEST_LIMIT TotalRequests Limit, session \(hidden\) x"):
        pull()


USER = {
    "SALESFORCE_USERNAME": "ann@x.org",
    "SALESFORCE_PASSWORD": "pass&word",
    "SALESFORCE_SECURITY_TOKEN": "tok",
}


def test_a_login_by_password(pull, web):
    assert pull(USER).objects
    assert web.calls[0].host == "login.salesforce.com"
    assert {call.host for call in web.calls[1:]} == {"acme.my.salesforce.com"}


def test_a_sandbox(pull, web):
    pull({**USER, "SALESFORCE_DOMAIN": "test"})
    assert web.calls[0].host == "test.salesforce.com"


def test_a_login_that_is_refused(pull, tmp_path):
    with pytest.raises(InputError, match="refused the login") as told:
        pull({**USER, "SALESFORCE_PASSWORD": "pass-wrong"})
    assert "pass-wrong" not in str(told.value)
    assert nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "set SALESFORCE_USERNAME, SALESFORCE_PASSWORD and SALESFORCE_SECURITY_TOKEN"),
        ({"SALESFORCE_USERNAME": "a"}, "SALESFORCE_PASSWORD is not set"),
        ({"SALESFORCE_ACCESS_TOKEN": "a"}, "SALESFORCE_INSTANCE_URL is not set"),
        ({**ENVIRONMENT, "SALESFORCE_INSTANCE_URL": "http://x.org"}, "must look like https://"),
        ({**ENVIRONMENT, "SALESFORCE_INSTANCE_URL": "https://u:p@x.org"}, "must look like"),
        ({**USER, "SALESFORCE_DOMAIN": "evil.org/"}, "SALESFORCE_DOMAIN must look like"),
    ],
)
def test_credentials_that_are_missing(pull, web, tmp_path, environment, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        pull(environment)
    assert web.calls == []
    assert nothing_left(tmp_path)


def test_nothing_is_written_over(pull, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.csv").write_text("x")
    with pytest.raises(InputError, match="never writes over anything"):
        pull()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.csv"]


def test_the_command_and_its_manifest(pull, monkeypatch, capsys, tmp_path):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    arguments = ["pull", "salesforce", "--out", str(tmp_path / "out"), "--mapping", str(MAPPING)]
    monkeypatch.setattr(sys, "argv", ["salesops", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    shown = "".join(capsys.readouterr())
    assert not ended.value.code, shown
    assert "Next: salesops ingest" in shown
    manifest = json.loads((tmp_path / "out" / "pull.json").read_text())
    assert manifest["api_version"] == "59.0"
    of_deals = next(one for one in manifest["objects"] if one["name"] == "Opportunity")
    assert (of_deals["file"], of_deals["rows"]) == ("Opportunity.parquet", 3)
    assert "Lost_Reason__c" in of_deals["lacking"]
    files = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    assert not any(TOKEN.encode() in content for content in [*files, shown.encode()])
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]
