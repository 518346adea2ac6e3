"""Answers of HubSpot as rows of text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesops_lib.data.pulls.folder import plain_number

__all__ = [
    "DEALS",
    "HISTORY",
    "HISTORY_COLUMNS",
    "LINKS",
    "OBJECTS",
    "OWNERS",
    "OWNER_COLUMNS",
    "STAGES",
    "STAGE_COLUMNS",
    "Outcomes",
    "history_rows",
    "is_old",
    "linked",
    "owner_row",
    "stage_rows",
]

DEALS, HISTORY, OWNERS, STAGES = "deals", "deal_history", "owners", "deal_stages"

OBJECTS: dict[str, tuple[str, ...]] = {
    DEALS: ("dealstage", "closedate"),
    "companies": (),
    "calls": ("hs_timestamp",),
    "meetings": ("hs_timestamp",),
    "tasks": ("hs_timestamp",),
    "emails": ("hs_timestamp",),
}
"""Objects that are pulled, with the properties that tell whether a record is old."""

LINKS: dict[str, tuple[str, tuple[str, ...]]] = {
    DEALS: ("companies", ("company_id",)),
    **dict.fromkeys(("calls", "meetings", "tasks", "emails"), ("deals", ("deal_id", "deal_ids"))),
}
"""What an object is asked to be linked with, and the columns that tell it."""

HISTORY_COLUMNS = ("deal_id", "property", "value", "timestamp", "source")
OWNER_COLUMNS = ("id", "email", "firstName", "lastName", "archived", "team")
STAGE_COLUMNS = (
    "stage_id", "label", "display_order", "is_closed", "is_won", "probability",
    "pipeline_id", "pipeline",
)  # fmt: skip


@dataclass(frozen=True)
class Outcomes:
    """Whether the deals in a stage are closed.

    Parameters
    ----------
    closed : mapping of str to bool
        By id of the stage.
    """

    closed: Mapping[str, bool]

    @classmethod
    def of(cls, rows: Iterable[list[str | None]]) -> Outcomes:
        """Outcomes that the rows of `stage_rows` tell."""
        return cls({str(row[0]): row[3] == "true" for row in rows})


def stage_rows(pipelines: Iterable[Mapping[str, Any]]) -> Iterator[list[str | None]]:
    """Rows of `STAGE_COLUMNS`. A closed stage whose deals are certain is won.

    Examples
    --------
    >>> stage = {"id": "9", "label": "Signed", "displayOrder": 2,
    ...          "metadata": {"isClosed": "true", "probability": "1.0"}}
    >>> next(stage_rows([{"id": "p", "label": "Sales", "stages": [stage]}]))
    ['9', 'Signed', '3', 'true', 'true', '1.0', 'p', 'Sales']
    """
    for pipeline in pipelines:
        for stage in pipeline.get("stages", []):
            told = stage.get("metadata", {})
            chance = told.get("probability")
            closed = str(told.get("isClosed", "")).lower() == "true"
            won = closed and chance is not None and float(chance) == 1
            yield [
                str(stage["id"]),
                stage.get("label"),
                # HubSpot counts from 0, and some portals below it.
                str(max(int(stage.get("displayOrder", 0)), 0) + 1),
                "true" if closed else "false",
                "true" if won else "false",
                None if chance is None else str(chance),
                str(pipeline["id"]),
                pipeline.get("label"),
            ]


def owner_row(owner: Mapping[str, Any]) -> list[str | None]:
    """Row of `OWNER_COLUMNS`; of several teams the primary one."""
    teams = owner.get("teams") or []
    team = next((one for one in teams if one.get("primary")), None)
    return [
        str(owner["id"]),
        owner.get("email"),
        owner.get("firstName"),
        owner.get("lastName"),
        "true" if owner.get("archived") else "false",
        team.get("name") if team else None,
    ]


def linked(name: str, record: Mapping[str, Any]) -> list[str | None]:
    """Cells of the columns of `LINKS`: the one that counts, and for activities all of them.

    Of several companies the primary one counts; of several deals the one with
    the lowest id.
    """
    if name not in LINKS:
        return []
    target = LINKS[name][0]
    found = record.get("associations", {}).get(target, {}).get("results", [])
    if name == DEALS:
        primary = [str(one["id"]) for one in found if one.get("type") == "deal_to_company"]
        ids = primary or _sorted(found)
        return [ids[0] if ids else None]
    ids = _sorted(found)
    return [ids[0] if ids else None, ";".join(ids) or None]


def _sorted(found: Iterable[Mapping[str, Any]]) -> list[str]:
    ids = {str(one["id"]) for one in found}
    return sorted(ids, key=lambda one: (len(one), one))


def history_rows(deal: Mapping[str, Any]) -> Iterator[list[str | None]]:
    """Rows of `HISTORY_COLUMNS`, one a value that a property has had, the oldest first."""
    for name, values in sorted((deal.get("propertiesWithHistory") or {}).items()):
        for one in reversed(values):  # The latest one comes first.
            yield [
                str(deal["id"]),
                name,
                plain_number(one.get("value")) if name == "amount" else one.get("value"),
                one.get("timestamp"),
                one.get("sourceType"),
            ]


def is_old(name: str, values: Mapping[str, Any], since: dt.date, outcomes: Outcomes) -> bool:
    """Whether a record is over since before a day.

    A deal is when its stage is closed and it closed before; an activity when it
    took place before. What tells no day is not.

    Examples
    --------
    >>> values = {"dealstage": "9", "closedate": "2025-12-31T17:00:00Z"}
    >>> is_old("deals", values, dt.date(2026, 1, 1), Outcomes({"9": True}))
    True
    >>> is_old("deals", values, dt.date(2026, 1, 1), Outcomes({"9": False}))
    False
    """
    if not OBJECTS[name]:
        return False
    day = values.get("closedate" if name == DEALS else "hs_timestamp")
    if not day or str(day)[:10] >= since.isoformat():
        return False
    return name != DEALS or outcomes.closed.get(str(values.get("dealstage")), False)
