"""How the keys of each algorithm are made and read, and what their public halves are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from hub.envelope.encoding import b64u
from hub.envelope.keys import PublicKey, XWingPublicKey, key_from_point, point, thumbprint, xwing_from_seed
from keys.purposes import Algorithm

_SEED_BYTES: Final = 32
_COORDINATE: Final = 32

#: A private key in use: one on P-256, wherever it lives, or the 32 bytes that another one is made of.
PrivateKey = ec.EllipticCurvePrivateKey | bytes


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One algorithm. `public` gives the raw public half, None where there is none."""

    make: Callable[[], bytes]
    read: Callable[[bytes | bytearray], PrivateKey]
    public: Callable[[PrivateKey], bytes | None]
    published: Callable[[bytes], PublicKey] | None = None


def fresh_secret(algorithm: Algorithm) -> bytes:
    """Return the secret bytes of a new key, as they are sealed into a file."""
    return _KINDS[algorithm].make()


def private_of(algorithm: Algorithm, secret: bytes | bytearray) -> PrivateKey:
    """Return the key of its secret bytes, of which it needs none afterwards; raise ValueError for none."""
    return _KINDS[algorithm].read(secret)


def public_of(algorithm: Algorithm, private: PrivateKey) -> bytes | None:
    """Return a key's raw public half: what stays on record when the private one is destroyed."""
    return _KINDS[algorithm].public(private)


def public_key(algorithm: Algorithm, public: bytes) -> PublicKey | None:
    """Return a raw public half as a card holds it; None for those that stand on none as a JWK."""
    published = _KINDS[algorithm].published
    return None if published is None else published(public)


def key_id_of(algorithm: Algorithm, public: bytes | None) -> str | None:
    """Return the thumbprint (RFC 7638) by which envelopes name a key; None where they never do."""
    key = None if public is None else public_key(algorithm, public)
    return None if key is None else thumbprint(key)


def p256_secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return what is sealed of a key on P-256: its PKCS #8 in DER."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _p256(secret: bytes | bytearray) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(secret, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a key is not on P-256")
    return key


def _p256_public(private: PrivateKey) -> bytes:
    if isinstance(private, bytes):
        raise ValueError("a key is not on P-256")
    return point(private.public_key())


def _p256_published(public: bytes) -> PublicKey:
    return key_from_point(b64u(public[:_COORDINATE]), b64u(public[_COORDINATE:]))


def _seed(private: PrivateKey) -> bytes:
    if not isinstance(private, bytes) or len(private) != _SEED_BYTES:
        raise ValueError(f"a key is not of {_SEED_BYTES} bytes")
    return private


def _seed_kind(
    public: Callable[[bytes], bytes | None], published: Callable[[bytes], PublicKey] | None = None
) -> _Kind:
    return _Kind(
        make=lambda: os.urandom(_SEED_BYTES),
        read=lambda secret: _seed(bytes(secret)),
        public=lambda private: public(_seed(private)),
        published=published,
    )


_KINDS: Final[Mapping[Algorithm, _Kind]] = {
    Algorithm.P256: _Kind(
        make=lambda: p256_secret(ec.generate_private_key(ec.SECP256R1())),
        read=_p256,
        public=_p256_public,
        published=_p256_published,
    ),
    Algorithm.ML_DSA_65: _seed_kind(
        lambda seed: MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw(),
        MLDSA65PublicKey.from_public_bytes,
    ),
    Algorithm.ML_DSA_44: _seed_kind(
        lambda seed: MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    ),
    Algorithm.ED25519: _seed_kind(
        lambda seed: Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    ),
    Algorithm.X_WING: _seed_kind(lambda seed: xwing_from_seed(seed)[1].raw, XWingPublicKey),
    Algorithm.AES_256: _seed_kind(lambda _seed: None),
}
