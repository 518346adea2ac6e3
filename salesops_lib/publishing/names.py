"""File names made from people's text: plain, stable, and safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_lib.data.scope import Scope

__all__ = ["anchor", "safe_name", "scope_names"]

_LONGEST = 60
_HASH = 8
# Names that Windows keeps for devices, with or without an extension.
_RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
# Letters that no accent can be taken from.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "þ": "th",
        "œ": "oe",
    }
)


def safe_name(text: str, unique: str | None = None) -> str:
    """File name without extension for any text: lower-case ASCII letters, digits, ``-``.

    Accents are dropped, and every other run of signs becomes one hyphen. Where
    more than that was lost, a hash of the text is added, so that two texts
    rarely share a name. ``_`` stays, so that a notebook's name stays itself.

    Parameters
    ----------
    text : str
        Any text.
    unique : str, optional
        Text whose hash is added in any case.

    Returns
    -------
    str
        1 to 69 characters; never a path, a hidden file or a reserved name.

    Examples
    --------
    >>> safe_name("South & East"), safe_name("İstanbul")
    ('south-east', 'istanbul')
    >>> safe_name("../../x"), safe_name("CON")
    ('x-9cdf6a50', 'con-a3dbc4b6')
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    slug = re.sub(r"[^a-z0-9_]+", "-", bare).strip("-")
    lost = bool(re.search(r"[^\w\s&+.,'()/-]|\.\.|[^\x00-\x7f]", bare)) or text != text.strip()
    if not slug or lost or len(slug) > _LONGEST or slug in _RESERVED:
        unique = unique or text
    if unique is not None:
        digest = hashlib.sha256(unique.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
        slug = f"{slug[:_LONGEST].strip('-')}-{digest}".strip("-")
    return slug


def anchor(period: str, report: str, name: str) -> str:
    """Id of a report's line in the index.

    Parameters
    ----------
    period, report, name : str
        Folder, folder and file name of the report.

    Returns
    -------
    str

    Examples
    --------
    >>> anchor("2026-Q3", "performance_review", "region-emea")
    '2026-q3.performance_review.region-emea'
    """
    return ".".join(safe_name(part) for part in (period, report, name))


def scope_names(scopes: Iterable[Scope]) -> dict[Scope, str]:
    """File name of each scope's report, no two alike.

    Parameters
    ----------
    scopes : iterable of Scope
        All scopes that a period knows, so that a name does not depend on which
        of them are rendered.

    Returns
    -------
    dict of Scope to str
        ``company``, ``region-emea``, ``rep-r042``; all that would share a name
        carry a hash.

    Examples
    --------
    >>> from salesops_lib.data.scope import Scope
    >>> list(scope_names([Scope.parse("company"), Scope.parse("region:EMEA")]).values())
    ['company', 'region-emea']
    """
    every = list(dict.fromkeys(scopes))
    plain = {scope: _scope_name(scope) for scope in every}
    shared = Counter(plain.values())
    return {
        scope: name if shared[name] == 1 else _scope_name(scope, str(scope))
        for scope, name in plain.items()
    }


def _scope_name(scope: Scope, unique: str | None = None) -> str:
    if scope.kind == "company":
        return "company"
    return f"{scope.kind}-{safe_name(scope.key, unique)}"
