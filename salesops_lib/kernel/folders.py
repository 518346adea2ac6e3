"""Folders that hold sockets: for this user alone, with short paths."""

from __future__ import annotations

import tempfile
from pathlib import Path

__all__ = ["private_folder"]

_LONGEST_ADDRESS = 107
_PREFIX = "salesops-kernels-"


def private_folder(socket: str, server: str = "") -> Path:
    """New folder that only this user may enter.

    Parameters
    ----------
    socket : str
        Longest name of a socket in it: the path of both fits into a socket's address,
        wherever temporary files are kept.
    server : str
        Socket of a kernel server, if there is one: the folder is in the server's own,
        and goes with it even if the process that made it has been killed.
    """
    place = Path(server).parent
    parents = [str(place)] if server and place.is_dir() else []
    for parent in [*parents, tempfile.gettempdir()]:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        if len(bytes(folder / socket)) <= _LONGEST_ADDRESS:
            return folder
        folder.rmdir()
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
