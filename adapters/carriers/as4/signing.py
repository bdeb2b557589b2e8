"""XML signatures over an AS4 message: its header, its body and the content of its parts.

lxml makes the canonical form, `cryptography` the signature; what is here joins them (WS-Security 1.1.1 with
its profile for attachments, as eDelivery AS4 1.15 narrows both). One signature, of one algorithm, over
exactly the elements that are read and exactly the parts that came.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element

from adapters.carriers.as4.names import (
    BASE64,
    DS,
    EXC_C14N,
    INCLUSIVE,
    RSA_SHA256,
    SHA256,
    SIGNED_ATTACHMENT,
    WSSE,
    WSU_ID,
    X509,
)
from adapters.carriers.as4.soap import (
    Envelope,
    add,
    attribute,
    every,
    maybe,
    octets_of,
    one,
    tag,
)
from adapters.reading import hostile, malformed
from adapters.seals.smime.pins import fit
from hub.errors import IntegrityFailure

#: The header, the body and each payload that a message may have before it is refused for having several.
_MAX_REFERENCES: Final = 10
_MAX_PREFIXES: Final = 32


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a signature says of one element or part, and what a receipt repeats of it."""

    uri: str
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signature that holds over header and body; of parts it tells digests only."""

    signer: x509.Certificate
    references: tuple[Reference, ...]

    @property
    def parts(self) -> Mapping[str, bytes]:
        """Return the digests of the parts that are signed."""
        return {one.uri: one.digest for one in self.references if one.uri.startswith("cid:")}


def add_token(security: _Element, certificate: x509.Certificate) -> str:
    """Add a certificate to a header and return how it is referred to."""
    token = add(security, WSSE, "BinarySecurityToken", EncodingType=BASE64, ValueType=X509)
    token.text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    token.set(WSU_ID, name := f"X509-{uuid4()}")
    return f"#{name}"


def refer(key_info: _Element, uri: str, kind: str | None) -> _Element:
    """Say in a KeyInfo where the key is."""
    found = add(key_info, WSSE, "SecurityTokenReference")
    add(found, WSSE, "Reference", URI=uri, **({} if kind is None else {"ValueType": kind}))
    return found


def sign(
    envelope: Envelope, parts: Mapping[str, bytes], *, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    """Sign header, body and parts, by their `cid:`; nothing signed may change afterwards."""
    security = envelope.security
    if security is None:
        raise ValueError("there is no place for a signature")
    token = add_token(security, certificate)
    signature = add(security, DS, "Signature", Id=f"SIG-{uuid4()}")
    info = add(signature, DS, "SignedInfo")
    add(info, DS, "CanonicalizationMethod", Algorithm=EXC_C14N)
    add(info, DS, "SignatureMethod", Algorithm=RSA_SHA256)
    for element in (envelope.messaging, envelope.body):
        element.set(WSU_ID, name := f"id-{uuid4()}")
        _add_reference(info, f"#{name}", EXC_C14N, canonical_form(element))
    for uri, content in parts.items():
        _add_reference(info, uri, SIGNED_ATTACHMENT, content)
    value = key.sign(canonical_form(info), padding.PKCS1v15(), hashes.SHA256())
    add(signature, DS, "SignatureValue", base64.b64encode(value).decode())
    refer(add(signature, DS, "KeyInfo"), token, X509)


def _add_reference(info: _Element, uri: str, transform: str, octets: bytes) -> None:
    reference = add(info, DS, "Reference", URI=uri)
    add(add(reference, DS, "Transforms"), DS, "Transform", Algorithm=transform)
    write_digest(reference, sha256(octets).digest())


def write_digest(reference: _Element, digest: bytes) -> None:
    """Put a digest into a reference."""
    add(reference, DS, "DigestMethod", Algorithm=SHA256)
    add(reference, DS, "DigestValue", base64.b64encode(digest).decode())


def canonical_form(element: _Element, prefixes: Sequence[str] = ()) -> bytes:
    """Return an element's exclusive canonical form, without comments (RFC 3741)."""
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.LxmlError:
        raise malformed("a part of it has no canonical form") from None


def verify(envelope: Envelope, pins: Sequence[x509.Certificate], at: datetime) -> Signed:
    """Verify the one signature of an envelope, by a pinned certificate, over its header and its body.

    Raises IntegrityFailure `signature-missing` and `signature-invalid`, PeerFault `certificate-expired`,
    `-unfit`, `-weak`.
    """
    signature = None if envelope.security is None else maybe(envelope.security, DS, "Signature")
    if signature is None or envelope.security is None:
        raise IntegrityFailure("signature-missing", "Expected a signed message; it has no signature.")
    if [child.tag for child in signature] != [
        tag(DS, name) for name in ("SignedInfo", "SignatureValue", "KeyInfo")
    ]:
        raise malformed("its signature is of other parts than SignedInfo, SignatureValue and KeyInfo")
    info, value, key_info = signature
    signer = _signer(envelope.security, key_info, pins)
    fit(signer, at, use="digital_signature")
    prefixes = _need_algorithms(info)
    _verify_value(signer, octets_of(value), canonical_form(info, prefixes))
    references = every(info, DS, "Reference")
    if not 2 <= len(references) <= _MAX_REFERENCES:
        raise _invalid(f"expected 2 to {_MAX_REFERENCES} references; it has {len(references)}")
    targets = {f"#{attribute(one, WSU_ID)}": one for one in (envelope.messaging, envelope.body)}
    read = tuple(_reference(one, targets) for one in references)
    uris = [one.uri for one in read]
    if len(set(uris)) != len(uris) or not targets.keys() <= set(uris) or "#" in targets:
        raise _invalid("it must be over the header and the body, each once")
    return Signed(signer=signer, references=read)


