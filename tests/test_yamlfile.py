"""YAML files: each slip is one sentence with file, line, key and the nearest match."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pytest

from salesops_lib.errors import InputError
from salesops_lib.yamlfile import Strict, read_yaml


class Item(Strict):
    kind: Literal["team", "region"] = "team"
    limit: float = 1


class File(Strict):
    day: dt.date
    country: str = "DE"
    quota: float = 1
    count: int = 1
    items: list[Item] = []
    tables: dict[str, Item] = {}


def read(tmp_path, text):
    path = tmp_path / "q.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, File, "q.yaml")


def test_plain_values_arrive_as_what_they_are(tmp_path):
    file = read(tmp_path, "day: 2026-09-30\ncountry: NO\nquota: 1e6\ncount: 3\n")
    assert file == File(day=dt.date(2026, 9, 30), country="NO", quota=1e6, count=3)
    assert type(file.country) is str
    assert type(file.quota) is float


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("day: 2026-09-30\nqouta: 5\n", "q.yaml:2: unknown key `qouta`; did you mean `quota`?"),
        ("day: 2026-09-30\nquota: 5,000\n", "q.yaml:2: `quota` is the text '5,000', but must be"),
        ("day: 2026-09-30\ncountry: 2026-13-30\n", "q.yaml:2: `2026-13-30` is no date of the"),
        ("dya: 2026-09-30\n", "q.yaml:1: unknown key `dya`; did you mean `day`?"),
        ("day: soon\n", "q.yaml:1: `day` is the text 'soon', but must be a date such as"),
        ("day: 2026-09-30 10:00:00\n", "q.yaml:1: `day` is `2026-09-30 10:00:00`, but must be"),
        ("day: 2026-09-30\ncount: 1.5\n", "q.yaml:2: `count` is `1.5`, but must be a whole"),
        ("day: 2026-09-30\ncountry: 12\n", "q.yaml:2: `country` is `12`, but must be a text"),
        ("day: 2026-09-30\nitems:\n  - kind: taem\n", "q.yaml:3: `items.0.kind` is the text"),
        ("day: 2026-09-30\nitems:\n  - kidn: team\n", "q.yaml:3: unknown key `items.0.kidn`"),
        ("tables:\n  deals: {limti: 1}\nday: 2026-09-30\n", "q.yaml:2: unknown key `tables.deals"),
        ("day: 2026-09-30\nday: 2026-09-30\n", "q.yaml:2: not valid YAML: found duplicate key"),
        ("a: [\n", "not valid YAML"),
        ("", "q.yaml: the file is empty"),
        ("- 1\n", "q.yaml:1: the file must hold keys and values"),
        ("country: DE\n", "the key `day` is missing"),
    ],
)
def test_each_slip_has_its_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert sentence in str(error.value)
    assert error.value.exit_code == 2


def test_a_missing_file_names_its_neighbour(tmp_path):
    (tmp_path / "2026-Q3.yaml").write_text("day: 2026-09-30\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean `2026-Q3\.yaml`"):
        read_yaml(tmp_path / "2026-Q4.yaml", File)


def test_text_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "q.yaml"
    path.write_bytes("country: Türkiye".encode("cp1252"))
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_yaml(path, File, "q.yaml")
