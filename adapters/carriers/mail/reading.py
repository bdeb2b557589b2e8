"""A message from the Maildir: a parcel, a receipt or a bounce, or refused whole. Nothing in it is looked for.

CMS is taken only where it is the whole of a message. What mail programs would piece together (parts in parts,
two bodies, a signature beside its text) is not opened at all.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import Final

from adapters.carriers.mail.naming import Naming, parcel_in
from adapters.reading import bounded, hostile, malformed
from hub.errors import IntegrityFailure

_MAX_HEADER_BYTES: Final = 64 * 1024
_MAX_HEADERS: Final = 200
_MAX_REPORT_BYTES: Final = 256 * 1024
_MAX_BOUNDARIES: Final = 16
#: What may be there once: with two of them, two programs read two things.
_ONCE: Final = (
    *("From", "To", "Date", "Message-ID", "In-Reply-To", "Subject", "MIME-Version"),
    *("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"),
)
_CMS: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_FIELD: Final = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, kw_only=True)
class MailParcel:
    """Sealed bytes that a partner sent under a Message-ID."""

    parcel_id: str
    message_id: str
    cms: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MailReceipt:
    """Sealed bytes that answer a message of ours."""

    parcel_id: str
    cms: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """A mail server's word that a message of ours was not delivered (RFC 3464). Nobody signed it."""

    parcel_id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Delayed:
    """A mail server's word that it still tries: nothing came of it yet."""


Incoming = MailParcel | MailReceipt | Bounce | Delayed


def read_message(raw: bytes, *, naming: Naming, partner: str, max_bytes: int) -> Incoming:
    """Return what a message is.

    Raises PeerFault `partner-document-malformed`, `-hostile` or `-too-large`, and IntegrityFailure
    `bounce-unverified` for a report that is about nothing that we sent the partner.
    """
    bounded(raw, max_bytes)
    try:
        return _read(raw, naming, partner)
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError, AssertionError):
        # Python's parser repairs most of what is broken, and fails on some of the rest.
        raise malformed("its MIME structure is broken") from None


def _read(raw: bytes, naming: Naming, partner: str) -> Incoming:
    message = _parse(raw)
    if message.get_content_type() == "multipart/report":
        return _report(raw, naming, partner)
    cms = _cms(message)
    told = _text(message, "Message-ID")
    answered = _text(message, "In-Reply-To")
    if answered is not None and (ours := naming.parcel_of(answered)) is not None:
        return MailReceipt(parcel_id=ours, cms=cms)
    parcel_id = None if told is None else parcel_in(told)
    if told is None or parcel_id is None:
        raise malformed("it has no Message-ID that can be answered")
    return MailParcel(parcel_id=parcel_id, message_id=told, cms=cms)


def _parse(raw: bytes) -> Message:
    head = re.split(rb"\r?\n\r?\n", raw[: _MAX_HEADER_BYTES + 4], maxsplit=1)
    if len(head) != 2:
        raise hostile(f"its headers have more than {_MAX_HEADER_BYTES:,} bytes, or do not end")
    if b"\0" in head[0] or re.search(rb"\r(?!\n)", head[0]):
        raise hostile("its headers hold control characters")
    message = BytesHeaderParser(policy=compat32).parsebytes(raw)
    if len(message.keys()) > _MAX_HEADERS:
        raise hostile(f"it has more than {_MAX_HEADERS} headers")
    for name in _ONCE:
        if len(message.get_all(name, [])) > 1:
            raise hostile(f"it has the header {name} more than once")
    if message.defects:
        raise malformed(f"its form is broken ({type(message.defects[0]).__name__})")
    return message


def _text(message: Message, name: str) -> str | None:
    """Return a header of plain ASCII in one line; None where there is none."""
    value = message.get(name)
    if value is None:
        return None
    text = " ".join(str(value).split())
    if _FIELD.fullmatch(text) is None:
        raise hostile(f"its header {name} is not plain ASCII")
    return text


def _cms(message: Message) -> bytes:
    """Return the CMS that is the whole of a message."""
    if message.get_content_type() not in _CMS:
        raise hostile("it is not one part of CMS and nothing else")
    if str(message.get("Content-Transfer-Encoding", "")).strip().lower() != "base64":
        raise malformed("its CMS is not in base64")
    body = message.get_payload()
    try:
        return b64decode("".join(str(body).split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise malformed("its base64 is broken") from None


def _report(raw: bytes, naming: Naming, partner: str) -> Bounce | Delayed:
    """Read the only kind of message that has parts; each line is compared with every boundary there is."""
    if raw.lower().count(b"boundary") > _MAX_BOUNDARIES:
        raise hostile(f"it has parts in parts, more than {_MAX_BOUNDARIES} deep")
    message = BytesParser(policy=compat32).parsebytes(bounded(raw, _MAX_REPORT_BYTES))
    parts = _parts(message)
    if len(parts) != 3 or _of(message, "report-type") != "delivery-status":
        raise malformed("it is no delivery report of three parts")
    told, returned = parts[1], parts[2]
    if told.get_content_type() != "message/delivery-status":
        raise malformed("its second part is no delivery status")
    parcel_id = _returned(returned, naming)
    fields = _recipient_fields(told, partner)
    if parcel_id is None or fields is None:
        raise IntegrityFailure(
            "bounce-unverified", "Expected a bounce of a message that we sent the partner; it names none."
        )
    if str(fields.get("Action", "")).strip().lower() != "failed":
        return Delayed()
    status = re.match(r"[245]\.\d{1,3}\.\d{1,3}", str(fields.get("Status", "")).strip())
    return Bounce(parcel_id=parcel_id, status="5.0.0" if status is None else status[0])


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _of(message: Message, name: str) -> str:
    return str(message.get_param(name, "")).lower()


def _returned(part: Message, naming: Naming) -> str | None:
    """Return which parcel was in the message that a report returns, whole or by its headers."""
    if part.get_content_type() == "message/rfc822":
        inner = _parts(part)
        headers = inner[0] if len(inner) == 1 else None
    elif part.get_content_type() in ("text/rfc822-headers", "message/rfc822-headers"):
        text = part.get_payload(decode=True)
        headers = BytesParser(policy=compat32).parsebytes(text) if isinstance(text, bytes) else None
    else:
        headers = None
    ids = [] if headers is None else headers.get_all("Message-ID", [])
    return naming.parcel_of(str(ids[0]).strip()) if len(ids) == 1 else None


def _recipient_fields(told: Message, partner: str) -> Message | None:
    """Return the fields of the one recipient that is the partner."""
    for group in _parts(told):
        for name in ("Final-Recipient", "Original-Recipient"):
            address = str(group.get(name, "")).partition(";")[2].strip()
            if address.lower() == partner.lower():
                return group
    return None
