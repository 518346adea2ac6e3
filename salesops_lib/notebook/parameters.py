"""The parameters that a notebook declares, read without running anything.

The cell tagged ``parameters`` holds annotated literals with a comment each::

    period: str = "2026-Q3"  # fiscal period: 2026-Q3, 2026-09, FY2026

What a report passes is checked against them before a kernel starts, so a
mistyped name is an error and never a report made with the default.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, create_model

from salesops_lib.errors import InputError
from salesops_lib.notebook.annotations import SECRET, annotated_type
from salesops_lib.yamlfile import Strict, validated

__all__ = ["DeclaredParameter", "DeclaredParameters", "declared_parameters"]

_TAG = "parameters"


@dataclass(frozen=True)
class DeclaredParameter:
    """One parameter of a notebook.

    Parameters
    ----------
    name : str
        Name.
    type : str
        Type as the cell writes it, such as ``str``, ``date`` or ``list[str]``.
    default : object
        Value that stands in the cell.
    comment : str
        What it means.
    line : int
        Line of the cell, from 1.
    """

    name: str
    type: str
    default: Any
    comment: str
    line: int


@dataclass(frozen=True)
class DeclaredParameters:
    """All parameters of a notebook, in the order of the cell.

    Parameters
    ----------
    notebook : str
        File name of the notebook.
    parameters : tuple of DeclaredParameter
        The parameters.
    """

    notebook: str
    parameters: tuple[DeclaredParameter, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in the order of the cell."""
        return tuple(parameter.name for parameter in self.parameters)

    def __iter__(self) -> Iterator[DeclaredParameter]:
        return iter(self.parameters)

    def validated(self, values: Mapping[str, Any], where: str | None = None) -> dict[str, Any]:
        """All parameters with these values, and the default where none is given.

        Parameters
        ----------
        values : mapping
            Values by name. Nothing is converted but dates, which become ISO
            texts, and whole numbers where ``float`` is declared.
        where : str, optional
            What error messages call the place that the values came from.
            Default: the notebook.

        Returns
        -------
        dict
            JSON values by name, in the order of the cell.

        Raises
        ------
        InputError
            A name is not declared, or a value is of another type.
        """
        for name in values:
            if name not in self.names:
                raise InputError(
                    f"{self.notebook} declares no parameter `{name}`",
                    where=where,
                    found=name,
                    allowed=self.names,
                )
        complete = {parameter.name: parameter.default for parameter in self} | dict(values)
        fitted = validated(complete, self._model, where or self.notebook)
        return {
            parameter.name: value
            for parameter, value in zip(
                self, fitted.model_dump(mode="json", by_alias=True).values(), strict=True
            )
        }

    def secrets_in(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Parameters declared as secrets that name an environment variable in these values."""
        return tuple(p.name for p in self if p.type == SECRET and values.get(p.name))

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of the parameters."""
        schema: dict[str, Any] = self._model.model_json_schema()
        schema["title"] = Path(self.notebook).stem
        return schema

    @cached_property
    def _model(self) -> type[BaseModel]:
        # Numbered fields: a parameter may be called `schema` or `copy`, a field may not.
        fields: dict[str, Any] = {
            f"field_{number}": (
                annotated_type(parameter.type),
                Field(
                    default=parameter.default, alias=parameter.name, description=parameter.comment
                ),
            )
            for number, parameter in enumerate(self)
        }
        return create_model("Parameters", __base__=Strict, **fields)


def declared_parameters(notebook: Path) -> DeclaredParameters:
    """Parameters that a notebook declares.

    Nothing is executed: the cell is parsed.

    Parameters
    ----------
    notebook : Path
        Notebook file.

    Returns
    -------
    DeclaredParameters

    Raises
    ------
    InputError
        No such notebook, no cell or several cells tagged ``parameters``, or the
        cell holds anything but annotated literals with a comment each.
    """
    number, source = _parameters_cell(notebook)
    place = f"{notebook.name} cell {number}"
    try:
        tree = ast.parse(source)
        comments = _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        line = getattr(error, "lineno", None) or 1
        raise InputError("not valid Python", where=f"{place}, line {line}") from None
    found: dict[str, DeclaredParameter] = {}
    for statement in tree.body:
        parameter = _declared(statement, comments, place)
        if parameter.name in found:
            raise InputError(
                f"`{parameter.name}` is declared twice", where=f"{place}, line {parameter.line}"
            )
        found[parameter.name] = parameter
    return DeclaredParameters(notebook.name, tuple(found.values()))


def _parameters_cell(notebook: Path) -> tuple[int, str]:
    """Number (from 1, all cells counted) and source of the tagged cell."""
    cells = _cells(notebook)
    tagged = [
        (number, source)
        for number, (kind, tags, source) in enumerate(cells, start=1)
        if kind == "code" and _TAG in tags
    ]
    if not tagged:
        raise InputError(
            "no cell is tagged `parameters`; tag the one that declares them", where=notebook.name
        )
    if len(tagged) > 1:
        numbers = " and ".join(str(number) for number, _ in tagged)
        raise InputError(f"cells {numbers} are tagged `parameters`; keep one", where=notebook.name)
    return tagged[0]


def _cells(notebook: Path) -> list[tuple[str, list[str], str]]:
    """Kind, tags and source of each cell; nbformat would take half a second to import."""
    try:
        content = json.loads(notebook.read_bytes())
        return [
            (cell["cell_type"], cell.get("metadata", {}).get("tags", []), "".join(cell["source"]))
            for cell in content["cells"]
        ]
    except FileNotFoundError:
        raise InputError(
            f"no such notebook: {notebook.name}",
            found=notebook.name,
            allowed=[path.name for path in notebook.parent.glob("*.ipynb")] or None,
        ) from None
    except ValueError:
        raise InputError("not a notebook: it is no JSON file", where=notebook.name) from None
    except (AttributeError, KeyError, TypeError):
        raise InputError("not a notebook that can be read", where=notebook.name) from None


def _comments(source: str) -> dict[int, str]:
    """Text of the comment on each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _declared(statement: ast.stmt, comments: dict[int, str], place: str) -> DeclaredParameter:
    where = f"{place}, line {statement.lineno}"
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise InputError(
            "a parameters cell holds annotated literals only, such as"
            ' `period: str = "2026-Q3"  # fiscal period`',
            where=where,
        )
    name = statement.target.id
    annotation = _annotation(statement.annotation)
    try:
        annotated_type(annotation)
    except InputError as error:
        raise InputError(
            f"`{name}`: {error.what}", where=where, found=error.found, allowed=error.allowed
        ) from None
    if statement.value is None:
        raise InputError(f"`{name}` has no default value", where=where)
    try:
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise InputError(
            f"`{name}` is computed; a parameter's default is a literal, because papermill"
            " puts the values of a report after this cell",
            where=where,
        ) from None
    comment = comments.get(statement.end_lineno or statement.lineno, "")
    if not comment:
        raise InputError(f"`{name}` has no comment that says what it means", where=where)
    parameter = DeclaredParameter(name, annotation, default, comment, statement.lineno)
    DeclaredParameters(place, (parameter,)).validated({}, where)
    return parameter


def _annotation(node: ast.expr) -> str:
    """Annotation as text; one in quotes is what the quotes hold."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)
