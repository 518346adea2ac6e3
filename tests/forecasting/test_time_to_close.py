"""Times to close against the published estimator and a planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import InputError
from salesops_lib.forecasting.time_to_close import TimeToClose
from salesops_lib.incidence import cumulative_incidence


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from(["won", "lost", "open"])),
        min_size=12,
        max_size=60,
    )
)
def test_without_features_it_is_the_estimate_of_aalen_and_johansen(cases):
    weeks, ends = zip(*cases, strict=True)
    if {"won", "lost"} - set(ends):
        return
    frame = pd.DataFrame({"days": np.array(weeks) * 7, "end": ends})
    model = TimeToClose(edges=range(7, 57, 7)).fit(frame, "days", "end")
    curves = model.curves(frame.head(1))
    by = {end: frame.loc[frame["end"] == end, "days"] for end in ("won", "lost", "open")}
    true = cumulative_incidence(by["won"], by["lost"], by["open"])
    at_risk = [week for week in range(1, 9) if week <= max(weeks)]
    for week in at_risk:
        won, lost = true.at(week * 7)
        assert curves.won[0, week - 1] == pytest.approx(won, abs=1e-4)
        assert curves.lost[0, week - 1] == pytest.approx(lost, abs=1e-4)


def test_by_hand():
    # Week 1: of 4, one won and one lost. Week 2: of 2, one won; the other is seen on.
    frame = pd.DataFrame({"days": [7, 7, 14, 14], "end": ["won", "lost", "won", "open"]})
    curves = TimeToClose(edges=(7, 14)).fit(frame, "days", "end").curves(frame.head(2))
    won, lost = curves.at([0, 7, 10.5, 14, 99])
    assert won[0] == pytest.approx([0, 0.25, 0.375, 0.5, 0.5], abs=1e-4)
    assert lost[1] == pytest.approx([0, 0.25, 0.25, 0.25, 0.25], abs=1e-4)


def test_a_planted_difference_and_the_close_date_are_found():
    rng = np.random.default_rng(4)
    n = 3000
    good, due = rng.integers(0, 2, n).astype(float), rng.choice([14.0, 70.0], n)
    days = np.maximum(1, due + rng.integers(-6, 7, n))
    end = np.where(rng.random(n) < np.where(good == 1, 0.7, 0.2), "won", "lost")
    frame = pd.DataFrame({"good": good, "due": due, "days": days, "end": end})
    model = TimeToClose().fit(frame, "days", "end", features=["good"], due="due")
    new = pd.DataFrame({"good": [1.0, 0.0], "due": [14.0, 70.0]})
    won, lost = model.curves(new).at([28, 112])
    assert won[0] == pytest.approx([0.7, 0.7], abs=0.05)
    assert won[1, 0] < 0.02
    assert won[1, 1] == pytest.approx(0.2, abs=0.05)
    assert (won + lost <= 1 + 1e-9).all()


def test_shares_never_fall_and_never_pass_one():
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=400),
            "days": rng.integers(0, 700, 400),
            "end": rng.choice(["won", "lost", "open"], 400),
        }
    )
    curves = TimeToClose().fit(frame, "days", "end", features=["size"]).curves(frame)
    for side in (curves.won, curves.lost):
        assert (np.diff(side, axis=1) >= -1e-12).all()
    assert (curves.won + curves.lost).max() <= 1 + 1e-9
    assert TimeToClose().fit(frame, "days", "end").curves(frame.head(0)).won.shape[0] == 0


@pytest.mark.parametrize(
    ("days", "end", "message"),
    [([-1.0], ["won"], "0 or above"), ([1.0], ["gone"], "is no end"), ([1.0], ["open"], "no deal")],
)
def test_bad_input(days, end, message):
    with pytest.raises(InputError, match=message):
        TimeToClose().fit(pd.DataFrame({"days": days, "end": end}), "days", "end")
