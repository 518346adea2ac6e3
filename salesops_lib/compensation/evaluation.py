"""A plan's evaluation: what it says, what it paid, whether it is fair, and what if."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from salesops_lib.compensation.attainment_distribution import (
    AttainmentDistribution,
    attainment_distribution,
    share_above_quota,
    share_at_quota,
)
from salesops_lib.compensation.attainment_paths import past_paths
from salesops_lib.compensation.differentiation import Differentiation, differentiation
from salesops_lib.compensation.evaluation_findings import evaluation_findings
from salesops_lib.compensation.judged_charts import (
    JudgedChart,
    bunching_chart,
    distribution_chart,
    performance_chart,
    sourced,
)
from salesops_lib.compensation.judged_plan import JudgedPlan
from salesops_lib.compensation.lint import lint_plan
from salesops_lib.compensation.lint_report import LintReport
from salesops_lib.compensation.panel import PlanPanelState
from salesops_lib.compensation.pay_cards import PayCards
from salesops_lib.compensation.pay_fairness import PayFairness, pay_fairness
from salesops_lib.compensation.pay_performance import PayPerformance, pay_performance
from salesops_lib.compensation.payout_curve import PayoutCurve, payout_curve
from salesops_lib.compensation.period_shift import period_shift
from salesops_lib.compensation.plan import Plan, read_plan
from salesops_lib.compensation.plan_comparison import PlanComparison, plan_comparison
from salesops_lib.compensation.plan_cost import compensation_cost, p90_leverage, pay_mix
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.compensation.plan_explanation import PlanExplanation, plan_explanation
from salesops_lib.compensation.plan_frames import (
    in_scope,
    judged_measure,
    replayed_payouts,
)
from salesops_lib.compensation.plan_knobs import usual_knobs
from salesops_lib.compensation.plots_plan import plot_payout_curve, plot_plan_comparison
from salesops_lib.compensation.plots_what_if import plot_replay_change
from salesops_lib.compensation.replay_change import ReplayChange, replay_change
from salesops_lib.compensation.sandbagging import sandbagging
from salesops_lib.compensation.threshold_bunching import ThresholdBunching, threshold_bunching
from salesops_lib.compensation.unjudged import Unjudged
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes

    from salesops_lib.compensation.gaming import GamingTest
    from salesops_lib.data.view import View
    from salesops_lib.findings import Findings
    from salesops_lib.results import Measure

__all__ = ["PlanEvaluation", "plan_evaluation"]

_Result = TypeVar("_Result", Differentiation, PayFairness, "GamingTest")

_COMPARED_MONTHS = 12
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SPLIT = {"company": "region", "region": "team", "team": "role"}


@dataclass(frozen=True, eq=False)
class PlanEvaluation(JudgedPlan):
    """A plan, judged on what was sold; each part is computed when it is asked for.

    Where something cannot be judged, an `Unjudged` stands in its place and says why.

    Parameters
    ----------
    view : View
        Scope, period and data.
    plan : Plan
        The plan that is judged.
    file : Path
        Where it stands.
    proposal : Plan or None
        The plan that it is compared with.
    """

    file: Path
    proposal: Plan | None

    @cached_property
    def findings(self) -> Findings:
        """What a leader should know first."""
        return evaluation_findings(self)

    @cached_property
    def cards(self) -> PayCards | Unjudged:
        """The key figures."""
        table = self.table
        if isinstance(table, Unjudged):
            return table
        measures = (compensation_cost, share_at_quota, share_above_quota, p90_leverage, pay_mix)
        return PayCards(tuple(measure(table) for measure in measures), self.show)

    @property
    def rounded(self) -> dict[str, float | None]:
        """The key figures to three significant digits, to check a run by."""
        return {} if isinstance(self.cards, Unjudged) else self.cards.rounded

    @cached_property
    def curve(self) -> PayoutCurve:
        """What the plan pays by attainment, with its leverage points."""
        return payout_curve(self.plan, calendar=self.view.calendar, show=self.show)

    @cached_property
    def curve_chart(self) -> JudgedChart:
        """The same as a chart."""
        return self._sourced(self.curve, plot_payout_curve)

    @cached_property
    def comparison_chart(self) -> JudgedChart | Unjudged:
        """Pay of both plans by attainment, as a chart."""
        found = self.comparison
        if isinstance(found, Unjudged):
            return found
        return self._sourced(found, plot_plan_comparison)

    @cached_property
    def change_chart(self) -> JudgedChart | Unjudged:
        """Winners and losers as a chart."""
        found = self.change
        if isinstance(found, Unjudged):
            return found
        return self._sourced(found, plot_replay_change, found.periods)

    def _sourced(
        self, result: Any, plot: Callable[[Any, Axes | None], Axes], period: str = ""
    ) -> JudgedChart:
        label = period or self.show.period(self.view.period.label)
        return sourced(result, plot, self.show, label, self.source)

    @cached_property
    def lint(self) -> LintReport:
        """Defects of the plan, by itself and beside the people, quotas and deals."""
        found = lint_plan(
            self.file, self.view.snapshot, calendar=self.view.calendar, shown_as=self.file.name
        )
        return LintReport(found, self.show)

    @cached_property
    def explanation(self) -> PlanExplanation:
        """The plan in plain sentences."""
        return plan_explanation(self.plan, calendar=self.view.calendar, show=self.show)

    @cached_property
    def cost(self) -> Measure | Unjudged:
        """Variable pay ÷ credited amount, by the parts of the scope."""
        if isinstance(self.table, Unjudged):
            return self.table
        return compensation_cost(self.table, _SPLIT[self.view.scope.kind])

    @cached_property
    def distribution(self) -> AttainmentDistribution | Unjudged:
        """Reps by attainment, against what a plan is usually made for."""
        table = self.table
        return table if isinstance(table, Unjudged) else attainment_distribution(table)

    @cached_property
    def distribution_chart(self) -> JudgedChart | Unjudged:
        """The same as a chart."""
        found = self.distribution
        return found if isinstance(found, Unjudged) else distribution_chart(found, self.source)

    @cached_property
    def differentiation(self) -> Differentiation | Unjudged:
        """What the best and the last are paid, against the median rep."""
        found = self.table
        if isinstance(found, Unjudged):
            return found
        return _computable(differentiation(found))

    @cached_property
    def performance(self) -> PayPerformance | Unjudged:
        """Whether pay follows attainment."""
        table = self.table
        return table if isinstance(table, Unjudged) else pay_performance(table)

    @cached_property
    def performance_chart(self) -> JudgedChart | Unjudged:
        """The same as a chart."""
        found = self.performance
        return found if isinstance(found, Unjudged) else performance_chart(found, self.source)

    @cached_property
    def fairness(self) -> PayFairness | Unjudged:
        """Whether attainment and pay hang on the attainment before."""
        found = self.table
        return found if isinstance(found, Unjudged) else _computable(pay_fairness(found))

    @cached_property
    def bunching(self) -> ThresholdBunching | Unjudged:
        """Whether attainments lie just above the quota, over all that is known."""
        if isinstance(self.table, Unjudged):
            return self.table
        return threshold_bunching(self.payouts, show=self.show, scope=self.view.scope_phrase)

    @cached_property
    def bunching_chart(self) -> JudgedChart | Unjudged:
        """The same as a chart."""
        found = self.bunching
        return (
            found if isinstance(found, Unjudged) else bunching_chart(found, self.span, self.source)
        )

    @cached_property
    def shift(self) -> GamingTest | Unjudged:
        """Whether deals are moved over the ends of pay periods."""
        if isinstance(self.table, Unjudged):
            return self.table
        found = period_shift(
            self.deals,
            self.known,
            self.view.calendar,
            self.known_to,
            show=self.show,
            scope=self.view.scope_phrase,
        )
        return _computable(found)

    @cached_property
    def held_back(self) -> GamingTest | Unjudged:
        """Whether deals are held back once the quota is reached."""
        if isinstance(self.table, Unjudged):
            return self.table
        found = sandbagging(
            self.deals,
            self.payouts,
            self.known,
            self.known_to,
            show=self.show,
            scope=self.view.scope_phrase,
        )
        return _computable(found)

    @cached_property
    def panel(self) -> PlanPanelState | Unjudged:
        """The plan's numbers to turn, judged on what was sold in the last pay period."""
        past, table = self.past, self.table
        if isinstance(past, Unjudged):
            return past
        if isinstance(table, Unjudged):
            return table
        last = past.history[-1]
        people = in_scope(last.people, self.view.scope)
        try:
            curves = plan_curves(
                past.plan, people, last.quotas, [last.period], calendar=self.view.calendar
            )
            paths = past_paths(past, curves, judged_measure(self.plan))
        except InputError as error:
            return self.unjudged(str(error))
        return PlanPanelState(curves, paths, usual_knobs(past.plan), self.show)

    @cached_property
    def comparison(self) -> PlanComparison | Unjudged:
        """What differs between the plan and the proposal, and what each pays."""
        proposal = self.proposal
        if proposal is None:
            return self._no_proposal
        if proposal.currency != self.plan.currency:
            return self.unjudged(f"`{proposal.id}` is in {proposal.currency}")
        return plan_comparison(self.plan, proposal, calendar=self.view.calendar, show=self.show)

    @cached_property
    def change(self) -> ReplayChange | Unjudged:
        """Who would have won and lost over the last year under the proposal."""
        past, table, proposal = self.past, self.table, self.proposal
        if proposal is None:
            return self._no_proposal
        if isinstance(past, Unjudged):
            return past
        if isinstance(table, Unjudged):
            return table
        periods = past.periods[-_COMPARED_MONTHS // _MONTHS[self.plan.pay_period] :]
        try:
            then = self.replayed(proposal, periods)
            payouts = in_scope(replayed_payouts(then, judged_measure(proposal)), self.view.scope)
            own = self.payouts[self.payouts["period"].isin([p.label for p in periods])]
            change = replay_change(
                own,
                replace(then, frame=payouts),
                self.show,
                names=dict(zip(own["rep_id"], own["rep"], strict=True)),
                labels=(self.plan.name, proposal.name),
            )
        except InputError as error:
            return self.unjudged(str(error))
        if change.frame["change_cents"].isna().all():
            return Unjudged(
                self.show.say(
                    "{a} and {b} pay nobody in common, so nobody wins or loses.",
                    a=self.plan.name,
                    b=proposal.name,
                )
            )
        return change

    @property
    def _no_proposal(self) -> Unjudged:
        return Unjudged(self.show.say("No plan to compare with is named."))


def plan_evaluation(view: View, plan: Path | None, proposal: Path | None = None) -> PlanEvaluation:
    """Evaluation of a plan for leadership and finance.

    Parameters
    ----------
    view : View
        The company, a region or a team.
    plan : Path
        File of the plan.
    proposal : Path, optional
        File of a plan to compare it with.

    Returns
    -------
    PlanEvaluation

    Raises
    ------
    InputError
        The report is for a manager or a rep, or about one rep; a file is no plan.
    """
    if plan is None:
        raise InputError("name the file of a plan in `plan`", where="the parameters cell")
    if view.audience != "leadership":
        raise InputError(
            "pay is private: a plan is judged for leadership only", found=view.audience
        )
    if view.scope.kind == "rep":
        raise InputError(
            "a plan is judged on many people: make the report for the company, a region or a team",
            found=str(view.scope),
        )
    other = None if proposal is None else read_plan(proposal, proposal.name)
    return PlanEvaluation(view, read_plan(plan, plan.name), plan, other)


def _computable(result: _Result) -> _Result | Unjudged:
    return result if result.is_computable else Unjudged(result.headline)
