"""The waterfall of random lives against a replay in plain Python, and of the sample."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from salesops_lib import performance
from salesops_lib.data.facts import CurrencySettings
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.scopes import scopes
from salesops_lib.data.view import open_view
from salesops_lib.performance.waterfall import pipeline_waterfall

AS_OF = dt.date(2026, 9, 30)
MAPPING = Path(__file__).parents[2] / "parameters" / "mappings" / "sample.yaml"
FIRST, LAST = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
START, MIDDLE, END = dt.date(2026, 7, 5), dt.date(2026, 7, 20), dt.date(2026, 8, 10)
DAY = dt.timedelta(days=1)
FLAGS = {"Open": (False, False), "Won": (True, True), "Lost": (True, False)}
# R3 moves from team A to team B.
MOVED = dt.date(2026, 7, 16)
PLACES = [
    {"rep_id": "R1", "team": "A"},
    {"rep_id": "R2", "team": "B"},
    {"rep_id": "R3", "team": "A", "effective_from": "2026-01-01"},
    {"rep_id": "R3", "team": "B", "effective_from": str(MOVED)},
]
VALUES = {
    "stage": st.sampled_from(["Open", "Open", "Won", "Lost"]),
    "amount": st.none() | st.integers(-500, 99999).map(lambda cents: str(Decimal(cents) / 100)),
    "close_date": st.sampled_from([None, "2026-06-15", "2026-08-01", "2026-09-30", "2026-10-01"]),
    "owner": st.sampled_from(["R1", "R2", "R3", None]),
}
COLUMN = {"owner": "owner_id"}


@st.composite
def lives(draw):
    """First values of a deal, its created date, and its changes, at most one a moment."""
    first = {field: draw(values) for field, values in VALUES.items()} | {"stage": "Open"}
    created = draw(st.sampled_from([FIRST, FIRST, dt.date(2026, 7, 10), dt.date(2026, 8, 1)]))
    moments = draw(st.lists(st.integers(12, 55 * 24), max_size=8, unique=True))
    now, changes = dict(first), []
    for hours in sorted(moments):
        at = dt.datetime.combine(created, dt.time(), dt.UTC) + dt.timedelta(hours=hours)
        field = draw(st.sampled_from(sorted(VALUES)))
        new = draw(VALUES[field])
        if new != now[field]:
            changes.append((at, field, now[field], new))
            now[field] = new
    return first, created, changes


def state_on(life, day):
    """Values of a deal at the end of a day; None before it was created."""
    first, created, changes = life
    if created > day:
        return None
    return first | {field: new for at, field, _old, new in changes if at.date() <= day}


def team_of(state, day):
    home = {"R1": "A", "R2": "B", "R3": "B" if day >= MOVED else "A", None: None}
    return home[state["owner"]] if state else None


def due(state):
    date = state["close_date"]
    return date is not None and str(FIRST) <= date <= str(LAST)


def cents(state):
    return Decimal(state["amount"] or 0)


def is_in(state, day, team):
    return bool(state) and team_of(state, day) == team and state["stage"] == "Open" and due(state)


def entry(then, then_day, team):
    if then is None:
        return "new"
    if team_of(then, then_day) != team:
        return "owner_in"
    if then["stage"] != "Open":
        return "reopened"
    late = then["close_date"] is None or then["close_date"] > str(LAST)
    return "pulled_in" if late else "pushed_in"


def exit_(now, day, team):
    if team_of(now, day) != team:
        return "owner_out"
    if now["stage"] != "Open":
        return now["stage"].lower()
    late = now["close_date"] is None or now["close_date"] > str(LAST)
    return "pushed_out" if late else "pulled_out"


def step_of(life, then_day, day, team, by_day):
    """Moves of one deal between two days, with what each adds."""
    then, now = state_on(life, then_day), state_on(life, day)
    was, there = is_in(then, then_day, team), is_in(now, day, team)
    if was and there:
        difference = cents(now) - cents(then)
        yield "amount_up" if difference > 0 else "amount_down", difference
    elif was:
        yield exit_(now, day, team), -cents(then)
    elif there:
        yield entry(then, then_day, team), cents(now)
    elif by_day and passes(then, now, day, team):
        yield entry(then, then_day, team), cents(now)
        yield now["stage"].lower(), -cents(now)


def passes(then, now, day, team):
    """Whether a deal came in and closed within the day."""
    was_open = then is None or then["stage"] == "Open"
    here = bool(now) and team_of(now, day) == team
    return was_open and here and now["stage"] != "Open" and due(now)


def replayed(all_lives, start, end, team, method):
    """Amount of each step that is not 0."""
    found: Counter[str] = Counter()
    days = [start, end]
    if method == "events":
        days = [start + n * DAY for n in range((end - start).days + 1)]
    for life in all_lives:
        for then_day, day in pairwise(days):
            for move, amount in step_of(life, then_day, day, team, method == "events"):
                found[move] += amount
        for name, day in (("opening", start), ("closing", end)):
            state = state_on(life, day)
            found[name] += cents(state) if is_in(state, day, team) else 0
    return {move: amount for move, amount in found.items() if amount}


@settings(
    phases=[Phase.generate],  # each case is a snapshot: shrinking takes minutes
    max_examples=3, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.lists(lives(), min_size=5, max_size=25))
def test_random_lives_move_the_pipeline_as_a_replay_says(make_snapshot, all_lives):
    deals, history = [], []
    for number, life in enumerate(all_lives):
        today = state_on(life, AS_OF)
        closed, won = FLAGS[today["stage"]]
        row = {COLUMN.get(field, field): value for field, value in today.items()}
        deals.append(row | {"opportunity_id": f"D{number}", "created_date": str(life[1]),
                            "is_closed": closed, "is_won": won})  # fmt: skip
        history += [
            {"opportunity_id": f"D{number}", "changed_at": f"{at:%Y-%m-%d %H:%M:%S}",
             "field": field, "old_value": old, "new_value": new, "provenance": "exact"}
            for at, field, old, new in life[2]
        ]  # fmt: skip
    if not history:
        return
    snapshot = make_snapshot(
        AS_OF, opportunities=deals, opportunity_history=history, rep_assignments=PLACES,
        reps=[{"rep_id": rep} for rep in ("R1", "R2", "R3")],
        stages=[{"stage": stage, "is_closed": c, "is_won": w} for stage, (c, w) in FLAGS.items()],
    )  # fmt: skip
    for team in ("A", "B"):
        view = open_view(snapshot.path, period="2026-Q3", scope=f"team:{team}")
        for start, end, method in (
            (START, END, "endpoints"), (START, END, "events"), (START, MIDDLE, "events"),
            (MIDDLE, END, "events"),
        ):  # fmt: skip
            result = pipeline_waterfall(view, start, end, method=method)
            frame = zip(result.frame["step"], result.frame["amount"], strict=True)
            found = {step: amount for step, amount in frame if amount}
            assert found == replayed(all_lives, start, end, team, method), (team, start, method)
            assert result.residual == Decimal("0.00")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Store of a small simulated company with several currencies and all of its defects."""
    folder = tmp_path_factory.mktemp("company")
    write_sample(folder / "export", seed=5, scale=0.05)
    ingest_folder(folder / "export", MAPPING, AS_OF, folder / "store")
    return folder / "store"


