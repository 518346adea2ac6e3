"""Rows of one key: merged when they agree, quarantined when not, added up when declared."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

HEAD = "limits: {quarantined: 1}"
HEADER = "Id,Amount,Created,Close,Stage\n"


def test_identical_rows_become_one(company, look):
    row = "D1,5,2026-01-05,2026-03-31,Won\n"
    result = company.deals(HEADER + row + "D2,6,2026-01-05,,Open\n" + row + row)
    assert look.rows(result, "opportunities", "opportunity_id", "amount") == [
        ("D1", Decimal("5.00")),
        ("D2", Decimal("6.00")),
    ]
    assert look.counts(result, "repaired") == {"identical_row": 2}
    columns = ["read", "merged", "kept", "repaired", "quarantined"]
    assert result.frame.loc[0, columns].tolist() == [4, 2, 2, 0, 0]


def test_rows_that_differ_are_all_quarantined(company, look):
    text = (
        HEADER
        + "D1,5,2026-01-05,2026-03-31,Won\nD2,6,2026-01-05,,Open\nD1,5.5,2026-01-05,,Open\n"
        + "D1,5,2026-01-05,2026-03-31,Won\n"
    )
    result = company.deals(text, head=HEAD)
    assert [r[0] for r in look.rows(result, "opportunities", "opportunity_id")] == ["D2"]
    detail = (
        'opportunity_id "D1" stands on 3 rows that differ in '
        "amount, close_date, stage, is_closed, is_won"
    )
    assert look.quarantine(result, "source_row", "reason", "detail") == [
        (1, "conflicting_rows", detail),
        (3, "conflicting_rows", detail),
        (4, "conflicting_rows", detail),
    ]


def test_an_empty_cell_differs_from_a_filled_one(company, look):
    text = HEADER + "D1,5,2026-01-05,,Open\nD1,,2026-01-05,,Open\nD2,1,2026-01-05,,Open\n"
    result = company.deals(text, head=HEAD)
    assert {r[0] for r in look.quarantine(result, "reason")} == {"conflicting_rows"}


def test_a_good_row_is_not_trusted_beside_a_bad_one_of_its_key(company, look):
    text = HEADER + "D1,5,2026-01-05,,Open\nD1,x,2026-01-05,,Open\nD2,1,2026-01-05,,Open\n"
    result = company.deals(text, head=HEAD)
    assert look.quarantine(result, "source_row", "reason") == [
        (1, "conflicting_rows"),
        (2, "unreadable_number:amount"),
    ]


def test_two_copies_of_a_bad_row_are_bad_for_their_own_reason(company, look):
    text = HEADER + "D1,x,2026-01-05,,Open\n" * 2 + "D2,1,2026-01-05,,Open\n"
    result = company.deals(text, head=HEAD)
    assert look.counts(result, "quarantined") == {"unreadable_number:amount": 2}


TEAM = "Agent,Manager,Office\nAnn,Max,East\nBob,Max,East\nMax,Eve,East\nCid,Eve,West\n"


def test_blocks_are_put_below_each_other_and_agree_on_what_both_supply(company, look):
    company.write("team.csv", TEAM)
    company.write("mail.csv", "Who,Mail\nAnn,ann@example.com\nMax,max@example.com\n")
    company.map(
        tables="""\
  reps:
    - {file: team.csv, columns: {rep_id: Agent, name: Agent}}
    - {file: team.csv, group: {}, columns: {rep_id: Manager, name: Manager}}
    - {file: mail.csv, columns: {rep_id: Who, email: Mail}}
"""
    )
    result = company.ingest()
    assert look.rows(result, "reps", "rep_id", "name", "email") == [
        ("Ann", "Ann", "ann@example.com"),
        ("Bob", "Bob", None),
        ("Cid", "Cid", None),
        ("Eve", "Eve", None),
        ("Max", "Max", "max@example.com"),
    ]
    # Four agents, four mentions of two managers, two addresses; five people.
    assert look.counts(result, "repaired", "reps") == {"grouped_row": 2, "identical_row": 3}
    frame = result.frame.set_index("table").loc["reps"]
    assert (frame["read"], frame["merged"], frame["kept"]) == (10, 5, 5)


LINES = """\
Order,Day,Rep,Item,Amount
O1,2026-03-01,R1,Pen,0.10
O1,2026-03-01,R1,Ink,0.20
O2,2026-03-02,R2,Pen,0.004
O2,2026-03-02,R2,Pen,0.004
O3,2026-03-03,R2,Pen,7
O3,2026-03-04,R2,Pen,
O4,2026-03-05,R1,Pen,1.50
O4,2026-03-05,R1,Ink,one
O4,2026-03-05,R1,Ink,2.50
,2026-03-06,R1,Ink,2.50
"""
ORDERS = """\
version: 1
name: orders
limits: {quarantined: 1}
tables:
  opportunities:
    file: lines.csv
    group: {sum: [amount]}
    columns:
      opportunity_id: Order
      owner_id: Rep
      product: Item
      amount: Amount
      currency: {constant: EUR}
      close_date: Day
      is_closed: {constant: true}
      is_won: {constant: true}
"""


def test_lines_are_added_up_before_they_are_rounded(company, look):
    company.write("lines.csv", LINES)
    company.map_as(ORDERS)
    result = company.ingest()
    columns = ["opportunity_id", "owner_id", "product", "amount", "close_date"]
    assert look.rows(result, "opportunities", *columns) == [
        ("O1", "R1", None, Decimal("0.30"), dt.date(2026, 3, 1)),
        # Two lines of 0.004: 0.008, which rounds to 0.01; each alone would round to 0.
        ("O2", "R2", "Pen", Decimal("0.01"), dt.date(2026, 3, 2)),
    ]
    assert look.counts(result, "repaired") == {
        "disagreement:product": 1,
        "grouped_row": 2,
        "rounded:amount": 1,
    }


def test_a_group_with_a_bad_line_is_quarantined_whole(company, look):
    company.write("lines.csv", LINES)
    company.map_as(ORDERS)
    result = company.ingest()
    assert look.quarantine(result, "source_row", "reason") == [
        # O3: its lines disagree on the day, so a closed deal has no close date.
        (5, "closed_without_close_date"),
        (6, "closed_without_close_date"),
        (7, "incomplete_group"),
        (8, "unreadable_number:amount"),
        (9, "incomplete_group"),
        (10, "missing_value:opportunity_id"),
    ]
    columns = ["read", "skipped", "merged", "kept", "quarantined"]
    assert result.frame.loc[0, columns].tolist() == [10, 0, 2, 2, 6]


def test_a_sum_with_a_part_missing_is_empty(company, look):
    company.write("lines.csv", LINES.replace("2026-03-04", "2026-03-03"))
    company.map_as(ORDERS)
    result = company.ingest()
    assert ("O3", None) in look.rows(result, "opportunities", "opportunity_id", "amount")
    assert look.counts(result, "repaired")["disagreement:amount"] == 1


def test_tables_without_a_key_keep_repeated_rows(company, look):
    company.write("calls.csv", "Rep,At\nR1,2026-03-01 10:00:00\nR1,2026-03-01 10:00:00\n")
    company.map(
        tables="  activities:\n    file: calls.csv\n"
        "    columns: {rep_id: Rep, at: At, kind: {constant: call}}\n"
    )
    result = company.ingest()
    moment = dt.datetime.fromisoformat("2026-03-01T10:00:00")
    assert look.rows(result, "activities", "rep_id", "kind", "at") == [("R1", "call", moment)] * 2
