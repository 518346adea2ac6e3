"""Values of a published report, read back from the JSON beside its page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from salesops_lib.errors import InputError
from salesops_lib.formats import Unit
from salesops_lib.publishing.files import json_object

__all__ = ["MeasureValues", "ReportValues", "RowValues", "report_values"]


class _Read(BaseModel):
    """Part of a report's values; what a mail does not need is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _About(_Read):
    name: str
    title: str
    scope_label: str
    period: str
    kicker: str
    as_of: str | None = None
    language: str = "en"
    currency: str | None = None
    snapshot: str | None = None
    meta: list[str] = []


class _Finding(_Read):
    text: str
    action: str = ""


class _Findings(_Read):
    headline: str = ""
    findings: list[_Finding] = []


class RowValues(_Read):
    """A key figure in one period."""

    role: str
    period: str
    value: float | None = None
    reason: str = ""


class MeasureValues(_Read):
    """A key figure in each period."""

    unit: Unit
    rows: list[RowValues]


class _Kpis(_Read):
    measures: dict[str, MeasureValues] = {}


class _Note(_Read):
    what: str
    consequence: str = ""


class _Provenance(_Read):
    command: str = ""


class _Run(_Read):
    finished: dt.datetime


class _Definition(_Read):
    id: str
    name: str


class _Other(_Read):
    kind: str = ""
    notes: list[_Note] = []
    definitions: list[_Definition] = []


class ReportValues(_Read):
    """What a report says, as far as others speak of it."""

    version: Literal[1]
    report: _About
    findings: _Findings = _Findings()
    kpis: _Kpis = _Kpis()
    others: list[_Other] = []
    provenance: _Provenance = _Provenance()
    run: _Run


def report_values(file: Path) -> ReportValues:
    """Values in a report's JSON file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    ReportValues

    Raises
    ------
    InputError
        They are no values of a report.
    """
    try:
        return ReportValues.model_validate(json_object(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "version"
        raise InputError(f"no values of a report: `{key}` does not fit", where=str(file)) from None