def references_of(envelope: Envelope) -> tuple[Reference, ...]:
    """Return what a message of our own says that it signs."""
    if envelope.security is None:
        return ()
    info = one(one(envelope.security, DS, "Signature"), DS, "SignedInfo")
    return tuple(read_reference(each) for each in every(info, DS, "Reference"))


def read_reference(reference: _Element) -> Reference:
    """Return what a reference says; its digest is SHA-256."""
    method = attribute(one(reference, DS, "DigestMethod"), "Algorithm")
    digest = octets_of(one(reference, DS, "DigestValue"))
    if method != SHA256 or len(digest) != 32:
        raise _invalid("a digest in it is not SHA-256")
    return Reference(uri=attribute(reference, "URI"), digest=digest)


def check_parts(signed: Signed, parts: Mapping[str, bytes]) -> None:
    """Raise IntegrityFailure `signature-invalid` unless exactly these parts are signed, as they are."""
    if signed.parts.keys() != parts.keys():
        raise _invalid("other parts are signed than came")
    if any(sha256(content).digest() != signed.parts[uri] for uri, content in parts.items()):
        raise _invalid("a part is not as it was signed")


def _reference(reference: _Element, targets: Mapping[str, _Element]) -> Reference:
    """Check one reference as far as it is about an element; what it may be about is known by its place."""
    found = read_reference(reference)
    transforms = one(reference, DS, "Transforms")
    if [child.tag for child in transforms] != [tag(DS, "Transform")]:
        raise _invalid("a reference in it has not exactly one transform")
    algorithm = attribute(transforms[0], "Algorithm")
    if found.uri.startswith("cid:"):
        if algorithm != SIGNED_ATTACHMENT:
            raise _invalid("a part of it is signed in another way than by its content")
        return found
    element = targets.get(found.uri)
    if element is None or algorithm != EXC_C14N:
        raise _invalid("it is over something else than the header, the body and parts")
    if sha256(canonical_form(element, _prefixes(transforms[0]))).digest() != found.digest:
        raise _invalid("what it is over was changed")
    return found


def _need_algorithms(info: _Element) -> Sequence[str]:
    method = one(info, DS, "CanonicalizationMethod")
    named = (
        attribute(method, "Algorithm"),
        attribute(one(info, DS, "SignatureMethod"), "Algorithm"),
    )
    if named != (EXC_C14N, RSA_SHA256):
        raise _invalid("it is of another algorithm than RSA with SHA-256 over exclusive canonical XML")
    return _prefixes(method)


def _prefixes(method: _Element) -> Sequence[str]:
    """Return the prefixes that are canonicalised with an element although it does not use them."""
    if not len(method):
        return ()
    if len(method) > 1 or method[0].tag != INCLUSIVE:
        raise _invalid("a canonical form in it has unknown parameters")
    found = attribute(method[0], "PrefixList").split()
    if len(found) > _MAX_PREFIXES or "#default" in found:
        raise hostile("a canonical form in it names too many prefixes, or a default one")
    return found


def _signer(security: _Element, key_info: _Element, pins: Sequence[x509.Certificate]) -> x509.Certificate:
    token = one(one(key_info, WSSE, "SecurityTokenReference"), WSSE, "Reference")
    uri = attribute(token, "URI")
    named = [each for each in every(security, WSSE, "BinarySecurityToken") if f"#{each.get(WSU_ID)}" == uri]
    if len(named) != 1 or attribute(named[0], "ValueType") != X509:
        raise _invalid("it does not say by which certificate it is")
    carried = octets_of(named[0])
    for pinned in pins:
        if pinned.public_bytes(Encoding.DER) == carried:
            return pinned
    raise _invalid("expected a pinned certificate; it names another")


def _verify_value(signer: x509.Certificate, value: bytes, over: bytes) -> None:
    key = signer.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise _invalid("expected an RSA key")
    try:
        key.verify(value, over, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise _invalid("it is not by the certificate that it names") from None


def _invalid(sentence: str) -> IntegrityFailure:
    return IntegrityFailure("signature-invalid", f"The message's signature does not hold: {sentence}.")
