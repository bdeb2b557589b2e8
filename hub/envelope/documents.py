"""Signed JSON documents of one agency: a JWS whose payload is canonical, and whose type says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.envelope.canonical import canonical, read_canonical
from hub.envelope.encoding import unb64u
from hub.envelope.jws import check_jws, read_jws, sign_jws
from hub.envelope.keys import PublicKeys, SigningKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure

DOCUMENT_MAX_BYTES: Final = 256 * 1024
#: What people call a document of a type; every other one is a signed document to them.
_CALLED: Final = {"hub-card+jws": "partner's card"}


def sign_document(payload: Mapping[str, object], *, typ: str, keys: SigningKeys, suite: Suite) -> bytes:
    """Sign a document by every algorithm of the suite. `typ` is kept apart for each sort of document."""
    return sign_jws(canonical(payload), typ=typ, keys=keys, suite=suite)


def verify_document(
    raw: bytes, *, typ: str, keys: PublicKeys, allowed: frozenset[Suite]
) -> Mapping[str, object]:
    """Return the payload of a document that the agency signed.

    Raises IntegrityFailure `document-invalid`, `signature-missing` and `signature-invalid`, PeerFault
    `suite-not-allowed` and `key-unknown`.
    """
    try:
        jws = read_jws(_bounded(raw), typ=typ)
        return _payload(check_jws(jws, keys=keys, allowed=allowed).payload)
    except ValueError as error:
        raise _invalid(typ, error) from None


def peek_document(raw: bytes, typ: str) -> Mapping[str, object]:
    """Return the payload WITHOUT any verification: for a card, which brings the keys that verify it."""
    try:
        return _payload(unb64u(read_jws(_bounded(raw), typ=typ).payload))
    except ValueError as error:
        raise _invalid(typ, error) from None


def _bounded(raw: bytes) -> bytes:
    if len(raw) > DOCUMENT_MAX_BYTES:
        raise ValueError(f"it has {len(raw)} bytes; at most {DOCUMENT_MAX_BYTES} are taken")
    return raw


def _payload(data: bytes) -> Mapping[str, object]:
    document = read_canonical(data)
    if not isinstance(document, dict):
        raise ValueError("the payload is not a JSON object")
    return document


def _invalid(typ: str, error: ValueError) -> IntegrityFailure:
    return IntegrityFailure(
        "document-invalid", f"The {_CALLED.get(typ, 'signed document')} cannot be read: {error}."
    )
