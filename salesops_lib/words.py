"""Words that readers see for names in the code: groupings, tables, what ingest did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter

__all__ = [
    "field_word",
    "grouping_head",
    "grouping_word",
    "nameless_group",
    "status_word",
    "table_word",
]


def field_word(column: str, show: Formatter) -> str:
    """Name of a field of a deal that changes in time, inside a sentence.

    Parameters
    ----------
    column : str
        Column of ``opportunities``.
    show : Formatter
        Language of the report.

    Returns
    -------
    str
        The column itself where it is none of these.
    """
    say = show.say
    words = {
        "amount": say("amount"),
        "close_date": say("close date"),
        "forecast_category": say("forecast category"),
        "is_closed": say("open or closed"),
        "owner_id": say("owner"),
        "probability": say("probability"),
        "push_count": say("pushes"),
        "stage": say("stage"),
    }
    return words.get(column, column)


def grouping_word(by: str, show: Formatter) -> str:
    """What a measure is split by, inside a sentence.

    Parameters
    ----------
    by : str
        ``region``, ``team``, ``rep``, ``product``, ``segment``, ``industry``,
        ``country``, ``type`` or ``source``.
    show : Formatter
        Language of the report.

    Returns
    -------
    str
        The name itself where it is none of these.
    """
    say = show.say
    words = {
        "company": say("company"),
        "region": say("region"),
        "team": say("team"),
        "rep": say("rep"),
        "product": say("product"),
        "segment": say("segment"),
        "industry": say("industry"),
        "country": say("country"),
        "type": say("type"),
        "source": say("source"),
    }
    return words.get(by, by)


def grouping_head(by: str | None, show: Formatter) -> str:
    """Head of the column that names the groups; `by` as for `grouping_word`."""
    say = show.say
    words = {
        None: say("Scope"),
        "region": say("Region"),
        "team": say("Team"),
        "rep": say("Rep"),
        "product": say("Product"),
        "segment": say("Segment"),
        "industry": say("Industry"),
        "country": say("Country"),
        "type": say("Type"),
        "source": say("Source"),
    }
    return words.get(by, by or "")


def nameless_group(by: str, show: Formatter) -> str:
    """Label of the deals that belong to no group; `by` as for `grouping_word`."""
    say = show.say
    words = {
        "region": say("No region"),
        "team": say("No team"),
        "rep": say("No rep"),
        "product": say("No product"),
        "segment": say("No segment"),
        "industry": say("No industry"),
        "country": say("No country"),
        "type": say("No type"),
        "source": say("No source"),
    }
    return words.get(by, by)


def table_word(table: str, show: Formatter) -> str:
    """Name of a canonical table.

    Parameters
    ----------
    table : str
        Name in `data.schema`.
    show : Formatter
        Language of the report.

    Returns
    -------
    str
    """
    say = show.say
    words = {
        "accounts": say("accounts"),
        "activities": say("activities"),
        "calendar": say("calendar"),
        "forecast_submissions": say("forecast submissions"),
        "fx_rates": say("exchange rates"),
        "opportunities": say("opportunities"),
        "opportunity_history": say("opportunity history"),
        "opportunity_splits": say("opportunity splits"),
        "products": say("products"),
        "quotas": say("quotas"),
        "rep_assignments": say("rep assignments"),
        "reps": say("reps"),
        "stages": say("stages"),
    }
    return words.get(table, table.replace("_", " "))


def status_word(status: str, show: Formatter) -> str:
    """What became of rows that ingest read.

    Parameters
    ----------
    status : str
        ``read``, ``kept``, ``skipped``, ``repaired``, ``noted`` or ``quarantined``.
    show : Formatter
        Language of the report.

    Returns
    -------
    str
    """
    say = show.say
    words = {
        "read": say("read"),
        "kept": say("kept"),
        "skipped": say("skipped"),
        "repaired": say("repaired"),
        "noted": say("noted"),
        "quarantined": say("quarantined"),
    }
    return words.get(status, status)
