"""Errors that a user can act on: one clear sentence each.

Every error the product raises on purpose says what is wrong, where (file,
line, key or column), what is allowed, and the nearest match, and carries the
exit code that the command line ends with.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InputError", "SalesOpsError", "nearest_match"]

_MANY = 12


def nearest_match(found: str, allowed: Iterable[str]) -> str | None:
    """Nearest allowed spelling of a word, or None when nothing is near.

    Parameters
    ----------
    found : str
        The word that was found.
    allowed : iterable of str
        The words that are allowed.

    Returns
    -------
    str or None

    Examples
    --------
    >>> nearest_match("qouta", ["quota", "period"])
    'quota'
    >>> nearest_match("zzz", ["quota"]) is None
    True
    """
    by_folded = {word.casefold(): word for word in allowed}
    close = difflib.get_close_matches(found.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class SalesOpsError(Exception):
    """Base of every error raised on purpose; the command line exits with 1."""

    exit_code = 1


class InputError(SalesOpsError):
    """Bad input, found before anything was written; the command line exits with 2.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence without a full stop at its end.
    where : str, optional
        File and line, key or column, such as ``parameters/2026-Q3.yaml:7``.
    found : str, optional
        The offending word; with `allowed` it gives the nearest match.
    allowed : iterable of str, optional
        What may stand there.

    Examples
    --------
    >>> print(InputError("unknown key `qouta`", where="q3.yaml:7", found="qouta",
    ...                  allowed=["quota", "period"]))
    q3.yaml:7: unknown key `qouta`; did you mean `quota`? Allowed: period, quota.
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: str | None = None,
        allowed: Iterable[str] | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.found = found
        self.allowed = sorted(set(allowed)) if allowed is not None else None
        self.nearest = nearest_match(found, self.allowed) if found and self.allowed else None
        super().__init__(self._sentence())

    def __reduce__(self) -> tuple[object, ...]:
        # The default pickles only the sentence, and reports run in other processes.
        return (_rebuilt, (self.what, self.where, self.found, self.allowed))

    def _sentence(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.nearest is not None:
            text += f"; did you mean `{self.nearest}`?"
        elif not text.endswith((".", "?", "!")):
            text += "."
        if self.allowed:
            shown = ", ".join(self.allowed[:_MANY])
            more = len(self.allowed) - _MANY
            text += f" Allowed: {shown}" + (f" and {more} more." if more > 0 else ".")
        return text


def _rebuilt(
    what: str, where: str | None, found: str | None, allowed: list[str] | None
) -> InputError:
    return InputError(what, where=where, found=found, allowed=allowed)
