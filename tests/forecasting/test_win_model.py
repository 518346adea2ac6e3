"""A win model on tables whose truth is planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from salesops_lib.errors import InputError
from salesops_lib.forecasting.win_estimators import validated
from salesops_lib.forecasting.win_model import WinModel


def planted(n: int = 2500, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    fit, noise = rng.normal(size=n), rng.normal(size=n)
    source = rng.choice(["partner", "web", "event"], n, p=[0.25, 0.5, 0.25])
    true = expit(1.5 * fit - 0.8 + 1.2 * (source == "partner"))
    return pd.DataFrame(
        {
            "fit": fit,
            "noise": noise,
            "source": source,
            "seen": np.arange(n) // 100,
            "account": rng.integers(0, n // 3, n),
            "won": rng.random(n) < true,
            "true": true,
        }
    )


@pytest.fixture(scope="module")
def table():
    return planted()


@pytest.fixture(scope="module")
def model(table):
    return WinModel(folds=5).fit(table.drop(columns="true"), "won", time="seen", groups="account")


def test_probabilities_are_the_planted_ones(model):
    later = planted(3000, seed=6)
    both = model.predict_proba(later)
    assert both.shape == (3000, 2)
    assert np.allclose(both.sum(axis=1), 1)
    assert np.abs(both[:, 1] - later["true"]).mean() < 0.05
    assert np.corrcoef(both[:, 1], later["true"])[0, 1] > 0.95


def test_the_report_holds_what_was_foretold_from_earlier_rows(model, table):
    report = model.report
    assert report.folds == 5
    assert report.frame["time"].min() > 0
    assert 0.1 < report.skills["base_rate"].number < 0.6
    assert report.calibration_error.number < 0.05
    assert "foretold from earlier ones" in report.headline
    assert any("moment of the outcome" in limit for limit in report.limits)


def test_reasons_name_what_makes_the_difference(model, table):
    found = model.explain(pd.DataFrame(
        {"fit": [2.5, 0.0], "noise": [0.0, 0.0], "source": ["web", "partner"]}, index=["a", "b"]
    ), top=1)  # fmt: skip
    assert found["row"].tolist() == ["a", "b"]
    assert found["feature"].tolist() == ["fit", "source"]
    assert found["effect"].iloc[0] > 0.3
    assert found["effect"].iloc[1] > 0.1


def test_same_seed_same_probabilities(table):
    rows = table.drop(columns="true").head(900)
    one, two = (WinModel(folds=2).fit(rows, "won", time="seen").predict_proba(rows) for _ in "ab")
    assert np.array_equal(one, two)


def test_no_later_row_and_no_row_of_a_group_is_learnt_from(monkeypatch):
    from salesops_lib.forecasting import win_estimators

    seen = []
    real = win_estimators.Fitted.on

    def spy(rows, won, features, seed):
        seen.append(set(rows["row"]))
        return real(rows, won, features, seed)

    monkeypatch.setattr(win_estimators.Fitted, "on", spy)
    table = planted(2400).assign(row=range(2400))
    blocks = (np.arange(2400) // 600).astype(np.int64)
    groups = (np.arange(2400) % 900).astype(str)
    known = np.arange(2400) % 2 == 0
    validated(
        table, table["won"].to_numpy(float), blocks, ["fit"], groups=groups,
        usable=lambda _block: known,
    )  # fmt: skip
    assert len(seen) == 3
    for block, learnt in enumerate(seen, start=1):
        here = set(range(block * 600, block * 600 + 600))
        assert max(learnt) < min(here)
        assert not {groups[row] for row in learnt} & {groups[row] for row in here}
        assert all(row % 2 == 0 for row in learnt)


def test_a_block_is_not_changed_by_later_rows():
    table = planted(1200)
    won = table["won"].to_numpy(float)
    blocks = (np.arange(1200) // 300).astype(np.int64)
    whole = validated(table, won, blocks, ["fit", "source"])
    part = validated(table.head(900), won[:900], blocks[:900], ["fit", "source"])
    assert np.array_equal(whole.probability[300:900], part.probability[300:])


def test_without_a_date_it_says_so(table):
    model = WinModel(folds=2).fit(table[["fit", "won"]].head(800), "won")
    assert any("drawn by lot" in limit for limit in model.report.limits)


def test_few_outcomes_give_the_share_won():
    few = pd.DataFrame({"fit": np.arange(20) % 3.0, "won": [True] * 5 + [False] * 15})
    model = WinModel().fit(few, "won")
    assert model.report.estimator == "base rate"
    assert model.predict_proba(few)[:, 1].tolist() == [0.25] * 20
    assert "could not be tested" in model.report.headline


def test_hard_columns(table):
    rows = table.drop(columns="true").head(900).copy()
    rows["id"] = [f"d{n}" for n in range(900)]
    rows["same"] = 1
    rows["fit"] = rows["fit"].where(np.arange(900) % 7 > 0)
    rows.loc[3, "noise"] = np.inf
    model = WinModel(folds=2).fit(rows, "won", time="seen")
    assert {leak.name: leak.rule for leak in model.report.refused} == {
        "id": "id",
        "same": "constant",
    }
    odd = pd.DataFrame({"fit": [np.nan], "noise": [1e9], "source": ["never seen"], "account": [1]})
    assert 0 < model.predict_proba(odd)[0, 1] < 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "nope"}, "lacks the column `nope`"),
        ({"outcome": "source"}, "is no outcome"),
        ({"outcome": "won", "time": "sen"}, "did you mean `seen`"),
    ],
)
def test_bad_input_is_one_sentence(table, change, message):
    with pytest.raises(InputError, match=message):
        WinModel().fit(table, **change)


def test_prediction_before_fit_is_an_error():
    with pytest.raises(InputError, match="before `fit`"):
        _ = WinModel().report
