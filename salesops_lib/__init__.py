"""Sales operations in notebooks: measures, reports and the data beneath them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"
__all__ = ["__version__", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Set up a notebook; called by ``%load_ext salesops_lib``."""
    from salesops_lib.notebook.extension import load

    load(shell)
