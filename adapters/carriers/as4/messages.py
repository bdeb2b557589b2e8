"""User messages: a parcel as the one part of an AS4 message, compressed, signed, then encrypted; and back.

One part, as was agreed (a payload profile of ebMS 3, appendix D.3): a parcel is one document, its receipt is
about all of it, and no dialect writes a second one. A message of several is refused whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from lxml.etree import _Element

from adapters.carriers.as4.failures import Ebms, told_as
from adapters.carriers.as4.mime import read_parts, write_parts
from adapters.carriers.as4.names import (
    EB,
    GZIP,
    INITIATOR,
    RESPONDER,
    SOAP,
    WSSE,
    message_id,
    parcel_of,
)
from adapters.carriers.as4.parties import Agreed, Party
from adapters.carriers.as4.sealing import compress, decompress, decrypt, encrypt
from adapters.carriers.as4.signing import Reference, check_parts, sign, verify
from adapters.carriers.as4.soap import (
    Envelope,
    add,
    attribute,
    every,
    maybe,
    new_envelope,
    one,
    read_envelope,
    text_of,
    written,
)
from adapters.contract import Parcel
from adapters.reading import malformed
from adapters.seals.smime.pins import fit
from hub.errors import IntegrityFailure, PeerFault

_MAX_ID: Final = 500
_OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a partner's message proved to be, with the references that a receipt repeats."""

    message_id: str
    parcel: Parcel
    signer: x509.Certificate
    references: tuple[Reference, ...] = field(repr=False)


def pack(parcel: Parcel, agreed: Agreed, at: datetime) -> tuple[str, bytes]:
    """Return a parcel's message: its Content-Type and its body. Raises PeerFault `certificate-…`."""
    fit(agreed.theirs[0], at, use="key_encipherment")
    root, header, body = new_envelope()
    security = add(header, WSSE, "Security", **{f"{{{SOAP}}}mustUnderstand": "true"})
    messaging = add(header, EB, "Messaging", **{f"{{{SOAP}}}mustUnderstand": "true"})
    name = message_id(parcel.parcel_id, agreed.us.agency)
    uri = f"cid:payload-{name}"
    _describe(messaging, agreed, name=name, uri=uri, at=at)
    packed = {uri: compress(parcel.content)}
    sealed = encrypt(security, packed, agreed.theirs[0])
    envelope = Envelope(root=root, messaging=messaging, security=security, body=body)
    sign(envelope, packed, key=agreed.key, certificate=agreed.certificate)
    return write_parts(written(root), sealed)


def unpack(media_type: str, body: bytes, agreed: Agreed, at: datetime) -> Message:
    """Open a partner's message that may be hostile; nothing of it counts unless all of it holds.

    Raises PeerFault `partner-document-malformed`, `-hostile`, `-several`, `-too-large`, `certificate-…`,
    IntegrityFailure `signature-missing`, `signature-invalid`, `decryption-failed`, `originator-mismatch` and
    `recipient-mismatch`; each tells with which error of ebMS it is answered.
    """
    with told_as(Ebms.MIME):
        parts = read_parts(media_type, body)
    with told_as(Ebms.HEADER):
        envelope = read_envelope(parts.envelope)
        message = one(envelope.messaging, EB, "UserMessage")
        name = id_of(message)
        if len(envelope.messaging) != 1 or len(envelope.body) or (envelope.body.text or "").strip():
            raise malformed("it holds more than one user message with its payload beside it")
    with told_as(Ebms.AUTHENTICATION, name):
        signed = verify(envelope, agreed.theirs, at)
    with told_as(Ebms.MODE, name):
        _check_agreed(message, agreed)
        _need_one_part(message)
    with told_as(Ebms.HEADER, name):
        uri = _payload(message)
        if list(parts.attached) != [uri] or envelope.security is None:
            raise malformed("its header names another part than came")
    with told_as(Ebms.DECRYPTION, name):
        opened = decrypt(envelope.security, parts.attached, agreed.key)
    with told_as(Ebms.AUTHENTICATION, name):
        check_parts(signed, opened)
    with told_as(Ebms.DECOMPRESSION, name):
        content = decompress(opened[uri], agreed.max_parcel_bytes)
    return Message(
        message_id=name,
        parcel=Parcel(parcel_id=parcel_of(name, agreed.them.agency), content=content),
        signer=signed.signer,
        references=signed.references,
    )


