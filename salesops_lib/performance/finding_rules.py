"""Rules of the findings: each looks at one measure and says one sentence, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.performance.attainment import attainment, quota_share
from salesops_lib.performance.finding import Finding, distance
from salesops_lib.performance.formulas import coverage_needed
from salesops_lib.performance.outcomes import (
    bookings,
    cycle_days,
    win_rate,
    win_rate_value,
)
from salesops_lib.performance.people_rules import people_finding
from salesops_lib.performance.pipeline import (
    coverage,
    quota_by,
    quota_met,
    target_period,
)
from salesops_lib.performance.pipeline_rules import (
    created_finding,
    move_finding,
    pace_finding,
    slippage_finding,
    stale_finding,
)
from salesops_lib.rows import json_number
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.view import View
    from salesops_lib.results import Measure

__all__ = ["RULES"]

_COMPARED = ("prior", "last_year")


def _bookings(view: View) -> Finding | None:
    measure = bookings(view)
    number = measure.value().number
    if number is None:
        return None
    # Of a year the period before is also the same one last year: it is told once.
    known = [distance(measure, role) for role in _COMPARED if measure.change(role) is not None]
    compared = list(dict.fromkeys(known))
    words = {"amount": measure.text(), "prior": measure.period("prior")}
    text = view.show.say(
        "Bookings were {amount}; there is nothing to compare with in {prior}.", **words
    )
    if measure.value("prior").number == 0:
        text = view.show.say("Bookings were {amount}, against none in {prior}.", **words)
    if compared:
        text = view.show.say(
            "Bookings were {amount}, {comparisons}.",
            amount=measure.text(),
            comparisons=view.show.listed(compared),
        )
    return Finding(
        text,
        _who_moved(view) or _next_step(measure),
        measure.tone("prior"),
        {
            "bookings": json_number(number),
            "prior": measure.change("prior"),
            "last_year": measure.change("last_year"),
        },
    )


def _next_step(measure: Measure) -> str:
    """What to do where no part of the scope stands out."""
    if measure.change("prior") is None and measure.value("prior").number is None:
        return measure.show.say("The next issue compares with it.")
    return measure.show.say("Look at the largest deals first: they explain most of the change.")


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
    say, money = view.show.say, view.show.money
    words = {
        "winner": winner,
        "gain": money(most, compact=True, signed=True),
        "loser": loser,
        "loss": money(least, compact=True, signed=True),
    }
    if most > 0 > least:
        return say(
            "{winner} gained the most ({gain}); {loser} lost the most ({loss}): ask what changed "
            "there.",
            **words,
        )
    if most > 0:
        return say("{winner} gained the most ({gain}): ask what changed there.", **words)
    if least < 0:
        return say("{loser} lost the most ({loss}): ask what changed there.", **words)
    return ""


def _attainment(view: View) -> Finding | None:
    measure, share = attainment(view), quota_share(view)
    value = measure.value()
    if value.number is None:
        return None
    gap, change = float(value.number) - 1, measure.change("prior")
    action = view.show.say("Agree which open deals are to close the gap.")
    if gap >= 0:
        action = view.show.say("Find out what worked, and share it.")
    reached = share.value()
    if reached.number is not None and view.scope.kind != "rep" and reached.n:
        action = view.show.say(
            "{reached} of {rated} reps with a quota reached it.",
            reached=view.show.count(round(float(reached.number) * reached.n)),
            rated=view.show.count(reached.n),
        )
        low = [
            label
            for key, label in attainment(view, _below(view)).groups
            if (attainment(view, _below(view)).value(group=key).number or 1) < 0.8
        ]
        if low and view.scope.kind != "team":
            named = view.show.say("Below 80%: {groups}.", groups=view.show.listed(low[:4]))
            action = f"{action} {named}"
    return Finding(
        _attained(measure, gap),
        action,
        "good" if gap >= 0 else "bad",
        {"attainment": json_number(value.number), "prior": change},
    )


def _attained(measure: Measure, gap: float) -> str:
    show, change = measure.show, measure.change("prior")
    words = {
        "attainment": measure.text(),
        "gap": show.points(abs(gap), signed=False),
        "change": measure.change_text(),
        "prior": measure.period("prior"),
    }
    if change is None and gap >= 0:
        return show.say("Attainment is {attainment}, {gap} above quota.", **words)
    if change is None:
        return show.say("Attainment is {attainment}, {gap} below quota.", **words)
    if gap >= 0:
        return show.say(
            "Attainment is {attainment}, {gap} above quota ({change} on {prior}).", **words
        )
    return show.say("Attainment is {attainment}, {gap} below quota ({change} on {prior}).", **words)


def _below(view: View) -> str:
    return {"company": "region", "region": "team"}.get(view.scope.kind, "rep")


def _coverage(view: View) -> Finding | None:
    measure, rate = coverage(view), win_rate(view).value()
    value, target = measure.value(), target_period(view)
    if value.number is None:
        return _quota_met(view, value.reason)
    have, needed = float(value.number), coverage_needed(rate.number)
    if needed is None or rate.number is None:
        return None
    show, say = view.show, view.show.say
    quota = quota_by(view, target.start, target.end).get("all", 0.0)
    words = {
        "period": show.period(target.label),
        "coverage": show.ratio(have),
        "needed": show.ratio(needed),
        "rate": show.share(rate.number),
    }
    values = {"coverage": have, "needed": needed, "due": have * quota}
    begun = target == view.period
    if have >= needed:
        text = (
            say(
                "{period} has {coverage} coverage of the quota still open, above the {needed} "
                "that a win rate of {rate} needs.",
                **words,
            )
            if begun
            else say(
                "{period} starts with {coverage} coverage of the quota still open, above the "
                "{needed} that a win rate of {rate} needs.",
                **words,
            )
        )
        return Finding(text, say("Keep the deals due moving; no gap to fill."), "good", values)
    text = (
        say(
            "{period} has {coverage} coverage of the quota still open, below the {needed} that a "
            "win rate of {rate} needs.",
            **words,
        )
        if begun
        else say(
            "{period} starts with {coverage} coverage of the quota still open, below the {needed} "
            "that a win rate of {rate} needs.",
            **words,
        )
    )
    action = say(
        "{amount} more pipeline due in {period} closes the gap.",
        amount=show.money((needed - have) * quota, compact=True),
        period=words["period"],
    )
    return Finding(text, action, "bad", values)


def _quota_met(view: View, reason: str) -> Finding | None:
    if reason != quota_met(view):
        return None
    say = view.show.say
    text = say(
        "The quota of {period} is already met, by {day}.",
        period=view.show.period(target_period(view).label),
        day=view.show.date(view.as_of),
    )
    action = say("Coverage says nothing any more: move attention to the next one.")
    return Finding(text, action, "good")


def _win_rate(view: View) -> Finding | None:
    measure = win_rate(view)
    now, before, change = measure.value(), measure.value("prior"), measure.change("prior")
    if now.number is None or now.low is None or now.high is None:
        return None
    show, say = view.show, view.show.say
    tone, action = "flat", ""
    if change is None or before.low is None or before.high is None:
        text = show.counted(
            now.n or 0,
            "{rate} of {count} closed deal was won (closed win rate, with nothing to compare it "
            "with).",
            "{rate} of {count} closed deals were won (closed win rate, with nothing to compare it "
            "with).",
            rate=measure.text(),
        )
    else:
        text = show.counted(
            now.n or 0,
            "{rate} of {count} closed deal was won (closed win rate, {change} on {prior}).",
            "{rate} of {count} closed deals were won (closed win rate, {change} on {prior}).",
            rate=measure.text(),
            change=measure.change_text(),
            prior=measure.period("prior"),
        )
        apart = now.low > before.high or now.high < before.low
        tone = measure.tone() if apart else "flat"
        action = say("The change is within what chance explains.")
        if apart:
            action = say("The change is more than chance explains.")
        if before.reason:
            action = say(
                "Do not read the change. {prior}: {reason}.",
                prior=measure.period("prior"),
                reason=before.reason,
            )
            tone = "flat"
    if (now.n or 0) < SMALL_SAMPLE:
        action = show.say(
            "Fewer than {limit} deals closed: read with care.", limit=show.count(SMALL_SAMPLE)
        )
        tone = "flat"
    elif not action and win_rate_value(view).value().number is None:
        reason = win_rate_value(view).value().reason
        action = say("By value it is not computable: {reason}.", reason=reason)
    action = action or say("The next issue compares with it.")
    return Finding(text, action, tone, {"win_rate": json_number(now.number), "prior": change})


def _cycle(view: View) -> Finding | None:
    measure = cycle_days(view)
    value, change = measure.value(), measure.change("prior")
    if value.number is None or change is None or (value.n or 0) < SMALL_SAMPLE:
        return None
    say = view.show.say
    words = {
        "cycle": measure.text(),
        "change": view.show.days(abs(change)),
        "prior": measure.period("prior"),
    }
    if abs(change) < 0.5:
        text = say("The median sales cycle is {cycle}, the same as in {prior}.", **words)
    elif change > 0:
        text = say("The median sales cycle is {cycle}, {change} longer than in {prior}.", **words)
    else:
        text = say("The median sales cycle is {cycle}, {change} shorter than in {prior}.", **words)
    outside = value.low is not None and _outside(
        measure.value("prior").number, value.low, value.high
    )
    action = say("The change is within the 95% interval.")
    if outside:
        action = (
            say("Find the stage where deals wait longer than before.")
            if change > 0
            else say("Keep what sped deals up.")
        )
    tone = measure.tone() if outside else "flat"
    return Finding(text, action, tone, {"cycle_days": json_number(value.number), "prior": change})


def _outside(number: Any, low: float, high: float | None) -> bool:
    return number is not None and high is not None and not low <= float(number) <= high


RULES: tuple[Callable[[View], Finding | None], ...] = (
    _bookings,
    _attainment,
    pace_finding,
    _coverage,
    _win_rate,
    slippage_finding,
    move_finding,
    people_finding,
    _cycle,
    created_finding,
    stale_finding,
)
"""All rules, the most important first."""
