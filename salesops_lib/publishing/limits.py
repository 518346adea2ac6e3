"""Limits of a run as a parameter file writes them: ``30 min``, ``4 GiB``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

__all__ = ["TIME_LIMIT", "MemoryLimit", "TimeLimit", "duration_text"]

TIME_LIMIT = 1800.0
"""Seconds until a run is ended, where the parameter file says nothing."""

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_LONGEST = 24 * 3600
_BYTES = {"MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
# Pages that a warm kernel shares with its server count: below this none could start.
_SMALLEST = 512 << 20
_LARGEST = 1 << 50


def _measured(value: Any, units: Mapping[str, int]) -> float | None:
    """Amount of a text such as ``30 min``; None where it is none."""
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in units:
        return None
    return float(match[1]) * units[match[2]]


def _seconds(value: Any) -> float:
    amount = _measured(value, _SECONDS)
    if amount is None:
        raise ValueError(f"{value!r} is no time limit; write it as 90 s, 30 min or 2 h")
    if not 1 <= amount <= _LONGEST:
        raise ValueError(f"a time limit is between 1 s and 24 h, not {value}")
    return amount


def _size(value: Any) -> int:
    amount = _measured(value, _BYTES)
    if amount is None:
        raise ValueError(f"{value!r} is no memory limit; write it as 800 MiB, 4 GiB or 4 GB")
    if not _SMALLEST <= amount <= _LARGEST:
        raise ValueError(
            f"a memory limit is 512 MiB or more, not {value}: a kernel with its packages"
            " needs most of that"
        )
    return round(amount)


def _schema(units: Mapping[str, int], example: str) -> WithJsonSchema:
    pattern = rf"^\d+(\.\d+)? ?({'|'.join(units)})$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


TimeLimit = Annotated[float, BeforeValidator(_seconds), _schema(_SECONDS, "30 min")]
"""Seconds, from a text such as ``90 s``, ``30 min`` or ``2 h``."""

MemoryLimit = Annotated[int, BeforeValidator(_size), _schema(_BYTES, "4 GiB")]
"""Bytes, from a text such as ``800 MiB`` or ``4 GB``."""


def duration_text(seconds: float) -> str:
    """Duration for readers.

    Examples
    --------
    >>> duration_text(90), duration_text(60), duration_text(2.5)
    ('1.5 minutes', '1 minute', '2.5 seconds')
    """
    amount, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{amount:g} {unit}" + ("" if amount == 1 else "s")
