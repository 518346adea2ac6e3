"""Pulls from Salesforce: large objects through Bulk API 2.0, small ones through REST."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.data.ingest.wanted import Wanted, wanted_files
from salesops_lib.data.pulls.credentials import Secrets, value_of
from salesops_lib.data.pulls.folder import MANIFEST, PulledObject, PullResult, new_folder
from salesops_lib.data.pulls.transport import PullError, patient_session
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

# After the transport, which says what to install where these are missing.
import requests  # isort: skip
from simple_salesforce.api import Salesforce  # isort: skip
from simple_salesforce.login import SalesforceLogin  # isort: skip
from simple_salesforce.exceptions import (  # isort: skip
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceOperationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Mapping as Mapping_
    from pathlib import Path

    from salesops_lib.data.pulls.folder import PullFolder, Sheet

__all__ = ["API_VERSION", "pull_salesforce"]

API_VERSION = "59.0"

_SMALL = frozenset(
    {
        "ForecastingQuota", "ForecastingType", "OpportunitySplitType", "OpportunityStage",
        "Period", "User", "UserRole",
    }
)  # fmt: skip
"""Objects of few rows, for which a job of the Bulk API takes longer than the rows do."""

_OF_DEAL = frozenset({"OpportunityHistory", "OpportunityFieldHistory", "OpportunitySplit"})
_ARCHIVED = frozenset({"Task", "Event"})
"""Objects whose rows are archived after a year: a plain query leaves those out."""

_NOT_ASKED = frozenset({"address", "location", "base64", "complexvalue"})
_NUMBERS = frozenset({"currency", "double", "int", "long", "percent"})
_HOST = re.compile(r"https://([A-Za-z0-9.-]+(:\d+)?)/?")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")


def pull_salesforce(
    mapping_file: Path,
    folder: Path,
    *,
    since: dt.date | None = None,
    environment: Mapping_[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> PullResult:
    """Fetch the objects and fields that a mapping reads, from Salesforce.

    Parameters
    ----------
    mapping_file : Path
        Mapping whose files are named as the objects, such as ``Opportunity.*``.
    folder : Path
        Export folder to make: one Parquet file an object, and ``pull.json``.
    since : date, optional
        Leave out deals that closed before this day, with what belongs to them,
        and activities of before. Open deals are always there.
    environment : mapping of str to str, optional
        Where the credentials stand. Default: the environment variables.
    progress : callable, optional
        Is told each object's name before it is fetched.

    Returns
    -------
    PullResult

    Raises
    ------
    InputError
        A credential is missing or refused, the folder is there already, or the
        mapping needs an object or field that the user may not read.
    PullError
        Salesforce did not deliver. In either case nothing was written.
    """
    mapping = read_yaml(mapping_file, Mapping)
    wanted, others = wanted_files(mapping)
    began = dt.datetime.now(dt.UTC)
    with new_folder(folder) as making, patient_session() as session:
        crm = _Crm.connected(session, os.environ if environment is None else environment)
        asked = crm.asked(wanted)
        pulled = []
        for one, described in asked.items():
            if progress is not None:
                progress(one.name)
            pulled.append(crm.pulled(making, one, described, since))
        absent = [one.name for one in wanted.values() if one not in asked]
        pulled += [PulledObject("", name, 0, remark=_ABSENT) for name in (*absent, *others)]
        result = PullResult(
            folder, "salesforce", API_VERSION, began, since, mapping.name, tuple(pulled)
        )
        (making.work / MANIFEST).write_text(result.manifest, encoding="utf-8")
    return result


_ABSENT = "not there for this user; if it is a file of your own, put it into the folder"


class _Crm:
    """A connection, its errors told without its secrets."""

    def __init__(
        self, session: requests.Session, connect: Callable[[], Salesforce], secrets: Secrets
    ) -> None:
        self._secrets = secrets
        self._counted = 0
        session.hooks["response"].append(self._count)
        with self._told("the login"):
            self._api: Any = connect()
        # Further calls carry a token that the login gave.
        self._secrets = Secrets((*secrets.values, str(self._api.session_id)))

    @classmethod
    def connected(cls, session: requests.Session, environment: Mapping_[str, str]) -> _Crm:
        """Connection with the credentials of the environment.

        Raises
        ------
        InputError
            One is missing or refused.
        """
        by_token = {"SALESFORCE_INSTANCE_URL", "SALESFORCE_ACCESS_TOKEN"} & set(environment)
        if by_token:
            url = value_of(environment, "SALESFORCE_INSTANCE_URL", "the address of your Salesforce")
            token = value_of(environment, "SALESFORCE_ACCESS_TOKEN", "an access token")
            host = _HOST.fullmatch(url)
            if host is None:
                raise InputError(
                    "SALESFORCE_INSTANCE_URL must look like https://acme.my.salesforce.com"
                )
            return cls(
                session,
                lambda: Salesforce(
                    instance=host[1], session_id=token, session=session, version=API_VERSION
                ),
                Secrets((token,)),
            )
        if not environment.get("SALESFORCE_USERNAME", "").strip():
            raise InputError(
                "set SALESFORCE_USERNAME, SALESFORCE_PASSWORD and SALESFORCE_SECURITY_TOKEN in the"
                " environment, or SALESFORCE_INSTANCE_URL and SALESFORCE_ACCESS_TOKEN"
            )
        return cls._by_password(session, environment)

    @classmethod
    def _by_password(cls, session: requests.Session, environment: Mapping_[str, str]) -> _Crm:
        user = value_of(environment, "SALESFORCE_USERNAME", "the user's name")
        password = value_of(environment, "SALESFORCE_PASSWORD", "the user's password")
        token = value_of(environment, "SALESFORCE_SECURITY_TOKEN", "the user's security token")
        domain = environment.get("SALESFORCE_DOMAIN", "").strip() or "login"
        if not _DOMAIN.fullmatch(domain):
            raise InputError("SALESFORCE_DOMAIN must look like test, or acme.my")

        def connect() -> Salesforce:
            session_id, instance = SalesforceLogin(
                username=user, password=password, security_token=token, domain=domain,
                sf_version=API_VERSION, session=session,
            )  # fmt: skip
            return Salesforce(
                instance=instance, session_id=session_id, session=session, version=API_VERSION
            )

        return cls(session, connect, Secrets((password + token, password, token)))

    def asked(self, wanted: Mapping_[str, Wanted]) -> dict[Wanted, dict[str, Any]]:
        """Objects of the mapping that are there, with the fields of each by name."""
        with self._told("the list of objects"):
            listed = self._api.describe()
        there = {one["name"] for one in (listed or {}).get("sobjects", []) if one["queryable"]}
        found: dict[Wanted, dict[str, Any]] = {}
        for one in wanted.values():
            if one.name not in there:
                if one.is_required and "opportunities" in one.tables:
                    raise InputError(
                        f"there is no object {one.name} that this user may read, but the mapping "
                        "needs it",
                        found=one.name,
                        allowed=there & set(_USUAL),
                    )
                continue
            with self._told(one.name):
                described = self._api.restful(f"sobjects/{one.name}/describe")
            fields = {field["name"]: field["type"] for field in described["fields"]}
            found[one] = {n: kind for n, kind in fields.items() if kind not in _NOT_ASKED}
            one.columns_of(found[one])
        return found

    def pulled(
        self, making: PullFolder, one: Wanted, fields: dict[str, str], since: dt.date | None
    ) -> PulledObject:
        """One object, fetched into its file."""
        columns, lacking = one.columns_of(fields)
        if not columns:
            return PulledObject("", one.name, 0, (), lacking, _ABSENT)
        # The id puts the rows in order.
        names = tuple(dict.fromkeys(["Id", *columns] if "Id" in fields else columns))
        numbers = [name for name in names if fields[name] in _NUMBERS]
        query = _query(one.name, names, since)
        with making.sheet(one.name, names, numbers, ["Id"]) as sheet, self._told(one.name):
            if one.name in _SMALL:
                self._by_rest(query, sheet)
            else:
                self._by_bulk(query, one.name, sheet)
        return PulledObject(sheet.path.name, one.name, sheet.rows, names, lacking)

    def _by_rest(self, query: str, sheet: Sheet) -> None:
        answer = self._api.query(query)
        announced = int(answer["totalSize"])
        while True:
            for record in answer["records"]:
                sheet.add([_text(record.get(name)) for name in sheet.columns])
            if answer["done"]:
                break
            answer = self._api.query_more(answer["nextRecordsUrl"], identifier_is_url=True)
        _check_whole(sheet, announced)

    def _by_bulk(self, query: str, name: str, sheet: Sheet) -> None:
        job = getattr(self._api.bulk2, name)
        ask = job.query_all if name in _ARCHIVED else job.query
        self._counted = 0
        csv.field_size_limit(sys.maxsize)
        for page in ask(query, wait=1):
            rows = csv.reader(io.StringIO(page, newline=""))
            header = next(rows, None)
            if header is None:
                continue
            if sorted(header) != sorted(sheet.columns):
                raise PullError(f"{name}: the answer holds other columns than were asked for")
            places = [header.index(column) for column in sheet.columns]
            for row in rows:
                if row:
                    sheet.add([row[place] for place in places])
        _check_whole(sheet, self._counted)

    def _count(self, response: requests.Response, *_: object, **__: object) -> None:
        """Count the rows that a page of the Bulk API announces."""
        if response.ok:
            self._counted += int(response.headers.get("Sforce-NumberOfRecords", 0))

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Errors of a call as one sentence, without secrets."""
        hidden = self._secrets.hidden
        try:
            yield
        except SalesforceAuthenticationFailed as error:
            raise InputError(
                f"Salesforce refused the login: {hidden(error.auth_message)}"
            ) from None
        except SalesforceExpiredSession:
            raise InputError(
                "Salesforce refused the access token: it has expired or is not valid; set a new "
                "one and pull again, nothing was written"
            ) from None
        except SalesforceError as error:
            said = hidden(_said(cast("Any", error.content)))
            raise PullError(f"{what}: Salesforce answered {error.status}: {said}") from None
        except SalesforceOperationError as error:
            raise PullError(f"{what}: Salesforce gave the job up: {hidden(error)}") from None
        except requests.RequestException as error:
            raise PullError(f"{what}: no answer from Salesforce ({type(error).__name__})") from None
        except (KeyError, TypeError, ValueError, IndexError, csv.Error) as error:
            raise PullError(
                f"{what}: an answer that is not Salesforce's ({type(error).__name__})"
            ) from None


