"""Cells read as numbers, dates and booleans: strictly, by the declared format."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.data.ingest.cells import Cells
from salesops_lib.data.ingest.functions import rounded_half_even, trimmed
from salesops_lib.data.ingest.mapping import Formats
from salesops_lib.data.ingest.parsing import EXACT, parsed, read_value
from salesops_lib.data.ingest.rule import ColumnRule
from salesops_lib.data.schema import TABLES
from salesops_lib.data.snapshot import connection

DEAL = TABLES["opportunities"]
COLUMNS = {
    "money": DEAL.column("amount"),
    "number": DEAL.column("probability"),
    "integer": DEAL.column("push_count"),
    "date": DEAL.column("close_date"),
    "timestamp": TABLES["activities"].column("at"),
    "boolean": DEAL.column("is_won"),
}


@pytest.fixture(scope="module")
def backend():
    return connection()


def read(backend, kind, texts, **keys):
    """Values and first reasons of texts."""
    rule = ColumnRule.model_validate({"from": "x", **keys})
    table = ibis.memtable(
        {"n": [*range(len(texts))], "x": texts}, schema={"n": "int64", "x": "string"}
    )
    column, formats = COLUMNS[kind], Formats()
    cells = Cells(table.x).cleaned([])
    first = table.mutate(text=cells.text, read=read_value(cells, column, rule, formats))
    done = parsed(first.text, first.read, column, rule, formats)
    found = ibis.cases(*[(one.when, one.reason) for one in done.problems], else_=None)
    rows = backend.to_pyarrow(first.select("n", value=done.value, reason=found).order_by("n"))
    reasons = [one and one.partition(":")[0] for one in rows["reason"].to_pylist()]
    return list(zip(rows["value"].to_pylist(), reasons, strict=True))


GOOD_NUMBERS = [
    ("0", {}, "0"),
    ("-1234.5", {}, "-1234.5"),
    ("+7", {}, "7"),
    (".5", {}, "0.5"),
    ("1234567890123456.78", {}, "1234567890123456.78"),
    ("1,234,567.89", {"thousands": ","}, "1234567.89"),
    ("1234567.89", {"thousands": ","}, "1234567.89"),
    ("1.234,56", {"decimal": ",", "thousands": "."}, "1234.56"),
    ("1234,5", {"decimal": ","}, "1234.5"),
    ("1 234,50", {"decimal": ",", "thousands": " "}, "1234.5"),
    ("1\u00a0234,50", {"decimal": ",", "thousands": " "}, "1234.5"),
    ("1\u202f234,50", {"decimal": ",", "thousands": " "}, "1234.5"),
    ("12'345.60", {"thousands": "'"}, "12345.6"),
    ("$ 1,200", {"thousands": ",", "remove": ["$"]}, "1200"),
    ("1.5", {"scale": 1000}, "1500"),
    ("12345", {"scale": 0.01}, "123.45"),
]


@pytest.mark.parametrize(("text", "keys", "value"), GOOD_NUMBERS)
def test_a_number_in_its_format_is_read_exactly(backend, text, keys, value):
    assert read(backend, "money", [text], **keys) == [(Decimal(value), None)]


BAD_NUMBERS = [
    ("1.234,56", {}),
    ("1,234.56", {}),
    ("1,5", {"thousands": ","}),
    ("12,34,567", {"thousands": ","}),
    ("1,2345", {"thousands": ","}),
    (",123", {"thousands": ","}),
    ("1.234.567", {"decimal": ","}),
    ("1.2.3", {}),
    ("1e5", {}),
    ("5.", {}),
    ("--5", {}),
    ("1 2", {}),
    ("(5)", {}),
    ("NaN", {}),
    ("inf", {}),
    ("0x1F", {}),
    ("1_000", {}),
    ("12%", {}),
    ("$5", {}),
    ("٣", {}),
    ("9" * 40, {}),
]


@pytest.mark.parametrize(("text", "keys"), BAD_NUMBERS)
def test_a_number_in_another_format_is_never_guessed(backend, text, keys):
    assert read(backend, "money", [text], **keys) == [(None, "unreadable_number")]


def test_whole_numbers_are_whole(backend):
    texts = ["3", "3.0", "3.5", "", None, "9" * 25]
    assert read(backend, "integer", texts) == [
        (3, None),
        (3, None),
        (4, "unreadable_number"),
        (None, None),
        (None, None),
        (None, "too_large"),
    ]


def test_percentages_divide_without_noise(backend):
    texts = [str(percent) for percent in range(101)]
    read_back = read(backend, "number", texts, scale=0.01)
    assert [value for value, _ in read_back] == [percent / 100 for percent in range(101)]


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("2026-03-31", "iso", dt.date(2026, 3, 31)),
        ("2026-03-31 23:59:59", "iso", dt.date(2026, 3, 31)),
        ("2026-03-31T10:11:12.123Z", "iso", dt.date(2026, 3, 31)),
        ("2026-03-31T10:11:12.123+0000", "iso", dt.date(2026, 3, 31)),
        ("2026-03-31T22:30:00-05:00", "iso", dt.date(2026, 4, 1)),
        ("31/03/2026", "%d/%m/%Y", dt.date(2026, 3, 31)),
        ("3/4/2026", "%m/%d/%Y", dt.date(2026, 3, 4)),
        ("3/4/2026", "%d/%m/%Y", dt.date(2026, 4, 3)),
        ("Mar 2026", "%b %Y", dt.date(2026, 3, 1)),
        ("2024-02-29", "iso", dt.date(2024, 2, 29)),
        ("2026-02-29", "iso", None),
        ("2026-13-01", "iso", None),
        ("31/03/2026", "iso", None),
        ("2026-03-31", "%d/%m/%Y", None),
        ("2026-03-31 00:00", "%Y-%m-%d", None),
        ("tomorrow", "iso", None),
        ("46112", "iso", None),
    ],
)
def test_a_date_is_read_by_its_format_only(backend, text, form, value):
    reason = None if value else "unreadable_date"
    assert read(backend, "date", [text], date=form) == [(value, reason)]


def test_formats_are_tried_in_order(backend):
    read_back = read(backend, "date", ["01/02/2026", "13/02/2026"], date=["%m/%d/%Y", "%d/%m/%Y"])
    assert [value for value, _ in read_back] == [dt.date(2026, 1, 2), dt.date(2026, 2, 13)]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"start_of": "month"}, dt.date(2024, 2, 1)),
        ({"end_of": "month"}, dt.date(2024, 2, 29)),
        ({"start_of": "quarter"}, dt.date(2024, 1, 1)),
        ({"end_of": "quarter"}, dt.date(2024, 3, 31)),
        ({"end_of": "year"}, dt.date(2024, 12, 31)),
        ({"months": 3}, dt.date(2024, 5, 14)),
    ],
)
def test_a_day_leads_to_its_period(backend, keys, value):
    assert read(backend, "date", ["2024-02-15"], **keys) == [(value, None)]


def test_moments_are_utc(backend):
    texts = ["2026-03-31T10:11:12.5+02:00", "2026-03-31 10:11:12", "2026-03-31"]
    assert [value for value, _ in read(backend, "timestamp", texts)] == [
        dt.datetime.fromisoformat("2026-03-31T08:11:12.5"),
        dt.datetime.fromisoformat("2026-03-31T10:11:12"),
        dt.datetime.fromisoformat("2026-03-31T00:00:00"),
    ]


def test_booleans_know_a_few_words(backend):
    texts = ["TRUE", "False", "1", "0", "yes", "N", "maybe", " "]
    assert read(backend, "boolean", texts) == [
        (True, None),
        (False, None),
        (True, None),
        (False, None),
        (True, None),
        (False, None),
        (None, "unreadable_boolean"),
        (None, None),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=30))
def test_trimming_agrees_with_python_on_blanks(texts):
    marks = "\u200b\u2060\ufeff"
    blanks = "".join(chr(n) for n in range(0x3001) if chr(n).isspace() and not 0x1C <= n <= 0x1F)
    blanks = blanks.replace("\x85", "")
    usable = [text.replace("\x00", "") for text in texts]
    table = ibis.memtable({"n": [*range(len(usable))], "x": usable})
    rows = connection().to_pyarrow(table.select("n", y=trimmed(table.x)).order_by("n"))
    assert rows["y"].to_pylist() == [text.strip(blanks + marks) or None for text in usable]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.decimals(min_value=-(10**12), max_value=10**12, places=4), min_size=1, max_size=50)
)
def test_rounding_is_half_even_as_in_the_decimal_module(numbers):
    texts = [str(number) for number in numbers]
    table = ibis.memtable({"n": [*range(len(texts))], "x": texts})
    exact = table.x.cast(EXACT)
    rows = connection().to_pyarrow(table.select("n", y=rounded_half_even(exact)).order_by("n"))
    assert rows["y"].to_pylist() == [round(number, 2) for number in numbers]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(alphabet="0123456789.,-+ ", max_size=9), min_size=1, max_size=60))
def test_strictness_agrees_with_the_rule_in_words(texts):
    def value(text):
        text = text.strip()
        sign = text[1:] if text[:1] in ("+", "-") else text
        whole, mark, fraction = sign.partition(",")
        groups = whole.split(".")
        grouped = len(groups[0]) in (1, 2, 3) and all(len(part) == 3 for part in groups[1:])
        digits = all(part.isdigit() for part in groups) and (len(groups) == 1 or grouped)
        if mark and not fraction.isdigit():
            return None
        if not digits and not (mark and whole == ""):
            return None
        return Decimal(text.replace(".", "").replace(",", "."))

    found = read(connection(), "money", texts, decimal=",", thousands=".")
    wanted = [value(text) if re.search(r"\S", text) else None for text in texts]
    assert [number for number, _ in found] == wanted
