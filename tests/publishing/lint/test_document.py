from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.publishing.lint.document import Document

PAGE = """<!doctype html>
<html lang="en"><head><title>One &amp; two</title><style>p{color:red}</style></head>
<body><p class="a b" id="x">Some <b>bold</b>
text<br>here</p><svg><path d="M0 0"/><g><text>7</text></g></svg></body></html>"""


def test_elements_know_their_place_text_and_line():
    page = Document(PAGE)
    assert page.faults == []
    assert page.doctype == "doctype html"
    (paragraph,) = page.all("p")
    assert (paragraph.text, paragraph.line, paragraph.classes) == (
        "Some bold texthere",
        3,
        ["a", "b"],
    )
    assert [e.tag for e in paragraph.inside] == ["b", "br"]
    assert [e.tag for e in page.first("svg").children] == ["path", "g"]
    assert page.by_id["x"] is paragraph
    assert page.of_class("b") == [paragraph]
    assert paragraph.first("b").within(class_name="a")
    assert page.css == "p{color:red}"
    assert PAGE[paragraph.offset : paragraph.until].startswith('<p class="a b"')


def test_style_script_and_head_are_not_seen():
    seen = "".join(text for text, _ in Document(PAGE).seen_texts)
    assert "red" not in seen
    assert "One" not in seen
    assert "bold" in seen


@pytest.mark.parametrize(
    ("source", "fault", "tag"),
    [
        ("<p><b>x</p>", "is not closed", "b"),
        ("<p>x", "is not closed", "p"),
        ("<p>x</b></p>", "holds an end tag </b> of nothing", "p"),
        ("<p>x</br></p>", "holds an end tag </br>", "p"),
        ("<div/>", "is closed as only SVG may be", "div"),
        ('<p id="a" id="b">x</p>', "names an attribute twice", "p"),
        ("<p><?php 1 ?></p>", "holds <?", "p"),
    ],
)
def test_what_is_wrong_with_the_markup_is_found(source, fault, tag):
    message, element = Document(source).faults[0]
    assert message.startswith(fault)
    assert element.tag == tag


@given(st.lists(st.text(max_size=20), max_size=6))
def test_escaped_text_is_read_back_and_never_becomes_an_element(texts):
    source = "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"
    page = Document(source)
    assert [e.tag for e in page.elements] == ["ul", *["li"] * len(texts)]
    assert page.faults == []
    read = [e.raw_text for e in page.all("li")]
    assert [text.split() for text in read] == [text.split() for text in texts]


class Plain(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "<p >", "<br>", '<td class="a">', '<b x=">">', "<b x='>' y>", "<i x=a/>",
             "</p>", "text", "<style>", "</style>", "<p/>", "<svg>", "</svg>", "<path/>",
             '<a href="&amp;">', "<", ">", "<!-- <p> -->", '<td class="a', "'"]
        ),
        max_size=30,
    ),
)  # fmt: skip
def test_a_tag_that_is_read_once_is_the_same_as_one_that_is_read_each_time(pieces):
    plain = Plain()
    plain.feed("".join(pieces))
    plain.close()
    page = Document("".join(pieces))
    assert [(e.tag, e.attributes) for e in page.elements] == plain.tags
    for element in page.elements:
        assert page.source.startswith("<", element.offset)
        assert element.until > element.offset


@given(st.text(alphabet="<>/ab ='\"!-&;p", max_size=60))
def test_any_source_is_read_to_its_end(source):
    page = Document(source)
    assert all(e.place < e.end <= len(page.elements) for e in page.elements)
    assert all(e.text_start <= e.text_end <= len(page.texts) for e in page.elements)
