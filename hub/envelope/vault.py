"""Content at rest: each body under a key of its own, which the master key wraps.

Erasing a body is forgetting its wrapped key: the ciphertext, and every copy of it in a backup, is then noise.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hub.entries import Body
from hub.errors import IntegrityFailure

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def lock(plaintext: bytes, *, body_id: str, master_key: bytes) -> Body:
    """Encrypt a body under a fresh key (AES-256-GCM) and wrap that key (RFC 3394). The id is bound to it."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    return Body(
        body_id=body_id,
        wrapped_key=aes_key_wrap(master_key, key),
        nonce=nonce,
        ciphertext=AESGCM(key).encrypt(nonce, plaintext, body_id.encode("utf-8")),
    )


def unlock(body: Body, *, master_key: bytes) -> bytes:
    """Decrypt a body; raise IntegrityFailure `decryption-failed` when anything about it is wrong."""
    try:
        key = aes_key_unwrap(master_key, body.wrapped_key)
        return AESGCM(key).decrypt(body.nonce, body.ciphertext, body.body_id.encode("utf-8"))
    except (InvalidTag, InvalidUnwrap, ValueError):
        raise IntegrityFailure(
            "decryption-failed", f"The stored body {body.body_id} does not open with the master key."
        ) from None
