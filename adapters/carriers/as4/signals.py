"""Signals: receipts that repeat every digest of a message (non-repudiation), and errors; both signed.

AS4 §5.1.8: a receipt holds the references of the message's signature. It counts only when it is signed by the
partner, names our message and repeats each reference of it, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from cryptography import x509
from lxml.etree import _Element

from adapters.carriers.as4.failures import Ebms
from adapters.carriers.as4.messages import id_of, instant
from adapters.carriers.as4.names import DS, EB, EBBP, EXC_C14N, SIGNED_ATTACHMENT, SOAP, WSSE
from adapters.carriers.as4.parties import Agreed
from adapters.carriers.as4.signing import Reference, read_reference, sign, verify, write_digest
from adapters.carriers.as4.soap import (
    Envelope,
    add,
    attribute,
    every,
    maybe,
    new_envelope,
    one,
    read_envelope,
    tag,
    text_of,
    written,
)
from hub.errors import HubError, IntegrityFailure

_MAX_WORDS: Final = 300
_MAX_REFERENCES: Final = 8


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The partner has our message, every digest of it; `signer` proved it."""

    signer: x509.Certificate


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The partner refused a message; without a signer nobody proved that it did."""

    code: str
    sentence: str
    signer: x509.Certificate | None


def write_receipt(about: str, references: Sequence[Reference], agreed: Agreed, at: datetime) -> bytes:
    """Return the signed receipt for a message, which repeats the references of its signature."""
    envelope, signal = _signal(about, agreed, at)
    told = add(add(signal, EB, "Receipt"), EBBP, "NonRepudiationInformation")
    for each in references:
        reference = add(add(told, EBBP, "MessagePartNRInformation"), DS, "Reference", URI=each.uri)
        transform = SIGNED_ATTACHMENT if each.uri.startswith("cid:") else EXC_C14N
        add(add(reference, DS, "Transforms"), DS, "Transform", Algorithm=transform)
        write_digest(reference, each.digest)
    return _signed(envelope, agreed)


def write_failure(
    about: str | None, error: Ebms, *, code: str, sentence: str, agreed: Agreed, at: datetime
) -> bytes:
    """Return the signed error that answers a message; of one that could not be read the id is not known."""
    envelope, signal = _signal(about, agreed, at)
    named = {} if about is None else {"refToMessageInError": about}
    told = add(
        signal,
        EB,
        "Error",
        category=error.category,
        errorCode=error.code,
        origin="ebMS",
        severity="failure",
        shortDescription=error.short,
        **named,
    )
    add(told, EB, "Description", sentence, **{"{http://www.w3.org/XML/1998/namespace}lang": "en"})
    add(told, EB, "ErrorDetail", code)
    return _signed(envelope, agreed)


def read_signal(
    raw: bytes, *, about: str, references: Sequence[Reference], agreed: Agreed, at: datetime
) -> Receipt | Failure:
    """Read what answers a message of ours.

    Raises IntegrityFailure `receipt-invalid` for what proves nothing about this message, and what `verify`
    and `read_envelope` raise. An error that is not signed is returned without a signer.
    """
    read, repeated = read_kept(raw, about=about, theirs=agreed.theirs, at=at)
    if isinstance(read, Receipt) and set(repeated) != set(references):
        raise _invalid("it repeats other digests than were sent")
    return read


def read_kept(
    raw: bytes, *, about: str, theirs: Sequence[x509.Certificate], at: datetime
) -> tuple[Receipt | Failure, Sequence[Reference]]:
    """Read what answered a message of ours, and the digests that it repeats, which nobody compared yet.

    Raises what `read_signal` does.
    """
    envelope = read_envelope(raw)
    signal = one(envelope.messaging, EB, "SignalMessage")
    errors = [each for each in every(signal, EB, "Error") if attribute(each, "severity") != "warning"]
    if errors:
        return _failure(envelope, signal, errors[0], about=about, theirs=theirs, at=at), ()
    signed = verify(envelope, theirs, at)
    if len(envelope.messaging) != 1 or signed.parts or id_of(signal, "RefToMessageId") != about:
        raise _invalid("it is about another message")
    receipt = one(signal, EB, "Receipt")
    if [child.tag for child in receipt] != [tag(EBBP, "NonRepudiationInformation")]:
        raise _invalid("it repeats no digests")
    repeated = _repeated(receipt[0])
    if len(set(repeated)) != len(repeated) or not repeated:
        raise _invalid("it repeats other digests than were sent")
    return Receipt(signer=signed.signer), repeated


def _repeated(information: _Element) -> Sequence[Reference]:
    parts = every(information, EBBP, "MessagePartNRInformation")
    if len(parts) != len(information) or len(parts) > _MAX_REFERENCES:
        raise _invalid("it repeats more than digests, or too many")
    return [read_reference(one(part, DS, "Reference")) for part in parts]


def _failure(
    envelope: Envelope,
    signal: _Element,
    error: _Element,
    *,
    about: str,
    theirs: Sequence[x509.Certificate],
    at: datetime,
) -> Failure:
    try:
        signer: x509.Certificate | None = verify(envelope, theirs, at).signer
    except HubError:
        signer = None
    told = one(signal, EB, "MessageInfo")
    named = {attribute(error, "refToMessageInError")} | {
        text_of(each) for each in every(told, EB, "RefToMessageId")
    }
    if named - {""} != {about}:
        # An error that names none may be about anything, or be made by anyone.
        signer = None
    if named - {"", about}:
        raise _invalid("it is an error about another message")
    detail = maybe(error, EB, "ErrorDetail")
    words = [
        attribute(error, "errorCode"),
        attribute(error, "shortDescription"),
        "" if detail is None else text_of(detail),
    ]
    return Failure(
        code="partner-refused",
        sentence=" ".join(_plain(word) for word in words if word),
        signer=signer,
    )


def _signal(about: str | None, agreed: Agreed, at: datetime) -> tuple[Envelope, _Element]:
    root, header, body = new_envelope()
    security = add(header, WSSE, "Security", **{f"{{{SOAP}}}mustUnderstand": "true"})
    messaging = add(header, EB, "Messaging", **{f"{{{SOAP}}}mustUnderstand": "true"})
    signal = add(messaging, EB, "SignalMessage")
    info = add(signal, EB, "MessageInfo")
    add(info, EB, "Timestamp", instant(at))
    add(info, EB, "MessageId", f"{uuid4()}@{agreed.us.agency}")
    if about is not None:
        add(info, EB, "RefToMessageId", about)
    return Envelope(root=root, messaging=messaging, security=security, body=body), signal


def _signed(envelope: Envelope, agreed: Agreed) -> bytes:
    sign(envelope, {}, key=agreed.key, certificate=agreed.certificate)
    return written(envelope.root)


def _plain(word: str) -> str:
    return "".join(each if each.isprintable() else " " for each in word)[:_MAX_WORDS]


def _invalid(sentence: str) -> IntegrityFailure:
    return IntegrityFailure("receipt-invalid", f"The partner's answer proves nothing: {sentence}.")
