"""Reports as of an earlier day than their snapshot's: published, sound, and saying so."""

# ruff: noqa: RUF001 (the Turkish dotless i is meant)

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest

from salesops_lib.errors import InputError
from salesops_lib.publishing.index import write_index
from salesops_lib.publishing.lint.document import Document
from salesops_lib.publishing.lint.score import scores
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.plans import plan
from salesops_lib.publishing.run import run_one

PARAMETERS = """\
version: 1
snapshot: {snapshot}
as_of: {as_of}
period: 2026-Q2
language: {language}
reports:
  - notebook: performance_review
    for_each: company
"""


@pytest.fixture
def write(company_project, tmp_path):
    """Writes a parameter file of the simulated company; its name is new each time."""
    files = []

    def parameters(**given):
        values = {"snapshot": "store", "as_of": "2026-06-30", "language": "en"} | given
        file = company_project / "parameters" / f"{tmp_path.name}-{len(files)}.yaml"
        file.write_text(PARAMETERS.format(**values), encoding="utf-8")
        files.append(file)
        return file

    yield parameters
    for file in files:
        file.unlink()


@pytest.mark.parametrize(
    ("language", "head", "note"),
    [
        ("en", "as of 30 June 2026, rebuilt from the snapshot of 30 September 2026",
         "deals are shown as they stood on 30 June 2026"),
        ("tr", "30 Haziran 2026 itibarıyla, 30 Eylül 2026 tarihli anlık görüntüden",
         "30 Haziran 2026 tarihindeki hâliyle"),
    ],
)  # fmt: skip
def test_a_rebuilt_report_is_sound_and_says_what_it_is(write, tmp_path, language, head, note):
    (job,) = planned_jobs(write(language=language), tmp_path / "reports")
    result = run_one(job)
    assert (result.status, result.error) == ("done", None)
    write_index(tmp_path / "reports")
    assert [(s.name, s.problems) for s in scores([tmp_path / "reports"]) if not s.is_good] == []
    html = job.place.html.read_text(encoding="utf-8")
    values = json.loads(job.place.json.read_text(encoding="utf-8"))
    assert head in values["report"]["kicker"]
    assert head in html
    page = Document(html)
    assert note in page.by_id["data-notes"].text
    assert values["report"]["as_of"] == "2026-06-30"
    snapshot = values["provenance"]["snapshot"]
    assert (snapshot["as_of"], snapshot["rebuilt_as_of"]) == ("2026-09-30", "2026-06-30")
    assert page.by_id["made-of-rebuilt"].text
    kinds = {other["kind"] for other in values["others"]}
    assert {"rebuilt", "history_coverage"} <= kinds


def test_at_the_snapshot_s_own_day_no_page_speaks_of_it(sound):
    assert "rebuilt from the snapshot" not in sound
    assert "as they stood on" not in sound
    assert "made-of-rebuilt" not in sound
    assert "Whole history" not in sound


def test_a_snapshot_that_stands_in_is_named(company_project, write, tmp_path):
    store = company_project / "other store"
    shutil.copytree(company_project / "store", store)
    try:
        (pointer,) = store.glob("????-??-??.json")
        name = json.loads(pointer.read_text(encoding="utf-8"))["id"]
        for day in ("2026-09-30", "2026-06-27"):
            folder = store / f"{day}-own"
            shutil.copytree(store / name, folder, ignore=shutil.ignore_patterns("derived"))
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            manifest |= {"id": folder.name, "as_of": day}
            del manifest["tables"]["opportunity_history"]
            (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            (store / f"{day}.json").write_text(json.dumps({"id": folder.name}), encoding="utf-8")
        file = write(snapshot="other store")
        (job,) = plan(file, tmp_path / "reports")
        assert job.parameters["as_of"] == "2026-06-27"
        assert job.parameters["snapshot"] == "other store/2026-06-27-own"
        assert job.provenance["snapshot"]["id"] == "2026-06-27-own"
        assert job.provenance["snapshot"]["in_place_of"] == "2026-06-30"
        assert "rebuilt_as_of" not in job.provenance["snapshot"]
        (store / "2026-06-27.json").unlink()
        with pytest.raises(InputError) as refused:
            planned_jobs(file, tmp_path / "reports")
        assert refused.value.exit_code == 2
        assert ".yaml:3: the snapshot stands at 2026-09-30 and holds no history" in str(
            refused.value
        )
        assert not (tmp_path / "reports").exists()
    finally:
        shutil.rmtree(store)


def test_a_day_before_the_first_deal_is_refused(write, tmp_path):
    early = dt.date(2019, 1, 1)
    with pytest.raises(InputError, match="possible is any day from 2022-") as refused:
        planned_jobs(write(as_of=early.isoformat()), tmp_path / "reports")
    assert refused.value.exit_code == 2
