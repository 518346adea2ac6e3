"""Defects of a real CRM, planted in known rows and counted."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.data.sample.arrays import Flags, Ints, generator
from salesops_lib.data.sample.company import PRODUCTS, STAGES
from salesops_lib.data.sample.exchange_rates import eur_cents
from salesops_lib.data.sample.identifiers import dates, money, record_ids, words
from salesops_lib.data.sample.lifelines import CATEGORIES
from salesops_lib.data.sample.timeline import AS_OF, LAST_QUARTER, day_of, quarter_of

if TYPE_CHECKING:
    from salesops_lib.data.sample.deals import Deals

__all__ = ["DEFECTS", "HOSTILE_NAMES", "Defect", "Defects", "hostile_deals", "let_go_stale"]

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    'First line\nsecond "quoted" line, with a comma',
    "İğdır Çözümleri – Ağ yükseltmesi (ŞİŞLİ)",
    "توسيع المنصة – الرياض",
    "🚀 Rocket rollout 🎉👩🏽‍💻",
    "Robert'); DROP TABLE deals;--",
    "../../reports/index.html",
    "日本支社 更新案件 2026年度",
)
_MOST_IDS = 1_000
_ENOUGH = 600
_EXTRA_IDS = 9_000_000_000


@dataclass(frozen=True)
class Defect:
    """A kind of defect: its share of the open, lost or all deals, and what it means."""

    name: str
    share: float
    of: str
    meaning: str


DEFECTS = (
    Defect("missing_close_date", 0.0003, "lost", "closed without a close date"),
    Defect("year_typed_wrong", 0.004, "open", "close date in the year 2207"),
    Defect("decimal_comma", 0.006, "open", "amount written with a decimal comma (CSV only)"),
    Defect("differing_duplicate", 0.003, "open", "two rows with one id and different amounts"),
    Defect("negative_amount", 0.003, "open", "amount below zero"),
    Defect("orphan_owner", 0.010, "open", "owner who is not among the users"),
    Defect("future_dated_won", 0.008, "open", "marked as won with a close date after the export"),
    Defect("stage_contradicts_flags", 0.001, "lost", "open stage on a deal marked as closed"),
    Defect("identical_duplicate", 0.001, "all", "the same row twice"),
    Defect("blank_amount", 0.03, "open", "no amount"),
    Defect("blank_next_step", 0.06, "open", "no next step"),
    Defect("blank_lost_reason", 0.04, "lost", "no reason why it was lost"),
    Defect("stage_spelling", 0.012, "all", "stage with spaces, in capitals or under an old name"),
    Defect("product_spelling", 0.015, "all", "product with spaces, in small letters or joined up"),
)
"""Kinds in the order in which rows are chosen; a deal has one of them at most."""

_EXTRAS = (
    Defect("test_deal", 0.0003, "all", "additional row named TEST do not use"),
    Defect("deleted_row", 0.003, "all", "additional row from the recycle bin (IsDeleted)"),
)
_STALE = Defect("stale_close_date", 0.04, "open", "open although its close date has passed")

_OLD_NAMES = (
    "Prospect",
    "Qualified",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "ClosedWon",
    "ClosedLost",
    "Not a fit",
)


def let_go_stale(deals: Deals, rng: np.random.Generator) -> Ints:
    """Open deals whose expected close date is set back into the past.

    Only deals that were never pushed are taken, so that their history (which
    shows no change of the close date) stays true.

    Parameters
    ----------
    deals : Deals
        Changed in place.
    rng : numpy Generator
        Source of randomness.

    Returns
    -------
    array
        The deals.
    """
    still_open = deals.exported & (deals.close_day > AS_OF)
    late = AS_OF - rng.integers(3, 80, len(deals))
    eligible = np.flatnonzero(
        still_open & (deals.pushed_on[:, 0] > AS_OF) & (deals.created_day < late)
    )
    number = min(len(eligible), max(1, round(_STALE.share * int(still_open.sum()))))
    stale = np.sort(rng.permutation(eligible)[:number])
    deals.expected[stale, 0] = late[stale]
    return stale


def hostile_deals(deals: Deals) -> dict[int, str]:
    """The largest deals of the last and the next quarter that carry a hostile name.

    Parameters
    ----------
    deals : Deals
        Deals of the first division.

    Returns
    -------
    dict of int to str
        Name by deal.
    """
    quarter = quarter_of(deals.close_day)
    won = np.flatnonzero(deals.closed & deals.won & (quarter == LAST_QUARTER))
    due = np.flatnonzero(deals.exported & (deals.close_day > AS_OF) & (quarter == LAST_QUARTER + 1))
    now = np.full(len(deals), AS_OF)
    eur = eur_cents(deals.final, deals.currency, np.minimum(deals.close_day, now))
    won, due = (each[np.argsort(-eur[each], kind="stable")] for each in (won, due))
    picked = np.concatenate([won[:3], due[:3], won[3:5], due[3:8]])
    return {int(deal): name for deal, name in zip(picked, HOSTILE_NAMES, strict=False)}


@dataclass
class Found:
    """Deals with one kind of defect: how many, and the ids of the first thousand."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, ids: list[str]) -> None:
        """Count more deals."""
        self.count += len(ids)
        self.ids += ids[: _MOST_IDS - len(self.ids)]


