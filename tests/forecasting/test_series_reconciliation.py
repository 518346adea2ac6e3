"""Forecasts of a hierarchy add up, and so does each of their paths."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import InputError
from salesops_lib.forecasting.series import forecast
from salesops_lib.forecasting.series_paths import sample_paths
from salesops_lib.forecasting.series_reconciliation import reconciled

TREE = {
    "Ana": "red",
    "Ben": "red",
    "Cem": "blue",
    "red": "North",
    "blue": "North",
    "Dia": "green",
    "green": "South",
    "North": "company",
    "South": "company",
}
REPS = ("Ana", "Ben", "Cem", "Dia")


def summed(values):
    """Series of reps, and of all that they add up to."""
    found = {name: np.asarray(y, dtype=float) for name, y in values.items()}
    for name in values:
        above = TREE.get(name)
        while above:
            found[above] = found.get(above, 0) + np.asarray(values[name], dtype=float)
            above = TREE.get(above)
    return found


def as_frame(values, start="2020-01-01"):
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "unique_id": name,
                    "ds": pd.date_range(start, periods=len(y), freq="QS"),
                    "y": y,
                }
            )
            for name, y in values.items()
        ]
    )


@cache
def company(n=20, low=50.0):
    rng = np.random.default_rng(8)
    common = rng.normal(0, 8, n)
    return forecast(
        as_frame(summed({rep: low + common + rng.normal(0, 10, n) for rep in REPS})),
        4,
        1,
        freq="QS",
    )


def gaps(found, tree=TREE):
    """Largest difference between a whole and the sum of its parts, in all paths and the mean."""
    place = {name: number for number, name in enumerate(found.names)}
    means = found.frame.pivot_table(index="unique_id", columns="ds", values="mean")
    worst = 0.0
    for parent in set(tree.values()):
        parts = [name for name, above in tree.items() if above == parent]
        paths = found.paths[[place[name] for name in parts]].sum(axis=0)
        worst = max(worst, np.abs(paths - found.paths[place[parent]]).max())
        worst = max(worst, np.abs(means.loc[parts].sum() - means.loc[parent]).max())
    return worst


def test_parts_add_up_in_the_mean_and_in_every_path():
    found = reconciled(company(), TREE, paths=200)
    assert gaps(found) < 1e-6
    assert found.method == "minimum trace, shrunk"
    assert found.names[0] == "company"


def test_intervals_are_quantiles_of_the_paths_and_enclose_the_mean():
    found = reconciled(company(), TREE, paths=500)
    frame = found.frame
    assert (frame["lo-95"] <= frame["lo-80"]).all()
    assert (frame["lo-80"] < frame["mean"]).all()
    assert (frame["mean"] < frame["hi-80"]).all()
    inside = (found.paths >= frame["lo-80"].to_numpy().reshape(-1, 4, 1)) & (
        found.paths <= frame["hi-80"].to_numpy().reshape(-1, 4, 1)
    )
    assert inside.mean(axis=2) == pytest.approx(0.8, abs=0.01)


def test_a_sum_of_reps_who_move_together_is_wider_than_of_strangers():
    made = company()
    n = len(made.parts)
    reps = [i for i, part in enumerate(made.parts) if part.series.unique_id in REPS]
    together = np.full((n, n), 0.9) + 0.1 * np.eye(n)
    close = sample_paths(made, together, 2000)[reps].sum(axis=0).std(axis=1)
    apart = sample_paths(made, np.eye(n), 2000)[reps].sum(axis=0).std(axis=1)
    # Variance of a sum of 4: 4 against 4 + 12 · 0.9, so 1.92 times the deviation.
    assert (close / apart).mean() == pytest.approx(np.sqrt(14.8 / 4), rel=0.12)


def test_paths_have_the_calibrated_quantiles():
    made = company()
    paths = sample_paths(made, np.eye(len(made.parts)), 4000)
    frame = made.frame
    shape = (len(made.parts), made.horizon, 1)
    for share in (80, 95):
        low = frame[f"lo-{share}"].to_numpy().reshape(shape)
        high = frame[f"hi-{share}"].to_numpy().reshape(shape)
        within = ((paths >= low) & (paths <= high)).mean(axis=2)
        # The lower end is cut at 0 in the frame only.
        assert np.median(within) == pytest.approx(share / 100, abs=0.02)


def test_same_seed_same_paths_another_seed_others():
    made = company()
    one, two = reconciled(made, TREE, paths=100), reconciled(made, TREE, paths=100)
    assert one.paths.tobytes() == two.paths.tobytes()
    other = reconciled(type(made)(**{**vars(made), "seed": 1}), TREE, paths=100)
    assert one.paths.tobytes() != other.paths.tobytes()


def test_few_past_errors_make_the_method_simpler_and_say_so():
    rng = np.random.default_rng(5)
    values = summed({rep: rng.uniform(40, 60, 5) for rep in REPS})
    found = reconciled(forecast(as_frame(values), 2, 4, freq="QS"), TREE, paths=100)
    assert found.method == "structural scaling"
    assert "too few" in found.reason
    assert gaps(found) < 1e-6


def test_a_rep_without_bookings_stays_at_zero():
    rng = np.random.default_rng(5)
    values = {rep: rng.uniform(40, 60, 5) for rep in REPS} | {"Ben": np.zeros(5)}
    found = reconciled(forecast(as_frame(summed(values)), 2, 4, freq="QS"), TREE, paths=100)
    assert found.paths[found.names.index("Ben")].any() == np.False_
    nothing = reconciled(
        forecast(as_frame(summed(dict.fromkeys(REPS, np.zeros(5)))), 2, 4, freq="QS"),
        TREE,
        paths=100,
    )
    assert (nothing.frame["mean"] == 0).all()


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(REPS),
        st.lists(st.integers(-50, 1000), min_size=5, max_size=5),
        min_size=4,
        max_size=4,
    )
)
def test_any_short_company_adds_up_and_never_turns_negative(values):
    made = forecast(as_frame(summed(values)), 2, 4, freq="QS")
    found = reconciled(made, TREE, paths=100)
    scale = max(1.0, np.abs(found.paths).max())
    assert gaps(found) < 1e-6 * scale
    if min(min(y) for y in values.values()) >= 0:
        assert found.paths.min() >= 0
        assert (found.frame["mean"] >= 0).all()


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (TREE | {"Eva": "red"}, "names the series `Eva`, which has no forecast"),
        ({k: v for k, v in TREE.items() if k != "Ana"}, "`Ana` has no place"),
        ({k: v for k, v in TREE.items() if k != "South"}, "has one whole, not 2: South, company"),
        (TREE | {"company": "Ana"}, "is a part of itself"),
        (TREE | {"Ana": "blue"}, "the parts of `blue` add up to"),
    ],
)
def test_hierarchies_that_are_none(tree, says):
    with pytest.raises(InputError, match=says):
        reconciled(company(), tree, paths=100)


def test_series_that_end_elsewhere_and_too_few_paths_are_refused():
    values = summed({rep: np.arange(1.0, 6) for rep in REPS})
    values["Ana"] = values["Ana"][:-1]
    made = forecast(as_frame(values), 2, 4, freq="QS")
    with pytest.raises(InputError, match="`Ana` ends on another step"):
        reconciled(made, TREE, paths=100)
    with pytest.raises(InputError, match="at least 100 paths"):
        reconciled(company(), TREE, paths=50)
