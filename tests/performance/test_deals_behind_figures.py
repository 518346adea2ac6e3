"""The deals behind a figure are the ones that it counts, and are safe to take away."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_lib import performance
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance.deals import COUNTED
from salesops_lib.results import MIME

AS_OF = dt.date(2026, 9, 30)
HIRED = dt.date(2020, 1, 1)
REPS = [{"rep_id": f"R{n}", "name": f"Rep {n}", "hire_date": HIRED} for n in (1, 2)]
PLACES = [
    {"rep_id": f"R{n}", "team": team, "region": "EMEA", "role": "rep", "effective_from": HIRED}
    for n, team in ((1, "A"), (2, "B"))
]
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'


@pytest.fixture
def view(make_snapshot, deal):
    """Two teams; what each figure counts can be told from the numbers of the deals."""
    euro = {"currency": "EUR"}
    snapshot = make_snapshot(
        AS_OF,
        opportunities=[
            # Won in the quarter: 100 + 50, and one without an amount.
            deal(1, "2026-05-01", "2026-07-01", "100.00", won=True, **euro),
            deal(
                2, "2026-08-01", "2026-09-30", "50.00", won=True, owner="R2", name=HOSTILE, **euro
            ),
            deal(3, "2026-08-02", "2026-08-30", None, won=True, **euro),
            # Lost in it; won before it; won after the day of the report.
            deal(4, "2026-05-01", "2026-08-01", "70.00", won=False, **euro),
            deal(5, "2026-02-01", "2026-06-30", "30.00", won=True, **euro),
            deal(6, "2026-08-03", "2026-10-01", "999.00", won=True, **euro),
            # Open, one of them overdue; won before it was created; of nobody.
            deal(7, "2026-07-01", "2026-08-01", "20.00", owner="R2", stage="Offer", **euro),
            deal(8, "2026-06-30", "2026-12-01", "10.00", **euro),
            deal(9, "2026-09-01", "2026-08-15", "5.00", won=True, **euro),
            deal(10, "2026-09-02", "2026-12-31", "1.00", owner=None, **euro),
        ],
        reps=REPS,
        rep_assignments=PLACES,
    )
    return open_view(snapshot.path, period="2026-Q3")


def ids(found):
    return [int(key[1:]) for key in found.frame["opportunity_id"]]


@pytest.mark.parametrize(
    ("measure", "role", "expected"),
    [
        ("bookings", "current", [1, 2, 9, 3]),
        ("deals_won", "current", [1, 2, 9, 3]),
        ("win_rate", "current", [1, 4, 2, 9, 3]),
        ("average_deal", "current", [1, 2, 9]),
        ("median_deal", "current", [1, 2, 9]),
        ("cycle_days", "current", [1, 2, 3]),
        ("pipeline_created", "current", [6, 2, 7, 9, 10, 3]),
        ("deals_created", "current", [6, 2, 7, 9, 10, 3]),
        ("open_pipeline", "current", [7, 8, 10]),
        ("bookings", "prior", [5]),
        ("win_rate", "last_year", []),
        ("deals_created", "prior", [1, 4, 8]),
    ],
)
def test_they_are_those_that_the_figure_counts_the_largest_first(view, measure, role, expected):
    found = performance.deals(view, measure, role=role)
    assert ids(found) == expected
    assert found.count == len(expected)


def test_every_listed_measure_is_tried_above(view):
    assert set(COUNTED) == {
        *("bookings", "deals_won", "win_rate", "average_deal", "median_deal", "cycle_days"),
        *("pipeline_created", "deals_created", "open_pipeline"),
    }


def test_a_group_holds_its_own_and_the_nameless_one_the_rest(view):
    assert ids(performance.deals(view, "bookings", "team", "B")) == [2]
    assert ids(performance.deals(view, "open_pipeline", "rep", "R1")) == [8]
    nobody = performance.deals(view, "open_pipeline", "rep", "")
    assert ids(nobody) == [10]
    assert nobody.group == "No rep"
    assert performance.deals(view, "bookings", "team", "B").headline == (
        "Bookings, B, 2026-Q3: 1 deal, €50.00."
    )


def test_the_open_pipeline_by_owner_by_hand(view):
    split = performance.open_amount(view, "rep")
    shown = [(label, float(split.value(group=key).number)) for key, label in split.groups]
    assert shown == [("Rep 2", 20.0), ("Rep 1", 10.0), ("No rep", 1.0)]
    assert float(performance.open_amount(view).value().number) == 31.0
    assert split.value("prior").number is None


def test_an_open_pipeline_without_amounts_is_not_computable(make_snapshot, deal):
    rows = [deal(n, "2026-05-01", "2026-12-01", "5" if n else None) for n in range(3)]
    snapshot = make_snapshot(AS_OF, opportunities=rows)
    value = performance.open_amount(open_view(snapshot.path, period="2026-Q3")).value()
    assert (value.number, value.n) == (None, 3)
    assert value.reason == "33% of the open deals have no amount"


def test_a_snapshot_without_open_deals_has_an_open_pipeline_of_0(make_snapshot, deal):
    rows = [deal(1, "2026-05-01", "2026-08-01", "5.00", won=True)]
    view = open_view(make_snapshot(AS_OF, opportunities=rows).path, period="2026-Q3")
    assert performance.open_amount(view).value().number == 0
    found = performance.deals(view, "open_pipeline")
    assert (found.count, found.amount, found.grid.rows) == (0, 0.0, ())


def test_more_than_asked_for_are_counted_and_said(view):
    found = performance.deals(view, "win_rate", most=2)
    assert ids(found) == [1, 4]
    assert (found.count, found.rounded) == (5, {"deals": 5, "amount": 225.0})
    assert found.grid.note == "The 2 largest of 5."
    assert len(performance.deals(view, "win_rate", most=None).frame) == 5


def test_the_file_runs_nothing_and_holds_the_numbers_in_full(view):
    rows = list(
        csv.reader(io.StringIO(performance.deals(view, "bookings").csv().decode("utf-8-sig")))
    )
    assert rows[0] == [
        *("Deal", "Owner", "Outcome", "Created", "Close date", "Days", "Amount, EUR", "Id")
    ]
    assert [row[-2:] for row in rows[1:]] == [
        ["100.00", "D1"], ["50.00", "D2"], ["5.00", "D9"], ["", "D3"]
    ]  # fmt: skip
    assert rows[2][0] == f"'{HOSTILE}"


def test_the_table_shows_names_as_text(view):
    bundle = performance.deals(view, "bookings")._repr_mimebundle_()
    page = BeautifulSoup(bundle["text/html"], "html5lib")
    assert page.find("script") is None
    assert HOSTILE in page.get_text()
    assert [cell["title"] for cell in page.find_all("td", title=True)] == ["no amount"]
    json.dumps(bundle[MIME], allow_nan=False)
    assert bundle[MIME]["deals"] == 4


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("booking",), {}, "did you mean `bookings`"),
        (("attainment",), {}, "cannot be listed"),
        (("bookings", "teem", "A"), {}, "did you mean `team`"),
        (("bookings", "team"), {}, "name both"),
        (("bookings", None, "A"), {}, "name both"),
        (("bookings",), {"role": "next"}, "no period `next`"),
        (("open_pipeline",), {"role": "prior"}, "needs that day's snapshot"),
    ],
)
def test_what_cannot_be_listed_is_one_sentence(view, arguments, options, sentence):
    with pytest.raises(InputError, match=sentence):
        performance.deals(view, *arguments, **options)


def test_a_rep_sees_no_deal_of_another(view):
    own = open_view(view.snapshot.path, period="2026-Q3", scope="rep:R1", audience="rep")
    assert ids(performance.deals(own, "bookings")) == [1, 9, 3]
    assert ids(performance.deals(own, "bookings", "rep", "R2")) == []


def test_the_highest_and_lowest_by_hand(view):
    found = performance.extremes(view, "team")
    assert found.ends("bookings") == ("A", "B")
    assert found.ends("open_pipeline") == ("B", "")
    # One deal in B is no rate.
    assert found.ends("win_rate") is None
    cells = {row[0].text: [cell.text for cell in row[2:]] for row in found.grid.rows}
    assert cells["Bookings"] == ["A", "B"]
    assert cells["Win rate, closed"] == ["–", "–"]
    json.dumps(found.records(), allow_nan=False)


won = st.tuples(st.integers(0, 200), st.integers(0, 120), st.sampled_from([True, False, None]),
                st.sampled_from(["R1", "R2", None]), st.integers(0, 10**6))  # fmt: skip


@given(st.lists(won, min_size=1, max_size=12))
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_parts_hold_the_deals_of_the_whole_and_sum_to_its_figure(make_snapshot, deal, drawn):
    rows = [
        deal(n, dt.date(2026, 2, 1) + dt.timedelta(days=start),
             dt.date(2026, 2, 1) + dt.timedelta(days=start + length),
             f"{cents / 100:.2f}", won=end, owner=owner, currency="EUR")
        for n, (start, length, end, owner, cents) in enumerate(drawn)
    ]  # fmt: skip
    snapshot = make_snapshot(AS_OF, opportunities=rows, reps=REPS, rep_assignments=PLACES)
    view = open_view(snapshot.path, period="2026-Q3")
    for key, counted in COUNTED.items():
        whole = performance.deals(view, key)
        keys = [group for group, _label in counted.measure(view, "team").groups]
        parts = [performance.deals(view, key, "team", group) for group in keys]
        assert sorted(i for part in parts for i in ids(part)) == sorted(ids(whole))
        if key in {"bookings", "pipeline_created", "open_pipeline"}:
            number = counted.measure(view, None).value().number
            assert number is None or float(number) == pytest.approx(whole.amount)
