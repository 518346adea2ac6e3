"""Tables derived from a snapshot: made once, never out of date, never in the way."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pyarrow as pa
import pytest

from salesops_lib.data import derived
from salesops_lib.data.derived import derived_table

MODULE = "salesops_lib.performance.cohorts"


@pytest.fixture
def maker(tmp_path):
    """Asks for a table of three rows; counts how often it had to be made."""

    snapshot = SimpleNamespace(path=tmp_path / "snapshot", keeps_derived=True)
    snapshot.whole = snapshot

    class Maker:
        made = 0
        folder = tmp_path / "snapshot" / "derived" / "tables"

        def __init__(self):
            self.snapshot = snapshot

        def table(self, name="won", settings=(), scope=None, module=MODULE):
            def make():
                self.made += 1
                return pa.table({"scope": ["EMEA", "EMEA", "APAC"], "n": [1, 2, 3]})

            return derived_table(self.snapshot, name, settings, make, module, scope)

        @property
        def files(self):
            return sorted(path.name for path in self.folder.iterdir())

    return Maker()


def test_it_is_made_once_for_all_scopes(maker):
    assert maker.table(scope="EMEA")["n"].to_pylist() == [1, 2]
    assert maker.table(scope="APAC")["n"].to_pylist() == [3]
    assert maker.table(scope="LATAM").num_rows == 0
    assert maker.table().num_rows == 3
    assert maker.made == 1
    assert len(maker.files) == 1


@pytest.mark.parametrize("other", [{"name": "lost"}, {"settings": ["2026-Q3"]}])
def test_another_question_is_another_table(maker, other):
    maker.table()
    maker.table(**other)
    assert maker.made == 2
    maker.table()
    assert maker.made == 2


def test_what_earlier_code_made_is_not_used_and_goes(maker, monkeypatch):
    maker.table()
    before = maker.files
    monkeypatch.setattr(derived, "_code_of", lambda _module: "another state of the code")
    maker.table()
    assert maker.made == 2
    assert len(maker.files) == 1
    assert maker.files != before


def test_code_that_was_edited_after_it_was_loaded_leaves_nothing(maker, monkeypatch):
    monkeypatch.setattr(derived, "_LOADED", frozenset())
    maker.table(scope="EMEA")
    assert maker.table(scope="EMEA")["n"].to_pylist() == [1, 2]
    assert maker.made == 2
    assert not maker.folder.exists()


def test_the_code_of_another_topic_makes_no_difference():
    here = derived._code_of(MODULE)
    assert here == derived._code_of("salesops_lib.performance.trend")
    assert here != derived._code_of("salesops_lib.data.view")


def test_a_damaged_file_is_made_anew(maker):
    maker.table()
    (maker.folder / maker.files[0]).write_bytes(b"PAR1 and no more")
    assert maker.table().num_rows == 3
    assert maker.made == 2
    assert maker.table().num_rows == 3
    assert maker.made == 2


def test_a_folder_that_cannot_be_written_to_costs_time_only(maker, monkeypatch):
    def refused(*_arguments, **_options):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(os, "replace", refused)
    maker.snapshot.path.mkdir()
    (maker.snapshot.path / "derived").write_text("a file where the folder would be")
    for _ in range(2):
        assert maker.table(scope="APAC")["n"].to_pylist() == [3]
    assert maker.made == 2


def test_what_only_some_may_see_is_not_kept(maker):
    maker.snapshot = SimpleNamespace(path=maker.snapshot.path, whole=maker.snapshot)
    assert maker.table(scope="APAC")["n"].to_pylist() == [3]
    assert not maker.folder.exists()
