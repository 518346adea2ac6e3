"""The whole sample company is paid: every statement re-adds, and is one person's alone."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from decimal import Decimal
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.pay_output import PayOrder, pay
from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.sample import write_sample
from salesops_lib.data.snapshot import Snapshot
from salesops_lib.pay_commands import statement_page

ROOT = Path(__file__).parents[2]
PLANS = ("halvorsund_reps", "halvorsund_managers", "halvorsund_overlays")
PERIOD = "2026-Q3"


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The sample company's snapshot, and what is true of it."""
    folder = tmp_path_factory.mktemp("paid")
    write_sample(folder / "export", seed=2026, scale=1.0, file_format="parquet")
    mapping = ROOT / "parameters/mappings/sample.yaml"
    day = dt.date(2026, 9, 30)
    found = ingest_folder(folder / "export", mapping, day, folder / "store")
    truth = json.loads((folder / "export/truth.json").read_text("utf-8"))
    return Snapshot.open(found.path), truth


@pytest.fixture(scope="module")
def book(company, tmp_path_factory):
    """Pay book with all plans paid for the quarter."""
    out = tmp_path_factory.mktemp("book") / "pay"
    for name in PLANS:
        paid(company[0], name, out)
    return out


def paid(snapshot, name, out):
    order = PayOrder(ROOT / f"parameters/plans/{name}.yaml", PERIOD, out, FiscalCalendar())
    return pay(order, snapshot, statement_page)


def rows(book, plan, name):
    text = (book / plan / PERIOD / f"{name}.csv").read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def sums(table, key, column):
    found = {}
    for row in table:
        found[row[key]] = found.get(row[key], Decimal(0)) + Decimal(row[column])
    return found


