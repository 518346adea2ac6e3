"""Pay runs of a small company, worked by hand: paid, reopened, refused, never half written."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re

import pytest

from salesops_lib.calendar import FiscalCalendar
from salesops_lib.compensation.pay_output import PayOrder, pay, statement_names
from salesops_lib.errors import InputError
from salesops_lib.pay_commands import statement_page

DAY = dt.date
PLAN = """\
version: 1
id: sales
name: Sales
from: 2026-01-01
currency: EUR
people: [{role: rep, ote: 80000, pay_mix: 50/50}]
measures: {bookings: {}}
components:
  - {name: commission, kind: flat, measure: bookings, rate: 7%}
  - {name: goal, kind: bonus, weight: 10%, pays: 100%, gates: [{measure: bookings, at_least: 100%}]}
payments: {draw: {amount: 500}}
"""
PEOPLE = ("ann", "bob")
NAMES = {"ann": "Ann Lee", "bob": "Bob Ray", "mia": "Mia Fox"}


def won(number, owner, day, amount, **more):
    return {
        "opportunity_id": number,
        "name": f"Deal {number}",
        "owner_id": owner,
        "amount": amount,
        "currency": "EUR",
        "created_date": DAY(2025, 11, 1),
        "close_date": day,
        "is_closed": True,
        "is_won": True,
        **more,
    }


DEALS = [
    won("d1", "ann", DAY(2026, 1, 20), "10000.00"),
    won("d2", "ann", DAY(2026, 5, 4), "2000.00"),
    won("d3", "bob", DAY(2026, 6, 30), "100.00"),
]


@pytest.fixture
def company(make_snapshot, tmp_path):
    """A folder with a plan, and a function that pays a period of it from some deals."""
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "sales.yaml").write_text(PLAN, encoding="utf-8")

    class Company:
        plan_file = plans / "sales.yaml"
        out = tmp_path / "book"

        def snapshot(self, deals=DEALS, people=PEOPLE, **tables):
            quotas = [
                {
                    "rep_id": rep,
                    "measure": "bookings",
                    "period_start": DAY(2026, month, 1),
                    "period_end": DAY(2026, month + 2, 31 if month == 1 else 30),
                    "amount": "5000.00",
                    "currency": "EUR",
                }
                for rep in people
                for month in (1, 4)
            ]
            reps = [
                {"rep_id": rep, "name": NAMES[rep], "hire_date": DAY(2020, 1, 1)} for rep in people
            ]
            places = [
                {"rep_id": rep, "role": "rep", "team": "T", "effective_from": DAY(2020, 1, 1)}
                for rep in people
            ]
            usual = {"quotas": quotas, "reps": reps, "rep_assignments": places}
            return make_snapshot(DAY(2026, 9, 30), opportunities=deals, **{**usual, **tables})

        def pay(self, period, snapshot=None, page=statement_page, **more):
            order = PayOrder(self.plan_file, period, self.out, FiscalCalendar(), **more)
            return pay(order, snapshot or self.snapshot(), page)

        def rows(self, folder, name):
            text = (folder / f"{name}.csv").read_text(encoding="utf-8-sig")
            return list(csv.DictReader(text.splitlines()))

        def files(self):
            return {
                path.relative_to(self.out).as_posix(): path.read_bytes()
                for path in sorted(self.out.rglob("*"))
                if path.is_file()
            }

    return Company()


def paid_by(company, folder):
    return {row["rep_id"]: (row["earned"], row["paid"]) for row in company.rows(folder, "payroll")}


def test_two_periods_in_turn(company):
    first = company.pay("2026-Q1").folder
    # ann: 7 % of 10,000 and the goal's 10 % of 10,000; bob: nothing, so the draw.
    assert paid_by(company, first) == {"ann": ("1700.00", "1700.00"), "bob": ("0.00", "500.00")}
    second = company.pay("2026-Q2").folder
    # bob earns 7.00 above no debt; the draw tops it up to 500 and is owed: 500 + 493.
    assert paid_by(company, second) == {"ann": ("140.00", "500.00"), "bob": ("7.00", "500.00")}
    balances = {row["rep_id"]: row for row in company.rows(second, "balances")}
    assert balances["bob"]["owed_opening"] == "500.00"
    assert balances["bob"]["owed_closing"] == "993.00"
    accruals = company.rows(second, "accrual")
    assert [row["closing"] for row in accruals] == ["-500.00", "-1353.00"]
    assert accruals[1]["opening"] == accruals[0]["closing"]


def test_costs_of_contracts_go_on_over_the_runs(company):
    first = company.pay("2026-Q1").folder
    second = company.pay("2026-Q2").folder
    # 700.00 over 36 months from January: 19.44 or 19.45 a month.
    before = {row["month"]: row for row in company.rows(first, "asc340_40")}
    after = {row["month"]: row for row in company.rows(second, "asc340_40")}
    assert before["2026-01"]["capitalised"] == "700.00"
    assert after["2026-03"] == before["2026-03"]
    assert after["2026-04"]["opening"] == before["2026-03"]["closing"]
    assert after["2026-05"]["capitalised"] == "140.00"
    # The goal belongs to no contract.
    costs = company.rows(first, "asc340_40_costs")
    assert [(row["cost"], row["expensed"]) for row in costs] == [
        ("700.00", "0.00"),
        ("1000.00", "1000.00"),
    ]


def test_a_paid_period_that_has_not_changed_is_left_alone(company):
    company.pay("2026-Q1")
    before = company.files()
    assert company.pay("2026-Q1").folder is None
    assert company.files() == before


def test_a_rerun_of_a_changed_period_writes_true_ups_only(company):
    paid = company.pay("2026-Q1").folder
    before = company.files()
    changed = company.snapshot([{**DEALS[0], "amount": "9000.00"}, *DEALS[1:]])
    with pytest.raises(InputError, match=r"was paid and now comes to -70\.00 EUR for 1 pers"):
        company.pay("2026-Q1", changed)
    assert company.files() == before
    again = company.pay("2026-Q1", changed, reopened=("2026-Q1",), reason="late return").folder
    assert again != paid
    after = company.files()
    assert {name: after[name] for name in before} == before
    lines = company.rows(again, "true_ups")
    assert [
        (r["rep_id"], r["period"], r["booked_in"], r["payout"], r["reason"]) for r in lines
    ] == [("ann", "2026-Q1", "2026-Q2", "-70.00", "late return")]
    assert {path.name for path in again.iterdir()} == {"book", "register.json", "true_ups.csv"}
    # Booked once: another rerun finds nothing, and the next period takes it in.
    assert company.pay("2026-Q1", changed).folder is None
    following = company.pay("2026-Q2", changed).folder
    assert paid_by(company, following)["ann"] == ("70.00", "500.00")
    page = (following / "statements/ann.html").read_text("utf-8")
    assert "−70.00" in page
    assert "late return" in page
    trace = company.rows(following, "trace")
    assert sum(float(r["payout"]) for r in trace if r["rep_id"] == "ann") == pytest.approx(70)


def test_the_next_period_stops_at_a_changed_one_unless_it_is_reopened(company):
    company.pay("2026-Q1")
    before = company.files()
    changed = company.snapshot([{**DEALS[0], "amount": "9000.00"}, *DEALS[1:]])
    with pytest.raises(InputError, match="--reopened 2026-Q1"):
        company.pay("2026-Q2", changed)
    with pytest.raises(InputError, match="say why"):
        company.pay("2026-Q2", changed, reopened=("2026-Q1",))
    assert company.files() == before
    second = company.pay("2026-Q2", changed, reopened=("2026-Q1",), reason="return").folder
    assert paid_by(company, second)["ann"] == ("70.00", "500.00")
    # What was trued up is booked: the same data bring nothing new.
    assert company.pay("2026-Q2", changed).folder is None


def test_a_reopened_period_of_a_year_to_date_plan_is_not_paid_twice(company):
    text = (
        PLAN[: PLAN.index("components:")]
        + """\
