from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path

import pytest

from salesops_lib.errors import InputError
from salesops_lib.publishing.keys import Workshop
from salesops_lib.publishing.planning import STANDARD, planned_jobs


@pytest.fixture
def review(write_notebook):
    return write_notebook("review", "1 + 1")


def ids(jobs) -> list[str]:
    return [job.id for job in jobs]


def test_one_job_for_each_scope_in_the_order_of_the_file(review, snapshot_of, write_parameters):
    file = write_parameters(
        snapshot_of("EMEA", "AMER"),
        reports="  - {notebook: review, for_each: [company, region, team, rep]}",
    )
    jobs = planned_jobs(file)
    assert ids(jobs) == [
        "review/company",
        "review/region:AMER",
        "review/region:EMEA",
        "review/team:Team 1",
        "review/team:Team 2",
        "review/rep:R1",
        "review/rep:R2",
    ]
    assert jobs[2].place.html == review.parents[1] / "reports/2026-Q3/review/region-emea.html"


def test_limits_hold_for_the_file_or_for_an_entry_and_change_no_key(
    review, write_notebook, snapshot_of, write_parameters, project
):
    write_notebook("other", "1")
    reports = """\
  - notebook: review
  - {notebook: other, time_limit: 90 s, memory_limit: 1.5 GiB}"""
    snapshot = snapshot_of()
    limits = "language: en\ntime_limit: 2 h\nmemory_limit: 2 GB"
    of_file, of_entry = planned_jobs(
        write_parameters(snapshot, ("language: en", limits), reports=reports)
    )
    assert (of_file.time_limit, of_file.memory_limit) == (7200, 2_000_000_000)
    assert (of_entry.time_limit, of_entry.memory_limit) == (90, 1_610_612_736)
    without = planned_jobs(write_parameters(snapshot, reports=reports))
    assert [(job.time_limit, job.memory_limit) for job in without] == [(1800, 0), (90, 1610612736)]
    keys = Workshop(project).keys
    assert keys(of_file) == keys(without[0])


def test_a_job_holds_all_that_a_run_needs_and_can_travel(review, snapshot_of, write_parameters):
    snapshot = snapshot_of()
    job = planned_jobs(write_parameters(snapshot, ("language: en", "time_limit: 2 min")))[0]
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301
    assert set(job.parameters) == {*STANDARD, "audience"}
    assert job.parameters["snapshot"] == str(snapshot)
    assert job.parameters["as_of"] == "2026-09-30"
    assert job.parameters["currency"] == {"reporting": "EUR", "rates": "close_date"}
    assert job.time_limit == 120
    assert job.provenance["command"] == "salesops report parameters/q3.yaml --only review/company"
    assert job.provenance["snapshot"]["id"] == snapshot.name
    assert job.provenance["commit"] is None


def test_a_snapshot_inside_the_project_is_passed_relative(
    review, snapshot_of, write_parameters, project
):
    snapshot = snapshot_of()
    (project / "snapshots").symlink_to(snapshot.parent)
    file = write_parameters(Path("snapshots") / snapshot.name)
    assert planned_jobs(file)[0].parameters["snapshot"] == f"snapshots/{snapshot.name}"


def test_only_in_the_file_and_on_the_command_line(review, snapshot_of, write_parameters):
    file = write_parameters(
        snapshot_of("EMEA", "AMER", "APAC"),
        reports='  - {notebook: review, for_each: region, only: ["region:EMEA", "region:APAC"]}',
    )
    assert ids(planned_jobs(file)) == ["review/region:APAC", "review/region:EMEA"]
    assert ids(planned_jobs(file, only=["review/region:EMEA"])) == ["review/region:EMEA"]
    assert len(planned_jobs(file, only=["review"])) == 2
    with pytest.raises(InputError, match=r"--only: no report `review/region:EMAE` .* did you"):
        planned_jobs(file, only=["review/region:EMAE"])


def test_further_parameters_reach_the_notebook(
    write_notebook, snapshot_of, write_parameters, standard_cell
):
    write_notebook("review", parameters=standard_cell + "floor: float = 1.5  # smallest deal\n")
    file = write_parameters(
        snapshot_of(), reports="  - {notebook: review, parameters: {floor: 1e6}}"
    )
    assert planned_jobs(file)[0].parameters["floor"] == 1_000_000
    file = write_parameters(snapshot_of())
    assert planned_jobs(file)[0].parameters["floor"] == 1.5


