"""Pulls from HubSpot: deals with their history, people, companies, activities, stages."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.data.ingest.wanted import Wanted, wanted_files
from salesops_lib.data.pulls.credentials import Secrets, value_of
from salesops_lib.data.pulls.folder import MANIFEST, PulledObject, PullResult, new_folder
from salesops_lib.data.pulls.hubspot_rows import (
    DEALS,
    HISTORY,
    HISTORY_COLUMNS,
    LINKS,
    OBJECTS,
    OWNER_COLUMNS,
    OWNERS,
    STAGE_COLUMNS,
    STAGES,
    Outcomes,
    history_rows,
    is_old,
    linked,
    owner_row,
    stage_rows,
)
from salesops_lib.data.pulls.transport import PullError, patient_session
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

import requests  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as Mapping_
    from pathlib import Path

    from salesops_lib.data.pulls.folder import PullFolder, Sheet

__all__ = ["API_VERSION", "pull_hubspot"]

API_VERSION = "v3"
_API = "https://api.hubapi.com"
_PAGE, _PAGE_WITH_HISTORY = 100, 50
_TOKEN = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 (the name of the variable)


def pull_hubspot(
    mapping_file: Path,
    folder: Path,
    *,
    since: dt.date | None = None,
    environment: Mapping_[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> PullResult:
    """Fetch the objects and properties that a mapping reads, from HubSpot.

    Parameters
    ----------
    mapping_file : Path
        Mapping whose files are named as the objects: ``deals.*``, ``companies.*``,
        ``calls.*``, ``meetings.*``, ``tasks.*``, ``emails.*``, and ``owners.*``,
        ``deal_stages.*`` and ``deal_history.*``.
    folder : Path
        Export folder to make: one Parquet file an object, and ``pull.json``.
    since : date, optional
        Leave out deals that closed before this day, and activities of before.
        Open deals are always there.
    environment : mapping of str to str, optional
        Where the access token stands. Default: the environment variables.
    progress : callable, optional
        Is told each object's name before it is fetched.

    Returns
    -------
    PullResult

    Raises
    ------
    InputError
        The token is missing or refused, the folder is there already, or the
        mapping needs an object or property that the token may not read.
    PullError
        HubSpot did not deliver. In either case nothing was written.
    """
    mapping = read_yaml(mapping_file, Mapping)
    wanted, others = wanted_files(mapping)
    began = dt.datetime.now(dt.UTC)
    if DEALS not in wanted:
        raise InputError("the mapping reads no file `deals.*`", where=mapping_file.name)
    told = progress or _untold
    with new_folder(folder) as making, patient_session() as session:
        portal = _Portal(session, os.environ if environment is None else environment)
        pull = _Pull(portal, making, wanted, since)
        known = {STAGES: pull.stages, OWNERS: pull.owners, **dict.fromkeys(OBJECTS)}
        for name in known:
            if name in wanted or name == STAGES:
                told(name)
                try:
                    (known[name] or pull.records)(name)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    raise PullError(
                        f"{name}: an answer that is not HubSpot's ({type(error).__name__})"
                    ) from None
        strange = [name for name in wanted if name not in {*known, HISTORY}]
        pulled = [*pull.done, *(PulledObject("", n, 0, remark=_OWN) for n in (*strange, *others))]
        result = PullResult(
            folder, "hubspot", API_VERSION, began, since, mapping.name, tuple(pulled)
        )
        (making.work / MANIFEST).write_text(result.manifest, encoding="utf-8")
    return result


_OWN = "no object of HubSpot that is pulled; if it is a file of your own, put it into the folder"


def _untold(_: str) -> None:
    pass


class _ForbiddenError(Exception):
    """The token lacks the scope for a call."""


class _Portal:
    """Calls to HubSpot, their errors told without the token."""

    def __init__(self, session: requests.Session, environment: Mapping_[str, str]) -> None:
        token = value_of(environment, _TOKEN, "the access token of a private app")
        self._secrets = Secrets((token,))
        self._session = session
        self._session.headers["Authorization"] = f"Bearer {token}"

    def answer(self, path: str, parameters: Mapping_[str, Any] | None = None) -> dict[str, Any]:
        """Answer to a call.

        Raises
        ------
        InputError
            The token was refused.
        PullError
            HubSpot did not answer, or answered with an error.
        _ForbiddenError
            The token lacks a scope.
        """
        try:
            got = self._session.get(f"{_API}/{path}", params=dict(parameters or {}))
        except requests.RequestException as error:
            raise PullError(f"{path}: no answer from HubSpot ({type(error).__name__})") from None
        if got.status_code == requests.codes.unauthorized:
            raise InputError(
                f"HubSpot refused the access token: it has expired or is not valid; set {_TOKEN} "
                "anew, nothing was written"
            )
        try:
            body = got.json()
        except ValueError:
            body = None
        if got.status_code == requests.codes.forbidden:
            raise _ForbiddenError(self._secrets.hidden(_message(body)))
        if not got.ok or not isinstance(body, dict):
            said = self._secrets.hidden(_message(body))
            raise PullError(f"{path}: HubSpot answered {got.status_code}: {said}")
        return body

    def pages(self, path: str, parameters: Mapping_[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """Results of a list, page by page."""
        asked = dict(parameters)
        while True:
            body = self.answer(path, asked)
            yield body.get("results", [])
            after = body.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return
            if str(after) == asked.get("after"):
                raise PullError(f"{path}: HubSpot gives one page again and again")
            asked["after"] = str(after)


def _message(body: object) -> str:
    return str(body.get("message", "no reason")) if isinstance(body, dict) else "no reason"


class _Pull:
    """One pull: what was done so far."""

    def __init__(
        self,
        portal: _Portal,
        making: PullFolder,
        wanted: Mapping_[str, Wanted],
        since: dt.date | None,
    ) -> None:
        self._portal = portal
        self._making = making
        self._wanted = wanted
        self._since = since
        self._outcomes = Outcomes({})
        self.done: list[PulledObject] = []

    def stages(self, name: str) -> None:
        """Stages of all pipelines of deals: they tell what is closed and won."""
        try:
            pipelines = self._portal.answer("crm/v3/pipelines/deals").get("results", [])
        except _ForbiddenError as error:
            raise InputError(f"the token may not read the pipelines of deals: {error}") from None
        rows = list(stage_rows(pipelines))
        self._outcomes = Outcomes.of(rows)
        self._write(name, STAGE_COLUMNS, rows, ["pipeline_id", "stage_id"])

    def owners(self, name: str) -> None:
        """Owners, those who left included: they own deals."""
        people: dict[str, list[str | None]] = {}
        try:
            for archived in ("false", "true"):
                asked = {"limit": _PAGE, "archived": archived}
                for page in self._portal.pages("crm/v3/owners", asked):
                    for one in page:
                        people.setdefault(str(one["id"]), owner_row(one))
        except _ForbiddenError as error:
            self._refused(name, str(error))
            return
        self._write(name, OWNER_COLUMNS, people.values(), ["id"])

    def _write(
        self, name: str, columns: tuple[str, ...], rows: Iterable[list[str | None]],
        order: list[str],
    ) -> None:  # fmt: skip
        with self._making.sheet(name, columns, order=order) as sheet:
            for row in rows:
                sheet.add(row)
        lacking = self._wanted[name].columns_of(columns)[1] if name in self._wanted else ()
        self.done.append(PulledObject(sheet.path.name, name, sheet.rows, columns, lacking))

    def _refused(self, name: str, said: str) -> None:
        if name == DEALS or (name in self._wanted and self._wanted[name].is_required):
            raise InputError(f"the token may not read {name}: {said}")
        self.done.append(PulledObject("", name, 0, remark=f"the token may not read them: {said}"))

    def records(self, name: str) -> None:
        """Records of one object, and of deals their history."""
        wanted = self._wanted[name]
        own = ("id", *LINKS.get(name, ((), ()))[1])
        try:
            listed = self._portal.answer(f"crm/v3/properties/{name}").get("results", [])
            kinds = {one["name"]: one.get("type") for one in listed}
            columns, lacking = wanted.columns_of({**dict.fromkeys(own), **kinds})
            properties = [column for column in columns if column not in own]
            with ExitStack() as open_files:
                numbers = [one for one in properties if kinds[one] == "number"]
                sheet = open_files.enter_context(
                    self._making.sheet(name, (*own, *properties), numbers, ["id"])
                )
                history = self._history(open_files) if name == DEALS else None
                left = self._fill(name, sheet, history, properties)
        except _ForbiddenError as error:
            self._refused(name, str(error))
            return
        self.done.append(
            PulledObject(sheet.path.name, name, sheet.rows, sheet.columns, lacking, left)
        )
        if history is not None:
            self.done.append(
                PulledObject(history.path.name, HISTORY, history.rows, history.columns)
            )

    def _history(self, open_files: ExitStack) -> Sheet | None:
        if HISTORY not in self._wanted:
            return None
        # In the order that they come in, which tells apart the changes of one moment.
        return open_files.enter_context(self._making.sheet(HISTORY, HISTORY_COLUMNS))

    def _fill(self, name: str, sheet: Sheet, history: Sheet | None, properties: list[str]) -> str:
        """Fill the files of an object; what was left out, as a sentence."""
        told = tuple(OBJECTS[name])
        asked: dict[str, Any] = {
            "limit": _PAGE if history is None else _PAGE_WITH_HISTORY,
            "archived": "false",
            "properties": ",".join(dict.fromkeys([*properties, *told])),
        }
        target = LINKS[name][0] if name in LINKS else None
        if target is not None:
            asked["associations"] = target
        if history is not None:
            asked["propertiesWithHistory"] = ",".join(HISTORY_PROPERTIES)
        several = 0
        for page in self._portal.pages(f"crm/v3/objects/{name}", asked):
            for one in page:
                values = one.get("properties", {})
                if self._since and is_old(name, values, self._since, self._outcomes):
                    continue
                links = linked(name, one)
                several += bool(links[1:] and ";" in (links[1] or ""))
                sheet.add([str(one["id"]), *links, *(values.get(key) for key in properties)])
                if history is not None:
                    for row in history_rows(one):
                        history.add(row)
        return f"{several:,} belong to several deals; each counts for one" if several else ""


HISTORY_PROPERTIES = (
    "dealstage", "amount", "closedate", "hubspot_owner_id", "hs_manual_forecast_category",
)  # fmt: skip
