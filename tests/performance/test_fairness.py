"""Reps compared fairly: mix worked by hand, small numbers, nobody's figures for a rep."""

from __future__ import annotations

import datetime as dt
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from salesops_lib.data.view import open_view
from salesops_lib.fragments import grid_html
from salesops_lib.notebook.figures import figure
from salesops_lib.performance.consistency import consistency
from salesops_lib.performance.fair_comparison import CERTAIN, FairComparison
from salesops_lib.performance.fairness import deal_sizes, fair_attainment, fair_win_rates
from salesops_lib.performance.mix import expected_wins, standardised
from salesops_lib.performance.plots_fairness import plot_fair_comparison
from salesops_lib.performance.team_goal import team_goal
from salesops_lib.shrinkage import shrunk_means, shrunk_rates

AS_OF = dt.date(2026, 9, 30)
NAMES = {
    "R1": "Ada Lovelace",
    "R2": "Grace Hopper",
    "R3": "<b>Mary</b> Shelley",
    "R4": "Jane Austen",
}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def company(make_snapshot, deal):
    """R1: small ones, 10 of 20; R2: large ones, 4 of 20; R3, R4: both, as well."""

    def build(more=(), amount="100.00", **tables):
        numbers = iter(range(1000, 9000))
        deals = [
            deal(next(numbers), "2026-06-01", "2026-08-10", amount, won=place < won, owner=owner,
                 account_id=account)
            for owner, account, won in (("R1", "S", 10), ("R2", "L", 4), ("R3", "S", 10),
                                        ("R3", "L", 4), ("R4", "S", 10), ("R4", "L", 4))
            for place in range(20)
        ]  # fmt: skip
        # The extract reaches back behind the quarter.
        deals.append(deal(1, "2026-03-01", "2026-03-30", "1.00", won=True, owner="R1"))
        tables = {
            "opportunities": [*deals, *more],
            "accounts": [
                {"account_id": "S", "segment": "SMB"},
                {"account_id": "L", "segment": "Enterprise"},
            ],
            "reps": [{"rep_id": rep, "name": name} for rep, name in NAMES.items()],
            "rep_assignments": [
                {"rep_id": rep, "team": "T", "region": "X", "role": "rep"} for rep in NAMES
            ],
            "quotas": [
                {"rep_id": rep, "measure": "bookings", "period_start": "2026-07-01",
                 "period_end": "2026-09-30", "amount": quota}
                for rep, quota in (("R1", "1000.00"), ("R2", "1000.00"), ("R3", "2000.00"),
                                   ("R4", "2000.00"))
            ],
            **tables,
        }  # fmt: skip
        return make_snapshot(AS_OF, **{name: rows for name, rows in tables.items() if rows})

    return build


def said(result) -> str:
    """All that a result says, to people and machines."""
    parts = [result.headline, result.alt, result.caption, grid_html(result.grid)]
    return " ".join([*parts, json.dumps(result.records(), ensure_ascii=False)])


def test_expected_wins_are_those_of_the_others_in_the_same_segment(company):
    found = expected_wins(open_view(company().path, period="2026-Q3")).set_index("rep_id")
    # Of R1: the others won 32 of 100, 20 of 40 in the segment, and the same in the region.
    overall = 32.5 / 101
    segment = (20 + 10 * overall) / 50
    cell = (20 + 10 * segment) / 50
    assert found.loc["R1", "expected"] == pytest.approx(20 * cell)
    # Forty deals of others and the ten that are lent leave this much open.
    assert found.loc["R1", "error"] == pytest.approx(20 * (cell * (1 - cell) / 51) ** 0.5)
    # Of R3: the others won 28 of 80; 20 of 40 small ones and 8 of 40 large ones.
    overall = 28.5 / 81
    small, large = ((won + 10 * (won + 10 * overall) / 50) / 50 for won in (20, 8))
    assert found.loc["R3", "expected"] == pytest.approx(20 * small + 20 * large)
    assert found["won"].to_list() == [10, 4, 14, 14]
    assert found["closed"].to_list() == [20, 20, 40, 40]
    assert (found["thin"] == 0).all()


