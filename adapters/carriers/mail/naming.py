"""Message-IDs: each says which parcel it is of, and no stranger can make one up.

A retry is the same message, so the id is the parcel's, with a code that only this hub can compute. A bounce
that names it was made by who saw the message; one that does not is about nothing that we sent.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.carriers import durable
from adapters.carriers.names import is_name

_KEY_BYTES: Final = 32
_CODE_DIGITS: Final = 32
#: A dot-atom or what comes close to it, once, in angle brackets (RFC 5322 §3.6.4).
_ID: Final = re.compile(r"<([\x21-\x3b\x3d\x3f-\x7e]{1,250})>")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names of what one hub sends from one domain."""

    domain: str
    key: bytes = field(repr=False)

    def message_id(self, parcel_id: str, kind: str = "parcel") -> str:
        """Return the id of the message that carries a parcel, or with another kind its receipt."""
        return f"<{parcel_id}.{self._code(parcel_id, kind)}@{self.domain}>"

    def parcel_of(self, message_id: str) -> str | None:
        """Return which parcel of ours an id names; None for an id that we never gave."""
        found = _ID.fullmatch(message_id)
        if found is None:
            return None
        local, _, domain = found[1].rpartition("@")
        parcel_id, _, code = local.rpartition(".")
        if domain.lower() != self.domain.lower() or not is_name(parcel_id):
            return None
        return parcel_id if hmac.compare_digest(code, self._code(parcel_id, "parcel")) else None

    def _code(self, parcel_id: str, kind: str) -> str:
        return hmac.new(self.key, f"{kind}:{parcel_id}".encode(), sha256).hexdigest()[:_CODE_DIGITS]


def parcel_in(message_id: str) -> str | None:
    """Return the id of the parcel in a message of the partner: what a hub put there, or else a digest."""
    found = _ID.fullmatch(message_id)
    if found is None:
        return None
    parcel_id, _, code = found[1].rpartition("@")[0].rpartition(".")
    if is_name(parcel_id) and re.fullmatch(rf"[0-9a-f]{{{_CODE_DIGITS}}}", code):
        return parcel_id
    return f"mail-{sha256(message_id.encode()).hexdigest()[:40]}"


def naming_in(folder: Path, domain: str) -> Naming:
    """Return the naming whose key lies in a folder; it is made once."""
    path = folder / "message-ids.key"
    key = durable.content(path, _KEY_BYTES)
    if key is None or len(key) != _KEY_BYTES:
        key = secrets.token_bytes(_KEY_BYTES)
        durable.write(path, key)
    return Naming(domain=domain, key=key)
