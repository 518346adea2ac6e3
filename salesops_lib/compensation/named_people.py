"""Names of people in texts: what must be left out of a page for one person."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NamedPeople"]

_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class NamedPeople:
    """Finds people's full names in texts, whatever the case, the accents' form and the markup.

    A name of one word may be a word of the language, so it is found only where it is
    the whole text.

    Parameters
    ----------
    names : iterable of str
        Full names.

    Examples
    --------
    >>> people = NamedPeople(["Maria Silva", "Ann Lee"])
    >>> sorted(people.found_in("Renewal (MARIA  Silva's)")), people.found_in("Joann Leeson")
    ([('maria', 'silva')], set())
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, set[tuple[str, ...]]] = {}
        for name in names:
            words = _words(name)
            if words:
                self._by_first.setdefault(words[0], set()).add(words)

    def found_in(self, text: str) -> set[tuple[str, ...]]:
        """Names in a text, each as its words."""
        return self._found(_words(text))

    def _found(self, words: Sequence[str]) -> set[tuple[str, ...]]:
        found = set()
        for place, word in enumerate(words):
            for name in self._by_first.get(word, ()):
                is_whole = len(name) > 1 or len(words) == 1
                if is_whole and tuple(words[place : place + len(name)]) == name:
                    found.add(name)
        return found

    def others_in(self, text: str, own: str) -> bool:
        """Whether a text holds the name of anybody but one person."""
        return bool(self._found(_without(_words(text), _words(own))))

    def others_on_page(self, page: str, own: str) -> bool:
        """Whether a page shows the name of anybody but one person."""
        return self.others_in(unescape(_MARKUP.sub(" ", page)), own)


def _without(words: tuple[str, ...], own: tuple[str, ...]) -> list[str]:
    """Words with a break in place of one's own name, which may hold that of another."""
    left, place = [], 0
    while place < len(words):
        is_own = bool(own) and words[place : place + len(own)] == own
        left.append("" if is_own else words[place])
        place += len(own) if is_own else 1
    return left


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
