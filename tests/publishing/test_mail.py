"""A report as mail: standard, self-contained, the same every time, and hard to abuse."""

from __future__ import annotations

import email
import email.policy
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from salesops_lib import cli
from salesops_lib.errors import InputError
from salesops_lib.publishing import mail
from salesops_lib.publishing.mail import letter_of, mailed

HOSTILE = "<script>alert(1)</script>\r\nBcc: all@example.com"


def kpi(identity, unit, *values):
    roles = ("current", "prior", "last_year")
    periods = ("2026-Q3", "2026-Q2", "2025-Q3")
    rows = [
        {"role": role, "period": period, "value": value, "group": "all", "label": "All"}
        for role, period, value in zip(roles, periods, values, strict=False)
    ]
    return {identity: {"kind": "measure", "id": identity, "unit": unit, "rows": rows}}


def values(**changed):
    return {
        "version": 1,
        "report": {
            "name": "performance_review",
            "title": "Performance review",
            "scope": "region:EMEA",
            "scope_label": "EMEA",
            "period": "2026-Q3",
            "period_label": "1 July to 30 September 2026",
            "kicker": "Performance review · EMEA · as of 30 September 2026",
            "as_of": "2026-09-30",
            "language": "en",
            "currency": "EUR",
            "snapshot": "2026-09-30-3f2a9c01d4",
            "meta": ["snapshot 2026-09-30-3f2a9c01d4", "3 rows quarantined"],
        },
        "findings": {
            "headline": "EMEA booked €4.2M in 2026-Q3",
            "findings": [
                {"text": "Bookings were €4.2M.", "action": "Ask why.", "tone": "bad", "values": {}},
                {"text": "Attainment is 84%.", "action": "", "tone": "flat", "values": {}},
            ],
        },
        "kpis": {
            "kind": "kpis",
            "measures": kpi("attainment", "share", 0.84, 0.8, None)
            | kpi("bookings", "money", 4_200_000.0, 4_000_000.0, 5_000_000.0)
            | kpi("cycle_days", "days", None),
        },
        "measures": [],
        "others": [
            {"kind": "quality", "notes": [{"severity": "care", "what": "Q.", "consequence": "C."}]},
            {
                "kind": "definitions",
                "definitions": [
                    {"id": "bookings", "name": "Bookings"},
                    {"id": "attainment", "name": "Attainment"},
                ],
            },
        ],
        "provenance": {"command": "salesops report q.yaml --only performance_review/region:EMEA"},
        "run": {"finished": "2026-10-01T07:05:00+00:00", "seconds": 3.2},
    } | changed


@pytest.fixture
def write_report(tmp_path):
    def write(name="region-emea", page="<!doctype html><p>The page.", **changed) -> Path:
        folder = tmp_path / "reports" / "2026-Q3" / "performance_review"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
        (folder / f"{name}.json").write_text(json.dumps(values(**changed)), encoding="utf-8")
        return folder / f"{name}.html"

    return write


def opened(path: Path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def test_a_mail_has_text_html_and_the_report(write_report, tmp_path):
    page = write_report()
    [path] = mailed(
        [page], tmp_path / "m.eml", to=["Ana Gil <ana@example.com>"], sender="ops@example.com"
    )
    found = opened(path)
    assert found["Subject"] == "EMEA booked €4.2M in 2026-Q3"
    assert found["To"] == "Ana Gil <ana@example.com>"
    assert found["From"] == "ops@example.com"
    assert found["Date"].datetime.isoformat() == "2026-10-01T07:05:00+00:00"
    assert found["Content-Language"] == "en"
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/html",
    ]
    [attached] = found.iter_attachments()
    assert attached.get_filename() == "region-emea.html"
    assert attached.get_payload(decode=True) == page.read_bytes()
    assert not found.defects


def test_text_and_html_say_the_same(write_report):
    letter = letter_of(write_report())
    text = letter.text
    # 4.2 of 4.0 million is 5 % up and of 5.0 million 16 % down; 84 % is 4 points above 80 %.
    assert "Bookings: €4.2M (▲ +5.0% on 2026-Q2, ▼ −16.0% on 2025-Q3)" in text
    assert "Attainment: 84.0% (▲ +4.0\N{NO-BREAK SPACE}pp on 2026-Q2)" in text
    assert text.index("Bookings: ") < text.index("Attainment: ")
    assert "* Q. C." in text
    assert "salesops report q.yaml --only performance_review/region:EMEA" in text
    assert "made on 2026-10-01 07:05 UTC" in text
    page = BeautifulSoup(letter.html, "html5lib")
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.find_all("tr")]
    assert rows[0] == ["Measure", "2026-Q3", "on 2026-Q2", "on 2025-Q3"]
    assert rows[1] == ["Bookings", "€4.2M", "▲ +5.0%", "▼ −16.0%"]
    assert rows[2] == ["Attainment", "84.0%", "▲ +4.0\N{NO-BREAK SPACE}pp", "–"]
    assert rows[3] == ["Cycle days", "–", "–", "–"]
    shown = " ".join(page.text.split())
    for line in ("Bookings were €4.2M.", "Ask why.", "Q. C.", "3 rows quarantined"):
        assert line in shown
        assert line in text


