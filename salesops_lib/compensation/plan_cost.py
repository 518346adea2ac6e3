"""Cost of a plan: cost of sales, pay mix and upside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.judgement_definitions import JUDGEMENTS
from salesops_lib.compensation.payout_table import bootstrap_interval, judged
from salesops_lib.results import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from salesops_lib.compensation.payout_table import PayoutTable
    from salesops_lib.results import Measure

__all__ = ["compensation_cost", "p90_leverage", "pay_mix"]

_FEWEST_FOR_P90 = 20


def compensation_cost(
    table: PayoutTable, by: str | None = None, revenue: Mapping[str, int] | None = None
) -> Measure:
    """Variable pay ÷ credited amount.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    by : str, optional
        ``role``, ``team`` or ``region``.
    revenue : mapping, optional
        Revenue in cents, by role of the period (``current`` …), in place of credit, which
        overlays and roll-ups count twice. Only for all together.

    Returns
    -------
    Measure
        A share; `n` is the number of reps. The interval draws people anew.
    """
    say = table.show.say
    if revenue is not None and by is None:
        own = iter([revenue.get(role) for role in table.periods])
        return judged(
            table,
            JUDGEMENTS["compensation_cost"].said(table.show),
            None,
            lambda people: _cost(people, next(own), say("no revenue is given")),
        )

    def value(people: pd.DataFrame) -> Value:
        credited = int(people["credited_cents"].sum())
        number = _cost(people, credited, say("nothing was credited"))
        if number.number is None:
            return number
        ends = bootstrap_interval(people, ("payout_cents", "credited_cents"), _ratio)
        return Value(number.number, number.n, *ends)

    return judged(table, JUDGEMENTS["compensation_cost"].said(table.show), by, value)


def _cost(people: pd.DataFrame, revenue: int | None, reason: str) -> Value:
    if revenue is None or revenue <= 0:
        return Value(None, len(people), reason=reason)
    return Value(int(people["payout_cents"].sum()) / revenue, len(people))


def pay_mix(table: PayoutTable, by: str | None = None) -> Measure:
    """Variable pay at target ÷ pay at target.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    by : str, optional
        ``role``, ``team`` or ``region``.

    Returns
    -------
    Measure
        A share, exact; `n` is the number of reps.
    """

    def value(people: pd.DataFrame) -> Value:
        pay = int(people["ote_cents"].sum())
        if pay <= 0:
            return Value(None, len(people), reason=table.show.say("nobody has a target pay"))
        return Value(int(people["target_variable_cents"].sum()) / pay, len(people))

    return judged(table, JUDGEMENTS["pay_mix"].said(table.show), by, value)


def p90_leverage(table: PayoutTable, by: str | None = None) -> Measure:
    """90th percentile of variable pay ÷ variable pay at target.

    Parameters
    ----------
    table : PayoutTable
        Whose payouts.
    by : str, optional
        ``role``, ``team`` or ``region``.

    Returns
    -------
    Measure
        A multiple; `n` is the number of reps. Not computable below 20 reps: the tenth
        part of fewer is one person. The interval draws people anew.
    """
    show = table.show

    def value(people: pd.DataFrame) -> Value:
        paid = people.dropna(subset=["pay_ratio"])
        if len(paid) < _FEWEST_FOR_P90:
            reason = show.say(
                "{found} reps have a variable pay at target, and {needed} are needed",
                found=show.count(len(paid)),
                needed=show.count(_FEWEST_FOR_P90),
            )
            return Value(None, len(paid), reason=reason)
        ends = bootstrap_interval(paid, ("pay_ratio",), _p90)
        return Value(float(_p90(paid["pay_ratio"].to_numpy(float))), len(paid), *ends)

    return judged(table, JUDGEMENTS["p90_leverage"].said(show), by, value)


def _ratio(paid: NDArray[np.float64], credited: NDArray[np.float64]) -> NDArray[np.float64]:
    total = credited.sum(axis=-1)
    found: NDArray[np.float64] = np.divide(
        paid.sum(axis=-1), total, out=np.full_like(total, np.nan), where=total > 0
    )
    return found


def _p90(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.quantile(ratios, 0.9, axis=-1))
