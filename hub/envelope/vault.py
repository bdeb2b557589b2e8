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


def lock(plaintext: bytes, *, body_id: str, master_key: bytes, key: bytes | None = None) -> Body:
    """Encrypt a body under a key of its own (AES-256-GCM) and wrap it (RFC 3394). The id is bound to it.

    Without `key`, one is made. An envelope that was sealed here lies under its own content key: what opens it
    is kept with it, for evidence, and erased with it. Its nonce and additional data are others than inside.
    """
    key, nonce = key or os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    return Body(
        body_id=body_id,
        wrapped_key=aes_key_wrap(master_key, key),
        nonce=nonce,
        ciphertext=AESGCM(key).encrypt(nonce, plaintext, body_id.encode("utf-8")),
    )


def body_key(body: Body, *, master_key: bytes) -> bytes:
    """Return the key that a body lies under; raise IntegrityFailure `decryption-failed`."""
    try:
        return aes_key_unwrap(master_key, body.wrapped_key)
    except (InvalidUnwrap, ValueError):
        raise _does_not_open(body) from None


def unlock(body: Body, *, master_key: bytes) -> bytes:
    """Decrypt a body; raise IntegrityFailure `decryption-failed` when anything about it is wrong."""
    key = body_key(body, master_key=master_key)
    try:
        return AESGCM(key).decrypt(body.nonce, body.ciphertext, body.body_id.encode("utf-8"))
    except (InvalidTag, ValueError):
        raise _does_not_open(body) from None


def _does_not_open(body: Body) -> IntegrityFailure:
    return IntegrityFailure(
        "decryption-failed", f"The stored body {body.body_id} does not open with the master key."
    )
