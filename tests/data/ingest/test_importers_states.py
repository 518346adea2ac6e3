"""A history of states: its changes, put one after the other, give the states again."""

from __future__ import annotations

import datetime as dt
import random

from salesops_lib.data.ingest import ingest_folder

MAPPING = """\
version: 1
name: states
tables:
  opportunities:
    file: deals.csv
    columns: {opportunity_id: id, is_closed: {constant: false}, is_won: {constant: false}}
  opportunity_history:
    file: "h*.csv"
    states: {stage: s, amount: a, close_date: c}
    columns: {opportunity_id: id, changed_at: at, provenance: {constant: exact}}
"""


def test_changes_replay_the_states(tmp_path, look):
    chance = random.Random(7)  # noqa: S311 - no secret
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows, last, lines = [], {}, {"s": 0, "a": 0, "c": 0}
    for deal in range(40):
        before = {"s": "", "a": "", "c": ""}
        for step in range(chance.randrange(1, 9)):
            now = {
                "s": chance.choice(["A", "B", "C"]),
                "a": chance.choice(["", "1.50", "20.00"]),
                "c": chance.choice(["", "2026-12-31", "2026-11-30"]),
            }
            at = f"{start + dt.timedelta(hours=deal + 7 * step):%Y-%m-%d %H:%M:%S}"
            rows.append(f"D{deal},{at},{now['s']},{now['a']},{now['c']}")
            for name in now:
                lines[name] += now[name] != before[name]
            before = now
        last |= {(f"D{deal}", "s"): before["s"], (f"D{deal}", "a"): before["a"]}
        last[f"D{deal}", "c"] = before["c"]
    chance.shuffle(rows)
    folder = tmp_path / "export"
    folder.mkdir()
    head = "id,at,s,a,c\n"
    (folder / "h1.csv").write_text(head + "\n".join(rows[:30]))
    (folder / "h2.csv").write_text(head + "\n".join(rows[30:]))
    (folder / "deals.csv").write_text("id\n" + "\n".join(f"D{deal}" for deal in range(40)))
    mapping = tmp_path / "m.yaml"
    mapping.write_text(MAPPING)
    result = ingest_folder(folder, mapping, dt.date(2026, 9, 30), tmp_path / "store")
    columns = ("opportunity_id", "changed_at", "field", "old_value", "new_value")
    replayed: dict[tuple[str, str], str | None] = {}
    short = {"stage": "s", "amount": "a", "close_date": "c"}
    counted = {"s": 0, "a": 0, "c": 0}
    for deal, _, field, old, new in sorted(
        look.rows(result, "opportunity_history", *columns), key=lambda row: row[1]
    ):
        key = deal, short[field]
        assert replayed.get(key) == old
        replayed[key] = new
        counted[short[field]] += 1
    assert counted == lines
    assert {key: replayed.get(key) or "" for key in last} == last
    row = result.frame.set_index("table").loc["opportunity_history"]
    assert (row["read"], row["kept"]) == (3 * len(rows), sum(lines.values()))
    assert row["merged"] == 3 * len(rows) - sum(lines.values())


def test_rows_of_one_moment_follow_each_other_as_in_the_file(tmp_path, look):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "deals.csv").write_text("id\nD1\n")
    at = "2026-01-05 10:00:00"
    (folder / "h.csv").write_text(
        f"id,at,s,a,c\nD1,{at},Talk,,\nD1,{at},Offer,,\nD1,{at},Deal,bad,\n"
    )
    mapping = tmp_path / "m.yaml"
    mapping.write_text(MAPPING + "limits: {quarantined: 0.5}\n")
    result = ingest_folder(folder, mapping, dt.date(2026, 9, 30), tmp_path / "store")
    columns = ("field", "old_value", "new_value")
    assert set(look.rows(result, "opportunity_history", *columns)) == {
        ("stage", None, "Talk"),
        ("stage", "Talk", "Offer"),
        ("stage", "Offer", "Deal"),
    }
    # A state that cannot be read leaves with its reason; the other fields of its row stay.
    assert look.quarantine(result, "source_file", "source_row", "reason") == [
        ("h.csv", 3, "unreadable_number:new_value")
    ]
