"""The palette is readable: on the page, light and dark, in grey, by the colour-blind."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from salesops_lib.notebook.extension import stylesheet
from salesops_lib.theme import PALETTE, PLAN, VARIABLES

LIGHT, DARK = re.findall(r"\{(--ink[^}]+)\}", stylesheet())
SERIES = [VARIABLES[colour] for colour in PALETTE]

# Machado, Oliveira and Fernandes (2009), severity 1; for linear RGB.
SIGHTS = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip

# IEC 61966-2-1 (sRGB) to CIE XYZ, and the white that it stands at.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> np.ndarray:
    """Linear RGB of a hexadecimal colour."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a linear RGB colour."""
    t = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


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
@pytest.mark.parametrize("name", SERIES)
def test_marks_stand_out_from_the_page(block, name):
    colours = variables(block)
    assert contrast(colours[name], colours["--paper"]) >= 3


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SERIES, 2)))
def test_series_differ_in_grey(block, one, other):
    colours = variables(block)
    assert contrast(colours[one], colours[other]) >= 1.35


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_series_differ_for_every_kind_of_sight(block, sight):
    colours = variables(block)
    for one, other in itertools.combinations(SERIES, 2):
        seen = [lab(SIGHTS[sight] @ linear(colours[name])) for name in (one, other)]
        # A difference of 2 is just seen; 20 is told apart at a glance.
        assert np.linalg.norm(seen[0] - seen[1]) >= 20, (one, other)


def test_the_simulations_do_what_is_known_of_them():
    """Grey stays grey; red and green come close for those who lack red or green cones."""
    red, green, grey = linear("#cc3311"), linear("#557700"), linear("#808080")
    plain = np.linalg.norm(lab(red) - lab(green))
    for sight, matrix in SIGHTS.items():
        assert matrix @ grey == pytest.approx(grey, abs=1e-4), sight
        seen = np.linalg.norm(lab(matrix @ red) - lab(matrix @ green))
        assert (seen < plain / 2) == (sight in {"protanopia", "deuteranopia"}), sight
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.05)


def test_each_chart_colour_has_its_variable_on_the_page():
    light, dark = variables(LIGHT), variables(DARK)
    for colour, name in VARIABLES.items():
        assert light[name] == colour
        assert name in dark
    assert PLAN in VARIABLES
