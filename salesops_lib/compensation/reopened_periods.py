"""Paid periods that come to something else today: what differs, as lines and credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.compensation.pay_book import CREDITED, LINES
from salesops_lib.compensation.pay_files import amount_text
from salesops_lib.compensation.stacked_frames import stacked
from salesops_lib.compensation.trueups import true_ups
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.compensation.pay_book import PayBook
    from salesops_lib.compensation.period_pay import PeriodPay

__all__ = ["changed_credits", "changed_lines", "refuse_changed"]


def changed_lines(book: PayBook, now: PeriodPay, booked_in: str, reason: str) -> pd.DataFrame:
    """What a paid period comes to now, less all that was booked for it.

    Parameters
    ----------
    book : PayBook
        Earlier runs.
    now : PeriodPay
        The period, computed again.
    booked_in : str
        Open period that the lines are booked in.
    reason : str
        Why.

    Returns
    -------
    DataFrame
        Columns `LINES`, kind ``true-up``; empty where nothing differs.
    """
    found = true_ups(book.lines(now.plan.id), now.lines, booked_in, reason=reason)
    return found[list(LINES)]


def changed_credits(book: PayBook, now: PeriodPay) -> pd.DataFrame:
    """Credits of a paid period as they are now, less those that were booked.

    Parameters
    ----------
    book : PayBook
        Earlier runs.
    now : PeriodPay
        The period, computed again.

    Returns
    -------
    DataFrame
        Columns `CREDITED`; `amount_cents` is the difference, and rows without one are
        left out.
    """
    booked = book.credits(now.period.kind)
    label = now.period.label
    mine = booked["rep_id"].isin(_ever_paid(book, now))
    before = booked[mine & (booked["period"] == label)]
    after = now.credits[list(CREDITED)]
    rows = stacked([before.assign(amount_cents=-before["amount_cents"]), after])
    if not len(rows):
        return before
    sums = rows.groupby("credit_id", sort=True)["amount_cents"].sum()
    told = rows.drop_duplicates("credit_id", keep="last").set_index("credit_id")
    told = told.loc[sums.index].assign(amount_cents=sums)
    return told[told["amount_cents"] != 0].reset_index()[list(CREDITED)]


def refuse_changed(lines: pd.DataFrame, now: PeriodPay, booked_in: str) -> None:
    """Refuse a paid period that comes to something else, unless it was reopened.

    Parameters
    ----------
    lines : DataFrame
        As `changed_lines` gives them.
    now : PeriodPay
        The period, computed again.
    booked_in : str
        Open period that the difference would be booked in.

    Raises
    ------
    InputError
        There are lines; the sentence says how many people, and how much.
    """
    if not len(lines):
        return
    cents, people = int(lines["payout_cents"].sum()), lines["rep_id"].nunique()
    label, sign = now.period.label, "+" if cents > 0 else ""
    of_whom = "1 person" if people == 1 else f"{people} people"
    raise InputError(
        f"{label} was paid and now comes to {sign}{amount_text(cents)} {now.plan.currency} for "
        f"{of_whom} (the first: `{lines['rep_id'].iloc[0]}`); nothing that was paid is rewritten: "
        f"`--reopened {label} --reason TEXT` books the difference in {booked_in}",
        where=now.plan.id,
    )


def _ever_paid(book: PayBook, now: PeriodPay) -> set[str]:
    """People whom the plan has credited in the period, then or now."""
    found = set(now.people["rep_id"])
    for run in book.runs(now.plan.id):
        credited = run.frame("credits")
        if credited is not None:
            found.update(credited.loc[credited["period"] == now.period.label, "rep_id"])
    return found
