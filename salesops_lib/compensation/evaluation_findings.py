"""Findings of a plan's evaluation: what it costs, whom it reaches, is it fair, is it played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.compensation.attainment_distribution import share_at_quota
from salesops_lib.compensation.plan_cost import compensation_cost, p90_leverage
from salesops_lib.compensation.unjudged import Unjudged
from salesops_lib.findings import Finding, Findings, kept_findings
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.compensation.evaluation import PlanEvaluation
    from salesops_lib.results import Measure

__all__ = ["evaluation_findings"]

_HALF = 0.5
_STEEP = 2.0


def evaluation_findings(evaluation: PlanEvaluation) -> Findings:
    """What the evaluation says, and what to do about it.

    Parameters
    ----------
    evaluation : PlanEvaluation
        The plan, judged.

    Returns
    -------
    Findings
    """
    found = [finding for rule in _RULES if (finding := rule(evaluation)) is not None]
    return Findings(_headline(evaluation), kept_findings(found), evaluation.show)


def _headline(evaluation: PlanEvaluation) -> str:
    show, table = evaluation.show, evaluation.table
    if isinstance(table, Unjudged):
        return show.say("{plan}: not judged yet", plan=evaluation.plan.name)
    people = table.people()
    cost = compensation_cost(table)
    words = {
        "amount": show.money(int(people["payout_cents"].sum()) / 100, compact=True),
        "scope": evaluation.view.scope_phrase,
        "period": table.label(),
    }
    if cost.value().number is None:
        return show.say("The plan pays {scope} {amount} for {period}", **words)
    return show.say(
        "The plan pays {scope} {amount} for {period}, {cost} of sales", cost=cost.text(), **words
    )


def _not_judged(evaluation: PlanEvaluation) -> Finding | None:
    found, show = evaluation.table, evaluation.show
    if not isinstance(found, Unjudged):
        return None
    action = show.say("The plan itself is checked and explained below.")
    return Finding(found.undrawn, action, "bad")


def _cost(evaluation: PlanEvaluation) -> Finding | None:
    table, show = evaluation.table, evaluation.show
    if isinstance(table, Unjudged):
        return None
    measure = compensation_cost(table)
    value = measure.value()
    if value.number is None:
        return None
    values = {"cost": json_number(value.number), "prior": measure.value("prior").number}
    return Finding(
        show.say(
            "Variable pay is {cost} of sales in {period}{compared}.",
            cost=measure.text(),
            period=measure.period(),
            compared=_compared(measure),
        ),
        show.say("Hold it against what the budget has for variable pay."),
        _tone(measure),
        {key: json_number(number) for key, number in values.items()},
    )


def _reach(evaluation: PlanEvaluation) -> Finding | None:
    table, show = evaluation.table, evaluation.show
    if isinstance(table, Unjudged):
        return None
    measure = share_at_quota(table)
    number = measure.value().number
    if number is None:
        return None
    action = (
        show.say("The quotas can be reached by most: keep them.")
        if number >= _HALF
        else show.say("Fewer than half reach it: look at quotas before rates.")
    )
    return Finding(
        show.say(
            "{share} of {reps} reps reach quota in {period}{compared}.",
            share=measure.text(),
            reps=show.count(measure.value().n or 0),
            period=measure.period(),
            compared=_compared(measure),
        ),
        action,
        "good" if number >= _HALF else "bad",
        {"share": json_number(number), "prior": json_number(measure.value("prior").number)},
    )


def _leverage(evaluation: PlanEvaluation) -> Finding | None:
    table, show = evaluation.table, evaluation.show
    if isinstance(table, Unjudged):
        return None
    measure = p90_leverage(table)
    number = measure.value().number
    if number is None:
        return None
    words = {
        "times": show.decimal(float(number), 1),
        "period": measure.period(),
        "compared": _compared(measure),
    }
    action = (
        show.say("The top is paid well above target, as accelerators are meant to.")
        if number >= _STEEP
        else show.say("The top earns little above target: accelerators may be too weak.")
    )
    return Finding(
        show.say(
            "One rep in ten earns {times} times target or more in {period}{compared}.", **words
        ),
        action,
        "flat",
        {"p90": json_number(number)},
    )


def _fair(evaluation: PlanEvaluation) -> Finding | None:
    found, show = evaluation.fairness, evaluation.show
    if isinstance(found, Unjudged):
        return None
    values = {str(row.outcome): json_number(row.effect) for row in rows_of(found.frame)}
    if not found.found:
        text = show.say(
            "What {reps} reps reach in {period} depends on what they reached in {prior} no more "
            "than chance explains.",
            reps=show.count(int(found.frame["n"].max())),
            period=found.table.label(),
            prior=found.table.label("prior"),
        )
        return Finding(text, show.say("No sign of quotas that stay easy."), "good", values)
    return Finding(
        found.headline,
        show.say("Compare the quotas of those who are always above with the others'."),
        "bad",
        values,
    )


def _gaming(evaluation: PlanEvaluation) -> Finding | None:
    show, say = evaluation.show, evaluation.show.say
    named = (
        (evaluation.bunching, say("bunching at the quota")),
        (evaluation.shift, say("deals moved over period ends")),
        (evaluation.held_back, say("deals held back")),
    )
    tested = [(test, name) for test, name in named if not isinstance(test, Unjudged)]
    tested = [(test, name) for test, name in tested if test.is_computable]
    if not tested:
        return None
    found = [name for test, name in tested if test.is_found]
    words = {"tests": show.count(len(tested)), "found": show.count(len(found))}
    values = {"found": len(found), "tested": len(tested)}
    if not found:
        text = say("None of {tests} tests for gaming finds more than chance explains.", **words)
        return Finding(text, say("Test again next period."), "good", values)
    text = say(
        "{found} of {tests} tests for gaming find more than chance explains: {names}.",
        names=show.listed(found),
        **words,
    )
    action = say("Ask how these deals came about; a finding is no proof of intent.")
    return Finding(text, action, "bad", values)


def _lint(evaluation: PlanEvaluation) -> Finding | None:
    lint, say = evaluation.lint.lint, evaluation.show.say
    values = {"errors": lint.errors, "findings": len(lint.findings)}
    if not lint.findings:
        return None
    tone = "bad" if lint.errors else "flat"
    return Finding(
        evaluation.lint.headline,
        say("Each is listed below, with its line and a repair."),
        tone,
        values,
    )


def _proposal(evaluation: PlanEvaluation) -> Finding | None:
    change, show = evaluation.change, evaluation.show
    if isinstance(change, Unjudged):
        return None
    text = show.say(
        "{plan} would have changed the cost by {change} over {periods}: {winners} reps win, "
        "{losers} lose.",
        plan=change.after,
        change=show.money(change.change_cents / 100, compact=True, signed=True),
        periods=change.periods,
        winners=show.count(change.count("winner")),
        losers=show.count(change.count("loser")),
    )
    values = {
        "before": change.before_cents,
        "after": change.after_cents,
        "winners": change.count("winner"),
        "losers": change.count("loser"),
    }
    action = show.say("Look at who loses before deciding; people would also work otherwise.")
    return Finding(text, action, "flat", values)


def _compared(measure: Measure) -> str:
    """What the figure was before, as the end of a sentence; empty where it is not known."""
    if measure.value("prior").number is None:
        return ""
    return measure.show.say(
        ", after {before} in {prior}",
        before=measure.text("prior"),
        prior=measure.period("prior"),
    )


def _tone(measure: Measure) -> str:
    value, before = measure.value(), measure.value("prior").number
    if before is None or value.low is None or value.high is None:
        return "flat"
    return "flat" if value.low <= float(before) <= value.high else measure.tone()


_RULES: tuple[Callable[[PlanEvaluation], Finding | None], ...] = (
    _not_judged, _cost, _reach, _leverage, _fair, _gaming, _lint, _proposal,
)  # fmt: skip
