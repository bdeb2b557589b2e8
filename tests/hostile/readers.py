"""Every reader of what others write, by its name: what it is given, and documents that it takes.

Keys and times are fixed, so that the same seed damages the same bytes. Where a document is signed, the reader
of what is inside signs the damage first: otherwise nothing behind the signature would ever be reached.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from adapters import registry
from adapters.carriers.as4.messages import unpack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.sealing import compress
from adapters.carriers.as4.signing import canonical_form
from adapters.carriers.as4.soap import read_envelope as read_soap
from adapters.carriers.mail.naming import Naming
from adapters.carriers.mail.reading import read_message
from adapters.carriers.sftp.manifests import read_manifest
from adapters.carriers.verdicts import read_verdict
from adapters.completing import complete
from adapters.contract import Adapter
from adapters.profiles import parse_profile, text
from adapters.reading import read_xml
from adapters.seals.smime.encrypting import decrypt, encrypt
from adapters.un_list import read_list
from hub.api.strict_json import loads
from hub.envelope.bundles import BUNDLE_TYPE, verify_bundle
from hub.envelope.canonical import canonical
from hub.envelope.encoding import unb64u
from hub.envelope.jws import sign_jws
from hub.envelope.receipts import verify_receipt
from hub.envelope.suites import Suite
from hub.exchange.hubless.unplaced import words_of
from hub.exchange.taxii.objects import read_objects
from hub.federation.card import CARD_TYPE, read_card
from hub.policy.agreements import load_agreement
from hub.policy.cases import load_table
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.carriers.as4 import test_vectors as as4
from tests.adapters.carriers.as4.forging import PARCEL
from tests.adapters.carriers.mailing import bounce, cms
from tests.adapters.seals import test_smime_vectors as smime
from tests.envelope.agencies import BOTH, agency
from tests.envelope.cases import read as read_envelope
from tests.policy.samples import TEXT as AGREEMENT

VECTORS: Final = Path(__file__).parent.parent / "vectors"
MAX_BYTES: Final = 1 << 20
#: A whole record in what a partner's document leaves open.
_AT: Final = "2026-03-31T12:00:00.000Z"
_ID: Final = "0195e9a0-0000-7000-8000-00000000000a"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One reader, and documents of honest partners; for what it does not take it raises HubError."""

    name: str
    read: Callable[[bytes], object] = field(repr=False)
    honest: Sequence[bytes] = field(repr=False)


@cache
def readers() -> Mapping[str, Reader]:
    """Return all readers by their names."""
    found = [*_dialects(), *_records(), *_envelopes(), *_seals(), *_mail(), *_as4(), *_others(), *_toml()]
    return {one.name: one for one in found}


def _dialects() -> Iterator[Reader]:
    """Every dialect, with all that becomes of a document before a hub asks its rules and its store."""
    for name, source in registry.names().items():
        if source == "hub":
            adapter = registry.make(name)
            kinds = sorted(adapter.dialect.kinds, key=lambda one: one.value)
            honest = [adapter.dialect.translate(_record(kind)).document for kind in kinds]
            yield Reader(name=f"dialect {name}", read=partial(_taken, adapter), honest=honest)


def _taken(adapter: Adapter, raw: bytes) -> object:
    said = adapter.dialect.interpret(raw)
    words_of(said.unknown)
    record = complete(said.record, {"originator": "de-bka"}, record_id=_ID, at=_AT)
    return load_record({**record, "attachments": []}, max_bytes=MAX_BYTES)


def _record(kind: Kind) -> dict[str, Any]:
    return dict(load_record(template(kind)).document)


def _records() -> Iterator[Reader]:
    honest = [json.dumps(_record(kind), ensure_ascii=False).encode() for kind in Kind]
    yield Reader(name="record", read=_load, honest=honest)


def _load(raw: bytes) -> object:
    return load_record(loads(raw, max_depth=32), max_bytes=MAX_BYTES)  # type: ignore[arg-type]


def _envelopes() -> Iterator[Reader]:
    kept = _vectors("envelope/accept")
    honest = [row["envelope"].encode() for row in kept if row["reader"] == "cis-atc" and "envelope" in row]
    at = datetime.fromisoformat(kept[0]["at"])
    yield Reader(name="envelope", read=partial(read_envelope, at=at), honest=honest)
    ours = agency("kz-knb")
    card = (VECTORS / "hostile" / "card.json").read_bytes()
    payload = unb64u(json.loads(card)["payload"])
    yield Reader(name="card", read=read_card, honest=[card])
    yield Reader(
        name="card, signed",
        read=lambda raw: read_card(sign_jws(raw, typ=CARD_TYPE, keys=ours.signing, suite=Suite.HYBRID_1)),
        honest=[payload],
    )
    yield Reader(
        name="courier bundle",
        read=lambda raw: verify_bundle(raw, by=ours.public, to="cis-atc", allowed=BOTH),
        honest=[(VECTORS / "hostile" / "bundle.json").read_bytes()],
    )
    yield Reader(name="courier bundle, signed", read=_bundle, honest=[canonical(BUNDLE)])
    receipts = [row["receipt"].encode() for row in _vectors("envelope/receipts")["accept"]]
    yield Reader(
        name="receipt",
        read=lambda raw: verify_receipt(raw, by=agency("cis-atc").public, allowed=BOTH),
        honest=receipts,
    )


