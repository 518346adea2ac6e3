"""A panel over a forecast: sliders in JupyterLab, a grid of scenarios in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from salesops_lib.forecasting.scenarios import Scenarios, scenarios
from salesops_lib.notebook.session import is_interactive

if TYPE_CHECKING:
    from salesops_lib.notebook.report import Report

__all__ = ["ScenarioPanel", "scenario_panel"]


@dataclass(frozen=True)
class ScenarioPanel:
    """Sliders over a forecast, and the scenarios that stand for them on paper.

    Parameters
    ----------
    scenarios : Scenarios
        The forecast under the usual scenarios.
    """

    scenarios: Scenarios

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        bundle = self.scenarios._repr_mimebundle_()
        if is_interactive(get_ipython()):
            # As in `panels`: a program that runs the notebook never loads widgets.
            from salesops_lib.notebook.scenario_widgets import ScenarioWidget

            return {**ScenarioWidget(self.scenarios.forecast).root._repr_mimebundle_(), **bundle}
        return bundle


def scenario_panel(report: Report) -> ScenarioPanel:
    """Panel over the forecast of a report's scope.

    In JupyterLab: win rates, slippage, new pipeline and hires to turn; the five quarters follow
    at once. In a report: the usual scenarios.

    Parameters
    ----------
    report : Report
        As opened by `open_report`.

    Returns
    -------
    ScenarioPanel
    """
    return ScenarioPanel(scenarios(report.view))
