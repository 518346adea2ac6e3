"""A plan's panel: its state, its widgets without a front end, its grid in a report."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.attainment_paths import ResultPaths
from salesops_lib.compensation.panel import PlanPanelState
from salesops_lib.compensation.plan_curves import plan_curves
from salesops_lib.compensation.plan_knobs import plan_knob, usual_knobs
from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter
from salesops_lib.notebook import plan_panel
from salesops_lib.results import MIME

Q1 = FiscalCalendar().period("2026-Q1")
WIDGET = "application/vnd.jupyter.widget-view+json"
TIMES = "part 0.tiers.1.times"


@pytest.fixture
def state(small):
    """1x up to the quota of 1,000, 3x above it; target 12,000; 50, 100 and 150 % reached."""
    plan = small.make_plan(
        small.tiered(small.tier("0%", times=1), small.tier("100%", times=3)),
    )
    curves = plan_curves(plan, small.make_people("A", "B", "C"), None, [Q1])
    cents = np.array([[[50_000], [100_000], [150_000]]], dtype=np.int64)
    paths = ResultPaths({"bookings": cents}, "bookings", np.full((1, 3), 100_000), "past")
    knobs = (
        plan_knob(plan, TIMES, 1, 5, 0.5),
        plan_knob(plan, "part 0.tiers.1.from", "50%", "150%", "25%"),
    )
    return PlanPanelState(curves, paths, knobs, Formatter(), budget_cents=4_000_000)


def test_it_starts_with_the_plan_as_it_is(state):
    found = state.turned(state.start)
    assert found.settings == {TIMES: "3x", "part 0.tiers.1.from": "100%"}
    assert found.outcome == found.before
    assert (found.curve["before"] == found.curve["after"]).all()
    assert found.outcome.p_over == 1.0


def test_turning_moves_curve_cost_and_fairness_at_once(state):
    found = state.turned(state.start | {TIMES: 0})
    at = found.curve.set_index("attainment").round(6)
    assert at.loc[2.0].tolist() == [4.0, 2.0]
    assert at.loc[0.5].tolist() == [0.5, 0.5]
    assert (found.before.cost_cents, found.outcome.cost_cents) == (4_800_000, 3_600_000)
    assert (found.outcome.gap, found.outcome.p_over) == (0.0, 0.0)
    assert found.outcome.losers == pytest.approx(1 / 3)
    assert "200% at 200%, 400% as it is" in found.alt
    assert found.grid.rows[0][2].text == "€36K"


def test_a_plan_between_two_notches_starts_as_it_is(state, small):
    knob = plan_knob(state.curves.plan, TIMES, 1, 5, 0.4)
    other = PlanPanelState(state.curves, state.paths, (knob,), Formatter())
    # 3 lies on no notch; 5 is not turned unless somebody does so.
    assert other.turned(other.start).settings == {TIMES: "3x"}


def test_the_grid_turns_one_number_at_a_time(state):
    found = state.scenarios()
    rows = found.frame[["knob", "value", "change_cents"]].to_numpy().tolist()
    assert rows == [
        ["", "", 0], [TIMES, "1x", -1_200_000], [TIMES, "5x", 1_200_000],
        ["part 0.tiers.1.from", "50%", 2_400_000], ["part 0.tiers.1.from", "150%", -1_200_000],
    ]  # fmt: skip
    assert found.headline.startswith(
        "Of the numbers tried, part 0.tiers.1.from at 50% moves the cost most: +€24"
    )


def test_a_value_that_makes_no_plan_has_a_dash(state, small):
    plan = small.make_plan(small.tiered(small.tier("50%", times=1), small.tier("100%", times=3)))
    knob = plan_knob(plan, "part 0.tiers.0.from", "25%", "125%", "25%")
    curves = plan_curves(plan, state.curves.people, None, [Q1])
    own = PlanPanelState(curves, state.paths, (knob,), Formatter())
    assert own.scenarios().grid.rows[2][2].text == "–"
    with pytest.raises(InputError, match="must rise"):
        own.turned({knob.name: 4})


# Widgets


@pytest.fixture
def widget(state):
    from salesops_lib.notebook.plan_panel_widgets import PlanPanelWidget

    made = PlanPanelWidget(state)
    yield made
    made.root.close()


def test_a_slider_changes_all_three_and_the_button_takes_it_back(widget):
    assert [slider.description for slider in widget.sliders.values()] == [
        TIMES, "part 0.tiers.1.from"
    ]  # fmt: skip
    before = widget.message.value, widget.curve.value, widget.figures.value
    assert "<svg" in before[1]
    widget.sliders[TIMES].value = 0
    assert "€36K" in widget.message.value
    assert widget.curve.value != before[1]
    assert "<table" in widget.figures.value
    widget.back.click()
    assert (widget.message.value, widget.curve.value, widget.figures.value) == before


def test_what_makes_no_plan_is_a_sentence_and_no_old_chart(widget, monkeypatch):
    def fail(*_):
        raise InputError("the tiers of <b> must rise")

    monkeypatch.setattr(PlanPanelState, "turned", fail)
    widget.sliders[TIMES].value = 1
    assert "the tiers of &lt;b&gt; must rise" in widget.message.value
    assert widget.curve.value == widget.figures.value == ""


# In a report


def with_kernel(monkeypatch, allowed):
    request = {"content": {"allow_stdin": allowed}}
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda _channel: request))
    monkeypatch.setattr("salesops_lib.notebook.plan_panels.get_ipython", lambda: shell)


def test_a_person_gets_sliders_and_a_program_the_grid_alone(state, monkeypatch):
    with_kernel(monkeypatch, allowed=True)
    bundle = plan_panel(state)._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"]
    assert "One number adjusted at a time" in bundle["text/html"]
    with_kernel(monkeypatch, allowed=False)
    first, again = (plan_panel(state)._repr_mimebundle_() for _ in range(2))
    assert first == again
    assert WIDGET not in first
    assert first[MIME]["kind"] == "plan_scenarios"


def test_usual_knobs_turn_within_a_third(state):
    for knob in usual_knobs(state.curves.plan):
        assert knob.low < knob.now < knob.high
        assert knob.high - knob.now <= knob.now / 3 + knob.step


def test_a_report_builds_no_widgets():
    code = (
        "import sys\nimport salesops_lib.compensation.panel\n"
        "from salesops_lib.notebook import plan_panel\n"
        "print('salesops_lib.notebook.plan_panel_widgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
