from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from salesops_lib.publishing.content import PageError, content_of
from salesops_lib.publishing.prose import passages, prose_html
from salesops_lib.results import MIME

SCRIPT = "<script>alert(1)</script>"


def rich(data, **metadata):
    return v4.new_output("display_data", data=data, metadata=metadata)


def code(*outputs, source="call()", tags=()):
    return v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def content(*cells):
    return content_of(v4.new_notebook(cells=list(cells)))


def body(*outputs) -> str:
    (section,) = content(v4.new_markdown_cell("## Part"), code(*outputs)).sections
    return str(section.blocks[0].body)


def test_sections_follow_the_headings():
    found = content(
        v4.new_markdown_cell("# Title\n\nWhat it is for."),
        code(source="a: int = 1  # a", tags=["parameters"]),
        code(source="a = 2", tags=["injected-parameters"]),
        code(source="load()"),
        v4.new_markdown_cell("## Summary\nText."),
        code(v4.new_output("stream", name="stdout", text="one\n")),
        v4.new_markdown_cell("More.\n\n## Über *uns* & `code`\n\n```\n## no heading\n```"),
        v4.new_markdown_cell("## Summary"),
    )
    assert [(s.id, s.title, len(s.blocks)) for s in found.sections] == [
        ("summary", "Summary", 3),
        ("uber-uns-code", "Über uns & code", 1),
        ("summary-2", "Summary", 0),
    ]
    assert [str(part) for part in found.about] == ["<p>What it is for.</p>\n"]
    assert found.setup == ["load()"]


def test_ids_of_the_page_are_not_taken():
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("## Content")])
    assert content_of(notebook, ["content"]).sections[0].id == "content-2"


def test_values_are_filed_by_kind_and_have_no_nan():
    found = content(
        v4.new_markdown_cell("## Part"),
        code(rich({MIME: {"kind": "report", "name": "x"}, "text/html": "<p>hidden</p>"})),
        code(rich({MIME: {"kind": "measure", "id": "m", "rows": [{"value": float("nan")}]}})),
        code(rich({MIME: {"kind": "kpis", "measures": {}}})),
        code(rich({MIME: {"kind": "findings", "headline": "Up"}})),
        code(rich({MIME: {"kind": "grid", "low": float("-inf")}})),
    )
    assert found.report["name"] == "x"
    assert found.measures == [{"kind": "measure", "id": "m", "rows": [{"value": None}]}]
    assert found.findings["headline"] == "Up"
    assert found.others == [{"kind": "grid", "low": None}]
    assert found.sections[0].blocks[0].body == ""


def test_our_own_fragments_pass_and_charts_are_marked():
    assert body(rich({MIME: {"kind": "x"}, "text/html": "<b>ours</b>"})) == "<b>ours</b>"
    (section,) = content(
        v4.new_markdown_cell("## Part"),
        code(rich({MIME: {"kind": "x"}, "text/html": "<figure>1</figure>"})),
        code(rich({MIME: {"kind": "x"}, "text/html": "<figure>1</figure><figure>2</figure>"})),
    ).sections
    assert [block.is_figure for block in section.blocks] == [True, False]


@pytest.mark.parametrize(
    "output",
    [
        v4.new_output("stream", name="stdout", text=SCRIPT),
        v4.new_output("execute_result", data={"text/plain": SCRIPT}),
        rich({"text/html": f"<table><tr><td>{SCRIPT}</td></tr></table>", "text/plain": "x"}),
        rich({"text/html": "<img src=http://x/y onerror=alert(1)>text<a href='javascript:x'>"}),
        rich({"text/html": "<svg onload=alert(1)><script>alert(1)</script></svg>text"}),
        rich({"text/html": "<td style='background:url(http://x)'>text</td>"}),
        rich({"text/html": "<a id=content class=top href='data:text/html,x'>text</a>"}),
        rich({"text/markdown": f"{SCRIPT} ![a](http://x/y.png) [z](javascript:alert(1))"}),
        rich({"application/javascript": "alert(1)", "text/plain": "<x onclick=1>"}),
    ],
)
def test_nothing_that_is_not_ours_becomes_live_markup(output):
    html = body(output)
    assert "<script" not in html
    assert not re.search(
        r"<[^>]*(onerror|onload|onclick|javascript:|style=|\bid=|url\(|src=)", html
    )