#: What a courier's list says; its files are not there.
BUNDLE: Final[dict[str, Any]] = {
    "attachments": [{"bytes": 7, "digest": "a" * 64}],
    "from": "kz-knb",
    "issued_at": "2026-03-31T12:00:00Z",
    "receipts": ["b" * 64],
    "taken": [_ID],
    "to": "cis-atc",
    "transfers": [{"hops": [], "sealed": "c" * 64}],
}


def _bundle(raw: bytes) -> object:
    ours = agency("kz-knb")
    signed = sign_jws(raw, typ=BUNDLE_TYPE, keys=ours.signing, suite=Suite.CLASSIC_1)
    return verify_bundle(signed, by=ours.public, to="cis-atc", allowed=BOTH)


def _seals() -> Iterator[Reader]:
    row = smime.SAID["accept"][0]
    rows = [one for one in smime.SAID["accept"] if all(one[side] == row[side] for side in ("us", "bound"))]
    seal, us = smime.seal(row), smime._party(row["us"])
    sealed = [b64decode(one["sealed"]) for one in rows if one["them"] == row["them"]]
    ours = [(us.certificate, us.key)]
    yield Reader(name="CMS", read=seal.open, honest=sealed)
    yield Reader(
        name="CMS, encrypted for us",
        read=lambda raw: seal.open(encrypt(raw, recipients=[us.certificate])),
        honest=[decrypt(one, keys_of=ours) for one in sealed],
    )


def _mail() -> Iterator[Reader]:
    naming = Naming(domain="kz-knb.example", key=b"k" * 32)
    sent = naming.message_id("0195e9a0")
    yield Reader(
        name="mail",
        read=partial(read_message, naming=naming, partner="hub@de-bka.example", max_bytes=MAX_BYTES),
        honest=[
            cms(b"sealed").as_bytes(),
            cms(b"receipt", **{"In-Reply-To": sent}).as_bytes(),
            bounce(sent),
            bounce(sent, action="delayed"),
        ],
    )


def _as4() -> Iterator[Reader]:
    """Messages as they come, and what is behind the signature, which the partner puts around the damage."""
    kept = [(row["type"], b64decode(row["body"])) for row in as4.SAID["accept"]]
    yield Reader(name="AS4 message", read=_message, honest=[as4_raw(one) for one in kept])
    parts = read_parts(*kept[0])
    header = canonical_form(read_soap(parts.envelope).messaging)
    yield Reader(name="AS4 header, signed", read=_header, honest=[header])
    yield Reader(name="AS4 payload, signed", read=_payload, honest=[compress(PARCEL.content)])
    yield Reader(name="AS4 receipt", read=as4.answered, honest=[b64decode(as4.SAID["receipt"])])


def as4_raw(message: tuple[str, bytes]) -> bytes:
    """Return a message with its type before it, in one piece."""
    return message[0].encode() + b"\n" + message[1]


def _message(raw: bytes) -> object:
    media_type, _, body = raw.partition(b"\n")
    return unpack(media_type.decode("latin-1"), body, as4.ours(), as4.AT)


def _header(raw: bytes) -> object:
    header = read_xml(raw, max_bytes=MAX_BYTES)
    made = {f"cid:payload-{PARCEL.parcel_id}@de-bka": compress(PARCEL.content)}
    return unpack(*as4.forger().signed(header, made), as4.ours(), as4.AT)


def _payload(raw: bytes) -> object:
    return unpack(*as4.forger().packed(raw), as4.ours(), as4.AT)


def _others() -> Iterator[Reader]:
    stix = registry.make("bilateral-stix").dialect
    bundles = [stix.translate(_record(kind)).document for kind in Kind if kind in stix.kinds]
    yield Reader(name="TAXII objects", read=partial(read_objects, most=100), honest=bundles)
    yield Reader(name="UN list", read=read_list, honest=[(VECTORS / "hostile" / "list.xml").read_bytes()])
    manifest = canonical(
        {"bytes": 1, "parcel": "a", "sha256": "a" * 64, "written_at": "2026-03-31T12:00:00Z"}
    )
    yield Reader(name="SFTP manifest", read=partial(read_manifest, "a"), honest=[manifest])
    told = canonical({"parcel": "a", "verdict": "refused", "code": "conflict", "sha256": "a" * 64})
    yield Reader(name="receipt of a carrier", read=partial(read_verdict, "a"), honest=[told])


def _toml() -> Iterator[Reader]:
    profiles = [
        b'adapter = "bilateral"\ndialect = "stix"\nextension = false\n[decides]\npurpose = "investigation"\n',
        b'adapter = "cis_atc"\nreceipts = "none"\n',
        b'adapter = "interpol"\n[decides.label]\ntlp = "amber"\n',
    ]
    yield Reader(name="agreement", read=_text(load_agreement), honest=[AGREEMENT.encode()])
    yield Reader(name="cases", read=_text(load_table), honest=[_cases()])
    yield Reader(name="profile", read=_text(_profile), honest=profiles)


def _cases() -> bytes:
    return min((Path(__file__).parents[1] / "policy" / "cases").glob("*.toml")).read_bytes()


def _profile(source: str) -> object:
    options = parse_profile(source)
    given = {name: value for name, value in options.items() if name not in {"adapter", "decides", "receipts"}}
    decides = options.get("decides")
    if isinstance(decides, dict):
        complete({}, decides, record_id=_ID, at=_AT)
    return registry.make(text(options, "adapter", default=""), given)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """A file that is not UTF-8 is refused where it is read, before any of these."""
    return lambda raw: read(raw.decode("utf-8", "replace"))


def _vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("ascii"))
