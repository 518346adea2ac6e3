"""pyproject.toml, requirements.lock and environment.yml ask for the same things."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SPARK_LOCK = (ROOT / "requirements-spark.lock").read_text(encoding="utf-8")
# Imported under a name other than the distribution's.
IMPORTED_AS = {
    "ruamel": "ruamel.yaml", "sklearn": "scikit-learn", "IPython": "ipython",
    "ibis": "ibis-framework", "yaml": "pyyaml", "PIL": "pillow",
}  # fmt: skip
# Parts of Jupyter and others, and of what they are made of, that come with them in any case.
COMES_ALONG = {
    "ipython": "jupyterlab", "ipykernel": "jupyterlab", "jupyter-core": "jupyterlab",
    "tornado": "jupyterlab", "traitlets": "jupyterlab", "jupyter-client": "nbclient",
    "markupsafe": "jinja2", "zmq": "nbclient", "urllib3": "requests",
    "duckdb": "ibis-framework", "pillow": "matplotlib", "pydantic-core": "pydantic",
}  # fmt: skip


def locked(lock: str = LOCK) -> dict[str, list[tuple[Requirement, list[str]]]]:
    """Requirements of a lock by name, each with its hashes."""
    found: dict[str, list[tuple[Requirement, list[str]]]] = {}
    text = re.sub(r"\\\n", " ", lock)
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        parsed = Requirement(requirement.strip())
        found.setdefault(canonicalize_name(parsed.name), []).append((parsed, hashes))
    return found


def declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    return [Requirement(text) for text in PROJECT["dependencies"] + extras["dev"]]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_each_declared_dependency_is_locked_to_a_version_that_fits(requirement):
    pins = locked().get(canonicalize_name(requirement.name))
    assert pins, f"{requirement.name} is not in requirements.lock: make lock"
    for pin, _ in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert requirement.specifier.contains(specifier.version, prereleases=True)


def test_spark_is_locked_by_itself_to_a_version_that_fits():
    (spark,) = [Requirement(text) for text in PROJECT["optional-dependencies"]["spark"]]
    pins = locked(SPARK_LOCK)
    assert set(pins) == {"pyspark", "py4j"}
    ((pin, _),) = pins[canonicalize_name(spark.name)]
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    assert spark.specifier.contains(specifier.version)
    assert not set(pins) & set(locked()), "one lock only says what is installed"


@pytest.mark.parametrize("lock", [LOCK, SPARK_LOCK], ids=["requirements", "spark"])
def test_every_pin_has_hashes_and_no_registry_is_named(lock):
    for name, pins in locked(lock).items():
        for _, hashes in pins:
            assert hashes, name
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), name
    assert not re.search(r"://|index-url|find-links|extra-index|trusted-host", lock)


def test_conda_installs_exactly_the_lock():
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, *rest = environment["dependencies"]
    wanted = SpecifierSet(PROJECT["requires-python"])
    name, _, version = python.partition("=")
    assert name == "python"
    assert wanted.contains(version + ".0")
    assert rest == ["pip", {"pip": ["-r requirements.lock"]}]
    assert set(environment) == {"name", "channels", "dependencies"}


def test_what_the_library_imports_is_declared():
    names = {canonicalize_name(requirement.name) for requirement in declared()}
    runtime = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extras = {
        canonicalize_name(Requirement(text).name)
        for extra, texts in PROJECT["optional-dependencies"].items()
        for text in texts
        if extra != "dev"
    }
    for path in (ROOT / "salesops_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            for module in modules:
                top = module.split(".")[0]
                # The kernel server's program is a script: it takes two files beside it.
                is_beside = path.parent.name == "kernel" and path.with_name(f"{top}.py").is_file()
                if top in sys.stdlib_module_names or top == "salesops_lib" or is_beside:
                    continue
                package = canonicalize_name(IMPORTED_AS.get(top, top))
                package = COMES_ALONG.get(package, package)
                assert package in runtime | extras, f"{path.name} imports {top}"
    assert runtime < names
