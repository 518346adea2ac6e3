"""Trace and payroll of a run as tables: every cent with its deal, every payment with its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.compensation.pay_files import amount_text
from salesops_lib.compensation.stacked_frames import stacked
from salesops_lib.errors import SalesOpsError

if TYPE_CHECKING:
    from salesops_lib.compensation.pay_run import PayRun

__all__ = ["TRACE", "balance_frame", "payroll_frame", "trace_for_csv", "trace_frame"]

TRACE = (
    "rep_id", "component", "kind", "period", "credit_id", "opportunity_id", "credited_on",
    "credit_kind", "credit_cents", "position_before_cents", "position_after_cents",
    "quota_cents", "tier", "base_cents", "base_num", "base_den", "rate_num", "rate_den",
    "factor_num", "factor_den", "payout_cents", "reason",
)  # fmt: skip
"""Columns of `trace_frame`."""

_STEPS = (
    "deferred", "released", "carried_in", "debt_repaid", "owed_repaid", "minimum", "draw",
    "held_back", "forfeited", "rounding", "paid",
)  # fmt: skip
_BALANCES = ("owed", "debt", "carried", "deferred")


def trace_frame(run: PayRun) -> pd.DataFrame:
    """Every line that pays: those of the period, then true-ups booked in it.

    Parameters
    ----------
    run : PayRun
        The run.

    Returns
    -------
    DataFrame
        Columns `TRACE`: the engine's (see `Earnings`), the `period` that a line is for,
        the credit's day, kind and whole amount, and of true-ups the `reason`. By person;
        the payouts sum to what was earned, to the cent.

    Raises
    ------
    SalesOpsError
        They do not: a defect, and nothing may be paid.
    """
    legs = run.pay.earnings.legs
    label = run.pay.period.label
    plain = legs.astype(
        dict.fromkeys(("rep_id", "component", "kind", "credit_id", "opportunity_id"), object)
    )
    known = run.pay.window_credits.set_index("credit_id")
    at = known.index.get_indexer(pd.Index(plain["credit_id"], dtype=object))
    # What is not found reads the last entry, which is empty.
    days = np.append(known["credited_on"].to_numpy("datetime64[ns]"), np.datetime64("NaT", "ns"))
    kinds = np.array([*known["kind"], None], dtype=object)
    cents = np.append(known["amount_cents"].to_numpy(np.int64), 0)
    plain = plain.assign(
        period=label,
        credited_on=days[at],
        credit_kind=kinds[at],
        credit_cents=cents[at],
        reason="",
    )[list(TRACE)]
    extra = _true_up_legs(run.true_ups)
    found = stacked([plain, extra])
    found = found.sort_values("rep_id", kind="stable", ignore_index=True)
    told = int(run.pay.lines["payout_cents"].sum() + run.true_ups["payout_cents"].sum())
    if int(found["payout_cents"].sum()) != told:
        raise SalesOpsError("the trace does not add up to what was earned: nothing is paid")
    return found


def trace_for_csv(trace: pd.DataFrame) -> pd.DataFrame:
    """The trace as people read it: numbered, and empty where there is no quota or tier."""
    quotas = [amount_text(cents) if cents >= 0 else "" for cents in trace["quota_cents"].tolist()]
    tiers = [str(tier + 1) if tier >= 0 else "" for tier in trace["tier"].tolist()]
    frame = trace.assign(quota_cents=quotas, tier=tiers).rename(columns={"quota_cents": "quota"})
    frame.insert(0, "line", np.arange(1, len(frame) + 1))
    return frame


def payroll_frame(run: PayRun) -> pd.DataFrame:
    """One row a person: what was earned, each step, what is paid, what stays open.

    Parameters
    ----------
    run : PayRun
        A run that pays.

    Returns
    -------
    DataFrame
        `rep_id`, `name`, `period`, `currency`, `this_period_cents` and `true_up_cents` (their
        sum is `earned_cents`), the steps and closing balances of `Payments.frame`.
    """
    if run.payments is None:
        raise SalesOpsError("a run that only trues up pays nobody")
    rows = run.payments.frame
    by_rep = run.true_ups.groupby("rep_id")["payout_cents"].sum()
    true_ups = rows["rep_id"].map(by_rep).fillna(0).astype(np.int64)
    columns = {
        "rep_id": rows["rep_id"],
        "name": [run.names.get(rep, rep) for rep in rows["rep_id"]],
        "period": rows["period"],
        "currency": run.pay.plan.currency,
        "this_period_cents": rows["earned_cents"] - true_ups,
        "true_up_cents": true_ups,
        "earned_cents": rows["earned_cents"],
    }
    columns |= {f"{name}_cents": rows[f"{name}_cents"] for name in _STEPS}
    columns |= {f"{name}_closing_cents": rows[f"{name}_closing_cents"] for name in _BALANCES}
    return pd.DataFrame(columns).sort_values("rep_id", ignore_index=True)


def balance_frame(run: PayRun) -> pd.DataFrame:
    """Opening and closing balances of everybody who is paid, or has anything open."""
    if run.payments is None:
        raise SalesOpsError("a run that only trues up changes no balance")
    sides = (("opening", run.opening), ("closing", run.payments.balances))
    parts = {}
    for side, balances in sides:
        frame = balances.frame.set_index("rep_id")
        deferred = balances.deferred.groupby("rep_id")["cents"].sum()
        for name in _BALANCES:
            cents = deferred if name == "deferred" else frame[f"{name}_cents"]
            parts[f"{name}_{side}_cents"] = cents
    # Everybody with an opening has a closing.
    reps = run.payments.balances.frame["rep_id"].tolist()
    columns = {
        name: cents.reindex(reps).fillna(0).astype(np.int64).to_numpy()
        for name, cents in parts.items()
    }
    names = [run.names.get(rep, rep) for rep in reps]
    return pd.DataFrame({"rep_id": reps, "name": names, **columns})


def _true_up_legs(lines: pd.DataFrame) -> pd.DataFrame:
    cents = lines["payout_cents"].astype(np.int64)
    return pd.DataFrame(
        {
            **{name: lines[name] for name in ("rep_id", "component", "kind", "period")},
            "credit_id": None,
            "opportunity_id": None,
            "credited_on": np.datetime64("NaT", "ns"),
            "credit_kind": None,
            "credit_cents": np.int64(0),
            "position_before_cents": np.int64(0),
            "position_after_cents": np.int64(0),
            "quota_cents": np.int64(-1),
            "tier": np.int16(-1),
            "base_cents": cents,
            "base_num": cents,
            "base_den": np.int64(1),
            "rate_num": np.int64(1),
            "rate_den": np.int64(1),
            "factor_num": np.int64(1),
            "factor_den": np.int64(1),
            "payout_cents": cents,
            "reason": lines["reason"],
        },
        columns=list(TRACE),
    )
