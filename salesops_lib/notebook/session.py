"""Whether somebody sits before the notebook, or a program runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["is_interactive"]


def is_interactive(shell: InteractiveShell | None) -> bool:
    """Whether the cell that runs was sent by a front end in which a person can answer.

    With each cell a front end says whether the kernel may ask its user for input
    (``allow_stdin`` of the Jupyter protocol). JupyterLab, the classic notebook and
    VS Code say yes; papermill, nbclient, nbconvert and nbval say no, whichever
    kernel and environment they run it in.

    Parameters
    ----------
    shell : InteractiveShell or None
        The kernel's shell, as from ``IPython.get_ipython()``.

    Returns
    -------
    bool
        False where there is no kernel, as in plain Python.

    Examples
    --------
    >>> is_interactive(None)
    False
    """
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    request = kernel.get_parent("shell") or {}
    return bool(request.get("content", {}).get("allow_stdin", False))