def test_hostile_scopes_become_plain_files_and_plain_data(review, snapshot_of, write_parameters):
    hostile = [
        "<script>alert(1)</script>", "'; DROP TABLE deals; --", "../../x", "العربية", "😀", "CON",
        '"); import os; os.abort() #', "a\nb", "{braces}", "=1+1", "x" * 300,
    ]  # fmt: skip
    file = write_parameters(
        snapshot_of(*hostile), reports="  - {notebook: review, for_each: region}"
    )
    jobs = planned_jobs(file)
    assert sorted(job.scope.key for job in jobs) == sorted(hostile)
    assert len({job.place.html for job in jobs}) == len(hostile)
    for job in jobs:
        assert job.place.html.parent == file.parents[1] / "reports/2026-Q3/review"
        assert job.place.html.name.isascii()
        assert job.parameters["scope"] == f"region:{job.scope.key}"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("notebook: review", "notebook: reviw",
         "parameters/q3.yaml:9: no notebook `reviw` in notebooks/; did you mean `review`?"),
        ("period: 2026-Q3", "period: 2026-Q5", "parameters/q3.yaml:4: '2026-Q5' is not a period"),
        ("period: 2026-Q3", "period: 2027-Q1", "parameters/q3.yaml:3: the period 2027-Q1 begins"),
        ("as_of: 2026-09-30", "as_of: 2026-10-31", "parameters/q3.yaml:3: "),
        ("notebook: review", "{notebook: review, only: ['region:EMEA']}", "q3.yaml"),
    ],
)  # fmt: skip
def test_everything_is_checked_before_anything_runs(
    review, snapshot_of, write_parameters, old, new, sentence
):
    file = write_parameters(snapshot_of(), (old, new))
    with pytest.raises(InputError) as raised:
        planned_jobs(file)
    assert sentence in str(raised.value)
    assert not (file.parents[1] / "reports").exists()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{notebook: review, for_each: region, only: ['region:EMAE']}",
         "parameters/q3.yaml:9: `region:EMAE` is not among the scopes that for_each names; did"),
        ("{notebook: review, parameters: {quta: 1}}",
         "parameters/q3.yaml:9: review.ipynb declares no parameter `quta`"),
        ("{notebook: review, parameters: {period: 2026-Q2}}",
         "parameters/q3.yaml:9: `period` is set for all reports at the top of the file"),
        ("{notebook: review, parameters: {scope: 'rep:R1'}}",
         "parameters/q3.yaml:9: `scope` is set by for_each and only"),
        ("{notebook: review, for_each: [company, company]}", ""),
    ],
)  # fmt: skip
def test_each_entry_is_checked(review, snapshot_of, write_parameters, entry, sentence):
    file = write_parameters(snapshot_of(), reports=f"  - {entry}")
    if not sentence:
        assert ids(planned_jobs(file)) == ["review/company"]
        return
    with pytest.raises(InputError) as raised:
        planned_jobs(file)
    assert sentence in str(raised.value)


def test_two_entries_for_one_file_are_refused(review, snapshot_of, write_parameters):
    file = write_parameters(snapshot_of(), reports="  - notebook: review\n  - notebook: review")
    with pytest.raises(InputError, match="review/company is asked for twice"):
        planned_jobs(file)


def test_a_kind_that_the_snapshot_does_not_name_is_told(
    review, make_snapshot, deal, write_parameters
):
    snapshot = make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=[deal(1, dt.date(2026, 7, 1), dt.date(2026, 8, 1), 5, won=True)],
    )
    file = write_parameters(snapshot.path, reports="  - {notebook: review, for_each: region}")
    with pytest.raises(InputError, match="names no region in 2026-Q3"):
        planned_jobs(file)


def test_a_missing_snapshot_is_told_with_its_line(review, write_parameters):
    file = write_parameters(Path("snapshots/none"))
    with pytest.raises(InputError, match=r"^parameters/q3.yaml:2: no snapshot at none"):
        planned_jobs(file)


def test_a_currency_without_rate_is_told_before_anything_runs(
    review, make_snapshot, deal, write_parameters
):
    snapshot = make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=[
            deal(1, dt.date(2026, 7, 1), dt.date(2026, 8, 1), 5, won=True, currency="USD")
        ],
    )
    with pytest.raises(InputError, match="USD"):
        planned_jobs(write_parameters(snapshot.path))


def test_a_notebook_without_the_standard_parameters_is_refused(
    write_notebook, snapshot_of, write_parameters
):
    write_notebook("review", parameters='period: str = "x"  # period\n')
    with pytest.raises(InputError, match=r"q3.yaml:9: review.ipynb declares no parameter `snap"):
        planned_jobs(write_parameters(snapshot_of()))
