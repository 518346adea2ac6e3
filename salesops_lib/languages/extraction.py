"""Texts to translate, found in the sources, and the catalogues that are kept with them.

``python -m salesops_lib.languages.extraction`` brings every catalogue of the library
up to date: new texts come in without a translation, old ones go. With the name of a
language it begins a new catalogue.
"""

from __future__ import annotations

import ast
import io
import json
import sys
import tokenize
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from salesops_lib.definition import Definition
from salesops_lib.errors import InputError
from salesops_lib.languages import SOURCE

__all__ = [
    "KEYWORDS",
    "declared_messages",
    "extracted",
    "main",
    "notebook_messages",
    "update_catalogues",
]

KEYWORDS: dict[str, Any] = {"say": None, "counted": (2, 3)}
"""Functions whose texts are translated: `Formatter.say` and `Formatter.counted`."""

_USAGE = "usage: python -m salesops_lib.languages.extraction [LANGUAGE ...]"
_Found = tuple[int, str, str, list[str]]
_SHOWN = ("name", "formula", "population", "anchor", "edge_cases", "short")
_HEADER = """\
# Translations of the texts that readers of a report see.
# Kept by `make messages`; see docs/languages.md.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def notebook_messages(
    fileobj: IO[bytes],
    _keywords: Any,
    _comment_tags: Any,
    options: Any,  # noqa: ARG001
) -> Iterator[_Found]:
    """Texts of a notebook: markdown cells, what its parameters mean, its title.

    Parameters
    ----------
    fileobj : file
        The notebook.

    Yields
    ------
    tuple
        Line, function, text and comments, as Babel wants them.
    """
    for number, cell in enumerate(json.load(fileobj)["cells"], start=1):
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.strip():
            yield number, "", source, []
        elif cell["cell_type"] == "code":
            texts = _titles(source)
            if "parameters" in cell.get("metadata", {}).get("tags", ()):
                texts = _comments(source)
            yield from ((number, "", text, []) for text in texts)


def declared_messages(
    fileobj: IO[bytes],
    _keywords: Any,
    _comment_tags: Any,
    options: Any,  # noqa: ARG001
) -> Iterator[_Found]:
    """Texts of a module that declares them as data: definitions, or sentences by code.

    Parameters
    ----------
    fileobj : file
        The module's source, opened by its path.

    Yields
    ------
    tuple
        Line, function, text and comments, as Babel wants them.
    """
    parts = Path(fileobj.name).with_suffix("").parts
    # The last one: the project's folder may have the same name.
    start = len(parts) - 1 - parts[::-1].index("salesops_lib")
    module = import_module(".".join(parts[start:]))
    for name in module.__all__:
        declared = getattr(module, name)
        for value in declared.values() if isinstance(declared, dict) else ():
            texts = [value]
            if isinstance(value, Definition):
                texts = [getattr(value, shown) for shown in _SHOWN]
            yield from ((1, "", text, []) for text in texts if text)


def extracted(root: Path) -> Catalog:
    """All texts of a project that readers see.

    Parameters
    ----------
    root : Path
        Folder with ``babel.cfg``.

    Returns
    -------
    Catalog
        Without translations.
    """
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog(project="salesops", charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(
        root, methods, options, KEYWORDS, ("Translators:",)
    ):
        # Files without lines: a line that moves changes no catalogue.
        found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return found


def update_catalogues(root: Path, *begun: str) -> list[Path]:
    """Bring the library's catalogues up to date with the sources.

    Parameters
    ----------
    root : Path
        Folder with ``babel.cfg`` and ``salesops_lib``.
    *begun : str
        Languages to begin a catalogue of.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        What is to be begun is no language, is English, or has a catalogue. Nothing is
        written then.
    """
    folder = root / "salesops_lib" / "languages"
    for language in begun:
        _check_new(language, folder)
    template = extracted(root)
    for language in dict.fromkeys(begun):
        (folder / language / "LC_MESSAGES").mkdir(parents=True)
        header = _HEADER.format(language=language, plurals=Catalog(language).plural_forms)
        (folder / language / "LC_MESSAGES" / "salesops.po").write_text(header, encoding="utf-8")
    paths = sorted(folder.glob("*/LC_MESSAGES/salesops.po"))
    for path in paths:
        path.write_bytes(updated(path.read_bytes(), template))
    return paths


def updated(content: bytes, template: Catalog) -> bytes:
    """A catalogue with the texts of a template: translations kept, guesses never made.

    Parameters
    ----------
    content : bytes
        A ``.po`` file.
    template : Catalog
        As from `extracted`.

    Returns
    -------
    bytes
    """
    header, _blank, _rest = content.decode("utf-8").partition("\n\n")
    kept = read_po(io.BytesIO(content))
    kept.update(template, no_fuzzy_matching=True, update_header_comment=False)
    for message in kept:
        # Texts are filled in by `str.format`; a percent sign in them is only that.
        message.flags.discard("python-format")
    buffer = io.BytesIO()
    # The header stays as it is: tools would stamp each run's time into it.
    write_po(buffer, kept, width=96, omit_header=True, sort_by_file=True, ignore_obsolete=True)
    return f"{header.rstrip()}\n\n{buffer.getvalue().decode('utf-8').lstrip()}".encode()


def main(arguments: Sequence[str]) -> int:
    """Update the catalogues of the project in the current folder, and begin some.

    Parameters
    ----------
    arguments : sequence of str
        Languages to begin a catalogue of.

    Returns
    -------
    int
        Exit code: 0, or 2 for a name that is refused.
    """
    try:
        paths = update_catalogues(Path.cwd(), *arguments)
    except InputError as error:
        sys.stderr.write(f"{error}\n{_USAGE}\n")
        return 2
    for path in paths:
        sys.stdout.write(f"{path}\n")
    return 0


def _check_new(language: str, folder: Path) -> None:
    """Refuse to begin a catalogue that no report could use, or that is there."""
    try:
        known = str(Locale.parse(language, sep="-" if "-" in language else "_"))
    except (ValueError, UnknownLocaleError):
        known = ""
    # A locale under another spelling (`DE`) would make a folder that nothing finds.
    if not known or known != language.replace("-", "_"):
        raise InputError(f"`{language}` is no language, such as de or pt_BR", found=language)
    if language == SOURCE:
        raise InputError("the texts are in English: it has no catalogue", found=language)
    if (folder / language).exists():
        raise InputError(f"there is a catalogue of `{language}` already", found=language)


def _titles(source: str) -> list[str]:
    """Titles that a cell gives to `open_report`; magics in it are left out."""
    plain = "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()
    )
    return [
        str(keyword.value.value)
        for node in ast.walk(ast.parse(plain))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "title" and isinstance(keyword.value, ast.Constant)
    ]


def _comments(source: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string.lstrip("#").strip() for token in tokens if token.type == tokenize.COMMENT]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
