"""Findings: what moved, how much, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesops_lib.fragments import fragment
from salesops_lib.performance.attainment import attainment, quota_share
from salesops_lib.performance.outcomes import (
    bookings,
    cycle_days,
    pipeline_created,
    win_rate,
    win_rate_value,
)
from salesops_lib.performance.pipeline import coverage, open_pipeline, quota_by, target_period
from salesops_lib.results import MIME, json_number
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from salesops_lib.data.view import View
    from salesops_lib.results import Measure

__all__ = ["Finding", "Findings", "findings"]

MOST_FINDINGS = 7
_COMPARED = ("prior", "last_year")


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
    """

    headline: str
    findings: tuple[Finding, ...]

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = [
            {"text": f.text, "action": f.action, "tone": f.tone, "values": dict(f.values)}
            for f in self.findings
        ]
        return {
            "text/plain": "\n".join(f"- {f.text} {f.action}" for f in self.findings),
            "text/html": fragment("findings", findings=self.findings),
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
    rules: tuple[Callable[[View], Finding | None], ...] = (
        _bookings,
        _attainment,
        _coverage,
        _win_rate,
        _cycle,
        _created,
        _stale,
    )
    found = [finding for rule in rules if (finding := rule(view)) is not None]
    return Findings(_headline(view), tuple(found[:MOST_FINDINGS]))


def _headline(view: View) -> str:
    measure, attained, period = bookings(view), attainment(view).value().number, view.period.label
    who = view.scope.label if view.scope.kind != "company" else "The company"
    if measure.value().number is None:
        return f"{who}, {period}: nothing has closed yet"
    booked = f"{who} booked {measure.text()} in {period}"
    if attained is not None:
        gap = float(attained) - 1
        where = "above" if gap >= 0 else "below"
        booked += f", {view.show.share(abs(gap), 0)} {where} quota"
    else:
        change = measure.change("prior")
        if change is not None:
            where = "above" if change >= 0 else "below"
            prior = measure.period("prior")
            booked += f", {view.show.share(abs(change), 0)} {where} {prior}"
    return booked


def _bookings(view: View) -> Finding | None:
    measure = bookings(view)
    number = measure.value().number
    if number is None:
        return None
    compared = [
        f"{_distance(measure, role)} {measure.period(role)}"
        for role in _COMPARED
        if measure.change(role) is not None
    ]
    text = f"Bookings were {measure.text()}"
    text += f", {' and '.join(compared)}." if compared else "; there is nothing to compare with."
    return Finding(
        text,
        _who_moved(view),
        measure.tone("prior"),
        {
            "bookings": json_number(number),
            "prior": measure.change("prior"),
            "last_year": measure.change("last_year"),
        },
    )


def _who_moved(view: View) -> str:
    """Which part of the scope gained and lost the most against the prior period."""
    by = {"company": "region", "region": "team", "team": "rep"}.get(view.scope.kind)
    if by is None:
        return ""
    measure = bookings(view, by)
    if len(measure.groups) < 2:
        by = "rep"
        measure = bookings(view, by)
    moves = sorted(
        (
            float(measure.value("current", key).number or 0)
            - float(measure.value("prior", key).number or 0),
            label,
        )
        for key, label in measure.groups
    )
    if len(moves) < 2 or bookings(view).value("prior").number is None:
        return ""
    (least, loser), (most, winner) = moves[0], moves[-1]
    money = view.show.money
    parts = []
    if most > 0:
        parts.append(f"{winner} gained the most ({money(most, compact=True, signed=True)})")
    if least < 0:
        parts.append(f"{loser} lost the most ({money(least, compact=True, signed=True)})")
    sentence = "; ".join(parts)
    return f"{sentence}: ask what changed there." if sentence else ""


def _attainment(view: View) -> Finding | None:
    measure, share = attainment(view), quota_share(view)
    value = measure.value()
    if value.number is None:
        return None
    gap = float(value.number) - 1
    where = "above" if gap >= 0 else "below"
    change = measure.change("prior")
    compared = "" if change is None else f" ({measure.change_text()} on {measure.period('prior')})"
    text = f"Attainment is {measure.text()}, {view.show.points(abs(gap)).lstrip('+')} {where} quota"
    text += f"{compared}."
    action = ""
    reached = share.value()
    if reached.number is not None and view.scope.kind != "rep" and reached.n:
        count = round(float(reached.number) * reached.n)
        action = f"{count} of {reached.n} reps with a quota reached it."
        low = [
            label
            for key, label in attainment(view, _below(view)).groups
            if (attainment(view, _below(view)).value(group=key).number or 1) < 0.8
        ]
        if low and view.scope.kind != "team":
            action += f" Below 80%: {view.show.listed(low[:4])}."
    return Finding(
        text,
        action,
        "good" if gap >= 0 else "bad",
        {"attainment": json_number(value.number), "prior": change},
    )


def _below(view: View) -> str:
    return {"company": "region", "region": "team"}.get(view.scope.kind, "rep")


def _coverage(view: View) -> Finding | None:
    measure, rate = coverage(view), win_rate(view).value()
    value, target = measure.value(), target_period(view)
    if value.number is None:
        return _quota_met(view, value.reason)
    if not rate.number:
        return None
    have, needed = float(value.number), 1 / float(rate.number)
    show = view.show
    verb = "starts with" if target != view.period else "has"
    quota = quota_by(view, target.start, target.end).get("all", 0.0)
    due = have * quota
    text = (
        f"{target} {verb} {show.ratio(have)} coverage of the quota still open, "
        f"{'above' if have >= needed else 'below'} the {show.ratio(needed)} that a win rate of "
        f"{show.share(rate.number)} needs."
    )
    values = {"coverage": have, "needed": needed, "due": due}
    if have >= needed:
        return Finding(text, "Keep the deals due moving; no gap to fill.", "good", values)
    gap = show.money((needed - have) * quota, compact=True)
    return Finding(text, f"{gap} more pipeline due in {target} closes the gap.", "bad", values)


def _quota_met(view: View, reason: str) -> Finding | None:
    if "already met" not in reason:
        return None
    text = f"The quota of {target_period(view)} is already met, by {view.show.date(view.as_of)}."
    return Finding(text, "Coverage says nothing any more: move attention to the next one.", "good")


def _win_rate(view: View) -> Finding | None:
    measure = win_rate(view)
    now, before, change = measure.value(), measure.value("prior"), measure.change("prior")
    if now.number is None or now.low is None or now.high is None:
        return None
    text = (
        f"{measure.text()} of {view.show.count(now.n or 0)} closed deals were won (closed win rate"
    )
    tone, action = "flat", ""
    if change is None or before.low is None or before.high is None:
        text += ", with nothing to compare it with)."
    else:
        apart = now.low > before.high or now.high < before.low
        text += f", {measure.change_text()} on {measure.period('prior')})."
        tone = measure.tone() if apart else "flat"
        verdict = "more than chance explains" if apart else "within what chance explains"
        action = f"The change is {verdict}."
        if before.reason:
            action = f"{measure.period('prior')} is {before.reason}: do not read the change."
            tone = "flat"
    if (now.n or 0) < SMALL_SAMPLE:
        action = "Fewer than 10 deals closed: read with care."
        tone = "flat"
    elif not action and win_rate_value(view).value().number is None:
        action = f"By value it is not computable: {win_rate_value(view).value().reason}."
    return Finding(text, action, tone, {"win_rate": json_number(now.number), "prior": change})


def _cycle(view: View) -> Finding | None:
    measure = cycle_days(view)
    value, change = measure.value(), measure.change("prior")
    if value.number is None or change is None or (value.n or 0) < SMALL_SAMPLE:
        return None
    direction = "longer" if change > 0 else "shorter"
    text = f"The median sales cycle is {measure.text()}, "
    if abs(change) < 0.5:
        text += f"the same as in {measure.period('prior')}."
        direction = "flat"
    else:
        text += f"{view.show.days(abs(change))} {direction} than in {measure.period('prior')}."
    outside = value.low is not None and _outside(
        measure.value("prior").number, value.low, value.high
    )
    action = "The change is within the 95% interval."
    if outside:
        action = (
            "Find the stage where deals wait longer than before."
            if change > 0
            else "Keep what sped deals up."
        )
    tone = measure.tone() if outside else "flat"
    return Finding(text, action, tone, {"cycle_days": json_number(value.number), "prior": change})


def _outside(number: Any, low: float, high: float | None) -> bool:
    return number is not None and high is not None and not low <= float(number) <= high


def _created(view: View) -> Finding | None:
    measure = pipeline_created(view)
    value, change = measure.value(), measure.change("prior")
    if value.number is None or change is None:
        return None
    text = f"{measure.text()} of pipeline was created, "
    text += f"{_distance(measure, 'prior')} {measure.period('prior')}."
    action = (
        "Less pipeline now is fewer wins a cycle from now: agree a creation goal."
        if change < -0.05
        else ""
    )
    values = {"pipeline_created": json_number(value.number), "prior": change}
    return Finding(text, action, measure.tone(), values)


def _stale(view: View) -> Finding | None:
    frame = open_pipeline(view).frame
    deals, stale = int(frame["deals"].sum()), int(frame["stale"].sum())
    if not stale:
        return None
    show = view.show
    share = view.show.share(stale / deals, 0)
    worth = ""
    if not open_pipeline(view).unvalued:
        worth = f" worth {show.money(float(frame['stale_amount'].sum()), compact=True)}"
    many = "open deals" if stale > 1 else "open deal"
    text = f"{show.count(stale)} {many}{worth}, {share} of all open ones, "
    text += f"{'are' if stale > 1 else 'is'} past the close date on {show.date(view.as_of)}."
    return Finding(
        text,
        "Close, or give a new date: stale deals inflate the pipeline.",
        "bad",
        {"stale": stale},
    )


def _distance(measure: Measure, role: str) -> str:
    change = measure.change(role) or 0.0
    if round(abs(change), 3) == 0:
        return "level with"
    return f"{measure.show.share(abs(change))} {'above' if change > 0 else 'below'}"
