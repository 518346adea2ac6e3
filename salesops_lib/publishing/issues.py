"""What changed since the last issue of a report: that of the period before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.publishing.files import digest, json_object

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter
    from salesops_lib.publishing.jobs import Place

__all__ = ["Issue", "Restated", "issue_key", "last_issue", "other_settings", "restated"]

_OF_EACH_ISSUE = frozenset({"period", "as_of", "snapshot", "scope"})
"""Parameters that differ from issue to issue, and are told apart."""


@dataclass(frozen=True)
class Issue:
    """The last issue of a report.

    Parameters
    ----------
    period : str
        Its period.
    report : mapping
        What its values say of it.
    measures : mapping
        Its key figures, by id.
    """

    period: str
    report: Mapping[str, Any]
    measures: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Restated:
    """A figure of the earlier period, as it was published and as it is now.

    Parameters
    ----------
    id : str
        Measure.
    then, now : str
        The figure as people read it.
    """

    id: str
    then: str
    now: str


def last_issue(place: Place, prior: str) -> Issue | None:
    """The report of the period before, as it lies in the reports folder.

    Parameters
    ----------
    place : Place
        Of this report.
    prior : str
        Label of the period before.

    Returns
    -------
    Issue or None
        None where it is not there or cannot be read.
    """
    if not prior:
        return None
    values = json_object(place.of_period(prior).json)
    report, kpis = values.get("report"), values.get("kpis")
    measures = kpis.get("measures") if isinstance(kpis, dict) else None
    if not isinstance(report, dict) or not isinstance(measures, dict):
        return None
    return Issue(prior, report, {k: m for k, m in measures.items() if isinstance(m, dict)})


def issue_key(place: Place, prior: str) -> str:
    """What tells one last issue from another; empty where there is none.

    The execute key of its manifest says what its figures depend on; without a
    manifest it is the hash of its values.

    Parameters
    ----------
    place, prior
        As for `last_issue`.

    Returns
    -------
    str
    """
    if not prior:
        return ""
    before = place.of_period(prior)
    execute = json_object(before.manifest).get("execute")
    if isinstance(execute, dict) and isinstance(execute.get("key"), str) and before.json.is_file():
        return str(execute["key"])
    try:
        return digest(before.json.read_bytes())
    except OSError:
        return ""


def restated(issue: Issue, kpis: Mapping[str, Any], show: Formatter) -> list[Restated]:
    """Key figures of the earlier period that are no longer what was published.

    Parameters
    ----------
    issue : Issue
        The last issue.
    kpis : mapping
        Key figures of this one, as its values hold them.
    show : Formatter
        Formats of the report.

    Returns
    -------
    list of Restated
        Those whose shown text differs, in the order of this issue.
    """
    return list(_restated(issue, kpis.get("measures") or {}, show))


def _restated(
    issue: Issue, measures: Mapping[str, Mapping[str, Any]], show: Formatter
) -> Iterator[Restated]:
    for id_, measure in measures.items():
        before = issue.measures.get(id_)
        now, then = _value(measure, "prior"), _value(before or {}, "current")
        if now is None or then is None:
            continue
        texts = [show.value(value, measure["unit"], compact=True) for value in (then, now)]
        if texts[0] != texts[1]:
            yield Restated(id_, *texts)


def _value(measure: Mapping[str, Any], role: str) -> Any:
    """Number of a measure in a role; None where there is none."""
    rows = [row for row in measure.get("rows", []) if row.get("role") == role]
    return rows[0].get("value") if rows else None


def other_settings(issue: Issue, parameters: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Parameters that were others in the last issue, so that figures may not compare.

    Parameters
    ----------
    issue : Issue
        The last issue.
    parameters : mapping
        Of this one.

    Returns
    -------
    list of (str, object, object)
        Name, value then, value now; period, dates and snapshot differ always.
    """
    then = issue.report.get("parameters")
    before: Mapping[str, Any] = then if isinstance(then, dict) else {}
    return [
        (name, before.get(name), parameters.get(name))
        for name in dict.fromkeys([*before, *parameters])
        if name not in _OF_EACH_ISSUE and before.get(name) != parameters.get(name)
    ]
