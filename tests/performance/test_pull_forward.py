"""Wins about the ends of periods against those about other month ends, by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from salesops_lib.data.view import open_view
from salesops_lib.performance.pull_forward import pull_forward
from salesops_lib.results import MIME
from salesops_lib.stats import share_difference_interval, wilson_interval

AS_OF = dt.date(2026, 9, 30)


@pytest.fixture
def view_of(make_snapshot, deal):
    def view(*won, far=True, as_of=AS_OF, period="2026-Q3"):
        deals = [deal(0, "2025-01-01", "2025-01-02", "1.00", won=True, owner="R0")] if far else []
        deals += [
            deal(number, "2025-01-01", day, "10.00", won=True, owner=owner)
            for number, (day, owner) in enumerate(won, start=1)
        ]
        deals.append(deal("lost", "2025-01-01", "2026-06-30", "10.00", won=False))
        return open_view(make_snapshot(as_of, opportunities=deals).path, period=period)

    return view


DAYS = (
    ("2026-06-17", "R1"),  # the first of the 14 days up to 30 June
    ("2026-06-30", "R1"),
    ("2026-06-30", "R2"),
    ("2026-07-30", "R2"),  # the last of the 30 days after it; before the end of July too
    ("2026-06-16", "R1"),  # after the end of May only, as 1 June
    ("2026-07-31", "R1"),  # before the end of July only
    ("2026-05-31", "R1"),
    ("2026-06-01", "R1"),
    ("2026-09-30", "R1"),  # after the end of August; what comes after 30 September is not known
)


def test_wins_are_counted_on_both_sides_of_both_kinds_of_ends(view_of):
    result = pull_forward(view_of(*DAYS))
    assert (result.late, result.early) == (3, 1)
    assert (result.month_late, result.month_early) == (3, 6)
    assert (result.share, result.usual) == (0.75, 3 / 9)
    assert result.interval == share_difference_interval(3, 4, 3, 9)
    assert not result.is_found
    assert result.headline == (
        "No pull-forward beyond chance: of 4 deals won in the 14 days before or the 30 days "
        "after a period's end, 75.0% came before it; at other month ends 33.3% did."
    )
    assert result._repr_mimebundle_()[MIME]["share"] == 0.75


def test_people_are_told_apart_by_the_lower_end(view_of):
    frame = pull_forward(view_of(*DAYS), "rep").frame.set_index("group")
    assert frame.loc["R1", ["late", "early", "month_late", "month_early"]].to_list() == [2, 0, 2, 5]
    assert frame.loc["R2", ["late", "early"]].to_list() == [1, 1]
    assert (frame.loc["R1", "low"], frame.loc["R1", "high"]) == pytest.approx(wilson_interval(2, 2))
    assert list(frame.index[:2]) == ["R1", "R2"]


def test_many_wins_before_the_ends_are_more_than_chance(view_of):
    won = [("2026-06-25", "R1")] * 30 + [("2026-07-05", "R1")] * 6
    won += [("2026-05-25", "R1")] * 20 + [("2026-06-05", "R1")] * 20
    result = pull_forward(view_of(*won))
    assert result.is_found
    assert result.headline.startswith("Deals are pulled forward: of 36 won in the 14 days before")


def test_without_wins_on_either_side_there_is_nothing_to_say(view_of):
    nothing = pull_forward(view_of())
    assert nothing.share is None
    assert "no deal was won about a past period's end" in nothing.headline
    only_ends = pull_forward(view_of(("2026-07-10", "R1")))
    assert "about another month's end" in only_ends.headline
    # The extract covers no period from its start.
    young = view_of(("2026-09-01", "R1"), far=False, as_of=dt.date(2026, 9, 10))
    assert pull_forward(young).share is None
    # A period of one month has no other month ends.
    assert pull_forward(view_of(*DAYS, period="2026-08")).usual is None
