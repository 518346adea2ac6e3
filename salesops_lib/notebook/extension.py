"""``%load_ext salesops_lib``: theme, styles, wide tables, fresh code, readable errors."""

from __future__ import annotations

import os
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import HTML, display

from salesops_lib.errors import SalesOpsError
from salesops_lib.theme import apply_theme

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["AUTORELOAD", "load", "stylesheet"]

_WIDEST = 60
_WHOLE_FROM = 10_000

AUTORELOAD = "SALESOPS_AUTORELOAD"
"""Environment variable; ``0`` where nobody edits modules between two cells."""


def load(shell: InteractiveShell) -> None:
    """Set up a kernel for a sales-operations notebook.

    Sets the chart theme, shows our fragments in their styles, shows a frame with all
    its columns and amounts with separators, reloads edited library modules before
    each cell (not in a batch), and shortens the traceback of an error that a user can
    act on. Loading it again changes nothing.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's shell.
    """
    apply_theme()
    pd.set_option(
        *("display.max_columns", _WIDEST),
        *("display.max_colwidth", _WIDEST),
        *("display.float_format", _number),
    )
    if os.environ.get(AUTORELOAD, "1") != "0":
        shell.run_line_magic("load_ext", "autoreload")
        shell.run_line_magic("autoreload", "2")
    shell.set_custom_exc((SalesOpsError,), _told)
    # The report's template brings its own copy.
    display(HTML(f"<style>{stylesheet()}</style>"), metadata={"salesops": "style"})


def stylesheet(name: str = "fragments") -> str:
    """CSS of the fragments, for JupyterLab and for reports alike; or of panels."""
    # Not by its name: whatever names the package depends on all its parts.
    style = resources.files(__package__).joinpath("style", f"{name}.css")
    return style.read_text(encoding="utf-8")


def _number(number: float) -> str:
    """Number of a frame: amounts whole with separators, shares to four digits."""
    return f"{number:,.0f}" if abs(number) >= _WHOLE_FROM else f"{number:,.4g}"


def _told(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, **_: Any) -> Any:
    """The sentence first; the full trace stays below it, as the kernel's protocol wants."""
    shell.showtraceback((kind, error, trace), tb_offset=1)
    return [f"{kind.__name__}: {error}"]
