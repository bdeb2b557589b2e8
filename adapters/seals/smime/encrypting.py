"""Encrypting and decrypting: AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084) for named certificates.

Keys are wrapped by RSA-OAEP (RFC 4056 family, SHA-256) or agreed by ephemeral ECDH with the X9.63 KDF and
AES-256 key wrap (RFC 5753). RSA PKCS#1 v1.5, SHA-1 and ciphers without authentication are refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Final

from asn1crypto import algos, cms, core, keys
from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from adapters.profiles import invalid
from adapters.seals.smime.pins import identifier_of, means
from adapters.seals.smime.verifying import PARSING
from hub.errors import IntegrityFailure

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_MAX_RECIPIENTS: Final = 64
_WRAP: Final = "2.16.840.1.101.3.4.1.45"
#: dhSinglePass-stdDH-*kdf-scheme (RFC 5753 §7.1.4); the first is ours.
_AGREEMENTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "1.3.132.1.11.1": hashes.SHA256(),
    "1.3.132.1.11.2": hashes.SHA384(),
    "1.3.132.1.11.3": hashes.SHA512(),
}
_HASHES: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_FAILING: Final = (*PARSING, InvalidTag, UnsupportedAlgorithm, keywrap.InvalidUnwrap)


class _GcmParameters(core.Sequence):  # type: ignore[misc]
    """RFC 5084 §3.2."""

    _fields: ClassVar = [("nonce", core.OctetString), ("tag_bytes", core.Integer, {"default": 12})]


class _SharedInfo(core.Sequence):  # type: ignore[misc]
    """ECC-CMS-SharedInfo (RFC 5753 §7.2)."""

    _fields: ClassVar = [
        ("key_info", core.Any),
        ("entity", core.OctetString, {"explicit": 0, "optional": True}),
        ("key_bits", core.OctetString, {"explicit": 2}),
    ]


def encrypt(content: bytes, *, recipients: Sequence[x509.Certificate]) -> bytes:
    """Return a ContentInfo that only the certificates' keys open, as DER."""
    return encrypt_showably(content, recipients=recipients)[0]


