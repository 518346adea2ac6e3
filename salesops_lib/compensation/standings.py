"""How each person stands: results, quotas, attainment, gates and multipliers met."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.compensation.exact import exact_decimal
from salesops_lib.compensation.plan_components import Measured
from salesops_lib.compensation.quota_book import NO_QUOTA
from salesops_lib.compensation.ratios import group_sums, running
from salesops_lib.compensation.windows import window_of
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.credit_book import CreditBook
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Paying
    from salesops_lib.compensation.plan_levels import Level
    from salesops_lib.compensation.plan_measures import Gate, Multiplier
    from salesops_lib.compensation.quota_book import QuotaBook
    from salesops_lib.compensation.ratios import Ints, Marks
    from salesops_lib.compensation.windows import Span, Window
    from salesops_lib.period import Period

__all__ = ["Standings", "level_of"]

_ONE = Fraction(1)


@dataclass(frozen=True)
class Standings:
    """Everything a component may ask about people in one pay period.

    Parameters
    ----------
    plan : Plan
        The plan.
    period : Period
        The pay period.
    calendar : FiscalCalendar
        Whose quarters and years count.
    people : DataFrame
        `rep_id`, `role` and, where pay at target is needed, `variable_cents` a year;
        with `days_counted` and `days_in_period` only that part of it. `hire_date` where
        a guarantee asks for it.
    book : CreditBook
        All credits since the longest window began.
    quotas : QuotaBook
        All quotas.
    results : DataFrame, optional
        Measures that are handed in: `rep_id`, `measure`, `period` (label), `value`
        (int, Decimal, or text such as ``85%``).
    """

    plan: Plan
    period: Period
    calendar: FiscalCalendar
    people: pd.DataFrame
    book: CreditBook
    quotas: QuotaBook
    results: pd.DataFrame | None = None

    def window(self, component: Paying, span: Span | None = None) -> Window:
        """Window of a component, or of another span with its settings."""
        settings = self.plan.settings.overridden(component.settings)
        full = settings.quota == "full"
        chosen = span or settings.measured_over
        return window_of(self.plan, self.period, self.calendar, chosen, full_quota=full)

    def paid_here(self, component: Paying) -> Marks:
        """Whom a component pays."""
        if not component.roles:
            return np.ones(len(self.people), dtype=bool)
        return self.people["role"].isin(component.roles).to_numpy(bool)

    def targets(self, component: Paying, window: Window) -> list[Fraction]:
        """Pay at target of each person for a component and window, exact cents."""
        count = len(self.people)
        if "variable_cents" not in self.people.columns:
            return [Fraction(0)] * count
        share = Fraction(component.weight) * window.share_of_year
        parts = [_ONE] * count
        if "days_counted" in self.people.columns:
            pairs = zip(self.people["days_counted"], self.people["days_in_period"], strict=True)
            parts = [Fraction(int(counted), int(days)) for counted, days in pairs]
        variable = self.people["variable_cents"].tolist()
        full = {cents: int(cents) * share for cents in set(variable)}
        return [
            full[cents] if part is _ONE else full[cents] * part
            for cents, part in zip(variable, parts, strict=True)
        ]

    def totals(self, measure: str, window: Window) -> Ints:
        """Result of each person at the window's end, in hundredths."""
        _, values = self.book.counted(measure, self.plan.measures[measure])
        inside = self.book.within(window.start, window.end)
        return group_sums(values[inside], self.book.rep[inside], len(self.people))

    def handed_in(self, measure: str, who: Marks) -> list[Fraction]:
        """Value of a measure of results for each person; 0 for those who are not asked.

        Parameters
        ----------
        measure : str
            Name of a measure of results.
        who : array of bool
            Who must have one.

        Returns
        -------
        list of Fraction

        Raises
        ------
        InputError
            One of `who` has none or two, or it is no exact number.
        """
        known: dict[str, Fraction] = {}
        if self.results is not None:
            of_measure = self.results["measure"] == measure
            rows = self.results[of_measure & (self.results["period"] == self.period.label)]
            for rep, value in zip(rows["rep_id"], rows["value"], strict=True):
                if rep in known:
                    raise InputError(f"`{rep}` has two results of `{measure}` for {self.period}")
                known[rep] = _result(value, rep, measure)
        asked = zip(self.people["rep_id"], who.tolist(), strict=True)
        return [
            self._known(known, rep, measure) if wanted else Fraction(0) for rep, wanted in asked
        ]

    def _known(self, known: dict[str, Fraction], rep: str, measure: str) -> Fraction:
        if rep not in known:
            raise InputError(f"`{rep}` has no result of `{measure}` for {self.period}")
        return known[rep]

    def attained(
        self, component: Paying, measure: str, window: Window, *, percent: bool
    ) -> list[Fraction]:
        """Result of each person as levels are written.

        Parameters
        ----------
        component : Paying
            Only whom it pays must have a quota or a result.
        measure : str
            Name of a measure.
        window : Window
            Since when.
        percent : bool
            Whether levels are percent of the quota; of a handed-in result, the value.

        Returns
        -------
        list of Fraction
            Shares of the quota, or the result in its unit.

        Raises
        ------
        InputError
            Somebody has no quota, or one of zero.
        """
        if self.plan.measures[measure].of == "result":
            return self.handed_in(measure, self.paid_here(component))
        totals = self.totals(measure, window).tolist()
        if not percent:
            return [Fraction(total, 100) for total in totals]
        quotas = self.needed_quotas(measure, window, self.paid_here(component)).tolist()
        return [Fraction(total, quota) for total, quota in zip(totals, quotas, strict=True)]

    def needed_quotas(self, measure: str, window: Window, who: Marks | None = None) -> Ints:
        """Quota of each person; an error where somebody of `who` has none or zero."""
        quotas = self.quotas.of(measure, window)
        lacking = quotas <= 0 if who is None else (quotas <= 0) & who
        if lacking.any():
            place = int(np.argmax(lacking))
            what = "no quota" if quotas[place] == NO_QUOTA else "a quota of zero"
            raise InputError(
                f"`{self.people['rep_id'].iloc[place]}` has {what} for `{measure}` from "
                f"{window.start} to {window.quota_end}"
            )
        return np.maximum(quotas, 1)

    def factors(self, component: Paying) -> list[Fraction]:
        """Multiple of each person's pay by multipliers, and gates judged at the end."""
        found = [_ONE] * len(self.people)
        window = self.window(component)
        higher = self.plan.settings.overridden(component.settings).boundary == "higher"
        for multiplier in component.multipliers:
            percent = multiplier.tiers[0].from_.is_percent
            values = self.attained(component, multiplier.measure, window, percent=percent)
            found = [
                one * _multiple(multiplier, value, higher=higher)
                for one, value in zip(found, values, strict=True)
            ]
        for gate in component.gates:
            if self.judged_at_end(component, gate):
                met = self.met(component, gate)
                missed = Fraction(gate.otherwise)
                found = [
                    one if is_met else one * missed for one, is_met in zip(found, met, strict=True)
                ]
        return found

    def judged_at_end(self, component: Paying, gate: Gate) -> bool:
        """Whether a gate is judged once, not credit by credit."""
        measure = _judged(component, gate)
        settings = self.plan.settings.overridden(component.settings)
        is_result = self.plan.measures[measure].of == "result"
        by_credit = isinstance(component, Measured)
        return is_result or not by_credit or settings.gate_judged == "period_end"

    def met(self, component: Paying, gate: Gate) -> list[bool]:
        """Who meets a gate at the end of its window."""
        measure = _judged(component, gate)
        window = self.window(component, gate.measured_over)
        values = self.attained(component, measure, window, percent=gate.at_least.is_percent)
        higher = self.plan.settings.overridden(component.settings).boundary == "higher"
        level = gate.at_least.exact
        return [value >= level if higher else value > level for value in values]

    def met_by_credit(self, component: Paying, gate: Gate) -> Marks:
        """At which credits of the book a gate is met, judged before or after each."""
        measure = _judged(component, gate)
        settings = self.plan.settings.overridden(component.settings)
        window = self.window(component, gate.measured_over)
        _, values = self.book.counted(measure, self.plan.measures[measure])
        inside = self.book.within(window.start, window.end)
        rep = self.book.rep
        before, after = running(np.where(inside, values, 0), np.diff(rep, prepend=-1) != 0)
        judged = after if settings.gate_judged == "after" else before
        return judged >= self._needed(component, gate, window)[rep]

    def _needed(self, component: Paying, gate: Gate, window: Window) -> Ints:
        """Least result, in hundredths, that meets a gate, for each person."""
        higher = self.plan.settings.overridden(component.settings).boundary == "higher"
        scale = [100] * len(self.people)
        if gate.at_least.is_percent:
            measure = _judged(component, gate)
            scale = self.needed_quotas(measure, window, self.paid_here(component)).tolist()
        levels = [gate.at_least.exact * one for one in scale]
        least = [ceil(level) if higher else floor(level) + 1 for level in levels]
        return np.array(least, dtype=np.int64)


def level_of(levels: Sequence[Level], value: Fraction, *, higher: bool) -> int:
    """Place of the highest level that a value reaches; -1: none."""
    return sum(value >= lv.exact if higher else value > lv.exact for lv in levels) - 1


def _judged(component: Paying, gate: Gate) -> str:
    """Measure that a gate judges."""
    return gate.measure or (component.measure if isinstance(component, Measured) else "")


def _multiple(multiplier: Multiplier, value: Fraction, *, higher: bool) -> Fraction:
    place = level_of([tier.from_ for tier in multiplier.tiers], value, higher=higher)
    if place < 0:
        return _ONE
    tier = multiplier.tiers[place]
    # A closed tier owns its upper end where boundaries belong to the lower tier.
    if tier.to and (value >= tier.to.exact if higher else value > tier.to.exact):
        return _ONE
    return Fraction(tier.times)


def _result(value: object, rep: str, measure: str) -> Fraction:
    if isinstance(value, float):
        value = Decimal(repr(value))
    try:
        return Fraction(exact_decimal(value))
    except ValueError as error:
        raise InputError(f"the result of `{measure}` of `{rep}`: {error}") from None
