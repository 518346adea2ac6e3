"""Scopes: the part of the company that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from salesops_lib.errors import InputError

__all__ = ["COMPANY", "SCOPE_KINDS", "Scope", "ScopeKind"]

ScopeKind = Literal["company", "region", "team", "rep"]
SCOPE_KINDS: tuple[str, ...] = get_args(ScopeKind)


@dataclass(frozen=True)
class Scope:
    """Part of the company that a report is about.

    Parameters
    ----------
    kind : str
        ``company``, ``region``, ``team`` or ``rep``.
    key : str
        Name of the region or team, id of the rep; empty for the company.
    label : str
        How people call it. It is shown, never compared.

    Examples
    --------
    >>> Scope.parse("region:EMEA")
    Scope(kind='region', key='EMEA', label='EMEA')
    >>> str(Scope.parse("company"))
    'company'
    """

    kind: ScopeKind
    key: str
    label: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Scope from a parameter such as ``team:Iberia``.

        Parameters
        ----------
        text : str
            ``company``, or kind and key with a colon between them. The key may
            hold colons itself.

        Returns
        -------
        Scope
            Labelled with its key.

        Raises
        ------
        InputError
            The kind is unknown, or the key is missing.
        """
        kind, _, key = text.partition(":")
        if kind not in SCOPE_KINDS:
            raise InputError(
                f"`{text}` is no scope: write company, region:NAME, team:NAME or rep:ID",
                found=kind,
                allowed=SCOPE_KINDS,
            )
        if (kind == "company") == bool(key):
            example = (
                "company" if kind == "company" else f"{kind}:{'R042' if kind == 'rep' else 'NAME'}"
            )
            raise InputError(f"`{text}` is no scope: write {example}")
        return cls(cast("ScopeKind", kind), key, key or "Company")

    @property
    def phrase(self) -> str:
        """How a sentence names it: the company, or the label."""
        return "the company" if self.kind == "company" else self.label

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


COMPANY = Scope("company", "", "Company")
"""The whole company."""
