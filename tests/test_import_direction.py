"""Imports run downwards only: cli, publishing, notebook, topics, data, ground floor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "salesops_lib"
FLOORS = {
    "data": 1,
    "notebook": 3,
    "publishing": 4,
    "console": 5,
    "data_commands": 5,
    "pay_commands": 5,
    "plan_commands": 5,
    "cli": 6,
}
GROUND, TOPIC = 0, 2
# The package itself is imported by everyone; what it offers to IPython it imports late.
ROOT = "salesops_lib"


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_topic(name: str) -> bool:
    folder = PACKAGE / name
    return name not in FLOORS and folder.is_dir() and any(folder.glob("plots*.py"))


def floor(module: str) -> int:
    """Floor of a module: single files, and folders without plots, are the ground."""
    part = module.split(".")[1]
    return FLOORS.get(part, TOPIC if is_topic(part) else GROUND)


def imported(source: str) -> set[str]:
    """Modules of ours that a source imports anywhere, late and for typing included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            # `from salesops_lib import x` may name a module or a value.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [module.split(".") for module in found if module.startswith(f"{ROOT}.")]
    return {
        ".".join(names)
        for names in parts
        if (PACKAGE / names[1]).is_dir() or (PACKAGE / f"{names[1]}.py").is_file()
    }


def wrong_imports(name: str, source: str) -> list[str]:
    """What a module imports although it must not."""
    here = floor(name)
    return [
        module
        for module in sorted(imported(source))
        if floor(module) > here
        or (here == floor(module) == TOPIC and module.split(".")[1] != name.split(".")[1])
    ]


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if module_name(path) != ROOT)


@pytest.mark.parametrize("path", MODULES, ids=[module_name(path) for path in MODULES])
def test_imports_run_downwards(path):
    assert wrong_imports(module_name(path), path.read_text(encoding="utf-8")) == []


def test_the_floors_are_where_the_plan_says():
    assert floor("salesops_lib.errors") == GROUND
    assert floor("salesops_lib.fragments") == GROUND
    assert floor("salesops_lib.performance.plots") == TOPIC
    assert floor("salesops_lib.data.ingest.rules") < floor("salesops_lib.performance")
    assert floor("salesops_lib.publishing.run") < floor("salesops_lib.cli")


def test_an_upward_import_is_seen_wherever_it_stands():
    late = "def f():\n    from salesops_lib.publishing import run\n"
    assert wrong_imports("salesops_lib.data.view", late) == ["salesops_lib.publishing.run"]
    typing = "if TYPE_CHECKING:\n    import salesops_lib.cli\n"
    assert wrong_imports("salesops_lib.errors", typing) == ["salesops_lib.cli"]
    downwards = "from salesops_lib import __version__, errors\n"
    assert wrong_imports("salesops_lib.publishing.run", downwards) == []
