"""Parameter files: which reports, for whom, as of when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML

from salesops_lib.calendar import CalendarSettings
from salesops_lib.data.audience import Audience
from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.scope import ScopeKind
from salesops_lib.errors import InputError
from salesops_lib.languages import SOURCE, languages
from salesops_lib.publishing.limits import TIME_LIMIT, MemoryLimit, TimeLimit
from salesops_lib.yamlfile import Strict, read_yaml

__all__ = ["ParameterFile", "ReportEntry", "parameter_schema", "read_parameters", "where_in"]


def _date(value: Any) -> Any:
    """Date from a quoted one; anything else as it is, for pydantic to judge."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _words(value: Any) -> Any:
    """A list, where one word may stand for a list of one."""
    return [value] if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """Dates inside notebook parameters as ISO texts, which JSON can hold."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _language(value: str) -> str:
    """Language that there is a catalogue of; told as any other word that is not allowed."""
    known = languages()
    if value not in known:
        raise PydanticCustomError("literal_error", "unknown", {"expected": ", ".join(known)})
    return value


def _languages(schema: dict[str, Any]) -> None:
    schema["enum"] = list(languages())


class ReportEntry(Strict):
    """One notebook of a batch, and whom it is rendered for.

    Parameters
    ----------
    notebook : str
        Name of a notebook in ``notebooks/``, without extension.
    for_each : list of str
        ``company``, ``region``, ``team`` or ``rep``; one word or a list.
    only : list of str
        Scopes to keep, such as ``region:EMEA``. Empty: all.
    audience : str, optional
        Whom it is for: ``leadership``, ``manager`` or ``rep``. Default: that of the file.
    time_limit : float, optional
        Seconds until a run of it is ended. Default: that of the file.
    memory_limit : int, optional
        Bytes that its kernel may use. Default: that of the file.
    parameters : dict
        Further parameters that the notebook declares.
    """

    notebook: str = Field(min_length=1, description="Notebook in notebooks/, without extension.")
    for_each: Annotated[list[ScopeKind], BeforeValidator(_words), Field(min_length=1)] = Field(
        default=["company"], description="company, region, team or rep; one word or a list."
    )
    only: Annotated[list[str], BeforeValidator(_words)] = Field(
        default=[], description="Scopes to keep, such as region:EMEA. Empty: all."
    )
    time_limit: TimeLimit | None = Field(
        default=None, description="Time until a run of it is ended. Default: that of the file."
    )
    memory_limit: MemoryLimit | None = Field(
        default=None, description="Memory that its kernel may use. Default: that of the file."
    )
    audience: Audience | None = Field(
        default=None,
        description="Whom it is for: leadership, manager or rep. Default: that of the file.",
    )
    parameters: Annotated[dict[str, JsonValue], BeforeValidator(_plain)] = Field(
        default={}, description="Further parameters that the notebook declares."
    )


class ParameterFile(Strict):
    """Contents of a parameter file.

    Parameters
    ----------
    version : int
        Version of this layout: 1.
    snapshot : str
        Folder of a snapshot, or the store that holds it, from the project folder.
    as_of : date, optional
        Day the figures stand at. Default: the snapshot's own.
    period : str
        Fiscal period, such as ``2026-Q3``.
    calendar : CalendarSettings
        The company's fiscal calendar.
    currency : CurrencySettings
        Reporting currency and rate rule.
    language : str
        Language of the reports.
    audience : str, optional
        Whom the reports are for: ``leadership``, ``manager`` or ``rep``. Default: the
        rep for a rep's report, leadership for all others.
    time_limit : float
        Seconds until a report's run is ended.
    memory_limit : int, optional
        Bytes that a report's kernel may use. Default: no limit.
    reports : list of ReportEntry
        The reports.
    """

    version: Literal[1] = Field(description="Version of this layout: 1.")
    snapshot: str = Field(
        min_length=1,
        description="Folder of a snapshot, or the store that holds it, from the project folder.",
    )
    as_of: Annotated[dt.date, BeforeValidator(_date)] | None = Field(
        default=None,
        description="Day the figures stand at, from the extract's first day on. "
        "Default: the snapshot's own.",
    )
    period: str = Field(description="Fiscal period: 2026-Q3, 2026-09, FY2026 or 2026-W27.")
    calendar: CalendarSettings = Field(
        default=CalendarSettings(), description="The company's fiscal calendar."
    )
    currency: CurrencySettings = Field(
        default=CurrencySettings(), description="Reporting currency and rate rule."
    )
    language: Annotated[str, AfterValidator(_language), Field(json_schema_extra=_languages)] = (
        Field(default=SOURCE, description="Language of the reports.")
    )
    audience: Audience | None = Field(
        default=None,
        description="Whom the reports are for: leadership, manager or rep."
        " Default: the rep for a rep's report, leadership for all others.",
    )
    time_limit: TimeLimit = Field(
        default=TIME_LIMIT,
        json_schema_extra={"default": "30 min"},
        description="Time until a report's run is ended, such as 30 min. Default: 30 min.",
    )
    memory_limit: MemoryLimit | None = Field(
        default=None,
        description="Memory that a report's kernel may use, such as 4 GiB. Default: no limit.",
    )
    reports: list[ReportEntry] = Field(min_length=1, description="The reports.")


def read_parameters(path: Path, shown_as: str | None = None) -> ParameterFile:
    """Contents of a parameter file.

    Parameters
    ----------
    path : Path
        The file.
    shown_as : str, optional
        How error messages name it. Default: the path as given.

    Returns
    -------
    ParameterFile

    Raises
    ------
    InputError
        The file is missing, is not YAML or does not fit; the sentence names
        file, line and key.
    """
    try:
        return read_yaml(path, ParameterFile, shown_as)
    except InputError as error:
        if error.where is not None or not path.is_file():
            raise
        # A value judged by the library itself: of these, only the currency is.
        place = where_in(path, shown_as or str(path), ("currency", "reporting"))
        raise InputError(
            error.what, where=place, found=error.found, allowed=error.allowed
        ) from None


def parameter_schema() -> dict[str, Any]:
    """JSON Schema of parameter files, for editors that complete and check."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ParameterFile.model_json_schema(),
    }


def where_in(path: Path, shown_as: str, keys: Iterable[str | int]) -> str:
    """Place of a key in a parameter file, such as ``parameters/2026-Q3.yaml:7``.

    Parameters
    ----------
    path : Path
        A file that `read_parameters` has read.
    shown_as : str
        How messages name it.
    keys : iterable of str or int
        Keys and list positions from the top of the file.

    Returns
    -------
    str
        The name alone where the key does not stand in the file.
    """
    node: Any = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8-sig"))
    line: int | None = None
    for key in keys:
        try:
            marks: Any = node.lc
            line = (marks.item(key) if isinstance(key, int) else marks.key(key))[0] + 1
            node = node[key]
        except (KeyError, IndexError, AttributeError, TypeError):
            break
    return f"{shown_as}:{line}" if line else shown_as
