"""A secret reaches the notebook, and no file, page, log or terminal."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import InputError
from salesops_lib.notebook.parameters import declared_parameters
from salesops_lib.notebook.secrets import secret
from salesops_lib.publishing.execution import Execution
from salesops_lib.publishing.jobs import RunError
from salesops_lib.publishing.planning import planned_jobs
from salesops_lib.publishing.readiness import refuse_unready
from salesops_lib.publishing.reports import wanted_reports
from salesops_lib.publishing.run import run_one
from salesops_lib.publishing.secrecy import MASK, Secrets

NAME = "SALESOPS_TEST_TOKEN"
VALUE = "kX7\"p/+<9> ü'Zq\\41-and-then-some-more"
DECLARED = 'token: "secret" = ""  # key of the CRM\n'
ASKED = f"  - {{notebook: review, parameters: {{token: {{env: {NAME}}}}}}}"

SHOWN = """\
from IPython.display import HTML, display
import base64, html, json, sys, urllib.parse
import pandas as pd
from salesops_lib.notebook import secret
held = secret(token)
value = held.get_secret_value()
print(held, repr(held), f"{held}", {"held": held})
print(value, repr(value), json.dumps(value), urllib.parse.quote(value))
print("Basic", base64.b64encode(("someone:" + value).encode()).decode())
sys.stdout.write(value[:9]); sys.stdout.flush(); sys.stdout.write(value[9:] + "\\n")
print("of", len(value), "signs", file=sys.stderr)
print(value, file=sys.stderr)
display(HTML("<p>" + html.escape(value) + "</p>"))
display({"application/vnd.salesops+json": {"kind": "findings", "headline": value}}, raw=True)
pd.DataFrame({"key": [value * 3], value: [1]})"""
RAISED = "raise ConnectionError('refused: https://x?key=' + secret(token).get_secret_value())"


def traces(value: str) -> list[bytes]:
    """How a value may stand in a file; even half of it is too much."""
    forms = [value, repr(value)[1:-1], json.dumps(value)[1:-1], html.escape(value), quote(value)]
    forms += [value[:16], value[:9], value[9:]]
    forms += [base64.b64encode(value.encode()).decode()[:20]]
    return [form.encode() for form in forms]


def refuse_traces(content: bytes, name: object) -> None:
    found = [trace for trace in traces(VALUE) if trace in content]
    assert found == [], name


@pytest.fixture
def review(write_notebook, standard_cell):
    def write(*cells: str, declared: str = DECLARED, name: str = "review"):
        return write_notebook(name, "## Part", *cells, parameters=standard_cell + declared)

    return write


def test_no_byte_of_it_is_written_or_told(review, write_parameters, snapshot_of, project, tmp_path):
    review(SHOWN)
    review(SHOWN, RAISED, name="failing")
    asked = "\n".join([ASKED, ASKED.replace("review", "failing")])
    file = write_parameters(snapshot_of(), reports=asked)
    command = [sys.executable, "-c", "from salesops_lib.cli import main; main()", "report"]
    done = subprocess.run(
        [*command, str(file)], capture_output=True, check=False, env=os.environ | {NAME: VALUE}
    )
    told = done.stdout.decode()
    assert done.returncode == 1, done.stderr.decode()
    refuse_traces(done.stdout + done.stderr, "terminal")
    assert "review/company warned: a secret stood in cell 4 of the executed notebook" in told
    assert "failing/company warned: a secret stood in cells 4, 5 of the executed" in told
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {".ipynb", ".json", ".html", ".jsonl", ".yaml"} <= {path.suffix for path in written}
    for path in written:
        refuse_traces(path.read_bytes(), path)
    kept = (project / "reports/failed/2026-Q3/failing/company.ipynb").read_text()
    assert "refused: https://x?key=" + MASK in kept
    record = json.loads((project / "reports/failed/2026-Q3/failing/company.json").read_text())
    assert record["reason"] == "ConnectionError: refused: https://x?key=" + MASK
    page = (project / "reports/2026-Q3/review/company.html").read_text()
    assert "********** SecretStr(&#39;**********&#39;)" in page.replace("'", "&#39;")
    assert page.count(MASK) >= 6
    assert NAME in page
    assert list((project / ".cache/executed").glob("*.ipynb"))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("token: hunter2-hunter2", "a secret is written as {env: NAME}"),
        ("token: {env: hunter2 hunter2}", "a secret is written as {env: NAME}"),
        ("token: {env: A, value: hunter2}", "a secret is written as {env: NAME}"),
        ("token: [hunter2]", "a secret is written as {env: NAME}"),
        ("token: 5", "a secret is written as {env: NAME}"),
    ],
)
def test_a_value_in_the_file_is_refused_and_not_repeated(
    review, write_parameters, snapshot_of, written, sentence
):
    review("1")
    file = write_parameters(
        snapshot_of(), reports=f"  - notebook: review\n    parameters: {{{written}}}"
    )
    with pytest.raises(InputError) as raised:
        planned_jobs(file)
    assert str(raised.value).startswith("parameters/q3.yaml:10: `token`: ")
    assert sentence in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_value_in_the_notebook_is_refused_too(review):
    with pytest.raises(InputError, match=r"never as its value") as raised:
        declared_parameters(review("1", declared='token: "secret" = "hunter2-hunter2"  # x\n'))
    assert "hunter2" not in str(raised.value)


def test_a_secret_is_a_parameter_as_a_whole(review):
    with pytest.raises(InputError, match=r"unknown type `secret`"):
        declared_parameters(review("1", declared="token: list[secret] = []  # keys\n"))


def test_what_is_planned_holds_the_name_alone(review, write_parameters, snapshot_of, monkeypatch):
    monkeypatch.setenv(NAME, VALUE)
    review("1")
    file = write_parameters(snapshot_of(), reports=ASKED)
    for _ in range(2):  # planned, and from the kept plan
        (decision,) = wanted_reports(file).decisions
        assert decision.job.secrets == ("token",)
        assert decision.job.parameters["token"] == {"env": NAME}
        assert VALUE not in repr(decision.job)


@pytest.mark.parametrize(
    ("value", "sentence"), [(None, "is not set"), ("short", "holds fewer than 8 signs")]
)
def test_a_secret_that_is_missing_is_refused_before_anything_runs(
    review, write_parameters, snapshot_of, monkeypatch, value, sentence
):
    if value is None:
        monkeypatch.delenv(NAME, raising=False)
    else:
        monkeypatch.setenv(NAME, value)
    review("1")
    file = write_parameters(snapshot_of(), reports=ASKED)
    wanted = wanted_reports(file)
    with pytest.raises(InputError, match=sentence) as raised:
        refuse_unready(wanted, file)
    assert raised.value.where == f"{file}:9"
    assert NAME in str(raised.value)
    # A machine of a cluster has an environment of its own: there the job is refused.
    refuse_unready(wanted, file, here=False)
    result = run_one(wanted.decisions[0].job)
    assert (result.status, result.error.name) == ("refused", "Refused")
    assert sentence in result.error.message


def test_by_hand_it_is_masked_wherever_it_is_shown(monkeypatch):
    monkeypatch.setenv(NAME, VALUE)
    held = secret({"env": NAME})
    assert held.get_secret_value() == VALUE
    assert VALUE not in f"{held} {held!r}" + str({"held": held})
    with pytest.raises(InputError, match=r"names no environment variable"):
        secret("")
    with pytest.raises(InputError, match=r"never as its value"):
        secret(VALUE)


texts = st.text(st.characters(codec="utf-8"), min_size=8, max_size=60).filter(
    lambda text: len(text.strip()) >= 8 and len(text.splitlines()) == 1
)


@settings(max_examples=60, deadline=None)
@given(texts, st.text(max_size=20), st.text(max_size=20))
def test_it_is_found_in_any_text_and_any_usual_form(value, before, after):
    secrets = Secrets([value])
    forms = [value, repr(value)[1:-1], json.dumps(value)[1:-1], html.escape(value), quote(value)]
    for form in forms:
        masked = secrets.masked({before + form + after: [form]})
        assert list(masked.values()) == [[MASK]]
        assert not secrets.are_in(next(iter(masked)))
    for head in ("", "a", "ab"):
        coded = base64.b64encode((head + value + "tail").encode()).decode()
        # All but the signs that its neighbours share with it.
        assert MASK in secrets.masked(coded)
        assert len(secrets.masked(coded)) <= len(head + "tail") * 4 / 3 + len(MASK) + 6


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)
)))  # fmt: skip
def test_what_holds_none_stays_what_it_was(values):
    assert Secrets(["correct horse"]).masked(values) == values
    assert Secrets().masked(values) is values


def test_lines_and_colours_and_cut_off_texts():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END KEY-----\n"
    secrets = Secrets([key, "tiny"])
    assert secrets.masked("line 2: MIIEvQIBADANBgkqhkiG9w0BAQEF.") == f"line 2: {MASK}."
    assert secrets.masked("MIIEvQIBADANBgkqhki...") == f"{MASK}..."
    assert secrets.masked("MIIEvQIBADANB\x1b[31mgkqhkiG9w0BAQEF") == MASK
    assert secrets.masked("tiny") == "tiny"
    assert repr(secrets) == "Secrets(1)"


def test_an_error_is_masked_in_all_its_parts(write_notebook):
    import nbformat

    notebook = nbformat.read(write_notebook("review", "1"), as_version=4)
    error = RunError("correct horse", "a correct horse", 3, "correct horse", 1, "correct horse")
    shown = Secrets(["correct horse"]).execution(Execution(notebook, "failed", error))
    assert shown.error == RunError(MASK, f"a {MASK}", 3, MASK, 1, MASK)
    assert shown.warnings == ()
