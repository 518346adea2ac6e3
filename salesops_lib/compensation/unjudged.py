"""What stands in a report where something of a plan cannot be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from salesops_lib.fragments import fragment
from salesops_lib.results import MIME

__all__ = ["Unjudged"]


@dataclass(frozen=True)
class Unjudged:
    """One sentence that says why there is no figure.

    Parameters
    ----------
    undrawn : str
        The sentence; figures and statements show it in their place.
    """

    undrawn: str

    @property
    def headline(self) -> str:
        """The sentence."""
        return self.undrawn

    @property
    def is_computable(self) -> bool:
        """Never."""
        return False

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"kind": "unjudged", "headline": self.undrawn}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.undrawn,
            "text/html": fragment("sentence", text=self.undrawn),
            MIME: self.records(),
        }
