"""How the content key reaches one recipient, for each suite.

classic-1: ECDH-ES+A256KW over P-256 (RFC 7518 section 4.6), a fresh key pair for every recipient.
hybrid-1: HPKE-9-KE, which is X-Wing, SHAKE256 and AES-256-GCM (draft-ietf-jose-hpke-encrypt section 6 with
draft-ietf-jose-hpke-pq-pqt). The encapsulated secret stands in `ek`, the encrypted key in `encrypted_key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as HpkeSuite
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hub.envelope.encoding import b64u, members, text_of, unb64u
from hub.envelope.keys import DecryptionKeys, PublicKeys, jwk, key_from_point
from hub.envelope.suites import CONTENT_ENCRYPTION, Suite
from hub.errors import IntegrityFailure, PeerFault

CONTENT_KEY_BYTES: Final = 32
_WRAPPED_BYTES: Final = 40
_EPK: Final = frozenset({"crv", "kty", "x", "y"})

#: The member that carries the sender's half, by suite.
SENDER_MEMBER: Final = {Suite.CLASSIC_1: "epk", Suite.HYBRID_1: "ek"}


def _other_info(algorithm: bytes) -> bytes:
    """Return the OtherInfo of RFC 7518 section 4.6.2; there is no apu and no apv."""
    empty = (0).to_bytes(4, "big")
    return len(algorithm).to_bytes(4, "big") + algorithm + empty + empty + (256).to_bytes(4, "big")


_OTHER_INFO: Final = _other_info(Suite.CLASSIC_1.key_algorithm.encode("ascii"))

_HPKE: Final = HpkeSuite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
_ENCAPSULATED_BYTES: Final = 1120
_HPKE_KEY_BYTES: Final = CONTENT_KEY_BYTES + 16
#: Recipient_structure of the draft, with no extra information.
_HPKE_INFO: Final = b"JOSE-HPKE rcpt\xff" + CONTENT_ENCRYPTION.encode("ascii") + b"\xff"


def wrap(content_key: bytes, *, suite: Suite, to: PublicKeys) -> dict[str, object]:
    """Return one recipient's `encrypted_key`, and beside it the header members that tell how to open it."""
    if suite is Suite.CLASSIC_1:
        ephemeral = generate_private_key(SECP256R1())
        encrypted = aes_key_wrap(_agree(ephemeral, to.p256[to.encrypt_p256]), content_key)
        return {
            "encrypted_key": b64u(encrypted),
            "epk": jwk(ephemeral.public_key()),
            "kid": to.encrypt_p256,
        }
    if to.encrypt_xwing is None:
        raise PeerFault("suite-not-allowed", f"{to.agency} has no key for suite {suite.value}.")
    sent = _HPKE.encrypt(content_key, to.xwing[to.encrypt_xwing].hpke, _HPKE_INFO)
    encapsulated, encrypted = sent[:_ENCAPSULATED_BYTES], sent[_ENCAPSULATED_BYTES:]
    return {"encrypted_key": b64u(encrypted), "ek": b64u(encapsulated), "kid": to.encrypt_xwing}


def unwrap(entry: Mapping[str, object], *, suite: Suite, keys: DecryptionKeys) -> bytes:
    """Return the content key of one recipient's entry, which has the form that `wrap` makes.

    Raises ValueError for what has not the right form, PeerFault `key-unknown` and IntegrityFailure
    `decryption-failed`.
    """
    kid = text_of(entry, "kid")
    if kid not in (keys.p256 if suite is Suite.CLASSIC_1 else keys.xwing):
        raise PeerFault("key-unknown", "The envelope is sealed to a key that this hub does not hold.")
    try:
        if suite is Suite.CLASSIC_1:
            encrypted = unb64u(entry["encrypted_key"], size=_WRAPPED_BYTES)
            return aes_key_unwrap(_agree(keys.p256[kid], _ephemeral(entry["epk"])), encrypted)
        encrypted = unb64u(entry["encrypted_key"], size=_HPKE_KEY_BYTES)
        encapsulated = unb64u(entry["ek"], size=_ENCAPSULATED_BYTES)
        return _HPKE.decrypt(encapsulated + encrypted, keys.xwing[kid], _HPKE_INFO)
    except (InvalidUnwrap, InvalidTag):
        raise IntegrityFailure("decryption-failed", "The content key does not open.") from None


def _ephemeral(value: object) -> EllipticCurvePublicKey:
    epk = members(value, _EPK)
    if epk["kty"] != "EC" or epk["crv"] != "P-256":
        raise ValueError("epk is not a key on P-256")
    return key_from_point(epk["x"], epk["y"])


def _agree(private: EllipticCurvePrivateKey, public: EllipticCurvePublicKey) -> bytes:
    """Return the key-encryption key that both sides derive (Concat KDF of SP 800-56A)."""
    shared = private.exchange(ECDH(), public)
    return ConcatKDFHash(SHA256(), CONTENT_KEY_BYTES, _OTHER_INFO).derive(shared)
