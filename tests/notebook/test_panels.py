"""A panel: its state without a browser, its widgets without a front end, its table in a report."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from types import SimpleNamespace

import pytest

from salesops_lib.errors import InputError
from salesops_lib.notebook import open_report
from salesops_lib.notebook import panel as panel_of
from salesops_lib.notebook.panel_state import Choice, PanelState
from salesops_lib.results import MIME

AS_OF = dt.date(2026, 9, 30)
HIRED = dt.date(2020, 1, 1)
WIDGET = "application/vnd.jupyter.widget-view+json"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def snapshot(make_snapshot, deal):
    """Region North with teams A and B; South begins this quarter, with one rep of B's."""
    teams = (
        ("R1", "A", "North", HIRED),
        ("R2", "B", "North", HIRED),
        ("R3", "B", "North", HIRED),
        ("R3", HOSTILE, "South", dt.date(2026, 7, 1)),
    )
    euro = {"currency": "EUR"}
    return make_snapshot(
        AS_OF,
        opportunities=[
            deal(1, "2026-05-01", "2026-07-01", "100.00", won=True, **euro),
            deal(2, "2026-05-01", "2026-08-01", "40.00", won=True, owner="R2", **euro),
            deal(3, "2026-06-01", "2026-08-02", "10.00", won=True, owner="R3", **euro)
            | {"name": HOSTILE},
            deal(4, "2026-02-01", "2026-05-02", "80.00", won=True, **euro),
            deal(5, "2026-02-01", "2026-05-03", "200.00", won=True, owner="R2", **euro),
            deal(6, "2026-08-01", "2026-08-03", "5.00", won=False, owner="R2", **euro),
        ],
        reps=[{"rep_id": f"R{n}", "name": f"Name of R{n}", "hire_date": HIRED} for n in (1, 2, 3)],
        rep_assignments=[
            {"rep_id": rep, "team": team, "region": region, "role": "rep", "effective_from": day}
            for rep, team, region, day in teams
        ],
    )


@pytest.fixture
def opened(snapshot):
    def opened(**changed):
        cell = {"snapshot": str(snapshot.path), "as_of": "2026-09-30", "period": "2026-Q3"}
        return open_report(cell | changed, name="review", title="Review")

    return opened


@pytest.fixture
def state(opened):
    return PanelState(opened().view)


def test_it_starts_with_the_report_itself(state):
    assert state.start == Choice("2026-Q3", "company", "bookings", "prior")
    bars = state.bars(state.start)
    assert bars.title == "Bookings of the company by region, 2026-Q3"
    # 140 now against 280 before, which is the longest; 10 against nothing.
    assert [(b.label, b.text, b.change, b.length, b.compared) for b in bars.rows] == [
        ("North", "€140", "−50.0% on 2026-Q2", 50.0, 100.0),
        ("South", "€10.00", "", 3.6, 0.0),
    ]


def test_another_scope_has_other_parts(state):
    north = Choice("2026-Q3", "region:North", "bookings", "none")
    assert [(b.label, b.length, b.compared) for b in state.bars(north).rows] == [
        ("A", 100.0, 0.0),
        ("B", 40.0, 0.0),
    ]
    assert state.parts(Choice("2026-Q3", "team:B")) == "rep"
    assert state.parts(Choice("2026-Q3", "rep:R1")) == "product"


def test_a_bar_opens_into_its_deals(state):
    north = Choice("2026-Q3", "region:North", "win_rate", "prior")
    (a, b) = state.bars(north).rows
    assert (a.label, a.text, b.label, b.text) == ("A", "100.0%", "B", "50.0%")
    assert b.note.endswith("2 deals")
    assert state.deals(north, b.group).frame["opportunity_id"].tolist() == ["D2", "D6"]


def test_choices_are_what_there_is(state):
    # Nothing has closed before May 2026.
    assert state.periods == [("2026-Q3", "2026-Q3"), ("2026-Q2", "2026-Q2")]
    assert state.scopes("2026-Q3") == [
        ("Company", "company"),
        ("Region: North", "region:North"),
        ("Region: South", "region:South"),
        (f"Team: {HOSTILE}", f"team:{HOSTILE}"),
        ("Team: A", "team:A"),
        ("Team: B", "team:B"),
        ("Rep: Name of R1", "rep:R1"),
        ("Rep: Name of R2", "rep:R2"),
        ("Rep: Name of R3", "rep:R3"),
    ]
    assert "region:South" not in [value for _label, value in state.scopes("2026-Q2")]
    assert len(state.metrics) == 9


def test_a_scope_that_was_not_there_yet_gives_way_to_the_reports_own(state):
    assert state.fitting(Choice("2026-Q2", "region:South")).scope == "company"
    assert state.fitting(Choice("2026-Q2", "region:North")).scope == "region:North"


