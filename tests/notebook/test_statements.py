"""Sentences with a folded table: what cannot be drawn is said, and text stays text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from bs4 import BeautifulSoup

from salesops_lib.fragments import ROWS_SHOWN, Cell, Grid
from salesops_lib.notebook import figure, statement
from salesops_lib.results import MIME


def table(rows: int = 1) -> Grid:
    cells = tuple((Cell(f"<b>{n}</b>", "head"),) for n in range(rows))
    return Grid("Deals", (("Deal", "text"),), cells)


@dataclass
class Told:
    headline: str = "3 deals <script>alert(1)</script> went up."
    undrawn: str = ""
    grid: Grid = field(default_factory=table)

    def records(self) -> dict[str, Any]:
        return {"kind": "told", "deals": 3}


def test_the_sentence_comes_first_and_its_numbers_are_folded():
    bundle = statement(Told())._repr_mimebundle_()
    page = BeautifulSoup(bundle["text/html"], "html.parser")
    assert page.p.get_text() == "3 deals <script>alert(1)</script> went up."
    assert page.find(["script", "b"]) is None
    assert page.details.summary.get_text() == "Show the numbers"
    assert page.details.table.tbody.th.get_text().strip() == "<b>0</b>"
    assert bundle["text/plain"] == "3 deals <script>alert(1)</script> went up."
    assert bundle[MIME] == {"kind": "told", "deals": 3}


def test_what_has_no_numbers_is_one_sentence():
    html = statement(Told(undrawn="Nobody has a quota."))._repr_mimebundle_()["text/html"]
    page = BeautifulSoup(html, "html.parser")
    assert page.get_text().strip() == "Nobody has a quota."
    assert page.find(["table", "details"]) is None


def test_a_chart_of_nothing_is_not_drawn_but_said():
    def plot_nothing(_result):
        pytest.fail("there is nothing to draw")

    bundle = figure(plot_nothing, Told(undrawn="The export has no history."))._repr_mimebundle_()
    page = BeautifulSoup(bundle["text/html"], "html.parser")
    assert page.get_text().strip() == "The export has no history."
    assert page.find(["svg", "figure"]) is None
    assert bundle[MIME] == {"kind": "told", "deals": 3}


def test_a_cell_without_a_result_shows_nothing():
    assert statement(None) is None


@pytest.mark.parametrize("folded", [True, False])
def test_rows_past_the_first_are_folded_or_in_the_file_alone(folded):
    grid = replace(table(ROWS_SHOWN + 5), folded=folded)
    html = statement(Told(grid=grid))._repr_mimebundle_()["text/html"]
    page = BeautifulSoup(html, "html.parser")
    assert len(page.find_all("tbody")) == (2 if folded else 1)
    assert len(page.select("tbody tr")) == ROWS_SHOWN + (5 if folded else 0)
    assert page.select_one("a.so-file").get_text() == f"All {ROWS_SHOWN + 5} rows as CSV"
