"""Findings: what moved, how much, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.findings import Finding, Findings, kept_findings
from salesops_lib.performance.attainment import attainment
from salesops_lib.performance.finding_rules import RULES
from salesops_lib.performance.outcomes import bookings

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["Finding", "Findings", "findings"]


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
    return Findings(_headline(view), kept_findings(found), view.show)


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
