"""What the head of a report says of the day that it stands at."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from salesops_lib.notebook import open_report


@pytest.fixture
def snapshot_as_of(make_snapshot, deal):
    def build(day, *, is_logged):
        tables = {"opportunities": [deal(1, "2026-01-01", "2026-12-31", "1.00")]}
        if is_logged:
            tables["opportunity_history"] = [{
                "opportunity_id": "D1", "changed_at": "2026-08-01 12:00:00", "field": "amount",
                "old_value": "2", "new_value": "1", "provenance": "exact",
            }]  # fmt: skip
        snapshot = make_snapshot(dt.date.fromisoformat(day), **tables)
        pointer = snapshot.path.parent / f"{day}.json"
        pointer.write_text(json.dumps({"id": snapshot.id}), encoding="utf-8")
        return snapshot

    return build


def head(snapshot, as_of, language="en"):
    cell = {
        "snapshot": str(snapshot.path), "as_of": as_of, "period": "2026-Q2", "scope": "company",
        "calendar": {}, "currency": {}, "language": language, "audience": "leadership",
    }  # fmt: skip
    return open_report(cell, name="review", title="Review").records()


def test_a_rebuilt_day_is_named_with_what_it_was_rebuilt_from(snapshot_as_of):
    values = head(snapshot_as_of("2026-09-30", is_logged=True), "2026-06-30")
    assert values["kicker"].endswith(
        "as of 30 June 2026, rebuilt from the snapshot of 30 September 2026"
    )
    assert (values["as_of"], values["snapshot"][:10]) == ("2026-06-30", "2026-09-30")


def test_a_snapshot_that_stands_in_says_for_which_day(snapshot_as_of):
    snapshot_as_of("2026-06-27", is_logged=False)
    values = head(snapshot_as_of("2026-09-30", is_logged=False), "2026-06-30")
    assert values["kicker"].endswith(
        "as of 27 June 2026, the snapshot in place of that of 30 June 2026"
    )
    assert (values["as_of"], values["snapshot"][:10]) == ("2026-06-27", "2026-06-27")


@pytest.mark.parametrize("as_of", ["", "2026-09-30"])
def test_the_snapshot_s_own_day_says_nothing_more(snapshot_as_of, as_of):
    values = head(snapshot_as_of("2026-09-30", is_logged=True), as_of)
    assert values["kicker"].endswith(" · as of 30 September 2026")
