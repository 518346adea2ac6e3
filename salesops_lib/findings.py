"""Findings: what a reader should know first, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_lib.formats import Formatter
from salesops_lib.fragments import fragment
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_FINDINGS", "Finding", "Findings", "kept_findings"]

MOST_FINDINGS = 7


@dataclass(frozen=True)
class Finding:
    """One sentence a leader should read, and what to do about it.

    Parameters
    ----------
    text : str
        Number, direction and comparison.
    action : str
        What it means or what to do.
    tone : str
        ``good``, ``bad`` or ``flat``.
    values : dict
        The numbers in the sentence, by name.
    """

    text: str
    action: str = ""
    tone: str = "flat"
    values: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """The findings of a report, the most important first.

    Parameters
    ----------
    headline : str
        The report's title: scope, period and what happened.
    findings : tuple of Finding
        Three to seven where the data carry that many.
    show : Formatter
        Language of the report.
    """

    headline: str
    findings: tuple[Finding, ...]
    show: Formatter = field(default_factory=Formatter)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [
            {"text": f.text, "action": f.action, "tone": f.tone, "values": dict(f.values)}
            for f in self.findings
        ]
        return {
            "text/plain": "\n".join(f"- {f.text} {f.action}" for f in self.findings),
            "text/html": fragment("findings", show=self.show, findings=self.findings),
            MIME: {"kind": "findings", "headline": self.headline, "findings": values},
        }


def kept_findings(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """At most seven; those that say that nothing is out of the ordinary give way first.

    Examples
    --------
    >>> many = [Finding(str(n), tone="flat" if n == 2 else "bad") for n in range(8)]
    >>> [finding.text for finding in kept_findings(many)]
    ['0', '1', '3', '4', '5', '6', '7']
    """
    kept = list(found)
    for finding in reversed(found):
        if len(kept) > MOST_FINDINGS and finding.tone == "flat":
            kept.remove(finding)
    return tuple(kept[:MOST_FINDINGS])
