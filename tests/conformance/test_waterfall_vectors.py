"""Worked pipeline waterfalls, by the categories that commercial suites publish.

Example K15: categories of Gong's pipeline waterfall (help.gong.io, article
7251552457101), with figures made for it. Open deals due in Q4 2025 whose owner is
in team T; exits count at the start's amount, entries at the end's, stayers by the
difference.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.waterfall import pipeline_waterfall

START, END = dt.date(2025, 9, 30), dt.date(2025, 12, 20)
CHANGED = "2025-11-10 09:00:00"

EXPECTED = {
    "opening": "830", "amount_up": "60", "amount_down": "-30", "pushed_out": "-210",
    "pulled_in": "90", "won": "-70", "lost": "-60", "new": "110", "owner_out": "-40",
    "owner_in": "55", "closing": "735",
}  # fmt: skip


def example():
    """Deals as they stand at the end, and the changes that led there."""

    def deal(key, amount, close="2025-12-30", owner="R1", stage="Open", created="2025-07-01"):
        return {
            "opportunity_id": key, "amount": amount, "close_date": close, "owner_id": owner,
            "stage": stage, "is_closed": stage != "Open", "is_won": stage == "Won",
            "created_date": created,
        }  # fmt: skip

    def change(key, field, old, new):
        return {"opportunity_id": key, "changed_at": CHANGED, "field": field,
                "old_value": old, "new_value": new, "provenance": "exact"}  # fmt: skip

    deals = [
        deal("A", "100"),
        deal("B", "260"),
        deal("C", "120"),
        deal("D", "80", close="2026-02-01"),
        deal("E", "90"),
        deal("F", "75", close="2025-11-10", stage="Won"),
        deal("G", "60", close="2025-11-10", stage="Lost"),
        deal("H", "110", created="2025-10-15"),
        deal("I", "40", owner="R9"),
        deal("J", "55", owner="R3"),  # R3 joins the team, and brings the deal along
        deal("K", "150", close="2026-02-01"),
    ]
    history = [
        change("B", "amount", "200", "260"),
        change("C", "amount", "150", "120"),
        change("D", "close_date", "2025-12-30", "2026-02-01"),
        change("E", "close_date", "2026-01-20", "2025-12-30"),
        change("F", "stage", "Open", "Won"),
        change("F", "amount", "70", "75"),
        change("F", "close_date", "2025-12-30", "2025-11-10"),
        change("G", "stage", "Open", "Lost"),
        change("G", "close_date", "2025-12-30", "2025-11-10"),
        change("I", "owner", "R1", "R9"),
        change("K", "close_date", "2025-12-30", "2026-02-01"),
        change("K", "amount", "130", "150"),
    ]
    return {
        "opportunities": deals,
        "opportunity_history": history,
        "stages": [
            {"stage": "Open", "is_closed": False, "is_won": False},
            {"stage": "Won", "is_closed": True, "is_won": True},
            {"stage": "Lost", "is_closed": True, "is_won": False},
        ],
        "reps": [{"rep_id": rep, "name": rep} for rep in ("R1", "R3", "R9")],
        "rep_assignments": [
            {"rep_id": "R1", "team": "T"},
            {"rep_id": "R9", "team": "U"},
            {"rep_id": "R3", "team": "U", "effective_from": "2025-01-01"},
            {"rep_id": "R3", "team": "T", "effective_from": "2025-11-01"},
        ],
    }


@pytest.mark.parametrize("method", ["endpoints", "events"])
def test_k15_gong_s_categories(make_snapshot, method):
    """Every deal changes on one day here, so that both methods give the published figures."""
    snapshot = make_snapshot(END, **example())
    view = open_view(snapshot.path, period="2025-Q4", scope="team:T")
    result = pipeline_waterfall(view, START, END, method=method)
    found = dict(zip(result.frame["step"], result.frame["amount"], strict=True))
    assert {step: amount for step, amount in found.items() if amount} == {
        step: Decimal(amount) for step, amount in EXPECTED.items()
    }
    assert result.residual == Decimal("0.00")
    assert result.bookings == Decimal("75")
    assert result.deals("pushed_out")["opportunity_id"].tolist() == ["K", "D"]
