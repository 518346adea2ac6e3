"""Judgements of a plan with all that a figure says beside its chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.compensation.plots_gaming import plot_threshold_bunching
from salesops_lib.compensation.plots_judgement import (
    plot_attainment_distribution,
    plot_pay_performance,
)
from salesops_lib.results import Drawn
from salesops_lib.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from salesops_lib.compensation.attainment_distribution import AttainmentDistribution
    from salesops_lib.compensation.pay_performance import PayPerformance
    from salesops_lib.compensation.threshold_bunching import ThresholdBunching
    from salesops_lib.formats import Formatter
    from salesops_lib.fragments import Grid

__all__ = [
    "JudgedChart",
    "bunching_chart",
    "distribution_chart",
    "performance_chart",
    "plot_judged",
    "sourced",
]


@dataclass(frozen=True, eq=False)
class JudgedChart:
    """A judgement as `figure` takes it.

    Parameters
    ----------
    result : Any
        The judgement.
    plot : callable
        Its plot function.
    alt : str
        The chart in words.
    caption : str
        What is drawn.
    drawn : Drawn
        Unit, comparison and uncertainty.
    is_drawn : bool
        Whether there is enough to draw; otherwise its headline stands alone.
    """

    result: Any
    plot: Callable[[Any, Axes | None], Axes]
    alt: str
    caption: str
    drawn: Drawn
    is_drawn: bool

    @property
    def undrawn(self) -> str:
        """Why there is no chart; empty where there is one."""
        return "" if self.is_drawn else self.headline

    @property
    def headline(self) -> str:
        """That of the judgement."""
        return str(self.result.headline)

    @property
    def grid(self) -> Grid:
        """That of the judgement."""
        found: Grid = self.result.grid
        return found

    def records(self) -> dict[str, Any]:
        """Those of the judgement."""
        found: dict[str, Any] = self.result.records()
        return found


def plot_judged(result: JudgedChart, ax: Axes | None = None) -> Axes:
    """The judgement's own chart.

    Parameters
    ----------
    result : JudgedChart
        What to draw.
    ax : Axes, optional
        Where to draw. Default: axes of their own.

    Returns
    -------
    Axes
    """
    return result.plot(result.result, ax)


def sourced(
    result: Any, plot: Callable[[Any, Axes | None], Axes], show: Formatter, period: str, source: str
) -> JudgedChart:
    """A chart of a plan whose caption names period and snapshot, as all of a report do.

    Parameters
    ----------
    result : Any
        With headline, alt, caption, drawn, grid and records.
    plot : callable
        Its plot function.
    show : Formatter
        Formats of the report.
    period : str
        When, for readers.
    source : str
        Id of the snapshot.

    Returns
    -------
    JudgedChart
    """
    caption = show.say(
        "{caption} {period}. Source: snapshot {snapshot}.",
        caption=result.caption,
        period=period,
        snapshot=source,
    )
    is_drawn = not getattr(result, "undrawn", "")
    alt = result.alt if is_drawn else ""
    return JudgedChart(result, plot, alt, caption, result.drawn, is_drawn)


def distribution_chart(result: AttainmentDistribution, source: str) -> JudgedChart:
    """Shares of reps by attainment, beside those aimed at."""
    show, table = result.table.show, result.table
    is_drawn = result.distance.number is not None
    rows = rows_of(result.frame) if is_drawn else iter(())
    most = max(rows, key=lambda row: row.share, default=None)
    alt = show.say(
        "Bar chart of {reps} reps by attainment, beside the target. Largest band: from {level}, "
        "with {share} of the reps; the target has {target}.",
        reps=show.count(result.distance.n or 0),
        level=show.share(most.low_edge if most else 0, 0),
        share=show.share(most.share if most else 0, 0),
        target=show.share(most.target if most else 0, 0),
    )
    caption = show.say("Share of the reps by attainment in {period}, with 95% intervals; dashed: "
                       "the target. Source: snapshot {snapshot}.", period=table.label(),
                       snapshot=source)  # fmt: skip
    drawn = Drawn("%", show.say("none: the target is drawn"), "interval")
    return JudgedChart(result, plot_attainment_distribution, alt, caption, drawn, is_drawn)


def performance_chart(result: PayPerformance, source: str) -> JudgedChart:
    """Pay against attainment, a dot a rep without a name."""
    show, frame = result.table.show, result.frame
    ends = (frame["pay_ratio"].min(), frame["pay_ratio"].max()) if result.is_computable else (0, 0)
    alt = show.say(
        "Dots of {reps} reps, without names: attainment across, variable pay ÷ target upwards, "
        "from {low} to {high}.",
        reps=show.count(len(frame)),
        low=show.share(float(ends[0]), 0),
        high=show.share(float(ends[1]), 0),
    )
    caption = show.say(
        "Each dot is a rep, {period}; the cross is pay at target for reaching the quota. "
        "Source: snapshot {snapshot}.",
        period=result.table.label(),
        snapshot=source,
    )
    drawn = Drawn("%", show.say("none: one period of each rep"), "n")
    return JudgedChart(result, plot_pay_performance, alt, caption, drawn, result.is_computable)


def bunching_chart(result: ThresholdBunching, periods: str, source: str) -> JudgedChart:
    """Attainments by bin about the quota, with the smooth curve through the others."""
    show, cases = result.show, result.frame[result.frame["level"] == "all"]
    alt = show.say(
        "Bars of {cases} attainments by bins of 4 points about the quota, with a smooth curve "
        "through the bins away from it, {periods}.",
        cases=show.count(int(cases["n"].sum())),
        periods=periods,
    )
    caption = show.say(
        "Attainments by rep and pay period, {periods}; line: what chance alone would give. "
        "Source: snapshot {snapshot}.",
        periods=periods,
        snapshot=source,
    )
    drawn = Drawn(show.say("reps"), show.say("none: all periods together"), "interval")
    is_drawn = result.is_computable and result.estimate is not None
    return JudgedChart(result, plot_threshold_bunching, alt, caption, drawn, is_drawn)
