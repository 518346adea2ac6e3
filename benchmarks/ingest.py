"""Ingest of many deals: this library against pandas that keeps the same rules.

    python benchmarks/ingest.py --rows 1000000

A CSV file of made-up deals is written to a temporary folder; each way then
reads it in a process of its own, checks every row, and writes Parquet. Wall
time and the highest memory in use are printed, with their ratios. A few rows
break a rule on purpose, and both ways must keep the same ones.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AS_OF = dt.date(2026, 9, 30)
STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
MAPPING = """\
version: 1
name: benchmark
tables:
  opportunities:
    file: deals.csv
    columns:
      opportunity_id: Id
      name: Name
      account_id: AccountId
      owner_id: OwnerId
      product: {from: Product, aliases: {ProX: Pro X}}
      amount: Amount
      currency: CurrencyIsoCode
      created_date: CreatedDate
      close_date: CloseDate
      stage: StageName
      is_closed: IsClosed
      is_won: IsWon
      probability: {from: Probability, scale: 0.01}
      next_step: NextStep
"""


def generate(folder: Path, rows: int) -> None:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(7)
    created = np.datetime64("2021-01-01") + random.integers(0, 2000, rows)
    close = created + random.integers(5, 300, rows)
    stage = random.choice(STAGES, rows)
    amount = random.lognormal(9, 1, rows).round(2).astype(str)
    amount[:: rows // 500 + 1] = "1.234,56"
    frame = pd.DataFrame(
        {
            "Id": random.permutation([f"006{n:015d}" for n in range(rows)]),
            "Name": [f"Deal, number {n}" for n in random.integers(0, rows, rows)],
            "AccountId": [f"001{n:015d}" for n in random.integers(0, rows // 20 + 1, rows)],
            "OwnerId": [f"005{n:015d}" for n in random.integers(0, 500, rows)],
            "Product": random.choice(["Basic", "Pro ", "Plus", "ProX"], rows),
            "Amount": amount,
            "CurrencyIsoCode": random.choice(["USD", "EUR"], rows),
            "CreatedDate": np.datetime_as_string(created, unit="D"),
            "CloseDate": np.datetime_as_string(close, unit="D"),
            "StageName": stage,
            "IsClosed": np.isin(stage, STAGES[4:]).astype(int),
            "IsWon": (stage == STAGES[4]).astype(int),
            "Probability": random.integers(0, 101, rows),
            "NextStep": random.choice(["call", "", "mail, then call"], rows),
        }
    )
    frame.to_csv(folder / "deals.csv", index=False)
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")


def with_library(folder: Path) -> tuple[int, float]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from salesops_lib.data.ingest import ingest_folder

    result = ingest_folder(folder, folder / "mapping.yaml", AS_OF, folder / "store")
    amounts = pq.read_table(result.path / "opportunities.parquet", columns=["amount"])["amount"]
    return len(amounts), float(pc.sum(amounts).as_py())


def with_pandas(folder: Path) -> tuple[int, float]:
    import pandas as pd
    from babel.numbers import list_currencies

    frame = pd.read_csv(folder / "deals.csv", dtype=str, keep_default_na=False)
    for name in frame:
        frame[name] = frame[name].str.strip()
    frame["Product"] = frame["Product"].replace({"ProX": "Pro X"})
    shape = frame["Amount"].str.fullmatch(r"[+-]?(\d+(\.\d+)?|\.\d+)")
    bad = ~shape & (frame["Amount"] != "")
    frame["Amount"] = pd.to_numeric(frame["Amount"].where(shape), errors="coerce").round(2)
    bad |= frame["Amount"].abs() >= 1e16
    frame["Probability"] = pd.to_numeric(frame["Probability"], errors="coerce") / 100
    bad |= ~frame["Probability"].between(0, 1) & frame["Probability"].notna()
    for name in ("CreatedDate", "CloseDate"):
        given = frame[name] != ""
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce")
        bad |= given & frame[name].isna()
        bad |= given & ~frame[name].dt.year.between(1980, AS_OF.year + 10)
    for name in ("IsClosed", "IsWon"):
        frame[name] = (
            frame[name].str.lower().map({"1": True, "0": False, "true": True, "false": False})
        )
        bad |= frame[name].isna()
    closed, won = frame["IsClosed"].eq(True), frame["IsWon"].eq(True)
    bad |= frame["Id"].eq("") | (won & ~closed) | (closed & frame["CloseDate"].isna())
    bad |= frame["CreatedDate"] > pd.Timestamp(AS_OF)
    bad |= ~frame["CurrencyIsoCode"].isin(list_currencies()) & (frame["CurrencyIsoCode"] != "")
    frame = frame.drop_duplicates()
    bad |= frame.duplicated("Id", keep=False)
    frame[bad].to_parquet(folder / "quarantine.parquet", index=False)
    kept = frame[~bad].sort_values("Id")
    kept.to_parquet(folder / "kept.parquet", index=False, compression="zstd")
    return len(kept), float(kept["Amount"].sum())


WAYS = {"salesops_lib": with_library, "pandas": with_pandas}


def measured(way: str, folder: Path) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=1, help="the fastest of so many runs counts")
    parser.add_argument("--way", choices=[*WAYS, "generate"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way == "generate":
        generate(options.folder, options.rows)
        return
    if options.way:
        start = time.perf_counter()
        kept, total = WAYS[options.way](options.folder)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "MB": peak, "kept": kept, "total": total}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a parent's memory would count as its children's.
        command = [sys.executable, __file__, "--way", "generate", "--folder", name]
        subprocess.run([*command, "--rows", str(options.rows)], check=True)
        size = (folder / "deals.csv").stat().st_size / 1e6
        print(f"{options.rows:,} deals, {size:,.0f} MB of CSV")
        found = {}
        for way in WAYS:
            runs = []
            for _ in range(options.repeat):
                subprocess.run(["rm", "-rf", str(folder / "store")], check=True)  # noqa: S607
                runs.append(measured(way, folder))
            found[way] = min(runs, key=lambda run: run["seconds"])
            print(f"{way:14}{found[way]['seconds']:8.2f} s {found[way]['MB']:9,.0f} MB at most")
    ours, theirs = found["salesops_lib"], found["pandas"]
    same = ours["kept"] == theirs["kept"] and abs(ours["total"] - theirs["total"]) < 1
    print(f"the same rows kept: {'yes' if same else 'NO'} ({ours['kept']:,.0f})")
    print(
        f"pandas takes {theirs['seconds'] / ours['seconds']:.1f} times as long "
        f"and {theirs['MB'] / ours['MB']:.1f} times the memory"
    )
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
