"""What the originator signs about a record beside the record itself: to whom, why, and by whose decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.envelope.approvals import Signed, commitment, verify
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import (
    b64u,
    choice_of,
    list_of,
    members,
    number_of,
    text_of,
    texts_of,
    time_of,
    unb64u,
)
from hub.envelope.header import HEADER_MEMBERS, Header, is_hex_digest
from hub.envelope.suites import Suite
from hub.records.ids import is_id
from hub.records.times import as_text

#: The hubs' own dialect: the content is the record's document.
RECORD_JSON: Final = "record-json/1"

#: The bounds of an attachment's chunks: a peer names their size, and a reader holds two of them.
CHUNK_MIN_BYTES: Final = 1024
CHUNK_MAX_BYTES: Final = 16 * 1024 * 1024
#: How much longer an encrypted chunk is.
CHUNK_TAG_BYTES: Final = 16
ATTACHMENT_KEY_BYTES: Final = 32

_DIGEST_BYTES: Final = 32
_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DIALECT: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}/[1-9][0-9]{0,3}")
_REQUIRED: Final = HEADER_MEMBERS | {
    "action",
    "approvals",
    "dialect",
    "kind",
    "label_digest",
    "purpose",
    "record_id",
    "version",
}
_OPTIONAL: Final = frozenset({"in_reply_to"})
_APPROVAL: Final = frozenset({"at", "by", "digest"})
_SIGNED: Final = frozenset({"signed"})
_SECRET: Final = frozenset({"chunk_bytes", "digest", "key", "plain_bytes", "plain_digest", "size_bytes"})


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One decision to release: who, when, and the digest of the content that was read (base64url).

    `signed` is the officer's own signature; a rule has none, nor an officer without a key of their own.
    """

    by: str
    at: datetime
    digest: str
    signed: Signed | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.by) <= 128:
            raise ValueError("who approved is named in 1 to 128 characters")
        unb64u(self.digest, size=_DIGEST_BYTES)

    def as_document(self) -> dict[str, object]:
        """Return the approval as JSON holds it."""
        document: dict[str, object] = {"at": as_text(self.at), "by": self.by, "digest": self.digest}
        return document if self.signed is None else document | {"signed": self.signed.as_document()}

    @classmethod
    def load(cls, value: object) -> Approval:
        """Return the approval of a JSON object; raise ValueError."""
        entry = members(value, _APPROVAL, _SIGNED)
        return cls(
            by=text_of(entry, "by"),
            at=time_of(entry, "at"),
            digest=text_of(entry, "digest"),
            signed=Signed.load(entry["signed"]) if "signed" in entry else None,
        )

    def contradiction(self, manifest: Manifest) -> str | None:
        """Return a sentence about what the officer signed differently from the manifest, or None."""
        if self.signed is None:
            return None
        try:
            said = verify(self.signed.jws, self.signed.key)
        except ValueError as error:
            return f"The approval of {self.by} cannot be used: {error}."
        stated = (said.originator, said.record_id, said.version, said.digest, said.label_digest)
        carried = (
            manifest.originator,
            manifest.record_id,
            manifest.version,
            self.digest,
            manifest.label_digest,
        )
        if stated != carried or (said.by, said.at) != (self.by, self.at):
            return f"{self.by} signed an approval of something else."
        salts = dict(self.signed.openings)
        for agency in manifest.recipients:
            if agency not in salts or commitment(salts[agency], agency) not in said.recipients:
                return f"{self.by} did not approve it for {agency}."
        return None


@dataclass(frozen=True, kw_only=True)
class AttachmentSecret:
    """What opens one encrypted attachment: its key and chunk size, and the digests of both forms."""

    digest: str
    size_bytes: int
    plain_digest: str
    plain_bytes: int
    chunk_bytes: int
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not (is_hex_digest(self.digest) and is_hex_digest(self.plain_digest)):
            raise ValueError("an attachment's digests are SHA-256 in lowercase hex")
        if len(self.key) != ATTACHMENT_KEY_BYTES:
            raise ValueError(f"an attachment's key has {ATTACHMENT_KEY_BYTES} bytes")
        if not CHUNK_MIN_BYTES <= self.chunk_bytes <= CHUNK_MAX_BYTES:
            raise ValueError(f"chunk_bytes is from {CHUNK_MIN_BYTES} to {CHUNK_MAX_BYTES}")
        if self.plain_bytes < 0 or self.size_bytes != encrypted_size(self.plain_bytes, self.chunk_bytes):
            raise ValueError("an attachment's sizes do not belong together")

    def as_document(self) -> dict[str, object]:
        """Return the secret as JSON holds it, the key included."""
        return {
            "chunk_bytes": self.chunk_bytes,
            "digest": self.digest,
            "key": b64u(self.key),
            "plain_bytes": self.plain_bytes,
            "plain_digest": self.plain_digest,
            "size_bytes": self.size_bytes,
        }

    @classmethod
    def load(cls, value: object) -> AttachmentSecret:
        """Return the secret of a JSON object; raise ValueError."""
        entry = members(value, _SECRET)
        return cls(
            digest=text_of(entry, "digest"),
            size_bytes=number_of(entry, "size_bytes"),
            plain_digest=text_of(entry, "plain_digest"),
            plain_bytes=number_of(entry, "plain_bytes"),
            chunk_bytes=number_of(entry, "chunk_bytes"),
            key=unb64u(entry["key"]),
        )


