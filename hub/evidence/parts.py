"""The parts of a bundle as JSON holds them (docs/evidence.md). What is read here has the form; no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, TypeVar

from hub.audit.leaves import FIELDS, Disclosure
from hub.entries import TrustKind
from hub.envelope.encoding import (
    b64u,
    choice_of,
    list_of,
    members,
    number_of,
    text_of,
    time_of,
    unb64u,
)
from hub.envelope.header import is_hex_digest
from hub.records.ids import is_agency, is_id
from hub.records.lifecycle import DeliveryState
from hub.records.times import as_text

KEY_BYTES: Final = 32
_ALWAYS_SHOWN: Final = frozenset(FIELDS) - {"justification"}

_T = TypeVar("_T")


class Mode(Enum):
    """How much a bundle shows: everything, or digests and what the log's entries say."""

    FULL = "full"
    COMMITMENTS = "commitments"


class Shown(Enum):
    """Why an envelope's or an entry's inside is in the bundle, or is not.

    SEALED: what opens it was not kept. NOT_KEPT: the same version came again in it, so only its digest is.
    """

    DISCLOSED = "disclosed"
    WITHHELD = "withheld"
    ERASED = "erased"
    SEALED = "sealed"
    NOT_KEPT = "not-kept"


@dataclass(frozen=True, kw_only=True)
class EnvelopePart:
    """One envelope of the record. `digest` is the SHA-256 (hex) of its sealed bytes, which receipts name.

    `sealed` are those bytes, which are ASCII; `content_key` opens them and nothing else. DISCLOSED has both,
    SEALED the bytes alone, the others neither. Only an erased one may have no `digest`.
    """

    envelope_id: str
    version: int
    shown: Shown
    digest: str | None
    sealed: str | None = field(default=None, repr=False)
    content_key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not is_id(self.envelope_id) or self.version < 1:
            raise ValueError("an envelope has an id that is a UUIDv7, and a version of 1 or more")
        if self.digest is None and self.shown is not Shown.ERASED:
            raise ValueError("an envelope has no digest")
        if self.digest is not None and not is_hex_digest(self.digest):
            raise ValueError("an envelope's digest is a SHA-256 in lowercase hex")
        wanted = (self.shown in {Shown.DISCLOSED, Shown.SEALED}, self.shown is Shown.DISCLOSED)
        if (self.sealed is not None, self.content_key is not None) != wanted:
            raise ValueError("an envelope has not the members that its being shown asks for")

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return present(
            envelope_id=self.envelope_id,
            version=self.version,
            shown=self.shown.value,
            digest=self.digest,
            sealed=self.sealed,
            content_key=None if self.content_key is None else b64u(self.content_key),
        )

    @classmethod
    def load(cls, value: object) -> EnvelopePart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(
            value,
            frozenset({"envelope_id", "shown", "version"}),
            frozenset({"content_key", "digest", "sealed"}),
        )
        return cls(
            envelope_id=text_of(said, "envelope_id"),
            version=number_of(said, "version"),
            shown=choice_of(said, "shown", Shown),
            digest=text_of(said, "digest") if "digest" in said else None,
            sealed=text_of(said, "sealed") if "sealed" in said else None,
            content_key=unb64u(said["content_key"], size=KEY_BYTES) if "content_key" in said else None,
        )


@dataclass(frozen=True, kw_only=True)
class ContentPart:
    """The canonical content of a version that went in no envelope: to members alone."""

    version: int
    content: str = field(repr=False)

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {"version": self.version, "content": self.content}

    @classmethod
    def load(cls, value: object) -> ContentPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"content", "version"}))
        return cls(version=number_of(said, "version"), content=text_of(said, "content"))


@dataclass(frozen=True, kw_only=True)
class DeliveryPart:
    """One version on its way to one member, as the exporter states it."""

    delivery_id: str
    member: str
    version: int
    state: DeliveryState
    at: datetime

    def __post_init__(self) -> None:
        if not is_id(self.delivery_id) or not is_agency(self.member):
            raise ValueError("a delivery has an id that is a UUIDv7, and a member")
        if self.state in {DeliveryState.HELD, DeliveryState.DEAD}:
            raise ValueError("a delivery that was held from its member is told by the log alone")

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {
            "delivery_id": self.delivery_id,
            "member": self.member,
            "version": self.version,
            "state": self.state.value,
            "at": as_text(self.at),
        }

    @classmethod
    def load(cls, value: object) -> DeliveryPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"at", "delivery_id", "member", "state", "version"}))
        return cls(
            delivery_id=text_of(said, "delivery_id"),
            member=text_of(said, "member"),
            version=number_of(said, "version"),
            state=choice_of(said, "state", DeliveryState),
            at=time_of(said, "at"),
        )


