from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from salesops_lib.errors import InputError
from salesops_lib.publishing.parameters import parameter_schema, read_parameters, where_in

GOOD = """\
version: 1
snapshot: snapshots/sample
as_of: 2026-09-30
period: 2026-Q3
reports:
  - notebook: performance_review
    for_each: [company, region]
    parameters:
      country: NO
      floor: 1e6
      since: 2026-01-01
      amount: 5,000
"""


def read(tmp_path: Path, text: str):
    path = tmp_path / "q3.yaml"
    path.write_text(text, encoding="utf-8")
    return read_parameters(path, "q3.yaml")


def test_values_arrive_as_they_are_written(tmp_path):
    content = read(tmp_path, GOOD)
    assert content.as_of == dt.date(2026, 9, 30)
    assert content.reports[0].for_each == ["company", "region"]
    assert content.reports[0].parameters == {
        "country": "NO",
        "floor": 1000000.0,
        "since": "2026-01-01",
        "amount": "5,000",
    }


def test_what_is_left_out_has_a_default(tmp_path):
    content = read(tmp_path, "version: 1\nsnapshot: s\nperiod: FY2026\nreports: [{notebook: n}]\n")
    assert content.as_of is None
    assert content.calendar.year_starts == 1
    assert (content.currency.reporting, content.currency.rates) == ("EUR", "close_date")
    assert (content.language, content.time_limit, content.memory_limit) == ("en", 1800, None)
    assert (content.reports[0].for_each, content.reports[0].only) == (["company"], [])


def test_one_word_stands_for_a_list_of_one_and_a_date_may_be_quoted(tmp_path):
    text = GOOD.replace("[company, region]", "rep").replace("2026-09-30", '"2026-09-30"')
    content = read(tmp_path, text)
    assert content.reports[0].for_each == ["rep"]
    assert content.as_of == dt.date(2026, 9, 30)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("period:", "qouta: 5\nperiod:", "q3.yaml:4: unknown key `qouta`"),
        ("as_of:", "as_off:", "q3.yaml:3: unknown key `as_off`; did you mean `as_of`?"),
        ("2026-09-30", "30.09.2026", "q3.yaml:3: `as_of` is the text '30.09.2026', but must be"),
        ("2026-09-30", "2026-09-30 12:00:00", "q3.yaml:3: `as_of`"),
        ("2026-Q3", "2026", "q3.yaml:4: `period` is `2026`, but must be a text"),
        ("[company, region]", "regoin", "q3.yaml:7:"),
        ("[company, region]", "[company, regoin]", "did you mean `region`?"),
        ("[company, region]", "[]", "q3.yaml:7:"),
        ("version: 1", "version: 2", "q3.yaml:1: `version` is `2`. Allowed: 1."),
        ("version: 1", "version: 1\nlanguage: de", "q3.yaml:2: `language`"),
        ("version: 1", "version: 1\nlanguage: tur", "did you mean `tr`? Allowed: en, tr"),
        (
            "version: 1",
            "version: 1\ntime_limit: 5,000",
            "no time limit; write it as 90 s, 30 min or 2 h",
        ),
        ("version: 1", "version: 1\ntime_limit: 30", "30 is no time limit"),
        ("version: 1", "version: 1\ntime_limit: 2 days", "'2 days' is no time limit"),
        ("version: 1", "version: 1\ntime_limit: 0 s", "between 1 s and 24 h, not 0 s"),
        ("version: 1", "version: 1\nmemory_limit: 4", "write it as 800 MiB, 4 GiB or 4 GB"),
        ("version: 1", "version: 1\nmemory_limit: 64 MiB", "512 MiB or more, not 64 MiB"),
        ("version: 1", "version: 1\ncalendar: {year_starts: 13}", "q3.yaml:2:"),
        (
            "version: 1",
            "version: 1\ncurrency: {reporting: EURO}",
            "q3.yaml:2: `currency.reporting`: `EURO` is no",
        ),
        ("version: 1", "version: 1\nversion: 1", "q3.yaml:2: not valid YAML"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path, old, new, sentence):
    with pytest.raises(InputError) as raised:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("q3.yaml:")


def test_a_missing_file_is_told_with_its_neighbours(tmp_path):
    (tmp_path / "2026-Q3.yaml").touch()
    with pytest.raises(InputError, match=r"did you mean `2026-Q3.yaml`"):
        read_parameters(tmp_path / "2026-Q4.yaml")


def test_places_are_found_by_key(tmp_path):
    path = tmp_path / "q3.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert where_in(path, "p/q3.yaml", ["reports", 0, "parameters", "floor"]) == "p/q3.yaml:10"
    assert where_in(path, "p/q3.yaml", ["reports", 0, "only", 3]) == "p/q3.yaml:6"
    assert where_in(path, "p/q3.yaml", ["language"]) == "p/q3.yaml"


def test_the_schema_knows_every_key_and_is_json():
    schema = json.loads(json.dumps(parameter_schema()))
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"version", "snapshot", "period", "reports"}
    entry = schema["$defs"]["ReportEntry"]["properties"]
    assert {"notebook", "for_each", "only", "audience", "parameters"} <= set(entry)


def test_the_projects_own_file_is_valid():
    root = Path(__file__).parents[2]
    content = read_parameters(root / "parameters" / "2026-Q3.yaml")
    assert content.period == "2026-Q3"
    for entry in content.reports:
        assert (root / "notebooks" / f"{entry.notebook}.ipynb").is_file()