def encrypted_size(plain_bytes: int, chunk_bytes: int) -> int:
    """Return how many bytes an attachment has once encrypted; an empty one is one empty chunk."""
    return plain_bytes + CHUNK_TAG_BYTES * max(1, -(-plain_bytes // chunk_bytes))


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The signed statement of one envelope. Its first part stands in the header too, and must be the same.

    `label_digest` is that of the content's canonical label (base64url). `attachments` hold keys: the
    manifest travels sealed, and is never logged.
    """

    envelope_id: str
    originator: str
    recipients: tuple[str, ...]
    suite: Suite
    created_at: datetime
    expires_at: datetime
    priority: str
    conversation: str
    purpose: str
    label_digest: str
    record_id: str
    version: int
    kind: str
    action: str
    in_reply_to: str | None = None
    dialect: str = RECORD_JSON
    approvals: tuple[Approval, ...] = ()
    attachments: tuple[AttachmentSecret, ...] = ()
    header: Header = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        header = Header(
            envelope_id=self.envelope_id,
            originator=self.originator,
            recipients=self.recipients,
            suite=self.suite,
            created_at=self.created_at,
            expires_at=self.expires_at,
            priority=self.priority,
            conversation=self.conversation,
            attachments=tuple((secret.digest, secret.size_bytes) for secret in self.attachments),
        )
        object.__setattr__(self, "header", header)
        if not (is_id(self.record_id) and (self.in_reply_to is None or is_id(self.in_reply_to))):
            raise ValueError("record_id and in_reply_to are UUIDv7 in lowercase")
        if self.version < 1:
            raise ValueError("version is 1 or more")
        if not all(_WORD.fullmatch(word) for word in (self.purpose, self.kind, self.action)):
            raise ValueError("purpose, kind and action are lowercase words joined by hyphens")
        if not _DIALECT.fullmatch(self.dialect):
            raise ValueError("dialect is a name and a version such as record-json/1")
        unb64u(self.label_digest, size=_DIGEST_BYTES)

    def as_document(self) -> dict[str, object]:
        """Return the manifest as JSON holds it."""
        document = self.header.as_members() | {
            "action": self.action,
            "approvals": [approval.as_document() for approval in self.approvals],
            "attachments": [secret.as_document() for secret in self.attachments],
            "dialect": self.dialect,
            "kind": self.kind,
            "label_digest": self.label_digest,
            "purpose": self.purpose,
            "record_id": self.record_id,
            "version": self.version,
        }
        return document if self.in_reply_to is None else document | {"in_reply_to": self.in_reply_to}

    @classmethod
    def load(cls, value: object) -> Manifest:
        """Return the manifest of a JSON object; raise ValueError."""
        document = members(value, _REQUIRED, _OPTIONAL)
        return cls(
            envelope_id=text_of(document, "envelope_id"),
            originator=text_of(document, "originator"),
            recipients=texts_of(document, "recipients"),
            suite=choice_of(document, "suite", Suite),
            created_at=time_of(document, "created_at"),
            expires_at=time_of(document, "expires_at"),
            priority=text_of(document, "priority"),
            conversation=text_of(document, "conversation"),
            purpose=text_of(document, "purpose"),
            label_digest=text_of(document, "label_digest"),
            record_id=text_of(document, "record_id"),
            version=number_of(document, "version"),
            kind=text_of(document, "kind"),
            action=text_of(document, "action"),
            in_reply_to=text_of(document, "in_reply_to") if "in_reply_to" in document else None,
            dialect=text_of(document, "dialect"),
            approvals=tuple(map(Approval.load, list_of(document, "approvals"))),
            attachments=tuple(map(AttachmentSecret.load, list_of(document, "attachments"))),
        )

    def contradiction(self, content: Mapping[str, object], content_digest: bytes) -> str | None:
        """Return a sentence about what the manifest says differently from the content, or None.

        What is decided from the manifest then holds for the content: nobody signs a harmless manifest
        over another record. Other dialects than the hubs' own are compared after translation.
        """
        if self.dialect != RECORD_JSON:
            return None
        expected = b64u(content_digest)
        if any(approval.digest != expected for approval in self.approvals):
            return "An approval was given for other content."
        for approval in self.approvals:
            if (why := approval.contradiction(self)) is not None:
                return why
        stated = {
            "id": self.record_id,
            "version": self.version,
            "kind": self.kind,
            "action": self.action,
            "purpose": self.purpose,
            "conversation": self.conversation,
            "in_reply_to": self.in_reply_to,
        }
        for name, value in stated.items():
            # To Python, true is 1.
            if content.get(name) != value or content.get(name) is True:
                return f"The manifest and the content differ in {name}."
        if self.label_digest != b64u(digest(canonical(content.get("label")))):
            return "The manifest was made for another label than the content has."
        return None
