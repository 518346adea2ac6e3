"""Record ids in the shape that a CRM gives them, and columns built in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Ints

__all__ = ["dates", "moments", "money", "record_ids", "words"]


def record_ids(prefix: str, number: Ints) -> pa.Array:
    """Ids of 18 characters: the object's prefix, a number, a suffix.

    Parameters
    ----------
    prefix : str
        Three characters that name the kind of record.
    number : array
        Numbers from 0, below 10 billion.

    Returns
    -------
    pyarrow string array

    Examples
    --------
    >>> record_ids("006", np.array([42])).to_pylist()
    ['006HS0000000042AAE']
    """
    # Ten billion in front gives every number the same length; its 1 is cut off.
    digits = pc.cast(pa.array(np.asarray(number, dtype=np.int64) + 10**10), pa.string())
    return pc.binary_join_element_wise(f"{prefix}HS", pc.utf8_slice_codeunits(digits, 1), "AAE", "")


def money(cents: Ints, missing: object = None) -> pa.Array:
    """Amounts with two decimals from whole cents.

    Parameters
    ----------
    cents : array
        Amounts in cents.
    missing : array of bool, optional
        Where the amount is empty.

    Returns
    -------
    pyarrow decimal array

    Examples
    --------
    >>> money(np.array([1250, -5])).to_pylist()
    [Decimal('12.50'), Decimal('-0.05')]
    """
    low = np.ascontiguousarray(cents, dtype="<i8")
    # A decimal of 128 bits is its low half and its high half, which repeats the sign.
    halves = np.stack([low, low >> 63], axis=1)
    column = pa.Array.from_buffers(
        pa.decimal128(18, 2), len(low), [None, pa.py_buffer(halves.tobytes())]
    )
    if missing is None:
        return column
    return pc.if_else(pa.array(missing), pa.scalar(None, column.type), column)


def dates(days: Ints, missing: object = None) -> pa.Array:
    """Dates from day numbers, empty where `missing` is true."""
    return pa.array(np.asarray(days).astype(np.int32), mask=missing).cast(pa.date32())


def moments(seconds: Ints) -> pa.Array:
    """UTC timestamps from seconds since 1970."""
    return pa.array(np.asarray(seconds, dtype=np.int64)).cast(pa.timestamp("s", tz="UTC"))


def words(choices: tuple[str, ...] | list[str], number: Ints, missing: object = None) -> pa.Array:
    """Texts from their numbers in a list, empty where `missing` is true."""
    return pa.array(list(choices)).take(pa.array(np.asarray(number), mask=missing))