def view_of(store, scope):
    settings_ = CurrencySettings(rates="as_of")
    return open_view(store, period="2026-Q2", scope=scope, currency=settings_)


@pytest.mark.parametrize("scope", ["company", "region:EMEA", "region:North America"])
def test_what_events_say_was_won_is_what_was_booked(store, scope):
    """Two ways to one figure: the history of changes, and the deals as they are today."""
    view = view_of(store, scope)
    result = pipeline_waterfall(view, method="events")
    booked = performance.bookings(view).value()
    assert result.bookings == booked.number
    assert len(result.deals("won")) == booked.n > 0
    assert result.residual == Decimal("0.00")


def scopes_of(store):
    view = view_of(store, "company")
    return scopes(view.snapshot, "region", view.period, view.as_of)


@pytest.mark.parametrize("method", ["endpoints", "events"])
def test_regions_add_up_to_the_company(store, method):
    whole = pipeline_waterfall(view_of(store, "company"), method=method)
    parts = [
        pipeline_waterfall(view_of(store, f"region:{place.key}"), method=method)
        for place in scopes_of(store)
    ]
    assert len(parts) > 1
    assert all(part.residual == Decimal("0.00") for part in [whole, *parts])
    for step in ("opening", "new", "won", "lost", "pushed_out", "closing"):
        assert whole.amount(step) == sum(part.amount(step) for part in parts), step
    assert whole.amount("owner_in") == 0


def test_the_closing_pipeline_of_today_is_today_s(store):
    view = open_view(store, period="2026-Q3")
    target = view.calendar.next(view.period)
    result = pipeline_waterfall(view, target=target)
    deals = view.deals.to_pandas()
    closes = deals["close_date"].astype("datetime64[ns]").dt.date
    there = deals[~deals["is_closed"] & closes.between(target.start, target.end)]
    assert set(result.deals("closing")["opportunity_id"]) == set(there["opportunity_id"])
    assert result.amount("closing") == sum(there["amount"].dropna())
