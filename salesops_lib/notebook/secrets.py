"""Secrets: passwords and keys that a notebook needs and nobody may read.

A parameter is declared as a secret, and holds no more than the name of an
environment variable::

    token: "secret" = {"env": "CRM_TOKEN"}  # key of the CRM, read only

The notebook asks for the value where it needs it::

    connect(password=secret(token).get_secret_value())
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from salesops_lib.errors import InputError

__all__ = ["SHORTEST", "environment_name", "secret"]

SHORTEST = 8
"""Signs that a secret has at least: a shorter one would be found where it is not."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def environment_name(value: Any) -> str:
    """Name of the environment variable that a secret parameter names.

    Parameters
    ----------
    value : object
        ``{"env": NAME}``, or an empty text for none.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        It is anything else. The message does not repeat it: it may be the secret.

    Examples
    --------
    >>> environment_name({"env": "CRM_TOKEN"})
    'CRM_TOKEN'
    """
    if value == "":
        return ""
    if isinstance(value, Mapping) and set(value) == {"env"}:
        name = value["env"]
        if isinstance(name, str) and _NAME.fullmatch(name):
            return name
    raise ValueError(
        "a secret is written as {env: NAME}, the name of an environment variable that holds"
        " it, and never as its value"
    )


def secret(parameter: Any) -> SecretStr:
    """Secret that a parameter names, read from the environment.

    Parameters
    ----------
    parameter : dict
        Value of a parameter declared as ``"secret"``: ``{"env": NAME}``.

    Returns
    -------
    SecretStr
        Shown as ``**********``; `get_secret_value` gives the value.

    Raises
    ------
    InputError
        No variable is named, it is not set, or is shorter than eight signs.

    Examples
    --------
    >>> os.environ["CRM_TOKEN"] = "an example, no more"
    >>> secret({"env": "CRM_TOKEN"})
    SecretStr('**********')
    >>> del os.environ["CRM_TOKEN"]
    """
    try:
        name = environment_name(parameter)
    except ValueError as error:
        raise InputError(str(error)) from None
    if not name:
        raise InputError("this secret parameter names no environment variable")
    value = os.environ.get(name, "")
    if not value:
        raise InputError(f"the environment variable `{name}`, which holds a secret, is not set")
    if len(value) < SHORTEST:
        raise InputError(
            f"the environment variable `{name}` holds fewer than {SHORTEST} signs, too few to"
            " keep them out of a report"
        )
    return SecretStr(value)
