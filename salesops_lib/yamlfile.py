"""YAML 1.2 files read strictly: a typing slip is an error with its line.

Parameters, mappings and plans are all read here, so that each of them answers
a mistake in the same way: file, line, key, what was found, what is allowed and
the nearest match.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt
from ruamel.yaml.timestamp import TimeStamp

from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MisplacedError", "Places", "Strict", "read_placed", "read_yaml", "validated"]

_Model = TypeVar("_Model", bound=BaseModel)
_Location = tuple["str | int", ...]


class MisplacedError(ValueError):
    """A rule between several keys of a file that is broken at one of them.

    Parameters
    ----------
    what : str
        What is wrong.
    *location : str or int
        Keys and places that lead there, from the model that raises it.
    """

    def __init__(self, what: str, *location: str | int) -> None:
        super().__init__(what)
        self.location = location


class Places:
    """Where the keys of a file stand, for whoever judges what it says.

    Parameters
    ----------
    name : str
        How messages name the file.
    document : CommentedMap
        The parsed file.
    """

    def __init__(self, name: str, document: CommentedMap) -> None:
        self.name = name
        self._document = document

    def line(self, *location: str | int) -> int:
        """Line of a key, or of the nearest one above it that the file has.

        Parameters
        ----------
        *location : str or int
            Keys and places in lists that lead there.

        Returns
        -------
        int
            From 1.
        """
        return _line(self._document, location) or 1


class Strict(BaseModel):
    """Base of every file model: no unknown key, no silent conversion, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_yaml(path: Path, model: type[_Model], shown_as: str | None = None) -> _Model:
    """Contents of a YAML file as a validated model.

    Dates may stand unquoted, ``NO`` stays a text, ``1e6`` is a number, and
    ``5,000`` where a number is wanted is an error.

    Parameters
    ----------
    path : Path
        File to read, UTF-8.
    model : type
        Pydantic model (usually a `Strict`) that the file must fit.
    shown_as : str, optional
        How error messages name the file. Default: the path as given.

    Returns
    -------
    model instance

    Raises
    ------
    InputError
        The file is missing, is not YAML, or does not fit the model.
    """
    return read_placed(path, model, shown_as)[0]


def read_placed(
    path: Path, model: type[_Model], shown_as: str | None = None
) -> tuple[_Model, Places]:
    """Contents of a YAML file, and where its keys stand.

    Parameters
    ----------
    path, model, shown_as
        As for `read_yaml`, and with the same errors.

    Returns
    -------
    (model instance, Places)
    """
    name = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise InputError(
            f"no such file: {name}", found=path.name, allowed=siblings or None
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8 text (byte {error.start}); save the file as UTF-8", where=name
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=name) from None
    document = _parsed(text, name)
    if document is None:
        raise InputError("the file is empty", where=name, allowed=model.model_fields)
    if not isinstance(document, CommentedMap):
        raise InputError("the file must hold keys and values", where=f"{name}:1")
    return validated(_plain(document), model, name, document), Places(name, document)


def validated(
    values: dict[str, Any],
    model: type[_Model],
    name: str,
    document: CommentedMap | None = None,
) -> _Model:
    """Plain values as a validated model, the first mistake told as a sentence.

    Parameters
    ----------
    values : dict
        The values to validate.
    model : type
        Pydantic model to fit.
    name : str
        What error messages call the place that the values came from.
    document : CommentedMap, optional
        The parsed YAML that the values came from; it supplies line numbers.

    Returns
    -------
    model instance

    Raises
    ------
    InputError
        The values do not fit; the sentence names place, key and what is allowed.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A mistyped key is told as that, not as the required one that it then lacks.
        found = error.errors(include_url=False)
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
        within = getattr(first.get("ctx", {}).get("error"), "location", ())
        location = _in_document((*first["loc"], *within), values)
        line = _line(document, location)
        where = f"{name}:{line}" if line else name
        raise _as_input_error(first, location, where, model) from None


def _parsed(text: str, name: str) -> Any:
    yaml = YAML(typ="rt", pure=True)
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        problem = (error.problem or error.context or "cannot be parsed").split("\n")[0].strip()
        raise InputError(f"not valid YAML: {problem}", where=where) from None
    except ValueError:
        line, date = _first_false_date(text)
        raise InputError(f"`{date}` is no date of the calendar", where=f"{name}:{line}") from None
    except YAMLError as error:
        raise InputError(f"not valid YAML: {str(error).splitlines()[0]}", where=name) from None


def _first_false_date(text: str) -> tuple[int, str]:
    """Line and text of the first thing that looks like a date and is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        for date in re.findall(r"\b\d{4}-\d\d?-\d\d?\b", line):
            try:
                dt.date(*(int(part) for part in date.split("-")))
            except ValueError:
                return number, date
    return 1, "a value of the file"


