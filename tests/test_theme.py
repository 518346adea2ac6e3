"""The palette is readable: contrast on the page, in light and dark, and in grey."""

from __future__ import annotations

import itertools
import re

import pytest

from salesops_lib.notebook.extension import stylesheet
from salesops_lib.theme import ACCENT, PLAN, SOFT, VARIABLES

LIGHT, DARK = re.findall(r"\{(--ink[^}]+)\}", stylesheet())


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--\w+):(#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["--ink", "--muted", "--accent", "--good", "--bad", "--plan"])
@pytest.mark.parametrize("ground", ["--paper", "--panel"])
def test_text_stands_out_from_its_ground(block, name, ground):
    colours = variables(block)
    assert contrast(colours[name], colours[ground]) >= 4.5


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["--soft", "--accent", "--plan"])
def test_marks_stand_out_from_the_page(block, name):
    colours = variables(block)
    assert contrast(colours[name], colours["--paper"]) >= 3


def test_series_differ_in_grey():
    for one, other in itertools.combinations((ACCENT, SOFT), 2):
        assert contrast(one, other) >= 2


def test_each_chart_colour_has_its_variable_on_the_page():
    light, dark = variables(LIGHT), variables(DARK)
    for colour, name in VARIABLES.items():
        assert light[name] == colour
        assert name in dark
    assert PLAN in VARIABLES
