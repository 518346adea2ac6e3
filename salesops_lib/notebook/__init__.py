"""What a notebook calls: its parameters, its figures, its glossary."""

from __future__ import annotations

from salesops_lib.notebook.figures import figure
from salesops_lib.notebook.glossary import glossary
from salesops_lib.notebook.report import Report, open_report

__all__ = ["Report", "figure", "glossary", "open_report"]
