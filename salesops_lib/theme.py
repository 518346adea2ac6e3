"""The look of every chart: one theme, one palette tested for contrast.

Charts are drawn in ink colours that the page replaces by its own variables, so
that one picture serves light and dark.
"""

from __future__ import annotations

from typing import Any

import seaborn as sns

__all__ = [
    "ACCENT",
    "INK",
    "LINE",
    "MUTED",
    "PALETTE",
    "PAPER",
    "PLAN",
    "RC",
    "SOFT",
    "VARIABLES",
    "VIOLET",
    "apply_theme",
]

INK = "#1b2733"
MUTED = "#55606c"
LINE = "#d9dee4"
ACCENT = "#1f3a5f"
SOFT = "#7c93b2"
PLAN = "#b1510f"
VIOLET = "#7b2fb0"
GOOD = "#0b6b46"
BAD = "#a4262c"
PAPER = "#ffffff"

PALETTE = (ACCENT, SOFT, PLAN, VIOLET)
"""Series colours: each at least 3:1 against the page, and apart from each other in
grey and for the three kinds of colour blindness. Good and bad news are no series:
they never stand without a sign or a word."""

VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    ACCENT: "--accent",
    SOFT: "--soft",
    PLAN: "--plan",
    VIOLET: "--violet",
    GOOD: "--good",
    BAD: "--bad",
    PAPER: "--paper",
}
"""CSS variable that stands for each colour on the page."""

RC: dict[Any, Any] = {
    **sns.axes_style("whitegrid"),
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "sans-serif",
    # Present wherever matplotlib is; widths of text are the same on every machine.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "patch.edgecolor": "none",
    "patch.force_edgecolor": False,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "salesops",
    "text.color": INK,
    "legend.fontsize": 8.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.bottom": False,
    "ytick.left": False,
    # A deal's or team's name may hold a dollar sign: it is text, never a formula.
    "text.parse_math": False,
}
"""Settings of the theme. Figures hold to them whatever the kernel has set."""


def apply_theme() -> None:
    """Set the theme for all charts of this kernel."""
    sns.set_theme(style="whitegrid", palette=list(PALETTE), rc=RC)