def _plain(node: Any) -> Any:
    """Parsed nodes without the parser's own types."""
    if isinstance(node, CommentedMap):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, ScalarBoolean):
        return bool(node)
    if isinstance(node, ScalarInt):
        return int(node)
    if isinstance(node, ScalarFloat):
        return float(node)
    if isinstance(node, TimeStamp):
        return dt.datetime.fromisoformat(node.isoformat())
    return str(node) if isinstance(node, str) else node


def _in_document(location: _Location, values: Any) -> _Location:
    """Location without the steps that pydantic adds for unions."""
    kept: list[str | int] = []
    node = values
    for depth, step in enumerate(location):
        last = depth == len(location) - 1
        if isinstance(node, dict) and (step in node or last):
            kept.append(step)
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            kept.append(step)
            node = node[step]
    return tuple(kept)


def _line(document: CommentedMap | None, location: _Location) -> int | None:
    if document is None:
        return None
    node: Any = document
    line: int = 1
    for step in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(step)[0] + 1
            else:
                line = node.lc.item(step)[0] + 1
            node = node[step]
        except (KeyError, IndexError, AttributeError, TypeError):
            break
    return line


def _as_input_error(
    first: Any, location: _Location, where: str, model: type[BaseModel]
) -> InputError:
    key = ".".join(str(step) for step in location)
    kind, found, context = first["type"], first.get("input"), first.get("ctx", {})
    if kind == "extra_forbidden":
        word = str(location[-1]) if location else "?"
        siblings = _allowed_keys(model, tuple(first["loc"])[:-1])
        return InputError(f"unknown key `{key}`", where=where, found=word, allowed=siblings)
    if kind == "missing":
        return InputError(f"the key `{key}` is missing", where=where)
    if kind == "union_tag_not_found":
        name = context["discriminator"].strip("'")
        return InputError(f"the key `{key}.{name}` is missing", where=where)
    if kind == "union_tag_invalid":
        tag, name = context["tag"], context["discriminator"].strip("'")
        allowed = [part.strip(" '") for part in context["expected_tags"].split(", ")]
        return InputError(
            f"`{key}.{name}` is {_shown(tag)}", where=where, found=tag, allowed=allowed
        )
    if kind in {"literal_error", "enum"}:
        allowed = [part.strip(" '") for part in _listed(context["expected"])]
        return InputError(
            f"`{key}` is {_shown(found)}", where=where, found=str(found), allowed=allowed
        )
    if kind == "value_error":
        inner = context.get("error")
        if isinstance(inner, InputError):
            return InputError(
                f"`{key}`: {inner.what}", where=where, found=inner.found, allowed=inner.allowed
            )
        return InputError(f"`{key}`: {inner}" if key else str(inner), where=where)
    wanted = _WANTED.get(kind)
    if wanted:
        return InputError(f"`{key}` is {_shown(found)}, but must be {wanted}", where=where)
    message = str(first["msg"])
    return InputError(f"`{key}` is {_shown(found)}: {message[0].lower()}{message[1:]}", where=where)


_WANTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number (written without thousands separators)",
    "float_parsing": "a number (written without thousands separators)",
    "decimal_type": "a number (written without thousands separators)",
    "decimal_parsing": "a number (written without thousands separators)",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text (put it in quotes)",
    "date_type": "a date such as 2026-09-30",
    "date_from_datetime_parsing": "a date such as 2026-09-30",
    "date_parsing": "a date such as 2026-09-30",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}


def _listed(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a set of keys"
    return f"`{value}`"


def _allowed_keys(model: type[BaseModel], location: _Location) -> list[str] | None:
    """Keys of the model that stands at `location` inside `model`."""
    fields: Any = model
    tagged: dict[str, Any] = {}
    for step in location:
        if isinstance(step, int) or not _is_model(fields):
            continue
        field = _field(fields, step)
        if field is None:
            fields = tagged.get(step, fields)
            continue
        tagged = _tagged_models(field.annotation)
        fields = _first_model(field.annotation) or fields
    return [_key(n, f) for n, f in fields.model_fields.items()] if _is_model(fields) else None


def _key(name: str, field: Any) -> str:
    """How a file writes a field."""
    return field.alias or name


def _field(model: Any, key: str) -> Any:
    return next((f for n, f in model.model_fields.items() if key == _key(n, f)), None)


def _tagged_models(annotation: Any) -> dict[str, Any]:
    """Models of a union that one key tells apart, by that key's value."""
    found: dict[str, Any] = {}
    for model in _models(annotation):
        for field in model.model_fields.values():
            if get_origin(field.annotation) is Literal:
                found |= dict.fromkeys(map(str, get_args(field.annotation)), model)
                break
    return found


def _models(annotation: Any) -> list[Any]:
    if _is_model(annotation):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models(inner)]


def _first_model(annotation: Any) -> Any:
    if _is_model(annotation):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _first_model(inner)
        if found is not None:
            return found
    return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
