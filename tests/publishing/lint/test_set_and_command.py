"""The set of reports, messages, the command, and what publishing does with a gate."""

from __future__ import annotations

import json
import re
import shutil
from email.message import EmailMessage
from pathlib import Path

import html5lib
import pytest
from typer.testing import CliRunner

from salesops_lib.cli import app
from salesops_lib.errors import InputError
from salesops_lib.publishing.content import PageError
from salesops_lib.publishing.index import write_index
from salesops_lib.publishing.jobs import FAILED
from salesops_lib.publishing.lint.letter import letter_is_plain
from salesops_lib.publishing.lint.points import POINTS, unchecked
from salesops_lib.publishing.lint.score import CHECKS, INDEX_CHECKS, page_score, scores
from salesops_lib.publishing.rendering import Page
from salesops_lib.publishing.run import _refuse_failing, run_one

COMPANY = Path("2026-Q3", "performance_review", "company.html")


@pytest.fixture
def shelf(reports, tmp_path) -> Path:
    """A copy of the reports that a test may break."""
    return Path(shutil.copytree(reports, tmp_path / "reports"))


def lint(*arguments) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["lint", *map(str, arguments)], env={"COLUMNS": "120"})
    return found.exit_code, found.output


def failing(shelf: Path) -> dict[str, set[int]]:
    return {Path(s.name).name: set(s.failed) for s in scores([shelf]) if not s.is_good}


def messages(shelf: Path, point: int) -> list[str]:
    return [p.message for s in scores([shelf]) for p in s.problems if p.point == point]


def test_the_samples_reports_and_their_index_meet_all_points(reports):
    found = scores([reports])
    assert [str(problem) for score in found for problem in score.problems] == []
    assert [len(score.checked) for score in found] == [len(CHECKS), len(CHECKS), len(INDEX_CHECKS)]


def test_pages_are_valid_html_to_a_strict_parser(reports):
    for path in [reports / COMPANY, reports / "index.html"]:
        html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))


def test_every_point_is_decided_by_something(sound):
    assert list(POINTS) == list(range(1, 51))
    assert set(CHECKS) | set(INDEX_CHECKS) | {32, 33, 39, 50} == set(POINTS)
    assert unchecked(POINTS) == ""


def test_point_46_a_report_that_the_index_lacks(shelf):
    page = shelf / COMPANY
    shutil.copy(page, page.with_name("region-new.html"))
    assert any("region-new.html" in told for told in messages(shelf, 46))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r'(<div class="figure">).*?</div>', "without its headline figure"),
        (r"as of \d{4}", "without its date"),
        (r"\d+\s*KB", "without its size"),
        (r'<a href="2026-Q2/[^"]*html">←.*?</a>', "period before or after"),
    ],
)
def test_point_46_what_a_line_of_the_index_tells(shelf, pattern, message):
    index = shelf / "index.html"
    broken, count = re.subn(pattern, "", index.read_text("utf-8"), flags=re.DOTALL)
    assert count
    index.write_text(broken, encoding="utf-8")
    assert any(message in told for told in messages(shelf, 46))


def test_point_46_a_failed_run_without_reason_or_notebook(shelf):
    record = shelf / FAILED / "2026-Q3" / "performance_review" / "company.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"reason": "ValueError: no deals", "cell": 3}), encoding="utf-8")
    record.with_suffix(".ipynb").write_text("{}", encoding="utf-8")
    assert any("reason of the failed run" in told for told in messages(shelf, 46))
    write_index(shelf)
    assert messages(shelf, 46) == []
    index = (shelf / "index.html").read_text("utf-8")
    (shelf / "index.html").write_text(index.replace("company.ipynb", "x.ipynb"), encoding="utf-8")
    assert any("does not link to failed" in told for told in messages(shelf, 46))


def test_point_47_an_index_without_filter_or_with_foreign_scripts(shelf):
    index = shelf / "index.html"
    text = index.read_text("utf-8")
    index.write_text(text.replace('type="search"', 'type="text"'), encoding="utf-8")
    assert messages(shelf, 47) == ["the index has no filter"]
    index.write_text(text.replace("script-src 'sha256-", "script-src '"), encoding="utf-8")
    assert messages(shelf, 47) == ["the index lets any script run"]