_USUAL = ("Account", "Event", "Opportunity", "OpportunityHistory", "Task", "User")


def _query(name: str, columns: Sequence[str], since: dt.date | None) -> str:
    """Query for an object; its names come from the description, never from a file."""
    conditions = ["IsDeleted = false"] if name in _ARCHIVED else []
    if since is not None:
        day = since.isoformat()
        if name in _ARCHIVED:
            moment = f"{day}T00:00:00Z"
            conditions.append(f"(ActivityDate >= {day} OR LastModifiedDate >= {moment})")
        elif name == "Opportunity":
            conditions.append(f"(IsClosed = false OR CloseDate >= {day})")
        elif name in _OF_DEAL:
            deal = "Opportunity"
            conditions.append(f"({deal}.IsClosed = false OR {deal}.CloseDate >= {day})")
    text = f"SELECT {', '.join(columns)} FROM {name}"  # noqa: S608
    return f"{text} WHERE {' AND '.join(conditions)}" if conditions else text


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


def _check_whole(sheet: Sheet, announced: int) -> None:
    if sheet.rows != announced:
        raise PullError(
            f"{sheet.path.stem}: {announced:,} rows were announced and {sheet.rows:,} came; "
            "nothing was written, pull again"
        )


def _said(content: Any) -> str:
    """Code and message of an answer."""
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict):
        return f"{first.get('errorCode', '')} {first.get('message', '')}".strip()
    return "an answer that is not Salesforce's"
