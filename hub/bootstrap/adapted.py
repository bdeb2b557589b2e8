"""Partners without a hub, through their adapters: composed from the pinned profile and what is held."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters import contract, registry
from adapters.carriers.taxii_server import Counter
from adapters.completing import complete, completed
from adapters.composing import compose
from adapters.profiles import invalid, parse_profile
from adapters.showing.names import signing_names
from hub.bootstrap.materials import HeldMaterials
from hub.entries import ProfileRow
from hub.errors import HubError, OurFault, PeerFault, Refused
from hub.ports import (
    Answered,
    Condition,
    Keyring,
    Parcel,
    Read,
    Remark,
    Replied,
    Said,
    Sealed,
    Store,
    Translated,
)

#: Composed adapters that are kept; a hub has fewer partners.
_KEPT_MAX: Final = 256
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class _Composed:
    """One partner's adapter. Its carrier is used by one thread at a time: that is all a carrier need bear."""

    adapter: contract.Adapter
    decides: Mapping[str, Any]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def carrier(self) -> contract.Carrier:
        """Return the carrier, which every pinned profile names."""
        if self.adapter.carrier is None:
            raise invalid("it names no carrier")
        return self.adapter.carrier


@cache
def _stix() -> contract.Dialect:
    return registry.make("bilateral-stix").dialect


def no_counter(agency: str) -> Counter:
    """Refuse: nothing is served here."""
    raise invalid(f"nothing is served here at which {agency} could collect")


class Adapters:
    """Implements `hub.ports.Adapting`.

    An adapter is composed anew when its profile, or anything in the directory that it may hang on, changes.
    """

    def __init__(
        self,
        *,
        agency: str,
        store: Store,
        keyring: Keyring,
        folder: Path,
        counters: Callable[[str], Counter] = no_counter,
    ) -> None:
        self._agency = agency
        self._store = store
        self._keyring = keyring
        self._folder = folder
        self._counters = counters
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[int, _Composed]] = {}

    def examine(self, agency: str, source: str) -> Said:
        """Compose a profile; raise Refused where it cannot be used, or names no carrier."""
        profile = parse_profile(source)
        materials = self._materials(agency)
        adapter = compose(profile, materials)
        if adapter.carrier is None:
            raise invalid("it names no [carrier]; a partner without a hub is reached by one")
        complete({}, _decides(profile), record_id="", at="")
        return Said(
            adapter=adapter.name,
            dialect=adapter.dialect.name,
            media_type=adapter.dialect.media_type,
            kinds=tuple(sorted(kind.value for kind in adapter.dialect.kinds)),
            seal=None if adapter.seal is None else str(profile["seal"]["name"]),
            carrier=str(profile["carrier"]["name"]),
            receipts=profile.get("receipts", "expected") != "none",
            materials=tuple(
                (row.name, row.sort, row.fingerprint)
                for row in materials.held.values()
                if (row.name, row.sort) in materials.asked
            ),
        )

    def translate(self, partner: ProfileRow, record: Mapping[str, Any]) -> Translated:
        """Return a record as the partner's document. Of attachments no adapter carries the bytes."""
        dialect = self._composed(partner).adapter.dialect
        made = _ours(lambda: dialect.translate(record))
        lost = set(made.lost) | {
            f"attachments[{place}].content" for place in range(len(record.get("attachments", ())))
        }
        return Translated(
            document=made.document,
            dialect=dialect.name,
            media_type=dialect.media_type,
            lost=tuple(sorted(lost)),
            aside=tuple(sorted(made.aside)),
        )

    def as_stix(self, record: Mapping[str, Any]) -> bytes:
        """Return a record as a bundle of STIX 2.1."""
        return _stix().translate(record).document

    def remarks(self, partner: ProfileRow, record: Mapping[str, Any], *, on: date) -> Sequence[Remark]:
        """Return what the partner's rules say of sending a record on a day."""
        rules = self._composed(partner).adapter.rules
        return [
            Remark(
                refuses=one.weight is contract.Weight.REFUSES,
                code=one.code,
                sentence=one.sentence,
                clause=one.clause,
                path=one.path,
            )
            for one in _ours(lambda: rules.check(record, on=on))
        ]

    def keep_by(self, partner: ProfileRow, record: Mapping[str, Any], *, came: bool) -> date | None:
        """Return until which day the partner's own rules let a record be kept."""
        rules = self._composed(partner).adapter.rules
        if not isinstance(rules, contract.Keeping):
            return None
        if not came:
            return _ours(lambda: rules.delete_by(record, came=False))
        with _theirs("partner-document-malformed", "How long it may be kept cannot be told"):
            return rules.delete_by(record, came=True)

    def seal(self, partner: ProfileRow, document: bytes) -> Sealed:
        """Return the bytes that go, and what opens them."""
        seal = self._composed(partner).adapter.seal
        if seal is None:
            return Sealed(content=document)
        if isinstance(seal, contract.Showable):
            content, key = _ours(lambda: seal.seal_showably(document))
            return Sealed(content=content, key=key)
        return Sealed(content=_ours(lambda: seal.seal(document)))

    def key_to(self, partner: ProfileRow, content: bytes) -> bytes | None:
        """Return what opens a parcel that came."""
        seal = self._composed(partner).adapter.seal
        return _ours(lambda: seal.key_to(content)) if isinstance(seal, contract.Showable) else None

    def signing_names(self, agency: str, source: str) -> frozenset[str]:
        """Return under which names a profile's text has certificates by which the partner's word counts."""
        return signing_names(agency, source)

    def read(self, partner: ProfileRow, content: bytes, *, record_id: str, at: str) -> Read:
        """Open and interpret a parcel, and fill in what the profile decides."""
        composed = self._composed(partner)
        with _theirs("partner-document-malformed", "The document cannot be read"):
            return _read(composed, partner.agency, content, record_id=record_id, at=at)

    def push(self, partner: ProfileRow, parcel: Parcel) -> None:
        """Hand a parcel over."""
        with self._moving(partner) as carrier:
            carrier.push(contract.Parcel(parcel_id=parcel.parcel_id, content=parcel.content))

    def pull(self, partner: ProfileRow, *, limit: int) -> Sequence[Parcel]:
        """Return parcels that wait for us."""
        with self._moving(partner) as carrier:
            return [Parcel(parcel_id=one.parcel_id, content=one.content) for one in carrier.pull(limit=limit)]

    def acknowledge(
        self, partner: ProfileRow, parcel_id: str, *, code: str | None = None, sentence: str = ""
    ) -> None:
        """Tell the partner what became of a parcel."""
        verdict = contract.Verdict(taken=code is None, code=code, sentence=sentence)
        with self._moving(partner) as carrier:
            carrier.acknowledge(parcel_id, verdict)

    def answers(self, partner: ProfileRow, *, limit: int) -> Sequence[Answered]:
        """Return receipts for parcels of ours."""
        with self._moving(partner) as carrier:
            return [
                Answered(
                    parcel_id=one.parcel_id,
                    raw=one.raw,
                    code=one.verdict.code,
                    sentence=one.verdict.sentence,
                    digest=one.digest,
                    signer=one.signer,
                )
                for one in carrier.receipts(limit=limit)
            ]

    def settle(self, partner: ProfileRow, parcel_id: str) -> None:
        """Tell that a receipt is durable here."""
        with self._moving(partner) as carrier:
            carrier.settle(parcel_id)

    def receive(
        self,
        partner: ProfileRow,
        media_type: str,
        body: bytes,
        *,
        decide: Callable[[Parcel], tuple[str | None, str] | None],
    ) -> Replied:
        """Take a message from a partner that calls; what its carrier does meanwhile is not waited for."""
        carrier = self._composed(partner).carrier
        if not isinstance(carrier, contract.Called):
            raise Refused("not-found", "Nothing is taken from this partner here.")

        def decided(parcel: contract.Parcel) -> contract.Verdict | None:
            told = decide(Parcel(parcel_id=parcel.parcel_id, content=parcel.content))
            return (
                None
                if told is None
                else contract.Verdict(taken=told[0] is None, code=told[0], sentence=told[1])
            )

        with _theirs("partner-document-malformed", "The message cannot be read"):
            reply = carrier.receive(media_type, body, decide=decided)
        return Replied(
            status=reply.status, media_type=reply.media_type, body=reply.body, refused=reply.refused
        )

    def condition(self, partner: ProfileRow) -> Condition:
        """Return whether the partner's carrier works."""
        try:
            with self._moving(partner) as carrier:
                found = carrier.health()
        except HubError as error:
            return Condition(well=False, sentence=error.sentence)
        return Condition(well=found.well, sentence=found.sentence)

    @contextmanager
    def _moving(self, partner: ProfileRow) -> Iterator[contract.Carrier]:
        composed = self._composed(partner)
        with composed.lock, _theirs("partner-misbehaved", "The carrier failed"):
            yield composed.carrier

    def _composed(self, partner: ProfileRow) -> _Composed:
        key = partner.agency, partner.digest
        with self._store.read() as view:
            generation = view.directory.generation()
        with self._lock:
            found = self._kept.get(key)
        if found is not None and found[0] == generation:
            return found[1]
        profile = parse_profile(partner.source)
        made = _Composed(adapter=compose(profile, self._materials(partner.agency)), decides=_decides(profile))
        with self._lock:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[key] = generation, made
        return made

    def _materials(self, agency: str) -> HeldMaterials:
        with self._store.read() as view:
            rows = view.hubless.materials(agency)
        return HeldMaterials(
            us=self._agency,
            them=agency,
            state=self._folder / agency,
            store=self._store,
            keyring=self._keyring,
            held={(row.name, row.sort): row for row in rows},
            counters=self._counters,
        )


