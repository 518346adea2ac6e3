"""A panel: controls over a report's measures in JupyterLab, a table in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from salesops_lib.notebook.session import is_interactive
from salesops_lib.performance.extremes import Extremes, extremes

if TYPE_CHECKING:
    from salesops_lib.notebook.report import Report

__all__ = ["Panel", "panel"]


@dataclass(frozen=True)
class Panel:
    """Controls over a report's measures, and the table that stands for them on paper.

    Parameters
    ----------
    report : Report
        The report.
    table : Extremes
        Each figure with its highest and lowest part.
    """

    report: Report
    table: Extremes

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        bundle = self.table._repr_mimebundle_()
        if is_interactive(get_ipython()):
            # Widgets are for people: a program that runs the notebook never loads them,
            # and its outputs hold no id that is another in each run.
            from salesops_lib.notebook.panel_widgets import panel_widget

            return {**panel_widget(self.report.view)._repr_mimebundle_(), **bundle}
        return bundle


def panel(report: Report) -> Panel:
    """Panel over the measures of a report.

    In JupyterLab: period, scope, metric and comparison to choose from, the metric by
    the parts of the scope, and the deals behind the part that is chosen. In a report:
    each figure with its highest and its lowest part.

    Parameters
    ----------
    report : Report
        As opened by `open_report`.

    Returns
    -------
    Panel
    """
    return Panel(report, extremes(report.view, report.parts))
