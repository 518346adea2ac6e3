"""Paper: a tagged PDF with an outline beside a page, or a sentence why there is none."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from salesops_lib.errors import InputError
from salesops_lib.publishing import paper
from salesops_lib.publishing.files import json_text
from salesops_lib.publishing.jobs import Job, Place, RunResult
from salesops_lib.publishing.paper import PaperError, chromium, pdf_of, printed
from salesops_lib.publishing.publication import publish
from salesops_lib.publishing.rendering import Page
from salesops_lib.publishing.templates import style

STAMP = dt.datetime(2026, 10, 1, 7, 5, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def browser() -> Path:
    found = chromium()
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


def page(sections: int = 3, rows: int = 70) -> str:
    body = "".join(
        f"<h2>Section {number}</h2><table class=so-grid><caption>Table {number}</caption>"
        f"<thead><tr><th scope=col>Head {number}</th><th scope=col>Other</th></tr></thead><tbody>"
        + "".join(f"<tr><th scope=row>Row {row}</th><td>{row}</td></tr>" for row in range(rows))
        + "</tbody></table>"
        for number in range(1, sections + 1)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Title Ş</title>'
        f"<style>{style('report.css')}</style></head><body><nav>Unprinted</nav>"
        f"<main><h1>Heading</h1>{body}</main></body></html>"
    )


def fake_browser(folder: Path, script: str) -> Path:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def result(tmp_path):
    place = Place(tmp_path / "reports", "2026-Q3", "review", "company")
    from salesops_lib.data.scope import COMPANY

    job = Job(tmp_path / "review.ipynb", COMPANY, "2026-Q3", {}, place, tmp_path)
    values = {"run": {"finished": STAMP.isoformat()}}
    publish(job, Page(page(1, 3), values))
    return RunResult(job, "done", 1.0, html=place.html, values=values)


def test_a_pdf_is_tagged_outlined_numbered_and_whole(browser, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf_of(page().encode(), browser, STAMP))
    content = path.read_bytes()
    assert len(content) < 1_000_000
    assert re.search(rb"/Marked true", content)
    assert b"/Lang (en)" in content
    assert content.count(b"/S /TH") >= 3
    assert re.search(rb"/Type /Outlines", content)
    assert b"/CreationDate (D:20261001070500+00'00')" in content
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: text and page numbers were not looked at")
    read = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)  # noqa: S607
    pages = read.stdout.decode().split("\f")[:-1]
    assert len(pages) > 3
    for number, text in enumerate(pages, start=1):
        assert re.search(rf"\b{number} ?/ ?{len(pages)}\b", text)
        assert "Head" in text
        assert "Unprinted" not in text
    assert all(re.search(rf"Row {row}\b", read.stdout.decode()) for row in range(70))


def test_the_same_page_is_the_same_pdf(browser):
    first, again = (pdf_of(page(1, 3).encode(), browser, STAMP) for _ in range(2))
    assert first == again


def test_a_pdf_stands_beside_its_page_and_goes_with_it(browser, result, monkeypatch):
    monkeypatch.delenv(paper.CHROMIUM, raising=False)
    [made] = printed([result], 2)
    assert made.path == result.job.place.pdf
    assert made.path.name == "company.pdf"
    before = made.path.stat().st_mtime_ns
    assert printed([result], 2)[0].path.stat().st_mtime_ns == before
    assert sorted(p.name for p in made.path.parent.iterdir()) == [
        "company.html",
        "company.json",
        "company.pdf",
    ]
    # A new page has no old PDF beside it.
    publish(result.job, Page(page(1, 4), {}))
    assert not made.path.exists()
    assert printed([result], 2)[0].path.is_file()


def test_without_a_browser_there_is_a_sentence(result, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv(paper.CHROMIUM, raising=False)
    monkeypatch.setattr(paper, "_APPLICATIONS", ())
    assert chromium() is None
    with pytest.raises(PaperError, match="no PDF was made, because there is no Chromium"):
        printed([result], 1)
    assert PaperError.exit_code == 1
    assert printed([], 1) == []
    monkeypatch.setenv(paper.CHROMIUM, "/nowhere/chromium")
    with pytest.raises(InputError, match="SALESOPS_CHROMIUM: there is no program"):
        printed([result], 1)


def test_playwrights_own_browser_is_found(monkeypatch, tmp_path):
    own = tmp_path / "chromium-1200" / "chrome-linux" / "chrome"
    own.parent.mkdir(parents=True)
    own.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv(paper.CHROMIUM, raising=False)
    monkeypatch.setattr(paper, "_APPLICATIONS", ())
    assert chromium() == own


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 'no display' >&2; exit 3", "browser failed with exit code 3: no display"),
        ("exit 0", "browser failed with exit code 0: no message"),
        (
            'for a; do case $a in --print-to-pdf=*) echo %PDF > "${a#*=}";; esac; done',
            "browser makes no tagged PDF with an outline",
        ),
        ("sleep 5", "browser did not print within"),
    ],
)
def test_a_browser_that_fails_leaves_the_page_alone(
    result, monkeypatch, tmp_path, script, sentence
):
    monkeypatch.setenv(paper.CHROMIUM, str(fake_browser(tmp_path, script)))
    monkeypatch.setattr(paper, "_LONGEST", 1.0)
    [made] = printed([result], 1)
    assert made.path is None
    assert sentence in made.error
    assert sorted(p.name for p in result.job.place.html.parent.iterdir()) == [
        "company.html",
        "company.json",
    ]
    json_text(made.error)
