"""``salesops``: the command line.

Libraries are imported by the command that needs them, so that help is instant.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesops_lib import __version__
from salesops_lib.errors import InputError, SalesOpsError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    name="salesops",
    help="Sales operations in notebooks: from a CRM export to reports that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class FileFormat(StrEnum):
    """File formats of the sample export."""

    csv = "csv"
    parquet = "parquet"


def main() -> None:
    """Run the command line; an error of the user's is one sentence, never a traceback."""
    try:
        app()
    except SalesOpsError as error:
        _errors().print(f"salesops: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"salesops_lib {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def report(
    parameters: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Parameter file, such as parameters/2026-Q3.yaml."),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Make only this one, such as performance_review/region:EMEA. May be repeated."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Reports at once. Default: number of cores.")
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Reports folder. Default: reports/ of the project."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Tell what would be done and what has changed, and stop."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run all of them, even if nothing has changed.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Only those whose last run failed.")
    ] = False,
) -> None:
    """Make the reports that a parameter file asks for, where anything has changed.

    Ends with 0 when all are published, 1 when some failed, and 2 when something
    was wrong before any of them began.
    """
    from salesops_lib.publishing import reports as publishing
    from salesops_lib.publishing.decisions import explanation

    wanted = publishing.wanted_reports(
        parameters, reports, only or [], force=force, retry_failed=retry_failed
    )
    if explain:
        _print_lines(explanation(wanted.decisions))
        return
    if not wanted.decisions:
        _print_lines(["No report of this file has failed: nothing to retry."])
        return
    try:
        results = publishing.made_reports(wanted, workers, _console())
    except KeyboardInterrupt:
        _errors().print("salesops: stopped; what was published before stays.", style="bold red")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        index = publishing.written_index(wanted)
    from salesops_lib.publishing.progress import summary_lines

    _print_lines([*summary_lines(results), f"Index: {_shown(index)}"])
    if not all(result.is_good for result in results):
        raise typer.Exit(1)


@app.command()
def params(
    notebook: Annotated[
        str | None, typer.Argument(help="Notebook of the project, or path of one.")
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print a JSON Schema: of the notebook's parameters, or of the file."
        ),
    ] = False,
) -> None:
    """Show which parameters a notebook declares, or the schema of parameter files."""
    from salesops_lib.notebook.parameters import declared_parameters

    if notebook is None:
        if not schema:
            raise InputError("name a notebook, or ask for the schema of parameter files: --schema")
        from salesops_lib.publishing.parameters import parameter_schema

        _print_json(parameter_schema())
        return
    declared = declared_parameters(_notebook(notebook))
    if schema:
        _print_json(declared.json_schema())
        return
    rows = [
        (parameter.name, parameter.type, _literal(parameter.default), parameter.comment)
        for parameter in declared
    ]
    _print_table(f"Parameters of {declared.notebook}", ("name", "type", "default", "meaning"), rows)


@app.command()
def ingest(
    folder: Annotated[Path, typer.Argument(help="Folder with the CRM export.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file: which column of the export is what.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day the export shows, such as 2026-09-30.")
    ] = None,
    store: Annotated[Path, typer.Option(help="Folder that snapshots are kept in.")] = Path(
        "snapshots"
    ),
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print a mapping to start from, and stop.")
    ] = False,
) -> None:
    """Turn a CRM export into a snapshot."""
    if suggest:
        from salesops_lib.data.ingest import suggested_mapping

        suggestion = suggested_mapping(folder)
        typer.echo(suggestion.text.rstrip())
        for left in suggestion.unplaced:
            _note(f"not placed: {left}")
        return
    if mapping is None:
        raise InputError(
            "name the mapping of this export; `salesops ingest FOLDER --suggest` prints one"
            " to start from",
            where="--mapping",
        )
    if as_of is None:
        raise InputError("say which day the export shows, such as 2026-09-30", where="--as-of")
    day = _day(as_of)
    from salesops_lib.data.ingest import ingest_folder

    result = ingest_folder(folder, mapping, day, store)
    _print_frame(f"Tables from {folder.name}", result.frame)
    if len(result.reasons):
        _print_frame("Repaired, noted, quarantined", result.reasons.drop(columns="reason"))
    typer.echo(result.headline)
    typer.echo(_shown(result.path))


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write the export into.")],
    seed: Annotated[int, typer.Option(help="Another number makes another company.")] = 2026,
    scale: Annotated[
        float, typer.Option(help="Size; 1 is about 15,000 deals and 85 reps at a time.")
    ] = 1.0,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="Format of the files.")
    ] = FileFormat.csv,
) -> None:
    """Write the CRM export of the built-in, simulated company."""
    from rich.progress import Progress

    from salesops_lib.data.sample import write_sample

    console = _errors()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Simulating", total=None)
        summary = write_sample(
            out,
            seed=seed,
            scale=scale,
            file_format=file_format.value,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(str(summary))


def _notebook(name: str) -> Path:
    from salesops_lib.notebook.project import notebook_file, project_root

    path = Path(name)
    if path.suffix == ".ipynb" or path.is_file():
        return path
    return notebook_file(project_root(Path.cwd()), name)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no date; write it as 2026-09-30", where="--as-of") from None


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _print_lines(lines: Sequence[str]) -> None:
    from salesops_lib.publishing.progress import plain_text

    console = _console()
    for line in lines:
        # Names come from the data: shown on one line, and steering no terminal.
        indent = line[: len(line) - len(line.lstrip(" "))]
        console.print(indent + plain_text(line), markup=False, highlight=False, soft_wrap=True)


def _print_json(values: Any) -> None:
    typer.echo(json.dumps(values, indent=2, ensure_ascii=False))


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from salesops_lib.publishing.progress import plain_text

    shown = [[plain_text(_cell(value)) for value in row] for row in rows]
    table = Table(
        title=Text(plain_text(title)),
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        # Names and numbers stay whole whatever the terminal's width; sentences wrap.
        is_number = all(isinstance(row[place], int | float) for row in rows)
        whole = place == 0 or is_number
        width = max(len(text) for text in (column, *(row[place] for row in shown)))
        table.add_column(
            Text(plain_text(column)),
            overflow="fold",
            no_wrap=whole,
            min_width=width if whole else None,
            justify="right" if is_number else "left",
        )
    for row in shown:
        table.add_row(*map(Text, row))
    _console().print(table, crop=False)


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:,}" if is_number else str(value)


def _print_frame(title: str, frame: Any) -> None:
    _print_table(title, tuple(map(str, frame.columns)), frame.to_numpy().tolist())


def _shown(path: Path) -> str:
    """Path from the current folder where it is in it."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _note(text: str) -> None:
    """Remark that must not end in a file that the output goes to."""
    from salesops_lib.publishing.progress import plain_text

    _errors().print(plain_text(text), markup=False, soft_wrap=True)


def _errors() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)
