"""Widgets of a forecast's panel: a slider a lever, and the quarters that follow from them.

Imported in interactive sessions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np

from salesops_lib.forecasting.scenarios import Levers, scenario_draws
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.notebook.extension import stylesheet
from salesops_lib.rows import json_number, rows_of

if TYPE_CHECKING:
    from salesops_lib.forecasting.combined import BookingForecast

__all__ = ["ScenarioWidget"]


class ScenarioWidget:
    """Sliders over a forecast, and what the quarters come to.

    Parameters
    ----------
    forecast : BookingForecast
        As it is.
    """

    def __init__(self, forecast: BookingForecast) -> None:
        self.forecast = forecast
        say = forecast.view.show.say
        self.win_rate = _slider(say("Chances of open deals"), -0.5, 0.5, 0.05)
        self.slippage = _slider(say("Share that slips a quarter"), 0.0, 0.6, 0.05)
        self.new_pipeline = _slider(say("Deals not created yet"), -0.5, 1.0, 0.05)
        self.hires = widgets.IntSlider(
            value=0, min=0, max=20, description=say("People hired now"), continuous_update=False,
            style=_STYLE, layout=_layout(),
        )  # fmt: skip
        self.table = widgets.HTML()
        sliders = (self.win_rate, self.slippage, self.new_pipeline, self.hires)
        for slider in sliders:
            slider.observe(self._changed, names="value")
        style = widgets.HTML(f"<style>{stylesheet('panel')}</style>")
        self.root = widgets.VBox([style, *sliders, self.table])
        self.root.add_class("so-panel")
        self._show()

    @property
    def levers(self) -> Levers:
        """What the sliders say."""
        return Levers(
            self.win_rate.value, self.slippage.value, self.new_pipeline.value, self.hires.value
        )

    def _changed(self, _change: Any) -> None:
        self._show()

    def _show(self) -> None:
        self.table.value = grid_html(self.grid)

    @property
    def grid(self) -> Grid:
        """The quarters as they would be."""
        found, show = self.forecast, self.forecast.view.show
        say = show.say
        headers = (
            (say("Quarter"), "text"),
            (say("Forecast, {currency}", currency=show.currency), "number"),
            (say("80% from"), "number"),
            (say("80% to"), "number"),
            (say("Change, {currency}", currency=show.currency), "number"),
            (say("Chance of the goal"), "number"),
        )
        rows = []
        draws = scenario_draws(found, self.levers)
        for row, drawn in zip(rows_of(found.own), draws, strict=True):
            low, high = np.quantile(drawn, [0.1, 0.9], method="inverted_cdf")
            mean = float(drawn.mean())
            chance = float((drawn >= row.goal).mean()) if row.goal > 0 else None
            rows.append((
                Cell(show.period(row.period), "head"),
                Cell(show.amount(mean, 0), number=mean),
                Cell(show.amount(float(low), 0)),
                Cell(show.amount(float(high), 0)),
                Cell(show.amount(round(mean - row.forecast, 2), 0)),
                Cell(show.value(json_number(chance), "share")),
            ))  # fmt: skip
        return Grid(say("What if"), headers, tuple(rows), show=show)


_STYLE = {"description_width": "14rem"}


def _layout() -> Any:
    return widgets.Layout(width="34rem", max_width="100%")


def _slider(name: str, least: float, most: float, step: float) -> Any:
    return widgets.FloatSlider(
        value=0.0, min=least, max=most, step=step, description=name, continuous_update=False,
        readout_format="+.0%", style=_STYLE, layout=_layout(),
    )  # fmt: skip
