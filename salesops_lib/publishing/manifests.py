"""The manifest beside each report: what it was made of, for the next run to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.publishing.files import digest, json_object, json_text, write_atomically
from salesops_lib.publishing.keys import KeyParts, Keys

if TYPE_CHECKING:
    from salesops_lib.publishing.jobs import Job, Place

__all__ = ["Change", "Manifest", "changes", "read_manifest", "write_manifest"]

_VERSION = 1
_SHOWN = 8


@dataclass(frozen=True)
class Manifest:
    """What a published report was made of.

    Parameters
    ----------
    execute, render : KeyParts
        Its keys' parts, by name.
    html, json : str
        SHA-256 of its two files.
    """

    execute: KeyParts
    render: KeyParts
    html: str
    json: str

    def is_true_of(self, place: Place) -> bool:
        """Whether the published files are still those that were written."""
        try:
            found = digest(place.html.read_bytes()), digest(place.json.read_bytes())
        except OSError:
            return False
        return found == (self.html, self.json)


@dataclass(frozen=True)
class Change:
    """One part of a key that differs.

    Parameters
    ----------
    part : str
        Its name.
    old, new : str
        Short hashes; empty where there was or is none.
    files : tuple of str
        Files of the part that differ, are new or are gone.
    """

    part: str
    old: str
    new: str
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.part}: {self.old or 'nothing'} → {self.new or 'nothing'}"
        return text + (f" ({', '.join(self.files)})" if self.files else "")


def changes(old: Manifest, new: Keys) -> tuple[Change, ...]:
    """Parts in which a report's keys differ from those of the published one.

    Parameters
    ----------
    old : Manifest
        Of the published report.
    new : Keys
        As they are now.

    Returns
    -------
    tuple of Change
        What the run depends on first.
    """
    found = [*_changes(old.execute, new.execute), *_changes(old.render, new.render)]
    # That the outputs differ follows from the parts before.
    return tuple(change for change in found if change.part != "outputs")


def _changes(old: KeyParts, new: KeyParts) -> list[Change]:
    return [
        Change(
            part,
            old.parts.get(part, "")[:_SHOWN],
            new.parts.get(part, "")[:_SHOWN],
            _files(old.details.get(part, {}), new.details.get(part, {})),
        )
        for part in dict.fromkeys([*new.parts, *old.parts])
        if old.parts.get(part) != new.parts.get(part)
    ]


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in sorted({*old, *new}) if old.get(name) != new.get(name))


def read_manifest(place: Place) -> Manifest | None:
    """Manifest of a published report; None where it is missing or damaged."""
    values = json_object(place.manifest)
    try:
        if values["version"] != _VERSION:
            return None
        return Manifest(
            _parts(values["execute"]),
            _parts(values["render"]),
            str(values["html"]),
            str(values["json"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def write_manifest(job: Job, keys: Keys, run: Mapping[str, Any]) -> Path:
    """Write the manifest of a report that has just been published.

    It holds hashes and names of files inside the project or the library: no
    value of a parameter, and no folder of this machine.

    Parameters
    ----------
    job : Job
        The job.
    keys : Keys
        What the report was made of.
    run : mapping
        Status, seconds, number of warnings.

    Returns
    -------
    Path
        The manifest's file.
    """
    values = {
        "version": _VERSION,
        "id": job.id,
        "period": job.period,
        "execute": _values(keys.execute),
        "render": _values(keys.render),
        "html": digest(job.place.html.read_bytes()),
        "json": digest(job.place.json.read_bytes()),
        "run": dict(run),
    }
    write_atomically(job.place.manifest, json_text(values))
    return job.place.manifest


def _values(parts: KeyParts) -> dict[str, Any]:
    return {"key": parts.key, "parts": dict(parts.parts), "details": dict(parts.details)}


def _parts(values: Mapping[str, Any]) -> KeyParts:
    details = {name: dict(files) for name, files in values.get("details", {}).items()}
    parts = KeyParts({str(name): str(part) for name, part in values["parts"].items()}, details)
    if parts.key != values["key"]:
        raise ValueError("the parts do not give the key")
    return parts
