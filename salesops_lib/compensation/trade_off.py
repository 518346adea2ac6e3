"""What a plan comes to on given results, in a few figures, and which plans are not dominated."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from salesops_lib.compensation.attainment_paths import ResultPaths
    from salesops_lib.compensation.plan_curves import PlanCurves

    Floats = NDArray[np.float64]

__all__ = ["PlanOutcome", "pareto_frame", "plan_outcome"]

_HALF_A_CENT = 0.5


@dataclass(frozen=True)
class PlanOutcome:
    """What a plan comes to on some paths of results.

    Parameters
    ----------
    cost_cents : int
        Mean cost of a path.
    cost_of_sales : float or None
        Mean cost ÷ mean sales of the measure that was drawn.
    gap : float or None
        Mean distance, over reps and paths, of variable pay ÷ target from attainment: 0
        where everybody is paid in proportion to the result. None where nobody has a target.
    at_target : float or None
        Mean share of reps who earn their target or more.
    losers : float or None
        Mean share of reps who earn less than under the plan compared with.
    p_over : float or None
        Share of the paths that cost more than the budget.
    """

    cost_cents: int
    cost_of_sales: float | None
    gap: float | None
    at_target: float | None
    losers: float | None = None
    p_over: float | None = None

    def row(self) -> dict[str, Any]:
        """Its figures by name."""
        return asdict(self)


def plan_outcome(
    curves: PlanCurves,
    paths: ResultPaths,
    *,
    compared: Floats | None = None,
    budget_cents: int | None = None,
) -> PlanOutcome:
    """What a plan comes to on some paths of results.

    Parameters
    ----------
    curves : PlanCurves
        The plan.
    paths : ResultPaths
        Results of its people.
    compared : array of float, optional
        Pay of each person and path under another plan, in cents.
    budget_cents : int, optional
        What was planned.

    Returns
    -------
    PlanOutcome
    """
    pay = curves.pay(paths.results)
    costs = pay.sum(axis=0)
    sales = float(paths.results[paths.measure].sum(axis=(0, 1)).mean())
    mean = float(costs.mean())
    has_target = curves.targets > 0
    gap, at_target = None, None
    if has_target.any():
        ratio = pay[has_target] / curves.targets[has_target, None]
        gap = float(np.abs(ratio - paths.attainment[has_target]).mean())
        at_target = float((pay[has_target] >= curves.targets[has_target, None] - 0.5).mean())
    return PlanOutcome(
        cost_cents=round(mean),
        cost_of_sales=mean / sales if sales > 0 else None,
        gap=gap,
        at_target=at_target,
        losers=None if compared is None else float((pay < compared - _HALF_A_CENT).mean()),
        p_over=None if budget_cents is None else float((costs > budget_cents).mean()),
    )


def pareto_frame(tried: pd.DataFrame, goals: Sequence[str]) -> pd.DataFrame:
    """Rows that no other row beats in all goals, lower being better.

    Parameters
    ----------
    tried : DataFrame
        One row a plan.
    goals : sequence of str
        Columns of numbers.

    Returns
    -------
    DataFrame
        The rows that are left, by the first goal. Of equal ones the first stays.

    Raises
    ------
    InputError
        There is no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> tried = pd.DataFrame({"cost": [3, 1, 2, 2], "gap": [1, 5, 6, 2]})
    >>> pareto_frame(tried, ("cost", "gap")).to_dict(orient="list")
    {'cost': [1, 2, 3], 'gap': [5, 2, 1]}
    """
    unknown = next((goal for goal in goals if goal not in tried), None)
    if unknown or not goals:
        raise InputError("no such goal", found=unknown, allowed=map(str, tried.columns))
    rows = tried.dropna(subset=list(goals)).drop_duplicates(list(goals))
    rows = rows.sort_values(list(goals), ignore_index=True)
    numbers = rows[list(goals)].to_numpy(float)
    kept = [
        not ((numbers <= one).all(axis=1) & (numbers < one).any(axis=1)).any() for one in numbers
    ]
    return rows[np.array(kept, dtype=bool)].reset_index(drop=True)
