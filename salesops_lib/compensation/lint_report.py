"""What the linter says of a plan, for the readers of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.fragments import Cell, Grid, fragment, grid_html
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from salesops_lib.compensation.lint import PlanLint
    from salesops_lib.formats import Formatter

__all__ = ["LintReport"]


@dataclass(frozen=True)
class LintReport:
    """Defects of a plan in a table; one sentence where there are none.

    Parameters
    ----------
    lint : PlanLint
        What was found. Its sentences are in English, as the command has them.
    show : Formatter
        Formats of the report.
    """

    lint: PlanLint
    show: Formatter

    @property
    def headline(self) -> str:
        """One sentence: how many defects."""
        show, lint = self.show, self.lint
        if not lint.findings:
            return show.say("The linter finds no defect in {plan}.", plan=lint.plan.name)
        return show.say(
            "The linter finds {errors} and {warnings} in {plan}.",
            errors=show.counted(lint.errors, "{count} error", "{count} errors"),
            warnings=show.counted(
                len(lint.findings) - lint.errors, "{count} warning", "{count} warnings"
            ),
            plan=lint.plan.name,
        )

    @property
    def grid(self) -> Grid:
        """The defects as a table."""
        say = self.show.say
        headers = (
            (say("Line"), "number"),
            (say("Grade"), "text"),
            (say("What"), "text"),
            (say("Why it matters"), "text"),
            (say("Repair"), "text"),
        )
        grades = {"error": say("error"), "warning": say("warning")}
        rows = tuple(
            (
                Cell(self.show.count(one.line), "head"),
                Cell(grades[one.grade], "text"),
                Cell(one.what, "text"),
                Cell(one.why, "text"),
                Cell(one.repair, "text"),
            )
            for one in self.lint.findings
        )
        caption = say("Defects of {plan}", plan=self.lint.plan.name)
        return Grid(caption, headers, rows, show=self.show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"kind": "plan_lint", "headline": self.headline, **self.lint.records()}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        html = fragment("sentence", text=self.headline)
        if self.lint.findings:
            html += grid_html(self.grid)
        return {"text/plain": self.headline, "text/html": html, MIME: self.records()}
