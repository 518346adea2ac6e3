"""What looks like a missing value, and what people and teams may be called."""

from __future__ import annotations

import pytest

from salesops_lib.publishing.lint.file import asks_outside, nothing_of_the_machine
from salesops_lib.publishing.lint.subject import Subject
from salesops_lib.publishing.lint.truth import nothing_left_over


def left(body: str, data: str = "{}") -> list[str]:
    script = f'<script type="application/json" id="report-data">{data}</script>'
    return [flaw.message for flaw in nothing_left_over(Subject(f"<body>{body}{script}</body>"))]


@pytest.mark.parametrize(
    "text",
    [
        "nan%",
        "€nan",
        "NaN",
        "inf",
        "−inf",
        "&lt;NA&gt;",
        "NaT",
        "bookings of None",
        "None%",
        "null",
    ],
)
def test_missing_values_of_programs_are_found(text):
    assert left(f"<p>It is {text} here</p>")


@pytest.mark.parametrize(
    "text",
    [
        "None of the reps", "Nanna won", "information", "Ferdinand", "finance", "nanotechnology",
        "Infinity-Pool Ltd", "x-nan-y", "Warnings: none", "Nonesuch", "banana",
    ],
)  # fmt: skip
def test_words_are_no_missing_values(text):
    assert left(f"<p>{text}</p>") == []


def test_a_team_may_be_called_none_but_a_number_may_not():
    data = '{"kpis":{"measures":{"a":{"rows":[{"label":"None"}]}}}}'
    assert left("<p>None gained the most</p>", data) == []
    assert left("<p>None gained the most</p>")
    row = '<table><tr><th scope="row">None</th><td class="number">{}</td></tr></table>'
    assert left(row.format("5")) == []
    assert left(row.format("None"))


def test_code_is_not_searched_for_missing_values():
    assert left('<details class="code"><pre><code>x = None</code></pre></details>') == []


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="http://x/y">', '<img srcset="a.png 2x">', '<script src="a.js"></script>',
        '<link rel="stylesheet" href="a.css">', '<a href="javascript:alert(1)">x</a>',
        '<a href=" java&#10;script:alert(1)">x</a>', '<a href="//x.test">x</a>',
        '<p style="background:url(//x)">x</p>', "<style>@import 'x'</style>",
        "<style>p{background:URL( 'http://x' )}</style>", '<svg><use href="a.svg#b"/></svg>',
        '<svg><image xlink:href="http://x"/></svg>', "<iframe></iframe>", '<base href="http://x">',
        '<form action="http://x"></form>', '<p onclick="x()">x</p>', '<video poster="a"></video>',
        '<a href="vbscript:x">x</a>', '<a href="data:text/html,x">x</a>', "<embed>",
    ],
)  # fmt: skip
def test_what_asks_for_something_is_found(markup):
    assert list(asks_outside(Subject(markup)))


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="../../index.html#x">x</a>', '<a href="#x">x</a>', '<a href="company.json">x</a>',
        '<img src="data:image/png;base64,AA">', '<link rel="icon" href="data:,">',
        '<svg><use href="#a"/></svg>', "<p>url(http://x) src=http://x</p>",
        '<a download="a.csv" href="data:text/csv,a">x</a>', '<a href="https://x.test/">x</a>',
        '<g clip-path="url(#a)"></g>',
    ],
)  # fmt: skip
def test_what_stays_inside_is_not(markup):
    assert list(asks_outside(Subject(markup))) == []


@pytest.mark.parametrize(
    "text",
    ["/home/ann/x", "/Users/ann", r"C:\Users\ann", "file:///x", "AKIAABCDEFGHIJKLMNOP",
     "postgres://me:pw12@db/x", "api_key = 0123456789", "ghp_" + "a" * 36],
)  # fmt: skip
def test_paths_and_secrets_are_found(text):
    assert list(nothing_of_the_machine(Subject(f"<p>{text}</p>")))


@pytest.mark.parametrize(
    "text",
    ["either/or", "EMEA/home appliances", "snapshots/sample", "the token: yes", "24/7", "TCP/IP"],
)
def test_plain_words_are_no_paths_and_no_secrets(text):
    assert list(nothing_of_the_machine(Subject(f"<p>{text}</p>"))) == []
