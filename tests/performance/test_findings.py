"""Findings, notes, people and trends: sentences that the data carry, and no others."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib import performance
from salesops_lib.data.view import open_view

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def honest(make_snapshot, deal):
    """Two reps, quotas, a fall against the prior quarter; hostile names."""
    deals = [
        *(deal(n, "2026-04-01", "2026-05-15", "100.00", won=n % 2 == 0) for n in range(24)),
        *(deal(n, "2026-07-01", "2026-08-15", "100.00", won=n % 4 == 0) for n in range(24, 44)),
    ]
    deals.append(deal(50, "2025-07-01", "2025-07-15", "400.00", won=True, owner="R2"))
    deals.append(deal(51, "2026-07-01", "2026-08-01", "70.00", owner="R2"))
    return make_snapshot(
        AS_OF,
        opportunities=deals,
        reps=[
            {"rep_id": "R1", "name": "<script>alert(1)</script>"},
            {"rep_id": "R2", "name": "'; DROP TABLE reps; --"},
        ],
        rep_assignments=[
            {"rep_id": rep, "team": team, "region": "../../x", "role": "rep"}
            for rep, team in (("R1", "Δ & <b>"), ("R2", "فريق"))
        ],
        quotas=[
            {
                "rep_id": "R1",
                "measure": "bookings",
                "period_start": "2026-07-01",
                "period_end": "2026-09-30",
                "amount": "1000.00",
            }
        ],
    )


def html_of(result) -> str:
    return result._repr_mimebundle_()["text/html"]


def test_findings_carry_number_direction_and_comparison(honest):
    found = performance.findings(open_view(honest.path, period="2026-Q3"))
    assert found.headline == "The company booked €500 in 2026-Q3, 50% below quota"
    first = found.findings[0]
    assert first.text == "Bookings were €500, 58.3% below 2026-Q2 and 25.0% above 2025-Q3."
    assert first.tone == "bad"
    assert first.values == {
        "bookings": 500.0,
        "prior": pytest.approx(-7 / 12),
        "last_year": pytest.approx(0.25),
    }
    texts = [finding.text.replace("\xa0", " ") for finding in found.findings]
    assert "Attainment is 50.0%, 50.0 pp below quota." in texts
    assert 3 <= len(found.findings) <= 7
    assert all(any(sign.isdigit() for sign in text) for text in texts)


def test_a_win_rate_that_chance_explains_is_said_to_be_that(honest):
    found = performance.findings(open_view(honest.path, period="2026-Q3"))
    rate = next(finding for finding in found.findings if "closed deals were won" in finding.text)
    # 5 of 20 against 12 of 24.
    assert (
        "25.0% of 20 closed deals were won (closed win rate, −25.0\xa0pp on 2026-Q2)" in rate.text
    )
    assert rate.action == "The change is within what chance explains."
    assert rate.tone == "flat"


def test_findings_without_quotas_say_nothing_of_attainment(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF, opportunities=[deal(1, "2026-07-01", "2026-07-08", "10.00", won=True)]
    )
    view = open_view(snapshot.path, period="2026-Q3")
    found = performance.findings(view)
    assert not any("ttainment" in finding.text for finding in found.findings)
    notes = [note.what for note in performance.data_quality(view).notes]
    assert "This export has no quotas." in notes
    assert "This export has no teams." in notes
    card = performance.scorecard(view)["attainment"].value()
    assert (card.number, card.reason) == (None, "this export has no quotas")


def test_notes_tell_truncation_missing_values_and_future_wins(make_snapshot, deal):
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-07-01", "2026-08-20", "10.00", won=True),
            deal(2, "2026-07-01", "2026-08-21", "0.00", won=False),
            deal(3, "2026-07-01", "2026-10-21", "7.00", won=True),
            deal(4, "2026-09-01", "2026-08-22", None, won=True),
        ],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    notes = {note.what: note for note in performance.data_quality(view).notes}
    truncated = "2026-Q3 is truncated: the extract's first closed deal is of 20 August 2026."
    assert truncated in notes
    assert "artefact" in notes[truncated].consequence
    assert "1 of 1 lost deals have no amount (100%)." in notes
    assert "1 deal is won with a date after 30 September 2026." in notes
    assert "1 won deal was created after it closed." in notes
    assert "Won deals without an amount: 1; with a negative one: 0." in notes


def test_the_rep_table_has_n_and_intervals_and_everyone_in_force(honest):
    table = performance.people(open_view(honest.path, period="2026-Q3"))
    assert list(table.frame["rep_id"]) == ["R1", "R2"]
    first, second = table.frame.iloc[0], table.frame.iloc[1]
    assert first["attainment"] == pytest.approx(0.5)
    assert first["attainment_low"] < 0.5 < first["attainment_high"]
    assert (first["won"], first["closed"]) == (5, 20)
    assert second["bookings"] == 0
    assert second["attainment"] != second["attainment"]


def test_hostile_names_stay_text_in_every_fragment(honest):
    view = open_view(honest.path, period="2026-Q3")
    page = "".join(
        html_of(result)
        for result in (
            performance.findings(view),
            performance.people(view),
            performance.breakdown(view, "team"),
            performance.breakdown(view, "rep"),
            performance.bookings(view, "rep"),
        )
    )
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&#39;; DROP TABLE reps; --" in page
    assert "فريق" in page


def test_the_trend_has_eight_periods_and_says_where_the_extract_begins(honest):
    trend = performance.trend(open_view(honest.path, period="2026-Q3"))
    frame = trend.frame.set_index("period")
    assert next(iter(frame.index)) == "2024-Q4"
    assert len(frame) == 8
    assert frame.loc["2024-Q4", "bookings"] != frame.loc["2024-Q4", "bookings"]
    assert frame.loc["2025-Q3", "bookings"] == 400
    assert frame.loc["2025-Q4", "bookings"] == 0
    assert "before the extract" in frame.loc["2024-Q4", "note"]
    assert frame.loc["2026-Q2", ["won", "lost"]].to_list() == [12, 12]


def test_breakdown_shows_each_measure_with_its_changes(honest):
    table = performance.breakdown(open_view(honest.path, period="2026-Q3"), "team")
    names = [name for name, _ in table.grid.headers]
    assert names[:3] == ["Team", "Bookings, EUR", "Attainment"]
    row = table.grid.rows[0]
    assert row[0].text == "Δ & <b>"
    assert row[1].text == "500"
    assert row[1].below == "−58.3%\n–"


def test_the_heads_of_a_breakdown_link_to_their_definitions(honest):
    page = html_of(performance.breakdown(open_view(honest.path, period="2026-Q3"), "team"))
    assert '<a href="#def-bookings">Bookings, EUR</a>' in page
    assert '<a href="#def-win_rate">Win rate</a>' in page
    people = html_of(performance.people(open_view(honest.path, period="2026-Q3")))
    assert '<a href="#def-bookings">Bookings, EUR</a>' in people
    assert '<a href="#def-attainment">Attainment</a>' in people
