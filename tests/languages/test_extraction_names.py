"""Names of languages that the extraction refuses, and declared texts that it must find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from salesops_lib.errors import InputError
from salesops_lib.languages.extraction import main, update_catalogues

ROOT = Path(__file__).parents[2]
LANGUAGES = ROOT / "salesops_lib" / "languages"
REFUSED = [
    "--help",
    "-h",
    "../de",
    "de/../../x",
    "/etc",
    "",
    "DE",
    "xx",
    "de_XX",
    "a b",
    "en",
    "tr",
]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"folder"
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_can_begin_no_catalogue_is_refused(name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    before = contents(LANGUAGES)
    assert main([name]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    sentence, usage = told.err.splitlines()
    assert f"`{name}`" in sentence or name == "en"
    assert usage == "usage: python -m salesops_lib.languages.extraction [LANGUAGE ...]"
    assert contents(LANGUAGES) == before


def test_one_bad_name_begins_none_of_the_others(tmp_path):
    with pytest.raises(InputError, match="`--help` is no language"):
        update_catalogues(tmp_path, "de", "--help")
    assert list(tmp_path.rglob("*")) == []


def test_the_command_ends_with_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "salesops_lib.languages.extraction", "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m salesops_lib.languages.extraction" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_new_language_begins_empty(tmp_path):
    (tmp_path / "babel.cfg").write_text("[python: salesops_lib/**.py]\n", encoding="utf-8")
    code = tmp_path / "salesops_lib"
    code.mkdir()
    (code / "shown.py").write_text('say("Bookings")\n', encoding="utf-8")
    paths = update_catalogues(tmp_path, "pt_BR", "de", "de")
    assert [path.relative_to(code).as_posix() for path in paths] == [
        "languages/de/LC_MESSAGES/salesops.po",
        "languages/pt_BR/LC_MESSAGES/salesops.po",
    ]
    for path in paths:
        assert 'msgid "Bookings"\nmsgstr ""' in path.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Pay for performance",  # judgement_definitions
        "Bunching at a threshold",  # gaming_definitions
        "Forecast of a series",
        "Reconciled forecast",
        "Changes of stage so far",  # label of a feature
        "no past quarter can be foretold from earlier ones",
        "has a negative amount",  # why a deal gives no credit
        "closed during a leave from {first_day} to {last_day}",
    ],
)
def test_texts_declared_as_data_are_found(texts, text):
    assert text in {message.id for message in texts}
