"""One test a point: a sound page meets it; the page that breaks it fails on it, by name."""

from __future__ import annotations

import re

import pytest

from salesops_lib.publishing.lint.gates import gate_problems
from salesops_lib.publishing.lint.score import CHECKS, page_score

LONG = "A sentence that goes on and on " * 5 + "and ends with 5% more than before."
SVG = '<svg role="img" aria-labelledby='

# Point, what is found, what replaces it, what the first problem says, its element.
BROKEN = [
    (1, '<p id="run-stamp"', '<p id="stamp"', "run-stamp", ""),
    (2, r'(<td class="number">)[\d,]+<', r"\1nan<", "'nan' is shown", "td"),
    (2, r"(<figcaption>)", r"\1DeprecationWarning: old ", "a warning", "figcaption"),
    (2, r"(<figcaption>)", r"\1Traceback (most recent call last): ", "a traceback", "figcaption"),
    (3, r"(<code>period</code></th><td>)2026-Q3", r"\g<1>2026-Q2", "`period` was 2026-Q3", "tr"),
    (3, r"<tr><th scope=\"row\"><code>language</code>.*?</tr>", "", "is not shown", "table"),
    (4, "</main>", "<p>Run on 2026-10-01 at 06:30 UTC</p></main>", "outside of the run stamp", "p"),
    (5, r'(data-measure="bookings".*?so-value">€)[\d.]+', r"\g<1>9.99", "`bookings` shows", "span"),
    (6, r"<h1>(.*?)</h1>", r"<h1>\1</h1><h2>x</h2><h1>Two</h1>", "2 main headings", "h1"),
    (6, r"<title>.*?</title>", "<title>company.html</title>", "does not name", "title"),
    (7, r'(so-findings">\n<li[^>]*><strong>).*?</st', r"\1Up</st", "number", "strong"),
    (8, r'<span class="so-action">.*?</span>', "", "what to do", "li"),
    (9, r'(data-measure="bookings") data-unit="money"', r"\1", "`bookings` names no unit", "li"),
    (9, r'(so-change [a-z]*">)[▲▼■+−] ?', r"\1", "no sign", "span"),
    (10, r' data-excluded="[^"]*"', "", "data-excluded", "p"),
    (11, r'(<section class="so-n.*?</section>)(.*?</section>)', r"\2\1", "first sec", "section"),
    (12, r'<li><a href="#pipeline">.*?</li>', "", "not in the list of contents", "h2"),
    (12, 'href="#def-win_rate"', 'href="#def-nothing"', "leads nowhere", "a"),
    (13, r"<h3>(.*?)</h3>", r"<h5>\1</h5>", "a level is skipped", "h5"),
    (14, '<details class="code">', '<details class="code" open>', "code stands open", "details"),
    (14, r"(<figcaption>)", r"\1In [7]: ", "the prompt", "figcaption"),
    (15, r'<p class="so-title">.*?</p>', "", "no title", "figure"),
    (15, r'(<figure class="so-figure" data-unit=)"[^"]*"', r'\1""', "names no unit", "figure"),
    (16, r"<figcaption>.*?</figcaption>", "", "no caption", "figure"),
    (17, r'data-prior="2026-Q2" (data-uncert)', r'data-prior="2019-Q1" \1', "2019-Q1", "figure"),
    (18, r' data-uncertainty="[a-z]*"', "", "data-uncertainty", "figure"),
    (19, r'(<p class="so-note">[^<]*)\*', r"\1", "is not explained", "td"),
    (20, r"(<caption>Which .*?<tbody>\n)(<tr>.*?</tr>)", r"\1" + r"\2" * 26, "rows stand", "table"),
    (21, r'(<td class="number">\d+),(\d{3}),', r"\1\2", "thousands separator", "td"),
    (21, r'(<td class="number">[\d,]+)(</td>)', r"\1.5\2", "decimals in a column", "td"),
    (22, r'(<td class="number")>[\d,]+</td>', r"\1></td>", "missing or zero", "td"),
    (22, r'(<td class="number")>[\d,]+</td>', r"\1>–</td>", "does not say why", "td"),
    (22, r'(<td class="number">)[\d,]+</td>', r"\g<1>-5</td>", "a hyphen", "td"),
    (23, r'(<span class="so-action">).*?</span>', rf"\g<1>{LONG}</span>", "words", "span"),
    (24, SVG, "<svg aria-labelledby=", "no name", "svg"),
    (24, '<ol class="so-findings">', '<ol class="so-findings"><p>x</p>', "right in <ol>", "p"),
    (24, 'aria-describedby="reproduce"', 'aria-describedby="nothing"', "“nothing”", "code"),
    (25, '<html lang="en">', "<html>", "no language", "html"),
    (25, r'<a class="skip".*?</a>', "", "does not skip", "a"),
    (26, r"(-alt\">)[^<]*", r"\1A chart of something here", "no number", "svg"),
    (27, r"(<figure.*?)<table.*?</table>(.*?</figure>)", r"\1\2", "no table", "figure"),
    (28, r'<th scope="col" class="text">', '<th class="text">', "no scope", "th"),
    (28, r"<caption>.*?</caption>", "", "no caption", "table"),
    (29, r"--muted:#\w+", "--muted:#aaaaaa", "--muted on --paper has a contrast of 2.32", ""),
    (30, r'(<span class="so-change bad">).*?</span>', r"\1</span>", "only the colour", "span"),
    (31, "<figcaption>", '<figcaption tabindex="0">', "the keyboard stops", "figcaption"),
    (34, "<main", '<img src="//x.test/a" alt="Twelve things: 12"><main', "src asks for", "img"),
    (35, "</body>", "<script>1</script></body>", "runs a script", "script"),
    (36, "</style>", "/*" + "x" * 40_000 + "*/</style>", "the fixed part has", ""),
    (37, "</main>", "<i></i>" * 5000 + "</main>", "elements", "table"),
    (38, "@page{", "@pages{", "sets no page", "style"),
    (40, "</figcaption>", "", "is not closed", "figcaption"),
    (40, 'id="coverage"', 'id="content"', "stands more than once", "p"),
    (41, "<figcaption>", "<figcaption>From /home/ann/deals.csv. ", "/home/ann", "figcaption"),
    (41, "<figcaption>", "<figcaption>password=hunter2xx ", "a secret", "figcaption"),
    (42, ' id="made-of-notebook"', "", "made-of-notebook", "footer"),
    (43, r'(<code class="command"[^>]*>).*?</code>', r"\1make</code>", "is not that of", "code"),
    (44, 'id="def-bookings"', 'id="def-x"', "`bookings` is used, but not defined", ""),
    (44, r' data-owner="[^"]*"', "", "names no owner", "div"),
    (45, 'id="changes"', 'id="changed"', "id changes", ""),
    (49, r'<a rel="prev".*?</a>', "", "period before", "header"),
]  # fmt: skip


