"""Reports as mail: a standard ``.eml`` file that any mail program can open and send."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from salesops_lib.errors import InputError
from salesops_lib.formats import Formatter, Unit
from salesops_lib.publishing.files import digest, write_together
from salesops_lib.publishing.names import safe_name
from salesops_lib.publishing.values import MeasureValues, ReportValues, RowValues, report_values
from salesops_lib.results import change_of

__all__ = ["MOST_ATTACHED", "MOST_BODY", "Letter", "letter_of", "mailed"]

MOST_BODY = 100_000
"""Bytes of the HTML body: some mail programs cut off what is longer."""

MOST_ATTACHED = 5_000_000
"""Bytes of a report that is attached; many servers refuse larger mails."""

_MOST_NOTES = 12
_LONGEST = 600
_LONGEST_SUBJECT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ROLES: tuple[Literal["prior", "last_year"], ...] = ("prior", "last_year")


@dataclass(frozen=True)
class Letter:
    """What a mail about a report says.

    Parameters
    ----------
    page : Path
        The report's HTML file.
    values : object
        Its values, as in the JSON file beside it.
    """

    page: Path
    values: ReportValues

    @cached_property
    def show(self) -> Formatter:
        """Words and formats of the report."""
        return Formatter(self.values.report.language, self.values.report.currency or "EUR")

    @property
    def headline(self) -> str:
        """The report's message, or what it is about."""
        return _plain(self.values.findings.headline or self.values.report.kicker)

    @property
    def findings(self) -> list[tuple[str, str]]:
        """Sentence of each finding, and what to do about it."""
        return [(_plain(f.text), _plain(f.action)) for f in self.values.findings.findings]

    @property
    def periods(self) -> dict[str, str]:
        """Period of each role, as people read it."""
        rows = [row for m in self.values.kpis.measures.values() for row in m.rows]
        return {row.role: self.show.period(row.period) for row in reversed(rows)} | {
            "current": self.show.period(self.values.report.period)
        }

    @property
    def kpis(self) -> list[tuple[str, str, str, str]]:
        """Name, value, and changes on the prior period and on last year, of each key figure."""
        known = self.values.kpis.measures
        names = {d.id: d.name for other in self.values.others for d in other.definitions}
        # The values' keys are sorted; definitions stand in the order of the page.
        order = [key for key in names if key in known] + [key for key in known if key not in names]
        return [self._kpi(names.get(key, _humane(key)), known[key]) for key in order]

    def _kpi(self, name: str, measure: MeasureValues) -> tuple[str, str, str, str]:
        rows = {row.role: row for row in measure.rows}
        now = rows.get("current") or RowValues(role="current", period="")
        text = self.show.value(now.value, measure.unit, compact=True)
        if now.value is None and now.reason:
            text = self.show.say("not computable: {reason}", reason=_plain(now.reason))
        elif now.period and now.period != self.values.report.period:
            name = self.show.say(
                "{measure}, {period}", measure=name, period=self.show.period(now.period)
            )
        changes = [self._change(now, rows.get(role), measure.unit) for role in _ROLES]
        return _plain(name), text, changes[0], changes[1]

    def _change(self, now: RowValues, then: RowValues | None, unit: Unit) -> str:
        change = change_of(now.value, then.value, unit) if then is not None else None
        if change is None:
            return self.show.value(None, unit)
        relative = unit in {"money", "count", "money_per_day"}
        text = self.show.share(change, signed=True)
        text = text if relative else self.show.value(change, unit, signed=True)
        # What rounds to nothing has not moved.
        moved = re.search("[1-9]", text) is not None
        return f"{('▲' if change > 0 else '▼') if moved else '■'} {text}"

    @property
    def notes(self) -> list[str]:
        """Warnings about the data, the gravest first."""
        notes = [
            f"{_plain(note.what)} {_plain(note.consequence)}".strip()
            for other in self.values.others
            if other.kind == "quality"
            for note in other.notes
        ]
        more = len(notes) - _MOST_NOTES
        if more > 0:
            told = self.show.counted(more, "{count} more note.", "{count} more notes.")
            return [*notes[:_MOST_NOTES], told]
        return notes

    @property
    def facts(self) -> list[str]:
        """As of when, and from what."""
        report = self.values.report
        made = self.values.run.finished.astimezone(dt.UTC)
        return [
            _plain(report.kicker),
            *map(_plain, report.meta),
            self.show.say("made on {time} UTC", time=f"{made:%Y-%m-%d %H:%M}"),
        ]

    @cached_property
    def attachment(self) -> bytes | None:
        """The page; None where it is too large to be sent."""
        content = self.page.read_bytes()
        return content if len(content) <= MOST_ATTACHED else None

    @property
    def about_attachment(self) -> str:
        """Where the whole report is."""
        if self.attachment is not None:
            return self.show.say("The whole report is attached: {file}", file=self.page.name)
        size = self.show.decimal(self.page.stat().st_size / 1e6)
        return self.show.say(
            "The whole report has {size} MB and is too large to attach: {file}",
            size=size,
            file=self.page.name,
        )

    @property
    def command(self) -> str:
        """Command that makes the report again."""
        return _plain(self.values.provenance.command)

    @property
    def text(self) -> str:
        """The letter as plain text."""
        say = self.show.say
        lines = [self.headline, ""]
        for finding, action in self.findings:
            lines += [f"* {finding}", *([f"  {action}"] if action else [])]
        if self.kpis:
            lines += ["", say("Key figures")]
            for name, value, *changes in self.kpis:
                told = [
                    say("{change} on {period}", change=change, period=self.periods[role])
                    for role, change in zip(_ROLES, changes, strict=True)
                    if change[0] in "▲▼■" and role in self.periods
                ]
                lines.append(f"{name}: {value}" + (f" ({', '.join(told)})" if told else ""))
        if self.notes:
            lines += ["", say("About the data"), *(f"* {note}" for note in self.notes)]
        lines += ["", " · ".join(self.facts), self.about_attachment]
        if self.command:
            lines += [say("This command makes it again:"), f"  {self.command}"]
        return "\n".join(lines) + "\n"

    @property
    def html(self) -> str:
        """The letter as HTML: styles inline, nothing fetched, no colour that one mode needs."""
        from salesops_lib.publishing.templates import template

        body: str = template("mail.html.j2").render(letter=self, say=self.show.say, roles=_ROLES)
        return body

    def message(self, to: Sequence[str] = (), sender: str = "", subject: str = "") -> EmailMessage:
        """The letter as a mail; the same bytes for the same report and addresses.

        Parameters
        ----------
        to : sequence of str
            Addresses, such as ``Ana Gil <ana@example.com>``.
        sender : str
            Address that it comes from.
        subject : str
            Default: the headline.

        Returns
        -------
        EmailMessage

        Raises
        ------
        InputError
            An address is none.
        """
        mail = EmailMessage(policy=SMTP)
        if sender:
            mail["From"] = _addresses([sender], "--from")
        if to:
            mail["To"] = _addresses(to, "--to")
        mail["Subject"] = _plain(subject or self.headline)[:_LONGEST_SUBJECT]
        mail["Date"] = format_datetime(self.values.run.finished.astimezone(dt.UTC))
        # Mail programs open it as a draft that can be sent.
        mail["X-Unsent"] = "1"
        mail.set_content(self.text, cte="quoted-printable")
        body = self.html
        if len(body.encode()) > MOST_BODY:
            raise InputError("the values are too many for a mail", where=self.page.name)
        mail.add_alternative(body, subtype="html", cte="quoted-printable")
        if self.attachment is not None:
            mail.add_attachment(
                self.attachment,
                maintype="text",
                subtype="html",
                filename=self.page.name,
                params={"charset": "utf-8"},
            )
        mail["Content-Language"] = self.values.report.language
        _settle(mail)
        return mail


