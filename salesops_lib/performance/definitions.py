"""What each performance measure means: formula, population, date, edge cases.

Every number of the report links to its entry here.
"""

from __future__ import annotations

from salesops_lib.results import Definition

__all__ = ["DEFINITIONS"]

_SMALL = "Fewer than 10 cases are marked as a small sample."

_ALL = (
    Definition(
        "bookings",
        "Bookings",
        "money",
        "sum of the amounts of won deals",
        "deals won; each counts once, with the owner's team and region on the close date",
        "close date",
        "Won deals without an amount count as deals, add nothing, and are reported. "
        "Won deals dated after the as-of date are left out and reported.",
    ),
    Definition(
        "deals_won",
        "Deals won",
        "count",
        "number of won deals",
        "deals won",
        "close date",
    ),
    Definition(
        "attainment",
        "Attainment",
        "share",
        "credited amount ÷ quota",
        "won deals, credited by revenue splits (the owner where there are none); quotas that are "
        "no roll-ups of others, cut by days to the period and to each team's share of it",
        "close date; days of the quota's period",
        "No quota, or a quota of 0: not computable. A quota is for the days from the hire date "
        "on; from the day after the last one of work it is the team's, and nobody's. Overlays "
        "are in no total. The interval takes the number and size of deals as chance (compound "
        "Poisson, gamma ends).",
    ),
    Definition(
        "quota_share",
        "Reps at or above quota",
        "share",
        "reps with attainment of 100 % or more ÷ reps with a quota",
        "reps with a quota in the period, ramping ones with their ramped quota",
        "close date",
        "99.99 % is not rounded up. " + _SMALL,
    ),
    Definition(
        "quota_share_ramped",
        "Ramped reps at or above quota",
        "share",
        "reps with attainment of 100 % or more ÷ reps, among those with a full quota on each day "
        "of the period",
        "reps who were neither hired nor ramping, absent, moved out of the scope or leaving in it",
        "close date",
        "99.99 % is not rounded up. " + _SMALL,
    ),
    Definition(
        "win_rate",
        "Win rate, closed",
        "share",
        "won ÷ (won + lost), by count",
        "deals closed in the period; open deals are not in it",
        "close date",
        "Wilson 95 % interval. A period that begins before the extract's first closed deal is "
        "marked as truncated. " + _SMALL,
        short="Win rate",
    ),
    Definition(
        "win_rate_value",
        "Win rate, closed, by value",
        "share",
        "won amount ÷ (won amount + lost amount)",
        "deals closed in the period",
        "close date",
        "Not computable where more than 20 % of lost deals have no amount (empty or 0). "
        "Wilson 95 % interval on Kish's effective number of deals: one large deal counts as one.",
    ),
    Definition(
        "win_rate_created",
        "Win rate, created",
        "share",
        "won ÷ created",
        "deals created in the period, whatever became of them",
        "created date; wins count up to the same number of days after each period's end",
        "Rises as the cohort matures: compare it with itself, never with the closed win rate. "
        "Wilson 95 % interval. " + _SMALL,
        short="Won of created",
    ),
    Definition(
        "win_rate_in_time",
        "Win rate, in time",
        "share",
        "share of deals won by an age of 180 days, unless another is named (Aalen–Johansen "
        "estimate: losing competes, open deals count for as long as they were seen)",
        "deals created in the year up to the period's end (for an age above half a year: in "
        "twice that time)",
        "created date; deals are seen up to the same number of days after each period's end",
        "Of a period that begins before the extract does, deals created earlier than its first "
        "closed deal are left out and this is said. Not computable where fewer than 1 in 10 of "
        "the deals were created that many days before. Wilson 95 % interval on the number of "
        "deals that the variance (Greenwood's type) stands for. " + _SMALL,
        short="Won in time",
    ),
    Definition(
        "average_deal",
        "Average deal",
        "money",
        "sum of won amounts ÷ won deals with an amount",
        "deals won with an amount above 0",
        "close date",
        "One large deal can move it: read it beside the median. Student 95 % interval. " + _SMALL,
    ),
    Definition(
        "median_deal",
        "Median deal",
        "money",
        "median of won amounts",
        "deals won with an amount above 0",
        "close date",
        "95 % interval from order statistics. " + _SMALL,
    ),
    Definition(
        "cycle_days",
        "Sales cycle, median",
        "days",
        "median of close date − created date",
        "deals won",
        "close date",
        "Deals created after they closed are left out and reported. Only won deals: slow deals "
        "that are still open are not in it. " + _SMALL,
        better="lower",
        short="Cycle",
    ),
    Definition(
        "velocity",
        "Velocity",
        "money_per_day",
        "deals × win rate × average won deal ÷ mean cycle of won deals",
        "one population for all four factors: deals open when the period began",
        "open at the period's start; won or lost in the period",
        "Not computable without a win in that population.",
        short="Velocity a day",
    ),
    Definition(
        "coverage",
        "Coverage",
        "ratio",
        "open pipeline due in the target period ÷ (quota − won in it)",
        "open deals with a close date in the target period; the target period is the report's own "
        "while it runs, and the next one once it has ended",
        "expected close date",
        "Quota already met: said so instead of a number. No quota: not computable. The coverage "
        "needed is 1 ÷ the closed win rate. Not computable where more than 20 % of the open deals "
        "due have no amount.",
    ),
    Definition(
        "pipeline_created",
        "Pipeline created",
        "money",
        "sum of the amounts of deals created",
        "deals created in the period, at today's amount",
        "created date",
        "Not computable where more than 20 % of them have no amount (empty or 0).",
        short="Created",
    ),
    Definition(
        "deals_created",
        "Deals created",
        "count",
        "number of deals created",
        "deals created in the period",
        "created date",
    ),
    Definition(
        "open_pipeline",
        "Open pipeline",
        "money",
        "sum of the amounts of open deals",
        "deals neither won nor lost",
        "as-of date",
        "Deals whose close date has passed are in it and are reported as stale.",
        better="neither",
    ),
    Definition(
        "late_share",
        "Booked in the last two weeks",
        "share",
        "bookings of the period's last 14 days ÷ bookings of the period",
        "deals won",
        "close date",
        "Not computable while the period runs, or where its bookings are not above 0. "
        "Wilson 95 % interval on Kish's effective number of deals: one large deal counts as one.",
        better="neither",
        short="Last two weeks",
    ),
    Definition(
        "slippage_rate",
        "Slippage",
        "share",
        "deals whose close date moved past the period's end ÷ deals due in it at its start",
        "deals open when the period began, with a close date in it then; with today's owner",
        "close date as it stood when the period began",
        "Pushed twice counts once; lost is not slipped; deals overdue at the start are not in it. "
        "Not computable where the history of close dates begins later. Wilson 95 % interval. "
        + _SMALL,
        better="lower",
    ),
    Definition(
        "slippage_value",
        "Slippage, by value",
        "share",
        "amount of the deals whose close date moved past the period's end ÷ amount of the deals "
        "due in it at its start",
        "as for slippage, at the amounts that the deals had when the period began",
        "close date as it stood when the period began",
        "Not computable where more than 20 % of the deals due had no amount. Wilson 95 % interval "
        "on Kish's effective number of deals.",
        better="lower",
        short="Slippage, value",
    ),
    Definition(
        "pull_in_rate",
        "Pulled in and won",
        "share",
        "deals won that were due after the period when it began ÷ deals won",
        "deals won; those created in the period are in the divisor only",
        "close date, now and as it stood when the period began",
        "A high share may mean that the next period was emptied. Wilson 95 % interval. " + _SMALL,
        better="neither",
        short="Pulled in",
    ),
    Definition(
        "pushes",
        "Pushes",
        "count",
        "number of times a close date moved to a later month",
        "changes of the close dates of all deals",
        "day of the change",
        "Each change counts: a deal pushed three times counts three times.",
        better="lower",
    ),
    Definition(
        "landing",
        "Landing at this pace",
        "money",
        "bookings to date ÷ share of their bookings that past periods had by the same day",
        "deals won; the share is the median of the past periods that the extract covers",
        "close date; the day at which the same share of working days is over",
        "Not computable with fewer than 4 past periods, or where half of them had booked nothing "
        "by that day. The interval is the error that the same rule would have made in past "
        "periods, each foretold from those before it (Student on log errors), and never below "
        "what is booked.",
        short="Landing",
    ),
    Definition(
        "pace",
        "Pace",
        "share",
        "bookings to date ÷ (quota × share of their bookings that past periods had by the same "
        "day)",
        "deals won; the quota of the whole period",
        "close date; the day at which the same share of working days is over",
        "100 % is on course for quota. Not computable without a quota, or where the landing is "
        "not. The interval is that of the landing.",
    ),
    Definition(
        "activity_capture",
        "Deals with activity",
        "share",
        "deals with at least one logged activity ÷ deals",
        "deals closed in the period, or open at its end",
        "created date and close date; activities up to the period's end",
        "Copies in invitees' calendars are not counted. Wilson 95 % interval. " + _SMALL,
        short="With activity",
    ),
    Definition(
        "activity_rate",
        "Activities per rep in four weeks",
        "count",
        "20 × completed activities ÷ working days of the reps",
        "calls, mails, meetings and tasks of people who sell, while they were employed; managers "
        "and invitees' copies left out",
        "day of the activity (UTC)",
        "Not computable where fewer than half of the deals have any activity: then it tells who "
        "logs, not who works. More is not better by itself.",
        better="neither",
        short="Activities, 4 weeks",
    ),
    Definition(
        "waterfall",
        "Pipeline waterfall",
        "money",
        "opening pipeline + what came in + amounts raised − amounts cut − what left = closing "
        "pipeline",
        "deals that are open, due in the target period and owned in the scope, on the first day, "
        "the last day or, by events, any day between",
        "state at the end of the day, rebuilt from the history of changes",
        "By endpoints a deal that left counts at its amount on the first day, one that came in at "
        "its amount on the last day, one that stayed by the difference. By events every day of "
        "change is compared with the day before it. Of several reasons for one move the owner "
        "comes first, then the outcome, the close date, the forecast category. All amounts are at "
        "the exchange rates of the as-of date. Deals deleted since are not in it.",
        better="neither",
    ),
    Definition(
        "fair_win_rate",
        "Win rate, compared fairly",
        "share",
        "team's win rate × (won ÷ wins expected of the same deals), drawn towards the team",
        "deals closed in the last four periods; expected is what the other reps of the scope win "
        "of deals in the same region and segment",
        "close date",
        "The fewer cases, the nearer to the team (beta-binomial, empirical Bayes). Ranks carry a "
        "95 % interval; a rep is called the first or the last only where that is 95 % sure. Not "
        "computable for fewer than four reps.",
        short="Drawn to the team",
    ),
    Definition(
        "fair_attainment",
        "Attainment, compared fairly",
        "share",
        "credited amount ÷ quota, drawn towards the team",
        "reps with a quota in the period; credit and quotas of the last four periods",
        "close date; days of the quota's period",
        "Number and size of deals count as chance (compound Poisson); the fewer and larger the "
        "deals, the nearer to the team. Ranks as for the win rate.",
        short="Drawn to the team",
    ),
    Definition(
        "consistency",
        "Consistency",
        "ratio",
        "variance of the attainment between periods ÷ the variance that chance alone makes",
        "up to twelve periods of each rep with at least four periods and ten deals",
        "close date",
        "1 is chance alone. Said to vary more, or less, only where a test finds it; of those, "
        "fewer than 5 % are expected to be wrong (false discovery rate).",
        better="lower",
        short="Variance ÷ chance",
    ),
)

DEFINITIONS: dict[str, Definition] = {definition.id: definition for definition in _ALL}
"""All definitions by id, in the order of the glossary."""
