"""Published figures of the bunching estimator, from the data as their authors made them.

Example S03: the kink of the R package `bunching` (P. Mavrokonstantis, github.com/mavpanos/
bunching, vignette of the examples). Its data are not copied but made anew: they are uniform
draws of R's generator from seed 100, so that generator's first numbers are made here.
"""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.compensation.bunching import Bins, bunching, kink_elasticity

KINK = Bins(10_000, 50, below=19, above=19, order=4, starts=False)


def uniform_of_r(seed, count):
    """Numbers of R's `runif` after `set.seed`: Mersenne Twister, seeded as R does."""
    state = seed
    for _step in range(50):
        state = (69069 * state + 1) % 2**32
    key = []
    for _step in range(625):
        state = (69069 * state + 1) % 2**32
        key.append(state)
    generator = np.random.MT19937()
    inner = generator.state
    inner["state"] = {"key": np.array(key[1:], dtype=np.uint32), "pos": 624}
    generator.state = inner
    return generator.random_raw(count).astype(float) * 2.3283064365386963e-10


@pytest.fixture(scope="module")
def kink():
    """Cases of the 81 bins of 50 about 10,000: from 80 falling to 30, noise, and 135 more."""
    heights = np.linspace(80, 30, 81) + 1 + 14 * uniform_of_r(100, 81)
    heights[40] += 135
    # Five cases a whole unit of height, all within the bin.
    return 5 * np.floor(heights)


def test_the_generator_is_that_of_r():
    assert uniform_of_r(100, 3) == pytest.approx([0.30776611, 0.25767250, 0.55232243], abs=5e-9)


def test_the_uncorrected_figures(kink):
    found = bunching(kink[21:60], KINK, rounds=0, draws=0)
    assert round(found.normalised, 3) == 1.989
    assert round(kink_elasticity(found, 0.0, 0.2), 3) == 0.050


def test_the_printed_figures_are_those_after_two_rounds(kink):
    # The package stops where a signed difference falls below one, which the second round does.
    found = bunching(kink[21:60], KINK, rounds=2, draws=0)
    assert round(found.excess, 4) == 629.5111
    assert round(found.normalised, 6) == 1.822088
    assert round(kink_elasticity(found, 0.0, 0.2), 7) == 0.0455522


def test_the_default_is_the_true_fixed_point(kink):
    found = bunching(kink[21:60], KINK)
    assert round(found.excess, 4) == 629.4931
    assert round(found.normalised, 7) == 1.8219407
    assert round(kink_elasticity(found, 0.0, 0.2), 7) == 0.0455485
    assert found.low < found.normalised < found.high
    # Many rounds come to the same.
    assert bunching(kink[21:60], KINK, rounds=60, draws=0).excess == pytest.approx(found.excess)


def test_what_is_added_for_the_integration_constraint_is_the_excess(kink):
    found = bunching(kink[21:60], KINK, draws=0)
    frame = found.frame
    raised = frame["count"].copy()
    above = KINK.places > 0
    raised[above] *= 1 + found.excess / raised[above].sum()
    basis = np.vander(KINK.places / 19.0, 5)
    outside = ~KINK.in_window
    by_hand = basis @ np.linalg.lstsq(basis[outside], raised[outside], rcond=None)[0]
    assert frame["counterfactual"].to_numpy() == pytest.approx(by_hand)
