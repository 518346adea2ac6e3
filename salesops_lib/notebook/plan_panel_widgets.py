"""Widgets of a plan's panel: a slider a knob, the payout curve, cost and fairness.

Imported in interactive sessions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from markupsafe import escape

from salesops_lib.compensation.plots_what_if import plot_turned_plan
from salesops_lib.errors import InputError
from salesops_lib.fragments import grid_html
from salesops_lib.notebook.extension import stylesheet
from salesops_lib.notebook.figures import figure

if TYPE_CHECKING:
    from salesops_lib.compensation.panel import PlanPanelState

__all__ = ["PlanPanelWidget"]


class PlanPanelWidget:
    """Sliders over a plan's numbers, and what they come to.

    Parameters
    ----------
    state : PlanPanelState
        What they turn.
    """

    def __init__(self, state: PlanPanelState) -> None:
        self.state = state
        self._is_resetting = False
        start = state.start
        self.sliders = {
            knob.name: widgets.SelectionSlider(
                options=[
                    (knob.text(knob.now if notch == start[knob.name] else knob.at(notch)), notch)
                    for notch in range(knob.notches)
                ],
                value=start[knob.name],
                description=knob.name,
                # The answer comes when the slider is let go.
                continuous_update=False,
                style={"description_width": "16rem"},
                layout=widgets.Layout(width="34rem", max_width="100%"),
            )
            for knob in state.knobs
        }
        self.back = widgets.Button(
            description=state.show.say("As it is"),
            tooltip=state.show.say("Set all numbers back to those of the plan"),
        )
        self.back.on_click(lambda _button: self._reset())
        self.message = widgets.HTML()
        self.curve = widgets.HTML(layout=widgets.Layout(flex="1 1 22rem", min_width="0"))
        self.figures = widgets.HTML(layout=widgets.Layout(flex="1 1 22rem", min_width="0"))
        for slider in self.sliders.values():
            slider.observe(self._changed, names="value")
        style = widgets.HTML(f"<style>{stylesheet('panel')}</style>")
        shown = widgets.HBox(
            [self.curve, self.figures], layout=widgets.Layout(flex_flow="row wrap")
        )
        self.root = widgets.VBox([style, *self.sliders.values(), self.back, self.message, shown])
        self.root.add_class("so-panel")
        self._show()

    def _changed(self, _change: Any) -> None:
        if not self._is_resetting:
            self._show()

    def _reset(self) -> None:
        self._is_resetting = True
        try:
            for name, notch in self.state.start.items():
                self.sliders[name].value = notch
        finally:
            self._is_resetting = False
        self._show()

    def _show(self) -> None:
        notches = {name: slider.value for name, slider in self.sliders.items()}
        try:
            found = self.state.turned(notches)
        except InputError as error:
            # What was shown was of another setting.
            self.message.value = f"<p role=alert>{escape(str(error))}</p>"
            self.curve.value = self.figures.value = ""
            return
        self.message.value = f"<p class=so-panel-title role=status>{escape(found.headline)}</p>"
        drawn = figure(plot_turned_plan, found)
        self.curve.value = "" if drawn is None else drawn._repr_mimebundle_()["text/html"]
        self.figures.value = grid_html(found.grid)
