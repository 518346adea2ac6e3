"""The fifty points: what each asks for, and how it is checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = ["POINTS", "Point", "Way", "unchecked"]

Way = Literal["page", "browser", "set", "mail", "people"]
"""What decides: the page's bytes, a browser, the folder of reports, a message, or people."""


@dataclass(frozen=True)
class Point:
    """One point of the checklist.

    Parameters
    ----------
    number : int
        1 to 50.
    asks : str
        What it asks for.
    ways : tuple of str
        What decides it, each in part.
    """

    number: int
    asks: str
    ways: tuple[Way, ...] = ("page",)


_PAGE_AND_PEOPLE: tuple[Way, ...] = ("page", "people")
_PAGE_AND_BROWSER: tuple[Way, ...] = ("page", "browser")

POINTS: dict[int, Point] = {
    point.number: point
    for point in (
        Point(1, "the page is that of a run in which every cell ran"),
        Point(2, "no traceback, warning, NaN or None in what readers see"),
        Point(3, "parameters as a table, equal to those validated"),
        Point(4, "the same inputs give the same page, but for the run stamp"),
        Point(5, "key figures equal the library's values"),
        Point(6, "a title and one main heading: subject, period, scope"),
        Point(7, "the summary first: three to seven findings that compare", _PAGE_AND_PEOPLE),
        Point(8, "each finding says what to do", _PAGE_AND_PEOPLE),
        Point(9, "key figures with unit, change on prior period and plan, signs as text"),
        Point(10, "as-of date, period, rows and excluded share at the top"),
        Point(11, "warnings about the data at the top"),
        Point(12, "a list of contents; links inside the page resolve"),
        Point(13, "no skipped level of headings"),
        Point(14, "code folded, no prompts"),
        Point(15, "figure titles with a message, axes with units", _PAGE_AND_PEOPLE),
        Point(16, "figure captions with period and source"),
        Point(17, "the prior period drawn in each comparison", _PAGE_AND_PEOPLE),
        Point(18, "uncertainty of estimates shown", _PAGE_AND_PEOPLE),
        Point(19, "small samples marked"),
        Point(20, "at most 25 rows of a table open"),
        Point(21, "numbers aligned, separated, units once"),
        Point(22, "negative, missing and zero distinct"),
        Point(23, "short sentences in the summary, terms defined", _PAGE_AND_PEOPLE),
        Point(24, "no violation of WCAG 2.2 A and AA", _PAGE_AND_BROWSER),
        Point(25, "language, main part, skip link, contents, footer"),
        Point(26, "alt texts: specific, with a number, all different"),
        Point(27, "the numbers of each chart as a table"),
        Point(28, "tables named, heads with scope"),
        Point(29, "contrast of texts 4.5, of marks 3"),
        Point(30, "meaning never by colour alone", _PAGE_AND_PEOPLE),
        Point(31, "keyboard: only what acts or scrolls is focused, visibly"),
        Point(32, "no sideways scrolling at 320 pixels", ("browser",)),
        Point(33, "dark mode and reduced motion hide nothing", ("people",)),
        Point(34, "one file, no request", _PAGE_AND_BROWSER),
        Point(35, "readable without JavaScript", _PAGE_AND_BROWSER),
        Point(36, "fixed part at most 40 KB, report at most 500 KB"),
        Point(37, "at most 5,000 elements; loads in 300 ms", _PAGE_AND_BROWSER),
        Point(38, "prints: pages numbered, nothing cut", ("page", "browser", "people")),
        Point(39, "a tagged PDF with outline of at most 1 MB", ("browser",)),
        Point(40, "valid HTML"),
        Point(41, "no path, user, host or secret in the file"),
        Point(42, "the footer says what the report was made of"),
        Point(43, "the command that makes it again"),
        Point(44, "each measure defined, and linked"),
        Point(45, "what changed since the last issue", _PAGE_AND_PEOPLE),
        Point(46, "the index: status, figure and change, date, size, failures", ("set",)),
        Point(47, "the index works from a file, with a filter", ("set", "browser")),
        Point(48, "stable, plain file names", ("set",)),
        Point(49, "links back, to the period before, none broken", ("set",)),
        Point(50, "mail: at most 100 KB, inline styles, a plain-text part", ("mail",)),
    )
}


def unchecked(checked: Collection[int]) -> str:
    """Points that were not checked, as a sentence says them, each with what decides it.

    Parameters
    ----------
    checked : collection of int
        Points that were.

    Returns
    -------
    str

    Examples
    --------
    >>> unchecked(set(range(1, 51)) - {32, 39, 50})
    '32 and 39 (browser), 50 (mail)'
    """
    left: dict[str, list[str]] = {}
    for number, point in POINTS.items():
        if number not in checked:
            left.setdefault(point.ways[0], []).append(str(number))
    return ", ".join(f"{_listed(numbers)} ({way})" for way, numbers in left.items())


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
