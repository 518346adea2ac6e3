"""What `%load_ext salesops_lib` sets up, and who is taken for a person."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import matplotlib as mpl
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from salesops_lib.errors import InputError
from salesops_lib.notebook.extension import AUTORELOAD
from salesops_lib.notebook.session import is_interactive
from salesops_lib.theme import INK


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A shell of its own; options that the extension sets are taken back."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    made = InteractiveShell()
    made.history_manager.enabled = False
    names = ("display.max_columns", "display.max_colwidth", "display.float_format")
    with mpl.rc_context(), pd.option_context(*(x for n in names for x in (n, pd.get_option(n)))):
        yield made
    made.history_manager.end_session()


@pytest.fixture
def shown(monkeypatch):
    """What the extension displays."""
    outputs = []
    monkeypatch.setattr(
        "salesops_lib.notebook.extension.display",
        lambda *made, **more: outputs.append((made, more)),
    )
    return outputs


def load(shell, line="load_ext"):
    with capture_output():
        shell.run_line_magic(line, "salesops_lib")


def test_it_sets_styles_theme_and_frames(shell, shown):
    load(shell)
    (((style,), options),) = shown
    assert style.data.startswith("<style>")
    assert options == {"metadata": {"salesops": "style"}}
    assert mpl.rcParams["text.color"] == INK
    frame = pd.DataFrame({"amount": [12_345_678.9, float("nan")], "share": [0.276_123, 950.5]})
    assert frame.to_string(index=False).split() == [
        *("amount", "share", "12,345,679", "0.2761", "NaN", "950.5")
    ]
    assert "..." not in pd.DataFrame([range(40)])._repr_html_()


@pytest.mark.parametrize(("variable", "mode"), [("1", "2"), ("0", None)])
def test_edited_modules_are_loaded_again_but_not_in_a_batch(
    shell, shown, monkeypatch, variable, mode
):
    monkeypatch.setenv(AUTORELOAD, variable)
    load(shell)
    loaded = "autoreload" in shell.magics_manager.magics["line"]
    assert loaded == (mode is not None)


def test_loading_it_again_breaks_nothing(shell, shown):
    load(shell)
    load(shell, "reload_ext")
    assert len(shown) == 2
    assert shell.run_cell("1 + 1").result == 2


def test_an_error_of_the_library_comes_as_its_sentence(shell, shown):
    load(shell)
    shell.push({"InputError": InputError})
    with capture_output() as caught:
        shell.run_cell("raise InputError('`x` is no scope', found='x')")
    assert "`x` is no scope" in caught.stdout


def test_the_package_itself_stays_light():
    code = (
        "import sys, salesops_lib\n"
        "print(sorted({'IPython', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"content": {"allow_stdin": True}}, True),
        ({"content": {"allow_stdin": False}}, False),
        ({"content": {}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_person_is_where_the_front_end_says_so(request_, expected):
    kernel = SimpleNamespace(get_parent=lambda channel: request_ if channel == "shell" else None)
    assert is_interactive(SimpleNamespace(kernel=kernel)) is expected


def test_without_a_kernel_there_is_nobody(shell):
    assert not is_interactive(None)
    assert not is_interactive(shell)
