"""How kernels ended: code or signal, peak memory, and a sentence for the reader."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["KernelExit", "announce", "recorded_exits"]

_MEBIBYTE = 1 << 20
_open_records: list[list[KernelExit]] = []


@dataclass(frozen=True)
class KernelExit:
    """The end of a kernel.

    Parameters
    ----------
    kernel_id : str
        Id that its kernel manager gave it.
    pid : int
        Process.
    returncode : int
        Exit code; minus the signal's number when a signal ended it.
    warm : bool
        It was forked from a server of imports.
    requested : bool
        It was asked to end, or ended by whoever had started it.
    peak_memory : int, optional
        Largest resident memory in bytes, shared pages included; None where the
        system does not tell.
    memory_limit : int, optional
        Limit in bytes, when exceeding it is what ended the kernel.
    """

    kernel_id: str
    pid: int
    returncode: int
    warm: bool
    requested: bool
    peak_memory: int | None = None
    memory_limit: int | None = None

    @property
    def signal(self) -> str | None:
        """Name of the signal that ended it, such as ``SIGKILL``; None when none did."""
        if self.returncode >= 0:
            return None
        try:
            return signal.Signals(-self.returncode).name
        except ValueError:
            return f"signal {-self.returncode}"

    @property
    def sentence(self) -> str:
        """What happened, in words.

        Examples
        --------
        >>> KernelExit("k", 1, -9, True, False, peak_memory=3 << 30).sentence
        'the kernel was killed (SIGKILL), most often because memory ran out; peak memory 3,072 MiB'
        >>> KernelExit("k", 1, 137, True, False).sentence
        'the kernel ended by itself with exit code 137'
        """
        if self.memory_limit is not None:
            text = f"the kernel exceeded its memory limit of {_mebibytes(self.memory_limit)}"
        elif self.requested:
            text = "the kernel was ended as requested"
        elif self.signal == "SIGKILL":
            text = "the kernel was killed (SIGKILL), most often because memory ran out"
        elif self.signal:
            text = f"the kernel crashed ({self.signal})"
        else:
            text = f"the kernel ended by itself with exit code {self.returncode}"
        if self.peak_memory is not None:
            text += f"; peak memory {_mebibytes(self.peak_memory)}"
        return text


@contextmanager
def recorded_exits() -> Iterator[list[KernelExit]]:
    """Ends of all kernels that this process's provisioners see while the block is open.

    Examples
    --------
    >>> with recorded_exits() as exits:
    ...     announce(KernelExit("k", 1, 0, warm=True, requested=True))
    >>> exits[0].returncode
    0
    """
    record: list[KernelExit] = []
    _open_records.append(record)
    try:
        yield record
    finally:
        # By identity: two empty records are equal.
        _open_records[:] = [other for other in _open_records if other is not record]


def announce(end: KernelExit) -> None:
    """Add the end of a kernel to all open records."""
    for record in _open_records:
        record.append(end)


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:,.0f} MiB"