def letter_of(report: Path) -> Letter:
    """Letter about a published report.

    Parameters
    ----------
    report : Path
        Its page, or the JSON file beside it.

    Returns
    -------
    Letter

    Raises
    ------
    InputError
        There is no such report, or its values cannot be read.
    """
    page, file = report.with_suffix(".html"), report.with_suffix(".json")
    if report.suffix not in {".html", ".json"}:
        raise InputError("name a report's page or its JSON file", where=str(report))
    for path in (page, file):
        if not path.is_file():
            siblings = [other.name for other in path.parent.glob(f"*{report.suffix}")]
            raise InputError(
                f"no such file: {path}",
                found=path.name,
                allowed=[name for name in siblings if ".manifest" not in name] or None,
            )
    return Letter(page, report_values(file))


def mailed(
    reports: Sequence[Path],
    out: Path,
    *,
    to: Sequence[str] = (),
    sender: str = "",
    subject: str = "",
) -> list[Path]:
    """Mails about some reports, written and not sent.

    Parameters
    ----------
    reports : sequence of Path
        Pages, or the JSON files beside them.
    out : Path
        A file that ends in ``.eml``, for one report; otherwise a folder.
    to, sender, subject
        As for `Letter.message`.

    Returns
    -------
    list of Path
        One a report.

    Raises
    ------
    InputError
        A report or an address does not fit; nothing is written.
    """
    is_file = out.suffix.lower() == ".eml"
    if is_file and len(reports) > 1:
        raise InputError("several reports need a folder, not one file", where="--out")
    if not is_file and out.exists() and not out.is_dir():
        raise InputError("neither a folder nor a file that ends in .eml", where="--out")
    files: dict[Path, str | bytes] = {}
    for report in reports:
        letter = letter_of(report)
        about = letter.values.report
        name = f"{safe_name(about.period)}-{safe_name(about.name)}-{safe_name(letter.page.stem)}"
        target = out if is_file else out / f"{name}.eml"
        if target in files:
            raise InputError("two of the reports would be one file", where=target.name)
        files[target] = bytes(letter.message(to, sender, subject))
    write_together(files)
    return list(files)


def _plain(text: Any) -> str:
    """Text on one line, of bounded length; nothing in it can begin another header."""
    line = " ".join(_CONTROL.sub(" ", str(text)).split(" ")).strip()
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _humane(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _addresses(texts: Sequence[str], option: str) -> list[Address]:
    found = []
    for text in texts:
        try:
            pairs = [] if _CONTROL.search(text) else getaddresses([text])
            these = [Address(name, addr_spec=spec) for name, spec in pairs]
        except (ValueError, IndexError, MessageError):
            these = []
        if not these or not all(address.username and address.domain for address in these):
            raise InputError(
                f"{text!r} is no address; write it as ana@example.com or Ana Gil <ana@example.com>",
                where=option,
            )
        found += these
    return found


def _settle(mail: EmailMessage) -> None:
    """Boundaries and the message's id come from the content, not from chance."""
    parts = [part for part in mail.walk() if part.is_multipart()]
    leaves = [part.get_payload() for part in mail.walk() if not part.is_multipart()]
    heads = [f"{name}: {value}" for name, value in mail.items() if name != "Content-Type"]
    identity = digest("\n".join([*heads, *map(str, leaves)]).encode("utf-8", "replace"))
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{identity[:32]}_{number}")
    mail["Message-ID"] = f"<{identity[:40]}@salesops.invalid>"
