"""Row rules: each bad row is quarantined once, with its reason; each odd one is noted."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest

from salesops_lib.data.ingest.reasons import REASONS, reason, reason_sentence
from salesops_lib.errors import InputError

MAPPING = """\
version: 1
name: rules
limits: {quarantined: 1}
tables:
  opportunities:
    file: deals.csv
    columns:
      opportunity_id: Id
      amount: Amount
      currency: Currency
      created_date: Created
      close_date: Close
      is_closed: Closed
      is_won: Won
      forecast_category: Category
      probability: Chance
      account_id: Account
      stage: Stage
      push_count: Pushes
  stages:
    rows:
      - {stage: Open, is_closed: false, is_won: false}
      - {stage: Closed Won, is_closed: true, is_won: true}
  accounts:
    file: accounts.csv
    columns: {account_id: Id, name: Name}
"""
GOOD = {
    "Id": "G",
    "Amount": "10.00",
    "Currency": "EUR",
    "Created": "2026-01-01",
    "Close": "2026-03-31",
    "Closed": "true",
    "Won": "true",
    "Category": "closed",
    "Chance": "1",
    "Account": "A1",
    "Stage": "Closed Won",
    "Pushes": "0",
}
HEADER = ",".join(GOOD) + "\n"


def deals(company, *changes):
    rows = [{**GOOD, "Id": f"D{place}", **change} for place, change in enumerate(changes, 1)]
    text = HEADER + "".join(",".join(row.values()) + "\n" for row in rows)
    company.write("deals.csv", HEADER.encode() if not rows else text)
    company.write("accounts.csv", "Id,Name\nA1,One\n")
    company.map_as(MAPPING)
    return company.ingest()


BAD = [
    ({"Id": ""}, "missing_value:opportunity_id", "opportunity_id is empty"),
    ({"Won": " "}, "missing_value:is_won", "is_won is empty"),
    ({"Won": "maybe"}, "unreadable_boolean:is_won", 'is_won "maybe" is neither true nor false'),
    (
        {"Amount": "1.234"},
        None,
        None,
    ),
    (
        {"Amount": "1.234.56"},
        "unreadable_number:amount",
        'amount "1.234.56" is not a number written like 12345.67',
    ),
    (
        {"Amount": "12345678901234567"},
        "too_large:amount",
        'amount "12345678901234567.00000000" has more than 16 digits',
    ),
    ({"Amount": "9999999999999999.99"}, None, None),
    (
        {"Close": "31/03/2026"},
        "unreadable_date:close_date",
        'close_date "31/03/2026" is not written like a date in ISO 8601',
    ),
    (
        {"Close": "2207-03-31"},
        "impossible_date:close_date",
        'close_date "2207-03-31" lies outside the years 1980 to 2036',
    ),
    ({"Close": "2036-12-31"}, None, None),
    (
        {"Created": "1979-12-31"},
        "impossible_date:created_date",
        'created_date "1979-12-31" lies outside the years 1980 to 2036',
    ),
    (
        {"Created": "2026-10-01"},
        "after_as_of:created_date",
        'created_date "2026-10-01" is after the as-of date 2026-09-30',
    ),
    ({"Created": "2026-09-30"}, None, None),
    (
        {"Close": ""},
        "closed_without_close_date",
        "is_closed is true, close_date is empty",
    ),
    ({"Closed": "false"}, "won_but_open", "is_won is true, is_closed is false"),
    (
        {"Currency": "EURO"},
        "unknown_currency:currency",
        'currency "EURO" is no ISO 4217 currency code, such as USD',
    ),
    (
        {"Category": "Commit!"},
        "not_allowed:forecast_category",
        (
            'forecast_category "Commit!" is none of pipeline, best_case, most_likely, commit, '
            "closed, omitted"
        ),
    ),
    (
        {"Chance": "70"},
        "out_of_range:probability",
        (
            'probability "70.0" must be at least 0 and at most 1; '
            "percentages need `scale: 0.01` in the mapping"
        ),
    ),
    ({"Pushes": "-1"}, "out_of_range:push_count", 'push_count "-1" must be at least 0'),
    (
        {"Amount": "x", "Close": "y"},
        "unreadable_number:amount",
        (
            'amount "x" is not a number written like 12345.67; '
            'close_date "y" is not written like a date in ISO 8601'
        ),
    ),
]


def test_every_bad_row_is_quarantined_once_with_its_reason(company, look):
    result = deals(company, *[change for change, _, _ in BAD])
    wanted = [
        (place, code, detail) for place, (_, code, detail) in enumerate(BAD, 1) if code is not None
    ]
    found = look.quarantine(result, "source_row", "reason", "detail")
    assert found == wanted
    kept = {f"D{place}" for place, (_, code, _) in enumerate(BAD, 1) if code is None}
    assert {row[0] for row in look.rows(result, "opportunities", "opportunity_id")} == kept
    frame = result.frame.set_index("table").loc["opportunities"]
    assert (frame["read"], frame["kept"], frame["quarantined"]) == (len(BAD), 4, len(BAD) - 4)


def test_the_quarantine_holds_the_row_as_it_stood(company, look):
    result = deals(company, {}, {"Amount": " 1,5 ".replace(",", "."), "Won": "=cmd|' /C'!A0"})
    ((table, file, row, found),) = look.quarantine(
        result, "table", "source_file", "source_row", "row"
    )
    assert (table, file, row) == ("opportunities", "deals.csv", 2)
    assert json.loads(found) == {
        **GOOD,
        "Id": "D2",
        "Amount": " 1.5 ",
        "Won": "=cmd|' /C'!A0",
    }


def test_odd_rows_are_kept_and_noted(company, look):
    result = deals(
        company,
        {},
        {"Close": "2026-10-01"},
        {"Close": "2026-10-01", "Won": "false", "Stage": "Lost"},
        {"Close": "2025-12-31"},
        {"Amount": "-5.00"},
        {"Currency": ""},
        {"Account": "A9"},
        {"Stage": "Open"},
        {"Account": "", "Stage": "", "Amount": "", "Currency": ""},
    )
    assert result.frame.loc[0, ["read", "kept", "quarantined"]].tolist() == [9, 9, 0]
    assert look.counts(result, "noted") == {
        "negative_amount:amount": 1,
        "missing_currency:currency": 1,
        "future_dated_won": 1,
        "future_dated_lost": 1,
        "closed_before_created": 1,
        "unknown_reference:account_id": 1,
        "unknown_reference:stage": 1,
        "stage_contradicts_flags": 1,
    }
    assert (result.snapshot_id, Decimal("-5.00")) == (
        result.snapshot_id,
        look.rows(result, "opportunities", "amount")[4][0],
    )


def test_repairs_are_declared_and_counted(company, look):
    result = deals(
        company,
        {"Amount": "1.005"},
        {"Amount": "1.015"},
        {"Amount": "1.0150"},
        {"Amount": "1.01"},
        {"Id": "\u00a0D5 ", "Stage": "closed WON"},
        {"Account": " A1"},
    )
    rows = look.rows(result, "opportunities", "opportunity_id", "amount", "stage", "account_id")
    assert [row[1] for row in rows[:4]] == [Decimal(n) for n in ("1.00", "1.02", "1.02", "1.01")]
    assert rows[4][0::2] == ("D5", "Closed Won")
    assert rows[5][3] == "A1"
    assert look.counts(result, "repaired") == {
        "rounded:amount": 3,
        "trimmed:opportunity_id": 1,
        "alias:stage": 1,
        "trimmed:account_id": 1,
    }


def test_too_many_bad_rows_stop_the_ingest_with_examples(company):
    company.store.mkdir()
    changes = [{}] * 97 + [{"Amount": "1,5", "Name": ""}] + [{"Won": "\x1b[31m"}] * 2
    rows = [{**GOOD, "Id": f"D{n}", **change} for n, change in enumerate(changes, 1)]
    rows[97]["Amount"] = '"1.234,56"'
    text = HEADER + "".join(
        ",".join(value for key, value in row.items() if key != "Name") + "\n" for row in rows
    )
    company.write("deals.csv", text)
    company.write("accounts.csv", "Id,Name\nA1,One\n")
    company.map_as(MAPPING.replace("quarantined: 1", "quarantined: 0.02"))
    with pytest.raises(InputError) as caught:
        company.ingest()
    assert str(caught.value) == (
        "mapping.yaml: 3 of 100 rows (3.0%) of the table opportunities cannot be used, the limit "
        "is 2.0%; nothing was written. Reasons: is_won: neither true nor false (2 rows, such as "
        'deals.csv row 99: is_won " [31m" is neither true nor false); amount: not a number in the '
        'format that the mapping declares (1 rows, such as deals.csv row 98: amount "1.234,56" '
        "is not a number written like 12345.67)."
    )
    assert company.stored() == {}
    company.map_as(MAPPING.replace("quarantined: 1", "quarantined: 0.03"))
    assert company.ingest().frame.loc[0, "quarantined"] == 3
    company.map_as(MAPPING.replace("quarantined: 1", "tables: {opportunities: 0.03}"))
    assert company.ingest().frame.loc[0, "quarantined"] == 3


def test_hostile_text_stays_what_it_is(company, look):
    hostile = [
        "=1+1",
        "<script>alert(1)</script>",
        "'; DROP TABLE opportunities; --",
        "{{ 7 * 7 }}",
        "../../etc/passwd",
        '"',
        "a\nb",
        "\u202egnp",
        "NULL",
        "🙂",
    ]
    text = "Id,Amount,Created,Close,Stage,Name\n"
    for place, name in enumerate(hostile):
        doubled = name.replace('"', '""')
        text += f'D{place},1,2026-01-01,2026-03-31,Won,"{doubled}"\n'
    result = company.deals(text, columns="name: Name")
    assert [row[0] for row in look.rows(result, "opportunities", "name")] == hostile


def test_other_tables_keep_their_rules_too(company, look):
    company.write(
        "fx.csv",
        (
            "day,from,to,rate\n2026-01-01,EUR,USD,1.1\n2026-01-02,EUR,USD,0\n"
            "2026-01-03,EUR,USD,-1\n2026-01-04,EUR,Dollar,1\n2026-01-05,EUR,USD,0.0000012345\n"
        ),
    )
    company.write(
        "quota.csv",
        (
            "rep,from,to,amount\nR1,2026-01-01,2026-03-31,5\nR2,2026-03-31,2026-01-01,5\n"
            "R3,2026-01-01,2026-03-31,\nR4,2026-01-01,2026-03-31,-1\n"
        ),
    )
    company.map(
        head="limits: {quarantined: 1}",
        tables="""\
  fx_rates:
    file: fx.csv
    columns: {date: day, from_currency: from, to_currency: to, rate: rate}
  quotas:
    file: quota.csv
    columns:
      rep_id: rep
      measure: {constant: bookings}
      period_start: from
      period_end: to
      amount: amount
""",
    )
    result = company.ingest()
    assert look.quarantine(result, "table", "source_row", "reason") == [
        ("quotas", 2, "ends_before_start"),
        ("quotas", 3, "missing_value:amount"),
        ("quotas", 4, "out_of_range:amount"),
        ("fx_rates", 2, "out_of_range:rate"),
        ("fx_rates", 3, "out_of_range:rate"),
        ("fx_rates", 4, "unknown_currency:to_currency"),
    ]
    assert look.rows(result, "fx_rates", "date", "rate") == [
        (dt.date(2026, 1, 1), 1.1),
        (dt.date(2026, 1, 5), 0.0000012345),
    ]


def test_every_reason_has_a_sentence():
    assert reason_sentence(reason("alias", "product")).startswith("product: ")
    for code in REASONS:
        assert reason_sentence(reason(code)) == REASONS[code]
    with pytest.raises(KeyError):
        reason("no_such_reason")
