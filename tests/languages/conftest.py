"""Pages of the project's own notebooks in any language, made without a kernel."""

from __future__ import annotations

import ast
import datetime as dt
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from babel.messages.pofile import write_po

from salesops_lib.data.scope import Scope
from salesops_lib.languages import CATALOGUES_VARIABLE
from salesops_lib.languages.extraction import extracted
from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.publishing.jobs import Job, Place
from salesops_lib.publishing.rendering import RunStamp, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[2]
STAMP = RunStamp(dt.datetime(2026, 10, 1, 6, 30, tzinfo=dt.UTC), 4.2)
WIDE = str.maketrans({letter: chr(ord(letter) + 0xFEE0) for letter in string.ascii_letters})


@pytest.fixture(scope="session")
def texts() -> Catalog:
    """All texts of the project that readers see."""
    return extracted(ROOT)


def wide(text: str) -> str:
    """Text with every letter but those of placeholders in its full-width form."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return text.translate(WIDE)
    return "".join(
        literal.translate(WIDE) + ("" if name is None else f"{{{name}}}")
        for literal, name, _spec, _conversion in parts
    )


@pytest.fixture
def pseudo(texts, tmp_path, monkeypatch) -> str:
    """A made-up language: what is translated has no plain letter left.

    Dates and numbers are Greek, so a plain letter on a page is a name from the data or
    a text that nobody can translate.
    """
    folder = tmp_path / "catalogues" / "qaa" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    for message in texts:
        if message.id:
            message.string = (
                tuple(map(wide, message.id)) if message.pluralizable else wide(message.id)
            )
    with (folder / "salesops.po").open("wb") as file:
        file.write(
            b'msgid ""\nmsgstr ""\n"Language: el\\n"\n'
            b'"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
            b'"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        )
        write_po(file, texts, omit_header=True)
    for message in texts:
        message.string = ("", "") if message.pluralizable else ""
    monkeypatch.setenv(CATALOGUES_VARIABLE, str(tmp_path / "catalogues"))
    return "qaa"


@pytest.fixture
def rendered(monkeypatch) -> Callable[..., Any]:
    """Page of a notebook of the project: cells run here, outputs become a page."""
    monkeypatch.setenv("SALESOPS_ROOT", str(ROOT))

    def render(notebook: str, snapshot: Path, language: str, scope: str = "company") -> Any:
        path = ROOT / "notebooks" / f"{notebook}.ipynb"
        given = {
            "snapshot": str(snapshot),
            "as_of": "",
            "period": "2026-Q3",
            "scope": scope,
            "language": language,
        }
        declared = declared_parameters(path)
        parameters = declared.validated(given)
        ran = nbformat.read(path, as_version=4)
        names: dict[str, Any] = {}
        for cell in ran.cells:
            if cell.cell_type != "code":
                continue
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters
                continue
            shown = outcome(cell.source, names)
            if hasattr(shown, "_repr_mimebundle_"):
                data = shown._repr_mimebundle_()
                cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
        parsed = Scope.parse(scope)
        place = Place(ROOT / "reports", "2026-Q3", notebook, "page")
        job = Job(path, parsed, "2026-Q3", parameters, place, ROOT, provenance=PROVENANCE)
        meanings = {parameter.name: parameter.comment for parameter in declared}
        return page_of(job, ran, PROVENANCE, meanings, STAMP)

    return render


def outcome(source: str, names: dict[str, Any]) -> Any:
    """Value of a cell's last line, as a notebook shows it."""
    plain = "\n".join("" if line.startswith("%") else line for line in source.splitlines())
    *body, last = ast.parse(plain).body
    exec(compile(ast.Module(body, []), "cell", "exec"), names)  # noqa: S102 (our notebook)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "cell", "exec"), names)  # noqa: S102
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307


PROVENANCE = {
    "command": "salesops report parameters/q3.yaml --only performance_review/company",
    "report_id": "0123456789ab",
    "parameters_file": {"name": "parameters/q3.yaml", "sha256": "a" * 64},
    "parameters_sha256": "b" * 64,
    "snapshot": {
        "id": "2026-09-30-3f2a9c01d4",
        "as_of": "2026-09-30",
        "sources": [{"name": "deals.csv", "rows": 14212, "sha256": "c" * 64}],
        "tables": [{"name": "opportunities", "rows": 14175, "quarantined": 37}],
    },
    "commit": {"id": "d" * 40, "dirty": True},
    "notebook": {"name": "performance_review.ipynb", "sha256": "e" * 64},
    "library": "0.1.0",
    "python": "3.11.7",
    "packages": {"pandas": "2.3.3"},
}
