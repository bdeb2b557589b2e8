"""What an envelope says on the outside: all that a hub which relays it may know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.entries import Priority
from hub.envelope.encoding import list_of, members, number_of, text_of, texts_of, time_of
from hub.envelope.suites import Suite
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

#: The members of the protected header that are the envelope's own.
HEADER_MEMBERS: Final = frozenset(
    {
        "attachments",
        "conversation",
        "created_at",
        "envelope_id",
        "expires_at",
        "originator",
        "priority",
        "recipients",
        "suite",
    }
)
_ATTACHMENT: Final = frozenset({"digest", "size_bytes"})
_PRIORITIES: Final = frozenset(priority.value for priority in Priority)
_HEX_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def is_hex_digest(text: str) -> bool:
    """Tell whether a text is a SHA-256 in lowercase hex."""
    return _HEX_DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class Header:
    """The outside of one envelope. `recipients` are in ascending order, as are the sealed keys.

    `attachments` are the digests (lowercase hex) and sizes of the encrypted attachments that go with it.
    """

    envelope_id: str
    originator: str
    recipients: tuple[str, ...]
    suite: Suite
    created_at: datetime
    expires_at: datetime
    priority: str
    conversation: str
    attachments: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if not (is_id(self.envelope_id) and is_id(self.conversation)):
            raise ValueError("envelope_id and conversation are UUIDv7 in lowercase")
        if not (is_agency(self.originator) and all(map(is_agency, self.recipients))):
            raise ValueError("originator and recipients are ids of agencies")
        if not self.recipients:
            raise ValueError("there are no recipients")
        if any(left >= right for left, right in zip(self.recipients, self.recipients[1:], strict=False)):
            raise ValueError("recipients are in ascending order, each once")
        if self.expires_at <= self.created_at:
            raise ValueError("expires_at is after created_at")
        if self.priority not in _PRIORITIES:
            raise ValueError(f"priority is one of {', '.join(sorted(_PRIORITIES))}")
        if len({name for name, _ in self.attachments}) != len(self.attachments):
            raise ValueError("an attachment is named twice")
        if not all(is_hex_digest(name) and size > 0 for name, size in self.attachments):
            raise ValueError("an attachment has a SHA-256 in lowercase hex and a size above 0")

    def as_members(self) -> dict[str, object]:
        """Return the header's members as JSON holds them."""
        return {
            "attachments": [{"digest": name, "size_bytes": size} for name, size in self.attachments],
            "conversation": self.conversation,
            "created_at": as_text(self.created_at),
            "envelope_id": self.envelope_id,
            "expires_at": as_text(self.expires_at),
            "originator": self.originator,
            "priority": self.priority,
            "recipients": list(self.recipients),
            "suite": self.suite.value,
        }

    @classmethod
    def load(cls, document: Mapping[str, object], *, suite: Suite) -> Header:
        """Return the header of a JSON object that has all of its members; raise ValueError."""
        return cls(
            envelope_id=text_of(document, "envelope_id"),
            originator=text_of(document, "originator"),
            recipients=texts_of(document, "recipients"),
            suite=suite,
            created_at=time_of(document, "created_at"),
            expires_at=time_of(document, "expires_at"),
            priority=text_of(document, "priority"),
            conversation=text_of(document, "conversation"),
            attachments=tuple(map(_attachment, list_of(document, "attachments"))),
        )


def _attachment(value: object) -> tuple[str, int]:
    entry = members(value, _ATTACHMENT)
    return text_of(entry, "digest"), number_of(entry, "size_bytes")
