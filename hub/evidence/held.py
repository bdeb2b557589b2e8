"""One life as the bundle tells it: the parts that other steps proved, to be held against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.audit.events import Act
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import Bundle
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Notebook, Standing, Topic
from hub.evidence.parts import Shown
from hub.evidence.sealed import CheckedReceipt, OpenedPart, Signed


@dataclass(frozen=True, kw_only=True)
class Life:
    """What the other steps proved, to be held against one another; `told` is what need not be told again."""

    bundle: Bundle
    anchors: Anchors
    opened: Mapping[str, OpenedPart]
    receipts: Sequence[CheckedReceipt]
    passed: Sequence[tuple[Signed, str]]
    numbered: Sequence[tuple[Signed, int, datetime]]
    entries: Sequence[ProvenEntry]
    notes: Notebook
    told: set[tuple[object, ...]] = field(default_factory=set)

    def did(self, *acts: Act) -> Sequence[ProvenEntry]:
        """Return the entries of some acts, in the log's order."""
        wanted = {act.value for act in acts}
        return [entry for entry in self.entries if entry.act in wanted]

    @property
    def erased(self) -> bool:
        """Tell whether the log proves that something of this record was erased."""
        return any(entry.subject == self.bundle.record_id for entry in self.did(Act.ERASED))

    @property
    def content_digests(self) -> Mapping[str, str]:
        """Return the digest (hex) of each version's content, as its release or its admission names it."""
        told = {
            entry.details.get("version", ""): entry.details.get("digest") for entry in self.did(Act.RELEASED)
        }
        told |= {
            entry.details.get("version", ""): entry.details.get("record_digest")
            for entry in self.admitted_parcels
        }
        return {version: one for version, one in told.items() if one is not None}

    @property
    def admitted_parcels(self) -> Sequence[ProvenEntry]:
        """Return the entries that tell of parcels from a partner without a hub."""
        return [entry for entry in self.did(Act.ADMITTED) if "parcel" in entry.details]

    def absent(self, topic: Topic, key: str, **about: Any) -> None:
        """Write down what is not there: missing, or gone with an erasure that the log proves."""
        hidden = any(entry.shown is Shown.ERASED for entry in self.entries)
        standing = Standing.ERASED if self.erased and hidden else Standing.NOT_SHOWN
        self.notes.note(topic, standing, key, **about)
