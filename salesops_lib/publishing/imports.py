"""What Python source imports of our own, found by reading it, never by running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Imports", "cell_imports", "module_imports"]

_MAGIC = re.compile(r"^\s*(?:%|!|\?)|\?\s*$")
_EXTENSION = re.compile(r"^\s*%(?:re)?load_ext\s+([\w.]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Imports:
    """Names that a source may import.

    Parameters
    ----------
    at_once : tuple of str
        Imported when the source runs; ``pack.name`` for ``from pack import name``,
        with leading dots where the import is relative.
    late : tuple of str
        Imported by functions or for typing only, or texts that may name a module.
        Of a package that offers its parts lazily, these are the parts.
    """

    at_once: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


def module_imports(source: str, *, is_package: bool) -> Imports:
    r"""Imports of a module.

    Parameters
    ----------
    source : str
        Its text.
    is_package : bool
        Whether it is an ``__init__``. Elsewhere a function's imports count as
        imported at once, because whoever imports the module calls its functions.

    Returns
    -------
    Imports

    Raises
    ------
    SyntaxError, ValueError
        It is no Python.

    Examples
    --------
    >>> module_imports("import a.b\nfrom c import d", is_package=False).at_once
    ('a.b', 'c.d')
    """
    tree = ast.parse(source)
    at_once: dict[str, None] = {}
    late: dict[str, None] = {}
    for node, place in _walked(tree, ""):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = "." * node.level + (node.module or "")
            joint = "" if stem.endswith(".") else "."
            names = [f"{stem}{joint}{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A map of lazy parts, or the argument of import_module.
            if _NAME.fullmatch(node.value) and (is_package or "." in node.value):
                late[node.value] = None
            continue
        is_late = place == "typing" or (place == "function" and is_package)
        for name in names:
            (late if is_late else at_once)[name] = None
    return Imports(tuple(at_once), tuple(late))


def cell_imports(sources: Sequence[str]) -> tuple[Imports, tuple[str, ...]] | None:
    """Imports of a notebook's code cells, and the texts in them.

    Parameters
    ----------
    sources : sequence of str
        Code cells; magics and shell commands are left out, but extensions that
        they load are imports.

    Returns
    -------
    tuple of Imports and tuple of str, or None
        None where a cell cannot be read as Python.
    """
    names: dict[str, None] = {}
    texts: dict[str, None] = {}
    for source in sources:
        names |= dict.fromkeys(_EXTENSION.findall(source))
        plain = "\n".join("" if _MAGIC.search(line) else line for line in source.splitlines())
        try:
            found = module_imports(plain, is_package=False)
            tree = ast.parse(plain)
        except (SyntaxError, ValueError):
            return None
        names |= dict.fromkeys(found.at_once + found.late)
        texts |= {
            node.value: None
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return Imports(tuple(names)), tuple(texts)


def _walked(node: ast.AST, place: str) -> Iterator[tuple[ast.AST, str]]:
    """Nodes of a tree, each with where it stands: ``function``, ``typing`` or at the top."""
    for child in ast.iter_child_nodes(node):
        yield child, place
        inner = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner = place or "function"
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield part, "typing"
                yield from _walked(part, "typing")
            for part in child.orelse:
                yield part, place
                yield from _walked(part, place)
            continue
        yield from _walked(child, inner)
