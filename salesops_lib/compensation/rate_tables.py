"""Rate tables: what each tier, flat rate and payout curve pays, in one form.

A result ``p`` in tier ``k`` earns the sum over all tiers ``t`` of ``rate(t) x what of p
lies in t``, where tiers up to the highest retroactive one that was reached share its
rate, plus the sums that are due for tiers reached. Every component that pays credit
by credit is such a table, so they share one arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from salesops_lib.compensation.plan_components import Curve, Flat, Measured, Spiff, Tiered
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.compensation.plan_components import Tier
    from salesops_lib.compensation.plan_settings import PlanSettings

__all__ = ["RateTable", "above_end", "rate_table", "tier_gaps", "tier_overlaps"]

_CENTS = 100


@dataclass(frozen=True)
class RateTable:
    """What a component pays, by result.

    Parameters
    ----------
    starts : tuple of Fraction
        Where each tier starts, the first at 0: hundredths of the measure's unit, or
        shares of the quota where `in_quota`.
    in_quota : bool
        What `starts` are.
    rates : tuple of Fraction
        Rate of each tier; times the pay at target where `of_target`, per unit of the
        quota where `per_quota`.
    of_target, per_quota : bool
        What `rates` are.
    sums : tuple of Fraction
        What is due in all once each tier is reached: cents, or shares of the pay at
        target where `sums_of_target`.
    sums_of_target : bool
        What `sums` are.
    retroactive : tuple of bool
        Whether reaching a tier pays everything below at its rate too.
    end : Fraction, optional
        Where the last tier is closed; no result above it is known to the plan.
    unsplit : bool
        Whether a credit is paid whole at one tier's rate.
    higher : bool
        Whether a result on a boundary belongs to the higher tier.
    """

    starts: tuple[Fraction, ...]
    in_quota: bool
    rates: tuple[Fraction, ...]
    of_target: bool = False
    per_quota: bool = False
    sums: tuple[Fraction, ...] = ()
    sums_of_target: bool = False
    retroactive: tuple[bool, ...] = ()
    end: Fraction | None = None
    unsplit: bool = False
    higher: bool = True

    @property
    def needs_quota(self) -> bool:
        """Whether it cannot be used without a quota."""
        return self.in_quota or self.per_quota

    @property
    def needs_target(self) -> bool:
        """Whether it cannot be used without a pay at target."""
        return self.of_target or (self.sums_of_target and any(self.sums))

    @property
    def back(self) -> tuple[int, ...]:
        """For each tier, the highest retroactive one up to it; -1: none."""
        found, last = [], -1
        for number in range(len(self.starts)):
            if self.retroactive and self.retroactive[number]:
                last = number
            found.append(last)
        return tuple(found)

    @property
    def parts(self) -> int:
        """In how many parts a hundredth is cut, so that all starts are whole."""
        if not self.in_quota:
            return 1
        return math.lcm(*(start.denominator for start in self.starts))

    def cuts(self, quota: int) -> list[int]:
        """Where each tier starts for one quota, in `parts` of a hundredth, exactly."""
        scale = quota * self.parts if self.in_quota else 1
        return [math.ceil(start * scale) for start in self.starts]

    def tier(self, result: Fraction, quota: int = 0) -> int:
        """Tier that a result belongs to, from 0."""
        scale = quota if self.in_quota else 1
        starts = [start * scale for start in self.starts[1:]]
        return sum(result >= start if self.higher else result > start for start in starts)

    def earned(
        self, result: int | Fraction, quota: int = 0, target: Fraction | int = 0
    ) -> Fraction:
        """Exact pay for one result as a whole, for curves and checks.

        Parameters
        ----------
        result : int
            Hundredths of the measure's unit.
        quota : int
            The same, where it is needed.
        target : Fraction
            Pay at target in cents, where it is needed.

        Returns
        -------
        Fraction
            Cents.

        Raises
        ------
        InputError
            The result is above the end of a closed table.
        """
        result = Fraction(result)
        scale = quota if self.in_quota else 1
        if self.end is not None and result > self.end * scale:
            raise InputError(above_end(result, self.end * scale))
        reached = self.tier(result, quota)
        edges = [start * scale for start in self.starts]
        back = reached if self.unsplit else self.back[reached]
        total = Fraction(0)
        if self.sums and result > 0:
            total = self.sums[reached] * (target if self.sums_of_target else 1)
        factor = Fraction(target if self.of_target else 1) / (quota if self.per_quota else 1)
        for number, low in enumerate(edges[: reached + 1]):
            high = edges[number + 1] if number < reached else result
            rate = self.rates[max(number, back)]
            total += (min(high, result) - low) * rate * factor
        return Fraction(total)


def rate_table(component: Measured, settings: PlanSettings) -> RateTable:
    """Rate table of a component that pays credit by credit.

    Parameters
    ----------
    component : Measured
        A flat rate, tiers, a curve or a SPIFF.
    settings : PlanSettings
        Settings that hold for it.

    Returns
    -------
    RateTable

    Raises
    ------
    InputError
        Its tiers leave a gap or overlap: there is no saying what such a result earns.
    """
    higher = settings.boundary == "higher"
    match component:
        case Flat():
            return _flat(component, higher=higher)
        case Spiff():
            return _spiff(component, higher=higher)
        case Curve():
            return _curve(component, higher=higher)
        case Tiered():
            return _tiered(component, higher=higher)
    raise TypeError(f"{type(component).__name__} pays by no rate table")


def tier_gaps(tiers: Sequence[Tier]) -> list[tuple[Tier, Tier]]:
    """Neighbours between which results belong to no tier.

    Parameters
    ----------
    tiers : sequence of Tier
        From low to high.

    Returns
    -------
    list of (Tier, Tier)
        Each tier that ends before the next one begins, with that next one.
    """
    return [(a, b) for a, b in pairwise(tiers) if a.to and a.to.number < b.from_.number]


def tier_overlaps(tiers: Sequence[Tier]) -> list[tuple[Tier, Tier]]:
    """Neighbours that both claim the same results.

    Parameters
    ----------
    tiers : sequence of Tier
        From low to high.

    Returns
    -------
    list of (Tier, Tier)
        Each tier that ends after the next one begins, with that next one.
    """
    return [(a, b) for a, b in pairwise(tiers) if a.to and a.to.number > b.from_.number]


def above_end(result: Fraction | int, end: Fraction | int) -> str:
    """Sentence of a result above a closed table; both in hundredths."""
    return (
        f"a result of {float(result) / _CENTS:,.2f} lies above the last tier, which ends at "
        f"{float(end) / _CENTS:,.2f}; leave its `to` out or add a tier"
    )


def _flat(component: Flat, *, higher: bool) -> RateTable:
    by_target = component.times is not None
    rate = component.times if component.rate is None else component.rate
    return RateTable(
        starts=(Fraction(0),),
        in_quota=False,
        rates=(Fraction(rate or 0),),
        of_target=by_target,
        per_quota=by_target,
        retroactive=(False,),
        higher=higher,
    )


def _spiff(component: Spiff, *, higher: bool) -> RateTable:
    starts, rates = [Fraction(0)], [Fraction(component.pays)]
    if component.most is not None:
        starts.append(Fraction(component.most * _CENTS))
        rates.append(Fraction(0))
    none = (False,) * len(starts)
    return RateTable(tuple(starts), False, tuple(rates), retroactive=none, higher=higher)


def _curve(component: Curve, *, higher: bool) -> RateTable:
    points = component.points
    in_quota = points[0].at.is_percent
    of_target = points[0].pays.is_percent
    places = [point.at.exact if in_quota else point.at.hundredths for point in points]
    pays = [point.pays.exact if of_target else point.pays.hundredths for point in points]
    slopes = [
        (high - low) / (after - before)
        for (before, after), (low, high) in zip(pairwise(places), pairwise(pays), strict=True)
    ]
    starts, rates, sums = [*places], [*slopes, Fraction(0)], [pays[0]] * len(places)
    if places[0] > 0:
        starts, rates, sums = [Fraction(0), *starts], [Fraction(0), *rates], [Fraction(0), *sums]
    return RateTable(
        starts=tuple(starts),
        in_quota=in_quota,
        rates=tuple(rates),
        of_target=of_target,
        per_quota=in_quota,
        sums=tuple(sums),
        sums_of_target=of_target,
        retroactive=(False,) * len(starts),
        higher=higher,
    )


def _tiered(component: Tiered, *, higher: bool) -> RateTable:
    tiers = component.tiers
    _check_joined(component)
    in_quota = tiers[0].from_.is_percent
    starts = [_place(tier, in_quota=in_quota) for tier in tiers]
    last = tiers[-1].to
    end = None if last is None else (last.exact if in_quota else last.hundredths)
    if component.method == "interpolated":
        table = _interpolated(component, starts, end or Fraction(0), in_quota=in_quota)
        end = None
    elif component.method == "step":
        table = _steps(component, starts, in_quota=in_quota)
    else:
        table = _rates(component, starts, in_quota=in_quota)
    whole = _from_zero(table)
    return RateTable(**{**whole.__dict__, "end": end, "higher": higher})


def _rates(component: Tiered, starts: list[Fraction], *, in_quota: bool) -> RateTable:
    tiers = component.tiers
    by_target = tiers[0].times is not None
    default = component.method == "retroactive"
    return RateTable(
        starts=tuple(starts),
        in_quota=in_quota,
        rates=tuple(Fraction(tier.times if by_target else tier.rate or 0) for tier in tiers),  # type: ignore[arg-type]
        of_target=by_target,
        per_quota=by_target,
        retroactive=tuple(
            default if tier.retroactive is None else tier.retroactive for tier in tiers
        ),
        unsplit=component.method == "unsplit",
    )


def _steps(component: Tiered, starts: list[Fraction], *, in_quota: bool) -> RateTable:
    of_target, sums = _sums(component)
    count = len(starts)
    return RateTable(
        starts=tuple(starts),
        in_quota=in_quota,
        rates=(Fraction(0),) * count,
        sums=tuple(sums),
        sums_of_target=of_target,
        retroactive=(False,) * count,
    )


def _interpolated(
    component: Tiered, starts: list[Fraction], end: Fraction, *, in_quota: bool
) -> RateTable:
    of_target, sums = _sums(component)
    widths = [after - before for before, after in pairwise([*starts, end])]
    if any(width <= 0 for width in widths):
        raise InputError(f"`{component.name}`: its last tier ends where it begins")
    rates = [total / width for total, width in zip(sums, widths, strict=True)]
    return RateTable(
        starts=(*starts, end),
        in_quota=in_quota,
        rates=(*rates, Fraction(0)),
        of_target=of_target,
        per_quota=in_quota,
        retroactive=(False,) * (len(starts) + 1),
    )


def _sums(component: Tiered) -> tuple[bool, list[Fraction]]:
    levels = [tier.pays for tier in component.tiers if tier.pays is not None]
    of_target = levels[0].is_percent
    if any(level.is_percent != of_target for level in levels):
        raise InputError(f"`pays` of `{component.name}` mixes percent and amounts")
    return of_target, [level.exact if of_target else level.hundredths for level in levels]


def _from_zero(table: RateTable) -> RateTable:
    """The table with a tier that pays nothing below its first."""
    if table.starts[0] == 0:
        return table
    zero = (Fraction(0),)
    changed = {
        "starts": zero + table.starts,
        "rates": zero + table.rates,
        "sums": zero + table.sums if table.sums else (),
        "retroactive": (False, *table.retroactive),
    }
    return RateTable(**{**table.__dict__, **changed})


def _place(tier: Tier, *, in_quota: bool) -> Fraction:
    return tier.from_.exact if in_quota else tier.from_.hundredths


def _check_joined(component: Tiered) -> None:
    for what, pairs in (
        ("a gap", tier_gaps(component.tiers)),
        ("an overlap", tier_overlaps(component.tiers)),
    ):
        if pairs:
            places = ", ".join(f"{low.to} and {high.from_}" for low, high in pairs)
            raise InputError(
                f"the tiers of `{component.name}` have {what} between {places}: there is no "
                "saying what such a result earns"
            )
