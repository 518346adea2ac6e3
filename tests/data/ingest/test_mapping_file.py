"""Mappings: every mistake is told with its line, and short forms mean what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

MAPPINGS = Path(__file__).parents[3] / "parameters" / "mappings"
GOOD = """\
version: 1
name: maven
formats: {date: "%Y-%m-%d"}
tables:
  opportunities:
    file: deals.csv
    where: {Stage: [Won, Lost], Deleted: false}
    columns:
      opportunity_id: Id
      product: {from: product, aliases: {GTXPro: GTX Pro}}
      stage: Stage
      is_closed: {stage: is_closed}
      is_won: {from: Stage, values: {Won: true, Lost: false, 1: false}}
      currency: {constant: USD}
      amount: {from: value, decimal: ",", thousands: "."}
  stages:
    rows:
      - {stage: Won, order: 1, is_closed: true, is_won: true, default_probability: 1}
      - {stage: Lost, order: 2, is_closed: true, is_won: false}
"""


def read(tmp_path, text):
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, Mapping, shown_as="m.yaml")


def test_short_forms_are_spelled_out(tmp_path):
    mapping = read(tmp_path, GOOD)
    (block,) = mapping.blocks("opportunities")
    assert mapping.table_names == ["opportunities", "stages"]
    assert block.file == ["deals.csv"]
    assert block.where == {"Stage": ["Won", "Lost"], "Deleted": ["false"]}
    assert block.rules["opportunity_id"].source == "Id"
    assert list(block.rules) == [
        "opportunity_id",
        "product",
        "amount",
        "currency",
        "stage",
        "is_closed",
        "is_won",
    ]
    assert block.rules["is_won"].values == {"Won": True, "Lost": False, "1": False}
    assert mapping.blocks("reps") == []


def test_normal_form_holds_no_defaults_and_reads_back(tmp_path):
    mapping = read(tmp_path, GOOD)
    form = mapping.normal_form
    assert form["tables"]["opportunities"][0]["columns"]["currency"] == {"constant": "USD"}
    assert "encoding" not in form
    assert Mapping.model_validate(form) == mapping


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "currency:",
            "curency:",
            "unknown key `tables.opportunities.columns.curency`; did you mean `currency`?",
        ),
        (
            "  stages:\n    rows",
            "  stagess:\n    rows",
            "m.yaml:16: unknown key `tables.stagess`; did you mean `stages`?",
        ),
        ("aliases", "alias", "m.yaml:10: `tables.opportunities.columns.product`: unknown key"),
        ("Won: true, L", "Won: 3, L", "m.yaml:13: `tables.opportunities.columns.is_won`: 3 stands"),
        (
            "      opportunity_id: Id\n",
            "",
            "m.yaml:8: the key `tables.opportunities.columns.opportunity_id` is missing.",
        ),
        ("deals.csv", "../deals.csv", "m.yaml:6: `tables.opportunities.file`: '../deals.csv' must"),
        ("deals.csv", "/etc/passwd", "m.yaml:6: `tables.opportunities.file`: '/etc/passwd' must"),
        ("order: 1", "ordr: 1", "unknown key `tables.stages.rows.0.ordr`; did you mean `order`?"),
        ("is_won: true,", "is_won: yes,", "m.yaml:18: `tables.stages.rows.0.is_won` is the text"),
        ('"%Y-%m-%d"', '"%Y-%Q-%d"', "m.yaml:3: `formats.date`: the date format '%Y-%Q-%d' holds"),
        ('"%Y-%m-%d"', '"%d"', "must name the year and the month"),
        ("{constant: USD}", "{constant: USD, from: x}", "needs exactly one origin, found from and"),
        ("{constant: USD}", "{constant: 5}", "5 stands where a text"),
        ("{constant: USD}", "{from: x, scale: 3}", "`scale` is for numbers"),
        ("{constant: USD}", "{from: x, with: '-'}", "`with` goes together with `join`"),
        ("{constant: USD}", "{aliases: {a: b}}", "needs exactly one origin, found none"),
        ('thousands: "."', 'thousands: ","', "the same sign cannot be the decimal mark and"),
        ("stage: is_closed}", "stage: is_close}", "did you mean `is_closed`?"),
        ("version: 1", "version: 2", "m.yaml:1: `version` is `2`. Allowed: 1."),
        ("name: maven", "name: m\nencoding: utf9", "did you mean `utf-8`?"),
        ("name: maven", "name: m\nlimits: {quarantined: 2}", "`limits.quarantined` is `2`"),
        ("name: maven", "name: m\nlimits: {tables: {opps: 0.5}}", "unknown table `opps`"),
        ("    file: deals.csv\n", "", "needs either `file` with `columns`, or `rows`"),
        (
            "    where: {Stage: [Won, Lost], Deleted: false}",
            "    group: {sum: [push_count]}",
            "`group` adds up `push_count`, which is not among the columns",
        ),
        (
            "    where: {Stage: [Won, Lost], Deleted: false}",
            "    separator: ';;'",
            "a separator is one character or auto",
        ),
        (
            "      stage: Stage\n",
            "",
            "`is_closed` is taken from the stages, but `stage` is not mapped",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, old, new, sentence):
    assert GOOD.count(old) >= 1
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("m.yaml:")


def test_marks_are_told_apart_across_defaults(tmp_path):
    text = GOOD.replace('formats: {date: "%Y-%m-%d"}', 'formats: {thousands: ","}')
    text = text.replace(
        '{from: value, decimal: ",", thousands: "."}', '{from: value, decimal: ","}'
    )
    with pytest.raises(InputError, match=r"tables\.opportunities\.columns\.amount: the same sign"):
        read(tmp_path, text)


def test_stages_must_be_there_when_they_are_asked(tmp_path):
    with pytest.raises(InputError, match="there is no `stages` table"):
        read(tmp_path, GOOD[: GOOD.index("  stages:")])


def test_values_must_be_allowed_by_the_column(tmp_path):
    text = GOOD.replace(
        "currency: {constant: USD}",
        "forecast_category: {from: FC, values: {Forecast: comit}}",
    )
    with pytest.raises(InputError, match="'comit' is not allowed here; did you mean `commit`"):
        read(tmp_path, text)


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_mappings_of_the_project_are_valid(path):
    mapping = read_yaml(path, Mapping)
    assert mapping.name == path.stem
    assert mapping.description.endswith(".")
