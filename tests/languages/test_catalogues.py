"""Catalogues: complete, true to their placeholders, and found without code."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from salesops_lib import languages
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.languages.extraction import extracted, updated

ROOT = Path(__file__).parents[2]
FOLDER = Path(languages.__file__).parent
FILES = sorted(FOLDER.glob("*/LC_MESSAGES/salesops.po"))
HEADER = b'msgid ""\nmsgstr ""\n"Language: tr\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
ENGLISH_RUN = """
import sys
from salesops_lib.formats import Formatter
show = Formatter("en", "EUR")
assert show.say("{a} to {b}", a="1", b="2") == "1 to 2"
assert show.period("2026-Q3") == "2026-Q3"
assert not [name for name in sys.modules if name.startswith("babel.messages")]
"""


def in_locale(name: bytes) -> bytes:
    return HEADER.replace(b"Language: tr", b"Language: " + name)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A catalogue of a company's own, for one language."""

    def write(language: str, body: bytes, header: bytes = HEADER) -> str:
        folder = tmp_path / "own" / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "salesops.po").write_bytes(header + body)
        monkeypatch.setenv(languages.CATALOGUES_VARIABLE, str(tmp_path / "own"))
        return language

    return write


@pytest.mark.parametrize("path", FILES, ids=[path.parents[1].name for path in FILES])
def test_a_catalogue_is_complete_and_holds_nothing_old(path, texts):
    """Run `make messages`, then translate what it leaves empty."""
    catalogue = read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)
    in_code = {message.id for message in texts if message.id}
    in_file = {message.id for message in catalogue if message.id}
    assert in_code - in_file == set(), "new texts"
    assert in_file - in_code == set(), "texts that are gone"
    assert not catalogue.obsolete
    for message in catalogue:
        if message.id:
            strings = message.string if message.pluralizable else (message.string,)
            assert all(strings), f"not translated: {message.id}"
            assert len(strings) == (catalogue.num_plurals if message.pluralizable else 1)
            assert not message.fuzzy, message.id
            assert languages.wrong_placeholders(message) == ""


@pytest.mark.parametrize("path", FILES, ids=[path.parents[1].name for path in FILES])
def test_a_catalogue_is_as_the_tool_writes_it(path, texts):
    assert updated(path.read_bytes(), texts) == path.read_bytes()


def test_no_turkish_suffix_hangs_on_a_placeholder():
    """`{period}'e` could not follow the sound of what is filled in."""
    text = (FOLDER / "tr" / "LC_MESSAGES" / "salesops.po").read_text("utf-8")
    _header, _blank, body = text.partition("\n\n")
    translated = [line for line in body.splitlines() if not line.startswith("#")]
    assert [line for line in translated if "}'" in line] == []


def test_every_kind_of_source_is_read(texts):
    found = {message.id if isinstance(message.id, str) else message.id[0] for message in texts}
    for text in (
        "{low} to {high}",  # Python
        "How this was made",  # a page's template
        "Show the numbers",  # a fragment's template
        "## Summary",  # prose of a notebook
        "language of the report",  # a parameter's comment
        "Performance review",  # a report's title
        "won ÷ (won + lost), by count",  # a definition
        "won, but not closed",  # a reason of ingest
    ):
        assert text in found


def test_english_needs_no_catalogue_and_loads_none():
    subprocess.run([sys.executable, "-c", ENGLISH_RUN], check=True)


def test_a_language_is_a_catalogue_and_no_code(own):
    own("de", b'msgid "Bookings"\nmsgstr "Auftragseingang"\n', in_locale(b"de_DE"))
    assert languages.languages() == ("en", "de", "tr")
    show = Formatter("de", "EUR")
    assert show.say("Bookings") == "Auftragseingang"
    assert show.say("Show the numbers") == "Show the numbers"
    assert show.share(0.123) == "12,3\xa0%"


def test_a_company_can_add_words_to_a_language_of_the_library(own):
    own("tr", b'msgid "Bookings"\nmsgstr "Ciro"\n')
    show = Formatter("tr", "EUR")
    assert show.say("Bookings") == "Ciro"
    assert show.say("Win rate") == "Kazanma oranı"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'msgid "{low} to {high}"\nmsgstr "{low} - {hihg}"\n', "the placeholders of"),
        (b'msgid "{low} to {high}"\nmsgstr "{low}"\n', "the placeholders of"),
        (b'msgid "{low} to {high}"\nmsgstr "{low.__class__} {high}"\n', "the placeholders of"),
        (b'msgid "{low} to {high}"\nmsgstr "{low} {high!r}"\n', "the placeholders of"),
        (b'msgid "{low} to {high}"\nmsgstr "{low} { {high}"\n', "the placeholders of"),
        (b"this is none\n", "not a catalogue"),
        (b"\xff\xfe", "not a catalogue"),
    ],
)
def test_a_wrong_catalogue_is_one_sentence(own, body, sentence):
    language = own("de", body, in_locale(b"de"))
    with pytest.raises(InputError, match=sentence) as error:
        Formatter(language).say("Bookings")
    assert "/" in str(error.value.where)
    assert str(Path.cwd()) not in str(error.value)


def test_a_catalogue_without_a_known_locale_is_one_sentence(own):
    own("de", b"", in_locale(b"xx_nowhere"))
    with pytest.raises(InputError, match="unknown locale: xx_nowhere"):
        Formatter("de").count(1)
    own("de", b"", b'msgid ""\nmsgstr ""\n\n')
    with pytest.raises(InputError, match="the catalogue's header has no `Language`"):
        Formatter("de").count(1)


@pytest.mark.parametrize("name", ["../tr", "tr/../tr", "TR", "", "t", "tr\n", "/etc"])
def test_the_name_of_a_language_is_no_path(name):
    with pytest.raises(InputError, match="no catalogue for language"):
        Formatter(name)


def test_text_from_data_is_never_filled_in(own):
    own("de", b'msgid "{scope}: {amount}"\nmsgstr "{amount}, {scope}"\n', HEADER)
    hostile = "{amount.__class__} {0} {"
    for language in ("en", "de"):
        said = Formatter(language).say("{scope}: {amount}", scope=hostile, amount="5")
        assert hostile in said
        assert "5" in said


def test_the_tool_keeps_translations_and_drops_what_is_gone(texts):
    old = HEADER + (
        b'msgid "Bookings"\nmsgstr "Ciro"\n\nmsgid "gone for ever"\nmsgstr "x"\n'
        b'\n#~ msgid "older"\n#~ msgstr "y"\n'
    )
    new = updated(old, texts).decode()
    assert new.startswith(HEADER.decode().rstrip())
    assert 'msgid "Bookings"\nmsgstr "Ciro"' in new
    assert "gone for ever" not in new
    assert "#~" not in new
    assert updated(new.encode(), texts).decode() == new
    assert "fuzzy" not in new


def test_all_texts_are_found_again(texts):
    assert len(extracted(ROOT)) == len(texts) > 400
