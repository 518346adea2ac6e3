"""Lines of a statement: how one credit, tier or sum came to what it pays, in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from salesops_lib.compensation.plan_components import Measured, Tiered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from salesops_lib.compensation.plan import Plan
    from salesops_lib.compensation.plan_components import Component
    from salesops_lib.formats import Formatter

__all__ = ["StatementLine", "line_of", "standing_text"]

_MOST_DIGITS = 4


@dataclass(frozen=True)
class StatementLine:
    """One line of a component's trace.

    Parameters
    ----------
    title : str
        The deal, or what kind of line it is.
    below : str
        Day and kind of the credit.
    credit : str
        Amount credited.
    standing : str
        Result before and after it.
    how : str
        Tier, base, rate and factor.
    cents : int
        What it pays.
    """

    title: str
    below: str
    credit: str
    standing: str
    how: str
    cents: int


def line_of(
    leg: Any,
    component: Component,
    plan: Plan,
    credits: Mapping[str, Any],  # noqa: A002 (the word of the field)
    title: str,
    show: Formatter,
) -> StatementLine:
    """One leg of the trace as a line.

    Parameters
    ----------
    leg : row of `Earnings.legs`
        The leg.
    component : Component
        Its component.
    plan : Plan
        Its plan.
    credits : mapping
        Credits by id, rows of `Credits.frame`.
    title : str
        Name of the deal; empty for lines of no single credit.
    show : Formatter
        Language.

    Returns
    -------
    StatementLine
    """
    credit = credits.get(leg.credit_id) if isinstance(leg.credit_id, str) else None
    kind = _kind(leg.kind, show)
    if credit is None:
        how = _how(leg, component, show, of_deals=False)
        return StatementLine(kind, "", "", "", how, leg.payout_cents)
    facts = [show.date(credit.credited_on, short=True), _credited_as(credit, show)]
    if leg.kind != "credit":
        facts.append(kind)
    if leg.opportunity_id and title != leg.opportunity_id and isinstance(leg.opportunity_id, str):
        facts.append(leg.opportunity_id)
    of_deals = _counts_deals(component, plan)
    return StatementLine(
        title or kind,
        " · ".join(facts),
        _money(credit.amount_cents, show),
        _moved(leg, show, of_deals=of_deals),
        _how(leg, component, show, of_deals=of_deals),
        leg.payout_cents,
    )


def standing_text(legs: Sequence[Any], component: Component, plan: Plan, show: Formatter) -> str:
    """Where a person stands at the end: the result, and what share of the quota it is."""
    credited = [leg for leg in legs if isinstance(leg.credit_id, str)]
    if not credited or not isinstance(component, Measured):
        return ""
    settings = plan.settings_of(component)
    if settings.applied != "running":
        return ""
    last = credited[-1]
    result = _amount(last.position_after_cents, show, of_deals=_counts_deals(component, plan))
    if last.quota_cents <= 0:
        return show.say("Result {result}", result=result)
    return show.say(
        "Result {result} of a quota of {quota}: {share}",
        result=result,
        quota=_amount(last.quota_cents, show, of_deals=_counts_deals(component, plan)),
        share=_share(last.position_after_cents, last.quota_cents, show),
    )


def _kind(kind: str, show: Formatter) -> str:
    say = show.say
    names = {
        "credit": say("Credit"),
        "re-rated": say("Earlier results at the rate reached"),
        "reached": say("Sum for the tier reached"),
        "target": say("Sum by the results as a whole"),
        "cap": say("Above the cap"),
        "guarantee": say("Made up to the guarantee"),
        "paid before": say("Paid in earlier periods"),
    }
    return names.get(kind, kind)


def _credited_as(credit: Any, show: Formatter) -> str:
    say = show.say
    names = {
        "owner": say("own deal"),
        "split": say("shared deal"),
        "overlay": say("overlay"),
        "rollup": say("deal of the team"),
        "adjustment": say("credit by hand"),
    }
    name = names.get(credit.kind, str(credit.kind))
    if credit.kind in ("split", "overlay") and isinstance(credit.share, Decimal):
        return f"{name}, {_percent(Fraction(credit.share), show)}"
    return name


def _moved(leg: Any, show: Formatter, *, of_deals: bool) -> str:
    if leg.position_before_cents == leg.position_after_cents:
        return ""
    if leg.quota_cents > 0:
        before, after = (
            _share(cents, leg.quota_cents, show)
            for cents in (leg.position_before_cents, leg.position_after_cents)
        )
    else:
        before, after = (
            _amount(cents, show, of_deals=of_deals)
            for cents in (leg.position_before_cents, leg.position_after_cents)
        )
    return f"{before} → {after}"


def _how(leg: Any, component: Component, show: Formatter, *, of_deals: bool) -> str:
    if leg.kind in ("reached", "target"):
        whole = Fraction(leg.base_num, leg.base_den) * Fraction(leg.rate_num, leg.rate_den) / 100
        return _sum_text(leg, show, show.decimal(_decimal(whole, 2), 2))
    if leg.kind not in ("credit", "re-rated"):
        return _conditions_text(leg, show)
    rate = Fraction(leg.rate_num, leg.rate_den)
    base = _amount(leg.base_cents, show, of_deals=of_deals)
    # A deal counts 100 hundredths, so its rate is in units of the currency.
    price = show.decimal(_decimal(rate, 2), 2) if of_deals else _percent(rate, show)
    level = _tier_level(leg, component, show)
    if level:
        return _tier_text(leg, show, str(leg.tier + 1), level, base, price)
    return _rate_text(leg, show, base, price)


def _tier_level(leg: Any, component: Component, show: Formatter) -> str:
    """Where the leg's tier begins; empty where there are no tiers to tell apart."""
    is_tier = isinstance(component, Tiered) and 0 <= leg.tier < len(component.tiers)
    if not is_tier or len(component.tiers) == 1:  # type: ignore[union-attr]
        return ""
    begins = component.tiers[leg.tier].from_  # type: ignore[union-attr]
    return _percent(begins.exact, show) if begins.is_percent else show.decimal(begins.number, 2)


