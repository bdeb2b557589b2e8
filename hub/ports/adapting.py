"""What partners without a hub are reached through: their formats, their cryptography and their carriers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from hub.entries import ProfileRow
from hub.errors import HubError, Refused


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A record as one partner's document, with what of it is lost there, or only seen by who knows how."""

    document: bytes = field(repr=False)
    dialect: str
    media_type: str
    lost: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What a partner's own rules say of a record: it `refuses` it, or an officer answers the sentence."""

    refuses: bool
    code: str
    sentence: str
    clause: str | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a partner's parcel says, with what its profile decides filled in; `record` is not checked yet.

    `unknown` is what no record has a place for. `signer` is whom its seal proves; None without a seal.
    `named` is what the partner calls the thing in a format without versions: id, version and action are then
    those of a first version, and who knows what came before puts others in their place.
    """

    record: Mapping[str, Any] = field(repr=False)
    dialect: str
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    named: str | None = None
    signer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Sealed bytes under an id; the same bytes come again until they are acknowledged."""

    parcel_id: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """The bytes that go. `key` opens them and nothing else; None without a seal, or where it cannot tell."""

    content: bytes = field(repr=False)
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a partner said of a parcel of ours; `code` is None where it took it. `raw` is as it came."""

    parcel_id: str
    raw: bytes = field(repr=False)
    code: str | None = None
    sentence: str = ""
    digest: bytes | None = None
    signer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Whether a partner's carrier works, with a sentence for people."""

    well: bool
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a profile says, in the words that a custodian confirms.

    `materials` are the names that it takes from what is held, each with its sort and fingerprint.
    """

    adapter: str
    dialect: str
    media_type: str
    kinds: tuple[str, ...]
    seal: str | None
    carrier: str
    receipts: bool
    materials: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Replied:
    """What is said to a partner that called; `refused` is why nothing of what it sent was taken."""

    status: int
    media_type: str
    body: bytes = field(repr=False)
    refused: HubError | None = None


#: The verdict on a parcel: a code and a sentence; without a code it was taken.
Verdict = tuple[str | None, str]


class Adapting(Protocol):
    """The adapters of a hub's partners, composed from their pinned profiles. All but moving is pure.

    Each raises Refused `adapter-unknown` and `adapter-invalid` for a profile that cannot be composed here, as
    when a material it names is not held.
    """

    def examine(self, agency: str, source: str) -> Said:
        """Compose a profile for a partner that need not be pinned yet; return what it says."""
        ...

    def translate(self, partner: ProfileRow, record: Mapping[str, Any]) -> Translated:
        """Return a record as the partner's document. Raises Refused `kind-not-carried`."""
        ...

    def as_stix(self, record: Mapping[str, Any]) -> bytes:
        """Return a record as a bundle of STIX 2.1: for members, who read it beside the record itself."""
        ...

    def remarks(self, partner: ProfileRow, record: Mapping[str, Any], *, on: date) -> Sequence[Remark]:
        """Return what the partner's rules say of sending a record on a day."""
        ...

    def keep_by(self, partner: ProfileRow, record: Mapping[str, Any], *, came: bool) -> date | None:
        """Return until which day the partner's rules let a checked record be kept; None where they say none.

        `came` tells whether it came from the partner, or is ours and goes to it.
        """
        ...

    def seal(self, partner: ProfileRow, document: bytes) -> Sealed:
        """Return the bytes that go: sealed as the profile says, or the document itself."""
        ...

    def key_to(self, partner: ProfileRow, content: bytes) -> bytes | None:
        """Return what opens a parcel that came; None without a seal, or where its seal cannot tell.

        Raises IntegrityFailure `decryption-failed` for what was sealed for a key that is not held any more.
        """
        ...

    def signing_names(self, agency: str, source: str) -> frozenset[str]:
        """Return under which names a profile's text has certificates by which the partner's word counts."""
        ...

    def read(self, partner: ProfileRow, content: bytes, *, record_id: str, at: str) -> Read:
        """Open and interpret a parcel; `record_id` and `at` stand in where it has none of its own.

        Raises PeerFault and IntegrityFailure for what is malformed, hostile or not sealed as agreed.
        """
        ...

    def push(self, partner: ProfileRow, parcel: Parcel) -> None:
        """Hand a parcel over durably; a repeat changes nothing. Raises PeerFault `partner-unreachable`."""
        ...

    def pull(self, partner: ProfileRow, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that wait for us, oldest first."""
        ...

    def acknowledge(
        self, partner: ProfileRow, parcel_id: str, *, code: str | None = None, sentence: str = ""
    ) -> None:
        """Tell the partner that a parcel was taken, or with a code that it was refused."""
        ...

    def answers(self, partner: ProfileRow, *, limit: int) -> Sequence[Answered]:
        """Return receipts for parcels of ours; each comes again until it is settled."""
        ...

    def settle(self, partner: ProfileRow, parcel_id: str) -> None:
        """Tell that a receipt is durable here."""
        ...

    def receive(
        self,
        partner: ProfileRow,
        media_type: str,
        body: bytes,
        *,
        decide: Callable[[Parcel], Verdict | None],
    ) -> Replied:
        """Take a message from a partner that calls, ask for the verdict on its parcel, return what is said.

        Where there is no verdict yet the parcel waits to be pulled. Raises Refused `not-found` for a partner
        whose carrier is not called.
        """
        ...

    def condition(self, partner: ProfileRow) -> Condition:
        """Return whether the partner's carrier works."""
        ...


class NoAdapters:
    """Stands where a process has no adapters: whatever it is asked for, it refuses."""

    def __getattr__(self, name: str) -> Any:
        raise Refused("adapter-unknown", "This process has no adapters.")
