"""How one canonical column is read from a source file."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from salesops_lib.data.ingest.functions import EPOCH, ISO
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import Strict

if TYPE_CHECKING:
    from salesops_lib.data.schema import Column

__all__ = [
    "ColumnRule",
    "DateFormats",
    "Encoding",
    "FileName",
    "Lookup",
    "Mark",
    "Membership",
    "Scalar",
    "Separator",
    "TextList",
    "ThousandsMark",
    "check_marks",
    "checked_rule",
    "refused",
]

Scalar: TypeAlias = bool | int | float | dt.date | str
"""What a mapping may put into a cell; the column's own type is checked as well."""

_DIRECTIVES = frozenset("aAbBdjmyYHIpMSfgzZ%")
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "money": (int, float),
    "date": (dt.date,),
    "timestamp": (dt.date,),
}
_WORDS = {
    "string": "a text (put it in quotes)",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "money": "a number",
    "date": "a date such as 2026-09-30",
    "timestamp": "a date such as 2026-09-30",
}


def refused(
    what: str, found: str | None = None, allowed: list[str] | tuple[str, ...] | None = None
) -> ValueError:
    """Refusal in the house's wording, for pydantic to put a place before it."""
    return ValueError(str(InputError(what, found=found, allowed=allowed)))


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


def _date_format(text: str) -> str:
    if text in {ISO, EPOCH}:
        return text
    directives = re.findall(r"%-?(.)", text)
    unknown = [letter for letter in directives if letter not in _DIRECTIVES]
    if unknown:
        raise refused(f"the date format {text!r} holds the unknown `%{unknown[0]}`")
    if not {"y", "Y"} & set(directives) or not {"b", "B", "m", "j"} & set(directives):
        raise refused(
            f'the date format {text!r} must name the year and the month, such as "%Y-%m-%d"'
        )
    return text


def _date_formats(value: Any) -> Any:
    formats = _listed(value)
    if isinstance(formats, list):
        return [_date_format(item) if isinstance(item, str) else item for item in formats]
    return formats


def _text_keys(value: Any) -> Any:
    """Keys as texts: YAML reads ``1:`` and ``true:`` as other things."""
    if not isinstance(value, dict):
        return value
    return {_spelled(key): item for key, item in value.items()}


def _spelled(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | dt.date):
        return str(value)
    return value


def _texts(value: Any) -> Any:
    listed = _listed(value)
    return [_spelled(item) for item in listed] if isinstance(listed, list) else listed


TextList: TypeAlias = Annotated[list[str], BeforeValidator(_texts)]
"""One text or a list of texts; numbers and booleans are taken as they are spelled."""

DateFormats: TypeAlias = Annotated[list[str], Field(min_length=1), BeforeValidator(_date_formats)]
"""One date format or a list that is tried in order."""


def _known_encoding(name: str) -> str:
    if name != "auto":
        try:
            codecs.lookup(name)
        except LookupError:
            usual = ["auto", "cp1252", "latin-1", "utf-8", "utf-16"]
            raise refused(f"unknown encoding {name!r}", name, usual) from None
    return name


def _one_character(separator: str) -> str:
    if separator != "auto" and len(separator) != 1:
        raise refused(f"a separator is one character or auto, not {separator!r}")
    return separator


