"""A plan beside the data of a report: what it pays in all periods that are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from salesops_lib.compensation.payout_curve import plan_formatter
from salesops_lib.compensation.payout_table import PayoutTable, payout_table
from salesops_lib.compensation.plan_frames import (
    ended_periods,
    in_scope,
    judged_measure,
    known_periods,
    replayed_deals,
    replayed_payouts,
)
from salesops_lib.compensation.replay import Replay, replay
from salesops_lib.compensation.replay_history import past_periods
from salesops_lib.compensation.unjudged import Unjudged
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.data.view import View
    from salesops_lib.formats import Formatter
    from salesops_lib.period import Period

__all__ = ["JudgedPlan"]

_NEEDED_MONTHS = 24
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, eq=False)
class JudgedPlan:
    """A plan and what it pays on the data of a report.

    Parameters
    ----------
    view : View
        Scope, period and data.
    plan : Plan
        The plan that is judged.
    """

    view: View
    plan: Plan

    @cached_property
    def show(self) -> Formatter:
        """Formats of the report, in the plan's currency."""
        return plan_formatter(self.plan, self.view.show)

    @cached_property
    def table(self) -> PayoutTable | Unjudged:
        """Pay of the scope's people in the period, the one before, and a year ago."""
        past = self.past
        if isinstance(past, Unjudged):
            return past
        frame, known = self.payouts, set(self.payouts["period"])
        roles = {
            role: [period.label for period in periods]
            for role, periods in self._periods.items()
            if {period.label for period in periods} <= known
        }
        if frame.empty or "current" not in roles:
            return Unjudged(
                self.show.say(
                    "{plan} pays nobody of {scope} in {period}, so it is not judged here.",
                    plan=self.plan.name,
                    scope=self.view.scope_phrase,
                    period=self.show.period(self.view.period.label),
                )
            )
        return payout_table(
            frame,
            self.show,
            roles["current"],
            roles.get("prior", ()),
            roles.get("last_year", ()),
            scope=self.view.scope_phrase,
        )

    @cached_property
    def past(self) -> Replay | Unjudged:
        """Pay of all known periods by this plan, by the engine; of the whole company."""
        show, view = self.show, self.view
        try:
            current = self._periods["current"]
            if not current:
                return Unjudged(
                    show.say(
                        "No pay period of {period} is over on {day}, so nothing is judged yet.",
                        period=show.period(view.period.label),
                        day=show.date(view.as_of),
                    )
                )
            judged_measure(self.plan)
            known = known_periods(view, current[-1])
            try:
                return self.replayed(self.plan, known)
            except InputError:
                # Old data may lack quotas or rates; what is compared matters most.
                return self.replayed(self.plan, self._needed(known))
        except InputError as error:
            return self.unjudged(str(error))

    def _needed(self, known: tuple[Period, ...]) -> tuple[Period, ...]:
        return known[-_NEEDED_MONTHS // _MONTHS[self.plan.pay_period] :]

    def replayed(self, plan: Plan, periods: tuple[Period, ...]) -> Replay:
        """What a plan pays in some periods, by the engine."""
        calendar = self.view.calendar
        history = past_periods(plan, self.view.snapshot, periods, calendar=calendar)
        return replay(plan, history, calendar=calendar)

    def unjudged(self, reason: str) -> Unjudged:
        """The sentence that stands where an input does not allow a judgement."""
        return Unjudged(
            self.show.say("This cannot be judged: {reason}", reason=reason.rstrip(".") + ".")
        )

    @cached_property
    def _periods(self) -> dict[str, tuple[Period, ...]]:
        return ended_periods(self.view, self.plan)

    @property
    def known(self) -> tuple[Period, ...]:
        """Pay periods that were replayed, oldest first; none where nothing was."""
        return () if isinstance(self.past, Unjudged) else self.past.periods

    @property
    def known_to(self) -> dt.date:
        """Last day of which deals are known here: those after it are of no replayed period."""
        return min(self.view.as_of, self.known[-1].end)

    @property
    def span(self) -> str:
        """First and last of these, for readers."""
        ends = [self.show.period(period.label) for period in (self.known[0], self.known[-1])]
        return self.show.say("{low} to {high}", low=ends[0], high=ends[1])

    @cached_property
    def payouts(self) -> pd.DataFrame:
        """What the plan pays the scope's people; as `payout_table.PAYOUTS`."""
        assert not isinstance(self.past, Unjudged)  # noqa: S101 (for the type checker)
        found = replayed_payouts(self.past, judged_measure(self.plan))
        return in_scope(found, self.view.scope)

    @cached_property
    def deals(self) -> pd.DataFrame:
        """Won deals of the scope's people; as `gaming_frames.DEALS`."""
        assert not isinstance(self.past, Unjudged)  # noqa: S101 (for the type checker)
        return in_scope(replayed_deals(self.past), self.view.scope)

    @property
    def source(self) -> str:
        """Id of the snapshot."""
        return self.view.snapshot.id
