"""When earnings are paid, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from salesops_lib.compensation.payment_terms import Advance, PaymentTerms
    from salesops_lib.compensation.plan import Plan
    from salesops_lib.formats import Formatter

__all__ = ["payment_sentences"]


def payment_sentences(plan: Plan, show: Formatter) -> Iterator[str]:
    """Sentences on draws, minimums, maximums, deferral and clawbacks.

    Parameters
    ----------
    plan : Plan
        The plan.
    show : Formatter
        Language and currency.

    Yields
    ------
    str
    """
    terms = plan.payments
    for advance in (terms.draw, terms.minimum):
        if advance is not None:
            yield from _advance(advance, show)
    yield from _most(terms, show)
    if terms.deferral is not None:
        yield show.counted(
            terms.deferral.periods,
            "{share} of the earnings is held back for {count} pay period.",
            "{share} of the earnings is held back for {count} pay periods.",
            share=show.share(terms.deferral.share, 0),
        )
    yield _clawback(terms, show)


def _advance(advance: Advance, show: Formatter) -> Iterator[str]:
    amount = show.money(advance.amount)
    if advance.recoverable:
        yield show.say(
            "At least {amount} is paid a pay period; what is not earned is an advance, and comes "
            "out of later earnings.",
            amount=amount,
        )
    else:
        yield show.say(
            "At least {amount} is paid a pay period; what is not earned need not be paid back.",
            amount=amount,
        )
    if advance.last_period is not None:
        yield show.counted(
            advance.last_period,
            "That ends after the first pay period.",
            "That ends after {count} pay periods.",
        )


def _most(terms: PaymentTerms, show: Formatter) -> Iterator[str]:
    if terms.maximum is None:
        return
    amount = show.money(terms.maximum)
    if terms.above_maximum == "carried":
        yield show.say(
            "At most {amount} is paid a pay period; the rest is paid later.", amount=amount
        )
    else:
        yield show.say("At most {amount} is paid a pay period; the rest is lost.", amount=amount)


def _clawback(terms: PaymentTerms, show: Formatter) -> str:
    days = terms.clawback.within_days
    if days is None:
        return show.say("What a deal has paid is taken back when the deal is lost afterwards.")
    return show.say(
        "What a deal has paid is taken back when the deal is lost within {days}.",
        days=show.days(days),
    )
