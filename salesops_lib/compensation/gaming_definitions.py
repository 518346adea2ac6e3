"""Definitions of the tests for gaming. Each text stands here once, and nowhere else."""

from __future__ import annotations

from salesops_lib.definition import Definition

__all__ = ["GAMING"]

_ALL = (
    Definition(
        "threshold_bunching",
        "Bunching at a threshold",
        "ratio",
        "attainments in the first bin from the threshold on, less those of a smooth curve "
        "through the other bins, ÷ the curve's height",
        "attainments of reps with a quota, one a rep and period",
        "period",
        "Not computable with few attainments about the threshold. A person is named only where "
        "chance does not explain it, corrected for all that was tested.",
        better="lower",
        short="Excess",
    ),
    Definition(
        "period_shift",
        "Deals moved over period ends",
        "share",
        "share of the deals won in the 14 days before period ends, of those won in these and the "
        "30 days after, less the same share at the other month ends",
        "won deals of ended periods",
        "close date",
        "Above 0: pulled forward; below 0: pushed out. Not computable with few deals about the "
        "ends.",
        better="neither",
        short="Shift",
    ),
    Definition(
        "sandbagging",
        "Deals held back behind a threshold",
        "share",
        "share of the deals won just after a period's end, of those won in its last six weeks "
        "and the 30 days after: of who had reached the threshold six weeks before the end, less "
        "that of who had not",
        "won deals of reps with a quota, of ended periods",
        "close date",
        "Not computable where few had, or few had not, reached the threshold by then.",
        better="lower",
        short="Held back",
    ),
    Definition(
        "split_lifting",
        "Splits that lift over the threshold",
        "share",
        "share of the split credits that bring their receiver from below the threshold to it, "
        "less the share where receivers are drawn by lot",
        "revenue splits of won deals with others than the owner",
        "close date of the deal",
        "By lot: among the reps with a quota of the same team and period. Not computable with "
        "few splits.",
        better="lower",
        short="Excess",
    ),
    Definition(
        "split_returning",
        "Splits that come back",
        "share",
        "share of the split credits whose receiver gave the giver one as well, less the share "
        "where receivers are drawn by lot",
        "revenue splits of won deals with others than the owner",
        "close date of the deal",
        "By lot: among the reps of the same team and period. Not computable with few splits.",
        better="lower",
        short="Excess",
    ),
    Definition(
        "split_lateness",
        "Splits made at the last moment",
        "share",
        "share of the splits made in the last week before the deal was won, or after it: of "
        "those that lift over the threshold, less that of all others",
        "revenue splits of won deals with others than the owner",
        "day on which the split was made",
        "Not computable where the CRM does not say when a split was made.",
        better="lower",
        short="Excess",
    ),
)

GAMING = {definition.id: definition for definition in _ALL}
"""Definition of each test by its id."""
