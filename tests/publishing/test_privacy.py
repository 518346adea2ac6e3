"""What a rep's and a manager's report must not hold, whoever wrote the notebook."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import html
import io
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib.data.snapshot import find_snapshot
from salesops_lib.data.view import open_view
from salesops_lib.errors import InputError
from salesops_lib.performance import people
from salesops_lib.publishing.mail import mailed
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.privacy import Names
from salesops_lib.publishing.run import remade_one, run_one
from salesops_lib.results import MIME

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "snapshots" / "sample"

LEAK = """\
from pathlib import Path
from salesops_lib.data.snapshot import Snapshot
Snapshot.open(Path(snapshot)).table("reps").select("rep_id", "name").to_pandas()
"""
PUBLIC = """\
%load_ext salesops_lib
from salesops_lib.notebook import open_report
report = open_report(globals(), name="review", title="Review")
print(report.view.audience)
for table in ("reps", "rep_assignments", "opportunities", "quotas", "opportunity_history"):
    print(report.view.snapshot.table(table).to_pandas().to_csv())
print(report.view.all_deals.to_pandas().to_csv(), report.view.credits.to_pandas().to_csv())
"""


@pytest.fixture
def company(make_snapshot, deal) -> Path:
    """Two teams; the people of one are called Ada 0 Lovelace and so on, of the other Bob."""
    people = [(f"A{n}", f"Ada{n} Lovelace", "North") for n in range(7)]
    people += [(f"B{n}", f"Bob{n} O'Brien", "South") for n in range(3)]
    deals = [
        deal(
            f"{who}-{n}",
            "2026-07-01",
            "2026-08-10",
            f"{1000 + 111 * number}.00",
            won=n % 2 == 0,
            owner=who,
            currency="EUR",
        )
        for number, (who, _, _) in enumerate(people)
        for n in range(4)
    ]
    return make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=deals,
        reps=[
            {"rep_id": who, "name": name, "hire_date": dt.date(2020, 1, 1)}
            for who, name, _ in people
        ],
        rep_assignments=[
            {
                "rep_id": who,
                "manager_id": "A0" if team == "North" else "B0",
                "team": team,
                "region": "World",
                "role": "rep",
            }
            for who, _, team in people
        ],
        opportunity_history=[
            {
                "opportunity_id": "A1-0",
                "changed_at": dt.datetime(2026, 7, 2, tzinfo=dt.UTC),
                "field": "owner",
                "old_value": "B1",
                "new_value": "A1",
            }
        ],
        quotas=[
            {
                "rep_id": who,
                "measure": "bookings",
                "period_start": dt.date(2026, 7, 1),
                "period_end": dt.date(2026, 9, 30),
                "amount": "3000.00",
                "currency": "EUR",
            }
            for who, _, _ in people
        ],
    ).path


def entry(notebook: str, kind: str, only: str, audience: str = "") -> str:
    for_whom = f", audience: {audience}" if audience else ""
    return f'  - {{notebook: {notebook}, for_each: {kind}, only: ["{only}"]{for_whom}}}'


def everything_in(folder: Path) -> str:
    """Text of all files in a folder, as written and as a reader would decode it."""
    texts = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "notebooks" not in path.relative_to(folder).parts[:1]:
            texts.append(path.name)
            text = path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".eml":
                parts = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                text += "".join(p.get_content() for p in parts.walk() if not p.is_multipart())
            texts += [text, html.unescape(text), text.encode().decode("unicode_escape", "ignore")]
            for coded in re.findall(r"base64,([A-Za-z0-9+/=]+)", text):
                content = base64.b64decode(coded)
                texts.append(content.decode("utf-8", "replace"))
                if content.startswith(b"PK"):
                    parts = zipfile.ZipFile(io.BytesIO(content))
                    texts += [
                        parts.read(name).decode("utf-8", "replace") for name in parts.namelist()
                    ]
    return "\n".join(texts)


def reads(project: Path, notebook: str) -> None:
    shutil.copy(ROOT / "notebooks" / f"{notebook}.ipynb", project / "notebooks")


def test_a_rep_reads_the_median_of_five_and_more(company):
    large, small = (
        people(open_view(company, period="2026-Q3", scope=f"rep:{who}")) for who in ("A0", "B0")
    )
    values = large._repr_mimebundle_()[MIME]
    assert [row["rep"] for row in values["rows"]] == ["Ada0 Lovelace"]
    # Ada1 to Ada6 won two deals each of 1,111 to 1,666: a median of 2,777 of 3,000, and 50 %.
    rows = {row["measure"]: row for row in values["team"]["rows"]}
    assert rows["bookings"] == {"measure": "bookings", "own": 2000, "median": 2800, "people": 6}
    assert rows["attainment"]["median"] == 0.93
    assert rows["win_rate"]["median"] == 0.5
    assert values["team"]["withheld"] == ""
    # Two colleagues are too few to be summed up.
    shown = small._repr_mimebundle_()
    assert {row["median"] for row in shown[MIME]["team"]["rows"]} == {None}
    assert "fewer than 5 colleagues" in shown["text/html"]
    assert "1,888" not in shown["text/html"]
    assert people(open_view(company, period="2026-Q3", scope="team:North")).team is None


@pytest.mark.parametrize(
    ("kind", "only", "audience", "hidden"),
    [("rep", "rep:A1", "rep", r"\b(A[0-6]|B\d)\b(?<!A1)"), ("team", "team:North", "manager", "B")],
)
def test_the_tables_that_a_cell_can_ask_for_are_disguised(
    write_notebook, company, write_parameters, kind, only, audience, hidden
):
    write_notebook("review", PUBLIC)
    entries = entry("review", kind, only, audience)
    [job] = planned_jobs(write_parameters(company, reports=entries))
    result = run_one(job)
    assert result.status == "done", result.error
    text = result.html.read_text("utf-8")
    shown = "".join(re.findall(r'<pre class="foreign[^>]*>(.*?)</pre>', text, re.DOTALL))
    assert shown.startswith(audience)
    assert "Ada1 Lovelace" in shown
    # Opportunity ids name their owner in this company: they are not people.
    bare = re.sub(r"D[AB]\d-\d", "", shown)
    assert not re.search(r"Bob|B[0-2]" if audience == "manager" else hidden, bare)


def test_a_cell_that_reads_the_data_itself_publishes_nothing(
    project, write_notebook, company, write_parameters
):
    warned = "import sys\nprint('Bo' + 'b1 O-Brien', file=sys.stderr)"
    write_notebook("review", warned, LEAK)
    [job] = planned_jobs(write_parameters(company, reports=entry("review", "rep", "rep:A1")))
    result = run_one(job)
    assert (result.status, result.error.name, result.error.cell) == ("failed", "Not private", 3)
    assert result.warnings == ()
    assert not job.place.html.exists()
    text = everything_in(project)
    assert "Not private" in text
    assert "Ada2" not in text
    assert "Bob" not in text


def test_an_error_that_quotes_a_name_is_not_kept(
    project, write_notebook, company, write_parameters
):
    write_notebook("review", "name = ' '.join(['Ada2', 'Lovelace'])\nraise KeyError(name)")
    [job] = planned_jobs(write_parameters(company, reports=entry("review", "rep", "rep:A1")))
    result = run_one(job)
    assert result.error.name == "Not private"
    assert "Ada2 Lovelace" not in everything_in(project)


def test_what_was_made_for_leadership_is_not_rendered_for_a_rep(
    write_notebook, company, write_parameters
):
    write_notebook("review", LEAK)
    leading, own = (
        planned_jobs(write_parameters(company, reports=entry("review", "rep", "rep:A1", audience)))[
            0
        ]
        for audience in ("leadership", "rep")
    )
    assert run_one(leading).status == "done"
    assert "Ada2" in leading.place.html.read_text("utf-8")
    assert remade_one(own).error.name == "Not private"


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            "  - {notebook: review, for_each: [rep, company], audience: rep}",
            (
                "q3.yaml:9: a report about the company is not for the audience `rep`: it would"
                " show figures of other people; its audience is leadership."
            ),
        ),
        (
            "  - {notebook: review, for_each: team, audience: rep}",
            (
                "a report about a team is not for the audience `rep`: it would show figures of"
                " other people; its audience is leadership or manager."
            ),
        ),
        (
            "  - {notebook: review, audience: manager}",
            "a report about the company is not for the audience `manager`",
        ),
        (
            "  - {notebook: review, audience: managers}",
            "did you mean `manager`? Allowed: leadership, manager, rep.",
        ),
        (
            "  - {notebook: review, parameters: {audience: rep}}",
            "`audience` stands beside `notebook`, or at the top of the file.",
        ),
        (
            "  - {notebook: old, for_each: rep}",
            (
                "old.ipynb declares no parameter `audience`, so a report about a rep for the"
                " audience `rep` cannot be made with it."
            ),
        ),
    ],
)
def test_an_audience_that_must_not_read_it_is_refused_before_anything_runs(
    project, write_notebook, standard_cell, company, write_parameters, entries, sentence
):
    write_notebook("review")
    write_notebook("old", parameters="\n".join(standard_cell.splitlines()[:-1]))
    with pytest.raises(InputError) as refused:
        planned_jobs(write_parameters(company, reports=entries))
    assert sentence in str(refused.value)
    assert not (project / "reports").exists()


def test_the_audience_of_the_file_holds_where_an_entry_names_none(
    write_notebook, company, write_parameters
):
    write_notebook("review")
    file = write_parameters(
        company,
        ("language: en", "language: en\naudience: manager"),
        reports='  - {notebook: review, for_each: [team, rep], only: ["team:North", "rep:A1"]}\n'
        "  - {notebook: review, audience: leadership}",
    )
    assert [job.parameters["audience"] for job in planned_jobs(file)] == [
        "manager",
        "manager",
        "leadership",
    ]


@pytest.mark.parametrize(
    ("names", "value", "found"),
    [
        (["Ada Lovelace"], {"a": ["x", {"b": "by ADA  LOVELACE."}]}, True),
        (["Ada Lovelace"], "<td>Ada</td><td>Lovelace</td>", True),
        (["Ada Lovelace"], "ada.lovelace@example.com", True),
        (["Ada Lovelace"], "Adam Lovelace, Ada Lovelaces", False),
        (["Ada Lovelace"], {"Ada Lovelace": 1}, True),
        (["Ayşe Çağlar"], "AYŞE ÇAĞLAR", True),
        (["Sales"], "Sales cycle", False),
        (["Sales"], "<td>Sales</td>", True),
        (
            ["Ada Lovelace"],
            "data:text/csv;base64," + base64.b64encode(b"Ada Lovelace,1").decode(),
            True,
        ),
        (["Ada Lovelace"], "data:text/csv;base64,!!", False),
        ([], "Ada Lovelace", False),
        (["  ", "-"], "- x", False),
    ],
)
def test_names_are_found_in_any_markup(names, value, found):
    assert Names(names).are_in(value) is found


def test_names_inside_a_workbook_are_found():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/sharedStrings.xml", "<si><t>Ada Lovelace</t></si>")
    coded = base64.b64encode(packed.getvalue()).decode()
    link = f'<a href="data:application/x;base64,{coded}">table</a>'
    assert Names(["Ada Lovelace"]).are_in({"text/html": link})


@pytest.fixture
def sample() -> Path:
    if not list(SAMPLE.glob("*.json")):
        pytest.skip("the sample company has not been made: make report")
    return find_snapshot(SAMPLE)


@pytest.mark.parametrize("kind", ["rep", "team"])
def test_reports_of_the_sample_company_name_nobody_else(project, sample, write_parameters, kind):
    everyone = pd.read_parquet(sample / "reps.parquet")[["rep_id", "name"]]
    places = pd.read_parquet(sample / "rep_assignments.parquet")
    team = places.sort_values(["team", "rep_id"]).team.iloc[0]
    there = set(places[places.team == team].rep_id)
    deals = pd.read_parquet(sample / "opportunities.parquet").query("is_won")
    won = deals[pd.to_datetime(deals.close_date) >= "2026-07-01"].owner_id
    rep = won[won.isin(there)].value_counts().sort_index(kind="stable").index[0]
    named = {rep} if kind == "rep" else there
    reads(project, "performance_review")
    only = f"rep:{rep}" if kind == "rep" else f"team:{team}"
    audience = "rep" if kind == "rep" else "manager"
    file = write_parameters(sample, reports=entry("performance_review", kind, only, audience))
    [job] = planned_jobs(file)
    result = run_one(job)
    assert result.status == "done", result.error
    mailed([job.place.html], project / "mails", to=["ana@example.com"])
    text = everything_in(project)
    own = set(everyone[everyone.rep_id.isin(named)].name)
    others = everyone[~everyone.rep_id.isin(named) & ~everyone.name.isin(own)]
    assert len(others) > 50
    assert [name for name in others.name if name in text] == []
    assert [rep_id for rep_id in others.rep_id if rep_id in text] == []
    assert own & set(re.findall("|".join(map(re.escape, own)), text))
    kept = list((project / ".cache" / "executed").glob("*.ipynb"))
    assert len(kept) == len(list((project / "mails").glob("*.eml"))) == 1