@dataclass(frozen=True, kw_only=True)
class CardPart:
    """A signed card that was pinned here at some time, or is the exporter's own."""

    agency: str
    card: str = field(repr=False)

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {"agency": self.agency, "card": self.card}

    @classmethod
    def load(cls, value: object) -> CardPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"agency", "card"}))
        return cls(agency=text_of(said, "agency"), card=text_of(said, "card"))


@dataclass(frozen=True, kw_only=True)
class TrustPart:
    """One item that a verification relied on, as it was kept: entries name it by the SHA-256 of its bytes."""

    kind: TrustKind
    raw: bytes = field(repr=False)

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {"kind": self.kind.value, "raw": b64u(self.raw)}

    @classmethod
    def load(cls, value: object) -> TrustPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"kind", "raw"}))
        return cls(kind=choice_of(said, "kind", TrustKind), raw=unb64u(said["raw"]))


@dataclass(frozen=True, kw_only=True)
class CheckpointPart:
    """One checkpoint: the log's note, the witnesses' lines that follow it, and time stamps over the note.

    `note` and `cosignatures` together are one C2SP checkpoint. `consistency` leads here from the checkpoint
    before in the bundle, and is empty for the first.
    """

    note: str
    cosignatures: str
    consistency: tuple[bytes, ...]
    timestamps: tuple[bytes, ...]

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {
            "note": self.note,
            "cosignatures": self.cosignatures,
            "consistency": [b64u(one) for one in self.consistency],
            "timestamps": [b64u(one) for one in self.timestamps],
        }

    @classmethod
    def load(cls, value: object) -> CheckpointPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"consistency", "cosignatures", "note", "timestamps"}))
        return cls(
            note=text_of(said, "note"),
            cosignatures=text_of(said, "cosignatures"),
            consistency=tuple(unb64u(one, size=32) for one in list_of(said, "consistency")),
            timestamps=tuple(unb64u(one) for one in list_of(said, "timestamps")),
        )


def _as_document(shown: Disclosure) -> dict[str, object]:
    return {"field": shown.field, "value": shown.value, "salt": b64u(shown.salt)}


def _load_disclosure(value: object) -> Disclosure:
    said = members(value, frozenset({"field", "salt", "value"}))
    return Disclosure(field=text_of(said, "field"), value=said["value"], salt=unb64u(said["salt"]))


@dataclass(frozen=True, kw_only=True)
class EntryPart:
    """One entry of the log: its leaf, the head of its C2SP proof, the checkpoint that closes the proof.

    `proof` followed by the checkpoint's note and cosignatures is a C2SP tlog-proof of `leaf`.
    """

    leaf: str
    proof: str
    checkpoint: int
    shown: Shown
    disclosed: tuple[Disclosure, ...] = ()

    def __post_init__(self) -> None:
        hidden = self.shown in {Shown.WITHHELD, Shown.ERASED}
        if hidden is bool(self.disclosed) or not (hidden or self.shown is Shown.DISCLOSED):
            raise ValueError("an entry has not the members that its being shown asks for")
        names = {one.field for one in self.disclosed}
        if len(names) != len(self.disclosed):
            raise ValueError("an entry's field is disclosed twice")
        # One whose subject is kept back could be about another record.
        if self.disclosed and not names >= _ALWAYS_SHOWN:
            raise ValueError("an entry that is disclosed withholds more than its justification")

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return {
            "leaf": self.leaf,
            "proof": self.proof,
            "checkpoint": self.checkpoint,
            "shown": self.shown.value,
            "disclosed": [_as_document(one) for one in self.disclosed],
        }

    @classmethod
    def load(cls, value: object) -> EntryPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"checkpoint", "disclosed", "leaf", "proof", "shown"}))
        return cls(
            leaf=text_of(said, "leaf"),
            proof=text_of(said, "proof"),
            checkpoint=number_of(said, "checkpoint"),
            shown=choice_of(said, "shown", Shown),
            disclosed=all_of(said, "disclosed", _load_disclosure),
        )


def present(**values: object) -> dict[str, object]:
    """Return an object without the members that have no value."""
    return {name: value for name, value in values.items() if value is not None}


def all_of(said: Mapping[str, object], name: str, load: Callable[[object], _T]) -> tuple[_T, ...]:
    """Return the parts that a member lists, each loaded."""
    return tuple(load(value) for value in list_of(said, name))
