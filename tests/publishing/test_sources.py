from __future__ import annotations

import json

import pytest

from salesops_lib.publishing.imports import cell_imports, module_imports
from salesops_lib.publishing.inputs import Inputs, notebook_source
from salesops_lib.publishing.sources import Sources


@pytest.fixture
def tree(tmp_path):
    """A library of a few modules, and a project beside it."""
    files = {
        "salesops_lib/__init__.py": (
            "def load_ipython_extension(shell):\n    from salesops_lib.notebook import extension\n"
        ),
        "salesops_lib/errors.py": "",
        "salesops_lib/notebook/__init__.py": (
            "from importlib import import_module\n"
            "_HOMES = {'figure': 'figures'}\n"
            "def __getattr__(name):\n    return import_module(f'{__name__}.{_HOMES[name]}')\n"
        ),
        "salesops_lib/notebook/figures.py": "from salesops_lib.topic.deep import x\n",
        "salesops_lib/notebook/extension.py": "import salesops_lib.errors\n",
        "salesops_lib/notebook/storage.py": "",
        "salesops_lib/notebook/style/a.css": "a",
        "salesops_lib/topic/__init__.py": "",
        "salesops_lib/topic/deep.py": "def f():\n    from salesops_lib import errors\n",
        "salesops_lib/topic/typed.py": (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import salesops_lib.errors\n"
            "else:\n    import salesops_lib.topic.deep\n"
        ),
        "salesops_lib/topic/named.py": "HOME = 'salesops_lib.errors'\n",
        "salesops_lib/topic/page.html.j2": "p",
        "salesops_lib/topic/.hidden": "h",
        "salesops_lib/topic/__pycache__/deep.cpython-311.pyc": "c",
        "project/helper.py": "from pack.part import y\n",
        "project/pack/__init__.py": "from . import near\n",
        "project/pack/part.py": "from .near import z\nimport numpy\n",
        "project/pack/near.py": "import helper\n",
        "project/broken.py": "def (\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def sources(tree):
    return Sources(tree / "project", tree / "salesops_lib")


ROOT = "salesops_lib/__init__.py"
TOPIC = {ROOT, "salesops_lib/topic/__init__.py", "salesops_lib/topic/page.html.j2"}
NOTEBOOK = {ROOT, "salesops_lib/notebook/__init__.py", "salesops_lib/notebook/style/a.css"}
DEEP = {"salesops_lib/topic/deep.py", "salesops_lib/errors.py"}
FIGURES = {"salesops_lib/notebook/figures.py", *DEEP, *TOPIC}
PACK = {"pack/__init__.py", "pack/part.py", "pack/near.py", "helper.py"}


@pytest.mark.parametrize(
    ("module", "files"),
    [
        ("numpy", set()),
        ("salesops_lib.errors", {ROOT, "salesops_lib/errors.py"}),
        # A function's imports count, those for typing do not.
        ("salesops_lib.topic.deep", TOPIC | DEEP),
        ("salesops_lib.topic.typed", TOPIC | DEEP | {"salesops_lib/topic/typed.py"}),
        ("salesops_lib.topic.named.HOME",
         TOPIC | {"salesops_lib/topic/named.py", "salesops_lib/errors.py"}),
        # A package that is asked for a name may load any of its parts; its own module may not.
        ("salesops_lib.notebook.figure", NOTEBOOK | FIGURES),
        ("salesops_lib.notebook.storage", NOTEBOOK | {"salesops_lib/notebook/storage.py"}),
        ("salesops_lib",
         NOTEBOOK | {"salesops_lib/notebook/extension.py", "salesops_lib/errors.py"}),
        ("helper", PACK),
        ("pack.near", PACK),
        ("broken", {"broken.py"}),
        ("salesops_lib.nowhere", {*NOTEBOOK, "salesops_lib/notebook/extension.py",
                                  "salesops_lib/errors.py"}),
    ],
)  # fmt: skip
def test_a_module_depends_on_what_it_loads(sources, module, files):
    assert set(sources.closure([module])) == files


def test_hashes_are_of_the_bytes_and_imports_are_kept_by_them(sources, tree):
    from hashlib import sha256

    before = sources.closure(["helper"])
    assert before["helper.py"] == sha256(b"from pack.part import y\n").hexdigest()
    sources.keep()
    kept = tree / "project/.cache/imports.json"
    for text in (kept.read_text(), "", "[]", '{"version": 1, "imports": {}}', '{"version": 0}'):
        kept.write_text(text)
        assert Sources(tree / "project", tree / "salesops_lib").closure(["helper"]) == before
    (tree / "project/helper.py").write_text("import numpy\n")
    assert set(Sources(tree / "project", tree / "salesops_lib").closure(["helper"])) == {
        "helper.py"
    }


def test_cells_may_hold_magics_and_what_cannot_be_read_needs_everything(sources, tree):
    files, texts = sources.of_cells(
        ["%load_ext salesops_lib\n!ls 'x'\nhelp?", "%%time\nimport helper\nplan = 'a/b.yaml'"]
    )
    assert set(files) == PACK | NOTEBOOK | {
        "salesops_lib/notebook/extension.py",
        "salesops_lib/errors.py",
    }
    assert texts == ("a/b.yaml",)
    files, texts = sources.of_cells(["x = %who_ls"])
    assert "salesops_lib/topic/named.py" in files
    assert not any("pycache" in name or "hidden" in name for name in files)
    assert texts == ()


def test_imports_are_absolute_or_carry_their_dots():
    found = module_imports("from .. import a\nfrom .b import c\nimport d as e", is_package=False)
    assert found.at_once == ("..a", ".b.c", "d")
    assert cell_imports(["from x import *"])[0].at_once == ("x.*",)


def cells(*made):
    return json.dumps({"cells": list(made), "metadata": {}}).encode()


def test_a_notebooks_text_is_the_same_however_it_is_stored():
    one = notebook_source(
        cells({"cell_type": "code", "source": ["a\n", "b"], "outputs": [1], "metadata": {"x": 1}})
    )
    two = notebook_source(cells({"cell_type": "code", "source": "a\nb", "execution_count": 3}))
    assert one == two
    assert one.code == (("a\nb", ()),)


def test_prose_counts_where_it_stands():
    code, prose = ({"cell_type": kind, "source": "x"} for kind in ("code", "markdown"))
    before, after = notebook_source(cells(prose, code)), notebook_source(cells(code, prose))
    assert before.code == after.code
    assert before.prose != after.prose


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": [1]}', b"\xff", b"[" * 99999])
def test_what_is_no_notebook_is_told_apart_by_its_bytes(content):
    found = notebook_source(content)
    assert not found.is_readable
    assert found != notebook_source(content + b" ")


def test_only_files_inside_the_project_count_as_named(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.yaml").write_text("x")
    (project / "plan.yaml").write_text("rate: 1")
    (project / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    values = {"plan": "plan.yaml", "a": ["../outside.yaml", {"b": "link.yaml"}], "n": 3, "e": ""}
    hostile = ["\0", "x" * 5000, "plan.yaml\n", "~/plan.yaml", "\ud800", "con:"]
    assert list(Inputs(project).named_files(values, hostile)) == ["plan.yaml"]


def test_the_environment_is_python_and_the_locked_packages(tmp_path, monkeypatch):
    packages = tmp_path / "site"
    packages.mkdir()

    def installed(*names):
        for path in packages.iterdir():
            path.rmdir()
        for name in names:
            (packages / f"{name}.dist-info").mkdir()
        return Inputs(tmp_path).environment

    monkeypatch.setattr("sysconfig.get_paths", lambda: {"purelib": str(packages)})
    (tmp_path / "requirements.lock").write_text("ruamel-yaml==0.18.15 \\\n    --hash=sha256:x\n")
    one = installed("ruamel.yaml-0.18.15")
    assert installed("ruamel.yaml-0.18.16") != one
    assert installed("ruamel.yaml-0.18.15", "some_tool-1.0") == one
