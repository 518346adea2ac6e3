"""Warm kernels against normal ones: seconds to be ready, seconds for a report, memory.

Run ``python benchmarks/warm_kernels.py [REPEATS]``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
import papermill
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from salesops_lib.kernel.provisioner import KERNEL_NAME
from salesops_lib.kernel.recipe import Recipe
from salesops_lib.kernel.server import server_status, shared_server

CELLS = [
    "region = 'EMEA'",
    "import pandas as pd, seaborn as sns, matplotlib.pyplot as plt",
    "deals = pd.DataFrame({'stage': list('abcd') * 50, 'amount': range(200)}); deals.describe()",
    "ax = sns.barplot(deals, x='stage', y='amount', errorbar=None); ax.set_title(region);",
    """
from sklearn.ensemble import HistGradientBoostingRegressor as Model
x, y = deals[["amount"]], deals.amount
Model(max_iter=20, random_state=0).fit(x, y).score(x, y)
""",
]


def config_of(warm: bool) -> Config:
    return Config({"WarmProvisioner": {"warm": warm}})


def ready(warm: bool) -> tuple[float, KernelManager]:
    begun = time.perf_counter()
    manager = KernelManager(kernel_name=KERNEL_NAME, config=config_of(warm))
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    seconds = time.perf_counter() - begun
    client.stop_channels()
    return seconds, manager


def seconds_to_ready(warm: bool) -> float:
    seconds, manager = ready(warm)
    manager.shutdown_kernel(now=True)
    return seconds


def seconds_to_run(notebook: Path, warm: bool) -> float:
    begun = time.perf_counter()
    papermill.execute_notebook(
        notebook,
        None,
        kernel_name=KERNEL_NAME,
        language="python",
        progress_bar=False,
        config=config_of(warm),
    )
    return time.perf_counter() - begun


def seconds_in_batch(notebook: Path, warm: bool, workers: int, reports: int) -> float:
    """Seconds for each of many reports, once the workers have started."""
    spawn = multiprocessing.get_context("spawn")
    with shared_server(), ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        # A worker imports papermill first; that is the same for both.
        list(pool.map(seconds_to_run, [notebook] * workers, [warm] * workers))
        begun = time.perf_counter()
        list(pool.map(seconds_to_run, [notebook] * reports, [warm] * reports))
        return (time.perf_counter() - begun) / reports


def mebibytes(pid: int, file: str, field: str) -> float:
    lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def row(what: str, warm: float, normal: float) -> None:
    print(f"{what:32} warm {warm:6.2f} s   normal {normal:6.2f} s   ratio {normal / warm:5.1f}")


def main(repeats: int) -> None:
    logging.getLogger("papermill").setLevel(logging.ERROR)
    print(f"first kernel, imports included   warm {seconds_to_ready(warm=True):6.2f} s")
    row(
        "kernel ready",
        statistics.median(seconds_to_ready(warm=True) for _ in range(repeats)),
        statistics.median(seconds_to_ready(warm=False) for _ in range(repeats)),
    )
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "chart.ipynb"
        built = nbformat.v4.new_notebook()
        built.cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
        nbformat.write(built, notebook)
        row(
            "papermill, five cells, one chart",
            statistics.median(seconds_to_run(notebook, warm=True) for _ in range(repeats)),
            statistics.median(seconds_to_run(notebook, warm=False) for _ in range(repeats)),
        )
        workers = 2 * len(os.sched_getaffinity(0))
        row(
            f"each of 16 such, {workers} workers",
            seconds_in_batch(notebook, warm=True, workers=workers, reports=16),
            seconds_in_batch(notebook, warm=False, workers=workers, reports=16),
        )
    _, manager = ready(warm=True)
    pid = manager.provisioner.pid
    server = server_status(
        Recipe.of_kernel([sys.executable, "-m", "ipykernel_launcher"], os.environ)
    )
    print(f"server: {mebibytes(server['pid'], 'status', 'VmRSS'):.0f} MiB resident,", end=" ")
    print(f"imports {server['seconds']:.1f} s, threads {', '.join(server['threads'])}")
    print(
        f"idle kernel: {mebibytes(pid, 'smaps_rollup', 'Rss'):.0f} MiB resident,"
        f" {mebibytes(pid, 'smaps_rollup', 'Pss:'):.0f} MiB its share,"
        f" {mebibytes(pid, 'smaps_rollup', 'Private_Dirty'):.0f} MiB its own"
    )
    manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
