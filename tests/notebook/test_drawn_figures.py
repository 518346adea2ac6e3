"""Figures: text stays text, colours are the page's, and many marks become a small picture."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from salesops_lib.fragments import Cell, Grid
from salesops_lib.notebook import figure
from salesops_lib.theme import ACCENT, PAPER, VARIABLES


@dataclass
class Drawn:
    headline: str = "Deals went up"
    alt: str = "Scatter of 3 deals by age, highest 12."
    caption: str = "Source: snapshot."
    grid: Grid = field(
        default_factory=lambda: Grid("Deals", (("Deal", "text"),), ((Cell("a", "head"),),))
    )

    def records(self) -> dict[str, Any]:
        return {}


def scatter(count):
    def plot_scatter(_result):
        ax = plt.subplots(figsize=(3, 2))[1]
        rng = np.random.default_rng(1)
        ax.scatter(rng.random(count), rng.random(count), color=ACCENT, s=5)
        ax.set_xlabel("Age, days")
        return ax

    return plot_scatter


def bars(count):
    def plot_bars(_result):
        ax = plt.subplots(figsize=(3, 2))[1]
        ax.bar(range(count), range(count), color=ACCENT, edgecolor=PAPER)
        ax.set_ylabel("Deals")
        return ax

    return plot_bars


def pictures(svg: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r"base64,([^\"]+)", svg)]


@pytest.mark.parametrize("plot", [scatter(1500), bars(40)])
def test_marks_are_drawn_as_lines_and_shapes_in_the_pages_colours(plot):
    svg = figure(plot, Drawn()).svg
    assert pictures(svg) == []
    assert "var(--accent)" in svg
    assert not any(colour in svg for colour in VARIABLES)
    assert "font-family" not in svg
    assert "<g>" not in svg
    assert svg.count("<g") == svg.count("</g>")
    BeautifulSoup(svg, "html5lib")


@pytest.mark.parametrize(("plot", "label"), [(scatter(1501), "Age, days"), (bars(1600), "Deals")])
def test_many_marks_become_a_picture_of_few_colours_and_text_stays_text(plot, label):
    svg = figure(plot, Drawn()).svg
    (content,) = pictures(svg)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGBA").getcolors(1 << 20)) <= 64
    assert len(content) < 40_000
    assert label in svg
    # What is in the picture cannot follow a dark page, so nothing beside it does.
    assert "class=raster" in svg
    assert "var(--" not in svg


def test_a_picture_is_the_same_bytes_again():
    assert figure(scatter(2000), Drawn()).svg == figure(scatter(2000), Drawn()).svg
