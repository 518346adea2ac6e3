"""A page in another language: nothing on it is left in English."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

import datetime as dt
import re

import pytest
from bs4 import BeautifulSoup, NavigableString

from salesops_lib.data.schema import TABLES

AS_OF = dt.date(2026, 9, 30)
NAMES = ("Kuzey", "Güney", "Alfa", "Beta", "Ayşe", "Mehmet", "Zeynep", "Ürün A", "Mid", "Teklif")
CODE = ["script", "style", "code", "pre"]
SPOKEN = ("alt", "title", "aria-label", "placeholder")


@pytest.fixture
def snapshot(make_snapshot, deal):
    """A small company with something for every section of the performance review."""
    deals = []
    for number in range(120):
        day = dt.date(2025, 4, 3) + dt.timedelta(days=5 * number)
        closed = day + dt.timedelta(days=30 + number % 40)
        won = None if closed > AS_OF else number % 3 == 0
        lost_early = number % 17 == 0
        more = {
            "currency": "EUR",
            "product": "Ürün A" if number % 2 else None,
            "stage": "Teklif" if number % 5 else None,
        }
        row = deal(number, day, closed, 1000 + number, won=won, owner=f"R{number % 3}", **more)
        deals.append(row | ({"amount": None} if lost_early else {}))
    # One past its close date, one won in the future, one closed before it was created.
    early, late = dt.date(2026, 8, 1), dt.date(2026, 11, 1)
    deals.append(deal(900, early, dt.date(2026, 9, 1), 500, currency="EUR"))
    deals.append(deal(901, early, late, 500, won=True, currency="EUR"))
    deals.append(deal(902, dt.date(2026, 9, 9), early, 500, won=True, currency="EUR"))
    reps = [("R0", "Ayşe", "Alfa", "Kuzey"), ("R1", "Mehmet", "Alfa", "Kuzey")]
    reps.append(("R2", "Zeynep", "Beta", "Güney"))
    hired = dt.date(2020, 1, 1)
    return make_snapshot(
        AS_OF,
        opportunities=deals,
        reps=[{"rep_id": key, "name": name, "hire_date": hired} for key, name, _, _ in reps],
        rep_assignments=[
            {"rep_id": key, "team": team, "region": region, "role": "rep", "effective_from": hired}
            for key, _, team, region in reps
        ],
        quotas=[
            {
                "rep_id": key,
                "period_start": start,
                "period_end": end,
                "measure": "bookings",
                "amount": 9000,
                "currency": "EUR",
            }
            for key, _, _, _ in reps
            for start, end in [
                (dt.date(2026, 7, 1), dt.date(2026, 9, 30)),
                (dt.date(2026, 10, 1), dt.date(2026, 12, 31)),
            ]
        ],
    ).path


def said(html: str) -> list[str]:
    """Every text that a reader sees or hears, without code, ids, paths and numbers."""
    soup = BeautifulSoup(html, "html5lib")
    for part in soup.select("#provenance dd, #parameters td:nth-child(2), #inputs tbody th"):
        part.clear()
    found = [
        str(text)
        for text in soup.find_all(string=True)
        if type(text) is NavigableString and not {tag.name for tag in text.parents} & set(CODE)
    ]
    found += [tag[name] for tag in soup.find_all(True) for name in SPOKEN if tag.has_attr(name)]
    return [text.strip() for text in found if text.strip()]


def plain_words(text: str, *allowed: str) -> list[str]:
    """Words in plain letters, without ids and names from the data."""
    text = re.sub(r"\b\d{4}-\d\d-\d\d-[0-9a-z]+\b", "", text)
    for name in sorted(allowed, key=len, reverse=True):
        text = text.replace(name, "")
    return re.findall(r"[A-Za-z]{2,}", text)


@pytest.mark.parametrize(
    ("notebook", "scope"),
    [
        ("performance_review", "company"),
        ("performance_review", "region:Kuzey"),
        ("performance_review", "rep:R2"),
        ("explore", "company"),
        ("explore", "rep:R2"),
    ],
)
def test_no_text_of_a_page_escapes_translation(rendered, pseudo, snapshot, notebook, scope):
    page = rendered(notebook, snapshot, pseudo, scope)
    columns = {column.name for table in TABLES.values() for column in table.columns}
    allowed = (*NAMES, *columns, "EUR", "Python", "SHA")
    left = {text: words for text in said(page.html) if (words := plain_words(text, *allowed))}
    assert left == {}


def shape(value):
    """Keys, and every value that is no sentence."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "text" if isinstance(value, str) else value


def test_a_turkish_page_is_turkish_and_says_what_the_english_one_does(rendered, snapshot):
    english, turkish = (rendered("performance_review", snapshot, name) for name in ("en", "tr"))
    soup = BeautifulSoup(turkish.html, "html5lib")
    assert soup.html["lang"] == "tr"
    assert "2026-Ç3 döneminde" in soup.h1.text
    heads = ["Özet", "Kazanılan satışlar", "Tempo"]
    assert [head.text for head in soup.find_all("h2")][:3] == heads
    text = " ".join(said(turkish.html))
    assert "30 Eylül 2026 itibarıyla" in text
    assert re.search(r"%\d+,\d", text)
    assert not re.search(r"\d%", text), "an English percentage"
    # The search of the test above would see English if there were any.
    assert len([part for part in said(english.html) if plain_words(part, *NAMES)]) > 200
    # Links and what machines read are the same in all languages.
    sections = BeautifulSoup(english.html, "html5lib").select("section.part")
    assert [part["id"] for part in sections] == [part["id"] for part in soup.select("section.part")]
    assert shape(english.values) == shape(turkish.values)
    assert english.values["findings"]["headline"] != turkish.values["findings"]["headline"]


def test_two_reports_of_one_process_do_not_mix_their_languages(snapshot):
    from salesops_lib import performance
    from salesops_lib.data.view import open_view

    english, turkish = (
        open_view(snapshot, period="2026-Q3", language=language) for language in ("en", "tr")
    )
    before = performance.findings(english).headline
    assert "satış kazandı" in performance.findings(turkish).headline
    assert performance.findings(english).headline == before
    late = [performance.win_rate(view) for view in (turkish, english)]
    assert [measure.definition.name for measure in late] == [
        "Kazanma oranı (kapanan)",
        "Win rate, closed",
    ]
    assert late[0].frame.columns.tolist() == late[1].frame.columns.tolist()
