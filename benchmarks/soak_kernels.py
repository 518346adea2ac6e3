"""Many warm kernels, each computing with every library that keeps threads or locks.

Run ``python benchmarks/soak_kernels.py [KERNELS] [AT_ONCE]``. A kernel that hangs
or computes wrongly is named, and the exit code is 1.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty

from jupyter_client.manager import KernelManager

from salesops_lib.kernel.provisioner import KERNEL_NAME

PATIENCE = 120
WORK = """
import numpy as np, duckdb, ibis, scipy.optimize, scipy.stats, pyarrow as pa, pandas as pd
import matplotlib.pyplot as plt, seaborn as sns
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
x = np.random.default_rng(0).normal(size=(2000, 8)); y = x @ np.arange(8.0)
inverse = np.linalg.inv(x.T @ x) @ (x.T @ x)
boosted = HistGradientBoostingRegressor(max_iter=50, random_state=0).fit(x, y).score(x, y)
forest = RandomForestRegressor(20, random_state=0, n_jobs=2).fit(x, y).score(x, y)
logistic = LogisticRegression().fit(x, y > 0).score(x, y > 0)
total = duckdb.connect().sql("select sum(i) from range(3000001) t(i)").fetchall()[0][0]
table = ibis.memtable({"a": ["u", "u", "v"], "n": [1, 2, 4]})
grouped = table.group_by("a").agg(n=ibis._.n.sum()).execute().n.sum()
least = scipy.optimize.least_squares(lambda b: x @ b - y, np.zeros(8)).x
arrow = pa.table({"a": np.arange(100000) % 7}).group_by("a").aggregate([("a", "count")]).num_rows
sns.histplot(x=y)
verdict = [
    bool(np.allclose(inverse, np.eye(8))), boosted > 0.8, forest > 0.8, logistic > 0.95,
    total == 4500001500000, grouped == 7, bool(np.allclose(least, np.arange(8.0))), arrow == 7,
]
assert all(verdict), verdict
"""


def one(number: int) -> str:
    manager = KernelManager(kernel_name=KERNEL_NAME)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        if type(manager.provisioner.process).__name__ != "WarmProcess":
            return f"{number}: not warm"
        reply = client.execute_interactive(
            WORK, timeout=PATIENCE, output_hook=lambda _message: None
        )
        content = reply["content"]
        return "" if content["status"] == "ok" else f"{number}: {content['evalue']}"
    except (TimeoutError, Empty, RuntimeError) as error:
        return f"{number}: hangs or died ({error})"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def main(kernels: int, at_once: int) -> int:
    with ThreadPoolExecutor(at_once) as pool:
        # The first round starts the server, and an event loop in each thread.
        failures = [*pool.map(one, range(at_once))]
        before, begun = open_files(), time.perf_counter()
        failures += pool.map(one, range(kernels))
        seconds, after = time.perf_counter() - begun, open_files()
    told = [failure for failure in failures if failure]
    print(f"{len(failures) - len(told)} of {len(failures)} right, {seconds / kernels:.2f} s each")
    print(f"open files after the first {at_once}: {before}, at the end: {after}")
    print(*told, sep="\n")
    return 1 if told else 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*given, *(60, 4)[len(given) :]))
