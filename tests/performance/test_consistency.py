"""Consistency against chance, and the parts of a goal: worked by hand and simulated."""

from __future__ import annotations

import datetime as dt

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.consistency import consistency
from salesops_lib.performance.plots_fairness import plot_consistency, plot_team_goal
from salesops_lib.performance.team_goal import team_goal
from salesops_lib.performance.variation import variation

AS_OF = dt.date(2026, 9, 30)
QUARTERS = [(year, quarter) for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)][2:11]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def view(make_snapshot, deal):
    """Nine quarters, quotas of 400: Even sells four of 100 in each, Uneven eight or none.

    Both lose as many deals as the other wins of the eight that close.
    """
    deals, quotas, numbers = [], [], iter(range(1, 9000))
    for place, (year, quarter) in enumerate(QUARTERS):
        month = 3 * quarter - 1
        for owner, won in (("E", 4), ("U", 8 * (place % 2))):
            deals += [
                deal(next(numbers), f"{year}-{month:02}-01", f"{year}-{month:02}-15", "100.00",
                     won=one < won, owner=owner)
                for one in range(8)
            ]  # fmt: skip
            end = (dt.date(year, 3 * quarter, 28) + dt.timedelta(days=4)).replace(day=1)
            quotas.append(
                {"rep_id": owner, "measure": "bookings", "amount": "400.00",
                 "period_start": f"{year}-{3 * quarter - 2:02}-01",
                 "period_end": str(end - dt.timedelta(days=1))}
            )  # fmt: skip
    deals.append(deal(next(numbers), "2024-06-01", "2024-06-28", "1.00", won=False, owner="E"))
    deals.append(deal(next(numbers), "2026-07-01", "2026-08-02", "50.00", won=True, owner="N"))
    snapshot = make_snapshot(
        AS_OF,
        opportunities=deals,
        quotas=quotas,
        reps=[{"rep_id": rep, "name": name} for rep, name in
              (("E", "Even"), ("U", "Uneven"), ("N", "New"))],
    )  # fmt: skip
    return open_view(snapshot.path, period="2026-Q3")


def test_who_swings_and_who_does_not_are_told_apart(view):
    result = consistency(view)
    frame = result.frame.set_index("rep")
    assert frame["verdict"].to_dict() == {"Uneven": "uneven", "Even": "even", "New": "few"}
    assert frame.loc["Even", ["periods", "deals", "attainment", "ratio"]].tolist() == [9, 36, 1, 0]
    # Uneven: credit 0 or 800 about 3200 / 9; 32 deals of 100; eight degrees of freedom.
    about = 3200 / 9
    squared = 5 * about**2 + 4 * (800 - about) ** 2
    assert frame.loc["Uneven", "ratio"] == pytest.approx(squared * 9 / (8 * 32 * 100**2))
    # What chance explains: the root of 32 deals' squares over nine quarters of 400.
    chance = (32 * 100**2 * 9) ** 0.5 / (9 * 400)
    assert frame.loc["Uneven", "chance"] == pytest.approx(chance)
    assert frame.loc["Uneven", "deviation"] == pytest.approx((squared / 8) ** 0.5 / 400)
    assert result.headline == (
        "2024-Q3 to 2026-Q3: results vary more than chance explains for 1 of 2 reps, and less "
        "for 1."
    )
    assert "fewer than 5 reps" in result.grid.note


def test_the_chart_has_a_dot_for_each_quarter(view):
    ax = plot_consistency(consistency(view))
    dots = [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[0, 2, 0, 2, 0, 2, 0, 2, 0], [1.0] * 9]
    assert "▲" in ax.texts[0].get_text()
    assert "=" in ax.texts[1].get_text()


def test_one_rep_alone_is_judged_by_the_own_quarters(view):
    alone = open_view(view.snapshot.path, period="2026-Q3", scope="rep:U")
    result = consistency(alone)
    assert result.headline.endswith("the results of Uneven vary more than chance explains.")
    assert "Even" not in str(result.records()).replace("Uneven", "")


def test_quarters_that_are_bad_for_all_are_nobodys_fault():
    """Six people, each with the same share of each quarter, good or bad."""
    good = np.array([12, 2, 10, 1, 14, 3])
    rows = [
        {"rep_id": f"R{rep}", "rep": f"R{rep}", "period": f"P{place}", "credit": 100.0 * n,
         "quota": 1000.0, "squares": 1e4 * n, "fourths": 1e8 * n, "deals": n, "won": n,
         "closed": 3 * n}
        for rep in range(6)
        for place, n in enumerate(good)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    together = variation(frame, frame, of_all=True)
    assert together["ratio"].max() == pytest.approx(0, abs=1e-9)
    assert "uneven" not in set(together["verdict"])
    apart = variation(frame, frame, of_all=False)
    assert set(apart["verdict"]) == {"uneven"}


def test_in_a_team_of_equals_hardly_anyone_is_called_uneven_or_even():
    rng = np.random.default_rng(5)
    runs, called = 120, 0
    for _ in range(runs):
        rows = []
        for rep in range(8):
            for period in range(12):
                closed = rng.poisson(14)
                won = rng.binomial(closed, 0.3)
                items = rng.lognormal(0, 0.9, won)
                rows.append(
                    {"rep_id": f"R{rep}", "rep": f"R{rep}", "period": f"P{period:02}",
                     "credit": items.sum(), "quota": 6.0, "squares": (items**2).sum(),
                     "fourths": (items**4).sum(), "deals": won, "won": won, "closed": closed}
                )  # fmt: skip
        frame = pd.DataFrame(rows)
        called += bool(set(variation(frame, frame)["verdict"]) - {"chance"})
    assert called <= 0.05 * runs, called / runs


def test_the_parts_of_the_goal_add_up_and_are_drawn_one_after_the_other(view):
    result = team_goal(view)
    frame = result.frame.set_index("rep_id")
    # The third quarter of 2026 is an even one: nothing for Uneven; New has no quota.
    assert frame["credit"].to_dict() == {"E": 400.0, "N": 50.0, "U": 0.0}
    assert frame.loc["E", ["part", "goal_part", "attainment"]].tolist() == [0.5, 0.5, 1.0]
    assert np.isnan(frame.loc["N", "attainment"])
    assert (result.goal, result.credit, result.prior, result.half) == (800.0, 450.0, 1200.0, 1)
    assert result.headline == (
        "Company: 56.2% of the goal of €800 is reached; 1 of 3 reps brought half of it."
    )
    ax = plot_team_goal(result)
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches[:3]]
    assert bars == [(0.0, 400.0), (400.0, 50.0), (450.0, 0.0)]
    lines = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert lines == {"goal": 800.0, "2026-Q2": 1200.0}


def test_of_many_the_last_bar_stands_for_the_rest(make_snapshot, deal):
    deals = [
        deal(n, "2026-07-01", "2026-07-02", f"{n}.00", won=True, owner=f"R{n:02}")
        for n in range(1, 21)
    ]
    view = open_view(make_snapshot(AS_OF, opportunities=deals).path, period="2026-Q3")
    result = team_goal(view)
    shown = result.shown
    assert len(shown) == 12
    assert shown["rep"].iloc[-1] == "9 others"
    assert shown["credit"].iloc[-1] == sum(range(1, 10))
    assert shown["credit"].sum() == result.credit == 210
    # 20 + 19 + … + 15 = 105 is half of 210.
    assert result.headline == (
        "Company: €210 credited to 20 reps, half of it to 6 of them; there is no quota to hold "
        "it against."
    )
    plot_team_goal(result).get_figure().canvas.draw()