def test_a_sound_page_meets_every_point(sound):
    score = page_score(sound)
    assert [str(problem) for problem in score.problems] == []
    assert (score.met, score.is_good) == (len(CHECKS), True)


@pytest.mark.parametrize(("point", "found", "put", "message", "tag"), BROKEN)
def test_a_page_that_breaks_a_point_fails_on_it(sound, point, found, put, message, tag):
    broken, changed = re.subn(found, put, sound, count=1, flags=re.DOTALL)
    assert changed, "the sound page has nothing to break"
    problems = [p for p in page_score(broken).problems if p.point == point]
    assert problems, f"point {point} does not see it"
    assert message in problems[0].message
    assert problems[0].tag == tag
    assert not tag or problems[0].line > 0


def test_each_point_that_bytes_decide_has_a_page_that_breaks_it():
    # 48 looks at the file's name alone.
    assert {case[0] for case in BROKEN} == set(CHECKS) - {48}


@pytest.mark.parametrize("point", [1, 2, 24, 34])
def test_gates_see_what_breaks_them(sound, point):
    assert gate_problems(sound) == ()
    for number, found, put, message, _ in BROKEN:
        if number == point:
            broken = re.sub(found, put, sound, count=1, flags=re.DOTALL)
            told = [problem for problem in gate_problems(broken) if problem.point == point]
            assert message in told[0].message
