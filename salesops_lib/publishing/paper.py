"""Reports on paper: a tagged PDF with an outline beside each page, made by Chromium."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import InputError, SalesOpsError
from salesops_lib.publishing.files import digest, json_object, write_together

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Place, RunResult

__all__ = ["CHROMIUM", "PaperError", "Printed", "chromium", "pdf_of", "printed"]

CHROMIUM = "SALESOPS_CHROMIUM"
"""Environment variable that names the browser to print with."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_PLAYWRIGHT = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--lang=en",
    # A page asks for nothing; the browser itself must not either.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--export-tagged-pdf",
)
_LONGEST = 120.0
_DATE = re.compile(rb"(/(?:Creation|Mod)Date \(D:)\d{14}([+-]\d\d'\d\d')")
_MARK = b"%page-sha256 "


class PaperError(SalesOpsError):
    """A page could not be printed; the page itself stays as it is."""


@dataclass(frozen=True)
class Printed:
    """What became of a report's PDF.

    Parameters
    ----------
    id : str
        Report, such as ``performance_review/region:EMEA``.
    path : Path, optional
        The PDF; None where there is none.
    error : str
        Why there is none.
    """

    id: str
    path: Path | None = None
    error: str = ""


def chromium() -> Path | None:
    """Browser to print with: the one that is named, one on the path, or Playwright's own.

    Returns
    -------
    Path or None
        None where there is none.

    Raises
    ------
    InputError
        ``SALESOPS_CHROMIUM`` names no program.
    """
    named = os.environ.get(CHROMIUM)
    if named:
        found = shutil.which(named)
        if found is None:
            raise InputError(f"there is no program {named}", where=CHROMIUM)
        return Path(found)
    on_path = (shutil.which(name) for name in _NAMES)
    installed = (name for name in _APPLICATIONS if Path(name).is_file())
    first = next((name for name in (*on_path, *installed) if name), None)
    return Path(first) if first else _playwrights_own()


def _playwrights_own() -> Path | None:
    home = Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache").expanduser()
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or home / "ms-playwright")
    found = [path for pattern in _PLAYWRIGHT for path in folder.glob(pattern) if path.is_file()]
    return max(found, default=None)


def printed(results: Sequence[RunResult], workers: int) -> list[Printed]:
    """PDFs of all reports that stand as they should; one that is up to date stays.

    Parameters
    ----------
    results : sequence of RunResult
        What a batch has made.
    workers : int
        Browsers at once.

    Returns
    -------
    list of Printed
        In the order of the results. A page that cannot be printed stops no other.

    Raises
    ------
    InputError
        ``SALESOPS_CHROMIUM`` names no program.
    PaperError
        There is no browser to print with.
    """
    browser = chromium()
    good = [result.job for result in results if result.is_good]
    if browser is None and good:
        raise PaperError(
            "no PDF was made, because there is no Chromium or Chrome: install one, or name it"
            f" in {CHROMIUM}; the HTML reports are published"
        )

    def one(number: int) -> Printed:
        job = good[number]
        try:
            path = _printed_one(job.place, browser) if browser else None
        except (PaperError, OSError) as error:
            return Printed(job.id, error=str(error))
        return Printed(job.id, path)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        return list(pool.map(one, range(len(good))))


def _printed_one(place: Place, browser: Path) -> Path:
    page = place.html.read_bytes()
    if _is_of(place.pdf, page):
        return place.pdf
    finished = json_object(place.json).get("run", {}).get("finished")
    stamp = dt.datetime.fromisoformat(finished) if isinstance(finished, str) else None
    content = pdf_of(page, browser, stamp)
    # The page may have been made anew meanwhile: then this is no PDF of it.
    if place.html.read_bytes() != page:
        raise PaperError("the report was made again while it was printed")
    write_together({place.pdf: content})
    return place.pdf


def pdf_of(page: bytes, browser: Path, stamp: dt.datetime | None = None) -> bytes:
    """Page as a tagged PDF with an outline.

    Parameters
    ----------
    page : bytes
        The HTML.
    browser : Path
        Chromium or Chrome.
    stamp : datetime, optional
        Date that the PDF says it was made at, instead of now; UTC.

    Returns
    -------
    bytes
        The same for the same page, stamp, browser and fonts.

    Raises
    ------
    PaperError
        The browser fails, or is too old for tags and an outline.
    """
    with tempfile.TemporaryDirectory(prefix="salesops-paper-", ignore_cleanup_errors=True) as name:
        work = Path(name)
        (work / "page.html").write_bytes(page)
        content = _ran(browser, work)
    if b"/StructTreeRoot" not in content or b"/Outlines" not in content:
        raise PaperError(f"{browser.name} makes no tagged PDF with an outline; use version 130+")
    if stamp is not None:
        date = stamp.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S").encode()
        content = _DATE.sub(rb"\g<1>" + date + rb"\g<2>", content)
    # What stands after the end is no part of the document; it tells which page this is of.
    return content.rstrip(b"\n") + b"\n" + _MARK + digest(page).encode() + b"\n"


def _ran(browser: Path, work: Path) -> bytes:
    target = work / "page.pdf"
    # Its own sandbox does not work for the super-user, as whom containers run.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = [
        str(browser),
        *_SWITCHES,
        *(["--no-sandbox"] if is_root else []),
        f"--user-data-dir={work / 'profile'}",
        f"--print-to-pdf={target}",
        (work / "page.html").as_uri(),
    ]
    try:
        done = subprocess.run(  # noqa: S603 (the user's own browser, our own arguments)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LONGEST,
            check=False,
            env={**os.environ, "TZ": "UTC"},
        )
    except subprocess.TimeoutExpired:
        raise PaperError(f"{browser.name} did not print within {_LONGEST:g} s") from None
    if done.returncode or not target.is_file():
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise PaperError(f"{browser.name} failed with exit code {done.returncode}: {lines[-1]}")
    return target.read_bytes()


def _is_of(pdf: Path, page: bytes) -> bool:
    """Whether a PDF was made from a page."""
    try:
        with pdf.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 256))
            end = file.read()
    except OSError:
        return False
    return end.endswith(_MARK + digest(page).encode() + b"\n")
