"""Definitions of all that a plan's evaluation shows."""

from __future__ import annotations

from salesops_lib.compensation.gaming_definitions import GAMING
from salesops_lib.compensation.judgement_definitions import JUDGEMENTS

__all__ = ["DEFINITIONS"]

_SHOWN_TESTS = ("threshold_bunching", "period_shift", "sandbagging")

DEFINITIONS = JUDGEMENTS | {name: GAMING[name] for name in _SHOWN_TESTS}
"""Definition of each judgement and test of the notebook, by its id."""
