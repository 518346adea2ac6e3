"""The record: what each method forecast, what came, and how wrong it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.accuracy import bias, interval_coverage, pinball, skill, wape
from salesops_lib.forecasting.baselines import BACKTEST_COLUMNS
from salesops_lib.forecasting.booked import booked, whole_view, won_deals
from salesops_lib.forecasting.corrected_commit import LEVEL
from salesops_lib.forecasting.definitions import METHODS, method_name
from salesops_lib.fragments import Cell, Grid
from salesops_lib.results import Drawn
from salesops_lib.rows import compact_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from salesops_lib.data.view import View
    from salesops_lib.formats import Formatter

__all__ = ["REFERENCES", "SUMMARY_COLUMNS", "ForecastRecord", "record"]

REFERENCES = ("seasonal_naive", "stage_weighted", "crm_probability", "commit")
"""Methods that each other one is held against."""

_SCORES = ("wape", "bias", "mase", "coverage", "pinball_low", "pinball_high")
SUMMARY_COLUMNS = (
    "method", "kind", "week", "n", "quarters", "missing", *_SCORES,
    *(f"skill_{name}" for name in REFERENCES), "reason",
)  # fmt: skip
"""Columns of `ForecastRecord.summary`."""

_KEYS = ["kind", "key", "period", "week"]
_HISTORY = 8
_TOLD = 4


@dataclass(frozen=True)
class ForecastRecord:
    """Every forecast of past quarters beside what came, for all methods.

    Parameters
    ----------
    frame : DataFrame
        One row a method, scope, quarter and week: `method`, `kind`, `key`, `label`,
        `period`, `week`, `day`, `forecast`, `low`, `high` (80 % interval), `actual`
        (reporting currency; NaN while the quarter runs), `reason` (why there is no
        forecast).
    view : View
        What was looked at.
    kind : str
        Kind of the scopes that headline, table and chart are about.
    """

    frame: pd.DataFrame
    view: View
    kind: str

    def of(self, kind: str) -> ForecastRecord:
        """The same record, told of another kind of scope.

        Raises
        ------
        InputError
            The record holds no such scopes.
        """
        kinds = tuple(dict.fromkeys(self.frame["kind"]))
        if kind not in kinds:
            raise InputError(
                f"the record holds no forecasts by `{kind}`", found=kind, allowed=kinds
            )
        return replace(self, kind=kind)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Errors by method, kind of scope and week.

        `SUMMARY_COLUMNS`: `n` forecasts of `quarters` quarters, `missing` without one;
        `wape`, `bias`, `coverage` (shares); `mase` (each error over the scope's mean
        seasonal move in the quarters before the one forecast); `pinball_low` and
        `pinball_high` (loss of the interval's ends, reporting currency); and for each of
        `REFERENCES` ``skill_METHOD``: what of its WAPE is saved on the items that both
        forecast. NaN where it is not computable; `reason` says why there is no WAPE.
        """
        rows = self.frame[self.frame["actual"].notna()]
        references = {name: rows[rows["method"] == name] for name in REFERENCES}
        scales = _scales(self.view, rows)
        by: Any = rows.groupby(["method", "kind", "week"], sort=True)
        found = [
            (method, kind, int(week), *_scores(part, references, scales, self.view))
            for (method, kind, week), part in by
        ]
        order = {name: place for place, name in enumerate(METHODS)}
        frame = pd.DataFrame(found, columns=list(SUMMARY_COLUMNS))
        rank = frame["method"].map(lambda name: order.get(name, len(order)))
        frame = frame.assign(rank=rank).sort_values(
            ["rank", "method", "kind", "week"], kind="stable", ignore_index=True
        )
        return frame.drop(columns="rank")

    @property
    def shown(self) -> pd.DataFrame:
        """Rows of the summary that headline, table and chart are about."""
        rows = self.summary
        return rows[(rows["kind"] == self.kind) & rows["wape"].notna()].reset_index(drop=True)

    @property
    def best(self) -> pd.DataFrame:
        """The row of the method with the smallest error, of each week."""
        rows = self.shown
        return rows.loc[rows.groupby("week")["wape"].idxmin()] if len(rows) else rows

    @property
    def undrawn(self) -> str:
        """What is said instead of the chart; empty where there is one."""
        return self.headline if self.shown.empty else ""

    @property
    def headline(self) -> str:
        """One sentence: the best method early in the quarter, and its error."""
        show = self.view.show
        rows = self.shown
        if rows.empty:
            return show.say(
                "Record of forecasts: not computable: no finished quarter has been forecast."
            )
        weeks = sorted(rows["week"].unique())
        week = 5 if 5 in weeks else weeks[0]
        best = next(row for row in rows_of(self.best) if row.week == week)
        words = {
            "week": show.count(week),
            "method": method_name(best.method, show),
            "error": show.share(best.wape),
            "quarters": show.count(best.quarters),
        }
        others = rows[(rows["week"] == week) & (rows["method"] == "stage_weighted")]
        if best.method == "stage_weighted" or others.empty:
            return show.say(
                "In week {week}, the smallest error over {quarters} quarters is that of: "
                "{method}, {error}.",
                **words,
            )
        return show.say(
            "In week {week}, the smallest error over {quarters} quarters is that of: {method}, "
            "{error}; the pipeline weighted by stage is wrong by {other}.",
            other=show.share(float(others["wape"].iloc[0])),
            **words,
        )

    @property
    def alt(self) -> str:
        """The chart in words: each method's error from the first week to the last."""
        show = self.view.show
        parts = []
        for method in methods_of(self.shown)[:_TOLD]:
            rows = self.shown[self.shown["method"] == method]
            weeks = rows.sort_values("week")
            parts.append(
                show.say(
                    "{method} {first} in week {start}, {last} in week {end}",
                    method=method_name(str(method), show),
                    first=show.share(float(weeks["wape"].iloc[0])),
                    last=show.share(float(weeks["wape"].iloc[-1])),
                    start=show.count(int(weeks["week"].iloc[0])),
                    end=show.count(int(weeks["week"].iloc[-1])),
                )
            )
        return show.counted(
            int(self.shown["method"].nunique()),
            "Line chart of the error of {count} method by week of the quarter: {methods}.",
            "Line chart of the error of {count} methods by week of the quarter: {methods}.",
            methods=show.listed(parts),
        )

    @property
    def caption(self) -> str:
        """What is drawn, and from which data."""
        show = self.view.show
        rows = self.frame[self.frame["actual"].notna() & (self.frame["kind"] == self.kind)]
        periods = sorted(set(rows["period"]))
        if not periods:
            return show.say("No finished quarter. Source: snapshot {snapshot}.",
                            snapshot=self.view.snapshot.id)  # fmt: skip
        return show.say(
            "Σ|actual − forecast| ÷ Σ actual of the quarters {first} to {last}, each forecast as "
            "of the first day of its week, from what was known then. Source: snapshot {snapshot}.",
            first=show.period(periods[0]),
            last=show.period(periods[-1]),
            snapshot=self.view.snapshot.id,
        )

    @property
    def drawn(self) -> Drawn:
        """Its unit, the period before, and how uncertain its numbers are."""
        say = self.view.show.say
        return Drawn(say("Forecast error (WAPE)"), say("none: all quarters are in it"), "n")

    @property
    def grid(self) -> Grid:
        """The summary as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Method"), "text"),
            (say("Week"), "number"),
            (say("Forecasts"), "number"),
            (say("Error (WAPE)"), "number"),
            (say("Bias"), "number"),
            (say("MASE"), "number"),
            (say("In 80% interval"), "number"),
            (say("Better than the weighted pipeline by"), "number"),
        )
        rows = tuple(
            (
                Cell(method_name(row.method, show), "head"),
                Cell(show.count(row.week)),
                Cell(show.count(row.n)),
                Cell(show.value(_known(row.wape), "share")),
                Cell("–" if row.bias != row.bias else show.share(row.bias, signed=True)),
                Cell(show.value(_known(row.mase), "ratio")),
                Cell(show.value(_known(row.coverage), "share")),
                Cell(_signed_share(row.skill_stage_weighted, show)),
            )
            for row in rows_of(self.shown)
        )
        links = {
            say("Error (WAPE)"): "forecast_wape",
            say("Bias"): "forecast_bias",
            say("In 80% interval"): "forecast_coverage",
        }
        return Grid(
            say("Record of forecasts by method and week"), headers, rows, "", links, show=show
        )

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "forecast_record",
            "by": self.kind,
            "headline": self.headline,
            "summary": compact_rows(self.summary[self.summary["kind"] == self.kind]),
        }


def record(
    view: View, backtests: Iterable[pd.DataFrame], kind: str | None = None
) -> ForecastRecord:
    """The record of all methods' backtests.

    Parameters
    ----------
    view : View
        What is looked at.
    backtests : iterable of DataFrame
        Each with the columns of `baselines.BACKTEST_COLUMNS`: from `baselines`, from
        `with_actuals` of a method's own forecasts, and so on. A method may be in
        several, a forecast in one.
    kind : str, optional
        Kind of scope that it tells of. Default: that of the view.

    Returns
    -------
    ForecastRecord

    Raises
    ------
    InputError
        A column is missing, a forecast is there twice, an interval's low end lies above
        its high one, or two methods do not agree on what came.
    """
    parts = [part for part in backtests if len(part)]
    for part in parts:
        missing = [name for name in BACKTEST_COLUMNS if name not in part]
        if missing:
            raise InputError(f"a backtest has no column `{missing[0]}`", found=missing[0],
                             allowed=BACKTEST_COLUMNS)  # fmt: skip
    columns = list(BACKTEST_COLUMNS)
    frame = pd.concat([part[columns] for part in parts], ignore_index=True) if parts else None
    if frame is None:
        return ForecastRecord(pd.DataFrame(columns=columns), view, kind or view.scope.kind)
    _refuse_contradictions(frame)
    frame = frame.sort_values(["method", *_KEYS], kind="stable", ignore_index=True)
    return ForecastRecord(frame, view, kind or view.scope.kind)


def _refuse_contradictions(frame: pd.DataFrame) -> None:
    twice = frame[frame.duplicated(["method", *_KEYS])]
    if len(twice):
        row = next(rows_of(twice))
        raise InputError(
            f"{row.method} forecasts {row.kind} `{row.key}` twice: {row.period}, week {row.week}"
        )
    crossed = frame[frame["low"] > frame["high"]]
    if len(crossed):
        row = next(rows_of(crossed))
        raise InputError(
            f"the interval of {row.method} for {row.kind} `{row.key}` in {row.period} ends below "
            "where it begins"
        )
    told = frame.dropna(subset=["actual"]).groupby(["kind", "key", "period"])["actual"]
    gap = told.max() - told.min()
    if (gap > 0.005).any():
        worst: Any = gap.idxmax()
        kind, key, period = worst
        raise InputError(f"two methods do not agree on what {kind} `{key}` booked in {period}")


def _scales(view: View, rows: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Mean move from a quarter to the same one a year later, before each quarter, by scope."""
    wanted = sorted(set(rows["period"]))
    if not wanted:
        return {}
    whole = whole_view(view)
    won = won_deals(whole)
    first = won["close_date"].min()
    quarters = view.calendar.trailing(view.calendar.period(wanted[-1]), len(wanted) + _HISTORY)
    # A quarter that the data does not cover from its first days on has no total.
    covered = [q for q in quarters if pd.Timestamp(q.start) + pd.Timedelta(days=7) >= first]
    table = booked(won, covered).pivot_table(
        index=["kind", "key"], columns="period", values="amount", fill_value=0.0
    )
    table = table.reindex(columns=[q.label for q in covered], fill_value=0.0)
    moves = table.diff(4, axis=1).abs()
    found: dict[tuple[str, str, str], float] = {}
    for period in wanted:
        place = [q.label for q in covered].index(period) if period in table.columns else 0
        scale = moves.iloc[:, :place].mean(axis=1)
        known: Any = scale[scale > 0].items()
        for (kind, key), number in known:
            found[kind, key, period] = float(number)
    return found


