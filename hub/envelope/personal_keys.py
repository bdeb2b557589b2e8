"""An officer's signing key at rest: nobody signs with it but who knows the password."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from hub.envelope.keys import thumbprint
from hub.errors import Refused

_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
# What an account's password costs each who tries one (RFC 9106); the sealed key lies in a body besides.
_MEMORY_KIB: Final = 32 * 1024
_PASSES: Final = 3


def make_key() -> EllipticCurvePrivateKey:
    """Return a fresh P-256 key."""
    return generate_private_key(SECP256R1())


def seal_key(key: EllipticCurvePrivateKey, password: str) -> bytes:
    """Return the private half encrypted (AES-256-GCM) under what Argon2id derives from a password."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    bound = thumbprint(key.public_key()).encode()
    with _derived(password, salt) as wrapping:
        return salt + nonce + AESGCM(wrapping).encrypt(nonce, plain, bound)


def open_key(sealed: bytes, password: str, *, kid: str) -> EllipticCurvePrivateKey:
    """Return the private half; raise Refused `credentials-invalid` for another password."""
    salt, nonce = sealed[:_SALT_BYTES], sealed[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES]
    encrypted = sealed[_SALT_BYTES + _NONCE_BYTES :]
    with _passing(len(encrypted) - _TAG_BYTES) as plain:
        try:
            with _derived(password, salt) as wrapping:
                AESGCM(wrapping).decrypt_into(nonce, encrypted, kid.encode(), plain)
        except InvalidTag:
            raise Refused(
                "credentials-invalid", "The password does not open the officer's signing key."
            ) from None
        key = load_der_private_key(plain, password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


@contextmanager
def _derived(password: str, salt: bytes) -> Iterator[bytearray]:
    argon = Argon2id(salt=salt, length=_KEY_BYTES, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB)
    with _passing(_KEY_BYTES) as key:
        argon.derive_into(unicodedata.normalize("NFC", password).encode(), key)
        yield key


@contextmanager
def _passing(size: int) -> Iterator[bytearray]:
    """Yield memory that is overwritten at the end of the block."""
    held = bytearray(size)
    try:
        yield held
    finally:
        held[:] = bytes(size)
