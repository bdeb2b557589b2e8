"""Content at rest: each body under a key of its own, which the master key wraps.

Erasing a body is forgetting its wrapped key: the ciphertext, and every copy of it in a backup, is then noise.

A wrapped key is 44 bytes: four that name the master key, then 40 of RFC 3394. What was wrapped before master
keys had names is the 40 alone.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hub.entries import Body
from hub.errors import IntegrityFailure

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME_BYTES: Final = 4
_NAMED_BYTES: Final = _NAME_BYTES + 40


@dataclass(frozen=True, kw_only=True)
class MasterKeys:
    """The master key that wraps, and those kept beside it that still unwrap; each under its name."""

    current: bytes = field(repr=False)
    kept: tuple[bytes, ...] = field(default=(), repr=False)
    held: Mapping[bytes, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        every = (self.current, *self.kept)
        if any(len(key) != _KEY_BYTES for key in every):
            raise ValueError(f"a master key has {_KEY_BYTES} bytes")
        held = {master_name(key): key for key in every}
        if len(held) != len(every):
            raise ValueError("two master keys are one, or share a name")
        object.__setattr__(self, "held", held)

    @property
    def name(self) -> bytes:
        """Return the name of the key that wraps."""
        return master_name(self.current)


def master_name(key: bytes) -> bytes:
    """Return the four bytes that name a master key; they tell nothing else of it."""
    return hmac.digest(key, b"hub master key", "sha256")[:_NAME_BYTES]


def lock(plaintext: bytes, *, body_id: str, master_key: MasterKeys, key: bytes | None = None) -> Body:
    """Encrypt a body under a key of its own (AES-256-GCM) and wrap it (RFC 3394). The id is bound to it.

    Without `key`, one is made. An envelope that was sealed here lies under its own content key: what opens it
    is kept with it, for evidence, and erased with it. Its nonce and additional data are others than inside.
    """
    key, nonce = key or os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    return Body(
        body_id=body_id,
        wrapped_key=_wrap(key, master_key),
        nonce=nonce,
        ciphertext=AESGCM(key).encrypt(nonce, plaintext, body_id.encode("utf-8")),
    )


def body_key(body: Body, *, master_key: MasterKeys) -> bytes:
    """Return the key that a body lies under; raise IntegrityFailure `decryption-failed`."""
    return _unwrap(body.wrapped_key, master_key, body.body_id)


def rewrap(wrapped_key: bytes, *, body_id: str, master_key: MasterKeys) -> bytes | None:
    """Return a body's key wrapped by the current master key; None where it is so already.

    Raises IntegrityFailure `decryption-failed` where none of the keys opens it.
    """
    if is_current(wrapped_key, master_key):
        return None
    return _wrap(_unwrap(wrapped_key, master_key, body_id), master_key)


def is_current(wrapped_key: bytes, master_key: MasterKeys) -> bool:
    """Tell whether a body's key is wrapped by the current master key."""
    return len(wrapped_key) == _NAMED_BYTES and wrapped_key.startswith(master_key.name)


def _wrap(key: bytes, master_key: MasterKeys) -> bytes:
    return master_key.name + aes_key_wrap(master_key.current, key)


def _unwrap(wrapped_key: bytes, master_key: MasterKeys, body_id: str) -> bytes:
    named = len(wrapped_key) == _NAMED_BYTES
    candidates = [master_key.held.get(wrapped_key[:_NAME_BYTES])] if named else [*master_key.held.values()]
    for key in candidates:
        if key is None:
            continue
        try:
            return aes_key_unwrap(key, wrapped_key[_NAME_BYTES:] if named else wrapped_key)
        except (InvalidUnwrap, ValueError):
            continue
    raise _does_not_open(body_id)


def unlock(body: Body, *, master_key: MasterKeys) -> bytes:
    """Decrypt a body; raise IntegrityFailure `decryption-failed` when anything about it is wrong."""
    key = body_key(body, master_key=master_key)
    try:
        return AESGCM(key).decrypt(body.nonce, body.ciphertext, body.body_id.encode("utf-8"))
    except (InvalidTag, ValueError):
        raise _does_not_open(body.body_id) from None


def _does_not_open(body_id: str) -> IntegrityFailure:
    return IntegrityFailure(
        "decryption-failed", f"The stored body {body_id} does not open with a master key that is held here."
    )
