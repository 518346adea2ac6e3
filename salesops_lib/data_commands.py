"""Commands that bring data in: `pull` from a CRM, `ingest` into a snapshot."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesops_lib.console import (
    errors,
    print_frame,
    print_lines,
    print_remark,
    print_table,
    shown_path,
)
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from salesops_lib.data.pulls.folder import PullResult

__all__ = ["ingest", "pull"]

_MAPPINGS = Path("parameters/mappings")

pull = typer.Typer(
    help="Fetch what a mapping reads from the API of a CRM, as an export folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Export folder to make.")]
_PullMapping = Annotated[Path, typer.Option(help="Mapping: it names the objects and fields.")]
_Since = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Leave out deals that closed, and activities, before it."),
]


@pull.command()
def salesforce(
    out: _Out,
    mapping: _PullMapping = _MAPPINGS / "salesforce_data_export.yaml",
    since: _Since = None,
) -> None:
    """Fetch from Salesforce.

    Credentials stand in the environment: SALESFORCE_USERNAME, SALESFORCE_PASSWORD
    and SALESFORCE_SECURITY_TOKEN (and SALESFORCE_DOMAIN, such as test), or
    SALESFORCE_INSTANCE_URL and SALESFORCE_ACCESS_TOKEN.
    """
    day = _day(since, "--since") if since else None
    from salesops_lib.data.pulls import pull_salesforce

    _print_pull(pull_salesforce(mapping, out, since=day, progress=_told), mapping)


@pull.command()
def hubspot(
    out: _Out,
    mapping: _PullMapping = _MAPPINGS / "hubspot_api.yaml",
    since: _Since = None,
) -> None:
    """Fetch from HubSpot.

    The access token of a private app stands in the environment: HUBSPOT_ACCESS_TOKEN.
    """
    day = _day(since, "--since") if since else None
    from salesops_lib.data.pulls import pull_hubspot

    _print_pull(pull_hubspot(mapping, out, since=day, progress=_told), mapping)


def ingest(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="Folder with the CRM export; or a database, such as duckdb:///data/crm.ddb, or "
            "env:NAME for the variable that holds its address.",
        ),
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file: which column of the export is what.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day the export shows, such as 2026-09-30.")
    ] = None,
    store: Annotated[Path, typer.Option(help="Folder that snapshots are kept in.")] = Path(
        "snapshots"
    ),
    schema: Annotated[
        str | None, typer.Option(metavar="NAME", help="Schema of a database's tables.")
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print a mapping to start from, and stop.")
    ] = False,
) -> None:
    """Turn a CRM export into a snapshot."""
    if suggest:
        from salesops_lib.data.ingest import suggested_mapping

        if "://" in source:
            raise InputError("a mapping can be suggested for a folder only", where="--suggest")
        suggestion = suggested_mapping(Path(source), _MAPPINGS)
        typer.echo(suggestion.text.rstrip())
        for left in suggestion.unplaced:
            print_remark(f"{'not placed' if suggestion.known is None else 'left out'}: {left}")
        return
    if mapping is None:
        raise InputError(
            "name the mapping of this export; `salesops ingest FOLDER --suggest` prints one"
            " to start from",
            where="--mapping",
        )
    if as_of is None:
        raise InputError("say which day the export shows, such as 2026-09-30", where="--as-of")
    day = _day(as_of, "--as-of")
    from salesops_lib.data.ingest import ingest_folder

    with _folder(source, mapping, schema) as folder:
        result = ingest_folder(folder, mapping, day, store)
    print_frame(f"Tables from {folder.name}", result.frame)
    if len(result.reasons):
        print_frame("Repaired, noted, quarantined", result.reasons.drop(columns="reason"))
    typer.echo(result.headline)
    typer.echo(shown_path(result.path))


def _folder(source: str, mapping: Path, schema: str | None) -> AbstractContextManager[Path]:
    from salesops_lib.data.ingest.databases import database_tables, is_database

    if is_database(source):
        return database_tables(source, mapping, schema)
    if schema is not None:
        raise InputError("a folder has no schemas", where="--schema")
    return nullcontext(Path(source))


def _told(name: str) -> None:
    console = errors()
    if console.is_terminal:
        console.print(f"fetching {name}", style="dim", markup=False)


def _print_pull(result: PullResult, mapping: Path) -> None:
    rows = [(one.name, one.file, one.rows) for one in result.objects if one.file]
    print_table(f"Pulled from {result.source}", ("object", "file", "rows"), rows)
    for remark in result.remarks:
        print_remark(remark)
    folder, day = shown_path(result.folder), result.pulled_at.date()
    following = f"salesops ingest {folder} --mapping {shown_path(mapping)} --as-of {day}"
    print_lines([f"Written: {folder}", f"Next: {following}"])


def _day(text: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no date; write it as 2026-09-30", where=where) from None