def encrypt_showably(content: bytes, *, recipients: Sequence[x509.Certificate]) -> tuple[bytes, bytes]:
    """Return the same, and the key of its content alone."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    parameters = _GcmParameters({"nonce": nonce, "tag_bytes": _TAG_BYTES})
    enveloped = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [_recipient(one, key) for one in recipients],
            "auth_encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {
                    "algorithm": "aes256_gcm",
                    "parameters": core.Any(parameters),
                },
                "encrypted_content": sealed[:-_TAG_BYTES],
            },
            "mac": sealed[-_TAG_BYTES:],
        }
    )
    outer = cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": enveloped})
    return bytes(outer.dump()), key


def decrypt(raw: bytes, *, keys_of: Sequence[tuple[x509.Certificate, PrivateKeyTypes]]) -> bytes:
    """Return what was encrypted for one of our certificates; raise IntegrityFailure `decryption-failed`.

    All failures say the same: who altered the bytes learns nothing from how they failed.
    """
    try:
        enveloped = _enveloped(raw)
        return _opened(enveloped, _content_key(enveloped["recipient_infos"], keys_of))
    except _FAILING:
        raise _failed("for one of our certificates") from None


def key_of(raw: bytes, *, keys_of: Sequence[tuple[x509.Certificate, PrivateKeyTypes]]) -> bytes:
    """Return the key of the content alone, which shows it to others; raise as `decrypt` does."""
    try:
        enveloped = _enveloped(raw)
        key = _content_key(enveloped["recipient_infos"], keys_of)
        _opened(enveloped, key)
    except _FAILING:
        raise _failed("for one of our certificates") from None
    return key


def decrypt_with_key(raw: bytes, key: bytes) -> bytes:
    """Return the content that a key of the content opens; raise IntegrityFailure `decryption-failed`."""
    try:
        if len(key) != _KEY_BYTES:
            raise ValueError("a key of another length")
        return _opened(_enveloped(raw), key)
    except _FAILING:
        raise _failed("that the shown key opens") from None


def _recipient(certificate: x509.Certificate, key: bytes) -> cms.RecipientInfo:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return cms.RecipientInfo({"ktri": _transport(certificate, public, key)})
    if isinstance(public, ec.EllipticCurvePublicKey):
        return cms.RecipientInfo({"kari": _agreement(certificate, public, key)})
    raise invalid("a recipient's key is neither RSA nor of an elliptic curve")


def _transport(
    certificate: x509.Certificate, public: rsa.RSAPublicKey, key: bytes
) -> cms.KeyTransRecipientInfo:
    return cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier({"issuer_and_serial_number": identifier_of(certificate)}),
            "key_encryption_algorithm": cms.KeyEncryptionAlgorithm.load(_oaep_der()),
            "encrypted_key": public.encrypt(key, _oaep(hashes.SHA256(), hashes.SHA256())),
        }
    )


@cache
def _oaep_der() -> bytes:
    """Return how RSA encrypts, as DER: always the same, and slower to put together than to encrypt."""
    digest = {"algorithm": "sha256"}
    parameters = algos.RSAESOAEPParams(
        {"hash_algorithm": digest, "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest}}
    )
    return bytes(cms.KeyEncryptionAlgorithm({"algorithm": "rsaes_oaep", "parameters": parameters}).dump())


def _agreement(
    certificate: x509.Certificate, public: ec.EllipticCurvePublicKey, key: bytes
) -> cms.KeyAgreeRecipientInfo:
    ephemeral = ec.generate_private_key(public.curve)
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    wrapping = algos.EncryptionAlgorithm({"algorithm": "aes256_wrap"})
    scheme, digest = next(iter(_AGREEMENTS.items()))
    wrapped = keywrap.aes_key_wrap(_agreed(ephemeral, public, digest, wrapping.dump(), None), key)
    identifier = cms.KeyAgreementRecipientIdentifier({"issuer_and_serial_number": identifier_of(certificate)})
    return cms.KeyAgreeRecipientInfo(
        {
            "version": "v3",
            "originator": cms.OriginatorIdentifierOrKey({"originator_key": keys.PublicKeyInfo.load(point)}),
            "key_encryption_algorithm": {"algorithm": scheme, "parameters": core.Any(wrapping)},
            "recipient_encrypted_keys": [{"rid": identifier, "encrypted_key": wrapped}],
        }
    )


def _agreed(
    ours: ec.EllipticCurvePrivateKey,
    theirs: ec.EllipticCurvePublicKey,
    digest: hashes.HashAlgorithm,
    wrapping: bytes,
    entity: bytes | None,
) -> bytes:
    """Return the key that wraps the key (RFC 5753 §7.2; ANSI X9.63 by `cryptography`)."""
    told: dict[str, Any] = {
        "key_info": core.Any(core.load(wrapping)),
        "key_bits": (8 * _KEY_BYTES).to_bytes(4),
    }
    if entity is not None:
        told["entity"] = entity
    shared = ours.exchange(ec.ECDH(), theirs)
    return X963KDF(algorithm=digest, length=_KEY_BYTES, sharedinfo=_SharedInfo(told).dump()).derive(shared)


def _enveloped(raw: bytes) -> Any:
    outer = cms.ContentInfo.load(raw, strict=True)
    if outer["content_type"].native != "authenticated_enveloped_data":
        raise ValueError("another structure")
    return outer["content"]


def _opened(enveloped: Any, key: bytes) -> bytes:
    info = enveloped["auth_encrypted_content_info"]
    algorithm = info["content_encryption_algorithm"]
    if info["content_type"].native != "data" or algorithm["algorithm"].native != "aes256_gcm":
        raise ValueError("another content or cipher")
    parameters = algorithm["parameters"].parse(_GcmParameters)
    mac = enveloped["mac"].native
    if parameters["tag_bytes"].native != _TAG_BYTES or len(mac) != _TAG_BYTES:
        raise ValueError("a short tag")
    attributes = enveloped["auth_attrs"]
    # RFC 5083 §2.2: authenticated attributes are encoded with the tag of SET OF.
    bound = attributes.untag().dump() if isinstance(attributes, cms.CMSAttributes) else None
    sealed = info["encrypted_content"].native + mac
    return AESGCM(key).decrypt(parameters["nonce"].native, sealed, bound)


def _content_key(infos: Any, keys_of: Sequence[tuple[x509.Certificate, PrivateKeyTypes]]) -> bytes:
    if len(infos) > _MAX_RECIPIENTS:
        raise ValueError("too many recipients")
    for info in infos:
        for certificate, key in keys_of:
            found: bytes | None = None
            if info.name == "ktri" and isinstance(key, rsa.RSAPrivateKey):
                found = _transported(info.chosen, certificate, key)
            elif info.name == "kari" and isinstance(key, ec.EllipticCurvePrivateKey):
                found = _agreed_on(info.chosen, certificate, key)
            if found is not None:
                if len(found) != _KEY_BYTES:
                    raise ValueError("a key of another length")
                return found
    raise ValueError("no recipient is one of ours")


def _transported(info: Any, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes | None:
    if not means(info["rid"].chosen, certificate):
        return None
    algorithm = info["key_encryption_algorithm"]
    if algorithm["algorithm"].native != "rsaes_oaep":
        raise ValueError("PKCS#1 v1.5 is not taken")
    said = algorithm["parameters"].native
    digest = _HASHES[said["hash_algorithm"]["algorithm"]]
    mask = _HASHES[said["mask_gen_algorithm"]["parameters"]["algorithm"]]
    if said["p_source_algorithm"]["parameters"] != b"":
        raise ValueError("a label")
    return key.decrypt(info["encrypted_key"].native, _oaep(digest, mask))


def _agreed_on(info: Any, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bytes | None:
    for one in info["recipient_encrypted_keys"]:
        if means(one["rid"].chosen, certificate):
            break
    else:
        return None
    algorithm = info["key_encryption_algorithm"]
    digest = _AGREEMENTS[algorithm["algorithm"].dotted]
    wrapping = algorithm["parameters"].parse(algos.EncryptionAlgorithm)
    if wrapping["algorithm"].dotted != _WRAP or info["originator"].name != "originator_key":
        raise ValueError("another way to wrap a key")
    # The point's own curve is not asked for: it must be on ours (RFC 5753 §2.1).
    point = info["originator"].chosen["public_key"]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, bytes(point))
    ukm = info["ukm"].native
    return keywrap.aes_key_unwrap(
        _agreed(key, theirs, digest, wrapping.dump(), ukm), one["encrypted_key"].native
    )


def _failed(whose: str) -> IntegrityFailure:
    return IntegrityFailure(
        "decryption-failed",
        f"Expected CMS AuthEnvelopedData with AES-256-GCM {whose}; it does not open.",
    )


def _oaep(digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm) -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(mask), algorithm=digest, label=None)
