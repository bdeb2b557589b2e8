"""How one attachment is cut and encrypted: made when it is announced, locked in the vault from then on."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field

from hub.entries import AttachmentRow, Body
from hub.envelope.manifest import encrypted_size
from hub.envelope.vault import lock, unlock
from hub.errors import PeerFault
from hub.exchange.broker import Broker
from hub.ports import View


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The key of one attachment and the cut of its content. No two attachments share a key."""

    key: bytes = field(repr=False)
    chunk_bytes: int
    plain_bytes: int

    @property
    def last(self) -> int:
        """Return the index of the last chunk."""
        return (self.plain_bytes - 1) // self.chunk_bytes

    def content_of(self, index: int) -> int:
        """Return how much content a chunk has; none beyond the last."""
        return max(0, min(self.chunk_bytes, self.plain_bytes - index * self.chunk_bytes))

    @property
    def sealed_bytes(self) -> int:
        """Return how long the ciphertext is."""
        return encrypted_size(self.plain_bytes, self.chunk_bytes)

    @property
    def sealed_chunk(self) -> int:
        """Return how long the ciphertext of a full chunk is."""
        return encrypted_size(self.chunk_bytes, self.chunk_bytes)


def make_plan(broker: Broker, plain_bytes: int) -> Plan:
    """Draw a key for one attachment's content."""
    return Plan(key=os.urandom(32), chunk_bytes=broker.limits.attachment_chunk_bytes, plain_bytes=plain_bytes)


def lock_plan(broker: Broker, plan: Plan, *, body_id: str) -> Body:
    """Return the plan as a body at rest."""
    text = json.dumps(
        {
            "key": base64.b64encode(plan.key).decode(),
            "chunk_bytes": plan.chunk_bytes,
            "plain_bytes": plan.plain_bytes,
        }
    )
    return lock(text.encode(), body_id=body_id, master_key=broker.keyring.master_key())


def read_plan(broker: Broker, view: View, row: AttachmentRow) -> Plan:
    """Open the plan of an attachment made here; raise PeerFault `attachment-missing` when it was erased."""
    body_id = row.secret_body_id or ""
    body = view.bodies.get_many([body_id]).get(body_id)
    if body is None:
        raise PeerFault("attachment-missing", "The key of this attachment was erased.")
    told = json.loads(unlock(body, master_key=broker.keyring.master_key()))
    return Plan(
        key=base64.b64decode(told["key"]), chunk_bytes=told["chunk_bytes"], plain_bytes=told["plain_bytes"]
    )
