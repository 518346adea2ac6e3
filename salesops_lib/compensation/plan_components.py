"""Components of a plan: each way in which it pays, as a model of its file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from salesops_lib.compensation.exact import Cents, Share
from salesops_lib.compensation.plan_levels import Level, Rate, Times
from salesops_lib.compensation.plan_measures import Gate, Multiplier
from salesops_lib.compensation.plan_settings import PlanSettings
from salesops_lib.yamlfile import Strict

__all__ = [
    "MBO",
    "Bonus",
    "Component",
    "Curve",
    "CurvePoint",
    "Flat",
    "GoalMatrix",
    "Guarantee",
    "Measured",
    "Objective",
    "Paying",
    "Spiff",
    "Tier",
    "Tiered",
]

_PAYS_SUMS = {"step", "interpolated"}


class Paying(Strict):
    """What all components have.

    Parameters
    ----------
    name : str
        Unique in the plan.
    weight : Decimal
        Its share of the variable pay at target; what ``times`` and ``pays: 50%`` refer to.
    roles : list of str
        Roles that it pays. Empty: all of the plan.
    from_, to : date, optional
        ``from`` and ``to`` in the file: days between which it is in force, both inside.
    gates : list of Gate
        All must be met.
    multipliers : list of Multiplier
        All are applied.
    cap : Level, optional
        Most that it pays in a window: an amount, or percent of its pay at target.
    settings : PlanSettings, optional
        What it does otherwise than the plan.
    """

    name: str = Field(min_length=1, max_length=80)
    weight: Share = Decimal(1)
    roles: list[str] = Field(default=[])
    from_: dt.date | None = Field(default=None, alias="from")
    to: dt.date | None = None
    gates: list[Gate] = Field(default=[])
    multipliers: list[Multiplier] = Field(default=[])
    cap: Level | None = None
    settings: PlanSettings | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Paying:
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"`{self.name}` ends on {self.to}, before {self.from_}")
        return self


class Measured(Paying):
    """A component that pays credit by credit.

    Parameters
    ----------
    measure : str
        What it pays on.
    """

    measure: str


class Flat(Measured):
    """One rate from the first credit on.

    Parameters
    ----------
    rate : Decimal, optional
        Share of the amount, ``6%``.
    times : Decimal, optional
        Multiple of the rate at which the quota pays the target.
    """

    kind: Literal["flat"]
    rate: Rate | None = None
    times: Times | None = None

    @model_validator(mode="after")
    def _pays_one_way(self) -> Flat:
        _exactly_one(self.name, {"rate": self.rate, "times": self.times})
        return self


class Tier(Strict):
    """One tier: from where, and what it pays.

    Parameters
    ----------
    from_ : Level
        ``from`` in the file: percent of the quota, or an amount.
    to : Level, optional
        Where it ends; only to say it, and to close the last one. Default: the next one.
    rate : Decimal, optional
        Share of the amount.
    times : Decimal, optional
        Multiple of the rate at which the quota pays the target: 1.4 is an accelerator,
        0.5 a decelerator.
    pays : Level, optional
        For the methods of sums: an amount, or percent of the pay at target.
    retroactive : bool, optional
        Reaching it pays everything from the first unit on at its rate. Default: as the
        component's method says.
    """

    from_: Level = Field(alias="from")
    to: Level | None = None
    rate: Rate | None = None
    times: Times | None = None
    pays: Level | None = None
    retroactive: bool | None = None

    @model_validator(mode="after")
    def _pays_one_way(self) -> Tier:
        pays = {"rate": self.rate, "times": self.times, "pays": self.pays}
        _exactly_one(f"the tier from {self.from_}", pays)
        if self.to and self.to.is_percent != self.from_.is_percent:
            raise ValueError(f"the tier from {self.from_} to {self.to} mixes percent and amounts")
        return self


class Tiered(Measured):
    """Rates that change with what was reached: thresholds, accelerators, decelerators.

    Parameters
    ----------
    method : str
        ``marginal``: each tier's rate for what lies in it. ``retroactive``: the rate of
        the tier reached for everything. ``unsplit``: each credit whole at one tier's
        rate, earlier ones keep theirs. ``step``: the sum of the tier reached, once.
        ``interpolated``: each tier adds its sum in proportion to how far it is filled.
    tiers : list of Tier
        From low to high. Below the first one nothing is paid.
    """

    kind: Literal["tiered"]
    method: Literal["marginal", "retroactive", "step", "interpolated", "unsplit"] = "marginal"
    tiers: list[Tier] = Field(min_length=1)

    @model_validator(mode="after")
    def _tiers_fit_together(self) -> Tiered:
        if len({tier.from_.is_percent for tier in self.tiers}) > 1:
            raise ValueError(f"the tiers of `{self.name}` mix percent and amounts")
        pays = {_way(tier) for tier in self.tiers}
        sums = self.method in _PAYS_SUMS
        if sums and pays != {"pays"}:
            raise ValueError(f"`{self.name}` is {self.method}: each tier needs `pays`")
        if not sums and (len(pays) > 1 or pays == {"pays"}):
            raise ValueError(
                f"`{self.name}` is {self.method}: all tiers need `rate`, or all of them `times`"
            )
        if (sums or self.method == "unsplit") and any(t.retroactive for t in self.tiers):
            raise ValueError(f"`{self.name}` is {self.method}: no tier of it can be retroactive")
        starts = [tier.from_.number for tier in self.tiers]
        if starts != sorted(set(starts)):
            raise ValueError(f"the tiers of `{self.name}` must rise from one to the next")
        if self.method == "interpolated" and self.tiers[-1].to is None:
            raise ValueError(f"`{self.name}` is interpolated: its last tier needs `to`")
        return self


class CurvePoint(Strict):
    """A point of a payout curve.

    Parameters
    ----------
    at : Level
        Percent of the quota, or an amount.
    pays : Level
        All that is paid there: percent of the pay at target, or an amount.
    """

    at: Level
    pays: Level


class Curve(Measured):
    """A payout curve: straight between its points, flat after the last.

    Parameters
    ----------
    points : list of CurvePoint
        From low to high. Before the first one nothing is paid, unless it is at 0.
    """

    kind: Literal["curve"]
    points: list[CurvePoint] = Field(min_length=2)

    @model_validator(mode="after")
    def _points_rise(self) -> Curve:
        for key in ("at", "pays"):
            if len({getattr(point, key).is_percent for point in self.points}) > 1:
                raise ValueError(f"`{key}` of `{self.name}` mixes percent and amounts")
        places = [point.at.number for point in self.points]
        if places != sorted(set(places)):
            raise ValueError(f"the points of `{self.name}` must rise from one to the next")
        return self


class Spiff(Measured):
    """A sum for each deal of a kind, mostly for a short time.

    Parameters
    ----------
    pays : Decimal
        Sum for each deal; its measure counts `deals`.
    most : int, optional
        At most so many deals of a person in a window.
    """

    kind: Literal["spiff"]
    pays: Cents = Field(gt=0)
    most: int | None = Field(default=None, ge=1)


class Bonus(Paying):
    """A sum that is paid when all its gates are met.

    Parameters
    ----------
    pays : Level
        An amount, or percent of its pay at target.
    """

    kind: Literal["bonus"]
    pays: Level

    @model_validator(mode="after")
    def _has_a_condition(self) -> Bonus:
        if not self.gates or any(gate.measure is None for gate in self.gates):
            raise ValueError(f"`{self.name}` needs gates, each with its measure")
        return self


class GoalMatrix(Paying):
    """A sum by two results at once: the rows of one, the columns of the other.

    Parameters
    ----------
    rows, columns : str
        The two measures.
    row_levels, column_levels : list of Level
        Where each row and column starts. Below the first nothing is paid.
    pays : list of list of Level
        Percent of the pay at target, or amounts: a list a row, a cell a column.
    """

    kind: Literal["matrix"]
    rows: str
    columns: str
    row_levels: list[Level] = Field(min_length=1)
    column_levels: list[Level] = Field(min_length=1)
    pays: list[list[Level]]

    @model_validator(mode="after")
    def _has_all_cells(self) -> GoalMatrix:
        wide = len(self.column_levels)
        if len(self.pays) != len(self.row_levels) or any(len(row) != wide for row in self.pays):
            raise ValueError(
                f"`{self.name}` needs {len(self.row_levels)} rows of {wide} payouts each"
            )
        for levels in (self.row_levels, self.column_levels):
            numbers = [level.number for level in levels]
            mixed = len({level.is_percent for level in levels}) > 1
            if mixed or numbers != sorted(set(numbers)):
                raise ValueError(f"the levels of `{self.name}` must be of one kind and rise")
        return self


class Objective(Strict):
    """One objective that a manager scores.

    Parameters
    ----------
    measure : str
        A measure of results, 0 to 1 (or ``85%``).
    weight : Decimal
        Its share of the component.
    """

    measure: str
    weight: Share


class MBO(Paying):
    """Management by objectives: pay at target times the weighted scores.

    Parameters
    ----------
    objectives : list of Objective
        Their weights must make 100 %.
    """

    kind: Literal["mbo"]
    objectives: list[Objective] = Field(min_length=1)


class Guarantee(Paying):
    """Least pay of a period from all other components together.

    Parameters
    ----------
    pays_at_least : Level
        An amount a pay period, or percent of its pay at target.
    first_months : int, optional
        Only in pay periods that begin within so many months after the hire date.
    """

    kind: Literal["guarantee"]
    pays_at_least: Level
    first_months: int | None = Field(default=None, ge=1)


Component = Annotated[
    Flat | Tiered | Curve | Spiff | Bonus | GoalMatrix | MBO | Guarantee,
    Field(discriminator="kind"),
]
"""Any component of a plan, told apart by its ``kind``."""


def _exactly_one(what: str, ways: Mapping[str, object]) -> None:
    if sum(way is not None for way in ways.values()) != 1:
        names = ", ".join(f"`{name}`" for name in ways)
        raise ValueError(f"{what} needs exactly one of {names}")


def _way(tier: Tier) -> str:
    return next(name for name in ("rate", "times", "pays") if getattr(tier, name) is not None)
