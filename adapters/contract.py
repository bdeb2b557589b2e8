"""What an adapter is: a dialect, the partner's rules and, where hubs do not carry, a seal and a carrier.

The dialect turns a record into the partner's document and back, the rules say what this partner takes, the
seal is the partner's own cryptography, the carrier moves sealed bytes. All but the carrier are pure. Between
hubs the envelope is the seal and `hub.ports.Carrier` moves it, so an adapter needs neither.

`hub adapter check NAME` proves what is promised here; `docs/writing-an-adapter.md` leads through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cryptography.x509 import Certificate

from hub.errors import HubError
from hub.records.kinds import Kind

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A record in the partner's format, and the loss report.

    `lost` are the paths of what the format cannot carry, such as `subjects[0].look`: none of it is in
    `document`, and all else comes back equal from `interpret`. `aside` are paths that only a reader who knows
    our extension of the format sees.
    """

    document: bytes = field(repr=False)
    lost: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What a partner's document says, as far as a record has a place for it.

    `record` need not be whole: what the format cannot say is absent, and `adapters.completing` adds what the
    agreement decides. `unknown` keeps the rest, path by path, in the words of the document. `versions` names
    each object that the document versions, with a digest of its content: what comes again with the same
    name must have the same digest (`adapters.versions`). `named` is what the partner calls the thing itself,
    in a format that numbers no versions: what comes again under it is the next version of the record that
    came before, a correction if its content differs. A record with an id or version of its own has none.
    """

    record: Mapping[str, Any] = field(repr=False)
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    named: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name for what the document itself numbers."""
        if self.named is not None and not self.record.keys().isdisjoint(("id", "version")):
            raise ValueError("what has an id or a version in its document is not told apart by a name")


class Dialect(Protocol):
    """A partner's document format. Pure: the same record always makes the same bytes."""

    @property
    def name(self) -> str:
        """Return the name and version that the signed manifest carries, such as `record-json/1`."""
        ...

    @property
    def media_type(self) -> str: ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """Return the kinds of record that the format has a place for."""
        ...

    def translate(self, record: Mapping[str, Any]) -> Translation:
        """Translate a loaded record's document. Raises Refused `kind-not-carried`."""
        ...

    def interpret(self, document: bytes) -> Interpretation:
        """Read a document that may be hostile.

        Raises PeerFault `partner-document-malformed`, `-hostile` or `-too-large`, IntegrityFailure
        `partner-document-ambiguous`; never half of a document is returned.
        """
        ...


class Weight(Enum):
    """What a finding means for the release."""

    REFUSES = "refuses"
    ASKS = "asks"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a partner's rules say of a record: it may not go, or an officer must answer a question first."""

    weight: Weight
    code: str
    sentence: str
    clause: str | None = None
    path: str | None = None


class Rules(Protocol):
    """What a partner takes beyond what the agreement allows: fields, deadlines, conditions of its own."""

    def check(self, record: Mapping[str, Any], *, on: date) -> Sequence[Finding]:
        """Return what stands against sending a record on a day, or must be answered before."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """Rules that also say how long a record may be kept, whatever its agreement says."""

    def delete_by(self, record: Mapping[str, Any], *, came: bool) -> date | None:
        """Return the last day on which a record may be kept here; None where the rules say none.

        `came` tells whether it came from the partner, or is ours and goes to it. Pure. A day that is past
        refuses nothing: what came is taken, and erased at the next look.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What was in a sealed parcel, and who sealed it as the partner's cryptography proves it."""

    document: bytes = field(repr=False)
    signer: str


class Seal(Protocol):
    """The partner's own cryptography; its keys were handed over when it was made."""

    def seal(self, document: bytes) -> bytes:
        """Return the bytes that only the partner opens and that prove us to it."""
        ...

    def open(self, sealed: bytes) -> Opened:
        """Open and verify. Raises IntegrityFailure `decryption-failed`, `signature-invalid` or `-missing`."""
        ...


