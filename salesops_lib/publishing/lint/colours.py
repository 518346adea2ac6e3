"""Colours: points 29 and 30, from the colours that the page's style sheet declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from salesops_lib.publishing.lint.subject import Check, Flaw, Subject

__all__ = ["CHECKS", "contrast", "luminance", "palettes"]

TEXTS = ("--ink", "--muted", "--accent", "--good", "--bad")
MARKS = ("--accent", "--soft", "--plan")
GROUNDS = ("--paper", "--panel")
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0
APART = 1.15
"""Contrast by which two series differ in grey; marks and dashes tell them apart as well."""

_DECLARED = re.compile(r"(--[\w-]+)\s*:\s*#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_BLOCK = re.compile(r"(@media[^{]*\bdark\b[^{]*\{\s*)?:root[^{]*\{([^}]*)\}")
_SAYS = re.compile(r"[\w+\N{MINUS SIGN}▲▼■]")


def luminance(colour: str) -> float:
    """Relative luminance of a colour, as WCAG defines it.

    Examples
    --------
    >>> luminance("#ffffff"), luminance("#000000")
    (1.0, 0.0)
    """
    digits = colour.lstrip("#")
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    >>> round(contrast("#777777", "#ffffff"), 2)  # just short of what text needs
    4.48
    """
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def palettes(css: str) -> dict[str, dict[str, str]]:
    """Colours that a style sheet declares for light and for dark.

    Parameters
    ----------
    css : str
        Style sheet.

    Returns
    -------
    dict
        ``light`` and ``dark``: colour by variable.
    """
    found: dict[str, dict[str, str]] = {"light": {}, "dark": {}}
    for dark, body in _BLOCK.findall(css.partition("@media print")[0]):
        scheme = found["dark" if dark else "light"]
        scheme.update((name, _full(digits)) for name, digits in _DECLARED.findall(body))
    found["dark"] = found["light"] | found["dark"]
    return found


def _full(digits: str) -> str:
    return "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)


def texts_stand_out(subject: Subject) -> Iterator[Flaw]:
    """Point 29: text has a contrast of 4.5 on every ground, marks of 3, in light and dark."""
    for scheme, colours in palettes(subject.document.css).items():
        missing = [name for name in (*TEXTS, *MARKS, *GROUNDS) if name not in colours]
        if missing:
            yield Flaw(f"the style sheet declares no {missing[0]} ({scheme})")
            continue
        for names, least in ((TEXTS, TEXT_CONTRAST), (MARKS, MARK_CONTRAST)):
            # Marks are drawn on the page itself, texts on panels too.
            grounds = GROUNDS if names is TEXTS else GROUNDS[:1]
            yield from _too_faint(scheme, colours, names, grounds, least)


def _too_faint(
    scheme: str,
    colours: Mapping[str, str],
    names: tuple[str, ...],
    grounds: tuple[str, ...],
    least: float,
) -> Iterator[Flaw]:
    for name in names:
        for ground in grounds:
            found = contrast(colours[name], colours[ground])
            if found < least:
                yield Flaw(f"{name} on {ground} has a contrast of {found:.2f} ({scheme})")


def colour_is_not_alone(subject: Subject) -> Iterator[Flaw]:
    """Point 30: what is coloured good or bad says so in words or signs; series differ in grey."""
    for tone in ("good", "bad"):
        for element in subject.document.of_class(tone):
            if not _SAYS.search(element.text):
                yield Flaw("only the colour tells what this means", element)
    for scheme, colours in palettes(subject.document.css).items():
        series = [name for name in MARKS if name in colours]
        for one, other in combinations(series, 2):
            apart = contrast(colours[one], colours[other])
            if apart < APART:
                yield Flaw(f"{one} and {other} look alike in grey: {apart:.2f} ({scheme})")


CHECKS: dict[int, Check] = {29: texts_stand_out, 30: colour_is_not_alone}
