"""Encrypted bytes at rest, and what wraps their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Body:
    """Bytes at rest, encrypted under a key of their own that the master key wraps.

    Erasing a body destroys `wrapped_key`; `ciphertext` is then noise.
    """

    body_id: str
    wrapped_key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """The wrapped key of a body, without the body."""

    body_id: str
    wrapped_key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RewrapRow:
    """How far one change of the master key has come; `number` counts the changes.

    `master` names the new key. Bodies up to the id `cursor` were looked at in this pass, which began at
    `pass_at`; `changed` of them were wrapped anew in it, and `rewrapped` in all passes. `ended_at` is when a
    whole pass had found nothing more to do.
    """

    number: int
    master: bytes
    began_at: datetime
    pass_at: datetime
    cursor: str = ""
    changed: int = 0
    rewrapped: int = 0
    ended_at: datetime | None = None