components:
  - name: commission
    kind: tiered
    measure: bookings
    tiers: [{from: 0, rate: 5%}, {from: 10000, rate: 10%}]
    settings: {measured_over: year}
"""
    )
    company.plan_file.write_text(text, encoding="utf-8")
    first = company.pay("2026-Q1").folder
    assert paid_by(company, first)["ann"] == ("500.00", "500.00")
    # 12,000 in the first quarter, 14,000 by the second: 700 and 900 in all.
    changed = company.snapshot([{**DEALS[0], "amount": "12000.00"}, *DEALS[1:]])
    second = company.pay("2026-Q2", changed, reopened=("2026-Q1",), reason="upsell").folder
    rows = {row["rep_id"]: row for row in company.rows(second, "payroll")}
    assert (rows["ann"]["true_up"], rows["ann"]["this_period"]) == ("200.00", "200.00")


def test_a_deal_credited_twice_stops_the_run(company):
    company.pay("2026-Q1")
    moved = company.snapshot([{**DEALS[0], "close_date": DAY(2026, 4, 2)}, *DEALS[1:]])
    before = company.files()
    with pytest.raises(InputError, match="deal `d1` is credited twice: in 2026-Q2, and already"):
        company.pay("2026-Q2", moved)
    assert company.files() == before
    second = company.pay("2026-Q2", moved, reopened=("2026-Q1",), reason="wrong date").folder
    # Taken back in full (1,700), paid anew: 700 + 140 and the goal of 1,000.
    assert paid_by(company, second)["ann"][0] == "140.00"


def test_who_is_credited_and_in_no_plan_stops_the_run(company):
    deals = [*DEALS, won("d9", "mia", DAY(2026, 2, 1), "50.00")]
    people = ("ann", "bob", "mia")
    snapshot = company.snapshot(deals, people)
    text = PLAN.replace("{role: rep, ote", "{role: rep, rep_ids: [ann, bob], ote")
    company.plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"`mia` is credited with 50\.00, and no plan pays"):
        company.pay("2026-Q1", snapshot)
    assert not company.out.exists()
    # A pattern beside the plan pays nobody; a plan of the company does.
    other = PLAN.replace("id: sales", "id: archetype_x")
    (company.plan_file.parent / "other.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(InputError, match="no plan pays"):
        company.pay("2026-Q1", snapshot)
    other = text.replace("id: sales", "id: field").replace("[ann, bob]", "[mia]")
    (company.plan_file.parent / "other.yaml").write_text(other, encoding="utf-8")
    assert paid_by(company, company.pay("2026-Q1", snapshot).folder).keys() == {"ann", "bob"}


def test_two_plans_for_one_person_stop_the_run(company):
    other = PLAN.replace("id: sales", "id: field")
    (company.plan_file.parent / "field.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(InputError, match=r"two plans pay `ann` \(and 1 more people\)"):
        company.pay("2026-Q1")
    assert not company.out.exists()


def test_a_missing_rate_stops_the_run(company):
    deals = [{**DEALS[0], "currency": "CHF"}]
    with pytest.raises(InputError, match="no rate from CHF to EUR on 2026-01-20"):
        company.pay("2026-Q1", company.snapshot(deals))
    assert not company.out.exists()


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        ("2026-Q4", "a period is paid when it is over"),
        ("2026-01", "pays by the quarter"),
        ("2026-Q9", "is not a period"),
        ("2025-Q4", "not in force"),
    ],
)
def test_a_period_that_cannot_be_paid(company, period, sentence):
    with pytest.raises(InputError, match=sentence):
        company.pay(period)
    assert not company.out.exists()


def test_no_period_is_left_out(company):
    company.pay("2026-Q1")
    with pytest.raises(InputError, match="2026-Q2 comes next, not 2026-Q3"):
        company.pay("2026-Q3")


def test_what_fails_half_way_leaves_nothing(company):
    made = []

    def page(statement, run, show):
        made.append(statement.rep_id)
        if len(made) == 2:
            raise OSError(28, "No space left on device")
        return statement_page(statement, run, show)

    with pytest.raises(InputError, match="No space left"):
        company.pay("2026-Q1", page=page)
    assert made == ["ann", "bob"]
    assert not company.out.exists()


def test_a_changed_run_is_never_built_upon(company):
    folder = company.pay("2026-Q1").folder
    register = folder / "register.json"
    balances = folder / "book" / "balances.parquet"
    whole = balances.read_bytes()
    balances.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="must never be changed"):
        company.pay("2026-Q2")
    balances.write_bytes(whole)
    company.pay("2026-Q2")
    values = json.loads(register.read_text("utf-8"))
    register.write_text(json.dumps({**values, "paid_cents": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="missing or was changed"):
        company.pay("2026-Q2")


def test_credits_by_hand(company, tmp_path):
    path = tmp_path / "by_hand.csv"
    head = "adjustment_id,rep_id,credited_on,amount,reason\n"
    path.write_text(f"{head}a1,bob,2026-02-03,-30.00,=1+1 agreed with Mia Fox\n", encoding="utf-8")
    people = ("ann", "bob", "mia")
    first = company.pay("2026-Q1", company.snapshot(people=people), adjustments=path).folder
    assert paid_by(company, first)["bob"] == ("-2.10", "500.00")
    # A reason that names somebody else stays off the page.
    assert "Mia" not in (first / "statements/bob.html").read_text("utf-8")
    # The same rows again are the same credits; other values are refused.
    assert company.pay("2026-Q1", company.snapshot(people=people), adjustments=path).folder is None
    path.write_text(f"{head}a1,bob,2026-02-03,-31.00,again\n", encoding="utf-8")
    with pytest.raises(InputError, match="booked with other values"):
        company.pay("2026-Q2", company.snapshot(people=people), adjustments=path)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("a1,bob,3.2.2026,1,why", r"by_hand\.csv:2: `credited_on` is '3\.2\.2026'"),
        ('a1,bob,2026-02-03,"1,000",why', r"by_hand\.csv:2: `amount`"),
        ("a1,bob,2026-02-03,0.001,why", "parts of a cent"),
        ("a1,bob,2026-02-03,1,", "`reason` is empty"),
        ("a1,zoe,2026-02-03,1,why", "`zoe` is not among the people"),
        ("a1,bob,2026-08-03,1,why", "neither paid nor reopened"),
        ("a1,bob,2026-02-03,1", "4 cells under 5 columns"),
    ],
)
def test_a_bad_credit_by_hand_is_told_with_its_line(company, tmp_path, row, sentence):
    path = tmp_path / "by_hand.csv"
    path.write_text(f"adjustment_id,rep_id,credited_on,amount,reason\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        company.pay("2026-Q1", adjustments=path)
    assert not company.out.exists()


def test_who_has_left_gets_a_true_up_and_no_draw(company):
    company.pay("2026-Q1")
    left = company.snapshot(
        [*DEALS[:2], won("d4", "bob", DAY(2026, 3, 1), "1000.00")],
        reps=[
            {"rep_id": "ann", "name": "Ann Lee", "hire_date": DAY(2020, 1, 1)},
            {
                "rep_id": "bob",
                "name": "Bob Ray",
                "hire_date": DAY(2020, 1, 1),
                "leave_date": DAY(2026, 3, 31),
            },
        ],
    )
    second = company.pay("2026-Q2", left, reopened=("2026-Q1",), reason="found a deal").folder
    # 70.00 repays part of the 500 that was advanced; there is nothing to pay.
    assert paid_by(company, second)["bob"] == ("70.00", "0.00")
    rows = {row["rep_id"]: row for row in company.rows(second, "payroll")}
    assert rows["bob"]["owed_closing"] == "430.00"


def test_hostile_texts_stay_texts(company):
    bad = '=HYPERLINK("http://x") <script>alert(1)</script> Bob Ray'
    deals = [{**DEALS[0], "name": bad}, *DEALS[1:]]
    deals[1] = {**deals[1], "close_date": DAY(2026, 2, 2), "name": "<img src=x> {{ 7*7 }}"}
    folder = company.pay("2026-Q1", company.snapshot(deals)).folder
    page = (folder / "statements/ann.html").read_text("utf-8")
    assert not [text for text in ("<script", "<img", "Bob") if text in page]
    assert "&lt;img src=x&gt; {{ 7*7 }}" in page
    for path in folder.glob("*.csv"):
        for line in csv.reader(path.read_text("utf-8-sig").splitlines()):
            assert not [cell for cell in line if re.match(r"[=+@]", cell)]


def test_names_of_statements_are_safe_and_apart():
    names = statement_names(["../../x", "a/b", "AbC", "aBc", "x" * 200])
    assert len({name.casefold() for name in names.values()}) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) for name in names.values())


def test_files_can_be_read_by_their_owner_only(company):
    folder = company.pay("2026-Q1").folder
    modes = {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}
    assert modes == {0}


def test_names_within_names_and_teams_named_after_people(company):
    places = [
        {
            "rep_id": rep,
            "role": "rep",
            "team": "Team Bob Ray",
            "region": "North",
            "effective_from": DAY(2020, 1, 1),
        }
        for rep in ("ann", "bob")
    ]
    names = {"ann": "Ann Lee Fox", "bob": "Bob Ray", "mia": "Ann Lee"}
    reps = [{"rep_id": rep, "name": name} for rep, name in names.items()]
    snapshot = company.snapshot(rep_assignments=places, reps=reps)
    folder = company.pay("2026-Q1", snapshot).folder
    page = (folder / "statements/ann.html").read_text("utf-8")
    assert "Ann Lee Fox" in page
    assert "Bob" not in page
    assert "North" in page
    assert "Team Bob Ray" in (folder / "statements/bob.html").read_text("utf-8")


def test_a_plan_that_names_a_person_stops_the_run(company):
    text = PLAN.replace("name: goal", "name: Bob Ray's goal")
    company.plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="the statement of `ann` would name another person"):
        company.pay("2026-Q1")
    assert not company.out.exists()


def test_who_is_away_all_the_period_gets_the_draw(company):
    leave = "crediting: {leaves: [{rep_id: bob, first_day: 2026-01-01, last_day: 2026-03-31}]}\n"
    company.plan_file.write_text(PLAN + leave, encoding="utf-8")
    folder = company.pay("2026-Q1").folder
    assert paid_by(company, folder)["bob"] == ("0.00", "500.00")
    assert "500.00" in (folder / "statements/bob.html").read_text("utf-8")


def test_a_revision_that_is_over_is_not_paid(company):
    newer = PLAN.replace("from: 2026-01-01", "revision: 2\nfrom: 2026-02-01")
    (company.plan_file.parent / "sales_2.yaml").write_text(newer, encoding="utf-8")
    with pytest.raises(InputError, match="revision 1 of the plan `sales` is not the one in force"):
        company.pay("2026-Q1")