# Each says its text whole: with conditions met, met in part, and not met.
def _conditions_text(leg: Any, show: Formatter) -> str:
    factor = _factor(leg)
    if factor == 0:
        return show.say("a condition is not met, so nothing")
    return "" if factor == 1 else show.say("{factor} by conditions", factor=_percent(factor, show))


def _sum_text(leg: Any, show: Formatter, total: str) -> str:
    factor = _factor(leg)
    if factor == 0:
        return show.say("{sum}; a condition is not met, so nothing", sum=total)
    if factor == 1:
        return total
    return show.say("{sum} × {factor} by conditions", sum=total, factor=_percent(factor, show))


def _rate_text(leg: Any, show: Formatter, base: str, rate: str) -> str:
    factor, words = _factor(leg), {"base": base, "rate": rate}
    if factor == 0:
        return show.say("{base} at {rate}; a condition is not met, so nothing", **words)
    if factor == 1:
        return show.say("{base} at {rate}", **words)
    return show.say(
        "{base} at {rate} × {factor} by conditions", factor=_percent(factor, show), **words
    )


def _tier_text(leg: Any, show: Formatter, number: str, level: str, base: str, rate: str) -> str:
    factor = _factor(leg)
    words = {"number": number, "level": level, "base": base, "rate": rate}
    if factor == 0:
        return show.say(
            "tier {number}, from {level}: {base} at {rate}; a condition is not met, so nothing",
            **words,
        )
    if factor == 1:
        return show.say("tier {number}, from {level}: {base} at {rate}", **words)
    return show.say(
        "tier {number}, from {level}: {base} at {rate} × {factor} by conditions",
        factor=_percent(factor, show),
        **words,
    )


def _factor(leg: Any) -> Fraction:
    return Fraction(leg.factor_num, leg.factor_den)


def _counts_deals(component: Component, plan: Plan) -> bool:
    return isinstance(component, Measured) and plan.measures[component.measure].of == "deals"


def _amount(cents: int, show: Formatter, *, of_deals: bool) -> str:
    if not of_deals:
        return _money(cents, show)
    deals = Decimal(cents) / 100
    return show.counted(deals, "{count} deal", "{count} deals")


def _money(cents: int, show: Formatter) -> str:
    return show.decimal(Decimal(cents) / 100, 2)


def _share(part: int, whole: int, show: Formatter) -> str:
    return show.share(_decimal(Fraction(part, whole), _MOST_DIGITS), 1)


def _percent(number: Fraction, show: Formatter) -> str:
    """Ratio as percent, in full up to four decimals; longer ones are marked as rounded."""
    for digits in range(_MOST_DIGITS + 1):
        scaled = number * 100 * 10**digits
        if scaled.denominator == 1:
            return show.share(Decimal(scaled.numerator).scaleb(-digits - 2), digits)
    return "≈" + show.share(_decimal(number, _MOST_DIGITS + 2), _MOST_DIGITS)


def _decimal(number: Fraction, digits: int) -> Decimal:
    """Nearest decimal, an exact half away from zero."""
    scaled = abs(number) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if number >= 0 else -whole).scaleb(-digits)
