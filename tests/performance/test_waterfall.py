"""The pipeline waterfall: cases worked by hand, and random lives replayed in plain Python."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex

from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.plots import plot_pipeline_waterfall
from salesops_lib.performance.waterfall import pipeline_waterfall
from salesops_lib.theme import ACCENT, PAPER, SOFT

AS_OF = dt.date(2026, 9, 30)
START, END = dt.date(2026, 6, 30), dt.date(2026, 9, 29)
STAGES = [
    {"stage": "Open", "is_closed": False, "is_won": False},
    {"stage": "Won", "is_closed": True, "is_won": True},
    {"stage": "Lost", "is_closed": True, "is_won": False},
]
PEOPLE = {
    "reps": [{"rep_id": rep, "name": f"{rep} Smith"} for rep in ("R1", "R2")],
    "rep_assignments": [{"rep_id": "R1", "team": "A"}, {"rep_id": "R2", "team": "B"}],
}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def change(number, day, field, old, new):
    return {
        "opportunity_id": f"D{number}", "changed_at": f"{day} 10:00:00", "field": field,
        "old_value": old, "new_value": new, "provenance": "exact",
    }  # fmt: skip


@pytest.fixture
def waterfall(make_snapshot):
    """Waterfall of 2026-Q3 from rows of deals and changes."""
    made_before = {}

    def made(deals, history, method="endpoints", scope="company", language="en", **more):
        # A change of 2025, so that the log reaches back.
        early = [
            change(0, "2025-01-01", field, old, new)
            for field, old, new in (
                ("stage", "Open", "Lost"), ("amount", "1", "2"), ("owner", "R1", "R2"),
                ("close_date", "2025-02-01", "2025-02-02"),
            )
        ]  # fmt: skip
        tables = {"stages": STAGES, **PEOPLE, **more.pop("tables", {})}
        tables |= {"opportunities": deals, "opportunity_history": history + early}
        snapshot = made_before.get(repr(tables)) or make_snapshot(AS_OF, **tables)
        made_before[repr(tables)] = snapshot
        view = open_view(snapshot.path, period="2026-Q3", scope=scope, language=language)
        return pipeline_waterfall(view, more.pop("start", START), more.pop("end", END),
                                  method=method, **more)  # fmt: skip

    return made


def amounts(result):
    """Steps that are not 0, as text."""
    assert result.residual == Decimal("0.00")
    rows = zip(result.frame["step"], result.frame["amount"], strict=True)
    return {step: str(amount) for step, amount in rows if amount}


def test_every_way_in_and_out_has_its_step(waterfall, deal):
    def row(number, amount, close="2026-09-15", stage="Open", created="2026-01-01", **more):
        won = None if stage == "Open" else stage == "Won"
        return deal(number, created, close, amount, won=won, stage=stage, **more)

    deals = [
        row(1, "1.00"),
        row(2, "2.00", close="2026-12-01"),
        row(3, "4.00", close="2026-06-15"),
        row(4, "8.00"),
        row(5, "16.00"),
        row(6, "32.00"),
        row(7, "64.00", stage="Won", close="2026-08-01"),
        row(8, "128.00", stage="Lost", close="2026-08-01"),
        row(9, "256.00", created="2026-07-01"),
        row(10, "512.00", close=None),
        row(11, "1024.00", created="2026-09-30"),  # after the last day
    ]
    history = [
        change(2, "2026-07-02", "close_date", "2026-08-01", "2026-12-01"),
        change(3, "2026-07-02", "close_date", "2026-08-01", "2026-06-15"),
        change(4, "2026-07-02", "close_date", "2026-06-15", "2026-09-15"),
        change(5, "2026-07-02", "close_date", None, "2026-09-15"),
        change(6, "2026-07-02", "stage", "Lost", "Open"),
        change(7, "2026-08-01", "stage", "Open", "Won"),
        change(8, "2026-08-01", "stage", "Open", "Lost"),
        change(10, "2026-08-01", "close_date", "2026-08-30", None),
    ]
    expected = {
        "opening": "711.00", "new": "256.00", "reopened": "32.00", "pulled_in": "16.00",
        "pushed_in": "8.00", "pulled_out": "-4.00", "pushed_out": "-514.00", "lost": "-128.00",
        "won": "-64.00", "closing": "313.00",
    }  # fmt: skip
    for method in ("endpoints", "events"):
        result = waterfall(deals, history, method)
        assert amounts(result) == expected, method
        counts = dict(zip(result.frame["step"], result.frame["deals"], strict=True))
        assert (counts["opening"], counts["pushed_out"], counts["closing"]) == (6, 2, 5)
        assert result.bookings == Decimal("64.00")


def test_events_tell_what_the_ends_do_not_show(waterfall, deal):
    deals = [
        # 10, raised to 15, cut to 12.
        deal(1, "2026-01-01", "2026-09-15", "12.00", stage="Open"),
        # Made and won between the ends.
        deal(2, "2026-07-01", "2026-08-01", "20.00", stage="Won", won=True),
        # Made and won on one day.
        deal(3, "2026-07-05", "2026-07-05", "30.00", stage="Won", won=True),
        # Due in the next quarter and won in this one.
        deal(4, "2026-01-01", "2026-08-03", "40.00", stage="Won", won=True),
        # Pushed out and pulled back in.
        deal(5, "2026-01-01", "2026-09-15", "50.00", stage="Open"),
    ]
    history = [
        change(1, "2026-07-10", "amount", "10", "15"),
        change(1, "2026-07-20", "amount", "15", "12"),
        change(2, "2026-08-01", "stage", "Open", "Won"),
        change(4, "2026-08-03", "stage", "Open", "Won"),
        change(4, "2026-08-03", "close_date", "2026-11-01", "2026-08-03"),
        change(5, "2026-07-10", "close_date", "2026-09-15", "2026-10-15"),
        change(5, "2026-08-10", "close_date", "2026-10-15", "2026-09-15"),
    ]
    ends = waterfall(deals, history)
    assert amounts(ends) == {"opening": "60.00", "amount_up": "2.00", "closing": "62.00"}
    events = waterfall(deals, history, "events")
    assert amounts(events) == {
        "opening": "60.00", "new": "50.00", "pulled_in": "90.00", "amount_up": "5.00",
        "amount_down": "-3.00", "pushed_out": "-50.00", "won": "-90.00", "closing": "62.00",
    }  # fmt: skip
    assert events.bookings == Decimal("90.00")
    assert events.deals("won")["opportunity_id"].tolist() == ["D4", "D3", "D2"]
    assert events.deals("pulled_in")["day"].astype(str).tolist() == ["2026-08-10", "2026-08-03"]


def test_the_owner_comes_first_and_the_outcome_second(waterfall, deal):
    """A deal handed to team B and won there is no win of team A's, nor a loss of it."""
    deals = [
        deal(1, "2026-01-01", "2026-08-01", "10.00", stage="Won", won=True, owner="R2"),
        deal(2, "2026-01-01", "2026-12-01", "20.00", stage="Open", owner="R2"),
        deal(3, "2026-01-01", "2026-12-01", "40.00", stage="Lost", won=False, owner="R1"),
    ]
    history = [
        change(1, "2026-07-05", "owner", "R1", "R2"),
        change(1, "2026-08-01", "stage", "Open", "Won"),
        change(2, "2026-07-05", "owner", "R1", "R2"),
        change(2, "2026-07-06", "close_date", "2026-08-01", "2026-12-01"),
        change(3, "2026-08-01", "stage", "Open", "Lost"),
        change(3, "2026-08-01", "close_date", "2026-08-30", "2026-12-01"),
    ]
    for method in ("endpoints", "events"):
        assert amounts(waterfall(deals, history, method, "team:A")) == {
            "opening": "70.00", "owner_out": "-30.00", "lost": "-40.00",
        }  # fmt: skip
    assert amounts(waterfall(deals, history, "events", "team:B")) == {
        "owner_in": "30.00", "pushed_out": "-20.00", "won": "-10.00",
    }  # fmt: skip
    assert amounts(waterfall(deals, history, "endpoints", "team:B")) == {}


