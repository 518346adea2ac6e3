"""Languages: what readers of a report see, in their own language.

Texts stand in the code in English, as whole sentences with named placeholders,
and are looked up in a gettext catalogue by the `Formatter` of the report. A
language is a catalogue ``<language>/LC_MESSAGES/salesops.po``; its header's
``Language`` names the locale of numbers and dates. English needs none.
"""

from __future__ import annotations

import gettext
import io
import os
import re
import string
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.messages.catalog import Catalog, Message

__all__ = [
    "CATALOGUES_VARIABLE",
    "SOURCE",
    "catalogue",
    "catalogue_files",
    "checked_language",
    "languages",
    "locale_name",
    "placeholders",
    "wrong_placeholders",
]

SOURCE = "en"
"""Language that the code is written in; it has no catalogue."""

CATALOGUES_VARIABLE = "SALESOPS_CATALOGUES"
"""Environment variable with a folder of further catalogues, such as a company's own."""

_SOURCE_LOCALE = "en_GB"
_FILE = Path("LC_MESSAGES", "salesops.po")
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]+)*")
_LOCALE = re.compile(r'^"Language:\s*([A-Za-z0-9_-]+)\s*\\n"', re.MULTILINE)
_HEADER = 4096


def catalogue_files(language: str, package: Path | None = None) -> dict[str, Path]:
    """Catalogue files of a language, the most particular last.

    Parameters
    ----------
    language : str
        Name of a language.
    package : Path, optional
        Folder of the library. Default: the one that is running.

    Returns
    -------
    dict of str to Path
        By a name that tells no folder of the machine; empty for English, and for a
        language that there is none of.
    """
    if language == SOURCE or not _CODE.fullmatch(language):
        return {}
    found = {name: folder / language / _FILE for name, folder in _folders(package).items()}
    return {
        f"{name}/{language}/{_FILE.as_posix()}": path
        for name, path in found.items()
        if path.is_file()
    }


def languages() -> tuple[str, ...]:
    """Languages that a report can be in, English first.

    Returns
    -------
    tuple of str
        As they stand in a parameter file.
    """
    found = {
        path.parents[1].name
        for folder in _folders(None).values()
        for path in folder.glob(f"*/{_FILE.as_posix()}")
    }
    return (SOURCE, *sorted(name for name in found - {SOURCE} if _CODE.fullmatch(name)))


def checked_language(language: str) -> str:
    """Language, if there is a catalogue of it.

    Raises
    ------
    InputError
        There is none.

    Examples
    --------
    >>> checked_language("en")
    'en'
    """
    if language != SOURCE and not catalogue_files(language):
        raise InputError(
            f"no catalogue for language `{language}`", found=language, allowed=languages()
        )
    return language


def locale_name(language: str) -> str:
    """Locale whose formats a language uses, as the header of its catalogue says.

    Raises
    ------
    InputError
        There is no such language, or its catalogue names no locale.

    Examples
    --------
    >>> locale_name("en")
    'en_GB'
    """
    if checked_language(language) == SOURCE:
        return _SOURCE_LOCALE
    # The company's own file may add words and leave the locale to the library's.
    files = catalogue_files(language)
    for path in reversed(files.values()):
        with path.open(encoding="utf-8") as file:
            named = _LOCALE.search(file.read(_HEADER))
        if named:
            return named[1]
    raise InputError("the catalogue's header has no `Language`", where=next(iter(files)))


def catalogue(language: str) -> gettext.NullTranslations:
    """Translations into a language; none for English.

    Parameters
    ----------
    language : str
        One of `languages`.

    Returns
    -------
    gettext.NullTranslations
        A text that is not translated comes back as it is.

    Raises
    ------
    InputError
        There is no such language, or a translation lacks or invents a placeholder.
    """
    if checked_language(language) == SOURCE:
        return gettext.NullTranslations()
    files = catalogue_files(language)
    return _catalogue(tuple((n, str(path), path.stat().st_mtime_ns) for n, path in files.items()))


@lru_cache(maxsize=16)
def _catalogue(files: tuple[tuple[str, str, int], ...]) -> gettext.NullTranslations:
    # Not for English: Babel's reader takes time to import.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    chain: gettext.NullTranslations | None = None
    for name, path, _changed in files:
        with Path(path).open("rb") as file:
            try:
                messages = read_po(file, abort_invalid=True)
            except (PoFileError, UnicodeDecodeError, ValueError) as error:
                raise InputError(f"not a catalogue: {error}", where=name) from None
        _refuse_wrong(messages, name)
        compiled = io.BytesIO()
        write_mo(compiled, messages)
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
        if chain is not None:
            translations.add_fallback(chain)
        chain = translations
    return chain or gettext.NullTranslations()


def _refuse_wrong(messages: Catalog, name: str) -> None:
    for message in messages:
        wrong = wrong_placeholders(message)
        if wrong:
            raise InputError(wrong, where=f"{name}:{message.lineno}" if message.lineno else name)


def wrong_placeholders(message: Message) -> str:
    """What is wrong with the placeholders of a translation; empty where nothing is.

    Parameters
    ----------
    message : Message
        A message of a catalogue, with its translation.

    Returns
    -------
    str
    """
    if not message.id or message.fuzzy:
        return ""
    sources = _texts(message.id)
    known = [placeholders(text) for text in sources]
    if None in known:
        # Prose with braces of its own; it is never filled in.
        return ""
    for text in filter(None, _texts(message.string)):
        if placeholders(text) not in known:
            return f"the placeholders of “{text}” are not those of “{sources[-1]}”"
    return ""


def placeholders(text: str) -> frozenset[str] | None:
    """Placeholders of a text; None where its braces are no placeholders.

    Examples
    --------
    >>> sorted(placeholders("{rate} of {n} deals"))
    ['n', 'rate']
    >>> placeholders("a { alone") is None
    True
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    return frozenset(
        f"{name}{'!' if conversion else ''}{conversion or ''}{':' if spec else ''}{spec or ''}"
        for _literal, name, spec, conversion in parts
        if name is not None
    )


def _texts(words: Any) -> tuple[str, ...]:
    texts: Iterable[str] = [words] if isinstance(words, str) else words or ()
    return tuple(texts)


def _folders(package: Path | None) -> dict[str, Path]:
    found = {"salesops_lib/languages": package / "languages" if package else Path(__file__).parent}
    further = os.environ.get(CATALOGUES_VARIABLE)
    return found | ({"$" + CATALOGUES_VARIABLE: Path(further)} if further else {})
