"""What only a browser decides: points 24, 32, 34, 35, 37, 38, 39 and 47."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError
from salesops_lib.publishing.lint.collection import INDEX
from salesops_lib.publishing.lint.problem import Problem
from salesops_lib.publishing.lint.score import Score
from salesops_lib.publishing.paper import CHROMIUM, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser_score", "opened_browser", "with_browser"]

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NARROW = 320
LOAD_LIMIT_MS = 300
PDF_LIMIT = 1_000_000
_LOADS = 3
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run"),
)
_FOUND_BY_AXE = """rules => axe.run({runOnly: {type: 'tag', values: rules}}).then(found =>
  found.violations.flatMap(v => v.nodes.map(n => {
    const e = document.querySelector(n.target.slice(-1)[0]);
    return {rule: v.id, help: v.help, tag: e ? e.tagName.toLowerCase() : '', id: e ? e.id : '',
            text: e ? e.textContent.trim().slice(0, 60) : ''};
  })))"""


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser, closed at the end.

    Raises
    ------
    InputError
        Playwright, axe or Chromium is not installed.
    """
    program = chromium()
    missing = [n for n in ("playwright", "axe_playwright_python") if util.find_spec(n) is None]
    if missing or program is None:
        what = f"the package {missing[0]}" if missing else f"Chromium ({CHROMIUM})"
        raise InputError(f"the checks in a browser need {what}", where="--browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(program), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def browser_score(browser: Browser, path: Path) -> Score:
    """Score of a page on what a browser decides.

    Parameters
    ----------
    browser : Browser
        As `opened_browser` gives it.
    path : Path
        A report, or the index of a folder of reports.

    Returns
    -------
    Score
    """
    found = [*_axe(browser, path), *_narrow_and_silent(browser, path), *_load(browser, path)]
    points = [24, 32, 34, 37]
    if path.name == INDEX:
        points.append(47)
        found += _filter(browser, path)
    else:
        points += [35, 38, 39]
        found += [*_without_scripts(browser, path), *_paper(browser, path)]
    return Score(path.as_posix(), tuple(sorted(points)), tuple(sorted(found, key=_order)))


def _order(problem: Problem) -> int:
    return problem.point


@contextmanager
def _page(browser: Browser, path: Path, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**options)
    try:
        page = context.new_page()
        page.goto(path.absolute().as_uri())
        yield page
    finally:
        context.close()


def _axe(browser: Browser, path: Path) -> Iterator[Problem]:
    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    for scheme in ("light", "dark"):
        with _page(browser, path, color_scheme=scheme, bypass_csp=True) as page:
            page.evaluate(script)
            for found in page.evaluate(_FOUND_BY_AXE, list(RULES)):
                message = f"axe, {scheme}: {found['rule']}: {found['help']}"
                yield Problem(24, message, found["tag"], found["id"], found["text"])


def _narrow_and_silent(browser: Browser, path: Path) -> Iterator[Problem]:
    context = browser.new_context(viewport={"width": NARROW, "height": 700})
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.absolute().as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
    finally:
        context.close()
    if width > NARROW:
        yield Problem(32, f"the page is {width} pixels wide on a screen of {NARROW}")
    for url in asked:
        if not url.startswith("data:") and url != path.absolute().as_uri():
            yield Problem(34, f"the page asks for {url[:80]}")


def _without_scripts(browser: Browser, path: Path) -> Iterator[Problem]:
    with _page(browser, path) as page, _page(browser, path, java_script_enabled=False) as plain:
        texts = [p.locator("body").inner_text().split() for p in (page, plain)]
    if texts[0] != texts[1]:
        yield Problem(35, "without JavaScript the page shows another text")


def _load(browser: Browser, path: Path) -> Iterator[Problem]:
    times, count = [], 0
    for _ in range(_LOADS):
        with _page(browser, path) as page:
            page.wait_for_load_state("load")
            times.append(page.evaluate("performance.getEntriesByType('navigation')[0].duration"))
            count = page.evaluate("document.querySelectorAll('*').length")
    if min(times) > LOAD_LIMIT_MS:
        yield Problem(37, f"the page loads in {min(times):.0f} ms, {LOAD_LIMIT_MS} are the limit")
    if count > 5000:
        yield Problem(37, f"the page has {count:,} elements, 5,000 are the limit")


def _paper(browser: Browser, path: Path) -> Iterator[Problem]:
    with _page(browser, path) as page:
        page.emulate_media(media="print")
        if page.locator("nav:visible").count():
            yield Problem(38, "the contents are printed", "nav")
        if not page.is_visible("main"):
            yield Problem(38, "the report is not printed", "main")
        pdf = page.pdf(prefer_css_page_size=True, tagged=True, outline=True)
    for mark, what in ((b"/StructTreeRoot", "tags"), (b"/Outlines", "outline")):
        if mark not in pdf:
            yield Problem(39, f"the PDF has no {what}")
    if len(pdf) > PDF_LIMIT:
        yield Problem(39, f"the PDF has {len(pdf):,} bytes, {PDF_LIMIT:,} are the limit")


def _filter(browser: Browser, path: Path) -> Iterator[Problem]:
    with _page(browser, path) as page:
        rows = page.locator(".reports > li")
        before = page.locator(".reports > li:visible").count()
        if before != rows.count():
            yield Problem(47, "the index does not show all reports at first")
        page.fill("input[type=search]", "\N{NULL}nothing is called like this".strip("\0"))
        if page.locator(".reports > li:visible").count():
            yield Problem(47, "the filter of the index hides nothing", "input")


def with_browser(found: Sequence[Score]) -> list[Score]:
    """Scores with what a browser finds in the same pages; messages stay as they are.

    Parameters
    ----------
    found : sequence of Score
        Scores by the files' bytes.

    Returns
    -------
    list of Score

    Raises
    ------
    InputError
        As for `opened_browser`.
    """
    with opened_browser() as browser:
        return [
            score.joined(browser_score(browser, Path(score.name)))
            if score.name.endswith(".html")
            else score
            for score in found
        ]
