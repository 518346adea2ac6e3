"""Credentials of a CRM: read from the environment, and kept out of every text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Secrets", "value_of"]

_HIDDEN = "(hidden)"
_LONGEST = 200


def value_of(environment: Mapping[str, str], name: str, what: str) -> str:
    """Value of an environment variable.

    Parameters
    ----------
    environment : mapping of str to str
        Usually ``os.environ``.
    name : str
        Variable.
    what : str
        What it holds, for the error message.

    Returns
    -------
    str

    Raises
    ------
    InputError
        The variable is not set, or holds more than one line.

    Examples
    --------
    >>> value_of({"CRM_TOKEN": " abc "}, "CRM_TOKEN", "the token")
    'abc'
    """
    value = environment.get(name, "").strip()
    if not value:
        raise InputError(f"the environment variable {name} is not set; it holds {what}")
    if not value.isprintable():
        raise InputError(f"the environment variable {name} holds more than one line")
    return value


@dataclass(frozen=True)
class Secrets:
    """Values that must not stand in any message.

    Parameters
    ----------
    values : tuple of str
        Passwords and tokens.
    """

    values: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Secrets({len(self.values)} values)"

    def hidden(self, text: object) -> str:
        """Text on one line of at most 200 signs, without the secrets.

        Examples
        --------
        >>> Secrets(("s3cret!",)).hidden("no such token:  s3cret!")
        'no such token: (hidden)'
        """
        shown = str(text)
        for value in _longest_first(self.values):
            shown = shown.replace(value, _HIDDEN)
        shown = " ".join(shown.split())
        return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted((value for value in values if value), key=len, reverse=True)
