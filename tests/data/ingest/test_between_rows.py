"""Rules between rows: assignments may not overlap, revenue shares add up to 1."""

from __future__ import annotations

import datetime as dt

HEAD = "limits: {quarantined: 1}"


def assignments(company, text, columns):
    company.write("team.csv", text)
    company.map(
        head=HEAD,
        tables="  rep_assignments:\n    file: team.csv\n"
        f"    columns: {{rep_id: Rep, team: Team, {columns}}}\n",
    )
    return company.ingest()


def test_an_assignment_that_overlaps_an_earlier_one_is_quarantined(company, look):
    text = """\
Rep,Team,From,To
R1,A,2026-01-01,2026-03-31
R1,B,2026-03-31,2026-05-31
R1,C,2026-05-01,2026-06-30
R2,A,,2026-03-31
R2,B,2026-04-01,
R2,C,2026-07-01,
R3,A,2026-01-01,2026-01-31
R3,B,2026-02-01,2026-02-28
R4,A,2026-03-01,2026-02-01
"""
    result = assignments(company, text, "effective_from: From, effective_to: To")
    assert look.quarantine(result, "source_row", "reason", "detail") == [
        (
            2,
            "overlapping_assignment",
            (
                'rep_id "R1" has an assignment from 2026-03-31 '
                "although an earlier one runs until 2026-03-31"
            ),
        ),
        (
            6,
            "overlapping_assignment",
            (
                'rep_id "R2" has an assignment from 2026-07-01 '
                "although an earlier one runs until 9999-12-31"
            ),
        ),
        (9, "ends_before_start", 'from "2026-03-01" to "2026-02-01" ends before it starts'),
    ]
    # C of R1 overlaps only B, which is out.
    assert [row[:2] for row in look.rows(result, "rep_assignments", "rep_id", "team")] == [
        ("R1", "A"),
        ("R1", "C"),
        ("R2", "B"),
        ("R2", "A"),
        ("R3", "A"),
        ("R3", "B"),
    ]


def test_without_end_dates_each_assignment_ends_before_the_next(company, look):
    text = "Rep,Team,From\nR1,B,2026-03-01\nR1,A,\nR1,C,2026-07-01\nR2,A,2026-01-01\n"
    result = assignments(company, text, "effective_from: From")
    columns = ["rep_id", "team", "effective_from", "effective_to"]
    assert look.rows(result, "rep_assignments", *columns) == [
        ("R1", "B", dt.date(2026, 3, 1), dt.date(2026, 6, 30)),
        ("R1", "C", dt.date(2026, 7, 1), None),
        ("R1", "A", None, dt.date(2026, 2, 28)),
        ("R2", "A", dt.date(2026, 1, 1), None),
    ]
    assert look.counts(result, "repaired", "rep_assignments") == {"end_set:effective_to": 2}


def test_a_team_sheet_without_dates_holds_one_row_per_person(company, look):
    company.write("team.csv", "Rep,Team\nR1,A\nR2,A\nR1,B\n")
    company.map(
        head=HEAD,
        tables="  rep_assignments:\n    file: team.csv\n    columns: {rep_id: Rep, team: Team}\n",
    )
    result = company.ingest()
    assert look.rows(result, "rep_assignments", "rep_id", "effective_from") == [("R2", None)]
    assert look.counts(result, "quarantined", "rep_assignments") == {"conflicting_rows": 2}


def test_shares_that_do_not_add_up_are_quarantined_and_the_deal_stays(company, look):
    company.write(
        "splits.csv",
        """\
Deal,Rep,Share,Kind
D1,R1,50,revenue
D1,R2,50,revenue
D1,R3,100,overlay
D2,R1,60,revenue
D2,R2,30,revenue
D2,R3,25,overlay
D3,R1,33.333,revenue
D3,R2,33.333,revenue
D3,R3,33.333,revenue
D3,R3,33.333,revenue
D4,R1,50,revenue
D4,R1,50,revenue
""",
    )
    company.map(
        head=HEAD,
        tables="""\
  opportunity_splits:
    file: splits.csv
    columns:
      opportunity_id: Deal
      rep_id: Rep
      share: {from: Share, scale: 0.01}
      kind: Kind
""",
    )
    result = company.ingest()
    sums = 'the revenue shares of opportunity_id "{}" add up to {}'
    assert look.quarantine(result, "source_row", "reason", "detail") == [
        (4, "shares_not_one", sums.format("D2", "0.9")),
        (5, "shares_not_one", sums.format("D2", "0.9")),
        # Both copies of a row that is out are in the quarantine.
        (11, "shares_not_one", sums.format("D4", "0.5")),
        (12, "shares_not_one", sums.format("D4", "0.5")),
    ]
    assert len(look.rows(result, "opportunities")) == 3
    assert look.counts(result, "noted", "opportunity_splits") == {}
    frame = result.frame.set_index("table").loc["opportunity_splits"]
    columns = ["read", "merged", "kept", "quarantined"]
    assert frame[columns].tolist() == [12, 1, 7, 4]
