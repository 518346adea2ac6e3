"""The steps of a pipeline waterfall: what they mean, add up to and are called."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.performance.definitions import DEFINITIONS
from salesops_lib.performance.pipeline_moves import CLOSING, ENTRIES, EXITS, MOVES, OPENING

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter

__all__ = ["WATERFALL", "step_labels", "waterfall_steps"]

_NONE = Decimal("0.00")

WATERFALL = DEFINITIONS["waterfall"]
"""What the waterfall means."""


def waterfall_steps(moves: pd.DataFrame) -> pd.DataFrame:
    """Moves added up to steps.

    Parameters
    ----------
    moves : DataFrame
        As `pipeline_moves.pipeline_moves` returns them.

    Returns
    -------
    DataFrame
        One row a step, with the columns of `waterfall.Waterfall.frame`.
    """
    rows, level = [], _NONE
    for step in (OPENING, *MOVES, CLOSING):
        here = moves[moves["move"] == step]
        amount = sum(here["change"], _NONE)
        deals = int(here["opportunity_id"].nunique())
        sign = 1 if step in ENTRIES else -1 if step in EXITS else 0
        before = _NONE if step in {OPENING, CLOSING} else level
        level = before + amount
        net = deals if step in {OPENING, CLOSING} else sign * len(here)
        rows.append((step, deals, net, amount, before, level))
    return pd.DataFrame(rows, columns=["step", "deals", "net_deals", "amount", "before", "after"])


def step_labels(show: Formatter, start: dt.date, end: dt.date) -> dict[str, str]:
    """Name of each step, in the language of the report.

    Parameters
    ----------
    show : Formatter
        Formats and language.
    start, end : date
        Days of the opening and the closing pipeline.

    Returns
    -------
    dict
        By step.
    """
    say = show.say
    return {
        OPENING: say("Open, {day}", day=show.date(start, short=True)),
        "new": say("New"),
        "reopened": say("Reopened"),
        "pulled_in": say("Pulled in"),
        "pushed_in": say("Pushed in"),
        "category_in": say("Category in"),
        "owner_in": say("Owner in"),
        "amount_up": say("Amount up"),
        "amount_down": say("Amount down"),
        "category_out": say("Category out"),
        "owner_out": say("Owner out"),
        "pulled_out": say("Pulled out"),
        "pushed_out": say("Pushed out"),
        "lost": say("Lost"),
        "won": say("Won"),
        CLOSING: say("Open, {day}", day=show.date(end, short=True)),
    }
