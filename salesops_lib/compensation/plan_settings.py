"""Named settings where pay systems disagree, each with a default and what it changes."""

from __future__ import annotations

from typing import Literal

from salesops_lib.yamlfile import Strict

__all__ = ["PlanSettings"]


class PlanSettings(Strict):
    """How the arithmetic of a plan is done; a component may differ from the plan.

    Parameters
    ----------
    boundary : str
        Which tier owns a result that is exactly on a boundary. ``higher``: reaching
        100 % is enough for the tier that starts there. ``lower``: it must be passed.
        Only rates that reach back, sums and gates differ, by a whole jump.
    applied : str
        What goes through the tiers. ``running``: the credits of the window one after
        the other, each from where the one before ended. ``per_transaction``: each
        credit alone, from zero. ``grouped``: the credits of one deal, account, product
        or day together, each group from zero. With rising rates ``running`` pays most.
    group_by : str
        What a group is, for ``grouped``.
    measured_over : str
        Since when results count. ``period``: each pay period stands alone. ``quarter``
        and ``year``: everything since it began goes through the tiers again, less what
        was paid: a weak start can be made good, and a strong one lost again.
    quota : str
        What a result is held against where it is measured over more than one pay
        period. ``full``: the quota of the whole quarter or year. ``to_date``: the
        quotas of the periods so far.
    gate_judged : str
        When gates are judged. ``period_end``: once, for all credits of the window.
        ``after`` and ``before``: for each credit, with it or without it; the credit
        that reaches the gate is then in, or still out.
    crossing_credit : str
        For the method ``unsplit`` only. ``reached``: a credit that crosses a boundary
        is paid at the tier that it reaches. ``left``: at the one that it comes from.
    round_at : str
        Where parts of a cent are rounded. ``component``: once for a person's component
        and period, its legs by running totals. ``credit``: for each credit. ``leg``:
        for each line of the trace; differences of cents then add up.
    rounding : str
        ``half_up``: half a cent is rounded away from zero. ``half_even``: to the even
        cent. ``down`` and ``up``: towards zero, and away from it.
    """

    boundary: Literal["higher", "lower"] = "higher"
    applied: Literal["running", "per_transaction", "grouped"] = "running"
    group_by: Literal["opportunity_id", "account_id", "product", "credited_on"] = "opportunity_id"
    measured_over: Literal["period", "quarter", "year"] = "period"
    quota: Literal["full", "to_date"] = "full"
    gate_judged: Literal["period_end", "after", "before"] = "period_end"
    crossing_credit: Literal["reached", "left"] = "reached"
    round_at: Literal["component", "credit", "leg"] = "component"
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"

    def overridden(self, own: PlanSettings | None) -> PlanSettings:
        """These settings, with those that a component sets itself in their place.

        Examples
        --------
        >>> plan = PlanSettings(boundary="lower", rounding="down")
        >>> own = plan.overridden(PlanSettings(rounding="up"))
        >>> own.boundary, own.rounding
        ('lower', 'up')
        """
        if own is None:
            return self
        return self.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})
