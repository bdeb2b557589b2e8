"""Whether the parts tell one life: what was signed, acknowledged and pinned is what the log committed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509

from hub.audit.events import Act
from hub.envelope.canonical import digest
from hub.errors import HubError
from hub.evidence.approved import approvals_agree, check_keys
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Standing, Topic
from hub.evidence.given_up import check_given_up, given_up_at
from hub.evidence.held import Life
from hub.evidence.parcel_parts import Way
from hub.evidence.parts import Shown
from hub.evidence.relied import check_relied, shelve
from hub.evidence.sealed import Signed
from hub.federation.card import Card, fingerprint, read_card
from hub.records.lifecycle import DeliveryState

_PINNING = frozenset({"paired", "paired-again", "succeeded", "trust"})
_SENT = frozenset({Act.RELEASED.value, Act.RESUMED.value, Act.ADMITTED.value})
# An erasure names again what the entries whose secrets it destroyed can prove no more.
_NAMING = _SENT | {Act.ERASED.value}


def check_life(life: Life) -> None:
    """Hold the parts against one another and write down what agrees, contradicts or is missing."""
    _subjects(life)
    committed = _envelopes(life)
    _contents(life)
    acknowledged = _receipts(life)
    _deliveries(life)
    _decisions(life)
    _pins(life, committed, acknowledged)
    _erasures(life)


def _subjects(life: Life) -> None:
    """Refuse entries about something else: they would lend a life that is not this record's."""
    ours = {life.bundle.record_id, *(part.envelope_id for part in life.bundle.envelopes)}
    ours |= {part.parcel_id for part in life.bundle.parcels if part.way is Way.SENT}
    agencies = {part.agency for part in life.bundle.cards} | {part.agency for part in life.bundle.parcels}
    kids = {kid for entry in life.entries for kid in entry.details.get("approver_keys", "").split(",")}
    for entry in life.entries:
        if not entry.said:
            continue
        pins = entry.act == Act.PARTNER_CHANGED.value and entry.subject in agencies
        # Which keys approved what was erased is told by no entry any more.
        pins = pins or (entry.act == Act.OFFICER_KEY.value and (entry.subject in kids or life.erased))
        whose = entry.details.get("originator", life.bundle.originator)
        if whose != life.bundle.originator or (entry.subject not in ours and not pins):
            life.notes.disproven(Topic.LOG, "entry-of-another", index=entry.index)


def _envelopes(life: Life) -> Mapping[str, int]:
    """Compare each envelope with the entry that tells of its release or admission; return those entries."""
    told: dict[str, tuple[str, int]] = {}
    for entry in life.entries:
        if entry.act in _NAMING:
            for envelope, sealed in _named(entry.details):
                told.setdefault(envelope, (sealed, entry.index))
    for part in life.bundle.envelopes:
        about = {"envelope": part.envelope_id, "version": part.version}
        if part.envelope_id not in told:
            signed = [one for one, name in life.passed if name == part.envelope_id]
            if part.envelope_id in life.opened:
                signed.append(life.opened[part.envelope_id].signed)
            _unlogged(life, "envelope-not-in-log", signed, **about)
        elif part.digest is not None and part.digest != told[part.envelope_id][0]:
            life.notes.disproven(Topic.LOG, "envelope-not-the-logged", **about)
        else:
            life.notes.proven(Topic.LOG, "envelope-in-log", index=told[part.envelope_id][1], **about)
    shown = {part.envelope_id for part in life.bundle.envelopes}
    for envelope in told.keys() - shown:
        life.notes.not_shown(Topic.CONTENT, "envelope-left-out", envelope=envelope)
    if not any(entry.act in _SENT for entry in life.entries):
        life.absent(Topic.LOG, "release-not-in-log", exporter=life.bundle.exporter)
    return {envelope: index for envelope, (_sealed, index) in told.items()}


def _unlogged(life: Life, key: str, signed: Iterable[Signed], **about: Any) -> None:
    """Miss the entry of what was signed; no erasure excuses that of a key that was given up since."""
    if any(given_up_at(life.anchors, one.by, one.kids) is not None for one in signed):
        life.notes.not_shown(Topic.LOG, key, **about)
    else:
        life.absent(Topic.LOG, key, **about)


