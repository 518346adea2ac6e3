"""What a notebook calls: its parameters, its figures, its glossary."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesops_lib.notebook.figures import figure
    from salesops_lib.notebook.glossaries import glossary
    from salesops_lib.notebook.panels import panel
    from salesops_lib.notebook.plan_panels import plan_panel
    from salesops_lib.notebook.report import Report, open_report
    from salesops_lib.notebook.scenario_panels import scenario_panel
    from salesops_lib.notebook.secrets import secret
    from salesops_lib.notebook.statements import statement

__all__ = [
    "Report",
    "figure",
    "glossary",
    "open_report",
    "panel",
    "plan_panel",
    "scenario_panel",
    "secret",
    "statement",
]

_HOMES = {
    "Report": "report",
    "figure": "figures",
    "glossary": "glossaries",
    "open_report": "report",
    "panel": "panels",
    "plan_panel": "plan_panels",
    "scenario_panel": "scenario_panels",
    "secret": "secrets",
    "statement": "statements",
}


def __getattr__(name: str) -> Any:
    # Charts and data are imported on first use: the command line needs neither.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
