"""Tables of features as numbers that scikit-learn's estimators take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MISSING", "Encoding", "as_numbers", "as_words", "is_numeric", "typical_values"]

MISSING = "(missing)"
"""Word for an empty cell of a category."""

_KNOTS = 6
_MOST_WORDS = 25
_RARE = 20


def is_numeric(values: pd.Series) -> bool:
    """Whether a column is taken as numbers; truth values are words."""
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values))


def as_numbers(values: pd.Series) -> Floats:
    """Numbers of a column, NaN where there is none; infinity is none."""
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    found: Floats = np.where(np.isfinite(numbers), numbers, np.nan)
    return found


def as_words(values: pd.Series) -> NDArray[Any]:
    """Texts of a column, `MISSING` where there is none."""
    texts = values.astype(object)
    return texts.where(texts.notna(), MISSING).astype(str).to_numpy(dtype=object)


def typical_values(frame: pd.DataFrame) -> dict[str, Any]:
    """What is usual: the median of numbers, the most frequent word of the others."""
    found: dict[str, Any] = {}
    for name in frame.columns:
        if is_numeric(frame[name]):
            numbers = as_numbers(frame[name])
            known = numbers[~np.isnan(numbers)]
            found[name] = float(np.median(known)) if len(known) else np.nan
        else:
            words, counts = np.unique(as_words(frame[name]).astype(str), return_counts=True)
            found[name] = str(words[np.argmax(counts)]) if len(words) else MISSING
    return found


@dataclass
class Encoding:
    """Features of a table as columns of numbers.

    Use `fit` and then `spread` or `compact`. Words that were rare when it was fitted are
    taken together; words that were not seen are no word at all.

    Parameters
    ----------
    features : tuple of str
        Columns, in order.
    """

    features: tuple[str, ...]
    _numeric: dict[str, bool] = field(default_factory=dict)
    _spread: Any = None
    _words: dict[str, Any] = field(default_factory=dict)

    def fit(self, frame: pd.DataFrame) -> Encoding:
        """Learn knots and words from a table; the encoding itself."""
        from sklearn.compose import ColumnTransformer
        from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer

        parts: list[tuple[str, Any, list[str]]] = []
        plain = self._plain(frame, learn=True)
        for name in self.features:
            if self._numeric[name]:
                known = plain[name].dropna()
                ends = np.quantile(known, np.linspace(0, 1, _KNOTS)) if len(known) else known
                knots = np.unique(ends)
                # A constant says nothing.
                if len(knots) > 1:
                    spline = SplineTransformer(
                        degree=1,
                        knots=knots[:, None],
                        extrapolation="constant",
                        handle_missing="zeros",
                    )
                    parts.append((name, spline, [name]))
                continue
            words = {"min_frequency": _RARE, "max_categories": _MOST_WORDS}
            one_hot = OneHotEncoder(
                sparse_output=False, handle_unknown="infrequent_if_exist", **words
            )
            parts.append((name, one_hot, [name]))
            self._words[name] = OrdinalEncoder(
                handle_unknown="use_encoded_value", unknown_value=np.nan, **words
            ).fit(plain[[name]])
        if not parts:
            raise InputError("no feature varies, so nothing can be learnt from them")
        self._spread = ColumnTransformer(parts, sparse_threshold=0).fit(plain)
        return self

    def spread(self, frame: pd.DataFrame) -> Floats:
        """Columns for linear models: linear splines of numbers, a column a word."""
        found: Floats = np.asarray(self._spread.transform(self._plain(frame)), dtype=float)
        return found

    def compact(self, frame: pd.DataFrame) -> Floats:
        """Columns for trees: numbers as they are, words numbered."""
        plain = self._plain(frame)
        columns = [
            plain[name].to_numpy(dtype=float)
            if self._numeric[name]
            else self._words[name].transform(plain[[name]])[:, 0]
            for name in self.features
        ]
        return np.column_stack(columns)

    @property
    def is_word(self) -> list[bool]:
        """Which columns of `compact` are numbered words."""
        return [not self._numeric[name] for name in self.features]

    def _plain(self, frame: pd.DataFrame, *, learn: bool = False) -> pd.DataFrame:
        """Table of floats and texts only."""
        import pandas as pd

        _check_columns(frame, self.features)
        if learn:
            self._numeric = {name: is_numeric(frame[name]) for name in self.features}
        return pd.DataFrame(
            {
                name: as_numbers(frame[name]) if self._numeric[name] else as_words(frame[name])
                for name in self.features
            }
        )


def _check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise InputError(
                f"the table lacks the column `{name}`",
                found=name,
                allowed=[str(column) for column in frame.columns],
            )