def test_a_rep_who_changes_teams_takes_the_deals_along(waterfall, deal):
    places = [
        {"rep_id": "R1", "team": "A", "effective_from": "2026-01-01"},
        {"rep_id": "R1", "team": "B", "effective_from": "2026-08-01"},
        {"rep_id": "R2", "team": "B"},
    ]
    deals = [deal(1, "2026-01-01", "2026-09-15", "10.00", stage="Open")]
    more = {"tables": {"rep_assignments": places}}
    for method in ("endpoints", "events"):
        left = waterfall(deals, [], method, "team:A", **more)
        assert amounts(left) == {"opening": "10.00", "owner_out": "-10.00"}
    came = waterfall(deals, [], "events", "team:B", **more)
    assert amounts(came) == {"owner_in": "10.00", "closing": "10.00"}
    assert came.deals("owner_in")["day"].astype(str).tolist() == ["2026-08-01"]


def test_a_category_can_be_looked_at_alone(waterfall, deal):
    deals = [
        deal(1, "2026-01-01", "2026-09-15", "10.00", stage="Open", forecast_category="commit"),
        deal(2, "2026-01-01", "2026-09-15", "20.00", stage="Open", forecast_category="pipeline"),
        deal(3, "2026-01-01", "2026-09-15", "40.00", stage="Open", forecast_category="best_case"),
    ]
    history = [
        change(1, "2026-07-05", "forecast_category", "pipeline", "commit"),
        change(2, "2026-07-05", "forecast_category", "commit", "pipeline"),
    ]
    for method in ("endpoints", "events"):
        assert amounts(waterfall(deals, history, method, categories=["commit"])) == {
            "opening": "20.00", "category_in": "10.00", "category_out": "-20.00",
            "closing": "10.00",
        }  # fmt: skip
        assert amounts(waterfall(deals, history, method)) == {
            "opening": "70.00", "closing": "70.00",
        }  # fmt: skip