@pytest.mark.parametrize(
    ("audience", "scope"), [("rep", "rep:R1"), ("manager", "team:A"), ("manager", "region:North")]
)
def test_others_than_leadership_see_their_own_scope_only(opened, audience, scope):
    state = PanelState(opened(scope=scope, audience=audience).view)
    assert [value for _label, value in state.scopes("2026-Q3")] == [scope]
    choice = Choice("2026-Q2", scope)
    assert state.seen(choice).audience == audience
    with pytest.raises(InputError, match="is not for the audience"):
        state.bars(Choice("2026-Q3", "company"))


def test_a_view_is_opened_once(state):
    assert state.seen(state.start) is state.view
    north = Choice("2026-Q3", "region:North")
    assert state.seen(north) is state.seen(Choice("2026-Q3", "region:North", "win_rate", "none"))


def test_the_open_pipeline_is_compared_with_nothing(state, make_snapshot, deal):
    rows = [deal(1, "2026-05-01", "2026-12-01", "5.00"), deal(2, "2026-05-01", "2026-12-01", None)]
    view = open_report(
        {"snapshot": str(make_snapshot(AS_OF, opportunities=rows).path), "period": "2026-Q3"},
        name="x", title="x",
    ).view  # fmt: skip
    (bar,) = PanelState(view).bars(Choice("2026-Q3", "company", "open_pipeline", "last_year")).rows
    assert (bar.text, bar.change, bar.length) == ("–", "", 0.0)
    assert bar.note == "50% of the open deals have no amount"


# Widgets


@pytest.fixture
def widget(state):
    from salesops_lib.notebook.panel_widgets import PanelWidget

    made = PanelWidget(state)
    yield made
    made.root.close()


def buttons(widget):
    return [row.children[0] for row in widget.bars.children]


def test_every_control_has_a_name(widget):
    controls = (widget.period, widget.scope, widget.metric, widget.comparison)
    assert [c.description for c in controls] == ["Period", "Scope", "Figure", "Compared with"]
    assert all(button.description and button.tooltip for button in buttons(widget))


def test_choosing_changes_bars_and_forgets_the_bar_chosen_before(widget):
    buttons(widget)[0].click()
    assert widget.group == "North"
    assert "D2" in widget.deals.value
    assert "D4" not in widget.deals.value
    assert [b.description for b in buttons(widget)] == ["▸ North", "South"]
    widget.scope.value = "region:North"
    assert [b.description for b in buttons(widget)] == ["A", "B"]
    assert widget.group is None
    assert "Choose a bar" in widget.deals.value
    widget.period.value = "2026-Q2"
    assert "2026-Q2" in widget.title.value
    assert [b.description for b in buttons(widget)] == ["B", "A"]


def test_a_period_without_the_scope_falls_back_and_shows_it(widget):
    widget.scope.value = "region:South"
    widget.period.value = "2026-Q2"
    assert widget.scope.value == "company"
    assert "of the company" in widget.title.value


def test_bars_that_are_gone_leave_the_kernel(widget):
    gone = buttons(widget)[0]
    widget.metric.value = "win_rate"
    assert gone.comm is None


def test_an_error_is_a_sentence_in_the_panel(widget, monkeypatch):
    def fail(*_):
        raise InputError("no rate from <b> to EUR")

    monkeypatch.setattr(PanelState, "bars", fail)
    widget.metric.value = "win_rate"
    assert "no rate from &lt;b&gt; to EUR" in widget.title.value
    assert widget.bars.children == ()


def test_names_from_data_become_no_markup(widget):
    widget.scope.value = "region:South"
    assert buttons(widget)[0].description == HOSTILE
    buttons(widget)[0].click()
    shown = widget.deals.value + widget.title.value
    shown += "".join(row.children[1].value for row in widget.bars.children)
    assert "&lt;img" in shown
    assert "<img" not in shown


# In a report


def with_kernel(monkeypatch, allowed):
    request = {"content": {"allow_stdin": allowed}}
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda _channel: request))
    monkeypatch.setattr("salesops_lib.notebook.panels.get_ipython", lambda: shell)


def test_a_person_gets_the_widget_and_the_table_stays_for_paper(opened, monkeypatch):
    with_kernel(monkeypatch, allowed=True)
    bundle = panel_of(opened())._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"]
    assert "Highest and lowest region of each figure, 2026-Q3" in bundle["text/html"]


def test_a_program_gets_the_table_alone_and_the_same_one_each_time(opened, monkeypatch):
    with_kernel(monkeypatch, allowed=False)
    first, again = (panel_of(opened())._repr_mimebundle_() for _ in range(2))
    assert first == again
    assert WIDGET not in first
    assert first[MIME]["kind"] == "extremes"


def test_the_same_name_is_the_function_however_often_it_is_imported():
    from salesops_lib.notebook import panel as again

    assert again is panel_of


def test_a_report_builds_no_widgets(snapshot):
    code = (
        "import sys\nfrom salesops_lib.notebook import open_report, panel\n"
        f"cell = {{'snapshot': {str(snapshot.path)!r}, 'period': '2026-Q3'}}\n"
        "panel(open_report(cell, name='x', title='x'))._repr_mimebundle_()\n"
        "print('salesops_lib.notebook.panel_widgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
