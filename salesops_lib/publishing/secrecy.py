"""Secrets of a run: looked for in all that would be written, and put out of sight."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from salesops_lib.errors import InputError
from salesops_lib.notebook.secrets import SHORTEST, secret

if TYPE_CHECKING:
    from salesops_lib.publishing.execution import Execution
    from salesops_lib.publishing.jobs import Job, RunError

__all__ = ["MASK", "Secrets", "secrets_of"]

MASK = "•••"

_HEAD = 16
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Secrets:
    """Values that must not be written anywhere.

    Each is found as it is, line by line, as Python, JSON, HTML and addresses
    would write it, in base64, across the colours of a traceback, and where a
    table has cut it off after sixteen signs or more.

    Parameters
    ----------
    values : iterable of str
        The secrets.

    Examples
    --------
    >>> Secrets(["correct horse"]).masked({"text": ["a correct horse!"]})
    {'text': ['a •••!']}
    >>> Secrets(["correct horse"]).masked("Basic Y29ycmVjdCBob3JzZQ==")
    'Basic •••Q=='
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = tuple(value for value in values if len(value) >= SHORTEST)

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)})"

    def __bool__(self) -> bool:
        return bool(self._values)

    @cached_property
    def _forms(self) -> tuple[str, ...]:
        """All that is looked for, the longest first."""
        parts = {
            part
            for value in self._values
            for part in (value, value.strip(), *map(str.strip, value.splitlines()))
            if len(part) >= SHORTEST
        }
        forms = {form for part in parts for form in _forms(part)}
        return tuple(sorted(forms, key=lambda form: (-len(form), form)))

    @cached_property
    def _heads(self) -> re.Pattern[str]:
        heads = dict.fromkeys(form[:_HEAD] for form in self._forms)
        return re.compile("|".join(map(re.escape, heads)))

    def masked(self, value: Any) -> Any:
        """JSON values in which each secret is replaced by `MASK`; the same ones without any.

        Parameters
        ----------
        value : object
            Text, or lists and mappings of texts, of any depth.

        Returns
        -------
        object
            Of the same types.
        """
        if not self:
            return value
        if isinstance(value, str):
            return self._masked(value)
        if isinstance(value, Mapping):
            found = {self.masked(key): self.masked(inner) for key, inner in value.items()}
            return type(value)(found) if isinstance(value, dict) else found
        if isinstance(value, list | tuple):
            return type(value)(self.masked(inner) for inner in value)
        return value

    def _masked(self, text: str) -> str:
        plain = self._replaced(text)
        if "\x1b" in plain:
            # Colours may stand within a secret.
            uncoloured = _ANSI.sub("", plain)
            if self._heads.search(uncoloured):
                return self._replaced(uncoloured)
        return plain

    def _replaced(self, text: str) -> str:
        pieces, done = [], 0
        while match := self._heads.search(text, done):
            begin = match.start()
            pieces += [text[done:begin], MASK]
            done = begin + max(_alike(text, begin, form) for form in self._forms)
        return "".join([*pieces, text[done:]])

    def are_in(self, text: str) -> bool:
        """Whether a text holds one of them."""
        return bool(self) and self._heads.search(text) is not None

    def error(self, error: RunError) -> RunError:
        """An error without them."""
        return replace(
            error,
            **{
                name: self.masked(getattr(error, name))
                for name in ("name", "message", "section", "source")
            },
        )

    def execution(self, execution: Execution) -> Execution:
        """A run's outputs, error and warnings without them; a warning where there was one."""
        if not self:
            return execution
        from salesops_lib.publishing.observation import INJECTED

        notebook = execution.notebook
        places, number = [], 0
        for cell in notebook.cells:
            # As they are numbered in the notebook's file.
            number += INJECTED not in cell.metadata.get("tags", [])
            if "outputs" in cell:
                cell.outputs = _joined(cell.outputs)
            hidden = self.masked(dict(cell))
            if hidden != cell:
                places.append(number)
                cell.update(hidden)
        notebook.metadata.update(self.masked(dict(notebook.metadata)))
        warnings = self.masked(execution.warnings)
        if places:
            cells = f"cell{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}"
            told = f"a secret stood in {cells} of the executed notebook; replaced by {MASK}"
            warnings = (told, *warnings)
        error = execution.error
        return replace(
            execution,
            notebook=notebook,
            error=self.error(error) if error is not None else None,
            warnings=warnings,
        )


def secrets_of(job: Job) -> Secrets:
    """Secrets that the parameters of a job name, from the environment of this process.

    Parameters
    ----------
    job : Job
        The job.

    Returns
    -------
    Secrets

    Raises
    ------
    InputError
        A variable is not set here, or holds too little to be a secret.
    """
    found = []
    for name in job.secrets:
        try:
            found.append(secret(job.parameters[name]).get_secret_value())
        except InputError as error:
            raise InputError(f"`{name}` of {job.report}: {error.what}") from None
    return Secrets(found)


def _alike(text: str, begin: int, form: str) -> int:
    """How many signs of a form stand in a text from a place on."""
    pairs = zip(text[begin : begin + len(form)], form, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _forms(part: str) -> Iterable[str]:
    """One secret as different writers write it."""
    yield part
    yield repr(part)[1:-1]
    yield json.dumps(part)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
    yield html.escape(part)
    yield html.escape(part, quote=False)
    yield quote(part)
    yield quote(part, safe="")
    yield quote_plus(part)
    content = part.encode("utf-8", "surrogatepass")
    for offset in range(3):
        # Whatever stands before and after it: only the signs that it alone decides.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * offset + content).decode().rstrip("=")
            bits = 8 * (offset + len(content))
            yield text[-(-8 * offset // 6) : bits // 6]


def _joined(outputs: list[Any]) -> list[Any]:
    """Outputs with what was written to one stream in one piece: a secret may be cut in two."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.get("output_type") == "stream" == last.get("output_type") and (
            output["name"] == last["name"]
        ):
            last["text"] += output["text"]
        else:
            joined.append(output)
    return joined