def test_no_exchange_rate_moves_the_pipeline(waterfall, deal):
    rates = [
        {"date": day, "from_currency": "USD", "to_currency": "EUR", "rate": rate}
        for day, rate in (("2026-01-01", 2.0), ("2026-08-01", 0.333333))
    ]
    deals = [deal(1, "2026-01-01", "2026-09-15", "100.01", stage="Open", currency="USD")]
    history = [change(1, "2026-07-05", "amount", "50.05", "100.01")]
    for method in ("endpoints", "events"):
        result = waterfall(deals, history, method, tables={"fx_rates": rates})
        # 50.05 and 100.01 at 0.333333, to the cent.
        assert amounts(result) == {"opening": "16.68", "amount_up": "16.66", "closing": "33.34"}


def test_amounts_that_are_missing_count_as_nothing(waterfall, deal):
    deals = [deal(n, "2026-01-01", "2026-09-15", None, stage="Open") for n in (1, 2)]
    deals.append(deal(3, "2026-01-01", "2026-12-15", "5.00", stage="Open"))
    history = [
        change(1, "2026-07-05", "amount", "9", None),
        change(3, "2026-07-05", "close_date", "2026-08-01", "2026-12-15"),
    ]
    result = waterfall(deals, history)
    assert amounts(result) == {"opening": "14.00", "amount_down": "-9.00", "pushed_out": "-5.00"}
    assert result.headline == (
        "2 deals are in the pipeline for 2026-Q3 on 29 September 2026, 3 on 30 June 2026; 60% of "
        "the open deals have no amount."
    )
    assert result.bars["after"].tolist() == [3, 3, 3, 3, 3, 2, 2, 2, 2]
    ax = plot_pipeline_waterfall(result)
    assert {"Open deals", "−1", "3"} <= {text.get_text() for text in ax.texts}


@pytest.fixture
def plain(waterfall, deal):
    """10 at first; 5 new, 4 lost: 11 at last."""
    deals = [
        deal(1, "2026-01-01", "2026-09-15", "6.00", stage="Open", name="<b>Acme</b>"),
        deal(2, "2026-07-05", "2026-09-15", "5.00", stage="Open", name="=cmd()"),
        deal(3, "2026-01-01", "2026-09-15", "4.00", stage="Lost", won=False),
    ]
    history = [change(3, "2026-08-15", "stage", "Open", "Lost")]
    return waterfall(deals, history)


def test_the_result_says_what_it_shows(plain):
    assert plain.headline == (
        "The pipeline for 2026-Q3 went from €10.00 on 30 June 2026 to €11.00 on 29 September 2026. "
        "Largest moves: New +€5.00 and Lost −€4.00."
    )
    assert plain.alt.startswith("Waterfall chart of the pipeline of the company for 2026-Q3: Open,")
    assert plain.alt.count("Lost −€4.00") == 1
    assert "29 September 2026 compared with 30 June 2026" in plain.caption
    assert plain.view.snapshot.id in plain.caption
    cells = {row[0].text: row[2].text for row in plain.grid.rows}
    assert (cells["New"], cells["Lost"], cells["Won"]) == ("5.00", "−4.00", "0.00")
    records = plain.records()
    assert (records["residual"], records["bookings"], records["method"]) == (0.0, 0.0, "endpoints")
    assert [row["after"] for row in records["rows"]][-1] == 11.0
    assert plain.drawn.prior == "30 June 2026"


