"""What a plan counts: measures over credits, and the gates and multipliers on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from salesops_lib.compensation.exact import Cents
from salesops_lib.compensation.plan_levels import Level, Times
from salesops_lib.yamlfile import Strict

__all__ = ["Attribute", "CreditKind", "Gate", "Measure", "Multiplier", "MultiplierTier"]

Attribute = Literal[
    "product",
    "product_family",
    "type",
    "source",
    "segment",
    "industry",
    "country",
    "region",
    "team",
]
"""What credits can be chosen by."""

CreditKind = Literal["owner", "split", "overlay", "rollup", "adjustment"]
"""How a credit came about."""


class Measure(Strict):
    """One thing that is counted for each person.

    Parameters
    ----------
    of : str
        ``amount``: money credited. ``deals``: number of credits, a return counting -1;
        adjustments of an amount count none. ``result``: a figure that is handed in a
        person and period, such as a margin or the score of an objective.
    credits : list of str
        Kinds of credit that count. Managers are paid on ``rollup``.
    where : dict
        Only credits whose attribute is one of these, such as ``type: [Expansion]``.
    except_where : dict
        None of these.
    largest_credit : Decimal, optional
        A single credit counts at most so much: a windfall does not make a year.
    quota : str, optional
        Name of the quota that it is held against. Default: its own name.
    """

    of: Literal["amount", "deals", "result"] = "amount"
    credits: list[CreditKind] = Field(default=["owner", "split", "adjustment"], min_length=1)
    where: dict[Attribute, list[str]] = Field(default={})
    except_where: dict[Attribute, list[str]] = Field(default={})
    largest_credit: Cents | None = Field(default=None, gt=0)
    quota: str | None = None

    @model_validator(mode="after")
    def _results_are_handed_in(self) -> Measure:
        if self.of == "result" and self.model_fields_set & {"credits", "where", "except_where"}:
            raise ValueError("a measure of results is handed in, and chooses no credits")
        for key, values in (*self.where.items(), *self.except_where.items()):
            if not values:
                raise ValueError(f"`{key}` lists nothing; leave it out to count all")
        return self


class Gate(Strict):
    """A condition on any measure; where it is not met, the component pays less or nothing.

    Parameters
    ----------
    measure : str, optional
        What is judged. Default: the component's own measure; this is a threshold.
    at_least : Level
        Percent of the quota, or an amount. The setting `boundary` says whether
        reaching it is enough (``higher``, the default) or it must be passed.
    otherwise : Decimal
        Multiple of the pay where it is not met; 0 pays nothing.
    measured_over : str, optional
        Since when it counts, where that differs from the component.
    """

    measure: str | None = None
    at_least: Level
    otherwise: Times = Decimal(0)
    measured_over: Literal["period", "quarter", "year"] | None = None


class MultiplierTier(Strict):
    """From a level on, pay is multiplied.

    Parameters
    ----------
    from_ : Level
        ``from`` in the file: percent of the quota (of a result: its value), or an amount.
    to : Level, optional
        Where it ends. Default: where the next one starts.
    times : Decimal
        The multiple.
    """

    from_: Level = Field(alias="from")
    to: Level | None = None
    times: Times


class Multiplier(Strict):
    """Pay multiplied by how another measure did; judged at the end of the window.

    Parameters
    ----------
    measure : str
        What is judged.
    tiers : list of MultiplierTier
        Below the first and above a closed last one the multiple is 1.
    """

    measure: str
    tiers: list[MultiplierTier] = Field(min_length=1)
