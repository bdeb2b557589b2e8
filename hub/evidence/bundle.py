"""The bundle: one canonical JSON document that its exporter signed as a whole (docs/evidence.md).

What is read here has the form; nothing of it is proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.envelope.canonical import canonical, read_canonical
from hub.envelope.encoding import b64u, choice_of, list_of, members, text_of, time_of
from hub.envelope.jws import Unchecked, read_jws, sign_jws
from hub.envelope.keys import SigningKeys
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure, Refused
from hub.evidence.parcel_parts import ApprovalPart, ParcelPart
from hub.evidence.parts import (
    CardPart,
    CheckpointPart,
    ContentPart,
    DeliveryPart,
    EntryPart,
    EnvelopePart,
    Mode,
    TrustPart,
    all_of,
    present,
)
from hub.records.ids import is_agency, is_id
from hub.records.times import as_text

FORMAT: Final = "hub-evidence/3"
#: What bundles had more with each format; all are still read.
_ADDED: Final = {
    "hub-evidence/1": frozenset[str](),
    "hub-evidence/2": frozenset({"trust"}),
    FORMAT: frozenset({"approvals", "parcels", "transfers", "trust"}),
}
#: What the exporter's signatures say that they are over.
EVIDENCE_TYPE: Final = "hub-evidence+json"
#: A record of the largest size to many recipients, corrected and withdrawn, fits many times.
BUNDLE_MAX_BYTES: Final = 64 * 1024 * 1024
#: The most parts of each sort: verifying a hostile bundle takes a minute at the most.
PARTS_MAX: Final = {
    "approvals": 1024,
    "cards": 256,
    "checkpoints": 64,
    "contents": 256,
    "deliveries": 10_000,
    "entries": 10_000,
    "envelopes": 1024,
    "parcels": 1024,
    "receipts": 4096,
    "transfers": 1024,
    "trust": 4096,
}
#: The most receipts of all parcels together.
PARCEL_RECEIPTS_MAX: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """All that one hub can show of one record's life.

    `receipts` and `transfers` are signed statements, as they came; the latter number what others sent.
    """

    exporter: str
    exported_at: datetime
    exported_by: str
    mode: Mode
    originator: str
    record_id: str
    envelopes: tuple[EnvelopePart, ...]
    contents: tuple[ContentPart, ...]
    receipts: tuple[str, ...]
    deliveries: tuple[DeliveryPart, ...]
    cards: tuple[CardPart, ...]
    origin: str
    checkpoints: tuple[CheckpointPart, ...]
    entries: tuple[EntryPart, ...]
    justification: str | None = None
    trust: tuple[TrustPart, ...] = ()
    parcels: tuple[ParcelPart, ...] = ()
    approvals: tuple[ApprovalPart, ...] = ()
    transfers: tuple[str, ...] = ()
    format: str = FORMAT

    def __post_init__(self) -> None:
        if not (is_agency(self.exporter) and is_agency(self.originator) and is_id(self.record_id)):
            raise ValueError("exporter and originator are ids of agencies, record_id is a UUIDv7")
        for name in _ADDED[FORMAT] - _ADDED[self.format]:
            if getattr(self, name):
                raise ValueError(f"it has {name}, which its format {self.format} does not")
        for name, most in PARTS_MAX.items():
            if len(getattr(self, name)) > most:
                raise ValueError(f"it has {len(getattr(self, name))} {name}; at most {most} are taken")
        if len({part.envelope_id for part in self.envelopes}) != len(self.envelopes):
            raise ValueError("an envelope stands in it twice")
        if len({part.raw for part in self.trust}) != len(self.trust):
            raise ValueError("an item of trust stands in it twice")
        if len(set(self.receipts)) != len(self.receipts):
            raise ValueError("a receipt stands in it twice")
        if len(set(self.transfers)) != len(self.transfers):
            raise ValueError("a transfer statement stands in it twice")
        if len({(one.way, one.agency, one.parcel_id, one.digest) for one in self.parcels}) != len(
            self.parcels
        ):
            raise ValueError("a parcel stands in it twice")
        if (count := sum(len(one.receipts) for one in self.parcels)) > PARCEL_RECEIPTS_MAX:
            raise ValueError(f"its parcels have {count} receipts; at most {PARCEL_RECEIPTS_MAX} are taken")
        if any(not 0 <= entry.checkpoint < len(self.checkpoints) for entry in self.entries):
            raise ValueError("an entry names a checkpoint that is not there")

    def as_document(self) -> dict[str, object]:
        """Return the bundle as JSON holds it."""
        return present(
            format=self.format,
            exporter=self.exporter,
            exported_at=as_text(self.exported_at),
            exported_by=self.exported_by,
            justification=self.justification,
            mode=self.mode.value,
            record={"originator": self.originator, "record_id": self.record_id},
            envelopes=[part.as_document() for part in self.envelopes],
            contents=[part.as_document() for part in self.contents],
            receipts=list(self.receipts),
            deliveries=[part.as_document() for part in self.deliveries],
            cards=[part.as_document() for part in self.cards],
            log={
                "origin": self.origin,
                "checkpoints": [part.as_document() for part in self.checkpoints],
                "entries": [part.as_document() for part in self.entries],
            },
            **{
                name: [part if isinstance(part, str) else part.as_document() for part in getattr(self, name)]
                for name in sorted(_ADDED[self.format])
            },
        )

    @classmethod
    def load(cls, value: object) -> Bundle:
        """Return the bundle of a JSON object; raise ValueError."""
        form = value.get("format") if isinstance(value, dict) else None
        if not isinstance(form, str) or form not in _ADDED:
            raise ValueError(f"its format is not {' or '.join(sorted(_ADDED))}")
        added = _ADDED[form]
        said = members(value, _REQUIRED | added, frozenset({"justification"}))
        record = members(said["record"], frozenset({"originator", "record_id"}))
        log = members(said["log"], frozenset({"checkpoints", "entries", "origin"}))
        return cls(
            exporter=text_of(said, "exporter"),
            exported_at=time_of(said, "exported_at"),
            exported_by=text_of(said, "exported_by"),
            justification=text_of(said, "justification") if "justification" in said else None,
            mode=choice_of(said, "mode", Mode),
            originator=text_of(record, "originator"),
            record_id=text_of(record, "record_id"),
            envelopes=all_of(said, "envelopes", EnvelopePart.load),
            contents=all_of(said, "contents", ContentPart.load),
            receipts=_texts(said, "receipts"),
            deliveries=all_of(said, "deliveries", DeliveryPart.load),
            cards=all_of(said, "cards", CardPart.load),
            origin=text_of(log, "origin"),
            checkpoints=all_of(log, "checkpoints", CheckpointPart.load),
            entries=all_of(log, "entries", EntryPart.load),
            trust=all_of(said, "trust", TrustPart.load) if "trust" in added else (),
            parcels=all_of(said, "parcels", ParcelPart.load) if "parcels" in added else (),
            approvals=all_of(said, "approvals", ApprovalPart.load) if "approvals" in added else (),
            transfers=_texts(said, "transfers") if "transfers" in added else (),
            format=form,
        )

    def can_show(self, name: str) -> bool:
        """Tell whether the format of this bundle has parts of that name."""
        return name in _ADDED[self.format]


def _texts(said: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = list_of(said, name)
    if not all(isinstance(one, str) for one in found):
        raise ValueError(f"one of its {name} is not a text")
    return tuple(map(str, found))


_REQUIRED: Final = frozenset(
    {
        "cards",
        "contents",
        "deliveries",
        "envelopes",
        "exported_at",
        "exported_by",
        "exporter",
        "format",
        "log",
        "mode",
        "receipts",
        "record",
    }
)


@dataclass(frozen=True, kw_only=True)
class SignedBundle:
    """A bundle as read, and its exporter's signatures over it, which nobody has verified yet.

    `signatures` are those as they stand in the file, `jws` the same taken apart.
    """

    bundle: Bundle
    jws: Unchecked
    signatures: object


def write_bundle(bundle: Bundle, keys: SigningKeys, suite: Suite) -> bytes:
    """Return the file: the bundle and the exporter's signatures; raise Refused `evidence-too-large`.

    The payload of the signatures (RFC 7515 appendix F) is the value of `bundle`, which stands there to be
    read and not in base64url.
    """
    document = bundle.as_document()
    signed = read_canonical(sign_jws(canonical(document), typ=EVIDENCE_TYPE, keys=keys, suite=suite))
    assert isinstance(signed, dict)
    raw = canonical({"bundle": document, "signatures": signed["signatures"]})
    if len(raw) > BUNDLE_MAX_BYTES:
        raise Refused(
            "evidence-too-large",
            f"The bundle would have {len(raw)} bytes; at most {BUNDLE_MAX_BYTES} are taken by verifiers.",
        )
    return raw


def read_bundle(raw: bytes) -> SignedBundle:
    """Take a file apart. Every byte of it is in the one canonical spelling, so none is without a meaning.

    Raises IntegrityFailure `evidence-malformed` for what has not the form.
    """
    if len(raw) > BUNDLE_MAX_BYTES:
        raise _malformed(f"it has {len(raw)} bytes; at most {BUNDLE_MAX_BYTES} are taken")
    try:
        said = members(read_canonical(raw), frozenset({"bundle", "signatures"}))
        payload = b64u(canonical(said["bundle"]))
        jws = read_jws(canonical({"payload": payload, "signatures": said["signatures"]}), typ=EVIDENCE_TYPE)
        return SignedBundle(bundle=Bundle.load(said["bundle"]), jws=jws, signatures=said["signatures"])
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error)) from None
    except HubError as error:
        raise _malformed(error.sentence.rstrip(".")) from None


def _malformed(reason: str) -> IntegrityFailure:
    return IntegrityFailure("evidence-malformed", f"The file is no bundle of evidence: {reason}.")
