"""The parts of a bundle that are about partners without a hub (docs/evidence.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from hub.envelope.encoding import b64u, choice_of, list_of, members, number_of, text_of, unb64u
from hub.envelope.header import is_hex_digest
from hub.envelope.manifest import Approval
from hub.evidence.parts import Shown, present
from hub.records.ids import is_agency, is_id

_ID_MAX: Final = 512
_KEY_MAX_BYTES: Final = 4096
_SHOWN: Final = frozenset({Shown.DISCLOSED, Shown.SEALED, Shown.WITHHELD, Shown.ERASED})


class Way(Enum):
    """Whether a parcel went to a partner without a hub, or came from one."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, kw_only=True)
class ParcelPart:
    """One parcel. `digest` is the SHA-256 (hex) of its bytes, as they were handed over.

    `content` are those bytes; DISCLOSED ones are the document itself, or `content_key` opens them; what opens
    SEALED ones was not kept. Of one that was sent, `statement` is ours, `losses` the recipient's item of the
    report that was released, `receipts` what came back. An erased one has none of all this.
    """

    parcel_id: str
    agency: str
    version: int
    way: Way
    shown: Shown
    digest: str | None = None
    content: bytes | None = field(default=None, repr=False)
    content_key: bytes | None = field(default=None, repr=False)
    statement: str | None = field(default=None, repr=False)
    losses: Mapping[str, object] | None = field(default=None, repr=False)
    receipts: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.parcel_id) <= _ID_MAX or not is_agency(self.agency) or self.version < 1:
            raise ValueError("a parcel has an id, a partner, and a version of 1 or more")
        if self.way is Way.SENT and not is_id(self.parcel_id):
            raise ValueError("the id of a parcel that was sent is a UUIDv7")
        if self.shown not in _SHOWN:
            raise ValueError("a parcel is disclosed, sealed, withheld or erased")
        if (self.digest is None) is not (self.shown is Shown.ERASED):
            raise ValueError("a parcel has a digest unless it was erased")
        if self.digest is not None and not is_hex_digest(self.digest):
            raise ValueError("a parcel's digest is a SHA-256 in lowercase hex")
        if (self.content is not None) is not (self.shown in {Shown.DISCLOSED, Shown.SEALED}):
            raise ValueError("a parcel has not the members that its being shown asks for")
        if self.content_key is not None and self.shown is not Shown.DISCLOSED:
            raise ValueError("what opens a parcel is there where it is disclosed, and nowhere else")
        if self.content_key is not None and not 0 < len(self.content_key) <= _KEY_MAX_BYTES:
            raise ValueError(f"what opens a parcel has from 1 to {_KEY_MAX_BYTES} bytes")
        said = self.statement is not None or self.losses is not None or bool(self.receipts)
        if said and (self.way is Way.RECEIVED or self.shown is Shown.ERASED):
            raise ValueError("only of a parcel that was sent, and not erased, more is said")
        if self.losses is not None and self.shown is Shown.WITHHELD:
            raise ValueError("the losses of a parcel that is withheld are withheld too")
        if len(set(self.receipts)) != len(self.receipts):
            raise ValueError("a parcel's receipt stands in it twice")

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return present(
            parcel_id=self.parcel_id,
            agency=self.agency,
            version=self.version,
            way=self.way.value,
            shown=self.shown.value,
            digest=self.digest,
            content=None if self.content is None else b64u(self.content),
            content_key=None if self.content_key is None else b64u(self.content_key),
            statement=self.statement,
            losses=None if self.losses is None else dict(self.losses),
            receipts=[b64u(one) for one in self.receipts],
        )

    @classmethod
    def load(cls, value: object) -> ParcelPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(
            value,
            frozenset({"agency", "parcel_id", "receipts", "shown", "version", "way"}),
            frozenset({"content", "content_key", "digest", "losses", "statement"}),
        )
        losses = said.get("losses")
        if losses is not None and not isinstance(losses, dict):
            raise ValueError("a parcel's losses are not an object")
        return cls(
            parcel_id=text_of(said, "parcel_id"),
            agency=text_of(said, "agency"),
            version=number_of(said, "version"),
            way=choice_of(said, "way", Way),
            shown=choice_of(said, "shown", Shown),
            digest=text_of(said, "digest") if "digest" in said else None,
            content=unb64u(said["content"]) if "content" in said else None,
            content_key=unb64u(said["content_key"]) if "content_key" in said else None,
            statement=text_of(said, "statement") if "statement" in said else None,
            losses=losses,
            receipts=tuple(unb64u(one) for one in list_of(said, "receipts")),
        )


@dataclass(frozen=True, kw_only=True)
class ApprovalPart:
    """One approval of a version that went in parcels; envelopes carry theirs themselves.

    `answers` are what the officer answered and read, with the `salt` under which the signed statement commits
    to them; both are absent where they are withheld or were not kept.
    """

    version: int
    approval: Approval
    salt: str | None = field(default=None, repr=False)
    answers: Sequence[Mapping[str, object]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.version < 1 or (self.salt is None) is not (self.answers is None):
            raise ValueError("an approval has a version of 1 or more, and answers with their salt or neither")
        if self.salt is not None:
            unb64u(self.salt, size=32)

    def as_document(self) -> dict[str, object]:
        """Return the part as JSON holds it."""
        return present(
            version=self.version,
            approval=self.approval.as_document(),
            salt=self.salt,
            answers=None if self.answers is None else [dict(one) for one in self.answers],
        )

    @classmethod
    def load(cls, value: object) -> ApprovalPart:
        """Return the part of a JSON object; raise ValueError."""
        said = members(value, frozenset({"approval", "version"}), frozenset({"answers", "salt"}))
        answers = None
        if "answers" in said:
            answers = []
            for one in list_of(said, "answers"):
                if not isinstance(one, dict):
                    raise ValueError("an answer is not an object")
                answers.append(one)
        return cls(
            version=number_of(said, "version"),
            approval=Approval.load(said["approval"]),
            salt=text_of(said, "salt") if "salt" in said else None,
            answers=answers,
        )
