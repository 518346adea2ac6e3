"""What a notebook opens and shows: parameters, head, figures, glossary."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from bs4 import BeautifulSoup

from salesops_lib import performance
from salesops_lib.errors import InputError, SalesOpsError
from salesops_lib.notebook import figure, glossary, open_report
from salesops_lib.results import MIME

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def snapshot(make_snapshot, deal):
    return make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-04-01", "2026-05-08", "20.00", won=True),
            deal(2, "2026-07-01", "2026-07-08", "10.00", won=True, owner="R2"),
            deal(3, "2026-07-01", "2026-07-09", "10.00", won=False, owner="R2"),
            deal(4, "2026-07-01", "2026-11-08", "15.00", stage="$x_1$ <b>"),
        ],
        reps=[{"rep_id": "R1", "name": "$\\frac{1}{2}$"}, {"rep_id": "R2", "name": "<svg/onload>"}],
        rep_assignments=[
            {"rep_id": "R1", "team": "<i>", "region": "../../x", "role": "rep"},
            {"rep_id": "R2", "team": "$$", "region": "../../x", "role": "rep"},
        ],
    )


def cell(snapshot, **changed):
    """Globals of a notebook after its parameters cell."""
    return {
        "snapshot": str(snapshot.path),
        "as_of": "2026-09-30",
        "period": "2026-Q3",
        "scope": "company",
        "calendar": {"year_starts": 1},
        "currency": {"reporting": "EUR", "rates": "close_date"},
        "language": "en",
        "In": ["other globals are ignored"],
    } | changed


def opened(snapshot, **changed):
    return open_report(cell(snapshot, **changed), name="review", title="Review")


def test_the_head_tells_scope_period_date_and_data(snapshot):
    values = opened(snapshot)._repr_mimebundle_()[MIME]
    assert values["kicker"] == (
        "Review · Company · 1 July to 30 September 2026 · as of 30 September 2026"
    )
    assert values["meta"][:3] == [
        "EUR at rates of the close dates",
        f"snapshot {snapshot.id}",
        "4 deals",
    ]
    assert values["meta"][-1] == "compared with 2026-Q2 and 2025-Q3"
    json.dumps(values, allow_nan=False)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"period": 2026}, "`period` is `2026`, but must be a text"),
        ({"period": "2026-Q5"}, "2026-Q5"),
        ({"period": "2027-Q1"}, "begins after the as-of date"),
        ({"as_of": "30.09.2026"}, "`as_of` is '30.09.2026', but must be a date"),
        ({"scope": "team"}, "`team` is no scope: write team:NAME"),
        ({"scope": "region:../../y"}, "no region `../../y` in 2026-Q3; did you mean `../../x`"),
        ({"calendar": {"year_start": 4}}, "did you mean `year_starts`"),
        ({"currency": {"reporting": "EURO"}}, "`EURO` is no currency code"),
        ({"language": "xx"}, "no catalogue for language `xx`"),
        ({"as_of": "2026-06-30"}, "holds no history of changes (opportunity_history)"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(snapshot, changed, sentence):
    with pytest.raises(InputError) as error:
        opened(snapshot, **changed).view.show.money(1)
    assert sentence in str(error.value)


def test_a_figure_has_title_alt_caption_and_numbers(snapshot):
    view = opened(snapshot).view
    shown = figure(performance.plot_open_pipeline, performance.open_pipeline(view))
    page = BeautifulSoup(shown._repr_mimebundle_()["text/html"], "html5lib")
    assert "is open in 1 deal" in page.select_one(".so-title").text
    svg = page.find("svg")
    assert svg["role"] == "img"
    assert "Largest: $x_1$ <b>" in page.find(id=svg["aria-labelledby"]).text
    assert "$x_1$ <b>" in [text.text.strip() for text in svg.find_all("text")]
    assert "Source: snapshot" in page.find("figcaption").text
    assert page.select("details table tbody tr")
    assert page.find("b") is None


def test_figures_are_the_same_bytes_and_share_no_ids(snapshot):
    view = opened(snapshot).view
    draw = [
        lambda: figure(performance.plot_bookings_trend, performance.bookings_trend(view)),
        lambda: figure(performance.plot_win_rate_trend, performance.win_rate_trend(view)),
        lambda: figure(
            performance.plot_bookings_movement, performance.bookings_movement(view, "rep")
        ),
    ]
    first = [each().svg for each in draw]
    assert first == [each().svg for each in draw]
    ids = [tag["id"] for svg in first for tag in BeautifulSoup(svg, "html5lib").find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert all("#1b2733" not in svg for svg in first), "ink is the page's variable"


def test_a_figure_without_alt_text_is_refused(snapshot):
    class Silent:
        headline = caption = "x"
        alt = ""

    with pytest.raises(SalesOpsError, match="no alternative text"):
        figure(performance.plot_open_pipeline, Silent())


def test_every_measure_of_the_scorecard_is_in_the_glossary(snapshot):
    view = opened(snapshot).view
    page = BeautifulSoup(
        glossary(performance.DEFINITIONS)._repr_mimebundle_()["text/html"], "html5lib"
    )
    anchors = {tag["id"] for tag in page.find_all(id=True)}
    html = performance.scorecard(view)._repr_mimebundle_()["text/html"]
    links = {link["href"].lstrip("#") for link in BeautifulSoup(html, "html5lib").find_all("a")}
    assert len(links) == 10
    assert links <= anchors
