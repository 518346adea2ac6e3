"""Forecasts of many deals and many series: time and memory, and how they grow.

    python benchmarks/forecast.py
    python benchmarks/forecast.py --deals 50000 200000
    python benchmarks/forecast.py --part deals --paths 300

Deals: a made-up table of open deals of known coefficients; a `WinModel` and a
`TimeToClose` are learnt from as many ended ones, and each open deal gets its probability,
its curve, and its place in a simulation by owner. Each size runs in a process of its own;
printed are wall time, CPU time, highest memory (resident), and CPU seconds per 10,000,
which stay level where time grows no faster than the data.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

_STEPS = ("learn win model", "learn time to close", "probabilities", "curves", "simulation")


def deals_of(count: int, seed: int) -> Any:
    """Made-up deals: what is known of them, and how they ended."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    stage = rng.integers(0, 4, count)
    size, age = rng.normal(4.5, 0.5, count), rng.exponential(45, count)
    due = rng.exponential(40, count) - 5
    odds = -2.2 + 0.9 * stage - 0.4 * (size - 4.5) - 0.01 * age
    won = rng.random(count) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "stage": np.array(["new", "talks", "offer", "contract"])[stage],
            "amount": size,
            "age_days": age,
            "days_to_close_date": due,
            "product": rng.choice([f"product {n}" for n in range(8)], count),
            "period": np.sort(rng.integers(0, 10, count)),
            "won": won.astype(float),
            "ended": np.where(won, "won", "lost"),
            "days": np.maximum(1, due + rng.normal(0, 12, count)),
            "value": 10**size,
            "owner_id": rng.integers(0, max(10, count // 500), count).astype(str),
            "team": rng.integers(0, 10, count).astype(str),
            "region": "all",
        }
    )


def deals_run(count: int, paths: int) -> dict[str, float]:
    """Seconds of each step for so many open deals."""
    import numpy as np

    from salesops_lib.forecasting.deal_paths import simulated_wins
    from salesops_lib.forecasting.time_to_close import TimeToClose
    from salesops_lib.forecasting.win_model import WinModel

    past, now = deals_of(count, 1), deals_of(count, 2)
    features = ["stage", "amount", "age_days", "days_to_close_date", "product"]
    marks = [time.perf_counter()]
    model = WinModel(folds=6).fit(past, "won", time="period", features=features, known=features)
    marks.append(time.perf_counter())
    timing = TimeToClose().fit(past, "days", "ended", features=features, due="days_to_close_date")
    marks.append(time.perf_counter())
    chance = model.predict_proba(now)[:, 1]
    marks.append(time.perf_counter())
    won, _lost = timing.curves(now).at([91])
    marks.append(time.perf_counter())
    rng = np.random.default_rng(0)
    simulated_wins(
        now, np.minimum(chance, won[:, 0])[:, None], np.ones(1), ("P1",), spread=0.1,
        paths=paths, rng=rng,
    )  # fmt: skip
    marks.append(time.perf_counter())
    return {step: b - a for step, (a, b) in zip(_STEPS, pairwise(marks), strict=True)}


def series_run(count: int) -> dict[str, float]:
    """Seconds to forecast so many made-up monthly series."""
    import numpy as np
    import pandas as pd

    from salesops_lib.forecasting.series import forecast

    rng = np.random.default_rng(1)
    month = np.tile(np.arange(72), count)
    level = np.repeat(rng.lognormal(6, 1, count), 72)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{n:05d}" for n in range(count)], 72),
            "ds": np.tile(pd.date_range("2020-01-01", periods=72, freq="MS"), count),
            "y": level * (1 + 0.3 * np.sin(month * np.pi / 6)) * rng.lognormal(0, 0.1, len(month)),
        }
    )
    begin = time.perf_counter()
    forecast(frame, 12, 12, freq="MS")
    return {"forecast": time.perf_counter() - begin}


def measured(part: str, count: int, paths: int) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, __file__, "--one", part, str(count), "--paths", str(paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=["deals", "series", "both"], default="both")
    parser.add_argument("--deals", type=int, nargs="+", default=[25_000, 50_000, 100_000, 200_000])
    parser.add_argument("--series", type=int, nargs="+", default=[1250, 5000])
    parser.add_argument("--paths", type=int, default=300)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        part, count = asked.one[0], int(asked.one[1])
        begin = time.perf_counter()
        steps = deals_run(count, asked.paths) if part == "deals" else series_run(count)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        total = {"wall": time.perf_counter() - begin, "cpu": usage.ru_utime + usage.ru_stime}
        print(json.dumps({"steps": steps, **total, "mb": usage.ru_maxrss / 1024}))
        return
    for part, counts in (("deals", asked.deals), ("series", asked.series)):
        if asked.part not in {part, "both"}:
            continue
        for count in counts:
            found = measured(part, count, asked.paths)
            steps = ", ".join(f"{name} {took:.1f} s" for name, took in found["steps"].items())
            # Of a busy machine the CPU time tells more than the clock.
            rate = found["cpu"] / count * 10_000
            print(
                f"{count:>9,} {part}: {found['wall']:6.1f} s (CPU {found['cpu']:.1f} s), "
                f"{found['mb']:,.0f} MB, {rate:.2f} CPU s per 10,000; {steps}",
                flush=True,
            )


if __name__ == "__main__":
    main()
