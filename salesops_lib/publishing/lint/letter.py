"""Mail: point 50, of a message that carries a report."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage

from salesops_lib.publishing.lint.subject import Flaw, Subject

__all__ = ["letter_is_plain"]

_BODY_LIMIT = 100_000
_FORBIDDEN = frozenset({"script", "style", "link", "iframe", "object", "svg", "form"})


def letter_is_plain(content: bytes) -> Iterator[Flaw]:
    """Point 50: a body of at most 100 KB, styles inline, nothing fetched, a plain-text part.

    Parameters
    ----------
    content : bytes
        The message, as an ``.eml`` file holds it.

    Yields
    ------
    Flaw
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    plain = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    html = message.get_body(("html",)) if isinstance(message, EmailMessage) else None
    if plain is None or not str(plain.get_content()).strip():
        yield Flaw("the message has no plain-text part")
    if html is None:
        yield Flaw("the message has no HTML part")
        return
    body = str(html.get_content())
    size = len(body.encode())
    if size > _BODY_LIMIT:
        yield Flaw(f"the HTML part has {size:,} bytes, {_BODY_LIMIT:,} are the limit")
    for element in Subject(body).document.elements:
        if element.tag in _FORBIDDEN:
            yield Flaw(f"mail programs drop <{element.tag}>", element)
        for name, value in element.attributes.items():
            text = value.strip().lower()
            if name in {"src", "background", "srcset"} and not text.startswith("cid:"):
                yield Flaw(f"{name} holds or fetches a picture that mail programs drop", element)
            elif text.startswith("data:") or "url(" in text:
                yield Flaw(f"{name} holds a data-URI or fetches something", element)
