"""The register of a pay run: what it was made from, so that it can be made again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib import __version__
from salesops_lib.compensation.pay_files import file_digest
from salesops_lib.data.snapshot import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.calendar import FiscalCalendar
    from salesops_lib.compensation.balances import Balances
    from salesops_lib.compensation.pay_run import PayRun
    from salesops_lib.data.snapshot import Snapshot

__all__ = ["calendar_values", "library_digest", "register_values"]

_PACKAGE = Path(__file__).parents[1]


@cache
def library_digest() -> str:
    """SHA-256 of the library's modules, as they were when this process first asked."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def calendar_values(calendar: FiscalCalendar) -> dict[str, Any]:
    """Settings of a fiscal calendar as JSON values."""
    return calendar.settings.model_dump(mode="json")


def register_values(
    run: PayRun,
    snapshot: Snapshot,
    calendar: FiscalCalendar,
    *,
    number: int,
    follows: str,
    plan_bytes: bytes,
    handed_in: Mapping[str, bytes],
    settings: Mapping[str, Any],
    command: str,
) -> dict[str, Any]:
    """Contents of a run's register, but for the hashes of its files.

    Parameters
    ----------
    run : PayRun
        The run.
    snapshot : Snapshot
        Its data.
    calendar : FiscalCalendar
        Its calendar.
    number : int
        Its place among the runs of the book's plan, from 1.
    follows : str
        Hash of the register before it; empty for the first.
    plan_bytes : bytes
        The plan's file.
    handed_in : mapping of str to bytes
        Files that were handed in, by name.
    settings : mapping
        Reopened periods with their reasons, day of payment, accounting terms.
    command : str
        What makes it again.

    Returns
    -------
    dict
        JSON values.
    """
    pay, plan = run.pay, run.pay.plan
    values: dict[str, Any] = {
        "version": 1,
        "kind": "pay" if run.payments is not None else "true-ups",
        "number": number,
        "follows": follows,
        "plan": {
            "id": plan.id,
            "name": plan.name,
            "revision": plan.revision,
            "sha256": file_digest(plan_bytes),
        },
        "period": {
            "label": pay.period.label,
            "start": pay.period.start.isoformat(),
            "end": pay.period.end.isoformat(),
        },
        "booked_in": run.booked_in,
        "currency": plan.currency,
        "calendar": calendar_values(calendar),
        "snapshot": {
            "id": snapshot.id,
            "as_of": snapshot.as_of.isoformat(),
            "manifest_sha256": file_digest((snapshot.origin.path / MANIFEST).read_bytes()),
        },
        "library": {"version": __version__, "sha256": library_digest()},
        "handed_in": {name: file_digest(content) for name, content in sorted(handed_in.items())},
        **settings,
        "people": len(pay.people),
        "earned_cents": int(pay.lines["payout_cents"].sum()),
        "true_up_cents": int(run.true_ups["payout_cents"].sum()),
        "trace_lines": len(pay.earnings.legs) + len(run.true_ups),
        "withheld_credits": len(pay.withheld),
        "uncounted_credits": len(pay.earnings.uncounted),
        "command": command,
    }
    if run.payments is not None:
        paid = run.payments.frame
        values["paid_cents"] = int(paid["paid_cents"].sum())
        values["opening"] = _open_cents(run.opening)
        values["closing"] = _open_cents(run.payments.balances)
    return values


def _open_cents(balances: Balances) -> dict[str, int]:
    sums = {
        f"{name}_cents": int(balances.frame[f"{name}_cents"].sum())
        for name in ("owed", "debt", "carried")
    }
    return {**sums, "deferred_cents": int(balances.deferred["cents"].sum())}