@given(st.text(max_size=60))
def test_plain_text_never_opens_a_tag_of_its_own(text):
    html = body(v4.new_output("execute_result", data={"text/plain": "x" + text}))
    assert re.findall(r"<[^>]*>", html) == re.findall(r"^<pre[^>]*>|</pre>$", html)


def test_tables_of_other_libraries_stay_tables():
    html = body(
        rich({"text/html": "<style>td{}</style><table border='1'><tr><th></th><th>a</th></tr>"
              "<tr><td colspan=2>1</td></tr></table>"})
    )  # fmt: skip
    assert "td{}" not in html
    assert '<td colspan="2">1</td>' in html
    assert '<tr><td></td><th scope="col">a</th></tr>' in html
    assert 'role="region" tabindex="0" aria-label="Output 1 of cell 2"' in html
    # The style that the extension shows in JupyterLab leaves nothing behind.
    assert body(rich({"text/html": "<style>p{}</style>"}, salesops="style")) == ""


def test_tables_of_other_libraries_are_named_and_their_heads_have_a_scope():
    table = (
        "<table border='1' class='dataframe'><thead><tr><th></th><th>a</th></tr></thead>"
        "<tbody><tr><th>0</th><td>1</td></tr></tbody></table>"
    )
    html = body(rich({"text/html": table}))
    assert '<table aria-label="Output 1 of cell 2">' in html
    assert '<tr><td></td><th scope="col">a</th></tr>' in html
    assert '<tr><th scope="row">0</th><td>1</td></tr>' in html


def test_error_streams_are_not_for_readers():
    assert body(v4.new_output("stream", name="stderr", text="/home/ann/x.py: Warning")) == ""


def test_pictures_need_alt_text_and_are_inert():
    svg = {"image/svg+xml": "<svg onload='alert(1)'></svg>", "text/plain": "x"}
    with pytest.raises(PageError, match="Output 1 of cell 2 is a picture without alt text"):
        body(rich(svg))
    html = body(rich(svg, alt='Bars: "12" deals'))
    assert html.startswith('<figure class="so-figure"><img src="data:image/svg+xml;base64,')
    assert 'alt="Bars: &#34;12&#34; deals"' in html
    assert "alert(" not in html
    png = rich({"image/png": "iVBO\nRw0K\n"}, **{"image/png": {"alt": "Line of 3 points"}})
    assert 'src="data:image/png;base64,iVBORw0K"' in body(png)


def test_an_error_output_is_never_published():
    with pytest.raises(PageError, match="cell 2 ended with ValueError"):
        body(v4.new_output("error", ename="ValueError", evalue="x", traceback=[]))


def test_an_interactive_panel_leaves_a_note():
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Int"}
    assert "interactive panel" in body(rich(widget))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**b** `c`", "<p><strong>b</strong> <code>c</code></p>\n"),
        ("<b onclick=x>b</b>", "<p>&lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"),
        ("<script>\nx\n</script>", "<p>&lt;script&gt;\nx\n&lt;/script&gt;</p>\n"),
        ("![alt <b>](http://x/y.png)", "<p>alt &lt;b&gt;</p>\n"),
        ("from $5 to $10", "<p>from $5 to $10</p>\n"),
    ],
)
def test_prose_is_rendered_without_raw_html(source, html):
    assert str(prose_html(source)) == html


def test_headings_below_the_sections_start_at_the_third_level():
    assert re.findall(r"<h(\d)", str(prose_html("Title\n===\n\nSub\n---\n\n### Three\n"))) == [
        "3", "3", "3",
    ]  # fmt: skip


@given(st.text(max_size=200))
def test_any_markdown_is_cut_without_loss_of_structure(source):
    for passage in passages(source):
        assert "<h1" not in passage.body
        assert "<h2" not in passage.body
        assert "<script" not in passage.body
