"""The canonical tables that every measure reads.

Whatever a company's CRM exports, ingest turns it into these tables. Only
``opportunities`` is required; each further table makes more measures
computable. Names are snake_case, dates are UTC, money is DECIMAL(18, 2) with a
currency code beside it, and ids are strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EARLIEST_YEAR", "SCHEMA_VERSION", "TABLES", "Column", "ColumnType", "Table"]

SCHEMA_VERSION = 1
"""Raised when a table or column changes; it is part of every snapshot's id."""

EARLIEST_YEAR = 1980
"""A date before this year is a typing error, not history."""

ColumnType = Literal["string", "date", "timestamp", "money", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Canonical name.
    type : str
        One of ``string``, ``date``, ``timestamp``, ``money`` (DECIMAL(18, 2)),
        ``number`` (float), ``integer`` and ``boolean``.
    description : str
        What it holds, with its unit.
    required : bool
        A row where it is empty is quarantined.
    allowed : tuple of str
        The only values it may hold, when not empty.
    minimum, maximum : float, optional
        Smallest and largest value of a number.
    references : str, optional
        ``table.column`` that its values must be found in, when that table is there.
    """

    name: str
    type: ColumnType
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    references: str | None = None


@dataclass(frozen=True)
class Table:
    """One canonical table: what a row is, which columns make it unique.

    Parameters
    ----------
    name : str
        Canonical name.
    grain : str
        What one row stands for.
    key : tuple of str
        Columns that are unique together. Empty when rows may repeat.
    columns : tuple of Column
        All columns, in the order in which they are stored.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Column of this table by its name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in stored order."""
        return tuple(column.name for column in self.columns)


_CURRENCY = "ISO 4217 code of the amount beside it"

_OPPORTUNITIES = Table(
    "opportunities",
    "one deal",
    ("opportunity_id",),
    (
        Column("opportunity_id", "string", "id of the deal", required=True),
        Column("name", "string", "name that people gave the deal"),
        Column("account_id", "string", "customer", references="accounts.account_id"),
        Column("owner_id", "string", "rep who owns the deal", references="reps.rep_id"),
        Column("product", "string", "main product", references="products.product"),
        Column("amount", "money", "value of the deal"),
        Column("currency", "string", _CURRENCY),
        Column("created_date", "date", "day the deal was created"),
        Column("close_date", "date", "day it closed, or is expected to close"),
        Column("stage", "string", "stage of the pipeline", references="stages.stage"),
        Column("is_closed", "boolean", "won or lost", required=True),
        Column("is_won", "boolean", "closed and won", required=True),
        Column(
            "forecast_category",
            "string",
            "how its owner forecasts it",
            allowed=("pipeline", "best_case", "most_likely", "commit", "closed", "omitted"),
        ),
        Column("probability", "number", "CRM's chance of winning, 0 to 1", minimum=0, maximum=1),
        Column("type", "string", "new business, expansion, renewal"),
        Column("source", "string", "where the deal came from"),
        Column("next_step", "string", "what the owner plans to do next"),
        Column("last_activity_date", "date", "day of the last activity"),
        Column("push_count", "integer", "times the close date moved to a later month", minimum=0),
        Column("lost_reason", "string", "why the deal was lost"),
    ),
)

_OPPORTUNITY_HISTORY = Table(
    "opportunity_history",
    "one change of one field of one deal",
    (),
    (
        Column(
            "opportunity_id",
            "string",
            "deal that changed",
            required=True,
            references="opportunities.opportunity_id",
        ),
        Column("changed_at", "timestamp", "moment of the change, UTC", required=True),
        Column(
            "field",
            "string",
            "field that changed",
            required=True,
            allowed=("stage", "amount", "close_date", "owner", "forecast_category", "probability"),
        ),
        Column("old_value", "string", "value before, as text (ISO dates, plain numbers)"),
        Column("new_value", "string", "value after, as text (ISO dates, plain numbers)"),
        Column(
            "provenance",
            "string",
            "exact (logged by the CRM) or inferred",
            allowed=("exact", "inferred"),
        ),
    ),
)

_STAGES = Table(
    "stages",
    "one stage of a pipeline",
    ("stage",),
    (
        Column("stage", "string", "name of the stage", required=True),
        Column("order", "integer", "position in the pipeline, from 1", minimum=0),
        Column("is_closed", "boolean", "deals in it are won or lost", required=True),
        Column("is_won", "boolean", "deals in it are won", required=True),
        Column("default_probability", "number", "chance of winning, 0 to 1", minimum=0, maximum=1),
        Column(
            "forecast_category",
            "string",
            "category that the stage maps to",
            allowed=("pipeline", "best_case", "most_likely", "commit", "closed", "omitted"),
        ),
    ),
)

_REPS = Table(
    "reps",
    "one person who sells or leads sellers",
    ("rep_id",),
    (
        Column("rep_id", "string", "id of the person", required=True),
        Column("name", "string", "full name"),
        Column("email", "string", "mail address"),
        Column("hire_date", "date", "first day of work"),
        Column("leave_date", "date", "last day of work; empty while employed"),
        Column("leave_reason", "string", "voluntary, involuntary or other"),
    ),
)

_REP_ASSIGNMENTS = Table(
    "rep_assignments",
    "one person in one place of the organisation between two days",
    ("rep_id", "effective_from"),
    (
        Column("rep_id", "string", "person", required=True, references="reps.rep_id"),
        Column("manager_id", "string", "who leads the person then", references="reps.rep_id"),
        Column("team", "string", "team"),
        Column("region", "string", "region"),
        Column("role", "string", "rep, manager, leader, overlay"),
        Column("ramp", "string", "ramping or ramped"),
        Column("effective_from", "date", "first day; empty: since ever"),
        Column("effective_to", "date", "last day, inclusive; empty: until further notice"),
    ),
)

_ACCOUNTS = Table(
    "accounts",
    "one customer or prospect",
    ("account_id",),
    (
        Column("account_id", "string", "id of the account", required=True),
        Column("name", "string", "name of the company"),
        Column("industry", "string", "industry"),
        Column("segment", "string", "segment, such as SMB or Enterprise"),
        Column("employees", "integer", "number of employees", minimum=0),
        Column("annual_revenue", "number", "revenue a year, in its own unit", minimum=0),
        Column("country", "string", "country"),
        Column("parent_id", "string", "account that owns it", references="accounts.account_id"),
    ),
)

_PRODUCTS = Table(
    "products",
    "one product",
    ("product",),
    (
        Column("product", "string", "name or code that deals carry", required=True),
        Column("family", "string", "product family"),
        Column("list_price", "money", "list price", minimum=0),
    ),
)

_QUOTAS = Table(
    "quotas",
    "one target of one person for one period and measure",
    ("rep_id", "measure", "period_start", "version"),
    (
        Column("rep_id", "string", "person", required=True, references="reps.rep_id"),
        Column("measure", "string", "what is counted, such as bookings", required=True),
        Column("period_start", "date", "first day of the target's period", required=True),
        Column("period_end", "date", "last day, inclusive", required=True),
        Column("amount", "money", "the target, after ramp", required=True, minimum=0),
        Column("currency", "string", _CURRENCY),
        Column("is_rollup", "boolean", "sum of others' targets: never added to them"),
        Column("ramp_percent", "number", "share of a full target, 0 to 1", minimum=0, maximum=1),
        Column("effective_from", "date", "day from which this version holds"),
        Column("version", "integer", "the highest one in force counts", minimum=0),
    ),
)

_OPPORTUNITY_SPLITS = Table(
    "opportunity_splits",
    "one rep's share of one deal",
    ("opportunity_id", "rep_id", "kind"),
    (
        Column(
            "opportunity_id",
            "string",
            "deal",
            required=True,
            references="opportunities.opportunity_id",
        ),
        Column("rep_id", "string", "person credited", required=True, references="reps.rep_id"),
        Column("share", "number", "share of the amount, 0 to 1", required=True, minimum=0),
        Column(
            "kind",
            "string",
            "revenue shares sum to 1; overlay comes on top",
            required=True,
            allowed=("revenue", "overlay"),
        ),
    ),
)

_ACTIVITIES = Table(
    "activities",
    "one completed call, mail, meeting or task",
    (),
    (
        Column("rep_id", "string", "who did it", required=True, references="reps.rep_id"),
        Column(
            "opportunity_id",
            "string",
            "deal it belongs to",
            references="opportunities.opportunity_id",
        ),
        Column("kind", "string", "call, email, meeting, task"),
        Column("at", "timestamp", "when it was completed or began, UTC", required=True),
        Column("is_invitee_copy", "boolean", "a copy in an invitee's calendar: not counted"),
    ),
)

_FORECAST_SUBMISSIONS = Table(
    "forecast_submissions",
    "one forecast that one person handed in on one day for one period",
    ("forecaster_id", "submitted_date", "period_start", "category"),
    (
        Column("forecaster_id", "string", "person", required=True, references="reps.rep_id"),
        Column("submitted_date", "date", "day of the forecast", required=True),
        Column("period_start", "date", "first day of the period forecast", required=True),
        Column("period_end", "date", "last day, inclusive", required=True),
        Column(
            "category",
            "string",
            "what the amount covers",
            required=True,
            allowed=("pipeline", "best_case", "most_likely", "commit", "closed"),
        ),
        Column("amount", "money", "amount forecast for the whole period", required=True),
        Column("currency", "string", _CURRENCY),
    ),
)

_FX_RATES = Table(
    "fx_rates",
    "one exchange rate, in force from its date until the next one",
    ("date", "from_currency", "to_currency"),
    (
        Column("date", "date", "first day the rate is in force", required=True),
        Column("from_currency", "string", "one unit of this currency", required=True),
        Column("to_currency", "string", "is worth `rate` units of this one", required=True),
        Column("rate", "number", "units of `to_currency`", required=True, minimum=1e-12),
    ),
)

_CALENDAR = Table(
    "calendar",
    "one day that is not worked although it is a weekday, or the reverse",
    ("date",),
    (
        Column("date", "date", "the day", required=True),
        Column("is_working_day", "boolean", "whether it is worked", required=True),
        Column("name", "string", "such as the holiday's name"),
    ),
)

_TRAININGS = Table(
    "trainings",
    "one person's attendance of one session",
    (),
    (
        Column("rep_id", "string", "person", required=True, references="reps.rep_id"),
        Column("session_date", "date", "day of the session", required=True),
        Column("programme", "string", "name of the programme", required=True),
    ),
)

_TOOLS = Table(
    "tools",
    "one tool of the sales stack in one month",
    ("tool", "month"),
    (
        Column("tool", "string", "name of the tool", required=True),
        Column("month", "date", "first day of the month", required=True),
        Column("seats", "integer", "seats paid for", minimum=0),
        Column("cost", "money", "cost of the month", minimum=0),
        Column("currency", "string", _CURRENCY),
        Column("weekly_active", "number", "people who used it in an average week", minimum=0),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _OPPORTUNITIES,
        _OPPORTUNITY_HISTORY,
        _STAGES,
        _REPS,
        _REP_ASSIGNMENTS,
        _ACCOUNTS,
        _PRODUCTS,
        _QUOTAS,
        _OPPORTUNITY_SPLITS,
        _ACTIVITIES,
        _FORECAST_SUBMISSIONS,
        _FX_RATES,
        _CALENDAR,
        _TRAININGS,
        _TOOLS,
    )
}
"""All canonical tables by name."""
