"""Definitions of the judgements of a plan. Each text stands here once, and nowhere else."""

from __future__ import annotations

from salesops_lib.definition import Definition

__all__ = ["JUDGEMENTS"]

_PEOPLE = "reps with a payout row in the periods, each once"
_RATED = "reps with a quota in the periods, each once"

_ALL = (
    Definition(
        "compensation_cost",
        "Compensation cost of sales",
        "share",
        "variable pay ÷ credited amount",
        _PEOPLE,
        "period of the payout",
        "Credit of overlays and roll-ups counts again with each who gets it; revenue that is "
        "handed over takes the place of credit. Not computable where nothing was credited.",
        better="lower",
        short="Cost of sales",
    ),
    Definition(
        "pay_mix",
        "Variable share of target pay",
        "share",
        "variable pay at target ÷ pay at target",
        _PEOPLE,
        "period of the payout",
        "Not computable where nobody has a target pay.",
        better="neither",
        short="Pay mix",
    ),
    Definition(
        "share_at_quota",
        "Reps at or above quota",
        "share",
        "reps with an attainment of at least 100 % ÷ reps",
        _RATED,
        "period of the payout",
        "Periods together: their credits ÷ their quotas.",
        short="At quota",
    ),
    Definition(
        "share_above_quota",
        "Reps at or above excellence",
        "share",
        "reps with an attainment of at least the level of excellence ÷ reps",
        _RATED,
        "period of the payout",
        "Excellence is 120 % where nothing else is said.",
        better="neither",
        short="Excellence",
    ),
    Definition(
        "attainment_distance",
        "Distance of attainment from the target distribution",
        "share",
        "Wasserstein distance: points of attainment that the average rep would have to move",
        _RATED,
        "period of the payout",
        "A small team is some way off by chance alone; that distance is named. Not computable "
        "below 10 reps.",
        better="lower",
        short="Distance",
    ),
    Definition(
        "p90_leverage",
        "P90 leverage",
        "ratio",
        "90th percentile of variable pay ÷ variable pay at target",
        "reps with a variable pay at target, each once",
        "period of the payout",
        "Not computable below 20 reps.",
        better="neither",
        short="P90 leverage",
    ),
    Definition(
        "differentiation",
        "Differentiation of pay",
        "ratio",
        "mean variable pay ÷ target of the quarter with the highest attainment, ÷ that of the "
        "median rep; the same for the lowest quarter",
        "reps with a quota and a variable pay at target, each once",
        "period of the payout",
        "Not computable below 12 reps, or where the median rep is paid nothing.",
        better="neither",
        short="Differentiation",
    ),
    Definition(
        "pay_performance",
        "Pay for performance",
        "ratio",
        "rank correlation (Spearman) of variable pay ÷ target with attainment; the linear one "
        "(Pearson) beside it",
        "reps with a quota and a variable pay at target, each once",
        "period of the payout",
        "Not computable below 10 reps, or where all have the same pay or attainment.",
        short="Correlation",
    ),
    Definition(
        "pay_fairness",
        "What pay and attainment depend on",
        "ratio",
        "change of attainment, and of variable pay ÷ target at equal attainment, with one "
        "standard deviation of territory potential and of previous attainment",
        "reps with all of these, each once",
        "period of the payout",
        "Least squares with robust errors (HC3), corrected for all that is tested (Holm). Not "
        "computable below 30 reps.",
        better="neither",
        short="Effect",
    ),
    Definition(
        "cost_per_point",
        "Cost of one more point of attainment",
        "money",
        "slope of variable pay ÷ target over attainment x target pay of all, for one point",
        "reps with a quota and a variable pay at target, each once",
        "period of the payout",
        "A slope of what was paid, and no promise of what more would cost. Not computable "
        "below 10 reps in a band.",
        better="neither",
        short="Cost a point",
    ),
)

JUDGEMENTS = {definition.id: definition for definition in _ALL}
"""Definition of each judgement by its id."""
