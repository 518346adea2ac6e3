from __future__ import annotations

import ast
import datetime as dt
from typing import TYPE_CHECKING

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from salesops_lib.errors import InputError
from salesops_lib.notebook.annotations import annotated_type
from salesops_lib.notebook.parameters import declared_parameters

if TYPE_CHECKING:
    from pathlib import Path

CELL = """\
# What every report is told.
snapshot: str = "snapshots/sample"  # snapshot folder
as_of: "date" = "2026-09-30"  # day the figures stand at; empty: the snapshot's own
quota: float = 2.5  # quota in millions
rounds: int = 3  # times
strict: bool = True  # whether it is
calendar: dict = {
    "year_starts": 1,
}  # fiscal calendar
names: list[str] | None = None  # people to show
schema: str = "a"  # a name that pydantic uses itself
"""


def notebook(folder: Path, *cells: tuple[str, list[str]]) -> Path:
    v4 = nbformat.v4
    made = [v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    path = folder / "quarter.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), *made]), path)
    return path


def declared(folder: Path, source: str = CELL):
    return declared_parameters(notebook(folder, (source, ["parameters"])))


def test_reads_names_types_defaults_and_comments(tmp_path):
    found = {p.name: (p.type, p.default, p.comment, p.line) for p in declared(tmp_path)}
    assert found["as_of"] == (
        "date", "2026-09-30", "day the figures stand at; empty: the snapshot's own", 3,
    )  # fmt: skip
    assert found["calendar"] == ("dict", {"year_starts": 1}, "fiscal calendar", 7)
    assert found["names"] == ("list[str] | None", None, "people to show", 10)
    assert list(found) == [
        "snapshot", "as_of", "quota", "rounds", "strict", "calendar", "names", "schema",
    ]  # fmt: skip


def test_nothing_in_the_cell_is_executed(tmp_path):
    target = tmp_path / "ran"
    source = f'x: str = open({str(target)!r}, "w").name  # harmless looking\n'
    with pytest.raises(InputError, match="`x` is computed"):
        declared(tmp_path, source)
    assert not target.exists()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("quota = 2  # no annotation\n", "line 1: a parameters cell holds annotated literals only"),
        ("quota: int = 2\n", "line 1: `quota` has no comment that says what it means"),
        ("\nquota: int  # no value\n", "line 2: `quota` has no default value"),
        ("a: int = 1  # a\nb: int = a * 2  # b\n", "line 2: `b` is computed"),
        ("quota: int = 2.5  # wrong\n", "`quota` is `2.5`, but must be a whole number"),
        ("import os\n", "annotated literals only"),
        ("def f(): pass\n", "annotated literals only"),
        ("a: int = 1  # a\na: int = 2  # b\n", "line 2: `a` is declared twice"),
        ("a: string = 'x'  # a\n", "unknown type `string`; did you mean `str`?"),
        ("a: list[date] = [2026]  # a\n", "must be a date"),
        ("a: int = = 1\n", "line 1: not valid Python"),
        ("a: dict = {1: 2}  # papermill would write '1'\n", "must be a text"),
    ],
)
def test_anything_but_annotated_literals_is_refused(tmp_path, source, sentence):
    with pytest.raises(InputError) as raised:
        declared(tmp_path, source)
    assert str(raised.value).startswith("quarter.ipynb cell 2")
    assert sentence in str(raised.value)


def test_a_notebook_needs_one_parameters_cell(tmp_path):
    with pytest.raises(InputError, match=r"quarter.ipynb: no cell is tagged `parameters`"):
        declared_parameters(notebook(tmp_path, ("a: int = 1  # a\n", [])))
    two = notebook(tmp_path, ("a: int = 1  # a\n", ["parameters"]), ("", ["parameters"]))
    with pytest.raises(InputError, match="cells 2 and 3 are tagged"):
        declared_parameters(two)


def test_a_missing_or_broken_notebook_is_named(tmp_path):
    notebook(tmp_path)
    with pytest.raises(InputError, match=r"no such notebook: quater.ipynb; did you mean"):
        declared_parameters(tmp_path / "quater.ipynb")
    broken = tmp_path / "broken.ipynb"
    for content in ("{", "[]", '{"cells": 3}', ""):
        broken.write_text(content)
        with pytest.raises(InputError, match=r"^broken.ipynb: not a notebook"):
            declared_parameters(broken)


def test_valid_values_keep_their_meaning(tmp_path):
    values = declared(tmp_path).validated(
        {"as_of": dt.date(2026, 3, 31), "quota": 5, "names": ["Ayşe"], "calendar": {}}
    )
    assert values == {
        "snapshot": "snapshots/sample",
        "as_of": "2026-03-31",
        "quota": 5.0,
        "rounds": 3,
        "strict": True,
        "calendar": {},
        "names": ["Ayşe"],
        "schema": "a",
    }
    assert type(values["quota"]) is float
    assert declared(tmp_path).validated({"as_of": ""})["as_of"] == ""


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"quta": 5}, "declares no parameter `quta`; did you mean `quota`?"),
        ({"quota": "5,000"}, "`quota` is the text '5,000', but must be a number"),
        ({"quota": True}, "must be a number"),
        ({"quota": float("nan")}, "finite"),
        ({"rounds": 2.0}, "must be a whole number"),
        ({"rounds": True}, "must be a whole number"),
        ({"strict": 1}, "must be true or false"),
        ({"strict": "NO"}, "must be true or false"),
        ({"as_of": "30.09.2026"}, "'30.09.2026' is no date; write it as 2026-09-30"),
        ({"as_of": "20260930"}, "is no date"),
        ({"as_of": dt.datetime(2026, 9, 30)}, "must be a date"),  # noqa: DTZ001
        ({"names": "Ayşe"}, "must be a list"),
        ({"names": [1]}, "`names.0` is `1`, but must be a text"),
        ({"calendar": {"a": float("inf")}}, "inf is no finite number"),
    ],
)
def test_wrong_values_are_refused_with_their_place(tmp_path, value, sentence):
    with pytest.raises(InputError) as raised:
        declared(tmp_path).validated(value, "parameters/q3.yaml:12")
    assert str(raised.value).startswith("parameters/q3.yaml:12: ")
    assert sentence in str(raised.value)


def test_schema_describes_every_parameter(tmp_path):
    schema = declared(tmp_path).json_schema()
    assert schema["title"] == "quarter"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["quota"]["type"] == "number"
    assert schema["properties"]["quota"]["description"] == "quota in millions"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(value=st.dictionaries(st.text(), json_values, max_size=4))
def test_what_papermill_writes_into_the_notebook_is_data_and_nothing_else(value):
    written = PythonTranslator.translate(value)
    assert ast.literal_eval(written) == value


def test_unknown_types_are_refused():
    for text in ("set", "list[set]", "int | str", "dict[int, str]", "x.y", "", "1 +"):
        with pytest.raises(InputError, match="unknown type"):
            annotated_type(text)