def test_a_segment_that_nobody_else_sells_to_is_said_to_be_thin(company, deal):
    alone = [
        deal(n, "2026-06-01", "2026-08-11", "5.00", won=True, account_id="Q") for n in range(2, 7)
    ]
    snapshot = company(
        alone,
        accounts=[
            {"account_id": "S", "segment": "SMB"},
            {"account_id": "L", "segment": "Enterprise"},
            {"account_id": "Q", "segment": "Public"},
        ],
    )
    view = open_view(snapshot.path, period="2026-Q3")
    found = expected_wins(view).set_index("rep_id")
    assert found["thin"].to_dict() == {"R1": 5, "R2": 0, "R3": 0, "R4": 0}
    assert "For 5 deals the others closed fewer than 10 there" in fair_win_rates(view).grid.note


def test_who_sells_what_is_hard_to_sell_is_not_the_worst(company):
    result = fair_win_rates(open_view(company().path, period="2026-Q3"), periods=1)
    frame = result.frame.set_index("rep_id")
    assert frame["value"].to_dict() == {"R1": 0.5, "R2": 0.2, "R3": 0.35, "R4": 0.35}
    assert frame["fair"].max() - frame["fair"].min() < 0.03
    assert frame["first"].max() < 0.7
    assert (result.best, result.worst) == (None, None)
    assert "nobody can be called the first or the last" in result.headline
    assert result.team == pytest.approx(42 / 120)
    names = [name for name, _kind in result.grid.headers]
    assert "Won ÷ expected" in names
    assert "Expected of the mix" in result.grid.note


def test_the_chart_shows_what_the_result_says(company):
    result = fair_win_rates(open_view(company().path, period="2026-Q3"))
    ax = plot_fair_comparison(result)
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    expected = result.frame[["value", "fair"]].to_numpy().ravel()
    assert dots == pytest.approx(expected)
    texts = [text.get_text() for text in ax.texts]
    assert [result.rank_text(row) for row in result.frame.itertuples()] == texts[:4]
    page = figure(plot_fair_comparison, result)._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;Mary&lt;/b&gt; Shelley" in page
    assert "<b>Mary" not in page


def test_who_sold_nothing_is_not_certain_to_sell_nothing(company):
    quotas = [
        {"rep_id": rep, "measure": "bookings", "period_start": "2026-07-01",
         "period_end": "2026-09-30", "amount": "1000.00"}
        for rep in ("R1", "R2", "R3", "R4", "R5")
    ]  # fmt: skip
    result = fair_attainment(open_view(company(quotas=quotas).path, period="2026-Q3"))
    frame = result.frame.set_index("rep_id")
    assert frame.loc["R5", ["n", "value"]].tolist() == [0, 0]
    assert 0 < frame.loc["R5", "fair"] < result.team
    assert 0 <= frame.loc["R5", "low"] < frame.loc["R5", "high"]
    assert result.team == pytest.approx(0.84)
    # The name of who is in no list of people is the id.
    assert frame.loc["R5", "rep"] == "R5"


def test_a_rep_reads_nothing_of_the_others(company, deal):
    """Nothing named, and nothing that the others' deals make a difference to."""
    more = [
        deal(n, "2026-07-01", "2026-08-20", "900.00", won=True, owner="R2", account_id="S")
        for n in range(2, 40)
    ]
    texts = []
    for snapshot in (company(), company(more)):
        view = open_view(snapshot.path, period="2026-Q3", scope="rep:R1")
        assert view.audience == "rep"
        results = [fair_win_rates(view), fair_attainment(view), consistency(view), team_goal(view)]
        text = " ".join(map(said, results)).replace(snapshot.id, "")
        assert "Grace Hopper" not in text
        assert "Shelley" not in text
        assert "Austen" not in text
        assert all(list(result.frame["rep_id"]) == ["R1"] for result in results)
        texts.append(text)
    assert texts[0] == texts[1]
    assert "a report about one rep compares nobody" in texts[0]


