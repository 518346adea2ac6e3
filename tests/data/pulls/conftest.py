"""A server in a thread that answers as the APIs of CRMs do, faults included."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import simple_salesforce.bulk2


@dataclass(frozen=True)
class Call:
    """What was asked."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: str
    authorization: str


@dataclass(frozen=True)
class Answer:
    """What is answered; `cut` breaks the body off."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def content(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


@dataclass
class Web:
    """All hosts of the internet, as far as a pull can see them."""

    answer: Callable[[Call], Answer] = lambda _: Answer({}, 404)
    calls: list[Call] = field(default_factory=list)
    faults: list[tuple[str, Answer]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def handle(self, call: Call) -> Answer:
        self.calls.append(call)
        for fault in self.faults:
            if fault[0] in call.path:
                self.faults.remove(fault)
                return fault[1]
        return self.answer(call)

    def fail(self, path: str, *answers: Answer) -> None:
        """Answers to the next calls whose path holds a text."""
        self.faults += [(path, answer) for answer in answers]

    def asked(self, path: str) -> list[Call]:
        return [call for call in self.calls if path in call.path]


def handler_of(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            answer = web.handle(
                Call(
                    self.command,
                    self.headers["X-Host"],
                    parts.path,
                    {key: values[0] for key, values in parse_qs(parts.query).items()},
                    self.rfile.read(size).decode(),
                    self.headers.get("Authorization", ""),
                )
            )
            content = answer.content
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if answer.cut else content)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815 (the server asks for it)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def web(monkeypatch) -> Iterator[Web]:
    """Every call over HTTPS goes to a server of our own, and nobody waits."""
    made = Web()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(made))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    send = requests.adapters.HTTPAdapter.send

    def to_us(adapter, request, **options):
        parts = urlsplit(request.url)
        assert parts.scheme == "https"
        request.headers["X-Host"] = parts.netloc
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        request.url = f"http://127.0.0.1:{server.server_port}{path}"
        return send(adapter, request, **{**options, "proxies": {}})

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", to_us)
    monkeypatch.setattr(time, "sleep", made.waited.append)
    monkeypatch.setattr(simple_salesforce.bulk2, "sleep", lambda _: None)
    for name in ("HUBSPOT_ACCESS_TOKEN", "SALESFORCE_USERNAME", "SALESFORCE_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def answers() -> type[Answer]:
    return Answer


TOKEN = "00Dxx!secret-access-token"  # noqa: S105 (made up)
BASE = "/services/data/v59.0/"
ANN, BOB = "0055g00000AnnAnAAJ", "0055g00000BobBoAAJ"
DEALS = ["0065g00000AbCdEAAV", "0065g00000AbCdeAAF", "0065g00000BbCdEAAV"]

TYPES = {
    "Amount": "currency",
    "AnnualRevenue": "currency",
    "QuotaAmount": "currency",
    "Probability": "percent",
    "DefaultProbability": "percent",
    "SplitPercentage": "percent",
    "NumberOfEmployees": "int",
    "SortOrder": "int",
    "BillingAddress": "address",
}


def deal(place: int, **changed: str) -> dict[str, str]:
    return {
        "Id": DEALS[place], "IsDeleted": "false", "AccountId": "0015g00000XyZaBAAV",
        "Name": f"Deal {place}", "OwnerId": ANN, "Amount": "100.0", "CurrencyIsoCode": "EUR",
        "CreatedDate": "2026-01-05T10:11:12.000Z", "CloseDate": "2026-03-31",
        "StageName": "Closed Won", "IsClosed": "true", "IsWon": "true",
        "ForecastCategory": "Closed", "ForecastCategoryName": "Closed", "Probability": "100.0",
        "Type": "", "LeadSource": "Web", "NextStep": "", "PushCount": "0",
        "LastActivityDate": "", **changed,
    }  # fmt: skip


def objects() -> dict[str, list[dict[str, object]]]:
    """A small company. No field for the reason of a loss, and no splits."""
    stage = {"IsClosed": True, "IsWon": True, "DefaultProbability": 100.0}
    task = {
        "OwnerId": ANN, "WhatId": DEALS[0], "TaskSubtype": "Call", "IsClosed": "true",
        "CompletedDateTime": "2026-02-01T08:00:00.000Z", "ActivityDate": "2026-02-01",
        "IsRecurrence": "false", "IsDeleted": "false",
    }  # fmt: skip
    return {
        "Opportunity": [
            deal(2, Amount="1.39E8", Name='=1+1, "quoted"\r\nsecond line'),
            deal(0, Amount="1200.5", Name="Müller – „Süd“"),
            deal(1, StageName="Proposal", IsClosed="false", IsWon="false", Probability="40.0",
                 ForecastCategory="Forecast", ForecastCategoryName="Commit", Amount="",
                 CloseDate="2026-12-31"),
        ],
        "OpportunityHistory": [
            {"Id": "0081", "OpportunityId": DEALS[0], "CreatedDate": "2026-01-05T10:11:12.000Z",
             "StageName": "Proposal", "Amount": "", "CloseDate": "2026-03-31",
             "ForecastCategory": "Pipeline", "Probability": "40.0", "IsDeleted": "false"},
            {"Id": "0082", "OpportunityId": DEALS[0], "CreatedDate": "2026-03-31T08:00:00.000Z",
             "StageName": "Closed Won", "Amount": "1200.5", "CloseDate": "2026-03-31",
             "ForecastCategory": "Closed", "Probability": "100.0", "IsDeleted": "false"},
        ],
        "OpportunityFieldHistory": [
            {"Id": "0171", "OpportunityId": DEALS[1], "Field": "Owner", "DataType": "EntityId",
             "OldValue": BOB, "NewValue": ANN, "CreatedDate": "2026-02-02T00:00:00.000Z",
             "IsDeleted": "false"},
            {"Id": "0172", "OpportunityId": DEALS[1], "Field": "Owner", "DataType": "Text",
             "OldValue": "Bob", "NewValue": "Ann", "CreatedDate": "2026-02-02T00:00:00.000Z",
             "IsDeleted": "false"},
        ],
        "OpportunityStage": [
            {"Id": "01J1", "ApiName": "Proposal", "SortOrder": 1, "IsClosed": False,
             "IsWon": False, "DefaultProbability": 40.0, "ForecastCategory": "Pipeline"},
            {"Id": "01J2", "ApiName": "Closed Won", "SortOrder": 2, "ForecastCategory": "Closed",
             **stage},
        ],
        "User": [
            {"Id": ANN, "FirstName": "Ann", "LastName": "Lee", "Email": "ann@x.org",
             "ManagerId": BOB, "UserRoleId": "00E1"},
            {"Id": BOB, "FirstName": None, "LastName": "Boss", "Email": "bob@x.org",
             "ManagerId": None, "UserRoleId": "00E2"},
            {"Id": "0055g00000CarCaAAJ", "FirstName": "Car", "LastName": "Gone",
             "Email": "car@x.org", "ManagerId": BOB, "UserRoleId": None},
        ],
        "UserRole": [
            {"Id": "00E1", "Name": "North", "ForecastUserId": None},
            {"Id": "00E2", "Name": "Heads", "ForecastUserId": BOB},
        ],
        "Account": [
            {"Id": "0015g00000XyZaBAAV", "IsDeleted": "false", "Name": "Acme", "Industry": "Media",
             "NumberOfEmployees": "12", "AnnualRevenue": "2.5E7", "BillingCountry": "DE",
             "ParentId": "", "BillingAddress": "{}"},
        ],
        "Task": [{"Id": "00T1", **task}, {"Id": "00T2", **task, "IsClosed": "false"}],
        "Event": [
            {"Id": "00U1", "OwnerId": ANN, "WhatId": DEALS[1], "IsChild": "false",
             "StartDateTime": "2026-02-03T08:00:00.000Z",
             "ActivityDateTime": "2026-02-03T08:00:00.000Z", "ActivityDate": "2026-02-03",
             "IsRecurrence": "false", "IsDeleted": "false"},
        ],
        "ForecastingQuota": [
            {"Id": "0J91", "QuotaOwnerId": ANN, "ForecastingTypeId": "0Db1", "PeriodId": "0261",
             "StartDate": "2026-01-01", "QuotaAmount": 1.5e7, "IsAmount": True,
             "CurrencyIsoCode": "EUR"},
            {"Id": "0J92", "QuotaOwnerId": BOB, "ForecastingTypeId": "0Db1", "PeriodId": "0261",
             "StartDate": "2026-01-01", "QuotaAmount": 9e7, "IsAmount": True,
             "CurrencyIsoCode": "EUR"},
        ],
        "ForecastingType": [{"Id": "0Db1", "DeveloperName": "OpportunityRevenue"}],
        "Period": [{"Id": "0261", "EndDate": "2026-03-31"}],
    }  # fmt: skip


@dataclass
class Salesforce:
    """Salesforce as far as a pull needs it; pages hold two rows."""

    objects: dict[str, list[dict[str, object]]] = field(default_factory=objects)
    token: str = TOKEN
    announced: int = 0
    jobs: list[dict[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    def __call__(self, call):
        if call.path.startswith("/services/Soap/u/"):
            return self._login(call)
        if call.authorization != f"Bearer {self.token}":
            return Answer(
                [{"message": f"Session expired: {TOKEN}", "errorCode": "INVALID_SESSION_ID"}], 401
            )
        path = call.path.removeprefix(BASE)
        if path == "sobjects":
            names = [{"name": name, "queryable": True} for name in self.objects]
            return Answer({"sobjects": names})
        if found := re.fullmatch(r"sobjects/(\w+)/describe", path):
            return self._described(found[1])
        if path in {"query/", "queryAll/"}:
            return self._page(call.query["q"], 0)
        if found := re.fullmatch(r"query/(\d+)-(\d+)", path):
            return self._page(self.queries[int(found[1])], int(found[2]))
        return self._job(call, path.removeprefix("jobs/query").strip("/"))

    def _login(self, call):
        if "pass&amp;word" not in call.body:
            text = "<f><faultcode>INVALID_LOGIN</faultcode><sf:exceptionCode>INVALID_LOGIN"
            text += "</sf:exceptionCode><sf:exceptionMessage>no such user with pass-wrong"
            return Answer(f"{text}</sf:exceptionMessage></f>".replace("sf:", ""), 500)
        body = "<r><serverUrl>https://acme.my.salesforce.com/services/Soap/u/59.0/1</serverUrl>"
        return Answer(f"{body}<sessionId>{TOKEN}</sessionId></r>")

    def _described(self, name):
        fields = [{"name": key, "type": TYPES.get(key, "string")} for key in self.objects[name][0]]
        return Answer({"fields": fields})

    def _rows(self, query):
        columns, name = re.match(r"SELECT (.+?) FROM (\w+)", query).groups()
        rows = self.objects[name]
        return [{key: row[key] for key in columns.split(", ")} for row in rows]

    def _page(self, query, start):
        self.queries.append(query)
        rows = self._rows(query)
        body = {"totalSize": len(rows), "done": start + 2 >= len(rows)}
        body["records"] = rows[start : start + 2]
        if not body["done"]:
            body["nextRecordsUrl"] = f"{BASE}query/{len(self.queries) - 1}-{start + 2}"
        return Answer(body)

    def _job(self, call, path):
        if call.method == "POST":
            self.jobs.append(json.loads(call.body))
            return Answer({"id": str(len(self.jobs) - 1), "state": "UploadComplete"})
        number, _, rest = path.partition("/")
        if not rest:
            return Answer({"id": number, "state": "JobComplete"})
        rows = self._rows(self.jobs[int(number)]["query"])
        start = int(call.query.get("locator", 0))
        page = rows[start : start + 2]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(page)
        following = str(start + 2) if start + 2 < len(rows) else "null"
        headers = {
            "Sforce-Locator": following,
            "Sforce-NumberOfRecords": str(len(page) + self.announced),
        }
        return Answer(text.getvalue(), headers=headers)


@pytest.fixture
def crm(web) -> Salesforce:
    """Salesforce, as the web's only host."""
    web.answer = Salesforce()
    return web.answer
