"""Trust as of: what the entries name as relied on, judged as it stood at their time and not as it is today.

None of it adds a key: signatures are verified with the anchors' keys, and here it is told whether these
were the ones that were trusted then. The log commits to the digest of each snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from hub.entries import TrustKind
from hub.envelope.canonical import digest
from hub.errors import HubError
from hub.evidence.chronicle import ProvenEntry
from hub.evidence.findings import Notebook, Standing, Topic
from hub.evidence.parts import TrustPart
from hub.evidence.sealed import Signed
from hub.federation.answers import load_crl, read_crl, read_ocsp
from hub.federation.card import Card, fingerprint, read_card
from hub.federation.directory.differences import says_the_same
from hub.federation.directory.statement import read_statement
from hub.federation.snapshot import Pin, Snapshot, read_pin, read_snapshot
from hub.records.times import as_time


@dataclass(frozen=True, kw_only=True)
class Stood:
    """What one entry relied on for one agency, taken apart; the items have the digests that are named."""

    snapshot: Snapshot
    pin: Pin
    card: Card
    authorities: tuple[x509.Certificate, ...]
    answers: tuple[TrustPart, ...]
    statement: bytes | None = None


def shelve(parts: Sequence[TrustPart]) -> Mapping[str, TrustPart]:
    """Return the items of a bundle by the digests of their bytes."""
    return {digest(part.raw).hex(): part for part in parts}


def check_relied(
    shelf: Mapping[str, TrustPart],
    notes: Notebook,
    signed: Sequence[tuple[Signed, ProvenEntry]],
) -> None:
    """Say of each signature by what its signer was trusted when it was taken, and of the certificates."""
    told: set[tuple[str, ...]] = set()
    for one, entry in signed:
        name = entry.details.get("trust")
        if name is None:
            continue
        stood = _stood(shelf, notes, one.by, name, entry)
        if stood is None:
            continue
        if not _keys_stand(stood, one):
            fingerprint_ = stood.pin.fingerprint[:16]
            notes.disproven(Topic.PIN, "key-not-pinned", agency=one.by, fingerprint=fingerprint_)
        elif ("trust", one.by, name) not in told:
            told.add(("trust", one.by, name))
            notes.proven(
                Topic.PIN,
                "trust-as-of",
                agency=one.by,
                fingerprint=stood.pin.fingerprint[:16],
                since=stood.pin.pinned_at,
                who=stood.pin.pinned_by,
                index=entry.index,
                trust=name[:16],
            )
            _check_statement(notes, stood, entry)
        _check_connection(shelf, notes, one.by, entry, told)


def _stood(
    shelf: Mapping[str, TrustPart], notes: Notebook, agency: str, name: str, entry: ProvenEntry
) -> Stood | None:
    """Return what a snapshot names, each of it the item that the digest says; None once that was noted."""
    about: dict[str, Any] = {"agency": agency, "index": entry.index, "trust": name[:16]}
    if name not in shelf:
        notes.not_shown(Topic.PIN, "trust-not-shown", **about)
        return None
    try:
        snapshot = read_snapshot(shelf[name].raw)
        if snapshot.agency != agency:
            raise ValueError
        if any(one not in shelf for one in snapshot.names):
            notes.not_shown(Topic.PIN, "trust-not-shown", **about)
            return None
        pin, card_raw = read_pin(shelf[snapshot.pin].raw), shelf[snapshot.card].raw
        card = read_card(card_raw)
        if not pin.agency == card.agency == agency or pin.fingerprint != fingerprint(card_raw):
            raise ValueError
        return Stood(
            snapshot=snapshot,
            pin=pin,
            card=card,
            authorities=tuple(x509.load_der_x509_certificate(shelf[one].raw) for one in snapshot.authorities),
            answers=tuple(shelf[one] for one in snapshot.revocation),
            statement=None if snapshot.statement is None else shelf[snapshot.statement].raw,
        )
    except (HubError, ValueError):
        notes.disproven(Topic.PIN, "trust-false", **about)
        return None


def _keys_stand(stood: Stood, signed: Signed) -> bool:
    keys = stood.card.public.es256.keys() | stood.card.public.mldsa65.keys()
    return set(signed.kids) <= keys and signed.suite.value in stood.pin.suites


def _check_statement(notes: Notebook, stood: Stood, entry: ProvenEntry) -> None:
    """Judge the entry of a directory that showed the pinned card, by the keys on that card."""
    if stood.statement is None:
        return
    about: dict[str, Any] = {"agency": stood.snapshot.agency, "index": entry.index}
    try:
        said = read_statement(stood.statement, agency=stood.snapshot.agency)
        at = as_time(str(entry.said.get("at", "")))
    except (HubError, ValueError):
        notes.disproven(Topic.PIN, "statement-false", **about)
        return
    if not says_the_same(said.card, stood.card):
        notes.disproven(Topic.PIN, "statement-false", **about)
    elif at < said.expires_at:
        notes.proven(Topic.PIN, "statement-shown", since=said.issued_at, until=said.expires_at, **about)
    else:
        notes.note(Topic.PIN, Standing.NOT_CHECKED, "statement-out-of-date", until=said.expires_at, **about)


def _check_connection(
    shelf: Mapping[str, TrustPart],
    notes: Notebook,
    agency: str,
    entry: ProvenEntry,
    told: set[tuple[str, ...]],
) -> None:
    """Judge the leaf certificate of the connection by its authority, its dates, the answers of that day."""
    leaf_name = entry.details.get("certificate")
    if leaf_name is None:
        if ("unrecorded", agency) not in told:
            told.add(("unrecorded", agency))
            notes.note(Topic.PIN, Standing.NOT_CHECKED, "certificate-not-recorded", agency=agency)
        return
    peer = entry.details.get("peer_trust", entry.details["trust"])
    if (leaf_name, peer) in told:
        return
    told.add((leaf_name, peer))
    if leaf_name not in shelf or peer not in shelf:
        notes.not_shown(Topic.PIN, "certificate-not-shown", agency=agency, index=entry.index)
        return
    try:
        whose = read_snapshot(shelf[peer].raw).agency
        at = as_time(str(entry.said.get("at", "")))
        leaf = x509.load_der_x509_certificate(shelf[leaf_name].raw)
    except ValueError:
        notes.disproven(Topic.PIN, "trust-false", agency=agency, index=entry.index, trust=peer[:16])
        return
    stood = _stood(shelf, notes, whose, peer, entry)
    if stood is not None:
        _judge(notes, stood, leaf, at, entry)


def _judge(notes: Notebook, stood: Stood, leaf: x509.Certificate, at: datetime, entry: ProvenEntry) -> None:
    about: dict[str, Any] = {
        "agency": stood.snapshot.agency,
        "serial": f"{leaf.serial_number:x}",
        "at": at,
        "index": entry.index,
    }
    authority = next((one for one in stood.authorities if _issued(leaf, one)), None)
    if authority is None:
        notes.disproven(Topic.PIN, "certificate-of-another", **about)
        return
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        notes.disproven(Topic.PIN, "certificate-out-of-date", **about)
        return
    said = [_answer(part, authority, leaf.serial_number, at) for part in stood.answers]
    if "false" in said:
        notes.disproven(Topic.PIN, "revocation-answer-false", **about)
    elif "revoked" in said:
        notes.disproven(Topic.PIN, "certificate-was-revoked", **about)
    elif "good" in said:
        notes.proven(Topic.PIN, "certificate-good", **about)
    else:
        notes.note(Topic.PIN, Standing.NOT_CHECKED, "certificate-unchecked", **about)


def _issued(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _answer(part: TrustPart, authority: x509.Certificate, serial: int, at: datetime) -> str:
    """Return what one answer said of a certificate then: `good`, `revoked`, `false`, or `` for nothing.

    An answer that was not fresh any more says nothing good; what it says was revoked stays so.
    """
    if part.kind is TrustKind.CRL:
        return _listed(part.raw, authority, serial, at)
    if part.kind is TrustKind.OCSP:
        try:
            said = read_ocsp(part.raw, serial=serial, authority=authority, at=at)
        except HubError:
            return ""  # of another certificate, or not fresh then
        return "revoked" if said.revoked else "good" if said.good else ""
    return "false"


def _listed(raw: bytes, authority: x509.Certificate, serial: int, at: datetime) -> str:
    try:
        listed = load_crl(raw)
    except ValueError:
        return "false"
    if listed.issuer != authority.subject:
        return ""  # of another of its authorities
    try:
        # In its own time: whether it was fresh when it was relied on is asked next.
        crl = read_crl(raw, authority, at=listed.last_update_utc)
    except HubError:
        return "false"
    if crl.revokes(serial):
        return "revoked"
    return "good" if crl.this_update <= at <= crl.next_update else ""