def test_bars_hang_between_the_levels(plain):
    ax = plot_pipeline_waterfall(plain)
    bars = [
        (bar.get_x(), round(bar.get_x() + bar.get_width(), 2), to_hex(bar.get_facecolor()))
        for bar in ax.patches
        if bar.get_width()
    ]
    assert bars == [(0, 10, ACCENT), (10, 15, SOFT), (11, 15, PAPER), (0, 11, ACCENT)]
    assert [label.get_text() for label in ax.get_yticklabels()][1] == "New"
    assert {"+€5.00", "−€4.00", "Open amount, EUR"} <= {text.get_text() for text in ax.texts}


def test_a_pipeline_that_nothing_moves(waterfall, deal):
    still = waterfall([deal(1, "2026-01-01", "2026-09-15", "6.00", stage="Open")], [])
    assert still.headline.endswith("nothing moved it.")
    empty = waterfall([deal(1, "2026-01-01", "2027-09-15", "6.00", stage="Open")], [], "events")
    assert amounts(empty) == {}
    plot_pipeline_waterfall(empty)


def test_without_a_history_there_is_no_waterfall(make_snapshot, deal):
    snapshot = make_snapshot(AS_OF, opportunities=[deal(1, "2026-01-01", "2026-09-15", "6.00")])
    result = pipeline_waterfall(open_view(snapshot.path, period="2026-Q3"))
    assert result.headline == (
        "Pipeline waterfall for 2026-Q3: not computable: the export holds no history of changes."
    )
    assert result.records()["rows"] == []
    assert (len(result.frame), len(result.grid.rows), result.residual) == (0, 0, Decimal("0.00"))
    assert result.caption
    assert result.alt
    plot_pipeline_waterfall(result)


def test_the_days_default_to_the_report_s_period(make_snapshot, deal):
    deals = [deal(1, "2026-01-01", "2026-08-15", "6.00", stage="Open")]
    history = [change(1, "2026-02-01", "amount", "5", "6")]
    snapshot = make_snapshot(AS_OF, opportunities=deals, opportunity_history=history, stages=STAGES)
    past = pipeline_waterfall(open_view(snapshot.path, period="2026-Q1"))
    assert (past.start, past.end) == (dt.date(2025, 12, 31), dt.date(2026, 3, 31))
    year = pipeline_waterfall(open_view(snapshot.path, period="FY2026"))
    assert (year.end, year.target.label) == (AS_OF, "FY2026")
    assert amounts(year) == {"new": "6.00", "closing": "6.00"}


@pytest.mark.parametrize(("more", "sentence"), [
    ({"start": END, "end": START}, "begins on 2026-09-29 and must end later, not on 2026-06-30"),
    ({"end": dt.date(2026, 10, 1)}, "stands at 2026-09-30: the waterfall cannot end on 2026-10-01"),
    ({"method": "event"}, "no method `event`; did you mean `events`?"),
    ({"categories": ["comit"]}, "no forecast category `comit`; did you mean `commit`?"),
])  # fmt: skip
def test_wrong_wishes_are_one_sentence(waterfall, deal, more, sentence):
    with pytest.raises(InputError, match=sentence.replace("?", r"\?")):
        waterfall([deal(1, "2026-01-01", "2026-09-15", "6.00")], [], **more)


def test_a_rep_s_waterfall_names_nobody_else(waterfall, deal):
    deals = [deal(1, "2026-01-01", "2026-09-15", "10.00", stage="Open", owner="R2"),
             deal(2, "2026-01-01", "2026-09-15", "7.00", stage="Open", owner="R2")]  # fmt: skip
    history = [change(1, "2026-07-05", "owner", "R1", "R2")]
    result = waterfall(deals, history, "events", "rep:R1")
    assert amounts(result) == {"opening": "10.00", "owner_out": "-10.00"}
    assert "R2" not in result.moves.to_csv() + str(result.records()) + result.alt


def test_inferred_states_are_counted(waterfall, deal):
    deals = [deal(1, "2026-01-01", "2026-09-15", "6.00", stage="Open")]
    guess = change(1, "2026-07-05", "amount", "5", "6") | {"provenance": "inferred"}
    result = waterfall(deals, [guess])
    assert result.unsure == 1
    assert "inferred values: 1 of 1" in result.caption
