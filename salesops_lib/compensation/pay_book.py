"""The pay book: a folder of runs, each written once, that later runs begin from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.compensation.balances import Balances, period_order
from salesops_lib.compensation.pay_files import REGISTER, file_digest, read_parquet_file
from salesops_lib.compensation.plan import Plan, read_plan
from salesops_lib.compensation.stacked_frames import stacked
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CREDITED", "LINES", "BookedRun", "PayBook"]

LINES = ("rep_id", "component", "period", "booked_in", "kind", "payout_cents", "reason")
"""Columns of booked lines: what a component pays for `period`, booked in `booked_in`."""

CREDITED = (
    "credit_id", "opportunity_id", "rep_id", "credited_on", "period", "kind", "amount_cents",
)  # fmt: skip
"""Columns of booked credits; a reopened period adds rows with the difference."""

_COSTS = ("cost_id", "cost_cents", "starts_at")


@dataclass(frozen=True)
class BookedRun:
    """One run in the book.

    Parameters
    ----------
    folder : Path
        Its folder.
    register : dict
        Contents of its `REGISTER`.
    """

    folder: Path
    register: dict[str, Any]

    @property
    def period(self) -> str:
        """Label of the period that it paid, or trued up."""
        return str(self.register["period"]["label"])

    @property
    def is_pay(self) -> bool:
        """Whether it paid its period; otherwise it only booked true-ups of it."""
        return bool(self.register["kind"] == "pay")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its register, and so of the whole run."""
        return file_digest((self.folder / REGISTER).read_bytes())

    @cached_property
    def plan(self) -> Plan:
        """The plan as it was paid."""
        return read_plan(self._checked("book/plan.yaml"))

    def frame(self, name: str) -> pd.DataFrame | None:
        """Frame that it keeps for later runs; None where it has none of this name."""
        path = f"book/{name}.parquet"
        return read_parquet_file(self._checked(path)) if path in self.register["files"] else None

    def _checked(self, name: str) -> Path:
        path = self.folder / name
        try:
            found = file_digest(path.read_bytes())
        except OSError:
            found = ""
        if found != self.register["files"].get(name):
            raise InputError(
                "this file is not what the pay run wrote: a booked run must never be changed",
                where=str(path),
            )
        return path


class PayBook:
    """Runs of all plans in a folder.

    Parameters
    ----------
    folder : Path
        ``FOLDER/PLAN/PERIOD/`` of each run; it need not exist yet.

    Raises
    ------
    InputError
        A register cannot be read, or does not follow from the one before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = sorted(folder.glob(f"*/*/{REGISTER}"))
        self._runs = [_opened(path) for path in found if not path.parent.name.startswith(".")]
        self._runs.sort(key=lambda run: int(run.register["number"]))
        for plan_id in {run.register["plan"]["id"] for run in self._runs}:
            before = ""
            for run in self.runs(plan_id):
                if run.register["follows"] != before:
                    raise InputError(
                        "a run before this one is missing or was changed", where=str(run.folder)
                    )
                before = run.digest

    def runs(self, plan_id: str) -> list[BookedRun]:
        """Runs of a plan, in the order in which they were booked."""
        return [run for run in self._runs if run.register["plan"]["id"] == plan_id]

    def paid(self, plan_id: str) -> list[BookedRun]:
        """Runs that paid a period of a plan, oldest period first."""
        return [run for run in self.runs(plan_id) if run.is_pay]

    def last_digest(self, plan_id: str) -> str:
        """Hash of the last run's register; empty before the first."""
        runs = self.runs(plan_id)
        return runs[-1].digest if runs else ""

    def opening(self, plan_id: str) -> Balances:
        """What is open after the last paid period."""
        paid = self.paid(plan_id)
        if not paid:
            return Balances.none()
        frame, deferred = paid[-1].frame("balances"), paid[-1].frame("deferred")
        none = Balances.none()
        return Balances(
            none.frame if frame is None else frame,
            none.deferred if deferred is None else deferred,
        )

    def lines(self, plan_id: str) -> pd.DataFrame:
        """All lines that were ever booked for a plan; columns `LINES`."""
        return _joined(self.runs(plan_id), "lines", LINES)

    def payments(self, plan_id: str) -> pd.DataFrame | None:
        """Rows of `Payments.frame` of all paid periods; None before the first."""
        parts = [
            found for run in self.paid(plan_id) if (found := run.frame("payments")) is not None
        ]
        return stacked(parts) if parts else None

    def costs(self, plan_id: str) -> pd.DataFrame:
        """Costs of contracts of all paid periods."""
        return _joined(self.paid(plan_id), "costs", _COSTS)

    def adjustments(self, plan_id: str) -> pd.DataFrame | None:
        """Credits by hand of all runs; None where there were none."""
        parts = [
            found for run in self.runs(plan_id) if (found := run.frame("adjustments")) is not None
        ]
        return stacked(parts) if parts else None

    def results(self, plan_id: str) -> pd.DataFrame | None:
        """Results handed in for all runs; None where there were none."""
        parts = [found for run in self.runs(plan_id) if (found := run.frame("results")) is not None]
        return stacked(parts) if parts else None

    def credits(self, kind: str) -> pd.DataFrame:
        """Credits of all plans' runs whose periods are of a kind; columns `CREDITED`."""
        runs = [run for run in self._runs if period_order(run.period)[0] == kind]
        return _joined(runs, "credits", CREDITED)

    def payer_of(self, people: Sequence[str], period: str, plan_id: str) -> tuple[str, str] | None:
        """First of some people whom another plan has paid for a period, and that plan."""
        wanted = set(people)
        for run in self._runs:
            if run.is_pay and run.period == period and run.register["plan"]["id"] != plan_id:
                paid = run.frame("payments")
                both = wanted & set([] if paid is None else paid["rep_id"])
                if both:
                    return min(both), str(run.register["plan"]["id"])
        return None


def _opened(path: Path) -> BookedRun:
    try:
        register = json.loads(path.read_bytes())
        run = BookedRun(path.parent, register)
        _ = (run.period, run.is_pay, register["number"], register["follows"], register["files"])
        _ = register["plan"]["id"], register["plan"]["sha256"], register["booked_in"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("this is not the register of a pay run", where=str(path)) from None
    return run


def _joined(runs: Sequence[BookedRun], name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    parts = [found for run in runs if (found := run.frame(name)) is not None and len(found)]
    if parts:
        return stacked(parts)
    dates = {"credited_on", "starts_at"}
    return pd.DataFrame(
        {
            column: pd.Series(
                dtype=np.int64
                if column.endswith("cents")
                else "datetime64[ns]"
                if column in dates
                else object
            )
            for column in columns
        }
    )
