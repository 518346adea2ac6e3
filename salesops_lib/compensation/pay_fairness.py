"""Fairness: whether attainment and pay hang on the territory, or on last year's quota."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Definition

__all__ = ["PayFairness", "pay_fairness"]

_FEWEST = 30
_COLUMNS = ["outcome", "cause", "effect", "low", "high", "p", "p_adjusted", "partial", "n"]


@dataclass(frozen=True)
class PayFairness:
    """What attainment and pay hang on besides what the rep does.

    Parameters
    ----------
    frame : DataFrame
        One row an outcome and cause: `outcome` (attainment; pay, at equal attainment),
        `cause` (territory: log of its potential ÷ quota for attainment, log of its
        potential for pay; history: the attainment before), `effect` (change of the outcome,
        a share, with one standard deviation of the cause, all other causes equal) with
        `low` and `high` (95 %), `p`, `p_adjusted` (Holm), `partial` (share of what the
        others leave open that it explains) and `n` (reps).
    table : PayoutTable
        Whose payouts.
    reason : str
        Why there is none; empty where there is.
    """

    frame: pd.DataFrame
    table: PayoutTable
    reason: str = ""

    @property
    def definition(self) -> Definition:
        """What it means."""
        return JUDGEMENTS["pay_fairness"].said(self.table.show)

    @property
    def is_computable(self) -> bool:
        """Whether there is anything to read."""
        return not self.reason

    @property
    def found(self) -> list[tuple[str, str]]:
        """Outcomes and causes that chance does not explain."""
        rows = self.frame[self.frame["p_adjusted"] < 0.05]
        return list(zip(rows["outcome"], rows["cause"], strict=True))

    @property
    def headline(self) -> str:
        """One sentence: what the outcome depends on most clearly, or that nothing is shown."""
        show = self.table.show
        if self.reason:
            return show.say(
                "{measure}: not computable: {reason}.",
                measure=self.definition.name,
                reason=self.reason,
            )
        if not self.found and "territory" not in set(self.frame["cause"]):
            return show.say(
                "Neither attainment nor pay is shown to depend on previous attainment, of {reps} "
                "reps.",
                reps=show.count(int(self.frame["n"].max())),
            )
        if not self.found:
            return show.say(
                "Neither attainment nor pay is shown to depend on the territory or on previous "
                "attainment, of {reps} reps.",
                reps=show.count(int(self.frame["n"].max())),
            )
        row = next(iter(rows_of(self.frame.sort_values("p"))))
        return self.sentence(row)

    def sentence(self, row: Any) -> str:
        """What one row of the frame says."""
        say = self.table.show.say
        points = self.table.show.points(row.effect)
        match (row.outcome, row.cause):
            case ("attainment", "territory"):
                return say(
                    "Attainment depends on the territory: {points} with one standard deviation "
                    "more potential for the same quota.",
                    points=points,
                )
            case ("attainment", _):
                return say(
                    "Attainment depends on previous attainment: {points} with one standard "
                    "deviation more of it.",
                    points=points,
                )
            case (_, "territory"):
                return say(
                    "At equal attainment, pay depends on the territory: {points} of target with "
                    "one standard deviation more potential.",
                    points=points,
                )
            case _:
                return say(
                    "At equal attainment, pay depends on previous attainment: {points} of target "
                    "with one standard deviation more of it.",
                    points=points,
                )

    def name(self, row: Any) -> str:
        """Name of a row, for readers."""
        say = self.table.show.say
        return {
            ("attainment", "territory"): say("Attainment, by potential for the same quota"),
            ("attainment", "history"): say("Attainment, by previous attainment"),
            ("pay", "territory"): say("Pay at equal attainment, by potential"),
            ("pay", "history"): say("Pay at equal attainment, by previous attainment"),
        }[row.outcome, row.cause]

    @property
    def grid(self) -> Grid:
        """The effects as a table."""
        show, say = self.table.show, self.table.show.say
        headers = (
            (say("Effect"), "text"),
            (say("With one standard deviation, pp"), "number"),
            (say("95% interval, pp"), "number"),
            (say("p, corrected"), "number"),
            (say("Share of remaining variation explained"), "number"),
            (say("Reps"), "number"),
        )
        rows = tuple(
            (
                Cell(self.name(row), "head"),
                Cell(show.decimal(row.effect * 100, 1, signed=True), number=row.effect),
                Cell(
                    say(
                        "{low} to {high}",
                        low=show.decimal(row.low * 100, 1, signed=True),
                        high=show.decimal(row.high * 100, 1, signed=True),
                    )
                ),
                Cell(show.decimal(row.p_adjusted, 3), number=row.p_adjusted),
                Cell(show.share(row.partial), number=row.partial),
                Cell(show.count(row.n), number=row.n),
            )
            for row in rows_of(self.frame)
        )
        caption = say("{measure}, {scope}", measure=self.definition.name, scope=self.table.scope)
        return Grid(caption, headers, rows, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        rows = [
            {
                key: value if key in {"outcome", "cause"} else json_number(value)
                for key, value in row.items()
            }
            for row in self.frame.to_dict(orient="records")
        ]
        return {"kind": "pay_fairness", "headline": self.headline, "rows": rows}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def pay_fairness(
    table: PayoutTable, potential: pd.Series[Any] | None = None, before: str = "prior"
) -> PayFairness:
    """Whether attainment and pay hang on the territory, or on the attainment before.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts; the current periods together.
    potential : Series, optional
        Potential of each rep's territory, above 0 and in one unit for all, by rep id.
        Without it only the attainment before is looked at.
    before : str
        Role of the periods before: ``prior`` or ``last_year``.

    Returns
    -------
    PayFairness
        Not computable below 30 reps with all that is needed, or where a cause is the same
        for all.

    Notes
    -----
    ``attainment = a + b1 z(log(potential ÷ quota)) + b2 z(attainment before)`` and ``pay ÷
    target = a + c z(attainment) + b1 z(log potential) + b2 z(attainment before)``, least
    squares with HC3 errors (MacKinnon and White 1985, Journal of Econometrics 29). A fair
    quota leaves no b1 in the first: more potential comes with more quota. A fair plan
    leaves nothing but c in the second. A b2 in the first may be skill that lasts, or quotas
    that stay easy; which of them it is, the figures do not tell.
    """
    show = table.show
    people = table.people().set_index("rep_id")
    data = pd.DataFrame(
        {
            "attainment": people["attainment"],
            "pay": people["pay_ratio"],
            "quota": people["quota_cents"],
            "history": table.people(before).set_index("rep_id")["attainment"],
        }
    ).loc[people.index]
    causes = ["history"]
    if potential is not None:
        given = potential.astype(float)
        data["potential"] = np.log(given.where(given > 0).reindex(data.index))
        data["territory"] = data["potential"] - np.log(data["quota"].where(data["quota"] > 0))
        causes = ["territory", "history"]
    data = data.replace([np.inf, -np.inf], np.nan).dropna()
    reason = ""
    if len(data) < _FEWEST:
        reason = show.say(
            "{found} reps have all that is needed, and {needed} are needed",
            found=show.count(len(data)),
            needed=show.count(_FEWEST),
        )
    elif (data[[*causes, "attainment", "pay"]].std() < 1e-9).any():
        reason = show.say("something is the same for all reps")
    if reason:
        return PayFairness(pd.DataFrame([], columns=_COLUMNS), table, reason)
    rows = _effects(data, "attainment", causes, causes)
    if potential is not None:
        data["territory"] = data["potential"]
    rows += _effects(data, "pay", ["attainment", *causes], causes)
    from statsmodels.stats.multitest import multipletests

    adjusted = multipletests([row["p"] for row in rows], method="holm")[1]
    frame = pd.DataFrame(
        [row | {"p_adjusted": float(p)} for row, p in zip(rows, adjusted, strict=True)],
        columns=_COLUMNS,
    )
    return PayFairness(frame, table)


def _effects(
    data: pd.DataFrame, outcome: str, terms: list[str], causes: list[str]
) -> list[dict[str, Any]]:
    import statsmodels.api as sm

    scaled = (data[terms] - data[terms].mean()) / data[terms].std()
    fit = sm.OLS(data[outcome], sm.add_constant(scaled)).fit(cov_type="HC3", use_t=True)
    ends = fit.conf_int()
    rows = []
    for cause in causes:
        rest = sm.add_constant(scaled.drop(columns=cause), has_constant="add")
        without = float(sm.OLS(data[outcome], rest).fit().ssr)
        rows.append(
            {
                "outcome": outcome,
                "cause": cause,
                "effect": float(fit.params[cause]),
                "low": float(ends.loc[cause, 0]),
                "high": float(ends.loc[cause, 1]),
                "p": float(fit.pvalues[cause]),
                "partial": max(0.0, 1 - float(fit.ssr) / without) if without > 1e-12 else 0.0,
                "n": len(data),
            }
        )
    return rows
