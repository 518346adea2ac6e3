"""Calls over HTTP that wait and try again where a server asks for it or falters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import InputError, SalesOpsError

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry
except ImportError:
    raise InputError(
        "a pull needs packages that are not installed: pip install 'salesops_lib[pull]'"
    ) from None

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

__all__ = ["PullError", "patient_session"]

_TRIES = 6
_AGAIN = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 600
_TIMEOUT = (15.0, 300.0)


class PullError(SalesOpsError):
    """The other side did not deliver; nothing was written. The command line exits with 1."""


def patient_session() -> requests.Session:
    """Session that tries a call up to seven times, each time after a longer wait.

    It waits as long as the server's ``Retry-After`` asks for, at most ten minutes;
    else 2, 4, 8 … seconds. Calls are tried again after 429 and 5xx, after lost
    connections, and where an answer breaks off. All calls of a pull only read, or
    order a query, so that none does harm when it arrives twice.
    """
    retry = Retry(
        total=_TRIES,
        status_forcelist=_AGAIN,
        allowed_methods=None,
        backoff_factor=1.0,
        raise_on_status=False,
        retry_after_max=_LONGEST_WAIT,
    )
    session = _PatientSession()
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.auth = _unchanged
    return session


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    # Without one, a `.netrc` that happens to be there would replace the token.
    return request


class _PatientSession(requests.Session):
    def request(self, *arguments: Any, **options: Any) -> Response:
        options.setdefault("timeout", _TIMEOUT)
        for tried in range(1, _TRIES):
            try:
                return super().request(*arguments, **options)
            except requests.exceptions.ChunkedEncodingError:
                time.sleep(2**tried)
        return super().request(*arguments, **options)
