"""Pay of many credited transactions with every trace, against plain pandas totals.

    python benchmarks/pay.py
    python benchmarks/pay.py --credits 200000 --reps 1000
    python benchmarks/pay.py --way paths

Made-up credits of one quarter go through a plan of five components: a flat commission,
marginal tiers in percent of quota, a retroactive component, SPIFFs, and a gated
accelerator judged credit by credit. Then, in a process of its own, pandas computes by
one group-by only the totals of the simplest component (the flat one), in floats and
without a trace. Prints seconds and the highest memory of each (resident), and the ratio.

Then 10,000 paths of the results of 500 people, each with a quota of their own, are drawn
and paid by the same plan's curves, and the curves are held against the engine for one path.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

QUARTER = "2026-Q1"
_DAYS = 90


def credits_of(count: int, reps: int) -> pd.DataFrame:
    random = np.random.default_rng(2026)
    days = np.datetime64("2026-01-01") + random.integers(0, _DAYS, count)
    numbers = np.arange(count)
    return pd.DataFrame(
        {
            "credit_id": pd.Series(numbers).map("c{:08}".format),
            "opportunity_id": pd.Series(numbers).map("D{:08}".format),
            "rep_id": pd.Series(random.integers(0, reps, count)).map("R{:05}".format),
            "credited_on": days.astype("datetime64[ns]"),
            "amount_cents": random.lognormal(12, 1, count).astype(np.int64),
            "currency": "EUR",
            "kind": "owner",
            "type": random.choice(["New Business", "Expansion"], count),
        }
    )


def plan() -> Any:
    import datetime as dt

    from salesops_lib.compensation.plan import Plan

    bookings = {"kind": "tiered", "measure": "bookings"}
    return Plan.model_validate(
        {
            "version": 1, "id": "benchmark", "name": "Five components", "currency": "EUR",
            "from": dt.date(2026, 1, 1), "people": [{"ote": 120000, "pay_mix": "50/50"}],
            "measures": {
                "bookings": {}, "expansion": {"where": {"type": ["Expansion"]}},
                "deals": {"of": "deals", "where": {"type": ["New Business"]}},
            },
            "quotas": [{"measure": "bookings", "every": "quarter", "amount": 500000}],
            "components": [
                {"name": "flat", "kind": "flat", "measure": "bookings", "rate": "1%"},
                {"name": "tiers", **bookings, "weight": "60%", "tiers": [
                    {"from": "0%", "times": 0.5}, {"from": "50%", "times": 1},
                    {"from": "100%", "times": 1.5}, {"from": "150%", "times": 2}]},
                {"name": "retro", **bookings, "method": "retroactive", "tiers": [
                    {"from": 0, "rate": "0.5%"}, {"from": 300000, "rate": "0.75%"},
                    {"from": 600000, "rate": "1%"}]},
                {"name": "new logos", "kind": "spiff", "measure": "deals", "pays": 10},
                {"name": "accelerator", "kind": "flat", "measure": "expansion", "rate": "0.33%",
                 "gates": [{"measure": "bookings", "at_least": "80%"}],
                 "settings": {"gate_judged": "after"}},
            ],
        }
    )  # fmt: skip


def engine(credits: pd.DataFrame) -> dict[str, float]:  # noqa: A002 (the word of the field)
    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.engine import earnings

    chosen, period = plan(), FiscalCalendar().period(QUARTER)
    people = pd.DataFrame({"rep_id": sorted(credits["rep_id"].unique()), "role": "rep"})
    people["variable_cents"] = chosen.people[0].variable_cents
    start, busy = time.perf_counter(), time.process_time()
    paid = earnings(chosen, credits, people, None, period)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    flat = paid.payouts[paid.payouts["component"] == "flat"]["payout_cents"].sum()
    return {"seconds": seconds, "cpu": cpu, "legs": len(paid.legs), "flat": float(flat)}


def by_pandas(credits: pd.DataFrame) -> dict[str, float]:  # noqa: A002
    start, busy = time.perf_counter(), time.process_time()
    totals = credits.groupby("rep_id")["amount_cents"].sum() * 0.01
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    return {"seconds": seconds, "cpu": cpu, "legs": 0, "flat": float(totals.sum())}


PATHS, PATH_REPS = 10_000, 500


def simulated() -> dict[str, float]:
    """Draws and pays paths; then pays one of them by the engine, a credit a person."""
    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.attainment_model import AttainmentModel
    from salesops_lib.compensation.attainment_paths import model_paths
    from salesops_lib.compensation.engine import earnings
    from salesops_lib.compensation.plan_curves import plan_curves

    chosen, period = plan(), FiscalCalendar().period(QUARTER)
    chosen = chosen.model_copy(update={"quotas": []})
    reps = [f"R{number:05}" for number in range(PATH_REPS)]
    people = pd.DataFrame({"rep_id": reps, "role": "rep"})
    people["variable_cents"] = chosen.people[0].variable_cents
    quotas = pd.DataFrame(
        {
            "rep_id": reps,
            "measure": "bookings",
            "period_start": pd.Timestamp(period.start),
            "period_end": pd.Timestamp(period.end),
            "amount_cents": 40_000_000 + 12_345 * np.arange(PATH_REPS),
        }
    )
    model = AttainmentModel(-0.1, {}, {}, 0.2, 0.1, 0.4, 0.02, 400, 8)
    mix = pd.DataFrame({"bookings": 1.0, "expansion": 0.5, "deals": 2e-5}, index=[""])
    start, busy = time.perf_counter(), time.process_time()
    curves = plan_curves(chosen, people, quotas, [period])
    made = time.perf_counter()
    paths = model_paths(model, curves, "bookings", mix=mix, paths=PATHS, seed=1)
    drawn = time.perf_counter()
    pay = curves.pay(paths.results)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    # One credit a person and kind of deal; none of them is a new logo.
    cents = paths.results["bookings"][0, :, 0]
    credits = pd.DataFrame(  # noqa: A001 (the word of the field)
        {
            "credit_id": reps, "opportunity_id": reps, "rep_id": reps, "amount_cents": cents,
            "credited_on": pd.Timestamp(period.start), "currency": "EUR", "kind": "owner",
            "type": "Expansion",
        }
    )  # fmt: skip
    engine_pay = earnings(chosen, credits, people, quotas, period).totals.to_numpy()
    alike = {
        "bookings": cents[None, :, None],
        "expansion": cents[None, :, None],
        "deals": np.zeros((1, PATH_REPS, 1), dtype=np.int64),
    }
    error = float(np.abs(curves.pay(alike)[:, 0] - engine_pay).max())
    return {
        "seconds": seconds, "cpu": cpu, "curves": made - start, "draws": drawn - made,
        "pay": start + seconds - drawn, "mean": float(pay.sum(axis=0).mean()), "error": error,
    }  # fmt: skip


def measured(way: str, count: int, reps: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--credits", str(count), "--reps", str(reps)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--credits", type=int, default=1_000_000)
    parser.add_argument("--reps", type=int, default=5_000)
    parser.add_argument("--way", choices=("engine", "pandas", "paths"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.way == "paths":
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = simulated()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**found, "peak_mb": peak / 1024, "input_mb": base / 1024}))
        return
    if chosen.way:
        rows = credits_of(chosen.credits, chosen.reps)
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = engine(rows) if chosen.way == "engine" else by_pandas(rows)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({**found, "peak_mb": peak / 1024, "input_mb": base / 1024}))
        return
    ways = {way: measured(way, chosen.credits, chosen.reps) for way in ("engine", "pandas")}
    print(f"{chosen.credits:,} credits, {chosen.reps:,} reps, five components")
    for way, found in ways.items():
        print(
            f"{way:8} {found['seconds']:7.2f} s ({found['cpu']:.2f} s of CPU)  "
            f"{found['legs']:>11,} lines of trace  peak {found['peak_mb']:,.0f} MB "
            f"(input {found['input_mb']:,.0f} MB)"
        )
    for clock in ("seconds", "cpu"):
        print(f"ratio of {clock}: {ways['engine'][clock] / ways['pandas'][clock]:.1f}")
    off = abs(ways["engine"]["flat"] - ways["pandas"]["flat"])
    print(f"totals of the flat component differ by {off:,.2f} cents (rounding a person)")
    found = measured("paths", chosen.credits, chosen.reps)
    print(
        f"{PATHS:,} paths x {PATH_REPS} reps: {found['seconds']:.2f} s ({found['cpu']:.2f} s of "
        f"CPU): {found['curves']:.2f} curves, {found['draws']:.2f} draws, {found['pay']:.2f} pay; "
        f"peak {found['peak_mb']:,.0f} MB (before {found['input_mb']:,.0f} MB); largest error "
        f"against the engine {found['error']:.2f} cents a rep"
    )


if __name__ == "__main__":
    main()
