"""A report depends on the catalogue of its own language, and on no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

import salesops_lib
from salesops_lib.data.scope import COMPANY
from salesops_lib.languages import CATALOGUES_VARIABLE
from salesops_lib.publishing.jobs import Job, Place
from salesops_lib.publishing.keys import Workshop

PACKAGE = Path(salesops_lib.__file__).parent
CATALOGUE = Path("languages", "tr", "LC_MESSAGES", "salesops.po")


@pytest.fixture
def library(tmp_path):
    """A copy of the library's sources and catalogues."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(PACKAGE, tmp_path / "salesops_lib", ignore=ignored))


@pytest.fixture
def keys(tmp_path, library):
    notebook = tmp_path / "review.ipynb"
    code = nbformat.v4.new_code_cell("from salesops_lib import performance")
    nbformat.write(nbformat.v4.new_notebook(cells=[code]), notebook)

    def of(language):
        place = Place(tmp_path / "reports", "2026-Q3", "review", "company")
        job = Job(notebook, COMPANY, "2026-Q3", {"language": language}, place, tmp_path)
        return Workshop(tmp_path, library).keys(job)

    return of


def test_a_translation_changes_the_reports_of_its_language_alone(keys, library):
    english, turkish = keys("en"), keys("tr")
    path = library / CATALOGUE
    path.write_text(path.read_text("utf-8").replace("Rapora geç", "Rapora atla"), "utf-8")
    assert keys("en") == english
    now = keys("tr")
    changed = {
        name for name, part in now.execute.parts.items() if part != turkish.execute.parts[name]
    }
    assert changed == {"catalogue"}
    assert now.render.key != turkish.render.key
    assert list(now.execute.details["catalogue"]) == [f"salesops_lib/{CATALOGUE.as_posix()}"]


def test_a_company_s_own_words_count_too_and_tell_no_folder(keys, tmp_path, monkeypatch):
    before = keys("tr")
    own = tmp_path / "own" / "tr" / "LC_MESSAGES" / "salesops.po"
    own.parent.mkdir(parents=True)
    own.write_text('msgid "Bookings"\nmsgstr "Ciro"\n', "utf-8")
    monkeypatch.setenv(CATALOGUES_VARIABLE, str(tmp_path / "own"))
    now = keys("tr")
    assert now.execute.parts["catalogue"] != before.execute.parts["catalogue"]
    assert str(tmp_path) not in str(dict(now.execute.details))


def test_the_language_itself_is_part_of_both_keys(keys):
    english, turkish = keys("en"), keys("tr")
    assert english.execute.parts["parameters"] != turkish.execute.parts["parameters"]
    assert english.render.parts["page"] != turkish.render.parts["page"]
