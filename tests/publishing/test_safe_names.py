from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesops_lib.data.scope import Scope
from salesops_lib.publishing.names import safe_name, scope_names

HOSTILE = [
    "../../x", "..", ".", "/etc/passwd", "C:\\x", "CON", "nul", "com1", "", " ", "a\x00b",
    "<script>alert(1)</script>", "'; DROP TABLE deals; --", "العربية", "😀", "x" * 400,
    "=cmd|'/c calc'!A1", "a\nb", "\u202egpj.exe", "*?", "~", "-rf", "$(reboot)", "%2e%2e",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EMEA", "emea"),
        ("R042", "r042"),
        ("Iberia", "iberia"),
        ("South & East", "south-east"),
        ("São Paulo", "sao-paulo"),
        ("Şişli Bölgesi", "sisli-bolgesi"),
        ("Straße", "strasse"),
        ("performance_review", "performance_review"),
        ("Q3 Review", "q3-review"),
    ],
)
def test_plain_names_stay_readable(text, name):
    assert safe_name(text) == name


@given(text=st.text() | st.sampled_from(HOSTILE))
@example("\ud800")
def test_every_text_becomes_a_plain_file_name(text):
    name = safe_name(text)
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,68}", name)
    assert not re.fullmatch(r"con|prn|aux|nul|(com|lpt)[0-9]", name)


@given(texts=st.lists(st.text(min_size=1, max_size=12) | st.sampled_from(HOSTILE), unique=True))
def test_no_two_scopes_share_a_file(texts):
    scopes = [Scope(kind, key, key) for key in texts if key for kind in ("region", "team", "rep")]
    names = scope_names([Scope("company", "", "Company"), *scopes])
    assert len(set(names.values())) == len(names)


def test_a_name_does_not_depend_on_which_scopes_are_rendered_first():
    one, two = Scope("region", "A.B", "A.B"), Scope("region", "A B", "A B")
    assert scope_names([one, two]) == scope_names([two, one])
    assert scope_names([one])[one] == "region-a-b"
    assert all(re.fullmatch(r"region-a-b-[0-9a-f]{8}", n) for n in scope_names([one, two]).values())


def test_the_label_is_never_part_of_the_name():
    assert scope_names([Scope("rep", "R042", "../../Ayşe")]).popitem()[1] == "rep-r042"


def test_names_stay_inside_their_folder(tmp_path):
    for text in HOSTILE:
        target = (tmp_path / f"{safe_name(text)}.html").resolve()
        assert target.parent == Path(tmp_path).resolve()
        target.touch()
