"""People compared in the simulated company, where it is known who is what."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from salesops_lib import performance
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.view import open_view
from salesops_lib.performance.consistency import consistency
from salesops_lib.performance.fairness import fair_win_rates
from salesops_lib.performance.team_goal import team_goal

AS_OF = dt.date(2026, 9, 30)
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """View of a small company, and its people by id."""
    folder = tmp_path_factory.mktemp("fair-company")
    write_sample(folder / "export", seed=7, scale=0.2)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    truth = json.loads((folder / "export" / "truth.json").read_text(encoding="utf-8"))
    view = open_view(folder / "store", period="2026-Q3")
    return view, {person["rep_id"]: person for person in truth["people"]}


def with_trait(people, trait):
    return {rep for rep, person in people.items() if person["trait"] == trait}


def test_the_planted_erratic_and_consistent_reps_are_told_apart(company):
    view, people = company
    result = consistency(view)
    erratic = with_trait(people, "erratic")
    steady = with_trait(people, "consistent_high_performer")
    assert len(erratic) == len(steady) == 2
    # Both erratic ones are found, and nobody else.
    assert set(result.named("uneven")) == erratic
    assert steady <= set(result.named("even"))
    frame = result.frame.set_index("rep_id")
    assert frame.loc[list(erratic), "ratio"].min() > 2 * frame.loc[list(steady), "ratio"].max()


def test_fair_win_rates_are_nearer_to_the_true_skill(company):
    view, people = company
    frame = fair_win_rates(view).frame
    skill = [people[rep]["skill_log_odds"] for rep in frame["rep_id"]]
    measured = np.corrcoef(frame["value"], skill)[0, 1]
    fair = np.corrcoef(frame["fair"], skill)[0, 1]
    assert fair > measured + 0.1


def test_who_won_every_one_of_few_deals_is_not_called_the_best(company):
    view, people = company
    result = fair_win_rates(view)
    (lucky,) = with_trait(people, "wins_every_deal")
    row = result.frame.set_index("rep_id").loc[lucky]
    assert row["value"] == 1
    assert row["fair"] < 0.5
    assert row["weight"] < 0.2
    assert row["rank_high"] - row["rank_low"] > len(result.frame) / 2
    assert result.best != lucky


def test_the_parts_of_the_goal_are_the_attainment_of_all(company):
    view, _people = company
    goal = team_goal(view)
    assert goal.frame["part"].sum() == pytest.approx(performance.attainment(view).value().number)
    assert goal.frame["goal_part"].sum() == pytest.approx(1)


def test_a_managers_report_names_the_own_team_only(company):
    view, people = company
    team = open_view(
        view.snapshot.path, period="2026-Q3", scope="team:Central Europe", audience="manager"
    )
    ever = set(team.snapshot.table("reps").rep_id.to_pandas())
    for result in (fair_win_rates(team), consistency(team), team_goal(team)):
        assert set(result.frame["rep_id"]) <= ever
    assert ever < set(people)
