"""A company whose names are attacks: shown as text, filed under safe names."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from rich.console import Console

from salesops_lib.publishing.batch import run_batch
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.progress import Progress

ROOT = Path(__file__).parents[2]
REGIONS = ["../../x", "<script>alert(1)</script>", "Marmara & Ege İĞŞ", "الشرق الأوسط", "🚀"]
REPS = [
    "'; DROP TABLE opportunities; --",
    '"><img src=x onerror=alert(1)>',
    "Ayşe Çağlar",
    "علي",
    "🦄",
]
PARAMETERS = """\
version: 1
snapshot: {snapshot}
as_of: 2026-09-30
period: 2026-Q3
reports:
  - notebook: performance_review
    for_each: [region]
"""


@pytest.fixture
def reports(make_snapshot, deal, tmp_path):
    deals = [
        deal(
            f"{who}-{n}", "2026-07-01", "2026-08-10", f"{100 * (who + 1)}.00", won=n % 2 == 0,
            owner=f"R{who}", name="<script>alert(1)</script>", account_id=f"A{who}",
            product='=HYPERLINK("http://example.com","x")', stage="{{ 7*7 }}",
        )
        for who in range(len(REPS))
        for n in range(4)
    ]  # fmt: skip
    deals += [
        deal(f"open-{who}", "2026-07-01", "2026-11-10", "50.00", owner=f"R{who}", stage="${7*7}")
        for who in range(len(REPS))
    ]
    snapshot = make_snapshot(
        dt.date(2026, 9, 30),
        opportunities=deals,
        reps=[{"rep_id": f"R{n}", "name": name} for n, name in enumerate(REPS)],
        rep_assignments=[
            {"rep_id": f"R{n}", "team": f"team {n} <b>", "region": region, "role": "rep"}
            for n, region in enumerate(REGIONS)
        ],
        accounts=[
            {"account_id": f"A{n}", "name": "=cmd|' /C calc'!A0", "segment": "<u>SMB</u>"}
            for n in range(len(REPS))
        ],
    )
    project = tmp_path / "project"
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    (project / "parameters").mkdir()
    file = project / "parameters" / "q.yaml"
    file.write_text(PARAMETERS.format(snapshot=snapshot.path), encoding="utf-8")
    jobs = planned_jobs(file)
    with Progress(len(jobs), Console(quiet=True)) as progress:
        results = run_batch(jobs, 2, progress)
    assert [result.status for result in results] == ["done"] * len(REGIONS)
    return project / "reports"


def test_hostile_names_are_text_on_pages_under_safe_names(reports):
    folder = reports / "2026-Q3" / "performance_review"
    pages = sorted(folder.glob("*.html"))
    assert len(pages) == len(REGIONS)
    assert all(path.name.isascii() and " " not in path.name for path in pages)
    everything = {path.resolve() for path in reports.parent.rglob("*.html")}
    assert all(reports.resolve() in path.parents for path in everything), "nothing outside reports"
    seen = set()
    for path in pages:
        region = json.loads(path.with_suffix(".json").read_text("utf-8"))["report"]["scope_label"]
        seen.add(region)
        page = BeautifulSoup(path.read_text("utf-8"), "html5lib")
        assert [tag.get("type") for tag in page.find_all("script")] == ["application/json"]
        assert not page.find_all(["img", "b", "u", "iframe"], src=True)
        assert page.find("h1").text.startswith(f"{region} booked")
        assert not [t for t in page.find_all(True) if any(k.startswith("on") for k in t.attrs)]
        text = page.get_text(" ")
        rep = REPS[REGIONS.index(region)]
        assert rep in text
        assert all(other not in text for other in REPS if other != rep)
        assert '=HYPERLINK("http://example.com","x")' in text
        assert "${7*7}" in text
        assert "team " in text
    assert seen == set(REGIONS)
