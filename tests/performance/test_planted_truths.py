"""What is planted in the simulated company is found, and nothing that is not there.

Consistent and erratic reps, and those who win every deal, are told apart in
`test_fairness_truth`; bookings and credit by quarter are in `test_against_truth`.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_lib import performance
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import export, write_sample
from salesops_lib.data.sample.planted import Behaviour
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import open_view
from salesops_lib.performance.attainment import credited

AS_OF = dt.date(2026, 9, 30)
PERIOD = "2026-Q3"
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    write_sample(folder / "export", seed=7, scale=0.2)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    truth = json.loads((folder / "export" / "truth.json").read_text(encoding="utf-8"))
    return folder / "store", truth


@pytest.fixture(scope="module")
def view(company):
    return open_view(company[0], period=PERIOD)


def who(company, trait):
    return next(p["rep_id"] for p in company[1]["people"] if p["trait"] == trait)


def of_rep(view, rep):
    rows = credited(view, "rep")
    rows = rows[(rows["group"] == rep) & (rows["role"] == "current")]
    return [Decimal(str(round(rows[name].sum(), 2))) for name in ("credit", "quota")]


def test_the_moved_reps_quarter_splits_exactly_between_the_teams(company, view):
    rep = who(company, "moved_mid_quarter")
    true = next(
        row
        for row in company[1]["rep_quarters"]
        if row["rep_id"] == rep and row["quarter"] == PERIOD
    )
    credit, quota = of_rep(view, rep)
    old, new = (
        of_rep(open_view(company[0], period=PERIOD, scope=f"team:{team}"), rep)
        for team in ("Southern Europe", "Central Europe")
    )
    assert credit == Decimal(str(true["credited_eur"])) > 0
    assert quota == Decimal(str(true["first_quota_eur"])) > 0
    assert old[0] + new[0] == credit
    assert old[1] + new[1] == quota
    # Moved on 17 August: 47 of the quarter's 92 days in the old team.
    assert old[1] == round(quota * 47 / 92, 2)
    # Deals closed since then are the new team's.
    own = view.credits.filter(view.credits.rep_id == rep, view.credits.is_won).to_pandas()
    own = own[own["close_date"].astype(str).between("2026-08-17", "2026-09-30")]
    assert new[0] == sum(own["amount"], Decimal())


def test_teams_add_up_to_the_company_with_everybody_who_moved_or_left(company, view):
    whole = credited(view)
    whole = whole[whole["role"] == "current"].iloc[0]
    places = scopes(view.snapshot, "team", view.period, AS_OF)
    sums = [Decimal(), Decimal()]
    for place in places:
        rows = credited(open_view(company[0], period=PERIOD, scope=str(place)))
        row = rows[rows["role"] == "current"].iloc[0]
        for k, name in enumerate(("credit", "quota")):
            sums[k] += Decimal(str(round(row[name], 2)))
    assert sums[1] == Decimal(str(round(whole["quota"], 2)))
    assert sums[0] == Decimal(str(round(whole["credit"], 2)))


def test_quotas_of_leavers_are_theirs_up_to_the_last_day(company, view):
    """Parts of reps and of nobody are all of the truth's first quotas (and one revision)."""
    last = {p["rep_id"]: p["left"] for p in company[1]["people"] if p["left"]}
    checked = 0
    for quarter in ("2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"):
        then = open_view(company[0], period=quarter)
        parts = credited(then, "rep")
        parts = parts[parts["role"] == "current"].set_index("group")["quota"]
        for row in company[1]["rep_quarters"]:
            left = last.get(row["rep_id"], "")
            start, end = then.period.start, then.period.end
            if row["quarter"] != quarter or not row["first_quota_eur"] or not left:
                continue
            if start.isoformat() <= left < end.isoformat():
                share = ((dt.date.fromisoformat(left) - start).days + 1) / ((end - start).days + 1)
                true = row["first_quota_eur"] * share
                assert parts[row["rep_id"]] == pytest.approx(true, rel=1e-4)
                checked += 1
    assert checked >= 1


def test_the_planted_pull_forward_is_found(company, view):
    everyone = performance.pull_forward(view)
    assert company[1]["planted"]["pull_forward_share"] > 0
    assert everyone.is_found
    # The close dates of the CRM do not tell it: only the outcome was typed in early.
    assert performance.pull_in_rate(view).value().number < 0.05
    by_rep = performance.pull_forward(view, "rep").frame
    assert who(company, "heavy_pull_forward") in set(by_rep["group"].head(5))


def test_no_pull_forward_is_found_where_none_is_planted(tmp_path, monkeypatch):
    """The same company without it, but for the one rep who has a share of his own."""
    monkeypatch.setattr(export, "Behaviour", lambda: Behaviour(pull_forward_share=0.0))
    write_sample(tmp_path / "export", seed=7, scale=0.2)
    ingest_folder(tmp_path / "export", MAPPING, AS_OF, tmp_path / "store")
    result = performance.pull_forward(open_view(tmp_path / "store", period=PERIOD))
    assert result.late + result.early > 150
    assert not result.is_found


def test_who_wins_every_deal_has_all_of_it_with_an_interval(company, view):
    rep = who(company, "wins_every_deal")
    for measure in (performance.win_rate, performance.win_rate_in_time):
        value = measure(view, "rep").value(group=rep)
        assert value.number == 1
        assert 0.2 < value.low < 0.8
        assert value.high == 1


def test_the_win_rate_in_time_is_between_the_other_two(view):
    """Open deals pull won ÷ created down; those that never end are not in won ÷ closed."""
    result = performance.win_rates(view)
    closed, _by_value, created, in_time = (m.value() for m in result.measures)
    assert created.number < in_time.number
    assert in_time.low < closed.number < in_time.high
    won, lost, still = result.curve.shares
    assert won + lost + still == pytest.approx(1)


def test_the_thin_pipeline_is_the_thinnest_coverage(company, view):
    assert company[1]["planted"]["thin_region"] == "APAC"
    measure = performance.coverage(view, "region")
    found = {key: measure.value(group=key).number for key, _ in measure.groups if key}
    assert min(found, key=found.get) == "APAC"
