"""Which method the data allow for each part of a forecast, and why it is not a better one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.forecasting.definitions import NO_PAST
from salesops_lib.forecasting.series_part import past_quarters
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import compact_rows, rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.forecasting.company_forecast import CompanyForecast
    from salesops_lib.formats import Formatter

__all__ = ["ENOUGH_QUARTERS", "Sufficiency", "sufficiency"]

ENOUGH_QUARTERS = 4
"""Past quarters from which weights and intervals are called learnt."""

_SEASON = 4
_ENSEMBLE = 9


@dataclass(frozen=True)
class Sufficiency:
    """The method of each part of a forecast.

    Parameters
    ----------
    frame : DataFrame
        One row a part: `part` (``combination``, ``open_deals``, ``not_created``, ``series``,
        ``commit``, ``intervals``, ``goal``), `method`, `reason` (why not a better one; empty
        for the best).
    show : Formatter
        Language.
    """

    frame: pd.DataFrame
    show: Formatter

    def method(self, part: str) -> str:
        """Method of a part."""
        return str(self.frame.loc[self.frame["part"] == part, "method"].iloc[0])

    def reason(self, part: str) -> str:
        """Why the method of a part is not a better one; empty for the best."""
        return str(self.frame.loc[self.frame["part"] == part, "reason"].iloc[0])

    @property
    def headline(self) -> str:
        """One sentence: how the parts are put together, and what is lacking."""
        say = self.show.say
        lacking = [row.reason for row in rows_of(self.frame) if row.reason]
        method = _methods(self.show)[self.method("combination")]
        if not lacking:
            return say("Method: {method}.", method=method)
        return say(
            "Method: {method}. Simpler than it could be: {reasons}.",
            method=method,
            reasons="; ".join(lacking),
        )

    @property
    def grid(self) -> Grid:
        """Part, method and reason as a table."""
        say, names = self.show.say, _methods(self.show)
        parts = _parts(self.show)
        rows = tuple(
            (
                Cell(parts[row.part], "head"),
                Cell(names[row.method], "text"),
                Cell(row.reason, "text"),
            )
            for row in rows_of(self.frame)
        )
        headers = (
            (say("Part"), "text"),
            (say("Method"), "text"),
            (say("Why not a better one"), "text"),
        )
        return Grid(say("How the forecast is made"), headers, rows, show=self.show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"kind": "sufficiency", "headline": self.headline, **compact_rows(self.frame)}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        html = grid_html(self.grid)
        return {"text/plain": self.headline, "text/html": html, MIME: self.records()}


def sufficiency(view: View, made: CompanyForecast) -> Sufficiency:
    """Which method each part of a company's forecast has, by the data there are.

    Parameters
    ----------
    view : View
        Scope and language; its snapshot says what was exported.
    made : CompanyForecast
        The forecast.

    Returns
    -------
    Sufficiency
    """
    say, notes = view.show.say, made.notes
    rows = [
        ("combination", *_combination(view, notes)),
        ("open_deals", *_open_deals(view, notes)),
        ("not_created", *_not_created(view)),
        ("series", *_series(view)),
    ]
    if notes["has_commit"]:
        rows.append(("commit", "commit_corrected", ""))
    else:
        has_any = view.snapshot.whole.has("forecast_submissions")
        why = (
            say("nobody has handed in a forecast of the quarter yet")
            if has_any
            else say("the export holds no forecasts of people")
        )
        rows.append(("commit", "none", why))
    if notes["past_quarters"] >= ENOUGH_QUARTERS:
        rows.append(("intervals", "conformal", ""))
    elif notes["past_quarters"]:
        rows.append(("intervals", "part_assumed", _few(view, notes)))
    else:
        rows.append(("intervals", "assumed", _none(view, notes)))
    if made_goal(view):
        rows.append(("goal", "quotas", ""))
    else:
        rows.append(("goal", "none", say("the export holds no quotas of the quarter")))
    return Sufficiency(pd.DataFrame(rows, columns=["part", "method", "reason"]), view.show)


def made_goal(view: View) -> bool:
    """Whether there are quotas of the quarter forecast first."""
    if not view.snapshot.has("quotas"):
        return False
    day = view.as_of + pd.Timedelta(days=1).to_pytimedelta()
    period = view.calendar.period_of(day, "quarter")
    rows = view.quotas
    inside = (rows["span_start"] <= pd.Timestamp(period.end)) & (
        rows["span_end"] >= pd.Timestamp(period.start)
    )
    return bool(inside.any())


def _combination(view: View, notes: dict[str, Any]) -> tuple[str, str]:
    if notes["past_quarters"] >= ENOUGH_QUARTERS:
        return "stacked", ""
    if notes["past_quarters"]:
        return "nearly_equal", _few(view, notes)
    return "equal", _none(view, notes)


def _few(view: View, notes: dict[str, Any]) -> str:
    return view.show.counted(
        int(notes["past_quarters"]),
        "only {count} past quarter could be forecast again",
        "only {count} past quarters could be forecast again",
    )


def _none(view: View, notes: dict[str, Any]) -> str:
    reason = notes["no_past"] or NO_PAST["no_past"]
    return view.show.say(reason)


def _open_deals(view: View, notes: dict[str, Any]) -> tuple[str, str]:
    show = view.show
    reasons = []
    if notes["deal_method"] != "win model":
        reasons.append(show.say("too few deals have ended for a win model"))
        method = "stage_probability"
    elif "stage" in notes["without"]:
        method = "win_model_without_history"
        reasons.append(
            show.say("without a history of changes, past stages and amounts are not known")
        )
    else:
        method = "win_model"
    if notes["not_begun"]:
        reasons.append(
            show.counted(
                int(notes["not_begun"]),
                "{count} open deal has no created date and counts as not begun",
                "{count} open deals have no created date and count as not begun",
            )
        )
    return method, "; ".join(reasons)


def _not_created(view: View) -> tuple[str, str]:
    day = view.as_of + pd.Timedelta(days=1).to_pytimedelta()
    count = len(past_quarters(view, view.calendar.period_of(day, "quarter")))
    if count >= ENOUGH_QUARTERS:
        return "past_quarters", ""
    why = view.show.counted(
        count,
        "the extract holds {count} past quarter from its first week on",
        "the extract holds {count} past quarters from their first weeks on",
    )
    return "past_quarters", why


def _series(view: View) -> tuple[str, str]:
    day = view.as_of + pd.Timedelta(days=1).to_pytimedelta()
    count = len(past_quarters(view, view.calendar.period_of(day, "quarter")))
    why = view.show.counted(
        count,
        "the series has {count} quarter",
        "the series has {count} quarters",
    )
    if not count:
        return "none", why
    if count < 2 * _SEASON:
        return "short_series", why
    return ("ensemble", "") if count >= _ENSEMBLE else ("ensemble", why)


def _methods(show: Formatter) -> dict[str, str]:
    say = show.say
    return {
        "stacked": say("parts weighed by how wrong each was before"),
        "nearly_equal": say("parts weighed almost alike"),
        "equal": say("parts weighed alike"),
        "win_model": say("win model on rebuilt past states, by deal"),
        "win_model_without_history": say("win model on what was known when deals were created"),
        "stage_probability": say("probability of the CRM, by deal"),
        "past_quarters": say("what came beyond the pipeline in past quarters"),
        "ensemble": say("ensemble of time series models"),
        "short_series": say("mean of naive forecasts"),
        "commit_corrected": say("commit without its forecasters' biases"),
        "conformal": say("as wide as past errors were"),
        "part_assumed": say("partly as wide as past errors were"),
        "assumed": say("as wide as the simulation"),
        "quotas": say("sum of quotas"),
        "none": say("none"),
    }


def _parts(show: Formatter) -> dict[str, str]:
    say = show.say
    return {
        "combination": say("Combination"),
        "open_deals": say("Open deals"),
        "not_created": say("Deals not created yet"),
        "series": say("Time series"),
        "commit": say("People's commit"),
        "intervals": say("Intervals"),
        "goal": say("Goal"),
    }