class Defects:
    """Planted defects of the whole company.

    Parameters
    ----------
    seed : int
        Key of the randomness.
    as_text : bool
        Whether amounts are written as text, as in CSV.
    """

    def __init__(self, seed: int, *, as_text: bool) -> None:
        self.found = {d.name: Found() for d in (*DEFECTS, *_EXTRAS, _STALE)}
        self._seed = seed
        self._as_text = as_text
        self._extra = 0
        self._rng = generator(seed, "defects")
        self._reserved = np.zeros(0, dtype=np.int64)
        self._is_first = self._shows_all = False

    def begin(self, division: int, reserved: Ints) -> None:
        """Start with a division, some deals of which are to stay as they are."""
        self._reserved = reserved
        self._rng = generator(self._seed, "defects", division)
        self._is_first = division == 0

    def document(self) -> dict[str, dict[str, Any]]:
        """What was planted where, for ``truth.json``."""
        return {
            kind.name: {
                "share": kind.share,
                "of": kind.of,
                "meaning": kind.meaning,
                "count": self.found[kind.name].count,
                "ids": self.found[kind.name].ids,
            }
            for kind in (*DEFECTS, *_EXTRAS, _STALE)
        }

    def spoilt(
        self, columns: dict[str, pa.Array], deals: Deals, rows: Ints, names: dict[int, str]
    ) -> pa.Table:
        """Rows of the Opportunity file with their defects.

        Parameters
        ----------
        columns : dict of str to pyarrow array
            Clean columns.
        deals : Deals
            Deals of the division.
        rows : array
            Which of them the columns show.
        names : dict of int to str
            Planted names by deal.

        Returns
        -------
        pyarrow Table
        """
        # The first part of the company shows every kind at least once, unless it
        # is so small that its bad rows would be more than a reader puts up with.
        self._shows_all = self._is_first and len(rows) >= _ENOUGH
        self._is_first = False
        chosen = self._chosen(columns, deals, rows)
        columns = dict(columns)
        columns["Name"] = _renamed(columns["Name"], rows, names)
        for name, change in _CHANGES.items():
            if chosen[name].any():
                change(columns, pa.array(chosen[name]), self._rng)
        amount = columns["Amount"]
        if self._as_text:
            text = pc.cast(amount, pa.string())
            comma = pc.replace_substring(text, ".", ",")
            columns["Amount"] = pc.if_else(pa.array(chosen["decimal_comma"]), comma, text)
        table = pa.table(columns)
        extra = [
            table.take(pa.array(np.flatnonzero(chosen["identical_duplicate"]))),
            _with_other_amount(table.take(pa.array(np.flatnonzero(chosen["differing_duplicate"])))),
            *self._additional(table, columns),
        ]
        return pa.concat_tables([table, *extra])

    def _chosen(self, columns: dict[str, pa.Array], deals: Deals, rows: Ints) -> dict[str, Flags]:
        closed = deals.close_day[rows] <= AS_OF
        among = {
            "open": ~closed,
            "lost": closed & ~deals.won[rows],
            "all": np.ones(len(rows), dtype=np.bool_),
        }
        free = ~np.isin(rows, self._reserved)
        chosen: dict[str, Flags] = {}
        for defect in DEFECTS:
            here = np.zeros(len(rows), dtype=np.bool_)
            if defect.name != "decimal_comma" or self._as_text:
                eligible = np.flatnonzero(among[defect.of] & free)
                number = self._number(defect.share, int(among[defect.of].sum()))
                here[self._rng.permutation(eligible)[:number]] = True
            free &= ~here
            chosen[defect.name] = here
            self.found[defect.name].add(columns["Id"].filter(pa.array(here)).to_pylist())
        return chosen

    def _number(self, share: float, among: int) -> int:
        number = int(np.floor(share * among + self._rng.random()))
        return max(number, 1) if self._shows_all else number

    def _additional(self, table: pa.Table, columns: dict[str, pa.Array]) -> list[pa.Table]:
        """Rows that are no deals: tests, and what lies in the recycle bin."""
        made = []
        is_open = np.flatnonzero(~columns["IsClosed"].to_numpy(zero_copy_only=False))
        for defect in _EXTRAS:
            among = is_open if defect.name == "test_deal" else np.arange(table.num_rows)
            number = min(self._number(defect.share, table.num_rows), len(among))
            copy = table.take(pa.array(self._rng.permutation(among)[:number]))
            ids = record_ids("006", _EXTRA_IDS + self._extra + np.arange(number))
            self._extra += number
            copy = _replaced(copy, "Id", ids)
            if defect.name == "test_deal":
                copy = _replaced(copy, "Name", pa.array(["TEST do not use"] * number, pa.string()))
                amount = money(np.resize([100, 99_999_900], number))
                copy = _replaced(copy, "Amount", pc.cast(amount, table.schema.field("Amount").type))
            else:
                copy = _replaced(copy, "IsDeleted", pa.array([True] * number, pa.bool_()))
            self.found[defect.name].add(ids.to_pylist())
            made.append(copy)
        return made


