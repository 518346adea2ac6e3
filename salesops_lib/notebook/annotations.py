"""Types that a notebook parameter may be declared with."""

from __future__ import annotations

import ast
import datetime as dt
import math
from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, BeforeValidator, JsonValue, WithJsonSchema

from salesops_lib.errors import InputError
from salesops_lib.notebook.secrets import environment_name

__all__ = ["SECRET", "annotated_type"]

SECRET = "secret"  # noqa: S105 (the name of the type)
"""Annotation of a parameter that names an environment variable with a secret."""


def annotated_type(annotation: str) -> Any:
    """Type that an annotation stands for, as pydantic validates it.

    Parameters
    ----------
    annotation : str
        ``str``, ``int``, ``float``, ``bool``, ``date``, ``list``, ``dict``,
        ``list[T]``, ``dict[str, T]``, ``T | None``, ``Literal['a', 'b']`` or
        ``secret``.

    Returns
    -------
    type
        A date may also be written as an ISO text, or left empty. A float is
        finite. Lists and sets of keys hold what JSON can hold; dates in them
        become ISO texts. A secret is ``{"env": NAME}``, or an empty text for none.

    Raises
    ------
    InputError
        The annotation is none of these.

    Examples
    --------
    >>> from pydantic import TypeAdapter
    >>> TypeAdapter(annotated_type("list[int] | None")).validate_python([1, 2], strict=True)
    [1, 2]
    >>> annotated_type("string")
    Traceback (most recent call last):
    ...
    salesops_lib.errors.InputError: unknown type `string`; did you mean `str`? ...
    """
    try:
        node = ast.parse(annotation, mode="eval").body
    except SyntaxError:
        raise _unknown(annotation) from None
    if isinstance(node, ast.Name) and node.id == SECRET:
        # A parameter as a whole, never a part of a list: then it is known which hold secrets.
        return _SECRET
    return _type(node)


def _iso(value: Any) -> Any:
    """Dates inside lists and dicts as ISO texts, which JSON can hold."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    if isinstance(value, list):
        return [_iso(item) for item in value]
    if isinstance(value, dict):
        return {key: _iso(item) for key, item in value.items()}
    return value


def _day(value: Any) -> Any:
    """Date from an ISO text; anything else as it is, for pydantic to judge."""
    if not isinstance(value, str) or not value:
        return value
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError(f"{value!r} is no date; write it as 2026-09-30")
    return day


def _named(value: Any) -> Any:
    environment_name(value)
    return dict(value) if value else value


_SECRET = Annotated[
    Any,
    BeforeValidator(_named),
    WithJsonSchema(
        {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"]}
    ),
]
_Json = Annotated[JsonValue, BeforeValidator(_iso)]
_SIMPLE: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": Annotated[float, AllowInfNan(False)],
    "bool": bool,
    "date": Annotated[dt.date | str, BeforeValidator(_day)],
    "list": Annotated[list[_Json], BeforeValidator(_iso)],
    "dict": Annotated[dict[str, _Json], BeforeValidator(_iso)],
}


def _type(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name) if name in _SIMPLE:
            return _SIMPLE[name]
        case ast.Constant(value=str(text)):
            return annotated_type(text)
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _type(left) | None
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return GenericAlias(list, (_type(inner),))
        case ast.Subscript(
            value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), inner])
        ):
            return GenericAlias(dict, (str, _type(inner)))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner) if words := _words(inner):
            return Literal[words]
    raise _unknown(ast.unparse(node))


def _words(node: ast.expr) -> tuple[str, ...]:
    """Texts that a ``Literal`` allows; empty where it holds anything else."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    words = [part.value for part in parts if isinstance(part, ast.Constant)]
    if len(words) < len(parts):
        return ()
    return tuple(str(word) for word in words) if all(isinstance(w, str) for w in words) else ()


def _unknown(annotation: str) -> InputError:
    return InputError(
        f"unknown type `{annotation}`",
        found=annotation,
        allowed=[
            *_SIMPLE,
            SECRET,
            "list[str]",
            "dict[str, float]",
            "str | None",
            "Literal['a', 'b']",
        ],
    )
