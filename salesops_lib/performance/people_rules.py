"""Rule of the findings about people: who may be named, because chance does not explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.performance.consistency import consistency
from salesops_lib.performance.fairness import fair_attainment, fair_win_rates
from salesops_lib.performance.finding import Finding
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View
    from salesops_lib.performance.fair_comparison import FairComparison

__all__ = ["people_finding"]

_NAMED = 3


def people_finding(view: View) -> Finding | None:
    """The last, the first, or those who vary; None where chance explains all of it."""
    compared = (fair_attainment(view), fair_win_rates(view))
    for result in compared:
        if result.worst is not None:
            return _lowest(result, result.worst)
    for result in compared:
        if result.best is not None:
            return _highest(result, result.best)
    return _uneven(view)


def _words(result: FairComparison, rep: str) -> dict[str, str]:
    show = result.view.show
    row = next(row for row in rows_of(result.frame) if row.rep_id == rep)
    return {
        "rep": row.rep,
        "measure": result.name,
        "reps": show.count(len(result.frame)),
        "value": show.share(row.fair, 0),
        "team": show.share(result.team, 0),
        "period": result.days,
    }


def _values(result: FairComparison, rep: str) -> dict[str, float | int | None]:
    fair = result.frame.loc[result.frame["rep_id"] == rep, "fair"].iloc[0]
    return {result.measure: json_number(fair), "team": json_number(result.team)}


def _lowest(result: FairComparison, rep: str) -> Finding:
    say, words = result.view.show.say, _words(result, rep)
    text = say(
        "{measure}: {rep} is the last of {reps} reps beyond chance, with {value} against {team} of "
        "all ({period}).",
        **words,
    )
    action = say("Go through territory, pipeline and deals with {rep}.", **words)
    return Finding(text, action, "bad", _values(result, rep))


def _highest(result: FairComparison, rep: str) -> Finding:
    say, words = result.view.show.say, _words(result, rep)
    text = say(
        "{measure}: {rep} is the first of {reps} reps beyond chance, with {value} against {team} "
        "of all ({period}).",
        **words,
    )
    action = say("Find out what {rep} does, and share it.", **words)
    return Finding(text, action, "good", _values(result, rep))


def _uneven(view: View) -> Finding | None:
    """Reps whose results vary more than chance explains, the most uneven first."""
    found = consistency(view)
    uneven = found.frame[found.frame["verdict"] == "uneven"]
    rated = uneven.dropna(subset=["ratio"])
    if rated.empty:
        return None
    show = view.show
    most = float(rated["ratio"].max())
    text = show.counted(
        len(uneven),
        "{count} of {judged} reps varies more than chance explains: {reps}, {ratio} that of "
        "chance ({days}).",
        "{count} of {judged} reps vary more than chance explains, most of all {reps}, up to "
        "{ratio} that of chance ({days}).",
        judged=show.count(len(found.judged)),
        reps=show.listed(list(rated["rep"].head(_NAMED))),
        ratio=show.ratio(most),
        days=found.days,
    )
    action = show.say("Ask how deals are planned over the periods, before judging a single one.")
    return Finding(text, action, "bad", {"reps": len(uneven), "ratio": json_number(most)})
