"""The glossary of a report: what each measure means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.fragments import fragment
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.results import Definition

__all__ = ["Glossary", "glossary"]


@dataclass(frozen=True)
class Glossary:
    """Definitions of measures, each with the anchor that its numbers link to.

    Parameters
    ----------
    definitions : tuple of Definition
        In shown order.
    """

    definitions: tuple[Definition, ...]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [vars(definition) for definition in self.definitions]
        return {
            "text/plain": "\n".join(f"{d.name}: {d.formula}" for d in self.definitions),
            "text/html": fragment("definitions", definitions=self.definitions),
            MIME: {"kind": "definitions", "definitions": values},
        }


def glossary(definitions: Mapping[str, Definition]) -> Glossary:
    """Glossary of a topic's definitions.

    Parameters
    ----------
    definitions : mapping
        By id.

    Returns
    -------
    Glossary
    """
    return Glossary(tuple(definitions.values()))
