"""Compensation: plans as files, paid to the cent, and judged.

Parts are imported on first use: the command line needs few of them. What stands here is
what the notebook calls; everything else is imported from its own module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesops_lib.compensation.evaluation import PlanEvaluation, plan_evaluation
    from salesops_lib.compensation.judged_charts import plot_judged
    from salesops_lib.compensation.plan_definitions import DEFINITIONS

__all__ = [
    "DEFINITIONS",
    "PlanEvaluation",
    "plan_evaluation",
    "plot_judged",
]

_HOMES = {
    "DEFINITIONS": "plan_definitions",
    "PlanEvaluation": "evaluation",
    "plan_evaluation": "evaluation",
    "plot_judged": "judged_charts",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