class Tables(HTMLParser):
    """Cells of each row of each table, and of which part of the table it is."""

    def __init__(self):
        super().__init__()
        self.tables, self.part, self.cell = [], "", None

    def handle_starttag(self, tag, _attrs):
        if tag == "table":
            self.tables.append([])
        elif tag in ("thead", "tbody", "tfoot"):
            self.part = tag
        elif tag == "tr":
            self.tables[-1].append((self.part, []))
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][-1][1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def amount(text):
    return Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def statement_sums(page):
    """Earned, paid and the sums of the parts of a statement, each part re-added."""
    reader = Tables()
    reader.feed(page)
    steps = {cells[0]: amount(cells[-1]) for part, cells in reader.tables[0] if part == "tbody"}
    parts = []
    for table in reader.tables[1:]:
        told = [amount(cells[-1]) for part, cells in table if part == "tfoot"]
        if told:
            lines = [amount(cells[-1]) for part, cells in table if part == "tbody"]
            assert sum(lines) == told[0]
            parts.append(told[0])
    names = list(steps)
    at = names.index("Earned")
    assert sum(steps[name] for name in names[:at]) == steps["Earned"]
    assert sum(steps[name] for name in names[at:-1]) == steps["Paid"]
    return steps["Earned"], steps["Paid"], sum(parts)


@pytest.mark.parametrize("plan", PLANS)
def test_every_statement_adds_up_to_the_payroll(book, plan):
    for row in rows(book, plan, "payroll"):
        page = book / plan / PERIOD / "statements" / f"{row['rep_id']}.html"
        told = statement_sums(page.read_text("utf-8"))
        assert told == (Decimal(row["earned"]), Decimal(row["paid"]), Decimal(row["earned"]))


@pytest.mark.parametrize("plan", PLANS)
def test_the_payroll_is_the_sum_of_the_trace(book, plan):
    earned = sums(rows(book, plan, "payroll"), "rep_id", "earned")
    traced = sums(rows(book, plan, "trace"), "rep_id", "payout")
    assert {rep: cents for rep, cents in earned.items() if cents or rep in traced} == traced
    register = json.loads((book / plan / PERIOD / "register.json").read_text("utf-8"))
    assert sum(earned.values()) * 100 == register["earned_cents"] > 0


def test_everybody_who_sells_is_paid_once(book, company):
    people = [row["rep_id"] for plan in PLANS for row in rows(book, plan, "payroll")]
    assert len(people) == len(set(people))
    table = company[0].table("rep_assignments").to_pandas()
    last = table["effective_to"].isna() | (table["effective_to"] >= "2026-07-01")
    here = table[last & (table["effective_from"] <= "2026-09-30") & (table["role"] != "leader")]
    assert set(people) == set(here["rep_id"])


@pytest.mark.parametrize("plan", PLANS)
def test_a_statement_names_nobody_else(book, company, plan):
    table = company[0].table("reps").to_pandas()
    names = dict(zip(table["rep_id"], table["name"], strict=True))
    for path in sorted((book / plan / PERIOD / "statements").iterdir()):
        content = unescape(path.read_text("utf-8"))
        own = path.stem
        assert names[own] in content
        for rep, name in names.items():
            assert rep == own or rep not in content, (own, rep)
            assert name == names[own] or name not in content, (own, rep)


def test_pay_follows_from_the_truth(book, company):
    """The commission of reps who were there all the quarter, worked out from truth.json."""
    truth = {row["rep_id"]: row for row in company[1]["rep_quarters"] if row["quarter"] == PERIOD}
    table = company[0].table("quotas").filter(lambda t: t.version > 1).to_pandas()
    changed = set(table["rep_id"])
    people = company[0].table("reps").to_pandas().set_index("rep_id")
    trace = [r for r in rows(book, PLANS[0], "trace") if r["component"] == "commission"]
    commissions = sums(trace, "rep_id", "payout")
    checked = 0
    for rep, commission in commissions.items():
        person = people.loc[rep]
        if rep in changed or person["hire_date"].date() >= dt.date(2026, 7, 1):
            continue
        if person["leave_date"] == person["leave_date"]:
            continue
        credited = Fraction(str(truth[rep]["credited_eur"]))
        quota = Fraction(str(truth[rep]["first_quota_eur"]))
        # 85 % of the quarter's variable pay of 10,800, by attainment.
        target, reached = Fraction(10_800) * 85 / 100, credited / quota
        edges = [Fraction(part, 100) for part in (0, 50, 100, 130)]
        times = [Fraction(part, 10) for part in (6, 14, 16, 20)]
        ends = [*edges[1:], max(reached, edges[-1])]
        pays = sum(
            (min(reached, end) - start) * by
            for start, end, by in zip(edges, ends, times, strict=True)
            if reached > start
        )
        expected = min(pays * target, 4 * target)
        assert abs(Fraction(commission) - expected) <= Fraction(1, 100), rep
        checked += 1
    assert checked > 60


@pytest.mark.parametrize("plan", PLANS)
def test_accounts_close(book, plan):
    payroll = rows(book, plan, "payroll")
    accrual = rows(book, plan, "accrual")[0]
    paid_out = sum(Decimal(row["paid"]) for row in payroll)
    assert Decimal(accrual["paid"]) == paid_out
    closing = Decimal(accrual["opening"]) + Decimal(accrual["expense"]) - paid_out
    assert Decimal(accrual["closing"]) == closing
    owed = sum(Decimal(row["owed_closing"]) for row in payroll)
    assert Decimal(accrual["receivable"]) == owed
    before = Decimal(0)
    for month in rows(book, plan, "asc340_40"):
        assert Decimal(month["opening"]) == before
        change = Decimal(month["capitalised"]) - Decimal(month["amortised"])
        before = Decimal(month["closing"])
        assert Decimal(month["opening"]) + change - Decimal(month["impaired"]) == before
    assert before == 0
    costs = rows(book, plan, "asc340_40_costs")
    earned = sum(Decimal(row["earned"]) for row in payroll)
    assert sum(Decimal(row["cost"]) for row in costs) == earned
    for row in costs:
        assert Decimal(row["cost"]) == Decimal(row["capitalised"]) + Decimal(row["expensed"])


def test_the_same_input_gives_the_same_bytes(company, book, tmp_path):
    for plan in PLANS[:2]:
        folder = paid(company[0], plan, tmp_path / "again").folder
        first = book / plan / PERIOD
        names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
        again = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        assert names == again
        assert [n for n in names if (first / n).read_bytes() != (folder / n).read_bytes()] == []


def test_statements_need_nothing_else(book):
    for path in sorted((book / PLANS[0] / PERIOD / "statements").iterdir())[:5]:
        page = path.read_text("utf-8")
        assert re.search(r"<(script|iframe|object|form)\b", page) is None
        assert re.findall(r'(?:src|href)="(?!#|data:)', page) == []