@runtime_checkable
class Showable(Protocol):
    """A seal whose parcels can be shown to others later, as evidence: each is opened by a key of its own."""

    def seal_showably(self, document: bytes) -> tuple[bytes, bytes]:
        """Return what `seal` does, and what opens these bytes and no others."""
        ...

    def key_to(self, sealed: bytes) -> bytes:
        """Return what opens a parcel that came for us; raise IntegrityFailure `decryption-failed`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Sealed bytes under a stable id: a retry carries the same bytes under the same id."""

    parcel_id: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one side says of a parcel that it pulled: taken durably, or refused with a code."""

    taken: bool
    code: str | None = None
    sentence: str = ""

    def __post_init__(self) -> None:
        """Refuse a refusal without its code, and a code without a refusal."""
        if self.taken is not (self.code is None):
            raise ValueError("a refusal has a code, and nothing else has")


@dataclass(frozen=True, kw_only=True)
class PartnerReceipt:
    """What came back for a parcel of ours, as the partner's own bytes say it: kept as evidence.

    `digest` is the SHA-256 of the sealed bytes that the receipt names, where it names any: the hub compares.
    `signer` is whom a signature that the carrier verified proves; None where receipts are not signed.
    """

    parcel_id: str
    verdict: Verdict
    raw: bytes = field(repr=False)
    digest: bytes | None = None
    signer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the far side can be reached, with a sentence for people."""

    well: bool
    sentence: str


class Carrier(Protocol):
    """A way to move parcels. Moves each at least once; who pulls removes what comes again.

    Raises PeerFault `partner-unreachable` or `partner-misbehaved`.
    """

    def push(self, parcel: Parcel) -> None:
        """Hand a parcel over durably. A second push of the same parcel changes nothing."""
        ...

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that wait for us, oldest first; each comes again until it is acknowledged."""
        ...

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Give the partner a receipt, after what was pulled is durable here. A repeat changes nothing."""
        ...

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return receipts for parcels that we pushed; each comes again until it is `settled`."""
        ...

    def settle(self, parcel_id: str) -> None:
        """Tell that the receipt for a parcel is durable here and need not come again."""
        ...

    def health(self) -> Health: ...


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is said to a partner that calls us; `refused` is why nothing was taken, for the log."""

    status: int
    media_type: str
    body: bytes = field(repr=False)
    refused: HubError | None = None


@runtime_checkable
class Called(Protocol):
    """A carrier whose partner calls us, over HTTP. Several threads may call it at once."""

    def receive(self, media_type: str, body: bytes, *, decide: Callable[[Parcel], Verdict | None]) -> Reply:
        """Take a message durably, ask for the verdict on its parcel, and return what is said to the partner.

        Where there is no verdict yet the parcel waits to be pulled.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What one of a partner's public lists holds now: each document once, with its number.

    `missing` is how many the partner has and does not let anyone reach: while it is above 0, absence from the
    list says nothing. `documents` are fetched as they are taken, and may raise as a carrier does.
    """

    found: int
    missing: int
    documents: Iterator[tuple[str, bytes]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One way to exchange records with one sort of partner. `options` is its profile, as it was read.

    `letter` writes a record on paper, as PDF, where the partner's treaty asks for written form.
    `intake` reads one of the partner's public lists by its name, from a server whose certificate is under one
    of some authorities; with none given, under one of those that this machine trusts.
    `rehearse` makes both ends of the carrier in an empty folder, for the conformance kit.
    """

    name: str
    about: str
    dialect: Dialect
    rules: Rules
    max_document_bytes: int
    seal: Seal | None = None
    carrier: Carrier | None = None
    letter: Callable[[Mapping[str, Any]], Translation] | None = None
    intake: Callable[[str, Sequence[Certificate]], Intake] | None = None
    rehearse: Callable[[Path], tuple[Carrier, Carrier]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class Materials(Protocol):
    """What a hub hands to a carrier or a seal of one partner. Names are those that the profile gives them.

    Each raises Refused `adapter-invalid` for a name that the hub holds nothing under.
    """

    @property
    def us(self) -> str:
        """Return our agency."""
        ...

    @property
    def them(self) -> str:
        """Return the partner's agency."""
        ...

    def private_key(self, name: str) -> PrivateKeyTypes:
        """Return a key of ours that was made or taken in for this partner."""
        ...

    def certificates(self, name: str) -> Sequence[x509.Certificate]:
        """Return certificates that a custodian pinned: the leaf first, or authorities."""
        ...

    def secret(self, name: str) -> bytes:
        """Return a password or token that the partner gave us."""
        ...

    def folder(self) -> Path:
        """Return a folder of its own for state that must last: cursors, what waits for a receipt."""
        ...


#: What an entry point of the group `hub.adapters` names; it is given the options of the partner's profile.
Maker = Callable[[Mapping[str, Any]], Adapter]
#: What entry points of the groups `hub.carriers` and `hub.seals` name; options are the profile's table.
CarrierMaker = Callable[[Mapping[str, Any], Materials], Carrier]
SealMaker = Callable[[Mapping[str, Any], Materials], Seal]
