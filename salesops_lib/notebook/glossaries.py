"""The glossary of a report: what each measure means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_lib.formats import Formatter
from salesops_lib.fragments import fragment
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.data.view import View
    from salesops_lib.results import Definition

__all__ = ["Glossary", "glossary"]


@dataclass(frozen=True)
class Glossary:
    """Definitions of measures, each with the anchor that its numbers link to.

    Parameters
    ----------
    definitions : tuple of Definition
        In shown order.
    show : Formatter
        Language of the report.
    """

    definitions: tuple[Definition, ...]
    show: Formatter = field(default_factory=Formatter)

    @property
    def _html(self) -> str:
        owners = list(dict.fromkeys(definition.owner for definition in self.definitions))
        return fragment("definitions", show=self.show, definitions=self.definitions, owners=owners)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [vars(definition) for definition in self.definitions]
        return {
            "text/plain": "\n".join(f"{d.name}: {d.formula}" for d in self.definitions),
            "text/html": self._html,
            MIME: {"kind": "definitions", "definitions": values},
        }


def glossary(definitions: Mapping[str, Definition], view: View | None = None) -> Glossary:
    """Glossary of a topic's definitions.

    Parameters
    ----------
    definitions : mapping
        By id.
    view : View, optional
        Supplies the language. Default: English.

    Returns
    -------
    Glossary
    """
    show = view.show if view is not None else Formatter()
    return Glossary(tuple(definition.said(show) for definition in definitions.values()), show)
