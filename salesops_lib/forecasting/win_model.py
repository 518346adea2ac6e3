"""A model of winning for any table with an outcome column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.errors import InputError
from salesops_lib.forecasting.encoding import MISSING, as_words, is_numeric, typical_values
from salesops_lib.forecasting.leakage import Leak, leaks
from salesops_lib.forecasting.win_blocks import known_rows, time_blocks
from salesops_lib.forecasting.win_estimators import Fitted, Validation, validated
from salesops_lib.forecasting.win_report import WinReport
from salesops_lib.formats import Formatter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["WinModel"]

_WON = {"won", "closed won", "win", "true", "yes", "1", "1.0"}
_LOST = {"lost", "closed lost", "loss", "false", "no", "0", "0.0"}
_OPEN = {"open", ""}
_MOST_ROWS = 60_000
_LEAST_EACH = 10


class WinModel:
    """Probability of winning, learnt from deals that have ended; calibrated and explained.

    Regularised logistic regression on splines, gradient boosted trees, and the mean of both
    are compared by validation in the order of time, and so is their calibration (none,
    Platt's, isotonic). Features that are known only after the outcome are left out, each
    with its reason in `report`.

    Parameters
    ----------
    folds : int
        Blocks of time that are foretold from those before them.
    seed : int
        Of everything that is drawn.
    show : Formatter, optional
        Language of reasons and of the report.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> size = rng.normal(size=900)
    >>> deals = pd.DataFrame({"size": size, "seen": pd.date_range("2025-01-01", periods=900),
    ...                       "won": rng.random(900) < 1 / (1 + np.exp(-2 * size))})
    >>> model = WinModel().fit(deals, "won", time="seen")
    >>> small, large = model.predict_proba(pd.DataFrame({"size": [-1.0, 1.0]}))[:, 1]
    >>> bool(small < 0.3 < 0.7 < large)
    True
    """

    def __init__(self, *, folds: int = 6, seed: int = 0, show: Formatter | None = None) -> None:
        self.folds, self.seed = folds, seed
        self.show = show or Formatter()
        self._report: WinReport | None = None

    def fit(
        self,
        frame: pd.DataFrame,
        outcome: str,
        *,
        time: str | None = None,
        groups: str | None = None,
        features: Sequence[str] | None = None,
        known: Collection[str] = (),
        ended: str | None = None,
        recorded: Mapping[str, str] | None = None,
        references: Sequence[str] = (),
    ) -> WinModel:
        """Learn from a table.

        Parameters
        ----------
        frame : DataFrame
            One row a deal, or a deal and day. It is not changed.
        outcome : str
            Column of outcomes: true and false, 1 and 0, or won and lost; empty or ``open``
            while a deal is open. Open rows help to find leaks, and are not learnt from.
        time : str, optional
            Column of the moment that the row shows the deal at: dates, numbers, or labels
            that sort. Rows are foretold from earlier ones only.
        groups : str, optional
            Column of what must not stand on both sides, such as the account or the deal.
        features : sequence of str, optional
            Columns to learn from. Default: all others.
        known : collection of str
            Features rebuilt as of `time`; they are not searched for leaks.
        ended : str, optional
            Column of the moment of the outcome. With it a row teaches only what was known
            when a block began, and values written later are found.
        recorded : mapping of str to str, optional
            Column with the moment at which a feature's value was last written.
        references : sequence of str
            Columns, such as the stage, whose groups' own shares are to be beaten.

        Returns
        -------
        WinModel
            Itself.

        Raises
        ------
        InputError
            A column is missing, an outcome cannot be read, or no feature is left.
        """
        recorded = dict(recorded or {})
        special = [outcome, time, groups, ended, *recorded.values()]
        named = [name for name in special if name is not None]
        chosen = list(features) if features is not None else [
            str(name) for name in frame.columns if name not in named
        ]  # fmt: skip
        for name in (*named, *chosen, *references):
            _require(frame, name)
        frame = frame.reset_index(drop=True)
        won = _outcomes(frame[outcome], outcome)
        table = _table(frame, chosen)
        found = leaks(
            table,
            won,
            known=known,
            ended=frame[ended] if ended else None,
            recorded={name: frame[column] for name, column in recorded.items()},
            show=self.show,
        )
        found += self._useless(table, won, {leak.name for leak in found}, time, frame)
        refused = {leak.name: leak for leak in found}
        self._features = tuple(name for name in chosen if name not in refused)
        if not self._features:
            reasons = "; ".join(f"`{leak.name}`: {leak.reason}" for leak in found)
            raise InputError(f"no feature is left to learn from: {reasons}" if found else
                             "the table has no column to learn from")  # fmt: skip
        self._time = time
        rows = self._dated(table, frame).assign(**{f"_{n}": frame[n] for n in references})
        self._learn(rows, won, frame, time, groups, ended, tuple(references), found)
        return self

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        """Calibrated probabilities, as scikit-learn has them.

        Parameters
        ----------
        frame : DataFrame
            With the features that `report` names as used.

        Returns
        -------
        ndarray
            One row a row; two columns, of not winning and of winning, that add up to 1.
        """
        won = self._probability(self._dated(frame, frame))
        return np.column_stack([1 - won, won])

    def explain(self, frame: pd.DataFrame, top: int = 3) -> pd.DataFrame:
        """Why each row is likelier or less likely to be won than a usual one.

        Parameters
        ----------
        frame : DataFrame
            As for `predict_proba`.
        top : int
            Reasons a row.

        Returns
        -------
        DataFrame
            `row` (label of the frame's index), `place` (1 is the strongest), `feature`,
            `value` (as it stands there), `usual` (median, or the most frequent word, of
            the rows learnt from) and `effect`: probability less the one with the usual
            value, in shares of 1. Effects are of one feature at a time and do not add up.
        """
        rows = self._dated(frame, frame)
        now = self._probability(rows)
        effects = np.column_stack([
            now - self._probability(rows.assign(**{name: self._usual[name]}))
            for name in self._features
        ])  # fmt: skip
        order = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :top]
        count, at = order.shape[1], np.arange(len(rows))[:, None]
        names = np.array(self._features, dtype=object)[order].ravel()
        values = [rows[name].iloc[row] for row, name in zip(np.repeat(range(len(rows)), count),
                                                             names, strict=True)]  # fmt: skip
        return pd.DataFrame(
            {
                "row": np.repeat(frame.index.to_numpy(), count),
                "place": np.tile(np.arange(1, count + 1), len(rows)),
                "feature": names,
                "value": pd.Series(values, dtype=object),
                "usual": pd.Series([self._usual[name] for name in names], dtype=object),
                "effect": effects[at, order].ravel(),
            }
        )

    @property
    def report(self) -> WinReport:
        """How well it foretold, what it refused, and what it cannot know.

        Raises
        ------
        InputError
            It has not been fitted.
        """
        if self._report is None:
            raise InputError("the win model has no report before `fit`")
        return self._report

    @property
    def features(self) -> tuple[str, ...]:
        """Features that it uses."""
        return self._features

    def _learn(
        self,
        rows: pd.DataFrame,
        won: Floats,
        frame: pd.DataFrame,
        time: str | None,
        groups: str | None,
        ended: str | None,
        references: tuple[str, ...],
        found: tuple[Leak, ...],
    ) -> None:
        decided = np.flatnonzero(~np.isnan(won))
        say = self.show.say
        limits = _limits(time, ended, groups, say)
        if len(decided) > _MOST_ROWS:
            rng = np.random.default_rng(self.seed)
            decided = np.sort(rng.choice(decided, _MOST_ROWS, replace=False))
            limits.append(say("{count} rows were sampled for training",
                              count=self.show.count(_MOST_ROWS)))  # fmt: skip
        table, y = rows.iloc[decided].reset_index(drop=True), won[decided]
        self._usual = typical_values(table[list(self._features)])
        keys = None if groups is None else as_words(frame[groups])[decided]
        moments = None if time is None else frame[time].iloc[decided].reset_index(drop=True)
        blocks = time_blocks(moments, keys, len(y), self.folds, self.seed)
        self._base, self._fitted = float(y.mean()) if len(y) else np.nan, None
        check: Validation | None = None
        if min(y.sum(), len(y) - y.sum()) < _LEAST_EACH:
            limits.append(
                say(
                    "fewer than {count} deals were won, or lost: each gets the share won so far",
                    count=self.show.count(_LEAST_EACH),
                )
            )
            if not len(y):
                raise InputError("no row has an outcome, so nothing can be learnt")
        else:
            usable = None
            if ended is not None and moments is not None:
                ends = frame[ended].iloc[decided].reset_index(drop=True)
                usable = known_rows(moments, ends, blocks)
            named = {f"_{name}": name for name in references}
            check = validated(
                table, y, blocks, self._features, groups=keys, usable=usable,
                references=tuple(named), seed=self.seed,
            )  # fmt: skip
            self._estimator, self._calibration = check.estimator, check.final
            self._fitted = Fitted.on(table, y, self._features, self.seed)
            if not check.folds:
                limits.append(say("there are too few earlier rows to foretell later ones from"))
        self._report = WinReport.of(
            y, moments, decided, check, self._features, found, tuple(limits), self.show
        )

    def _probability(self, rows: pd.DataFrame) -> Floats:
        if self._report is None:
            raise InputError("the win model must be fitted before it can foretell")
        if self._fitted is None:
            return np.full(len(rows), self._base)
        odds = self._fitted.log_odds(rows)[self._estimator]
        return self._calibration.probability(odds)

    def _dated(self, table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
        """Features, with dates as days since the row's own moment."""
        found = {}
        for name in self._features:
            _require(table, name)
            values = table[name]
            if pd.api.types.is_datetime64_any_dtype(values) and self._time is not None:
                _require(frame, self._time)
                span = pd.to_datetime(values) - pd.to_datetime(frame[self._time])
                values = span.dt.total_seconds() / 86_400
            found[name] = values
        return pd.DataFrame(found)

    def _useless(
        self,
        table: pd.DataFrame,
        won: Floats,
        refused: Collection[str],
        time: str | None,
        frame: pd.DataFrame,
    ) -> tuple[Leak, ...]:
        """Columns that cannot say anything of another deal."""
        say, found = self.show.say, []
        dated = time is not None and pd.api.types.is_datetime64_any_dtype(frame[time])
        decided = ~np.isnan(won)
        for name in table.columns:
            if name in refused:
                continue
            values = table[name][decided]
            many = values.nunique()
            if many + int(values.isna().any()) <= 1:
                found.append(Leak(name, "constant", say("it is the same for all deals")))
            elif pd.api.types.is_datetime64_any_dtype(values):
                if not dated:
                    reason = say("a date says nothing of later deals without the row's own date")
                    found.append(Leak(name, "date", reason))
            elif not is_numeric(values) and many > max(50, 0.5 * len(values)):
                found.append(Leak(name, "id", say("nearly each row has a value of its own")))
        return tuple(found)


def _require(frame: pd.DataFrame, name: str) -> None:
    if name not in frame.columns:
        raise InputError(
            f"the table lacks the column `{name}`",
            found=name,
            allowed=[str(column) for column in frame.columns],
        )


def _table(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Features; columns of date objects become datetimes."""
    found = {}
    for name in names:
        values = frame[name]
        if pd.api.types.infer_dtype(values, skipna=True) in {"date", "datetime"}:
            values = pd.to_datetime(values, errors="coerce")
        found[name] = values
    return pd.DataFrame(found)


def _outcomes(values: pd.Series, name: str) -> Floats:
    """1 won, 0 not, NaN open."""
    words = pd.Series(as_words(values)).str.strip().str.casefold()
    found = np.full(len(words), np.nan)
    found[words.isin(_WON).to_numpy()] = 1.0
    found[words.isin(_LOST).to_numpy()] = 0.0
    odd = ~words.isin(_WON | _LOST | _OPEN | {MISSING, "nan", "<na>"})
    if odd.any():
        raise InputError(
            f"`{str(values.iloc[int(np.argmax(odd.to_numpy()))])[:40]}` is no outcome",
            where=f"column {name}",
            allowed=["won", "lost", "true", "false", "1", "0", "open", "empty"],
        )
    return found


def _limits(time: str | None, ended: str | None, groups: str | None, say: Any) -> list[str]:
    """What the table does not let anyone know."""
    limits = []
    if time is None:
        limits.append(
            say(
                "rows have no date: whether it holds for later deals cannot be known, and "
                "it was tested on deals drawn by lot"
            )
        )
    if ended is None:
        limits.append(
            say(
                "the moment of the outcome is not given: whether values were written after it "
                "is judged by their names and values alone"
            )
        )
    if groups is None:
        limits.append(say("rows count as independent: no groups are given"))
    return limits
