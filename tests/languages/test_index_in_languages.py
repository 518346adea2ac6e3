"""The list of all reports in the language that its reports are in."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup

from salesops_lib.publishing.index import entries, index_html


@pytest.fixture
def put(tmp_path):
    def put(name, language, period="2026-Q3", headline="Satışlar arttı"):
        folder = tmp_path / "reports" / period / "performance_review"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.html").write_text("<!doctype html>", "utf-8")
        rows = [{"role": "current", "value": 1_250_000}, {"role": "prior", "value": 1_000_000}]
        values = {
            "report": {
                "title": "Performans değerlendirmesi",
                "scope": "region:Kuzey",
                "scope_label": "Kuzey",
                "language": language,
                "currency": "EUR",
                "as_of": "2026-09-30",
            },
            "findings": {"headline": headline},
            "kpis": {"measures": {"bookings": {"unit": "money", "rows": rows}}},
        }
        (folder / f"{name}.json").write_text(json.dumps(values), "utf-8")
        return tmp_path / "reports"

    return put


def page(reports):
    return BeautifulSoup(index_html(entries(reports)), "html5lib")


def test_turkish_reports_have_a_turkish_index(put):
    soup = page(put("region-kuzey", "tr"))
    assert soup.html["lang"] == "tr"
    assert soup.h1.text == "Raporlar"
    assert soup.h2.text == "2026-Ç3"
    assert soup.select_one(".kind").text == "bölge"
    text = soup.get_text(" ")
    for part in ("1 rapor", "1,25\xa0Mn\xa0€", "+%25,0", "2026-09-30 itibarıyla", "yayımlandı"):
        assert part in text


def test_the_latest_period_decides_and_another_language_is_marked(put):
    put("a", "en", headline="Bookings rose")
    put("b", "tr")
    put("old", "en", "2025-Q3")
    reports = put("c", "tr")
    soup = page(reports)
    assert soup.html["lang"] == "tr"
    marked = soup.select(".message[lang]")
    assert {part["lang"] for part in marked} == {"en"}
    assert "Bookings rose" in marked[0].text


def test_a_language_whose_catalogue_is_gone_is_no_error(put):
    assert page(put("a", "xx")).html["lang"] == "en"
    assert page(put("a", ["tr"])).html["lang"] == "en"


def test_an_empty_folder_has_an_english_index(tmp_path):
    assert page(tmp_path).html["lang"] == "en"
