"""Templates and style sheets that the pages share."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from salesops_lib.fragments import unbroken

__all__ = ["style", "template"]


def style(*names: str) -> Markup:
    """Style sheets of the page: fragments, what all pages share, and these."""
    files = resources.files("salesops_lib")
    sheets = [files / "notebook" / "style" / "fragments.css"]
    sheets += [files / "publishing" / "template" / name for name in ("page.css", *names)]
    return Markup("\n".join(sheet.read_text("utf-8").strip() for sheet in sheets))  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("salesops_lib.publishing", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["unbroken"] = unbroken
    return environment


def template(name: str) -> Any:
    """Template of the publishing package; it escapes every value."""
    return _environment().get_template(name)