def _named(details: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield the envelopes that an entry commits to, with the digests of their sealed bytes."""
    if "envelope_digest" in details:
        yield details.get("envelope", ""), details["envelope_digest"]
    ids, digests = details.get("envelopes", ""), details.get("envelope_digests", "")
    if ids:
        yield from zip(ids.split(","), digests.split(","), strict=False)


def _contents(life: Life) -> None:
    """Compare what went, or came, in no envelope with the digest that the log committed to."""
    logged_of = life.content_digests
    shown = {str(part.version) for part in life.bundle.contents}
    for entry in (*life.did(Act.RELEASED), *life.admitted_parcels):
        version = entry.details.get("version", "")
        if not entry.details.get("envelopes") and version not in shown:
            life.absent(Topic.CONTENT, "content-not-shown", version=version)
    for part in life.bundle.contents:
        logged = logged_of.get(str(part.version))
        if logged is None:
            life.absent(Topic.CONTENT, "content-not-in-log", version=part.version)
        elif logged != digest(part.content.encode()).hex():
            life.notes.disproven(Topic.CONTENT, "content-not-the-logged", version=part.version)
        else:
            life.notes.proven(Topic.CONTENT, "content-in-log", version=part.version)


def _deliveries(life: Life) -> None:
    """Compare what is said of members with the entries of what their systems stated."""
    stated = {
        (entry.details.get("delivery"), entry.details.get("status")): entry.index
        for entry in life.did(Act.DELIVERED)
    }
    for part in life.bundle.deliveries:
        about: dict[str, Any] = {"member": part.member, "version": part.version, "state": part.state.value}
        index = stated.get((part.delivery_id, part.state.value))
        if index is not None:
            life.notes.proven(Topic.RECEIPT, "delivery-in-log", index=index, **about)
        elif part.state is DeliveryState.WAITING:
            life.notes.note(Topic.RECEIPT, Standing.NOT_CHECKED, "delivery-waits", **about)
        else:
            life.absent(Topic.RECEIPT, "delivery-not-in-log", **about)


def _receipts(life: Life) -> Mapping[str, int]:
    """Compare receipts with the entries that tell of them, both ways; return the entries by receipt id."""
    taken: dict[str, int] = {}
    for entry in life.did(Act.RECEIPT_VERIFIED, Act.ADMITTED):
        if "receipt_digest" in entry.details:
            taken.setdefault(entry.details["receipt_digest"], entry.index)
    found: dict[str, int] = {}
    for receipt in life.receipts:
        said = receipt.statement
        if receipt.digest in taken:
            found[said.receipt_id] = taken[receipt.digest]
        elif said.by != life.bundle.exporter:
            about = {"by": said.by, "envelope": said.envelope_id}
            _unlogged(life, "receipt-not-in-log", [receipt.signed], **about)
    for name in taken.keys() - {receipt.digest for receipt in life.receipts}:
        life.notes.not_shown(Topic.RECEIPT, "receipt-left-out", index=taken[name])
    if life.bundle.envelopes and not life.receipts:
        life.notes.not_shown(Topic.RECEIPT, "no-receipts")
    return found


def _decisions(life: Life) -> None:
    """Say of each release who decided, that it was not who wrote, and that the originator's words agree."""
    for entry in life.did(Act.RELEASED):
        version, told = entry.details.get("version", "?"), entry.details
        authors = {
            one.who
            for one in life.did(Act.DRAFTED, Act.REVISED)
            if one.details.get("version", version) == version
        }
        about = {"version": version, "who": entry.who, "index": entry.index}
        if entry.who in authors or authors & set(told.get("approvers", "").split(",")):
            life.notes.disproven(Topic.APPROVAL, "released-by-author", **about)
        elif entry.who.startswith("rule:"):
            life.notes.proven(Topic.APPROVAL, "released-by-rule", **about)
        elif not authors:
            life.absent(Topic.APPROVAL, "author-not-shown", **about)
        else:
            life.notes.proven(
                Topic.APPROVAL, "released-by-second", authors=", ".join(sorted(authors)), **about
            )
        for part in life.opened.values():
            if str(part.part.version) != version:
                continue
            approvals = part.verified.manifest.approvals
            if approvals_agree(entry, approvals, told.get("digest")):
                check_keys(life.notes, life.did(Act.OFFICER_KEY), entry, approvals, version=version)
            else:
                life.notes.disproven(
                    Topic.APPROVAL, "approval-not-the-logged", envelope=part.part.envelope_id, **about
                )


def _pins(life: Life, committed: Mapping[str, int], acknowledged: Mapping[str, int]) -> None:
    """Say of every other agency that signed under which pin it stood when its signature was taken."""
    cards = _read_cards(life)
    signed: list[tuple[Signed, int, datetime]] = [
        (part.signed, committed[envelope], part.verified.manifest.created_at)
        for envelope, part in life.opened.items()
        if envelope in committed
    ]
    signed += [
        (receipt.signed, acknowledged[receipt.statement.receipt_id], receipt.statement.at)
        for receipt in life.receipts
        if receipt.statement.receipt_id in acknowledged
    ]
    signed += life.numbered
    entries = {entry.index: entry for entry in life.entries}
    others = [(one, entries[index]) for one, index, _at in signed if one.by != life.bundle.exporter]
    check_relied(shelve(life.bundle.trust), life.notes, others)
    by_keys = [(one, entries[index]) for one, index, _at in signed]
    by_keys += [(one, entries[committed[name]]) for one, name in life.passed if name in committed]
    check_given_up(life.anchors, life.notes, by_keys)
    told: set[tuple[str, str]] = set()
    for one, index, at in signed:
        if one.by == life.bundle.exporter:
            continue
        pins = [
            entry
            for entry in life.did(Act.PARTNER_CHANGED)
            if entry.subject == one.by and entry.index < index and entry.details.get("change") in _PINNING
        ]
        if not pins:
            if (one.by, "") not in told:
                life.notes.not_shown(Topic.PIN, "pin-not-shown", agency=one.by)
            told.add((one.by, ""))
            continue
        pin = pins[-1].details
        name = pin.get("fingerprint", "")
        if name not in cards:
            life.notes.not_shown(Topic.PIN, "card-not-shown", agency=one.by, fingerprint=name[:16])
            continue
        card = cards[name]
        if not _stands(card, one, pin):
            life.notes.disproven(Topic.PIN, "key-not-pinned", agency=one.by, fingerprint=name[:16])
        elif (one.by, name) not in told:
            _tell_pin(life, card, name, pins[-1], at)
        told.add((one.by, name))


def _read_cards(life: Life) -> Mapping[str, Card]:
    """Read the cards that the bundle brings. They add no key: they show what was pinned."""
    cards: dict[str, Card] = {}
    for part in life.bundle.cards:
        try:
            card = read_card(part.card.encode())
            if card.agency != part.agency:
                raise ValueError
        except (HubError, ValueError):
            life.notes.disproven(Topic.PIN, "card-false", agency=part.agency)
            continue
        cards[fingerprint(part.card.encode())] = card
    return cards


def _stands(card: Card, signed: Signed, pin: Mapping[str, str]) -> bool:
    keys = card.public.es256.keys() | card.public.mldsa65.keys()
    return (
        card.agency == signed.by
        and set(signed.kids) <= keys
        and signed.suite.value in pin.get("suites", "").split()
    )


def _tell_pin(life: Life, card: Card, name: str, pin: ProvenEntry, at: datetime) -> None:
    known = name in life.anchors.agencies[card.agency].fingerprints
    life.notes.proven(
        Topic.PIN,
        "pin-in-force" if known else "pin-in-force-other-card",
        agency=card.agency,
        fingerprint=name[:16],
        index=pin.index,
        since=str(pin.said.get("at", "")),
        who=pin.who,
    )
    authority = x509.load_pem_x509_certificate(card.tls_ca_pem.encode())
    first, last = authority.not_valid_before_utc, authority.not_valid_after_utc
    about: dict[str, Any] = {"agency": card.agency, "first": first, "last": last}
    if first <= at <= last:
        life.notes.proven(Topic.PIN, "authority-valid", at=at, **about)
    else:
        life.notes.note(Topic.PIN, Standing.NOT_CHECKED, "authority-not-valid", at=at, **about)


def _erasures(life: Life) -> None:
    """Say what was erased, and that the log proves who erased it."""
    for entry in life.did(Act.ERASED):
        if entry.subject == life.bundle.record_id:
            life.notes.proven(
                Topic.ERASED, "erasure-in-log", index=entry.index, who=entry.who, at=entry.said.get("at", "")
            )
    standing = Standing.ERASED if life.erased else Standing.NOT_SHOWN
    for part in life.bundle.envelopes:
        if part.shown is Shown.ERASED:
            life.notes.note(
                Topic.ERASED, standing, "envelope-erased", envelope=part.envelope_id, version=part.version
            )
    for hidden in life.entries:
        if hidden.shown is Shown.ERASED:
            life.notes.note(Topic.ERASED, standing, "entry-erased", index=hidden.index)
