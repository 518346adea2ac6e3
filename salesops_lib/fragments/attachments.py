"""Tables as files that a page carries with it: CSV in a link, safe to open anywhere."""

from __future__ import annotations

import base64
import csv
import io
import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from salesops_lib.rows import json_number

if TYPE_CHECKING:
    from salesops_lib.fragments import Grid

__all__ = ["csv_bytes", "csv_link", "csv_name", "inert"]

_FORMULA = ("=", "+", "-", "@")
_LONGEST = 60


def inert(text: str) -> str:
    r"""Text that no spreadsheet program takes for a formula.

    What begins with ``=``, ``+``, ``-`` or ``@``, also behind blanks or signs
    that cannot be seen, or in their full-width forms, and what begins with a tab
    or a line's end, gets an apostrophe in front.

    Parameters
    ----------
    text : str
        Any text, such as a deal's name.

    Returns
    -------
    str

    Examples
    --------
    >>> inert('=HYPERLINK("http://x")'), inert(" +1"), inert("Acme")
    ('\'=HYPERLINK("http://x")', "' +1", 'Acme')
    """
    # Controls, separators and joiners do not show, and some programs skip them.
    seen = next((sign for sign in text if unicodedata.category(sign)[0] not in "CZ"), "")
    begins = unicodedata.normalize("NFKC", seen).startswith(_FORMULA)
    return f"'{text}" if begins or text.startswith(("\t", "\r", "\n")) else text


def csv_bytes(grid: Grid) -> bytes:
    """All rows of a table as CSV.

    UTF-8 with a byte-order mark, by which Excel knows it; commas; lines end in
    CR LF. Cells that know their number hold it in full (a share as a part of 1),
    the others their text.

    Parameters
    ----------
    grid : Grid
        The table.

    Returns
    -------
    bytes
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    # A column of drawings has no text in any row.
    wide = [
        place
        for place, _ in enumerate(grid.headers)
        if any(row[place].text or row[place].number is not None for row in grid.rows)
    ]
    writer.writerow([inert(grid.headers[place][0]) for place in wide])
    for row in grid.rows:
        writer.writerow([_plain(row[place].number, row[place].text) for place in wide])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def csv_link(grid: Grid) -> str:
    """Address of a table's CSV that holds the file itself."""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(csv_bytes(grid)).decode()}"


def csv_name(grid: Grid) -> str:
    """File name under which a browser saves a table.

    Examples
    --------
    >>> from salesops_lib.fragments import Grid
    >>> csv_name(Grid("Key figures by rep, 2026-Q3", (), ()))
    'key-figures-by-rep-2026-q3.csv'
    """
    plain = unicodedata.normalize("NFKD", grid.caption).encode("ascii", "ignore").decode().lower()
    return (re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "table") + ".csv"


def _plain(number: Any, text: str) -> str | int | float | Decimal:
    if number is None:
        return inert(text)
    if isinstance(number, Decimal):
        return number if number.is_finite() else ""
    plain = json_number(number)
    return "" if plain is None else plain
