"""The linter of plans: what will pay wrongly, stop the pay run, or make people do odd things."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.lint_checks import LINT_CHECKS, Found, Grade
from salesops_lib.compensation.lint_gates import gate_defects
from salesops_lib.compensation.lint_pay import EXCELLENCE, pay_defects
from salesops_lib.compensation.lint_people import people_defects, quota_defects, share_defects
from salesops_lib.compensation.lint_periods import dead_components, period_defects, revision_gaps
from salesops_lib.compensation.lint_tiers import level_defects, tier_defects
from salesops_lib.compensation.plan import Plan, read_plan
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import Places, read_placed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from salesops_lib.data.snapshot import Snapshot

__all__ = ["PlanFinding", "PlanLint", "lint_plan", "plan_defects"]


@dataclass(frozen=True)
class PlanFinding:
    """One defect of a plan file.

    Parameters
    ----------
    check : str
        Class of defect, a key of `LINT_CHECKS`.
    grade : str
        ``error`` or ``warning``.
    file : str
        The file.
    line : int
        Line that it stands on, from 1.
    key : str
        Key, such as ``components.0.tiers.1.from``.
    what, why, repair : str
        What is wrong, why it matters, what to do.
    """

    check: str
    grade: Grade
    file: str
    line: int
    key: str
    what: str
    why: str
    repair: str

    def __str__(self) -> str:
        """The finding as one line, as compilers write it."""
        return f"{self.file}:{self.line}: {self.grade}: {self.what} ({self.check}, `{self.key}`)"


@dataclass(frozen=True)
class PlanLint:
    """What the linter says of one plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    file : str
        Its file.
    findings : tuple of PlanFinding
        By line.
    with_snapshot : bool
        Whether people, quotas, deals and rates were looked at too.
    """

    plan: Plan
    file: str
    findings: tuple[PlanFinding, ...]
    with_snapshot: bool

    @property
    def errors(self) -> int:
        """Findings of the grade error."""
        return sum(finding.grade == "error" for finding in self.findings)

    @property
    def headline(self) -> str:
        """One sentence: how many there are."""
        if not self.findings:
            return f"{self.file}: no defect found."
        warnings = len(self.findings) - self.errors
        return f"{self.file}: {_counted(self.errors, 'error')}, {_counted(warnings, 'warning')}."

    @property
    def frame(self) -> pd.DataFrame:
        """One row a finding: `grade`, `line`, `key`, `check`, `what`, `why`, `repair`."""
        import pandas as pd

        return pd.DataFrame(
            [{name: getattr(finding, name) for name in _COLUMNS} for finding in self.findings],
            columns=list(_COLUMNS),
        )

    def records(self) -> dict[str, Any]:
        """The same for machines."""
        rows = [{"file": self.file, **row} for row in self.frame.to_dict("records")]
        return {
            "plan": self.plan.id,
            "revision": self.plan.revision,
            "with_snapshot": self.with_snapshot,
            "errors": self.errors,
            "findings": rows,
        }


_COLUMNS = ("grade", "line", "key", "check", "what", "why", "repair")

_STOPPED = frozenset({"closed_top"})
"""Warnings that say already why the engine refuses a result."""


def lint_plan(
    path: Path,
    snapshot: Snapshot | None = None,
    *,
    calendar: FiscalCalendar | None = None,
    excellence: Fraction = EXCELLENCE,
    shown_as: str | None = None,
) -> PlanLint:
    """Defects of a plan file, each with its line, why it matters and a repair.

    Parameters
    ----------
    path : Path
        The plan.
    snapshot : Snapshot, optional
        Data that it is to pay: people, quotas, deals and rates are looked at too.
    calendar : FiscalCalendar, optional
        Default: the calendar year.
    excellence : Fraction
        Attainment up to which every further deal should pay.
    shown_as : str, optional
        How findings name the file. Default: the path as given.

    Returns
    -------
    PlanLint

    Raises
    ------
    InputError
        The file is no plan.
    """
    plan, places = read_placed(path, Plan, shown_as)
    found = plan_defects(plan, snapshot, calendar=calendar, excellence=excellence)
    found += revision_gaps(plan, _beside(path, plan))
    findings = sorted(
        (_finding(each, places) for each in found), key=lambda each: (each.line, each.check)
    )
    return PlanLint(plan, places.name, tuple(findings), snapshot is not None)


def _beside(path: Path, plan: Plan) -> list[Plan]:
    """Other revisions of a plan in its folder; files that are no plans are let alone."""
    found = []
    for file in sorted(path.parent.glob("*.yaml")):
        with suppress(InputError):
            other = read_plan(file)
            if other.id == plan.id and other.revision != plan.revision:
                found.append(other)
    return found


def plan_defects(
    plan: Plan,
    snapshot: Snapshot | None = None,
    *,
    calendar: FiscalCalendar | None = None,
    excellence: Fraction = EXCELLENCE,
) -> list[Found]:
    """The same of a plan without its file, such as one that a search has made.

    Parameters
    ----------
    plan : Plan
        The plan.
    snapshot, calendar, excellence
        As for `lint_plan`.

    Returns
    -------
    list of Found
        Each defect once.
    """
    calendar = calendar or FiscalCalendar()
    found = [
        *period_defects(plan, calendar),
        *people_defects(plan),
        *quota_defects(plan),
        *tier_defects(plan),
        *level_defects(plan),
        *gate_defects(plan),
        *dead_components(plan),
        *share_defects(plan),
    ]
    if snapshot is not None:
        from salesops_lib.compensation.lint_data import data_defects

        found += data_defects(plan, snapshot, calendar)
    explained = any(_grade(each) == "error" or each.check in _STOPPED for each in found)
    told = {(each.check, each.keys[:2]) for each in found}
    for each in pay_defects(plan, calendar, excellence):
        if each.check == "unpayable" and explained:
            continue
        if each.check == "falling_pay" and (each.check, each.keys[:2]) in told:
            continue
        found.append(each)
    return list({(each.check, each.keys, each.what): each for each in found}.values())


def _finding(found: Found, places: Places) -> PlanFinding:
    return PlanFinding(
        check=found.check,
        grade=_grade(found),
        file=places.name,
        line=places.line(*found.keys),
        key=".".join(str(step) for step in found.keys),
        what=found.what,
        why=LINT_CHECKS[found.check].why,
        repair=found.repair,
    )


def _grade(found: Found) -> Grade:
    return found.grade or LINT_CHECKS[found.check].grade


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
