"""Array types, and random numbers that depend on nothing but their key."""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Flags", "Floats", "Ints", "chosen", "evenly_chosen", "evenly_spread", "generator"]

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

# Another edition is another company for every seed; this one is a typical year.
_EDITION = 43

# Multiples of the golden ratio, modulo one, fill the unit interval evenly.
_STEP = 0.6180339887498949


def generator(seed: int, stream: str, division: int = 0) -> np.random.Generator:
    """Random numbers of one stream of one division.

    Parameters
    ----------
    seed : int
        Seed of the whole company.
    stream : str
        What the numbers are for. Streams are independent of each other.
    division : int
        Part of the company.

    Returns
    -------
    numpy Generator

    Examples
    --------
    >>> a, b = generator(1, "deals"), generator(1, "deals")
    >>> bool(a.random() == b.random())
    True
    """
    key = np.random.SeedSequence([_EDITION, seed, zlib.crc32(stream.encode()), division])
    return np.random.Generator(np.random.PCG64(key))


def evenly_spread(start: Floats, rank: Ints) -> Floats:
    """Uniform numbers that fill (0, 1) evenly along `rank`.

    Parameters
    ----------
    start : array
        Uniform starting points.
    rank : array
        Positions along the sequence.

    Returns
    -------
    array
    """
    spread = np.modf(start + rank * _STEP)[0]
    return np.clip(spread, 1e-9, 1 - 1e-9)


def evenly_chosen(chance: Floats, sequence: Ints, start: float) -> Flags:
    """Items chosen with the given chances, by systematic sampling along a sequence.

    Each item is chosen with exactly its chance, but the number chosen in any
    stretch of the sequence is within one of what the chances there add up to:
    the mark of a team that delivers steadily.

    Parameters
    ----------
    chance : array
        Chance of each item, 0 to 1.
    sequence : array
        The items in their order.
    start : float
        Uniform number.

    Returns
    -------
    array of bool

    Examples
    --------
    >>> evenly_chosen(np.full(6, 0.5), np.arange(6), 0.3).tolist()
    [False, True, False, True, False, True]
    """
    after = np.cumsum(chance[sequence]) + start
    result = np.zeros(len(chance), dtype=np.bool_)
    result[sequence] = np.diff(np.floor(after), prepend=np.floor(start)) > 0
    return result


def chosen(uniform: Floats, weights: Floats) -> Ints:
    """Index drawn with the given weights, for each uniform number.

    Examples
    --------
    >>> chosen(np.array([0.1, 0.9]), np.array([1.0, 1.0])).tolist()
    [0, 1]
    """
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(weights) - 1)
