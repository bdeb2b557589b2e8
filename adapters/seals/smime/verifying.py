"""Verifying: exactly one signature, by a pinned certificate, over exactly this content (RFC 5652 §5)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from adapters.seals.smime.pins import Pins, fingerprint
from adapters.seals.smime.signing import RECIPIENTS
from hub.errors import IntegrityFailure

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
#: What asn1crypto raises of hostile bytes.
PARSING: Final = (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, AttributeError)
_MAX_CERTIFICATES: Final = 16


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Content, the certificate that signed it, and the signed structure as evidence.

    `meant_for` are the SHA-256 of the certificates that the signature names, which may be none.
    """

    content: bytes = field(repr=False)
    signer: x509.Certificate
    structure: bytes = field(repr=False)
    meant_for: tuple[bytes, ...] = ()


def verify(raw: bytes, *, pins: Pins, us: x509.Certificate | None, at: datetime) -> Signed:
    """Return what was signed. `us` must be named in the signed attributes; None lets any recipient pass.

    Raises IntegrityFailure `signature-missing`, `signature-invalid` or `recipient-mismatch`, and PeerFault
    `certificate-expired`, `-unfit` or `-weak`.
    """
    try:
        return _verify(raw, pins, us, at)
    except PARSING:
        raise _invalid("expected a SignedData structure; it cannot be parsed") from None


def _verify(raw: bytes, pins: Pins, us: x509.Certificate | None, at: datetime) -> Signed:
    data = _signed_data(raw)
    inner = data["encap_content_info"]
    if inner["content_type"].native != "data":
        raise _invalid("expected signed data; it holds another structure")
    if not isinstance(inner["content"], core.OctetString):
        raise _missing("the content is not inside what is signed")
    content = _octets(inner["content"])
    if len(data["signer_infos"]) != 1:
        count = len(data["signer_infos"])
        raise _missing("nobody signed it") if not count else _invalid(f"expected 1 signer; it has {count}")
    info = data["signer_infos"][0]
    signer = pins.signer(info["sid"].chosen, _carried(data))
    attributes = _attributes(info)
    digest = _HASHES.get(info["digest_algorithm"]["algorithm"].native)
    if digest is None:
        raise _invalid("expected SHA-256, SHA-384 or SHA-512")
    _check_attributes(attributes, content, digest)
    # As RFC 5652 §5.4 asks: the bytes under the SET OF tag, not under the implicit one that they came with.
    _check_signature(signer, info, digest, info["signed_attrs"].untag().dump())
    pins.check(signer, at)
    meant_for = _meant_for(attributes)
    if us is not None and fingerprint(us) not in meant_for:
        raise IntegrityFailure(
            "recipient-mismatch", "Expected content signed for us; it names others or nobody."
        )
    return Signed(content=content, signer=signer, structure=raw, meant_for=tuple(meant_for))


def content_of(raw: bytes) -> bytes:
    """Return what is inside of signed data, whoever signed it; nothing is verified.

    Raises IntegrityFailure `signature-missing` for what is no SignedData with its content inside.
    """
    inner = _signed_data(raw)["encap_content_info"]
    if inner["content_type"].native != "data" or not isinstance(inner["content"], core.OctetString):
        raise _missing("the content is not inside what is signed")
    return _octets(inner["content"])


def _signed_data(raw: bytes) -> cms.SignedData:
    try:
        outer = cms.ContentInfo.load(raw, strict=True)
        named = outer["content_type"].native
    except PARSING:
        raise _missing("what was encrypted is no CMS structure") from None
    if named != "signed_data":
        raise _missing("what was encrypted is not signed")
    data = outer["content"]
    if data["version"].native not in ("v1", "v3"):
        raise _invalid("expected version 1 or 3")
    return data


def _octets(value: core.OctetString) -> bytes:
    """Return an octet string's bytes, never what they may parse to."""
    return bytes(value.__bytes__())


def _carried(data: cms.SignedData) -> Iterator[x509.Certificate]:
    if not isinstance(data["certificates"], cms.CertificateSet):
        return
    for one in list(data["certificates"])[:_MAX_CERTIFICATES]:
        if one.name == "certificate":
            yield x509.load_der_x509_certificate(one.chosen.dump())


def _attributes(info: cms.SignerInfo) -> dict[str, Any]:
    """Return the signed attributes; they must be there, each once."""
    if not isinstance(info["signed_attrs"], cms.CMSAttributes):
        raise _invalid("it has no signed attributes")
    found: dict[str, Any] = {}
    for one in info["signed_attrs"]:
        name = one["type"].native
        if name in found:
            raise _invalid("a signed attribute is there twice")
        found[name] = one["values"]
    return found


def _check_attributes(attributes: dict[str, Any], content: bytes, digest: hashes.HashAlgorithm) -> None:
    kinds, digests = attributes.get("content_type"), attributes.get("message_digest")
    if kinds is None or len(kinds) != 1 or kinds[0].native != "data":
        raise _invalid("the signed content type is not data")
    hasher = hashes.Hash(digest)
    hasher.update(content)
    if digests is None or len(digests) != 1 or not hmac.compare_digest(digests[0].native, hasher.finalize()):
        raise _invalid("the content is not what was signed")


def _meant_for(attributes: dict[str, Any]) -> list[bytes]:
    named = attributes.get(RECIPIENTS, ())
    return [bytes(one.native) for one in named]


def _check_signature(
    signer: x509.Certificate, info: cms.SignerInfo, digest: hashes.HashAlgorithm, signed: bytes
) -> None:
    key, algorithm = signer.public_key(), info["signature_algorithm"]
    named, signature = algorithm["algorithm"].native, _octets(info["signature"])
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and named == f"{digest.name}_ecdsa":
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey) and named in ("rsassa_pkcs1v15", f"{digest.name}_rsa"):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and named == "rsassa_pss":
            key.verify(signature, signed, _pss(algorithm, digest), digest)
        else:
            raise _invalid("its algorithm does not belong to the pinned certificate's key")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise _invalid("it does not verify with the pinned certificate") from None


def _pss(algorithm: Any, digest: hashes.HashAlgorithm) -> padding.PSS:
    said = algorithm["parameters"].native
    mask = said["mask_gen_algorithm"]
    if said["hash_algorithm"]["algorithm"] != digest.name or mask["parameters"]["algorithm"] != digest.name:
        raise _invalid("expected one digest for all of RSA-PSS")
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=int(said["salt_length"]))


def _invalid(why: str) -> IntegrityFailure:
    return IntegrityFailure("signature-invalid", f"The signature is not taken: {why}.")


def _missing(why: str) -> IntegrityFailure:
    return IntegrityFailure("signature-missing", f"Expected a signed document: {why}.")