def test_without_quotas_attainment_is_not_compared_and_says_so(company):
    view = open_view(company(quotas=[]).path, period="2026-Q3")
    result = fair_attainment(view)
    assert result.headline == "Attainment: reps are not compared: this export has no quotas."
    assert result.frame.empty
    assert len(fair_win_rates(view).frame) == 4
    assert len(result.alt) > 20
    plot_fair_comparison(result).get_figure().canvas.draw()


@pytest.mark.parametrize("measure", [fair_win_rates, fair_attainment, consistency, team_goal])
def test_an_empty_quarter_is_no_error(make_snapshot, deal, measure):
    open_one = deal(1, "2026-07-01", "2026-12-01", "5.00")
    view = open_view(make_snapshot(AS_OF, opportunities=[open_one]).path, period="2026-Q3")
    result = measure(view)
    assert said(result)
    assert result.drawn.prior


def test_three_reps_are_not_compared(company, deal):
    deals = [
        deal(10 * rep + place, "2026-06-01", "2026-07-10", "1.00", won=place < 3, owner=f"R{rep}")
        for rep in (1, 2, 3)
        for place in range(9)
    ]
    view = open_view(company(opportunities=deals).path, period="2026-Q3")
    result = fair_win_rates(view)
    assert result.reason == "only 3 reps have figures"
    assert (result.best, result.worst) == (None, None)
    assert result.frame["rank_low"].isna().all()
    assert result.frame["value"].to_list() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("people", [4, 12])
def test_in_a_team_of_equals_a_worst_one_is_named_in_at_most_one_run_of_twenty(people):
    """Equal people with deals of differing chances, from counts to the naming rule."""
    chances = {
        (region, segment): there + of
        for region, there in (("N", 0.2), ("S", 0.3))
        for segment, of in (("A", -0.05), ("B", 0.05), ("C", 0.2))
    }
    rng = np.random.default_rng(2026 + people)
    runs, named = 120, 0
    for _ in range(runs):
        rows = []
        for rep in range(people):
            region = "NS"[rep % 2]
            for segment, part in zip("ABC", rng.dirichlet([0.7] * 3), strict=True):
                closed = 1 + rng.poisson(30 * part)
                won = rng.binomial(closed, chances[region, segment])
                rows.append((f"R{rep}", f"R{rep}", region, segment, won, closed))
        columns = ["rep_id", "rep", "region", "segment", "won", "closed"]
        found = standardised(pd.DataFrame(rows, columns=columns))
        shares, errors = found["expected"] / found["closed"], found["error"] / found["closed"]
        ranks = shrunk_rates(found["won"], found["closed"], shares, errors).ranks
        frame = found[["rep_id"]].assign(first=ranks.first, last=ranks.last)
        result = FairComparison("win_rate", frame, 0.3, None, "")
        named += result.worst is not None or result.best is not None
    assert named <= 0.05 * runs


@pytest.mark.parametrize("people", [4, 12])
def test_equal_people_with_unequal_quotas_and_luck_are_hardly_told_apart(people):
    """Deals of very uneven sizes, from the deals to the ranks."""
    rng = np.random.default_rng(99 + people)
    runs, named = 120, 0
    for _ in range(runs):
        quota = rng.uniform(0.5, 2.0, people)
        deals = [rng.lognormal(0, 1, rng.poisson(8 * part)) for part in quota]
        found = pd.DataFrame(
            {
                "credit": [items.sum() for items in deals],
                "squares": [(items**2).sum() for items in deals],
                "deals": [len(items) for items in deals],
                "quota": 8 * quota * np.exp(0.5),
            }
        )
        team = found["credit"].sum() / found["quota"].sum()
        variances = team * deal_sizes(found) / found["quota"]
        ranks = shrunk_means(found["credit"] / found["quota"], variances).ranks
        named += max(ranks.first.max(), ranks.last.max()) >= CERTAIN
    assert named <= 0.05 * runs
