"""Definitions: what a measure means, in the words of the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter, Unit

__all__ = ["Definition"]


@dataclass(frozen=True)
class Definition:
    """What a measure means, in the words of the field.

    Parameters
    ----------
    id : str
        Name in code, JSON and links.
    name : str
        Name for readers.
    unit : str
        ``money``, ``share``, ``count``, ``days``, ``ratio`` or ``money_per_day``.
    formula : str
        How it is computed.
    population : str
        Which deals, people or days it counts.
    anchor : str
        Which date places a case in a period.
    edge_cases : str
        What happens where the plain formula has no answer.
    better : str
        Which direction is good news.
    short : str
        Name in the head of a narrow column; empty where the name is short.
    owner : str
        Who keeps it, and answers questions on it.
    """

    id: str
    name: str
    unit: Unit
    formula: str
    population: str
    anchor: str
    edge_cases: str = ""
    better: Literal["higher", "lower", "neither"] = "higher"
    short: str = ""
    owner: str = "Sales operations"

    def said(self, show: Formatter) -> Definition:
        """The definition in the language of a report."""
        return replace(
            self,
            name=show.say(self.name),
            formula=show.say(self.formula),
            population=show.say(self.population),
            anchor=show.say(self.anchor),
            edge_cases=show.say(self.edge_cases),
            short=show.say(self.short),
            owner=show.say(self.owner),
        )
