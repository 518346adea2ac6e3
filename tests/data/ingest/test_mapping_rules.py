"""What a mapping can say about a column, seen in the rows that come of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.errors import InputError

HEAD = "limits: {quarantined: 1}"
HEADER = "Id,Amount,Created,Close,Stage"


def deals(company, header, rows, **mapping):
    text = f"{HEADER},{header}\n"
    for place, row in enumerate(rows, 1):
        text += f"D{place},1,2026-01-05,2026-03-31,Won,{row}\n"
    return company.deals(text, head=HEAD, **mapping)


def test_a_key_becomes_an_id_by_a_second_file(company, look):
    company.write("people.csv", "Key|Number|Name\n1|E1|Ann\n2 |E2|Bob\n3||Cid\n\n1|E1|Ann B\n")
    lookup = "owner_id: {from: Rep, lookup: {file: people.csv, key: Key, value: Number}}"
    result = deals(company, "Rep", ["1", " 2", "", "3", "9"], columns=lookup)
    assert look.rows(result, "opportunities", "opportunity_id", "owner_id") == [
        ("D1", "E1"),
        ("D2", "E2"),
        ("D3", None),
        ("D4", None),
    ]
    assert look.quarantine(result, "source_row", "reason", "detail") == [
        (5, "not_found:owner_id", 'owner_id "9" is not found in people.csv')
    ]


def test_a_second_file_must_not_contradict_itself(company):
    company.write("people.csv", "Key,Number\n1,E1\n1,E2\n")
    lookup = "owner_id: {from: Rep, lookup: {file: people.csv, key: Key, value: Number}}"
    with pytest.raises(InputError) as caught:
        deals(company, "Rep", ["1"], columns=lookup)
    assert str(caught.value) == (
        "mapping.yaml: tables.opportunities: people.csv gives 2 values of `Number` for Key '1'."
    )


def test_a_second_file_is_one_file(company, look):
    company.write("a1.csv", "K,V\n1,x\n")
    lookup = "owner_id: {from: Rep, lookup: {file: 'a*.csv', key: K, value: V}}"
    result = deals(company, "Rep", ["1"], columns=lookup)
    assert look.rows(result, "opportunities", "owner_id") == [("x",)]
    company.write("a2.csv", "K,V\n1,x\n")
    with pytest.raises(InputError, match=r"`a\*\.csv` stands for several: a1\.csv, a2\.csv"):
        company.ingest()


def test_second_files_follow_one_another(company, look):
    company.write("a.csv", "K,V\n1,x\n2,y\n")
    company.write("b.csv", "K,V\nx,Long X\n")
    lookup = (
        "owner_id: {from: Rep, lookup: "
        "[{file: a.csv, key: K, value: V}, {file: b.csv, key: K, value: V}]}"
    )
    result = deals(company, "Rep", ["1", "2"], columns=lookup)
    assert look.rows(result, "opportunities", "opportunity_id", "owner_id") == [("D1", "Long X")]
    assert look.quarantine(result, "detail") == [('owner_id "y" is not found in a.csv or b.csv',)]


def test_columns_are_joined_or_the_first_one_counts(company, look):
    result = deals(
        company,
        "First,Last,Won,Due",
        ["Ann,Lee,2026-02-01,2026-05-01", ",Lee,,2026-05-01", "Ann,,,", ",,,"],
        columns="name: {join: [First, Last], with: '-'}\n"
        "      last_activity_date: {first: [Won, Due]}",
    )
    assert look.rows(result, "opportunities", "name", "last_activity_date") == [
        ("Ann-Lee", dt.date(2026, 2, 1)),
        ("Lee", dt.date(2026, 5, 1)),
        ("Ann", None),
        (None, None),
    ]


def test_listed_values_are_matched_whatever_their_capitals(company, look):
    values = "{Forecast: commit, BestCase: best_case, '': omitted}"
    result = deals(
        company,
        "FC",
        ["Forecast", "forecast ", "BESTCASE", "", "Other"],
        columns=f"forecast_category: {{from: FC, values: {values}}}",
    )
    assert [row[0] for row in look.rows(result, "opportunities", "forecast_category")] == [
        "commit",
        "commit",
        "best_case",
        "omitted",
    ]
    assert look.quarantine(result, "detail") == [
        ('forecast_category "Other" is none of Forecast, BestCase, ""',)
    ]


def test_aliases_are_counted_once_per_row_that_changes(company, look):
    result = deals(
        company,
        "Product",
        ["GTXPro", "gtxpro", "GTX Pro", "Other", ""],
        columns="product: {from: Product, aliases: {GTXPro: GTX Pro}}",
    )
    assert [row[0] for row in look.rows(result, "opportunities", "product")] == [
        "GTX Pro",
        "GTX Pro",
        "GTX Pro",
        "Other",
        None,
    ]
    assert look.counts(result, "repaired") == {"alias:product": 2}


def test_words_for_empty_hold_for_all_columns_or_one(company, look):
    company.write(
        "deals.csv",
        "Id,Amount,Created,Close,Stage,Name\nD1,-,2026-01-05,9999-12-31,Open,N/A\n"
        "D2,NULL,NULL,,Open,-\n",
    )
    text = company.mapping_file.read_text()
    text = text.replace("name: test\n", "name: test\nformats: {null_values: ['NULL', N/A]}\n")
    text = text.replace(
        "amount: Amount", "amount: {from: Amount, null_values: '-'}\n      name: Name"
    )
    text = text.replace("close_date: Close", "close_date: {from: Close, null_values: 9999-12-31}")
    company.map_as(text)
    result = company.ingest()
    columns = ["amount", "created_date", "close_date", "name"]
    assert look.rows(result, "opportunities", *columns) == [
        (None, dt.date(2026, 1, 5), None, None),
        (None, None, None, "-"),
    ]


STAGES = """\
  stages:
    rows:
      - {stage: Talk, order: 1, is_closed: false, is_won: false, default_probability: 0.1}
      - {stage: Won, order: 2, is_closed: true, is_won: true, default_probability: 1}
      - {stage: Lost, order: 3, is_closed: true, is_won: false}
