"""Types that a notebook parameter may be declared with."""

from __future__ import annotations

import ast
import datetime as dt
import math
from types import GenericAlias
from typing import Annotated, Any

from pydantic import AllowInfNan, BeforeValidator, JsonValue

from salesops_lib.errors import InputError

__all__ = ["annotated_type"]


def annotated_type(annotation: str) -> Any:
    """Type that an annotation stands for, as pydantic validates it.

    Parameters
    ----------
    annotation : str
        ``str``, ``int``, ``float``, ``bool``, ``date``, ``list``, ``dict``,
        ``list[T]``, ``dict[str, T]`` or ``T | None``.

    Returns
    -------
    type
        A date may also be written as an ISO text, or left empty. A float is
        finite. Lists and sets of keys hold what JSON can hold; dates in them
        become ISO texts.

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
    raise _unknown(ast.unparse(node))


def _unknown(annotation: str) -> InputError:
    return InputError(
        f"unknown type `{annotation}`",
        found=annotation,
        allowed=[*_SIMPLE, "list[str]", "dict[str, float]", "str | None"],
    )
