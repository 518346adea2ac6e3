"""How a rebuilt state is known, and how far the log reaches, worked by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib import performance
from salesops_lib.data.view import open_view
from salesops_lib.notebook import figure

AS_OF, THEN = dt.date(2026, 9, 30), dt.date(2026, 6, 30)
STAGES = [
    {"stage": "Proposal", "order": 1, "is_closed": False, "is_won": False},
    {"stage": "Won", "order": 2, "is_closed": True, "is_won": True},
]


def change(deal, at, field, old, new, provenance="exact"):
    return {
        "opportunity_id": f"D{deal}", "changed_at": f"{at} 12:00:00", "field": field,
        "old_value": old, "new_value": new, "provenance": provenance,
    }  # fmt: skip


@pytest.fixture
def seen(make_snapshot, deal):
    def opened(deals, history, as_of=THEN, language="en"):
        snapshot = make_snapshot(
            AS_OF, opportunities=deals, opportunity_history=history, stages=STAGES
        )
        return open_view(snapshot.path, period="2026-Q2", as_of=as_of, language=language)

    return opened


@pytest.fixture
def cut_log(deal):
    """Deals since 2024, a log kept for 18 months, two closings that it lacks."""
    deals = [
        deal(1, "2024-01-15", "2024-03-10", "10.00", won=True, stage="Won"),
        deal(2, "2024-06-01", "2026-05-20", "20.00", won=True, stage="Won"),
        deal(3, "2025-02-01", "2026-12-31", "30.00", stage="Proposal"),
        deal(4, "2026-04-10", "2026-05-05", None, won=True, stage="Won"),
        deal(5, "2026-07-10", "2026-12-31", "50.00", stage="Proposal"),
    ]
    history = [
        change(2, "2025-03-30", "amount", "15", "20"),
        change(3, "2025-03-31", "stage", "New", "Proposal"),
        change(2, "2025-11-01", "close_date", "2025-12-31", "2026-06-30"),
        change(2, "2026-05-20", "stage", "Proposal", "Won"),
        change(2, "2026-05-20", "close_date", "2026-06-30", "2026-05-20"),
        change(3, "2026-08-01", "amount", "25", "30", "inferred"),
    ]
    return deals, history


def test_values_are_counted_by_how_they_are_known(seen, cut_log):
    state = performance.rebuilt_state(seen(*cut_log))
    counts = {row[0]: row[1:] for row in state.frame.itertuples(index=False, name=None)}
    assert state.deals == 4  # the fifth came later
    assert counts == {
        "amount": (2, 1, 1),  # the third's change is inferred, the fourth has none
        "close_date": (4, 0, 0),
        "is_closed": (2, 2, 0),  # two closings are not in the log
        "owner_id": (0, 4, 0),  # never logged
        "stage": (4, 0, 0),
    }
    assert "amount 2 / 1 / 1" in state.counts
    assert state.headline == (
        "4 deals are shown as they stood on 30 June 2026, rebuilt from the history of changes in "
        "the snapshot of 30 September 2026."
    )


def test_months_show_how_much_of_their_history_deals_have(seen, cut_log):
    coverage = performance.history_coverage(seen(*cut_log))
    # deals, whole, in part, without: the log of stage and amount begins in March 2025.
    assert {row.month: (row.deals, row.whole, row.part, row.none)
            for row in coverage.frame.itertuples()} == {
        **dict.fromkeys(("2024-01", "2024-02", "2024-03"), (1, 0, 0, 1)),
        **dict.fromkeys(("2024-04", "2024-05"), (0, 0, 0, 0)),
        **{f"2024-{n:02}": (1, 0, 0, 1) for n in range(6, 13)},
        "2025-01": (1, 0, 0, 1),
        "2025-02": (2, 0, 0, 2),
        **{f"2025-{n:02}": (2, 0, 2, 0) for n in range(3, 11)},
        "2025-11": (2, 2, 0, 0),
        "2025-12": (2, 2, 0, 0),
        **{f"2026-{n:02}": (2, 2, 0, 0) for n in range(1, 4)},
        "2026-04": (3, 2, 0, 1),
        "2026-05": (3, 2, 0, 1),
        "2026-06": (1, 1, 0, 0),
    }  # fmt: skip


def test_gaps_are_named(seen, cut_log):
    coverage = performance.history_coverage(seen(*cut_log))
    begins, later, never, silent, unlogged = coverage.gaps
    assert begins == (
        "The log begins on 30 March 2025, 18 months before the snapshot, which is how long "
        "Salesforce keeps it; the first deal is of 15 January 2024."
    )
    assert later == "The log of this field begins later, on 1 November 2025: close date."
    assert never == "The log holds no change of: owner."
    assert silent == (
        "In 15 months nothing was logged: 2025-04 – 2025-10; 2025-12 – 2026-04; "
        "2026-06 – 2026-07; and others."
    )
    assert unlogged == "2 closed deals have no closing in the log."
    notes = performance.data_quality(seen(*cut_log)).notes
    assert any(note.what.startswith("The log begins on 30 March 2025") for note in notes)
    assert any(note.consequence.endswith("Deals deleted since are not in it.") for note in notes)


def test_a_chart_shows_the_parts(seen, cut_log):
    coverage = performance.history_coverage(seen(*cut_log))
    axes = performance.plot_history_coverage(coverage)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["whole", "in part", "without history"]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert [sum(part) for part in zip(*heights, strict=True)] == coverage.frame["deals"].tolist()
    axes.figure.clear()
    shown = figure(performance.plot_history_coverage, coverage)._repr_mimebundle_()
    assert "of the bars" in shown["text/plain"]


def test_at_the_snapshot_s_own_day_there_is_nothing_of_it(seen, cut_log):
    view = seen(*cut_log, as_of=AS_OF)
    assert performance.rebuilt_state(view) is None
    assert performance.history_coverage(view) is None
    assert figure(performance.plot_history_coverage, None) is None
    texts = " ".join(note.what for note in performance.data_quality(view).notes)
    assert "rebuilt" not in texts
    assert "log" not in texts


def test_a_log_of_another_length_names_no_vendor(seen, deal):
    deals = [deal(1, "2024-01-15", "2026-12-31", "10.00", stage="Proposal")]
    view = seen(deals, [change(1, "2026-08-01", "amount", "5", "10")])
    assert performance.history_coverage(view).gaps[0] == (
        "The log begins on 1 August 2026; the first deal is of 15 January 2024."
    )


def test_a_whole_history_has_no_gap(seen, deal):
    deals = [deal(1, "2026-04-15", "2026-12-31", "10.00", stage="Proposal", owner=None)]
    days = ("2026-04-20", "2026-05-20", "2026-06-20", "2026-07-20", "2026-08-20", "2026-09-20")
    history = [change(1, day, "stage", "Proposal", "Proposal ") for day in days]
    history += [change(1, "2026-04-20", "amount", "1", "10"),
                change(1, "2026-04-21", "owner", "R1", None),
                change(1, "2026-04-22", "close_date", "2026-11-30", "2026-12-31")]  # fmt: skip
    coverage = performance.history_coverage(seen(deals, history))
    assert coverage.gaps == ()
    assert coverage.headline == "The history of changes is whole in all of the last 3 months"