"""
BY_STAGE = """\
version: 1
name: by_stage
limits: {quarantined: 1}
tables:
  opportunities:
    file: deals.csv
    columns:
      opportunity_id: Id
      stage: {from: Stage, aliases: {Gewonnen: Won}}
      close_date: Close
      is_closed: {stage: is_closed}
      is_won: {stage: is_won}
      probability: {stage: default_probability}
"""


def test_the_stages_tell_whether_a_deal_is_closed(company, look):
    rows = ["talk", "Gewonnen", "LOST", "Strange", ""]
    text = "".join(f"D{n},1,,2026-03-31,{stage}\n" for n, stage in enumerate(rows, 1))
    company.write("deals.csv", HEADER + "\n" + text)
    company.map_as(BY_STAGE + STAGES)
    result = company.ingest()
    columns = ["opportunity_id", "stage", "is_closed", "is_won", "probability"]
    assert look.rows(result, "opportunities", *columns) == [
        ("D1", "Talk", False, False, 0.1),
        ("D2", "Won", True, True, 1.0),
        ("D3", "Lost", True, False, None),
    ]
    assert [row[:2] for row in look.quarantine(result, "source_row", "reason")] == [
        (4, "unknown_stage:is_closed"),
        (5, "missing_value:is_closed"),
    ]
    assert look.counts(result, "noted") == {}


def test_stages_may_stand_in_a_file_too(company, look):
    company.write("stages.csv", "Label,Closed,Won\nTalk,0,0\nWon,1,1\n")
    company.write("deals.csv", HEADER + "\nD1,1,,2026-03-31,won\n")
    company.map_as(
        BY_STAGE
        + "  stages:\n    file: stages.csv\n"
        + "    columns: {stage: Label, is_closed: Closed, is_won: Won}\n"
    )
    result = company.ingest()
    columns = ["stage", "is_closed", "is_won", "probability"]
    assert look.rows(result, "opportunities", *columns) == [("Won", True, True, None)]


def test_rows_are_kept_and_left_out_by_filters(company, look):
    result = deals(
        company,
        "Deleted,Kind",
        ["0,New", "1,New", "false,new ", "TRUE,New", ",Old", "0,"],
        block="where: {Kind: [New, '']}\n    skip: {Deleted: [true, 1]}",
    )
    found = look.rows(result, "opportunities", "opportunity_id")
    assert found == [("D1",), ("D3",), ("D6",)]
    assert result.frame.loc[0, ["read", "skipped", "kept"]].tolist() == [6, 3, 3]


def test_several_files_and_patterns_make_one_table(company, look):
    company.write("2026/a.csv", f"{HEADER}\nA1,1,2026-01-05,2026-03-31,Won\n")
    company.write("2026/b.csv", "Stage;Id;Amount;Close;Created\nWon;B1;2;2026-03-31;2026-01-05\n")
    company.map(file='["2026/*.csv", deals.csv, "d*.csv"]')
    result = company.ingest()
    ids = [row[0] for row in look.rows(result, "opportunities", "opportunity_id")]
    assert ids == ["A1", "B1", "D1", "D2", "D3"]


def test_a_target_month_gives_its_first_and_last_day(company, look):
    company.write("quota.csv", "Rep,Month,Target\nR1,2024/02/01,1000\nR1,2024/03/01,2000.5\n")
    company.map(
        tables="""\
  quotas:
    file: quota.csv
    columns:
      rep_id: Rep
      measure: {constant: bookings}
      period_start: {from: Month, date: "%Y/%m/%d"}
      period_end: {from: Month, date: "%Y/%m/%d", end_of: month}
      amount: Target
      effective_from: {constant: 2024-01-01}
"""
    )
    columns = ["period_start", "period_end", "amount", "effective_from"]
    first = dt.date(2024, 1, 1)
    assert look.rows(company.ingest(), "quotas", *columns) == [
        (dt.date(2024, 2, 1), dt.date(2024, 2, 29), Decimal("1000.00"), first),
        (dt.date(2024, 3, 1), dt.date(2024, 3, 31), Decimal("2000.50"), first),
    ]


def test_rows_in_the_mapping_keep_the_rules_as_well(company):
    company.map(
        tables="  stages:\n    rows:\n"
        "      - {stage: A, is_closed: false, is_won: true}\n"
        "      - {stage: B, is_closed: false, is_won: false}\n"
    )
    with pytest.raises(InputError, match=r"such as \(mapping\) row 1: is_won is true, is_closed"):
        company.ingest()