def _renamed(column: pa.Array, rows: Ints, names: dict[int, str]) -> pa.Array:
    for deal, name in names.items():
        column = pc.if_else(pa.array(rows == deal), pa.scalar(name), column)
    return column


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _with_other_amount(table: pa.Table) -> pa.Table:
    """Rows as somebody changed them in another window."""
    kind = table.schema.field("Amount").type
    amount = money(np.arange(table.num_rows) * 1_000 + 777_700)
    return _replaced(table, "Amount", pc.cast(amount, kind))


_Columns: TypeAlias = dict[str, pa.Array]
_Change: TypeAlias = Callable[[_Columns, pa.Array, np.random.Generator], None]


def _blank(name: str) -> _Change:
    def change(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
        column = columns[name]
        columns[name] = pc.if_else(here, pa.scalar(None, column.type), column)

    return change


def _wrong_year(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
    late = dates(np.full(len(here), day_of(2207, 3, 31)))
    columns["CloseDate"] = pc.if_else(here, late, columns["CloseDate"])


def _negative(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
    columns["Amount"] = pc.if_else(here, pc.negate(columns["Amount"]), columns["Amount"])


def _orphan(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
    unknown = record_ids("005", np.array([9_999_999_999]))[0]
    columns["OwnerId"] = pc.if_else(here, unknown, columns["OwnerId"])


def _won_too_early(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
    won = {
        "StageName": "Closed Won",
        "Probability": 100,
        "IsClosed": True,
        "IsWon": True,
        "ForecastCategoryName": CATEGORIES[4],
        "NextStep": None,
    }
    for name, value in won.items():
        column = columns[name]
        columns[name] = pc.if_else(here, pa.scalar(value, column.type), column)


def _open_stage(columns: _Columns, here: pa.Array, _rng: np.random.Generator) -> None:
    columns["StageName"] = pc.if_else(here, "Negotiation", columns["StageName"])


def _respelt(name: str, spellings: list[tuple[str, ...]]) -> _Change:
    right = [spelling[0] for spelling in spellings]
    wrong = [word for spelling in spellings for word in spelling[1:]]

    def change(columns: _Columns, here: pa.Array, rng: np.random.Generator) -> None:
        column = columns[name]
        number = pc.index_in(column, pa.array(right)).to_numpy(zero_copy_only=False)
        ways = len(spellings[0]) - 1
        other = words(wrong, number.astype(np.int64) * ways + rng.integers(0, ways, len(column)))
        columns[name] = pc.if_else(here, other, column)

    return change


_CHANGES: dict[str, _Change] = {
    "missing_close_date": _blank("CloseDate"),
    "year_typed_wrong": _wrong_year,
    "negative_amount": _negative,
    "orphan_owner": _orphan,
    "future_dated_won": _won_too_early,
    "stage_contradicts_flags": _open_stage,
    "blank_amount": _blank("Amount"),
    "blank_next_step": _blank("NextStep"),
    "blank_lost_reason": _blank("Loss_Reason__c"),
    "stage_spelling": _respelt(
        "StageName",
        [
            (s.name, f"{s.name} ", f"  {s.name}", s.name.upper(), old)
            for s, old in zip(STAGES, _OLD_NAMES, strict=True)
        ],
    ),
    "product_spelling": _respelt(
        "Product__c",
        [(p.name, f"{p.name} ", p.name.lower(), p.name.replace(" ", "")) for p in PRODUCTS],
    ),
}