def _decides(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    decides = profile.get("decides", {})
    if not isinstance(decides, dict):
        raise invalid("decides: expected a table")
    return decides


def _read(composed: _Composed, agency: str, content: bytes, *, record_id: str, at: str) -> Read:
    adapter, signer = composed.adapter, None
    document = content
    if adapter.seal is not None:
        opened = adapter.seal.open(content)
        document, signer = opened.document, opened.signer
    if len(document) > adapter.max_document_bytes:
        raise PeerFault(
            "partner-document-too-large",
            f"The document has {len(document):,} bytes; at most {adapter.max_document_bytes:,} are taken.",
        )
    said = adapter.dialect.interpret(document)
    record, unknown = completed(said, composed.decides, agency, record_id=record_id, at=at)
    return Read(
        record=record,
        dialect=adapter.dialect.name,
        unknown=unknown,
        versions=said.versions,
        named=said.named,
        signer=signer,
    )


def _ours(act: Callable[[], Result]) -> Result:
    """Run an adapter over what is ours: what is not a failure of the contract is a fault of the adapter."""
    try:
        return act()
    except HubError:
        raise
    except Exception as error:
        raise OurFault("internal", f"The adapter failed ({type(error).__name__}).") from error


@contextmanager
def _theirs(code: str, sentence: str) -> Iterator[None]:
    """Run an adapter over what is the partner's: whatever it makes of that is the partner's fault."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        raise PeerFault(code, f"{sentence} ({type(error).__name__}).") from error