def id_of(message: _Element, name: str = "MessageId") -> str:
    """Return a message's id, or that of the one that it is about."""
    found = text_of(one(one(message, EB, "MessageInfo"), EB, name))
    if not 0 < len(found) <= _MAX_ID or not found.isprintable():
        raise malformed(f"its {name} is no id")
    return found


def instant(at: datetime) -> str:
    """Return a time as headers have it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _describe(messaging: _Element, agreed: Agreed, *, name: str, uri: str, at: datetime) -> None:
    message = add(messaging, EB, "UserMessage")
    info = add(message, EB, "MessageInfo")
    add(info, EB, "Timestamp", instant(at))
    add(info, EB, "MessageId", name)
    parties = add(message, EB, "PartyInfo")
    _add_party(parties, "From", agreed.us, agreed.party_type, INITIATOR)
    _add_party(parties, "To", agreed.them, agreed.party_type, RESPONDER)
    about = add(message, EB, "CollaborationInfo")
    if agreed.agreement is not None:
        add(about, EB, "AgreementRef", agreed.agreement)
    typed = {} if agreed.service_type is None else {"type": agreed.service_type}
    add(about, EB, "Service", agreed.service, **typed)
    add(about, EB, "Action", agreed.action)
    add(about, EB, "ConversationId", name)
    properties = add(message, EB, "MessageProperties")
    for what, who in (("originalSender", agreed.us), ("finalRecipient", agreed.them)):
        add(properties, EB, "Property", who.party_id, name=what, type=agreed.party_type)
    part = add(add(message, EB, "PayloadInfo"), EB, "PartInfo", href=uri)
    properties = add(part, EB, "PartProperties")
    add(properties, EB, "Property", _OCTETS, name="MimeType")
    add(properties, EB, "Property", GZIP, name="CompressionType")


def _add_party(parties: _Element, side: str, party: Party, kind: str, role: str) -> None:
    made = add(parties, EB, side)
    add(made, EB, "PartyId", party.party_id, type=kind)
    add(made, EB, "Role", role)


def _check_agreed(message: _Element, agreed: Agreed) -> None:
    """Refuse what is from another, for another, or about what was not agreed (ebMS 3 §5.2.2)."""
    parties = one(message, EB, "PartyInfo")
    if _party(one(parties, EB, "From")) != [(agreed.them.party_id, agreed.party_type)]:
        raise IntegrityFailure("originator-mismatch", "The message says that it is from another party.")
    if _party(one(parties, EB, "To")) != [(agreed.us.party_id, agreed.party_type)]:
        raise IntegrityFailure("recipient-mismatch", "The message is for another party.")
    about = one(message, EB, "CollaborationInfo")
    service, reference = one(about, EB, "Service"), maybe(about, EB, "AgreementRef")
    said = (
        (text_of(service), attribute(service, "type")),
        text_of(one(about, EB, "Action")),
        None if reference is None else text_of(reference),
    )
    expected = agreed.agreement if agreed.agreement is not None else said[2]
    if said != ((agreed.service, agreed.service_type or ""), agreed.action, expected):
        raise malformed("it is about another service, action or agreement than was agreed")


def _need_one_part(message: _Element) -> None:
    """Refuse what says, signed, that it carries several documents."""
    payload = maybe(message, EB, "PayloadInfo")
    count = 0 if payload is None else len(every(payload, EB, "PartInfo"))
    if count > 1:
        raise PeerFault(
            "partner-document-several", f"Expected one payload in the message, as was agreed; it has {count}."
        )


def _party(side: _Element) -> Sequence[tuple[str, str]]:
    return [(text_of(each), attribute(each, "type")) for each in every(side, EB, "PartyId")]


def _payload(message: _Element) -> str:
    """Return which part the header names; it is compressed."""
    part = one(one(message, EB, "PayloadInfo"), EB, "PartInfo")
    properties = maybe(part, EB, "PartProperties")
    told = [] if properties is None else every(properties, EB, "Property")
    kinds = [text_of(each) for each in told if each.get("name") == "CompressionType"]
    if kinds != [GZIP]:
        raise malformed("expected a part that is compressed with gzip")
    return attribute(part, "href")
