"""Findings of a forecast: how much, how sure, what decides it, and how right it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.findings import Finding, Findings, kept_findings
from salesops_lib.forecasting.combined import booking_forecast
from salesops_lib.forecasting.combined_changes import combined_changes
from salesops_lib.forecasting.combined_record import chance_record, combined_record
from salesops_lib.forecasting.deciding_deals import deciding_deals, forecast_risks
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from salesops_lib.data.view import View

__all__ = ["forecast_findings"]

_LIKELY, _UNLIKELY = 0.75, 0.4
_LARGE_RISK = 0.25


def forecast_findings(view: View) -> Findings:
    """What the forecast says, and what to do about it.

    Parameters
    ----------
    view : View
        Scope.

    Returns
    -------
    Findings
    """
    found = [finding for rule in _RULES if (finding := rule(view)) is not None]
    forecast = booking_forecast(view)
    return Findings(forecast.headline.rstrip("."), kept_findings(found), view.show)


def _number(view: View) -> Finding | None:
    found, show = booking_forecast(view), view.show
    if found.own.empty:
        return Finding(found.headline, show.say("The export needs deals that were won."))
    row = next(rows_of(found.own))
    last = float(found.past["amount"].iloc[-1]) if len(found.past) else 0.0
    words = {
        "amount": show.money(row.forecast, compact=True),
        "period": show.period(row.period),
        "interval": show.interval(row.low, row.high, "money"),
    }
    text = show.say("{period} will bring {amount} (80% interval {interval}).", **words)
    change = None
    if last > 0:
        change = row.forecast / last - 1
        words |= {
            "change": show.share(abs(change)),
            "prior": show.period(found.past["period"].iloc[-1]),
        }
        template = (
            show.say(
                "{period} will bring {amount} (80% interval {interval}), {change} above {prior}.",
                **words,
            )
            if change >= 0
            else show.say(
                "{period} will bring {amount} (80% interval {interval}), {change} below {prior}.",
                **words,
            )
        )
        text = template
    return Finding(
        text,
        show.say("Plan with the interval, and not with the mean alone."),
        "flat" if change is None else "good" if change >= 0 else "bad",
        {"forecast": json_number(row.forecast), "low": row.low, "high": row.high,
         "prior": json_number(change)},
    )  # fmt: skip


def _goal(view: View) -> Finding | None:
    found, show = booking_forecast(view), view.show
    if found.own.empty or not found.own["goal"].iloc[0] > 0:
        return None
    row = next(rows_of(found.own))
    words = {
        "goal": show.money(row.goal, compact=True),
        "chance": show.share(row.chance, 0),
        "missing": show.money(row.shortfall, compact=True),
    }
    text = show.say(
        "The goal of {goal} is reached with a chance of {chance}; on average {missing} is missing.",
        **words,
    )
    values = {"goal": row.goal, "chance": row.chance, "shortfall": row.shortfall}
    if row.chance >= _LIKELY:
        return Finding(text, show.say("Keep the pace; protect the deals listed below."), "good",
                       values)  # fmt: skip
    if row.chance <= _UNLIKELY:
        action = show.say("Close the gap with the deals that decide it, or lower what is promised.")
        return Finding(text, action, "bad", values)
    return Finding(text, show.say("It can go either way: the deals below decide it."), "flat",
                   values)  # fmt: skip


def _decides(view: View) -> Finding | None:
    found = deciding_deals(view)
    if found.frame.empty:
        return None
    return Finding(
        found.headline,
        view.show.say("Review these with their owners first."),
        "flat",
        {"share": found.share, "deals": len(found.frame)},
    )


def _risk(view: View) -> Finding | None:
    found = forecast_risks(view)
    rows = found.frame[found.frame["risk"] != "largest"]
    if rows.empty or not rows["amount"].max() > 0:
        return None
    share = float(rows["share"].max())
    return Finding(
        found.headline,
        view.show.say("Ask for a next step and a date, or take them out of the forecast."),
        "bad" if share >= _LARGE_RISK else "flat",
        {"share": share, "amount": float(rows["amount"].max())},
    )


def _changed(view: View) -> Finding | None:
    found = combined_changes(view)
    change = found.after - found.before
    if not change:
        return None
    return Finding(
        found.headline,
        view.show.say("The deals behind each reason are in the section on changes."),
        "good" if change > 0 else "bad",
        {"before": json_number(found.before), "after": json_number(found.after)},
    )


def _accuracy(view: View) -> Finding | None:
    rows = combined_record(view).shown
    own = rows[(rows["method"] == "combined") & (rows["week"] == 5)]
    if own.empty:
        return None
    show, row = view.show, next(rows_of(own))
    words = {
        "error": show.share(row.wape),
        "quarters": show.count(row.quarters),
        "inside": show.share(row.coverage, 0),
    }
    others = {other.method: other.wape for other in rows_of(rows[rows["week"] == 5])}
    known = [name for name in ("stage_weighted", "seasonal_naive") if name in others]
    values: dict[str, Any] = {"wape": row.wape, "coverage": row.coverage}
    action = show.say("The record below has each method and week.")
    if not known:
        text = show.say(
            "Forecasts of week 5 were wrong by {error} over {quarters} quarters; {inside} of the "
            "actual results lay in the 80% interval.",
            **words,
        )
        return Finding(text, action, "flat", values)
    other = known[0]
    values[other] = others[other]
    text = show.say(
        "Forecasts of week 5 were wrong by {error} over {quarters} quarters ({method}: {other}); "
        "{inside} of the actual results lay in the 80% interval.",
        other=show.share(others[other]),
        method=_method(other, view),
        **words,
    )
    return Finding(text, action, "good" if row.wape < others[other] else "bad", values)


def _chances(view: View) -> Finding | None:
    found, show = chance_record(view), view.show
    if found.error.number is None:
        return None
    return Finding(
        found.headline,
        show.say("A chance of 30% means 3 of 10, no matter what the stage says."),
        "flat",
        {"calibration_error": float(found.error.number)},
    )


def _method(method: str, view: View) -> str:
    from salesops_lib.forecasting.definitions import method_name

    return method_name(method, view.show)


_RULES: tuple[Callable[[View], Finding | None], ...] = (
    _number, _goal, _decides, _risk, _changed, _accuracy, _chances,
)  # fmt: skip
