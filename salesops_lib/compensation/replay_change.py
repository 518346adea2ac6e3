"""Two plans over the same past: who wins, who loses, and what the budget does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.compensation.replay import REPLAYED
from salesops_lib.errors import InputError
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME, Drawn
from salesops_lib.rows import compact_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.compensation.replay import Replay
    from salesops_lib.formats import Formatter

__all__ = ["ReplayChange", "replay_change"]

_COLUMNS = [
    "rep_id", "rep", "role", "before_cents", "after_cents", "change_cents", "side",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class ReplayChange:
    """What another plan would have changed, rep by rep.

    Parameters
    ----------
    frame : DataFrame
        One row a rep, the largest loss first: `rep_id`, `rep` (name), `role`,
        `before_cents`, `after_cents`, `change_cents` (Int64; missing where a plan does not
        pay the rep), `side` (winner, loser, same, added, dropped).
    before, after : str
        Names of the plans, for readers.
    periods : str
        When, for readers.
    show : Formatter
        Formats of the report.
    """

    frame: pd.DataFrame
    before: str
    after: str
    periods: str
    show: Formatter

    @property
    def before_cents(self) -> int:
        """What the first plan cost."""
        return int(self.frame["before_cents"].sum())

    @property
    def after_cents(self) -> int:
        """What the second one would have cost."""
        return int(self.frame["after_cents"].sum())

    @property
    def change_cents(self) -> int:
        """Change of the budget, to the cent."""
        return self.after_cents - self.before_cents

    def count(self, side: str) -> int:
        """How many reps are on a side."""
        return int((self.frame["side"] == side).sum())

    @property
    def headline(self) -> str:
        """One sentence: the budget's change, winners and losers."""
        show = self.show
        return show.say(
            "Over {periods}, {after} would have cost {cost}, {change} on {before}: of {reps} "
            "reps {winners} win and {losers} lose.",
            periods=self.periods,
            after=self.after,
            before=self.before,
            cost=show.money(self.after_cents / 100),
            change=show.money(self.change_cents / 100, signed=True),
            reps=show.count(len(self.frame)),
            winners=show.count(self.count("winner")),
            losers=show.count(self.count("loser")),
        )

    @property
    def alt(self) -> str:
        """The chart in words."""
        return self.show.say("Bar chart of each rep's change of pay. {headline}",
                             headline=self.headline)  # fmt: skip

    @property
    def caption(self) -> str:
        """What is drawn."""
        return self.show.say(
            "Pay by the engine for what was sold, to the cent; behaviour is assumed unchanged."
        )

    @property
    def drawn(self) -> Drawn:
        """Unit and uncertainty of the chart."""
        return Drawn(self.show.currency, self.before, "exact")

    @property
    def grid(self) -> Grid:
        """Winners and losers as a table."""
        show, say = self.show, self.show.say
        sides = {
            "winner": say("wins"),
            "loser": say("loses"),
            "same": say("as before"),
            "added": say("only in the second"),
            "dropped": say("only in the first"),
        }
        headers = (
            (say("Rep"), "text"),
            (say("Role"), "text"),
            (f"{self.before}, {show.currency}", "number"),
            (f"{self.after}, {show.currency}", "number"),
            (say("Change, {currency}", currency=show.currency), "number"),
            (say("Outcome"), "text"),
        )
        rows = tuple(
            (
                Cell(row.rep, "head"),
                Cell(row.role, "text"),
                self._cell(row.before_cents),
                self._cell(row.after_cents),
                self._cell(row.change_cents, signed=True),
                Cell(sides[row.side], "text"),
            )
            for row in rows_of(self.frame)
        )
        caption = say("Winners and losers, {periods}", periods=self.periods)
        return Grid(caption, headers, rows, show=show)

    def _cell(self, cents: Any, *, signed: bool = False) -> Cell:
        if cents is pd.NA:
            return Cell("–")
        return Cell(self.show.decimal(cents / 100, 2, signed=signed), number=cents / 100)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {
            "kind": "replay_change",
            "headline": self.headline,
            "before_cents": self.before_cents,
            "after_cents": self.after_cents,
            "change_cents": self.change_cents,
            "rows": compact_rows(self.frame),
        }

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "text/plain": self.headline,
            "text/html": grid_html(self.grid),
            MIME: self.records(),
        }


def replay_change(
    before: Replay | pd.DataFrame,
    after: Replay,
    show: Formatter,
    *,
    names: Mapping[str, str] | None = None,
    labels: tuple[str, str] | None = None,
) -> ReplayChange:
    """Winners and losers of another plan over the same periods.

    Parameters
    ----------
    before : Replay or DataFrame
        The plan as it is, or what was paid in fact: `rep_id`, `role`, `period`,
        `payout_cents`.
    after : Replay
        The other plan.
    show : Formatter
        Formats of the report.
    names : mapping, optional
        Name of each rep by id.
    labels : tuple of str, optional
        Names of the two plans. Default: their own.

    Returns
    -------
    ReplayChange

    Raises
    ------
    InputError
        The two are not of the same periods, or not in the report's currency.
    """
    old = before if isinstance(before, pd.DataFrame) else before.frame
    missing = next((name for name in REPLAYED if name not in old), None)
    if missing:
        raise InputError(f"the payouts before have no column `{missing}`", allowed=REPLAYED)
    currencies = {after.plan.currency}
    if not isinstance(before, pd.DataFrame):
        currencies.add(before.plan.currency)
    if currencies != {show.currency}:
        raise InputError(
            f"pay in {', '.join(sorted(currencies))} cannot be compared in {show.currency}"
        )
    mine, theirs = (sorted(set(map(str, frame["period"]))) for frame in (old, after.frame))
    if mine != theirs:
        raise InputError(
            f"the two are of different periods: {', '.join(mine)} and {', '.join(theirs)}"
        )
    sums = [
        frame.groupby("rep_id", sort=True)["payout_cents"].sum() for frame in (old, after.frame)
    ]
    frame = pd.DataFrame({"before_cents": sums[0], "after_cents": sums[1]}).astype("Int64")
    frame["change_cents"] = frame["after_cents"] - frame["before_cents"]
    roles = pd.concat([old, after.frame]).drop_duplicates("rep_id", keep="last")
    frame["role"] = roles.set_index("rep_id")["role"].astype(str)
    frame = frame.reset_index()
    frame["rep"] = [(names or {}).get(rep, rep) for rep in frame["rep_id"]]
    frame["side"] = [_side(row) for row in rows_of(frame)]
    frame = frame.sort_values(["change_cents", "rep_id"], ignore_index=True, na_position="last")[
        _COLUMNS
    ]
    first = after.periods[0].label, after.periods[-1].label
    ends = [show.period(label) for label in first]
    told = ends[0] if ends[0] == ends[1] else show.say("{low} to {high}", low=ends[0], high=ends[1])
    default = (
        show.say("what was paid") if isinstance(before, pd.DataFrame) else before.plan.name,
        after.plan.name,
    )
    old_name, new_name = labels or default
    if old_name == new_name:
        new_name = show.say("{plan}, changed", plan=new_name)
    return ReplayChange(frame, old_name, new_name, told, show)


def _side(row: Any) -> str:
    if row.before_cents is pd.NA:
        return "added"
    if row.after_cents is pd.NA:
        return "dropped"
    if row.change_cents == 0:
        return "same"
    return "winner" if row.change_cents > 0 else "loser"