def test_point_48_names_that_are_not_plain(sound, tmp_path):
    path = tmp_path / "2026-Q3" / "performance_review" / "Türkiye & more.html"
    path.parent.mkdir(parents=True)
    path.write_text(sound, encoding="utf-8")
    told = [p for p in page_score(sound, path).problems if p.point == 48]
    assert "not plain ASCII" in told[0].message
    moved = tmp_path / "2026-Q1" / "performance_review" / "company.html"
    assert any("lies in the folder 2026-Q1" in p.message for p in page_score(sound, moved).problems)


def test_point_49_links_that_lead_nowhere(shelf):
    (shelf / COMPANY).with_suffix(".json").unlink()
    assert any("leads to no file: company.json" in told for told in messages(shelf, 49))


def test_point_1_a_page_that_was_changed_after_it_was_published(shelf):
    page = shelf / COMPANY
    page.write_text(page.read_text("utf-8").replace("<h1>", "<h1> "), encoding="utf-8")
    assert any("hash differs" in told for told in messages(shelf, 1))


def test_point_5_values_beside_the_page_that_are_others(shelf):
    beside = (shelf / COMPANY).with_suffix(".json")
    values = json.loads(beside.read_text("utf-8"))
    values["findings"]["headline"] = "Other"
    beside.write_text(json.dumps(values), encoding="utf-8")
    assert messages(shelf, 5) == ["`findings` in the JSON beside the page differs from the page's"]


def letter(html: str, plain: str = "The same in words") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Q3"
    message.set_content(plain)
    message.add_alternative(html, subtype="html")
    return bytes(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (letter("<p style='color:#000'>x</p>", " "), "no plain-text part"),
        (letter("<p>" + "x" * 100_001 + "</p>"), "100,000 are the limit"),
        (letter("<style>p{}</style><p>x</p>"), "drop <style>"),
        (letter("<img src='data:image/png;base64,AA'>"), "src holds"),
        (letter("<p style='background:url(x)'>x</p>"), "style holds a data-URI or fetches"),
        (b"Subject: x\n\nplain only", "no HTML part"),
    ],
)
def test_point_50_messages_that_mail_programs_cut(content, message):
    assert any(message in flaw.message for flaw in letter_is_plain(content))


def test_point_50_a_sound_message():
    assert list(letter_is_plain(letter("<p style='color:#000'>x</p><img src='cid:a'>"))) == []


def test_the_command_ends_with_0_and_says_what_was_not_checked(reports):
    code, out = lint(reports)
    assert code == 0
    assert "✓" in out
    assert "Not checked here: 32 and 39 (browser), 33 (people), 50 (mail)." in out


def test_the_command_ends_with_1_and_names_the_element_as_text(shelf):
    page = shelf / COMPANY
    hostile = "<figcaption>[bold red]x[/] :boom: \x1b[31m NaN "
    page.write_text(page.read_text("utf-8").replace("<figcaption>", hostile, 1), encoding="utf-8")
    code, out = lint(page)
    assert code == 1
    assert "[bold red]x[/]" in out
    assert ":boom:" in out
    assert "\x1b[31m" not in out
    assert "'NaN' is shown where a value should be" in " ".join(out.split())
    code, out = lint(page, "--json")
    (score,) = json.loads(out)
    assert (code, score["gates_passed"], 2 in score["failed"]) == (1, False, True)
    assert {"point", "message", "tag", "id", "text", "line"} == set(score["problems"][0])


@pytest.mark.parametrize("name", ["nothing", "empty", "notes.txt"])
def test_nothing_to_check_is_bad_input(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError):
        scores([tmp_path / name])


def test_publishing_refuses_a_page_that_fails_a_gate_and_names_the_element(sound):
    _refuse_failing(Page(sound, {}))
    broken = sound.replace("<figcaption>", '<figcaption id="c">nan% ', 1)
    with pytest.raises(PageError, match=r'point 2: .*<figcaption id="c"> “nan% .*line \d+'):
        _refuse_failing(Page(broken, {}))


def test_a_run_whose_page_fails_a_gate_publishes_nothing(write_notebook, job_of):
    job = job_of(write_notebook("review", "## Summary", "'12 deals'"))
    assert run_one(job).status == "done"
    before = {path: path.read_bytes() for path in (job.place.html, job.place.json)}
    job = job_of(write_notebook("review", "## Summary", "print('bookings rose by nan%')"))
    result = run_one(job)
    assert (result.status, result.error.name) == ("failed", "Not publishable")
    assert "point 2: 'nan' is shown where a value should be: <pre>" in result.error.message
    assert before == {path: path.read_bytes() for path in before}
    assert json.loads(job.place.failed_record.read_text("utf-8"))["reason"].startswith("Not pub")
