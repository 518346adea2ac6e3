"""Findings: what moved, how much, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_lib.formats import Formatter
from salesops_lib.fragments import fragment
from salesops_lib.performance.attainment import attainment
from salesops_lib.performance.finding import Finding
from salesops_lib.performance.finding_rules import RULES
from salesops_lib.performance.outcomes import bookings
from salesops_lib.results import MIME

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["Finding", "Findings", "findings"]

MOST_FINDINGS = 7


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


def findings(view: View) -> Findings:
    """What moved in the period and what to do about it.

    Each rule looks at one measure and speaks only where the data carry a
    sentence; a win rate is said to move only where chance does not explain it.

    Parameters
    ----------
    view : View
        Scope, period, calendar and currency.

    Returns
    -------
    Findings
    """
    found = [finding for rule in RULES if (finding := rule(view)) is not None]
    return Findings(_headline(view), tuple(_kept(found)), view.show)


def _kept(found: list[Finding]) -> list[Finding]:
    """At most seven; those that say that nothing is out of the ordinary give way first."""
    kept = list(found)
    for finding in reversed(found):
        if len(kept) > MOST_FINDINGS and finding.tone == "flat":
            kept.remove(finding)
    return kept[:MOST_FINDINGS]


def _headline(view: View) -> str:
    measure, attained, show = bookings(view), attainment(view).value().number, view.show
    words = {
        "scope": show.say("The company") if view.scope.kind == "company" else view.scope.label,
        "period": show.period(view.period.label),
    }
    if measure.value().number is None:
        return show.say("{scope}, {period}: nothing has closed yet", **words)
    words["amount"] = measure.text()
    if attained is not None:
        gap = float(attained) - 1
        words["gap"] = show.share(abs(gap), 0)
        if gap >= 0:
            return show.say("{scope} booked {amount} in {period}, {gap} above quota", **words)
        return show.say("{scope} booked {amount} in {period}, {gap} below quota", **words)
    change = measure.change("prior")
    if change is None:
        return show.say("{scope} booked {amount} in {period}", **words)
    words |= {"gap": show.share(abs(change), 0), "prior": measure.period("prior")}
    if change >= 0:
        return show.say("{scope} booked {amount} in {period}, {gap} above {prior}", **words)
    return show.say("{scope} booked {amount} in {period}, {gap} below {prior}", **words)
