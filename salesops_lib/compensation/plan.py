"""A compensation plan: one YAML file that says who is paid for what, and how much.

The file is read strictly, so a slip is told with its file, line and key. It holds
the names that its parts call each other by, and these are checked here; whether
the plan is wise is the linter's business.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from salesops_lib.compensation.crediting_terms import CreditingTerms
from salesops_lib.compensation.payment_terms import PaymentTerms
from salesops_lib.compensation.plan_components import (
    MBO,
    Component,
    GoalMatrix,
    Measured,
    Spiff,
)
from salesops_lib.compensation.plan_measures import Measure
from salesops_lib.compensation.plan_people import PlanGroup, PlanQuota
from salesops_lib.compensation.plan_settings import PlanSettings
from salesops_lib.errors import InputError, nearest_match
from salesops_lib.yamlfile import MisplacedError, Strict, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Plan", "plan_in_force", "read_plan", "read_plans"]

_PlanId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
_Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Plan(Strict):
    """A compensation plan.

    Parameters
    ----------
    version : int
        Version of the file's format: 1.
    id : str
        Name for files and commands: small letters, digits, ``-`` and ``_``.
    name : str
        Name for people.
    revision : int
        Raised with each change that was published; of two that are in force on a day
        the higher one holds.
    from_, to : date
        ``from`` and ``to`` in the file: first and last day that it is in force for.
        Without `to` it holds until further notice.
    currency : str
        ISO 4217 code that it counts and pays in.
    pay_period : str
        How often pay is worked out.
    people : list of PlanGroup
        Whom it pays.
    measures : dict of Measure
        What it counts, by name.
    quotas : list of PlanQuota
        Quotas that stand in the plan. Others come from the quotas table.
    components : list of Component
        What it pays for.
    settings : PlanSettings
        How the arithmetic is done.
    crediting : CreditingTerms
        Who is credited.
    payments : PaymentTerms
        What of the earnings is paid when.
    """

    version: Literal[1]
    id: _PlanId
    name: str = Field(min_length=1, max_length=120)
    revision: int = Field(default=1, ge=1)
    from_: dt.date = Field(alias="from")
    to: dt.date | None = None
    currency: _Code
    pay_period: Literal["month", "quarter", "year"] = "quarter"
    people: list[PlanGroup] = Field(min_length=1)
    measures: dict[str, Measure] = Field(min_length=1)
    quotas: list[PlanQuota] = Field(default=[])
    components: list[Component] = Field(min_length=1)
    settings: PlanSettings = PlanSettings()
    crediting: CreditingTerms = CreditingTerms()
    payments: PaymentTerms = PaymentTerms()

    @model_validator(mode="after")
    def _names_are_known(self) -> Plan:
        if self.to and self.to < self.from_:
            raise ValueError(f"the plan ends on {self.to}, before {self.from_}")
        names = [component.name for component in self.components]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two components are called `{twice}`")
        for place, measure in self._measures_named():
            if measure not in self.measures:
                near = nearest_match(measure, self.measures)
                hint = f"; did you mean `{near}`?" if near else ""
                known = ", ".join(sorted(self.measures))
                what = f"there is no measure `{measure}`{hint} (there are: {known})"
                raise MisplacedError(what, *place)
        for number, component in enumerate(self.components):
            if what := self._misfit(component):
                raise MisplacedError(what, "components", number)
        return self

    def _measures_named(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, quota in enumerate(self.quotas):
            yield ("quotas", number, "measure"), quota.measure
        for number, component in enumerate(self.components):
            here = ("components", number)
            if isinstance(component, Measured):
                yield (*here, "measure"), component.measure
            if isinstance(component, GoalMatrix):
                yield (*here, "rows"), component.rows
                yield (*here, "columns"), component.columns
            parts = [("gates", k, gate.measure) for k, gate in enumerate(component.gates)]
            parts += [("multipliers", k, m.measure) for k, m in enumerate(component.multipliers)]
            if isinstance(component, MBO):
                parts += [("objectives", k, o.measure) for k, o in enumerate(component.objectives)]
            for list_name, k, measure in parts:
                if measure is not None:
                    yield (*here, list_name, k, "measure"), measure

    def _misfit(self, component: Component) -> str:
        """Why a component cannot pay on the measure that it names; empty when it can."""
        name = component.name
        if isinstance(component, Measured):
            measure, of = component.measure, self.measures[component.measure].of
            if of == "result":
                return f"`{name}` pays by credits, but `{measure}` has none"
            if isinstance(component, Spiff) and of != "deals":
                return f"`{name}` pays a deal, but `{measure}` counts none"
        if isinstance(component, MBO):
            for objective in component.objectives:
                if self.measures[objective.measure].of != "result":
                    return f"`{name}`: `{objective.measure}` is no handed-in result"
        return ""

    def settings_of(self, component: Component) -> PlanSettings:
        """Settings that hold for one of its components."""
        return self.settings.overridden(component.settings)

    def holds_on(self, day: dt.date) -> bool:
        """Whether it is in force on a day."""
        return self.from_ <= day and (self.to is None or day <= self.to)


def read_plan(path: Path, shown_as: str | None = None) -> Plan:
    """Plan that a YAML file holds.

    Parameters
    ----------
    path : Path
        The file.
    shown_as : str, optional
        How errors name it. Default: the path as given.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        The file does not fit; the sentence names file, line, key and what is allowed.
    """
    return read_yaml(path, Plan, shown_as)


def read_plans(folder: Path) -> list[Plan]:
    """All plans of a folder, by id and revision.

    Parameters
    ----------
    folder : Path
        Folder of YAML files.

    Returns
    -------
    list of Plan

    Raises
    ------
    InputError
        There is none, one cannot be read, or two have one id and revision.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise InputError("no plan (*.yaml) in this folder", where=str(folder))
    found: dict[tuple[str, int], tuple[Plan, Path]] = {}
    for file in files:
        plan = read_plan(file)
        key = plan.id, plan.revision
        if key in found:
            raise InputError(
                f"`{plan.id}` revision {plan.revision} is also {found[key][1].name}",
                where=str(file),
            )
        found[key] = plan, file
    return [found[key][0] for key in sorted(found)]


def plan_in_force(plans: Iterable[Plan], plan_id: str, day: dt.date) -> Plan:
    """Plan of an id that holds on a day: of several the highest revision.

    Parameters
    ----------
    plans : iterable of Plan
        All that there are.
    plan_id : str
        Which one.
    day : date
        When.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        No such plan, or none that holds on the day.
    """
    known = list(plans)
    named = [plan for plan in known if plan.id == plan_id]
    if not named:
        raise InputError(
            f"no plan `{plan_id}`", found=plan_id, allowed={plan.id for plan in known} or None
        )
    holding = [plan for plan in named if plan.holds_on(day)]
    if not holding:
        raise InputError(f"no revision of the plan `{plan_id}` holds on {day}")
    return max(holding, key=lambda plan: plan.revision)
