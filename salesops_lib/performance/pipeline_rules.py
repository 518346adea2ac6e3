"""Rules of the findings about the pipeline: what moved, slipped, came in, or went stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.performance.due_deals import slippage
from salesops_lib.performance.finding import Finding, distance
from salesops_lib.performance.outcomes import pipeline_created
from salesops_lib.performance.pacing import pacing
from salesops_lib.performance.pipeline import open_pipeline
from salesops_lib.performance.pipeline_moves import CLOSING, MOVES, OPENING
from salesops_lib.performance.slippage import slippage_rate
from salesops_lib.performance.waterfall import pipeline_waterfall
from salesops_lib.rows import json_number, rows_of
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = [
    "created_finding",
    "move_finding",
    "pace_finding",
    "slippage_finding",
    "stale_finding",
]

_TOLD_ELSEWHERE = {"won", "pushed_out"}
"""Moves that bookings and slippage tell."""

_ORDINARY = {"lost", "new"}
"""Moves that every period has: large ones are no news by themselves."""


def pace_finding(view: View) -> Finding | None:
    """Where a running period lands at the pace of past ones; None once it has ended."""
    if view.windows["current"].complete:
        return None
    found = pacing(view)
    value, share = found.landing.value(), found.pace.value().number
    if value.number is None:
        return None
    show, say = view.show, view.show.say
    words = {
        "period": show.period(view.period.label),
        "amount": found.landing.text(),
        "gone": show.share(found.elapsed, 0),
        "ends": show.interval(value.low, value.high, "money"),
    }
    text = say(
        "At the pace of past periods {period} lands at {amount}; {gone} of its days are over.",
        **words,
    )
    action = say("The 95% interval is {ends}.", **words)
    if not words["ends"]:
        action = say("Too few past periods for an interval: read with care.")
    tone = "flat"
    if share is not None:
        words["pace"] = found.pace.text()
        text = say(
            "At the pace of past periods {period} lands at {amount}, {pace} of its quota.", **words
        )
        sure = found.pace.value()
        if sure.low is not None and sure.high is not None and sure.low < 1 <= sure.high:
            action = say("It may still go either way: the 95% interval is {ends}.", **words)
        elif float(share) >= 1:
            tone, action = "good", say("On course: keep the deals due moving.")
        else:
            tone, action = "bad", say("Agree which open deals are to close the gap.")
    values = {"landing": json_number(value.number), "pace": json_number(share)}
    return Finding(text, action, tone, values)


def slippage_finding(view: View) -> Finding | None:
    """Share of the deals due that moved out, against the period before."""
    measure = slippage_rate(view)
    now, before, change = measure.value(), measure.value("prior"), measure.change("prior")
    if now.number is None or change is None or (now.n or 0) < SMALL_SAMPLE:
        return None
    if now.number == 0 and change == 0:
        return None
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return None
    show, say = view.show, view.show.say
    text = show.counted(
        now.n or 0,
        "{rate} of {count} deal due in {period} moved out of it ({change} on {prior}).",
        "{rate} of {count} deals due in {period} moved out of it ({change} on {prior}).",
        rate=measure.text(),
        period=measure.period(),
        change=measure.change_text(),
        prior=measure.period("prior"),
    )
    amount = show.money(slippage(view).amount("slipped"), compact=True)
    tone = "flat"
    action = say("{amount} went later; the change is within what chance explains.", amount=amount)
    if now.low > before.high:
        tone = "bad"
        action = say("{amount} went later: find out why the dates did not hold.", amount=amount)
    elif now.high < before.low:
        tone = "good"
        action = say("{amount} went later; fewer than before, beyond chance: dates hold better.",
                     amount=amount)  # fmt: skip
    values = {"slippage": json_number(now.number), "prior": change}
    return Finding(text, action, tone, values)


def move_finding(view: View) -> Finding | None:
    """The largest move of the period's pipeline that no other finding tells."""
    found = pipeline_waterfall(view)
    if found.reason or found.unvalued or not found.amount(OPENING):
        return None
    moved = [
        row
        for row in rows_of(found.frame)
        if row.step in MOVES and row.step not in _TOLD_ELSEWHERE and row.amount
    ]
    if not moved:
        return None
    largest = max(moved, key=lambda row: abs(row.amount))
    show, say = view.show, view.show.say
    text = say(
        "The pipeline due in {period} went from {opening} to {closing}; largest move besides "
        "wins and delays: {step} {amount}.",
        period=show.period(found.target.label),
        opening=show.money(found.amount(OPENING), compact=True),
        closing=show.money(found.amount(CLOSING), compact=True),
        step=found.label(largest.step),
        amount=show.money(largest.amount, compact=True, signed=True),
    )
    action = say("Look at the deals behind it, in the section on the pipeline.")
    if largest.step == "lost":
        action = say("Read why the largest of them were lost.")
    tone = "good" if largest.amount > 0 else "bad"
    values = {"move": json_number(largest.amount), "deals": largest.deals}
    return Finding(text, action, "flat" if largest.step in _ORDINARY else tone, values)


def created_finding(view: View) -> Finding | None:
    """Pipeline created, against the period before."""
    measure = pipeline_created(view)
    value, change = measure.value(), measure.change("prior")
    if value.number is None or change is None:
        return None
    text = view.show.say(
        "{amount} of pipeline was created, {comparison}.",
        amount=measure.text(),
        comparison=distance(measure, "prior"),
    )
    action = view.show.say("Keep the pace: what is created now is won about a cycle from now.")
    if change < -0.05:
        action = view.show.say(
            "Less pipeline now is fewer wins a cycle from now: agree a creation goal."
        )
    values = {"pipeline_created": json_number(value.number), "prior": change}
    return Finding(text, action, measure.tone(), values)


def stale_finding(view: View) -> Finding | None:
    """Open deals that are past their close date."""
    frame = open_pipeline(view).frame
    deals, stale = int(frame["deals"].sum()), int(frame["stale"].sum())
    if not stale:
        return None
    show = view.show
    words = {"share": show.share(stale / deals, 0), "day": show.date(view.as_of)}
    if open_pipeline(view).unvalued:
        text = show.counted(
            stale,
            "{count} open deal, {share} of all open ones, is past the close date on {day}.",
            "{count} open deals, {share} of all open ones, are past the close date on {day}.",
            **words,
        )
    else:
        text = show.counted(
            stale,
            "{count} open deal worth {amount}, {share} of all open ones, is past the close date "
            "on {day}.",
            "{count} open deals worth {amount}, {share} of all open ones, are past the close date "
            "on {day}.",
            amount=show.money(float(frame["stale_amount"].sum()), compact=True),
            **words,
        )
    return Finding(
        text,
        show.say("Close, or give a new date: stale deals inflate the pipeline."),
        "bad",
        {"stale": stale},
    )