def test_a_change_that_rounds_to_nothing_has_not_moved(write_report):
    kpis = {"measures": kpi("win_rate", "share", 0.30001, 0.3)}
    assert letter_of(write_report(kpis=kpis)).kpis == [
        ("Win rate", "30.0%", "■ 0.0\N{NO-BREAK SPACE}pp", "–")
    ]


def test_the_body_is_inert_and_small(write_report):
    notes = [{"kind": "quality", "notes": [{"what": "x" * 5000}] * 200}]
    findings = {"headline": "y" * 3000, "findings": [{"text": "z" * 5000}] * 7}
    letter = letter_of(write_report(others=notes, findings=findings))
    body = letter.html
    assert len(body.encode()) < 100_000
    page = BeautifulSoup(body, "html5lib")
    assert not page.find_all(["script", "style", "link", "img", "iframe", "form", "svg", "a"])
    assert "data:" not in body
    assert "url(" not in body
    assert not re.search(r"\s(src|href|on\w+)=", body)
    assert "188 more notes." in page.text


def test_hostile_text_is_text_and_cannot_begin_a_header(write_report, tmp_path):
    report = values()["report"] | {"kicker": HOSTILE, "meta": [HOSTILE]}
    findings = {"headline": HOSTILE, "findings": [{"text": HOSTILE, "action": HOSTILE}]}
    page = write_report(report=report, findings=findings, provenance={"command": HOSTILE})
    [path] = mailed([page], tmp_path / "m.eml", to=['"A, B" <a@example.com>, c@example.com'])
    found = opened(path)
    assert found["Subject"] == "<script>alert(1)</script> Bcc: all@example.com"
    assert found["Bcc"] is None
    assert [str(a) for a in found["To"].addresses] == ['"A, B" <a@example.com>', "c@example.com"]
    body = found.get_body(("html",)).get_content()
    assert "<script" not in body
    assert "&lt;script&gt;" in body


@pytest.mark.parametrize("option", ["to", "sender"])
@pytest.mark.parametrize(
    "address", ["a@example.com\r\nBcc: b@example.com", "ana", " ", "a b@x", "<>", "@example.com"]
)
def test_what_is_no_address_is_refused(write_report, tmp_path, option, address):
    given = {option: [address] if option == "to" else address}
    with pytest.raises(InputError, match="is no address"):
        mailed([write_report()], tmp_path / "m.eml", **given)
    assert not (tmp_path / "m.eml").exists()


def test_the_same_report_is_the_same_mail(write_report, tmp_path):
    page = write_report()
    [first] = mailed([page], tmp_path / "1.eml", to=["a@example.com"])
    [again] = mailed([page.with_suffix(".json")], tmp_path / "2.eml", to=["a@example.com"])
    [other] = mailed([page], tmp_path / "3.eml", to=["b@example.com"])
    assert first.read_bytes() == again.read_bytes()
    assert opened(first)["Message-ID"] != opened(other)["Message-ID"]


def test_a_report_that_is_too_large_is_named_not_attached(write_report, tmp_path, monkeypatch):
    monkeypatch.setattr(mail, "MOST_ATTACHED", 1000)
    page = write_report(page="x" * 1_250_000)
    [path] = mailed([page], tmp_path / "m.eml")
    found = opened(path)
    assert list(found.iter_attachments()) == []
    told = "The whole report has 1.2 MB and is too large to attach: region-emea.html"
    assert told in found.get_body(("plain",)).get_content()


def test_many_reports_go_into_a_folder(write_report, tmp_path):
    pages = [write_report(), write_report("company")]
    names = [path.name for path in mailed(pages, tmp_path / "out")]
    assert names == [
        "2026-q3-performance_review-region-emea.eml",
        "2026-q3-performance_review-company.eml",
    ]
    with pytest.raises(InputError, match="need a folder"):
        mailed(pages, tmp_path / "m.eml")


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lambda page: page.with_suffix(".json").write_text("{}"), "`version` does not fit"),
        (lambda page: page.with_suffix(".json").write_text("[["), "`version` does not fit"),
        (lambda page: page.with_suffix(".json").unlink(), "no such file"),
        (lambda page: page.unlink(), "no such file"),
    ],
)
def test_what_is_no_report_is_refused_and_nothing_written(
    write_report, tmp_path, break_it, sentence
):
    good, bad = write_report(), write_report("company")
    break_it(bad)
    with pytest.raises(InputError, match=sentence):
        mailed([good, bad], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_and_tells(write_report, tmp_path, capsys, monkeypatch):
    page, out = write_report(), tmp_path / "m.eml"
    command = ["salesops", "mail", str(page), "--out", str(out), "--subject", "Q3\nBcc: x@y.z"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip().endswith("m.eml")
    assert opened(out)["Subject"] == "Q3 Bcc: x@y.z"