def _scores(
    part: pd.DataFrame,
    references: dict[str, pd.DataFrame],
    scales: dict[tuple[str, str, str], float],
    view: View,
) -> tuple[Any, ...]:
    known = part[part["forecast"].notna()]
    y, f = known["actual"], known["forecast"]
    error = wape(y, f)
    ends = (1 - LEVEL) / 2
    values = [
        error.number, bias(y, f).number, _mase(known, scales),
        interval_coverage(y, known["low"], known["high"]).number,
        pinball(y, known["low"], ends).number, pinball(y, known["high"], 1 - ends).number,
    ]  # fmt: skip
    skills = [_skill(known, references[name]) for name in REFERENCES]
    reason = view.show.say(error.reason) if error.reason else ""
    plain = [np.nan if value is None else float(value) for value in (*values, *skills)]
    missing = len(part) - len(known)
    return (len(known), known["period"].nunique(), missing, *plain, reason)


def _skill(known: pd.DataFrame, reference: pd.DataFrame) -> float | None:
    other = reference.loc[reference["forecast"].notna(), [*_KEYS, "forecast"]]
    both = known.merge(other, on=_KEYS, suffixes=("", "_other"))
    saved = skill(
        wape(both["actual"], both["forecast"]), wape(both["actual"], both["forecast_other"])
    )
    return None if saved.number is None else float(saved.number)


def _mase(known: pd.DataFrame, scales: dict[tuple[str, str, str], float]) -> float | None:
    """Mean of the errors over their scopes' scales, of those that have one."""
    parts = [
        abs(row.actual - row.forecast) / scale
        for row in rows_of(known)
        if (scale := scales.get((row.kind, row.key, row.period)))
    ]
    return float(np.mean(parts)) if parts else None


def _signed_share(number: float, show: Formatter) -> str:
    return "–" if number != number else show.share(number, signed=True)


def _known(number: float) -> float | None:
    return None if number != number else number


def methods_of(frame: pd.DataFrame) -> Sequence[str]:
    """Methods of a record, in the order in which they are shown."""
    there = set(frame["method"])
    named = [name for name in METHODS if name in there]
    return [*named, *sorted(there - set(METHODS))]
