"""The Aalen-Johansen estimator, against published figures and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.incidence import cumulative_incidence
from salesops_lib.stats import wilson_interval

# The example of statsmodels' tests (tests/test_survfunc.py, test_incidence): shares as
# R's cmprsk gives them, standard errors as Stata's stcompet does. Kinds 1 to 3, 0 open.
TIMES = np.array([1, 1, 2, 4, 4, 4, 6, 6, 7, 8, 9, 9, 9, 1, 2, 2, 4, 4])
KINDS = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
PUBLISHED = {
    1: {1: (0.11111111, 0.07407407), 2: (0.17037037, 0.08976251), 7: (0.17037037, 0.08976251)},
    2: {2: (0.0, 0.0), 4: (0.20740741, 0.10610391), 9: (0.20740741, 0.10610391)},
    3: {4: (0.0, 0.0), 6: (0.17777778, 0.11196147), 7: (0.26666667, 0.12787781)},
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_the_published_shares_and_standard_errors(kind):
    others = (kind != KINDS) & (KINDS != 0)
    curve = cumulative_incidence(TIMES[kind == KINDS], TIMES[others], TIMES[KINDS == 0])
    for time, (share, deviation) in PUBLISHED[kind].items():
        assert curve.at(time)[0] == pytest.approx(share, abs=1e-8)
        assert curve.deviation(time) == pytest.approx(deviation, abs=1e-8)


def test_kaplan_meier_is_the_case_without_a_competitor():
    """Remission of 11 patients (aml), survival as R's survfit gives it."""
    survival = {9: 0.90909, 13: 0.81818, 18: 0.71591, 23: 0.61364, 31: 0.49091, 34: 0.36818}
    curve = cumulative_incidence([9, 13, 18, 23, 31, 34, 48], [], [13, 28, 45, 161])
    for time, share in (survival | {48: 0.18409}).items():
        assert 1 - curve.at(time)[0] == pytest.approx(share, abs=5e-6)
    # Greenwood's standard error of the same output at 9, 13 and 18 days.
    assert curve.deviation(9) == pytest.approx(0.0867, abs=5e-5)
    assert curve.deviation(13) == pytest.approx(0.1163, abs=5e-5)
    assert curve.deviation(18) == pytest.approx(0.1397, abs=5e-5)


def test_five_cases_by_hand():
    # At 1: one of 5 wins: 1/5. At 2: one of 4 is lost: 4/5 x 1/4. At 3 one is open, and
    # was at risk. At 4: one of 2 wins: 3/5 x 1/2.
    curve = cumulative_incidence([1, 4], [2], [3, 5])
    assert [curve.at(day) for day in (0, 1, 2, 3, 4)] == [
        pytest.approx(pair) for pair in ((0, 0), (0.2, 0), (0.2, 0.2), (0.2, 0.2), (0.5, 0.2))
    ]
    # D = 0.3 at 1 and 2, 0 at 4: 0.09 x (1/20 + 1/12) = 0.012; S² d (n-d) ÷ n³: 4/125 +
    # 0.36 x 1/8 = 0.077; - 2 x (0.3 x 1/25) = -0.024.
    assert curve.variance[-1] == pytest.approx(0.012 + 0.077 - 0.024)


def test_an_open_case_seen_to_the_very_day_was_at_risk():
    assert cumulative_incidence([5], [], [5]).at(5)[0] == 0.5


def test_all_and_none_keep_an_interval():
    everyone = cumulative_incidence([3, 9, 9, 20], [], [])
    assert everyone.at(30) == (pytest.approx(1), 0)
    assert everyone.interval(30, 4) == wilson_interval(4, 4)
    nobody = cumulative_incidence([], [1, 2], [50])
    assert nobody.at(30)[0] == 0
    assert nobody.interval(30, 3) == wilson_interval(0, 3)
    assert cumulative_incidence([], [], []).interval(30, 0) is None


times = st.lists(st.integers(0, 40), max_size=25)


@settings(max_examples=60, deadline=None)
@given(won=times, lost=times, day=st.integers(0, 45))
def test_without_open_cases_it_is_the_plain_share(won, lost, day):
    n = len(won) + len(lost)
    if n == 0:
        return
    curve = cumulative_incidence(won, lost)
    share = sum(age <= day for age in won) / n
    assert curve.at(day)[0] == pytest.approx(share)
    assert curve.deviation(day) == pytest.approx(math.sqrt(share * (1 - share) / n), abs=1e-7)
    low, high = curve.interval(day, n)
    assert (low, high) == pytest.approx(wilson_interval(share * n, n), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(won=times, lost=times, open_=times, day=st.integers(0, 45))
def test_shares_stay_shares_and_are_those_of_one_whole(won, lost, open_, day):
    curve = cumulative_incidence(won, lost, open_)
    first, second = curve.at(day)
    assert (second, first) == pytest.approx(cumulative_incidence(lost, won, open_).at(day))
    assert -1e-12 <= first <= first + second <= 1 + 1e-12
    assert np.all(np.diff(curve.event) >= 0)
    # What is known of more cases can only lie between what the two bounds say.
    n = len(won) + len(lost) + len(open_)
    if n:
        none_won = sum(age <= day for age in won) / n
        assert first >= none_won - 1e-12
