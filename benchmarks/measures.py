"""The performance review of many deals: this library against plain pandas, and by size.

    python benchmarks/measures.py
    python benchmarks/measures.py --deals 100000 1000000 --largest 10000000 --chart measures.svg

A made-up company is written as a snapshot, with four rows of history a deal. Then,
each in a process of its own, as of a day three months before the snapshot's:

- the review rebuilt: every measure of the performance review, the state of all deals
  rebuilt from the history first;
- the review once the state and the facts are there;
- the figures alone, rebuilt and once the state and the facts are there: eight measures
  for the company, its regions, teams, reps, products and segments, and the trend;
- the same figures by pandas, from the snapshot's own files: rebuilt, and of the
  state that the library has rebuilt.

Prints wall time and the highest memory of the processes (resident, sampled ten times a
second), the ratios, and whether the figures agree. `--largest` is too much for pandas.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from company import AS_OF, HISTORY_ROWS, write_company

DAY = dt.date(2026, 6, 30)
PERIOD = "2026-Q2"
GROUPINGS = ("region", "team", "rep", "product", "segment")
_SAMPLE = 0.1
_CENT = 0.01


def view_of(folder: Path) -> Any:
    from salesops_lib.data.view import open_view

    return open_view(folder, period=PERIOD, as_of=DAY)


def reviewed(folder: Path) -> dict[str, float]:
    from salesops_lib import performance

    view = view_of(folder)
    results = [
        performance.scorecard(view), performance.findings(view), performance.data_quality(view),
        performance.bookings_trend(view), performance.bookings_movement(view, "region"),
        performance.win_rate_trend(view), performance.win_rates(view),
        performance.open_pipeline(view), performance.people(view),
        *(performance.breakdown(view, by) for by in ("rep", "team", "product", "segment")),
    ]  # fmt: skip
    return {"results": len(results)}


def library_figures(folder: Path) -> dict[str, float]:
    from salesops_lib import performance

    view = view_of(folder)
    found = {}
    for name in (
        "bookings", "deals_won", "win_rate", "average_deal", "median_deal", "cycle_days",
        "pipeline_created", "open_amount",
    ):  # fmt: skip
        for by in (None, *GROUPINGS):
            measure = getattr(performance, name)(view, by)
            for key, _label in measure.groups if by else (("all", ""),):
                value = measure.value(group=key).number
                if value is not None:
                    found[f"{name} {by} {key}"] = float(value)
    for row in performance.trend(view).frame.itertuples():
        found[f"trend {row.period}"] = float(row.bookings)
    return found


def pandas_rebuilt(folder: Path) -> dict[str, float]:
    return pandas_figures(folder, _state_by_pandas(folder))


def pandas_of_state(folder: Path) -> dict[str, float]:
    (state,) = (folder / "derived").glob("as-of-*/deals")
    return pandas_figures(folder, _read(state))


def _read(file: Path) -> Any:
    """Columns that the figures need, as pandas is fastest with them."""
    import pyarrow.parquet as pq

    names = [
        "opportunity_id", "account_id", "owner_id", "product", "amount", "currency",
        "created_date", "close_date", "stage", "is_closed", "is_won",
    ]  # fmt: skip
    rows = pq.read_table(file, columns=names)
    amounts = rows["amount"].cast("float64")
    rows = rows.set_column(rows.column_names.index("amount"), "amount", amounts)
    return rows.to_pandas(date_as_object=False)


def _state_by_pandas(folder: Path) -> Any:
    import pandas as pd

    deals = _read(folder / "opportunities.parquet").set_index("opportunity_id")
    columns = ["opportunity_id", "changed_at", "field", "old_value"]
    history = pd.read_parquet(folder / "opportunity_history.parquet", columns=columns)
    later = history[history["changed_at"] >= pd.Timestamp(DAY) + pd.Timedelta(days=1)]
    first = later.sort_values("changed_at").drop_duplicates(["opportunity_id", "field"])
    for field, found in first.groupby("field"):
        values = found.set_index("opportunity_id")["old_value"]
        if field == "amount":
            values = pd.to_numeric(values)
        if field == "close_date":
            values = pd.to_datetime(values)
        deals.loc[values.index, field] = values
    stages = pd.read_parquet(folder / "stages.parquet").set_index("stage")
    deals["is_closed"] = deals["stage"].map(stages["is_closed"])
    deals["is_won"] = deals["stage"].map(stages["is_won"])
    return deals[deals["created_date"] <= pd.Timestamp(DAY)].reset_index()


def pandas_figures(folder: Path, deals: Any) -> dict[str, float]:
    import pandas as pd

    day = pd.Timestamp(DAY)
    rates = pd.read_parquet(folder / "fx_rates.parquet").set_index("from_currency")["rate"]
    deals["amount"] = (deals["amount"] * deals["currency"].map(rates).fillna(1)).round(2)
    deals["anchor"] = deals["close_date"].where(deals["is_closed"], day)
    places = pd.read_parquet(folder / "rep_assignments.parquet")
    places["effective_from"] = pd.to_datetime(places["effective_from"]).astype("datetime64[ms]")
    places = places.sort_values("effective_from")[["rep_id", "team", "region", "effective_from"]]
    deals["anchor"] = deals["anchor"].astype("datetime64[ms]")
    deals = pd.merge_asof(
        deals.sort_values("anchor"), places, left_on="anchor", right_on="effective_from",
        left_by="owner_id", right_by="rep_id",
    )  # fmt: skip
    accounts = pd.read_parquet(folder / "accounts.parquet", columns=["account_id", "segment"])
    deals = deals.merge(accounts, on="account_id", how="left")
    deals["days"] = (deals["close_date"] - deals["created_date"]).dt.days
    begin = pd.Timestamp(2026, 4, 1)
    closed = deals[deals["is_closed"] & deals["close_date"].between(begin, day)]
    won = closed[closed["is_won"]]
    created = deals[deals["created_date"].between(begin, day)]
    parts = {
        "bookings": lambda by: won.groupby(by)["amount"].sum(),
        "deals_won": lambda by: won.groupby(by).size(),
        "win_rate": lambda by: closed.groupby(by)["is_won"].mean(),
        "average_deal": lambda by: won[won["amount"] > 0].groupby(by)["amount"].mean(),
        "median_deal": lambda by: won[won["amount"] > 0].groupby(by)["amount"].median(),
        "cycle_days": lambda by: won[won["days"] >= 0].groupby(by)["days"].median(),
        "pipeline_created": lambda by: created.groupby(by)["amount"].sum(),
        "open_amount": lambda by: deals[~deals["is_closed"]].groupby(by)["amount"].sum(),
    }
    found = {}
    columns = {"region": "region", "team": "team", "rep": "owner_id", "product": "product"}
    for name, part in parts.items():
        found[f"{name} None all"] = float(part(lambda _: 0).iloc[0])
        for by in GROUPINGS:
            for key, value in part(columns.get(by, by)).items():
                found[f"{name} {by} {key}"] = float(value)
    wins = deals[deals["is_won"] & deals["close_date"].between("2024-07-01", day)]
    for quarter, amount in (
        wins.groupby(wins["close_date"].dt.to_period("Q"))["amount"].sum().items()
    ):
        found[f"trend {quarter.year}-Q{quarter.quarter}"] = float(amount)
    return found


WAYS = {
    "review, rebuilt": (reviewed, "nothing"),
    "review": (reviewed, "facts"),
    "figures, rebuilt": (library_figures, "nothing"),
    "figures": (library_figures, "facts"),
    "pandas, rebuilt": (pandas_rebuilt, "facts"),
    "pandas": (pandas_of_state, "facts"),
}
"""What runs, and what of the derived is there when it begins."""


def measured(way: str, folder: Path) -> dict[str, Any]:
    """Run one way in a process of its own."""
    import psutil

    derived = folder / "derived"
    if WAYS[way][1] == "nothing":
        shutil.rmtree(derived, ignore_errors=True)
    for tables in derived.glob("**/tables"):
        shutil.rmtree(tables)
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    with tempfile.TemporaryFile("w+") as output:
        began, peak = time.perf_counter(), 0
        child = subprocess.Popen(command, stdout=output)
        process = psutil.Process(child.pid)
        while child.poll() is None:
            with suppress(psutil.Error):
                family = [process, *process.children(recursive=True)]
                peak = max(peak, sum(one.memory_info().rss for one in family))
            time.sleep(_SAMPLE)
        seconds = time.perf_counter() - began
        if child.returncode:
            sys.exit(f"{way} failed")
        output.seek(0)
        return {"seconds": seconds, "MB": peak / 2**20, "found": json.load(output)}


def agree(ours: dict[str, float], theirs: dict[str, float]) -> bool:
    """Whether all figures are the same; sums of a float may be off by a cent in a billion."""
    same = True
    for name in sorted({*ours, *theirs}):
        one, other = ours.get(name, 0.0), theirs.get(name, 0.0)
        if abs(one - other) > max(_CENT, 1e-9 * abs(one)):
            print(f"  {name}: {one!r} here, {other!r} by pandas")
            same = False
    return same


def draw(sizes: dict[int, dict[str, dict[str, Any]]], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, (time_axes, memory_axes) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for way in WAYS:
        points = [(size, ways[way]) for size, ways in sizes.items() if way in ways]
        for axes, value in ((time_axes, "seconds"), (memory_axes, "MB")):
            xs, ys = [size for size, _ in points], [run[value] for _, run in points]
            axes.plot(xs, ys, marker="o", label=way)
    for axes, label in ((time_axes, "seconds"), (memory_axes, "MB of memory")):
        axes.set(xscale="log", yscale="log", xlabel="deals", ylabel=label)
    time_axes.legend()
    figure.savefig(file)


def timed(size: int, ways: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    began = time.perf_counter()
    company = folder / str(size)
    # In a process of its own: its memory is given back.
    command = [sys.executable, __file__, "--way", "write", "--folder", str(company)]
    subprocess.run([*command, "--deals", str(size)], check=True)
    made = time.perf_counter() - began
    print(f"{size:,} deals, {HISTORY_ROWS * size:,} rows of history, made in {made:.0f} s")
    found = {}
    for way in ways:
        found[way] = measured(way, company)
        print(f"  {way:20}{found[way]['seconds']:8.2f} s{found[way]['MB']:9,.0f} MB", flush=True)
    shutil.rmtree(company)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deals", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--largest", type=int, help="also so many, without pandas")
    parser.add_argument("--folder", type=Path, help="where the companies are written meanwhile")
    parser.add_argument("--chart", type=Path, help="cost against size, as SVG or PNG")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way == "write":
        write_company(options.folder, options.deals[0])
        return
    if options.way:
        print(json.dumps(WAYS[options.way][0](options.folder)))
        return
    print(f"as of {DAY}, of a snapshot of {AS_OF}")
    same, sizes = True, {}
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        for size in options.deals:
            runs = sizes[size] = timed(size, list(WAYS), Path(place))
            here = agree(runs["figures"]["found"], runs["pandas"]["found"])
            here &= agree(runs["figures, rebuilt"]["found"], runs["pandas, rebuilt"]["found"])
            same &= here
            print(
                f"  the same {len(runs['figures']['found']):,} figures: {'yes' if here else 'NO'}"
            )
            for ours, theirs in (("figures, rebuilt", "pandas, rebuilt"), ("figures", "pandas")):
                time_, memory = (runs[theirs][x] / runs[ours][x] for x in ("seconds", "MB"))
                print(f"  {theirs}: {time_:.1f} times the time, {memory:.1f} times the memory")
        if options.largest:
            ways = [way for way in WAYS if "pandas" not in way]
            sizes[options.largest] = timed(options.largest, ways, Path(place))
    if options.chart:
        draw(sizes, options.chart)
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
