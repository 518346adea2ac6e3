"""A panel's widgets: what is seen of a `PanelState`, and what a click changes in it.

Imported in interactive sessions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from markupsafe import escape

from salesops_lib.errors import InputError
from salesops_lib.fragments import fragment, grid_html
from salesops_lib.notebook.extension import stylesheet
from salesops_lib.notebook.panel_state import Bar, Choice, PanelState

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["PanelWidget", "panel_widget"]

MOST_BARS = 60
"""Bars drawn; a scope of more parts says so."""

_CHOSEN = "▸ "


class PanelWidget:
    """Controls, bars and deals.

    Parameters
    ----------
    state : PanelState
        What they show.
    """

    def __init__(self, state: PanelState) -> None:
        self.state = state
        self.choice = state.start
        self.group: str | None = None
        self._is_filling = False
        say = state.view.show.say
        self.period = _dropdown(say("Period"), state.periods, self.choice.period)
        scopes = state.scopes(self.choice.period)
        self.scope = _dropdown(say("Scope"), scopes, self.choice.scope)
        self.metric = _dropdown(say("Figure"), state.metrics, self.choice.metric)
        self.comparison = _dropdown(say("Compared with"), state.comparisons, self.choice.comparison)
        self.title = widgets.HTML()
        self.bars = widgets.VBox(layout=widgets.Layout(max_height="26rem", overflow="auto"))
        self.deals = widgets.HTML()
        for control in (self.period, self.scope, self.metric, self.comparison):
            control.observe(self._changed, names="value")
        controls = widgets.HBox(
            [self.period, self.scope, self.metric, self.comparison],
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        style = widgets.HTML(f"<style>{stylesheet('panel')}</style>")
        self.root = widgets.VBox([style, controls, self.title, self.bars, self.deals])
        self.root.add_class("so-panel")
        self._show_bars()

    def _changed(self, _change: Any) -> None:
        if self._is_filling:
            return
        wanted = Choice(
            self.period.value, self.scope.value, self.metric.value, self.comparison.value
        )
        fitting = self.state.fitting(wanted)
        if wanted.period != self.choice.period:
            self._fill_scopes(fitting)
        self.choice, self.group = fitting, None
        self._show_bars()

    def _fill_scopes(self, choice: Choice) -> None:
        """Scopes of another period; nothing else may follow until one is chosen."""
        self._is_filling = True
        try:
            self.scope.options = self.state.scopes(choice.period)
            self.scope.value = choice.scope
        finally:
            self._is_filling = False

    def _show_bars(self) -> None:
        show = self.state.view.show
        hint = show.say("Choose a bar to see its deals.")
        self.deals.value = f"<p class=so-note>{escape(hint)}</p>"
        try:
            bars = self.state.bars(self.choice)
        except InputError as error:
            self.title.value = f"<p role=alert>{escape(str(error))}</p>"
            self.bars.children = ()
            return
        shown = bars.rows[:MOST_BARS]
        title = bars.title
        if len(shown) < len(bars.rows):
            note = show.say(
                "The {shown} largest of {all}.",
                shown=show.count(len(shown)),
                all=show.count(len(bars.rows)),
            )
            title = f"{title}. {note}"
        self.title.value = f"<p class=so-panel-title role=status>{escape(title)}</p>"
        self._close(self.bars.children)
        self.bars.children = tuple(self._row(bar) for bar in shown)

    def _row(self, bar: Bar) -> widgets.HBox:
        button = widgets.Button(
            description=bar.label,
            tooltip=self.state.view.show.say("Show the deals of {name}", name=bar.label),
            layout=widgets.Layout(width="15rem", flex="0 0 auto"),
        )
        button.on_click(lambda _button: self._choose(bar.group))
        drawing = widgets.HTML(
            fragment("bar", row=bar), layout=widgets.Layout(flex="1 1 auto", min_width="0")
        )
        row = widgets.HBox([button, drawing])
        row.group = bar.group
        row.name = bar.label
        return row

    def _choose(self, group: str) -> None:
        self.group = group
        for row in self.bars.children:
            button = row.children[0]
            chosen = row.group == group
            # Told by a sign too, not by colour alone.
            button.description = f"{_CHOSEN}{row.name}" if chosen else row.name
            button.button_style = "primary" if chosen else ""
        try:
            self.deals.value = grid_html(self.state.deals(self.choice, group).grid, 15)
        except InputError as error:
            self.deals.value = f"<p role=alert>{escape(str(error))}</p>"

    @staticmethod
    def _close(rows: tuple[Any, ...]) -> None:
        """Take widgets that are shown no longer out of the kernel and the browser."""
        for row in rows:
            for part in (*row.children, row):
                part.layout.close()
                part.close()


def panel_widget(view: View) -> widgets.VBox:
    """Widget of a panel over a view.

    Parameters
    ----------
    view : View
        The report's view.

    Returns
    -------
    ipywidgets.VBox
    """
    return PanelWidget(PanelState(view)).root


def _dropdown(name: str, options: list[tuple[str, str]], value: str) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=options,
        value=value,
        description=name,
        # Its label, which screen readers tell, is never cut.
        style={"description_width": "initial"},
        layout=widgets.Layout(width="auto", min_width="13rem", margin="0 1rem .4rem 0"),
    )
