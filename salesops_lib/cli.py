"""``salesops``: the command line.

Libraries are imported by the command that needs them, so that help is instant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesops_lib import __version__
from salesops_lib.console import (
    errors,
    output,
    print_json,
    print_lines,
    print_scores,
    print_table,
    shown_path,
)
from salesops_lib.data_commands import ingest, pull
from salesops_lib.errors import InputError, SalesOpsError
from salesops_lib.pay_commands import pay
from salesops_lib.plan_commands import plan

if TYPE_CHECKING:
    from salesops_lib.publishing.cluster import Cluster
    from salesops_lib.publishing.jobs import RunResult

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
        errors().print(f"salesops: {error}", style="bold red", markup=False, soft_wrap=True)
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
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print each report to a PDF beside it; needs Chromium.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Make them on the Dask cluster with this scheduler, such as tcp://10.0.0.5:8786.",
        ),
    ] = None,
) -> None:
    """Make the reports that a parameter file asks for, where anything has changed.

    Ends with 0 when all are published, 1 when some failed or could not be printed,
    and 2 when something was wrong before any of them began.
    """
    from salesops_lib.publishing import reports as publishing
    from salesops_lib.publishing.cancellation import Stopped
    from salesops_lib.publishing.decisions import explanation
    from salesops_lib.publishing.readiness import refuse_unready

    if pdf:
        from salesops_lib.publishing.paper import chromium

        # A browser that is named wrongly is told before anything runs.
        chromium()
    beforehand: AbstractContextManager[None] = nullcontext()
    if not explain and scheduler is None:
        beforehand = publishing.kernels_begun(parameters, reports, force=force)
    with beforehand:
        wanted = publishing.wanted_reports(
            parameters, reports, only or [], force=force, retry_failed=retry_failed
        )
        if explain:
            print_lines(explanation(wanted.decisions))
            return
        if not wanted.decisions:
            print_lines(["No report of this file has failed: nothing to retry."])
            return
        refuse_unready(wanted, parameters, here=scheduler is None)
        from salesops_lib.publishing.progress import summary_lines

        with _cluster(scheduler if wanted.to_do else None) as cluster:
            try:
                results = publishing.made_reports(wanted, workers, output(), cluster)
            except Stopped as stopped:
                errors().print(
                    "salesops: stopped; what was published before stays.", style="bold red"
                )
                print_lines(summary_lines(stopped.results))
                raise typer.Exit(_INTERRUPTED) from None
            finally:
                index = publishing.written_index(wanted)
    told = (
        f"Index: {shown_path(index)}" if index else "The index of the reports could not be written."
    )
    print_lines([*summary_lines(results), told])
    is_printed = _printed(results, workers) if pdf else True
    is_indexed = index is not None or not wanted.to_do
    if not (is_printed and is_indexed and all(result.is_good for result in results)):
        raise typer.Exit(1)


@app.command()
def mail(
    reports: Annotated[
        list[Path],
        typer.Argument(metavar="REPORT...", help="Pages of reports, or the JSON beside them."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="File that ends in .eml, or a folder for many.")
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Whom it goes to. May be repeated."),
    ] = None,
    sender: Annotated[
        str, typer.Option("--from", metavar="ADDRESS", help="Whom it comes from.")
    ] = "",
    subject: Annotated[str, typer.Option(help="Default: the report's headline.")] = "",
) -> None:
    """Write a mail about each report as an .eml file; nothing is sent."""
    from salesops_lib.publishing.mail import mailed

    written = mailed(reports, out, to=to or [], sender=sender, subject=subject)
    print_lines([shown_path(path) for path in written])


@app.command()
def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Reports, messages, or a folder of reports. Default: reports.",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Check in Chromium too what only a browser decides.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score reports on the points of the checklist, and name the elements that fail.

    Ends with 0 when all that was checked is met, 1 when something is not, and 2
    when there is nothing to check.
    """
    from salesops_lib.publishing.lint.score import scores

    found = scores(paths or [Path("reports")])
    if browser:
        from salesops_lib.publishing.lint.browser import with_browser

        found = with_browser(found)
    if as_json:
        print_json([score.records() for score in found])
    else:
        print_scores(found)
    if not all(score.is_good for score in found):
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

        print_json(parameter_schema())
        return
    declared = declared_parameters(_notebook(notebook))
    if schema:
        print_json(declared.json_schema())
        return
    rows = [
        (parameter.name, parameter.type, _literal(parameter.default), parameter.comment)
        for parameter in declared
    ]
    print_table(f"Parameters of {declared.notebook}", ("name", "type", "default", "meaning"), rows)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as regional_push.")],
) -> None:
    """Begin a notebook in notebooks/ that runs and publishes as it is."""
    from salesops_lib.notebook.project import project_root
    from salesops_lib.publishing.scaffold import new_notebook

    begun = new_notebook(project_root(Path.cwd()), name)
    print_lines([f"Written: {shown_path(begun.path)}", *begun.next_steps])


app.command()(ingest)
app.add_typer(pull, name="pull")
app.add_typer(plan, name="plan")
app.command()(pay)


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

    console = errors()
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


def _printed(results: Sequence[RunResult], workers: int | None) -> bool:
    """Whether each good report has its PDF."""
    from salesops_lib.publishing.batch import default_workers
    from salesops_lib.publishing.paper import printed

    papers = printed(results, workers or default_workers())
    failed = [paper for paper in papers if paper.path is None]
    print_lines(
        [
            f"{len(papers) - len(failed)} of {len(papers)} reports printed.",
            *(f"{paper.id}: not printed: {paper.error}" for paper in failed),
        ]
    )
    return not failed


def _cluster(scheduler: str | None) -> AbstractContextManager[Cluster | None]:
    if scheduler is None:
        return nullcontext()
    from salesops_lib.publishing.cluster import cluster_at

    return cluster_at(scheduler)


def _notebook(name: str) -> Path:
    from salesops_lib.notebook.project import notebook_file, project_root

    path = Path(name)
    if path.suffix == ".ipynb" or path.is_file():
        return path
    return notebook_file(project_root(Path.cwd()), name)


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
