"""A panel over a plan: sliders in JupyterLab, a grid of scenarios in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from salesops_lib.notebook.session import is_interactive

if TYPE_CHECKING:
    from salesops_lib.compensation.panel import PlanPanelState, PlanScenarios
    from salesops_lib.compensation.unjudged import Unjudged

__all__ = ["PlanPanel", "plan_panel"]


@dataclass(frozen=True)
class PlanPanel:
    """Sliders over a plan's numbers, and the scenarios that stand for them on paper.

    Parameters
    ----------
    state : PlanPanelState
        The plan, its results and knobs.
    scenarios : PlanScenarios
        Each number at its ends.
    """

    state: PlanPanelState
    scenarios: PlanScenarios

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        bundle = self.scenarios._repr_mimebundle_()
        if is_interactive(get_ipython()):
            # As in `panels`: a program that runs the notebook never loads widgets.
            from salesops_lib.notebook.plan_panel_widgets import PlanPanelWidget

            return {**PlanPanelWidget(self.state).root._repr_mimebundle_(), **bundle}
        return bundle


def plan_panel(state: PlanPanelState | Unjudged) -> PlanPanel | Unjudged:
    """Panel over a plan's thresholds, rates and caps.

    In JupyterLab: a slider for each number; payout curve, cost and fairness follow at once.
    In a report: each number at its ends.

    Parameters
    ----------
    state : PlanPanelState or Unjudged
        The plan, results to judge it on, and what may be turned; or why there are none.

    Returns
    -------
    PlanPanel or Unjudged
        The latter shows its sentence.
    """
    from salesops_lib.compensation.unjudged import Unjudged

    return state if isinstance(state, Unjudged) else PlanPanel(state, state.scenarios())