def _inside_the_folder(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or not name.strip():
        raise refused(f"{name!r} must be the name of a file inside the export folder")
    return name


Encoding: TypeAlias = Annotated[str, AfterValidator(_known_encoding)]
"""Name of a text encoding, or ``auto``."""

Separator: TypeAlias = Annotated[str, AfterValidator(_one_character)]
"""One character, or ``auto``."""

FileName: TypeAlias = Annotated[str, AfterValidator(_inside_the_folder)]
"""Name or pattern of files in the export folder."""

Mark: TypeAlias = Literal[".", ","]
ThousandsMark: TypeAlias = Literal["", ".", ",", " ", "'"]


class Lookup(Strict):
    """A second file that holds the value, found by a key.

    Parameters
    ----------
    file : str
        Name of the file in the export folder.
    key : str
        Its column that is matched with the value at hand; must be unique.
    value : str
        Its column that replaces the value at hand.
    sheet, separator : str, optional
        As for a table's own file.
    keep : bool
        A key that the file does not hold stays as it is, instead of making the row a bad one.
    optional : bool
        Where the export lacks the file: with `keep` the keys stay as they are,
        without it the column is left out.
    """

    file: FileName
    key: str
    value: str
    sheet: str | None = None
    separator: Separator = "auto"
    keep: bool = False
    optional: bool = False


class Membership(Strict):
    """A second file whose keys are asked for, such as the deals that were merged into others.

    Parameters
    ----------
    file : str
        Name of the file in the export folder.
    key : str
        Its column that holds the keys.
    optional : bool
        Where the export lacks the file, no key is in it.
    """

    file: FileName
    key: str
    optional: bool = False

    @property
    def lookup(self) -> Lookup:
        """The file as one that gives each key itself."""
        return Lookup(file=self.file, key=self.key, value=self.key)


def _lookups(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class ColumnRule(Strict):
    """How one canonical column is read.

    In a mapping file the short form ``amount: Amount`` means
    ``amount: {from: Amount}``. Exactly one of `source`, `constant`, `join`,
    `first` and `stage` says where the value comes from; the other keys say
    what is done with it, in the order in which they stand here.

    Parameters
    ----------
    source : str, optional
        Key ``from``: column of the source file.
    constant : text, number, boolean or date, optional
        The same value for every row.
    join : list of str, optional
        Columns put together with `glue` (key ``with``) between them.
    first : list of str, optional
        Columns of which the first one that is not empty counts.
    stage : str, optional
        Column of the mapping's stages table, found by the row's own stage.
    null_values : list of str
        Texts that mean "empty", beside the empty cell itself.
    starting : str, optional
        How an id begins; any other one is taken for empty, such as the id of an
        account where deals are wanted.
    salesforce_id : bool
        Ids of 15 characters get the three that make them ids of 18.
    lookup : list of Lookup
        Second files that replace the value, one after the other.
    aliases : dict of str to str
        Misspellings and the spelling to store; each hit counts as repaired.
    values : dict of str to value
        Every source value and what it means; a value that is missing here is an error.
    remove : list of str
        Texts cut out before a number or date is read, such as ``$``.
    date : list of str, optional
        Date formats, tried in order.
    decimal, thousands : str, optional
        Marks of a number.
    scale : float, optional
        Factor that a number is multiplied by.
    start_of, end_of : str, optional
        First or last day of the month, quarter or year that the date lies in.
    months : int, optional
        Last day of a period of so many months that starts on the date read.
    """

    source: str | None = Field(None, alias="from")
    constant: Scalar | None = None
    join: list[str] | None = Field(None, min_length=1)
    glue: str = Field(" ", alias="with")
    first: list[str] | None = Field(None, min_length=1)
    stage: Literal["is_closed", "is_won", "default_probability", "forecast_category"] | None = None
    null_values: TextList = Field([])
    starting: str | None = Field(None, min_length=1)
    salesforce_id: bool = False
    lookup: Annotated[list[Lookup], BeforeValidator(_lookups)] = Field([])
    aliases: Annotated[dict[str, str], BeforeValidator(_text_keys)] = Field({})
    values: Annotated[dict[str, Scalar], BeforeValidator(_text_keys)] = Field({})
    remove: TextList = Field([])
    date: DateFormats | None = None
    decimal: Mark | None = None
    thousands: ThousandsMark | None = None
    scale: float | None = Field(None, ge=1e-6, le=1e6, strict=False)
    start_of: Literal["month", "quarter", "year"] | None = None
    end_of: Literal["month", "quarter", "year"] | None = None
    months: int | None = Field(None, ge=1, le=120)

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"from": value}
        if isinstance(value, dict):
            allowed = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in allowed:
                    raise refused(f"unknown key `{key}`", found=str(key), allowed=allowed)
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        origins = {
            "from": self.source,
            "constant": self.constant,
            "join": self.join,
            "first": self.first,
            "stage": self.stage,
        }
        given = [key for key, value in origins.items() if value is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise refused(f"needs exactly one origin, found {found}", allowed=tuple(origins))
        check_marks(self.decimal, self.thousands)
        if self.glue != " " and self.join is None:
            raise refused("`with` goes together with `join`")
        if given[0] in {"constant", "stage"}:
            more = sorted(self.model_fields_set - {given[0]})
            if more:
                raise refused(f"`{given[0]}` stands alone, without `{more[0]}`")
        if sum(x is not None for x in (self.start_of, self.end_of, self.months)) > 1:
            raise refused("only one of `start_of`, `end_of` and `months` can be used")
        return self

    @property
    def columns(self) -> list[str]:
        """Source columns that the rule reads."""
        if self.source is not None:
            return [self.source]
        return list(self.join or self.first or [])


def check_marks(decimal: str | None, thousands: str | None, where: str = "") -> None:
    """Refuse one sign in two roles; ValueError."""
    if decimal is not None and decimal == thousands:
        raise refused(
            f"{where}the same sign cannot be the decimal mark and the thousands mark: {decimal!r}"
        )


def checked_rule(rule: ColumnRule, column: Column) -> ColumnRule:
    """Rule, once it is seen to fit the type of its column.

    Raises
    ------
    ValueError
        A key does not fit the column's type, or a value is not allowed in it.
    """
    dated = column.type in {"date", "timestamp"}
    numeric = column.type in {"money", "number", "integer"}
    used = rule.model_fields_set
    for key in ("date", "start_of", "end_of", "months"):
        if key in used and not dated:
            raise refused(f"`{key}` is for dates, but this column holds a {column.type}")
    for key in ("decimal", "thousands", "scale"):
        if key in used and not numeric:
            raise refused(f"`{key}` is for numbers, but this column holds a {column.type}")
    if rule.values and (used & {"date", "decimal", "thousands", "scale", "remove"}):
        raise refused("`values` gives the final value: no format stands beside it")
    for found in ([rule.constant] if rule.constant is not None else []) + [*rule.values.values()]:
        _check_scalar(found, column)
    return rule


def _check_scalar(found: Scalar, column: Column) -> None:
    types = _PYTHON_TYPES[column.type]
    if not isinstance(found, types) or (isinstance(found, bool) and bool not in types):
        raise refused(f"{found!r} stands where {_WORDS[column.type]} is wanted")
    if column.allowed and found not in column.allowed:
        raise refused(f"{found!r} is not allowed here", str(found), column.allowed)
    if column.type in {"money", "number", "integer"} and isinstance(found, int | float):
        if column.minimum is not None and found < column.minimum:
            raise refused(f"{found} is below the minimum {column.minimum:g}")
        if column.maximum is not None and found > column.maximum:
            raise refused(f"{found} is above the maximum {column.maximum:g}")
